//! What differs between the agents of two generations.

use git2::{Delta, Diff, DiffFormat, DiffOptions, ObjectType, Oid, Patch, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::history::AGENT;
use super::object::{Folder, Objects};
use super::open::Archive;
use super::pack;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// Its text differs.
    Modified,
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path in the agent's folder.
    pub path: String,
    /// What happened to it.
    pub change: Change,
    /// Lines added.
    pub added: usize,
    /// Lines deleted.
    pub deleted: usize,
}

/// The differences between two agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The files that differ, in order.
    pub files: Vec<ChangedFile>,
    /// The differences as text, in git's format; paths are relative to the agent's folder.
    pub text: String,
}

impl Archive {
    /// Compares the agents of two generations: all of them, or one file or folder.
    ///
    /// # Errors
    /// When their objects cannot be read.
    pub fn diff(
        &self,
        from: CommitId,
        to: CommitId,
        path: Option<&str>,
    ) -> Result<Comparison, ArchiveError> {
        let reading = || ArchiveError::git("compare two generations");
        let repository = self.repository();
        let mut objects = Objects::default();
        let old = self.agent_tree(&repository, from, &mut objects)?;
        let new = self.agent_tree(&repository, to, &mut objects)?;
        let both = pack::in_memory(&objects).map_err(reading())?;
        let (old, new) =
            (both.find_tree(old).map_err(reading())?, both.find_tree(new).map_err(reading())?);
        let mut options = DiffOptions::new();
        options.disable_pathspec_match(true).indent_heuristic(true);
        if let Some(path) = path {
            options.pathspec(path.strip_prefix(AGENT).unwrap_or(path).trim_end_matches('/'));
        }
        let diff =
            both.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options)).map_err(reading())?;
        Ok(Comparison { files: files(&diff)?, text: text(&diff)? })
    }

    /// Puts the agent of a generation into `objects` and returns its tree.
    fn agent_tree(
        &self,
        repository: &Repository,
        commit: CommitId,
        objects: &mut Objects,
    ) -> Result<Oid, ArchiveError> {
        let mut folder = Folder::default();
        for (path, id) in self.files_of(repository, commit.0)? {
            if let Some(inside) = path.strip_prefix(AGENT) {
                let bytes = self.read_object(repository, ObjectType::Blob, id)?;
                folder.put(inside, objects.add(ObjectType::Blob, bytes, inside)?)?;
            }
        }
        objects.add_folder(&folder, "")
    }
}

fn files(diff: &Diff<'_>) -> Result<Vec<ChangedFile>, ArchiveError> {
    let reading = || ArchiveError::git("compare two files");
    let mut files = Vec::new();
    for (index, delta) in diff.deltas().enumerate() {
        let (change, file) = match delta.status() {
            Delta::Added => (Change::Added, delta.new_file()),
            Delta::Deleted => (Change::Deleted, delta.old_file()),
            _ => (Change::Modified, delta.new_file()),
        };
        let (_, added, deleted) = match Patch::from_diff(diff, index).map_err(reading())? {
            Some(patch) => patch.line_stats().map_err(reading())?,
            None => (0, 0, 0),
        };
        let path = file.path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        files.push(ChangedFile { path, change, added, deleted });
    }
    Ok(files)
}

fn text(diff: &Diff<'_>) -> Result<String, ArchiveError> {
    let mut bytes = Vec::new();
    diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), ' ' | '+' | '-') {
            bytes.extend_from_slice(line.origin().to_string().as_bytes());
        }
        bytes.extend_from_slice(line.content());
        true
    })
    .map_err(ArchiveError::git("compare two generations"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
