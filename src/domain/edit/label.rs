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
    text = in_a_tag(text).unwrap_or(text);
    text = text.trim_start_matches(['#', '*', '-', '>', '=', '/', '[', ' ']);
    for word in ["file path:", "filename:", "file:", "path:", "edit:"] {
        if let Some(rest) = strip_word(text, word) {
            text = rest.trim_start_matches(['*', ' ']);
            named = true;
        }
    }
    if let Some(open) = text.rfind(" (").filter(|_| text.ends_with(')')) {
        text = text.get(..open)?;
    }
    let bare = text.trim_end_matches([':', '*', '=', '-', ']', '/', ' ']);
    let undressed = bare.trim_matches(['`', '*', '"', '\'']);
    named |= bare.starts_with('`') && bare.ends_with('`');
    let undressed = undressed.strip_suffix([',', ';']).unwrap_or(undressed).trim_end_matches('`');
    let path = undressed.strip_prefix("./").unwrap_or(undressed);
    if let Some(only) = announced(line, editable) {
        return Some(Label { path: only, whole: false });
    }
    let known = editable.names(path);
    (known || is_one_word(path) && (named || is_path_like(path)))
        .then(|| Label { path: path.to_owned(), whole: whole.is_some() })
}

/// The path of `<file path="…">`.
fn in_a_tag(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("<file ")?.strip_suffix('>')?;
    inside.split_once('=').map(|(_, value)| value.trim_matches(['"', '\'', ' ']))
}

/// The one path a sentence that ends in a colon has in backticks: "In `player.py`, replace:".
fn announced(line: &str, editable: &EditablePaths) -> Option<String> {
    let sentence = line.trim().trim_end_matches('*').strip_suffix(':')?;
    let mut paths = sentence.split('`').skip(1).step_by(2).filter(|quoted| editable.names(quoted));
    let only = paths.next()?;
    paths.next().is_none().then(|| only.to_owned())
}

/// The path in a comment that is the first line of a fenced file: `# player.py`.
pub(super) fn path_in_comment(line: &str, editable: &EditablePaths) -> Option<String> {
    let said = ["#", "//", "--"].iter().find_map(|sign| line.trim().strip_prefix(sign))?;
    let said = said.trim();
    let path = strip_word(said, "file:").unwrap_or(said).trim();
    editable.names(path).then(|| path.to_owned())
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

/// The editable path that is meant: the path itself, or the only one it ends in when folders were put before it,
/// whatever its slashes and its case.
pub(super) fn resolve(path: &str, editable: &EditablePaths) -> Option<String> {
    if editable.allows(path) {
        return Some(path.to_owned());
    }
    let slashed = path.replace('\\', "/");
    let same = |name: &str| {
        let start = slashed.len().checked_sub(name.len());
        let (folders, file) = start.and_then(|at| slashed.split_at_checked(at)).unwrap_or_default();
        file.eq_ignore_ascii_case(name) && (folders.is_empty() || folders.ends_with('/'))
    };
    let mut meant = editable.named().filter(|name| same(name) && editable.allows(name));
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
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '\\');
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    is_one_word(path)
        && path.chars().all(plain)
        && (1..=5).contains(&extension.len())
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
}
