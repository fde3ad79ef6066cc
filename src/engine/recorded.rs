//! What the journal already says, by key: the reason why a resumed run does nothing twice.

use std::collections::BTreeMap;

use crate::base::id::{EpisodeId, GenerationId, TaskName};
use crate::base::unit::UnixMillis;
use crate::domain::action::{InnerAction, OuterAction};
use crate::domain::event::{
    AttemptResult, CallCost, CallKey, ControlResult, Diagnostic, EpisodeResult, Event,
    GenerationPlan, Record, SolutionReport,
};
use crate::domain::files::FileSet;

/// An answer of a model as recorded.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Why it is not an answer, if it is not.
    pub unusable: Option<String>,
    /// What it used.
    pub cost: CallCost,
}

/// What the outer loop did at a step.
#[derive(Debug, Clone)]
pub enum Step {
    /// A decision.
    Decided {
        /// Whose script; `None` for the kernel.
        by: Option<GenerationId>,
        /// The action.
        action: OuterAction,
    },
    /// A refusal by the guard.
    Refused {
        /// Whose script.
        by: GenerationId,
        /// Why.
        diagnostic: Diagnostic,
    },
}

/// One episode of one generation.
pub type EpisodeKey = (GenerationId, EpisodeId);

/// Everything the journal says, by key. Empty for a fresh run.
#[derive(Debug, Default)]
pub struct Recorded {
    steps: BTreeMap<u32, Step>,
    answers: BTreeMap<CallKey, Answer>,
    plans: BTreeMap<GenerationId, (GenerationPlan, UnixMillis)>,
    commits: BTreeMap<GenerationId, String>,
    starts: BTreeMap<EpisodeKey, (FileSet, Option<GenerationId>)>,
    measured_starts: BTreeMap<EpisodeKey, AttemptResult>,
    decisions: BTreeMap<(EpisodeKey, u32), InnerAction>,
    attempts: BTreeMap<(EpisodeKey, u32), AttemptResult>,
    episodes: BTreeMap<EpisodeKey, EpisodeResult>,
    evaluated: BTreeMap<u32, (bool, Option<String>, UnixMillis)>,
    promotions: BTreeMap<u32, (String, String)>,
    rollbacks: Vec<(u32, GenerationId)>,
    control: BTreeMap<EpisodeKey, ControlResult>,
    agents_compared: bool,
    compared: BTreeMap<TaskName, SolutionReport>,
    finished: Option<(GenerationId, String)>,
    spent: Vec<CallCost>,
}

impl Recorded {
    /// Reads a journal's records, in order.
    pub fn read(records: impl IntoIterator<Item = Record>) -> Self {
        let mut found = Self::default();
        for record in records {
            found.take(record);
        }
        found
    }

    fn take(&mut self, record: Record) {
        let at = record.at;
        match record.event {
            Event::RunStarted { .. } | Event::RunResumed { .. } | Event::RunHalted { .. } => {}
            Event::Decided { step, by, action } => {
                self.steps.insert(step, Step::Decided { by, action });
            }
            Event::Refused { step, by, diagnostic } => {
                self.steps.insert(step, Step::Refused { by, diagnostic });
            }
            Event::Answered { key, text, cost, unusable, .. } => {
                self.spent.push(cost.clone());
                self.answers.insert(key, Answer { text, unusable, cost });
            }
            Event::GenerationPlanned { plan } => {
                self.plans.insert(plan.generation, (*plan, at));
            }
            Event::GenerationCommitted { generation, commit, .. } => {
                self.commits.insert(generation, commit);
            }
            Event::EpisodeStarted { generation, episode, start, from } => {
                self.starts.insert((generation, episode), (start, from));
            }
            Event::StartMeasured { generation, episode, result } => {
                self.measured_starts.insert((generation, episode), *result);
            }
            Event::AttemptDecided { generation, episode, attempt, action } => {
                self.decisions.insert(((generation, episode), attempt), action);
            }
            Event::AttemptFinished { generation, episode, attempt, result } => {
                self.attempts.insert(((generation, episode), attempt), *result);
            }
            Event::EpisodeFinished { generation, episode, result } => {
                self.episodes.insert((generation, episode), *result);
            }
            Event::Evaluated { step, admitted, evidence, .. } => {
                self.evaluated.insert(step, (admitted, evidence, at));
            }
            Event::PromotionDecided { step, verdict, why, .. } => {
                self.promotions.insert(step, (verdict, why));
            }
            Event::ControlMeasured { generation, episode, result } => {
                self.control.insert((generation, episode), result);
            }
            Event::AgentsCompared { .. } => self.agents_compared = true,
            Event::SolutionCompared { report } => {
                self.compared.insert(report.task.clone(), report);
            }
            Event::RolledBack { to } => {
                let next = self.steps.keys().next_back().map_or(0, |last| last + 1);
                self.rollbacks.push((next, to));
                self.finished = None;
                self.agents_compared = false;
                self.compared.clear();
            }
            Event::RunFinished { best, why } => self.finished = Some((best, why)),
        }
    }

