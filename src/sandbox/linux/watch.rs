//! The life of a started tree: its limits, its end, and what it used.
//!
//! Wall time is measured here. CPU time and memory are summed over the tree by looking at it every few milliseconds;
//! between two looks the limits of `bounds` hold for each process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::attempts::Attempts;
use super::places::stored_bytes;
use super::spec::End;
use super::sys::{self, Pid};
use super::tree;
use super::wire::Outcome;
use crate::domain::outcome::{Usage, Violation, ViolationKind};
use crate::domain::task::Limits;

/// Looks come quickly at first, when an allocation that runs away is most likely.
const EARLY: Duration = Duration::from_millis(100);
const EARLY_PERIOD: Duration = Duration::from_millis(5);
const PERIOD: Duration = Duration::from_millis(20);
/// Looks between two measurements of a scratch folder that no filesystem bounds.
const SCRATCH_LOOKS: u32 = 8;

/// A tree of processes under this one.
pub(super) struct Tree {
    /// The child of this process that the tree's life hangs on.
    pub main: Pid,
    /// How the program's end is learnt.
    pub kind: Kind,
    /// Becomes readable when a child has ended.
    pub child_signal: OwnedFd,
}

/// What the main process is.
pub(super) enum Kind {
    /// The first process of a pid namespace: nothing outlives it. It writes the program's wait status here.
    Namespace { status: OwnedFd },
    /// The program itself. Orphans become this process's children.
    Program { scratch: PathBuf, scratch_mb: u64 },
}

/// Why the tree was ended from here.
#[derive(Debug)]
enum Stop {
    Violation(Violation),
    Asked,
}

/// What is known of the tree's use so far.
#[derive(Debug, Default)]
struct Ledger {
    /// CPU time of processes waited for here.
    reaped: Duration,
    /// CPU time over the tree at the last look, those included.
    seen: Duration,
    /// Peak of memory over the tree, KiB.
    peak_kb: u64,
    /// The sum of resident sizes at the last measurement of proportional ones. These cost more to read and are never
    /// larger, so they are measured anew only when that sum has grown by an eighth or passes the limit.
    resident_kb: u64,
    looks: u32,
    /// The wait status of the main process, once it has ended.
    main_status: Option<i32>,
}

/// Watches the tree until nothing of it is left, and answers the calls it may not make. `host` closing its side ends it.
pub(super) fn watch(
    tree: &Tree,
    limits: &Limits,
    mut attempts: Attempts,
    host: &UnixStream,
) -> io::Result<Outcome> {
    let started = Instant::now();
    let wall = Duration::from_millis(limits.wall_ms);
    let mut ledger = Ledger::default();
    let mut next_look = started + EARLY_PERIOD;
    let stop = loop {
        let now = Instant::now();
        let until = next_look.min(started + wall).saturating_duration_since(now);
        let waiting = attempts.waiting().unwrap_or(host.as_fd());
        let [host_gone, child_ended, called] =
            sys::wait_readable([host.as_fd(), tree.child_signal.as_fd(), waiting], until)?;
        if called {
            attempts.answer()?;
        }
        if child_ended {
            reap(tree, &mut ledger)?;
            if ledger.main_status.is_some() {
                break None;
            }
        }
        if host_gone {
            break Some(Stop::Asked);
        }
        let now = Instant::now();
        if now >= started + wall {
            look(tree, limits, &mut ledger);
            break Some(Stop::Violation(Violation {
                kind: ViolationKind::Wall,
                detail: format!("ran longer than {} ms", limits.wall_ms),
            }));
        }
        if now >= next_look {
            if let Some(violation) = look(tree, limits, &mut ledger) {
                break Some(Stop::Violation(violation));
            }
            let period = if now - started < EARLY { EARLY_PERIOD } else { PERIOD };
            next_look = Instant::now() + period;
        }
    };
    let wall_ms = millis(started.elapsed());
    end(tree, &mut ledger)?;
    let cpu_ms = millis(ledger.reaped.max(ledger.seen));
    let usage = Usage { wall_ms, cpu_ms, peak_kb: ledger.peak_kb, reused: false };
    let mut outcome = conclude(tree, limits, stop, &ledger, usage);
    outcome.violations.extend(attempts.into_violations());
    Ok(outcome)
}

/// Ends whatever is left of a tree and waits for it.
pub(super) fn abandon(tree: &Tree) -> io::Result<()> {
    end(tree, &mut Ledger::default())
}

