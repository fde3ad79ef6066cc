//! What a candidate must be before a process is started for it.

use std::path::{Component, Path};

use crate::domain::files::FileSet;
use crate::domain::task::Task;

/// Why a candidate is not measured at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A short class, for counting.
    pub class: &'static str,
    /// Words its author can act on.
    pub reason: String,
}

/// Checks size and paths: only the editable paths may differ from the task's starting solution.
pub fn screen(task: &Task, candidate: &FileSet) -> Result<(), Refusal> {
    let solution = &task.spec.solution;
    for path in candidate.changed_from(&task.initial) {
        let plain = |part| matches!(part, Component::Normal(_));
        if !Path::new(&path).components().all(plain) {
            let reason = format!("`{path}` leaves the solution folder");
            return Err(Refusal { class: "bad_path", reason });
        }
        if !solution.editable.contains(&path) {
            let reason = format!(
                "`{path}` may not be changed; editable are {}",
                solution.editable.join(", ")
            );
            return Err(Refusal { class: "not_editable", reason });
        }
        if candidate.get(&path).is_none() {
            let reason = format!("`{path}` is missing");
            return Err(Refusal { class: "missing_file", reason });
        }
    }
    let bytes: usize = candidate.0.values().map(String::len).sum();
    let most = solution.max_kb.saturating_mul(1024);
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > most) {
        let reason = format!("the solution has {bytes} bytes; at most {most} are allowed");
        return Err(Refusal { class: "too_large", reason });
    }
    Ok(())
}
