//! What `[screening]` of `task.toml` says: what is looked at before a candidate runs.

use serde::{Deserialize, Serialize};

/// What is looked at before a candidate runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScreeningSpec {
    /// What becomes of a candidate whose text has weaknesses that the starting solution has not.
    pub findings: FindingsRule,
    /// What a maintained linter is asked about it, where one is installed.
    #[serde(skip_serializing_if = "LinterRule::is_default")]
    pub linter: LinterRule,
}

impl ScreeningSpec {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a candidate with weaknesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingsRule {
    /// It is measured, and they stand with its result.
    #[default]
    Advise,
    /// It goes back to its author.
    Refuse,
}

/// What a linter's findings are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinterRule {
    /// They stand with the result.
    #[default]
    Advice,
    /// A candidate with findings is measured by nothing: it goes back to its author.
    Refuse,
    /// No linter is asked.
    Off,
}

impl LinterRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
