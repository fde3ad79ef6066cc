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

pub use relay::main;
