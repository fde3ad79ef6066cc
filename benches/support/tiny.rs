//! The cheapest lab: a task of one case and an agent of a few lines, with answers from a file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

const TASK: &str = include_str!("../../tests/fixtures/dial/task.toml");
const PROMPT: &str = include_str!("../../tests/fixtures/dial/prompt.md");
const BENCHMARK: &str = include_str!("../../tests/fixtures/dial/benchmark.py");
const START: &str = include_str!("../../tests/fixtures/dial/solution/dial.py");
const STRATEGY: &str = include_str!("../../tests/fixtures/plain-agent/strategy.star");
const AGENT: &str = include_str!("../../tests/fixtures/plain-agent/agent.toml");
const WORKER_PROMPT: &str = include_str!("../../tests/fixtures/plain-agent/prompts/worker.md");
const META_PROMPT: &str = include_str!("../../tests/fixtures/plain-agent/prompts/meta.md");

const WORKER: &str = "\
summary: a better line

dial.py
<<<<<<< SEARCH
    return 1 * x + 1
=======
    return 3 * x + 10
>>>>>>> REPLACE
";

/// The notes of a generation; no two are alike.
pub fn note(generation: u32) -> String {
    format!("This is note {generation}.\n")
}

/// The answer that makes a generation.
pub fn answer(generation: u32) -> String {
    let note = note(generation);
    format!("summary: note {generation}\n\nWRITE memory/notes.md\n```\n{note}```\n")
}

/// Makes the lab, with answers for so many generations.
pub fn lab(lab: &Path, generations: u32) {
    let made =
        Command::new(env!("CARGO_BIN_EXE_hyperagent")).arg("init").arg(lab).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let agent = lab.join("agent_config");
    fs::remove_dir_all(&agent).unwrap();
    let task = lab.join("tasks/dial");
    for folder in [&agent.join("prompts"), &agent.join("memory"), &task.join("solution")] {
        fs::create_dir_all(folder).unwrap();
    }
    let mut answers = json!({"role": "worker", "text": WORKER}).to_string();
    for number in 1..=generations {
        let line = json!({"role": "meta", "generation": number, "text": answer(number)});
        let _ = write!(answers, "\n{line}");
    }
    for (path, text) in [
        (agent.join("agent.toml"), AGENT),
        (agent.join("strategy.star"), STRATEGY),
        (agent.join("prompts/worker.md"), WORKER_PROMPT),
        (agent.join("prompts/meta.md"), META_PROMPT),
        (agent.join("memory/notes.md"), "Nothing yet.\n"),
        (
            task.join("task.toml"),
            &TASK.replace("count = 5", "count = 1").replace("count = 8", "count = 2"),
        ),
        (task.join("prompt.md"), PROMPT),
        (task.join("benchmark.py"), BENCHMARK),
        (task.join("solution/dial.py"), START),
        (
            lab.join("hyperagent.toml"),
            "[models.script]\ndialect = \"scripted\"\nsource = \"answers.jsonl\"\n",
        ),
        (lab.join("answers.jsonl"), &answers),
    ] {
        fs::write(path, text).unwrap();
    }
}

/// Begins a long run in it.
pub fn run(lab: &Path) -> Child {
    let sizes = ["--generations", "20000", "--attempts", "1", "--episodes", "1"];
    start(lab, &[&["run", "--task", "dial", "--name", "run-1"][..], &sizes].concat())
}

/// Goes on with it.
pub fn resume(lab: &Path) -> Child {
    start(lab, &["resume"])
}

fn start(lab: &Path, words: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hyperagent"))
        .arg("--lab")
        .arg(lab)
        .args(words)
        .args(["--json", "--parallel", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
