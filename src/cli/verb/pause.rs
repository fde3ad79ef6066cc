//! `pause`: ask the process at a run to begin nothing new, from another terminal.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::stop_request::Word;
use crate::cli::verb::stop;

/// Arguments of `pause`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent pause
  hyperagent pause run-2

Attempts and rewrites under way come to their end, so no answer that is being paid for is thrown away; then \
the process at the run ends with exit code 7, and `resume` goes on. `stop` does not wait for them.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
}

/// Asks, and waits until the process has let go of the run.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    stop::ask(Word::Pause, args.run.as_ref(), edge)
}
