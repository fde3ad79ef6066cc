//! Why a program could not be started.

use std::io;
use std::path::PathBuf;

use crate::domain::outcome::SandboxLevel;

/// Why a program was not started. Nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// This system has no sandbox of ours, at no level.
    #[error("programs are started on Linux only; on {system}, run this in a Linux container")]
    System {
        /// The operating system.
        system: &'static str,
    },
    /// The supervisor could not be started.
    #[error("cannot start `{executable}` as supervisor")]
    Supervisor {
        /// The binary.
        executable: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The supervisor could not be talked to.
    #[error("lost the supervisor while the sandbox was built")]
    Contact {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The sandbox of this level cannot be built here.
    #[error("a sandbox of level `{level}` cannot be built here: {reason}")]
    Level {
        /// The level asked for.
        level: SandboxLevel,
        /// The step that failed.
        reason: String,
    },
    /// A readable path or an input is not as it should be.
    #[error("a path given to the sandbox is not usable: {reason}")]
    Files {
        /// Which, and why.
        reason: String,
    },
    /// The program could not be executed.
    #[error("cannot execute {reason}")]
    Program {
        /// Which, and why.
        reason: String,
    },
}
