//! Layer 2: strategy scripts, in a worker process of their own.
//!
//! A script decides what a run does next; it is written by agents, so nothing it does may hurt the kernel. It runs in a
//! process that the sandbox caps in memory and denies everything else, and inside that process under counted limits
//! ([`limits`]): the counts are what normally stops a script, so that it stops at the same place on every machine.
//!
//! The kernel keeps the truth and sends deltas; the worker keeps mirrors of it ([`WorldKind`]) and answers calls. Scripts
//! see the mirrors as read-only values, so a call costs what the script reads, not what the run has grown to.
//!
//! - kernel side: [`Pool`] keeps a warm [`Spare`], which becomes a [`Worker`] when a script is loaded;
//! - process side: [`worker::main`] is the hidden verb `strategy-worker`;
//! - between them: [`Checked`], [`Finding`], [`ScriptFault`] and the requests of `wire`.

mod fault;
mod hook;
pub mod limits;
mod link;
mod pool;
mod session;
mod wire;
pub mod worker;

pub use fault::{CallFault, Checked, FaultKind, Finding, LoadError, ScriptError, ScriptFault};
pub use hook::{Hook, Signature};
pub use link::{Ending, Link};
pub use pool::Pool;
pub use session::{Spare, Worker};
pub use wire::{Arg, Called, Delta, IntoPath, RngKey, WorldKind};

/// The hidden verb under which the binary becomes a strategy worker.
pub const WORKER_VERB: &str = "strategy-worker";

/// What a model is told about the language: every hook, action, field and library function, in a few kilobytes.
pub const CARD: &str = include_str!("card.md");
