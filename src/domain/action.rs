//! The actions a strategy may return. The kernel performs exactly one, journals it, and asks again.
//!
//! Twelve actions are part of the contract (`docs/strategy.md`); each loop performs its own and refuses the others by name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agent::AnswerFormat;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::base::tagged::tagged;

mod fields;
mod reading;

pub use fields::ActionFault;

/// Small scalars a script stores with a record: at most eight.
pub type Tag = Map<String, Value>;

/// What the outer loop may do. The subject is a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
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
        /// More prompt variables; what the hook `vars` says joins them.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        vars: Map<String, Value>,
        /// Rewrites made at once, each from the same copy.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        n: u32,
        /// Scalars stored with the generation.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        tag: Tag,
    },
    /// Merge two generations file by file, without a model.
    Merge {
        /// The generation whose folder is copied.
        a: GenerationId,
        /// The generation merged into it.
        b: GenerationId,
        /// What both are held against; absent: their newest common ancestor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<GenerationId>,
        /// Whose text stays where both changed the same lines.
        #[serde(default)]
        prefer: Prefer,
        /// Scalars stored with the generation.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        tag: Tag,
    },
    /// Let the meta role of `by` write one note of a copy of `about`.
    Reflect {
        /// Whose meta role writes.
        by: GenerationId,
        /// The generation whose memory it is.
        about: GenerationId,
        /// The note.
        to: String,
    },
    /// Measure a generation on episodes.
    Evaluate {
        /// The generation.
        who: GenerationId,
        /// The episodes.
        cases: Vec<EpisodeId>,
        /// Attempts of each episode; absent: the run's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tries: Option<u32>,
        /// What the episodes start from.
        #[serde(default, skip_serializing_if = "Purpose::is_measure")]
        purpose: Purpose,
    },
    /// Let the tester of a generation propose cases that break others.
    Attack {
        /// Whose tester proposes.
        by: GenerationId,
        /// Those to break; empty: all other live generations.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        targets: Vec<GenerationId>,
        /// Cases of each task.
        n: u32,
    },
    /// Let the judge of a generation say what candidates are worth, without measuring them.
    Judge {
        /// Whose judge.
        by: GenerationId,
        /// The generation whose best solutions it reads; absent: candidates of the epoch's anchor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<GenerationId>,
        /// How many candidates.
        n: u32,
    },
    /// Begin an epoch: judge and utility are others from here on, or stay.
    Epoch {
        /// Whose judge is the epoch's; absent: it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judge: Option<GenerationId>,
        /// Whose `utility` ranks; absent: it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        utility: Option<GenerationId>,
    },
    /// Take a generation out of selection; nothing is deleted.
    Retire {
        /// The generation.
        who: GenerationId,
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
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
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
        /// The form of the answer; absent: the role's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<AnswerFormat>,
        /// A candidate as similar as this to an earlier one of the episode goes back to its author, 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_similarity: Option<f64>,
        /// How often it goes back for that reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resample: Option<u32>,
        /// Scalars stored with the attempt.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        tag: Tag,
    },
    /// Ask a role what to do next about an attempt; never a score.
    Review {
        /// The attempt.
        of: u32,
        /// The role asked.
        role: String,
        /// What the prompt shows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        show: Vec<String>,
    },
    /// Ask a role for a note that the rest of the episode's prompts show.
    Reflect {
        /// The role asked.
        by: String,
        /// The attempts it is about; empty: the whole episode.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<u32>,
        /// The note, a name in `memory/`.
        to: String,
    },
    /// End the episode.
    Stop {
        /// Why.
        #[serde(default)]
        why: String,
    },
}

tagged!(OuterAction, "do");
tagged!(InnerAction, "do");

/// Adds what the hook `vars` returned to the variables of an action; the action's own come first.
pub fn add_variables(vars: &mut Map<String, Value>, returned: Value) -> Result<(), ActionFault> {
    for (name, value) in fields::variables("vars", returned)? {
        vars.entry(name).or_insert(value);
    }
    Ok(())
}

/// What the episodes of an evaluate action start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Where the run's `--start` says: generations are compared.
    #[default]
    Measure,
    /// The generation's own best solution: it goes on where it was.
    Continue,
}

impl Purpose {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    fn is_measure(&self) -> bool {
        *self == Self::Measure
    }
}

/// Whose text stays where a merge meets two changes of the same lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// The first's.
    A,
    /// The second's.
    B,
    /// That of the generation with the higher mean; ties: the first's.
    #[default]
    HigherScore,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

impl OuterAction {
    /// The generations it makes: 0 for an action that makes none.
    pub fn makes(&self) -> u32 {
        match self {
            Self::Expand { n, .. } => *n,
            Self::Merge { .. } | Self::Reflect { .. } => 1,
            Self::Evaluate { .. }
            | Self::Attack { .. }
            | Self::Judge { .. }
            | Self::Epoch { .. }
            | Self::Retire { .. }
            | Self::Promote { .. }
            | Self::Stop { .. } => 0,
        }
    }

    /// Its name, as scripts write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Expand { .. } => "expand",
            Self::Merge { .. } => "merge",
            Self::Reflect { .. } => "reflect",
            Self::Evaluate { .. } => "evaluate",
            Self::Attack { .. } => "attack",
            Self::Judge { .. } => "judge",
            Self::Epoch { .. } => "epoch",
            Self::Retire { .. } => "retire",
            Self::Promote { .. } => "promote",
            Self::Stop { .. } => "stop",
        }
    }
}

/// Every action of the contract, in the order of the documentation.
pub const ACTIONS: [&str; 12] = [
    "expand", "merge", "propose", "evaluate", "judge", "attack", "review", "reflect", "epoch",
    "promote", "retire", "stop",
];
