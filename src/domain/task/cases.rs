//! Cases and the sets they come in.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The case sets every task has.
pub const REQUIRED_SETS: [&str; 4] = ["train", "select", "report", "test"];

/// The name of a case set. `train`, `select`, `report` and `test` have fixed meanings; any other name is a public set
/// for comparison with published numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Split(pub String);

impl Split {
    /// What agents see: cases, traces, failures.
    pub fn train() -> Self {
        Self("train".into())
    }
    /// What only the kernel sees; it feeds `best`.
    pub fn select() -> Self {
        Self("select".into())
    }
    /// Fresh per run, for the summary.
    pub fn report() -> Self {
        Self("report".into())
    }
    /// Sealed: opened by a command of its own.
    pub fn test() -> Self {
        Self("test".into())
    }
}

/// One instance of a task that a candidate is measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its name inside the task, for example `seed-17`.
    pub id: String,
    /// The number the benchmark builds the instance from.
    pub seed: u64,
    /// The instance itself, where a test agent proposed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Case {
    /// The case of a seed.
    pub fn seeded(id: impl Into<String>, seed: u64) -> Self {
        Self { id: id.into(), seed, data: None }
    }

    /// The one case of a benchmark that decides its own cases.
    pub(super) fn whole() -> Self {
        Self::seeded("whole", 0)
    }
}

/// The cases of one split: consecutive seeds, or seeds drawn fresh from the run's seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseSet {
    /// The first seed of the block.
    pub first_seed: u64,
    /// How many cases.
    pub count: u32,
    /// Whether every run takes a block of its own, drawn from the run's seed beyond `first_seed`.
    #[serde(default)]
    pub fresh: bool,
}

/// How many blocks a fresh case set can draw from.
const FRESH_BLOCKS: u64 = 1 << 31;

impl CaseSet {
    /// Every seed the set may use in any run; a fresh set reserves all its blocks.
    pub fn seeds(&self) -> Range<u64> {
        let blocks = if self.fresh { FRESH_BLOCKS } else { 1 };
        let reserved = u64::from(self.count).saturating_mul(blocks);
        self.first_seed..self.first_seed.saturating_add(reserved)
    }

    /// The cases of one run. `draw` is the number from which a fresh set takes its block.
    pub(super) fn cases(&self, draw: u64) -> Vec<Case> {
        let block = if self.fresh { draw % FRESH_BLOCKS } else { 0 };
        let first = self.first_seed + block * u64::from(self.count);
        (first..first + u64::from(self.count))
            .map(|seed| Case::seeded(format!("seed-{seed}"), seed))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_set_takes_one_whole_block_inside_its_reserve() {
        let set = CaseSet { first_seed: 1000, count: 60, fresh: true };
        let (one, other) = (set.cases(7), set.cases(u64::MAX));
        assert_eq!(one.first().map(|case| case.seed), Some(1000 + 7 * 60));
        assert_eq!(one.len(), 60);
        for case in one.iter().chain(&other) {
            assert!(set.seeds().contains(&case.seed), "{} is outside", case.id);
        }
        assert!(one.iter().all(|case| !other.contains(case)));
    }
}
