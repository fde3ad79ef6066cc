//! From an answer to changed files: the one parser of every answer, whoever wrote it.
//!
//! A language model and the offline optimiser write the same two forms ([`contract`] words them for a prompt), and a
//! candidate and an agent are read by the same code. [`parse`] is tolerant in everything that leaves no doubt (fences,
//! decorated paths, line endings) and strict in everything that does; [`apply`] places each block where it fits exactly
//! once, first as written, then without trailing blanks, then shifted in indentation, then with blanks of no account. A
//! unified diff is read as blocks. A fault is written for the author
//! of the answer: it is the text of the repair turn. [`render`] writes an answer that parses and applies back to the
//! same files.

mod apply;
mod contract;
mod diff;
mod fit;
mod label;
mod loose;
mod marks;
mod parse;
mod place;
mod render;

pub use apply::apply;
pub use contract::{candidate_contract, contract};
pub use parse::parse;
pub use render::render;

use crate::domain::agent::AnswerFormat;

/// An answer as understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the author says was done, one line; empty when it says nothing.
    pub summary: String,
    /// The changes, in the order in which they apply.
    pub edits: Vec<Edit>,
}

/// One change to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Replace one passage by another. Both are whole lines, each ended by a line feed.
    Replace {
        /// The file.
        path: String,
        /// The passage as it stands; empty: the file is new.
        search: String,
        /// The passage instead.
        replace: String,
    },
    /// Write the whole file.
    Write {
        /// The file.
        path: String,
        /// Its text.
        text: String,
    },
    /// Remove the file.
    Delete {
        /// The file.
        path: String,
    },
}

/// Why an answer cannot be read or does not fit, in words its author can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// Nothing in the answer is a change.
    #[error("the answer holds no change that can be read; {hint}")]
    Empty {
        /// What was expected instead.
        hint: String,
    },
    /// A change does not say which file it is for.
    #[error(
        "the change at line {line} of the answer names no file; write the path on a line of its own before it, \
         one of: {editable}"
    )]
    NoPath {
        /// The line of the answer, from 1.
        line: usize,
        /// What may change, in words.
        editable: String,
    },
    /// A change is for a file that may not change.
    #[error("`{path}` may not be changed; allowed: {editable}")]
    NotEditable {
        /// The path as written.
        path: String,
        /// What may change, in words.
        editable: String,
    },
    /// A block or fence has no end.
    #[error(
        "the {what} that starts at line {line} of the answer is not closed: `{missing}` is missing"
    )]
    Unclosed {
        /// `block` or `fenced file`.
        what: &'static str,
        /// The line of the answer where it starts, from 1.
        line: usize,
        /// The line that should have come.
        missing: String,
    },
    /// A block has more than one line that separates its passages.
    #[error(
        "the block that starts at line {line} of the answer has two lines `=======`; write SEARCH lines, one \
         `=======`, REPLACE lines, or the whole file with `WRITE path`"
    )]
    TwoSeparators {
        /// The line of the answer where it starts, from 1.
        line: usize,
    },
    /// A passage or a deletion is for a file that does not exist.
    #[error("`{path}` does not exist; files: {}; to make a new file leave SEARCH empty", list(.known))]
    NoSuchFile {
        /// The path as written.
        path: String,
        /// The files that exist.
        known: Vec<String>,
    },
    /// An empty passage names a file that exists.
    #[error(
        "block {block}: SEARCH is empty but `{path}` exists; an empty SEARCH makes a new file, so quote the lines \
         to be replaced"
    )]
    EmptySearch {
        /// The number of the change in the answer, from 1.
        block: usize,
        /// The file.
        path: String,
    },
    /// A passage is not in its file.
    #[error(
        "block {block}: the SEARCH lines are not in `{path}`; SEARCH begins\n{search}\nthe nearest lines of the file \
         are\n{nearest}\ncopy the lines exactly as they stand in the file"
    )]
    NotFound {
        /// The number of the change in the answer, from 1.
        block: usize,
        /// The file.
        path: String,
        /// The first lines of the passage.
        search: String,
        /// The most similar lines of the file, numbered.
        nearest: String,
    },
    /// A passage is in its file more than once.
    #[error(
        "block {block}: the SEARCH lines are in `{path}` {} times, at lines {}; add lines before or after until \
         they are unique", .lines.len(), numbers(.lines)
    )]
    Ambiguous {
        /// The number of the change in the answer, from 1.
        block: usize,
        /// The file.
        path: String,
        /// Where it was found, line numbers from 1.
        lines: Vec<usize>,
    },
}

impl EditFault {
    fn empty(format: AnswerFormat, fenced: bool) -> Self {
        let hint = match (format, fenced) {
            (AnswerFormat::Edit, true) => {
                "a fenced block alone is not a change: write SEARCH/REPLACE blocks, each after a line with the path"
            }
            (AnswerFormat::Edit, false) => {
                "write SEARCH/REPLACE blocks, each after a line with the path"
            }
            (AnswerFormat::Full, _) => {
                "write the path on a line of its own, then the whole file in a fenced block"
            }
        };
        Self::Empty { hint: hint.to_owned() }
    }
}

fn list(paths: &[String]) -> String {
    if paths.is_empty() { "any file".to_owned() } else { paths.join(", ") }
}

fn numbers(lines: &[usize]) -> String {
    lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
