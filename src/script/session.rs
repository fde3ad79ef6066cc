//! A worker as the kernel uses it: empty first, then with a script.

use serde::Serialize;
use serde_json::Value;

use super::fault::{CallFault, Checked, FaultKind, Finding, LoadError, ScriptError, ScriptFault};
use super::hook::Hook;
use super::link::{Cause, Ending, Link, Silence};
use super::wire::{Added, Adding, Answer, Arg, Called, Delta, Request, RngKey, WorldKind};
use super::{WORKER_VERB, limits};
use crate::domain::outcome::ViolationKind;
use crate::domain::task::Limits;
use crate::sandbox::{self, End, Exit, Host, Program, Spec};

/// A worker lives as long as its run; what a script may take is limited call by call.
const LIFETIME_MS: u64 = 30 * 24 * 3600 * 1000;

/// A started worker without a script.
#[derive(Debug)]
pub struct Spare {
    link: Link,
}

/// A worker with a loaded script.
///
/// Worlds are opened, changed and closed without waiting; a call waits for its answer. Cancelling any of them leaves the
/// conversation torn: every later request fails with [`ScriptError::Gone`], and the script is loaded anew.
#[derive(Debug)]
pub struct Worker {
    link: Link,
    checked: Checked,
}

/// Examines a script over a link.
async fn check(link: &mut Link, source: &str) -> Result<Checked, ScriptError> {
    match link.ask(&Request::Check { source: source.to_owned() }).await {
        Ok(Answer::Checked(checked)) => Ok(checked),
        Ok(answer) => Err(unexpected(answer)),
        Err(silence) => died_of_source(silence)
            .map(|finding| Checked { hooks: Vec::new(), findings: vec![finding] }),
    }
}

impl Spare {
    /// Starts a worker process in the host's sandbox: no files, no network, capped memory, no environment.
    pub async fn start(host: &Host) -> Result<Self, ScriptError> {
        let unstarted = |reason: String| ScriptError::Unstarted { reason };
        let program = Program::Own { verb: WORKER_VERB.to_owned(), args: Vec::new() };
        let spec = Spec {
            address_space_mb: Some(limits::ADDRESS_SPACE_MB),
            scratch_mb: 1,
            file_mb: 1,
            relay: true,
            ..Spec::new(
                program,
                Limits {
                    wall_ms: LIFETIME_MS,
                    cpu_ms: LIFETIME_MS,
                    memory_mb: limits::ADDRESS_SPACE_MB,
                    processes: 1,
                    output_kb: 16,
                },
            )
        };
        let mut running =
            sandbox::start(host, spec).await.map_err(|error| unstarted(error.to_string()))?;
        let Some(relay) = running.take_relay() else {
            return Err(unstarted("the sandbox left no socket to it".to_owned()));
        };
        Ok(Self::new(Link::over(relay, async move { ending(running.wait().await) })))
    }

    /// A spare over a link to a started worker process.
    pub fn new(link: Link) -> Self {
        Self { link }
    }

    /// Scans, parses, lints, reads the signatures and checks the types of a script; nothing of it runs.
    ///
    /// The spare stays usable, unless a finding says that the worker died.
    pub async fn check(&mut self, source: &str) -> Result<Checked, ScriptError> {
        check(&mut self.link, source).await
    }

    /// Checks a script, runs its top level and keeps it.
    pub async fn load(mut self, source: &str) -> Result<Worker, LoadError> {
        let request = Request::Load { source: source.to_owned() };
        match self.link.ask(&request).await {
            Ok(Answer::Loaded(checked)) => Ok(Worker { link: self.link, checked }),
            Ok(Answer::Checked(checked)) => Err(LoadError::Invalid { checked }),
            Ok(answer) => Err(unexpected(answer).into()),
            Err(silence) => {
                let finding = died_of_source(silence)?;
                Err(LoadError::Invalid {
                    checked: Checked { hooks: Vec::new(), findings: vec![finding] },
                })
            }
        }
    }
}

impl Worker {
    /// What is known of the loaded script: its hooks, and warnings.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Whether the loaded script defines a hook.
    pub fn defines(&self, hook: Hook) -> bool {
        self.checked.defines(hook)
    }

    /// Examines another script; the loaded one stays.
    pub async fn check(&mut self, source: &str) -> Result<Checked, ScriptError> {
        check(&mut self.link, source).await
    }

    /// Opens a world with its base; an open world of the same number is replaced.
    pub async fn open(
        &mut self,
        world: u64,
        kind: WorldKind,
        base: Value,
    ) -> Result<(), ScriptError> {
        self.tell(&Request::Open { world, kind, base }).await
    }

    /// Changes a world.
    pub async fn apply(&mut self, world: u64, deltas: &[Delta]) -> Result<(), ScriptError> {
        self.tell(&Request::Apply { world, deltas: deltas.to_vec() }).await
    }

