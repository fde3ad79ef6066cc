//! Why there is no answer, and what that means for the run.

use super::budget::{Cap, Scope};
use super::offline::OfflineError;
use super::scripted::ScriptFault;
use crate::base::id::Alias;
use crate::domain::event::{CallCost, CallKey, CapScope};
use crate::domain::settings_rule::SettingFault;

/// Why a question has no answer. No variant holds a key.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The alias is not defined.
    #[error("model alias `{alias}` is not defined in hyperagent.toml; known: {known}")]
    UnknownAlias {
        /// The alias asked.
        alias: Alias,
        /// The aliases there are, separated by commas.
        known: String,
    },
    /// The variable that should hold the key has no value.
    #[error(
        "model `{alias}` needs a key, but the environment variable {variable} is not set; set it, or put `{variable}=…` into .env in the lab"
    )]
    MissingKey {
        /// The alias.
        alias: Alias,
        /// The variable `key_env` names.
        variable: String,
    },
    /// The alias stands for several models, and nobody chose one.
    #[error("`{alias}` is an ensemble; name one of its members: {members}")]
    Ensemble {
        /// The alias.
        alias: Alias,
        /// Its members, separated by commas.
        members: String,
    },
    /// The key holds characters that a header cannot carry.
    #[error(
        "the key of model `{alias}` in {variable} holds characters that cannot be sent; set it again"
    )]
    BadKey {
        /// The alias.
        alias: Alias,
        /// The variable `key_env` names.
        variable: String,
    },
    /// A setting breaks a rule.
    #[error("hyperagent.toml: {0}")]
    Setting(#[from] SettingFault),
    /// A cap in dollars cannot hold for a model of unknown price.
    #[error(
        "budget.max_usd is set, but model `{alias}` has no price, so the cap could not hold; set models.{alias}.price_usd_per_mtok (0 for a server that costs nothing), for a command usage.usd, or use max_tokens or max_calls"
    )]
    CapWithoutPrice {
        /// The alias.
        alias: Alias,
    },
    /// This build speaks no HTTP.
    #[error(
        "model `{alias}` is reached over HTTP, which this build leaves out; build with the cargo feature `http`"
    )]
    NoHttp {
        /// The alias.
        alias: Alias,
    },
    /// This build tells no collector.
    #[error(
        "telemetry.endpoint is set, but this build leaves OpenTelemetry out; build with the cargo feature `otel`, or take the setting out"
    )]
    NoTelemetry,
    /// The HTTP client could not be made.
    #[error("the HTTP client of model `{alias}` could not be made")]
    Client {
        /// The alias.
        alias: Alias,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file of a scripted model is unusable or has no answer for the call.
    #[error(transparent)]
    Script(#[from] ScriptFault),
    /// The recorded run of a replayed model was not loaded.
    #[error("model `{alias}` replays `{run}`, whose record is not at hand")]
    NoRecording {
        /// The alias.
        alias: Alias,
        /// The run it replays.
        run: String,
    },
    /// The recorded run holds no answer for the call.
    #[error("the record of `{run}` holds no answer for {key}")]
    NotRecorded {
        /// The run replayed.
        run: String,
        /// The call.
        key: CallKey,
    },
    /// The program of a `command` model is not there.
    #[error(
        "model `{alias}` runs `{program}`, which is no file of the lab and in no folder of PATH; install it, or mend models.{alias}.command"
    )]
    NoProgram {
        /// The alias.
        alias: Alias,
        /// The program as written.
        program: String,
    },
    /// A variable that a `command` model is to have has no value.
    #[error(
        "model `{alias}` is to have the environment variable {variable}, which is not set; set it, put `{variable}=…` into .env in the lab, or take it out of models.{alias}.env"
    )]
    MissingVariable {
        /// The alias.
        alias: Alias,
        /// The variable.
        variable: String,
    },
    /// The machine could not lay out the folder of a `command` model, or start it.
    #[error("model `{alias}`: its program could not be run: {source}")]
    Command {
        /// The alias.
        alias: Alias,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The provider refuses the request; asking again would not help.
    #[error("model `{alias}`: the provider refused the request with status {status}: {message}")]
    Refused {
        /// The alias.
        alias: Alias,
        /// The HTTP status.
        status: u16,
        /// The provider's own words, without the key.
        message: String,
    },
    /// The provider could not be reached or kept failing; the run can go on later.
    #[error("model `{alias}` is unavailable: {last} ({requests} requests, {waited_ms} ms)")]
    Unavailable {
        /// The alias.
        alias: Alias,
        /// Requests sent.
        requests: u32,
        /// Wall time spent on them, milliseconds.
        waited_ms: u64,
        /// The last failure.
        last: Trouble,
    },
    /// The model answered, but not with an answer; the call is paid.
    #[error("model `{alias}` gave no answer: {fault}")]
    NotAnAnswer {
        /// The alias.
        alias: Alias,
        /// What came instead.
        fault: AnswerFault,
        /// The text there is, for the trace.
        text: String,
        /// What the call used.
        cost: Box<CallCost>,
    },
    /// A cap of the budget is reached.
    #[error("{scope} is spent: {cap} (used: {used}); raise it to go on")]
    BudgetSpent {
        /// What it holds for.
        scope: Scope,
        /// The cap.
        cap: Cap,
        /// What has been used, in the cap's own unit.
        used: String,
    },
    /// The offline optimiser found nothing to propose.
    #[error("model `{alias}`: {source}")]
    Offline {
        /// The alias.
        alias: Alias,
        /// Why.
        source: OfflineError,
    },
    /// The caller gave the question up.
    #[error("the question was cancelled")]
    Cancelled,
}

