//! What `[gate]` of `task.toml` says: what a candidate must be before it may take the incumbent's place.

use serde::{Deserialize, Serialize};

/// The two stages of a gate. A stage that is left out asks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// A case is passed with this metric or a better one.
    pub pass: f64,
    /// Which cases a candidate has to pass.
    #[serde(default)]
    pub correct: Correct,
    /// The most that one case may cost, in the unit the benchmark reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The most CPU time that the train cases may take together, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// The same as a multiple of what the incumbent takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ratio: Option<f64>,
}

/// Which cases a candidate has to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Correct {
    /// Those that the incumbent passes.
    #[default]
    Kept,
    /// All of them.
    All,
}
