//! Which failure a module's error becomes: the exit code, and the way out where the error does not name it.

use super::failure::{Exit, Failure};
use crate::archive::ArchiveError;
use crate::engine::EngineError;
use crate::journal::JournalError;
use crate::lab::agents::AgentFolderError;
use crate::lab::params::ParamError;
use crate::lab::tasks::{TaskError, WriteTaskError};
use crate::lab::{InitError, LabError};
use crate::model::{Consequence, ModelError};
use crate::sandbox::SandboxError;
use crate::sandbox::python::PythonError;
use crate::script::ScriptError;

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        Self::from_error(Exit::Usage, &error)
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        let code = match &error {
            InitError::AlreadyALab { .. } | InitError::InTheWay { .. } => Exit::Usage,
            InitError::Write { .. } => Exit::Environment,
        };
        Self::from_error(code, &error)
    }
}

impl From<ParamError> for Failure {
    fn from(error: ParamError) -> Self {
        let failure = Self::from_error(Exit::Usage, &error);
        match error {
            ParamError::Unknown { known, .. } if known.is_empty() => {
                failure.because("its [params] are empty")
            }
            ParamError::Unknown { known, .. } => {
                failure.because(format!("its [params]: {}", known.join(", ")))
            }
            ParamError::Unreadable { .. } => failure,
        }
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self::from_error(Exit::Usage, &error)
    }
}

impl From<WriteTaskError> for Failure {
    fn from(error: WriteTaskError) -> Self {
        let code = match &error {
            WriteTaskError::Write { .. } => Exit::Environment,
            _ => Exit::Usage,
        };
        Self::from_error(code, &error)
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let code = match &error {
            ArchiveError::Unknown { .. } | ArchiveError::Missing { .. } => Exit::Usage,
            error if error.is_environment() => Exit::Environment,
            _ => Exit::Damaged,
        };
        Self::from_error(code, &error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let code = match &error {
            JournalError::Missing { .. } | JournalError::Exists { .. } => Exit::Usage,
            JournalError::Newer { .. }
            | JournalError::Replaced { .. }
            | JournalError::Damaged { .. }
            | JournalError::NoHeader { .. } => Exit::Damaged,
            _ => Exit::Environment,
        };
        Self::from_error(code, &error)
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let code = match &error {
            SandboxError::Level { .. } => Exit::SandboxTooWeak,
            _ => Exit::Environment,
        };
        Self::from_error(code, &error).next("`hyperagent doctor` shows what this machine offers")
    }
}

impl From<PythonError> for Failure {
    fn from(error: PythonError) -> Self {
        Self::from_error(Exit::Environment, &error).next(
            "install CPython 3.11 or later, or name one in hyperagent.toml: [python] path = \"…\"",
        )
    }
}

impl From<AgentFolderError> for Failure {
    fn from(error: AgentFolderError) -> Self {
        let code = match &error {
            AgentFolderError::NotAFolder { .. }
            | AgentFolderError::TooMany { .. }
            | AgentFolderError::Leaves { .. } => Exit::Usage,
            AgentFolderError::Unreadable { .. } | AgentFolderError::Unwritable { .. } => {
                Exit::Environment
            }
        };
        Self::from_error(code, &error)
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        Self::from_error(Exit::Environment, &error)
            .next("`hyperagent doctor` shows what this machine offers")
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let code = match error.consequence() {
            Consequence::Pause => Exit::Provider,
            Consequence::Interrupted => Exit::Interrupted,
            _ => Exit::Usage,
        };
        Self::from_error(code, &error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Journal(error) => error.into(),
            EngineError::Archive(error) => error.into(),
            EngineError::Script(error) => error.into(),
            EngineError::Sandbox(error) => error.into(),
            EngineError::Python(error) => error.into(),
            EngineError::Task(error) => error.into(),
            EngineError::Model(error) => error.into(),
            EngineError::InvalidAgent { ref agent, ref diagnostics } => {
                let found: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
                Self::new(Exit::AgentInvalid, format!("{agent} is not a valid agent"))
                    .because(found.join("\n"))
                    .next(format!("`hyperagent validate {agent}` shows every stage"))
            }
            error @ EngineError::SandboxTooWeak { .. } => {
                Self::from_error(Exit::SandboxTooWeak, &error).next(
                    "`hyperagent doctor` shows what is missing; --i-accept-no-sandbox runs it all the same",
                )
            }
            error @ EngineError::NothingToMeasure { .. } => {
                Self::from_error(Exit::NothingEvaluated, &error)
                    .next("`hyperagent task eval TASK` measures the starting solution by itself")
            }
            error @ EngineError::NothingMeasured { .. } => {
                Self::from_error(Exit::NothingEvaluated, &error)
                    .next("`hyperagent resume` goes on with an unfinished run")
            }
            error @ (EngineError::NotARun { .. } | EngineError::NewerFile { .. }) => {
                Self::from_error(Exit::Damaged, &error)
            }
            error @ EngineError::UnknownRole { .. } => {
                Self::from_error(Exit::Usage, &error)
                    .next("mend [budget.roles] of hyperagent.toml, or the flag --cap")
            }
            error @ (EngineError::Taken { .. }
            | EngineError::ChangedSettings { .. }
            | EngineError::NoWayBack { .. }
            | EngineError::Name(_)) => Self::from_error(Exit::Usage, &error),
            error @ EngineError::Mismatch { .. } => Self::from_error(Exit::Damaged, &error)
                .next("`run --fresh` starts another run; this one stays as it is"),
            error @ EngineError::Internal(_) => Self::from_error(Exit::Defect, &error),
        }
    }
}
