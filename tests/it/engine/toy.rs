//! A lab with a task of its own, added as a folder and nothing else: bring a line's two numbers to 3 and 11.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::cli::bench::{Bench, Ended};

const TASK: &str = include_str!("../../fixtures/dial/task.toml");
const PROMPT: &str = include_str!("../../fixtures/dial/prompt.md");
const BENCHMARK: &str = include_str!("../../fixtures/dial/benchmark.py");
const START: &str = include_str!("../../fixtures/dial/solution/dial.py");

/// A bench whose lab has the task `dial` besides the shipped ones.
pub fn lab() -> Bench {
    with_task(Bench::with_seasoned_lab())
}

/// The same task in a lab that is there.
pub fn with_task(bench: Bench) -> Bench {
    std::fs::create_dir_all(bench.path("lab/tasks/dial/solution")).expect("a folder");
    bench.write("lab/tasks/dial/task.toml", TASK);
    bench.write("lab/tasks/dial/prompt.md", PROMPT);
    bench.write("lab/tasks/dial/benchmark.py", BENCHMARK);
    bench.write("lab/tasks/dial/solution/dial.py", START);
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
