//! The episode as a worker's prompt sees it. docs/prompts.md lists the variables: they are contract.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::episode::{Attempt, Episode};
use crate::domain::editable::EditablePaths;
use crate::domain::event::AttemptEnd;
use crate::domain::files::FileSet;
use crate::domain::outcome::CaseResult;
use crate::domain::stats::mean;
use crate::domain::task::{Case, Direction, Task};
use crate::prompt;

/// Attempts shown in the history, the newest ones.
pub const HISTORY: usize = 30;
/// Characters of a reason shown in the history.
pub const REASON: usize = 240;
/// The most cases of the feedback.
const CASES: usize = 40;

/// What the kernel adds to what the episode knows.
pub struct Ask<'a> {
    /// The script's word for the kind of change.
    pub op: &'a str,
    /// The attempt changed.
    pub base: &'a Attempt,
    /// Other attempts shown.
    pub references: Vec<&'a Attempt>,
    /// What the prompt shows, as the script asks; empty: everything.
    pub show: &'a [String],
    /// The script's own variables.
    pub extra: &'a Map<String, Value>,
    /// What the answer must look like.
    pub contract: &'a str,
    /// The agent's notes.
    pub memory: &'a BTreeMap<String, String>,
}

/// The variables of the worker's prompt.
pub fn worker(episode: &Episode, ask: &Ask<'_>) -> Value {
    let task = &episode.setting.task;
    let editable = &task.spec.solution.editable_paths();
    let files = ask.base.files.as_deref();
    let mut variables = json!({
        "task": {
            "name": task.spec.name, "title": task.spec.title, "text": task.prompt,
            "metric": task.spec.metric, "direction": task.spec.direction,
            "perfect": task.spec.perfect,
        },
        "op": ask.op,
        "code": files.map(|files| listing(files, editable)).unwrap_or_default(),
        "files": files.map(|files| editable_files(files, editable)).unwrap_or_default(),
        "metric": ask.base.result.metric,
        "score": ask.base.result.score,
        "failures": failures_of(episode.attempts()),
        "feedback": feedback(&episode.setting.task, &ask.base.result.cases),
        "history": history(episode),
        "references": ask.references.iter().filter_map(|attempt| {
            let files = attempt.files.as_deref()?;
            Some(json!({
                "attempt": attempt.id, "metric": attempt.result.metric,
                "code": listing(files, editable),
            }))
        }).collect::<Vec<_>>(),
        "left": {
            "attempts": episode.setting.attempts.saturating_sub(episode.used()),
        },
        "params": episode.setting.params,
        "extra": ask.extra,
        "contract": ask.contract,
        "reviews": episode.reviews(),
        "memory": memory(episode, ask.memory),
    });
    if let Some(table) = prompt::role("worker") {
        prompt::narrow(table, &mut variables, ask.show);
    }
    variables
}

/// The variables of the reviewer's prompt: about one attempt, or about its base where it has no candidate.
pub fn reviewer(episode: &Episode, of: &Attempt, show: &[String], contract: &str) -> Value {
    let task = &episode.setting.task;
    let base = of.base.and_then(|base| episode.attempt(base));
    let files = of.files.as_deref().or_else(|| base?.files.as_deref());
    let mut variables = json!({
        "task": named_task(task),
        "code": files.map(|files| listing(files, &task.spec.solution.editable_paths()))
            .unwrap_or_default(),
        "contract": contract,
        "metric": of.result.metric,
        "failures": failures_of(std::slice::from_ref(of)),
        "feedback": feedback(task, &of.result.cases),
        "history": history(episode),
        "reviews": episode.reviews(),
    });
    if let Some(table) = prompt::role("reviewer") {
        prompt::narrow(table, &mut variables, show);
    }
    variables
}

