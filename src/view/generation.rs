//! One generation as its journal tells it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::spend::Spend;
use crate::base::few::Few;
use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::unit::UnixMillis;
use crate::domain::event::{
    AttemptEnd, AttemptResult, Diagnostic, EpisodeResult, GenerationPlan, GenerationStatus, Stage,
};
use crate::domain::ladder::{self, SelectResult};
use crate::domain::report::RaceReport;
use crate::domain::stats::{mean, mean_of_group_means};

/// One generation: where it came from, what changed, how it measured.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationView {
    /// Its number.
    pub id: GenerationId,
    /// The generations it came from; the first is the one copied.
    pub parents: Vec<GenerationId>,
    /// Whose meta role wrote it; `None` for the start.
    pub by: Option<GenerationId>,
    /// A word for the kind of rewrite.
    pub op: String,
    /// Valid, rejected or fault.
    pub status: GenerationStatus,
    /// What changed, in a line.
    pub summary: String,
    /// Paths that differ from the first parent.
    pub changed: Vec<String>,
    /// What the validation found last; empty when valid.
    pub diagnostics: Vec<Diagnostic>,
    /// The stage that refused it.
    pub stage_failed: Option<Stage>,
    /// Repairs it took.
    pub repairs: u32,
    /// The alias of the meta role's model.
    pub model: Option<Alias>,
    /// Its commit, once it exists.
    pub commit: Option<String>,
    /// The commit of its evidence, once it was measured.
    pub evidence: Option<String>,
    /// Whether the script admits it as a parent; `None` before it was asked.
    pub admitted: Option<bool>,
    /// Whether a script retired it.
    pub retired: bool,
    /// Whether a person's rollback set it aside.
    pub set_aside: bool,
    /// Why its measurement was broken off, if it was.
    pub raced_out: Option<RaceReport>,
    /// Its episodes, begun or ended.
    pub episodes: Few<EpisodeId, EpisodeView>,
    /// What the calls that made and measured it used.
    pub spend: Spend,
    /// When it was planned.
    pub planned_at: UnixMillis,
}

/// How a generation measured on one of its run's tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskScore {
    /// The task.
    pub task: TaskName,
    /// The mean score over its episodes that ended; `None` before the first.
    pub mean: Option<f64>,
    /// Episodes of it that ended.
    pub n: usize,
}

/// One episode of a generation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EpisodeView {
    /// Where its start came from; `None`: the task's initial solution.
    pub from: Option<GenerationId>,
    /// Attempts that ended.
    pub attempts: u32,
    /// Of these, kept.
    pub accepted: u32,
    /// Of these, never measured: no answer, a duplicate, or screened.
    pub unmeasured: u32,
    /// Of these, measured without a metric.
    pub failed: u32,
    /// Trials its results stand on.
    pub trials: u32,
    /// Of these, those of attempts whose candidate had been measured before: nothing ran for them.
    pub known: u32,
    /// The train metric of the start.
    pub start_metric: Option<f64>,
    /// The train metric of the best candidate so far.
    pub metric: Option<f64>,
    /// The score of the best candidate so far; final once the episode ended.
    pub score: Option<f64>,
    /// Its score on the select cases; decides `best` and is shown to people only.
    pub select_score: Option<f64>,
    /// The score of each select case, and the block of cases that was.
    pub select_cases: Vec<f64>,
    /// Which block of select cases that was.
    pub select_block: u32,
    /// Whether it ended.
    pub ended: bool,
}

impl GenerationView {
    /// A generation as planned, before it is measured.
    pub fn planned(plan: &GenerationPlan, at: UnixMillis) -> Self {
        Self {
            id: plan.generation,
            parents: plan.parents.clone(),
            by: plan.by,
            op: plan.op.clone(),
            status: plan.status,
            summary: plan.summary.clone(),
            changed: plan.changed.clone(),
            diagnostics: plan.diagnostics.clone(),
            stage_failed: plan.stage_failed,
            repairs: plan.repairs,
            model: plan.model.clone(),
            commit: None,
            evidence: None,
            admitted: None,
            retired: false,
            set_aside: false,
            raced_out: None,
            episodes: Few::default(),
            spend: Spend::default(),
            planned_at: at,
        }
    }

    /// Whether it came from a rewrite, and is not the agent the run started from.
    pub fn is_rewrite(&self) -> bool {
        !self.parents.is_empty()
    }

    /// The mean score over the episodes that ended; every task weighs the same.
    pub fn mean(&self) -> Option<f64> {
        mean_of_group_means(
            self.ended().filter_map(|(id, episode)| Some((&id.task, episode.score?))),
        )
    }

    /// The mean score on the newest block of select cases, over the episodes that ended; every task weighs the same.
    pub fn select_mean(&self) -> Option<f64> {
        let newest = self.newest_selected();
        mean_of_group_means(
            newest.filter_map(|(id, episode)| Some((&id.task, episode.select_score?))),
        )
    }

