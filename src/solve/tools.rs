//! The tools of a worker that works in turns: what happened in its episode, and a trial of its draft.
//!
//! A worker sees the attempts that had ended when its own was dispatched, so a resumed run answers it alike. All numbers
//! are those of the train cases.

use std::fmt::Write as _;

use super::episode::{Attempt, Episode};
use crate::domain::editable::EditablePaths;
use crate::domain::event::{AttemptEnd, DraftTest};
use crate::domain::files::FileSet;
use crate::domain::outcome::CaseResult;
use crate::domain::tool::{self, Argument, Purpose, ToolSpec};

/// The most cases a draft is tested on.
const MOST_CASES: usize = 8;
/// Cases a draft is tested on where the task names no screening cases.
const FEW_CASES: usize = 4;

const ATTEMPT: Argument =
    Argument { name: "attempt", what: "an attempt; 0 is the start", optional: false };
const OTHER: Argument = Argument { name: "other", what: "another attempt", optional: false };

const fn look(name: &'static str, arguments: &'static [Argument], what: &'static str) -> ToolSpec {
    ToolSpec { name, purpose: Purpose::Look, arguments, what }
}

static HISTORY: [ToolSpec; 5] = [
    look("attempts", &[], "the attempts of this episode with what they measured; 0 is the start"),
    look("read", &[ATTEMPT], "the candidate of one of them"),
    look("diff", &[ATTEMPT, OTHER], "what changed from one candidate to another"),
    look("failures", &[], "their failures by class"),
    look("feedback", &[ATTEMPT], "what one of them measured, case by case"),
];

static TEST: [ToolSpec; 2] = [
    ToolSpec {
        name: "test",
        purpose: Purpose::Try,
        arguments: &[],
        what: "with changes in the form above: they run on a few cases, and are not handed in",
    },
    ToolSpec {
        name: "submit",
        purpose: Purpose::Submit,
        arguments: &[],
        what: "hands in the changes that were tested last",
    },
];

/// The tools that these words of `agent.toml` stand for.
pub fn specs(words: &[String]) -> Vec<&'static ToolSpec> {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let history = HISTORY.iter().filter(|_| has("history"));
    history.chain(TEST.iter().filter(|_| has("test"))).collect()
}

/// How many of the train cases a draft is tested on: the task's screening cases, or a few.
pub fn test_cases(screening: u32) -> usize {
    match usize::try_from(screening).unwrap_or(usize::MAX) {
        0 => FEW_CASES,
        cases => cases.min(MOST_CASES),
    }
}

/// What a worker may look up.
#[derive(Debug, Default)]
pub struct History {
    attempts: Vec<Attempt>,
    editable: EditablePaths,
}

impl History {
    /// The episode at this moment.
    pub fn of(episode: &Episode) -> Self {
        let editable = episode.setting.task.spec.solution.editable_paths();
        Self { attempts: episode.attempts().to_vec(), editable }
    }

    /// What a look-up comes to, as the author reads it.
    pub fn look_up(&self, call: &str) -> String {
        tool::shown(self.answer(call))
    }

    fn answer(&self, call: &str) -> Result<String, String> {
        let mut words = call.split_whitespace();
        let name = words.next().unwrap_or_default();
        let arguments: Vec<&str> = words.collect();
        let attempt = |at: usize| -> Result<&Attempt, String> {
            let word = arguments.get(at).ok_or("name an attempt, such as 3")?;
            let number: u32 = word.parse().map_err(|_| format!("`{word}` is no number"))?;
            let found = self.attempts.iter().find(|attempt| attempt.id == number);
            found.ok_or_else(|| format!("attempt {number} has not ended; `attempts` lists them"))
        };
        match name {
            "attempts" => Ok(self.table()),
            "read" => self.listing(attempt(0)?),
            "diff" => self.diff(attempt(0)?, attempt(1)?),
            "failures" => Ok(self.failures()),
            "feedback" => {
                let Attempt { result, .. } = attempt(0)?;
                Ok(cases(&result.cases, &result.reason))
            }
            _ => Err(format!("there is no tool `{name}`")),
        }
    }

