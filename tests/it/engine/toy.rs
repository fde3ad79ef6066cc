//! A lab with a task of its own, added as a folder and nothing else: bring a line's two numbers to 3 and 11.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::cli::bench::{Bench, Ended};

const TASK: &str = r#"
name = "dial"
title = "Find the two numbers of a line"
metric = "closeness"
direction = "maximise"
language = "python"
protocol = "isolated"
prompt = "prompt.md"

[score]
floor = -100.0
target = 0.0

[solution]
initial = "solution"
entry = "dial.py"
editable = ["dial.py"]

[benchmark]
program = "benchmark.py"
functions = ["level"]

[cases]
train = { first_seed = 0, count = 5 }
select = { first_seed = 100, count = 5 }
test = { first_seed = 200, count = 5 }
report = { first_seed = 1000, count = 8, fresh = true }
"#;

const BENCHMARK: &str = r#"
import hyperagent


def run(cases, call_many, call, report):
    answers = call_many("level", [[case.seed % 7] for case in cases])
    for case, answer in zip(cases, answers):
        if isinstance(answer, (int, float)):
            report(case.id, max(-100.0, -abs(answer - 3 * (case.seed % 7) - 11)), "near: by how much")
        else:
            report(case.id, -100.0, "nothing: no number")


hyperagent.serve(run)
"#;

/// A bench whose lab has the task `dial` besides the shipped ones.
pub fn lab() -> Bench {
    let bench = Bench::with_lab();
    std::fs::create_dir_all(bench.path("lab/tasks/dial/solution")).expect("a folder");
    bench.write("lab/tasks/dial/task.toml", TASK);
    bench.write("lab/tasks/dial/prompt.md", "Write `level(x)`: a number for a number.\n");
    bench.write("lab/tasks/dial/benchmark.py", BENCHMARK);
    bench.write("lab/tasks/dial/solution/dial.py", "def level(x):\n    return 1 * x + 1\n");
    bench
}

/// The same with a second task `knob`, which is `dial` on another scale.
pub fn lab_of_two() -> Bench {
    let bench = lab();
    std::fs::create_dir_all(bench.path("lab/tasks/knob/solution")).expect("a folder");
    for file in ["prompt.md", "benchmark.py", "solution/dial.py"] {
        bench.write(
            &format!("lab/tasks/knob/{file}"),
            &bench.read(&format!("lab/tasks/dial/{file}")),
        );
    }
    let other = TASK.replace("name = \"dial\"", "name = \"knob\"").replace("-100.0", "-30.0");
    bench.write("lab/tasks/knob/task.toml", &other);
    bench
}

/// The flags of a small run of the task.
pub const SMALL: [&str; 12] = [
    "--lab",
    "lab",
    "run",
    "--task",
    "dial",
    "--generations",
    "3",
    "--attempts",
    "6",
    "--episodes",
    "2",
    "--json",
];

/// Runs `SMALL` with more flags.
pub fn run_small(bench: &Bench, more: &[&str]) -> Ended {
    bench.run(&[&SMALL[..], more].concat())
}

/// The last event of a run with `--json`.
pub fn last_event(ended: &Ended) -> Value {
    let line = ended.stdout.lines().last().expect("events");
    serde_json::from_str(line).expect("JSON")
}

/// What plain git answers in `generations/`.
pub fn git(bench: &Bench, arguments: &[&str]) -> String {
    String::from_utf8(git_bytes(bench, arguments)).expect("text")
}

/// The same, as bytes.
pub fn git_bytes(bench: &Bench, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .arg("-C")
        .arg(bench.path("lab/generations"))
        .args(arguments)
        .env("HOME", bench.path("."))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    output.stdout
}

/// The tree of every generation of a run, rejected ones included, by ref.
pub fn trees(bench: &Bench, run: &str) -> BTreeMap<String, String> {
    let refs = git(
        bench,
        &[
            "for-each-ref",
            "--format=%(refname) %(tree)",
            &format!("refs/tags/{run}"),
            &format!("refs/hyperagent/{run}/rejected"),
        ],
    );
    refs.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, tree)| (name.to_owned(), tree.to_owned()))
        .collect()
}
