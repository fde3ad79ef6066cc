//! The state of an episode as scripts see it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::base::id::Alias;
use crate::domain::action::Tag;
use crate::domain::task::Direction;

/// `T`, without the fields the script worker computes (`n`, `best`, `incumbent`).
#[derive(Debug, Clone, Serialize)]
pub struct InnerState {
    /// The task.
    pub task: TaskState,
    /// The attempts; 0 is the start.
    pub attempts: Vec<AttemptState>,
    /// The attempt with the best metric so far, kept or not; ties: the older.
    pub best_id: u32,
    /// The attempt that was kept last.
    pub incumbent_id: u32,
    /// Reviews, oldest first.
    pub reviews: Vec<Value>,
    /// Whether a note was asked for since the last attempt was decided, whatever came of it.
    pub reflected: bool,
    /// Attempts since the best one.
    pub stale: u32,
    /// Actions under way, as they were returned.
    pub pending: Vec<Value>,
    /// `[params]` of the agent.
    pub params: BTreeMap<String, f64>,
    /// Attempts the episode may make.
    pub budget: InnerBudget,
    /// Attempts it has made.
    pub used: InnerBudget,
    /// Attempts left.
    pub left: InnerBudget,
    /// The model aliases that exist.
    pub models: Vec<Alias>,
    /// The size of each memory note in bytes, by name.
    pub memory: BTreeMap<String, u32>,
}

/// The task of an episode.
#[derive(Debug, Clone, Serialize)]
pub struct TaskState {
    /// Its name.
    pub id: String,
    /// The name of its metric.
    pub metric: String,
    /// `maximise` or `minimise`.
    pub direction: Direction,
    /// The metric at which nothing is left to gain.
    pub perfect: Option<f64>,
}

/// Counts of the inner loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InnerBudget {
    /// Attempts, the start apart.
    pub attempts: u32,
}

/// One attempt in `T.attempts`.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptState {
    /// Its number.
    pub id: u32,
    /// The attempt it was made from; none for the start.
    pub base: Option<u32>,
    /// Other attempts shown or recombined.
    pub refs: Vec<u32>,
    /// The script's word for the kind of change.
    pub op: String,
    /// The alias that answered.
    pub model: Option<Alias>,
    /// Whether it was measured, and not refused by the task's gate: it has a candidate, a metric and a score.
    pub ok: bool,
    /// The class of its failure; empty when it was measured.
    pub error_class: String,
    /// Its score; 0 when it is not ok.
    pub score: f64,
    /// Its metric.
    pub metric: Option<f64>,
    /// The score of its base.
    pub base_score: Option<f64>,
    /// Its score minus that of its base, above 0 exactly when its metric is better; 0 when it was not measured.
    pub gain: f64,
    /// The metric of each train case.
    pub ev: BTreeMap<String, f64>,
    /// Lines of the candidate.
    pub lines: u32,
    /// Its similarity to its base, 0 to 1.
    pub sim: f64,
    /// What the hook `features` said of it.
    pub features: Vec<f64>,
    /// Attempts made from it.
    pub kids: u32,
    /// Scalars stored by the script.
    pub tag: Tag,
    /// Whether a review of it exists.
    pub reviewed: bool,
    /// Whether it was kept.
    pub accepted: bool,
    /// What it cost.
    pub cost: AttemptCost,
}

impl AttemptState {
    /// The start of an episode, measured with that score; `None`: it could not be measured.
    pub fn start(score: Option<f64>) -> Self {
        Self {
            id: 0,
            base: None,
            refs: Vec::new(),
            op: "start".to_owned(),
            model: None,
            ok: score.is_some(),
            error_class: String::new(),
            score: score.unwrap_or(0.0),
            metric: score,
            base_score: None,
            gain: 0.0,
            ev: BTreeMap::new(),
            lines: 0,
            sim: 0.0,
            features: Vec::new(),
            kids: 0,
            tag: Tag::new(),
            reviewed: false,
            accepted: true,
            cost: AttemptCost::default(),
        }
    }
}

/// The cost of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AttemptCost {
    /// Trials.
    pub evaluations: u64,
}
