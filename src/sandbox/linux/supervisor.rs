//! The supervisor: this binary entered again by a hidden verb, between the kernel process and one confined program.
//!
//! It has a single thread, so it may fork. It reads one order from its standard input, builds the sandbox, watches
//! the program, and reports. It owns nothing that the program could reach: its environment is empty, its memory
//! closed, its descriptors gone before the program starts.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use super::allow::{self, AllowList};
use super::attack;
use super::attempts::Attempts;
use super::chamber;
use super::child::{self, FIRST_PRIVATE, Plan};
use super::identity::Identity;
use super::naming::Given;
use super::places::{HostFolders, Places, is_plain_relative};
use super::starting::{Starting, at, give_up, wait_for_start};
use super::sys::{self, Disposition, Fork, Pid, SingleThread};
use super::watch::{self, Kind, Tree};
use super::wire::{self, Failure, Order, Report, Step};
use crate::domain::outcome::SandboxLevel;

/// The verb by which this binary is entered as supervisor.
pub const VERB: &str = "sandbox-exec";

/// Runs this process as supervisor, or as an attacker for the probe, as told by the arguments after the verb; to be
/// called before any thread is started.
pub fn main(arguments: &[String]) -> ExitCode {
    match arguments {
        [word, attack @ ..] if word == attack::WORD => attack::main(attack),
        _ => match supervise() {
            Ok(()) => ExitCode::SUCCESS,
            // The host learns of it by the missing report.
            Err(_) => ExitCode::FAILURE,
        },
    }
}

fn supervise() -> io::Result<()> {
    let alone = SingleThread::prove()?;
    sys::close_from(3, false)?;
    let mut host = sys::inherited_socket(0)?;
    let (_, relay) = sys::receive_fd(&host)?;
    let (order, contents) = wire::read_order(&mut host)?;
    let report = match run(&alone, &order, &contents, relay, &mut host) {
        Ok(report) => report,
        Err(failure) => Report::Failed(failure),
    };
    say(&mut host, &report);
    Ok(())
}

/// Tells the host, which may be gone: then the tree has been ended, and nobody needs to know.
fn say(host: &mut UnixStream, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        let _ = host.write_all(&line);
    }
}

fn run(
    alone: &SingleThread,
    order: &Order,
    contents: &[Vec<u8>],
    relay: Option<OwnedFd>,
    host: &mut UnixStream,
) -> Result<Report, Failure> {
    if let Some(bad) = order.inputs.iter().find(|input| !is_plain_relative(&input.path)) {
        let reason = format!("input `{}` is not a plain relative path", bad.path);
        return Err(Failure { step: Step::Files, reason });
    }
    let own = std::fs::read_link("/proc/self/exe").map_err(at(Step::Order))?;
    let allowed = allow::resolve(order, &own).map_err(at(Step::Files))?;
    let identity = Identity::choose(order.level, &allowed).map_err(at(Step::Confine))?;
    prepare_process().map_err(at(Step::Confine))?;
    let child_signal = sys::child_signal_fd().map_err(at(Step::Confine))?;

    let parts = Parts { order, contents, own, allowed, identity };
    // Removed when everything below has ended.
    let folders = if order.level == SandboxLevel::Full {
        None
    } else {
        Some(HostFolders::make(order, contents, identity).map_err(at(Step::Files))?)
    };
    let (main, kind, mut started) = match &folders {
        None => start_namespace(alone, &parts, relay),
        Some(folders) => start_program(alone, &parts, folders.places.clone(), relay),
    }
    .map_err(at(Step::Confine))?;
    let tree = Tree { main, kind, child_signal };

    let places = folders.as_ref().map_or_else(chamber::places, |folders| folders.places.clone());
    let mut attempts = Attempts::new(Given::new(&parts.allowed, places));
    if let Err(failure) = wait_for_start(&mut started, &mut attempts, host) {
        watch::abandon(&tree).map_err(at(Step::Confine))?;
        return Err(failure);
    }
    say(host, &Report::Started);
    match watch::watch(&tree, &order.limits, attempts, host) {
        Ok(outcome) => Ok(Report::Ended(outcome)),
        Err(error) => {
            let _ = watch::abandon(&tree);
            Err(at(Step::Confine)(error))
        }
    }
}

