//! The system calls a program may not make: their names, and what each would have reached.

/// What a denied call would have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// Anything over a network, or another program's socket.
    Network,
    /// Other processes.
    Processes,
    /// Mounts, namespaces and roots.
    Views,
    /// Modes, owners, times and sizes of files: what ordinary programs change and live without.
    Files,
    /// Memory and queues shared by name.
    Shared,
    /// Parts of the kernel with a history.
    Kernel,
    /// The machine.
    Machine,
}

/// A call: its number, its name, what it would have reached.
pub(super) type Denied = (libc::c_long, &'static str, Area);

/// Calls denied whatever their arguments.
pub(super) const EVERYWHERE: &[Denied] = &[
    // Sockets beyond the pair a program makes for itself.
    (libc::SYS_socket, "socket", Area::Network),
    (libc::SYS_connect, "connect", Area::Network),
    (libc::SYS_bind, "bind", Area::Network),
    (libc::SYS_listen, "listen", Area::Network),
    (libc::SYS_accept, "accept", Area::Network),
    (libc::SYS_accept4, "accept4", Area::Network),
    // Other processes.
    (libc::SYS_ptrace, "ptrace", Area::Processes),
    (libc::SYS_process_vm_readv, "process_vm_readv", Area::Processes),
    (libc::SYS_process_vm_writev, "process_vm_writev", Area::Processes),
    (libc::SYS_process_madvise, "process_madvise", Area::Processes),
    (libc::SYS_process_mrelease, "process_mrelease", Area::Processes),
    (libc::SYS_pidfd_getfd, "pidfd_getfd", Area::Processes),
    (libc::SYS_kcmp, "kcmp", Area::Processes),
    (libc::SYS_move_pages, "move_pages", Area::Processes),
    (libc::SYS_migrate_pages, "migrate_pages", Area::Processes),
    // Mounts, namespaces, roots.
    (libc::SYS_mount, "mount", Area::Views),
    (libc::SYS_umount2, "umount2", Area::Views),
    (libc::SYS_pivot_root, "pivot_root", Area::Views),
    (libc::SYS_chroot, "chroot", Area::Views),
    (libc::SYS_fsopen, "fsopen", Area::Views),
    (libc::SYS_fsconfig, "fsconfig", Area::Views),
    (libc::SYS_fsmount, "fsmount", Area::Views),
    (libc::SYS_fspick, "fspick", Area::Views),
    (libc::SYS_open_tree, "open_tree", Area::Views),
    (libc::SYS_move_mount, "move_mount", Area::Views),
    (libc::SYS_mount_setattr, "mount_setattr", Area::Views),
    (libc::SYS_unshare, "unshare", Area::Views),
    (libc::SYS_setns, "setns", Area::Views),
    // Ways around the file rights.
    (libc::SYS_open_by_handle_at, "open_by_handle_at", Area::Files),
    (libc::SYS_name_to_handle_at, "name_to_handle_at", Area::Files),
    (libc::SYS_fanotify_init, "fanotify_init", Area::Files),
    (libc::SYS_truncate, "truncate", Area::Files),
    (libc::SYS_fchmod, "fchmod", Area::Files),
    (libc::SYS_fchmodat, "fchmodat", Area::Files),
    (FCHMODAT2, "fchmodat2", Area::Files),
    (libc::SYS_fchown, "fchown", Area::Files),
    (libc::SYS_fchownat, "fchownat", Area::Files),
    (libc::SYS_utimensat, "utimensat", Area::Files),
    (libc::SYS_setxattr, "setxattr", Area::Files),
    (libc::SYS_lsetxattr, "lsetxattr", Area::Files),
    (libc::SYS_fsetxattr, "fsetxattr", Area::Files),
    (libc::SYS_removexattr, "removexattr", Area::Files),
    (libc::SYS_lremovexattr, "lremovexattr", Area::Files),
    (libc::SYS_fremovexattr, "fremovexattr", Area::Files),
    (SETXATTRAT, "setxattrat", Area::Files),
    (REMOVEXATTRAT, "removexattrat", Area::Files),
    (FILE_SETATTR, "file_setattr", Area::Files),
    // Memory shared by name, and message queues.
    (libc::SYS_shmget, "shmget", Area::Shared),
    (libc::SYS_shmat, "shmat", Area::Shared),
    (libc::SYS_shmctl, "shmctl", Area::Shared),
    (libc::SYS_semget, "semget", Area::Shared),
    (libc::SYS_semctl, "semctl", Area::Shared),
    (libc::SYS_msgget, "msgget", Area::Shared),
    (libc::SYS_msgctl, "msgctl", Area::Shared),
    (libc::SYS_mq_open, "mq_open", Area::Shared),
    (libc::SYS_mq_unlink, "mq_unlink", Area::Shared),
    // Parts of the kernel with a history.
    (libc::SYS_io_uring_setup, "io_uring_setup", Area::Kernel),
    (libc::SYS_io_uring_enter, "io_uring_enter", Area::Kernel),
    (libc::SYS_io_uring_register, "io_uring_register", Area::Kernel),
    (libc::SYS_bpf, "bpf", Area::Kernel),
    (libc::SYS_perf_event_open, "perf_event_open", Area::Kernel),
    (libc::SYS_userfaultfd, "userfaultfd", Area::Kernel),
    (libc::SYS_add_key, "add_key", Area::Kernel),
    (libc::SYS_request_key, "request_key", Area::Kernel),
    (libc::SYS_keyctl, "keyctl", Area::Kernel),
    (libc::SYS_personality, "personality", Area::Kernel),
    (libc::SYS_memfd_secret, "memfd_secret", Area::Kernel),
    // The machine.
    (libc::SYS_init_module, "init_module", Area::Machine),
    (libc::SYS_finit_module, "finit_module", Area::Machine),
    (libc::SYS_delete_module, "delete_module", Area::Machine),
    (libc::SYS_kexec_load, "kexec_load", Area::Machine),
    (libc::SYS_reboot, "reboot", Area::Machine),
    (libc::SYS_swapon, "swapon", Area::Machine),
    (libc::SYS_swapoff, "swapoff", Area::Machine),
    (libc::SYS_syslog, "syslog", Area::Machine),
    (libc::SYS_acct, "acct", Area::Machine),
    (libc::SYS_quotactl, "quotactl", Area::Machine),
    (libc::SYS_quotactl_fd, "quotactl_fd", Area::Machine),
    (libc::SYS_settimeofday, "settimeofday", Area::Machine),
    (libc::SYS_clock_settime, "clock_settime", Area::Machine),
    (libc::SYS_clock_adjtime, "clock_adjtime", Area::Machine),
    (libc::SYS_adjtimex, "adjtimex", Area::Machine),
    (libc::SYS_sethostname, "sethostname", Area::Machine),
    (libc::SYS_setdomainname, "setdomainname", Area::Machine),
    (libc::SYS_vhangup, "vhangup", Area::Machine),
    (libc::SYS_ioprio_set, "ioprio_set", Area::Files),
];

/// Calls that the library of constants lacks for some architecture; their numbers are the same on every one.
const FCHMODAT2: libc::c_long = 452;
const SETXATTRAT: libc::c_long = 463;
const REMOVEXATTRAT: libc::c_long = 466;
const FILE_SETATTR: libc::c_long = 469;

/// Calls denied that only this architecture has.
#[cfg(target_arch = "x86_64")]
pub(super) const HERE: &[Denied] = &[
    (libc::SYS_chmod, "chmod", Area::Files),
    (libc::SYS_chown, "chown", Area::Files),
    (libc::SYS_lchown, "lchown", Area::Files),
    (libc::SYS_utime, "utime", Area::Files),
    (libc::SYS_utimes, "utimes", Area::Files),
    (libc::SYS_futimesat, "futimesat", Area::Files),
    (libc::SYS_iopl, "iopl", Area::Machine),
    (libc::SYS_ioperm, "ioperm", Area::Machine),
    (libc::SYS_modify_ldt, "modify_ldt", Area::Machine),
    (libc::SYS_kexec_file_load, "kexec_file_load", Area::Machine),
    (libc::SYS_uselib, "uselib", Area::Machine),
    (libc::SYS_ustat, "ustat", Area::Machine),
    (libc::SYS_sysfs, "sysfs", Area::Machine),
    (libc::SYS__sysctl, "_sysctl", Area::Machine),
];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const HERE: &[Denied] = &[];

/// Calls denied with some arguments only.
pub(super) const SOMETIMES: &[Denied] = &[
    (libc::SYS_socketpair, "socketpair", Area::Network),
    (libc::SYS_clone, "clone", Area::Views),
    (libc::SYS_prlimit64, "prlimit64", Area::Processes),
    (libc::SYS_kill, "kill", Area::Processes),
    (libc::SYS_tkill, "tkill", Area::Processes),
    (libc::SYS_tgkill, "tgkill", Area::Processes),
    (libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Area::Processes),
    (libc::SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", Area::Processes),
    (libc::SYS_pidfd_send_signal, "pidfd_send_signal", Area::Processes),
];

/// Flags of `clone` and `unshare` that make namespaces, and their names.
pub(super) const NAMESPACES: [(i32, &str); 8] = [
    (libc::CLONE_NEWNS, "CLONE_NEWNS"),
    (libc::CLONE_NEWCGROUP, "CLONE_NEWCGROUP"),
    (libc::CLONE_NEWUTS, "CLONE_NEWUTS"),
    (libc::CLONE_NEWIPC, "CLONE_NEWIPC"),
    (libc::CLONE_NEWUSER, "CLONE_NEWUSER"),
    (libc::CLONE_NEWPID, "CLONE_NEWPID"),
    (libc::CLONE_NEWNET, "CLONE_NEWNET"),
    (libc::CLONE_NEWTIME, "CLONE_NEWTIME"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_listed_twice() {
        let mut calls: Vec<_> =
            EVERYWHERE.iter().chain(HERE).chain(SOMETIMES).map(|(call, ..)| call).collect();
        let listed = calls.len();
        calls.sort();
        calls.dedup();
        assert_eq!(calls.len(), listed);
    }
}
