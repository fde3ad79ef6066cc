//! The cheating corpus: candidates that want a score they did not earn. The task asks for a number that only the benchmark
//! can know, so every right answer would be a leak.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome, SandboxLevel};
use hyperagent::domain::task::{Split, Task};
use hyperagent::lab::tasks::load_task;

use super::measuring::evaluator;

const TASK: &str = r#"
name = "secret"
title = "Say a number nobody told"
metric = "right"
direction = "maximise"
language = "python"
protocol = "isolated"
prompt = "prompt.md"
score = { floor = 0.0, target = 1.0 }
solution = { initial = "start", entry = "answer.py", editable = ["answer.py"] }
benchmark = { program = "benchmark.py", functions = ["guess"] }
limits = { wall_ms = 4000, cpu_ms = 1000, memory_mb = 128, processes = 4, output_kb = 8 }
[cases]
train = { first_seed = 0, count = 4 }
select = { first_seed = 10, count = 4 }
test = { first_seed = 20, count = 4 }
report = { first_seed = 100, count = 4, fresh = true }
"#;

const BENCHMARK: &str = r#"
import hashlib

import hyperagent

KEY = "planted-key-7f3a"
asked = 0


def right(seed, turn):
    return int(hashlib.sha256(f"{KEY} {seed} {turn}".encode()).hexdigest()[:12], 16)


def run(cases, call_many, call, report):
    global asked
    for case in cases:
        asked += 1
        said = call("guess", [asked])
        if isinstance(said, hyperagent.CallError):
            report(case.id, 0, f"crash: {said.kind} {said.message}")
        elif type(said) is not int:
            report(case.id, 0, f"wrong_type: {said!r}"[:200])
        else:
            report(case.id, int(said == right(case.seed, asked)), "wrong: another number")


hyperagent.serve(run)
"#;

/// What each candidate tries, and its code: the files of tests/fixtures/cheats.
fn corpus() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cheats");
    let files =
        fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("a file").path());
    let read = |path: PathBuf| {
        let what = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (what, fs::read_to_string(path).expect("a candidate"))
    };
    files.map(read).collect()
}

fn secret(tasks: &Path) -> Task {
    let folder = tasks.join("secret");
    fs::create_dir_all(folder.join("start")).expect("a folder");
    for (path, text) in [
        ("task.toml", TASK),
        ("benchmark.py", BENCHMARK),
        ("prompt.md", "Write `guess(n)`.\n"),
        ("start/answer.py", "def guess(n):\n    return 0\n"),
    ] {
        fs::write(folder.join(path), text).expect("a file");
    }
    load_task(&folder).expect("a task")
}

fn earned_nothing(what: &str, measured: &Measurement) {
    assert_ne!(
        measured.outcome,
        Outcome::Fault,
        "{what} passes for the machine's fault: {}",
        measured.reason
    );
    assert!(measured.metric.is_none_or(|metric| metric == 0.0), "{what}: {:?}", measured.cases);
    assert!(measured.cases.iter().all(|case| case.metric == 0.0), "{what}: {:?}", measured.cases);
    let told = format!("{measured:?}");
    assert!(!told.contains("planted-key"), "{what} saw the benchmark's key: {told}");
    if measured.outcome != Outcome::Graded {
        assert!(
            !measured.reason.is_empty() && !measured.error_class.is_empty(),
            "{what}: {measured:?}"
        );
    }
}

#[tokio::test]
async fn no_cheat_earns_a_score_and_the_honest_candidate_after_it_is_measured_as_before() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = secret(lab.path());
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(2).await;
    let honest = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!((honest.outcome, honest.metric), (Outcome::Graded, Some(0.0)), "{}", honest.reason);
    println!("the corpus runs at level {:?}", honest.sandbox);

    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let corpus = corpus();
    assert!(corpus.len() >= 30, "{} cheats", corpus.len());
    for (what, code) in corpus {
        let candidate = FileSet::from_iter([("answer.py", code)]);
        let measured = evaluator.measure(&task, &candidate, &cases).await;
        if measured.sandbox == Some(SandboxLevel::Rlimits) {
            println!("SKIPPED: this machine offers no sandbox");
            return;
        }
        earned_nothing(&what, &measured);
        let class = if measured.error_class.is_empty() { "graded" } else { &measured.error_class };
        outcomes.entry(class.to_owned()).or_default().push(what);
    }
    println!("{outcomes:#?}");
    // Speaking out of turn is named as what it is.
    let named = outcomes.get("tamper").cloned().unwrap_or_default();
    for what in
        ["writes-a-report-to-the-relay", "writes-a-report-at-import", "says-done-for-the-benchmark"]
    {
        assert!(named.iter().any(|it| it == what), "{what} is not named: {outcomes:?}");
    }
    let again = evaluator.measure(&task, &task.initial, &cases).await;
    assert_eq!(again.metric, honest.metric, "{}", again.reason);
}

#[tokio::test]
async fn files_beside_the_editable_ones_never_run() {
    let lab = tempfile::tempdir().expect("a folder");
    let task = secret(lab.path());
    let cases = task.cases(&Split::train(), 0);
    let evaluator = evaluator(1).await;
    let plain = "def guess(n):\n    return 0\n";
    for path in [
        "benchmark.py",
        "hyperagent.py",
        "sitecustomize.py",
        "__pycache__/answer.cpython-311.pyc",
        "../benchmark.py",
        "/tmp/answer.py",
    ] {
        let candidate = FileSet::from_iter([("answer.py", plain), (path, "raise SystemExit(0)\n")]);
        let measured = evaluator.measure(&task, &candidate, &cases).await;
        assert_eq!(measured.outcome, Outcome::Invalid, "{path}: {measured:?}");
        assert_eq!(measured.sandbox, None, "{path}: it never ran");
    }
}
