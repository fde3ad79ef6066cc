//! What a machine's sandbox withstands.

use serde::{Deserialize, Serialize};

use crate::domain::outcome::SandboxLevel;

/// What a machine offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The strongest level whose attacks were all stopped.
    pub level: SandboxLevel,
    /// The attacks at that level.
    pub attacks: Vec<AttackReport>,
    /// Why each stronger level does not count.
    pub lacking: Vec<String>,
}

/// One attack on a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackReport {
    /// What was tried.
    pub name: String,
    /// Whether it came to nothing.
    pub stopped: bool,
    /// What was seen.
    pub detail: String,
}
