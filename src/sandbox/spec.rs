//! What to run and within which bounds, and what came of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::outcome::{SandboxLevel, Usage, Violation, ViolationKind};
use crate::domain::task::Limits;

/// How processes are started on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The program that re-enters as supervisor: this very binary.
    pub executable: PathBuf,
    /// What every sandbox started here must be; one that cannot be built is an error, never a weaker one.
    pub level: SandboxLevel,
    /// Where folders for scratch and inputs are made below level `full`, which needs none.
    pub temporary: PathBuf,
}

/// One program to run confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The program.
    pub program: Program,
    /// The whole environment of the program: nothing is inherited, ever.
    pub env: Vec<(String, String)>,
    /// Absolute paths the program may read and execute, with all that is below them.
    pub readable: Vec<PathBuf>,
    /// Whether the system's shared libraries are readable too: `/lib`, `/lib64`, `/usr/lib`, `/usr/lib64` and the
    /// loader's cache. Always so for our own binary.
    pub system_libraries: bool,
    /// Files placed for the program, read-only, in a folder of their own: relative path and content.
    pub inputs: Vec<(String, Vec<u8>)>,
    /// Limits of the whole process tree.
    pub limits: Limits,
    /// Room in the program's scratch folder, which is also its current one, MiB.
    pub scratch_mb: u64,
    /// The largest single file, MiB.
    pub file_mb: u64,
    /// Address space of each process, MiB. Unlike `limits.memory_mb`, which is watched over the tree, an allocation
    /// past it fails at once; programs that reserve more than they use cannot live with it.
    pub address_space_mb: Option<u64>,
    /// Whether opening a file outside what the program was given is named among the violations. Denied either way;
    /// naming costs each opening a visit to the supervisor.
    pub openings_are_named: bool,
    /// Whether the program is given one end of a socket, as descriptor 3, for talking with whoever started it.
    pub relay: bool,
}

impl Spec {
    /// A program that may read nothing but itself, with an empty environment, 16 MiB of scratch and no relay.
    pub fn new(program: Program, limits: Limits) -> Self {
        Self {
            program,
            env: Vec::new(),
            readable: Vec::new(),
            system_libraries: false,
            inputs: Vec::new(),
            limits,
            scratch_mb: 16,
            file_mb: 16,
            address_space_mb: None,
            openings_are_named: false,
            relay: false,
        }
    }
}

/// A program and its arguments. `{inputs}` in an argument stands for the folder of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// This binary, entered by one of its verbs.
    Own {
        /// The verb.
        verb: String,
        /// What follows it.
        args: Vec<String>,
    },
    /// Any executable file.
    Path {
        /// Its absolute path; the file itself is readable and executable without being listed.
        path: PathBuf,
        /// Its arguments, without the program's name.
        args: Vec<String>,
    },
}

/// How a process tree ended, and what it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// How the program ended.
    pub end: End,
    /// Standard output, up to the cap.
    pub stdout: Vec<u8>,
    /// Standard error, up to the cap.
    pub stderr: Vec<u8>,
    /// What the tree used.
    pub usage: Usage,
    /// What it exceeded, first the one it was killed for, and what it tried that it may not.
    pub violations: Vec<Violation>,
    /// The level it ran at.
    pub level: SandboxLevel,
}

/// How a program ended. By then no process of its tree is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It exited by itself, with this code.
    Exited(i32),
    /// A signal ended it that was not the sandbox's.
    Signalled(i32),
    /// The sandbox ended it for this.
    Killed(ViolationKind),
    /// Whoever started it ended it.
    Stopped,
    /// The sandbox itself failed; this says nothing about the program.
    Lost {
        /// What failed.
        reason: String,
    },
}
