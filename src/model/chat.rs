//! A conversation with a language model, the same for every dialect.
//!
//! [`super::Request`] is a call of a run: who asks, under which key, with what for the optimiser. A [`Chat`] is what of
//! it goes over a wire, and an [`Answer`] what comes back. Dialects translate these two and know nothing of runs.

use serde_json::Value;

use super::price::Tokens;
pub use crate::domain::kept::Kept;
pub use crate::domain::tool::ToolCall;

/// What is asked of a language model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chat {
    /// The conversation so far; the last turn is not the model's.
    pub turns: Vec<Turn>,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// The form the answer has to have, where the provider offers that.
    pub schema: Option<Schema>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The longest answer, tokens, reasoning included.
    pub max_output_tokens: u32,
    /// The seed of the draw, for providers that take one.
    pub seed: u64,
    /// Calls with the same word begin alike, so a provider's prompt cache may serve them together.
    pub family: String,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// The kernel speaks.
    User(String),
    /// The model spoke, called tools, or both.
    Assistant {
        /// What it said.
        text: String,
        /// What it called.
        calls: Vec<ToolCall>,
        /// The turn as its provider wants it back, for the dialect it came in; text and calls for any other.
        kept: Option<Kept>,
    },
    /// What the calls of the turn before came to.
    Results(Vec<ToolResult>),
}

/// A tool a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does and when to call it.
    pub description: String,
    /// Its arguments, as a JSON schema of an object.
    pub parameters: Value,
}

/// The form of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// A word for it.
    pub name: String,
    /// The JSON schema.
    pub schema: Value,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The call's id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The result, as the model is to read it.
    pub text: String,
}

/// What a language model answered: text, calls of tools that were offered, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The text, without thinking.
    pub text: String,
    /// Calls of tools that were offered.
    pub calls: Vec<ToolCall>,
    /// The answer as its provider wants it back with what the calls came to, where it wants more than text and calls.
    pub kept: Option<Kept>,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// What the answer used.
    pub tokens: Tokens,
}
