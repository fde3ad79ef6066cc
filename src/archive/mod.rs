//! Layer 2: generations as git commits. The only user of git2.
//!
//! `generations/.git` is a repository without a work tree. Each generation is one commit whose parents are the
//! generations it came from, so the commit graph is the family tree and plain git can read it (`docs/formats.md`).
//! Scores are git notes; prompts, answers and solutions are commits under `refs/hyperagent/<run>/evidence/`.
//!
//! What makes it safe to be killed at any moment: the objects of a generation are a pure function of its plan in the
//! journal (`generation`), so they are written without a flush and written again if they are missing or cut short
//! ([`Archive::verify`]). Only evidence, whose prompts have no second copy, is flushed. Refs move by compare-and-swap
//! under a lock that knows what its last holder was about (`refs`).
//!
//! Loose objects, small packs and loose refs grow with the run. Compaction (one pack for many, packed refs) belongs
//! between `pack` and `refs`; until it exists, `git gc` does the same and is safe while a run is under way.

mod commit_id;
mod compact;
mod diff;
mod error;
mod evidence;
mod generation;
mod history;
mod loose;
mod message;
mod note;
mod object;
mod open;
mod pack;
mod portable;
mod record;
mod refs;
mod repair;
mod resolve;
mod store;

pub use commit_id::CommitId;
pub use diff::{Change, ChangedFile, Comparison};
pub use error::ArchiveError;
pub use evidence::Evidence;
pub use generation::{Committed, Provenance, Verified};
pub use history::GenerationEntry;
pub use open::{Archive, FORMAT_VERSION};
pub use record::{GenerationRecord, Models};
pub use refs::Branch;
pub use repair::{Inspected, Place};
pub use resolve::Found;