/// The variables of the diagnosing role's prompt: about some attempts, or about all of them.
pub fn diagnose(episode: &Episode, about: &[u32], contract: &str) -> Value {
    let concerned = |attempt: &&Attempt| about.is_empty() || about.contains(&attempt.id);
    let mut trace = String::new();
    for attempt in episode.attempts().iter().filter(concerned) {
        let Attempt { id, base, op, result, .. } = attempt;
        let base = base.map_or_else(|| "the start".to_owned(), |base| format!("from {base}"));
        let metric = result.metric.map_or_else(|| "no metric".to_owned(), |m| m.to_string());
        let _ = writeln!(trace, "attempt {id} ({base}, {op}): {metric}; {}", result.summary);
        if !result.reason.is_empty() {
            let _ = writeln!(trace, "  {}", clip(&result.reason, REASON));
        }
    }
    json!({
        "task": named_task(&episode.setting.task),
        "trace": trace,
        "failures": failures_of(episode.attempts()),
        "contract": contract,
    })
}

/// The variables of the tester's prompt: about the solution to break.
pub fn tester(task: &Task, files: &FileSet, cases: &[&Case], contract: &str) -> Value {
    let text = |case: &Case| case.data.as_ref().map(ToString::to_string).unwrap_or_default();
    json!({
        "task": named_task(task),
        "contract": contract,
        "code": listing(files, &task.spec.solution.editable_paths()),
        "cases": cases.iter().map(|case| json!({"id": case.id, "text": text(case)}))
            .collect::<Vec<_>>(),
    })
}

/// What a judge is told of a candidate: the task's own words, and nothing that was measured.
pub fn judge(task: &Task, files: &FileSet, contract: &str) -> Value {
    let spec = &task.spec;
    let end = match spec.direction {
        Direction::Maximise => "larger is better",
        Direction::Minimise => "smaller is better",
    };
    json!({
        "task": named_task(task),
        "answer": listing(files, &spec.solution.editable_paths()),
        "contract": contract,
        "rubric": format!(
            "The score is `{}` ({end}) on fresh cases, brought to 0 to 1: {} is worth 0, {} is worth 1.",
            spec.metric, spec.score.floor, spec.score.target
        ),
    })
}

fn named_task(task: &Task) -> Value {
    json!({"name": task.spec.name, "title": task.spec.title, "text": task.prompt})
}

/// The agent's notes, those of the episode in place of the agent's of the same name.
fn memory(episode: &Episode, agents: &BTreeMap<String, String>) -> String {
    let mut notes: BTreeMap<&str, &str> =
        agents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    notes.extend(episode.notes().iter().map(|(path, text)| (path.as_str(), text.as_str())));
    notes.into_iter().map(|(path, text)| format!("## {path}\n{}\n", text.trim_end())).collect()
}

fn editable_files(files: &FileSet, editable: &EditablePaths) -> Vec<Value> {
    let shown = files.0.iter().filter(|(path, _)| editable.allows(path));
    shown.map(|(path, text)| json!({"path": path, "text": text})).collect()
}

fn listing(files: &FileSet, editable: &EditablePaths) -> String {
    let mut text = String::new();
    for (path, content) in files.0.iter().filter(|(path, _)| editable.allows(path)) {
        let language = if path.ends_with(".py") { "python" } else { "" };
        let newline = if content.ends_with('\n') { "" } else { "\n" };
        let _ = write!(text, "{path}\n```{language}\n{content}{newline}```\n");
    }
    text
}

fn failures_of(attempts: &[Attempt]) -> Vec<Value> {
    let mut classes: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
    for attempt in attempts.iter().filter(|a| !a.result.error_class.is_empty()) {
        let result = &attempt.result;
        classes.entry(&result.error_class).or_insert((0, &result.reason)).0 += 1;
    }
    classes
        .into_iter()
        .map(|(class, (count, example))| {
            json!({"class": class, "count": count, "example": clip(example, REASON)})
        })
        .collect()
}

