//! What the offline optimiser is given instead of prose; no other model looks at it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::id::GenerationId;
use crate::domain::agent::{AgentFiles, AnswerFormat, Operators};
use crate::domain::credit::Practice;
use crate::domain::editable::EditablePaths;
use crate::domain::event::{Diagnostic, GenerationStatus, OperatorCredit};
use crate::domain::files::FileSet;

/// What the offline optimiser is given instead of prose.
#[derive(Debug, Clone)]
pub enum Brief {
    /// Propose a candidate.
    Worker(WorkerBrief),
    /// Rewrite an agent.
    Meta(MetaBrief),
    /// Say what to do next.
    Advice(AdviceBrief),
    /// Propose cases.
    Cases(CasesBrief),
    /// Say what a candidate is worth.
    Judge(JudgeBrief),
}

/// What a verdict rests on; no measurement is among it.
#[derive(Debug, Clone)]
pub struct JudgeBrief {
    /// The candidate.
    pub files: FileSet,
    /// The task's initial solution.
    pub start: FileSet,
    /// The task's ingredient pool.
    pub ingredients: String,
    /// The numbers of the agent whose judge it is.
    pub params: BTreeMap<String, f64>,
}

/// What proposed cases are chosen from.
#[derive(Debug, Clone)]
pub struct CasesBrief {
    /// What the task itself drew.
    pub pool: Vec<Value>,
    /// How many are wanted.
    pub n: u32,
    /// The candidate to break.
    pub files: FileSet,
}

/// What a piece of advice rests on.
#[derive(Debug, Clone)]
pub struct AdviceBrief {
    /// Whether a review is wanted, rather than a note.
    pub review: bool,
    /// The candidate it is about.
    pub files: FileSet,
    /// Classes of failures with their counts.
    pub failures: BTreeMap<String, u32>,
    /// Cases of one measurement.
    pub cases: u32,
    /// What each operator has brought in this episode, and each building block.
    pub credit: BTreeMap<String, OperatorCredit>,
}

/// What a worker's proposal starts from.
#[derive(Debug, Clone)]
pub struct WorkerBrief {
    /// The candidate to change: all its files.
    pub base: FileSet,
    /// The paths that may change.
    pub editable: EditablePaths,
    /// Other candidates of the episode, best first.
    pub references: Vec<FileSet>,
    /// The task's ingredient pool.
    pub ingredients: String,
    /// Weights and step sizes from `agent.toml`.
    pub operators: Operators,
    /// Weights of building blocks from `agent.toml`, by name; 1 for those not named.
    pub pieces: BTreeMap<String, f64>,
    /// The script's word for the kind of change: an operator's name restricts the draw to it, others do not.
    pub op: String,
    /// Classes of failures of the base with their counts.
    pub failures: BTreeMap<String, u32>,
    /// The form of the answer.
    pub format: AnswerFormat,
}

/// What a rewrite of an agent starts from.
#[derive(Debug, Clone)]
pub struct MetaBrief {
    /// The agent to change.
    pub files: AgentFiles,
    /// The numbers of the agent that rewrites, which may be another.
    pub params: BTreeMap<String, f64>,
    /// The paths that may change; empty: all.
    pub editable: Vec<String>,
    /// Earlier generations with their measured effect, oldest first.
    pub lessons: Vec<Lesson>,
    /// What each operator of the offline optimiser has brought so far, and each building block (`pieces.NAME`).
    pub credit: BTreeMap<String, OperatorCredit>,
    /// The episodes that brought it, one by one, oldest first.
    pub practice: Vec<Practice>,
    /// What the validation found in the last answer, when this is a repair.
    pub findings: Vec<Diagnostic>,
    /// The form of the answer.
    pub format: AnswerFormat,
}

/// What an earlier rewrite did and brought.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The generation made.
    pub generation: GenerationId,
    /// The generation it was copied from.
    pub parent: GenerationId,
    /// What changed, in a line: for the offline meta role its own summary, so it can credit its moves.
    pub summary: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// Mean score minus the parent's, over the episodes both were measured on.
    pub effect: Option<f64>,
}
