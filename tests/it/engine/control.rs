//! The control arm: the best agent and the frozen one on fresh episodes, in pairs.

use serde_json::Value;

use super::toy::{self, last_event, run_small};

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn events(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Scores on the control episodes by generation, in the order of the episodes.
fn scores(events: &[Value], generation: &str) -> Vec<f64> {
    let mut found: Vec<(String, f64)> = events
        .iter()
        .filter(|event| event["event"] == "control_measured" && event["generation"] == generation)
        .map(|event| {
            let episode = event["episode"].as_str().expect("an episode").to_owned();
            (episode, number(&event["result"]["score"]))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(_, score)| score).collect()
}

#[test]
fn both_agents_work_on_the_same_fresh_episodes_and_the_difference_is_theirs() {
    let bench = toy::lab();
    let ended = run_small(&bench, &["--start", "initial", "--control=4", "--seed", "1"]).succeeds();
    let (all, last) = (events(&ended.stdout), last_event(&ended));
    let best = last["best"].as_str().expect("a generation");
    assert_ne!(best, "gen-00000", "this seed must find a better agent, or nothing is compared");
    let (frozen, evolved) = (scores(&all, "gen-00000"), scores(&all, best));
    assert_eq!((frozen.len(), evolved.len()), (4, 4));

    let agent = &last["agent"];
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    assert!((number(&agent["control"]) - mean(&frozen)).abs() < 1e-9, "{agent}");
    assert!((number(&agent["evolved"]) - mean(&evolved)).abs() < 1e-9, "{agent}");
    let difference = mean(&evolved) - mean(&frozen);
    assert!((number(&agent["difference"]) - difference).abs() < 1e-9, "{agent}");
    assert!(number(&agent["low"]) <= difference && difference <= number(&agent["high"]), "{agent}");
    assert_eq!(agent["n"], 4);

    // The episodes are beyond the run's own two, start alike, and are no part of its attempts or of the family tree.
    let started: Vec<&Value> = all
        .iter()
        .filter(|event| event["event"] == "episode_started")
        .filter(|event| {
            ["dial#2", "dial#3", "dial#4", "dial#5"].map(Value::from).contains(&event["episode"])
        })
        .collect();
    assert_eq!(started.len(), 8);
    assert!(started.iter().all(|event| event["from"].is_null()));
    assert_eq!(last["attempts"], 4 * 2 * 6);
    let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
    assert_eq!(log["generations"][0]["score"]["n"], 2);
}

#[test]
fn an_interrupted_comparison_goes_on_and_comes_to_the_same() {
    let bench = toy::lab();
    let flags = ["--start", "initial", "--control=2", "--seed", "1"];
    let whole =
        last_event(&run_small(&bench, &[&flags[..], &["--name", "whole"]].concat()).succeeds());
    let ended = run_small(&bench, &[&flags[..], &["--name", "cut"]].concat()).succeeds();
    // As a crash after the first control result would leave it.
    let journal = bench.path("lab/generations/.git/hyperagent/cut/journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("a journal");
    let at = text.find("\"control_measured\"").expect("a result");
    let end = at + text[at..].find('\n').expect("its line") + 1;
    std::fs::write(&journal, &text[..end]).expect("cut");
    let resumed = bench.run(&["--lab", "lab", "resume", "cut", "--json"]).succeeds();
    assert_eq!(last_event(&resumed)["agent"], whole["agent"]);
    assert_eq!(last_event(&ended)["agent"], whole["agent"]);
    let again = events(&resumed.stdout);
    let fresh = again.iter().filter(|event| event["event"] == "control_measured").count();
    assert!((1..4).contains(&fresh), "{fresh} results were made again");
}

#[test]
fn agents_that_start_from_their_ancestors_are_not_compared() {
    let bench = toy::lab();
    let refused = run_small(&bench, &["--control"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("--start initial"), "{}", refused.stderr);
}
