//! The attacker's side of the probe: what hostile code would try, run inside a sandbox by this very binary.

use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use super::supervisor::VERB;
use super::sys::{self, Forbidden};

/// The word after the supervisor's verb that makes this process an attacker.
pub(super) const WORD: &str = "attack";

/// Attacks that each need a sandbox of their own, because they end it.
pub(super) const BOMB: &str = "fork-bomb";
pub(super) const MEMORY: &str = "memory";
pub(super) const CPU: &str = "cpu";
pub(super) const WALL: &str = "wall";
pub(super) const DAEMON: &str = "daemon";
const DAEMON_CHILD: &str = "daemon-child";
pub(super) const X32: &str = "x32";
/// Attacks made one after the other by one process.
pub(super) const MANY: &str = "many";

/// The ids of a program and of its namespace's first process.
const OWN_NAMESPACE_PIDS: u32 = 2;

/// Attacks as told by the arguments; the exit code says only that the attacker came to its end.
pub(super) fn main(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [MANY, secret, folder, host] => try_many(Path::new(secret), Path::new(folder), host),
        [X32] => say("x32-call", sys::attempt(Forbidden::X32)),
        [BOMB] => fork_bomb(),
        [MEMORY] => take_memory(),
        [CPU] => loop {
            black_box(());
        },
        [WALL] => rest(),
        [DAEMON] => leave_daemon(),
        [DAEMON_CHILD] => leave_grandchild(),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes one line: the attack's name, whether it was stopped, what was seen.
fn say(name: &str, worked: io::Result<impl Sized>) -> io::Result<()> {
    let (stopped, seen) = match worked {
        Ok(_) => (false, "it worked".to_owned()),
        Err(error) => (true, error.to_string()),
    };
    writeln!(io::stdout(), "{name}\t{stopped}\t{seen}")
}

fn try_many(secret: &Path, folder: &Path, host: &str) -> io::Result<()> {
    for (name, family) in [
        ("internet-socket", libc::AF_INET),
        ("internet6-socket", libc::AF_INET6),
        ("unix-socket", libc::AF_UNIX),
        ("netlink-socket", libc::AF_NETLINK),
    ] {
        say(name, sys::attempt(Forbidden::Socket(family)))?;
    }
    say("read-passwd", fs::read("/etc/passwd"))?;
    say("read-shadow", fs::read("/etc/shadow"))?;
    say("read-open-secret", fs::read(secret))?;
    say("list-root", fs::read_dir("/"))?;
    say("write-outside", fs::write(folder.join("planted"), "x"))?;
    say("change-mode", fs::set_permissions(secret, fs::metadata(".")?.permissions()))?;
    say("mount", sys::attempt(Forbidden::Mount))?;
    say("io-uring", sys::attempt(Forbidden::IoUring))?;
    say("see-processes", see_processes())?;
    say("signal-host", signal_host(host))?;
    say("user-namespace", sys::attempt(Forbidden::UserNamespace))?;
    say("trace", sys::attempt(Forbidden::Trace))
}

/// Works when processes other than this one and the first of its namespace can be listed.
fn see_processes() -> io::Result<()> {
    let seen = fs::read_dir("/proc")?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .count();
    if seen > 2 { Ok(()) } else { Err(io::Error::other(format!("{seen} processes in sight"))) }
}

fn signal_host(host: &str) -> io::Result<()> {
    if std::process::id() <= OWN_NAMESPACE_PIDS {
        // Here the host's number names one of our own.
        return Err(io::Error::other("the host has no number here"));
    }
    sys::attempt(Forbidden::Signal(host.parse().map_err(io::Error::other)?))
}

/// Waits for ever.
fn rest() -> io::Result<()> {
    let (never, _kept_open) = sys::pipe()?;
    loop {
        sys::wait_readable([std::os::fd::AsFd::as_fd(&never)], Duration::from_secs(3600))?;
    }
}

/// Starts copies of this attacker until no more can be had.
fn fork_bomb() -> io::Result<()> {
    let mut copies = Vec::new();
    while let Ok(copy) = copy_of_self(WALL) {
        copies.push(copy);
    }
    rest()
}

fn take_memory() -> io::Result<()> {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Leaves a grandchild behind that has a session of its own and holds the relay open.
fn leave_daemon() -> io::Result<()> {
    copy_of_self(DAEMON_CHILD)?.wait().map(drop)
}

fn leave_grandchild() -> io::Result<()> {
    sys::new_session()?;
    copy_of_self(WALL).map(drop)
}

fn copy_of_self(attack: &str) -> io::Result<Child> {
    let own = std::env::args_os().next().ok_or(io::ErrorKind::NotFound)?;
    Command::new(own).args([VERB, WORD, attack]).stdin(Stdio::null()).spawn()
}
