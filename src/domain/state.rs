//! The state a strategy script is shown: `S` of the outer loop and `T` of the inner loop, as `docs/strategy.md` has them.
//!
//! One definition for the runs and for the mock worlds of validation, so that a script that passed the dry run meets the
//! same fields afterwards. Numbers are scores (0 to 1), never select or test figures, and no wall-clock, which would
//! differ at a replay.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::action::ACTIONS;
use super::judge::EpochState;
use crate::base::id::{Alias, EpisodeId, GenerationId};
mod generation;
mod inner;

pub use generation::{CladeState, CostState, GenerationState};
pub use inner::{AttemptCost, AttemptState, InnerBudget, InnerState, TaskState};

/// `S`, without the fields the script worker computes (`by`, `live`, `root`).
#[derive(Debug, Clone, Serialize)]
pub struct OuterState {
    /// The run's seed.
    pub seed: u64,
    /// Actions decided so far.
    pub step: u32,
    /// Every generation, in order of number; rejected ones included.
    pub gens: Vec<GenerationState>,
    /// The episodes a generation is measured on.
    pub cases: Vec<EpisodeId>,
    /// Named parts of the episodes; [`named_sets`].
    pub sets: BTreeMap<String, Vec<EpisodeId>>,
    /// Actions under way, as they were returned.
    pub pending: Vec<Value>,
    /// `[params]` of the generation whose script is asked.
    pub params: BTreeMap<String, f64>,
    /// What the run may use.
    pub budget: OuterBudget,
    /// What it has used.
    pub used: OuterBudget,
    /// What is left.
    pub left: OuterBudget,
    /// Actions performed, by name; every name is there.
    pub count: BTreeMap<&'static str, u32>,
    /// The model aliases that exist.
    pub models: Vec<Alias>,
    /// The generation whose script is asked.
    pub live_id: GenerationId,
    /// The cases test agents added.
    pub suite: SuiteState,
    /// The epoch: whose judge is in office, whose `utility` ranks.
    pub epoch: EpochState,
}

/// The cases test agents added, over all tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SuiteState {
    /// How often it grew.
    pub version: u32,
    /// Cases added.
    pub size: u32,
    /// Whether a task of the run takes proposed cases.
    pub open: bool,
}

/// Counts of the outer loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OuterBudget {
    /// New generations.
    pub generations: u32,
    /// Episodes measured.
    pub evals: u32,
}

impl OuterBudget {
    /// What is left of this after `used`.
    pub fn less(self, used: Self) -> Self {
        Self {
            generations: self.generations.saturating_sub(used.generations),
            evals: self.evals.saturating_sub(used.evals),
        }
    }
}

/// The named parts of the train episodes: `feedback`, for looking at traces, and `pareto`, for choosing parents, are disjoint
/// halves of every task; a task with a single episode has it in both.
pub fn named_sets(episodes: &[EpisodeId]) -> BTreeMap<String, Vec<EpisodeId>> {
    let mut seen: BTreeMap<&crate::base::id::TaskName, Vec<&EpisodeId>> = BTreeMap::new();
    for episode in episodes {
        seen.entry(&episode.task).or_default().push(episode);
    }
    let half = |parity: usize| -> Vec<EpisodeId> {
        let belongs = |episode: &&EpisodeId| {
            let of_task = seen.get(&episode.task).map(Vec::as_slice).unwrap_or_default();
            let place = of_task.iter().position(|other| other == episode).unwrap_or(0);
            of_task.len() == 1 || place % 2 == parity
        };
        episodes.iter().filter(belongs).cloned().collect()
    };
    BTreeMap::from([("feedback".to_owned(), half(1)), ("pareto".to_owned(), half(0))])
}

/// The counter of actions, all at 0.
pub fn no_actions() -> BTreeMap<&'static str, u32> {
    ACTIONS.into_iter().map(|name| (name, 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_sets_halve_every_task() {
        let cases: Vec<EpisodeId> = ["a#0", "b#0", "a#1", "a#2"]
            .iter()
            .map(|text| text.parse().expect("an episode"))
            .collect();
        let sets = named_sets(&cases);
        let words = |name: &str| sets[name].iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words("pareto"), ["a#0", "b#0", "a#2"]);
        assert_eq!(words("feedback"), ["b#0", "a#1"]);
    }
}
