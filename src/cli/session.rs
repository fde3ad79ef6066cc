//! A run under way: the engine at work, its records shown, signals heard, and the end told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio_util::sync::CancellationToken;

use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::order::{self, Caps};
use super::output;
use super::progress::Progress;
use super::recorded::Recorded;
use super::signals::{Signals, leave};
use super::stop_request;
use crate::base::clock::SystemClock;
use crate::base::id::{RunName, TaskName};
use crate::domain::event::{Halt, Record};
use crate::engine;
use crate::engine::open::{Conditions, Order, World};
use crate::lab::Lab;
use crate::lab::tasks::load_task;
use crate::view::RunView;
use crate::view::document::event;
use crate::view::document::finished::RunFinishedDocument;
use crate::view::run::Phase;
use crate::view::summary::{Surroundings, summary};

/// How often plain progress says how far a measurement is.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often a request to stop from another terminal is looked for.
const STOP_POLL: Duration = Duration::from_millis(200);

/// Performs a run from where it stands to its end, and tells what came of it.
pub fn perform(
    order: Order,
    caps: Caps,
    json: bool,
    lab: &Lab,
    edge: &Edge,
) -> Result<(), Failure> {
    order::refuse_changed_tasks(&order.identity, lab, edge)?;
    let run = order.identity.run.clone();
    let before = match super::recorded::archive(lab, edge) {
        Ok(archive) if archive.journal_folder(&run).join(crate::journal::FILE).exists() => {
            Recorded::open(lab, edge, Some(&run))?.view
        }
        _ => RunView::default(),
    };
    let cancel = CancellationToken::new();
    let (observer, records) = mpsc::unbounded_channel();
    let conditions = conditions(&caps, lab);
    let world = world(lab, edge)?;
    let stop = cancel.clone();
    let mut watch = Watch {
        view: before,
        progress: Progress::on(edge.progress),
        json,
        cancel,
        folder: lab.generations().join(".git/hyperagent").join(run.as_str()),
        early: BTreeMap::new(),
    };
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        stop_request::take(&watch.folder);
        let engine = tokio::spawn(async move {
            engine::open::run(&world, &order, &conditions, observer, stop).await
        });
        let watched = watch.follow(records, &mut signals).await;
        let ended = engine.await.map_err(|error| {
            Failure::new(Exit::Defect, "the engine ended by a defect").because(error.to_string())
        })?;
        ended.map_err(Failure::from).and(watched)
    });
    watch.progress.end();
    // What a blocking thread still does is not waited for: nothing recorded depends on it.
    runtime.shutdown_background();
    ended?;
    // The journal has the last word: a record may have been written while nobody listened any more.
    tell(&Recorded::open(lab, edge, Some(&run))?.view, json, lab, edge)
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
        Phase::Halted { why: Halt::Interrupted, .. }
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

/// The runtime that everything asynchronous of this process runs on.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Environment, "threads cannot be started").because(error.to_string())
    })
}

/// Whoever watches a run.
struct Watch {
    view: RunView,
    progress: Progress,
    json: bool,
    cancel: CancellationToken,
    folder: std::path::PathBuf,
    /// Records that came before one with a smaller number: those who write at the same time are not heard in order.
    early: BTreeMap<u64, Record>,
}

impl Watch {
    /// Shows every record until the engine has no more, and passes requests to stop on to it.
    async fn follow(
        &mut self,
        mut records: UnboundedReceiver<Record>,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        let mut heart = tokio::time::interval(HEARTBEAT);
        let mut poll = tokio::time::interval(STOP_POLL);
        let mut reader_left = Ok(());
        loop {
            tokio::select! {
                record = records.recv() => match record {
                    Some(record) => {
                        let told = self.take(record);
                        if told.is_err() && reader_left.is_ok() {
                            self.cancel.cancel();
                            reader_left = told;
                        }
                    }
                    None => return reader_left.and(self.take_rest()),
                },
                () = signals.next() => self.stop_or_leave(),
                _ = heart.tick() => self.progress.beat(&self.view),
                _ = poll.tick() => {
                    if stop_request::take(&self.folder) && !self.cancel.is_cancelled() {
                        self.progress.say("asked to stop from another terminal");
                        self.cancel.cancel();
                    }
                }
            }
        }
    }

