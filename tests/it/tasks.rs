//! The shipped tasks: what holds for all of them, and a module for each with its own rules and references.
#![cfg(test)]

mod bin_packing;
mod circle_packing;
mod code_fix;
mod email_validation;

use std::fs;
use std::path::Path;

use hyperagent::domain::outcome::Outcome;
use hyperagent::domain::task::Split;
use hyperagent::lab::tasks::list_tasks;

use super::measuring::{evaluator, shipped};

#[tokio::test]
async fn every_task_grades_its_own_start_and_tells_what_it_measures() {
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks");
    let evaluator = evaluator(2).await;
    for name in list_tasks(&tasks).expect("tasks") {
        let task = shipped(name.as_str());
        let cases = task.cases(&Split::train(), 1);
        let start = evaluator.measure(&task, &task.initial, &cases).await;
        assert_eq!(start.outcome, Outcome::Graded, "{name}: {}", start.reason);
        let score = task.spec.score.score(start.metric.expect("a metric"));
        assert!(score < 1.0, "{name} starts at its target");
        let readme = fs::read_to_string(task.folder.join("README.md")).expect("a README");
        for section in ["## What it measures", "## Numbers", "**Noise.**", "**Scale.**"] {
            assert!(readme.contains(section), "the README of {name} lacks {section}");
        }
    }
}
