//! `doctor --json`.

use serde::Serialize;

use crate::domain::outcome::SandboxLevel;

/// The health of this machine and lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoctorDocument {
    /// The sandbox, proven by attacking it.
    pub sandbox: SandboxHealth,
    /// The interpreter; null when none was found.
    pub python: Option<PythonHealth>,
    /// Who looks at code quality.
    pub linter: LinterHealth,
    /// The models of the lab.
    pub models: Vec<ModelHealth>,
    /// The repository of generations; null outside a lab.
    pub archive: Option<ArchiveHealth>,
    /// What is wrong, each with its way out; empty when all is well.
    pub problems: Vec<String>,
}

/// The sandbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SandboxHealth {
    /// The strongest level that stopped what it must; null when none could be built.
    pub level: Option<SandboxLevel>,
    /// The attacks tried at that level.
    pub attacks: Vec<AttackHealth>,
}

/// One attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttackHealth {
    /// What was tried.
    pub name: String,
    /// Whether it was stopped.
    pub stopped: bool,
    /// What was seen.
    pub detail: String,
}

/// The interpreter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PythonHealth {
    /// Where it is.
    pub path: String,
    /// Its version.
    pub version: String,
}

/// The linter of candidates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinterHealth {
    /// `ruff`, `pyflakes` or `unavailable`.
    pub name: String,
    /// Where it is; null when it is unavailable.
    pub path: Option<String>,
}

/// One model alias.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelHealth {
    /// The alias.
    pub alias: String,
    /// Whether a call could be tried: it is defined, and its key is present.
    pub ok: bool,
    /// In words; never the key.
    pub detail: String,
}

/// The repository of generations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArchiveHealth {
    /// Whether repository and journals can be read.
    pub ok: bool,
    /// The runs found.
    pub runs: Vec<String>,
    /// In words.
    pub detail: String,
    /// What is damaged; empty when all is well.
    pub damage: Vec<DamageFound>,
}

/// Something damaged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DamageFound {
    /// The run; null: the whole archive.
    pub run: Option<String>,
    /// What, with its place.
    pub what: String,
    /// What becomes of it: `rebuildable`, `rebuilt`, `gone` or `refused`.
    pub state: &'static str,
}
