//! A benchmark that fails is the machine's fault: it is asked once more, and what came of it is nobody's loss.

use serde_json::Value;

use super::toy::{self, run_small};
use crate::cli::bench::{Bench, Ended};

/// The benchmark of `dial`, failing at these of the orders that one process of it is given.
fn lab(fails_at: &str) -> Bench {
    let bench = toy::lab();
    let path = "lab/tasks/dial/benchmark.py";
    let start = "def run(cases, call_many, call, report):\n";
    let failing = format!(
        "orders = 0\n\n\n{start}    global orders\n    orders += 1\n    if {fails_at}:\n        \
         raise RuntimeError(\"the disk of the benchmark is gone\")\n"
    );
    let text = bench.read(path);
    assert_eq!(text.matches(start).count(), 1);
    bench.write(path, &text.replace(start, &failing));
    bench
}

const SIZES: [&str; 8] =
    ["--generations", "1", "--episodes", "1", "--attempts", "4", "--parallel", "1"];

/// What was decided and what came of it, without what it used.
fn told(ended: &Ended) -> Vec<Value> {
    let kinds =
        ["decided", "start_measured", "attempt_decided", "attempt_finished", "episode_finished"];
    let events =
        ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let kept = events.filter(|event| kinds.iter().any(|kind| event["event"] == *kind));
    kept.map(|mut event| {
        let fields = event.as_object_mut().expect("an event");
        fields.retain(|name, _| !["at", "seq", "crc"].contains(&name.as_str()));
        if let Some(result) = fields.get_mut("result").and_then(Value::as_object_mut) {
            result.remove("usage");
        }
        event
    })
    .collect()
}

#[test]
fn a_benchmark_that_fails_once_costs_neither_trials_nor_standing() {
    let sound = run_small(&lab("False"), &SIZES).succeeds();
    let shaky = run_small(&lab("orders == 2"), &SIZES).succeeds();
    let (sound, shaky) = (told(&sound), told(&shaky));
    assert!(sound.len() > 10, "{}", sound.len());
    for (one, other) in sound.iter().zip(&shaky) {
        assert_eq!(one, other);
    }
    assert_eq!(sound.len(), shaky.len());
}

#[test]
fn a_benchmark_that_fails_twice_stops_the_run_and_is_held_against_nobody() {
    let ended = run_small(&lab("True"), &SIZES);
    assert!(!matches!(ended.code, None | Some(0)), "{:?}", ended.code);
    assert!(ended.stderr.contains("dial cannot be measured"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("_finished\""), "nothing is on record: {}", ended.stdout);
}
