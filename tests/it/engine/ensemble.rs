//! Several models behind one alias: who is asked is the same however the run comes about.

use std::collections::BTreeSet;

use super::scripted::{a_line_of_the_prompt, rewrite};
use super::toy::{self, run_small, trees};
use crate::cli::bench::Bench;

/// A model that gives a worse line at every attempt, so that progress stops, and the same rewrite as every other.
fn answers(slope: u32, rewrite: &str) -> String {
    let texts: Vec<String> = (1..=12)
        .map(|attempt| {
            let offset = 12 - attempt;
            format!("'''\nsummary: {slope}, {offset}\n\ndial.py\n```python\ndef level(x):\n    return {slope} * x + {offset}\n```\n'''")
        })
        .collect();
    format!("[[answer]]\nrole = \"worker\"\ntexts = [{}]\n{rewrite}", texts.join(", "))
}

fn lab(ensemble: &str) -> Bench {
    let bench = toy::lab();
    let model = |name: &str, price: f64| {
        format!(
            "[models.{name}]\ndialect = \"scripted\"\nsource = \"{name}.toml\"\n\
             price_usd_per_mtok = {{ input = {price:?}, output = {price:?} }}\n"
        )
    };
    let config = format!(
        "{}{}{}[ensembles.team]\n{ensemble}\n",
        model("low", 1.0),
        model("mid", 1.0),
        model("high", 9.0)
    );
    bench.write("lab/hyperagent.toml", &config);
    for (name, slope) in [("low", 1), ("mid", 2), ("high", 3)] {
        let line = a_line_of_the_prompt(&bench);
        let rewrite = rewrite(1, 0, "prompts/worker.md", &line, "Think of walls.");
        bench.write(&format!("lab/{name}.toml"), &answers(slope, &rewrite));
    }
    bench
}

const FLAGS: [&str; 10] =
    ["--model", "team", "--generations", "1", "--attempts", "8", "--episodes", "2", "--seed", "3"];

/// Who was asked in which call.
fn asked(bench: &Bench) -> BTreeSet<(String, String)> {
    let journal = bench.read("lab/generations/.git/hyperagent/run-1/journal.jsonl");
    let events = journal.lines().filter_map(|line| {
        let from = line.find('{')?;
        serde_json::from_str::<serde_json::Value>(line.get(from..)?).ok()
    });
    events
        .filter(|event| event["event"] == "answered")
        .map(|event| {
            (event["key"].to_string(), event["alias"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

fn models(asked: &BTreeSet<(String, String)>) -> BTreeSet<&str> {
    asked.iter().map(|(_, alias)| alias.as_str()).collect()
}

#[test]
fn a_bandit_asks_the_same_models_at_any_width_of_the_machine_and_after_a_pause_and_in_a_replay() {
    let team =
        "choose = \"bandit\"\nfast = { low = 1, mid = 1 }\ndeep = { high = 1 }\ndeep_after = 3";
    let one = lab(team);
    run_small(&one, &[&FLAGS[..], &["--parallel", "1"]].concat()).succeeds();
    let expected = asked(&one);
    assert_eq!(models(&expected), BTreeSet::from(["high", "low", "mid"]));

    let four = lab(team);
    run_small(&four, &[&FLAGS[..], &["--parallel", "4"]].concat()).succeeds();
    assert_eq!(asked(&four), expected);

    let halted = lab(team);
    run_small(&halted, &[&FLAGS[..], &["--max-calls", "20"]].concat()).succeeds();
    assert!(asked(&halted).len() < expected.len());
    halted.run(&["--lab", "lab", "resume", "--max-calls", "999"]).succeeds();
    assert_eq!(asked(&halted), expected);
    assert_eq!(trees(&halted, "run-1"), trees(&one, "run-1"));

    // A replay asks nobody, so it needs neither the ensemble nor its models.
    one.write("lab/hyperagent.toml", "");
    let replay = one.run(&["--lab", "lab", "replay", "--json"]).succeeds().json();
    assert_eq!(replay["same"], true, "{replay}");
}

#[test]
fn a_member_that_a_script_names_is_asked_and_nobody_else() {
    let bench = lab("fast = { low = 1 }");
    let flags = ["--model", "mid", "--generations", "0", "--attempts", "2", "--episodes", "1"];
    run_small(&bench, &flags).succeeds();
    assert_eq!(models(&asked(&bench)), BTreeSet::from(["mid"]));
}

#[test]
fn bad_weights_are_an_error_with_their_line() {
    lab("fast = { low = -1 }").run(&["--lab", "lab", "doctor"]).fails_with(2).tells("no weight");
}
