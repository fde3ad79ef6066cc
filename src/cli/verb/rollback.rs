//! `rollback`: let a run go on from an earlier generation.

use std::sync::Arc;

use crate::base::clock::SystemClock;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::order;
use crate::cli::output;
use crate::cli::recorded::Target;
use crate::cli::session;
use crate::domain::event::GenerationStatus;
use crate::engine::rollback::roll_back;
use crate::view::listing;

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent rollback gen-00003
  hyperagent rollback run-2/gen-00001

Nothing is deleted: `latest` moves, and new generations take the next free numbers.")]
pub struct Args {
    /// The generation: gen-00007, RUN/gen-00007, best or a commit id.
    #[arg(value_name = "GEN")]
    pub generation: String,
}

/// Moves the run back, and says how to go on.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let target = Target::find(&lab, edge, &args.generation)?;
    let (recorded, id) = (&target.recorded, target.generation);
    order::refuse_held(recorded, edge)?;
    if target.view()?.status != GenerationStatus::Valid {
        return Err(Failure::usage(format!(
            "{id} was rejected, and a rejected one is never a parent"
        ))
        .next(edge.hint("log")));
    }
    if recorded.view.latest == Some(id) {
        return output::answer(&format!("{} goes on from {id} already\n", recorded.run));
    }
    let back = roll_back(&lab, Arc::new(SystemClock), &recorded.run, id);
    session::runtime()?.block_on(back)?;
    output::answer(&format!(
        "{} goes on from {id}: {}\nnext: {} {}\n",
        recorded.run,
        listing::what(target.view()?),
        edge.hint("resume"),
        recorded.run,
    ))
}
