//! What people call a generation, and which one they mean.

use git2::{Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::message;
use super::open::Archive;
use super::refs::{self, Branch};
use crate::base::id::{GenerationId, RunName};

/// The fewest digits of a commit id that may stand for it.
const SHORTEST_ID: usize = 4;

/// A generation, found by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its run.
    pub run: RunName,
    /// Its number.
    pub generation: GenerationId,
    /// Its commit.
    pub commit: CommitId,
}

impl Archive {
    /// Finds a generation by `gen-00007`, `best`, `latest` or `certified` (of `current`, or of the newest run), by the
    /// same after `RUN/`, or by the first digits of its commit id.
    ///
    /// # Errors
    /// [`ArchiveError::Unknown`], which lists what there is.
    pub fn resolve(&self, text: &str, current: Option<&RunName>) -> Result<Found, ArchiveError> {
        let (run, name) = match text.split_once('/') {
            Some((run, name)) => match run.parse::<RunName>() {
                Ok(run) => (Some(run), name),
                Err(_) => return Err(self.unknown(text, None)),
            },
            None => {
                (current.cloned().map_or_else(|| self.newest_run(), |run| Ok(Some(run)))?, text)
            }
        };
        if let Some(run) = &run
            && let Some(found) = self.find_named(run, name)?
        {
            return Ok(found);
        }
        if !text.contains('/')
            && let Some(found) = self.find_by_id(text)?
        {
            return Ok(found);
        }
        Err(self.unknown(text, run.as_ref()))
    }

    fn find_named(&self, run: &RunName, name: &str) -> Result<Option<Found>, ArchiveError> {
        let repository = self.repository();
        let at = |name: &str| refs::read(&repository, self.path(), name);
        let commit = if let Ok(generation) = name.parse::<GenerationId>() {
            match at(&refs::tag(run, generation))? {
                Some(commit) => Some(commit),
                None => at(&refs::rejected(run, generation))?,
            }
        } else if let Some(branch) = Branch::ALL.into_iter().find(|b| b.as_str() == name) {
            at(&refs::branch(run, branch))?
        } else {
            None
        };
        commit.map_or(Ok(None), |commit| self.found(&repository, commit))
    }

    fn find_by_id(&self, text: &str) -> Result<Option<Found>, ArchiveError> {
        let is_prefix =
            (SHORTEST_ID..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let Ok(short) = Oid::from_str(text) else { return Ok(None) };
        if !is_prefix {
            return Ok(None);
        }
        let repository = self.repository();
        let odb = repository.odb().map_err(ArchiveError::git("open its objects"))?;
        match odb.exists_prefix(short, text.len()) {
            Ok(commit) => self.found(&repository, commit),
            Err(_) => Ok(None),
        }
    }

    /// What a commit says it is; `None` for an object that is no generation.
    fn found(&self, repository: &Repository, commit: Oid) -> Result<Option<Found>, ArchiveError> {
        let text = match self.read_commit(repository, commit) {
            Ok(made) => made.message,
            Err(ArchiveError::MissingObject { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        Ok(message::read(&text).map(|message| Found {
            run: message.run,
            generation: message.generation,
            commit: CommitId(commit),
        }))
    }

    /// The error for a name that leads nowhere. What exists is told as far as it can be read.
    fn unknown(&self, given: &str, run: Option<&RunName>) -> ArchiveError {
        let runs = self.runs().unwrap_or_default();
        let known = match run.filter(|run| runs.contains(run)) {
            Some(run) => self.known_of(run),
            None if runs.is_empty() => "there are no generations yet".to_owned(),
            None => {
                let names: Vec<String> = runs.iter().map(RunName::to_string).collect();
                format!("the runs are {}; write RUN/gen-00007 or RUN/best", names.join(", "))
            }
        };
        ArchiveError::Unknown { given: given.to_owned(), known }
    }

    fn known_of(&self, run: &RunName) -> String {
        let entries = self.generations(run).unwrap_or_default();
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return format!("{run} has none");
        };
        let mut known = format!("{run} has {} to {}", first.id, last.id);
        for branch in Branch::ALL {
            if let Ok(Some(_)) = self.branch(run, branch) {
                known.push_str(&format!(", {branch}"));
            }
        }
        known
    }
}
