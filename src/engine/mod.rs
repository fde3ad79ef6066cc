//! Layer 4: the outer loop's driver, the only writer of journal and archive.
//!
//! Every effect has a key and is looked up in the journal before it is performed ([`recorded`]). A fresh run finds
//! nothing there, a resumed run finds what was done: both take the same path, and nothing is done twice.
//!
//! - [`open`] assembles a [`session`] from a lab: a new run, or one to go on with.
//! - [`outer`] is the outer loop; [`expand`] and [`measure`] perform its two long actions.
//! - `mirror` keeps the state that a script is shown up to date, `clades` the sums in it.
//! - [`episode`] drives the inner loop of [`crate::solve`]; [`attempt`] performs one attempt,
//!   [`grade`] measures its candidate.
//! - [`replay`] performs a recorded run again and compares.
//! - [`certify`] answers promotions, [`control`] compares the best agent with the frozen one at the end.
//! - [`ask`] is the only way to a model; [`finish`] compares the solutions at the end, [`sealed`] those on the test split.
//! - [`repair`] finds what is damaged and rebuilds what journal or archive alone still prove; [`portable`] carries a run to
//!   another lab. Both read a run's journal as `family`, without performing anything.
//! - `choice` decides who of an ensemble is asked; `estimate` reckons what a run may cost before it begins.
//! - `pauses` records which models wait for a provider that answers nobody.

mod answering;
pub mod ask;
mod attack;
pub mod attempt;
pub mod certify;
mod choice;
mod clades;
mod consult;
pub mod control;
mod costs;
pub mod episode;
pub mod estimate;
pub mod evidence;
pub mod expand;
pub mod failure;
mod family;
pub mod finish;
mod gate;
pub mod grade;
pub mod guard;
pub mod hooks;
mod judge;
mod machine;
pub mod measure;
mod merge;
mod mirror;
mod note;
mod notes;
pub mod open;
pub mod outer;
mod pauses;
pub mod portable;
mod race;
mod readable;
pub mod recorded;
mod rehearse;
pub mod repair;
pub mod replay;
pub mod rollback;
pub mod sealed;
pub mod session;
mod take;
pub mod take_up;
mod turns;
mod under_way;
pub mod world;

pub use failure::{EngineError, Stopped};
