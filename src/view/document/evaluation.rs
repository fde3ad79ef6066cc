//! `task eval --json`.

use serde::Serialize;

use crate::domain::outcome::{CaseResult, Measurement, Outcome, SandboxLevel, Usage, Violation};
use crate::domain::quality::Quality;
use crate::domain::task::{Seal, TaskSpec};

/// The measurement of one solution, case by case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationDocument {
    /// The task.
    pub task: String,
    /// The case set.
    pub split: String,
    /// Whether the candidate could not have written its own score.
    pub sealed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The mean metric; null unless graded.
    pub metric: Option<f64>,
    /// Its score; null unless graded.
    pub score: Option<f64>,
    /// Per case.
    pub cases: Vec<CaseResult>,
    /// What it tried or exceeded.
    pub violations: Vec<Violation>,
    /// What it used.
    pub usage: Usage,
    /// The level it ran at; null when it never ran.
    pub sandbox: Option<SandboxLevel>,
    /// Why it is not graded; empty when graded.
    pub reason: String,
    /// A short class of the failure; empty when graded.
    pub error_class: String,
    /// The digest of all that the result depends on besides candidate and cases: the task's folder, the interpreter, the
    /// sandbox's level, the programs that run inside. Results under two digests are not comparable.
    pub evaluator: Option<String>,
    /// What a linter says of the solution; null where the task asks none.
    pub quality: Option<Quality>,
}

impl EvaluationDocument {
    /// The document of a measurement.
    pub fn of(task: &TaskSpec, split: String, measured: Measurement) -> Self {
        Self {
            task: task.name.to_string(),
            split,
            sealed: task.seal() == Seal::Sealed,
            outcome: measured.outcome,
            metric: measured.metric,
            score: measured.metric.map(|metric| task.score.score(metric)),
            cases: measured.cases,
            violations: measured.violations,
            usage: measured.usage,
            sandbox: measured.sandbox,
            reason: measured.reason,
            error_class: measured.error_class,
            evaluator: None,
            quality: None,
        }
    }
}
