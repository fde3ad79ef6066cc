//! A generation in its tree: what it is, what it was measured at, and who it may be to others.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::suite::{Attacks, Holding};
use crate::base::few::Few;
use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::domain::event::{GenerationPlan, GenerationStatus};
use crate::domain::report::RaceReport;
use crate::domain::shelf::{KeptResult, Shelved};
use crate::domain::state::CostState;
use crate::domain::stats::mean_of_group_means;

/// One generation with all that is known of it.
#[derive(Debug, Clone)]
pub struct Generation {
    /// What its commit is a function of; the files apart, they are in `files`.
    pub plan: Arc<GenerationPlan>,
    /// Its agent.
    pub files: Shelved,
    /// Its commit, once it is written.
    pub commit: Option<String>,
    /// The episodes it was measured on.
    pub measured: Few<EpisodeId, KeptResult>,
    /// Whether the script admits it as a parent; true until the script says otherwise.
    pub admitted: bool,
    /// Whether a script retired it: never selectable again, never deleted.
    pub retired: bool,
    /// Whether a person's rollback set it aside.
    pub set_aside: bool,
    /// What the script's `utility` said when it was measured last.
    pub utility: Option<f64>,
    /// Its best solution of each task.
    pub holds: Few<TaskName, Holding>,
    /// What its attacks came to.
    pub attacks: Attacks,
    /// Evaluate actions on it.
    pub evaluations: u32,
    /// Why its measurement was broken off, if it was.
    pub raced_out: Option<RaceReport>,
    /// How many generations were copied from it.
    pub kids: u32,
    /// What models were asked for its rewrite and its episodes; trials apart.
    pub paid: CostState,
    pub(super) standing: Standing,
    pub(super) touched: u64,
    pub(super) measured_at: u64,
}

/// What follows from the measurements of a generation: asked for at every step, of every generation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    mean: Option<f64>,
    select_mean: Option<f64>,
    pub(super) select_block: u32,
    pub(super) on_every_task: bool,
}

impl Generation {
    /// Its number.
    pub fn id(&self) -> GenerationId {
        self.plan.generation
    }

    /// Its mean score over the episodes measured, every task weighing the same; `None` before the first.
    pub fn mean(&self) -> Option<f64> {
        self.standing.mean
    }

    /// Its mean select score on the newest block of cases it was measured on, every task weighing the same; for the
    /// kernel only.
    pub fn select_mean(&self) -> Option<f64> {
        self.standing.select_mean
    }

    /// The tree's clock when anything of it changed last.
    pub fn touched(&self) -> u64 {
        self.touched
    }

    /// The tree's clock when it was measured last; 0: never.
    pub fn measured_at(&self) -> u64 {
        self.measured_at
    }

    pub(super) fn stand(&mut self, tasks: &BTreeSet<TaskName>) {
        let measured: BTreeSet<&TaskName> = self.measured.keys().map(|id| &id.task).collect();
        let scores = self.measured.iter().map(|(id, result)| (&id.task, result.score));
        let select_block = self.measured.values().map(|r| r.select_block).max().unwrap_or(0);
        let newest = self.measured.iter().filter(|(_, r)| r.select_block == select_block);
        let select = newest.filter_map(|(id, result)| Some((&id.task, result.select_score?)));
        self.standing = Standing {
            mean: mean_of_group_means(scores),
            select_mean: mean_of_group_means(select),
            select_block,
            on_every_task: tasks.iter().all(|task| measured.contains(task)),
        };
    }

    /// Whether it counts against the run's limit of rewrites.
    pub(super) fn counts(&self) -> bool {
        self.id().0 > 0 && !self.set_aside && self.plan.status != GenerationStatus::Fault
    }

    /// Whether it is out of the game, for a script or for a person.
    pub fn is_out(&self) -> bool {
        self.retired || self.set_aside
    }

    /// Whether it may be copied, measured or asked.
    pub fn is_live(&self) -> bool {
        self.plan.status == GenerationStatus::Valid && self.admitted && !self.is_out()
    }
}
