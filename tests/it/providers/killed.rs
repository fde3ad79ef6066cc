//! A run that is killed while many calls are under way.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::{KEY, QUICK, table};
use crate::engine::toy;
use crate::mock::{Mock, Reaction, Received};

const CALLS: usize = 64;

/// The seed of a request: every call of a run has its own.
fn seed(request: &Received) -> u64 {
    request.body["seed"].as_u64().expect("a seed")
}

/// An answer that tells which call it is for.
fn answer(request: &Received) -> Reaction {
    let told = format!("summary: seed {}", seed(request));
    let change =
        "<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    return 3 * x + 10\n>>>>>>> REPLACE";
    Reaction::Say(format!("{told}\n\ndial.py\n{change}\n"))
}

#[test]
fn of_64_calls_under_way_every_answer_on_record_is_kept_and_none_is_asked_again() {
    let mock = Mock::start(Duration::ZERO, |_, request| answer(request));
    mock.gather(CALLS);
    let bench = toy::lab().with("PLANTED_KEY", KEY);
    let settings =
        table("fast", "openai-chat", &mock.address, &format!("{QUICK}\nmax_in_flight = {CALLS}"));
    bench.write("lab/hyperagent.toml", &settings);
    let many = CALLS.to_string();
    let many = many.as_str();
    let order = [
        ["--lab", "lab", "run", "--task", "dial", "--generations", "0", "--attempts", "1"]
            .as_slice(),
        &["--episodes", many, "--parallel", many, "--model", "fast", "--start", "initial"],
    ];
    let mut killed = bench.command(&order.concat());
    let died = killed.env("HYPERAGENT_FAILPOINT", "answer-recorded:20").output();
    assert_eq!(died.expect("it starts").status.code(), None, "it was not killed");
    assert_eq!(mock.received().len(), CALLS, "all of them were under way");

    let answered = || -> BTreeSet<u64> {
        let text = bench.read("lab/generations/.git/hyperagent/run-1/journal.jsonl");
        // What was being written when it was killed may be torn.
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let answers = records.filter(|record| record["event"] == "answered");
        let seeds = answers.filter_map(|record| {
            let text = record["text"].as_str()?;
            text.lines().next()?.strip_prefix("summary: seed ")?.parse().ok()
        });
        seeds.collect()
    };
    let kept = answered();
    assert!(kept.len() >= 20 && kept.len() < CALLS, "{} answers on record", kept.len());
    bench.run(&["--lab", "lab", "resume", "--parallel", many]).succeeds();
    let again: BTreeSet<u64> = mock.received().iter().skip(CALLS).map(seed).collect();
    assert!(again.is_disjoint(&kept), "asked again: {again:?} of {kept:?}");
    assert_eq!((mock.received().len(), again.len()), (2 * CALLS - kept.len(), CALLS - kept.len()));
    let all = answered();
    assert!(all.is_superset(&kept) && all.len() == CALLS, "{} answers in all", all.len());
}
