//! What the journal already says, by key: the reason why a resumed run does nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::unit::UnixMillis;
use crate::domain::action::{InnerAction, OuterAction};
use crate::domain::choice::outcome;
use crate::domain::consult::Advice;
use crate::domain::event::{
    AttemptResult, CallCost, CallKey, Diagnostic, DraftTest, EpisodeResult, Event, GenerationPlan,
    Halt, Record,
};
use crate::domain::files::FileSet;
use crate::domain::judge::Verdict;
use crate::domain::kept::Kept;
use crate::domain::ladder::SelectResult;
use crate::domain::report::{ControlResult, PromotionReport, RaceReport, SolutionReport};
use crate::domain::sealed::{SealedPair, SealedResult, SolutionPlace};
use crate::domain::settings::Budgets;
use crate::domain::suite::AttackReport;
use crate::domain::task::Case;
use crate::domain::tool::ToolCall;

/// An answer of a model as recorded.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The alias asked.
    pub alias: Alias,
    /// The text.
    pub text: String,
    /// The tools it called natively.
    pub calls: Vec<ToolCall>,
    /// The answer as its provider wants it back, where it wants more than text and calls.
    pub kept: Option<Kept>,
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

/// How an episode began.
#[derive(Debug, Clone)]
pub struct Started {
    /// The candidate it starts from.
    pub start: FileSet,
    /// Where that came from; `None`: the task's initial solution.
    pub from: Option<GenerationId>,
    /// Cases of the suite it is measured on.
    pub suite: Vec<Case>,
}

/// The end of an evaluate action.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated {
    /// Whether the generation may be a parent.
    pub admitted: bool,
    /// What the script's `utility` said.
    pub utility: Option<f64>,
    /// Why it was broken off, if it was.
    pub raced_out: Option<RaceReport>,
    /// When.
    pub at: UnixMillis,
}

/// One opening of the sealed test split.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its number in this run, from 1.
    pub number: u32,
    /// What it compares.
    pub pairs: Vec<SealedPair>,
    /// What came of it; `None`: it was interrupted.
    pub results: Option<Vec<SealedResult>>,
}

/// One episode of one generation.
pub type EpisodeKey = (GenerationId, EpisodeId);

/// Everything the journal says, by key. Empty for a fresh run.
#[derive(Debug, Default)]
pub struct Recorded {
    steps: BTreeMap<u32, (u32, Step)>,
    answers: BTreeMap<CallKey, Answer>,
    draft_tests: BTreeMap<CallKey, DraftTest>,
    plans: BTreeMap<GenerationId, (GenerationPlan, UnixMillis)>,
    commits: BTreeMap<GenerationId, String>,
    starts: BTreeMap<EpisodeKey, Started>,
    measured_starts: BTreeMap<EpisodeKey, AttemptResult>,
    decisions: BTreeMap<(EpisodeKey, u32), InnerAction>,
    attempts: BTreeMap<(EpisodeKey, u32), AttemptResult>,
    consults: BTreeMap<(EpisodeKey, u32), (u32, InnerAction)>,
    advice: BTreeMap<(EpisodeKey, u32), Advice>,
    episodes: BTreeMap<EpisodeKey, EpisodeResult>,
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
    spent: Vec<(CallKey, String, Alias, CallCost)>,
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

    /// Lets go what led to the end of a step.
    fn forget(&mut self, step: u32, generation: GenerationId) {
        let Some((_, Step::Decided { action: OuterAction::Evaluate { cases, .. }, .. })) =
            self.steps.get(&step)
        else {
            return;
        };
        for episode in cases {
            let key = (generation, episode.clone());
            self.starts.remove(&key);
            self.measured_starts.remove(&key);
            let attempts = (key.clone(), 0)..=(key.clone(), u32::MAX);
            let made: Vec<_> = self.decisions.range(attempts).map(|(at, _)| at.clone()).collect();
            for at in made {
                self.decisions.remove(&at);
                self.attempts.remove(&at);
                let call = |turn| CallKey::Attempt {
                    generation,
                    episode: episode.clone(),
                    attempt: at.1,
                    turn,
                };
                let turns = call(0)..=call(u32::MAX);
                let asked: Vec<_> = self.answers.range(turns).map(|(key, _)| key.clone()).collect();
                for key in asked {
                    self.answers.remove(&key);
                    self.draft_tests.remove(&key);
                }
            }
        }
        let of_step =
            |(measured, episode): &EpisodeKey| *measured == generation && cases.contains(episode);
        self.consults.retain(|(key, _), _| !of_step(key));
        self.advice.retain(|(key, _), _| !of_step(key));
        for episode in cases {
            let call = |consult| CallKey::Consult {
                generation,
                episode: episode.clone(),
                consult,
                turn: 0,
            };
            let asked: Vec<_> =
                self.answers.range(call(0)..call(u32::MAX)).map(|(key, _)| key.clone()).collect();
            for key in asked {
                self.answers.remove(&key);
            }
        }
        let turns = CallKey::Rewrite { generation, turn: 0 }..=CallKey::Rewrite {
            generation,
            turn: u32::MAX,
        };
        let asked: Vec<_> = self.answers.range(turns).map(|(key, _)| key.clone()).collect();
        for key in asked {
            self.answers.remove(&key);
        }
    }

