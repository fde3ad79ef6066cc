//! A run as one file: what it is where it came from, it is where it arrives.

use std::fs;

use serde_json::Value;

use super::finished;
use crate::cli::bench::Ended;
use crate::crash::scene::Scene;
use crate::engine::toy::{git, git_bytes};

fn on(scene: &Scene, verb: &[&str]) -> Ended {
    scene.bench.run(&[&["--lab", "lab"], verb].concat())
}

/// A lab of the same tasks without any run.
fn elsewhere(scene: &Scene) -> Scene {
    let other = Scene::like(scene);
    fs::remove_dir_all(other.bench.path("lab/generations")).expect("no runs");
    other
}

fn carry(from: &Scene, to: &Scene, more: &[&str]) -> Ended {
    let file = from.bench.path("run.hyperagent");
    let file = file.to_str().expect("a path");
    if !from.bench.path("run.hyperagent").exists() {
        on(from, &["export", "run-1", file]).succeeds();
    }
    on(to, &[&["import", file], more].concat())
}

/// The answers of the reading verbs about a run.
fn told(scene: &Scene, run: &str) -> Vec<Value> {
    let generation = |number: u32| format!("{run}/gen-0000{number}");
    [
        vec!["log", run],
        vec!["show", &generation(1)],
        vec!["diff", &generation(0), &generation(1)],
        vec!["trace", &generation(1)],
        vec!["cost", run],
        vec!["status", run],
    ]
    .into_iter()
    .map(|verb| on(scene, &[&verb[..], &["--json"]].concat()).succeeds().json())
    .collect()
}

#[test]
fn a_finished_run_is_the_same_elsewhere_and_performs_again() {
    let scene = finished();
    let other = elsewhere(&scene);
    carry(&scene, &other, &[]).succeeds();
    assert_eq!(told(&other, "run-1"), told(&scene, "run-1"));
    other.outcome().is_that_of(&scene.outcome(), "elsewhere");
    for (name, notes) in [("refs", "for-each-ref"), ("notes", "log")] {
        let arguments: &[&str] = match notes {
            "log" => &["log", "--all", "--not", "--glob=refs/notes", "--format=%H %N"],
            _ => &[
                "for-each-ref",
                "--format=%(refname) %(objectname)",
                "refs/tags",
                "refs/heads",
                "refs/hyperagent",
            ],
        };
        assert_eq!(git(&other.bench, arguments), git(&scene.bench, arguments), "{name}");
    }
    assert_eq!(on(&other, &["replay", "--json"]).succeeds().json()["same"], true);
    let file = fs::read(scene.bench.path("run.hyperagent")).expect("a file");
    let here = scene.bench.path("").to_string_lossy().into_owned();
    let here = here.trim_end_matches('/').as_bytes();
    assert!(!file.windows(here.len()).any(|window| window == here), "a path of this machine");
    // Written once, taken once.
    on(&scene, &["export", "run-1", scene.bench.path("run.hyperagent").to_str().expect("a path")])
        .fails_with(2)
        .tells("already");
    carry(&scene, &other, &[]).fails_with(2).tells("--as NAME");
}

#[test]
fn under_another_name_only_the_names_and_the_ids_of_commits_differ() {
    let scene = finished();
    carry(&scene, &scene, &["--as", "copy"]).succeeds();
    let tree = |run: &str| {
        // `record.json` names the run; everything else is the same.
        git(&scene.bench, &["rev-parse", &format!("{run}/gen-00001:agent")])
    };
    assert_eq!(tree("copy"), tree("run-1"));
    let plain = |run: &str| {
        let mut told = told(&scene, run);
        for document in &mut told {
            let text = document
                .to_string()
                .replace(&format!("\"{run}"), "\"RUN")
                .replace(&format!("resume {run}"), "resume RUN");
            *document = serde_json::from_str(&text).expect("JSON");
            for generation in document["generations"].as_array_mut().into_iter().flatten() {
                generation["commit"] = Value::Null;
            }
            document["commit"] = Value::Null;
            document["evidence"] = Value::Null;
        }
        told
    };
    assert_eq!(plain("copy"), plain("run-1"));
    assert_eq!(on(&scene, &["replay", "copy", "--json"]).succeeds().json()["same"], true);
    assert_eq!(git(&scene.bench, &["fsck", "--strict", "--no-dangling"]), "");
    let lab = hyperagent::lab::Lab::open(&scene.bench.path("lab")).expect("a lab");
    assert_eq!(hyperagent::engine::repair::examine(&lab, false).expect("a look"), []);
    // The newest run is still the one that was performed here.
    assert_eq!(git(&scene.bench, &["symbolic-ref", "HEAD"]).trim(), "refs/heads/run-1/best");
}

#[test]
fn an_interrupted_run_goes_on_elsewhere() {
    let expected = finished().outcome();
    let scene = elsewhere(&finished());
    assert!(scene.dies_at("pack-written:2"), "the first rewrite is measured");
    let other = elsewhere(&scene);
    carry(&scene, &other, &[]).succeeds();
    other.perform(None).succeeds();
    other.outcome().is_that_of(&expected, "gone on elsewhere");
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_refused_and_leaves_nothing() {
    let scene = finished();
    let other = elsewhere(&scene);
    carry(&scene, &other, &["--as", "sound"]).succeeds();
    let whole = fs::read(scene.bench.path("run.hyperagent")).expect("a file");
    let refs = git_bytes(&other.bench, &["for-each-ref"]);
    let refused = |bytes: &[u8], words: &str| {
        fs::write(other.bench.path("harmed"), bytes).expect("a file");
        let harmed = other.bench.path("harmed");
        on(&other, &["import", harmed.to_str().expect("a path")]).fails_with(8).tells(words);
        assert_eq!(git_bytes(&other.bench, &["for-each-ref"]), refs);
        assert!(!other.bench.path("lab/generations/.git/hyperagent/run-1/journal.jsonl").exists());
    };
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    refused(&flipped, "its digest does not fit");
    refused(&whole[..whole.len() / 2], "cut short");
    refused(b"{}\n", "does not begin as an export does");
    let newer = String::from_utf8_lossy(&whole[..60]).replace("\"version\":1", "\"version\":9");
    let newer = [newer.as_bytes(), &whole[60..]].concat();
    refused(&newer, "format version 9");
    on(&other, &["import", "nowhere"]).fails_with(2).tells("cannot read");
}
