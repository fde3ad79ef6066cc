//! The last line of `run --json`.

use serde::Serialize;

use super::super::run::RunView;
use super::super::spend::CostDocument;
use super::super::standing::SelectDocument;
use crate::domain::outcome::SandboxLevel;
use crate::domain::report::ArmMetrics;
use crate::domain::settings::Start;
use crate::domain::task::Seal;

/// What a finished run came to; parts that were not measured are null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFinishedDocument {
    /// Always `run_finished`.
    pub event: &'static str,
    /// The number of the record.
    pub seq: u64,
    /// The run.
    pub run: String,
    /// Whether no candidate could have written its own score.
    pub sealed: bool,
    /// The best generation, by the select cases.
    pub best: Option<String>,
    /// How often these were asked.
    pub select: SelectDocument,
    /// The generation the kernel's statistics certified.
    pub certified: Option<String>,
    /// Rewrites made, rejected ones included.
    pub generations: usize,
    /// Of these, rejected.
    pub rejected: usize,
    /// Attempts made.
    pub attempts: u32,
    /// Trials made.
    pub trials: u64,
    /// Start against best, a task each.
    pub solutions: Vec<SolutionDocument>,
    /// The evolving agent against a frozen one.
    pub agent: AgentDocument,
    /// What calls used.
    pub cost: CostDocument,
    /// The level candidates ran at.
    pub sandbox: Option<SandboxLevel>,
    /// Why it ended, in words.
    pub why: String,
}

/// Start against best on one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolutionDocument {
    /// The task.
    pub task: String,
    /// Whether no candidate could have written its own score.
    pub sealed: bool,
    /// The mean metrics.
    pub metric: MetricPair,
    /// The difference over fresh cases.
    pub report: DifferenceDocument,
    /// The generation whose solution it is.
    pub from: String,
}

/// The metrics compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricPair {
    /// Of the task's initial solution.
    pub seed: f64,
    /// Of the best solution.
    pub best: f64,
}

/// A paired difference with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DifferenceDocument {
    /// Best minus seed.
    pub difference: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Cases compared.
    pub n: u32,
}

/// What is known about the agent itself; numbers are null unless a control arm measured them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentDocument {
    /// Where its episodes started: `carry` or `initial`.
    pub start: Option<Start>,
    /// The mean score of the frozen agent.
    pub control: Option<f64>,
    /// The mean score of the best agent.
    pub evolved: Option<f64>,
    /// Evolved minus frozen.
    pub difference: Option<f64>,
    /// The interval's lower end.
    pub low: Option<f64>,
    /// The interval's upper end.
    pub high: Option<f64>,
    /// Pairs of episodes compared.
    pub n: Option<u32>,
    /// The metrics behind the scores, a task each.
    pub tasks: Vec<ArmMetrics>,
}

impl AgentDocument {
    fn of(view: &RunView) -> Self {
        let report = view.agents.as_ref();
        Self {
            start: view.identity.as_ref().map(|identity| identity.start),
            control: report.map(|report| report.frozen),
            evolved: report.map(|report| report.evolved),
            difference: report.map(|report| report.difference),
            low: report.map(|report| report.low),
            high: report.map(|report| report.high),
            n: report.map(|report| report.n),
            tasks: report.map(|report| report.tasks.clone()).unwrap_or_default(),
        }
    }
}

impl RunFinishedDocument {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        let identity = view.identity.as_ref();
        Self {
            event: "run_finished",
            seq: view.seq,
            run: identity.map(|identity| identity.run.to_string()).unwrap_or_default(),
            sealed: view.is_sealed(),
            best: view.best().map(|id| id.to_string()),
            select: SelectDocument::of(view),
            certified: view.certified().map(|id| id.to_string()),
            generations: view.rewrites(),
            rejected: view.rejected(),
            attempts: view.attempts(),
            trials: view.trials(),
            solutions: view
                .solutions
                .iter()
                .map(|report| SolutionDocument {
                    task: report.task.to_string(),
                    sealed: identity
                        .is_none_or(|identity| identity.seal(&report.task) == Seal::Sealed),
                    metric: MetricPair { seed: report.seed, best: report.best },
                    report: DifferenceDocument {
                        difference: report.difference,
                        low: report.low,
                        high: report.high,
                        n: report.n,
                    },
                    from: report.from.to_string(),
                })
                .collect(),
            agent: AgentDocument::of(view),
            cost: CostDocument::from(&view.spend()),
            sandbox: view.sandbox,
            why: view.why(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::small_run;
    use super::*;

    #[test]
    fn the_last_line_tells_what_was_measured_and_nulls_what_was_not() {
        let document = serde_json::to_value(RunFinishedDocument::of(&RunView::of(&small_run())))
            .expect("a document");
        assert_eq!(document["event"], "run_finished");
        assert_eq!(document["best"], "gen-00003");
        assert_eq!(document["generations"], 3);
        assert_eq!(document["rejected"], 1);
        assert_eq!(document["solutions"][0]["report"]["n"], 60);
        assert_eq!(document["solutions"][0]["metric"]["best"], 11.5);
        assert_eq!(document["agent"]["control"], serde_json::Value::Null);
        assert_eq!(document["certified"], serde_json::Value::Null);
        assert_eq!(document["sandbox"], "full");
        assert_eq!(
            (&document["sealed"], &document["solutions"][0]["sealed"]),
            (&true.into(), &true.into())
        );
    }
}
