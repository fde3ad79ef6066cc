//! `code_fix`: its references pass, its starts fail for the reasons they should.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::gate::Gate;
use hyperagent::domain::outcome::{Measurement, Outcome};
use hyperagent::domain::task::{Case, Split, Task};

use super::super::measuring::{evaluator, shipped};

/// The problems by name, in the order of the file names.
fn problems(task: &Task) -> BTreeSet<String> {
    let stem = |path: &String| path.strip_suffix(".py").expect("a Python file").to_owned();
    task.spec.solution.editable.iter().map(stem).collect()
}

/// The starting solution with every problem's reference in its place.
fn references(task: &Task) -> FileSet {
    let mut files = task.initial.clone();
    for path in &task.spec.solution.editable {
        let reference = fs::read_to_string(task.folder.join("references").join(path));
        files.0.insert(path.clone(), reference.expect("a reference for every problem"));
    }
    files
}

fn cases(task: &Task, split: &str, most: usize) -> Vec<Case> {
    task.cases(&Split(split.to_owned()), 1).into_iter().take(most).collect()
}

/// The problems that a measurement's failures name; `words` restricts the failures.
fn failing(measured: &Measurement, words: &str) -> BTreeSet<String> {
    let failed = measured.cases.iter().filter(|case| case.feedback.contains(words));
    failed.filter_map(|case| case.class().map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_references_pass_every_test() {
    let task = shipped("code_fix");
    let references = references(&task);
    let evaluator = evaluator(2).await;
    for (split, most) in [("train", 1000), ("select", 1000), ("test", 200)] {
        let measured = evaluator.measure(&task, &references, &cases(&task, split, most)).await;
        assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
        assert_eq!(measured.metric, Some(100.0), "{split}: {:?}", failing(&measured, ""));
    }
}

#[tokio::test]
async fn every_start_fails_some_test_and_the_slow_ones_for_their_time_alone() {
    let task = shipped("code_fix");
    let problems = problems(&task);
    assert!(problems.len() >= 24, "{problems:?}");
    let evaluator = evaluator(2).await;
    let (mut failed, mut slow, mut wrong) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for split in ["train", "select"] {
        let cases = cases(&task, split, 1000);
        let measured = evaluator.measure(&task, &task.initial, &cases).await;
        let passed = measured.metric.expect("a metric");
        assert!((20.0..80.0).contains(&passed), "{split}: {passed}");
        failed.extend(failing(&measured, ""));
        slow.extend(failing(&measured, ": too_slow, "));
        wrong.extend(failing(&measured, ") gave "));
    }
    assert_eq!(failed, problems);
    assert!(slow.len() >= 5, "{slow:?}");
    assert!(slow.is_disjoint(&wrong), "{slow:?} {wrong:?}");
}

#[tokio::test]
async fn an_endless_loop_and_a_value_of_another_type_cost_the_tests_of_their_problem_only() {
    let task = shipped("code_fix");
    let mut files = references(&task);
    let endless = "def leap_days(first, last):\n    while True:\n        pass\n";
    let untyped = "def gray_rank(code):\n    rank = 0.0\n    while code:\n        rank, code = float(int(rank) ^ code), code >> 1\n    return rank\n";
    files.0.insert("leap_days.py".to_owned(), endless.to_owned());
    files.0.insert("gray_rank.py".to_owned(), untyped.to_owned());
    let cases = cases(&task, "train", 1000);
    let measured = evaluator(1).await.measure(&task, &files, &cases).await;
    assert_eq!(measured.outcome, Outcome::Graded, "{}", measured.reason);
    let classes = measured.classes();
    let each = u32::try_from(cases.len() / problems(&task).len()).expect("a few");
    let expected = [("gray_rank", each), ("leap_days", each)];
    assert_eq!(classes, expected.map(|(class, count)| (class.to_owned(), count)).into());
}

#[tokio::test]
async fn a_repair_that_makes_another_problem_slow_or_wrong_is_refused_by_the_gate() {
    let task = shipped("code_fix");
    let spec = task.spec.gate.expect("a gate");
    let references = references(&task);
    let with = |base: &FileSet, name: &str| {
        let mut files = base.clone();
        files.0.insert(name.to_owned(), references.get(name).expect("a reference").to_owned());
        files
    };
    let best = with(&task.initial, "pair_sums.py");
    let good = with(&best, "leap_days.py");
    // Much better elsewhere, but the large input takes as long as at the start.
    let others = ["leap_days.py", "gray_rank.py", "spiral.py", "roman_value.py", "wrap_words.py"];
    let slow = others.iter().fold(task.initial.clone(), |files, name| with(&files, name));
    let mut wrong = good.clone();
    let text = "def longest_ones(number):\n    return -1\n";
    wrong.0.insert("longest_ones.py".to_owned(), text.to_owned());
    let (evaluator, cases) = (evaluator(2).await, cases(&task, "train", 1000));
    let before = evaluator.measure(&task, &best, &cases).await;
    let judge = async |files: &FileSet| {
        let measured = evaluator.measure(&task, files, &cases).await;
        let gate = Gate::judge(&task, &spec, (3, &before.cases), &measured.cases);
        (measured.metric > before.metric, gate.is_open(), gate.reason())
    };
    let (better, open, reason) = judge(&good).await;
    assert!(better && open, "{reason}");
    let (better, open, reason) = judge(&slow).await;
    assert!(better && !open, "its mean is better all the same");
    assert!(
        reason.starts_with("regressed: seed-")
            && reason.contains(": pass -> pair_sums: too_slow, "),
        "{reason}"
    );
    assert!(reason.ends_with("; attempt 3 stays"), "{reason}");
    let (_, open, reason) = judge(&wrong).await;
    assert!(!open && reason.contains(": pass -> longest_ones: f("), "{reason}");
    assert!(reason.contains(" gave -1, expected "), "{reason}");
}

#[test]
fn every_set_holds_whole_rounds_and_every_problem_is_told() {
    let task = shipped("code_fix");
    let problems = problems(&task);
    let round = 6 * u64::try_from(problems.len()).expect("a few");
    for (name, set) in &task.spec.cases {
        let whole = set.first_seed % round == 0 && u64::from(set.count) % round == 0;
        assert!(whole, "{name} does not hold whole rounds of {round} tests");
    }
    let readme = fs::read_to_string(Path::new(&task.folder).join("README.md")).expect("a README");
    for problem in &problems {
        assert!(task.prompt.contains(&format!("`{problem}(")), "the prompt lacks {problem}");
        assert!(readme.contains(&format!("| `{problem}` |")), "the README lacks {problem}");
    }
}
