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
use crate::journal::{self, Journal};
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

/// A run, with its journal open if it has one.
pub(super) struct Taken {
    pub(super) agent: AgentFiles,
    pub(super) kernel: String,
    pub(super) tasks: BTreeMap<TaskName, Arc<Task>>,
    /// Absent: the run is new, and begins when everything else stands.
    pub(super) journal: Option<Journal>,
    pub(super) recorded: Recorded,
    pub(super) resumed: bool,
    pub(super) restarted: bool,
}

/// Opens the journal of the run an order is about, if it has one, and holds the order against it. The observer gets the
/// records after the number `seen`.
pub(super) fn take_up(
    world: &World,
    order: &Order,
    seen: u64,
    observer: &UnboundedSender<Record>,
) -> Result<Taken, EngineError> {
    let identity = &order.identity;
    let tasks = load_tasks(&world.lab, order)?;
    let folder = journal_folder(&world.lab, &identity.run);
    let unbegun = |journal, restarted| Taken {
        agent: order.agent.clone(),
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
    let mut first = None;
    let mut recorded = Recorded::of_resumed();
    let opened = Journal::open_each(&folder, world.clock.clone(), |record| {
        if first.is_none() {
            first = Some(record.event.clone());
        }
        if record.seq > seen {
            let _ = observer.send(record.clone());
        }
        recorded.take(record);
    })?;
    let Some(first) = first else {
        // Killed between the journal's header and its first record.
        return Ok(unbegun(Some(opened.journal), opened.restarted));
    };
    let Event::RunStarted { identity: was, agent, kernel, .. } = first else {
        let what = "its first record does not start a run".into();
        return Err(EngineError::Mismatch { run: identity.run.to_string(), what });
    };
    if was != *identity {
        return Err(EngineError::ChangedSettings { run: was.run.to_string() });
    }
    Ok(Taken {
        agent,
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
