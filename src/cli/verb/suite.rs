//! `suite`: the cases that test agents added to a run, and what each attack did to everybody's score.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::view::document::suite::SuiteDocument;

/// Arguments of `suite`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent suite                attacks of the newest run: let in, refused, scores
  hyperagent suite --cases        and every case that was let in
  hyperagent suite run-2 --json

Only agents whose strategy attacks add cases, such as the seed `arena`, and only to tasks with [proposals].")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Show the cases too.
    #[arg(long)]
    pub cases: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes what became of a run's suite.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, args.run.as_ref())?;
    let document = SuiteDocument::of(&recorded.view);
    if args.json {
        output::document(&document)
    } else {
        output::answer(&document.told(edge.page, args.cases))
    }
}
