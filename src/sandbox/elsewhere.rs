//! Systems other than Linux: nothing is started there, and every attempt says so.

use std::convert::Infallible;
use std::path::Path;

use tokio::net::UnixStream;

use super::error::SandboxError;
use super::report::{AttackReport, Probe};
use super::spec::{Exit, Host, Spec};

const HERE: SandboxError = SandboxError::System { system: std::env::consts::OS };

/// A program under way; there is none on this system.
#[derive(Debug)]
pub struct Running(Infallible);

impl Running {
    /// The socket to the program's descriptor 3.
    pub fn take_relay(&mut self) -> Option<UnixStream> {
        match self.0 {}
    }

    /// Ends the whole tree.
    pub fn kill(&self) {
        match self.0 {}
    }

    /// Waits until nothing is left of the tree.
    pub fn wait(self) -> std::future::Ready<Exit> {
        match self.0 {}
    }
}

/// Says that this system has no sandbox.
pub fn start(_: &Host, _: Spec) -> std::future::Ready<Result<Running, SandboxError>> {
    std::future::ready(Err(HERE))
}

/// Says that this system has no sandbox.
pub fn attacks(_: &Host) -> std::future::Ready<Result<Vec<AttackReport>, SandboxError>> {
    std::future::ready(Err(HERE))
}

/// Says that this system has no sandbox.
pub fn probe(_: &Path, _: &Path, _: &Path) -> std::future::Ready<Result<Probe, SandboxError>> {
    std::future::ready(Err(HERE))
}

/// Does nothing: there are no process groups that could be ended here.
pub fn end_group(_: u32) {}

/// Ends this process now: nothing is unwound or flushed.
pub fn die() -> ! {
    std::process::abort()
}

/// The hidden verb, which nobody calls on this system.
pub mod supervisor {
    use std::process::ExitCode;

    /// The verb by which this binary is entered as supervisor.
    pub const VERB: &str = "sandbox-exec";

    /// Fails.
    pub fn main(_: &[String]) -> ExitCode {
        ExitCode::FAILURE
    }
}
