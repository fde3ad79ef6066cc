//! `log`: the generations of a run.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::view::document::log::LogDocument;
use crate::view::listing;

/// Arguments of `log`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent log                   the newest run, newest generation first
  hyperagent log run-2 --graph     the family tree of run-2
  hyperagent log --rejected        rejected rewrites too, with what the validation found

Plain git reads the same history: git -C generations log --graph --all")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Draw the family tree.
    #[arg(long)]
    pub graph: bool,
    /// Show rejected rewrites too.
    #[arg(long)]
    pub rejected: bool,
    /// Write one JSON document (always with rejected rewrites).
    #[arg(long)]
    pub json: bool,
}

/// Writes the generations of a run.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, args.run.as_ref())?;
    let view = &recorded.view;
    if args.json {
        return output::document(&LogDocument::of(view));
    }
    output::answer(&if args.graph {
        listing::graph(view, edge.page, args.rejected)
    } else {
        listing::list(view, edge.page, args.rejected)
    })
}