/// Makes this process deaf to signals meant for the host's group, and the parent of all orphans below it.
fn prepare_process() -> io::Result<()> {
    // Already leads a group of its own when it was started as one; a session is more, but not needed.
    let _ = sys::new_session();
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
        sys::set_signal(signal, Disposition::Ignore);
    }
    sys::set_umask(0o022);
    sys::adopt_orphans()
}

struct Parts<'a> {
    order: &'a Order,
    contents: &'a [Vec<u8>],
    own: PathBuf,
    allowed: AllowList,
    identity: Identity,
}

impl Parts<'_> {
    fn plan<'a>(&'a self, places: &'a Places, relay: Option<OwnedFd>) -> Plan<'a> {
        Plan {
            order: self.order,
            own: &self.own,
            allowed: &self.allowed,
            places,
            identity: self.identity,
            relay,
        }
    }
}

/// Starts the program as a child of this process.
fn start_program(
    alone: &SingleThread,
    parts: &Parts<'_>,
    places: Places,
    relay: Option<OwnedFd>,
) -> io::Result<(Pid, Kind, Starting)> {
    let (started, starting) = UnixStream::pair()?;
    match sys::fork(alone)? {
        Fork::Child => run_program(parts, &places, relay, starting),
        Fork::Parent(main) => {
            let kind =
                Kind::Program { scratch: places.scratch, scratch_mb: parts.order.scratch_mb };
            Ok((main, kind, started))
        }
    }
}

/// Starts the program below the first process of new namespaces.
fn start_namespace(
    alone: &SingleThread,
    parts: &Parts<'_>,
    relay: Option<OwnedFd>,
) -> io::Result<(Pid, Kind, Starting)> {
    let mut flags =
        libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if matches!(parts.identity, Identity::Mapped { .. }) {
        flags |= libc::CLONE_NEWUSER;
    }
    sys::unshare(flags)
        .map_err(|error| io::Error::new(error.kind(), format!("namespaces: {error}")))?;
    parts.identity.map()?;
    let (started, starting) = UnixStream::pair()?;
    let (status, status_of_program) = sys::pipe()?;
    match sys::fork(alone)? {
        Fork::Child => run_first_process(alone, parts, relay, starting, &status_of_program),
        Fork::Parent(main) => Ok((main, Kind::Namespace { status }, started)),
    }
}

/// The first process of the namespaces: builds the file tree, starts the program, waits for orphans, and ends with
/// the program, which ends all others.
fn run_first_process(
    alone: &SingleThread,
    parts: &Parts<'_>,
    relay: Option<OwnedFd>,
    starting: UnixStream,
    status_of_program: &OwnedFd,
) -> ! {
    let entered = sys::die_with_parent()
        .and_then(|()| sys::set_host_name("sandbox"))
        .and_then(|()| chamber::enter(parts.order, parts.contents, &parts.allowed, parts.identity))
        .and_then(|places| {
            sys::hide_memory()?;
            Ok((places, sys::fork(alone)?))
        });
    match entered {
        Err(error) => give_up(starting, &at(Step::Confine)(error)),
        Ok((places, Fork::Child)) => run_program(parts, &places, relay, starting),
        Ok((_, Fork::Parent(program))) => {
            // Their other ends close when the program closes its own.
            drop((starting, relay));
            let code = match wait_for(program) {
                Ok(status) => write_all(status_of_program, &status.to_le_bytes()),
                Err(error) => Err(error),
            };
            sys::exit_now(i32::from(code.is_err()))
        }
    }
}

fn wait_for(program: Pid) -> io::Result<i32> {
    loop {
        match sys::wait_any(true)? {
            Some(ended) if ended.pid == program => return Ok(ended.status),
            _ => {}
        }
    }
}

fn run_program(
    parts: &Parts<'_>,
    places: &Places,
    relay: Option<OwnedFd>,
    starting: UnixStream,
) -> ! {
    // The processes that the machine's own emergency measures should take first.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let high = |fd| sys::move_fd_up(fd, FIRST_PRIVATE);
    match (high(starting.into()), relay.map(high).transpose()) {
        (Ok(starting), Ok(relay)) => {
            let starting = UnixStream::from(starting);
            let failure = child::become_program(parts.plan(places, relay), &starting);
            give_up(starting, &failure)
        }
        _ => sys::exit_now(1),
    }
}

fn write_all(fd: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    std::fs::File::from(fd.try_clone()?).write_all(bytes)
}
