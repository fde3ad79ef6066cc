//! Benchmarks are kept between candidates: starting one costs as much as measuring a small candidate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::process::{Machine, Party};
use super::verdict::Failure;
use crate::base::digest::Digest;
use crate::domain::task::Task;
use crate::lab::tasks::task_digest;

/// The benchmarks that wait for their next block, by the folder of their task.
#[derive(Debug, Default)]
pub(super) struct Benchmarks {
    /// Never held across an await.
    kept: Mutex<BTreeMap<PathBuf, Kept>>,
}

/// What is kept of a task.
#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Party>,
    /// The content of the task's folder when its first benchmark was started.
    digest: Option<Digest>,
}

impl Benchmarks {
    /// A benchmark for one measurement: a waiting one, or else a new one.
    pub(super) async fn take(&self, machine: &Machine, task: &Task) -> Result<Party, Failure> {
        if let Some(benchmark) = self.of(task, |kept| kept.idle.pop()) {
            return Ok(benchmark);
        }
        self.check_unchanged(task)?;
        machine.start_benchmark(task).await.map_err(|error| Failure::fault_by(&error))
    }

    /// Keeps a benchmark that has carried out or given up its order.
    pub(super) fn give_back(&self, task: &Task, benchmark: Party) {
        self.of(task, |kept| kept.idle.push(benchmark));
    }

    /// The content of the task's folder, as it was when it was first asked for.
    pub(super) fn digest(&self, task: &Task) -> Result<Digest, Failure> {
        match self.of(task, |kept| kept.digest.clone()) {
            Some(digest) => Ok(digest),
            None => {
                self.check_unchanged(task)?;
                self.of(task, |kept| kept.digest.clone())
                    .ok_or_else(|| Failure::fault("the task's folder has no digest"))
            }
        }
    }

    /// Refuses a task whose folder is edited while it is measured: results before and after could not be compared.
    pub(super) fn check_unchanged(&self, task: &Task) -> Result<(), Failure> {
        let now = task_digest(&task.folder).map_err(|error| Failure::fault_by(&error))?;
        if self.of(task, |kept| *kept.digest.get_or_insert_with(|| now.clone()) == now) {
            Ok(())
        } else {
            let folder = task.folder.display();
            Err(Failure::fault(format!("{folder} was changed while its candidates were measured")))
        }
    }

    fn of<T>(&self, task: &Task, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        change(kept.entry(task.folder.clone()).or_default())
    }
}
