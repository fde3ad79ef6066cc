//! How a run measures: what was measured is not measured again, and what looks good is asked again.
#![cfg(test)]

use std::fs;
use std::path::Path;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome, SandboxLevel, ViolationKind};
use hyperagent::domain::task::{Split, Task};
use hyperagent::evaluate::{Evaluator, Grading, Staged};
use hyperagent::lab::tasks::load_task;

use super::measuring::{evaluator, evaluator_at};

const TASK: &str = r#"
name = "echo"
title = "Say a number"
metric = "said"
direction = "maximise"
language = "python"
protocol = "isolated"
prompt = "prompt.md"
score = { floor = 0.0, target = 100.0 }
solution = { initial = "start", entry = "answer.py", editable = ["answer.py"] }
benchmark = { program = "benchmark.py", functions = ["say"] }
limits = { wall_ms = 4000, cpu_ms = 1000, memory_mb = 128, processes = 4, output_kb = 8 }
[cases]
train = { first_seed = 0, count = 6 }
select = { first_seed = 10, count = 6 }
test = { first_seed = 20, count = 6 }
report = { first_seed = 100, count = 6, fresh = true }
"#;

const BENCHMARK: &str = "
import hyperagent
def run(cases, call_many, call, report):
    for case in cases:
        report(case.id, call('say', [case.seed]))
hyperagent.serve(run)
";

fn echo(tasks: &Path) -> Task {
    let folder = tasks.join("echo");
    fs::create_dir_all(folder.join("start")).expect("a folder");
    for (path, text) in [
        ("task.toml", TASK),
        ("benchmark.py", BENCHMARK),
        ("prompt.md", "Write `say(n)`.\n"),
        ("start/answer.py", "def say(n):\n    return n\n"),
    ] {
        fs::write(folder.join(path), text).expect("a file");
    }
    load_task(&folder).expect("a task")
}

fn candidate(code: &str) -> FileSet {
    FileSet::from_iter([("answer.py", code)])
}

async fn graded(evaluator: &Evaluator, task: &Task, code: &str, matters: bool) -> Measurement {
    let (cases, candidate) = (task.cases(&Split::train(), 0), candidate(code));
    let grading =
        Grading { task, candidate: &candidate, cases: &cases, screening: 0, at_once: false };
    match evaluator.grade(grading, |_| true, |_| matters).await {
        Staged::Complete(measured) | Staged::ScreenedOut(measured) => measured,
    }
}

fn metrics(measured: &Measurement) -> Vec<f64> {
    measured.cases.iter().map(|case| case.metric).collect()
}

#[tokio::test]
async fn an_answer_that_depends_on_what_was_asked_before_counts_as_a_fresh_process_gives_it() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = echo(lab.path());
    let evaluator = evaluator(2).await;
    let remembers = [
        (
            "in a variable",
            "calls = 0\ndef say(n):\n    global calls\n    calls += 1\n    return calls\n",
        ),
        (
            "in a file",
            "def say(n):\n    with open('seen', 'a+') as f:\n        f.write('x')\n        f.seek(0)\n        return len(f.read())\n",
        ),
        (
            "in the order",
            "seen = []\ndef say(n):\n    seen.append(n)\n    return 1 if n == min(seen) == n and len(seen) == 1 else 9\n",
        ),
    ];
    for (how, code) in remembers {
        let unasked = graded(&evaluator, &task, code, false).await;
        assert!(unasked.metric > Some(1.0), "{how}: {unasked:?}");
        let asked = graded(&evaluator, &task, code, true).await;
        assert_eq!(asked.outcome, Outcome::Graded, "{how}: {}", asked.reason);
        assert_eq!(metrics(&asked), [1.0; 6], "{how}");
        let found: Vec<_> =
            asked.violations.iter().filter(|seen| seen.kind == ViolationKind::Stateful).collect();
        assert_eq!(found.len(), 1, "{how}: {:?}", asked.violations);
        assert!(found[0].detail.contains("seed-5"), "{how}: {}", found[0].detail);
    }
    // One that starts its random numbers anew in each process is no cheat, and earns nothing by their order either.
    let draws = "import random\ndef say(n):\n    return random.randrange(1000)\n";
    let asked = graded(&evaluator, &task, draws, true).await;
    assert_eq!(asked.violations, [], "it says that it draws");
    assert!(metrics(&asked).iter().all(|metric| *metric == asked.cases[0].metric), "{asked:?}");

    let honest = graded(&evaluator, &task, "def say(n):\n    return 7 * n\n", true).await;
    assert_eq!((honest.metric, honest.violations), (Some(17.5), Vec::new()));
}

