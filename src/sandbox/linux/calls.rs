//! Seccomp: the filter that denies a program the system calls of `denied`.
//!
//! Denied calls fail with EPERM instead of ending the program, because ordinary programs try some of them and live
//! with the refusal. The list is the same at `full` and `kernel-filter`, so that a program behaves alike at both:
//! changes of mode, owner, times and extended attributes are denied everywhere since Landlock does not cover them.
//!
//! Where the kernel lets it, the filter hands each denied call to the supervisor, which refuses it and takes note
//! (`attempts`); elsewhere the kernel refuses it unseen. Opening a file is handed over too, if that is asked for: it is
//! always let through, to be decided by Landlock, so a program that changes the path meanwhile gains nothing.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};

use super::denied::{EVERYWHERE, HERE, NAMESPACES};
use super::sys;

/// Calls by which a file is opened or executed, and which argument has its path.
pub(super) const OPENING: &[(libc::c_long, &str, usize)] = &[
    (libc::SYS_openat, "open", 1),
    (libc::SYS_openat2, "open", 1),
    (libc::SYS_execve, "execute", 0),
    (libc::SYS_execveat, "execute", 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open", 0),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, "open", 0),
];

/// What a filter is to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Whether Landlock keeps signals inside; otherwise the filter does.
    pub signals_stay_inside: bool,
    /// Whether opening files is handed to the supervisor.
    pub openings: bool,
}

/// Installs the filters on this process and all it starts, for good. What comes back is where denied calls wait for
/// their answer; `None` where this kernel, or a filter around this process, does not let them.
pub(super) fn filter(terms: Terms) -> io::Result<Option<OwnedFd>> {
    let (own, _) = sys::own_and_parent_pid();
    let own = u64::from(own.unsigned_abs());
    let build = |terms, action| denied(terms, own, action).map_err(io::Error::other);
    let asking: Vec<libc::sock_filter> =
        build(terms, SeccompAction::Trace(MARK))?.into_iter().map(asking).collect();
    let listener = sys::install_listening(&asking).ok();
    if listener.is_none() {
        let unseen = Terms { openings: false, ..terms };
        let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        apply_filter(&build(unseen, refuse)?).map_err(io::Error::other)?;
    }
    apply_filter(&disguised()).map_err(io::Error::other)?;
    Ok(listener)
}

/// Marks the instructions that deny a call until they are turned into ones that ask.
const MARK: u32 = 0x0a5c;

/// The instruction with "deny" turned into "ask the supervisor", which the builder of filters cannot say itself.
fn asking(step: sock_filter) -> libc::sock_filter {
    const TRACE: u32 = 0x7ff0_0000;
    let sock_filter { code, jt, jf, k } = step;
    let is_denial = code == RETURN && k == TRACE | MARK;
    libc::sock_filter { code, jt, jf, k: if is_denial { libc::SECCOMP_RET_USER_NOTIF } else { k } }
}

/// The code of the instruction that ends a filter.
const RETURN: u16 = 0x06;

/// The command of `fcntl` that the library of constants lacks.
const F_SETOWN_EX: i32 = 15;

/// The filter that takes this action for every denied call, of a process with this id.
fn denied(terms: Terms, own: u64, action: SeccompAction) -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        EVERYWHERE.iter().chain(HERE).map(|(call, ..)| (*call, Vec::new())).collect();
    if terms.openings {
        rules.extend(OPENING.iter().map(|(call, ..)| (*call, Vec::new())));
    }

    let number = |value: i32| u64::from(value.unsigned_abs());
    let mut clone = Vec::new();
    for flag in NAMESPACES.map(|(flag, _)| number(flag)) {
        clone.push(when([is(0, SeccompCmpOp::MaskedEq(flag), flag)?])?);
    }
    rules.insert(libc::SYS_clone, clone);

    // A pair of connected sockets is fine; one of datagrams could be sent from to any address.
    let kind = SeccompCmpOp::MaskedEq(0xf);
    let datagram = is(1, kind, number(libc::SOCK_DGRAM))?;
    let foreign = is(0, SeccompCmpOp::Ne, number(libc::AF_UNIX))?;
    rules.insert(libc::SYS_socketpair, vec![when([datagram])?, when([foreign])?]);

    // Pushing characters into a terminal.
    let request = |request: u64| when([is(1, SeccompCmpOp::Eq, request)?]);
    let mut ioctl = vec![request(0x5412)?, request(0x541c)?];

    // Limits and scheduling of other processes of the same user.
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
    ] {
        let other = [is(0, SeccompCmpOp::Ne, 0)?, is(0, SeccompCmpOp::Ne, own)?];
        rules.insert(call, vec![when(other)?]);
    }
    let whole_user = is(0, SeccompCmpOp::Ne, 0)?;
    let other = is(1, SeccompCmpOp::Ne, 0)?;
    rules.insert(libc::SYS_setpriority, vec![when([whole_user])?, when([other])?]);

    if !terms.signals_stay_inside {
        for call in [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo] {
            rules.insert(call, vec![when([is(0, SeccompCmpOp::Ne, own)?])?]);
        }
        for call in [libc::SYS_tkill, libc::SYS_rt_tgsigqueueinfo, libc::SYS_pidfd_send_signal] {
            rules.insert(call, Vec::new());
        }
        // Signals that a descriptor sends on behalf of whoever set its owner.
        let set_owner = |command: i32| when([is(1, SeccompCmpOp::Eq, number(command))?]);
        let commands = vec![set_owner(libc::F_SETOWN)?, set_owner(F_SETOWN_EX)?];
        rules.insert(libc::SYS_fcntl, commands);
        ioctl.extend([request(0x8901)?, request(0x8902)?]);
    }
    rules.insert(libc::SYS_ioctl, ioctl);

    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?.try_into()?)
}

fn is(argument: u8, how: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value)?)
}

fn when<const N: usize>(all: [SeccompCondition; N]) -> Result<SeccompRule, seccompiler::Error> {
    Ok(SeccompRule::new(all.into())?)
}

/// Calls that come in a disguise a list of numbers misses: the x32 ABI's numbers, which end the program, and `clone3`,
/// whose flags lie in memory where no filter can look; it does not exist here, and the C library then uses `clone`.
fn disguised() -> BpfProgram {
    const LOAD: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const CALL_NUMBER: u32 = 0;
    const X32_BIT: u32 = 0x4000_0000;
    const KILL_PROCESS: u32 = 0x8000_0000;
    const FAIL: u32 = 0x0005_0000;
    const ALLOW: u32 = 0x7fff_0000;
    let clone3 = u32::try_from(libc::SYS_clone3).unwrap_or(435);
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD, 0, 0, CALL_NUMBER),
        step(JUMP_IF_AT_LEAST, 0, 1, X32_BIT),
        step(RETURN, 0, 0, KILL_PROCESS),
        step(JUMP_IF_EQUAL, 0, 1, clone3),
        step(RETURN, 0, 0, FAIL | libc::ENOSYS.unsigned_abs()),
        step(RETURN, 0, 0, ALLOW),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_compiles_and_fits_the_kernel() {
        for openings in [true, false] {
            let terms = Terms { signals_stay_inside: openings, openings };
            let program = denied(terms, 7, SeccompAction::Trace(MARK)).expect("a filter");
            assert!(program.len() < 4096, "{} instructions", program.len());
            let asks = |step: &&libc::sock_filter| step.k == libc::SECCOMP_RET_USER_NOTIF;
            let program: Vec<_> = program.into_iter().map(asking).collect();
            assert!(program.iter().filter(asks).count() > EVERYWHERE.len());
        }
    }
}
