//! Seccomp: the system calls a program may not make.
//!
//! Denied calls fail with EPERM instead of ending the program, because ordinary programs try some of them and live
//! with the refusal. The list is the same at `full` and `kernel-filter`, so that a program behaves alike at both:
//! changes of mode, owner, times and extended attributes are denied everywhere since Landlock does not cover them.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};

use super::sys;

/// Installs the filters on this process and all it starts, for good.
pub(super) fn filter(signals_stay_inside: bool) -> io::Result<()> {
    let (own, _) = sys::own_and_parent_pid();
    let denied =
        denied(signals_stay_inside, u64::from(own.unsigned_abs())).map_err(io::Error::other)?;
    apply_filter(&denied).map_err(io::Error::other)?;
    apply_filter(&disguised()).map_err(io::Error::other)
}

/// Calls denied whatever their arguments.
const DENIED: &[libc::c_long] = &[
    // Sockets beyond the pair a program makes for itself.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // Mounts, namespaces, roots.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    // Ways around the file rights.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_truncate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SETXATTRAT,
    REMOVEXATTRAT,
    FILE_SETATTR,
    // Memory shared by name, and message queues.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // Parts of the kernel with a history.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_personality,
    libc::SYS_memfd_secret,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_ioprio_set,
];

/// Calls that the library of constants lacks for some architecture; their numbers are the same on every one.
const FCHMODAT2: libc::c_long = 452;
const SETXATTRAT: libc::c_long = 463;
const REMOVEXATTRAT: libc::c_long = 466;
const FILE_SETATTR: libc::c_long = 469;

/// The command of `fcntl` that the library of constants lacks.
const F_SETOWN_EX: i32 = 15;

/// Calls denied that only this architecture has.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[libc::c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[libc::c_long] = &[];

/// Flags of `clone` that make namespaces.
const NAMESPACES: [i32; 8] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWTIME,
];

fn denied(signals_stay_inside: bool, own: u64) -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        DENIED.iter().chain(DENIED_HERE).map(|call| (*call, Vec::new())).collect();

    let number = |value: i32| u64::from(value.unsigned_abs());
    let mut clone = Vec::new();
    for flag in NAMESPACES.map(number) {
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

    if !signals_stay_inside {
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

    let refuse = SeccompAction::Errno(number(libc::EPERM).try_into().unwrap_or(1));
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()?)
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
    const RETURN: u16 = 0x06;
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
        for signals_stay_inside in [true, false] {
            let program = denied(signals_stay_inside, 7).expect("a filter");
            assert!(program.len() < 4096, "{} instructions", program.len());
        }
    }

    #[test]
    fn no_call_is_listed_twice() {
        let mut calls: Vec<_> = DENIED.iter().chain(DENIED_HERE).collect();
        let listed = calls.len();
        calls.sort();
        calls.dedup();
        assert_eq!(calls.len(), listed);
    }
}
