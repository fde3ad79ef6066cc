//! Who rewrites, where a run separates that from what is rewritten.

use serde::{Deserialize, Serialize};

use crate::base::id::GenerationId;

/// The one improver of a run. Its meta role makes every rewrite, whatever a script says, and the script of generation 0
/// decides all along; so what rewrites make of both is never used, and what is measured is one improver at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Improver {
    /// Generation 0: a run without self-improvement.
    Seed,
    /// Another agent: a transfer of what it has learnt about improving.
    Transferred {
        /// Where it came from, for people: a path or a seed's name.
        agent: String,
        /// The content hash of its files.
        agent_digest: String,
    },
}

impl Improver {
    /// Who it is, in words.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Seed => format!("{} alone", GenerationId(0)),
            Self::Transferred { agent, .. } => format!("{agent} alone"),
        }
    }
}
