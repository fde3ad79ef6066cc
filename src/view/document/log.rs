//! `log --json`.

use serde::Serialize;

use super::super::generation::TaskScore;
use super::super::openings::TestDocument;
use super::super::run::RunView;
use super::super::spend::CostDocument;
use super::growth::touches_the_improver;
use crate::domain::event::{Diagnostic, GenerationStatus};
use crate::domain::judge::AnchorState;
use crate::domain::report::RaceReport;

/// All generations of a run, oldest first, rejected ones included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogDocument {
    /// The run.
    pub run: String,
    /// Whether no candidate of the run could have written its own score.
    pub sealed: bool,
    /// The best generation, by the select cases.
    pub best: Option<String>,
    /// The newest valid generation, or the one a person went back to.
    pub latest: Option<String>,
    /// Openings of the sealed test split, oldest first.
    pub tests: Vec<TestDocument>,
    /// Its generations.
    pub generations: Vec<LogEntry>,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogEntry {
    /// Its number.
    pub id: String,
    /// Its commit; null before it exists.
    pub commit: Option<String>,
    /// The generations it came from.
    pub parents: Vec<String>,
    /// A word for the kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// How it measured; the mean is null before an episode ended.
    pub score: ScoreDocument,
    /// The same for each task, in the order given.
    pub tasks: Vec<TaskScore>,
    /// Its mean score minus the parent's, in pairs; null when nothing is in common.
    pub effect: Option<f64>,
    /// Paths that differ from the first parent.
    pub files_changed: Vec<String>,
    /// Whether it changed the part of the agent that rewrites: the meta prompt or the strategy.
    pub improver: bool,
    /// What changed, in a line.
    pub summary: String,
    /// Whether a rollback set it aside.
    pub set_aside: bool,
    /// Why its measurement was broken off; null when it was not.
    pub raced_out: Option<String>,
    /// What the judge in office said of its solutions, apart from its score; absent where it read none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<JudgedDocument>,
    /// The test of its own judge in the present epoch; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<AnchorState>,
    /// What the validation found last; empty when valid.
    pub diagnostics: Vec<Diagnostic>,
    /// What calls used.
    pub cost: CostDocument,
}

/// What a judge said of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JudgedDocument {
    /// The mean of its verdicts, 0 to 1.
    pub mean: f64,
    /// Solutions it read.
    pub n: u32,
}

/// A mean with the number of episodes it is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreDocument {
    /// The mean score.
    pub mean: Option<f64>,
    /// Episodes that ended.
    pub n: usize,
}

impl LogDocument {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        let identity = view.identity.as_ref();
        let run = identity.map(|identity| identity.run.to_string()).unwrap_or_default();
        Self {
            tests: view.tests.iter().map(|test| test.document(&run)).collect(),
            run,
            sealed: view.is_sealed(),
            best: view.best().map(|id| id.to_string()),
            latest: view.latest.map(|id| id.to_string()),
            generations: view
                .generations
                .values()
                .map(|generation| LogEntry {
                    id: generation.id.to_string(),
                    commit: generation.commit.clone(),
                    parents: generation.parents.iter().map(ToString::to_string).collect(),
                    op: generation.op.clone(),
                    status: generation.status,
                    score: ScoreDocument { mean: generation.mean(), n: generation.measured() },
                    tasks: view.by_task(generation),
                    effect: view.effect(generation),
                    files_changed: generation.changed.clone(),
                    improver: touches_the_improver(generation),
                    summary: generation.summary.clone(),
                    judged: Some(view.epoch.judged(generation.id))
                        .filter(|(_, n)| *n > 0)
                        .map(|(mean, n)| JudgedDocument { mean, n }),
                    anchor: Some(view.epoch.test(generation.id)).filter(|test| test.n > 0),
                    set_aside: generation.set_aside,
                    raced_out: generation.raced_out.as_ref().map(RaceReport::why),
                    diagnostics: generation.diagnostics.clone(),
                    cost: CostDocument::from(&generation.spend),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::small_run;
    use super::*;

    #[test]
    fn the_document_has_every_field_of_the_contract() {
        let document =
            serde_json::to_value(LogDocument::of(&RunView::of(&small_run()))).expect("a document");
        assert_eq!(document["run"], "run-1");
        let entries = document["generations"].as_array().expect("generations");
        assert_eq!(entries.len(), 4);
        for field in
            ["id", "commit", "parents", "op", "status", "score", "files_changed", "summary", "cost"]
        {
            assert!(entries[1].get(field).is_some(), "`{field}` is missing");
        }
        assert_eq!(entries[1]["parents"], serde_json::json!(["gen-00000"]));
        assert_eq!(entries[1]["score"]["n"], 1);
        assert_eq!(
            entries[1]["tasks"],
            serde_json::json!([{"task": "snake", "mean": 0.2, "n": 1}])
        );
        assert_eq!(entries[2]["status"], "rejected");
        assert_eq!(entries[2]["score"]["mean"], serde_json::Value::Null);
    }
}
