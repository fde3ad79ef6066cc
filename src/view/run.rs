//! A whole run: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};

use super::generation::{EpisodeView, GenerationView, TaskScore};
use super::openings::TestView;
use super::spend::Spend;
use super::waste::Waste;
use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::unit::UnixMillis;
use crate::domain::event::{Diagnostic, GenerationStatus, Halt, Record};
use crate::domain::lineage::Epoch;
use crate::domain::outcome::SandboxLevel;
use crate::domain::report::{AgentReport, PromotionReport, SolutionReport, Verdict};
use crate::domain::settings::{Budgets, Identity, Improver, Start};
use crate::domain::suite::AttackReport;

mod fold;
mod phase;
mod rank;

use fold::is_built_in;
pub use phase::{Doing, Phase, RunState};

/// A run as its journal tells it; apply the records in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunView {
    /// What makes the run what it is; `None` before its first record.
    pub identity: Option<Identity>,
    /// The kernel that started it.
    pub kernel: String,
    /// The level candidates run at now.
    pub sandbox: Option<SandboxLevel>,
    /// The number of the last record.
    pub seq: u64,
    /// When the first record was written.
    pub started_at: UnixMillis,
    /// When the last record was written.
    pub updated_at: UnixMillis,
    /// The time processes worked on it, milliseconds; pauses between processes left out.
    pub working_ms: u64,
    /// Of it, the time of the last process.
    pub process_ms: u64,
    /// The longest wait of the last process for its next record, milliseconds.
    longest_wait_ms: u64,
    /// The caps its last process was given, if any process was given some.
    pub caps: Option<Budgets>,
    /// What the journal says about where it stands.
    pub phase: Phase,
    /// What it was doing last.
    pub doing: Doing,
    /// The models whose provider answers nobody, with the last failure in words; calls wait for them.
    pub waiting: BTreeMap<Alias, String>,
    /// All generations, rejected ones included.
    pub generations: BTreeMap<GenerationId, GenerationView>,
    /// Actions of scripts that the guard refused.
    pub refusals: Vec<Diagnostic>,
    /// What calls used, by the role asked.
    pub spend_by_role: BTreeMap<String, Spend>,
    /// What calls used, by the alias that answered.
    pub spend_by_model: BTreeMap<Alias, Spend>,
    /// What answers used that brought nothing.
    pub waste: Waste,
    /// The aliases each role asked.
    pub asked: BTreeMap<String, BTreeSet<Alias>>,
    /// The episodes that compare agents by generation, begun or ended: of the control arm and of promotions.
    pub compared: BTreeMap<(GenerationId, EpisodeId), EpisodeView>,
    /// The best agent against the frozen one, once compared.
    pub agents: Option<AgentReport>,
    /// Start and best solution compared on fresh cases, a task each.
    pub solutions: Vec<SolutionReport>,
    /// Openings of the sealed test split, in order.
    pub tests: Vec<TestView>,
    /// The answers to promotions, in order.
    pub promotions: Vec<(GenerationId, PromotionReport)>,
    /// Attacks by test agents, in order.
    pub attacks: Vec<(GenerationId, Vec<AttackReport>)>,
    /// The epoch, and what judges said.
    pub epoch: Epoch,
    /// The newest valid generation, or the one a person went back to.
    pub latest: Option<GenerationId>,
    /// The best generation as the finished run named it.
    named_best: Option<GenerationId>,
    /// Measurements that were answered by the select cases.
    pub select_queries: u32,
    /// The best one so far and its select mean.
    highest: Option<(GenerationId, f64)>,
    /// The newest generation held against the best one.
    ranked: Option<GenerationId>,
    /// The newest block of select cases after the first, and the generation that was the best before it.
    renewed: Option<(u32, GenerationId)>,
    /// Calls for a generation that is not planned yet; they become its own.
    early: BTreeMap<GenerationId, Spend>,
}

