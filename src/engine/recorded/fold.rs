//! Taking records in, one by one, and letting go what a finished measurement stood on.

use super::{Answer, EpisodeKey, Evaluated, Opening, Recorded, Started, Step};
use crate::base::id::GenerationId;
use crate::domain::action::OuterAction;
use crate::domain::choice::outcome;
use crate::domain::event::{CallKey, Event, Halt, Record};
use crate::model::Caller;

impl Recorded {
    /// Lets go what led to the end of a step.
    fn forget(&mut self, step: u32, generation: GenerationId) {
        let Some(Step::Decided { action: OuterAction::Evaluate { cases, .. }, .. }) =
            self.steps.get(&step).map(|(_, step)| step.as_ref())
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
                self.steps.insert(step, (settled, Box::new(Step::Decided { by, action })));
            }
            Event::Refused { step, by, diagnostic, settled } => {
                self.steps.insert(step, (settled, Box::new(Step::Refused { by, diagnostic })));
            }
            Event::Answered { key, role, alias, text, calls, kept, cost, unusable, .. } => {
                self.authors.insert(alias.clone());
                self.paid.add(&key, &cost);
                if cost.requests > 0 {
                    self.spent.entry(Caller::of(&key, &role)).or_default().add(&cost);
                }
                if let Some(usd) = cost.usd {
                    let paid = cost.answered_by.clone().unwrap_or_else(|| alias.clone());
                    let dearest = self.dearest.entry(paid).or_default();
                    *dearest = usd.max(*dearest);
                }
                self.answers.insert(key, Answer { alias, text, calls, kept, unusable, cost });
            }
            Event::DraftTested { key, result } => {
                self.draft_tests.insert(key, result);
            }
            Event::GenerationPlanned { plan } => {
                self.plans.insert(plan.generation, (self.shelf.keep_plan(*plan), at));
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
                if let Some((model, gain)) = outcome(&result) {
                    let key = (generation, episode.clone());
                    self.outcomes.entry(key).or_default().push((model.clone(), gain));
                }
                self.attempts.insert(((generation, episode), attempt), *result);
            }
            Event::ConsultDecided { generation, episode, consult, attempt, action } => {
                self.consults.insert(((generation, episode), consult), (attempt, action));
            }
            Event::Consulted { generation, episode, consult, advice } => {
                self.advice.insert(((generation, episode), consult), advice);
            }
            Event::EpisodeFinished { generation, episode, result } => {
                let result = self.shelf.keep_result(*result);
                self.episodes.insert((generation, episode), result);
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
}
