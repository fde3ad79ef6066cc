//! The thread that owns the file: it writes what has come in, flushes once, and tells everybody who waits.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::JournalError;
use super::line;
use super::lock::Lock;
use crate::base::clock::Clock;
use crate::base::failpoint::{self, Site};
use crate::domain::event::{Event, Record};

/// The share of the last flush's time that the next one waits, at most, for those who waited for the last: they come
/// back soon, and their lines then share this flush instead of needing another.
const GATHER_SHARE: u32 = 4;

/// What a waiter is told. An error is shared by all.
type Written = Result<(), Arc<io::Error>>;

/// The sending side, shared by all handles.
pub(super) struct Writer {
    path: PathBuf,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    thread: Option<JoinHandle<()>>,
    /// Free when the thread has ended and this is dropped.
    lock: Option<Mutex<Lock>>,
}

/// What passes between the handles and the thread.
struct Queue {
    gate: Mutex<Gate>,
    wake: Condvar,
}

/// The order of lines is the order in which this is locked.
struct Gate {
    /// The number of the next line.
    next: u64,
    /// What waits to be written.
    batch: Batch,
    /// How many waiters are worth waiting for.
    expected: usize,
    /// Whether all handles are gone.
    closed: bool,
    /// Why nothing is written any more.
    failure: Option<Arc<io::Error>>,
}

/// Lines that share a flush.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    waiters: Vec<oneshot::Sender<Written>>,
}

impl Writer {
    pub(super) fn start(
        path: PathBuf,
        lock: Lock,
        next: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        let file =
            OpenOptions::new().append(true).open(&path).map_err(JournalError::io("open", &path))?;
        Self::start_on(file, path, Some(lock), next, clock)
    }

