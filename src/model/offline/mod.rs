//! The offline optimiser: answers without a language model, without a key, without a network.
//!
//! It is a real optimiser and not a script of canned answers: as worker it mutates and recombines the program on its
//! syntax tree, from the task's ingredient pool (`pool`) and from other candidates; as meta role it steps numbers and
//! swaps hooks of the strategy, by the measured effect of what was tried. It writes the same answers as a model, so that
//! everything after the answer is shared. What it reads is the [`Brief`], never the prompt: prompts have no effect here.
//! An answer depends on the request and its seed alone.

mod advice;
mod cases;
mod draw;
mod focus;
mod graft;
mod insert;
mod judge;
mod meta;
mod names;
mod number;
mod place;
mod pool;
mod shrink;
mod syntax;
mod tweak;
mod worker;

use super::{Brief, Reply, Request};
use crate::base::rng::stream;
use crate::domain::event::CallCost;
use worker::Manner;

/// Why the offline optimiser has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// Nothing that may be edited is Python.
    #[error(
        "the offline optimiser changes Python only, and none of the editable files is Python that parses \
         ({editable}); name another model in `agent.toml`"
    )]
    NotPython {
        /// What may change, in words.
        editable: String,
    },
    /// Every operator has weight 0.
    #[error(
        "every operator in `[operators]` of agent.toml is switched off; give one a weight above 0"
    )]
    AllOff,
    /// The agent's configuration is no TOML.
    #[error("agent.toml cannot be read: {reason}")]
    UnreadableAgent {
        /// What the parser says.
        reason: String,
    },
    /// Nothing of the agent that the offline meta role can change may be changed.
    #[error(
        "the offline meta role changes agent.toml, strategy.star and the notes in memory/, and found no change to make \
         (allowed: {}); let the rewrite include one of them, or name another model", .editable.join(", ")
    )]
    NothingToRewrite {
        /// The paths that may change; empty: all.
        editable: Vec<String>,
    },
    /// The search found nothing new.
    #[error(
        "{draws} draws gave no program that parses and is new; the ingredient pool may be empty or unreadable, or the \
         operators left on find no place"
    )]
    NoChange {
        /// How many proposals were drawn.
        draws: u32,
    },
}

/// The answer of the alias `offline`: guided by weights, references, failures and lessons.
pub fn answer(request: &Request) -> Result<Reply, OfflineError> {
    reply(request, Manner::Guided)
}

/// The answer of the alias `random`: the same moves, all alike, nothing learned. The baseline.
pub fn random(request: &Request) -> Result<Reply, OfflineError> {
    reply(request, Manner::Uniform)
}

/// How many pieces a task's ingredients offer; `None` when they are no pool.
pub fn pieces(ingredients: &str) -> Option<usize> {
    pool::Pool::of(ingredients).map(|pool| pool.pieces.len())
}

fn reply(request: &Request, manner: Manner) -> Result<Reply, OfflineError> {
    let purpose = match manner {
        Manner::Guided => "offline answer",
        Manner::Uniform => "random answer",
    };
    let mut rng = stream(request.seed, purpose, &[]);
    let text = match &*request.brief {
        Brief::Worker(brief) => worker::answer(brief, manner, &mut rng)?,
        Brief::Meta(brief) => meta::answer(request, brief, manner, &mut rng)?,
        Brief::Cases(brief) => cases::answer(brief, &mut rng),
        Brief::Judge(brief) => judge::answer(brief),
        Brief::Advice(brief) => advice::answer(brief, manner, &mut rng),
    };
    Ok(Reply { text, calls: Vec::new(), kept: None, cost: CallCost::default() })
}
