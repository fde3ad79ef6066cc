//! The examination: what is measured, in which order, and which verdict reads it.
//!
//! One evaluator with one slot keeps one benchmark process through everything, so that whatever that process remembers
//! shows in the last measurement of the start. A second evaluator with two slots has processes of its own.

use std::time::Instant;

use super::judge::{self, Found, Probed, Repeat};
use super::probes::probes;
use super::proposal::proposal;
use super::told::Told;
use crate::cli::failure::Failure;
use crate::domain::files::FileSet;
use crate::domain::outcome::{Measurement, Outcome};
use crate::domain::settings::SEED;
use crate::domain::task::{Case, Protocol, Split, Task};
use crate::evaluate::Evaluator;
use crate::model::offline;
use crate::sandbox::Host;
use crate::sandbox::python::Python;
use crate::view::document::check::Check;

/// Cases of a quick look: enough to find what is broken, too few to measure noise well.
const QUICK_TRAIN: usize = 5;
const QUICK_SELECT: usize = 10;

/// Programs of the offline optimiser that are tried until one is graded.
const TRIES: u32 = 12;
const QUICK_TRIES: u32 = 4;

/// What is examined, and how.
pub struct Subject {
    /// The task.
    pub task: Task,
    /// The best solution known.
    pub solution: Option<FileSet>,
    /// Whether fewer cases will do.
    pub quick: bool,
    /// How processes are started.
    pub host: Host,
    /// The interpreter.
    pub python: Python,
}

/// The cases measured on.
struct Cases {
    train: Vec<Case>,
    select: Vec<Case>,
}

/// The start on both splits, graded.
struct Start {
    train: Measurement,
    select: Measurement,
    metric: f64,
}

/// Makes every check that needs a measurement. One that is not graded where it must be ends the examination.
pub async fn examine(subject: &Subject, told: &mut Told) -> Result<(), Failure> {
    let task = &subject.task;
    let cases = Cases::of(subject);
    let evaluator = subject.evaluator(1);
    told.doing("measuring the start");
    let Some(start) = baseline(task, &evaluator, &cases, told).await? else { return Ok(()) };
    told.done(judge::splits(&task.spec, &start.train, &start.select))?;

    let deterministic = repeated(subject, &evaluator, &cases, &start, told).await?;
    let probed = match task.spec.protocol {
        Protocol::Isolated => probed(task, &evaluator, &cases, told).await,
        Protocol::MetricLine => Vec::new(),
    };
    told.done(match task.spec.protocol {
        Protocol::Isolated => judge::sealed(&task.spec, start.metric, &probed),
        Protocol::MetricLine => judge::unsealed(),
    })?;
    let all: Vec<&Measurement> =
        probed.iter().map(|probe| &probe.measured).chain([&start.train]).collect();
    told.done(judge::feedback(&start.train, &all))?;

    told.done(judge::ingredients(task, offline::pieces(&task.ingredients)))?;
    let found = offline_programs(subject, &evaluator, &cases, &start, told).await;
    told.done(judge::offline(task, &found))?;

    let solution = match &subject.solution {
        Some(files) => {
            told.doing("measuring the solution");
            let measured = evaluator.measure(task, files, &cases.select).await;
            told.done(judge::solution(&task.spec, start.select.metric, &measured))?;
            Some(measured).filter(|measured| measured.outcome == Outcome::Graded)
        }
        None => None,
    };
    told.done(judge::noise(&task.spec, &start.select, solution.as_ref()))?;

    last_look(task, &evaluator, &cases, &start, &deterministic, told).await?;
    if let (true, Some(case)) = (task.spec.playback, cases.train.first()) {
        told.doing("playing a case");
        told.done(judge::playback(&evaluator.play(task, &task.initial, case).await))?;
    }
    Ok(())
}

impl Subject {
    fn evaluator(&self, slots: usize) -> Evaluator {
        Evaluator::new(self.host.clone(), self.python.clone(), slots)
    }
}

impl Cases {
    fn of(subject: &Subject) -> Self {
        let mut train = subject.task.cases(&Split::train(), SEED);
        let mut select = subject.task.cases(&Split::select(), SEED);
        if subject.quick {
            train.truncate(QUICK_TRAIN);
            select.truncate(QUICK_SELECT);
        }
        Self { train, select }
    }
}

