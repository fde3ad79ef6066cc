//! Looking whether what the journal names is there and whole, and putting it back.
//!
//! A generation's objects and ref are a function of the journal, so they are made again whatever befell them. Evidence has
//! no other copy: its ref can be set again, its files cannot. A ref that stands elsewhere is kept under
//! `refs/hyperagent/<run>/set-aside/` before it is moved.

use std::fs;

use git2::{ObjectType, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::generation::{Committed, Provenance, build};
use super::open::Archive;
use super::{loose, refs};
use crate::base::id::{GenerationId, RunName};
use crate::domain::event::GenerationPlan;

/// Where a ref stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where it should.
    Right,
    /// Nowhere, or its file does not read.
    Nowhere,
    /// At another commit.
    Elsewhere(CommitId),
}

/// What a look at a generation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The commit its plan gives.
    pub committed: Committed,
    /// The objects that are missing or damaged.
    pub objects: Vec<String>,
    /// Its ref.
    pub place: Place,
}

impl Archive {
    /// The commit and tree that a plan gives; `parents` are the commits of its parents.
    ///
    /// # Errors
    /// When the plan cannot be written as a tree.
    pub fn compute(
        &self,
        provenance: &Provenance<'_>,
        plan: &GenerationPlan,
        parents: &[CommitId],
    ) -> Result<Committed, ArchiveError> {
        Ok(build(provenance, plan, &oids(parents))?.committed)
    }

    /// Looks whether a generation is there and whole, and if `restore`, writes again what is not.
    ///
    /// # Errors
    /// When the plan cannot be written as a tree, or the disk refuses.
    pub fn inspect(
        &self,
        provenance: &Provenance<'_>,
        plan: &GenerationPlan,
        parents: &[CommitId],
        restore: bool,
    ) -> Result<Inspected, ArchiveError> {
        let repository = self.repository();
        let built = build(provenance, plan, &oids(parents))?;
        let mut objects = Vec::new();
        for object in built.objects.list() {
            let whole = match self.is_whole(&repository, object) {
                Err(ArchiveError::DamagedPack { .. }) => false,
                other => other?,
            };
            if !whole {
                if restore {
                    loose::write(self.path(), object)?;
                }
                objects.push(object.id.to_string());
            }
        }
        let committed = built.committed;
        let place = self.place(&repository, &built.name, committed.commit)?;
        if restore {
            let run = &provenance.identity.run;
            self.put(&repository, run, &built.name, committed.commit, place)?;
        }
        Ok(Inspected { committed, objects, place })
    }

