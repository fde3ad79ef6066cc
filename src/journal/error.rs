//! What can be wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lock::Holder;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The run has no journal.
    #[error("there is no journal at {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The run has a journal.
    #[error("there is a journal at {} already; resume that run or take another name", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process writes this journal.
    #[error(
        "another process is at this run ({}, lock {}); wait for it, or stop it with `hyperagent stop`",
        Holder::describe(holder.as_ref()), path.display()
    )]
    Held {
        /// The lock's file.
        path: PathBuf,
        /// Who, as far as the lock's file says.
        holder: Option<Holder>,
    },
    /// A newer version of this program wrote it.
    #[error(
        "{} has format version {found}, and this program reads up to {supported}; use the newer program",
        path.display()
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version this program reads.
        supported: u32,
    },
    /// Something other than the end of the file is not as it was written.
    #[error(
        "{} is damaged at line {line} (byte {byte}): {damage}; record {intact} is the last sound one before it; restore \
         the file from a copy, or let `hyperagent doctor --repair` keep it beside and rebuild what it still proves, or \
         begin anew with `run --fresh`",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Where the line begins.
        byte: u64,
        /// The number of the last record before it; 0: none.
        intact: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The file does not begin as a journal does, so nothing in it can be told.
    #[error(
        "{} does not begin with the header of a journal; restore the file from a copy, or let `hyperagent doctor \
         --repair` keep it beside and rebuild what it still proves, or begin anew with `run --fresh`",
        path.display()
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The file is another than the one that was read a moment ago.
    #[error("{} was repaired or replaced while it was read; do the same once more", path.display())]
    Replaced {
        /// The journal.
        path: PathBuf,
    },
    /// A write failed earlier or just now; this process writes nothing more to the journal.
    #[error("the journal {} could not be written and is closed for this process; nothing after its last record \
             was acted on, resume once the cause is gone", path.display())]
    Stopped {
        /// The journal.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The event would not read back as it is.
    #[error("an event of kind `{event}` would not read back from the journal as it is")]
    Unfaithful {
        /// The kind of the event.
        event: String,
        /// What the reader says, if it refuses the text.
        #[source]
        source: Option<serde_json::Error>,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The line is not one this program writes.
    #[error("the line does not end with a checksum")]
    Foreign,
    /// The line was changed after it was written.
    #[error("its checksum does not fit its text")]
    Checksum,
    /// A sound line does not end with its newline, though more follows.
    #[error("the newline after its record was changed")]
    Joined,
    /// Lines are missing or doubled.
    #[error("it is record {found} where record {expected} belongs")]
    Gap {
        /// The number expected.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The line is sound, but it is no event of this version.
    #[error("it is no event of this version: {reason}")]
    Unknown {
        /// What the reader says.
        reason: String,
    },
}

impl JournalError {
    /// Wraps a refusal of the operating system.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether the disk was full.
    pub fn is_disk_full(&self) -> bool {
        let kind = match self {
            Self::Io { source, .. } => source.kind(),
            Self::Stopped { source, .. } => source.kind(),
            _ => return false,
        };
        matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