impl RunView {
    /// The view of a whole journal.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut view = Self::default();
        for record in records {
            view.apply(record);
        }
        view
    }

    /// The tasks it works on, in the order given.
    pub fn tasks(&self) -> &[TaskName] {
        self.identity.as_ref().map_or(&[], |identity| &identity.tasks)
    }

    /// How a generation measured on each task, in the order of [`RunView::tasks`].
    pub fn by_task(&self, generation: &GenerationView) -> Vec<TaskScore> {
        self.tasks().iter().map(|task| generation.on(task)).collect()
    }

    /// The best generation: as the finished run named it, else by the [ladder](crate::domain::ladder) over the valid ones measured on every task.
    pub fn best(&self) -> Option<GenerationId> {
        if let (Some(best), Phase::Finished { .. }) = (self.named_best, &self.phase) {
            return Some(best);
        }
        self.highest.map(|(id, _)| id)
    }

    /// The block of select cases that is in use, from 0.
    pub fn select_block(&self) -> u32 {
        self.renewed.map_or(0, |(block, _)| block)
    }

    /// The mean of its scores minus its first parent's, in pairs; `None` for the start or when nothing is in common.
    pub fn effect(&self, generation: &GenerationView) -> Option<f64> {
        generation.effect_against(self.generations.get(generation.parents.first()?)?)
    }

    /// The state as people are told it; `held` says whether a process holds the run now.
    pub fn state(&self, held: bool) -> RunState {
        match &self.phase {
            Phase::Finished { .. } if !held => RunState::Finished,
            _ if held && !self.waiting.is_empty() => RunState::Paused,
            _ if held => RunState::Running,
            Phase::Halted { why: Halt::Interrupted, .. } => RunState::Interrupted,
            Phase::Halted { .. } => RunState::Paused,
            Phase::Empty | Phase::Open | Phase::RolledBack(_) | Phase::Finished { .. } => {
                RunState::Interrupted
            }
        }
    }

    /// Why it stands where it stands, in words; empty while it works.
    pub fn why(&self, held: bool) -> String {
        match &self.phase {
            _ if held => self
                .waiting
                .iter()
                .map(|(alias, why)| format!("model {alias} waits for its provider ({why})"))
                .collect::<Vec<_>>()
                .join("; "),
            Phase::Empty => "nothing was recorded yet".to_owned(),
            Phase::Open => "its process ended without a word; nothing recorded is lost".to_owned(),
            Phase::Halted { detail, .. } => detail.clone(),
            Phase::RolledBack(to) => format!("rolled back to {to}; the run goes on from there"),
            Phase::Finished { why } => why.clone(),
        }
    }

    /// What all calls used.
    pub fn spend(&self) -> Spend {
        let mut all = Spend::default();
        for spend in self.spend_by_role.values() {
            all.merge(spend);
        }
        all
    }

    /// What calls for the newest generation used, be it planned yet or not.
    pub fn newest_spend(&self) -> Spend {
        if let Some((_, early)) = self.early.last_key_value() {
            return *early;
        }
        self.generations.last_key_value().map(|(_, newest)| newest.spend).unwrap_or_default()
    }

    /// The number of rewrites so far, rejected ones included and those that a rollback set aside left out.
    pub fn rewrites(&self) -> usize {
        self.generations.values().filter(|one| one.is_rewrite() && !one.set_aside).count()
    }

    /// The number of rewrites that a rollback set aside.
    pub fn set_aside(&self) -> usize {
        self.generations.values().filter(|one| one.is_rewrite() && one.set_aside).count()
    }

    /// The number of rejected rewrites.
    pub fn rejected(&self) -> usize {
        self.generations.values().filter(|g| g.status == GenerationStatus::Rejected).count()
    }

    /// Attempts that ended, over all generations.
    pub fn attempts(&self) -> u32 {
        self.generations.values().map(GenerationView::attempts).sum()
    }

    /// Attempts that were kept, over all generations.
    pub fn accepted(&self) -> u32 {
        self.generations.values().map(GenerationView::accepted).sum()
    }

    /// Trials made, over all generations.
    pub fn trials(&self) -> u64 {
        self.generations.values().map(GenerationView::trials).sum()
    }

    /// Trials that were known before, over all generations.
    pub fn known(&self) -> u64 {
        self.generations.values().map(GenerationView::known).sum()
    }

    /// Whether episodes start from what their ancestors found, so that scores do not compare agents.
    pub fn carries(&self) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.start == Start::Carry)
    }

    /// Whether no candidate could have written its own score.
    pub fn is_sealed(&self) -> bool {
        self.identity.as_ref().is_none_or(Identity::is_sealed)
    }

    /// Whose meta role made a generation: a generation of the run, or another agent; `None` when nobody's did.
    pub fn author(&self, generation: &GenerationView) -> Option<String> {
        let improver = self.identity.as_ref().and_then(|identity| identity.improver.as_ref());
        match (generation.by, improver) {
            (Some(by), _) => Some(by.to_string()),
            (None, Some(Improver::Transferred { agent, .. })) if generation.parents.len() == 1 => {
                Some(agent.clone())
            }
            _ => None,
        }
    }

    /// Whether the role was asked, and only of a built-in optimiser that reads no prompt.
    pub fn offline(&self, role: &str) -> bool {
        self.asked.get(role).is_some_and(|aliases| aliases.iter().all(is_built_in))
    }

    /// Whether the generation passed validation.
    pub fn is_valid(&self, id: GenerationId) -> bool {
        self.generations.get(&id).is_some_and(|known| known.status == GenerationStatus::Valid)
    }

    /// The generation certified last.
    pub fn certified(&self) -> Option<GenerationId> {
        let certified =
            |(_, report): &&(GenerationId, PromotionReport)| report.verdict == Verdict::Certified;
        self.promotions.iter().rev().find(certified).map(|(id, _)| *id)
    }

    /// Attempts of the control arm that ended, and how many it will make.
    pub fn control_attempts(&self) -> (u32, u32) {
        let is_control = |episode: &EpisodeId| {
            self.identity.as_ref().is_some_and(|identity| identity.is_control(episode))
        };
        let own = self.compared.iter().filter(|((_, episode), _)| is_control(episode));
        let done = own.map(|(_, episode)| episode.attempts).sum();
        let planned = self.identity.as_ref().map_or(0, |identity| {
            let episodes = u32::try_from(identity.control_episodes().len()).unwrap_or(u32::MAX);
            let arms = if self.best() == Some(GenerationId(0)) { 1 } else { 2 };
            identity.attempts.saturating_mul(episodes).saturating_mul(arms)
        });
        (done, planned)
    }
}

#[cfg(test)]
mod tests;
