//! The read side: what a run looks like to people and to programs that read its answers.
//!
//! A [`RunView`] is a fold over a run's journal, one [`Record`](crate::domain::event::Record) at a time, so a live
//! progress display, `status` and `log` all see the same thing. It keeps numbers and names, never the texts of files.
//! Everything here is pure: renderings return text, documents are plain data. Nothing in the layers below knows that
//! it is being looked at.

pub mod spend;

pub mod generation;

pub mod openings;
pub mod run;
pub mod seal;

pub mod figure;
pub mod ink;
pub mod tree;
pub mod waste;

pub mod document;
pub mod listing;
pub mod pace;
pub mod per_task;
pub mod portrait;
pub mod standing;
pub mod summary;

#[cfg(test)]
mod sample;

pub use generation::{EpisodeView, GenerationView, TaskScore};
pub use run::{Phase, RunState, RunView};
pub use spend::{Spend, Tally};
