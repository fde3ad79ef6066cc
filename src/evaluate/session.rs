//! One candidate and one benchmark, brought together for a measurement or a playback.

use std::time::Duration;

use super::benchmarks::Benchmarks;
use super::findings::findings;
use super::message::Order;
use super::process::{Machine, Party};
use super::relay::{End, Gathered, Terms, await_ready, carry_out};
use super::screen::screen;
use super::tail::tail;
use super::verdict::{Failure, failure_of};
use crate::domain::files::FileSet;
use crate::domain::outcome::Outcome;
use crate::domain::task::Task;
use crate::sandbox::Exit;

/// A benchmark may compute this long between two messages, if its task's wall limit is not longer.
const LEAST_SILENCE_MS: u64 = 10_000;

/// What an interpreter may take to start on a busy machine, on top of the time for an answer.
const START_ROOM: Duration = Duration::from_secs(5);

/// The first look waits this part of the time that a task gives for an answer.
const FIRST_LOOK_PART: u32 = 4;

/// Bytes of a failed benchmark's standard error that are shown.
const SHOWN_ERROR: usize = 2_000;

/// What is measured: a candidate of a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) task: &'a Task,
    pub(super) candidate: &'a FileSet,
}

/// Whether a result that may be the machine's fault is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    First,
    Last,
}

/// A candidate in a fresh process, and a benchmark for it.
pub(super) struct Session<'a> {
    task: &'a Task,
    /// How long the candidate may take for one answer.
    answer: Duration,
    benchmark: Party,
    candidate: Party,
    /// `Done` as long as nothing broke.
    end: End,
}

impl<'a> Session<'a> {
    /// Screens the candidate and starts it.
    pub(super) async fn open(
        machine: &Machine,
        benchmarks: &Benchmarks,
        Subject { task, candidate }: Subject<'a>,
        look: Look,
    ) -> Result<Self, Failure> {
        screen(task, candidate)
            .map_err(|refusal| Failure::new(Outcome::Invalid, refusal.class, refusal.reason))?;
        let benchmark = benchmarks.take(machine, task).await?;
        let mut candidate = machine
            .start_candidate(task, candidate)
            .await
            .map_err(|error| Failure::fault_by(&error))?;
        let answer = answer_limit(task, look);
        let end = match await_ready(&mut candidate.wire, answer + START_ROOM).await {
            Ok(()) => End::Done,
            Err(end) => end,
        };
        Ok(Self { task, answer, benchmark, candidate, end })
    }

    /// Has an order carried out, unless something broke before.
    pub(super) async fn carry_out(&mut self, order: Order<'_>) -> Gathered {
        if self.is_broken() {
            return Gathered::default();
        }
        let silence = self.task.spec.limits.wall_ms.max(LEAST_SILENCE_MS);
        let terms = Terms {
            functions: &self.task.spec.benchmark.functions,
            silence: Duration::from_millis(silence),
            answer: self.answer,
        };
        let (gathered, end) =
            carry_out(order, terms, &mut self.benchmark.wire, &mut self.candidate.wire).await;
        self.end = end;
        gathered
    }

    /// Whether no further order can be carried out.
    pub(super) fn is_broken(&self) -> bool {
        self.end != End::Done
    }

    /// Ends the candidate's process, keeps the benchmark for the next one, and says what went wrong, if anything did.
    pub(super) async fn close(mut self, benchmarks: &Benchmarks) -> (Option<Failure>, Exit) {
        let mut exit = match self.end {
            End::Done | End::Gone { .. } => {
                let (exit, has_rest) = self.candidate.leave().await;
                if has_rest && self.end == End::Done {
                    self.end = End::Tampered { detail: "wrote to the relay unasked".into() };
                }
                exit
            }
            _ => self.candidate.end().await,
        };
        exit.violations.extend(findings(&exit, &self.task.spec.metric));
        let mut failure = failure_of(&self.end, &exit, &self.task.spec.limits);
        if matches!(self.end, End::BenchmarkFailed { .. }) {
            let said = self.benchmark.end().await.stderr;
            if let Some(failure) = &mut failure {
                failure.reason.push_str(&tail(&said, SHOWN_ERROR));
            }
        } else {
            benchmarks.give_back(self.task, self.benchmark);
        }
        (failure, exit)
    }
}

/// How long one answer may take: a part of the whole time at the first look, so that a candidate that never answers is
/// soon known, and all of it at the last. A task that does not say leaves it to the sandbox, which ends a process at
/// its wall limit; should the sandbox itself hang, the relay still does not.
fn answer_limit(task: &Task, look: Look) -> Duration {
    match (task.spec.benchmark.answer_ms, look) {
        (Some(answer_ms), Look::First) => Duration::from_millis(answer_ms) / FIRST_LOOK_PART,
        (Some(answer_ms), Look::Last) => Duration::from_millis(answer_ms),
        (None, _) => Duration::from_millis(task.spec.limits.wall_ms) + START_ROOM,
    }
}
