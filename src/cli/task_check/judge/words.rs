//! What a task says: to authors of candidates, to people, in its feedback and its playback.

use crate::domain::outcome::{CaseResult, Measurement};
use crate::domain::task::{Protocol, Task};
use crate::evaluate::Playback;
use crate::view::document::check::Check;
use crate::view::figure;

/// Feedback longer than this fills prompts more than it helps, characters.
const LONG_FEEDBACK: usize = 1000;

/// Whether the folder is a task at all.
pub fn loads(loaded: Result<&Task, String>) -> Check {
    match loaded {
        Err(refused) => Check::failed("loads", refused),
        Ok(task) => {
            let cases: Vec<String> =
                task.spec.cases.iter().map(|(name, set)| format!("{name} {}", set.count)).collect();
            Check::ok("loads", format!("no two case sets share a seed: {}", cases.join(", ")))
        }
    }
}

/// Whether the prompt names what it asks for, and people find a README.
pub fn words(task: &Task) -> Vec<Check> {
    vec![prompt(task), readme(task)]
}

/// Functions of an entry that may not be edited are none of a candidate's concern.
fn prompt(task: &Task) -> Check {
    const NAME: &str = "prompt";
    let (file, solution) = (&task.spec.prompt, &task.spec.solution);
    if task.spec.protocol == Protocol::MetricLine {
        return Check::ok(NAME, format!("{file} need not name functions: none is called"));
    }
    if !solution.editable_paths().allows(&solution.entry) {
        return Check::ok(
            NAME,
            format!("{file} need not name functions: `{}` is not editable", solution.entry),
        );
    }
    let functions = &task.spec.benchmark.functions;
    let missing: Vec<&str> =
        functions.iter().map(String::as_str).filter(|name| !names(&task.prompt, name)).collect();
    if missing.is_empty() {
        Check::ok(NAME, format!("{file} names {}", functions.join(", ")))
    } else {
        let missing = missing.join(", ");
        Check::failed(
            NAME,
            format!("{file} never names {missing}; say what each takes and returns"),
        )
    }
}

fn readme(task: &Task) -> Check {
    const NAME: &str = "readme";
    if task.folder.join("README.md").is_file() {
        Check::ok(NAME, "README.md is there")
    } else {
        Check::warning(NAME, "no README.md; say what the metric means and what is known")
    }
}

/// Whether a text holds a name as a word of its own.
fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
}

/// Whether feedback has classes, and stays short whatever was answered. A case without a word of feedback is fine as long
/// as others have some.
pub fn feedback(start: &Measurement, all: &[&Measurement]) -> Check {
    let unclassed = |case: &&CaseResult| !case.feedback.is_empty() && case.class().is_none();
    let without = start.cases.iter().filter(unclassed).count();
    let lengths = all.iter().flat_map(|measured| &measured.cases);
    let longest = lengths.map(|case| case.feedback.chars().count()).max().unwrap_or(0);
    let classes: Vec<String> = start.classes().into_keys().collect();
    let silent = start.cases.iter().all(|case| case.feedback.is_empty());
    let check = if silent {
        Check::warning("feedback", "the start gets none; say in a line what went wrong in a case")
    } else if longest > LONG_FEEDBACK {
        Check::warning(
            "feedback",
            format!(
                "one has {longest} characters, and prompts quote it; cut what a candidate answered \
                 (`{{value!r:.60}}`)"
            ),
        )
    } else if without > 0 {
        Check::warning(
            "feedback",
            format!(
                "{} of the start without a class; begin it with a word and a colon, as in `wall: 3 apples`",
                figure::count(without as u64, "case")
            ),
        )
    } else {
        Check::ok(
            "feedback",
            format!("classes of the start: {}; longest {longest} characters", first(&classes)),
        )
    };
    check.with("longest", longest).with("classes", classes)
}

/// A list cut to its first names.
fn first(classes: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<&str> = classes.iter().take(SHOWN).map(String::as_str).collect();
    let more = classes.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// Whether a case can be played back.
pub fn playback(played: &Playback) -> Check {
    let frames = played.frames.len();
    match &played.failure {
        Some(failure) => Check::failed(
            "playback",
            format!("a case has no end: {}; mend `play`, or set playback = false", failure.reason),
        ),
        None if frames == 0 => Check::failed("playback", "`play` yields no frame"),
        None => Check::ok("playback", figure::count(frames as u64, "frame")),
    }
    .with("frames", frames)
}

#[cfg(test)]
mod tests {
    use super::super::measured::graded;
    use super::*;
    use crate::view::document::check::Status;

    #[test]
    fn a_name_counts_only_as_a_word() {
        assert!(names("Write `plan(x)`.", "plan") && names("plan", "plan"));
        assert!(!names("Write `replan(x)` and plan_b.", "plan"));
    }

    #[test]
    fn feedback_without_a_class_and_endless_feedback_are_told() {
        let good = graded(&[1.0, 2.0]);
        assert_eq!(feedback(&good, &[&good]).status, Status::Ok);
        let mut bare = good.clone();
        bare.cases[1].feedback = "no class here".into();
        let told = feedback(&bare, &[&bare]);
        assert!(told.status == Status::Warning && told.detail.contains("1 case "), "{told:?}");
        bare.cases[1].feedback = String::new();
        assert_eq!(feedback(&bare, &[&bare]).status, Status::Ok, "a good answer needs no words");
        bare.cases[0].feedback = String::new();
        assert_eq!(feedback(&bare, &[&bare]).status, Status::Warning);
        let mut long = good.clone();
        long.cases[0].feedback = format!("off: {}", "x".repeat(2000));
        assert!(feedback(&good, &[&good, &long]).detail.contains("2005 characters"));
    }
}
