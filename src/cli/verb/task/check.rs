//! `task check`: whether the numbers a task gives can be trusted.

use std::path::PathBuf;

use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::order;
use crate::cli::session;
use crate::cli::task_check::{self, Manner, Subject, Told};
use crate::lab::tasks::load_task;

/// Arguments of `task check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent task check snake
  hyperagent task check snake --solution player.py        measures its noise and repeats it too
  hyperagent task check snake --quick --json              fewer cases; one document")]
pub struct Args {
    /// The task.
    pub task: TaskName,
    /// The best solution known: a file, or a folder.
    #[arg(long, value_name = "FILE")]
    pub solution: Option<PathBuf>,
    /// Measure on a few cases only; for slow tasks.
    #[arg(long)]
    pub quick: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Checks, tells every verdict, and fails when a check answered no.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let folder = lab.task(&args.task);
    if !folder.is_dir() {
        return order::open_task(&lab, &args.task).map(|_| ());
    }
    let manner = Manner { quick: args.quick, json: args.json };
    let mut told = Told::new(args.task.to_string(), manner, edge);
    let task = match load_task(&folder) {
        Ok(task) => task,
        Err(error) => {
            let Failure { what, why, .. } = Failure::from(error);
            let reason = if why.is_empty() { what } else { format!("{what}: {why}") };
            told.done(task_check::loads(Err(reason)))?;
            return told.end();
        }
    };
    told.done(task_check::loads(Ok(&task)))?;
    for check in task_check::words(&task) {
        told.done(check)?;
    }
    let given = args.solution.as_deref();
    let solution = given.map(|path| super::solution::read(&task, Some(path), edge)).transpose()?;
    session::runtime()?.block_on(async {
        let (host, python) = super::eval::bench(edge, &lab).await?;
        let subject = Subject { task, solution, quick: args.quick, host, python };
        task_check::examine(&subject, &mut told).await
    })?;
    told.end()
}
