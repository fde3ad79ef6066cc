//! Measuring candidates for a run: a fault of the machine is nobody's score, and what is plainly worse is not measured
//! to the end.

use tokio_util::sync::CancellationToken;

use super::Stopped;
use super::session::Session;
use crate::base::id::EpisodeId;
use crate::domain::event::{AttemptEnd, AttemptResult, Halt};
use crate::domain::files::FileSet;
use crate::domain::ladder::SelectResult;
use crate::domain::outcome::{CaseResult, Measurement, Outcome, Violation, ViolationKind};
use crate::domain::task::{Case, Split, Task};
use crate::evaluate::{Evaluator, Grading, Staged};
use crate::lint;

/// The most weaknesses that stand with a result.
const FINDINGS: usize = 8;

/// The train cases of a task.
pub fn train_cases(session: &Session, task: &Task) -> Vec<Case> {
    task.cases(&Split::train(), session.identity.seed)
}

/// Measures a solution: one that did its work before, if on other cases. A fault of the machine is tried once more and then halts the run.
pub async fn measure(
    session: &Session,
    task: &Task,
    files: &FileSet,
    cases: &[Case],
) -> Result<Measurement, Stopped> {
    measure_with(&session.evaluator, &session.cancel, task, files, cases).await
}

/// Measures a draft, of which nothing is known before its first cases.
pub async fn draft(
    session: &Session,
    task: &Task,
    files: &FileSet,
    cases: &[Case],
) -> Result<Measurement, Stopped> {
    let Session { evaluator, cancel, .. } = session;
    let work = Work { evaluator, cancel, task, files, cases, at_once: false };
    Ok(whole(work.staged(0, Base::default()).await?))
}

/// What a solution is worth on a block of select cases, and the trials it took.
pub async fn select(
    session: &Session,
    task: &Task,
    episode: &EpisodeId,
    files: &FileSet,
    block: u32,
) -> Result<(SelectResult, u32), Stopped> {
    let cases = task.select_cases(session.identity.seed, block);
    let measured = measure(session, task, files, &cases).await?;
    let score = |metric| task.spec.score.score(metric);
    let of_cases = measured.metric.map(|_| measured.cases.iter().map(|case| score(case.metric)));
    let selected = SelectResult {
        episode: episode.clone(),
        metric: measured.metric,
        score: measured.metric.map_or(0.0, score),
        cases: of_cases.into_iter().flatten().collect(),
    };
    Ok((selected, u32::try_from(measured.cases.len()).unwrap_or(u32::MAX)))
}

/// Measures a solution, without a session.
pub async fn measure_with(
    evaluator: &Evaluator,
    cancel: &CancellationToken,
    task: &Task,
    files: &FileSet,
    cases: &[Case],
) -> Result<Measurement, Stopped> {
    let work = Work { evaluator, cancel, task, files, cases, at_once: true };
    Ok(whole(work.staged(0, Base::default()).await?))
}

fn whole(staged: Staged) -> Measurement {
    match staged {
        Staged::Complete(measured) | Staged::ScreenedOut(measured) => measured,
    }
}

/// What a candidate is held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Base<'a> {
    /// What its base did on each case; none where there is no base.
    pub cases: &'a [CaseResult],
    /// The best metric of the episode when the candidate was decided on. Only a result above it can become the best one,
    /// so only that is asked again; a best one is never replaced by a worse one meanwhile.
    pub best: Option<f64>,
}

/// Measures a candidate in fresh processes, whatever is known of it: for its times, which are not the same twice.
pub async fn measure_anew(
    session: &Session,
    task: &Task,
    files: &FileSet,
    cases: &[Case],
) -> Result<Measurement, Stopped> {
    let once = async || {
        tokio::select! {
            biased;
            () = session.cancel.cancelled() => Err(Stopped::interrupted()),
            measured = session.evaluator.measure(task, files, cases) => Ok(measured),
        }
    };
    let mut measured = once().await?;
    if measured.outcome == Outcome::Fault {
        measured = once().await?;
    }
    match measured.outcome {
        Outcome::Fault => Err(cannot_be_measured(task, &measured.reason)),
        _ => Ok(measured),
    }
}

fn cannot_be_measured(task: &Task, reason: &str) -> Stopped {
    let detail = format!("{} cannot be measured: {reason}", task.name());
    Stopped::Halted { why: Halt::Environment, detail }
}

