//! Layer 2: the append-only record that a run is rebuilt from.
//!
//! One file, `journal.jsonl`, in a folder of the run: a header line with the format's version, then one event a line
//! with a number and a checksum (`docs/formats.md`). One process writes it, under a lock; anybody may read it.
//!
//! A decision is durable before its effect: [`Journal::record`] returns when its line is on disk. Decisions made at
//! the same time share one flush, so the cost of a flush is divided by the number of decisions that wait for it. A
//! failed write ends the journal for this process: every waiter and everybody after learns of it, and nothing is acted
//! on that a later process would not find.
//!
//! Only the end of the file can be torn by a crash; a torn end is cut and said. Any other damage is refused with its
//! place and the way out, because a run rebuilt from half a history would be a different run.

mod error;
mod keep;
mod line;
mod lock;
mod mend;
mod read;
mod salvage;
mod writer;

#[cfg(test)]
mod ahead_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod mark_tests;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::base::failpoint::{self, Site};
use crate::base::id::RunName;
use crate::domain::event::{Event, Record};

pub use error::{Damage, JournalError};
pub use keep::Damaged;
pub use line::VERSION;
pub use lock::{Holder, holder};
pub use read::{History, Mark, Records, TornTail, folders, of_kind, read};
pub use salvage::{Salvage, Wrong, salvage};
use writer::Writer;

/// The journal's file, inside the folder of its run.
pub const FILE: &str = "journal.jsonl";

/// The writing end of a run's journal: a handle on the one thread that owns the file.
///
/// Clones share it. When the last one is dropped, everything appended is flushed, and the lock is released.
#[derive(Clone)]
pub struct Journal {
    writer: Arc<Writer>,
}

/// A journal taken up again.
pub struct Opened {
    /// The writing end.
    pub journal: Journal,
    /// Everything it says, in order.
    pub records: Vec<Record>,
    /// What was cut from its end, if anything.
    pub torn: Option<TornTail>,
    /// Whether the machine has started anew since [`Journal::verified`] was last called. What was written without a flush
    /// (objects of the archive) may then be missing and wants verifying; a killed process alone loses nothing of it.
    pub restarted: bool,
}

/// A journal taken up again, its records handed over.
pub struct Reopened {
    /// The writing end.
    pub journal: Journal,
    /// What was cut from its end, if anything.
    pub torn: Option<TornTail>,
    /// As in [`Opened`].
    pub restarted: bool,
}

impl Journal {
    /// Begins the journal of a new run in `folder`, which is made if need be; the header is durable on return.
    ///
    /// # Errors
    /// [`JournalError::Exists`] when the run has a journal, [`JournalError::Held`] when another process is at it.
    pub fn create(
        folder: &Path,
        run: &RunName,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        std::fs::create_dir_all(folder).map_err(JournalError::io("make the folder", folder))?;
        let (mut lock, _) = lock::Lock::take(folder)?;
        let path = folder.join(FILE);
        if path.exists() {
            return Err(JournalError::Exists { path });
        }
        crate::base::durable::replace_file(&path, &line::header(run)?)
            .map_err(JournalError::io("write the header of", &path))?;
        for above in folder.ancestors().skip(1).take(2) {
            crate::base::durable::sync_folder(above)
                .map_err(JournalError::io("make durable the folder", above))?;
        }
        // Nothing was written yet that could be missing.
        lock.verified().map_err(JournalError::io("write the lock in", folder))?;
        failpoint::pass(Site::JournalBegun);
        Ok(Self { writer: Arc::new(Writer::start(path, lock, 1, clock)?) })
    }

    /// Takes up the journal in `folder`: reads it to the end, cuts a torn end, and goes on after the last record.
    ///
    /// # Errors
    /// [`JournalError::Held`] when another process is at it, [`JournalError::Damaged`] when anything but the end is
    /// not as it was written. The file is not touched then.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Opened, JournalError> {
        let mut records = Vec::new();
        let Reopened { journal, torn, restarted } =
            Self::open_after(folder, clock, None, |record| records.push(record))?;
        Ok(Opened { journal, records, torn, restarted })
    }

    /// The same, handing the records over one by one, from where an earlier reading ended: a long journal is larger than
    /// what is wanted of it, and takes long to read.
    ///
    /// # Errors
    /// As [`Journal::open`]; records before the damage are handed over then, and mean nothing.
    /// [`JournalError::Replaced`] when what was read before no longer stands there.
    pub fn open_after(
        folder: &Path,
        clock: Arc<dyn Clock>,
        mark: Option<&Mark>,
        take: impl FnMut(Record),
    ) -> Result<Reopened, JournalError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(JournalError::Missing { path });
        }
        let (lock, restarted) = lock::Lock::take(folder)?;
        let mut records = match mark {
            Some(mark) => Records::open_after(folder, mark)?,
            None => Records::open(folder)?,
        };
        records.each(take)?;
        let next = records.mark().seq() + 1;
        let torn = records.torn().cloned();
        if let Some(torn) = &torn {
            torn.cut()?;
        }
        let journal = Self { writer: Arc::new(Writer::start(path, lock, next, clock)?) };
        Ok(Reopened { journal, torn, restarted })
    }

    /// Writes an event after all earlier ones, without waiting for the disk: nothing may be acted on because of it.
    /// It is durable as soon as any later [`Journal::record`] or [`Journal::sync`] returns.
    ///
    /// # Errors
    /// [`JournalError::Stopped`] after a failed write, [`JournalError::Unfaithful`] when the event would not read back
    /// as it is (a number that is not finite).
    pub fn append(&self, event: Event) -> Result<Record, JournalError> {
        self.writer.append(event)
    }

    /// Writes an event after all earlier ones and returns when it is on disk, together with everything before it.
    ///
    /// Dropping the future does not take the event back.
    ///
    /// # Errors
    /// As [`Journal::append`]; [`JournalError::Stopped`] also when this very write fails, a full disk for example.
    pub async fn record(&self, event: Event) -> Result<Record, JournalError> {
        self.writer.record(event).await
    }

    /// Notes that what was written without a flush is whole as of this start of the machine, so that later processes need
    /// not look again before the next one.
    ///
    /// # Errors
    /// [`JournalError::Io`] when the lock's file cannot be written.
    pub fn verified(&self) -> Result<(), JournalError> {
        self.writer.verified()
    }

    /// Returns when everything written so far is on disk.
    ///
    /// # Errors
    /// [`JournalError::Stopped`] when it cannot be.
    pub async fn sync(&self) -> Result<(), JournalError> {
        self.writer.sync().await
    }
}
