//! The worker process: one loaded script, mirrors of the state, no way out.
//!
//! It reads requests from the socket that the sandbox left at descriptor 3, one at a time, on one thread. It opens no
//! file, starts nothing, and has no clock that a script could see. When it runs out of memory it dies; the kernel sees
//! the end of the socket and says so in the fault of the call.

mod check;
mod library;
mod program;
mod relay;
mod result;
mod scan;
mod serve;
mod state;

use std::sync::OnceLock;

use starlark::environment::Globals;

use super::fault::Checked;

pub use relay::main;

/// Examines a script in this process, as a worker does when it is asked to: nothing of it runs. For fuzzers, which drive the
/// readers directly; a source that breaks the parser breaks the process, so the kernel always asks a worker.
pub fn examine(source: &str) -> Checked {
    static GLOBALS: OnceLock<Globals> = OnceLock::new();
    check::check(source, GLOBALS.get_or_init(library::globals))
}
