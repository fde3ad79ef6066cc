//! `export --json` and `import --json`.

use serde::Serialize;

/// A run that went into a file, or came out of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarriedDocument {
    /// The run.
    pub run: String,
    /// The file, as it was named.
    pub file: String,
    /// Its size.
    pub bytes: usize,
    /// Records of the journal.
    pub records: usize,
    /// Generations, rejected ones included.
    pub generations: usize,
}
