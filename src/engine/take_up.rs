//! Taking a run up: its journal and what it says, or nothing yet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::EngineError;
use super::open::{Order, World};
use super::recorded::Recorded;
use crate::base::id::{RunName, TaskName};
use crate::domain::agent::AgentFiles;
use crate::domain::event::{Event, Record};
use crate::domain::task::Task;
use crate::journal::{self, Journal, Mark};
use crate::lab::Lab;
use crate::lab::tasks::{load_task, task_digest};

/// The version of this kernel.
const KERNEL: &str = env!("CARGO_PKG_VERSION");

/// The folder in which every run has its own.
pub fn runs_folder(lab: &Lab) -> PathBuf {
    lab.generations().join(".git").join("hyperagent")
}

/// The folder of a run's journal.
pub fn journal_folder(lab: &Lab, run: &RunName) -> PathBuf {
    runs_folder(lab).join(run.as_str())
}

/// What a journal says, read before its run is taken up. It is long, so it is read once, for people and engine alike.
#[derive(Debug)]
pub struct Reading {
    first: Option<Event>,
    recorded: Recorded,
    mark: Option<Mark>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { first: None, recorded: Recorded::of_resumed(), mark: None }
    }
}

impl Reading {
    /// Takes in the next record.
    pub fn take(&mut self, record: Record) {
        if self.first.is_none() {
            self.first = Some(record.event.clone());
        }
        self.recorded.take(record);
    }

    /// The same, and how far the journal was read.
    #[must_use]
    pub fn until(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }
}

/// A run, with its journal open if it has one.
pub(super) struct Taken {
    pub(super) agent: AgentFiles,
    pub(super) improver: Option<AgentFiles>,
    pub(super) kernel: String,
    pub(super) tasks: BTreeMap<TaskName, Arc<Task>>,
    /// Absent: the run is new, and begins when everything else stands.
    pub(super) journal: Option<Journal>,
    pub(super) recorded: Recorded,
    pub(super) resumed: bool,
    pub(super) restarted: bool,
}

/// Opens the journal of the run an order is about, if it has one, and holds the order against it. The observer gets the
/// records it has not read.
pub(super) fn take_up(
    world: &World,
    order: &Order,
    read: Option<Reading>,
    observer: &UnboundedSender<Record>,
) -> Result<Taken, EngineError> {
    let identity = &order.identity;
    let tasks = load_tasks(&world.lab, order)?;
    let folder = journal_folder(&world.lab, &identity.run);
    let unbegun = |journal, restarted| Taken {
        agent: order.agent.clone(),
        improver: order.improver.clone(),
        kernel: KERNEL.into(),
        tasks: tasks.clone(),
        journal,
        recorded: Recorded::default(),
        resumed: false,
        restarted,
    };
    if !folder.join(journal::FILE).exists() {
        return Ok(unbegun(None, false));
    }
    let mut reading = read.unwrap_or_default();
    let mark = reading.mark.take();
    let opened = Journal::open_after(&folder, world.clock.clone(), mark.as_ref(), |record| {
        if !observer.is_closed() {
            let _ = observer.send(record.clone());
        }
        reading.take(record);
    })?;
    let Reading { first, recorded, .. } = reading;
    let Some(first) = first else {
        // Killed between the journal's header and its first record.
        return Ok(unbegun(Some(opened.journal), opened.restarted));
    };
    let Event::RunStarted { identity: was, agent, improver, kernel, .. } = first else {
        let what = "its first record does not start a run".into();
        return Err(EngineError::Mismatch { run: identity.run.to_string(), what });
    };
    if was != *identity {
        return Err(EngineError::ChangedSettings { run: was.run.to_string() });
    }
    Ok(Taken {
        agent,
        improver,
        kernel,
        tasks,
        journal: Some(opened.journal),
        recorded,
        resumed: true,
        restarted: opened.restarted,
    })
}

/// The tasks of a run; they must be what they were when its identity was fixed.
fn load_tasks(lab: &Lab, order: &Order) -> Result<BTreeMap<TaskName, Arc<Task>>, EngineError> {
    let identity = &order.identity;
    let mut tasks = BTreeMap::new();
    for name in &identity.tasks {
        let folder = lab.task(name);
        let digest = task_digest(&folder)?;
        if identity.task_digests.get(name).map(String::as_str) != Some(digest.as_str()) {
            let what = format!("the files of task {name} changed since it was started");
            return Err(EngineError::Mismatch { run: identity.run.to_string(), what });
        }
        tasks.insert(name.clone(), Arc::new(load_task(&folder)?));
    }
    Ok(tasks)
}