    /// Takes in the next record.
    pub fn take(&mut self, record: Record) {
        let at = record.at;
        match record.event {
            Event::RunHalted { why: Halt::InvalidStreak, .. } => {
                let next = self.plans.keys().next_back().map_or(0, |last| last.0 + 1);
                self.streak_from = GenerationId(next);
            }
            Event::RunStarted { interpreter, .. } | Event::RunResumed { interpreter, .. } => {
                self.interpreter = interpreter.or(self.interpreter.take());
            }
            Event::RunHalted { .. } | Event::ProviderPaused { .. } | Event::ProviderBack { .. } => {
            }
            Event::CapsSet { budget } => self.caps = budget,
            Event::Decided { step, by, action, settled } => {
                self.steps.insert(step, (settled, Step::Decided { by, action }));
            }
            Event::Refused { step, by, diagnostic, settled } => {
                self.steps.insert(step, (settled, Step::Refused { by, diagnostic }));
            }
            Event::Answered { key, role, alias, text, calls, kept, cost, unusable, .. } => {
                self.authors.insert(alias.clone());
                let paid = cost.answered_by.clone().unwrap_or_else(|| alias.clone());
                self.spent.push((key.clone(), role, paid, cost.clone()));
                self.answers.insert(key, Answer { alias, text, calls, kept, unusable, cost });
            }
            Event::DraftTested { key, result } => {
                self.draft_tests.insert(key, result);
            }
            Event::GenerationPlanned { plan } => {
                self.plans.insert(plan.generation, (*plan, at));
            }
            Event::GenerationCommitted { generation, commit, .. } => {
                self.commits.insert(generation, commit);
            }
            Event::EpisodeStarted { generation, episode, start, from, suite } => {
                self.starts.insert((generation, episode), Started { start, from, suite });
            }
            Event::StartMeasured { generation, episode, result } => {
                self.measured_starts.insert((generation, episode), *result);
            }
            Event::AttemptDecided { generation, episode, attempt, action } => {
                self.decisions.insert(((generation, episode), attempt), action);
            }
            Event::AttemptFinished { generation, episode, attempt, result } => {
                let outcome = outcome(&result).map(|(model, gain)| (model.clone(), gain));
                let key = (generation, episode.clone());
                self.outcomes.entry(key).or_default().extend(outcome);
                self.attempts.insert(((generation, episode), attempt), *result);
            }
            Event::ConsultDecided { generation, episode, consult, attempt, action } => {
                self.consults.insert(((generation, episode), consult), (attempt, action));
            }
            Event::Consulted { generation, episode, consult, advice } => {
                self.advice.insert(((generation, episode), consult), advice);
            }
            Event::EpisodeFinished { generation, episode, result } => {
                self.episodes.insert((generation, episode), *result);
            }
            Event::Evaluated { step, generation, admitted, utility, raced_out, evidence } => {
                self.evidence.extend(evidence.clone().map(|commit| (generation, commit)));
                if self.forgets && evidence.is_some() {
                    self.forget(step, generation);
                }
                self.evaluated.insert(step, Evaluated { admitted, utility, raced_out, at });
            }
            Event::SelectRenewed { block, generation, results } => {
                self.renewed.insert(block, (generation, results));
            }
            Event::PromotionDecided { step, report, .. } => {
                self.promotions.insert(step, report);
            }
            Event::Attacked { step, reports, .. } => {
                self.attacks.insert(step, reports);
            }
            Event::Judged { step, verdicts, utility, .. } => {
                self.verdicts.insert(step, (verdicts, utility));
            }
            Event::ControlMeasured { generation, episode, result } => {
                self.control.insert((generation, episode), result);
            }
            Event::AgentsCompared { .. } => self.agents_compared = true,
            Event::SolutionCompared { report } => {
                self.compared.insert(report.task.clone(), report);
            }
            Event::TestOpened { opening, pairs } => {
                self.openings.push(Opening { number: opening, pairs, results: None });
            }
            Event::Tested { opening, results } => {
                if let Some(known) = self.openings.iter_mut().find(|o| o.number == opening) {
                    known.results = Some(results);
                }
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
        self.steps.get(&step).map(|(_, step)| step)
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

    /// A generation as planned, and when.
    pub fn plan(&self, id: GenerationId) -> Option<&(GenerationPlan, UnixMillis)> {
        self.plans.get(&id)
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
    pub fn episode(&self, key: &EpisodeKey) -> Option<&EpisodeResult> {
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

    /// Every recorded call, with its role, who answered, and what it cost.
    pub fn spent(&self) -> &[(CallKey, String, Alias, CallCost)] {
        &self.spent
    }

    /// The interpreter that candidates ran under last, where the journal says.
    pub fn interpreter(&self) -> Option<&str> {
        self.interpreter.as_deref()
    }

    /// The caps that held last.
    pub fn caps(&self) -> &Budgets {
        &self.caps
    }
}