    /// Looks where the ref of a generation's evidence stands, and if `restore`, puts it where the journal says. Then the
    /// files of the evidence that cannot be read.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn inspect_evidence(
        &self,
        run: &RunName,
        generation: GenerationId,
        commit: CommitId,
        restore: bool,
    ) -> Result<(Place, Vec<String>), ArchiveError> {
        let repository = self.repository();
        let files = match self.files_of(&repository, commit.0) {
            Ok(files) => files,
            Err(error) if is_damage(&error) => return Ok((Place::Right, vec!["all of it".into()])),
            Err(error) => return Err(error),
        };
        let mut unreadable = Vec::new();
        for (path, id) in files {
            match self.read_object(&repository, ObjectType::Blob, id) {
                Ok(_) => {}
                Err(error) if is_damage(&error) => unreadable.push(path),
                Err(error) => return Err(error),
            }
        }
        let name = refs::evidence(run, generation);
        let mut place = self.place(&repository, &name, commit)?;
        if let Place::Elsewhere(found) = place
            && self.descends(&repository, found, commit)
        {
            // Evidence of a measurement that is not on record yet builds on what is.
            place = Place::Right;
        }
        if restore {
            self.put(&repository, run, &name, commit, place)?;
        }
        Ok((place, unreadable))
    }

    /// Looks where a branch of a run stands. One that lags behind is nothing wrong: the run moves it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn inspect_branch(
        &self,
        run: &RunName,
        which: refs::Branch,
        to: CommitId,
        restore: bool,
    ) -> Result<Place, ArchiveError> {
        let repository = self.repository();
        let name = refs::branch(run, which);
        let place = self.place(&repository, &name, to)?;
        if restore {
            self.put(&repository, run, &name, to, place)?;
        }
        Ok(place)
    }

    /// The generations that have a ref of any kind in a run: numbers the journal should know.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn numbers(&self, run: &RunName) -> Result<Vec<(GenerationId, String)>, ArchiveError> {
        let mut found = Vec::new();
        for glob in [
            format!("refs/tags/{run}/gen-*"),
            format!("refs/hyperagent/{run}/rejected/gen-*"),
            format!("refs/hyperagent/{run}/evidence/gen-*"),
        ] {
            for (name, _) in self.refs_below(&glob)? {
                let number = name.rsplit('/').next().and_then(|name| name.parse().ok());
                found.extend(number.map(|number| (number, name)));
            }
        }
        Ok(found)
    }

    /// Puts a ref out of the way: it is kept under another name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_aside(&self, run: &RunName, name: &str) -> Result<(), ArchiveError> {
        let repository = self.repository();
        let Some(at) = refs::read(&repository, self.path(), name)? else { return Ok(()) };
        self.keep(&repository, run, name, CommitId(at))?;
        self.remove_ref(&repository, name, at)
    }

    /// Whether the notes can be read whole.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn notes_are_whole(&self) -> Result<bool, ArchiveError> {
        let repository = self.repository();
        match self.read_notes(&repository) {
            Ok(()) => Ok(true),
            Err(error) if is_damage(&error) => Ok(false),
            Err(other) => Err(other),
        }
    }

    fn place(
        &self,
        repository: &Repository,
        name: &str,
        should: CommitId,
    ) -> Result<Place, ArchiveError> {
        match refs::read(repository, self.path(), name) {
            Ok(None) => Ok(Place::Nowhere),
            Ok(Some(found)) if found == should.0 => Ok(Place::Right),
            Ok(Some(found)) => Ok(Place::Elsewhere(CommitId(found))),
            // A file that is no ref.
            Err(ArchiveError::Git { .. }) if self.path().join(name).is_file() => Ok(Place::Nowhere),
            Err(error) => Err(error),
        }
    }

    fn put(
        &self,
        repository: &Repository,
        run: &RunName,
        name: &str,
        to: CommitId,
        place: Place,
    ) -> Result<(), ArchiveError> {
        match place {
            Place::Right => return Ok(()),
            Place::Elsewhere(found) => {
                self.keep(repository, run, name, found)?;
                return self.move_ref(repository, name, to.0, Some(found.0));
            }
            Place::Nowhere => {}
        }
        let file = self.path().join(name);
        if refs::read(repository, self.path(), name).is_err() {
            fs::remove_file(&file).map_err(ArchiveError::io("remove the damaged ref", &file))?;
        }
        self.move_ref(repository, name, to.0, None)
    }

    /// Keeps what a ref stands at, if that can be read, under a name nobody else uses.
    fn keep(
        &self,
        repository: &Repository,
        run: &RunName,
        name: &str,
        commit: CommitId,
    ) -> Result<(), ArchiveError> {
        if self.read_commit(repository, commit.0).is_err() {
            return Ok(());
        }
        let what: Vec<&str> = name.rsplit('/').take(2).collect();
        let what = what.into_iter().rev().collect::<Vec<_>>().join("-");
        let kept = refs::set_aside(run, &commit.to_string(), &what);
        self.move_ref(repository, &kept, commit.0, None)
    }

    /// Whether one evidence commit builds on another.
    fn descends(&self, repository: &Repository, from: CommitId, to: CommitId) -> bool {
        let mut at = vec![from.0];
        while let Some(next) = at.pop() {
            if next == to.0 {
                return true;
            }
            at.extend(self.read_commit(repository, next).map(|c| c.parents).unwrap_or_default());
        }
        false
    }
}

/// Whether an error tells of damage, rather than of a disk that refuses.
pub(super) fn is_damage(error: &ArchiveError) -> bool {
    matches!(
        error,
        ArchiveError::DamagedObject { .. }
            | ArchiveError::MissingObject { .. }
            | ArchiveError::DamagedPack { .. }
    )
}

fn oids(commits: &[CommitId]) -> Vec<Oid> {
    let mut unique = Vec::new();
    for commit in commits {
        if !unique.contains(&commit.0) {
            unique.push(commit.0);
        }
    }
    unique
}
