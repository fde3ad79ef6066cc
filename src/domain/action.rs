//! The actions a strategy may return. The kernel performs exactly one, journals it, and asks again.
//!
//! Twelve actions are part of the contract (`docs/strategy.md`); this version performs five of them and refuses the
//! others by name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::id::{Alias, EpisodeId, GenerationId};

mod reading;

pub use reading::ActionFault;

/// Small scalars a script stores with a record: at most eight.
pub type Tag = Map<String, Value>;

/// What the outer loop may do. The subject is a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum OuterAction {
    /// Let the meta role of `by` rewrite a copy of `parent`.
    Expand {
        /// The generation copied.
        parent: GenerationId,
        /// Whose meta role rewrites; absent: the parent's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<GenerationId>,
        /// Other generations shown.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refs: Vec<GenerationId>,
        /// A word for the kind of rewrite; goes into the commit.
        op: String,
        /// Episodes the rewrite should look at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        focus: Vec<EpisodeId>,
        /// What the prompt shows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        show: Vec<String>,
        /// The paths that may change; empty: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        edit: Vec<String>,
        /// Another model for this call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Alias>,
        /// Scalars stored with the generation.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        tag: Tag,
    },
    /// Measure a generation on episodes.
    Evaluate {
        /// The generation.
        who: GenerationId,
        /// The episodes.
        cases: Vec<EpisodeId>,
    },
    /// Ask the kernel to certify a generation.
    Promote {
        /// The generation.
        who: GenerationId,
    },
    /// End the run.
    Stop {
        /// The generation the script would pick.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pick: Option<GenerationId>,
        /// Why.
        #[serde(default)]
        why: String,
    },
}

/// What the inner loop may do. The subject is a candidate, known by the number of its attempt; 0 is the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum InnerAction {
    /// Ask a role for a new candidate.
    Propose {
        /// The attempt whose candidate is changed.
        base: u32,
        /// Other attempts shown or recombined.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refs: Vec<u32>,
        /// A word for the kind of change.
        op: String,
        /// The role asked.
        role: String,
        /// What the prompt shows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        show: Vec<String>,
        /// More prompt variables.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        vars: Map<String, Value>,
        /// Another model for this call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<Alias>,
        /// Scalars stored with the attempt.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        tag: Tag,
    },
    /// End the episode.
    Stop {
        /// Why.
        #[serde(default)]
        why: String,
    },
}

/// Every action of the contract, in the order of the documentation.
pub const ACTIONS: [&str; 12] = [
    "expand", "merge", "propose", "evaluate", "judge", "attack", "review", "reflect", "epoch",
    "promote", "retire", "stop",
];
