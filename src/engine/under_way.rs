//! Actions of the outer loop that are under way.

use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::expand::Rewritten;
use super::measure::Measured;
use super::{EngineError, Stopped};
use crate::base::id::GenerationId;
use crate::domain::action::OuterAction;

/// An action whose work runs in a task of its own; dropping it gives the work up.
pub(super) enum Open {
    /// A generation is made.
    Make { action: OuterAction, work: AbortOnDropHandle<Result<Rewritten, Stopped>> },
    /// A measurement.
    Evaluate {
        step: u32,
        action: OuterAction,
        who: GenerationId,
        work: AbortOnDropHandle<Result<Measured, Stopped>>,
    },
}

impl Open {
    /// What was asked for.
    pub(super) fn action(&self) -> &OuterAction {
        match self {
            Self::Make { action, .. } | Self::Evaluate { action, .. } => action,
        }
    }

    /// Waits until its work has ended, whatever comes of it: what it was answered is on record then.
    pub(super) async fn end(self) {
        match self {
            Self::Make { work, .. } => drop(work.await),
            Self::Evaluate { work, .. } => drop(work.await),
        }
    }
}

/// What came of work that was joined.
pub(super) fn joined<T>(ended: Result<Result<T, Stopped>, JoinError>) -> Result<T, Stopped> {
    ended.map_err(|error| EngineError::Internal(error.to_string()))?
}
