//! The kernel's own limits of one process: hard stops under the limits of the tree, which `watch` keeps.

use std::fs;
use std::io;

use super::identity::Identity;
use super::sys::{Resource, limit};
use super::wire::Order;

/// Open descriptors of one process.
const OPEN_FILES: u64 = 256;
/// The main thread's stack, equal everywhere so that a recursion ends at the same depth.
const STACK_BYTES: u64 = 8 << 20;
/// Threads a program may start besides its processes.
const THREADS: u64 = 64;
/// Room for what else an ordinary user starts meanwhile, where the kernel counts all of it together.
const OTHERS: u64 = 512;

/// Bounds this process and all it starts, for good.
pub(super) fn apply(order: &Order, identity: Identity) -> io::Result<()> {
    let mib = |count: u64| count.saturating_mul(1 << 20);
    // The soft limit lies a second below the hard one: SIGXCPU can be told from other ends, SIGKILL cannot.
    let cpu_seconds = order.limits.cpu_ms.div_ceil(1000) + 1;
    if let Some(address_space_mb) = order.address_space_mb {
        both(Resource::AddressSpace, mib(address_space_mb))?;
    }
    limit(Resource::Cpu, cpu_seconds, cpu_seconds + 1)?;
    both(Resource::FileSize, mib(order.file_mb))?;
    both(Resource::OpenFiles, OPEN_FILES)?;
    both(Resource::Core, 0)?;
    both(Resource::Stack, STACK_BYTES)?;
    both(Resource::Locked, 0)?;
    both(Resource::MessageQueues, 0)?;
    let others = if identity.counted_apart() { 0 } else { OTHERS + tasks_on_this_machine() };
    both(Resource::Tasks, order.limits.processes + THREADS + others)
}

fn both(resource: Resource, value: u64) -> io::Result<()> {
    limit(resource, value, value)
}

/// Tasks of everybody: `/proc/loadavg` has them behind the slash.
fn tasks_on_this_machine() -> u64 {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| {
            let (_, rest) = text.split_once('/')?;
            rest.split_whitespace().next()?.parse().ok()
        })
        .unwrap_or(4096)
}