#[tokio::test]
async fn the_same_candidate_is_measured_once_whoever_asks_and_whenever() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = echo(lab.path());
    let evaluator = evaluator(2).await;
    let code = "def say(n):\n    return n + 1\n";
    let all = tokio::join!(
        graded(&evaluator, &task, code, true),
        graded(&evaluator, &task, code, true),
        graded(&evaluator, &task, code, false),
    );
    let all = [all.0, all.1, all.2];
    assert_eq!(all.iter().filter(|one| !one.usage.reused).count(), 1, "{all:?}");
    for one in &all {
        assert_eq!((&one.cases, one.metric), (&all[0].cases, Some(3.5)));
        assert_eq!(one.usage.reused, one.usage.wall_ms == 0, "{:?}", one.usage);
    }
    // Anything that a result depends on makes it another one.
    let other = graded(&evaluator, &task, "def say(n):\n    return n + 1 \n", false).await;
    assert!(!other.usage.reused, "another text");
    let mut tighter = task.clone();
    tighter.spec.limits.memory_mb += 1;
    assert!(!graded(&evaluator, &tighter, code, false).await.usage.reused, "other limits");
    let (cases, files) = (task.cases(&Split("select".into()), 0), candidate(code));
    let grading =
        Grading { task: &task, candidate: &files, cases: &cases, screening: 0, at_once: false };
    let Staged::Complete(select) = evaluator.grade(grading, |_| true, |_| false).await else {
        panic!("screened out")
    };
    assert!(!select.usage.reused, "other cases");
    // A failure is known as well; another process knows nothing.
    let broken = "def say(n)\n    return n\n";
    assert!(!graded(&evaluator, &task, broken, true).await.usage.reused);
    let again = graded(&evaluator, &task, broken, true).await;
    assert_eq!((again.outcome, again.usage.reused), (Outcome::Invalid, true));
    let elsewhere = super::measuring::evaluator(1).await;
    assert!(!graded(&elsewhere, &task, code, true).await.usage.reused);
}

#[tokio::test]
async fn who_asked_first_changes_no_result_of_a_staged_measurement() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = echo(lab.path());
    let cases = task.cases(&Split::train(), 0);
    let files = candidate("def say(n):\n    return n + 2\n");
    let grading =
        Grading { task: &task, candidate: &files, cases: &cases, screening: 2, at_once: false };
    let shown = |staged: Staged| match staged {
        Staged::Complete(one) => ("complete", one.outcome, one.metric, one.cases, one.violations),
        Staged::ScreenedOut(one) => ("part", one.outcome, one.metric, one.cases, one.violations),
    };
    let mut seen: [Vec<_>; 2] = Default::default();
    for order in [[false, true, false, true], [true, false, true, false]] {
        let evaluator = evaluator(1).await;
        for worth in order {
            let staged = evaluator.grade(grading, |_| worth, |_| false).await;
            seen[usize::from(worth)].push(shown(staged));
        }
    }
    for same in seen {
        assert!(same.windows(2).all(|pair| pair[0] == pair[1]), "{same:?}");
    }
}

/// What a measurement means, without what it used.
fn told(measured: &Measurement) -> Measurement {
    Measurement { usage: hyperagent::domain::outcome::Usage::default(), ..measured.clone() }
}

#[tokio::test]
async fn a_process_that_takes_up_where_another_was_measures_nothing_again() {
    let (lab, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("one"));
    let task = echo(lab.path());
    let codes = [
        "def say(n):\n    return n / 3\n",
        "calls = 0\ndef say(n):\n    global calls\n    calls += 1\n    return calls\n",
        "def say(n)\n    return n\n",
    ];
    let mut first = evaluator(2).await;
    first.keep_in(kept.path());
    let mut made = Vec::new();
    for code in codes {
        let measured = graded(&first, &task, code, true).await;
        assert!(!measured.usage.reused, "{code}");
        made.push(told(&measured));
    }
    assert_eq!(made[1].violations.len(), 1, "asked again, and found out: {:?}", made[1]);
    assert_ne!(made[2].outcome, Outcome::Graded);
    drop(first);
    let mut next = evaluator(1).await;
    next.keep_in(kept.path());
    for (code, before) in codes.iter().zip(&made) {
        let measured = graded(&next, &task, code, true).await;
        assert!(measured.usage.reused, "{code}");
        assert_eq!(told(&measured), *before);
    }
    drop(next);
    let mut weaker = evaluator_at(SandboxLevel::Rlimits, 1).await;
    weaker.keep_in(kept.path());
    assert!(!graded(&weaker, &task, codes[0], true).await.usage.reused, "in another sandbox");
}

#[tokio::test]
async fn blocks_at_once_give_what_blocks_one_after_the_other_give() {
    let lab = tempfile::tempdir().expect("a folder");
    let mut task = echo(lab.path());
    task.spec.benchmark.block = 2;
    let cases = task.cases(&Split::train(), 0);
    for (code, expected) in [
        ("def say(n):\n    return n + 1\n", Outcome::Graded),
        ("import os\ndef say(n):\n    return n if n < 3 else os._exit(1)\n", Outcome::Invalid),
        ("def say(n)\n    return n\n", Outcome::Invalid),
    ] {
        let files = candidate(code);
        let mut seen = Vec::new();
        for at_once in [false, true] {
            let grading =
                Grading { task: &task, candidate: &files, cases: &cases, screening: 0, at_once };
            let Staged::Complete(one) =
                evaluator(2).await.grade(grading, |_| true, |_| false).await
            else {
                panic!("screened out")
            };
            assert_eq!(one.outcome, expected, "{code}{one:?}");
            seen.push(told(&one));
        }
        assert_eq!(seen[0], seen[1], "{code}");
    }
}
