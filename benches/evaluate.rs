//! What measuring a candidate costs: `cargo bench --bench evaluate`; `-- --candidates 400` for more, `--slots 1` for one core.
//!
//! The task is trivial: a candidate that hands a number back, so what is seen is the price of processes, sandboxes and
//! relays alone. Every candidate is another one, as in a run.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

#[path = "support/flag.rs"]
mod flag;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use flag::flag;
use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::Outcome;
use hyperagent::domain::task::{Limits, Split, Task};
use hyperagent::evaluate::Evaluator;
use hyperagent::lab::tasks::load_task;
use hyperagent::sandbox::python::{self, Python};
use hyperagent::sandbox::{Host, Program, Spec, probe, start};
use tokio::task::JoinSet;

const TASK: &str = r#"
name = "echo"
title = "Hand a number back"
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
train = { first_seed = 0, count = 20 }
select = { first_seed = 100, count = 20 }
test = { first_seed = 200, count = 20 }
report = { first_seed = 1000, count = 20, fresh = true }
"#;

const BENCHMARK: &str = "
import hyperagent
def run(cases, call_many, call, report):
    said = call_many('say', [[case.seed] for case in cases])
    for case, number in zip(cases, said):
        report(case.id, number)
hyperagent.serve(run)
";

#[tokio::main]
async fn main() {
    let candidates: usize = flag("candidates", 200);
    let slots: usize = flag("slots", 2);
    let folder = tempfile::tempdir().unwrap();
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_hyperagent"));
    let cache = folder.path().join("level");
    let level = probe(&executable, &std::env::temp_dir(), &cache).await.unwrap().level;
    let path = std::env::var("PATH").unwrap();
    let python = python::find(None, &path, &folder.path().join("python")).await.unwrap();
    let host = Host { executable, level, temporary: std::env::temp_dir() };
    println!("sandbox level {level}, CPython {}, {slots} slots", python.version);

    starts(&host, &python).await;
    let task = echo(folder.path());
    let evaluator = Evaluator::new(host, python, slots);
    rate(evaluator, task, candidates, slots).await;
}

/// An interpreter that does nothing, by itself and in the sandbox, in turns.
async fn starts(host: &Host, python: &Python) {
    const TURNS: usize = 60;
    let [mut plain, mut sealed, mut named] = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        let begun = Instant::now();
        let done = Command::new(&python.path)
            .args(["-s", "-S", "-B", "-c", "pass"])
            .env_clear()
            .status()
            .unwrap();
        assert!(done.success());
        plain.push(begun.elapsed());
        for (times, openings_are_named) in [(&mut sealed, false), (&mut named, true)] {
            let mut spec = nothing(python);
            spec.openings_are_named = openings_are_named;
            let begun = Instant::now();
            let exit = start(host, spec).await.unwrap().wait().await;
            assert_eq!(exit.violations, []);
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<std::time::Duration>| {
        times.sort();
        times.get(TURNS / 2).unwrap().as_secs_f64() * 1000.0
    };
    let (plain, sealed, named) = (median(&mut plain), median(&mut sealed), median(&mut named));
    println!("interpreter alone              {plain:7.2} ms (median of {TURNS})");
    println!("in the sandbox                 {sealed:7.2} ms, {:.2} more", sealed - plain);
    println!("openings named                 {named:7.2} ms, {:.2} more", named - sealed);
}

fn nothing(python: &Python) -> Spec {
    let args = ["-s", "-S", "-B", "-c", "pass"].map(str::to_owned).into();
    let mut spec = Spec::new(Program::Path { path: python.path.clone(), args }, Limits::default());
    spec.readable = python.readable.clone();
    spec.system_libraries = true;
    spec
}

/// Candidates a second, and trials, through the isolated protocol.
async fn rate(evaluator: Evaluator, task: Task, candidates: usize, slots: usize) {
    let cases = std::sync::Arc::new(task.cases(&Split::train(), 0));
    let shared = std::sync::Arc::new((evaluator, task));
    let mut next = 0;
    let mut under_way = JoinSet::new();
    let warm = measured(&shared.0, &shared.1, usize::MAX, &cases).await;
    assert_eq!(warm, Outcome::Graded);
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    while next < candidates || !under_way.is_empty() {
        while next < candidates && under_way.len() < slots {
            let (shared, cases, number) = (shared.clone(), cases.clone(), next);
            under_way.spawn(async move { measured(&shared.0, &shared.1, number, &cases).await });
            next += 1;
        }
        if let Some(outcome) = under_way.join_next().await {
            assert_eq!(outcome.unwrap(), Outcome::Graded);
        }
    }
    let wall = begun.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu;
    let each = candidates as f64 / wall;
    println!("candidates a second            {each:7.1}");
    println!("trials a second                {:7.0}", each * cases.len() as f64);
    println!(
        "CPU for each candidate         {:7.2} ms, all processes",
        cpu / candidates as f64 * 1e3
    );
}

async fn measured(
    evaluator: &Evaluator,
    task: &Task,
    number: usize,
    cases: &[hyperagent::domain::task::Case],
) -> Outcome {
    let code = format!("def say(n):\n    return n + {number} % 7\n# {number}\n");
    evaluator.measure(task, &FileSet::from_iter([("answer.py", code)]), cases).await.outcome
}

/// CPU time of this process and of the children it has waited for.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(4).map(|n| n.parse::<u64>().unwrap()).sum();
    ticks as f64 / 100.0
}

fn echo(folder: &Path) -> Task {
    let folder = folder.join("echo");
    fs::create_dir_all(folder.join("start")).unwrap();
    for (path, text) in [
        ("task.toml", TASK),
        ("benchmark.py", BENCHMARK),
        ("prompt.md", "Write `say(n)`.\n"),
        ("start/answer.py", "def say(n):\n    return n\n"),
    ] {
        fs::write(folder.join(path), text).unwrap();
    }
    load_task(&folder).expect("a task")
}
