//! The evaluator: slots, blocks and stages, and the second look at what may have been the machine's fault.

use std::path::Path;

use tokio::sync::{RwLock, Semaphore};

use super::benchmarks::Benchmarks;
use super::message::Order;
use super::process::Machine;
use super::program;
use super::results::Results;
use super::session::{Look, Session, Subject};
use super::store::KEPT;
use super::together::together;
use super::verdict::{Failure, Playback, joined, measurement, results_of, unmeasured};
use crate::base::digest::Digest;
use crate::domain::files::FileSet;
use crate::domain::outcome::{CaseResult, Measurement, Outcome};
use crate::domain::task::{Case, Protocol, Task};
use crate::sandbox::Host;
use crate::sandbox::python::Python;

/// What a staged measurement came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Staged {
    /// All cases were measured, or the candidate failed on the way.
    Complete(Measurement),
    /// The screening cases alone were measured: the rest was not worth its cost.
    ScreenedOut(Measurement),
}

/// Measures candidates. One is built for a run and shared by all its tasks and threads.
///
/// Dropping a future of its methods ends the processes it had started.
#[derive(Debug)]
pub struct Evaluator {
    pub(super) machine: Machine,
    slots: Semaphore,
    /// Held for reading by every measurement, for writing by one that must have the machine to itself.
    alone: RwLock<()>,
    pub(super) benchmarks: Benchmarks,
    pub(super) results: Results,
}

impl Evaluator {
    /// An evaluator that measures up to `slots` candidates at once; the number never changes a result.
    pub fn new(host: Host, python: Python, slots: usize) -> Self {
        Self {
            machine: Machine::new(host, python),
            slots: Semaphore::new(slots.max(1)),
            alone: RwLock::new(()),
            benchmarks: Benchmarks::default(),
            results: Results::default(),
        }
    }

    /// Keeps results in a file of this folder too, and takes up those an earlier process left there.
    pub fn keep_in(&mut self, folder: &Path) {
        self.results.keep_in(&folder.join(KEPT), &self.machine.identity());
    }

    /// Which interpreter runs candidates and benchmarks, by version and build.
    pub fn interpreter(&self) -> String {
        self.machine.interpreter()
    }

    /// The digest of everything but candidate and cases that a result of a task depends on. A task whose folder changes
    /// while it is measured is refused.
    pub fn identity(&self, task: &Task) -> Result<Digest, Failure> {
        let folder = self.benchmarks.digest(task)?;
        let spec = format!("{:?}", task.spec);
        Ok(Digest::of_parts([
            ("task", folder.to_string().as_bytes()),
            ("settings", spec.as_bytes()),
            ("machine", self.machine.identity().to_string().as_bytes()),
        ]))
    }

    /// Measures a candidate on cases. Trouble of the machine or the benchmark is the outcome `Fault`, after a second try.
    ///
    /// Cases are measured in blocks of the task's size (a case with the protocol `metric-line`), each in a process of its own; the first alone, as a candidate
    /// that fails usually fails there, the others side by side.
    pub async fn measure(&self, task: &Task, candidate: &FileSet, cases: &[Case]) -> Measurement {
        let subject = Subject { task, candidate };
        let (head, rest) = cases.split_at(block_size(task).min(cases.len()));
        let (first, _) = self.block(subject, &[head], &|_| true).await;
        self.remaining(subject, first, rest).await
    }

    /// The same with all blocks side by side: for a candidate that has done its work before, and need not prove at a first
    /// block that it can.
    pub(super) async fn measure_at_once(
        &self,
        task: &Task,
        candidate: &FileSet,
        cases: &[Case],
    ) -> Measurement {
        let subject = Subject { task, candidate };
        let blocks = cases.chunks(block_size(task));
        let blocks = blocks.map(async |cases| self.block(subject, &[cases], &|_| true).await.0);
        let mut measured = together(blocks).await.into_iter();
        match measured.next() {
            Some(first) => joined(first, measured.collect()),
            None => self.measure(task, candidate, cases).await,
        }
    }

    /// Measures a candidate on the first `screening` cases and, where those results are worth it, on the rest; within a
    /// block both parts share a process of the candidate. A complete result is that of [`Evaluator::measure`].
    pub async fn measure_staged(
        &self,
        task: &Task,
        candidate: &FileSet,
        cases: &[Case],
        screening: usize,
        worth_continuing: impl Fn(&[CaseResult]) -> bool + Sync,
    ) -> Staged {
        if screening == 0 || screening >= cases.len() {
            return Staged::Complete(self.measure(task, candidate, cases).await);
        }
        let subject = Subject { task, candidate };
        if screening > block_size(task) {
            let (head, rest) = cases.split_at(screening);
            let first = self.measure(task, candidate, head).await;
            if first.outcome == Outcome::Graded && !worth_continuing(&first.cases) {
                return Staged::ScreenedOut(first);
            }
            return Staged::Complete(self.remaining(subject, first, rest).await);
        }
        let (head, rest) = cases.split_at(block_size(task).min(cases.len()));
        let (screened, remainder) = head.split_at(screening);
        let parts = if remainder.is_empty() { vec![screened] } else { vec![screened, remainder] };
        let (first, reach) = self.block(subject, &parts, &worth_continuing).await;
        match reach {
            Reach::Whole => Staged::Complete(self.remaining(subject, first, rest).await),
            Reach::Part => Staged::ScreenedOut(first),
        }
    }

