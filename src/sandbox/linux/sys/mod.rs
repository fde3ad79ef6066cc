//! The kernel's calls that the standard library lacks: the one module of the crate with unsafe code.
//!
//! Pointers are made here from Rust values that outlive the call, descriptors come in as `BorrowedFd` and go out as
//! `OwnedFd`, and errors are `io::Error`. Calls that change the whole process, such as closing descriptors by number,
//! are for the supervisor and what it forks only.

mod descriptor;
mod forbidden;
mod mount;
mod notice;
mod privilege;
mod process;

use std::ffi::{c_int, c_ulong};
use std::io;

pub use descriptor::{
    close_from, inherited_socket, move_fd_up, pipe, place_fd, read, receive_fd, send_fd,
};
pub use forbidden::{Forbidden, attempt};
pub use mount::{
    attach_tree, change_mount, copy_tree, enter_current_folder_as_root, mount_new, restrict_tree,
    set_host_name, unshare,
};
pub use notice::{Answer, Call, answer_call, install_listening, next_call, text_of_call};
pub use privilege::{
    CAP_ADMIN, CAP_READ_ANY, CAP_SETGID, CAP_SETUID, Resource, become_user, bound_capabilities,
    effective_ids, hold_only_capabilities, keep_capabilities, limit,
};
pub use process::{
    Disposition, Ended, Fork, Pid, SingleThread, adopt_orphans, child_signal_fd, die_with_parent,
    end_signal, exit_code, exit_now, fork, hide_memory, kill, new_session, no_new_privileges,
    own_and_parent_pid, page_size, set_signal, set_umask, signal_count, ticks_per_second,
    unblock_signals, wait_any, wait_readable,
};

/// Turns the kernel's -1 into the error it stands for.
fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The same for calls that return a long.
fn check_long(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Sets a property of this process; only for options that take plain numbers.
fn prctl(option: c_int, arguments: [c_ulong; 4]) -> io::Result<c_int> {
    let [a, b, c, d] = arguments;
    // SAFETY: every option used takes plain numbers.
    check(unsafe { libc::prctl(option, a, b, c, d) })
}
