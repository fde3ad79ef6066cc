//! What version 1 of every format looked like on disk, and must still mean: the fixtures are never written anew.

use std::fs;
use std::path::Path;

use hyperagent::engine::repair::examine;
use hyperagent::lab::Lab;
use serde_json::Value;

use crate::cli::bench::Bench;
use crate::crash::scene::copy;
use crate::engine::toy::{self, git};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1").join(name)
}

/// What the recorded run means, whichever way it came into the lab.
fn means_what_it_meant(bench: &Bench) {
    let on = |verb: &[&str]| bench.run(&[&["--lab", "lab"], verb].concat()).succeeds().json();
    let log = on(&["log", "old", "--json"]);
    let generations = log["generations"].as_array().expect("generations");
    let of = |field: &str| generations.iter().map(|g| g[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), ["gen-00000", "gen-00001", "gen-00002"]);
    assert_eq!(of("status"), ["valid", "valid", "rejected"]);
    assert_eq!(of("commit"), COMMITS);
    assert_eq!((&log["best"], &log["latest"]), (&"gen-00000".into(), &"gen-00001".into()));
    assert_eq!(generations[1]["parents"], serde_json::json!(["gen-00000"]));
    assert_eq!(generations[1]["score"]["n"], 1);
    let mean = generations[1]["score"]["mean"].as_f64().expect("a mean");
    assert!((mean - SCORE).abs() < 1e-12, "{mean}");
    let trace = on(&["trace", "old/gen-00000", "--json"]);
    let attempts = trace["attempts"].as_array().expect("attempts");
    let calls = attempts.iter().filter_map(|attempt| attempt["calls"].as_array()).flatten();
    let call = calls.into_iter().next().expect("a call");
    assert!(call["prompt"].as_str().is_some_and(|prompt| prompt.contains("dial.py")), "{call}");
    assert!(call["answer"].as_str().is_some_and(|answer| answer.contains("return 3 * x + 10")));
    let rewrite = on(&["trace", "old/gen-00001", "--json"])["rewrite"].clone();
    assert_eq!(rewrite.as_array().map(Vec::len), Some(2), "a repair was needed");
    let diff = on(&["diff", "old/gen-00000", "old/gen-00001", "--json"]);
    assert_eq!(diff["files"][0]["path"], "prompts/worker.md");
    assert_eq!(on(&["status", "old", "--json"])["state"], Value::from("finished"));
    assert_eq!(on(&["cost", "old", "--json"])["total"]["calls"], 15);
    let note = git(bench, &["notes", "show", "old/gen-00001^{commit}"]);
    assert!(note.contains("Episode: dial#0 closeness"), "{note}");
    assert_eq!(git(bench, &["fsck", "--strict", "--no-dangling"]), "");
    let lab = Lab::open(&bench.path("lab")).expect("a lab");
    assert_eq!(examine(&lab, false).expect("a look"), []);
    assert_eq!(examine(&lab, true).expect("a look"), []);
}

#[test]
fn an_archive_with_its_journal_reads_and_means_what_it_meant() {
    let bench = toy::lab();
    // Git takes no folder `.git` into a repository, and no empty one.
    copy(&fixture("generations.git"), &bench.path("lab/generations/.git"));
    for folder in ["refs/heads", "refs/tags"] {
        fs::create_dir_all(bench.path("lab/generations/.git").join(folder)).expect("a folder");
    }
    means_what_it_meant(&bench);
}

#[test]
fn an_exported_run_is_imported_and_means_what_it_meant() {
    let bench = toy::lab();
    let file = fixture("old.hyperagent");
    let file = file.to_str().expect("a path");
    bench.run(&["--lab", "lab", "import", file]).succeeds();
    means_what_it_meant(&bench);
}

const COMMITS: [&str; 3] = [
    "977a5b47f4d4ab5f466de605b69433a2ba371023",
    "d6462fc8491d4bae6db0942055bd4af579a15db1",
    "23a1ce2d488103cca740cb08726ea31daebc1606",
];
const SCORE: f64 = 0.99;
