//! Where a run stands, and what it is doing.

use crate::base::id::GenerationId;
use crate::domain::event::Halt;

/// What the journal itself says about where the run stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing happened yet.
    #[default]
    Empty,
    /// The last process did not say that it stopped.
    Open,
    /// A process stopped and said why; the run can go on.
    Halted {
        /// Why.
        why: Halt,
        /// In words.
        detail: String,
    },
    /// A person moved `latest`; the run can go on from there.
    RolledBack(GenerationId),
    /// The run is over.
    Finished {
        /// Why it ended.
        why: String,
    },
}

/// The state of a run as people are told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// A process works on it.
    Running,
    /// It waits for something outside: a provider, a budget, a person's decision.
    Paused,
    /// It was stopped, or its process died; `resume` goes on.
    Interrupted,
    /// It is over.
    Finished,
}

impl std::fmt::Display for RunState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
        })
    }
}

/// What the run is doing at the moment of its last record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Doing {
    /// Nothing in particular.
    #[default]
    Deciding,
    /// A meta role rewrites a copy of a generation.
    Rewriting(GenerationId),
    /// A generation is measured.
    Measuring(GenerationId),
    /// The best agent is compared with the frozen one.
    Comparing,
    /// A promotion is decided.
    Certifying,
    /// A test agent proposes cases, and everybody is measured on them.
    Attacking,
    /// The judge of a generation reads candidates.
    Judging(GenerationId),
}
