//! Runs with one improver: who rewrites is not what is rewritten.

use serde_json::{Value, json};

use super::toy::{self, SMALL, last_event, run_small};
use crate::cli::bench::{Bench, Ended};
use crate::crash::scene::Scene;

/// A chain: the newest generation is rewritten.
const CHAIN: &str = r"
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    return expand(S.live[-1].id)
";
const MARK: &str = "\nLearnt elsewhere: change one thing.\n";

fn lab() -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", CHAIN);
    bench
}

/// The same beside another agent, which is known by its meta prompt.
fn lab_of_two_agents() -> Bench {
    let bench = lab();
    crate::crash::scene::copy(&bench.path("lab/agent_config"), &bench.path("lab/teacher"));
    let prompt = "lab/teacher/prompts/meta.md";
    bench.write(prompt, &(bench.read(prompt) + MARK));
    bench
}

/// Of every rewrite in order: its parent, and who made it.
fn authors(ended: &Ended) -> Vec<(Value, Value)> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events
        .filter(|event: &Value| event["event"] == "generation_planned")
        .map(|event| (event["plan"]["parents"][0].clone(), event["plan"]["by"].clone()))
        .skip(1)
        .collect()
}

const ONE_EPISODE: [&str; 4] = ["--episodes", "1", "--attempts", "1"];

#[test]
fn without_self_improvement_generation_0_rewrites_and_decides_all_along() {
    let bench = lab();
    let own = authors(&run_small(&bench, &ONE_EPISODE).succeeds());
    let chain = |by: [u32; 3]| -> Vec<(Value, Value)> {
        let name = |id: u32| json!(format!("gen-0000{id}"));
        by.iter().zip(0..).map(|(by, parent)| (name(parent), name(*by))).collect()
    };
    assert_eq!(own, chain([0, 1, 2]));

    let flags = [&ONE_EPISODE[..], &["--fresh", "--no-self-improve"]].concat();
    let ended = run_small(&bench, &flags).succeeds();
    assert_eq!(authors(&ended), chain([0, 0, 0]));
    let decided = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let drivers: Vec<Value> = decided
        .filter(|event: &Value| event["event"] == "decided" && event["step"] != 0)
        .map(|event| event["by"].clone())
        .collect();
    assert!(drivers.len() > 3 && drivers.iter().all(|by| by == "gen-00000"), "{drivers:?}");
    let told = bench.run(&["--lab", "lab", "show", "gen-00002"]).succeeds().stdout;
    assert!(told.contains("by the meta role of gen-00000"), "{told}");
    bench.run(&["--lab", "lab", "replay", "run-2"]).succeeds();
}

#[test]
fn a_transferred_meta_role_rewrites_whatever_becomes_of_the_runs_own() {
    let scene = Scene::around(lab_of_two_agents(), &SMALL).with(&ONE_EPISODE);
    let scene = scene.with(&["--transfer", "lab/teacher"]);
    // The run has what it needs of the other agent: its folder may go.
    assert!(scene.dies_at("ref-moved:6"), "no second generation");
    std::fs::remove_dir_all(scene.bench.path("lab/teacher")).expect("removed");
    scene.bench.run(&["--lab", "lab", "resume", "--json"]).succeeds();
    let bench = &scene.bench;
    let records = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    let made = records["generations"].as_array().expect("generations").clone();
    assert_eq!(made.len(), 4, "{records}");
    for generation in ["gen-00001", "gen-00002", "gen-00003"] {
        let trace = bench.run(&["--lab", "lab", "trace", generation]).succeeds().stdout;
        assert!(trace.contains(MARK.trim()), "{generation} was not rewritten by it: {trace}");
        let shown = bench.run(&["--lab", "lab", "show", generation, "--json"]).succeeds().json();
        assert_eq!(shown["by"], Value::Null);
        let told = bench.run(&["--lab", "lab", "show", generation]).succeeds().stdout;
        assert!(told.contains("by the meta role of lab/teacher"), "{told}");
    }
    // What is rewritten is the run's own.
    let own = toy::git(bench, &["show", "run-1/gen-00003:agent/prompts/meta.md"]);
    assert!(!own.contains(MARK.trim()), "{own}");
    bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
}

#[test]
fn an_improver_that_cannot_be_is_refused_before_anything_is_begun() {
    let bench = lab_of_two_agents();
    let flags = |more: &[&'static str]| [&ONE_EPISODE[..], more].concat();
    run_small(&bench, &flags(&["--transfer", "nowhere"])).fails_with(2);
    run_small(&bench, &flags(&["--transfer", "lab/teacher", "--no-self-improve"])).fails_with(2);
    bench.write("lab/teacher/agent.toml", "[roles.worker]\n");
    run_small(&bench, &flags(&["--transfer", "lab/teacher"])).fails_with(3).tells("teacher");
    assert!(!bench.path("lab/generations/.git/hyperagent/run-1/journal.jsonl").exists());
    let ended = run_small(&bench, &flags(&["--no-self-improve"])).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished");
}
