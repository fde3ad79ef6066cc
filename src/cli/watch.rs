//! Whoever watches a run: shows its records, and passes words from other terminals on to the engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::failure::{Exit, Failure};
use super::output;
use super::progress::Progress;
use super::stop_request::Word;
use crate::domain::event::Record;
use crate::engine::open::StandStill;
use crate::view::RunView;
use crate::view::document::event;

/// How often plain progress says how far a measurement is.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often a word from another terminal is looked for.
const STOP_POLL: Duration = Duration::from_millis(200);

/// Whoever watches a run.
pub struct Watch {
    /// The run so far.
    pub view: RunView,
    /// Where people see it.
    pub progress: Progress,
    /// Whether programs do, on standard output.
    pub json: bool,
    /// How the engine is asked to let it stand still.
    pub stop: StandStill,
    /// How to go on later.
    pub resume: String,
    /// The folder of its journal, where words from other terminals are left.
    pub folder: PathBuf,
    /// Records that came before one with a smaller number: those who write at the same time are not heard in order.
    pub early: BTreeMap<u64, Record>,
}

impl Watch {
    /// Shows every record until the engine has no more, and passes requests to stand still on to it.
    pub async fn follow(&mut self, mut records: UnboundedReceiver<Record>) -> Result<(), Failure> {
        let mut heart = tokio::time::interval(HEARTBEAT);
        let mut poll = tokio::time::interval(STOP_POLL);
        let mut reader_left = Ok(());
        let mut told_to_stop = false;
        let now = self.stop.now.clone();
        loop {
            tokio::select! {
                record = records.recv() => match record {
                    Some(record) => {
                        let told = self.take(record);
                        if told.is_err() && reader_left.is_ok() {
                            told_to_stop = true;
                            now.cancel();
                            reader_left = told;
                        }
                    }
                    None => return reader_left.and(self.take_rest()),
                },
                () = now.cancelled(), if !told_to_stop => {
                    told_to_stop = true;
                    let resume = &self.resume;
                    self.progress.say(&format!(
                        "stopping where nothing is lost; `{resume}` goes on; Ctrl+C again stops at once"
                    ));
                }
                _ = heart.tick() => self.progress.beat(&self.view),
                _ = poll.tick() => self.hear(),
            }
        }
    }

    /// Looks for a word from another terminal.
    fn hear(&mut self) {
        if Word::Stop.take(&self.folder) && !self.stop.now.is_cancelled() {
            self.progress.say("asked to stop from another terminal");
            self.stop.now.cancel();
        }
        if Word::Pause.take(&self.folder) && !self.stop.after_work.is_cancelled() {
            self.progress
                .say("asked to pause from another terminal: what is under way is finished");
            self.stop.after_work.cancel();
        }
    }

    /// Takes the display away; the folder of the run.
    pub fn end(self) -> PathBuf {
        self.progress.end();
        self.folder
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
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::base::unit::UnixMillis;
    use crate::domain::event::Event;
    use crate::domain::outcome::SandboxLevel;

    fn watch(folder: &std::path::Path) -> Watch {
        Watch {
            view: RunView::default(),
            progress: Progress::on(None),
            json: false,
            stop: StandStill::default(),
            resume: "hyperagent resume run-1".into(),
            folder: folder.to_owned(),
            early: BTreeMap::new(),
        }
    }

    fn record(seq: u64, event: Event) -> Record {
        Record { seq, at: UnixMillis(seq), event }
    }

    fn resumed(seq: u64) -> Record {
        record(seq, Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None })
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
        watch.follow(receive).await.expect("an end");
        assert_eq!(watch.view.seq, 3);
        assert_eq!(watch.view.state(false), crate::view::RunState::Finished);
        assert!(!watch.stop.now.is_cancelled());
    }

    #[tokio::test]
    async fn a_request_from_another_terminal_reaches_the_engine() {
        for word in [Word::Stop, Word::Pause] {
            let folder = tempfile::tempdir().expect("a folder");
            word.place(folder.path()).expect("placed");
            let mut watch = watch(folder.path());
            let (send, receive) = mpsc::unbounded_channel();
            let stop = watch.stop.clone();
            let engine = tokio::spawn(async move {
                match word {
                    Word::Stop => stop.now.cancelled().await,
                    Word::Pause => stop.after_work.cancelled().await,
                }
                drop(send);
                (stop.now.is_cancelled(), stop.after_work.is_cancelled())
            });
            watch.follow(receive).await.expect("an end");
            let heard = engine.await.expect("the engine heard");
            assert_eq!(heard, (word == Word::Stop, word == Word::Pause));
        }
    }
}
