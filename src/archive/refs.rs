//! Names of refs, and the one way they move.
//!
//! Git guards a ref with a file `<ref>.lock`, which a killed process leaves behind for ever. So whoever moves a ref
//! holds an operating-system lock first, and writes down in its file which ref it is about: the next holder knows that
//! this ref's lock file has no owner any more, and removes it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::open::Archive;
use crate::base::failpoint::{self, Site};
use crate::base::id::{GenerationId, RunName};

const LOG_MESSAGE: &str = "hyperagent";

/// The branches of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// The generation with the highest select mean.
    Best,
    /// The generation the run goes on from.
    Latest,
    /// The generation promoted last.
    Certified,
}

impl Branch {
    /// Every branch, in the order people read them.
    pub const ALL: [Self; 3] = [Self::Best, Self::Latest, Self::Certified];

    /// The branch's name below its run.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Latest => "latest",
            Self::Certified => "certified",
        }
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn tag(run: &RunName, generation: GenerationId) -> String {
    format!("refs/tags/{run}/{generation}")
}

pub(super) fn rejected(run: &RunName, generation: GenerationId) -> String {
    format!("refs/hyperagent/{run}/rejected/{generation}")
}

pub(super) fn evidence(run: &RunName, generation: GenerationId) -> String {
    format!("refs/hyperagent/{run}/evidence/{generation}")
}

pub(super) fn branch(run: &RunName, branch: Branch) -> String {
    format!("refs/heads/{run}/{branch}")
}

/// Where refs go that a repair puts out of the way; nothing reads them but people.
pub(super) fn set_aside(run: &RunName, commit: &str, what: &str) -> String {
    format!("refs/hyperagent/{run}/set-aside/{what}-{commit}")
}

impl Archive {
    /// Makes `run` the newest: `HEAD` points at its branch `best` from here on. To do it again changes nothing.
    ///
    /// # Errors
    /// When the ref cannot be written.
    pub fn begin_run(&self, run: &RunName) -> Result<(), ArchiveError> {
        let repository = self.repository();
        let name = branch(run, Branch::Best);
        let held = RefLock::take(self, "HEAD")?;
        repository.set_head(&name).map_err(|error| held.refused(error, "point HEAD at a run"))
    }

    /// The run `HEAD` points at: the newest.
    ///
    /// # Errors
    /// When the ref cannot be read.
    pub fn newest_run(&self) -> Result<Option<RunName>, ArchiveError> {
        let repository = self.repository();
        let head = match repository.find_reference("HEAD") {
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            other => other.map_err(ArchiveError::git("read HEAD"))?,
        };
        let target = head.symbolic_target().map_err(ArchiveError::git("read HEAD"))?;
        Ok(target
            .and_then(|name| name.strip_prefix("refs/heads/")?.split_once('/'))
            .and_then(|(run, _)| run.parse().ok()))
    }

    /// Where a branch of a run is.
    ///
    /// # Errors
    /// When the ref cannot be read.
    pub fn branch(&self, run: &RunName, which: Branch) -> Result<Option<CommitId>, ArchiveError> {
        Ok(read(&self.repository(), self.path(), &branch(run, which))?.map(CommitId))
    }

    /// Moves a branch of a run from where it is known to be (`None`: it does not exist) to a commit. A branch that is
    /// there already stays.
    ///
    /// # Errors
    /// [`ArchiveError::Moved`] when it is somewhere else.
    pub fn set_branch(
        &self,
        run: &RunName,
        which: Branch,
        to: CommitId,
        from: Option<CommitId>,
    ) -> Result<(), ArchiveError> {
        self.move_ref(&self.repository(), &branch(run, which), to.0, from.map(|id| id.0))
    }

    /// Moves any ref by compare-and-swap; not flushed.
    pub(super) fn move_ref(
        &self,
        repository: &Repository,
        name: &str,
        to: Oid,
        from: Option<Oid>,
    ) -> Result<(), ArchiveError> {
        let held = RefLock::take(self, name)?;
        let found = read(repository, self.path(), name)?;
        if found == Some(to) {
            return Ok(());
        }
        if found != from {
            return Err(ArchiveError::Moved {
                name: name.to_owned(),
                expected: from.map(CommitId),
                found: found.map(CommitId),
            });
        }
        if found.is_none() {
            // What a power cut can leave of a ref that was never flushed.
            let _ = fs::remove_file(self.path().join(name));
        }
        // The library looks at the object too, and must not meet a damaged one (`loose`).
        self.read_object(repository, ObjectType::Commit, to)?;
        let expected = from.unwrap_or(Oid::ZERO_SHA1);
        repository
            .reference_matching(name, to, true, expected, LOG_MESSAGE)
            .map(drop)
            .map_err(|error| held.refused(error, "move a ref"))
    }

    /// Removes a ref that is where it is known to be.
    pub(super) fn remove_ref(
        &self,
        repository: &Repository,
        name: &str,
        from: Oid,
    ) -> Result<(), ArchiveError> {
        let held = RefLock::take(self, name)?;
        match repository.find_reference(name) {
            Ok(mut found) if found.target() == Some(from) => {
                found.delete().map_err(|error| held.refused(error, "remove a ref"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a ref; `None` when it does not exist, or is the empty file a power cut can leave.
pub(super) fn read(
    repository: &Repository,
    git_folder: &Path,
    name: &str,
) -> Result<Option<Oid>, ArchiveError> {
    match repository.find_reference(name) {
        Ok(found) => Ok(found.target()),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => match fs::metadata(git_folder.join(name)) {
            Ok(file) if file.is_file() && file.len() == 0 => Ok(None),
            _ => Err(ArchiveError::git("read a ref")(error)),
        },
    }
}

/// The right to move one ref.
struct RefLock {
    file: File,
    guard: PathBuf,
}

impl RefLock {
    fn take(archive: &Archive, name: &str) -> Result<Self, ArchiveError> {
        let path = archive.own_folder().join("refs.lock");
        let failed = |doing| ArchiveError::io(doing, &path);
        fs::create_dir_all(archive.own_folder()).map_err(failed("make the folder of"))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open"))?;
        file.lock().map_err(failed("lock"))?;
        let mut left = String::new();
        file.read_to_string(&mut left).map_err(failed("read"))?;
        if !left.is_empty() {
            // Its holder was killed in the middle; if it had not come so far yet, there is nothing to remove.
            let _ = fs::remove_file(guard(archive.path(), &left));
        }
        file.set_len(0).map_err(failed("write"))?;
        file.rewind().map_err(failed("write"))?;
        file.write_all(name.as_bytes()).map_err(failed("write"))?;
        let guard = guard(archive.path(), name);
        failpoint::write(Site::RefMove).map_err(failed("write"))?;
        let locked = failpoint::write_half(Site::RefLocked, || {
            let _ = guard.parent().map(fs::create_dir_all);
            let _ = File::create(&guard);
        });
        locked.map_err(failed("write"))?;
        Ok(Self { file, guard })
    }

    fn refused(&self, error: git2::Error, doing: &'static str) -> ArchiveError {
        if error.code() == ErrorCode::Locked {
            ArchiveError::RefLocked { path: self.guard.clone() }
        } else {
            ArchiveError::git(doing)(error)
        }
    }
}

impl Drop for RefLock {
    fn drop(&mut self) {
        failpoint::pass(Site::RefMoved);
        // If this fails, the next holder looks for a lock file that is not there.
        let _ = self.file.set_len(0);
    }
}

/// Git's own lock file of a ref.
fn guard(git_folder: &Path, name: &str) -> PathBuf {
    git_folder.join(format!("{name}.lock"))
}
