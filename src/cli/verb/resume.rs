//! `resume`: go on with an unfinished run.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::order::{self, Caps};
use crate::cli::recorded::Recorded;
use crate::cli::session;
use crate::view::RunState;

/// Arguments of `resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent resume
  hyperagent resume run-2 --max-usd 5")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Bounds that never change results.
    #[command(flatten)]
    pub caps: Caps,
    /// Write every event as a line of JSON on standard output; the last is the result.
    #[arg(long)]
    pub json: bool,
}

/// Goes on with the run's own settings.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let (recorded, read) = Recorded::open_to_go_on(&lab, edge, args.run.as_ref())?;
    order::refuse_held(&recorded, edge)?;
    if recorded.view.state(false) == RunState::Finished {
        return session::already_over(&recorded.run, args.json, &lab, edge);
    }
    let Some(identity) = recorded.view.identity.clone() else {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} ended before its first record", recorded.run),
        )
        .next(edge.hint(&format!("run --name {}", recorded.run))));
    };
    let before = Some((recorded.view, read));
    session::perform(order::go_on(identity), &args.caps, args.json, before, &lab, edge)
}
