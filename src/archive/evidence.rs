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
        let tree = tree(&mut objects, &all)?;
        if let Some(before) = before
            && self.read_commit(&repository, before)?.tree == tree
        {
            return Ok(CommitId(before));
        }
        // What it adds to stays reachable, so that nothing is left dangling.
        let message = message(run, generation, all.len());
        let commit = objects.add_commit(tree, before.as_slice(), at, &message)?;
        pack::write(&objects, self.path())?;
        self.move_ref(&repository, &name, commit, before)?;
        Ok(CommitId(commit))
    }

    /// Writes the evidence of a generation with its whole history, oldest first, as it came to be elsewhere: each time and
    /// all files of then. Returns the commits in that order; the last is where the ref stands. On disk on return as by
    /// [`Archive::write_evidence`]. The same call again, also after a process was killed in it, gives the same commits.
    ///
    /// # Errors
    /// [`ArchiveError::Moved`] when the generation has other evidence, and as [`Archive::write_evidence`].
    pub fn write_evidence_history(
        &self,
        run: &RunName,
        generation: GenerationId,
        history: &[(UnixMillis, FileSet)],
    ) -> Result<Vec<CommitId>, ArchiveError> {
        let repository = self.repository();
        let mut objects = Objects::default();
        let mut commits: Vec<Oid> = Vec::new();
        for (at, files) in history {
            let mut all = BTreeMap::new();
            for (path, text) in &files.0 {
                all.insert(path.clone(), objects.add_file(text, path)?);
            }
            let tree = tree(&mut objects, &all)?;
            let message = message(run, generation, all.len());
            let before = commits.last().copied();
            commits.push(objects.add_commit(tree, before.as_slice(), *at, &message)?);
        }
        if let Some(newest) = commits.last() {
            pack::write(&objects, self.path())?;
            let name = refs::evidence(run, generation);
            let found = refs::read(&repository, self.path(), &name)?;
            let known = found.filter(|found| commits.contains(found));
            self.move_ref(&repository, &name, *newest, known)?;
        }
        Ok(commits.into_iter().map(CommitId).collect())
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

fn tree(objects: &mut Objects, files: &BTreeMap<String, Oid>) -> Result<Oid, ArchiveError> {
    let mut root = Folder::default();
    for (path, id) in files {
        root.put(path, *id)?;
    }
    objects.add_folder(&root, "")
}

fn message(run: &RunName, generation: GenerationId, files: usize) -> String {
    let number = generation.0;
    format!("evidence of gen {number}: {files} files\n\nEvidence-Of: {run}/{generation}\n")
}