    /// Plays one case back as text frames: the same case that a measurement sees.
    pub async fn play(&self, task: &Task, candidate: &FileSet, case: &Case) -> Playback {
        let _slot = self.slots.acquire().await.ok();
        let _shared = self.alone.read().await;
        match self.play_once(Subject { task, candidate }, case).await {
            Ok(playback) => playback,
            Err(failure) => Playback { frames: Vec::new(), failure: Some(failure) },
        }
    }

    async fn play_once(&self, subject: Subject<'_>, case: &Case) -> Result<Playback, Failure> {
        let mut session =
            Session::open(&self.machine, &self.benchmarks, subject, Look::Last).await?;
        let gathered = session.carry_out(Order::Play(case)).await;
        let (failure, _) = session.close(&self.benchmarks).await;
        Ok(Playback { frames: gathered.frames, failure })
    }

    /// Measures the blocks after the first, side by side, if the first was graded.
    async fn remaining(
        &self,
        subject: Subject<'_>,
        first: Measurement,
        rest: &[Case],
    ) -> Measurement {
        if first.outcome != Outcome::Graded || rest.is_empty() {
            return first;
        }
        let others = rest
            .chunks(block_size(subject.task))
            .map(async |cases| self.block(subject, &[cases], &|_| true).await.0);
        joined(first, together(others).await)
    }

    /// Measures one block, and once more with the machine to itself when the first result may be the machine's fault.
    async fn block(
        &self,
        subject: Subject<'_>,
        parts: &[&[Case]],
        go_on: &(dyn Fn(&[CaseResult]) -> bool + Sync),
    ) -> (Measurement, Reach) {
        let _slot = self.slots.acquire().await.ok();
        let first = {
            let _shared = self.alone.read().await;
            self.once(subject, Look::First, parts, go_on).await
        };
        if !matches!(first.0.outcome, Outcome::TimedOut | Outcome::Fault) {
            return first;
        }
        let _alone = self.alone.write().await;
        self.once(subject, Look::Last, parts, go_on).await
    }

    /// Measures the parts of one block in one process of the candidate, asking after the first whether to go on.
    async fn once(
        &self,
        subject: Subject<'_>,
        look: Look,
        parts: &[&[Case]],
        go_on: &(dyn Fn(&[CaseResult]) -> bool + Sync),
    ) -> (Measurement, Reach) {
        if subject.task.spec.protocol == Protocol::MetricLine {
            return self.once_by_program(subject, parts, go_on).await;
        }
        let opened = Session::open(&self.machine, &self.benchmarks, subject, look).await;
        let mut session = match opened {
            Ok(session) => session,
            Err(failure) => return (unmeasured(failure), Reach::Whole),
        };
        let mut results = Vec::new();
        let mut reach = Reach::Whole;
        let mut wrong = None;
        for (index, cases) in parts.iter().enumerate() {
            let gathered = session.carry_out(Order::Block(cases)).await;
            let (more, finding) = results_of(cases, gathered.reports);
            results.extend(more);
            wrong = finding;
            if session.is_broken() || wrong.is_some() {
                break;
            }
            if index == 0 && !go_on(&results) {
                reach = Reach::Part;
                break;
            }
        }
        let (failure, exit) = session.close(&self.benchmarks).await;
        (measurement(results, failure.or(wrong), exit), reach)
    }
}

impl Evaluator {
    /// The same where the benchmark is a program that runs the candidate itself: a process a case, one after the other.
    async fn once_by_program(
        &self,
        subject: Subject<'_>,
        parts: &[&[Case]],
        go_on: &(dyn Fn(&[CaseResult]) -> bool + Sync),
    ) -> (Measurement, Reach) {
        let mut measured: Option<Measurement> = None;
        for (index, cases) in parts.iter().enumerate() {
            for case in *cases {
                let one = program::run(&self.machine, &self.benchmarks, subject, case).await;
                let whole = match measured.take() {
                    Some(before) => joined(before, vec![one]),
                    None => one,
                };
                if whole.outcome != Outcome::Graded {
                    return (whole, Reach::Whole);
                }
                measured = Some(whole);
            }
            if index == 0 && measured.as_ref().is_some_and(|whole| !go_on(&whole.cases)) {
                return (measured.unwrap_or_else(no_cases), Reach::Part);
            }
        }
        (measured.unwrap_or_else(no_cases), Reach::Whole)
    }
}

fn no_cases() -> Measurement {
    unmeasured(Failure::fault("there are no cases to measure on"))
}

/// How far a measurement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Whole,
    Part,
}

pub(super) fn block_size(task: &Task) -> usize {
    if task.spec.protocol == Protocol::MetricLine {
        return 1;
    }
    usize::try_from(task.spec.benchmark.block).unwrap_or(usize::MAX).max(1)
}
