//! How a run measures: nothing twice, and what looks good is asked again.
//!
//! A candidate serves a block of cases in one process, so its answer to one may depend on those before: by accident, or
//! to learn what it should not. When its result would matter, a sample of the cases is asked again in a fresh process and
//! the other way round. If any metric differs, every case is measured in a process of its own, and that counts.

use super::evaluator::{Evaluator, Staged, block_size};
use super::results::{Stage, reused};
use super::verdict::{Failure, unmeasured};
use crate::base::digest::Digest;
use crate::domain::files::FileSet;
use crate::domain::outcome::{CaseResult, Measurement, Outcome, Violation, ViolationKind};
use crate::domain::task::{Case, Protocol, Task};

/// Cases that are asked again: the last, the first, and what lies evenly between them.
const SAMPLE: usize = 4;

/// What a grading is about.
#[derive(Debug, Clone, Copy)]
pub struct Grading<'a> {
    /// The task.
    pub task: &'a Task,
    /// The candidate.
    pub candidate: &'a FileSet,
    /// The cases.
    pub cases: &'a [Case],
    /// How many of them are measured before it is decided whether the rest is worth its cost; 0: none.
    pub screening: usize,
    /// Whether its blocks run side by side at once. Otherwise the first runs alone, as a candidate that fails usually fails
    /// there. It changes no result.
    pub at_once: bool,
}

impl Evaluator {
    /// Measures as [`Evaluator::measure_staged`] does, unless the result is known, and asks again what `matters`.
    pub async fn grade(
        &self,
        grading: Grading<'_>,
        worth_continuing: impl Fn(&[CaseResult]) -> bool + Sync,
        matters: impl Fn(&Measurement) -> bool,
    ) -> Staged {
        let Grading { task, candidate, cases, screening, at_once } = grading;
        let key = match self.key(grading) {
            Ok(key) => key,
            Err(fault) => return Staged::Complete(unmeasured(fault)),
        };
        let mut known = self.results.of(&key).await;
        if let Some(screened) = known.screened(screening, cases.len())
            && !worth_continuing(&screened.cases)
        {
            return Staged::ScreenedOut(reused(&screened));
        }
        let whole = match &known.whole {
            Some(whole) if known.answers(screening, cases.len(), &worth_continuing) => {
                reused(whole)
            }
            _ => {
                let measured = if at_once && screening == 0 {
                    Staged::Complete(self.measure_at_once(task, candidate, cases).await)
                } else {
                    self.measure_staged(task, candidate, cases, screening, worth_continuing).await
                };
                match measured {
                    Staged::ScreenedOut(screened) => {
                        let stage = Stage::Screened(screening);
                        self.results.keep(&key, &mut known, stage, &screened);
                        return Staged::ScreenedOut(screened);
                    }
                    Staged::Complete(whole) => {
                        self.results.keep(&key, &mut known, Stage::Whole, &whole);
                        whole
                    }
                }
            }
        };
        if whole.outcome != Outcome::Graded || !matters(&whole) {
            return Staged::Complete(whole);
        }
        if let Some(confirmed) = &known.confirmed {
            return Staged::Complete(reused(confirmed));
        }
        let confirmed = self.confirmed(grading, whole).await;
        self.results.keep(&key, &mut known, Stage::Confirmed, &confirmed);
        Staged::Complete(confirmed)
    }

    /// Asks a sample again; the measurement as it was, or the one that counts instead.
    async fn confirmed(&self, grading: Grading<'_>, measured: Measurement) -> Measurement {
        let Grading { task, candidate, cases, .. } = grading;
        if task.spec.protocol == Protocol::MetricLine || cases.len() < 2 || block_size(task) < 2 {
            return measured;
        }
        let again = self.measure(task, candidate, &sample(cases)).await;
        if again.outcome == Outcome::Fault {
            return again;
        }
        let Some(detail) = difference(&measured, &again) else {
            let mut usage = measured.usage;
            usage.wall_ms += again.usage.wall_ms;
            usage.cpu_ms += again.usage.cpu_ms;
            usage.reused = false;
            return Measurement { usage, ..measured };
        };
        let mut alone = task.clone();
        alone.spec.benchmark.block = 1;
        let mut counted = self.measure(&alone, candidate, cases).await;
        if !declares_chance(candidate) && counted.outcome != Outcome::Fault {
            counted.violations.push(Violation { kind: ViolationKind::Stateful, detail });
        }
        counted
    }

    fn key(&self, grading: Grading<'_>) -> Result<Digest, Failure> {
        let Grading { task, candidate, cases, .. } = grading;
        let evaluator = self.identity(task)?;
        let told = |case: &Case| match &case.data {
            None => format!("{} {}", case.id, case.seed),
            Some(data) => format!("{} {} {data}", case.id, case.seed),
        };
        let cases: Vec<String> = cases.iter().map(told).collect();
        Ok(Digest::of_parts([
            ("evaluator", evaluator.to_string().as_bytes()),
            ("candidate", candidate.digest().to_string().as_bytes()),
            ("cases", cases.join("\n").as_bytes()),
        ]))
    }
}

/// Cases spread over all of them, the last one first.
fn sample(cases: &[Case]) -> Vec<Case> {
    let last = cases.len().saturating_sub(1);
    let count = SAMPLE.min(cases.len());
    let steps = count.saturating_sub(1).max(1);
    (0..count).rev().filter_map(|step| cases.get(last * step / steps).cloned()).collect()
}

/// The first case, in the order of asking again, whose metric is another in a fresh process.
fn difference(before: &Measurement, again: &Measurement) -> Option<String> {
    if again.outcome != Outcome::Graded {
        let class = &again.error_class;
        return Some(format!("stateful: graded, and `{class}` when asked again in another order"));
    }
    again.cases.iter().find_map(|case| {
        let first = before.cases.iter().find(|first| first.id == case.id)?;
        let (id, was, is) = (&case.id, first.metric, case.metric);
        (was.to_bits() != is.to_bits()).then(|| {
            format!("stateful: {id} gives {is} in a fresh process and another order, {was} before")
        })
    })
}

/// Whether a candidate says that it draws random numbers. These run on from case to case, so another order gives another
/// result without any trick; what counts is the fresh processes' all the same.
fn declares_chance(candidate: &FileSet) -> bool {
    candidate.0.values().any(|text| text.contains("random"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_spread_and_asked_the_other_way_round() {
        let ids = |count: u64| {
            let cases: Vec<Case> =
                (0..count).map(|seed| Case::seeded(seed.to_string(), seed)).collect();
            sample(&cases).iter().map(|case| case.seed).collect::<Vec<_>>()
        };
        assert_eq!(ids(20), [19, 12, 6, 0]);
        assert_eq!(ids(2), [1, 0]);
        assert_eq!(ids(1), [0]);
        assert_eq!(ids(0), [0; 0]);
    }
}
