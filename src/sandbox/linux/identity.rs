//! As whom the program runs: with no privilege it can use, and not as root where another user can be had.
//!
//! A privileged supervisor gives each program a user of its own, so that the kernel counts its tasks apart from
//! everybody else's. An ordinary one keeps its user; at level `full` inside a user namespace. Root of a container that
//! has no other users keeps its user too, but none of its powers.

use std::fs;
use std::io;

use super::allow::{AllowList, open_to_anyone};
use super::sys;
use crate::domain::outcome::SandboxLevel;

/// The first of the users given to programs; above all ranges in use for people, services and containers.
const FIRST_SLOT: u64 = 0x7000_0000;
/// More than the largest process id, which tells the slots of one machine apart.
const SLOTS: u64 = 1 << 22;
/// The user and group an ordinary user's program sees itself as, inside its namespace.
const INSIDE: u32 = 1000;

/// As whom the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// A user of its own. `read_any` keeps the one capability to read past file permissions, for interpreters that
    /// live in a folder closed to others; what may be read at all is Landlock's to say.
    Slot { uid: u32, read_any: bool },
    /// The supervisor's own user, mapped into a new user namespace.
    Mapped { uid: u32, gid: u32 },
    /// The supervisor's own user, without its capabilities: `no_new_privileges` keeps even root from regaining them.
    Unchanged,
}

impl Identity {
    /// Chooses for a level and an allow-list.
    pub(super) fn choose(level: SandboxLevel, allowed: &AllowList) -> io::Result<Self> {
        let (uid, gid) = sys::effective_ids();
        let held = held_capabilities()?;
        let has = |capability: u32| held & (1 << capability) != 0;
        let can_change = uid == 0 && has(sys::CAP_SETUID) && has(sys::CAP_SETGID);
        if level == SandboxLevel::Full {
            return match spare_user()? {
                Some(uid) if can_change && has(sys::CAP_ADMIN) => {
                    Ok(Self::Slot { uid, read_any: false })
                }
                _ => Ok(Self::Mapped { uid, gid }),
            };
        }
        let closed = allowed.paths.keys().any(|path| !open_to_anyone(path));
        if !can_change || (closed && !has(sys::CAP_READ_ANY)) {
            return Ok(Self::Unchanged);
        }
        Ok(spare_user()?.map_or(Self::Unchanged, |uid| Self::Slot { uid, read_any: closed }))
    }

    /// The owner that the program's scratch folder must have, as the supervisor numbers users; `None`: as it is.
    pub(super) fn owner(self) -> Option<u32> {
        match self {
            Self::Slot { uid, .. } => Some(uid),
            Self::Mapped { .. } => Some(INSIDE),
            Self::Unchanged => None,
        }
    }

    /// Whether the kernel counts this program's tasks apart from others of the same user.
    pub(super) fn counted_apart(self) -> bool {
        !matches!(self, Self::Unchanged)
    }

    /// Writes the mapping of the user namespace this process has just entered.
    pub(super) fn map(self) -> io::Result<()> {
        if let Self::Mapped { uid, gid } = self {
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("{INSIDE} {uid} 1"))?;
            fs::write("/proc/self/gid_map", format!("{INSIDE} {gid} 1"))?;
        }
        Ok(())
    }

    /// Takes the identity on, for good.
    pub(super) fn assume(self) -> io::Result<()> {
        match self {
            Self::Slot { uid, read_any } => {
                if read_any {
                    sys::keep_capabilities()?;
                }
                let kept = if read_any { 1 << sys::CAP_READ_ANY } else { 0 };
                sys::bound_capabilities(kept);
                sys::become_user(uid, uid)?;
                sys::hold_only_capabilities(kept)
            }
            Self::Mapped { .. } | Self::Unchanged => {
                sys::bound_capabilities(0);
                sys::hold_only_capabilities(0)
            }
        }
    }
}

/// The capabilities this process can use, bit n = capability n.
fn held_capabilities() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .ok_or_else(|| io::Error::other("the kernel does not say which capabilities are held"))
}

/// A user for this supervisor's program alone, if this user namespace has any to spare.
fn spare_user() -> io::Result<Option<u32>> {
    let (pid, _) = sys::own_and_parent_pid();
    Ok(slot(&fs::read_to_string("/proc/self/uid_map")?, u64::from(pid.unsigned_abs())))
}

/// The user for a supervisor, given the users that exist here (lines of `first outside count`).
fn slot(uid_map: &str, pid: u64) -> Option<u32> {
    let mut widest = (0, 0);
    for line in uid_map.lines() {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u64>().ok());
        let (first, count) = (numbers.next()??, numbers.nth(1)??);
        if first <= FIRST_SLOT && FIRST_SLOT + SLOTS <= first + count {
            return u32::try_from(FIRST_SLOT + pid % SLOTS).ok();
        }
        if count > widest.1 {
            widest = (first, count);
        }
    }
    // The upper half of a container's users; its lower half holds people and services.
    let (first, count) = widest;
    let half = count / 2;
    (half > 0).then(|| u32::try_from(first + half + pid % half).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_exist_and_differ_between_supervisors() {
        let whole = "         0          0 4294967295\n";
        assert_eq!(slot(whole, 1), Some(0x7000_0001));
        assert_ne!(slot(whole, 1), slot(whole, 2));
        let container = "0 1000 1\n1 100000 65536\n";
        let uid = slot(container, 70_000).expect("a user");
        assert!((32_769..=65_536).contains(&uid), "{uid}");
        assert_eq!(slot("0 1000 1\n", 5), None);
    }
}
