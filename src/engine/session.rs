//! What a running engine holds: the run's identity and every port it may use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::Stopped;
use super::costs::Costs;
use super::recorded::Recorded;
use crate::archive::Archive;
use crate::base::id::{Alias, TaskName};
use crate::domain::action::OuterAction;
use crate::domain::event::{Event, Halt, Record};
use crate::domain::outcome::SandboxLevel;
use crate::domain::settings::Identity;
use crate::domain::task::Task;
use crate::evaluate::Evaluator;
use crate::journal::Journal;
use crate::lab::Lab;
use crate::lint::linter::Checker;
use crate::model::Models;
use crate::rewrite::Agent;
use crate::script::Pool;

/// A run under way. Everything in it is shared by its tasks.
pub struct Session {
    /// What makes the run what it is.
    pub identity: Identity,
    /// Its tasks.
    pub tasks: BTreeMap<TaskName, Arc<Task>>,
    /// The version of the kernel the run was started with.
    pub kernel: String,
    /// Whether the machine started anew since a process last worked on the run; what was not flushed wants a look.
    pub restarted: bool,
    /// The record.
    pub journal: Journal,
    /// What the journal said when the run was taken up.
    pub recorded: Recorded,
    /// What models were paid for work that is not taken in yet.
    pub costs: Costs,
    /// The recorded run that this one repeats: its answers stand for the models', its rollbacks for the person's.
    pub repeated: Option<Recorded>,
    /// The lab.
    pub lab: Lab,
    /// The generations.
    pub archive: Archive,
    /// Who answers.
    pub models: Models,
    /// The aliases an agent may name.
    pub aliases: BTreeSet<Alias>,
    /// Who measures.
    pub evaluator: Evaluator,
    /// Who looks at code quality.
    pub checker: Checker,
    /// Warm script workers.
    pub scripts: Arc<Pool>,
    /// When this process must stop, if the person set a time.
    pub deadline: Option<Instant>,
    /// The level candidates run at.
    pub sandbox: SandboxLevel,
    /// The agent whose meta role makes every rewrite, where that is none of the run's.
    pub transferred: Option<Arc<Agent>>,
    /// Set when the run is to stand still at once.
    pub cancel: CancellationToken,
    /// Set when it is to stand still once the work under way has ended.
    pub pause: CancellationToken,
    /// Who watches; a watcher that went away is no reason to stop.
    pub observer: Mutex<UnboundedSender<Record>>,
}

impl Session {
    /// Writes an event; durable on return.
    pub async fn record(&self, event: Event) -> Result<Record, Stopped> {
        let record = self.write(event)?;
        self.journal.sync().await?;
        Ok(record)
    }

    /// Writes an event whose loss would only mean that free and repeatable work is done again; it becomes durable with
    /// the next [`Session::record`].
    pub fn append(&self, event: Event) -> Result<(), Stopped> {
        self.write(event).map(|_| ())
    }

    /// Writes and shows an event. Both happen under one lock, so the watcher gets events in the journal's order.
    fn write(&self, event: Event) -> Result<Record, Stopped> {
        let observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner);
        let record = self.journal.append(event)?;
        let _ = observer.send(record.clone());
        Ok(record)
    }

    /// Whether a task of the run takes proposed cases.
    pub fn takes_proposals(&self) -> bool {
        self.tasks.values().any(|task| task.spec.proposals.is_some())
    }

    /// An error once the run is to stand still: a person asked, or the time is up.
    pub fn check_going(&self) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped::interrupted());
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let detail = "the time given by max_minutes is up".into();
            return Err(Stopped::Halted { why: Halt::Budget, detail });
        }
        Ok(())
    }

    /// An error once nothing new is to begin.
    pub fn check_beginning(&self) -> Result<(), Stopped> {
        if self.pause.is_cancelled() {
            let detail = "paused from another terminal".into();
            return Err(Stopped::Halted { why: Halt::Paused, detail });
        }
        Ok(())
    }

    /// An error when a role that the action cannot do without has no budget left: nothing is rewritten that could not be
    /// measured, and nothing measured without attempts.
    pub fn check_roles(&self, action: &OuterAction) -> Result<(), Stopped> {
        let roles: &[&str] = match action {
            OuterAction::Expand { .. } | OuterAction::Reflect { .. } => &["meta", "worker"],
            OuterAction::Evaluate { .. } | OuterAction::Merge { .. } => &["worker"],
            OuterAction::Attack { .. } => &["tester"],
            OuterAction::Judge { .. } => &["judge"],
            OuterAction::Promote { .. }
            | OuterAction::Epoch { .. }
            | OuterAction::Retire { .. }
            | OuterAction::Stop { .. } => &[],
        };
        match roles.iter().find_map(|role| self.models.exhausted(role)) {
            Some(detail) => Err(Stopped::Halted { why: Halt::Budget, detail }),
            None => Ok(()),
        }
    }

    /// Where the decisions of people are read: the run's own journal, or that of the run it repeats.
    pub fn source(&self) -> &Recorded {
        self.repeated.as_ref().unwrap_or(&self.recorded)
    }

    /// A random seed for one purpose of this run.
    pub fn seed(&self, purpose: &str, indices: &[u64]) -> u64 {
        crate::base::rng::seed(self.identity.seed, purpose, indices)
    }

    /// The name of each task's metric.
    pub fn metrics(&self) -> BTreeMap<TaskName, String> {
        self.tasks.iter().map(|(name, task)| (name.clone(), task.spec.metric.clone())).collect()
    }

    /// The position of a task among the run's, for random streams.
    pub fn task_index(&self, task: &TaskName) -> u64 {
        self.identity.tasks.iter().position(|name| name == task).unwrap_or(usize::MAX) as u64
    }
}