/// A line a case; of many cases the worst.
fn feedback(task: &Task, cases: &[CaseResult]) -> String {
    let mut shown: Vec<&CaseResult> = cases.iter().collect();
    if cases.len() > CASES {
        shown.sort_by(|a, b| task.better(a.metric, b.metric).cmp(&task.better(b.metric, a.metric)));
        shown.truncate(CASES);
    }
    let mut text = String::new();
    for case in &shown {
        let _ = writeln!(text, "{}: {} {}", case.id, case.metric, case.feedback);
    }
    if shown.len() < cases.len() {
        let all: Vec<f64> = cases.iter().map(|case| case.metric).collect();
        let (rest, mean) = (cases.len() - shown.len(), mean(&all));
        let _ = writeln!(text, "... and {rest} more, none worse; the mean of all is {mean}");
    }
    text
}

fn history(episode: &Episode) -> Vec<Value> {
    let ended = episode.attempts();
    ended
        .iter()
        .skip(1.max(ended.len().saturating_sub(HISTORY)))
        .map(|attempt| {
            let result = &attempt.result;
            json!({
                "attempt": attempt.id, "base": attempt.base, "op": attempt.op,
                "summary": result.summary, "metric": result.metric, "gain": result.gain,
                "kept": result.end == AttemptEnd::Accepted,
                "reason": clip(&result.reason, REASON),
            })
        })
        .collect()
}

/// The first `limit` characters, with an ellipsis when something was cut.
fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::episode::tests::started;

    fn variables(show: &[String]) -> Value {
        let episode = started();
        let ask = Ask {
            op: "improve",
            base: episode.best(),
            references: vec![episode.best()],
            show,
            extra: &Map::new(),
            contract: "edits",
            memory: &BTreeMap::from([("memory/a.md".to_owned(), "a note".to_owned())]),
        };
        worker(&episode, &ask)
    }

    #[test]
    fn the_worker_gets_exactly_the_variables_of_its_table() {
        let variables = variables(&[]);
        prompt::assert_fills(prompt::role("worker").unwrap(), &variables, "the kernel's");
        for filled in ["files", "failures", "history", "references"] {
            assert_eq!(variables[filled].as_array().unwrap().len(), 1, "{filled}");
        }
    }

    #[test]
    fn those_who_advise_get_exactly_the_variables_of_their_tables() {
        let episode = started();
        let about = reviewer(&episode, &episode.attempts()[1], &[], "json");
        prompt::assert_fills(prompt::role("reviewer").unwrap(), &about, "the kernel's");
        assert!(about["code"].as_str().unwrap().contains("x = 0"), "its base's code");
        assert_eq!(about["failures"].as_array().unwrap().len(), 1);
        let task = &episode.setting.task;
        let case = Case { id: "step1-0".into(), seed: 0, data: Some(json!({"x": 1})) };
        let about = tester(task, &task.initial, &[&case], "a list");
        prompt::assert_fills(prompt::role("tester").unwrap(), &about, "the kernel's");
        assert_eq!(about["cases"][0]["text"], r#"{"x":1}"#);
        let trace = diagnose(&episode, &[1], "note");
        prompt::assert_fills(prompt::role("diagnose").unwrap(), &trace, "the kernel's");
        assert!(trace["trace"].as_str().unwrap().starts_with("attempt 1 (from 0, edit)"));
    }

    #[test]
    fn of_many_cases_the_worst_are_shown() {
        let episode = started();
        let task = &episode.setting.task;
        let case = |number: u32| CaseResult {
            id: format!("c{number}"),
            metric: f64::from(number % 7),
            feedback: "wall: hit".into(),
            cost: None,
        };
        let few: Vec<CaseResult> = (0..40).map(case).collect();
        assert_eq!(feedback(task, &few).lines().count(), 40);
        let many: Vec<CaseResult> = (0..70).map(case).collect();
        let told = feedback(task, &many);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 41);
        let worst = if task.better(1.0, 0.0) { "c0: 0 wall: hit" } else { "c6: 6 wall: hit" };
        assert_eq!(lines[0], worst);
        assert_eq!(lines[40], "... and 30 more, none worse; the mean of all is 3");
    }

    #[test]
    fn show_narrows_what_is_shown() {
        let narrowed = variables(&["code".to_owned()]);
        assert_eq!(narrowed["history"], json!([]));
        assert!(narrowed["code"].as_str().unwrap().contains("x = 0"));
    }
}