/// A failure that may pass, as seen in one request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The provider said so by a status.
    #[error("status {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The provider's own words, without the key.
        message: String,
    },
    /// No connection.
    #[error("no connection: {reason}")]
    Connect {
        /// Why.
        reason: String,
    },
    /// A time-out.
    #[error("timed out {phase}")]
    TimedOut {
        /// Which one.
        phase: Phase,
    },
    /// The connection ended early.
    #[error("the answer broke off: {reason}")]
    Broken {
        /// Why.
        reason: String,
    },
    /// The provider answers nobody, and the call was not even sent.
    #[error("the provider is away: {reason}")]
    Paused {
        /// The last failure.
        reason: String,
    },
    /// An answer that is not of the dialect.
    #[error("an answer that makes no sense: {reason}")]
    Garbled {
        /// In which way.
        reason: String,
    },
}

impl Trouble {
    /// Whether the provider may have made an answer, and bills it, though none arrived whole.
    pub fn may_be_billed(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Garbled { .. } => true,
            Self::TimedOut { phase } => *phase != Phase::Connect,
            Self::Status { .. } | Self::Connect { .. } | Self::Paused { .. } => false,
        }
    }
}

/// The part of a request that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Until the connection stands.
    Connect,
    /// Until the first byte of the answer.
    FirstByte,
    /// Between two pieces of the answer.
    Idle,
    /// The whole request.
    Total,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "while connecting (timeouts_ms.connect)",
            Self::FirstByte => "before the first byte (timeouts_ms.first_byte)",
            Self::Idle => "in the middle of the answer (timeouts_ms.idle)",
            Self::Total => "as a whole (timeouts_ms.total or retry.total_ms)",
        })
    }
}

/// What came instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// The answer was cut off at the longest length; a cut-off answer is not an answer.
    #[error("cut off at the longest answer allowed (max_output_tokens of the role)")]
    Truncated,
    /// No text at all.
    #[error("it holds no text")]
    Empty,
    /// The model declined.
    #[error("the model declined: {reason}")]
    Declined {
        /// Its words.
        reason: String,
    },
    /// The provider's filter held the answer or the prompt back.
    #[error("held back by the provider's content filter")]
    Filtered,
    /// A call of a tool, though none was offered.
    #[error("a tool call, though no tool was offered")]
    ToolCall,
    /// A call of a tool that cannot be read.
    #[error("a tool call that cannot be read: {reason}")]
    BrokenToolCall {
        /// In which way.
        reason: String,
    },
    /// The prompt does not fit the model.
    #[error("the prompt is too long for the model: {reason}")]
    PromptTooLong {
        /// The provider's own words.
        reason: String,
    },
    /// A program whose time was up.
    #[error("it took longer than {ms} ms (timeouts_ms.total) and was ended")]
    TookTooLong {
        /// The time it had.
        ms: u64,
    },
    /// A program that wrote without end.
    #[error("it wrote more than {kb} KiB (max_output_kb) and was ended")]
    TooMuch {
        /// What it might have written.
        kb: u64,
    },
    /// What a recorded run says came instead.
    #[error("{reason}")]
    Recorded {
        /// Its words.
        reason: String,
    },
}

/// What a missing answer means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The settings or the key have to be mended first (exit code 2).
    MendSettings,
    /// The run pauses and can be resumed when the provider is back (exit code 4).
    Pause,
    /// The attempt is spent and the run goes on.
    SpendAttempt,
    /// The run halts at its budget.
    HaltAtBudget,
    /// The generation or the role may use no more; what asked ends, and the run goes on.
    EndWork(CapScope),
    /// The caller wanted it so.
    Interrupted,
}

impl ModelError {
    /// What it means for the run.
    pub fn consequence(&self) -> Consequence {
        match self {
            Self::UnknownAlias { .. }
            | Self::Ensemble { .. }
            | Self::MissingKey { .. }
            | Self::BadKey { .. }
            | Self::Setting(_)
            | Self::CapWithoutPrice { .. }
            | Self::NoHttp { .. }
            | Self::NoTelemetry
            | Self::Client { .. }
            | Self::Script(_)
            | Self::NoRecording { .. }
            | Self::NotRecorded { .. }
            | Self::NoProgram { .. }
            | Self::MissingVariable { .. }
            | Self::Command { .. }
            | Self::Offline { source: OfflineError::NotPython { .. }, .. }
            | Self::Refused { .. } => Consequence::MendSettings,
            Self::Unavailable { .. } => Consequence::Pause,
            // An agent may switch its own operators off; that costs it attempts, not the run.
            Self::NotAnAnswer { .. }
            | Self::Offline {
                source:
                    OfflineError::AllOff
                    | OfflineError::NoChange { .. }
                    | OfflineError::UnreadableAgent { .. }
                    | OfflineError::NothingToRewrite { .. },
                ..
            } => Consequence::SpendAttempt,
            Self::BudgetSpent { scope, .. } => match scope.recorded() {
                None => Consequence::HaltAtBudget,
                Some(scope) => Consequence::EndWork(scope),
            },
            Self::Cancelled => Consequence::Interrupted,
        }
    }
}
