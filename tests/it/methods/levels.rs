//! Runs from the command line: every seed at width 1 and 4, and the first three levels on shipped tasks.

use serde_json::Value;

use super::SEEDS;
use crate::cli::bench::{Bench, Ended};
use crate::engine::toy::{self, last_event, run_small};
use crate::slow;

fn events(ended: &Ended, kind: &str) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events.filter(|event: &Value| event["event"] == kind).collect()
}

/// Runs of half the seeds; two tests share the machine. Each seed at one width, and in the long form at both.
fn every_run_ends(seeds: &[&str]) {
    let bench = toy::lab();
    for (place, seed) in seeds.iter().enumerate() {
        let widths = if slow::is_on("levels") {
            &["1", "4"][..]
        } else {
            &["1", "4"][place % 2..=place % 2]
        };
        for width in widths {
            let words = ["--lab", "lab", "run", "--task", "dial", "--json", "--fresh"];
            let sizes = ["--generations", "2", "--episodes", "2", "--attempts", "2"];
            let flags = ["--agent", seed, "--width", width];
            let ended = bench.run(&[&words[..], &sizes, &flags].concat()).succeeds();
            let (end, refused) = (last_event(&ended), events(&ended, "refused"));
            assert_eq!(end["event"], "run_finished", "{seed} at width {width}: {end}");
            assert_eq!(end["generations"], 2, "{seed} at width {width}: {end}");
            assert!(refused.is_empty(), "{seed} at width {width}: {refused:?}");
            let log = bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
            let generations = log["generations"].as_array().expect("generations").iter();
            let measured = |g: &&Value| g["status"] == "valid" && !g["score"]["mean"].is_null();
            assert!(generations.filter(measured).count() > 1, "{seed} at width {width}: {log}");
        }
    }
}

#[test]
fn the_first_seeds_run_at_any_width() {
    every_run_ends(&SEEDS[..5]);
}

#[test]
fn the_other_seeds_run_at_any_width() {
    every_run_ends(&SEEDS[5..]);
}

#[test]
fn an_arena_without_an_open_suite_has_coders_alone() {
    let bench = toy::lab();
    let sizes = ["--agent", "arena", "--generations", "3", "--episodes", "3", "--attempts", "2"];
    let ended = run_small(&bench, &sizes).succeeds();
    let refused = events(&ended, "refused");
    assert!(refused.is_empty(), "{refused:?}");
    let end = last_event(&ended);
    assert_eq!(end["why"], "the strategy stopped: every coder has played its rounds");
    let made = events(&ended, "generation_planned");
    let sides: Vec<&Value> = made.iter().skip(1).map(|made| &made["plan"]["tag"]["side"]).collect();
    assert_eq!(sides, ["code", "code", "code"], "two, and one in the place of the worse");
}

#[test]
fn the_levels_run_on_shipped_tasks_from_the_command_line() {
    let bench = Bench::with_seasoned_lab();
    for task in ["snake", "email_validation"] {
        for (level, rewrites, advice) in
            [("autoresearch", "0", false), ("feedback", "0", true), ("hyperagent", "1", false)]
        {
            let words =
                ["--lab", "lab", "run", "--agent", level, "--task", task, "--fresh", "--json"];
            let sizes = ["--generations", rewrites, "--episodes", "1", "--attempts", "2"];
            let ended = bench.run(&[&words[..], &sizes[..]].concat()).succeeds();
            let end = last_event(&ended);
            assert_eq!(end["event"], "run_finished", "{level} on {task}");
            assert!(end["solutions"][0]["metric"]["best"].is_number(), "{level} on {task}: {end}");
            let consulted = events(&ended, "consulted");
            assert_eq!(!consulted.is_empty(), advice, "{level} on {task}: {consulted:?}");
        }
    }
}

