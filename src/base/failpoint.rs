//! Places at which a process can be made to die, so that a test can kill it in the middle of anything.
//!
//! A process is armed once, by the edge, with the value of [`VARIABLE`]; nothing else here reads the environment. The
//! supervisor and the script worker are entered before that and have an empty environment, so no agent and no candidate
//! can arm one. An unarmed process pays one load of an atomic for each passage.

use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that arms a process: `SITE:N` or `count`.
pub const VARIABLE: &str = "HYPERAGENT_FAILPOINT";

macro_rules! sites {
    ($($(#[$doc:meta])* $site:ident = $name:literal,)*) => {
        /// A place to die at.
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
}

/// What a process is armed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arming {
    /// To count every passage and die at none.
    Count,
    /// To die at the given passage of a site, from 1.
    Die {
        /// Where.
        site: Site,
        /// At which passage.
        passage: u64,
    },
}

/// A value of [`VARIABLE`] that means nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` arms no failpoint; allowed: `count`, or SITE:N with N from 1 and SITE one of {}",
    names()
)]
pub struct BadArming {
    text: String,
}

fn names() -> String {
    Site::ALL.iter().map(|site| site.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Arming {
    type Err = BadArming;

    fn from_str(text: &str) -> Result<Self, BadArming> {
        if text == "count" {
            return Ok(Self::Count);
        }
        text.split_once(':')
            .and_then(|(name, passage)| {
                let site = Site::ALL.iter().find(|site| site.as_str() == name)?;
                let passage = passage.parse().ok().filter(|passage| *passage > 0)?;
                Some(Self::Die { site: *site, passage })
            })
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

/// Passes a site; does not return when the process is armed for this passage.
pub fn pass(site: Site) {
    pass_after(site, || {});
}

/// The same, doing something first if the process is to die: the half of what is about to be done.
pub fn pass_after(site: Site, half: impl FnOnce()) {
    let Some(armed) = ARMED.get() else { return };
    let Some(passages) = armed.passages.get(site as usize) else { return };
    let now = passages.fetch_add(1, Ordering::Relaxed) + 1;
    if armed.arming == (Arming::Die { site, passage: now }) {
        half();
        (armed.death)();
    }
}

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
        let die = Arming::Die { site: Site::RefMove, passage: 3 };
        assert_eq!("ref-move:3".parse(), Ok(die));
        assert_eq!("count".parse(), Ok(Arming::Count));
        for bad in ["", "ref-move", "ref-move:0", "ref-move:x", "nowhere:1"] {
            let refused = bad.parse::<Arming>().expect_err(bad).to_string();
            assert!(refused.contains("journal-torn"), "{refused}");
        }
    }
}
