//! TOML read with errors a person can act on: the file, the line, the text with a caret, and what is allowed.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// A place in a TOML file that does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}{}", .file.display(), .excerpt)]
pub struct TomlFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// A line break, then the offending line with a caret below; empty when the place is unknown.
    pub excerpt: String,
}

/// Reads `text`, the content of `file`; unknown keys are the type's own affair (`deny_unknown_fields`).
pub fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Box<TomlFault>> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Box::new(fault_at(file, text, error.span(), message))
    })
}

/// A fault about the value at `keys`, for rules that a type alone cannot state. When the last key is absent, the fault
/// points at the table that lacks it.
pub fn fault_at_key(file: &Path, text: &str, keys: &[&str], message: String) -> Box<TomlFault> {
    let document = toml_edit::Document::parse(text).ok();
    let span = document.as_ref().and_then(|document| {
        let mut found = None;
        let mut item = document.as_item();
        for key in keys {
            match item.get(key) {
                Some(inner) => {
                    item = inner;
                    found = inner.span().or(found);
                }
                None => break,
            }
        }
        found
    });
    Box::new(fault_at(file, text, span, message))
}

fn fault_at(file: &Path, text: &str, span: Option<Range<usize>>, message: String) -> TomlFault {
    let start = span.as_ref().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let indent = before.get(line_start..).map_or(0, |lead| lead.chars().count());
    let line_text = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let marked = span.and_then(|span| text.get(span)).and_then(|marked| marked.lines().next());
    let carets = marked.map_or(0, |marked| marked.chars().count()).max(1);
    let gutter = line.to_string();
    let excerpt = format!(
        "\n  {gutter} | {line_text}\n  {:pad$} | {:indent$}{:^<carets$}",
        "",
        "",
        "",
        pad = gutter.len()
    );
    TomlFault { file: file.to_owned(), line, column: indent + 1, message, excerpt }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shelf {
        #[expect(dead_code, reason = "only its name matters here")]
        books: BTreeMap<String, u32>,
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_place_and_what_is_allowed() {
        let fault = parse::<Shelf>(Path::new("shelf.toml"), "# mine\n  boks = 1\n").unwrap_err();
        assert_eq!((fault.line, fault.column), (2, 3));
        assert_eq!(
            fault.to_string(),
            "shelf.toml:2:3: unknown field `boks`, expected `books`\n  2 |   boks = 1\n    |   ^^^^"
        );
    }

    #[test]
    fn a_rule_about_a_value_points_at_the_value_or_at_the_table_that_lacks_it() {
        let text = "a = 1\n[books]\nred = 3\n";
        let at = |keys: &[&str]| {
            let fault = fault_at_key(Path::new("f"), text, keys, "too few".into());
            (fault.line, fault.column)
        };
        assert_eq!(at(&["books", "red"]), (3, 7));
        assert_eq!(at(&["books", "blue"]), (2, 1));
    }
}
