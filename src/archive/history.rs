//! Reading generations back.

use std::collections::BTreeSet;

use git2::Oid;

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::message;
use super::open::Archive;
use super::record::GenerationRecord;
use crate::base::id::{GenerationId, RunName};
use crate::base::unit::UnixMillis;
use crate::domain::agent::AgentFiles;
use crate::domain::event::GenerationStatus;
use crate::domain::files::FileSet;

/// The folder of the agent in a generation's tree.
pub(super) const AGENT: &str = "agent/";

/// One generation of a run, as its commit tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationEntry {
    /// Its number.
    pub id: GenerationId,
    /// Its commit.
    pub commit: CommitId,
    /// The generations it came from.
    pub parents: Vec<GenerationId>,
    /// The kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// The first line of its message.
    pub subject: String,
    /// Paths that differ from the first parent.
    pub changed: Vec<String>,
    /// When it was decided, to the second.
    pub time: UnixMillis,
}

impl Archive {
    /// The runs that have a generation, in the order of their names.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub fn runs(&self) -> Result<Vec<RunName>, ArchiveError> {
        let mut runs = BTreeSet::new();
        for (name, _) in self.refs_below("refs/tags/*/gen-*")? {
            runs.extend(name.split('/').nth(2).and_then(|run| run.parse::<RunName>().ok()));
        }
        Ok(runs.into_iter().collect())
    }

    /// The generations of a run, rejected ones included, in the order of their numbers.
    ///
    /// # Errors
    /// When refs or commits cannot be read.
    pub fn generations(&self, run: &RunName) -> Result<Vec<GenerationEntry>, ArchiveError> {
        let mut found = self.refs_below(&format!("refs/tags/{run}/gen-*"))?;
        found.extend(self.refs_below(&format!("refs/hyperagent/{run}/rejected/gen-*"))?);
        let repository = self.repository();
        let mut entries = Vec::with_capacity(found.len());
        for (_, commit) in found {
            let made = self.read_commit(&repository, commit)?;
            let Some(message) = message::read(&made.message) else { continue };
            entries.push(GenerationEntry {
                id: message.generation,
                commit: CommitId(commit),
                parents: message.parents,
                op: message.op,
                status: message.status,
                subject: message.subject,
                changed: message.changed,
                time: UnixMillis(made.seconds.saturating_mul(1000)),
            });
        }
        entries.sort_by_key(|entry| entry.id);
        Ok(entries)
    }

    /// What a ref of a run holds, as its commit tells it: the run, the generation and the time, in seconds.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn told_by(
        &self,
        commit: CommitId,
    ) -> Result<Option<(RunName, GenerationId, u64)>, ArchiveError> {
        let made = self.read_commit(&self.repository(), commit.0)?;
        Ok(message::read(&made.message).map(|told| (told.run, told.generation, made.seconds)))
    }

    /// The agent of a generation.
    ///
    /// # Errors
    /// When its objects cannot be read.
    pub fn agent_files(&self, commit: CommitId) -> Result<AgentFiles, ArchiveError> {
        let repository = self.repository();
        let mut files = FileSet::default();
        for (path, id) in self.files_of(&repository, commit.0)? {
            if let Some(inside) = path.strip_prefix(AGENT) {
                files.0.insert(inside.to_owned(), self.text_of(&repository, commit, &path, id)?);
            }
        }
        Ok(files)
    }

    /// The record of a generation.
    ///
    /// # Errors
    /// [`ArchiveError::NoRecord`] when the commit holds none that this version reads.
    pub fn record(&self, commit: CommitId) -> Result<GenerationRecord, ArchiveError> {
        let repository = self.repository();
        let files = self.files_of(&repository, commit.0)?;
        let id = files.get("record.json").ok_or(ArchiveError::NoRecord { commit, source: None })?;
        let text = self.text_of(&repository, commit, "record.json", *id)?;
        serde_json::from_str(&text)
            .map_err(|source| ArchiveError::NoRecord { commit, source: Some(source) })
    }

    /// Refs that match a pattern, with what they point at.
    pub(super) fn refs_below(&self, glob: &str) -> Result<Vec<(String, Oid)>, ArchiveError> {
        let repository = self.repository();
        let reading = || ArchiveError::git("list its refs");
        let mut found = Vec::new();
        for reference in repository.references_glob(glob).map_err(reading())? {
            let reference = reference.map_err(reading())?;
            if let (Ok(name), Some(target)) = (reference.name(), reference.target()) {
                found.push((name.to_owned(), target));
            }
        }
        Ok(found)
    }
}
