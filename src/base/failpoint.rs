//! Places at which a process can be made to die, or to find the disk full, so that a test can disturb it in the middle of
//! anything.
//!
//! A process is armed once, by the edge, with the value of [`VARIABLE`]; nothing else here reads the environment. The
//! supervisor and the script worker are entered before that and have an empty environment, so no agent and no candidate
//! can arm one. An unarmed process pays one load of an atomic for each passage.

use std::io;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that arms a process: `SITE:N`, `SITE:N:enospc` or `count`.
pub const VARIABLE: &str = "HYPERAGENT_FAILPOINT";

macro_rules! sites {
    ($($(#[$doc:meta])* $site:ident = $name:literal,)*) => {
        /// A place where something may befall a process.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Site {
            $($(#[$doc])* $site,)*
        }

        impl Site {
            /// Every site.
            pub const ALL: &[Self] = &[$(Self::$site,)*];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$site => $name,)*
                }
            }
        }
    };
}

sites! {
    /// The repository is made whole, and not yet in its place.
    RepositoryStaged = "repository-staged",
    /// The new content of a file is on disk, and not yet in its place.
    FileStaged = "file-staged",
    /// It is in its place, and the name not yet flushed.
    FileReplaced = "file-replaced",
    /// The lock of a run is taken, and does not say by whom.
    LockTaken = "lock-taken",
    /// The lock's text is emptied, and not yet written anew.
    LockEmptied = "lock-emptied",
    /// The journal has its header and no record.
    JournalBegun = "journal-begun",
    /// Lines are about to be written to the journal.
    JournalWrite = "journal-write",
    /// Half of them is written.
    JournalTorn = "journal-torn",
    /// They are written and not flushed.
    JournalFlush = "journal-flush",
    /// They are flushed, and nobody has been told.
    JournalFlushed = "journal-flushed",
    /// A torn end was found, and is not yet cut.
    JournalCut = "journal-cut",
    /// An object is about to be written.
    ObjectWrite = "object-write",
    /// A pack is written under a passing name.
    PackStaged = "pack-staged",
    /// A pack is in its place and not flushed.
    PackWritten = "pack-written",
    /// What had piled up is in one pack, and still there besides.
    CompactPacked = "compact-packed",
    /// The loose objects of it are removed, and its packs are not.
    CompactSwept = "compact-swept",
    /// A ref is about to be moved.
    RefMove = "ref-move",
    /// Git's own lock file of a ref exists, and the ref has not moved.
    RefLocked = "ref-locked",
    /// A ref has moved, and the right to move it is not given back.
    RefMoved = "ref-moved",
    /// A child process is about to be started.
    ChildSpawn = "child-spawn",
    /// It is started and has no order yet.
    ChildSpawned = "child-spawned",
    /// Its program runs.
    ChildStarted = "child-started",
    /// A model is about to be asked.
    AnswerAsked = "answer-asked",
    /// Its answer is here and not recorded.
    AnswerReceived = "answer-received",
    /// Its answer is durable and not used.
    AnswerRecorded = "answer-recorded",
    /// The result of a measurement is about to be kept beside the journal.
    ResultKept = "result-kept",
}

impl Site {
    /// Whether a write, a flush or a rename comes next, so that a full disk shows there. At the other sites nothing is
    /// written, files are only removed, or a failure would change nothing (a lock's text when its process lets go, a
    /// result that is kept for later).
    pub fn writes(self) -> bool {
        match self {
            Self::RepositoryStaged
            | Self::FileStaged
            | Self::FileReplaced
            | Self::LockEmptied
            | Self::JournalWrite
            | Self::JournalTorn
            | Self::JournalFlush
            | Self::JournalCut
            | Self::ObjectWrite
            | Self::PackStaged
            | Self::PackWritten
            | Self::RefMove
            | Self::RefLocked => true,
            Self::LockTaken
            | Self::JournalBegun
            | Self::JournalFlushed
            | Self::CompactPacked
            | Self::CompactSwept
            | Self::RefMoved
            | Self::ChildSpawn
            | Self::ChildSpawned
            | Self::ChildStarted
            | Self::ResultKept
            | Self::AnswerAsked
            | Self::AnswerReceived
            | Self::AnswerRecorded => false,
        }
    }
}

/// What befalls a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It dies.
    Death,
    /// The disk is full for this one write.
    FullDisk,
}