    /// The newest block of select cases it was measured on.
    pub fn select_block(&self) -> u32 {
        self.ended().map(|(_, episode)| episode.select_block).max().unwrap_or(0)
    }

    /// The scores of the cases of that block, by task.
    pub fn select_cases(&self) -> BTreeMap<&TaskName, Vec<f64>> {
        let newest = self.newest_selected();
        ladder::by_case(newest.map(|(id, episode)| (id, episode.select_cases.as_slice())))
    }

    fn newest_selected(&self) -> impl Iterator<Item = (&EpisodeId, &EpisodeView)> {
        let block = self.select_block();
        self.ended().filter(move |(_, episode)| episode.select_block == block)
    }

    /// Takes in what its solutions are worth on a new block of select cases.
    pub fn select_renewed(&mut self, block: u32, results: &[SelectResult]) {
        for renewed in results {
            if let Some(episode) = self.episodes.get_mut(&renewed.episode) {
                episode.select_score = Some(renewed.score);
                episode.select_cases.clone_from(&renewed.cases);
                episode.select_block = block;
            }
        }
    }

    /// The mean score over the episodes of one task that ended.
    pub fn on(&self, task: &TaskName) -> TaskScore {
        let ended = self.ended().filter(|(id, _)| id.task == *task);
        let scores: Vec<f64> = ended.filter_map(|(_, episode)| episode.score).collect();
        let mean = (!scores.is_empty()).then(|| mean(&scores));
        TaskScore { task: task.clone(), mean, n: scores.len() }
    }

    /// Whether an episode of a task ended with a score.
    pub fn has_measured(&self, task: &TaskName) -> bool {
        self.ended().any(|(id, episode)| id.task == *task && episode.score.is_some())
    }

    /// How many episodes ended.
    pub fn measured(&self) -> usize {
        self.ended().count()
    }

    /// The mean of its scores minus the parent's, in pairs over the episodes both ended; `None` when there is none.
    pub fn effect_against(&self, parent: &Self) -> Option<f64> {
        mean_of_group_means(self.ended().filter_map(|(id, episode)| {
            let other = parent.episodes.get(id).filter(|other| other.ended)?;
            Some((&id.task, episode.score? - other.score?))
        }))
    }

    /// Attempts that ended, over all episodes.
    pub fn attempts(&self) -> u32 {
        self.episodes.values().map(|episode| episode.attempts).sum()
    }

    /// Attempts that were kept, over all episodes.
    pub fn accepted(&self) -> u32 {
        self.episodes.values().map(|episode| episode.accepted).sum()
    }

    /// Trials made, over all episodes.
    pub fn trials(&self) -> u64 {
        self.episodes.values().map(|episode| u64::from(episode.trials)).sum()
    }

    /// Trials that were known before, over all episodes.
    pub fn known(&self) -> u64 {
        self.episodes.values().map(|episode| u64::from(episode.known)).sum()
    }

    fn ended(&self) -> impl Iterator<Item = (&EpisodeId, &EpisodeView)> {
        self.episodes.iter().filter(|(_, episode)| episode.ended)
    }
}

impl EpisodeView {
    /// Takes in the measurement of the start.
    pub fn start_measured(&mut self, result: &AttemptResult) {
        self.start_metric = result.metric;
        self.metric = result.metric;
        self.score = result.score;
        self.count(result);
    }

    /// Takes in an attempt that ended.
    pub fn attempt_finished(&mut self, result: &AttemptResult) {
        self.attempts += 1;
        self.count(result);
        match result.end {
            AttemptEnd::Accepted => {
                self.accepted += 1;
                if result.score.is_some_and(|score| self.score.is_none_or(|best| score > best)) {
                    self.metric = result.metric;
                    self.score = result.score;
                }
            }
            AttemptEnd::Rejected | AttemptEnd::ScreenedOut | AttemptEnd::Refused => {}
            AttemptEnd::NoAnswer | AttemptEnd::Duplicate | AttemptEnd::Screened => {
                self.unmeasured += 1;
            }
            AttemptEnd::Failed => self.failed += 1,
        }
    }

    fn count(&mut self, result: &AttemptResult) {
        self.trials += result.trials;
        if result.usage.reused {
            self.known += result.trials;
        }
    }

    /// Takes in the end of the episode; its result replaces what was counted on the way.
    pub fn finished(&mut self, result: &EpisodeResult) {
        self.start_metric = result.start_metric;
        self.metric = result.metric;
        self.score = Some(result.score);
        self.select_score = result.select_score;
        self.select_cases.clone_from(&result.select_cases);
        self.select_block = result.select_block;
        self.attempts = result.attempts;
        self.accepted = result.accepted;
        self.trials = result.trials;
        self.ended = true;
    }
}
