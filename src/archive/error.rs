//! What can be wrong with an archive, or with a question to it.

use std::io;
use std::path::{Path, PathBuf};

use super::commit_id::CommitId;
use crate::base::id::{GenerationId, RunName};

/// Why the archive cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
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
    /// The git library refused.
    #[error("the archive cannot {doing}")]
    Git {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: git2::Error,
    },
    /// There is no archive.
    #[error("there is no archive of generations at {}; `hyperagent run` makes one", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is something else.
    #[error(
        "{} is not an archive of generations: {why}; move it away, or if it is a copy of one, say so with \
         `git -C {} config hyperagent.formatVersion 1`",
        path.display(), path.display()
    )]
    Foreign {
        /// What is there.
        path: PathBuf,
        /// How it shows.
        why: &'static str,
    },
    /// A newer version of this program made it.
    #[error(
        "the archive {} has format version {found}, and this program knows {supported}; use the newer program",
        path.display()
    )]
    Newer {
        /// The repository.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version this program knows.
        supported: i64,
    },
    /// The repository keeps refs or objects in a way the git library cannot read.
    #[error(
        "the archive {} uses {what}, which this program cannot read; convert it with git (`git refs migrate \
         --ref-format=files`), or clone it into a repository with the usual formats",
        path.display()
    )]
    Storage {
        /// The repository.
        path: PathBuf,
        /// The extension.
        what: String,
    },
    /// A path that must not stand in a tree.
    #[error("the path `{path}` cannot be archived: {rule}")]
    BadPath {
        /// The path.
        path: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// A parent that is not in the archive.
    #[error(
        "the ref of {generation} of {run} is not in the archive, so nothing can come from it; `hyperagent doctor --repair` \
         sets it again from the journal"
    )]
    MissingParent {
        /// The run.
        run: RunName,
        /// The parent.
        generation: GenerationId,
    },
    /// A ref is not where it should be: somebody else moved it.
    #[error(
        "{name} is at {}, not at {}; somebody else moved it",
        at(found.as_ref()), at(expected.as_ref())
    )]
    Moved {
        /// The ref.
        name: String,
        /// Where it should be; `None`: nowhere.
        expected: Option<CommitId>,
        /// Where it is.
        found: Option<CommitId>,
    },
    /// A ref is locked by a git command.
    #[error(
        "{} is in the way: a git command is writing, or was killed while it did; if none is running, delete the file",
        path.display()
    )]
    RefLocked {
        /// The lock's file.
        path: PathBuf,
    },
    /// A name that leads nowhere.
    #[error("`{given}` names no generation; {known}")]
    Unknown {
        /// The name.
        given: String,
        /// What exists.
        known: String,
    },
    /// The journal and the archive tell different stories.
    #[error(
        "{generation} of {run} would be commit {computed}, but the journal says {recorded}; was it made by another \
         version of this program?"
    )]
    Different {
        /// The run.
        run: RunName,
        /// The generation.
        generation: GenerationId,
        /// What the journal says.
        recorded: CommitId,
        /// What its plan gives.
        computed: CommitId,
    },
    /// An object's own file is damaged.
    #[error(
        "the object {} is damaged; `hyperagent doctor --repair` writes it again if a journal still proves it, else a copy \
         of the archive can replace the file",
        path.display()
    )]
    DamagedObject {
        /// The file.
        path: PathBuf,
    },
    /// An object in a pack is damaged.
    #[error(
        "object {id} of the archive {} is damaged inside a pack; `hyperagent doctor --repair` writes it again if a journal \
         still proves it, else a copy of the archive can replace the pack",
        path.display()
    )]
    DamagedPack {
        /// The object.
        id: String,
        /// The repository.
        path: PathBuf,
    },
    /// An object is not there, or not of the kind it should be.
    #[error(
        "the archive {} lacks object {id}; `hyperagent doctor --repair` writes it again if a journal still proves it",
        path.display()
    )]
    MissingObject {
        /// The object.
        id: String,
        /// The repository.
        path: PathBuf,
    },
    /// A commit is no generation, or its record does not read.
    #[error("commit {commit} holds no record of a generation that this program can read")]
    NoRecord {
        /// The commit.
        commit: CommitId,
        /// What is wrong with the text, if there is one.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// A record that JSON cannot hold.
    #[error("the record of {what} cannot be written")]
    Unwritable {
        /// The generation.
        what: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A file that should be text is not.
    #[error("`{path}` in commit {commit} is not text")]
    NotText {
        /// The commit.
        commit: CommitId,
        /// The file.
        path: String,
    },
}

impl ArchiveError {
    /// Wraps a refusal of the operating system.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Wraps a refusal of the git library.
    pub(super) fn git(doing: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |source| Self::Git { doing, source }
    }

    /// Whether the machine is the cause (disk, permissions), rather than the archive or the question.
    pub fn is_environment(&self) -> bool {
        match self {
            Self::Io { .. } | Self::RefLocked { .. } => true,
            Self::Git { source, .. } => source.class() == git2::ErrorClass::Os,
            _ => false,
        }
    }
}

fn at(commit: Option<&CommitId>) -> String {
    commit.map_or_else(|| "nothing".to_owned(), CommitId::to_string)
}
