//! What is asked and what comes back, the same for every model.

use std::sync::Arc;

use crate::base::id::Alias;
use crate::domain::event::{CallCost, CallKey};
use crate::domain::files::FileSet;

use super::brief::Brief;
use super::chat::{Chat, Turn};

/// One question to a model.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which call of the run this is; replay looks the answer up by it.
    pub key: CallKey,
    /// The role that asks.
    pub role: String,
    /// The model asked.
    pub alias: Alias,
    /// The conversation: the prompt, then answers and repair notes in turn.
    pub messages: Vec<Message>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The longest answer, tokens.
    pub max_output_tokens: u32,
    /// The seed of this call, derived from the run's.
    pub seed: u64,
    /// What the offline optimiser works on; models over a wire never see it.
    pub brief: Arc<Brief>,
    /// Files a command may read beside those it changes.
    pub beside: Arc<FileSet>,
}

impl Request {
    /// The whole conversation as one text: what is hashed into the journal and kept as evidence.
    pub fn text(&self) -> String {
        self.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// What of it goes over a wire.
    pub fn chat(&self) -> Chat {
        let turn = |message: &Message| match message.speaker {
            Speaker::User => Turn::User(message.text.clone()),
            Speaker::Assistant => Turn::Assistant { text: message.text.clone(), calls: Vec::new() },
        };
        Chat {
            turns: self.messages.iter().map(turn).collect(),
            tools: Vec::new(),
            schema: None,
            temperature: self.temperature,
            top_p: self.top_p,
            max_output_tokens: self.max_output_tokens,
            seed: self.seed,
            family: self.role.clone(),
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The kernel.
    User,
    /// The model.
    Assistant,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The answer's text.
    pub text: String,
    /// What it used.
    pub cost: CallCost,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::id::GenerationId;
    use crate::domain::agent::{AnswerFormat, Operators};
    use crate::model::brief::WorkerBrief;

    /// A worker's first question.
    pub(in crate::model) fn question(prompt: &str) -> Request {
        let brief = WorkerBrief {
            base: FileSet::default(),
            editable: Default::default(),
            references: Vec::new(),
            ingredients: String::new(),
            operators: Operators::default(),
            pieces: Default::default(),
            op: String::new(),
            failures: std::collections::BTreeMap::new(),
            format: AnswerFormat::Edit,
        };
        Request {
            key: key(0, "snake#0", 1, 0),
            role: "worker".into(),
            alias: "fast".parse().expect("an alias"),
            messages: vec![Message { speaker: Speaker::User, text: prompt.into() }],
            temperature: None,
            top_p: None,
            max_output_tokens: 100,
            seed: 1,
            brief: Arc::new(Brief::Worker(brief)),
            beside: Arc::default(),
        }
    }

    /// A worker's question of one attempt.
    pub(in crate::model) fn attempt(
        generation: u32,
        episode: &str,
        attempt: u32,
        turn: u32,
    ) -> Request {
        Request { key: key(generation, episode, attempt, turn), ..question("try") }
    }

    fn key(generation: u32, episode: &str, attempt: u32, turn: u32) -> CallKey {
        let episode = episode.parse().expect("an episode");
        CallKey::Attempt { generation: GenerationId(generation), episode, attempt, turn }
    }
}
