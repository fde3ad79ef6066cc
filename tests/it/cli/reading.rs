//! The verbs that read a recorded run, and those that decide what becomes of it.

use std::fs;

use hyperagent::base::id::GenerationId;
use hyperagent::domain::event::{Event, Halt};

use super::bench::Bench;
use super::recorded_lab::{BEST_PLAYER, Recorder, plan, recorded};

fn on(bench: &Bench, arguments: &[&str]) -> super::bench::Ended {
    bench.run(&[&["--lab", "lab"], arguments].concat())
}

#[test]
fn log_lists_generations_and_its_document_has_all_of_them() {
    let bench = recorded();
    let listed = on(&bench, &["log"]).succeeds().stdout;
    assert!(listed.contains("gen-00001") && !listed.contains("gen-00002"), "{listed}");
    assert!(listed.contains("+0.200"), "{listed}");
    let all = on(&bench, &["log", "run-1", "--rejected"]).succeeds().stdout;
    assert!(all.contains("E301 strategy.star:12"), "{all}");
    let graph = on(&bench, &["log", "--graph", "--rejected"]).succeeds().stdout;
    assert!(graph.contains("★") && graph.contains("×"), "{graph}");
    let document = on(&bench, &["log", "--json"]).succeeds().json();
    let status: Vec<_> = document["generations"]
        .as_array()
        .expect("generations")
        .iter()
        .map(|entry| entry["status"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(status, ["valid", "valid", "rejected"]);
}

#[test]
fn a_generation_is_found_by_each_of_its_names() {
    let bench = recorded();
    let shown = |name: &str| on(&bench, &["show", name, "--json"]).succeeds().json();
    let commit = shown("gen-00001")["commit"].as_str().expect("a commit").to_owned();
    for name in ["run-1/gen-00001", "best", "latest", "run-1/best", &commit, &commit[..8]] {
        assert_eq!(shown(name)["id"], "gen-00001", "by {name}");
    }
    assert_eq!(shown("gen-00002")["diagnostics"][0]["code"], "E301");
    on(&bench, &["show", "gen-00009"]).fails_with(2).tells("names no generation");
    on(&bench, &["show", "certified"]).fails_with(2).tells("no generation is certified");
    on(&bench, &["log", "run-7"]).fails_with(2).tells("no run `run-7`").tells("run-1");
}

#[test]
fn diff_shows_what_changed_in_the_agent() {
    let bench = recorded();
    let text = on(&bench, &["diff", "gen-00000", "best"]).succeeds().stdout;
    assert!(text.contains("+written by 1"), "{text}");
    let document = on(&bench, &["diff", "gen-00000", "best", "--json"]).succeeds().json();
    assert_eq!(document["files"][0]["path"], "memory/notes.md");
    let other = on(&bench, &["diff", "gen-00000", "best", "--", "prompts"]).succeeds();
    assert_eq!(other.stdout, "");
}

#[test]
fn trace_has_attempts_prompts_and_answers() {
    let bench = recorded();
    let told = on(&bench, &["trace", "gen-00001", "--short"]).succeeds().stdout;
    assert!(told.contains("snake#0   1  kept  12") && !told.contains("please"), "{told}");
    let told = on(&bench, &["trace", "gen-00001"]).succeeds().stdout;
    assert!(told.contains("please improve") && told.contains("num: a step"), "{told}");
    let document =
        on(&bench, &["trace", "gen-00001", "--attempt", "1", "--json"]).succeeds().json();
    let call = &document["attempts"][0]["calls"][0];
    assert_eq!(call["prompt"], "please improve, says gen-00001");
    assert_eq!(call["answer"], "summary: num: a step");
    on(&bench, &["trace", "gen-00001", "--attempt", "9"]).fails_with(2).tells("no such attempt");
}

#[test]
fn status_and_cost_say_where_it_stands() {
    let bench = recorded();
    let status = on(&bench, &["status", "--json"]).succeeds().json();
    assert_eq!((&status["state"], &status["why"]), (&"finished".into(), &"all made".into()));
    assert_eq!(status["attempts"], 2);
    let cost = on(&bench, &["cost", "--json"]).succeeds().json();
    assert_eq!(cost["total"]["calls"], 2);
    assert_eq!(cost["total"]["usd"], serde_json::Value::Null);
    assert!(on(&bench, &["cost"]).succeeds().stdout.contains("n/a"));
}

#[test]
fn the_best_solution_is_written_as_it_is() {
    let bench = recorded();
    let shown = on(&bench, &["best", "--solution", "snake"]).succeeds();
    assert_eq!(shown.stdout, BEST_PLAYER);
    let only = on(&bench, &["best", "--solution"]).succeeds();
    assert_eq!(only.stdout, BEST_PLAYER, "the run's one task need not be named");
    on(&bench, &["best", "--solution", "snake", "-o", "player.py"]).succeeds();
    assert_eq!(bench.read("player.py"), BEST_PLAYER);
    on(&bench, &["best", "--solution", "chess"]).fails_with(2).tells("its tasks: snake");
    assert_eq!(on(&bench, &["best", "--json"]).succeeds().json()["id"], "gen-00001");
}

#[test]
fn a_rollback_moves_latest_and_deletes_nothing() {
    let bench = recorded();
    on(&bench, &["rollback", "gen-00002"]).fails_with(2).tells("rejected");
    let told = on(&bench, &["rollback", "gen-00000"]).succeeds().stdout;
    assert!(told.contains("hyperagent resume run-1"), "{told}");
    assert_eq!(on(&bench, &["show", "latest", "--json"]).succeeds().json()["id"], "gen-00000");
    let log = on(&bench, &["log", "--json"]).succeeds().json();
    assert_eq!(log["generations"].as_array().map(Vec::len), Some(3));
    assert_eq!(log["latest"], "gen-00000");
    assert_eq!(on(&bench, &["status", "--json"]).succeeds().json()["state"], "interrupted");
}

#[test]
fn adopting_writes_the_agent_and_spares_what_a_person_wrote() {
    let bench = recorded();
    let notes = "lab/agent_config/memory/notes.md";
    on(&bench, &["adopt", "best"]).succeeds();
    assert_eq!(bench.read(notes), "written by 1\n");
    let again = on(&bench, &["adopt", "best"]).succeeds().stdout;
    assert!(again.contains("already"), "{again}");

    // A generation is known, so another seed may take its place; an edit by hand is not.
    on(&bench, &["seed", "use", "autoresearch"]).succeeds();
    bench.write(notes, "my own words\n");
    on(&bench, &["adopt", "gen-00000"]).fails_with(2).tells("--force");
    assert_eq!(bench.read(notes), "my own words\n");
    on(&bench, &["adopt", "gen-00000", "--force"]).succeeds();
    let kept = bench.read("lab/generations/backup/agent_config-3/memory/notes.md");
    assert_eq!(kept, "my own words\n");
    on(&bench, &["adopt", "gen-00002"]).fails_with(2).tells("rejected");
}

#[test]
fn a_damaged_journal_is_refused_with_its_place() {
    let bench = recorded();
    let journal = bench.path("lab/generations/.git/hyperagent/run-1/journal.jsonl");
    let mut bytes = fs::read(&journal).expect("a journal");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&journal, bytes).expect("damaged");
    on(&bench, &["log"]).fails_with(8).tells("journal.jsonl").tells("line ");
    on(&bench, &["doctor"]).fails_with(8);
}

#[test]
fn changed_flags_on_an_unfinished_run_are_listed() {
    let bench = Bench::with_lab();
    let recorder = Recorder::begin(&bench, "run-1");
    recorder.generation(&plan(&bench, 0, None));
    recorder.say(Event::RunHalted { why: Halt::Interrupted, detail: "ctrl-c".into() });
    drop(recorder);
    on(&bench, &["run", "--attempts", "9", "--seed", "1"])
        .fails_with(2)
        .tells("--attempts 9, but the run has 1")
        .tells("hyperagent resume run-1")
        .tells("hyperagent run --fresh");
    let status = on(&bench, &["status"]).succeeds().stdout;
    assert!(status.contains("interrupted: ctrl-c"), "{status}");
    assert!(status.contains("next: hyperagent resume run-1"), "{status}");
}

#[test]
fn a_run_that_another_process_holds_is_left_alone() {
    let bench = Bench::with_lab();
    let recorder = Recorder::begin(&bench, "run-1");
    recorder.generation(&plan(&bench, 0, None));
    let pid = std::process::id().to_string();
    for verb in [&["run"][..], &["resume"], &["rollback", "gen-00000"], &["test"]] {
        on(&bench, verb).fails_with(9).tells(&pid);
    }
    assert_eq!(on(&bench, &["status", "--json"]).succeeds().json()["state"], "running");
    recorder.say(Event::RunFinished { best: GenerationId(0), why: "done".into() });
}

#[test]
fn nothing_is_tested_before_something_was_measured() {
    let bench = Bench::with_lab();
    let recorder = Recorder::begin(&bench, "run-1");
    recorder.generation(&plan(&bench, 0, None));
    drop(recorder);
    on(&bench, &["test"]).fails_with(6).tells("no solution of snake has been measured in run-1");
    assert_eq!(on(&bench, &["log", "--json"]).succeeds().json()["tests"], serde_json::json!([]));
}

#[test]
fn a_task_that_changed_under_a_run_is_refused() {
    let bench = Bench::with_lab();
    let recorder = Recorder::begin(&bench, "run-1");
    recorder.generation(&plan(&bench, 0, None));
    drop(recorder);
    let prompt = bench.read("lab/tasks/snake/prompt.md");
    bench.write("lab/tasks/snake/prompt.md", &format!("{prompt}\nOne more rule.\n"));
    on(&bench, &["resume"]).fails_with(2).tells("task `snake` changed");
}
