//! What a person says about a model: a table `[models.ALIAS]` of `hyperagent.toml`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::id::Alias;

/// The wire dialect or built-in that answers for an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// The offline optimiser.
    Offline,
    /// Uniformly random valid proposals: the baseline.
    Random,
    /// Answers from a file, in order; for tests.
    Scripted,
    /// The answers of a recorded run.
    Replay,
    /// OpenAI's chat completions, and every compatible server.
    OpenaiChat,
    /// OpenAI's responses.
    OpenaiResponses,
    /// Anthropic's messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// A program of the person's, such as a coding agent, that changes files in a folder.
    Command,
    /// A person at the terminal.
    Manual,
}

impl Dialect {
    /// Whether a provider behind HTTP answers.
    pub fn is_wire(self) -> bool {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses | Self::Anthropic | Self::Gemini => true,
            Self::Offline
            | Self::Random
            | Self::Scripted
            | Self::Replay
            | Self::Command
            | Self::Manual => false,
        }
    }

    /// Its name in `hyperagent.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Random => "random",
            Self::Scripted => "scripted",
            Self::Replay => "replay",
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Command => "command",
            Self::Manual => "manual",
        }
    }
}

/// How much a model reasons before it answers. Which efforts there are differs between dialects and models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as can be.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More than much.
    Xhigh,
    /// As much as can be.
    Max,
}

impl Effort {
    /// Its word, the same in the settings and on every wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// Whether a dialect has a word for it.
    pub fn is_known_to(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => true,
            Dialect::Anthropic => !matches!(self, Self::None | Self::Minimal),
            Dialect::Gemini => !matches!(self, Self::None | Self::Xhigh | Self::Max),
            Dialect::Offline
            | Dialect::Random
            | Dialect::Scripted
            | Dialect::Replay
            | Dialect::Command
            | Dialect::Manual => false,
        }
    }
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Who answers.
    pub dialect: Dialect,
    /// The server's base URL: up to and without the path of the dialect, such as `/chat/completions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The provider's name of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The environment variable that holds the key; absent: no key is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The file of a scripted model, or the run of a replayed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The program of a `command` model and its arguments. In an argument `{prompt}` stands for the file with the prompt,
    /// `{folder}` for the folder to change and `{archive}` for the one beside it that is read-only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The environment variables a `command` model gets; it gets no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Where a `command` model that prints JSON says what it used; absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageSpec>,
    /// The most a `command` model may write to each of its outputs, KiB; absent: 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_kb: Option<u64>,
    /// Prices; absent: unknown, shown as n/a and never as 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_usd_per_mtok: Option<Price>,
    /// Calls under way at once.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: u32,
    /// Time-outs.
    #[serde(default)]
    pub timeouts_ms: Timeouts,
    /// Asking again after a failure that may pass.
    #[serde(default)]
    pub retry: RetrySpec,
    /// How much it reasons; absent: as the provider does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether answers are streamed: a stalled answer is then told from a long one.
    #[serde(default = "default_stream")]
    pub stream: bool,
    /// How the model calls tools; absent: natively at a provider's own address, in words elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolUse>,
    /// Whether the provider is asked to keep prompts for later calls, where it does so on request only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompt_cache: bool,
    /// Aliases asked in turn while this one is unavailable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Alias>,
    /// Parameters the server does not take; they are left out of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<WireParameter>,
    /// More members of the request body, sent as they stand; they win over the kernel's own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub body: Map<String, Value>,
}

impl ModelSpec {
    /// A model of this dialect with every other setting at its default.
    pub fn of(dialect: Dialect) -> Self {
        Self {
            dialect,
            base_url: None,
            model: None,
            key_env: None,
            source: None,
            command: Vec::new(),
            env: Vec::new(),
            usage: None,
            max_output_kb: None,
            price_usd_per_mtok: None,
            max_in_flight: default_max_in_flight(),
            timeouts_ms: Timeouts::default(),
            retry: RetrySpec::default(),
            effort: None,
            stream: default_stream(),
            tools: None,
            prompt_cache: false,
            fallback: Vec::new(),
            omit: Vec::new(),
            body: Map::new(),
        }
    }
}

impl ModelSpec {
    /// Whether tools are offered as the dialect's own. Of a server at another address it is not known whether it can.
    pub fn calls_natively(&self) -> bool {
        let known = self.base_url.is_none();
        self.dialect.is_wire() && self.tools.map_or(known, |tools| tools == ToolUse::Native)
    }
}

impl ModelSpec {
    /// Whether the answers of a program say what they cost.
    pub fn tells_price(&self) -> bool {
        self.dialect == Dialect::Command
            && self.usage.as_ref().is_some_and(|usage| usage.usd.is_some())
    }
}

/// How a model calls tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolUse {
    /// As the dialect does, with JSON schemas.
    Native,
    /// By lines of its answer.
    Text,
}

/// Where a program's JSON says what it used: paths of member names joined by dots. Several paths are added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageSpec {
    /// Input tokens, cached ones included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_tokens: Vec<String>,
    /// Of these, tokens the provider had cached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cached_tokens: Vec<String>,
    /// Output tokens, reasoning included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_tokens: Vec<String>,
    /// US dollars; where it is said, it counts instead of tokens at `price_usd_per_mtok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<String>,
    /// What the program says, for its answer or its summary; absent: all it prints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A parameter of a request that some servers refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireParameter {
    /// The sampling temperature.
    Temperature,
    /// Nucleus sampling.
    TopP,
    /// The seed.
    Seed,
    /// The longest answer.
    MaxTokens,
    /// The wish for token counts at the end of a streamed answer (`openai-chat`).
    StreamOptions,
}

/// When to ask again, and when to give up: whichever limit is met first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySpec {
    /// Requests sent for one answer, the first included; while the provider answers nobody, they do not count. By default
    /// so many that chance does not end a long run: where three of ten requests fail, one call in 230 million is given up
    /// (0.3¹⁶), with ten it would be one in 170,000.
    pub requests: u32,
    /// The longest first wait, milliseconds; it doubles with every further one.
    pub first_wait_ms: u64,
    /// The longest wait, milliseconds, unless the provider asks for more.
    pub longest_wait_ms: u64,
    /// Everything together, waits and requests, milliseconds.
    pub total_ms: u64,
}

impl Default for RetrySpec {
    fn default() -> Self {
        Self { requests: 16, first_wait_ms: 500, longest_wait_ms: 30_000, total_ms: 900_000 }
    }
}

fn default_max_in_flight() -> u32 {
    16
}

fn default_stream() -> bool {
    true
}

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Input tokens.
    pub input: f64,
    /// Input tokens the provider had cached; absent: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Input tokens written to the provider's cache; absent: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// Output tokens, reasoning included.
    pub output: f64,
}

/// Time-outs of one model call, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: u64,
    /// Until the first byte of the answer.
    pub first_byte: u64,
    /// Between two pieces of the answer.
    pub idle: u64,
    /// The whole call, retries apart.
    pub total: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: 10_000, first_byte: 120_000, idle: 60_000, total: 600_000 }
    }
}
