//! Runs that end before their end: killed, interrupted, held by another process, out of time.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::toy::{self, SMALL, git, last_event, run_small, trees};
use crate::cli::bench::Bench;

fn start(bench: &Bench, stderr: Stdio) -> Child {
    bench.command(&SMALL).stdout(Stdio::piped()).stderr(stderr).spawn().expect("the program starts")
}

/// Starts the small run and kills it with SIGKILL after so many events.
fn kill_after(bench: &Bench, events: usize) {
    let mut child = start(bench, Stdio::null());
    let lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let seen = lines.take(events).filter(Result::is_ok).count();
    child.kill().expect("killed");
    child.wait().expect("an end");
    assert_eq!(seen, events, "the run ended before it could be killed");
}

#[test]
fn a_killed_run_goes_on_to_the_trees_of_an_undisturbed_one_and_loses_no_attempt() {
    let undisturbed = toy::lab();
    let whole = run_small(&undisturbed, &[]).succeeds();
    let expected = trees(&undisturbed, "run-1");
    let total = whole.stdout.lines().count();
    for share in [1, 15, 40, 65, 90] {
        let bench = toy::lab();
        kill_after(&bench, (total * share / 100).max(1));
        let ended = run_small(&bench, &[]).succeeds();
        assert_eq!(trees(&bench, "run-1"), expected, "killed at {share} %");
        let finished = last_event(&ended);
        assert_eq!(finished["attempts"], last_event(&whole)["attempts"], "killed at {share} %");
        assert_eq!(finished["trials"], last_event(&whole)["trials"], "killed at {share} %");
        assert_eq!(git(&bench, &["fsck", "--strict", "--no-dangling"]), "");
    }
}

#[test]
fn an_interrupt_ends_a_run_where_it_can_go_on() {
    let bench = toy::lab();
    let mut child = start(&bench, Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    assert_eq!(lines.by_ref().take(8).filter(Result::is_ok).count(), 8);
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill").success()
    );
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let ended = child.wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(7));
    assert!(rest.iter().any(|line| line.contains("\"interrupted\"")), "{rest:?}");
    let told = String::from_utf8(ended.stderr).expect("text");
    assert!(told.contains("resume"), "{told}");
    let status = bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "interrupted");
    let ended = bench.run(&["--lab", "lab", "resume", "--json"]).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished");
}

#[test]
fn a_run_that_is_worked_on_is_refused_to_a_second_process() {
    let bench = toy::lab();
    let mut child = start(&bench, Stdio::null());
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    lines.next().expect("an event").expect("a line");
    run_small(&bench, &[]).fails_with(9).tells(&child.id().to_string());
    child.kill().expect("killed");
    child.wait().expect("an end");
    run_small(&bench, &[]).succeeds();
}

#[test]
fn other_flags_for_an_unfinished_run_are_named() {
    let bench = toy::lab();
    kill_after(&bench, 5);
    run_small(&bench, &["--attempts", "7"]).fails_with(2);
    bench
        .run(&["--lab", "lab", "run", "--seed", "9", "--attempts", "7"])
        .fails_with(2)
        .tells("--seed 9")
        .tells("--attempts 7")
        .tells("--fresh");
}

#[test]
fn a_run_out_of_time_stands_still_and_goes_on() {
    let bench = toy::lab();
    run_small(&bench, &["--max-minutes", "0.01"]).succeeds();
    let status = bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "paused");
    let ended = bench.run(&["--lab", "lab", "resume", "--json"]).succeeds();
    assert_eq!(last_event(&ended)["event"], "run_finished");
}
