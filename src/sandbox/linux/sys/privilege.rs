//! What this process may do and use: users, capabilities, resource limits.

use std::ffi::{c_int, c_ulong};
use std::io;

use super::{check, check_long, prctl};

/// The effective user and group of this process.
pub fn effective_ids() -> (u32, u32) {
    // SAFETY: no pointers; neither call can fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Takes on a user and group for good: real, effective and saved, without supplementary groups.
pub fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: a length of 0 lets the list be null; the other calls take numbers.
    unsafe {
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(gid, gid, gid))?;
        check(libc::setresuid(uid, uid, uid)).map(drop)
    }
}

/// Lets permitted capabilities survive the next change of user.
pub fn keep_capabilities() -> io::Result<()> {
    prctl(libc::PR_SET_KEEPCAPS, [1, 0, 0, 0]).map(drop)
}

/// `CAP_DAC_READ_SEARCH`: reading past file permissions.
pub const CAP_READ_ANY: u32 = 2;
/// `CAP_SETGID`.
pub const CAP_SETGID: u32 = 6;
/// `CAP_SETUID`.
pub const CAP_SETUID: u32 = 7;
/// `CAP_SYS_ADMIN`.
pub const CAP_ADMIN: u32 = 21;

/// Takes from this process and all it starts the chance of gaining any capability outside `mask` by executing a file.
/// Without the privilege to do so there is nothing to take, for then `no_new_privileges` alone decides.
pub fn bound_capabilities(mask: u64) {
    for capability in (0..64u32).filter(|capability| mask & (1 << capability) == 0) {
        if prctl(libc::PR_CAPBSET_DROP, [capability.into(), 0, 0, 0]).is_err() {
            // Past the last capability that this kernel knows.
            break;
        }
    }
}

/// Holds exactly the capabilities of `mask` (bit n = capability n), and passes them on through exec.
pub fn hold_only_capabilities(mask: u64) -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(0);
    let (low, high) = (half(mask), half(mask >> 32));
    let header = Header { version: VERSION_3, pid: 0 };
    let data = [low, high].map(|bits| Data { effective: bits, permitted: bits, inheritable: bits });
    // SAFETY: header and data have the layout of version 3 of the call and outlive it.
    check_long(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) })?;
    for capability in (0..64u32).filter(|capability| mask & (1 << capability) != 0) {
        let raise = c_ulong::from(libc::PR_CAP_AMBIENT_RAISE.unsigned_abs());
        prctl(libc::PR_CAP_AMBIENT, [raise, capability.into(), 0, 0])?;
    }
    Ok(())
}

/// A resource that the kernel bounds for one process.
#[derive(Debug, Clone, Copy)]
pub enum Resource {
    /// Address space, bytes.
    AddressSpace,
    /// CPU time, seconds.
    Cpu,
    /// Size of any file written, bytes.
    FileSize,
    /// Open descriptors.
    OpenFiles,
    /// Size of a core dump, bytes.
    Core,
    /// Tasks of this user, threads included.
    Tasks,
    /// Main stack, bytes.
    Stack,
    /// Locked memory, bytes.
    Locked,
    /// Bytes in message queues.
    MessageQueues,
}

/// Sets the soft and the hard bound of a resource, never above the hard bound that already holds.
pub fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let which = match resource {
        Resource::AddressSpace => libc::RLIMIT_AS,
        Resource::Cpu => libc::RLIMIT_CPU,
        Resource::FileSize => libc::RLIMIT_FSIZE,
        Resource::OpenFiles => libc::RLIMIT_NOFILE,
        Resource::Core => libc::RLIMIT_CORE,
        Resource::Tasks => libc::RLIMIT_NPROC,
        Resource::Stack => libc::RLIMIT_STACK,
        Resource::Locked => libc::RLIMIT_MEMLOCK,
        Resource::MessageQueues => libc::RLIMIT_MSGQUEUE,
    };
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live local.
    check(unsafe { libc::getrlimit(which, &raw mut now) })?;
    let hard = hard.min(now.rlim_max);
    let wanted = libc::rlimit { rlim_cur: soft.min(hard), rlim_max: hard };
    // SAFETY: the pointer is to a live local.
    check(unsafe { libc::setrlimit(which, &raw const wanted) }).map(drop)
}
