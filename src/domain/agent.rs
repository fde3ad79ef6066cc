//! What an agent is: a folder of prompts, numbers, one strategy script and notes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::FileSet;
use crate::base::id::Alias;

/// The configuration file of an agent.
pub const AGENT_TOML: &str = "agent.toml";
/// The strategy script of an agent.
pub const STRATEGY: &str = "strategy.star";

/// An agent's files, by path relative to its folder: `agent.toml`, `strategy.star`, `prompts/*.md`, `memory/*.md`.
pub type AgentFiles = FileSet;

/// How a role writes its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerFormat {
    /// SEARCH/REPLACE blocks.
    Edit,
    /// Whole files.
    Full,
}

/// One role of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The prompt file, relative to the agent's folder.
    pub prompt: String,
    /// The model the role asks.
    pub model: Alias,
    /// The form of the answer.
    pub format: AnswerFormat,
    /// Sampling temperature, 0 to 2; absent: the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling, above 0 up to 1; absent: the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The longest answer, tokens.
    #[serde(default = "default_max_output_tokens")]
    pub max_output_tokens: u32,
    /// Turns of one task of the role, 1 to 32.
    #[serde(default = "default_turns")]
    pub turns: u32,
    /// Tools a worker may use before it answers: `history`, `test`. The meta role has its own as soon as it has turns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
}

fn default_max_output_tokens() -> u32 {
    8192
}

fn default_turns() -> u32 {
    1
}

/// `agent.toml`, parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// The roles by name; `worker` and `meta` are required.
    pub roles: BTreeMap<String, Role>,
    /// Numbers the strategy reads as `S.params` and `T.params`.
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
    /// Weights and step sizes of the offline optimiser; see [`Operators`].
    #[serde(default)]
    pub operators: Operators,
    /// How often the offline optimiser draws a building block of the task, by its name, against 1 for those not named.
    /// 0 leaves it out; a name that a task's pool does not have is ignored there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pieces: BTreeMap<String, f64>,
}

/// What steers the offline optimiser. Weights are relative, 0 switches an operator off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operators {
    /// Weight: step a number.
    pub num: f64,
    /// Weight: swap a comparison.
    pub cmp: f64,
    /// Weight: swap an arithmetic operator.
    pub arith: f64,
    /// Weight: insert a statement from the task's ingredients.
    pub stmt_insert: f64,
    /// Weight: take a statement or function from a reference solution.
    pub cross: f64,
    /// Weight: delete a statement or simplify.
    pub shrink: f64,
    /// Relative step of `num`, the sigma of a log-normal factor, 0.0001 to 2.
    pub sigma: f64,
    /// Mutations in one proposal: 1 plus a geometric number with this probability of one more, 0 to 0.9.
    pub more: f64,
}

impl Operators {
    /// The operators by the names that `agent.toml`, summaries and credit use.
    pub const NAMES: [&'static str; 6] = ["num", "cmp", "arith", "stmt_insert", "cross", "shrink"];
}

impl Default for Operators {
    fn default() -> Self {
        Self {
            num: 4.0,
            cmp: 1.0,
            arith: 1.0,
            stmt_insert: 4.0,
            cross: 1.0,
            shrink: 1.0,
            sigma: 0.3,
            more: 0.3,
        }
    }
}

/// One file of an agent as found on disk or in an answer, before anything is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFile {
    /// The path relative to the agent's folder, as given.
    pub path: String,
    /// What stands there.
    pub content: RawContent,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawContent {
    /// The bytes of a regular file.
    Bytes(Vec<u8>),
    /// A link; it is never followed.
    Link,
    /// A regular file too large to be read.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A socket, a device, a pipe.
    Special,
}