    /// Adds values to the end of a list that the root of a world has.
    pub async fn extend(
        &mut self,
        world: u64,
        list: &str,
        values: &[impl Serialize + Sync],
    ) -> Result<(), ScriptError> {
        let deltas = values.iter().map(|value| Added::Push { path: [list], value }).collect();
        self.tell(&Adding::Apply { world, deltas }).await
    }

    /// Forgets a world.
    pub async fn close(&mut self, world: u64) -> Result<(), ScriptError> {
        self.tell(&Request::Close { world }).await
    }

    async fn tell(&mut self, request: &(impl Serialize + Sync)) -> Result<(), ScriptError> {
        self.link.send(request).await.map_err(gone)
    }

    /// Calls a hook. `args` are its parameters in order, without `rng`; the world itself is [`Arg::world`], and may be left
    /// out, for it is always the last of them.
    pub async fn call(
        &mut self,
        hook: Hook,
        world: u64,
        args: &[Arg],
        rng: RngKey,
    ) -> Result<Called, CallFault> {
        let request = Request::Call { hook, world, args: args.to_vec(), rng };
        match self.link.ask(&request).await {
            Ok(Answer::Called(called)) => Ok(called),
            Ok(Answer::Fault(fault)) => Err(fault.into()),
            Ok(answer) => Err(unexpected(answer).into()),
            Err(silence) => Err(died_in_call(silence, hook)),
        }
    }
}

fn ending(exit: Exit) -> Ending {
    let out_of_memory = exit.end == End::Killed(ViolationKind::Memory)
        || exit.violations.iter().any(|violation| violation.kind == ViolationKind::Memory);
    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV; one that comes from elsewhere is no word on the script.
    let crashed = matches!(exit.end, End::Signalled(4 | 6 | 7 | 8 | 11));
    let how = match exit.end {
        End::Exited(code) => format!("it exited with code {code}"),
        End::Signalled(signal) => format!("signal {signal} ended it"),
        End::Killed(kind) => format!("the sandbox ended it for {kind:?}"),
        End::Stopped => "it was stopped".to_owned(),
        End::Lost { reason } => format!("its sandbox failed: {reason}"),
    };
    Ending {
        how,
        out_of_memory,
        crashed,
        stderr: String::from_utf8_lossy(&exit.stderr).into_owned(),
    }
}

fn unexpected(answer: Answer) -> ScriptError {
    let reason = match answer {
        Answer::Refused { reason } => reason,
        _ => "it answered another question".to_owned(),
    };
    ScriptError::Refused { reason }
}

fn gone(silence: Silence) -> ScriptError {
    match silence {
        Silence::Ended(ending) => ended(&ending),
        Silence::Late => ScriptError::Gone { how: "it stopped answering".to_owned() },
        Silence::Torn => ScriptError::Gone { how: "a call to it was given up".to_owned() },
        Silence::Broken(error) => error.into(),
    }
}

fn ended(ending: &Ending) -> ScriptError {
    let said = ending.stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let how = if said.is_empty() { ending.how.clone() } else { format!("{}: {said}", ending.how) };
    ScriptError::Gone { how }
}

/// A source can be too much for the parser itself; that is a finding about the source.
fn died_of_source(silence: Silence) -> Result<Finding, ScriptError> {
    let (code, message) = match &silence {
        Silence::Ended(ending) => match ending.cause() {
            Cause::Memory => ("E302", "the script needs too much memory before any hook is called"),
            Cause::Depth => {
                ("E106", "the script is nested too deep to be read; build long chains in steps")
            }
            Cause::Broke => {
                ("E106", "the interpreter broke on the script; write it in another way")
            }
            Cause::Other => return Err(gone(silence)),
        },
        Silence::Late => ("E301", "reading the script takes too long"),
        Silence::Torn | Silence::Broken(_) => return Err(gone(silence)),
    };
    Ok(Finding { code: code.to_owned(), line: 0, message: message.to_owned() })
}

fn died_in_call(silence: Silence, hook: Hook) -> CallFault {
    let (kind, message) = match &silence {
        Silence::Ended(ending) => match ending.cause() {
            Cause::Memory => (
                FaultKind::Memory,
                format!(
                    "one operation needed more memory than the worker's {} MiB, and the worker died of it; build \
                     smaller lists and texts",
                    limits::ADDRESS_SPACE_MB
                ),
            ),
            Cause::Depth => (
                FaultKind::Depth,
                "a value is nested so deep that the worker died of it; keep values flat".to_owned(),
            ),
            Cause::Broke => (
                FaultKind::Failed,
                "the interpreter itself broke on this call; write the hook in another way, for example without a lambda \
                 that is kept in a variable"
                    .to_owned(),
            ),
            Cause::Other => return CallFault::Machine(gone(silence)),
        },
        Silence::Late => {
            (FaultKind::Ticks, format!("no result within {} s", limits::ANSWER_WALL.as_secs()))
        }
        Silence::Torn | Silence::Broken(_) => return CallFault::Machine(gone(silence)),
    };
    ScriptFault { kind, hook, line: 0, message, died: true }.into()
}