#[test]
fn the_fix_stands_in_the_next_prompt_and_without_feedback_nobody_reviews() {
    let bench = toy::lab();
    let sizes = ["--agent", "feedback", "--episodes", "1", "--generations", "0", "--attempts", "4"];
    let with = run_small(&bench, &sizes).succeeds();
    let reviews = events(&with, "consulted");
    assert_eq!(reviews.len(), 3, "all but the last attempt: {reviews:?}");
    let decided = events(&with, "attempt_decided");
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00000", "--json"]).succeeds().json();
    let prompt = |attempt: usize| {
        let calls = trace["attempts"].as_array().expect("attempts").iter();
        let of = |found: &&Value| found["attempt"] == attempt;
        let found = calls.filter(of).find_map(|found| found["calls"][0]["prompt"].as_str());
        found.expect("a prompt").to_owned()
    };
    assert!(!prompt(1).contains("# What to fix"), "nothing was reviewed yet");
    for (place, review) in reviews.iter().enumerate() {
        let fix = review["advice"]["fix"].as_str().expect("a fix");
        assert_eq!(decided[place + 1]["action"]["vars"]["fix"], fix);
        let next = prompt(place + 2);
        assert!(next.contains("# What to fix") && next.contains(&format!("Fix: {fix}")), "{next}");
        assert!(!next.contains("case by case"), "the worker sees code and metric only:\n{next}");
    }

    let more = ["--agent", "feedback", "--no-feedback", "--fresh"];
    let without = run_small(&bench, &more).succeeds();
    assert!(events(&without, "consulted").is_empty(), "no rewrite turns it on again");
    assert!(events(&without, "attempt_decided").iter().all(|e| e["action"].get("vars").is_none()));
    let told = bench.run(&["--lab", "lab", "trace", "gen-00000"]).succeeds().stdout;
    assert!(!told.contains("# What to fix"), "{told}");
    let first = &bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json()["generations"][0];
    assert_eq!(first["summary"], "the agent as given: feedback with feedback = 0");
}

#[test]
fn a_number_of_the_agent_is_set_for_one_run_and_part_of_what_it_is() {
    let bench = toy::lab();
    let run = |more: &[&str]| {
        run_small(&bench, &[&["--agent", "hgm", "--generations", "0"], more].concat())
    };
    run(&["--param", "alhpa=3"]).fails_with(2).tells("no parameter `alhpa`").tells("alpha, spend");
    run(&["--param", "alpha"]).fails_with(2).tells("NAME=VALUE");
    run(&["--no-feedback"]).fails_with(2).tells("no parameter `feedback`");
    run(&["--param", "alpha=0.5", "--param", "spend=0.75"]).succeeds();
    let settings = toy::git(&bench, &["show", "run-1/gen-00000:agent/agent.toml"]);
    assert!(settings.contains("alpha = 0.5 ") && settings.contains("spend = 0.75 "), "{settings}");
    let shipped = super::states::file("hgm", "agent.toml");
    assert_eq!(settings.lines().count(), shipped.lines().count(), "comments stay");
    let again = bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
    assert!(!again.stdout.contains("differ"), "{}", again.stdout);
}

#[test]
fn the_seeds_are_listed_with_what_they_do_and_can_be_used() {
    let bench = Bench::with_seasoned_lab();
    let list = bench.run(&["--lab", "lab", "seed", "list", "--json"]).succeeds().json();
    for seed in SEEDS {
        let mut found = list["seeds"].as_array().expect("seeds").iter();
        let entry =
            found.find(|entry| entry["name"] == seed).unwrap_or_else(|| panic!("no {seed}"));
        let title = entry["title"].as_str().expect("a title");
        assert!(title.len() > 20 && !title.starts_with(seed), "{seed}: {title}");
        let script = super::states::file(seed, "strategy.star");
        assert!(script.lines().count() < 60, "{seed} has {} lines", script.lines().count());
    }
    bench.run(&["--lab", "lab", "seed", "use", "hgm"]).succeeds();
    bench.run(&["--lab", "lab", "validate"]).succeeds();
    assert!(bench.read("lab/agent_config/README.md").starts_with("# hgm: "));
}
