//! `show`: one generation in full.

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Target;
use crate::view::portrait;

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent show best
  hyperagent show gen-00003 --json
  hyperagent show run-2/latest")]
pub struct Args {
    /// The generation: gen-00007, RUN/gen-00007, best, latest or a commit id.
    #[arg(value_name = "GEN")]
    pub generation: String,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes the portrait of a generation.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let target = Target::find(&edge.open_lab()?, edge, &args.generation)?;
    let (view, generation) = (&target.recorded.view, target.view()?);
    if args.json {
        output::document(&portrait::document(view, generation))
    } else {
        output::answer(&portrait::portrait(view, generation, edge.page))
    }
}
