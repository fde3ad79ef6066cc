//! What a generation was measured by: prompts, answers, attempts and solutions, as a commit beside the family tree.

use std::collections::BTreeMap;

use git2::Oid;

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::object::{Folder, Objects};
use super::open::Archive;
use super::{pack, refs};
use crate::base::id::{GenerationId, RunName};
use crate::base::unit::UnixMillis;
use crate::domain::files::FileSet;

/// The evidence of one generation.
pub struct Evidence {
    archive: Archive,
    commit: CommitId,
    files: BTreeMap<String, Oid>,
}

impl Evidence {
    /// The commit it is.
    pub fn commit(&self) -> CommitId {
        self.commit
    }

    /// The paths of its files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of one file; `None` when there is none of that path.
    ///
    /// # Errors
    /// When the object cannot be read or is no text.
    pub fn read(&self, path: &str) -> Result<Option<String>, ArchiveError> {
        let Some(id) = self.files.get(path) else { return Ok(None) };
        self.archive.text_of(&self.archive.repository(), self.commit, path, *id).map(Some)
    }
}

impl Archive {
    /// Adds files to a generation's evidence, replacing those of the same path, and returns the commit that holds all
    /// of it. On return the contents are on disk; the ref may be lost in a power cut, and
    /// [`Archive::restore_evidence`] sets it again. The same call again gives the same commit.
    ///
    /// # Errors
    /// [`ArchiveError::BadPath`], and whatever keeps the pack from being written.
    pub fn write_evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
        files: &FileSet,
        at: UnixMillis,
    ) -> Result<CommitId, ArchiveError> {
        let repository = self.repository();
        let name = refs::evidence(run, generation);
        let before = refs::read(&repository, self.path(), &name)?;
        let mut all = match before {
            Some(commit) => self.files_of(&repository, commit)?,
            None => BTreeMap::new(),
        };
        let mut objects = Objects::default();
        for (path, text) in &files.0 {
            all.insert(path.clone(), objects.add_file(text, path)?);
        }
        let mut root = Folder::default();
        for (path, id) in &all {
            root.put(path, *id)?;
        }
        let tree = objects.add_folder(&root, "")?;
        let count = all.len();
        let message = format!(
            "evidence of gen {}: {count} files\n\nEvidence-Of: {run}/{generation}\n",
            generation.0
        );
        if let Some(before) = before
            && self.read_commit(&repository, before)?.tree == tree
        {
            return Ok(CommitId(before));
        }
        // What it adds to stays reachable, so that nothing is left dangling.
        let parents: Vec<Oid> = before.into_iter().collect();
        let commit = objects.add_commit(tree, &parents, at, &message)?;
        pack::write(&objects, self.path())?;
        self.move_ref(&repository, &name, commit, before)?;
        Ok(CommitId(commit))
    }

    /// Sets the ref of a generation's evidence again to the commit the journal names, if a power cut took it.
    ///
    /// # Errors
    /// [`ArchiveError::Moved`] when it is somewhere else.
    pub fn restore_evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
        commit: CommitId,
    ) -> Result<(), ArchiveError> {
        self.move_ref(&self.repository(), &refs::evidence(run, generation), commit.0, None)
    }

    /// Whether a generation has evidence.
    ///
    /// # Errors
    /// When its ref cannot be read.
    pub fn has_evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
    ) -> Result<bool, ArchiveError> {
        let name = refs::evidence(run, generation);
        Ok(refs::read(&self.repository(), self.path(), &name)?.is_some())
    }

    /// The evidence of a generation, if it has been measured.
    ///
    /// # Errors
    /// When its tree cannot be read.
    pub fn evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
    ) -> Result<Option<Evidence>, ArchiveError> {
        let repository = self.repository();
        let name = refs::evidence(run, generation);
        let Some(commit) = refs::read(&repository, self.path(), &name)? else { return Ok(None) };
        let files = self.files_of(&repository, commit)?;
        drop(repository);
        Ok(Some(Evidence { archive: self.clone(), commit: CommitId(commit), files }))
    }
}
