//! The part of a run that no journal can tell again, carried to another archive: its evidence, as one pack.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::object::Objects;
use super::open::Archive;
use super::{pack, refs};
use crate::base::id::{GenerationId, RunName};
use crate::base::unit::UnixMillis;
use crate::domain::files::FileSet;

impl Archive {
    /// The evidence commits of a run, by generation.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn all_evidence(
        &self,
        run: &RunName,
    ) -> Result<BTreeMap<GenerationId, CommitId>, ArchiveError> {
        let found = self.refs_below(&format!("refs/hyperagent/{run}/evidence/gen-*"))?;
        Ok(found
            .into_iter()
            .filter_map(|(name, at)| Some((name.rsplit('/').next()?.parse().ok()?, CommitId(at))))
            .collect())
    }

    /// Commits with all they hold and build on, as the bytes of a pack. Equal commits give equal bytes.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn pack(
        &self,
        commits: impl IntoIterator<Item = CommitId>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let repository = self.repository();
        let mut objects = Objects::default();
        for commit in commits {
            collect(self, &repository, commit.0, &mut objects)?;
        }
        let bytes = pack::pack(&objects).map_err(ArchiveError::git("pack objects"))?;
        Ok(bytes.to_vec())
    }

    /// Takes in a pack made by [`Archive::pack`]; on disk on return.
    ///
    /// # Errors
    /// When it is no pack, or the disk refuses.
    pub fn take_pack(&self, bytes: &[u8]) -> Result<(), ArchiveError> {
        pack::write_bytes(bytes, self.path())?;
        self.repository()
            .odb()
            .and_then(|odb| odb.refresh())
            .map_err(ArchiveError::git("open its objects"))
    }

    /// Sets the ref of a generation's evidence in a run that has none.
    ///
    /// # Errors
    /// [`ArchiveError::Moved`] when it has another.
    pub fn set_evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
        commit: CommitId,
    ) -> Result<(), ArchiveError> {
        // All of it must be there before anything points at it.
        let repository = self.repository();
        let mut objects = Objects::default();
        collect(self, &repository, commit.0, &mut objects)?;
        self.move_ref(&repository, &refs::evidence(run, generation), commit.0, None)
    }

    /// The evidence commits that one builds on, oldest first, itself last, each with its time and its files.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub fn evidence_history(
        &self,
        commit: CommitId,
    ) -> Result<Vec<(CommitId, UnixMillis, FileSet)>, ArchiveError> {
        let repository = self.repository();
        let mut history = Vec::new();
        let mut at: Option<Oid> = Some(commit.0);
        while let Some(commit) = at {
            let made = self.read_commit(&repository, commit)?;
            let mut files = FileSet::default();
            for (path, id) in self.files_below(&repository, made.tree)? {
                let text = self.text_of(&repository, CommitId(commit), &path, id)?;
                files.0.insert(path, text);
            }
            let time = UnixMillis(made.seconds.saturating_mul(1000));
            history.push((CommitId(commit), time, files));
            at = made.parents.first().copied();
        }
        history.reverse();
        Ok(history)
    }
}

/// Everything a commit holds, and its parents, as objects.
fn collect(
    archive: &Archive,
    repository: &Repository,
    commit: Oid,
    objects: &mut Objects,
) -> Result<(), ArchiveError> {
    let mut commits = vec![commit];
    while let Some(commit) = commits.pop() {
        let bytes = archive.read_object(repository, ObjectType::Commit, commit)?;
        let made = archive.read_commit(repository, commit)?;
        commits.extend(&made.parents);
        let mut trees = vec![(String::new(), made.tree)];
        while let Some((path, tree)) = trees.pop() {
            for entry in archive.read_tree(repository, tree)? {
                let below = format!("{path}{}", entry.name);
                if entry.is_folder {
                    trees.push((format!("{below}/"), entry.id));
                } else {
                    let bytes = archive.read_object(repository, ObjectType::Blob, entry.id)?;
                    objects.add(ObjectType::Blob, bytes, &below)?;
                }
            }
            let bytes = archive.read_object(repository, ObjectType::Tree, tree)?;
            objects.add(ObjectType::Tree, bytes, &path)?;
        }
        objects.add(ObjectType::Commit, bytes, "")?;
    }
    Ok(())
}
