//! An opening of the sealed test split: what is compared, and what came of it.

use serde::{Deserialize, Serialize};

use super::report::PairedDifference;
use crate::base::id::{EpisodeId, GenerationId, TaskName};

/// A solution, by the end of the episode that found it; that record of the journal has its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SolutionPlace {
    /// The generation measured.
    pub generation: GenerationId,
    /// Its episode.
    pub episode: EpisodeId,
}

/// The solutions of one task that are compared, besides its initial one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPair {
    /// The task.
    pub task: TaskName,
    /// How often its test split has been opened in the lab, this time included.
    pub opening_in_lab: u32,
    /// The best solution of generation 0, by select metric.
    pub seed: SolutionPlace,
    /// The best solution of the run, by select metric.
    pub best: SolutionPlace,
}

/// What came of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedResult {
    /// The task.
    pub task: TaskName,
    /// The mean metric of the initial solution; `None`: it has none on these cases.
    pub start: Option<f64>,
    /// The mean metric of generation 0's best solution.
    pub seed: Option<f64>,
    /// The mean metric of the run's best solution.
    pub best: Option<f64>,
    /// Best minus seed; `None` unless both have a metric.
    pub over_seed: Option<PairedDifference>,
    /// Best minus start; `None` unless both have a metric.
    pub over_start: Option<PairedDifference>,
    /// Why the best solution has no metric; empty when it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
