//! Layer 6: the command line, the only place that knows a terminal.
//!
//! A verb is a file of `verb`: its arguments, its help with examples, and one function. What several verbs share has
//! a file here: the process's surroundings (`edge`), recorded runs (`recorded`), a run under way (`session`).
//! Every command ends in one place, with one type of failure and one table of exit codes (`failure`).

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;

pub mod edge;
pub mod failure;
pub mod output;

mod agent_folder;
mod archive_health;
mod arguments;
mod estimate;
mod logging;
mod machine;
mod order;
mod progress;
mod recorded;
mod session;
mod signals;
mod stop_request;
mod task_check;
mod translation;
mod verb;
mod watch;

use crate::base::failpoint;
use crate::sandbox::{self, supervisor};
use crate::script;
use arguments::{Arguments, Verb};
use edge::Edge;
use failure::{Exit, Failure};

/// Runs the command line of this process. The two hidden verbs come first, before any thread exists.
pub fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().skip(1).map_while(|word| word.into_string().ok()).collect();
    match words.split_first() {
        Some((verb, rest)) if verb == supervisor::VERB => supervisor::main(rest),
        Some((verb, _)) if verb == script::WORKER_VERB => script::worker::main(),
        _ => people(),
    }
}

/// Runs a verb that people type.
fn people() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return answer_clap(&refusal),
    };
    panic::set_hook(Box::new(|panicked| {
        let place =
            panicked.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        let text = panicked.payload_as_str().unwrap_or("no message");
        output::note(&format!("defect{}: {text}", place.unwrap_or_default()));
    }));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let edge = Edge::of_process(arguments.lab)?;
        arm_failpoint(&edge)?;
        logging::begin(&edge)?;
        let ended = dispatch(&arguments.verb, &edge);
        for (site, passages) in failpoint::counted().unwrap_or_default() {
            output::note(&format!("failpoint {} {passages}", site.as_str()));
        }
        ended.map_err(|failure| failure.typed(edge.typed))
    }));
    match ended {
        Ok(Ok(())) => Exit::Done.into(),
        Ok(Err(failure)) => failure.report(),
        Err(_) => Failure::new(Exit::Defect, "this is a defect of hyperagent, not of your input")
            .because("the line above says where")
            .next("nothing recorded is lost: `hyperagent status` tells where the run stands")
            .report(),
    }
}

/// Lets a test kill this process at a place of its choice; without the variable there is no such place.
fn arm_failpoint(edge: &Edge) -> Result<(), Failure> {
    if let Some(text) = edge.environment.get(failpoint::VARIABLE) {
        let arming = text.parse().map_err(|bad: failpoint::BadArming| {
            Failure::usage(bad.to_string()).next(format!("unset {}", failpoint::VARIABLE))
        })?;
        failpoint::arm(arming, sandbox::die);
    }
    Ok(())
}

fn dispatch(verb: &Verb, edge: &Edge) -> Result<(), Failure> {
    match verb {
        Verb::Run(args) => verb::run::run(args, edge),
        Verb::Resume(args) => verb::resume::run(args, edge),
        Verb::Status(args) => verb::status::run(args, edge),
        Verb::Pause(args) => verb::pause::run(args, edge),
        Verb::Stop(args) => verb::stop::run(args, edge),
        Verb::Log(args) => verb::log::run(args, edge),
        Verb::Show(args) => verb::show::run(args, edge),
        Verb::Diff(args) => verb::diff::run(args, edge),
        Verb::Trace(args) => verb::trace::run(args, edge),
        Verb::Cost(args) => verb::cost::run(args, edge),
        Verb::Growth(args) => verb::growth::run(args, edge),
        Verb::Suite(args) => verb::suite::run(args, edge),
        Verb::Best(args) => verb::best::run(args, edge),
        Verb::Test(args) => verb::test::run(args, edge),
        Verb::Replay(args) => verb::replay::run(args, edge),
        Verb::Rollback(args) => verb::rollback::run(args, edge),
        Verb::Adopt(args) => verb::adopt::run(args, edge),
        Verb::Export(args) => verb::export::run(args, edge),
        Verb::Import(args) => verb::import::run(args, edge),
        Verb::Simulate(args) => verb::simulate::run(args, edge),
        Verb::Validate(args) => verb::validate::run(args, edge),
        Verb::Task(args) => verb::task::run(args, edge),
        Verb::Model(args) => verb::model::run(args, edge),
        Verb::Seed(args) => verb::seed::run(args, edge),
        Verb::Init(args) => verb::init::run(args, edge),
        Verb::Doctor(args) => verb::doctor::run(args, edge),
        Verb::Completions(args) => verb::completions::run(args),
    }
}

/// Help and version are answers; everything else that clap says is a usage error.
fn answer_clap(refusal: &clap::Error) -> ExitCode {
    // A reader that went away (`--help | head`) is nobody's failure.
    let _ = refusal.print();
    if refusal.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}
