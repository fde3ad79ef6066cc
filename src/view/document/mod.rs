//! The documents that reading verbs write with `--json`. Fields may be added, never renamed.
//!
//! `show` and `status` have theirs beside their text, in [`portrait`](super::portrait) and
//! [`standing`](super::standing).

pub mod call;
pub mod carried;
pub mod check;
pub mod comparison;
pub mod cost;
pub mod doctor;
pub mod estimate;
pub mod evaluation;
pub mod event;
pub mod finished;
pub mod growth;
pub mod log;
pub mod model;
pub mod replay;
pub mod simulation;
pub mod suite;
pub mod trace;
pub mod validation;
