//! `cost`: what a run used.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::view::document::cost::{self, CostReport};

/// Arguments of `cost`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent cost
  hyperagent cost run-2 --json

An unknown price is n/a, never 0; prices of models stand in hyperagent.toml.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes what a run used.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, args.run.as_ref())?;
    if args.json {
        output::document(&CostReport::of(&recorded.view))
    } else {
        output::answer(&cost::table(&recorded.view, edge.page))
    }
}
