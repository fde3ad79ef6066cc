//! What the journal says: the one list of everything that can happen in a run.
//!
//! State is a fold over these events; a fresh run and a resumed run read the same ones. An event that records an
//! effect carries its key (generation, episode, attempt, turn), so an effect found in the journal is never done twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::{InnerAction, OuterAction};
use super::agent::AgentFiles;
use super::files::FileSet;
use super::outcome::{CaseResult, Outcome, SandboxLevel, Usage, Violation};
use super::report::{AgentReport, ControlResult, PromotionReport, SolutionReport};
use super::sealed::{SealedPair, SealedResult};
use super::settings::Identity;
use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::base::unit::{MicroUsd, UnixMillis};

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The line's number, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: UnixMillis,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Which answer of a model is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
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
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attempt { generation, episode, attempt, turn } => {
                write!(f, "{generation}, episode {episode}, attempt {attempt}, turn {turn}")
            }
            Self::Rewrite { generation, turn } => write!(f, "{generation}, turn {turn}"),
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
    /// The price; `None` = unknown, never 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<MicroUsd>,
    /// Requests sent, retries included.
    #[serde(default)]
    pub requests: u32,
    /// Wall time, milliseconds.
    #[serde(default)]
    pub wall_ms: u64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// Measured and kept.
    Accepted,
    /// Measured and not kept.
    Rejected,
    /// The answer held no usable change, after the repairs.
    NoAnswer,
    /// Equal in content to an earlier candidate of the episode; not measured again.
    Duplicate,
    /// Refused before measurement: size, editable paths, syntax.
    Screened,
    /// Measured on the screening cases alone: its base did better on each of them.
    ScreenedOut,
    /// Measured, but no metric came of it.
    Failed,
}

/// The result of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptResult {
    /// How it ended.
    pub end: AttemptEnd,
    /// The measurement's outcome; `None` when it was never measured.
    pub outcome: Option<Outcome>,
    /// The candidate's content hash, when there is a candidate.
    pub candidate: Option<Digest>,
    /// The candidate's editable files, when it was accepted (others are rebuilt from the answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FileSet>,
    /// The mean metric on the train cases measured.
    pub metric: Option<f64>,
    /// The score of that metric.
    pub score: Option<f64>,
    /// Its score minus its base's, before clamping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Per case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseResult>,
    /// Lines of the candidate.
    pub lines: u32,
    /// Why, when it is not accepted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The failure's class, for counting.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_class: String,
    /// What the offline optimiser did, or the model's one-line summary.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The alias that answered last.
    pub model: Option<Alias>,
    /// What it tried or exceeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// What its evaluation used.
    #[serde(default)]
    pub usage: Usage,
    /// Trials made for it (cases measured).
    pub trials: u32,
    /// Answers that went back to their author before this came of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
}

/// An answer that was paid, did not fit, and went back to its author with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedBack {
    /// The turn it answered, from 0.
    pub turn: u32,
    /// What was wrong, in a word: a class of refusal, `duplicate`, or a stage of validation.
    pub class: String,
}

/// One finding about a rewrite, as the meta role and people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The code, `E` + stage + two digits, or `W…` for a warning that refuses nothing.
    pub code: String,
    /// The file, relative to the agent's folder.
    pub file: String,
    /// The line, from 1; 0 when it concerns the whole file.
    pub line: u32,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 {
            write!(f, "{} {} {}", self.code, self.file, self.message)
        } else {
            write!(f, "{} {}:{} {}", self.code, self.file, self.line, self.message)
        }
    }
}

/// A validation stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Paths, links, size, encoding, secrets, duplicates.
    Intake,
    /// TOML schema, template syntax, script syntax and lint.
    Parse,
    /// Hooks with their parameters, roles, variables, aliases, ranges.
    Signature,
    /// Every prompt rendered, every hook run twice, mock steps.
    DryRun,
}

impl Stage {
    /// Its name, as events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Parse => "parse",
            Self::Signature => "signature",
            Self::DryRun => "dry_run",
        }
    }
}

