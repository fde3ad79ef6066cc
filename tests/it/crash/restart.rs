//! A machine that started anew, and processes that are dead but not buried.

use std::fs;
use std::process::Stdio;

use super::scene::Scene;
use crate::engine::toy::git;

const LOCK: &str = "lab/generations/.git/hyperagent/run-1/lock";

/// Makes it look as if the machine had started anew since a process last looked at the archive.
fn restart(scene: &Scene) {
    let text = scene.bench.read(LOCK);
    let mut lock: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(lock["verified"].is_string() && lock["verified"] == lock["boot"], "{text}");
    lock["boot"] = "an earlier start".into();
    lock["verified"] = "an earlier start".into();
    scene.bench.write(LOCK, &lock.to_string());
}

/// The file of a generation's `record.json`.
fn record_file(scene: &Scene, generation: u32) -> std::path::PathBuf {
    let name = format!("refs/tags/run-1/gen-0000{generation}:record.json");
    let id = git(&scene.bench, &["rev-parse", &name]);
    let (folder, file) = id.trim().split_at(2);
    scene.bench.path("lab/generations/.git/objects").join(folder).join(file)
}

#[test]
fn what_a_power_cut_took_is_restored_however_many_processes_hold_the_run_before_it_goes_on() {
    let undisturbed = Scene::new();
    undisturbed.perform(None).succeeds();
    let expected = undisturbed.outcome();

    let scene = Scene::new();
    assert!(scene.dies_at("pack-written:3"), "the second rewrite is not measured");
    restart(&scene);
    // What was never flushed may be cut short or gone: an object, a ref, the notes.
    let damaged = record_file(&scene, 1);
    fs::remove_file(&damaged).expect("an object");
    fs::write(&damaged, b"").expect("cut short");
    let refs = scene.bench.path("lab/generations/.git/refs");
    fs::remove_file(refs.join("hyperagent/run-1/evidence/gen-00000")).expect("a ref");
    fs::remove_file(refs.join("notes/commits")).expect("the notes");

    // Neither a process that only holds the journal nor one that dies half-way through its look hides the restart.
    let back = scene.command_of(&["--lab", "lab", "test"]).output().expect("a start");
    assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    assert!(scene.dies_at("ref-move:2"), "a process that takes the run up moves refs");
    assert_eq!(fs::read(&damaged).expect("an object").len(), 0, "it died too late");
    scene.perform(None).succeeds();
    scene.outcome().is_that_of(&expected, "after a restart");
}

#[test]
fn a_killed_process_that_nobody_has_waited_for_holds_no_run() {
    let scene = Scene::new();
    let mut child = scene
        .command()
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = std::io::BufReader::new(child.stdout.take().expect("an output"));
    std::io::BufRead::read_line(&mut lines, &mut String::new()).expect("an event");
    child.kill().expect("killed");
    // Its end closes its output: it is dead from here on, and a zombie until it is waited for.
    std::io::copy(&mut lines, &mut std::io::sink()).expect("the rest");
    let status = scene.bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "interrupted");
    scene.perform(None).succeeds();
    child.wait().expect("an end");
}

#[test]
fn a_run_killed_before_its_first_record_leaves_its_name_free() {
    let scene = Scene::new();
    assert!(scene.dies_at("journal-begun:1"), "a run is begun");
    // Without a name: the next free one, which is the one that was never begun.
    let unnamed: Vec<&str> = super::scene::RUN
        .iter()
        .copied()
        .filter(|word| !["--name", "run-1"].contains(word))
        .collect();
    let ended = scene.command_of(&unnamed).output().expect("a start");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let runs = fs::read_dir(scene.bench.path("lab/generations/.git/hyperagent")).expect("runs");
    let named = |name: &str| name.starts_with("run-");
    let names: Vec<String> =
        runs.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let names: Vec<&String> = names.iter().filter(|name| named(name)).collect();
    assert_eq!(names, ["run-1"]);
}

#[test]
fn invalid_rewrites_in_a_row_are_counted_across_kills_and_from_anew_after_the_pause() {
    let scene = Scene::warm().with(&["--generations", "7", "--attempts", "1", "--episodes", "1"]);
    let worker = scene.bench.read("lab/answers.toml");
    let (worker, _) = worker.split_once("\n[[answer]]\nrole = \"meta\"").expect("a worker");
    let refusing = "\n[[answer]]\nrole = \"meta\"\ntext = \"I would rather not.\"\n";
    scene.bench.write("lab/answers.toml", &format!("{worker}{refusing}"));
    // One answer of the worker, and three for each rewrite.
    assert!(scene.dies_at("answer-recorded:9"), "three rewrites are asked for");
    let rejected = || {
        let log = scene.bench.run(&["--lab", "lab", "log", "--json"]).succeeds().json();
        log["generations"].as_array().map_or(0, |all| all.len() - 1)
    };
    assert!((1..5).contains(&rejected()), "{}", rejected());
    scene.perform(None).fails_with(3).tells("5 rewrites in a row");
    assert_eq!(rejected(), 5);
    scene.perform(None).succeeds();
    assert_eq!(rejected(), 7);
}
