//! What a candidate must be before a process is started for it.

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
    solution
        .editable_paths()
        .check(candidate, &task.initial)
        .map_err(|fault| Refusal { class: fault.class(), reason: fault.to_string() })?;
    let bytes: usize = candidate.0.values().map(String::len).sum();
    let most = solution.max_kb.saturating_mul(1024);
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > most) {
        let reason = format!("the solution has {bytes} bytes; at most {most} are allowed");
        return Err(Refusal { class: "too_large", reason });
    }
    Ok(())
}
