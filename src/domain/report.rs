//! Comparisons that a run reports: solutions on fresh cases, agents on fresh episodes; always in pairs, with an interval.

use serde::{Deserialize, Serialize};

use super::stats;
use crate::base::id::{GenerationId, TaskName};

/// The level of every interval.
const LEVEL: f64 = 0.95;

/// A mean of paired differences with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// The mean difference.
    pub difference: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Pairs compared.
    pub n: u32,
}

impl PairedDifference {
    /// The mean of the differences; `None` without any.
    pub fn of(differences: &[f64]) -> Option<Self> {
        let interval = stats::mean_interval(differences, LEVEL)?;
        Some(Self {
            difference: stats::mean(differences),
            low: interval.low,
            high: interval.high,
            n: u32::try_from(differences.len()).unwrap_or(u32::MAX),
        })
    }
}

/// A comparison on one task: the start against the best, in pairs over the same cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SolutionReport {
    /// The task.
    pub task: TaskName,
    /// The mean metric of the start.
    pub seed: f64,
    /// The mean metric of the best.
    pub best: f64,
    /// Where the best solution came from.
    pub from: GenerationId,
    /// The mean difference, best minus seed, in the metric.
    pub difference: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Cases compared.
    pub n: u32,
}

/// What an agent's solution of one control episode is worth on the report cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ControlResult {
    /// The mean metric; `None` when the solution could not be measured.
    pub metric: Option<f64>,
    /// Its score.
    pub score: f64,
}

/// The best agent against the frozen one, in pairs over episodes that neither was measured on before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentReport {
    /// The agent compared: the generation with the highest select mean.
    pub best: GenerationId,
    /// The mean score of generation 0.
    pub frozen: f64,
    /// The mean score of the best generation.
    pub evolved: f64,
    /// The mean difference, evolved minus frozen.
    pub difference: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Pairs compared.
    pub n: u32,
    /// Attempts of each episode.
    pub attempts: u32,
    /// The metrics behind the scores, a task each.
    pub tasks: Vec<ArmMetrics>,
}

/// What both agents reached on one task: mean metrics over the control episodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmMetrics {
    /// The task.
    pub task: TaskName,
    /// Generation 0.
    pub frozen: Option<f64>,
    /// The best generation.
    pub evolved: Option<f64>,
}

/// What the kernel says of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better than the certified generation before, which it replaces.
    Certified,
    /// Worse.
    Worse,
    /// Nobody can say.
    Undecided,
}

impl Verdict {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::Worse => "worse",
            Self::Undecided => "undecided",
        }
    }
}

/// Why the measurement of a generation was broken off: it would not have reached the leader.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RaceReport {
    /// The leader it was held against.
    pub against: GenerationId,
    /// Indices measured, an episode of each task.
    pub measured: u32,
    /// Indices asked for.
    pub asked: u32,
    /// The mean difference in score over those measured.
    pub difference: f64,
    /// The evidence against it: a fortune that is expected to be at most 1 if it would reach the leader.
    pub evidence: f64,
    /// The evidence that decides.
    pub needed: f64,
}

impl RaceReport {
    /// In words.
    pub fn why(&self) -> String {
        let Self { against, measured, asked, difference, evidence, needed } = self;
        format!(
            "raced out after {measured} of {asked} episodes: {difference:+.3} in score against {against}, evidence {evidence:.1} of {needed:.1} needed"
        )
    }
}

/// The answer to a promotion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromotionReport {
    /// The verdict.
    pub verdict: Verdict,
    /// In words.
    pub why: String,
    /// The generation it was compared with: the certified one, or generation 0.
    pub against: GenerationId,
    /// Pairs of episodes measured.
    pub pairs: u32,
    /// The mean difference in score.
    pub difference: Option<f64>,
    /// The evidence that it is better: a fortune that is expected to stay 1 if it is not.
    pub evidence: Option<f64>,
    /// The evidence that decides.
    pub needed: Option<f64>,
}

impl PromotionReport {
    /// An answer without a measurement.
    pub fn unmeasured(against: GenerationId, why: &str) -> Self {
        Self {
            verdict: Verdict::Undecided,
            why: why.to_owned(),
            against,
            pairs: 0,
            difference: None,
            evidence: None,
            needed: None,
        }
    }
}
