//! What the journal already says, by key: the reason why a resumed run does nothing twice.

mod entries;
mod fold;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::unit::{MicroUsd, UnixMillis};
use crate::domain::action::InnerAction;
use crate::domain::consult::Advice;
use crate::domain::event::{AttemptResult, CallKey, DraftTest, EpisodeResult, Record};
use crate::domain::judge::Verdict;
use crate::domain::ladder::SelectResult;
use crate::domain::report::{ControlResult, PromotionReport, SolutionReport};
use crate::domain::sealed::SolutionPlace;
use crate::domain::settings::Budgets;
use crate::domain::shelf::{KeptPlan, KeptResult, Shelf};
use crate::domain::suite::AttackReport;
use crate::model::{Caller, Spent};

use super::costs::Tally;
pub use entries::{Answer, Evaluated, Opening, Started, Step};

/// One episode of one generation.
pub type EpisodeKey = (GenerationId, EpisodeId);

/// Everything the journal says, by key. Empty for a fresh run.
#[derive(Debug, Default)]
pub struct Recorded {
    steps: BTreeMap<u32, (u32, Box<Step>)>,
    answers: BTreeMap<CallKey, Answer>,
    draft_tests: BTreeMap<CallKey, DraftTest>,
    plans: BTreeMap<GenerationId, (KeptPlan, UnixMillis)>,
    shelf: Shelf,
    commits: BTreeMap<GenerationId, String>,
    starts: BTreeMap<EpisodeKey, Started>,
    measured_starts: BTreeMap<EpisodeKey, AttemptResult>,
    decisions: BTreeMap<(EpisodeKey, u32), InnerAction>,
    attempts: BTreeMap<(EpisodeKey, u32), AttemptResult>,
    consults: BTreeMap<(EpisodeKey, u32), (u32, InnerAction)>,
    advice: BTreeMap<(EpisodeKey, u32), Advice>,
    episodes: BTreeMap<EpisodeKey, KeptResult>,
    evidence: BTreeMap<GenerationId, String>,
    evaluated: BTreeMap<u32, Evaluated>,
    renewed: BTreeMap<u32, (GenerationId, Vec<SelectResult>)>,
    promotions: BTreeMap<u32, PromotionReport>,
    attacks: BTreeMap<u32, Vec<AttackReport>>,
    verdicts: BTreeMap<u32, (Vec<Verdict>, Option<f64>)>,
    rollbacks: Vec<(u32, GenerationId)>,
    streak_from: GenerationId,
    control: BTreeMap<EpisodeKey, ControlResult>,
    agents_compared: bool,
    compared: BTreeMap<TaskName, SolutionReport>,
    openings: Vec<Opening>,
    finished: Option<(GenerationId, String)>,
    authors: BTreeSet<Alias>,
    spent: BTreeMap<Caller, Spent>,
    dearest: BTreeMap<Alias, MicroUsd>,
    paid: Tally,
    caps: Budgets,
    interpreter: Option<String>,
    /// What came of asking the models, episode by episode.
    outcomes: BTreeMap<EpisodeKey, Vec<(Alias, f64)>>,
    /// Whether what led to a measurement that came to its end is let go.
    forgets: bool,
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

    /// Nothing yet, for a run that goes on: of measurements that came to their end it keeps what they came to, so that a
    /// long run takes little memory.
    pub fn of_resumed() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// What the outer loop did at a step.
    pub fn step(&self, step: u32) -> Option<&Step> {
        self.steps.get(&step).map(|(_, step)| step.as_ref())
    }

    /// How many actions had been taken in when a step was decided.
    pub fn settled_before(&self, step: u32) -> Option<u32> {
        self.steps.get(&step).map(|(settled, _)| *settled)
    }

    /// The test of a draft that an answer asked for.
    pub fn draft_test(&self, key: &CallKey) -> Option<&DraftTest> {
        self.draft_tests.get(key)
    }

    /// An answer.
    pub fn answer(&self, key: &CallKey) -> Option<&Answer> {
        self.answers.get(key)
    }

    /// A generation as planned.
    pub fn plan(&self, id: GenerationId) -> Option<&KeptPlan> {
        self.plans.get(&id).map(|(plan, _)| plan)
    }

    /// When a generation was planned.
    pub fn planned_at(&self, id: GenerationId) -> Option<UnixMillis> {
        self.plans.get(&id).map(|(_, at)| *at)
    }

    /// The texts of agents and solutions.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// A generation's commit.
    pub fn commit(&self, id: GenerationId) -> Option<&str> {
        self.commits.get(&id).map(String::as_str)
    }

