//! The lines that say which file a change is for.

use crate::domain::editable::EditablePaths;

/// A path as an answer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The path, undecorated.
    pub path: String,
    /// Whether the line says that the whole file follows (`WRITE path`).
    pub whole: bool,
}

/// The path a line names, when the line is nothing but a path and its decoration: heading marks, list marks, `File:`,
/// backticks, bold, a closing colon, a remark in brackets.
pub(super) fn path_line(line: &str, editable: &EditablePaths) -> Option<Label> {
    let mut text = line.trim();
    let whole = text.strip_prefix("WRITE ");
    if let Some(rest) = whole {
        text = rest.trim();
    }
    let mut named = whole.is_some();
    text = text.trim_start_matches(['#', '*', '-', '>', ' ']);
    for word in ["file path:", "filename:", "file:", "path:", "edit:"] {
        if let Some(rest) = strip_word(text, word) {
            text = rest.trim_start_matches(['*', ' ']);
            named = true;
        }
    }
    if let Some(open) = text.rfind(" (").filter(|_| text.ends_with(')')) {
        text = text.get(..open)?;
    }
    let bare = text.trim_end_matches([':', '*', ' ']);
    let undressed = bare.trim_matches(['`', '*', '"', '\'']);
    named |= bare.starts_with('`') && bare.ends_with('`');
    let path = undressed.strip_prefix("./").unwrap_or(undressed);
    let known = editable.names(path);
    (known || is_one_word(path) && (named || is_path_like(path)))
        .then(|| Label { path: path.to_owned(), whole: whole.is_some() })
}

/// The path in the info string of a fence: the language may come first, as in `python:player.py`.
pub(super) fn path_in_fence(info: &str, editable: &EditablePaths) -> Option<Label> {
    info.split([' ', ':', '='])
        .map(|word| word.trim_matches(['`', '"', '\'', '{', '}']))
        .filter(|word| is_path_like(word) || editable.names(word))
        .map(|word| Label { path: word.to_owned(), whole: false })
        .next()
}

/// The path an explicit deletion names.
pub(super) fn deleted_path(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix("DELETE ")?.trim().trim_matches('`');
    is_one_word(path).then_some(path)
}

/// The editable path that is meant: the path itself, or the only one it ends in when folders were put before it.
pub(super) fn resolve(path: &str, editable: &EditablePaths) -> Option<String> {
    if editable.allows(path) {
        return Some(path.to_owned());
    }
    let mut meant = editable.named().filter(|name| {
        path.strip_suffix(name).is_some_and(|folders| folders.ends_with('/'))
            && editable.allows(name)
    });
    match (meant.next(), meant.next()) {
        (Some(only), None) => Some(only.to_owned()),
        _ => None,
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.get(..word.len())
        .filter(|start| start.eq_ignore_ascii_case(word))
        .and_then(|_| text.get(word.len()..))
}

fn is_one_word(path: &str) -> bool {
    !path.is_empty() && !path.contains(char::is_whitespace)
}

fn is_path_like(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    is_one_word(path)
        && path.chars().all(plain)
        && (1..=5).contains(&extension.len())
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
}
