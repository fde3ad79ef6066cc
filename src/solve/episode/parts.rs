//! What an episode is given, and what it keeps of each attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::action::Tag;
use crate::domain::choice::Outcomes;
use crate::domain::event::{AttemptEnd, AttemptResult};
use crate::domain::files::FileSet;
use crate::domain::task::{Case, Task};

/// What an episode is given.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The generation measured.
    pub generation: GenerationId,
    /// The episode.
    pub episode: EpisodeId,
    /// The task.
    pub task: Arc<Task>,
    /// Attempts it may make.
    pub attempts: u32,
    /// Attempts open at once.
    pub width: u32,
    /// The numbers of `agent.toml`.
    pub params: BTreeMap<String, f64>,
    /// The aliases there are.
    pub models: Vec<Alias>,
    /// The size of each memory note, bytes, by name.
    pub memory: BTreeMap<String, u32>,
    /// The candidate it starts from.
    pub start: FileSet,
    /// What came of asking the models, in the measurements taken in before.
    pub known: Arc<Outcomes>,
    /// Cases test agents added, beside the train cases.
    pub suite: Vec<Case>,
}

/// One attempt that has ended, or the start as attempt 0.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number.
    pub id: u32,
    /// The attempt whose candidate it changed.
    pub base: Option<u32>,
    /// Other attempts it was shown.
    pub refs: Vec<u32>,
    /// The script's word for the kind of change.
    pub op: String,
    /// What the script stored with it.
    pub tag: Tag,
    /// Its candidate, if the answer held one.
    pub files: Option<Arc<FileSet>>,
    /// Its result.
    pub result: AttemptResult,
    /// How many attempts started from it.
    pub kids: u32,
}

impl Attempt {
    /// Whether it may be built on: it has a metric, and the task's gate did not refuse it.
    pub fn is_ok(&self) -> bool {
        self.result.metric.is_some() && self.result.end != AttemptEnd::Refused
    }
}
