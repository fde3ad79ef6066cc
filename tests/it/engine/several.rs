//! Several tasks in one run: every task weighs the same, a few episodes of each come first.

use serde_json::{Value, json};

use super::toy::{self, last_event};
use crate::cli::bench::{Bench, Ended};

/// A run of two tasks: a rewrite measured on three episodes of six, and on the rest if it is promising.
fn run_two(bench: &Bench, promising_margin: f64) -> Ended {
    let settings = bench.read("lab/agent_config/agent.toml").replace(
        "first_episodes = 10.0",
        &format!("promising_margin = {promising_margin:?}\nfirst_episodes = 3.0"),
    );
    bench.write("lab/agent_config/agent.toml", &settings);
    bench.run(&[
        "--lab",
        "lab",
        "run",
        "--task",
        "knob",
        "--task",
        "dial",
        "--generations",
        "1",
        "--attempts",
        "2",
        "--episodes",
        "3",
        "--json",
    ])
}

fn on(bench: &Bench, arguments: &[&str]) -> Ended {
    bench.run(&[&["--lab", "lab"], arguments].concat())
}

/// The mean of the scores of a task's episodes, and how many they are, from `show --json`.
fn mean_on(shown: &Value, task: &str) -> (f64, usize) {
    let episodes = shown["episodes"].as_array().expect("episodes").iter();
    let scores: Vec<f64> = episodes
        .filter(|episode| episode["id"].as_str().is_some_and(|id| id.starts_with(task)))
        .map(|episode| episode["score"].as_f64().expect("a score"))
        .collect();
    (scores.iter().sum::<f64>() / scores.len() as f64, scores.len())
}

#[test]
fn tasks_weigh_the_same_whatever_the_number_of_their_episodes() {
    let bench = toy::lab_of_two();
    // No score is two above another, so nothing is promising.
    let ended = run_two(&bench, -2.0).succeeds();
    let decided: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|event| event["event"] == "decided" && event["action"]["do"] == "evaluate")
        .map(|event| event["action"]["cases"].clone())
        .collect();
    let in_turns = ["knob#0", "dial#0", "knob#1", "dial#1", "knob#2", "dial#2"];
    assert_eq!(decided, [json!(in_turns), json!(in_turns[..3])]);

    let shown = on(&bench, &["show", "gen-00001", "--json"]).succeeds().json();
    let ((knob, knobs), (dial, dials)) = (mean_on(&shown, "knob"), mean_on(&shown, "dial"));
    assert_eq!((knobs, dials), (2, 1));
    assert!((knob - dial).abs() > 0.01, "the toy tasks are on different scales: {knob} {dial}");
    let entry = &on(&bench, &["log", "--json"]).succeeds().json()["generations"][1];
    let mean = entry["score"]["mean"].as_f64().expect("a mean");
    assert!((mean - (knob + dial) / 2.0).abs() < 1e-9, "{mean}: {knob}, {dial}");
    assert_eq!(entry["tasks"][0]["task"], "knob", "in the order given");
    assert_eq!((&entry["tasks"][0]["n"], &entry["tasks"][1]["n"]), (&2.into(), &1.into()));
}

#[test]
fn a_promising_rewrite_is_measured_on_the_rest_and_every_task_gets_its_line() {
    let bench = toy::lab_of_two();
    let ended = run_two(&bench, 2.0).succeeds();
    let solutions = last_event(&ended)["solutions"].clone();
    assert_eq!(solutions.as_array().map(Vec::len), Some(2), "{solutions}");
    let log = on(&bench, &["log", "--json"]).succeeds().json();
    assert_eq!(log["generations"][1]["score"]["n"], 6);
    let told = on(&bench, &["log"]).succeeds().stdout;
    assert!(told.contains("knob 0.") && told.contains("(3 episodes)"), "{told}");
    let summary = on(&bench, &["run", "--name", "run-1"]).succeeds().stdout;
    assert_eq!(summary.matches("\nsolution   ").count(), 2, "{summary}");
    assert!(summary.contains("attempts kept") && summary.contains("paired over"), "{summary}");
    let status = on(&bench, &["status", "--json"]).succeeds().json();
    assert_eq!(status["tasks"].as_array().map(Vec::len), Some(2));

    on(&bench, &["best", "--solution"]).fails_with(2).tells("which task?").tells("knob, dial");
    let solution = on(&bench, &["best", "--solution", "knob"]).succeeds().stdout;
    assert!(solution.contains("def level"), "{solution}");
    on(&bench, &["run", "--fresh", "--task", "dial", "--task", "dial"])
        .fails_with(2)
        .tells("twice");
}

#[test]
fn the_test_split_is_opened_once_for_every_time_it_is_counted() {
    let bench = toy::lab_of_two();
    run_two(&bench, 2.0).succeeds();
    let trees = toy::trees(&bench, "run-1");
    on(&bench, &["rollback", "gen-00000"]).succeeds();
    let before = on(&bench, &["status", "--json"]).succeeds().json();

    let first = on(&bench, &["test", "--json"]).succeeds().json();
    assert_eq!((&first["opening"], &first["finished"]), (&1.into(), &true.into()));
    for task in first["tasks"].as_array().expect("tasks") {
        let number = |value: &Value| value.as_f64().expect("a number");
        let (metric, over) = (&task["metric"], &task["over_start"]);
        let difference = number(&over["difference"]);
        let expected = number(&metric["best"]) - number(&metric["start"]);
        assert!((difference - expected).abs() < 1e-9, "{task}");
        let inside =
            number(&over["low"]) - 1e-9 <= difference && difference <= number(&over["high"]) + 1e-9;
        assert!(inside, "{task}");
        assert_eq!((&over["n"], &task["over_seed"]["n"]), (&5.into(), &5.into()));
        assert_eq!(task["opening_in_lab"], 1);
    }
    assert_eq!(on(&bench, &["status", "--json"]).succeeds().json(), before);

    // A kill between the decision and its result: the last line is not there.
    let path = "lab/generations/.git/hyperagent/run-1/journal.jsonl";
    let journal = bench.read(path);
    let last = journal.trim_end().rfind('\n').expect("lines") + 1;
    assert!(journal[last..].contains("\"event\":\"tested\""), "{}", &journal[last..]);
    bench.write(path, &journal[..last]);
    let told = on(&bench, &["log"]).succeeds().stdout;
    assert!(told.contains("test split opened 1 time; the last was interrupted"), "{told}");
    let again = on(&bench, &["test", "--json"]).succeeds();
    assert!(again.stderr.contains("finishing opening 1"), "{}", again.stderr);
    assert_eq!(again.json(), first, "the same opening, once");

    let told = on(&bench, &["test"]).succeeds().stdout;
    assert!(told.contains("opening 2 of the sealed test split"), "{told}");
    assert!(told.contains("opening 2 of knob's in this lab"), "{told}");
    let log = on(&bench, &["log", "--json"]).succeeds().json();
    assert_eq!(log["tests"].as_array().map(Vec::len), Some(2));

    let ended = on(&bench, &["resume", "run-1", "--json"]).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished", "an opened run goes on");
    let after = toy::trees(&bench, "run-1");
    assert!(trees.iter().all(|(name, tree)| after.get(name) == Some(tree)), "{trees:?} {after:?}");
    let shown = on(&bench, &["show", "gen-00000"]).succeeds().stdout;
    assert!(shown.contains("opening 2: start"), "{shown}");
}