    fn table(&self) -> String {
        let mut text = String::from("attempt base op end metric gain summary; reason\n");
        for Attempt { id, base, op, result, .. } in &self.attempts {
            let base = base.map_or("-".to_owned(), |base| base.to_string());
            let end = match (id, result.end) {
                (0, _) => "start",
                (_, AttemptEnd::Accepted) => "kept",
                (_, AttemptEnd::Rejected) => "not-kept",
                (_, AttemptEnd::ScreenedOut) => "worse",
                (_, AttemptEnd::Failed) => "failed",
                (_, AttemptEnd::Refused) => "refused",
                (_, AttemptEnd::NoAnswer | AttemptEnd::Duplicate | AttemptEnd::Screened) => {
                    "not-measured"
                }
            };
            let (metric, gain) = (number(result.metric), number(result.gain));
            let reason = result.reason.replace('\n', " ");
            let _ = writeln!(
                text,
                "{id} {base} {op} {end} {metric} {gain} {}; {reason}",
                result.summary
            );
        }
        text
    }

    fn listing(&self, attempt: &Attempt) -> Result<String, String> {
        let mut text = String::new();
        for (path, content) in &self.files(attempt)?.0 {
            if self.editable.allows(path) {
                let _ = writeln!(text, "{path}\n```\n{}\n```", content.trim_end_matches('\n'));
            }
        }
        Ok(text)
    }

    fn diff(&self, old: &Attempt, new: &Attempt) -> Result<String, String> {
        let (a, b) = (self.files(old)?, self.files(new)?);
        let mut text = String::new();
        for path in b.changed_from(a) {
            let before = a.get(&path).unwrap_or_default();
            let after = b.get(&path).unwrap_or_default();
            let diff = similar::TextDiff::from_lines(before, after);
            let names = (format!("{}/{path}", old.id), format!("{}/{path}", new.id));
            let _ = write!(text, "{}", diff.unified_diff().header(&names.0, &names.1));
        }
        Ok(if text.is_empty() { "they are equal\n".to_owned() } else { text })
    }

    fn failures(&self) -> String {
        let mut text = String::from("attempt class reason\n");
        for Attempt { id, result, .. } in
            self.attempts.iter().filter(|a| !a.result.error_class.is_empty())
        {
            let reason = result.reason.replace('\n', " ");
            let _ = writeln!(text, "{id} {} {reason}", result.error_class);
        }
        text
    }

    fn files<'a>(&self, attempt: &'a Attempt) -> Result<&'a FileSet, String> {
        let files = attempt.files.as_deref();
        files.ok_or_else(|| format!("attempt {} has no candidate", attempt.id))
    }
}

/// What a test of a draft came to, beside its base on the same cases.
pub fn told(test: &DraftTest, base: &[CaseResult]) -> String {
    let mut text = cases(&test.cases, &test.reason);
    let same = |case: &&CaseResult| test.cases.iter().any(|tested| tested.id == case.id);
    let before: Vec<f64> = base.iter().filter(same).map(|case| case.metric).collect();
    let mean = crate::domain::stats::mean(&before);
    if let Some(metric) = test.metric {
        let _ = writeln!(text, "mean of these cases: {metric}; the base has {mean} on them");
    }
    text
}

fn cases(cases: &[CaseResult], reason: &str) -> String {
    let mut text = String::new();
    for CaseResult { id, metric, feedback, .. } in cases {
        let _ = writeln!(text, "{id}: {metric} {feedback}");
    }
    if !reason.is_empty() {
        let _ = writeln!(text, "{reason}");
    }
    if text.is_empty() { "nothing was measured\n".to_owned() } else { text }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::episode::tests::started;
    use super::*;

    #[test]
    fn a_worker_reads_what_ended_and_hears_why_the_rest_is_not_there() {
        let history = History::of(&started());
        let table = history.look_up("attempts");
        assert!(table.contains("\n0 - start start ") && table.lines().count() == 3, "{table}");
        assert!(history.look_up("read 0").contains("a.py\n```\nx = 0"));
        assert_eq!(history.look_up("diff 0 0"), "they are equal\n");
        assert!(history.look_up("failures").lines().count() == 2);
        for (call, why) in [
            ("read 7", "attempt 7 has not ended"),
            ("read 1", "attempt 1 has no candidate"),
            ("read x", "`x` is no number"),
            ("feedback", "name an attempt"),
            ("wink", "there is no tool `wink`"),
        ] {
            let told = history.look_up(call);
            assert!(told.starts_with("not served: ") && told.contains(why), "{told}");
        }
    }

    #[test]
    fn words_of_the_agent_stand_for_tools_and_a_test_for_few_cases() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            specs(&words).iter().map(|spec| spec.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["test"]), ["test", "submit"]);
        assert_eq!(names(&["test", "history"]).len(), 7);
        assert_eq!(names(&[]), Vec::<&str>::new());
        assert_eq!([0, 3, 50].map(test_cases), [FEW_CASES, 3, MOST_CASES]);
    }
}
