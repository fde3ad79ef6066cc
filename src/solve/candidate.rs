//! From an answer to a candidate, or to the reason why there is none.

use super::episode::Attempt;
use crate::domain::agent::AnswerFormat;
use crate::domain::edit;
use crate::domain::event::{AttemptEnd, AttemptResult};
use crate::domain::files::FileSet;
use crate::domain::task::{FindingsRule, Task};
use crate::lint;

/// Findings told at once.
const SHOWN: usize = 8;

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
    if task.spec.screening.findings == FindingsRule::Refuse {
        let found = lint::findings(&files, &task.initial);
        if !found.is_empty() {
            let lines: Vec<String> = found.iter().take(SHOWN).map(ToString::to_string).collect();
            let reason = format!("this task takes no code like this:\n{}", lines.join("\n"));
            return Err(Refusal { class: "weakness", reason });
        }
    }
    Ok(Candidate { files, summary: parsed.summary })
}

/// The attempts of an episode as files, for a command: a table of their train metrics, and the candidates kept.
pub fn as_files(attempts: &[Attempt]) -> FileSet {
    let mut table = String::from("attempt end metric score reason summary\n");
    let mut files = FileSet::default();
    for attempt in attempts {
        let AttemptResult { end, metric, score, reason, summary, .. } = &attempt.result;
        let number = |value: &Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
        table.push_str(&format!(
            "{} {end:?} {} {} {} {}\n",
            attempt.id,
            number(metric),
            number(score),
            reason.replace('\n', " "),
            summary
        ));
        if *end == AttemptEnd::Accepted {
            for (path, text) in attempt.files.iter().flat_map(|files| &files.0) {
                files.0.insert(format!("attempt-{:05}/{path}", attempt.id), text.clone());
            }
        }
    }
    files.0.insert("attempts.txt".into(), table);
    files
}

#[cfg(test)]
mod tests {
    use super::super::episode::tests::task;
    use super::*;

    #[test]
    fn a_weakness_goes_back_to_its_author_where_the_task_says_so() {
        let mut task = (*task(None)).clone();
        let answer = "a.py\n```\nx = 2\ny = eval('x')\n```\n";
        let read = |task: &Task| from_answer(answer, AnswerFormat::Full, &task.initial, task);
        assert!(read(&task).is_ok(), "advice alone refuses nothing");
        task.spec.screening.findings = FindingsRule::Refuse;
        let refusal = read(&task).expect_err("a refusal");
        assert_eq!(refusal.class, "weakness");
        assert!(refusal.reason.contains("a.py:2: eval: `eval` runs text as code; "), "{refusal:?}");
    }

    #[test]
    fn files_come_and_go_by_pattern_and_those_of_the_start_stay() {
        let mut task = (*task(None)).clone();
        task.spec.solution.editable = vec!["**/*.py".into()];
        task.spec.solution.immutable = vec!["vendor/**".into()];
        let refused = |answer: &str, base: &FileSet| {
            from_answer(answer, AnswerFormat::Full, base, &task).map_err(|refusal| refusal.class)
        };
        let added = refused("parts/b.py\n```\ny = 1\n```\n", &task.initial).expect("a candidate");
        assert_eq!(added.files.get("parts/b.py"), Some("y = 1\n"));
        let removed = refused("DELETE parts/b.py\na.py\n```\nx = 2\n```\n", &added.files);
        assert_eq!(removed.expect("a candidate").files.0.len(), 1);
        assert_eq!(refused("DELETE a.py\n", &added.files), Err("missing_file"));
        assert_eq!(refused("WRITE vendor/c.py\n```\n1\n```\n", &task.initial), Err("answer"));
        assert_eq!(refused("WRITE ../c.py\n```\n1\n```\n", &task.initial), Err("bad_path"));
        assert_eq!(refused("WRITE a.py/c.py\n```\n1\n```\n", &task.initial), Err("bad_path"));
    }
}