/// What one stage found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// Whether the rewrite passed it.
    pub ok: bool,
    /// How long it took, milliseconds; not part of any record that must repeat.
    pub ms: f64,
    /// What it found.
    pub diagnostics: Vec<Diagnostic>,
}

/// The state of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GenerationStatus {
    /// Passed validation.
    Valid,
    /// Stayed invalid after the repairs; never a parent.
    Rejected,
    /// Could not be made for reasons of the machine.
    Fault,
}

/// A generation as decided, before its objects are written: everything its commit is a function of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationPlan {
    /// Its number.
    pub generation: GenerationId,
    /// The generations it came from; the first is the one copied.
    pub parents: Vec<GenerationId>,
    /// Whose meta role wrote it; `None` for the seed.
    pub by: Option<GenerationId>,
    /// A word for the kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// The whole agent folder.
    pub files: AgentFiles,
    /// Paths that differ from the first parent.
    pub changed: Vec<String>,
    /// What changed, in a line.
    pub summary: String,
    /// The last findings; empty when valid.
    pub diagnostics: Vec<Diagnostic>,
    /// The stage that refused it.
    pub stage_failed: Option<Stage>,
    /// The alias of the meta role's model.
    pub model: Option<Alias>,
    /// Repairs it took.
    pub repairs: u32,
    /// Answers that went back to their author before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
    /// Scalars stored by the script.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub tag: super::action::Tag,
}

/// The result of one episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeResult {
    /// The train metric of the start.
    pub start_metric: Option<f64>,
    /// The train metric of the best candidate.
    pub metric: Option<f64>,
    /// Its score: what scripts see of the episode.
    pub score: f64,
    /// The best candidate's files.
    pub best: FileSet,
    /// Attempts made.
    pub attempts: u32,
    /// Of these, accepted.
    pub accepted: u32,
    /// Trials made.
    pub trials: u32,
    /// The mean over the select cases, for the kernel only.
    pub select_metric: Option<f64>,
    /// Its score.
    pub select_score: Option<f64>,
    /// Failures of its attempts by class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<String, FailureCount>,
    /// What each operator of the offline optimiser brought, and each building block (`pieces.NAME`); empty with other
    /// models.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credit: BTreeMap<String, OperatorCredit>,
}

/// How often a class of failure occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// How often.
    pub count: u32,
    /// The first one, in words.
    pub example: String,
}

/// What an operator or a building block of the offline optimiser has brought.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OperatorCredit {
    /// Proposals it took part in.
    pub tries: u32,
    /// Of these, accepted.
    pub accepted: u32,
    /// The sum of their gains in score.
    pub gain: f64,
}

