//! `record.json`: what a generation is, beside its files. It holds nothing that could differ when it is made again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ArchiveError;
use super::open::FORMAT_VERSION;
use crate::base::id::{Alias, GenerationId, RunName, TaskName};
use crate::domain::action::Tag;
use crate::domain::event::{Diagnostic, GenerationPlan, GenerationStatus, HandedBack, Stage};
use crate::domain::settings::Identity;

/// Which models took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models {
    /// The meta role's, which wrote the generation; `None` for the agent a run starts from.
    pub meta: Option<Alias>,
    /// The one the person chose for every role of the run, if any.
    pub run: Option<Alias>,
}

/// The record of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// The version of the archive's format.
    pub version: i64,
    /// The run.
    pub run: RunName,
    /// The generation.
    pub generation: GenerationId,
    /// The generations it came from; the first is the one copied.
    pub parents: Vec<GenerationId>,
    /// Whose meta role wrote it.
    pub by: Option<GenerationId>,
    /// The kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// The stage of the validation that refused it.
    pub stage_failed: Option<Stage>,
    /// What the validation found.
    pub diagnostics: Vec<Diagnostic>,
    /// Repairs it took.
    pub repairs: u32,
    /// Answers that went back to their author before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
    /// What changed, in a line.
    pub summary: String,
    /// Paths that differ from the first parent.
    pub changed: Vec<String>,
    /// Files of a rejected rewrite whose paths no tree can hold; their text is in the journal alone.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The run's tasks whose numbers a candidate could have written itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsealed: Vec<TaskName>,
    /// The run's seed.
    pub seed: u64,
    /// Which models took part.
    pub models: Models,
    /// The version of the kernel that made it.
    pub kernel: String,
    /// Scalars stored by the script.
    #[serde(default)]
    pub tag: Tag,
}

impl GenerationRecord {
    pub(super) fn new(
        identity: &Identity,
        kernel: &str,
        plan: &GenerationPlan,
        left_out: Vec<String>,
    ) -> Self {
        Self {
            version: FORMAT_VERSION,
            run: identity.run.clone(),
            generation: plan.generation,
            parents: plan.parents.clone(),
            by: plan.by,
            op: plan.op.clone(),
            status: plan.status,
            stage_failed: plan.stage_failed,
            diagnostics: plan.diagnostics.clone(),
            repairs: plan.repairs,
            handed_back: plan.handed_back.clone(),
            summary: plan.summary.clone(),
            changed: plan.changed.clone(),
            left_out,
            unsealed: identity.unsealed.keys().cloned().collect(),
            seed: identity.seed,
            models: Models { meta: plan.model.clone(), run: identity.model.clone() },
            kernel: kernel.to_owned(),
            tag: plan.tag.clone(),
        }
    }

    /// The text of the file: keys in order, indented, with a newline at the end.
    pub(super) fn to_text(&self, of: &str) -> Result<String, ArchiveError> {
        let unwritable =
            |source: serde_json::Error| ArchiveError::Unwritable { what: of.to_owned(), source };
        let value = serde_json::to_value(self).map_err(unwritable)?;
        let mut text = serde_json::to_string_pretty(&sorted(value)).map_err(unwritable)?;
        text.push('\n');
        Ok(text)
    }
}

/// The same value with the keys of every object in order, whatever order the map type keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let entries = entries.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