/// What a process is armed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arming {
    /// To count every passage and suffer nothing.
    Count,
    /// To suffer something at the given passage of a site, from 1.
    At {
        /// Where.
        site: Site,
        /// At which passage.
        passage: u64,
        /// What.
        fate: Fate,
    },
}

/// A value of [`VARIABLE`] that means nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` arms no failpoint; allowed: `count`, or SITE:N with N from 1 and SITE one of {}; or SITE:N:enospc where \
     something is written: {}",
    names(|_| true),
    names(Site::writes)
)]
pub struct BadArming {
    text: String,
}

fn names(which: fn(Site) -> bool) -> String {
    let names = Site::ALL.iter().filter(|site| which(**site)).map(|site| site.as_str());
    names.collect::<Vec<_>>().join(", ")
}

impl FromStr for Arming {
    type Err = BadArming;

    fn from_str(text: &str) -> Result<Self, BadArming> {
        if text == "count" {
            return Ok(Self::Count);
        }
        let read = |name: &str, passage: &str, fate: Option<&str>| {
            let site = Site::ALL.iter().copied().find(|site| site.as_str() == name)?;
            let passage = passage.parse().ok().filter(|passage| *passage > 0)?;
            let fate = match fate {
                None => Fate::Death,
                Some("enospc") if site.writes() => Fate::FullDisk,
                Some(_) => return None,
            };
            Some(Self::At { site, passage, fate })
        };
        let mut words = text.splitn(3, ':');
        words
            .next()
            .zip(words.next())
            .and_then(|(name, passage)| read(name, passage, words.next()))
            .ok_or_else(|| BadArming { text: text.to_owned() })
    }
}

/// Ends the process at once, as SIGKILL does: nothing is unwound, flushed or told.
pub type Death = fn() -> !;

struct Armed {
    arming: Arming,
    death: Death,
    passages: Vec<AtomicU64>,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// Arms this process, once; later calls change nothing.
pub fn arm(arming: Arming, death: Death) {
    let passages = Site::ALL.iter().map(|_| AtomicU64::new(0)).collect();
    ARMED.get_or_init(|| Armed { arming, death, passages });
}

/// Passes a site where nothing is written; does not return when the process is to die at this passage.
pub fn pass(site: Site) {
    let _ = write(site);
}

/// Passes a site before something is written.
///
/// # Errors
/// That of a full disk, when the process is armed so for this passage.
pub fn write(site: Site) -> io::Result<()> {
    write_half(site, || {})
}

/// The same, doing something first if the process is to suffer there: the half of what is about to be done.
///
/// # Errors
/// As [`write()`].
pub fn write_half(site: Site, half: impl FnOnce()) -> io::Result<()> {
    let Some(armed) = ARMED.get() else { return Ok(()) };
    let Some(passages) = armed.passages.get(site as usize) else { return Ok(()) };
    let now = passages.fetch_add(1, Ordering::Relaxed) + 1;
    let Arming::At { site: armed_site, passage, fate } = armed.arming else { return Ok(()) };
    if (armed_site, passage) != (site, now) {
        return Ok(());
    }
    half();
    match fate {
        Fate::Death => (armed.death)(),
        Fate::FullDisk => Err(io::Error::from_raw_os_error(ENOSPC)),
    }
}

/// The number of "no space left on device", the same on every Unix.
const ENOSPC: i32 = 28;

/// How often each site was passed, for a process that was armed to count.
pub fn counted() -> Option<Vec<(Site, u64)>> {
    let armed = ARMED.get().filter(|armed| armed.arming == Arming::Count)?;
    let passages = armed.passages.iter().map(|passages| passages.load(Ordering::Relaxed));
    Some(Site::ALL.iter().copied().zip(passages).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arms_a_process_is_read_strictly() {
        let at = |fate| Arming::At { site: Site::RefMove, passage: 3, fate };
        assert_eq!("ref-move:3".parse(), Ok(at(Fate::Death)));
        assert_eq!("ref-move:3:enospc".parse(), Ok(at(Fate::FullDisk)));
        assert_eq!("count".parse(), Ok(Arming::Count));
        let bad = [
            "",
            "ref-move",
            "ref-move:0",
            "ref-move:x",
            "nowhere:1",
            "ref-move:1:",
            "ref-move:1:eio",
        ];
        // Nothing is written when a model is asked.
        for bad in bad.into_iter().chain(["answer-asked:1:enospc"]) {
            let refused = bad.parse::<Arming>().expect_err(bad).to_string();
            assert!(refused.contains("journal-torn"), "{refused}");
        }
    }
}
