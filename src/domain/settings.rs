//! What a person decides: the identity of a run, and the human's file `hyperagent.toml`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::outcome::SandboxLevel;
use super::task::Seal;
use crate::base::id::{Alias, EpisodeId, RunName, TaskName};

mod budget;
mod ensemble;
mod improver;
mod model;
mod telemetry;

pub use budget::{BudgetSpec, Budgets};
pub use ensemble::{Choose, EnsembleSpec, Tier};
pub use improver::Improver;
pub use model::{
    Dialect, Effort, ModelSpec, Price, RetrySpec, Timeouts, ToolUse, UsageSpec, WireParameter,
};
pub use telemetry::TelemetrySpec;

/// Where an episode starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// From the best solution the generation's ancestors found.
    Carry,
    /// From the task's initial solution; generations are comparable at equal budget.
    Initial,
}

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

/// `hyperagent.toml`: the human's file. Agents cannot see or change it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabConfig {
    /// Models by alias. `offline` and `random` always exist.
    pub models: BTreeMap<Alias, ModelSpec>,
    /// Aliases that stand for several models, one of which is chosen for each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ensembles: BTreeMap<Alias, EnsembleSpec>,
    /// Caps of a run, of its generations and of its roles.
    pub budget: Budgets,
    /// Where calls are told about.
    pub telemetry: TelemetrySpec,
    /// The sandbox.
    pub sandbox: SandboxSpec,
    /// The Python interpreter.
    pub python: PythonSpec,
    /// What new runs are where their flags do not say.
    pub run: RunSpec,
}

/// What new runs are where their flags do not say: the table `[run]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSpec {
    /// Whether runs with `--start initial` race; others cannot.
    pub race: bool,
}

/// The sandbox a person accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxSpec {
    /// The weakest level at which code written by a model or a command may run.
    pub min_level: SandboxLevel,
}

impl Default for SandboxSpec {
    fn default() -> Self {
        Self { min_level: SandboxLevel::KernelFilter }
    }
}

/// The interpreter that runs candidates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PythonSpec {
    /// A path or a command name; absent: the newest of `python3.14` … `python3.11`, `python3` on the PATH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
