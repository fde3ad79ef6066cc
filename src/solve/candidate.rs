//! From an answer to a candidate, or to the reason why there is none.

use crate::domain::agent::AnswerFormat;
use crate::domain::edit;
use crate::domain::files::FileSet;
use crate::domain::task::Task;

/// A candidate that may be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// All its files.
    pub files: FileSet,
    /// What its author says of it, in a line.
    pub summary: String,
}

/// Why an answer is no candidate; the reason goes back to its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A short class, for counting.
    pub class: &'static str,
    /// What did not fit, and what to do.
    pub reason: String,
}

/// Applies an answer to the candidate it changes, and screens what comes of it: editable paths, size, any change at
/// all.
pub fn from_answer(
    answer: &str,
    format: AnswerFormat,
    base: &FileSet,
    task: &Task,
) -> Result<Candidate, Refusal> {
    let solution = &task.spec.solution;
    let editable = solution.editable_paths();
    let unusable = |fault: edit::EditFault| Refusal { class: "answer", reason: fault.to_string() };
    let parsed = edit::parse(answer, format, &editable).map_err(unusable)?;
    let files = edit::apply(base, &parsed).map_err(unusable)?;
    editable
        .check(&files, &task.initial)
        .map_err(|fault| Refusal { class: fault.class(), reason: fault.to_string() })?;
    if files == *base {
        return Err(Refusal {
            class: "no_change",
            reason: "the answer leaves the candidate as it was; change something".into(),
        });
    }
    let bytes: usize = files.0.values().map(String::len).sum();
    if bytes as u64 > solution.max_kb * 1024 {
        return Err(Refusal {
            class: "size",
            reason: format!("the candidate has {bytes} bytes; at most {} KiB", solution.max_kb),
        });
    }
    Ok(Candidate { files, summary: parsed.summary })
}
