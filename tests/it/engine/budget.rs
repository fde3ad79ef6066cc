//! Caps of generations and roles, and what a run is reckoned to cost before it begins.

use serde_json::Value;

use super::toy::{self, last_event, run_small};
use crate::cli::bench::Bench;

const MODEL: &str = "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n\
    price_usd_per_mtok = { input = 1.0, output = 10.0 }\n";

/// Answers that hold no code: every attempt takes three calls, and a rewrite is rejected after three.
const ANSWERS: &str =
    "[[answer]]\ntext = \"Let me think.\"\ninput_tokens = 1000\noutput_tokens = 100\n";

fn lab(budget: &str) -> Bench {
    let bench = toy::lab();
    bench.write("lab/hyperagent.toml", &format!("{MODEL}{budget}"));
    bench.write("lab/answers.toml", ANSWERS);
    bench
}

fn json(bench: &Bench, words: &[&str]) -> Value {
    bench.run(&[&["--lab", "lab"], words, &["--json"]].concat()).succeeds().json()
}

#[test]
fn a_cap_of_a_generation_ends_its_measurement_and_its_rewrite_and_the_run_goes_on() {
    let bench = lab("[budget.generation]\nmax_calls = 2\n");
    let flags = ["--model", "script", "--generations", "1", "--attempts", "4", "--episodes", "1"];
    let ended = run_small(&bench, &flags).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished", "{}", ended.stderr);
    let cost = json(&bench, &["cost"]);
    for generation in ["gen-00000", "gen-00001"] {
        assert_eq!(cost["generations"][generation]["calls"], 2, "{cost}");
    }
    let trace = json(&bench, &["trace", "gen-00000"]);
    let attempts = trace["attempts"].as_array().expect("attempts");
    let reasons: Vec<&str> = attempts.iter().filter_map(|one| one["reason"].as_str()).collect();
    let [_, spent, stop] = reasons.as_slice() else { panic!("one attempt and the stop: {trace}") };
    let told = "the budget of gen-00000 is spent: max_calls = 2 (used: 2)";
    assert!(spent.contains(told) && stop.contains(told), "{trace}");
    let shown = bench.run(&["--lab", "lab", "show", "gen-00001"]).succeeds().stdout;
    assert!(shown.contains("the budget of gen-00001 is spent"), "{shown}");
    assert_eq!(json(&bench, &["replay"])["same"], true);
}

#[test]
fn a_role_without_budget_lets_the_run_stand_still_before_it_is_needed_again() {
    let bench = lab("");
    let flags = ["--model", "script", "--generations", "1", "--attempts", "1", "--episodes", "1"];
    let capped = [&flags[..], &["--cap", "roles.worker.max_calls=3", "--max-calls", "50"]].concat();
    run_small(&bench, &capped).succeeds();
    let status = json(&bench, &["status"]);
    assert_eq!(status["state"], "paused");
    assert_eq!(status["budget_left"]["calls"], 47, "a cap of a flag is known to `status`");
    assert_eq!(status["budget_left"]["roles"]["worker"]["calls"], 0, "{status}");
    assert_eq!((&status["pace"]["attempts"], &status["pace"]["planned"]), (&1.into(), &2.into()));
    let why = status["why"].as_str().expect("words");
    assert!(why.starts_with("the budget of role `worker` is spent: max_calls = 3"), "{why}");
    assert_eq!(
        json(&bench, &["cost"])["roles"]["meta"],
        Value::Null,
        "nothing is rewritten in vain"
    );
    let resumed = ["--lab", "lab", "resume", "--cap", "roles.worker.max_calls=9"];
    bench.run(&resumed).succeeds();
    assert_eq!(json(&bench, &["status"])["state"], "finished");
    assert_eq!(json(&bench, &["cost"])["roles"]["meta"]["calls"], 3);
    assert_eq!(json(&bench, &["replay"])["same"], true);
}

#[test]
fn an_estimate_is_a_range_that_holds_what_the_run_then_takes_and_starts_nothing() {
    let bench = lab("");
    let flags = ["--model", "script", "--generations", "1", "--attempts", "2", "--episodes", "1"];
    let estimate = run_small(&bench, &[&flags[..], &["--estimate"]].concat()).succeeds().json();
    bench.run(&["--lab", "lab", "status"]).fails_with(2);
    let worker = &estimate["roles"][0];
    assert_eq!(worker["role"], "worker");
    assert_eq!(worker["calls"], serde_json::json!({"low": 4, "high": 12}), "{estimate}");
    assert_eq!(estimate["calls"], serde_json::json!({"low": 5, "high": 15}));
    assert!(worker["input_tokens"]["low"].as_u64() > Some(100), "the prompt is rendered: {worker}");
    run_small(&bench, &flags).succeeds();
    let spent = &json(&bench, &["cost"])["total"];
    let (low, high) = (&estimate["usd"]["low"], &estimate["usd"]["high"]);
    assert!(low.as_f64() < high.as_f64() && spent["usd"].as_f64() < high.as_f64(), "{estimate}");
    let again = run_small(&bench, &[&flags[..], &["--dry-run"]].concat()).succeeds().json();
    assert_eq!(again["roles"][0]["seen"]["input_tokens"], 1000.0, "{again}");
    // 4 attempts and a rewrite, 1000 tokens in at $1 and 100 out at $10 a million.
    let likely = again["likely_usd"].as_f64().expect("measured before");
    assert!((likely - 5.0 * 0.002).abs() < 1e-9, "{likely}");
    let unpriced = MODEL.lines().take(3).collect::<Vec<_>>().join("\n");
    bench.write("lab/hyperagent.toml", &unpriced);
    let unknown = run_small(&bench, &[&flags[..], &["--estimate"]].concat()).succeeds().json();
    assert_eq!((&unknown["usd"], &unknown["likely_usd"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_cap_that_does_not_read_is_a_usage_error() {
    let bench = lab("");
    run_small(&bench, &["--cap", "generation.max_dollars=1"]).fails_with(2).tells("max_usd");
    let misspelt = run_small(&bench, &["--cap", "roles.wroker.max_calls=1"]).fails_with(2);
    misspelt.tells("budget.roles.wroker caps a role that no agent has; there are worker, ");
    // A role that the agent lacks and no rewrite can bring.
    let absent = ["--cap", "roles.tester.max_calls=1"];
    let alone = [&absent[..], &["--generations", "0"]].concat();
    run_small(&bench, &alone)
        .fails_with(2)
        .tells("caps a role that no agent has; there are worker, meta");
    run_small(&bench, &[&absent[..], &["--estimate"]].concat()).succeeds();
    bench.run(&["--lab", "lab", "status"]).fails_with(2);
}
