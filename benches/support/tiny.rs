//! The cheapest lab: a task of one case and an agent of a few lines, with answers from a file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

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
train = { first_seed = 0, count = 1 }
select = { first_seed = 100, count = 1 }
test = { first_seed = 200, count = 1 }
report = { first_seed = 1000, count = 2, fresh = true }
"#;

const BENCHMARK: &str = r#"
import hyperagent


def run(cases, call_many, call, report):
    answers = call_many("level", [[case.seed % 7] for case in cases])
    for case, answer in zip(cases, answers):
        report(case.id, max(-100.0, -abs(answer - 3 * (case.seed % 7) - 11)))


hyperagent.serve(run)
"#;

const STRATEGY: &str = r#"
def next_step(S, rng):
    newest = S.gens[len(S.gens) - 1]
    if newest.todo:
        return evaluate(newest.id, newest.todo)
    return expand(S.live[rng.int(0, len(S.live) - 1)].id, op = "rewrite")

def next_attempt(T, rng):
    return propose(0)
"#;

const AGENT: &str = r#"
[roles.worker]
prompt = "prompts/worker.md"
model = "script"
format = "edit"
temperature = 0.8
max_output_tokens = 8192
turns = 1

[roles.meta]
prompt = "prompts/meta.md"
model = "script"
format = "edit"
temperature = 0.7
max_output_tokens = 8192
turns = 1
"#;

const WORKER_PROMPT: &str = r#"+++
requires = ["task", "code", "contract"]
output = "edit"
+++
{{ task.text }}
{{ code }}
{{ contract }}
"#;

const META_PROMPT: &str = r#"+++
requires = ["files", "contract", "card"]
output = "edit"
+++
{% for file in files %}{{ file.path }}
{{ file.text }}
{% endfor %}
{{ contract }}
{{ card }}
"#;

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
        (task.join("task.toml"), TASK),
        (task.join("prompt.md"), "Write `level(x)`: a number for a number.\n"),
        (task.join("benchmark.py"), BENCHMARK),
        (task.join("solution/dial.py"), "def level(x):\n    return 1 * x + 1\n"),
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
