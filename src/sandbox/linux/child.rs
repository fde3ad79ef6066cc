//! The last steps of a confined process: from a copy of the supervisor to the program.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::allow::AllowList;
use super::identity::Identity;
use super::places::Places;
use super::spec::Program;
use super::sys::{self, Disposition};
use super::wire::{Failure, Order, Step};
use super::{bounds, calls, rights};
use crate::domain::outcome::SandboxLevel;

/// The descriptor at which a program finds its relay.
const RELAY: i32 = 3;
/// Descriptors from here on are the supervisor's and close when the program starts.
pub(super) const FIRST_PRIVATE: i32 = 10;

/// All a process needs to become the program.
pub(super) struct Plan<'a> {
    pub order: &'a Order,
    pub own: &'a Path,
    pub allowed: &'a AllowList,
    pub places: &'a Places,
    pub identity: Identity,
    pub relay: Option<OwnedFd>,
}

/// Confines this process and executes the program; returns only when that failed. The supervisor is told at `starting`
/// where denied calls wait.
pub(super) fn become_program(plan: Plan<'_>, starting: &UnixStream) -> Failure {
    let confined = confine(&plan, starting);
    let failed = |step, error: io::Error| Failure { step, reason: error.to_string() };
    if let Err(error) = confined {
        return failed(Step::Confine, error);
    }
    let (path, args) = command(&plan);
    let mut command = Command::new(&path);
    command.args(args).env_clear().envs(plan.order.env.iter().map(|(name, value)| (name, value)));
    let error = command.exec();
    failed(Step::Execute, io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))
}

fn confine(plan: &Plan<'_>, starting: &UnixStream) -> io::Result<()> {
    sys::new_session()?;
    arrange_descriptors(plan.relay.as_ref())?;
    for signal in 1..=sys::signal_count() {
        sys::set_signal(signal, Disposition::Default);
    }
    sys::unblock_signals()?;
    std::env::set_current_dir(&plan.places.scratch)?;
    bounds::apply(plan.order, plan.identity)?;
    plan.identity.assume()?;
    sys::die_with_parent()?;
    sys::no_new_privileges()?;
    if plan.order.level >= SandboxLevel::KernelFilter {
        let sealed = plan.order.level == SandboxLevel::Full;
        let restricted = rights::restrict(plan.allowed, plan.places, sealed)?;
        let terms = calls::Terms {
            signals_stay_inside: restricted.signals_stay_inside,
            openings: plan.order.openings_are_named,
        };
        if let Some(listener) = calls::filter(terms)? {
            sys::send_fd(starting, Some(listener.as_fd()))?;
        }
    }
    Ok(())
}

/// 0 is empty, 1 and 2 are inherited, 3 is the relay; all else closes when the program starts.
fn arrange_descriptors(relay: Option<&OwnedFd>) -> io::Result<()> {
    let nothing = fs::File::open("/dev/null")?;
    sys::place_fd(nothing.as_fd(), 0)?;
    sys::close_from(3, true)?;
    if let Some(relay) = relay {
        sys::place_fd(relay.as_fd(), RELAY)?;
    }
    Ok(())
}

fn command(plan: &Plan<'_>) -> (PathBuf, Vec<String>) {
    let inputs = plan.places.inputs.to_string_lossy();
    let fill = |args: &[String]| -> Vec<String> {
        args.iter().map(|arg| arg.replace("{inputs}", &inputs)).collect()
    };
    match &plan.order.program {
        Program::Own { verb, args } => {
            let mut all = vec![verb.clone()];
            all.extend(fill(args));
            (plan.own.to_owned(), all)
        }
        Program::Path { path, args } => (path.clone(), fill(args)),
    }
}
