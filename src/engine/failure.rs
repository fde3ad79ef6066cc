//! Why a run does not go on.

use crate::domain::event::Halt;

/// Why the engine gave up. Nothing durable is lost in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
    /// The archive cannot be read or written.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// A script's worker process cannot be had.
    #[error(transparent)]
    Script(#[from] crate::script::ScriptError),
    /// The sandbox cannot be built.
    #[error(transparent)]
    Sandbox(#[from] crate::sandbox::SandboxError),
    /// A model is not configured.
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// The agent does not pass the validation it would demand of a rewrite.
    #[error("the agent {agent} is not valid")]
    InvalidAgent {
        /// Which agent.
        agent: String,
        /// What is wrong with it.
        diagnostics: Vec<crate::domain::event::Diagnostic>,
    },
    /// A cap names a role that there is not.
    #[error("budget.roles.{role} caps a role that no agent has; there are {known}")]
    UnknownRole {
        /// The role named.
        role: String,
        /// Those there are.
        known: String,
    },
    /// The run exists and was started with other settings.
    #[error("run {run} was started with other settings")]
    ChangedSettings {
        /// The run.
        run: String,
    },
    /// A generation that a run cannot go back to.
    #[error("{run} cannot go back to {to}: {why}")]
    NoWayBack {
        /// The run.
        run: String,
        /// The generation.
        to: String,
        /// Why.
        why: &'static str,
    },
    /// A run cannot be taken in from a file.
    #[error("the file holds no run that could be imported: {why}")]
    NotARun {
        /// Why not.
        why: String,
    },
    /// A file was written by a newer version of this program.
    #[error(
        "the file has format version {found}, and this program reads up to {supported}; use the newer program"
    )]
    NewerFile {
        /// Its version.
        found: u64,
        /// The newest version this program reads.
        supported: u64,
    },
    /// The name of a run is taken.
    #[error("there is a run `{run}` already; import it under another name: --as NAME")]
    Taken {
        /// The name.
        run: String,
    },
    /// A name does not have the required form.
    #[error(transparent)]
    Name(#[from] crate::base::id::BadName),
    /// No Python interpreter.
    #[error(transparent)]
    Python(#[from] crate::sandbox::python::PythonError),
    /// A task's folder cannot be used.
    #[error(transparent)]
    Task(#[from] crate::lab::tasks::TaskError),
    /// The start of an episode has no metric, so nothing can be improved.
    #[error("the starting solution of {task} cannot be measured: {reason}")]
    NothingToMeasure {
        /// The task.
        task: String,
        /// Why.
        reason: String,
    },
    /// There is nothing yet whose test could mean anything.
    #[error("no solution of {task} has been measured in {run}")]
    NothingMeasured {
        /// The run.
        run: String,
        /// The task.
        task: String,
    },
    /// The journal does not fit the kernel that reads it.
    #[error("the journal of {run} does not fit: {what}")]
    Mismatch {
        /// The run.
        run: String,
        /// What differs.
        what: String,
    },
    /// Models' code may not run here.
    #[error("the sandbox reaches only {level}, and {alias} writes code that needs {needed}")]
    SandboxTooWeak {
        /// What it reaches.
        level: crate::domain::outcome::SandboxLevel,
        /// What is needed.
        needed: crate::domain::outcome::SandboxLevel,
        /// The model.
        alias: String,
    },
    /// A task of the parallel machinery ended abnormally; a defect.
    #[error("an internal task failed: {0}")]
    Internal(String),
}

/// Why a step did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The run stands still and can be resumed.
    #[error("{detail}")]
    Halted {
        /// Why.
        why: Halt,
        /// In words.
        detail: String,
    },
    /// The engine gave up.
    #[error(transparent)]
    Failed(#[from] EngineError),
}

impl Stopped {
    /// A person or a signal asked the run to stand still.
    pub fn interrupted() -> Self {
        Self::Halted { why: Halt::Interrupted, detail: "interrupted".into() }
    }

    /// Whether the work that is under way elsewhere still comes to its end: an answer that is being paid for is not thrown
    /// away because nothing new may begin.
    pub fn lets_work_end(&self) -> bool {
        matches!(self, Self::Halted { why: Halt::Paused | Halt::Budget | Halt::Provider, .. })
    }
}

macro_rules! stopped_from {
    ($($source:ty),*) => {$(
        impl From<$source> for Stopped {
            fn from(source: $source) -> Self {
                Self::Failed(source.into())
            }
        }
    )*};
}
stopped_from!(
    crate::journal::JournalError,
    crate::archive::ArchiveError,
    crate::script::ScriptError,
    crate::sandbox::SandboxError
);
