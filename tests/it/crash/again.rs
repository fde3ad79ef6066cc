//! The same run again: at any parallelism, with every model that needs no network, and from its record alone.

use std::path::{Path, PathBuf};

use super::scene::Scene;
use crate::slow;

/// Flags of a run that shows as much here and takes less time.
const SMALLER: [&str; 4] = ["--generations", "1", "--attempts", "1"];

/// Performs a run at each parallelism, and compares what it comes to.
fn is_the_same_at_any_parallelism(lab: &Scene, parallel: &[&str], flags: &[&str]) {
    let mut first = None;
    for workers in parallel {
        let scene = Scene::like(lab).with(flags).with(&["--parallel", workers]);
        scene.perform(None).succeeds();
        let outcome = scene.outcome();
        match &first {
            None => first = Some(outcome),
            Some(first) => outcome.is_that_of(first, &format!("{flags:?} at {workers}")),
        }
    }
}

#[test]
fn scripted_and_random_runs_are_the_same_at_any_parallelism() {
    let lab = Scene::warm().with(&SMALLER);
    let parallel: &[&str] = if slow::is_on("crash") { &["1", "2", "8"] } else { &["1", "8"] };
    is_the_same_at_any_parallelism(&lab, parallel, &[]);
    is_the_same_at_any_parallelism(&lab, parallel, &["--model", "random"]);
}

#[test]
fn a_wide_run_is_the_same_at_any_parallelism_and_after_kills() {
    let lab = Scene::warm();
    let flags = ["--width", "4", "--model", "offline", "--attempts", "1", "--episodes", "1"];
    let undisturbed = Scene::like(&lab).with(&flags).with(&["--parallel", "1"]);
    undisturbed.perform(None).succeeds();
    let expected = undisturbed.outcome();
    let kills = ["pack-written:2", "pack-written:1", "object-write:25", "ref-moved:7"];
    for armed in kills.iter().take(if slow::is_on("crash") { kills.len() } else { 1 }) {
        let scene = Scene::like(&lab).with(&flags).with(&["--parallel", "8"]);
        assert!(scene.dies_at(armed), "{armed} was not reached");
        scene.perform(None).succeeds();
        scene.outcome().is_that_of(&expected, armed);
    }
}

/// The other build of the program, optimised or not, if this machine has it.
fn other_build() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_hyperagent"));
    let other = if cfg!(debug_assertions) { "release" } else { "debug" };
    let other = built.ancestors().nth(2)?.join(other).join(built.file_name()?);
    if !other.is_file() {
        eprintln!("skipped: there is no {}", other.display());
    }
    other.is_file().then_some(other)
}

#[test]
fn a_debug_build_and_a_release_build_make_the_same_of_a_seed() {
    let Some(other) = other_build().filter(|_| slow::is_on("crash")) else { return };
    let lab = Scene::warm().with(&["--attempts", "8"]);
    for flags in [&["--model", "offline", "--seed", "3"][..], &["--model", "random"], &[]] {
        let (here, there) = (Scene::like(&lab).with(flags), Scene::like(&lab).with(flags));
        let there = there.by(&other);
        here.perform(None).succeeds();
        there.perform(None).succeeds();
        there.outcome().is_that_of(&here.outcome(), &format!("{flags:?}"));
    }
}

fn replay(scene: &Scene, more: &[&str]) -> crate::cli::bench::Ended {
    scene.bench.run(&[&["--lab", "lab", "replay", "--json"], more].concat())
}

#[test]
fn a_recorded_run_comes_out_the_same_without_its_model() {
    let scene = Scene::warm();
    scene.perform(None).succeeds();
    let before = scene.outcome();
    // Neither the model nor the agent it started from is there any more.
    scene.bench.write("lab/hyperagent.toml", "");
    std::fs::remove_file(scene.bench.path("lab/answers.toml")).expect("removed");
    std::fs::remove_dir_all(scene.bench.path("lab/agent_config")).expect("removed");
    let told = replay(&scene, &["run-1", "--parallel", "8"]).succeeds().json();
    assert_eq!((&told["same"], &told["finished"]), (&true.into(), &true.into()), "{told}");
    assert_eq!(told["records"], scene.records().len());
    scene.outcome().is_that_of(&before, "a replay leaves no trace");
}

#[test]
fn a_run_that_did_not_end_is_replayed_as_far_as_it_goes() {
    let scene = Scene::warm();
    assert!(scene.dies_at("answer-received:6"));
    let told = replay(&scene, &[]).succeeds().json();
    assert_eq!((&told["same"], &told["finished"]), (&true.into(), &false.into()), "{told}");
}

#[test]
fn a_run_that_was_rolled_back_is_replayed_with_its_rollback() {
    let scene = Scene::warm().with(&SMALLER);
    scene.perform(None).succeeds();
    scene.bench.run(&["--lab", "lab", "rollback", "gen-00000"]).succeeds();
    scene.bench.run(&["--lab", "lab", "resume", "run-1"]);
    let told = replay(&scene, &[]).succeeds().json();
    assert_eq!(told["same"], true, "{told}");
}

#[test]
fn the_first_difference_is_named() {
    let scene = Scene::warm().with(&["--generations", "0", "--attempts", "1"]);
    scene.perform(None).succeeds();
    // An answer that was never given: the line is sealed anew, so only its meaning is wrong.
    let path = "lab/generations/.git/hyperagent/run-1/journal.jsonl";
    let changed = scene.bench.read(path).replacen("3 * x + 10", "3 * x + 99", 1);
    let sealed: String = changed.lines().map(seal).collect();
    scene.bench.write(path, &sealed);
    let ended = replay(&scene, &[]).fails_with(1);
    let difference = &ended.json()["difference"];
    let what = difference["what"].as_str().expect("an event");
    assert!(what.starts_with("the result of attempt 1 of dial#"), "{difference}");
    assert!(difference["field"].is_string() && difference["seq"].is_u64(), "{difference}");
    let told = scene.bench.run(&["--lab", "lab", "replay"]).fails_with(1).stdout;
    assert!(told.contains("first difference") && told.contains(what), "{told}");
}

/// A line of a journal with the checksum its text has now.
fn seal(line: &str) -> String {
    let (text, _) = line.rsplit_once(",\"crc\":").expect("a checksum");
    format!("{text},\"crc\":\"{:08x}\"}}\n", crc32fast::hash(text.as_bytes()))
}