    fn start_on(
        file: File,
        path: PathBuf,
        lock: Option<Lock>,
        next: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        let queue = Arc::new(Queue {
            gate: Mutex::new(Gate {
                next,
                batch: Batch::default(),
                expected: 0,
                closed: false,
                failure: None,
            }),
            wake: Condvar::new(),
        });
        let shared = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || shared.serve(file))
            .map_err(JournalError::io("start the writer of", &path))?;
        Ok(Self { path, queue, clock, thread: Some(thread), lock: lock.map(Mutex::new) })
    }

    pub(super) fn append(&self, event: Event) -> Result<Record, JournalError> {
        self.send(event, None)
    }

    pub(super) fn verified(&self) -> Result<(), JournalError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let mut lock = lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.verified().map_err(JournalError::io("write the lock of", &self.path))
    }

    pub(super) async fn record(&self, event: Event) -> Result<Record, JournalError> {
        let (waiter, written) = oneshot::channel();
        let record = self.send(event, Some(waiter))?;
        self.wait(written).await?;
        Ok(record)
    }

    pub(super) async fn sync(&self) -> Result<(), JournalError> {
        let (waiter, written) = oneshot::channel();
        self.queue
            .push(|batch, _| batch.waiters.push(waiter))
            .map_err(|source| self.stopped(source))?;
        self.wait(written).await
    }

    fn send(
        &self,
        event: Event,
        waiter: Option<oneshot::Sender<Written>>,
    ) -> Result<Record, JournalError> {
        let text = line::encode(&event)?;
        let (seq, at) = self
            .queue
            .push(|batch, next| {
                let (seq, at) = (*next, self.clock.now());
                line::write(&mut batch.bytes, seq, at, &text);
                batch.waiters.extend(waiter);
                *next += 1;
                (seq, at)
            })
            .map_err(|source| self.stopped(source))?;
        Ok(Record { seq, at, event })
    }

    async fn wait(&self, written: oneshot::Receiver<Written>) -> Result<(), JournalError> {
        match written.await {
            Ok(written) => written.map_err(|source| self.stopped(source)),
            // Only a panic in the thread could bring this about.
            Err(_) => Err(self.stopped(Arc::new(io::Error::other("the writing thread has ended")))),
        }
    }

    fn stopped(&self, source: Arc<io::Error>) -> JournalError {
        JournalError::Stopped { path: self.path.clone(), source }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has reached every waiter already.
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the batch, unless the journal is closed by a failure, and wakes the thread if there is reason to.
    fn push<T>(&self, add: impl FnOnce(&mut Batch, &mut u64) -> T) -> Result<T, Arc<io::Error>> {
        let mut gate = self.lock();
        if let Some(source) = &gate.failure {
            return Err(Arc::clone(source));
        }
        let was_empty = gate.batch.is_empty();
        let Gate { batch, next, expected, .. } = &mut *gate;
        let added = add(batch, next);
        let complete = batch.waiters.len() == *expected;
        drop(gate);
        if was_empty || complete {
            self.wake.notify_one();
        }
        Ok(added)
    }

    /// Serves until the last handle is gone, or a write fails.
    fn serve(&self, mut file: File) {
        let mut patience = Duration::ZERO;
        let mut durable = file.metadata().map_or(0, |found| found.len());
        while let Some(mut batch) = self.next_batch(patience) {
            let start = Instant::now();
            let written = batch.write(&mut file, &mut durable).map_err(Arc::new);
            patience = start.elapsed() / GATHER_SHARE;
            if let Err(source) = &written {
                // Set before anybody is told, so that nobody can slip a line in after a lost one.
                let mut gate = self.lock();
                gate.failure = Some(Arc::clone(source));
                batch.waiters.append(&mut gate.batch.waiters);
            }
            for waiter in batch.waiters {
                // A waiter that has gone away needs no answer.
                let _ = waiter.send(written.clone());
            }
            if written.is_err() {
                return;
            }
        }
        // What was only appended asked for no promise; a failure here breaks none.
        let _ = file.sync_data();
    }

    /// Waits for something to write, and then a moment more as long as fewer wait than did for the last flush. `None`
    /// when all handles are gone and everything is written.
    fn next_batch(&self, patience: Duration) -> Option<Batch> {
        let mut gate = self.lock();
        while gate.batch.is_empty() {
            if gate.closed {
                return None;
            }
            gate = self.wake.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + patience;
        while !gate.closed && (1..gate.expected).contains(&gate.batch.waiters.len()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            gate = self.wake.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let batch = std::mem::take(&mut gate.batch);
        gate.expected = batch.waiters.len();
        Some(batch)
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.waiters.is_empty()
    }

    /// Writes the lines, and flushes if anybody waits. When the lines cannot be written whole, the part that was is
    /// taken back, so that the file ends with a whole line. When they cannot be flushed, so is everything since the flush
    /// before, where the file was `durable` bytes long: the system may drop what it failed to write, and a later flush
    /// that succeeds says nothing about it (fsync(2)).
    fn write(&self, file: &mut File, durable: &mut u64) -> io::Result<()> {
        if !self.bytes.is_empty() {
            let before = file.metadata()?.len();
            if let Err(error) = self.write_lines(file) {
                // If this fails too the end is torn, which the next reader cuts.
                let _ = file.set_len(before);
                return Err(error);
            }
        }
        if self.waiters.is_empty() {
            return Ok(());
        }
        let flushed = failpoint::write(Site::JournalFlush).and_then(|()| file.sync_data());
        if let Err(error) = flushed {
            let _ = file.set_len(*durable);
            return Err(error);
        }
        *durable = file.metadata().map_or(*durable, |found| found.len());
        failpoint::pass(Site::JournalFlushed);
        Ok(())
    }

    fn write_lines(&self, file: &mut File) -> io::Result<()> {
        failpoint::write(Site::JournalWrite)?;
        failpoint::write_half(Site::JournalTorn, || {
            let half = self.bytes.get(..self.bytes.len() / 2).unwrap_or_default();
            let _ = file.write_all(half);
        })?;
        file.write_all(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SteppingClock;
    use crate::base::unit::UnixMillis;
    use crate::domain::event::Halt;

    fn halted(detail: &str) -> Event {
        Event::RunHalted { why: Halt::Interrupted, detail: detail.to_owned() }
    }

    #[tokio::test]
    async fn a_full_disk_reaches_every_waiter_and_ends_the_journal() {
        let full = OpenOptions::new().append(true).open("/dev/full").expect("/dev/full");
        let clock = Arc::new(SteppingClock::new(UnixMillis(0)));
        let writer =
            Arc::new(Writer::start_on(full, "/dev/full".into(), None, 1, clock).expect("a writer"));
        let waiting: Vec<_> = (0..8)
            .map(|index| {
                let writer = Arc::clone(&writer);
                tokio::spawn(async move { writer.record(halted(&index.to_string())).await })
            })
            .collect();
        for task in waiting {
            let error = task.await.expect("a task").expect_err("a full disk took a line");
            assert!(error.is_disk_full(), "{error:?}");
        }
        let after = writer.append(halted("after")).expect_err("a stopped journal took a line");
        assert!(after.is_disk_full(), "{after:?}");
        assert!(writer.sync().await.is_err(), "a stopped journal promised a flush");
    }

    #[test]
    fn lines_that_come_together_share_a_flush() {
        let queue = Queue {
            gate: Mutex::new(Gate {
                next: 1,
                batch: Batch::default(),
                expected: 0,
                closed: false,
                failure: None,
            }),
            wake: Condvar::new(),
        };
        let mut waiting = Vec::new();
        for _ in 0..5 {
            let (waiter, written) = oneshot::channel();
            waiting.push(written);
            queue.push(|batch, _| batch.waiters.push(waiter)).expect("an open queue");
        }
        let batch = queue.next_batch(Duration::ZERO).expect("a batch");
        assert_eq!(batch.waiters.len(), 5);
        queue.lock().closed = true;
        assert!(queue.next_batch(Duration::ZERO).is_none(), "a closed queue had more");
    }
}
