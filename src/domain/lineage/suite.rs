//! The suite of a run: the cases test agents added, what everybody's best solution is worth on it, and what each attack was
//! worth.

use std::collections::BTreeMap;

use super::Lineage;
use crate::base::id::{GenerationId, TaskName};
use crate::domain::shelf::{KeptResult, Shelved};
use crate::domain::suite::AttackReport;
use crate::domain::task::Case;

/// The cases test agents added, by task.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    cases: BTreeMap<TaskName, Vec<Case>>,
    version: u32,
}

impl Suite {
    /// Those of a task, oldest first.
    pub fn of(&self, task: &TaskName) -> &[Case] {
        self.cases.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// How often it grew.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Cases added in all.
    pub fn size(&self) -> usize {
        self.cases.values().map(Vec::len).sum()
    }
}

/// A generation's best solution of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// The solution.
    pub files: Shelved,
    /// Its metric on the train cases and the suite as it stands.
    pub metric: f64,
    /// The score of that metric.
    pub score: f64,
    /// How many cases that were.
    pub cases: u32,
}

/// What a generation's attacks came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Attacks {
    /// Attacks made.
    pub made: u32,
    /// The sum over proposals of what the targets lost on them; a refused proposal adds nothing.
    pub lost: f64,
    /// Proposals.
    pub proposed: u32,
}

impl Attacks {
    /// What the targets lose on a proposal of it, on average; `None` before the first.
    pub fn hardness(&self) -> Option<f64> {
        (self.proposed > 0).then(|| self.lost / f64::from(self.proposed))
    }
}

impl Lineage {
    /// The cases test agents added.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// Takes in an attack: the suite grows, everybody's best solution is worth what it is worth now.
    pub fn attacked(&mut self, by: GenerationId, reports: &[AttackReport]) {
        for report in reports {
            if !report.accepted.is_empty() {
                let cases = self.suite.cases.entry(report.task.clone()).or_default();
                cases.extend(report.accepted.iter().cloned());
            }
            let added = u32::try_from(report.accepted.len()).unwrap_or(u32::MAX);
            for rescored in &report.rescored {
                let held =
                    self.get_mut(rescored.generation).and_then(|g| g.holds.get_mut(&report.task));
                if let Some(held) = held {
                    held.metric = rescored.after;
                    held.score = rescored.score;
                    held.cases += added;
                }
            }
        }
        if reports.iter().any(|report| !report.accepted.is_empty()) {
            self.suite.version += 1;
            // What everybody's rank rests on is another.
            self.touch_all();
        }
        if let Some(tester) = self.get_mut(by) {
            tester.attacks.made += 1;
            for report in reports {
                tester.attacks.lost +=
                    report.hardness * f64::from(u32::try_from(report.accepted.len()).unwrap_or(0));
                tester.attacks.proposed += report.proposed;
            }
        }
    }

    /// Keeps the best solution of an episode, if it is the generation's best of the task.
    pub(super) fn hold(&mut self, id: GenerationId, task: &TaskName, result: &KeptResult) {
        let (Some(metric), Some(generation)) = (result.metric, self.get_mut(id)) else { return };
        let better = generation.holds.get(task).is_none_or(|held| result.score > held.score);
        if better {
            let (files, score, cases) = (result.best.clone(), result.score, result.cases);
            generation.holds.insert(task.clone(), Holding { files, metric, score, cases });
        }
    }
}
