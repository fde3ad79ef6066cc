//! Layer 1.5: the only place that starts a process.
//!
//! A program is started through a supervisor, which is this binary entered again by a hidden verb:
//!
//! ```text
//! kernel process ── supervisor ── first process of new namespaces ── program      (level `full`)
//!                └─ supervisor ── program                                         (below)
//! ```
//!
//! The supervisor is small, has one thread and therefore may fork; it builds the sandbox, keeps the limits and ends
//! the whole tree when the program ends, exceeds a limit, or the kernel process goes away, however that happens.
//! Layers on the way to the program, each of which would do much alone: namespaces with a file tree of their own
//! (`chamber`), another user without privileges (`identity`), the kernel's limits (`bounds`), Landlock (`rights`),
//! seccomp (`calls`), and the supervisor's watch over time, memory and processes (`watch`). What a program tries in vain
//! is named in its report (`attempts`).

mod error;
pub mod python;
mod report;
mod spec;
pub mod tool;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
use elsewhere as here;
#[cfg(target_os = "linux")]
use linux as here;

pub use error::SandboxError;
pub use here::{Running, attacks, die, probe, start, supervisor};
pub use report::{AttackReport, Probe};
pub use spec::{End, Exit, Host, Program, Spec};