    /// Takes a record in its turn.
    fn take(&mut self, record: Record) -> Result<(), Failure> {
        if record.seq > self.view.seq {
            self.early.insert(record.seq, record);
        }
        let mut told = Ok(());
        while let Some(next) = self.early.remove(&(self.view.seq + 1)) {
            told = told.and(self.show(&next));
        }
        told
    }

    /// Takes what is left when there will be no more.
    fn take_rest(&mut self) -> Result<(), Failure> {
        std::mem::take(&mut self.early).values().try_for_each(|record| self.show(record))
    }

    fn show(&mut self, record: &Record) -> Result<(), Failure> {
        self.view.apply(record);
        self.progress.show(record, &self.view);
        if !self.json {
            return Ok(());
        }
        let mut line = event::line(record, &self.view).map_err(|error| {
            Failure::new(Exit::Defect, "an event could not be written as JSON")
                .because(error.to_string())
        })?;
        line.push('\n');
        output::answer(&line)
    }

    /// The first signal asks the engine to stop; the second ends this process at once.
    fn stop_or_leave(&mut self) {
        if self.cancel.is_cancelled() {
            leave();
        }
        self.progress.say("stopping where nothing is lost; once more stops at once");
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unit::UnixMillis;
    use crate::domain::event::Event;
    use crate::domain::outcome::SandboxLevel;

    fn watch(folder: &std::path::Path) -> Watch {
        Watch {
            view: RunView::default(),
            progress: Progress::on(None),
            json: false,
            cancel: CancellationToken::new(),
            folder: folder.to_owned(),
            early: BTreeMap::new(),
        }
    }

    fn record(seq: u64, event: Event) -> Record {
        Record { seq, at: UnixMillis(seq), event }
    }

    fn resumed(seq: u64) -> Record {
        record(seq, Event::RunResumed { sandbox: SandboxLevel::Full })
    }

    #[tokio::test]
    async fn records_are_taken_once_and_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut watch = watch(folder.path());
        let (send, receive) = mpsc::unbounded_channel();
        let finished =
            Event::RunFinished { best: crate::base::id::GenerationId(0), why: "x".into() };
        for record in [resumed(1), record(3, finished), resumed(2), resumed(1), resumed(2)] {
            send.send(record).expect("sent");
        }
        drop(send);
        let mut signals = Signals::listen().expect("signals");
        watch.follow(receive, &mut signals).await.expect("an end");
        assert_eq!(watch.view.seq, 3);
        assert_eq!(watch.view.state(false), crate::view::RunState::Finished);
        assert!(!watch.cancel.is_cancelled());
    }

    #[tokio::test]
    async fn a_request_from_another_terminal_cancels_the_engine() {
        let folder = tempfile::tempdir().expect("a folder");
        stop_request::place(folder.path()).expect("placed");
        let mut watch = watch(folder.path());
        let (send, receive) = mpsc::unbounded_channel();
        let cancel = watch.cancel.clone();
        let engine = tokio::spawn(async move {
            cancel.cancelled().await;
            drop(send);
        });
        let mut signals = Signals::listen().expect("signals");
        watch.follow(receive, &mut signals).await.expect("an end");
        engine.await.expect("the engine heard");
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
        assert_eq!(ended(halted(Halt::Provider)), Exit::Provider);
        assert_eq!(ended(halted(Halt::InvalidStreak)), Exit::AgentInvalid);
        assert_eq!(ended(halted(Halt::Budget)), Exit::Done);
        let empty = Event::RunFinished { best: crate::base::id::GenerationId(0), why: "x".into() };
        assert_eq!(ended(vec![empty]), Exit::NothingEvaluated);
    }
}