async fn baseline(
    task: &Task,
    evaluator: &Evaluator,
    cases: &Cases,
    told: &mut Told,
) -> Result<Option<Start>, Failure> {
    let train = evaluator.measure(task, &task.initial, &cases.train).await;
    let select = match train.outcome {
        Outcome::Graded => evaluator.measure(task, &task.initial, &cases.select).await,
        _ => train.clone(),
    };
    told.done(judge::baseline(&task.spec, &train, &select))?;
    Ok(match (train.metric, select.metric) {
        (Some(metric), Some(_)) => Some(Start { train, select, metric }),
        _ => None,
    })
}

/// The same measurements in fresh processes, two at once.
async fn repeated(
    subject: &Subject,
    evaluator: &Evaluator,
    cases: &Cases,
    start: &Start,
    told: &mut Told,
) -> Result<Check, Failure> {
    told.doing("measuring again in fresh processes");
    let (task, initial) = (&subject.task, &subject.task.initial);
    let fresh = subject.evaluator(2);
    let other = subject.solution.as_ref().unwrap_or(initial);
    let (again, beside) = tokio::join!(
        fresh.measure(task, initial, &cases.train),
        fresh.measure(task, other, &cases.train),
    );
    let first = evaluator.measure(task, other, &cases.train).await;
    let who = if subject.solution.is_some() { "the solution" } else { "the start" };
    let when = "in a fresh process";
    let check = judge::deterministic(&[
        Repeat { who: "the start", when, first: &start.train, again: &again },
        Repeat { who, when: "beside another candidate", first: &first, again: &beside },
    ]);
    told.done(check.clone())?;
    Ok(check)
}

async fn probed(task: &Task, evaluator: &Evaluator, cases: &Cases, told: &Told) -> Vec<Probed> {
    // A candidate can put its own functions in the place of an entry that it may not edit, so the probes do.
    let mut open = task.clone();
    open.spec.solution.editable.push(task.spec.solution.entry.clone());
    let mut probed = Vec::new();
    for probe in probes(task) {
        told.doing(&format!("trying the probe `{}`", probe.name));
        let measured = evaluator.measure(&open, &probe.files, &cases.train).await;
        probed.push(Probed { name: probe.name, measured });
    }
    probed
}

async fn offline_programs(
    subject: &Subject,
    evaluator: &Evaluator,
    cases: &Cases,
    start: &Start,
    told: &Told,
) -> Found {
    let mut found = Found::default();
    while found.metric.is_none() && found.tries < if subject.quick { QUICK_TRIES } else { TRIES } {
        found.tries += 1;
        told.doing(&format!("measuring program {} of the offline optimiser", found.tries));
        match proposal(&subject.task, &start.train, found.tries) {
            Err(reason) => found.refused.push(reason),
            Ok(files) => {
                let measured = evaluator.measure(&subject.task, &files, &cases.train).await;
                found.metric = measured.metric;
                found.refused.push(measured.reason);
            }
        }
    }
    found
}

/// The start once more, after everything else, in another order and in other blocks; timed, as everything is warm now.
async fn last_look(
    task: &Task,
    evaluator: &Evaluator,
    cases: &Cases,
    start: &Start,
    deterministic: &Check,
    told: &mut Told,
) -> Result<(), Failure> {
    told.doing("measuring the start again");
    let begun = Instant::now();
    let last = evaluator.measure(task, &task.initial, &cases.train).await;
    told.done(judge::speed(&last, begun.elapsed().as_secs_f64() * 1000.0))?;

    let reversed_cases: Vec<Case> = cases.train.iter().rev().cloned().collect();
    let reversed = evaluator.measure(task, &task.initial, &reversed_cases).await;
    let mut divided = task.clone();
    let third = cases.train.len().div_ceil(3).max(1);
    divided.spec.benchmark.block = u32::try_from(third).unwrap_or(1).min(task.spec.benchmark.block);
    let divided = evaluator.measure(&divided, &task.initial, &cases.train).await;
    let repeat = |when, again| Repeat { who: "the start", when, first: &start.train, again };
    told.done(judge::stateless(
        &[
            repeat("after other candidates", &last),
            repeat("with its cases in reverse", &reversed),
            repeat("in smaller blocks", &divided),
        ],
        deterministic,
    ))
}