/// Why a run is not running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// A person interrupted it.
    Interrupted,
    /// A person let the work under way come to its end, and nothing new begin.
    Paused,
    /// A cap was reached.
    Budget,
    /// A provider is unavailable.
    Provider,
    /// Five rewrites in a row stayed invalid.
    InvalidStreak,
    /// The machine failed.
    Environment,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists.
    RunStarted {
        /// What makes it what it is.
        identity: Identity,
        /// The agent it starts from.
        agent: AgentFiles,
        /// The kernel's version.
        kernel: String,
        /// The level candidates run at.
        sandbox: SandboxLevel,
    },
    /// A process took the run up again.
    RunResumed {
        /// The level candidates run at from here on.
        sandbox: SandboxLevel,
    },
    /// The outer script decided.
    Decided {
        /// The step, from 0.
        step: u32,
        /// The generation whose script was asked; `None` for the kernel itself (generation 0 is measured first).
        by: Option<GenerationId>,
        /// What it wants.
        action: OuterAction,
        /// How many actions had been taken in when the script was asked; those after it were still open. A resumed run asks
        /// no sooner and no later.
        #[serde(default)]
        settled: u32,
    },
    /// An action was refused by the guard (stage 4), or a script failed; it cost nothing.
    Refused {
        /// The step, from 0.
        step: u32,
        /// The generation whose script was asked.
        by: GenerationId,
        /// Why.
        diagnostic: Diagnostic,
        /// As in `Decided`.
        #[serde(default)]
        settled: u32,
    },
    /// A model answered; durable before the answer is used.
    Answered {
        /// Which call.
        key: CallKey,
        /// The role asked.
        role: String,
        /// The alias asked.
        alias: Alias,
        /// The prompt's content hash; its text is in the evidence.
        prompt: Digest,
        /// The answer.
        text: String,
        /// Why the text is not an answer (cut off, a refusal), if it is not; it was paid all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unusable: Option<String>,
        /// What it used.
        cost: CallCost,
    },
    /// A generation is decided, and about to be committed.
    GenerationPlanned {
        /// Everything its commit is a function of.
        plan: Box<GenerationPlan>,
    },
    /// A generation's commit and ref exist.
    GenerationCommitted {
        /// Its number.
        generation: GenerationId,
        /// The commit id.
        commit: String,
        /// The tree id.
        tree: String,
    },
    /// An episode began.
    EpisodeStarted {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// The candidate it starts from.
        start: FileSet,
        /// Where that came from; `None`: the task's initial solution.
        from: Option<GenerationId>,
    },
    /// The start of an episode was measured (attempt 0).
    StartMeasured {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// The measurement, as an attempt.
        result: Box<AttemptResult>,
    },
    /// The inner script decided.
    AttemptDecided {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// The attempt, from 1.
        attempt: u32,
        /// What it wants.
        action: InnerAction,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// The attempt, from 1.
        attempt: u32,
        /// Its result.
        result: Box<AttemptResult>,
    },
    /// An episode ended.
    EpisodeFinished {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// Its result.
        result: Box<EpisodeResult>,
    },
    /// An evaluate action ended.
    Evaluated {
        /// The step, from 0.
        step: u32,
        /// The generation.
        generation: GenerationId,
        /// Whether the script admits it as a parent; asked once, at the first evaluate action.
        admitted: bool,
        /// The evidence commit.
        evidence: Option<String>,
    },
    /// A promotion was decided.
    PromotionDecided {
        /// The step, from 0.
        step: u32,
        /// The generation.
        generation: GenerationId,
        /// The answer.
        report: PromotionReport,
    },
    /// The solution of a control episode was measured on the report cases.
    ControlMeasured {
        /// The generation whose agent found it.
        generation: GenerationId,
        /// The episode; its index is beyond those the generations were measured on.
        episode: EpisodeId,
        /// What it is worth.
        result: ControlResult,
    },
    /// The best agent and the frozen one were compared.
    AgentsCompared {
        /// The result.
        report: AgentReport,
    },
    /// The start and the best solution were compared on fresh cases.
    SolutionCompared {
        /// The result.
        report: SolutionReport,
    },
    /// A person opens the sealed test split; durable before a case of it is measured. The run stays where it stands.
    TestOpened {
        /// The opening in this run, from 1.
        opening: u32,
        /// What is compared, a task each.
        pairs: Vec<SealedPair>,
    },
    /// An opening came to its end.
    Tested {
        /// Which opening.
        opening: u32,
        /// What came of it, a task each.
        results: Vec<SealedResult>,
    },
    /// A provider keeps failing; calls wait for it, and it is asked again from time to time.
    ProviderPaused {
        /// The alias.
        alias: Alias,
        /// The last failure, in words.
        why: String,
    },
    /// A paused provider answers again.
    ProviderBack {
        /// The alias.
        alias: Alias,
    },
    /// The run stands still and can be resumed.
    RunHalted {
        /// Why.
        why: Halt,
        /// In words.
        detail: String,
    },
    /// A person moved `latest`; the run goes on from there.
    RolledBack {
        /// The generation the run goes on from.
        to: GenerationId,
    },
    /// The run is over.
    RunFinished {
        /// The generation with the highest select mean.
        best: GenerationId,
        /// Why it ended, in words.
        why: String,
    },
}
