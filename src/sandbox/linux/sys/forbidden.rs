//! Calls that confined code has no business making: what an attack tries. Each is harmless where it is allowed.

use std::ffi::c_int;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use super::{Pid, check, check_long};

/// A system call that confined code has no business making.
#[derive(Debug, Clone, Copy)]
pub enum Forbidden {
    /// A socket of this address family.
    Socket(c_int),
    /// Becoming a traced process.
    Trace,
    /// A new mount.
    Mount,
    /// A user namespace of its own.
    UserNamespace,
    /// An io_uring.
    IoUring,
    /// `getpid` by its number in the x32 ABI.
    X32,
    /// A signal 0 to a process.
    Signal(Pid),
}

/// Makes one forbidden call and returns what the kernel said.
pub fn attempt(call: Forbidden) -> io::Result<()> {
    // SAFETY: every pointer passed is null or to a constant string or a live local; a descriptor that comes back is
    // closed here.
    unsafe {
        match call {
            Forbidden::Socket(family) => {
                let fd = check(libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
                drop(OwnedFd::from_raw_fd(fd));
            }
            Forbidden::Trace => {
                check_long(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0))?;
            }
            Forbidden::Mount => {
                let (tmpfs, at) = (c"tmpfs".as_ptr(), c"/".as_ptr());
                check(libc::mount(tmpfs, at, tmpfs, 0, std::ptr::null()))?;
                check(libc::umount2(at, libc::MNT_DETACH))?;
            }
            Forbidden::UserNamespace => {
                check(libc::unshare(libc::CLONE_NEWUSER))?;
            }
            Forbidden::IoUring => {
                let mut parameters = [0u8; 120];
                let made = libc::syscall(libc::SYS_io_uring_setup, 1u32, parameters.as_mut_ptr());
                let fd = RawFd::try_from(check_long(made)?).map_err(io::Error::other)?;
                drop(OwnedFd::from_raw_fd(fd));
            }
            Forbidden::X32 => {
                const X32_BIT: libc::c_long = 0x4000_0000;
                check_long(libc::syscall(X32_BIT | 39))?;
            }
            Forbidden::Signal(pid) => {
                check(libc::kill(pid, 0))?;
            }
        }
    }
    Ok(())
}