    /// Whether an episode began, and from what.
    pub fn start(&self, key: &EpisodeKey) -> Option<&Started> {
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

    /// The advice a script asked for, and the attempt that was to be decided then.
    pub fn consult(&self, key: &EpisodeKey, consult: u32) -> Option<&(u32, InnerAction)> {
        self.consults.get(&(key.clone(), consult))
    }

    /// What was said.
    pub fn advice(&self, key: &EpisodeKey, consult: u32) -> Option<&Advice> {
        self.advice.get(&(key.clone(), consult))
    }

    /// The result of an attempt.
    pub fn attempt(&self, key: &EpisodeKey, attempt: u32) -> Option<&AttemptResult> {
        self.attempts.get(&(key.clone(), attempt))
    }

    /// The result of an episode.
    pub fn episode(&self, key: &EpisodeKey) -> Option<&KeptResult> {
        self.episodes.get(key)
    }

    /// The end of an evaluate action.
    pub fn evaluated(&self, step: u32) -> Option<&Evaluated> {
        self.evaluated.get(&step)
    }

    /// Whether an evaluate action of a later step came to its end.
    pub fn evaluated_after(&self, step: u32) -> bool {
        self.evaluated.range(step..).any(|(later, _)| *later > step)
    }

    /// What came of asking the models in an episode, in the order of its attempts.
    pub fn outcomes(&self, key: &EpisodeKey) -> &[(Alias, f64)] {
        self.outcomes.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The newest evidence commit of a generation.
    pub fn evidence(&self, id: GenerationId) -> Option<&str> {
        self.evidence.get(&id).map(String::as_str)
    }

    /// The first generation after the run last paused for too many invalid rewrites in a row; those before count no more.
    pub fn streak_from(&self) -> GenerationId {
        self.streak_from
    }

    /// What an attack came to.
    pub fn attack(&self, step: u32) -> Option<&[AttackReport]> {
        self.attacks.get(&step).map(Vec::as_slice)
    }

    /// What a judge said, and what the script's `utility` said then.
    pub fn verdicts(&self, step: u32) -> Option<&(Vec<Verdict>, Option<f64>)> {
        self.verdicts.get(&step)
    }

    /// What the best generation was worth on a new block of select cases.
    pub fn renewed(&self, block: u32) -> Option<&(GenerationId, Vec<SelectResult>)> {
        self.renewed.get(&block)
    }

    /// The answer to a promotion.
    pub fn promotion(&self, step: u32) -> Option<&PromotionReport> {
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

    /// The ended episode of a task with the best metric on the newest block of select cases it was measured on (ties: the
    /// older), in one generation or in the whole run.
    pub fn best_episode(
        &self,
        task: &TaskName,
        of: Option<GenerationId>,
        better: impl Fn(f64, f64) -> bool,
    ) -> Option<SolutionPlace> {
        let of_task = |key: &EpisodeKey| {
            key.1.task == *task && of.is_none_or(|generation| generation == key.0)
        };
        let mut found: Option<(u32, f64, &EpisodeKey)> = None;
        for (key, result) in self.episodes.iter().filter(|(key, _)| of_task(key)) {
            let (block, metric) = self.selected(key, result);
            if let Some(metric) = metric
                && found.is_none_or(|(newest, highest, _)| {
                    block > newest || (block == newest && better(metric, highest))
                })
            {
                found = Some((block, metric, key));
            }
        }
        let (generation, episode) = found?.2.clone();
        Some(SolutionPlace { generation, episode })
    }

    /// The newest block of select cases an episode's solution was measured on, and the metric there.
    fn selected(&self, key: &EpisodeKey, result: &EpisodeResult) -> (u32, Option<f64>) {
        let again = self.renewed.iter().rev().find_map(|(block, (generation, results))| {
            let own = results.iter().find(|again| again.episode == key.1);
            own.filter(|_| *generation == key.0).map(|again| (*block, again.metric))
        });
        again.unwrap_or((result.select_block, result.select_metric))
    }

    /// The openings of the test split, oldest first.
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    /// Everybody who answered.
    pub fn authors(&self) -> &BTreeSet<Alias> {
        &self.authors
    }

    /// How the run ended, if it did.
    pub fn finished(&self) -> Option<&(GenerationId, String)> {
        self.finished.as_ref()
    }

    /// What calls used that sent a request, by caller.
    pub fn spent(&self) -> &BTreeMap<Caller, Spent> {
        &self.spent
    }

    /// The interpreter that candidates ran under last, where the journal says.
    pub fn interpreter(&self) -> Option<&str> {
        self.interpreter.as_deref()
    }

    /// What models were paid, by rewrite and by episode.
    pub fn paid(&self) -> &Tally {
        &self.paid
    }

    /// What the dearest call of each alias cost, where one told.
    pub fn dearest(&self) -> &BTreeMap<Alias, MicroUsd> {
        &self.dearest
    }

    /// The caps that held last.
    pub fn caps(&self) -> &Budgets {
        &self.caps
    }
}
