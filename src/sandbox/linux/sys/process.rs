//! Processes: starting, waiting, signals, and properties of this one.

use std::ffi::c_int;
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::{check, prctl};

/// A process id, as the caller's pid namespace numbers it.
pub type Pid = libc::pid_t;

/// Which side of a fork this is.
#[derive(Debug)]
pub enum Fork {
    /// The new process.
    Child,
    /// The old one, told the new one's id.
    Parent(Pid),
}

/// Proof that this process had a single thread, and that nothing since has started another: only the supervisor asks
/// for it, first thing, and neither it nor what it forks ever starts one.
#[derive(Debug)]
pub struct SingleThread(());

impl SingleThread {
    /// Looks at the process's threads.
    pub fn prove() -> io::Result<Self> {
        match std::fs::read_dir("/proc/self/task")?.take(2).count() {
            1 => Ok(Self(())),
            _ => Err(io::Error::other("a process with several threads cannot be forked safely")),
        }
    }
}

/// Forks this process. The child is a full copy and may run any code, because no other thread can hold a lock.
pub fn fork(_proof: &SingleThread) -> io::Result<Fork> {
    // SAFETY: the process has a single thread.
    match check(unsafe { libc::fork() })? {
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Ends this process at once, without running destructors or flushing what a forked copy shares with its parent.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes no pointer and does not return.
    unsafe { libc::_exit(code) }
}

/// How a child process ended and what it and the descendants it waited for used.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Which one.
    pub pid: Pid,
    /// The raw wait status.
    pub status: i32,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// The largest resident size of any single process, KiB.
    pub max_rss_kb: u64,
}

/// Waits for any child; with `block` false, returns `None` at once when none has ended.
/// No child at all is `ErrorKind::NotFound`.
pub fn wait_any(block: bool) -> io::Result<Option<Ended>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let flags = libc::__WALL | if block { 0 } else { libc::WNOHANG };
    loop {
        // SAFETY: both pointers are to live locals of the right type.
        let result = unsafe { libc::wait4(-1, &raw mut status, flags, usage.as_mut_ptr()) };
        match check(result) {
            Ok(0) => return Ok(None),
            // One that was only stopped, as a traced process is.
            Ok(_) if !libc::WIFEXITED(status) && !libc::WIFSIGNALED(status) => {}
            Ok(pid) => {
                // SAFETY: zeroed is a valid rusage, and the kernel has filled it in.
                let usage = unsafe { usage.assume_init() };
                let cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
                let max_rss_kb = u64::try_from(usage.ru_maxrss).unwrap_or(0);
                return Ok(Some(Ended { pid, status, cpu, max_rss_kb }));
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR) => {}
                Some(libc::ECHILD) => return Err(io::ErrorKind::NotFound.into()),
                _ => return Err(error),
            },
        }
    }
}

fn seconds(time: libc::timeval) -> Duration {
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
        + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

/// The exit code in a wait status, if the process exited.
pub fn exit_code(status: i32) -> Option<i32> {
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

/// The signal in a wait status, if one ended the process.
pub fn end_signal(status: i32) -> Option<i32> {
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

/// Sends a signal to one process.
pub fn kill(pid: Pid, signal: c_int) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// The ids of this process and of its parent.
pub fn own_and_parent_pid() -> (Pid, Pid) {
    // SAFETY: no pointers; neither call can fail.
    unsafe { (libc::getpid(), libc::getppid()) }
}

/// Makes this process the leader of a session of its own, without a terminal.
pub fn new_session() -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::setsid() }).map(drop)
}

/// What becomes of a signal.
#[derive(Debug, Clone, Copy)]
pub enum Disposition {
    /// The kernel's default.
    Default,
    /// Nothing happens.
    Ignore,
}

/// Sets what becomes of a signal; signals that cannot be set are left as they are.
pub fn set_signal(signal: c_int, disposition: Disposition) {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
    };
    // SAFETY: SIG_DFL and SIG_IGN are valid handlers for every signal.
    unsafe { libc::signal(signal, handler) };
}

/// The number of signals.
pub fn signal_count() -> c_int {
    libc::SIGRTMAX()
}

/// Holds back SIGCHLD and returns a descriptor that becomes readable when a child has ended.
pub fn child_signal_fd() -> io::Result<OwnedFd> {
    // SAFETY: the set is a live local; zeroed is a valid sigset and sigemptyset initialises it.
    unsafe {
        let mut set: libc::sigset_t = zeroed();
        check(libc::sigemptyset(&raw mut set))?;
        check(libc::sigaddset(&raw mut set, libc::SIGCHLD))?;
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()))?;
        let fd = check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Lets every signal through.
pub fn unblock_signals() -> io::Result<()> {
    // SAFETY: as above.
    unsafe {
        let mut set: libc::sigset_t = zeroed();
        check(libc::sigemptyset(&raw mut set))?;
        check(libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut())).map(drop)
    }
}

/// Waits until one of the descriptors is readable or closed, or the time is over; says which are ready, in order.
pub fn wait_readable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    timeout: Duration,
) -> io::Result<[bool; N]> {
    let mut polled =
        fds.map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    let limit = libc::timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let count = libc::nfds_t::try_from(N).unwrap_or(0);
    // SAFETY: the array has `count` entries and lives through the call, as does the time.
    let result =
        unsafe { libc::ppoll(polled.as_mut_ptr(), count, &raw const limit, std::ptr::null()) };
    match check(result) {
        Ok(_) => Ok(polled.map(|one| one.revents != 0)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
        Err(error) => Err(error),
    }
}

/// Has the kernel kill this process when its parent ends; a change of identity clears it.
pub fn die_with_parent() -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, [9, 0, 0, 0]).map(drop)
}

/// Makes this process the new parent of descendants whose own parent ends.
pub fn adopt_orphans() -> io::Result<()> {
    prctl(libc::PR_SET_CHILD_SUBREAPER, [1, 0, 0, 0]).map(drop)
}

/// Closes this process's memory and descriptors to other processes of the same user.
pub fn hide_memory() -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, [0; 4]).map(drop)
}

/// Gives up, for this process and all it starts, ever gaining a privilege by executing a file.
pub fn no_new_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, [1, 0, 0, 0]).map(drop)
}

/// Sets the bits that new files lack in their mode.
pub fn set_umask(mask: libc::mode_t) {
    // SAFETY: no pointers; cannot fail.
    unsafe { libc::umask(mask) };
}

/// Clock ticks per second, the unit of CPU times in /proc.
pub fn ticks_per_second() -> u64 {
    // SAFETY: no pointers.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1)
}

/// Bytes in a page of memory.
pub fn page_size() -> u64 {
    // SAFETY: no pointers.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096).max(1)
}
