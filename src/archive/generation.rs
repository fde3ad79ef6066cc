//! A generation's commit: computed from its plan, written, and checked again after a crash.

use std::fs;

use git2::{Odb, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::loose;
use super::message;
use super::object::{Folder, Object, Objects};
use super::open::Archive;
use super::record::GenerationRecord;
use super::refs;
use crate::base::failpoint::{self, Site};
use crate::base::unit::UnixMillis;
use crate::domain::event::{GenerationPlan, GenerationStatus};
use crate::domain::settings::Identity;

/// What a generation's commit depends on besides its plan.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// The run.
    pub identity: &'a Identity,
    /// The kernel's version, as the run's first event has it.
    pub kernel: &'a str,
    /// When the journal took the plan down.
    pub at: UnixMillis,
}

/// A generation in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Its commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: CommitId,
}

/// What a check of a generation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The generation.
    pub committed: Committed,
    /// The objects that were missing or damaged and are written again.
    pub rewritten: Vec<String>,
}

impl Archive {
    /// Writes a generation's objects, then its ref: the tag `<run>/gen-00007` when it is valid, else a ref under
    /// `refs/hyperagent/<run>/rejected/`.
    ///
    /// Nothing is flushed: the plan must be durable in the journal, from which [`Archive::verify`] makes good whatever
    /// a power cut takes. Equal arguments give the same commit; to do it again changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError::MissingParent`]; [`ArchiveError::BadPath`] when a valid generation has a path no tree can hold;
    /// [`ArchiveError::Moved`] when its number belongs to another commit.
    pub fn commit_generation(
        &self,
        provenance: &Provenance<'_>,
        plan: &GenerationPlan,
    ) -> Result<Committed, ArchiveError> {
        let repository = self.repository();
        let built = self.build(&repository, provenance, plan)?;
        let odb = repository.odb().map_err(ArchiveError::git("open its objects"))?;
        for object in built.objects.list() {
            self.write_object(&odb, object)?;
        }
        self.move_ref(&repository, &built.name, built.committed.commit.0, None)?;
        Ok(built.committed)
    }

    /// Checks on resume that a generation is in the archive whole: every object is read and its hash compared; what is
    /// missing or damaged is written again, and so is its ref. `recorded` is the commit the journal names, if it got
    /// that far. Generations are verified in the order of their numbers, parents first.
    ///
    /// # Errors
    /// [`ArchiveError::Different`] when the plan does not give the recorded commit, [`ArchiveError::DamagedPack`] when
    /// damage is not in a file of its own, and as [`Archive::commit_generation`].
    pub fn verify(
        &self,
        provenance: &Provenance<'_>,
        plan: &GenerationPlan,
        recorded: Option<CommitId>,
    ) -> Result<Verified, ArchiveError> {
        let repository = self.repository();
        let built = self.build(&repository, provenance, plan)?;
        let computed = built.committed.commit;
        if let Some(recorded) = recorded.filter(|recorded| *recorded != computed) {
            return Err(ArchiveError::Different {
                run: provenance.identity.run.clone(),
                generation: plan.generation,
                recorded,
                computed,
            });
        }
        let odb = repository.odb().map_err(ArchiveError::git("open its objects"))?;
        let mut rewritten = Vec::new();
        for object in built.objects.list() {
            if !self.is_whole(&repository, object)? {
                self.write_again(&odb, object)?;
                rewritten.push(object.id.to_string());
            }
        }
        self.move_ref(&repository, &built.name, computed.0, None)?;
        Ok(Verified { committed: built.committed, rewritten })
    }

    fn build(
        &self,
        repository: &Repository,
        provenance: &Provenance<'_>,
        plan: &GenerationPlan,
    ) -> Result<Built, ArchiveError> {
        let run = &provenance.identity.run;
        let mut parents = Vec::new();
        for &generation in &plan.parents {
            let parent = refs::read(repository, self.path(), &refs::tag(run, generation))?
                .ok_or_else(|| ArchiveError::MissingParent { run: run.clone(), generation })?;
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        build(provenance, plan, &parents)
    }

    /// Whether an object can be read and is what it should be.
    pub(super) fn is_whole(
        &self,
        repository: &Repository,
        object: &Object,
    ) -> Result<bool, ArchiveError> {
        match self.read_object(repository, object.kind, object.id) {
            Ok(bytes) => Ok(bytes == object.bytes),
            Err(ArchiveError::DamagedObject { .. } | ArchiveError::MissingObject { .. }) => {
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    /// Writes an object as a file of its own, unless it is there.
    pub(super) fn write_object(&self, odb: &Odb<'_>, object: &Object) -> Result<(), ArchiveError> {
        let doing = "write an object in";
        failpoint::write(Site::ObjectWrite).map_err(ArchiveError::io(doing, self.path()))?;
        let written = odb.write(object.kind, &object.bytes);
        written.map(drop).map_err(ArchiveError::git("write an object"))
    }

    fn write_again(&self, odb: &Odb<'_>, object: &Object) -> Result<(), ArchiveError> {
        let file = loose::path(self.path(), object.id);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ArchiveError::io("remove the damaged object", &file)(error))
            }
            _ => self.write_object(odb, object),
        }
    }
}

/// A generation as objects.
pub(super) struct Built {
    pub(super) objects: Objects,
    pub(super) committed: Committed,
    /// The ref that keeps it.
    pub(super) name: String,
}

/// Computes a generation's objects and commit; `parents` are the commits of the plan's parents.
pub(super) fn build(
    provenance: &Provenance<'_>,
    plan: &GenerationPlan,
    parents: &[Oid],
) -> Result<Built, ArchiveError> {
    let Provenance { identity, kernel, at } = *provenance;
    let mut objects = Objects::default();
    let mut root = Folder::default();
    let mut left_out = Vec::new();
    for (path, text) in &plan.files.0 {
        let id = objects.add_file(text, path)?;
        match root.put(&format!("agent/{path}"), id) {
            Err(ArchiveError::BadPath { .. }) if plan.status != GenerationStatus::Valid => {
                left_out.push(path.clone());
            }
            other => other?,
        }
    }
    let record = GenerationRecord::new(identity, kernel, plan, left_out)
        .to_text(&format!("{} of {}", plan.generation, identity.run))?;
    let id = objects.add_file(&record, "record.json")?;
    root.put("record.json", id)?;
    let tree = objects.add_folder(&root, "")?;
    let commit = objects.add_commit(tree, parents, at, &message::write(identity, plan))?;
    let name = match plan.status {
        GenerationStatus::Valid => refs::tag(&identity.run, plan.generation),
        GenerationStatus::Rejected | GenerationStatus::Fault => {
            refs::rejected(&identity.run, plan.generation)
        }
    };
    let committed = Committed { commit: CommitId(commit), tree: CommitId(tree) };
    Ok(Built { objects, committed, name })
}
