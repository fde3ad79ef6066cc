//! What can be wrong with a script, and with the process that runs it.
//!
//! The first is data: findings and faults carry a code, a line and a message that can stand in a repair prompt. The
//! second is an error of the machine and says nothing about the script.

use serde::{Deserialize, Serialize};

use super::hook::{Hook, Signature};
use super::wire::FrameError;
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;

/// One finding about a script's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `E…`: the script is refused; `W…`: it is not.
    pub code: String,
    /// The line, from 1; 0 when it concerns the whole file.
    pub line: u32,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl From<Finding> for Diagnostic {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code,
            file: STRATEGY.to_owned(),
            line: finding.line,
            message: finding.message,
        }
    }
}

/// What is known of a script without running its functions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checked {
    /// The hooks it defines.
    pub hooks: Vec<Signature>,
    /// What was found, by line.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether nothing refuses the script.
    pub fn passes(&self) -> bool {
        !self.findings.iter().any(|finding| finding.code.starts_with('E'))
    }

    /// Whether the script defines a hook.
    pub fn defines(&self, hook: Hook) -> bool {
        self.hooks.iter().any(|signature| signature.hook == hook)
    }
}

/// Why a call did not return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Too many ticks, or past the backstop in time.
    Ticks,
    /// Too much memory.
    Memory,
    /// Calls or values too deep inside each other.
    Depth,
    /// The result is not what the hook returns.
    Result,
    /// The script's own error.
    Failed,
    /// A value that does not change was changed: a constant, or the state.
    Mutated,
    /// A field that never reaches scripts was read.
    Hidden,
    /// The script does not define the hook.
    NoHook,
}

impl FaultKind {
    /// The diagnostic's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoHook => "E201",
            Self::Ticks => "E301",
            Self::Memory => "E302",
            Self::Depth => "E303",
            Self::Result => "E304",
            Self::Failed => "E306",
            Self::Mutated => "E307",
            Self::Hidden => "E401",
        }
    }
}

/// A call that did not return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{} {hook}: {message}", kind.code())]
pub struct ScriptFault {
    /// Why.
    pub kind: FaultKind,
    /// The hook called.
    pub hook: Hook,
    /// The line of the script, from 1; 0 when there is none.
    pub line: u32,
    /// What happened, in words a repair can use.
    pub message: String,
    /// Whether the worker died of it; a dead worker answers nothing more.
    pub died: bool,
}

impl From<ScriptFault> for Diagnostic {
    fn from(fault: ScriptFault) -> Self {
        Self {
            code: fault.kind.code().to_owned(),
            file: STRATEGY.to_owned(),
            line: fault.line,
            message: format!("{}: {}", fault.hook, fault.message),
        }
    }
}

/// The machinery failed; the script is not to blame.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// No worker could be started.
    #[error("the strategy worker cannot be started: {reason}")]
    Unstarted {
        /// Why.
        reason: String,
    },
    /// The worker is gone, for no reason a script could give.
    #[error("the strategy worker ended: {how}")]
    Gone {
        /// How it ended.
        how: String,
    },
    /// The stream between kernel and worker failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The worker refused a request that the kernel should not have made.
    #[error("the strategy worker refused a request: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallFault {
    /// The script's fault.
    #[error(transparent)]
    Script(#[from] ScriptFault),
    /// The machinery failed.
    #[error(transparent)]
    Machine(#[from] ScriptError),
}

/// Why a script is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The script is refused; the findings say why.
    #[error("the script is refused: {}", first(checked))]
    Invalid {
        /// What was found.
        checked: Checked,
    },
    /// The machinery failed.
    #[error(transparent)]
    Machine(#[from] ScriptError),
}

fn first(checked: &Checked) -> String {
    checked
        .findings
        .iter()
        .find(|finding| finding.code.starts_with('E'))
        .map(|finding| format!("{} line {}: {}", finding.code, finding.line, finding.message))
        .unwrap_or_default()
}
