//! `task`: what agents work on.

mod check;
mod eval;
mod import;
mod list;
mod new;
mod play;
mod solution;

use clap::Subcommand;

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;

/// Arguments of `task`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with tasks.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the tasks of the lab.
    List(list::Args),
    /// Write a new task to start from, or import one made for another program.
    New(new::Args),
    /// Find out whether a task's numbers can be trusted.
    Check(check::Args),
    /// Measure one solution, case by case.
    Eval(eval::Args),
    /// Play one case back.
    Play(play::Args),
}

/// Does it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    match &args.verb {
        Verb::List(args) => list::run(args, edge),
        Verb::New(args) => new::run(args, edge),
        Verb::Check(args) => check::run(args, edge),
        Verb::Eval(args) => eval::run(args, edge),
        Verb::Play(args) => play::run(args, edge),
    }
}
