//! `validate --json`.

use serde::Serialize;

use crate::domain::event::StageReport;

/// What the validation of an agent folder found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidationDocument {
    /// Whether every stage passed.
    pub valid: bool,
    /// The stages in order, up to the first that failed.
    pub stages: Vec<StageReport>,
}

impl ValidationDocument {
    /// The document of the stages that ran.
    pub fn of(stages: Vec<StageReport>) -> Self {
        Self { valid: !stages.is_empty() && stages.iter().all(|stage| stage.ok), stages }
    }
}
