//! A run under way: the engine at work, its records shown, signals heard, and the end told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::order::{self, Caps};
use super::output;
use super::progress::Progress;
use super::recorded::Recorded;
use super::signals::Signals;
use super::stop_request::Word;
use super::watch::Watch;
use crate::base::clock::SystemClock;
use crate::base::id::{RunName, TaskName};
use crate::domain::event::Halt;
use crate::engine;
use crate::engine::open::{Conditions, Observer, Order, RunEnd, StandStill, World};
use crate::engine::take_up::Reading;
use crate::lab::Lab;
use crate::lab::tasks::load_task;
use crate::view::RunView;
use crate::view::document::finished::RunFinishedDocument;
use crate::view::run::Phase;
use crate::view::summary::{Surroundings, summary};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Performs a run from where it stands to its end, and tells what came of it.
pub fn perform(
    order: Order,
    caps: &Caps,
    json: bool,
    before: Option<(RunView, Reading)>,
    lab: &Lab,
    edge: &Edge,
) -> Result<(), Failure> {
    order::refuse_changed_tasks(&order.identity, lab, edge)?;
    let run = order.identity.run.clone();
    let (before, read) = match (before, super::recorded::archive(lab, edge)) {
        (Some((view, read)), _) => (view, Some(read)),
        (None, Ok(archive)) if archive.journal_folder(&run).join(crate::journal::FILE).exists() => {
            let (recorded, read) = Recorded::open_to_go_on(lab, edge, Some(&run))?;
            (recorded.view, Some(read))
        }
        _ => (RunView::default(), None),
    };
    let stop = StandStill::default();
    let (observer, records) = mpsc::unbounded_channel();
    let observer = Observer { records: observer, read };
    let conditions = conditions(caps, lab);
    let world = world(lab, edge)?;
    let engine_stop = stop.clone();
    let mut watch = Watch {
        view: before,
        progress: Progress::on(edge.progress),
        json,
        stop: stop.clone(),
        resume: edge.hint(&format!("resume {run}")),
        folder: lab.generations().join(".git/hyperagent").join(run.as_str()),
        early: BTreeMap::new(),
    };
    let runtime = runtime()?;
    // Signals are heard until the last word is said.
    let heed = runtime.block_on(async { Ok::<_, Failure>(Signals::listen()?.heed(stop.now)) })?;
    let ended = runtime.block_on(async {
        Word::Stop.take(&watch.folder);
        Word::Pause.take(&watch.folder);
        let engine = tokio::spawn(async move {
            engine::open::run(&world, &order, &conditions, observer, engine_stop).await
        });
        let watched = watch.follow(records).await;
        let ended = engine.await.map_err(|error| {
            Failure::new(Exit::Defect, "the engine ended by a defect").because(error.to_string())
        })?;
        let goes_on = |failure: Failure| match failure.code {
            Exit::Environment if failure.next.is_empty() => {
                let begun = watch.folder.join(crate::journal::FILE).exists();
                let resume = format!("`{}` goes on", watch.resume);
                let next = if begun { resume } else { "the same command starts the run".into() };
                failure.next(format!("nothing recorded is lost; once the cause is gone, {next}"))
            }
            _ => failure,
        };
        let ended = ended.map_err(|error| goes_on(error.into()));
        ended.and_then(|ended| watched.map(|()| ended))
    });
    let folder = watch.end();
    let told = ended.and_then(|ended| match ended {
        RunEnd::Halted { .. } if !folder.join(crate::journal::FILE).exists() => {
            output::note(&format!("{run} had not begun; the same command starts it"));
            Err(Failure::silent(Exit::Interrupted))
        }
        // The journal has the last word: a record may have been written while nobody listened any more.
        _ => tell(&Recorded::open(lab, edge, Some(&run))?.view, json, lab, edge),
    });
    drop(heed);
    // What a blocking thread still does is not waited for: nothing recorded depends on it.
    runtime.shutdown_background();
    told
}

/// Tells what a finished run came to.
pub fn already_over(run: &RunName, json: bool, lab: &Lab, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(lab, edge, Some(run))?;
    output::note(&format!("{run} is finished; `{}` starts another", edge.hint("run --fresh")));
    if json {
        return output::document(&RunFinishedDocument::of(&recorded.view));
    }
    tell(&recorded.view, json, lab, edge)
}

/// How this process works on a run.
pub fn conditions(caps: &Caps, lab: &Lab) -> Conditions {
    Conditions {
        caps: order::caps(caps, lab),
        parallel: caps.parallel.map(|workers| workers as usize),
        accept_no_sandbox: caps.i_accept_no_sandbox,
    }
}

