//! `diff --json`.

use serde::Serialize;

use crate::archive::{Change, Comparison};

/// What differs between the agents of two generations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffDocument {
    /// The first generation, as `RUN/gen-00007`.
    pub from: String,
    /// The second.
    pub to: String,
    /// The files that differ, in order.
    pub files: Vec<DiffFile>,
    /// The differences in git's format.
    pub text: String,
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffFile {
    /// Its path in the agent's folder.
    pub path: String,
    /// `added`, `deleted` or `modified`.
    pub change: &'static str,
    /// Lines added.
    pub added: usize,
    /// Lines deleted.
    pub deleted: usize,
}

impl DiffDocument {
    /// The document of a comparison.
    pub fn of(from: String, to: String, comparison: Comparison) -> Self {
        let files = comparison
            .files
            .into_iter()
            .map(|file| DiffFile {
                path: file.path,
                change: match file.change {
                    Change::Added => "added",
                    Change::Deleted => "deleted",
                    Change::Modified => "modified",
                },
                added: file.added,
                deleted: file.deleted,
            })
            .collect();
        Self { from, to, files, text: comparison.text }
    }
}
