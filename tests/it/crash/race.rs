//! A race that is killed on its way: it is broken off at the same place, on the same evidence.

use hyperagent::domain::event::Event;

use super::scene::Scene;
use crate::honest::runs::{RACE, race_lab};

#[test]
fn a_race_killed_in_the_middle_comes_to_the_same_end() {
    let run = ["--lab", "lab", "run", "--name", "run-1", "--task", "dial", "--generations", "1"];
    let flags = [&run[..], &RACE, &["--parallel", "2"]].concat();
    let scene = || Scene::around(race_lab(["3 * x + 10", "1 * x - 60"]), &flags);
    let undisturbed = scene();
    undisturbed.perform(None).succeeds();
    let killed = scene();
    // Eight answers for the first agent, one for the rewrite: the eleventh is of the race.
    assert!(killed.dies_at("answer-received:11"), "the race was not reached");
    let is_end = |event: &Event| matches!(event, Event::Evaluated { .. });
    let ends = killed.records().iter().filter(|record| is_end(&record.event)).count();
    assert_eq!(ends, 1, "the race was over before it was killed");
    killed.perform(None).succeeds();
    killed.outcome().is_that_of(&undisturbed.outcome(), "a race");
    let raced_out = killed
        .records()
        .iter()
        .any(|record| matches!(&record.event, Event::Evaluated { raced_out: Some(_), .. }));
    assert!(raced_out, "it was not broken off");
}
