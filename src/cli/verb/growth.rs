//! `growth`: what a run's rewrites brought, rewrite by rewrite, and those of the improver itself.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::view::document::growth::GrowthDocument;

/// Arguments of `growth`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent growth
  hyperagent growth run-2 --json

imp@k is the gain of the best agent among the first k rewrites over generation 0, in mean score on the \
select cases; rejected rewrites count. In carry mode a child starts where its ancestors ended, so the gain \
is not the agent's alone.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes what the rewrites brought.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, args.run.as_ref())?;
    let document = GrowthDocument::of(&recorded.view);
    if args.json { output::document(&document) } else { output::answer(&document.told(edge.page)) }
}
