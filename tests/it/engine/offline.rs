//! Runs on the offline optimiser.

use serde_json::Value;

use super::toy::{self, git, last_event, run_small, trees};
use crate::cli::bench::Bench;

#[test]
fn a_run_improves_the_solution_and_plain_git_reads_what_it_leaves() {
    let bench = toy::lab();
    let ended = run_small(&bench, &[]).succeeds();
    let events: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for event in &events {
        assert!(event["event"].is_string() && event["seq"].is_u64(), "{event}");
        assert_eq!(event["run"], "run-1");
    }
    let finished = last_event(&ended);
    assert_eq!(finished["event"], "run_finished");
    assert_eq!(finished["generations"], 3, "rewrites; the seed does not count");
    assert_eq!(finished["attempts"], 4 * 2 * 6);
    assert_eq!(finished["agent"]["control"], Value::Null);
    let report = &finished["solutions"][0];
    assert_eq!((&report["task"], &report["report"]["n"]), (&"dial".into(), &8.into()));
    let number = |value: &Value| value.as_f64().expect("a number");
    assert!(number(&report["metric"]["best"]) > number(&report["metric"]["seed"]));

    assert_eq!(trees(&bench, "run-1").len(), 4);
    let graph = git(&bench, &["log", "--graph", "--all", "--format=%s"]);
    assert!(graph.contains("gen 0:") && graph.contains("gen 3:"), "{graph}");
    let notes = git(&bench, &["log", "-1", "run-1/gen-00001"]);
    assert!(notes.contains("Notes:") && notes.contains("Score:"), "{notes}");
    assert_eq!(git(&bench, &["fsck", "--strict", "--no-dangling"]), "");
    let solution = bench.run(&["--lab", "lab", "best", "--solution", "dial"]).succeeds().stdout;
    assert!(solution.contains("def level"), "{solution}");
}

#[test]
fn equal_seeds_give_equal_trees_at_any_parallelism_and_other_seeds_do_not() {
    let bench = toy::lab();
    for (name, parallel, seed) in
        [("a", "1", "5"), ("b", "2", "5"), ("c", "8", "5"), ("d", "2", "6")]
    {
        run_small(&bench, &["--name", name, "--parallel", parallel, "--seed", seed]).succeeds();
    }
    let named = |run: &str| -> Vec<String> {
        // The record names the run, so the agents are compared.
        (0..4).map(|n| git(&bench, &["rev-parse", &format!("{run}/gen-0000{n}:agent")])).collect()
    };
    assert_eq!(named("a"), named("b"));
    assert_eq!(named("a"), named("c"));
    assert_ne!(named("a"), named("d"));
}

#[test]
fn a_wider_run_is_reproducible_too() {
    let bench = toy::lab();
    for (name, parallel) in [("a", "1"), ("b", "4")] {
        run_small(&bench, &["--name", name, "--width", "3", "--parallel", parallel]).succeeds();
    }
    for n in 0..4 {
        let agent = |run| git(&bench, &["rev-parse", &format!("{run}/gen-0000{n}:agent")]);
        assert_eq!(agent("a"), agent("b"));
    }
}

#[test]
fn a_run_goes_on_from_where_a_person_rolled_back_to() {
    let bench = toy::lab();
    run_small(&bench, &[]).succeeds();
    bench.run(&["--lab", "lab", "rollback", "gen-00001"]).succeeds();
    let latest = git(&bench, &["rev-parse", "run-1/latest"]);
    assert_eq!(latest, git(&bench, &["rev-parse", "run-1/gen-00001"]));
    let ended = bench.run(&["--lab", "lab", "resume", "run-1", "--json"]).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished");
    let trees = trees(&bench, "run-1");
    assert!(trees.contains_key("refs/tags/run-1/gen-00003"), "nothing is deleted: {trees:?}");
    assert!(trees.contains_key("refs/tags/run-1/gen-00004"), "numbers go on: {trees:?}");
    let from = git(
        &bench,
        &["log", "-1", "--format=%(trailers:key=Parent-Generation,valueonly)", "run-1/gen-00004"],
    );
    assert!(["gen-00000", "gen-00001"].contains(&from.trim()), "a set-aside parent: {from}");
}

#[test]
fn the_uniform_baseline_runs_as_a_model() {
    let bench = toy::lab();
    let ended = run_small(&bench, &["--model", "random"]).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished");
}

#[test]
fn an_enclosing_repository_is_not_touched() {
    let bench = toy::with_task(Bench::with_lab());
    let outer = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .arg("-C")
            .arg(bench.path("lab"))
            .args(["-c", "user.name=x", "-c", "user.email=x@localhost"])
            .args(arguments)
            .env("HOME", bench.path("."))
            .output()
            .expect("git starts");
        String::from_utf8(output.stdout).expect("text")
    };
    outer(&["init", "-q", "."]);
    bench.write("lab/.gitignore", "/generations/*\n!/generations/README.md\n");
    std::fs::create_dir_all(bench.path("lab/generations")).expect("a folder");
    bench.write("lab/generations/README.md", "Ours.\n");
    outer(&["add", "-A"]);
    outer(&["commit", "-q", "-m", "a lab"]);
    let head = outer(&["rev-parse", "HEAD"]);
    let index = std::fs::read(bench.path("lab/.git/index")).expect("an index");
    run_small(&bench, &["--generations", "1"]).succeeds();
    assert_eq!(std::fs::read(bench.path("lab/.git/index")).expect("an index"), index);
    assert_eq!(outer(&["status", "--porcelain"]), "");
    assert_eq!(outer(&["rev-parse", "HEAD"]), head);
    outer(&["clean", "-fdxq"]);
    assert_eq!(trees(&bench, "run-1").len(), 2, "what git clean leaves");
}
