//! How good the solutions get offline: `cargo bench --bench solutions`, with `-- --only bin_packing` for one task.
//!
//! Each line is one run in a lab of its own, and the mean metric of its best solution on the sealed test cases, which
//! took no part in the run. The last lines leave one building block out.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

mod support;

use std::fs;

use serde_json::Value;
use support::{Lab, flag};

/// One task at one size.
struct Job {
    task: &'static str,
    generations: u32,
    attempts: u32,
    /// A building block that is taken out of the pool.
    without: Option<&'static str>,
}

const JOBS: [Job; 4] = [
    Job { task: "snake", generations: 9, attempts: 30, without: None },
    Job { task: "bin_packing", generations: 4, attempts: 20, without: None },
    Job { task: "bin_packing", generations: 4, attempts: 20, without: Some("refuse_middling") },
    Job { task: "circle_packing", generations: 9, attempts: 30, without: None },
];
/// Episodes of a generation.
const EPISODES: u32 = 2;

fn main() {
    let only: String = flag("only", String::new());
    let first: u64 = flag("first-seed", 101);
    let seeds: u64 = flag("seeds", 3);
    println!(
        "| task | candidates | without | seed | start | best | test cases |\n|---|---|---|---|---|---|---|"
    );
    for job in JOBS.iter().filter(|job| only.is_empty() || job.task == only) {
        let metrics: Vec<f64> = (first..first + seeds).map(|seed| measured(job, seed)).collect();
        let mean = metrics.iter().sum::<f64>() / metrics.len() as f64;
        println!(
            "| {} | {} | {} | mean | | {mean:.4} | |",
            job.task,
            candidates(job),
            job.without.unwrap_or("-")
        );
    }
}

fn candidates(job: &Job) -> u32 {
    (job.generations + 1) * EPISODES * job.attempts
}

fn measured(job: &Job, seed: u64) -> f64 {
    let lab = Lab::new();
    if let Some(piece) = job.without {
        let pool = lab.path().join("tasks").join(job.task).join("ingredients.py");
        let text = fs::read_to_string(&pool).unwrap();
        fs::write(&pool, left_out(&text, piece)).unwrap();
    }
    let flags = [
        ("task", job.task.to_owned()),
        ("seed", seed.to_string()),
        ("generations", job.generations.to_string()),
        ("episodes", EPISODES.to_string()),
        ("attempts", job.attempts.to_string()),
    ];
    let document = lab.run(&flags.map(|(name, value)| format!("--{name}={value}")));
    let made = document.get("attempts").and_then(Value::as_u64);
    assert_eq!(made, Some(u64::from(candidates(job))), "a run of another size");
    let opened: Value = serde_json::from_str(&lab.command("test", &[])).unwrap();
    let at = |path: &str| opened.pointer(path).and_then(Value::as_f64).unwrap();
    let (start, best) = (at("/tasks/0/metric/start"), at("/tasks/0/metric/best"));
    println!(
        "| {} | {} | {} | {seed} | {start:.4} | {best:.4} | {} |",
        job.task,
        candidates(job),
        job.without.unwrap_or("-"),
        at("/tasks/0/over_start/n")
    );
    best
}

/// A pool without one of its pieces.
fn left_out(pool: &str, piece: &str) -> String {
    let head = format!("def _{piece}(");
    let mut kept = String::new();
    let mut inside = false;
    for line in pool.lines() {
        inside = line.starts_with(&head) || inside && (line.is_empty() || line.starts_with(' '));
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    assert!(pool.contains(&head) && !kept.contains(&head), "no piece {piece}");
    kept
}
