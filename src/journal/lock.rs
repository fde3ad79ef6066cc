//! One writer a run: an operating-system lock that dies with its process, and a file that says who holds it.
//!
//! The lock belongs to the open file (flock(2)), which is closed when a program is executed. Between its fork and that moment
//! a child shares it, so the lock of a process that was killed just then outlives it by a moment, as it does while its
//! threads end one by one. Who finds a lock whose holder is gone waits for that.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::JournalError;
use crate::base::durable::{is_passing, remove_strays};
use crate::base::failpoint::{self, Site};

/// The lock's file, inside the folder of its run.
const FILE: &str = "lock";
/// How long a lock may outlive its holder, at most; far longer than a child takes to execute its program.
const OUTLIVES: Duration = Duration::from_secs(2);
/// How often it is tried again meanwhile. The system tells of no lock that is let go, short of waiting for it without end.
const AGAIN: Duration = Duration::from_millis(5);

/// The process that holds, or last held, a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did; tells it from a later process with the same id.
    pub start_ticks: Option<u64>,
    /// The machine's start it belongs to.
    pub boot: Option<String>,
    /// Whether it let go of the journal in good order.
    pub released: bool,
    /// The machine's start since which what was written without a flush is known to be whole: not the holder's own, as a
    /// process may hold a journal without looking at the archive.
    #[serde(default)]
    pub verified: Option<String>,
}

impl Holder {
    /// The process that runs this code.
    fn this_process(verified: Option<String>) -> Self {
        let pid = std::process::id();
        let boot = boot_id();
        Self { pid, start_ticks: start_ticks(pid), boot, released: false, verified }
    }

    /// Whether that very process still runs and has not let go. One that was killed and that nobody has waited for yet
    /// (a zombie) runs no more.
    pub fn is_alive(&self) -> bool {
        !self.released
            && self.boot == boot_id()
            && self.start_ticks.is_some()
            && start_ticks(self.pid) == self.start_ticks
    }

    pub(super) fn describe(holder: Option<&Self>) -> String {
        match holder {
            Some(holder) if holder.is_alive() => format!("process {}", holder.pid),
            Some(holder) => format!("a process that process {} left behind", holder.pid),
            None => "a process that has not said which".to_owned(),
        }
    }
}

/// Who holds, or last held, the journal in `folder`, as far as its lock's file says; for people and for `status`.
pub fn holder(folder: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
}

/// The held lock. It ends with the process or with this value, whichever comes first.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    holder: Holder,
}

impl Lock {
    /// Takes the lock of a run's folder. A lock whose process is gone is free: the system has let go of it.
    ///
    /// Also says whether the machine has started anew since the archive was last known to be whole.
    pub(super) fn take(folder: &Path) -> Result<(Self, bool), JournalError> {
        let path: PathBuf = folder.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::io("open the lock", &path))?;
        take(&file, folder, &path)?;
        failpoint::pass(Site::LockTaken);
        remove_strays(folder, is_passing);
        let mut said = Vec::new();
        file.read_to_end(&mut said).map_err(JournalError::io("read the lock", &path))?;
        let before: Option<Holder> = serde_json::from_slice(&said).ok();
        let verified = before.and_then(|before| before.verified);
        let holder = Holder::this_process(verified);
        let restarted = holder.verified.is_none() || holder.verified != holder.boot;
        let mut lock = Self { file, holder };
        lock.say().map_err(JournalError::io("write the lock", &path))?;
        Ok((lock, restarted))
    }

    /// Says that what was written without a flush is whole, as of this start of the machine.
    pub(super) fn verified(&mut self) -> std::io::Result<()> {
        if self.holder.verified == self.holder.boot {
            return Ok(());
        }
        self.holder.verified.clone_from(&self.holder.boot);
        self.say()
    }

    fn say(&mut self) -> std::io::Result<()> {
        let text = serde_json::to_vec(&self.holder)?;
        self.file.set_len(0)?;
        failpoint::write(Site::LockEmptied)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}

/// Takes the lock of a file, unless a living process holds it.
fn take(file: &File, folder: &Path, path: &Path) -> Result<(), JournalError> {
    let until = Instant::now() + OUTLIVES;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(source)) => {
                return Err(JournalError::io("take the lock", path)(source));
            }
            Err(TryLockError::WouldBlock) => {
                let holder = holder(folder);
                if holder.as_ref().is_some_and(Holder::is_alive) || Instant::now() >= until {
                    return Err(JournalError::Held { holder, path: path.to_owned() });
                }
                thread::park_timeout(AGAIN);
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.holder.released = true;
        // The lock itself ends with the file; a stale text is recognised by its process being gone.
        let _ = self.say();
    }
}

/// The start time of a process that runs: field 22 of `/proc/<pid>/stat`, counted after the name, which may hold anything.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}
