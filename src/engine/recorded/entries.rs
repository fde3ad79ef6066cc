//! What the journal says of single things.

use crate::base::id::{Alias, GenerationId};
use crate::base::unit::UnixMillis;
use crate::domain::action::OuterAction;
use crate::domain::event::{CallCost, Diagnostic};
use crate::domain::files::FileSet;
use crate::domain::kept::Kept;
use crate::domain::report::RaceReport;
use crate::domain::sealed::{SealedPair, SealedResult};
use crate::domain::task::Case;
use crate::domain::tool::ToolCall;

/// An answer of a model as recorded.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The alias asked.
    pub alias: Alias,
    /// The text.
    pub text: String,
    /// The tools it called natively.
    pub calls: Vec<ToolCall>,
    /// The answer as its provider wants it back, where it wants more than text and calls.
    pub kept: Option<Kept>,
    /// Why it is not an answer, if it is not.
    pub unusable: Option<String>,
    /// What it used.
    pub cost: CallCost,
}

/// What the outer loop did at a step.
#[derive(Debug, Clone)]
pub enum Step {
    /// A decision.
    Decided {
        /// Whose script; `None` for the kernel.
        by: Option<GenerationId>,
        /// The action.
        action: OuterAction,
    },
    /// A refusal by the guard.
    Refused {
        /// Whose script.
        by: GenerationId,
        /// Why.
        diagnostic: Diagnostic,
    },
}

/// How an episode began.
#[derive(Debug, Clone)]
pub struct Started {
    /// The candidate it starts from.
    pub start: FileSet,
    /// Where that came from; `None`: the task's initial solution.
    pub from: Option<GenerationId>,
    /// Cases of the suite it is measured on.
    pub suite: Vec<Case>,
}

/// The end of an evaluate action.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated {
    /// Whether the generation may be a parent.
    pub admitted: bool,
    /// What the script's `utility` said.
    pub utility: Option<f64>,
    /// Why it was broken off, if it was.
    pub raced_out: Option<RaceReport>,
    /// When.
    pub at: UnixMillis,
}

/// One opening of the sealed test split.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its number in this run, from 1.
    pub number: u32,
    /// What it compares.
    pub pairs: Vec<SealedPair>,
    /// What came of it; `None`: it was interrupted.
    pub results: Option<Vec<SealedResult>>,
}
