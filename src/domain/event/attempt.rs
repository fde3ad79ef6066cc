//! What came of an attempt, and of the episode it belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::id::Alias;
use crate::domain::files::FileSet;
use crate::domain::gate::Gate;
use crate::domain::outcome::{CaseResult, Outcome, Usage, Violation};
use crate::domain::quality::Quality;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// Measured and kept.
    Accepted,
    /// Measured and not kept.
    Rejected,
    /// The answer held no usable change, after the repairs.
    NoAnswer,
    /// Equal in content to an earlier candidate of the episode; not measured again.
    Duplicate,
    /// Refused before measurement: size, editable paths, syntax.
    Screened,
    /// Measured on the screening cases alone: its base did better on each of them.
    ScreenedOut,
    /// Measured, but no metric came of it.
    Failed,
    /// Measured, and refused by the task's gate: the incumbent stays, and `accept` was not asked.
    Refused,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptResult {
    /// How it ended.
    pub end: AttemptEnd,
    /// The measurement's outcome; `None` when it was never measured.
    pub outcome: Option<Outcome>,
    /// The candidate's content hash, when there is a candidate.
    pub candidate: Option<Digest>,
    /// The candidate's editable files, when it was accepted (others are rebuilt from the answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FileSet>,
    /// The mean metric on the train cases measured.
    pub metric: Option<f64>,
    /// The score of that metric.
    pub score: Option<f64>,
    /// Its score minus its base's, before clamping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Per case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseResult>,
    /// Lines of the candidate.
    pub lines: u32,
    /// Why, when it is not accepted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The failure's class, for counting.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_class: String,
    /// What the offline optimiser did, or the model's one-line summary.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The alias that answered last.
    pub model: Option<Alias>,
    /// What it tried or exceeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// What its evaluation used.
    #[serde(default)]
    pub usage: Usage,
    /// Trials made for it (cases measured).
    pub trials: u32,
    /// Answers that went back to their author before this came of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
    /// Where the script's `features` puts the candidate among others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<f64>,
    /// What the task's gate found, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// What a linter said of the candidate; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// What a draft came to on a few of the train cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftTest {
    /// The mean metric on these cases.
    pub metric: Option<f64>,
    /// Per case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseResult>,
    /// Why it has no metric.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The failure's class.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_class: String,
}

/// An answer that was paid, did not fit, and went back to its author with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedBack {
    /// The turn it answered, from 0.
    pub turn: u32,
    /// What was wrong, in a word: a class of refusal, `duplicate`, or a stage of validation.
    pub class: String,
}

/// The result of one episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeResult {
    /// Train cases of the metric, those of the suite included.
    #[serde(default)]
    pub cases: u32,
    /// The train metric of the start.
    pub start_metric: Option<f64>,
    /// The train metric of the best candidate.
    pub metric: Option<f64>,
    /// Its score: what scripts see of the episode.
    pub score: f64,
    /// The best candidate's files.
    pub best: FileSet,
    /// Attempts made.
    pub attempts: u32,
    /// Of these, accepted.
    pub accepted: u32,
    /// Trials made.
    pub trials: u32,
    /// The mean over the select cases, for the kernel only.
    pub select_metric: Option<f64>,
    /// Its score.
    pub select_score: Option<f64>,
    /// The score of each select case, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub select_cases: Vec<f64>,
    /// Which block of select cases that was, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub select_block: u32,
    /// Failures of its attempts by class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<String, FailureCount>,
    /// What each operator of the offline optimiser brought, and each building block (`pieces.NAME`); empty with other
    /// models.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credit: BTreeMap<String, OperatorCredit>,
}

fn is_first(block: &u32) -> bool {
    *block == 0
}

/// How often a class of failure occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// How often.
    pub count: u32,
    /// The first one, in words.
    pub example: String,
}

/// What an operator or a building block of the offline optimiser has brought.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OperatorCredit {
    /// Proposals it took part in.
    pub tries: u32,
    /// Of these, accepted.
    pub accepted: u32,
    /// The sum of their gains in score.
    pub gain: f64,
}
