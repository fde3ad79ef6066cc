//! What makes a run what it is.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Improver, Start};
use crate::base::id::{Alias, EpisodeId, RunName, TaskName};
use crate::domain::task::Seal;

/// The seed of every draw, when not said.
pub const SEED: u64 = 1;

/// Everything that makes a run what it is. Two runs with equal identity and a deterministic model have equal trees.
/// `--parallel` and caps are deliberately absent: they never change results, only how soon or how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The run's name.
    pub run: RunName,
    /// Where the agent came from, for people: a path or a seed's name.
    pub agent: String,
    /// The content hash of the agent's files.
    pub agent_digest: String,
    /// The numbers of the agent's `[params]` that the person set for this run; they are in generation 0's files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, f64>,
    /// The tasks, in the order given.
    pub tasks: Vec<TaskName>,
    /// The content hash of each task's folder.
    pub task_digests: BTreeMap<TaskName, String>,
    /// The tasks whose numbers a candidate could have written itself, and what that leaves of them; others are sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unsealed: BTreeMap<TaskName, Seal>,
    /// New generations to make, rejected ones included.
    pub generations: u32,
    /// Attempts of one episode.
    pub attempts: u32,
    /// Episodes of each task that a generation is measured on.
    pub episodes: u32,
    /// Where an episode starts.
    pub start: Start,
    /// The model that answers every role, if the person chose one.
    pub model: Option<Alias>,
    /// The seed every random draw derives from.
    pub seed: u64,
    /// Actions open at once when a script is asked.
    pub width: u32,
    /// Fresh episodes of each task on which the best agent is compared with the frozen one; 0: no control arm.
    #[serde(default)]
    pub control: u32,
    /// Pairs of fresh episodes of each task that all promotions of the run may use; 0: every promotion is undecided.
    #[serde(default)]
    pub certify: u32,
    /// Whether the measurement of a generation is broken off once it cannot be expected to reach the leader.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub race: bool,
    /// Measurements that are answered by one block of select cases; 0: there is one block only.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub select_queries: u32,
    /// Who makes every rewrite; absent: whom the scripts name, each generation itself when they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub improver: Option<Improver>,
}

fn is_nothing(number: &u32) -> bool {
    *number == 0
}

impl Identity {
    /// The main job: what a run of the edited agent on these tasks is when nothing else is said.
    pub fn plain(run: RunName, tasks: Vec<TaskName>) -> Self {
        Self {
            run,
            agent: "agent_config".to_owned(),
            agent_digest: String::new(),
            params: BTreeMap::new(),
            tasks,
            task_digests: BTreeMap::new(),
            unsealed: BTreeMap::new(),
            generations: 6,
            attempts: 12,
            episodes: 2,
            start: Start::Carry,
            model: None,
            seed: SEED,
            width: 1,
            control: 0,
            certify: 0,
            race: false,
            select_queries: 50,
            improver: None,
        }
    }

    /// The agent as the person named it, with the numbers set for this run.
    pub fn agent_as_given(&self) -> String {
        let set = self.params.iter().map(|(name, number)| format!("{name} = {number}"));
        let set: Vec<String> = set.collect();
        if set.is_empty() {
            return self.agent.clone();
        }
        format!("{} with {}", self.agent, set.join(", "))
    }

    /// The episodes generations are measured on: one of each task, then the next of each, so that a few from the front
    /// cover all tasks.
    pub fn all_episodes(&self) -> Vec<EpisodeId> {
        self.numbered(0..self.episodes)
    }

    /// The episodes of the control arm: beyond those that generations are measured on.
    pub fn control_episodes(&self) -> Vec<EpisodeId> {
        self.numbered(self.episodes..self.episodes.saturating_add(self.control))
    }

    /// The episodes of these pairs of the run's promotions: beyond those of the control arm.
    pub fn certifying_episodes(&self, pairs: Range<u32>) -> Vec<EpisodeId> {
        let first = self.episodes.saturating_add(self.control);
        self.numbered(first.saturating_add(pairs.start)..first.saturating_add(pairs.end))
    }

    fn numbered(&self, indices: Range<u32>) -> Vec<EpisodeId> {
        let of = |index| self.tasks.iter().map(move |task| EpisodeId { task: task.clone(), index });
        indices.flat_map(of).collect()
    }

    /// Whether an episode belongs to the control arm.
    pub fn is_control(&self, episode: &EpisodeId) -> bool {
        (self.episodes..self.episodes.saturating_add(self.control)).contains(&episode.index)
    }

    /// Whether an episode compares agents: no generation is measured on it, and it is no part of the family tree.
    pub fn is_comparison(&self, episode: &EpisodeId) -> bool {
        episode.index >= self.episodes
    }

    /// What the numbers of a task are worth.
    pub fn seal(&self, task: &TaskName) -> Seal {
        self.unsealed.get(task).copied().unwrap_or(Seal::Sealed)
    }

    /// Whether no candidate of the run could have written its own score.
    pub fn is_sealed(&self) -> bool {
        self.unsealed.is_empty()
    }
}
