//! Actions of the outer loop that are under way.

use tokio_util::task::AbortOnDropHandle;

use super::expand::Rewritten;
use super::measure::Measured;
use super::{EngineError, Stopped};
use crate::base::id::GenerationId;
use crate::domain::action::OuterAction;

/// An action that was begun; dropping it gives the work up.
pub(super) enum Open {
    /// A generation is made.
    Make { action: OuterAction, work: Work<Rewritten> },
    /// A measurement.
    Evaluate { step: u32, action: OuterAction, who: GenerationId, work: Work<Measured> },
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
            Self::Make { work, .. } => drop(work.join().await),
            Self::Evaluate { work, .. } => drop(work.join().await),
        }
    }
}

/// What an action comes to.
pub(super) enum Work<T> {
    /// It is on record. A resumed run passes by thousands of these, too many for a task each.
    OnRecord(Box<T>),
    /// It is done in a task of its own.
    UnderWay(AbortOnDropHandle<Result<T, Stopped>>),
}

impl<T: Send + 'static> Work<T> {
    /// Begins it.
    pub(super) fn begin(work: impl Future<Output = Result<T, Stopped>> + Send + 'static) -> Self {
        Self::UnderWay(AbortOnDropHandle::new(tokio::spawn(work)))
    }

    /// Waits for its end.
    pub(super) async fn join(self) -> Result<T, Stopped> {
        match self {
            Self::OnRecord(done) => Ok(*done),
            Self::UnderWay(task) => {
                task.await.map_err(|error| EngineError::Internal(error.to_string()))?
            }
        }
    }
}
