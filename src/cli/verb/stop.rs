//! `stop`: ask the process at a run to stop, from another terminal.

use std::time::Duration;

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::cli::stop_request::Word;
use crate::journal;

/// Arguments of `stop`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent stop
  hyperagent stop run-2

The run ends as by Ctrl+C: what is being written is finished, and `resume` goes on.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
}

/// How long a process that was asked to stop is waited for; one that was asked to pause may take as long as its work.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks, and waits until the process has let go of the run.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    ask(Word::Stop, args.run.as_ref(), edge)
}

/// Places a request, and waits until the process at the run has let go of it.
pub fn ask(word: Word, run: Option<&RunName>, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, run)?;
    let holder = journal::holder(&recorded.folder).filter(journal::Holder::is_alive);
    let Some(holder) = holder else {
        return output::answer(&format!("no process works on {}\n", recorded.run));
    };
    word.place(&recorded.folder)?;
    let (waiting, patience, done) = match word {
        Word::Stop => ("to stop", Some(PATIENCE), "stopped"),
        Word::Pause => ("to end what is under way", None, "paused"),
    };
    output::note(&format!("waiting for process {} {waiting}", holder.pid));
    let released = crate::cli::session::runtime()?.block_on(async {
        let gone = async {
            let mut pulse = tokio::time::interval(Duration::from_millis(50));
            while journal::holder(&recorded.folder).is_some_and(|holder| holder.is_alive()) {
                pulse.tick().await;
            }
        };
        match patience {
            Some(patience) => tokio::time::timeout(patience, gone).await.is_ok(),
            None => {
                gone.await;
                true
            }
        }
    });
    if !released {
        return Err(Failure::new(
            Exit::Environment,
            format!("process {} has not stopped within {} s", holder.pid, PATIENCE.as_secs()),
        )
        .next(format!("kill {}   # nothing recorded is lost", holder.pid)));
    }
    output::answer(&format!("{} {done}\n", recorded.run))?;
    output::answer(&format!("next: {} {}\n", edge.hint("resume"), recorded.run))
}