    /// What the outer loop did at a step.
    pub fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(&step)
    }

    /// An answer.
    pub fn answer(&self, key: &CallKey) -> Option<&Answer> {
        self.answers.get(key)
    }

    /// A generation as planned, and when.
    pub fn plan(&self, id: GenerationId) -> Option<&(GenerationPlan, UnixMillis)> {
        self.plans.get(&id)
    }

    /// A generation's commit.
    pub fn commit(&self, id: GenerationId) -> Option<&str> {
        self.commits.get(&id).map(String::as_str)
    }

    /// Whether an episode began, and from what.
    pub fn start(&self, key: &EpisodeKey) -> Option<&(FileSet, Option<GenerationId>)> {
        self.starts.get(key)
    }

    /// The measurement of an episode's start.
    pub fn measured_start(&self, key: &EpisodeKey) -> Option<&AttemptResult> {
        self.measured_starts.get(key)
    }

    /// The script's action for an attempt.
    pub fn decision(&self, key: &EpisodeKey, attempt: u32) -> Option<&InnerAction> {
        self.decisions.get(&(key.clone(), attempt))
    }

    /// The result of an attempt.
    pub fn attempt(&self, key: &EpisodeKey, attempt: u32) -> Option<&AttemptResult> {
        self.attempts.get(&(key.clone(), attempt))
    }

    /// The result of an episode.
    pub fn episode(&self, key: &EpisodeKey) -> Option<&EpisodeResult> {
        self.episodes.get(key)
    }

    /// The end of an evaluate action: admitted or not, the evidence commit, when.
    pub fn evaluated(&self, step: u32) -> Option<&(bool, Option<String>, UnixMillis)> {
        self.evaluated.get(&step)
    }

    /// The verdict of a promotion and why.
    pub fn promotion(&self, step: u32) -> Option<&(String, String)> {
        self.promotions.get(&step)
    }

    /// The generation a person rolled back to before this step was decided.
    pub fn rollback_before(&self, step: u32) -> impl Iterator<Item = GenerationId> + '_ {
        self.rollbacks.iter().filter(move |(at, _)| *at == step).map(|(_, to)| *to)
    }

    /// What a control episode came to.
    pub fn control(&self, key: &EpisodeKey) -> Option<&ControlResult> {
        self.control.get(key)
    }

    /// Whether the best agent and the frozen one were compared.
    pub fn agents_compared(&self) -> bool {
        self.agents_compared
    }

    /// The comparison of a task's solutions.
    pub fn compared(&self, task: &TaskName) -> Option<&SolutionReport> {
        self.compared.get(task)
    }

    /// How the run ended, if it did.
    pub fn finished(&self) -> Option<&(GenerationId, String)> {
        self.finished.as_ref()
    }

    /// What all recorded calls cost.
    pub fn spent(&self) -> &[CallCost] {
        &self.spent
    }
}
