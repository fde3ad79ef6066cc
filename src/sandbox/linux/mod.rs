//! The sandbox of Linux. The design is told in the parent module.

mod output;
mod probe;
mod start;
pub mod supervisor;
mod wire;

mod allow;
mod attempts;
mod bounds;
mod calls;
mod chamber;
mod child;
mod denied;
mod identity;
mod naming;
mod places;
mod rights;
mod starting;
mod tree;
mod watch;

mod attack;
mod sys;

use super::{error, report, spec};

pub use probe::{attacks, probe};
pub use start::{Running, start};

/// Ends a process group at once; one that is gone already is no fault.
pub fn end_group(leader: u32) {
    if let Ok(leader) = i32::try_from(leader) {
        let _ = sys::kill(-leader, libc::SIGKILL);
    }
}

/// Ends this process as SIGKILL does, now: nothing is unwound or flushed.
pub fn die() -> ! {
    let (own, _) = sys::own_and_parent_pid();
    let _ = sys::kill(own, libc::SIGKILL);
    loop {
        // The signal is on its way.
        std::thread::park();
    }
}