/// What the engine needs from this process.
pub fn world(lab: &Lab, edge: &Edge) -> Result<World, Failure> {
    Ok(World {
        lab: lab.clone(),
        executable: edge.executable.clone(),
        environment: lab.environment(edge.environment.clone())?,
        temporary: edge.temporary(),
        clock: Arc::new(SystemClock),
    })
}

/// Tells the end of a run: the summary for people, and the exit code for everybody.
fn tell(view: &RunView, json: bool, lab: &Lab, edge: &Edge) -> Result<(), Failure> {
    if !json {
        let metrics = metrics(view, lab);
        let around = Surroundings { typed: edge.typed, metrics: &metrics };
        output::answer(&format!("\n{}", summary(view, edge.page, around)))?;
    } else if let (Phase::Halted { .. }, Some(identity)) = (&view.phase, &view.identity) {
        let resume = edge.hint(&format!("resume {}", identity.run));
        output::note(&format!("nothing is lost; `{resume}` goes on"));
    }
    match exit(view) {
        Exit::Done => Ok(()),
        Exit::NothingEvaluated => Err(Failure::new(
            Exit::NothingEvaluated,
            "nothing could be evaluated: no measurement came to a metric",
        )
        .next(edge.hint("doctor"))),
        code => Err(Failure::silent(code)),
    }
}

/// The exit code that fits where the run stands.
fn exit(view: &RunView) -> Exit {
    let measured = view
        .generations
        .values()
        .any(|generation| generation.episodes.values().any(|episode| episode.metric.is_some()));
    match &view.phase {
        Phase::Finished { .. } | Phase::Halted { why: Halt::Budget, .. } if measured => Exit::Done,
        Phase::Finished { .. } => Exit::NothingEvaluated,
        Phase::Halted { why: Halt::Budget, .. } => Exit::Done,
        Phase::Halted { why: Halt::Provider, .. } => Exit::Provider,
        Phase::Halted { why: Halt::InvalidStreak, .. } => Exit::AgentInvalid,
        Phase::Halted { why: Halt::Environment, .. } => Exit::Environment,
        Phase::Halted { why: Halt::Interrupted | Halt::Paused, .. }
        | Phase::Open
        | Phase::Empty
        | Phase::RolledBack(_) => Exit::Interrupted,
    }
}

/// The name of each task's metric; a task that does not load any more has none.
pub fn metrics(view: &RunView, lab: &Lab) -> BTreeMap<TaskName, String> {
    view.identity
        .iter()
        .flat_map(|identity| &identity.tasks)
        .filter_map(|task| Some((task.clone(), load_task(&lab.task(task)).ok()?.spec.metric)))
        .collect()
}

/// Descriptors that a process which performs anything cannot do without; with fewer, parts of the runtime would panic.
const DESCRIPTORS: usize = 48;

/// The runtime that everything asynchronous of this process runs on.
pub fn runtime() -> Result<Runtime, Failure> {
    let spare: std::io::Result<Vec<std::fs::File>> =
        (0..DESCRIPTORS).map(|_| std::fs::File::open("/dev/null")).collect();
    spare.map(drop).map_err(|error| {
        Failure::new(Exit::Environment, "this process may open too few files")
            .because(error.to_string())
            .next("raise the limit: ulimit -n 1024")
    })?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Environment, "threads cannot be started").because(error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unit::UnixMillis;
    use crate::domain::event::{Event, Record};

    fn record(seq: u64, event: Event) -> Record {
        Record { seq, at: UnixMillis(seq), event }
    }

    #[test]
    fn the_exit_code_says_where_the_run_stands() {
        let ended = |events: Vec<Event>| {
            let records: Vec<Record> =
                (1..).zip(events).map(|(seq, event)| record(seq, event)).collect();
            exit(&RunView::of(&records))
        };
        let halted = |why| vec![Event::RunHalted { why, detail: String::new() }];
        assert_eq!(ended(halted(Halt::Interrupted)), Exit::Interrupted);
        assert_eq!(ended(halted(Halt::Paused)), Exit::Interrupted);
        assert_eq!(ended(halted(Halt::Provider)), Exit::Provider);
        assert_eq!(ended(halted(Halt::InvalidStreak)), Exit::AgentInvalid);
        assert_eq!(ended(halted(Halt::Budget)), Exit::Done);
        let empty = Event::RunFinished { best: crate::base::id::GenerationId(0), why: "x".into() };
        assert_eq!(ended(vec![empty]), Exit::NothingEvaluated);
    }
}
