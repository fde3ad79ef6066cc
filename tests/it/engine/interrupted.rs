//! Runs that end before their end: held by another process, continued with other flags, out of time. `crash` has those
//! that are killed or asked to stand still.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::toy::{self, SMALL, last_event, run_small};
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
