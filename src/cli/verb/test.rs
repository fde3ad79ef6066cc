//! `test`: open the sealed test split.

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::order::{self, Caps};
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::cli::session;
use crate::cli::signals;
use crate::domain::event::Halt;
use crate::engine::Stopped;
use crate::engine::recorded::Opening;
use crate::engine::sealed::open_test;
use crate::view::figure;
use crate::view::openings::TestView;

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent test
  hyperagent test run-2 --json

The best solution of each task is measured on all test cases, in pairs with generation 0's best and with the \
start. Every opening is recorded and counted: what was chosen by looking at a test split is not tested by it \
any more.")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Measure this many blocks of cases at once; never changes results [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub parallel: Option<u32>,
    /// Run code written by models even where no sandbox can be built. Its files, network and keys are yours to lose.
    #[arg(long)]
    pub i_accept_no_sandbox: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Opens the split, and tells what came of it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let recorded = Recorded::open(&lab, edge, args.run.as_ref())?;
    order::refuse_held(&recorded, edge)?;
    let Some(identity) = &recorded.view.identity else {
        return Err(Failure::new(
            Exit::NothingEvaluated,
            format!("{} ended before its first record", recorded.run),
        )
        .next(edge.hint(&format!("run --name {}", recorded.run))));
    };
    order::refuse_changed_tasks(identity, &lab, edge)?;
    let caps = Caps {
        parallel: args.parallel,
        i_accept_no_sandbox: args.i_accept_no_sandbox,
        ..Caps::default()
    };
    let opened = signals::until_signal(async |cancel| {
        let told = |opening: &Opening, again: bool| {
            let began = if again { "finishing" } else { "measuring" };
            let tasks = figure::count(opening.pairs.len() as u64, "task");
            output::note(&format!(
                "{began} opening {} of {}: three solutions of {tasks} on all test cases",
                opening.number, recorded.run
            ));
        };
        let (world, conditions) = (session::world(&lab, edge)?, session::conditions(&caps, &lab));
        Ok(open_test(&world, identity, &conditions, &cancel, told).await)
    })?;
    let test = match opened {
        Ok(opening) => view(&opening),
        Err(Stopped::Failed(error)) => return Err(error.into()),
        Err(Stopped::Halted { why, detail }) => {
            let code = match why {
                Halt::Interrupted => Exit::Interrupted,
                _ => Exit::Environment,
            };
            return Err(Failure::new(code, format!("the test did not come to its end: {detail}"))
                .next(format!(
                    "{} finishes this opening; it counts as one",
                    edge.hint(&format!("test {}", recorded.run))
                )));
        }
    };
    if args.json {
        return output::document(&test.document(recorded.run.as_str()));
    }
    let heading = edge.page.ink.strong(&test.heading(recorded.run.as_str()));
    let metrics = session::metrics(&recorded.view, &lab);
    output::answer(&format!("{heading}\n{}", test.report(&metrics)))
}

fn view(opening: &Opening) -> TestView {
    let Opening { number, pairs, results } = opening.clone();
    TestView { opening: number, pairs, results }
}
