//! The processes below the supervisor, as `/proc` shows them.

use std::fs;
use std::time::Duration;

use super::sys::{self, Pid};

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: Pid,
    /// False for one that has ended and waits to be noticed.
    pub alive: bool,
    /// CPU time of it and of the children it has waited for.
    pub cpu: Duration,
    /// Resident memory, shared pages counted in full, KiB.
    pub resident_kb: u64,
}

/// All descendants of a process. Those that come or go meanwhile may be missed; the next look sees them.
pub(super) fn descendants(root: Pid) -> Vec<Process> {
    let mut found = Vec::new();
    let mut open = children(root);
    while let Some(pid) = open.pop() {
        open.extend(children(pid));
        found.extend(look(pid));
    }
    found
}

/// Stops every descendant, so that none can start another, and then kills them all. They still have to be waited for.
pub(super) fn kill_descendants(root: Pid) {
    let mut found = Vec::new();
    let mut open = children(root);
    while let Some(pid) = open.pop() {
        // A process with a signal pending cannot complete a fork, so its children are all in sight now.
        let _ = sys::kill(pid, libc::SIGSTOP);
        open.extend(children(pid));
        found.push(pid);
    }
    for pid in found {
        let _ = sys::kill(pid, libc::SIGKILL);
    }
}

/// The memory of a process with shared pages counted in part, KiB; `None` when the process hides it.
pub(super) fn proportional_kb(pid: Pid) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn children(pid: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        if let Ok(listed) = fs::read_to_string(thread.path().join("children")) {
            found.extend(listed.split_whitespace().filter_map(|id| id.parse::<Pid>().ok()));
        }
    }
    found
}

fn look(pid: Pid) -> Option<Process> {
    parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(pid: Pid, stat: &str) -> Option<Process> {
    // The name stands in parentheses and may itself hold some; the fields after the last one are well-formed.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let mut ticks = fields.skip(10).map(|field| field.parse::<u64>().unwrap_or(0));
    let used: u64 = ticks.by_ref().take(4).sum();
    let pages = ticks.nth(6)?;
    Some(Process {
        pid,
        alive: !matches!(state, "Z" | "X" | "x"),
        cpu: Duration::from_millis(used.saturating_mul(1000) / sys::ticks_per_second()),
        resident_kb: pages.saturating_mul(sys::page_size()) / 1024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat =
            "42 (a) R (b) S 1 42 42 0 -1 4194560 100 0 0 0 70 30 5 5 20 0 1 0 99 1000 256 184";
        let process = parse_stat(42, stat).expect("a process");
        assert!(process.alive);
        assert_eq!(process.cpu, Duration::from_millis(110 * 1000 / sys::ticks_per_second()));
        assert_eq!(process.resident_kb, 256 * sys::page_size() / 1024);
    }

    #[test]
    fn one_that_has_ended_is_not_alive() {
        let stat = "42 (x) Z 1 42 42 0 -1 4194560 100 0 0 0 0 0 0 0 20 0 1 0 99 0 0 0";
        assert!(!parse_stat(42, stat).expect("a process").alive);
    }
}
