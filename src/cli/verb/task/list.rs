//! `task list`: the tasks of the lab.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::domain::task::{Direction, Seal, Task};
use crate::lab::tasks::{list_tasks, load_task};

/// Arguments of `task list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent task list
  hyperagent task list --json")]
pub struct Args {
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct TaskEntry {
    name: String,
    title: String,
    metric: String,
    direction: Direction,
    sealed: bool,
    cases: std::collections::BTreeMap<String, u32>,
}

impl TaskEntry {
    fn of(task: &Task) -> Self {
        Self {
            name: task.name().to_string(),
            title: task.spec.title.clone(),
            metric: task.spec.metric.clone(),
            direction: task.spec.direction,
            sealed: task.spec.seal() == Seal::Sealed,
            cases: task.spec.case_sets(),
        }
    }
}

/// Writes the tasks; one that does not load is a failure, after the others.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let (mut tasks, mut broken) = (Vec::new(), None);
    for name in list_tasks(&lab.tasks())? {
        match load_task(&lab.task(&name)) {
            Ok(task) => tasks.push(TaskEntry::of(&task)),
            Err(error) => broken = broken.or(Some(Failure::from(error))),
        }
    }
    if args.json {
        output::document(&serde_json::json!({ "tasks": tasks }))?;
    } else {
        output::answer(&told(&tasks, edge))?;
    }
    broken.map_or(Ok(()), Err)
}

fn told(tasks: &[TaskEntry], edge: &Edge) -> String {
    let width = tasks.iter().map(|task| task.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for task in tasks {
        let better = match task.direction {
            Direction::Maximise => "more",
            Direction::Minimise => "fewer",
        };
        let sets: Vec<String> =
            task.cases.iter().map(|(set, count)| format!("{set} {count}")).collect();
        let _ = writeln!(
            text,
            "{}  {}  {}",
            edge.page.ink.name(&format!("{:<width$}", task.name)),
            task.title,
            edge.page.ink.faint(&format!(
                "({better} {} is better; cases: {}{})",
                task.metric,
                sets.join(", "),
                if task.sealed { "" } else { "; unsealed" },
            )),
        );
    }
    text
}