fn end(tree: &Tree, ledger: &mut Ledger) -> io::Result<()> {
    match tree.kind {
        Kind::Namespace { .. } => {
            // The kernel ends all of the namespace with its first process, and ends that one last.
            if ledger.main_status.is_none() {
                let _ = sys::kill(tree.main, libc::SIGKILL);
            }
            while ledger.main_status.is_none() {
                match sys::wait_any(true) {
                    Ok(ended) => note(tree, ledger, ended),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }
        Kind::Program { .. } => {
            let (own, _) = sys::own_and_parent_pid();
            loop {
                tree::kill_descendants(own);
                match sys::wait_any(true) {
                    Ok(ended) => note(tree, ledger, ended),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// Takes note of every child that has ended.
fn reap(tree: &Tree, ledger: &mut Ledger) -> io::Result<()> {
    let mut signals = [0; 1024];
    while matches!(sys::read(tree.child_signal.as_fd(), &mut signals), Ok(1..)) {}
    loop {
        match sys::wait_any(false) {
            Ok(None) => return Ok(()),
            Ok(ended) => note(tree, ledger, ended),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn note(tree: &Tree, ledger: &mut Ledger, ended: Option<sys::Ended>) {
    let Some(ended) = ended else { return };
    ledger.reaped += ended.cpu;
    ledger.peak_kb = ledger.peak_kb.max(ended.max_rss_kb);
    if ended.pid == tree.main {
        ledger.main_status = Some(ended.status);
    }
}

/// Looks at the tree once and says what it exceeds.
fn look(tree: &Tree, limits: &Limits, ledger: &mut Ledger) -> Option<Violation> {
    let (own, _) = sys::own_and_parent_pid();
    let processes = tree::descendants(own);
    let cpu: Duration = processes.iter().map(|process| process.cpu).sum();
    ledger.seen = ledger.seen.max(ledger.reaped + cpu);

    let sealed = matches!(tree.kind, Kind::Namespace { .. });
    let of_program =
        processes.iter().filter(|process| process.alive && !(sealed && process.pid == tree.main));
    let alive = u64::try_from(of_program.clone().count()).unwrap_or(u64::MAX);
    let resident_kb: u64 = of_program.clone().map(|process| process.resident_kb).sum();
    let limit_kb = limits.memory_mb.saturating_mul(1024);
    let mut memory_kb = 0;
    if resident_kb > ledger.resident_kb + ledger.resident_kb / 8 || resident_kb > limit_kb {
        ledger.resident_kb = resident_kb;
        memory_kb = of_program
            .map(|process| tree::proportional_kb(process.pid).unwrap_or(process.resident_kb))
            .sum();
        ledger.peak_kb = ledger.peak_kb.max(memory_kb);
    }
    ledger.looks = ledger.looks.wrapping_add(1);

    let found = |kind, detail| Some(Violation { kind, detail });
    if memory_kb > limit_kb {
        let detail = format!("used {} MiB of {}", memory_kb / 1024, limits.memory_mb);
        return found(ViolationKind::Memory, detail);
    }
    if alive > limits.processes {
        let detail = format!("{alive} processes at once of {}", limits.processes);
        return found(ViolationKind::Processes, detail);
    }
    if millis(ledger.seen) > limits.cpu_ms {
        let detail = format!("used {} ms of CPU time of {}", millis(ledger.seen), limits.cpu_ms);
        return found(ViolationKind::Cpu, detail);
    }
    if let Kind::Program { scratch, scratch_mb } = &tree.kind
        && ledger.looks.is_multiple_of(SCRATCH_LOOKS)
    {
        let room = scratch_mb.saturating_mul(1 << 20);
        if stored_bytes(scratch, room) > room {
            let detail = format!("stored more than {scratch_mb} MiB in scratch");
            return found(ViolationKind::Write, detail);
        }
    }
    None
}

fn conclude(
    tree: &Tree,
    limits: &Limits,
    stop: Option<Stop>,
    ledger: &Ledger,
    usage: Usage,
) -> Outcome {
    let ended = |end, violations| Outcome { end, usage, violations };
    let killed = |violation: Violation| ended(End::Killed(violation.kind), vec![violation]);
    match stop {
        Some(Stop::Violation(violation)) => return killed(violation),
        Some(Stop::Asked) => return ended(End::Stopped, Vec::new()),
        None => {}
    }
    let status = match &tree.kind {
        Kind::Program { .. } => ledger.main_status,
        Kind::Namespace { status } => read_status(status),
    };
    let Some(status) = status else {
        let reason = "the first process of the sandbox ended before its program".to_owned();
        return ended(End::Lost { reason }, Vec::new());
    };
    if let Some(code) = sys::exit_code(status) {
        return ended(End::Exited(code), Vec::new());
    }
    let signal = sys::end_signal(status).unwrap_or(0);
    let over_cpu = millis(ledger.reaped.max(ledger.seen)) >= limits.cpu_ms;
    let violation = |kind, detail: String| killed(Violation { kind, detail });
    match signal {
        libc::SIGXCPU => violation(
            ViolationKind::Cpu,
            format!("a process used more CPU time than the {} ms of all", limits.cpu_ms),
        ),
        libc::SIGKILL if over_cpu => violation(
            ViolationKind::Cpu,
            format!("used {} ms of CPU time of {}", usage.cpu_ms, limits.cpu_ms),
        ),
        libc::SIGXFSZ => {
            violation(ViolationKind::Write, "wrote a file past the largest size".to_owned())
        }
        libc::SIGSYS => {
            violation(ViolationKind::Tamper, "made a system call of a foreign kind".to_owned())
        }
        _ => ended(End::Signalled(signal), Vec::new()),
    }
}

/// The program's wait status as the first process of the namespace wrote it, if it came to that.
fn read_status(pipe: &OwnedFd) -> Option<i32> {
    let mut bytes = [0; 4];
    let count = sys::read(pipe.as_fd(), &mut bytes).ok()?;
    (count == bytes.len()).then(|| i32::from_le_bytes(bytes))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
