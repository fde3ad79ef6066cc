//! `replay --json`.

use serde::Serialize;

use crate::domain::meaning::Difference;

/// What came of performing a recorded run again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayDocument {
    /// The run.
    pub run: String,
    /// Whether everything came out as recorded.
    pub same: bool,
    /// Records of the recording.
    pub records: u64,
    /// Whether the recording comes to the run's end.
    pub finished: bool,
    /// Where the repetition differs first.
    pub difference: Option<Difference>,
}
