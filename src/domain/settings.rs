//! What a person decides: the identity of a run, and the human's file `hyperagent.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outcome::SandboxLevel;
use crate::base::id::Alias;

mod budget;
mod ensemble;
mod identity;
mod improver;
mod model;
mod telemetry;

pub use budget::{BudgetSpec, Budgets};
pub use ensemble::{Choose, EnsembleSpec, Tier};
pub use identity::{Identity, SEED};
pub use improver::Improver;
pub use model::{
    Dialect, Effort, ModelSpec, Price, RetrySpec, Timeouts, ToolUse, UsageSpec, WireParameter,
};
pub use telemetry::TelemetrySpec;

/// Where an episode starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// From the best solution the generation's ancestors found.
    Carry,
    /// From the task's initial solution; generations are comparable at equal budget.
    Initial,
}

/// `hyperagent.toml`: the human's file. Agents cannot see or change it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabConfig {
    /// Models by alias. `offline` and `random` always exist.
    pub models: BTreeMap<Alias, ModelSpec>,
    /// Aliases that stand for several models, one of which is chosen for each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ensembles: BTreeMap<Alias, EnsembleSpec>,
    /// Caps of a run, of its generations and of its roles.
    pub budget: Budgets,
    /// Where calls are told about.
    pub telemetry: TelemetrySpec,
    /// The sandbox.
    pub sandbox: SandboxSpec,
    /// The Python interpreter.
    pub python: PythonSpec,
    /// What new runs are where their flags do not say.
    pub run: RunSpec,
}

/// What new runs are where their flags do not say: the table `[run]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSpec {
    /// Whether runs with `--start initial` race; others cannot.
    pub race: bool,
}

/// The sandbox a person accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxSpec {
    /// The weakest level at which code written by a model or a command may run.
    pub min_level: SandboxLevel,
}

impl Default for SandboxSpec {
    fn default() -> Self {
        Self { min_level: SandboxLevel::KernelFilter }
    }
}

/// The interpreter that runs candidates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PythonSpec {
    /// A path or a command name; absent: the newest of `python3.14` … `python3.11`, `python3` on the PATH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
