//! What the journal says: the one list of everything that can happen in a run.
//!
//! State is a fold over these events; a fresh run and a resumed run read the same ones. An event that records an
//! effect carries its key (generation, episode, attempt, turn), so an effect found in the journal is never done twice.

use serde::{Deserialize, Serialize};

use super::action::{InnerAction, OuterAction};
use super::agent::AgentFiles;
use super::consult::Advice;
use super::files::FileSet;
use super::judge::Verdict;
use super::kept::Kept;
use super::ladder::SelectResult;
use super::outcome::SandboxLevel;
use super::report::{AgentReport, ControlResult, PromotionReport, RaceReport, SolutionReport};
use super::sealed::{SealedPair, SealedResult};
use super::settings::{Budgets, Identity};
use super::suite::AttackReport;
use super::task::Case;
use super::tool::ToolCall;
use crate::base::digest::Digest;
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::base::tagged::tagged;

mod attempt;
mod call;
mod generation;
mod record;

pub use attempt::{
    AttemptEnd, AttemptResult, DraftTest, EpisodeResult, FailureCount, HandedBack, OperatorCredit,
};
pub use call::{CallCost, CallKey, CapScope, Retry};
pub use generation::{Diagnostic, GenerationPlan, GenerationStatus, Stage, StageReport};
pub use record::Record;

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
#[serde(remote = "Self", rename_all = "snake_case")]
pub enum Event {
    /// The run exists.
    RunStarted {
        /// What makes it what it is.
        identity: Identity,
        /// The agent it starts from.
        agent: AgentFiles,
        /// The agent whose meta role makes every rewrite, where that is another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        improver: Option<AgentFiles>,
        /// The kernel's version.
        kernel: String,
        /// The level candidates run at.
        sandbox: SandboxLevel,
        /// The interpreter they run under: version and build; absent in journals from before this field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpreter: Option<String>,
    },
    /// A process took the run up again.
    RunResumed {
        /// The level candidates run at from here on.
        sandbox: SandboxLevel,
        /// The interpreter they run under from here on, where it is another than on record before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interpreter: Option<String>,
    },
    /// The caps that hold from here on, where they are others than before; they change no result of what is on record.
    CapsSet {
        /// All of them.
        budget: Budgets,
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
        /// The tools it called natively; what they came to follows from them and the records before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ToolCall>,
        /// The answer as its provider wants it back with what the calls came to, where it wants more than text and calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<Kept>,
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
        /// Cases of the suite it is measured on besides the train cases.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suite: Vec<Case>,
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
    /// A worker's draft was tested before it was handed in; its cases count as trials of the attempt.
    DraftTested {
        /// The answer that asked for it.
        key: CallKey,
        /// What came of it.
        result: DraftTest,
    },
    /// The inner script asks a role for advice.
    ConsultDecided {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// Which time in the episode, from 1.
        consult: u32,
        /// The attempt that is decided next.
        attempt: u32,
        /// What it wants.
        action: InnerAction,
    },
    /// The role said something, or nothing usable.
    Consulted {
        /// The generation measured.
        generation: GenerationId,
        /// The episode.
        episode: EpisodeId,
        /// Which time in the episode, from 1.
        consult: u32,
        /// What it said.
        advice: Advice,
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
        /// What the script's `utility` says it is worth; absent without that hook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        utility: Option<f64>,
        /// Why it was measured on fewer episodes than asked for, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raced_out: Option<RaceReport>,
        /// The evidence commit.
        evidence: Option<String>,
    },
    /// A test agent's attack ended, and the suite is what it is now.
    Attacked {
        /// The step, from 0.
        step: u32,
        /// The generation whose tester proposed.
        by: GenerationId,
        /// What came of it, a task each.
        reports: Vec<AttackReport>,
    },
    /// A judge read candidates; what it says is kept apart from every score.
    Judged {
        /// The step, from 0.
        step: u32,
        /// The generation whose judge was asked.
        by: GenerationId,
        /// The generation whose best solutions it read; absent: candidates of the epoch's anchor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<GenerationId>,
        /// What it said, a candidate each.
        verdicts: Vec<Verdict>,
        /// What the script's `utility` says the generation read is worth now; absent without that hook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        utility: Option<f64>,
    },
    /// A new block of select cases is drawn, and the best generation's solutions are measured on it.
    SelectRenewed {
        /// The block, from 1.
        block: u32,
        /// The generation that was the best on the block before.
        generation: GenerationId,
        /// What its solutions are worth on this one.
        results: Vec<SelectResult>,
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

tagged!(Event, "event");
