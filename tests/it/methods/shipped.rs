//! Every seed on every shipped task, from the command line. Fifty runs: in the long form alone.

use super::SEEDS;
use crate::cli::bench::Bench;
use crate::engine::toy::last_event;
use crate::slow;

#[test]
fn every_seed_ends_a_run_on_every_shipped_task() {
    if !slow::is_on("shipped") {
        return;
    }
    let bench = Bench::with_seasoned_lab();
    let tasks = bench.run(&["--lab", "lab", "task", "list", "--json"]).succeeds().json();
    let tasks: Vec<&str> = tasks["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .filter_map(|t| t["name"].as_str())
        .collect();
    assert!(tasks.len() >= 5, "{tasks:?}");
    for task in tasks {
        for seed in SEEDS.into_iter().chain(["arena"]) {
            let words =
                ["--lab", "lab", "run", "--agent", seed, "--task", task, "--fresh", "--json"];
            let sizes = ["--generations", "1", "--episodes", "1", "--attempts", "1"];
            let ended = bench.run(&[&words[..], &sizes[..]].concat()).succeeds();
            let end = last_event(&ended);
            assert_eq!(end["event"], "run_finished", "{seed} on {task}: {end}");
            let best = &end["solutions"][0]["metric"]["best"];
            assert!(best.is_number(), "{seed} on {task}: {end}");
        }
    }
}
