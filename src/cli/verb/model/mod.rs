//! `model`: who answers.

mod check;

use clap::Subcommand;

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;

/// Arguments of `model`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make one real call, and show tokens, latency and price.
    Check(check::Args),
}

/// Does it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    match &args.verb {
        Verb::Check(args) => check::run(args, edge),
    }
}
