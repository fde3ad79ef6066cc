//! One call of a model: which it is, what it used, and what failed before it was answered.

use serde::{Deserialize, Serialize};

use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::tagged::tagged;
use crate::base::unit::MicroUsd;

/// Which answer of a model is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case")]
pub enum CallKey {
    /// A worker's answer.
    Attempt {
        /// The generation measured.
        generation: GenerationId,
        /// Its episode.
        episode: EpisodeId,
        /// The attempt, from 1.
        attempt: u32,
        /// The turn: 0 the first answer, then repairs.
        turn: u32,
    },
    /// A meta role's answer.
    Rewrite {
        /// The generation being made.
        generation: GenerationId,
        /// The turn: 0 the first answer, then repairs.
        turn: u32,
    },
    /// A tester's answer.
    Attack {
        /// The generation whose tester is asked.
        generation: GenerationId,
        /// The task.
        task: TaskName,
        /// The step, from 0.
        step: u32,
        /// The turn: 0 the first answer, then the repair.
        turn: u32,
    },
    /// The answer of a role that is asked for advice.
    Consult {
        /// The generation measured.
        generation: GenerationId,
        /// Its episode.
        episode: EpisodeId,
        /// Which time in the episode advice is asked, from 1.
        consult: u32,
        /// The turn: 0 the first answer, then the repair.
        turn: u32,
    },
    /// A judge's answer.
    Judge {
        /// The generation whose judge is asked.
        generation: GenerationId,
        /// The step, from 0.
        step: u32,
        /// Which candidate of the step, from 0.
        place: u32,
        /// The turn: 0 the first answer, then the repair.
        turn: u32,
    },
}

tagged!(CallKey, "call");

impl CallKey {
    /// The generation it is about.
    pub fn generation(&self) -> GenerationId {
        match self {
            Self::Attempt { generation, .. }
            | Self::Rewrite { generation, .. }
            | Self::Attack { generation, .. }
            | Self::Judge { generation, .. }
            | Self::Consult { generation, .. } => *generation,
        }
    }

    /// The episode it belongs to.
    pub fn episode(&self) -> Option<&EpisodeId> {
        match self {
            Self::Attempt { episode, .. } | Self::Consult { episode, .. } => Some(episode),
            Self::Rewrite { .. } | Self::Attack { .. } | Self::Judge { .. } => None,
        }
    }

    /// Its turn.
    pub fn turn(&self) -> u32 {
        match self {
            Self::Attempt { turn, .. }
            | Self::Rewrite { turn, .. }
            | Self::Attack { turn, .. }
            | Self::Judge { turn, .. }
            | Self::Consult { turn, .. } => *turn,
        }
    }

    /// Its number among its like: the attempt, the generation, or the time advice is asked.
    pub fn number(&self) -> u32 {
        match self {
            Self::Attempt { attempt, .. } => *attempt,
            Self::Rewrite { generation, .. } => generation.0,
            Self::Attack { step, .. } | Self::Judge { step, .. } => *step,
            Self::Consult { consult, .. } => *consult,
        }
    }
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attempt { generation, episode, attempt, turn } => {
                write!(f, "{generation}, episode {episode}, attempt {attempt}, turn {turn}")
            }
            Self::Rewrite { generation, turn } => write!(f, "{generation}, turn {turn}"),
            Self::Attack { generation, task, step, turn } => {
                write!(f, "{generation}, attack of step {step} on {task}, turn {turn}")
            }
            Self::Judge { generation, step, place, turn } => {
                write!(f, "{generation}, verdict {place} of step {step}, turn {turn}")
            }
            Self::Consult { generation, episode, consult, turn } => {
                write!(f, "{generation}, episode {episode}, advice {consult}, turn {turn}")
            }
        }
    }
}

/// What a model call used. Tokens are `None` where the model does not count (offline) or did not say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallCost {
    /// Input tokens, cached ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Input tokens the provider had cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Input tokens the provider wrote to its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Of these, tokens spent on reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The alias that answered in place of the one asked, which was unavailable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<Alias>,
    /// The model that answered, where the provider names another than the one asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// Files that a `command` model changed and must not; they are as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<String>,
    /// The cap for which nobody was asked at all; a cap of the run never stands here, because it lets the run stand still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapScope>,
    /// The price; `None` = unknown, never 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<MicroUsd>,
    /// Requests sent, retries included.
    #[serde(default)]
    pub requests: u32,
    /// Wall time, milliseconds.
    #[serde(default)]
    pub wall_ms: u64,
    /// The requests that failed before this came of it, oldest first; of many, the first and the last few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
}

/// A request that failed, and was sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// When it had failed, milliseconds from the start of the call.
    pub at_ms: u64,
    /// What failed, in words.
    pub why: String,
}

/// The part of a run whose cap is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapScope {
    /// The generation made or measured.
    Generation,
    /// The role asked.
    Role,
}

impl CapScope {
    /// The class of what a cap kept from being asked, as attempts record it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Generation => "cap_generation",
            Self::Role => "cap_role",
        }
    }
}
