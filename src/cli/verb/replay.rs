//! `replay`: perform a recorded run again without any model, and compare.

use serde_json::Value;

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::order::{self, Caps};
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::cli::session;
use crate::cli::signals;
use crate::domain::meaning::Difference;
use crate::engine::open::StandStill;
use crate::engine::replay::replay;
use crate::view::document::replay::ReplayDocument;
use crate::view::figure;

/// The longest part of a value shown of a difference, characters.
const SHOWN: usize = 160;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent replay
  hyperagent replay run-2 --parallel 8 --json

Every decision, rewrite and measurement is made again in a temporary folder, with the recorded answers in \
the models' place: nothing is paid and nothing of the lab changes. Exit code 1, with the first difference, \
if anything but times and what measurements used came out otherwise.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Work on this many candidates at once; never changes results [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub parallel: Option<u32>,
    /// Run code written by models even where no sandbox can be built. Its files, network and keys are yours to lose.
    #[arg(long)]
    pub i_accept_no_sandbox: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Performs the run again, and tells the first difference.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let recorded = Recorded::open(&lab, edge, args.run.as_ref())?;
    order::refuse_held(&recorded, edge)?;
    let Some(identity) = &recorded.view.identity else {
        return Err(Failure::usage(format!("{} ended before its first record", recorded.run))
            .next(edge.hint(&format!("run --name {}", recorded.run))));
    };
    order::refuse_changed_tasks(identity, &lab, edge)?;
    let caps = Caps {
        parallel: args.parallel,
        i_accept_no_sandbox: args.i_accept_no_sandbox,
        ..Caps::default()
    };
    let conditions = session::conditions(&caps, &lab);
    output::note(&format!("performing {} again, without any model", recorded.run));
    let replayed = signals::until_signal(async |now| {
        let stop = StandStill { now, ..StandStill::default() };
        let world = session::world(&lab, edge)?;
        Ok(replay(&world, &recorded.run, &conditions, stop).await?)
    })?;
    let Some(replayed) = replayed else {
        return Err(Failure::new(Exit::Interrupted, "the replay did not come to its end")
            .next(edge.hint(&format!("replay {}", recorded.run))));
    };
    let same = replayed.difference.is_none();
    if args.json {
        output::document(&ReplayDocument {
            run: recorded.run.to_string(),
            same,
            records: replayed.records,
            finished: replayed.finished,
            difference: replayed.difference,
        })?;
    } else {
        let records = figure::count(replayed.records, "record");
        let end = if replayed.finished { "to its end" } else { "as far as it goes" };
        output::answer(&match &replayed.difference {
            None => format!("{} came out the same, {end}: {records}\n", recorded.run),
            Some(difference) => {
                format!("{} came out otherwise\n{}", recorded.run, told(difference))
            }
        })?;
    }
    if same { Ok(()) } else { Err(Failure::silent(Exit::AnsweredNo)) }
}

/// A difference in words.
fn told(difference: &Difference) -> String {
    let Difference { seq, what, field, recorded, again } = difference;
    let line = seq.map_or("not recorded".to_owned(), |seq| format!("record {seq}"));
    let field = if field.is_empty() { String::new() } else { format!(", {field}") };
    let shown = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        value => {
            let text = value.to_string();
            let cut: String = text.chars().take(SHOWN).collect();
            if cut.len() < text.len() { cut + "…" } else { cut }
        }
    };
    format!(
        "  first difference  {what}{field} ({line})\n  recorded          {}\n  again             {}\n",
        shown(recorded),
        shown(again)
    )
}