/// Measures a candidate on the task's first `screen` cases and, unless its base did better on every one of them, on the
/// rest. The measurement of a candidate screened out has no metric: a mean over other cases is not comparable.
pub async fn screened(
    session: &Session,
    task: &Task,
    files: &FileSet,
    cases: &[Case],
    base: Base<'_>,
) -> Result<AttemptResult, Stopped> {
    let screen = usize::try_from(task.spec.benchmark.screen).unwrap_or(usize::MAX);
    let Session { evaluator, cancel, .. } = session;
    let work = Work { evaluator, cancel, task, files, cases, at_once: false };
    match work.staged(screen, base).await? {
        Staged::Complete(measured) => Ok(from_measurement(task, files, measured)),
        Staged::ScreenedOut(measured) => {
            let seen = measured.cases.len();
            Ok(AttemptResult {
                end: AttemptEnd::ScreenedOut,
                metric: None,
                score: None,
                reason: format!("worse than its base on each of the first {seen} cases"),
                ..from_measurement(task, files, measured)
            })
        }
    }
}

/// One candidate to measure.
struct Work<'a> {
    evaluator: &'a Evaluator,
    cancel: &'a CancellationToken,
    task: &'a Task,
    files: &'a FileSet,
    cases: &'a [Case],
    /// Whether its blocks need not wait for the first.
    at_once: bool,
}

impl Work<'_> {
    async fn staged(&self, screen: usize, base: Base<'_>) -> Result<Staged, Stopped> {
        let mut staged = self.once(screen, base).await?;
        if fault_of(&staged).is_some() {
            staged = self.once(screen, base).await?;
        }
        match fault_of(&staged) {
            None => Ok(staged),
            Some(reason) => Err(cannot_be_measured(self.task, reason)),
        }
    }

    /// Dropped work ends its processes.
    async fn once(&self, screen: usize, base: Base<'_>) -> Result<Staged, Stopped> {
        let Self { evaluator, cancel, task, files, cases, at_once } = self;
        let go_on = |seen: &[CaseResult]| !is_worse_everywhere(task, seen, base.cases);
        let grading =
            Grading { task, candidate: files, cases, screening: screen, at_once: *at_once };
        let matters = |measured: &Measurement| {
            measured
                .metric
                .is_some_and(|metric| base.best.is_none_or(|before| task.better(metric, before)))
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Stopped::interrupted()),
            staged = evaluator.grade(grading, go_on, matters) => Ok(staged),
        }
    }
}

/// Whether the base did better on each of the cases.
fn is_worse_everywhere(task: &Task, seen: &[CaseResult], base: &[CaseResult]) -> bool {
    seen.iter().all(|case| {
        let before = base.iter().find(|before| before.id == case.id);
        before.is_some_and(|before| task.better(before.metric, case.metric))
    })
}

/// Why nobody can be blamed for a measurement, if so.
fn fault_of(staged: &Staged) -> Option<&str> {
    match staged {
        Staged::Complete(measured) | Staged::ScreenedOut(measured) => {
            (measured.outcome == Outcome::Fault).then_some(&measured.reason)
        }
    }
}

/// The weaknesses of a candidate's text that its task's start has not, as they stand with a result.
pub fn weaknesses(task: &Task, files: &FileSet) -> impl Iterator<Item = Violation> {
    lint::findings(files, &task.initial)
        .into_iter()
        .take(FINDINGS)
        .map(|found| Violation { kind: ViolationKind::Static, detail: found.to_string() })
}

/// A measurement as an attempt's result; whether it is accepted is still open.
pub fn from_measurement(task: &Task, files: &FileSet, measured: Measurement) -> AttemptResult {
    let trials = measured.cases.len().try_into().unwrap_or(u32::MAX);
    AttemptResult {
        end: match measured.outcome {
            Outcome::Graded => AttemptEnd::Rejected,
            _ => AttemptEnd::Failed,
        },
        outcome: Some(measured.outcome),
        candidate: Some(files.digest()),
        files: None,
        score: measured.metric.map(|metric| task.spec.score.score(metric)),
        metric: measured.metric,
        gain: None,
        cases: measured.cases,
        lines: files.lines().try_into().unwrap_or(u32::MAX),
        reason: measured.reason,
        error_class: measured.error_class,
        summary: String::new(),
        model: None,
        violations: measured.violations.into_iter().chain(weaknesses(task, files)).collect(),
        usage: measured.usage,
        trials,
        handed_back: Vec::new(),
        features: Vec::new(),
        gate: None,
        quality: None,
    }
}
