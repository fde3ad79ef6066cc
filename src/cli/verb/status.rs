//! `status`: where a run stands, what it cost, what it waits for.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::view::{RunState, standing};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent status
  hyperagent status run-2 --json")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes where a run stands.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let recorded = Recorded::open(&lab, edge, args.run.as_ref())?;
    let (view, held) = (&recorded.view, recorded.held);
    let caps = view.caps.as_ref().unwrap_or(&lab.config.budget);
    if args.json {
        return output::document(&standing::document(view, held, caps));
    }
    output::answer(&standing::standing(view, held, caps, edge.page))?;
    let resumable = matches!(view.state(held), RunState::Paused | RunState::Interrupted);
    if resumable && !held {
        output::answer(&format!("  next: {} {}\n", edge.hint("resume"), recorded.run))?;
    }
    Ok(())
}
