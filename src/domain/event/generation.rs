//! What came of a rewrite: the findings of its validation, and the generation as decided.

use serde::{Deserialize, Serialize};

use super::attempt::HandedBack;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::domain::agent::AgentFiles;

/// One finding about a rewrite, as the meta role and people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The code, `E` + stage + two digits, or `W…` for a warning that refuses nothing.
    pub code: String,
    /// The file, relative to the agent's folder.
    pub file: String,
    /// The line, from 1; 0 when it concerns the whole file.
    pub line: u32,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 {
            write!(f, "{} {} {}", self.code, self.file, self.message)
        } else {
            write!(f, "{} {}:{} {}", self.code, self.file, self.line, self.message)
        }
    }
}

/// A validation stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Paths, links, size, encoding, secrets, duplicates.
    Intake,
    /// TOML schema, template syntax, script syntax and lint.
    Parse,
    /// Hooks with their parameters, roles, variables, aliases, ranges.
    Signature,
    /// Every prompt rendered, every hook run twice, mock steps.
    DryRun,
}

impl Stage {
    /// Its name, as events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Parse => "parse",
            Self::Signature => "signature",
            Self::DryRun => "dry_run",
        }
    }
}

/// What one stage found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// Whether the rewrite passed it.
    pub ok: bool,
    /// How long it took, milliseconds; not part of any record that must repeat.
    pub ms: f64,
    /// What it found.
    pub diagnostics: Vec<Diagnostic>,
}

/// The state of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GenerationStatus {
    /// Passed validation.
    Valid,
    /// Stayed invalid after the repairs; never a parent.
    Rejected,
    /// Could not be made for reasons of the machine.
    Fault,
}

/// A generation as decided, before its objects are written: everything its commit is a function of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationPlan {
    /// Its number.
    pub generation: GenerationId,
    /// The generations it came from; the first is the one copied.
    pub parents: Vec<GenerationId>,
    /// Whose meta role wrote it; `None` for the seed.
    pub by: Option<GenerationId>,
    /// A word for the kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// The whole agent folder.
    pub files: AgentFiles,
    /// Paths that differ from the first parent.
    pub changed: Vec<String>,
    /// What changed, in a line.
    pub summary: String,
    /// The last findings; empty when valid.
    pub diagnostics: Vec<Diagnostic>,
    /// The stage that refused it.
    pub stage_failed: Option<Stage>,
    /// The alias of the meta role's model.
    pub model: Option<Alias>,
    /// Repairs it took.
    pub repairs: u32,
    /// Answers that went back to their author before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
    /// The episodes the rewrite was to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub focus: Vec<EpisodeId>,
    /// Scalars stored by the script.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub tag: crate::domain::action::Tag,
}
