//! An evaluator on this machine, for the tests that measure candidates.
#![cfg(test)]

use std::path::{Path, PathBuf};

use hyperagent::domain::outcome::SandboxLevel;
use hyperagent::domain::task::Task;
use hyperagent::evaluate::Evaluator;
use hyperagent::lab::tasks::load_task;
use hyperagent::sandbox::{Host, probe, python};

/// A task of this checkout.
pub(crate) fn shipped(name: &str) -> Task {
    load_task(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks").join(name)).expect("a task")
}

fn executable() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_hyperagent"))
}

/// The best level this machine has.
pub(crate) async fn level() -> SandboxLevel {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evaluate-level");
    probe(&executable(), &std::env::temp_dir(), &cache).await.expect("a level").level
}

/// An evaluator at the best level this machine has.
pub(crate) async fn evaluator(slots: usize) -> Evaluator {
    evaluator_at(level().await, slots).await
}

/// An evaluator at a level.
pub(crate) async fn evaluator_at(level: SandboxLevel, slots: usize) -> Evaluator {
    evaluator_in(&std::env::temp_dir(), level, slots).await
}

/// An evaluator at a level whose temporary files are in this folder.
pub(crate) async fn evaluator_in(temporary: &Path, level: SandboxLevel, slots: usize) -> Evaluator {
    let host = Host { executable: executable(), level, temporary: temporary.to_owned() };
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evaluate-python");
    let path = std::env::var("PATH").expect("a PATH");
    let python = python::find(None, &path, &cache).await.expect("CPython");
    Evaluator::new(host, python, slots)
}
