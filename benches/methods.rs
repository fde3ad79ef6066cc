//! Does every method run, and how far does it come with the same number of candidates? A smoke test, no ranking.
//! `cargo bench --bench methods -- --write docs/methods.md` runs every seed of a new lab and puts the table into the page.
//!
//! Offline nobody reads a prompt, so methods whose point is what a model is told differ by their search alone. What is
//! compared is the best train metric after the same number of candidates; a method that leaves agents half measured is given
//! more rewrites until it has made as many.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

#[expect(dead_code, reason = "this bench reads every event of a run, not its last line alone")]
mod support;

use std::fmt::Write as _;
use std::fs;

use hyperagent::domain::stats::{mean, median};
use serde_json::Value;
use support::{Lab, flag};

/// What stands around the table in the page.
const MARKS: [&str; 2] = ["<!-- smoke -->\n", "<!-- /smoke -->\n"];
/// The most rewrites, and the most episodes, a method is given to make its candidates.
const MOST: u32 = 64;

/// The sizes of the experiment.
struct Plan {
    task: String,
    runs: u64,
    candidates: usize,
    episodes: u32,
    attempts: u32,
}

/// One run, cut after as many candidates as the plan says.
struct Cut {
    /// The best train metric among the starts and the candidates.
    best: f64,
    /// Candidates measured with a metric.
    measured: usize,
    /// Reviews and notes asked for.
    advice: usize,
    /// Generations made, the seed apart.
    generations: usize,
}

fn main() {
    let plan = Plan {
        task: flag("task", "bin_packing".to_owned()),
        runs: flag("runs", 5),
        candidates: flag("candidates", 60),
        episodes: flag("episodes", 2),
        attempts: flag("attempts", 5),
    };
    let lab = Lab::new();
    let list: Value = serde_json::from_str(&lab.command("seed", &["list".to_owned()])).unwrap();
    let tasks: Value = serde_json::from_str(&lab.command("task", &["list".to_owned()])).unwrap();
    let task = tasks["tasks"].as_array().unwrap().iter().find(|task| task["name"] == plan.task);
    let task = task.unwrap();
    let lower = task["direction"] == "minimise";
    let mut text = format!(
        "`cargo bench --bench methods -- --task {} --runs {} --candidates {} --episodes {} --attempts {}`: {} ({}, to {}) \
         after {} candidates, seeds 1 to {}.\n\n",
        plan.task,
        plan.runs,
        plan.candidates,
        plan.episodes,
        plan.attempts,
        plan.task,
        task["metric"].as_str().unwrap(),
        task["direction"].as_str().unwrap(),
        plan.candidates,
        plan.runs
    );
    text.push_str("| seed | median | worst | best | measured | generations | advice |\n|---|---|---|---|---|---|---|\n");
    for seed in list["seeds"].as_array().unwrap() {
        let name = seed["name"].as_str().unwrap();
        let cuts: Vec<Cut> =
            (1..=plan.runs).map(|run| run_of(&lab, &plan, name, run, lower)).collect();
        let best: Vec<f64> = cuts.iter().map(|cut| cut.best).collect();
        let (low, high) =
            best.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let (worst, top) = if lower { (high, low) } else { (low, high) };
        let of = |count: fn(&Cut) -> usize| {
            mean(&cuts.iter().map(|cut| count(cut) as f64).collect::<Vec<f64>>())
        };
        let row = format!(
            "| {name} | {:.4} | {worst:.4} | {top:.4} | {:.1} | {:.1} | {:.1} |",
            median(&best),
            of(|cut| cut.measured),
            of(|cut| cut.generations),
            of(|cut| cut.advice)
        );
        println!("{row}");
        let _ = writeln!(text, "{row}");
    }
    let file: String = flag("write", String::new());
    if !file.is_empty() {
        let page = fs::read_to_string(&file).unwrap();
        let (before, rest) = page.split_once(MARKS[0]).unwrap();
        let (_, after) = rest.split_once(MARKS[1]).unwrap();
        fs::write(&file, [before, MARKS[0], &text, MARKS[1], after].concat()).unwrap();
    }
}

/// Runs a method until it has made its candidates, with twice the rewrites each time, or twice the episodes where it ended
/// before it had made all rewrites: an arena plays as many rounds as there are episodes.
fn run_of(lab: &Lab, plan: &Plan, agent: &str, seed: u64, lower: bool) -> Cut {
    let of_one = plan.attempts * plan.episodes;
    let mut rewrites = u32::try_from(plan.candidates).unwrap().div_ceil(of_one).saturating_sub(1);
    let mut episodes = plan.episodes;
    loop {
        let flags = [
            ("task", plan.task.clone()),
            ("agent", agent.to_owned()),
            ("name", format!("{agent}-{seed}-{rewrites}-{episodes}")),
            ("seed", seed.to_string()),
            ("generations", rewrites.to_string()),
            ("episodes", episodes.to_string()),
            ("attempts", plan.attempts.to_string()),
            // One after another: the order of candidates is then the same in every run.
            ("parallel", "1".to_owned()),
        ];
        let flags = flags.map(|(name, value)| format!("--{name}={value}"));
        let lines = lab.command("run", &flags);
        let events: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if let Some(cut) = cut(&events, plan.candidates, lower) {
            return cut;
        }
        assert!(
            rewrites.max(episodes) < MOST,
            "{agent} makes too few candidates with {rewrites} rewrites and {episodes} episodes"
        );
        let made = events.iter().filter(|event| event["event"] == "generation_planned").count();
        let ended = made <= usize::try_from(rewrites).unwrap();
        if ended {
            episodes *= 2;
        } else {
            rewrites *= 2;
        }
    }
}

/// The events up to the last of so many candidates; `None` when there are fewer.
fn cut(events: &[Value], candidates: usize, lower: bool) -> Option<Cut> {
    let mut cut = Cut {
        best: if lower { f64::MAX } else { f64::MIN },
        measured: 0,
        advice: 0,
        generations: 0,
    };
    let mut made = 0;
    for event in events {
        let metric = event["result"]["metric"].as_f64();
        match event["event"].as_str().unwrap_or_default() {
            "attempt_finished" => {
                made += 1;
                cut.measured += usize::from(metric.is_some());
            }
            "start_measured" => {}
            "consulted" => cut.advice += 1,
            "generation_committed" => cut.generations += 1,
            _ => continue,
        }
        if let Some(metric) = metric {
            cut.best = if lower { cut.best.min(metric) } else { cut.best.max(metric) };
        }
        if made == candidates {
            cut.generations = cut.generations.saturating_sub(1);
            return Some(cut);
        }
    }
    None
}
