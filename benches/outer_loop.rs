//! Does the outer loop improve the inner one? `cargo bench --bench outer_loop -- --first-seed 1001 --append docs/results.md`
//!
//! Every seed is one outer run for each of two arms of the same agent: *evolved*, whose meta role is the offline one, and
//! *random*, whose meta role makes the same kinds of rewrites with nothing learnt. Both pick their best generation by the
//! select cases and are then compared, with the frozen agent too, on fresh episodes with the same streams (`--control`).
//! The unit of analysis is the outer run.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hyperagent::base::rng;
use hyperagent::domain::stats::{bootstrap_mean, holm, mean, median, signed_rank, superiority};
use serde_json::Value;
use support::{Lab, flag};

/// Resamples of the bootstrap behind an interval.
const RESAMPLES: usize = 10_000;

/// The sizes of the experiment.
struct Plan {
    task: String,
    first_seed: u64,
    runs: u64,
    generations: u32,
    episodes: u32,
    attempts: u32,
    control: u32,
}

/// What one outer run of an arm came to: mean scores over the same fresh episodes.
struct Outcome {
    frozen: f64,
    evolved: f64,
    metric: f64,
    frozen_metric: f64,
}

/// Both arms of one seed.
struct Pair {
    seed: u64,
    evolved: Outcome,
    random: Outcome,
}

fn main() {
    let plan = Plan {
        task: flag("task", "bin_packing".to_owned()),
        first_seed: flag("first-seed", 1),
        runs: flag("runs", 10),
        generations: flag("generations", 10),
        episodes: flag("episodes", 8),
        attempts: flag("attempts", 25),
        control: flag("control", 20),
    };
    let lab = Lab::new();
    let random = lab.path().join("random");
    write_random_arm(&lab.path().join("seed/hyperagent"), &random);
    let mut pairs = Vec::new();
    for seed in plan.first_seed..plan.first_seed + plan.runs {
        let evolved = outcome(&lab.run(&flags(&plan, seed, "evolved", "hyperagent")));
        let path = random.to_string_lossy();
        let random = outcome(&lab.run(&flags(&plan, seed, "random", &path)));
        assert!(evolved.frozen == random.frozen, "the frozen agent must not depend on the arm");
        println!(
            "seed {seed}: frozen {:.4}, evolved {:.4}, random {:.4}",
            evolved.frozen, evolved.evolved, random.evolved
        );
        pairs.push(Pair { seed, evolved, random });
    }
    let report = report(&plan, &pairs);
    println!("\n{report}");
    let file: String = flag("append", String::new());
    if !file.is_empty() {
        let mut text = fs::read_to_string(&file).unwrap_or_default();
        text.push_str(&report);
        fs::write(&file, text).unwrap();
    }
}

/// The same agent with `random` as the model of its meta role.
fn write_random_arm(seed: &Path, to: &Path) {
    for folder in ["", "prompts", "memory"] {
        fs::create_dir_all(to.join(folder)).unwrap();
        let Ok(entries) = fs::read_dir(seed.join(folder)) else { continue };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
        }
    }
    let text = fs::read_to_string(to.join("agent.toml")).unwrap();
    let (before, meta) = text.split_once("[roles.meta]").unwrap();
    let meta = meta.replacen("model = \"offline\"", "model = \"random\"", 1);
    assert!(meta.contains("model = \"random\""), "the meta role's model is not where it was");
    fs::write(to.join("agent.toml"), format!("{before}[roles.meta]{meta}")).unwrap();
}

fn flags(plan: &Plan, seed: u64, arm: &str, agent: &str) -> Vec<String> {
    [
        ("task", plan.task.clone()),
        ("agent", agent.to_owned()),
        ("name", format!("{arm}-{seed}")),
        ("start", "initial".to_owned()),
        ("seed", seed.to_string()),
        ("generations", plan.generations.to_string()),
        ("episodes", plan.episodes.to_string()),
        ("attempts", plan.attempts.to_string()),
        ("control", plan.control.to_string()),
    ]
    .map(|(name, value)| format!("--{name}={value}"))
    .to_vec()
}

fn outcome(document: &Value) -> Outcome {
    let agent = document.get("agent").unwrap();
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no number in {agent}"));
    Outcome {
        frozen: number(agent.get("control").unwrap()),
        evolved: number(agent.get("evolved").unwrap()),
        metric: number(agent.pointer("/tasks/0/evolved").unwrap()),
        frozen_metric: number(agent.pointer("/tasks/0/frozen").unwrap()),
    }
}

/// The section of docs/results.md.
fn report(plan: &Plan, pairs: &[Pair]) -> String {
    let last = plan.first_seed + plan.runs - 1;
    let mut text = format!(
        "\n### Result: {}, seeds {} to {last}\n\n`cargo bench --bench outer_loop -- --task {} --first-seed {} --runs {} --generations {} --episodes {} --attempts {} --control {}`\n\n",
        plan.task,
        plan.first_seed,
        plan.task,
        plan.first_seed,
        plan.runs,
        plan.generations,
        plan.episodes,
        plan.attempts,
        plan.control
    );
    text.push_str("| seed | frozen | evolved | random | frozen, metric | evolved, metric | random, metric |\n|---|---|---|---|---|---|---|\n");
    for Pair { seed, evolved, random } in pairs {
        let _ = writeln!(
            text,
            "| {seed} | {:.4} | {:.4} | {:.4} | {:.3} | {:.3} | {:.3} |",
            evolved.frozen,
            evolved.evolved,
            random.evolved,
            evolved.frozen_metric,
            evolved.metric,
            random.metric
        );
    }
    let of = |score: fn(&Pair) -> f64| pairs.iter().map(score).collect::<Vec<f64>>();
    let frozen = of(|pair| pair.evolved.frozen);
    let evolved = of(|pair| pair.evolved.evolved);
    let random = of(|pair| pair.random.evolved);
    let compared = [
        ("evolved - frozen", &evolved, &frozen),
        ("evolved - random", &evolved, &random),
        ("random - frozen", &random, &frozen),
    ];
    let tests: Vec<f64> =
        compared.iter().map(|(_, a, b)| signed_rank(&differences(a, b))).collect();
    let adjusted = holm(tests.get(..2).unwrap_or_default());
    text.push_str("\n| difference in score | mean | 95 % interval | median | p (signed rank) | p (Holm) | A12 |\n|---|---|---|---|---|---|---|\n");
    for (index, (name, a, b)) in compared.iter().enumerate() {
        let differences = differences(a, b);
        let mut random = rng::stream(plan.first_seed, "outer loop", &[index as u64]);
        let interval = bootstrap_mean(&differences, RESAMPLES, 0.95, &mut random).unwrap();
        let holm = adjusted.get(index).map_or("-".to_owned(), |p| format!("{p:.4}"));
        let _ = writeln!(
            text,
            "| {name} | {:+.4} | [{:+.4}, {:+.4}] | {:+.4} | {:.4} | {holm} | {:.2} |",
            mean(&differences),
            interval.low,
            interval.high,
            median(&differences),
            tests.get(index).unwrap(),
            superiority(a, b)
        );
    }
    text
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
