//! Taking records in, one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Doing, Phase, RunView};
use crate::base::id::{Alias, EpisodeId, GenerationId};
use crate::base::unit::{MicroUsd, UnixMillis};
use crate::domain::action::OuterAction;
use crate::domain::event::{CallCost, Event, GenerationStatus, Record};
use crate::view::generation::{EpisodeView, GenerationView};
use crate::view::openings::TestView;
use crate::view::spend::Spend;

impl RunView {
    /// Takes in the next record.
    pub fn apply(&mut self, record: &Record) {
        self.advance_clock(record);
        match &record.event {
            Event::RunStarted { identity, kernel, sandbox, .. } => {
                self.identity = Some(identity.clone());
                self.kernel.clone_from(kernel);
                self.sandbox = Some(*sandbox);
                self.phase = Phase::Open;
            }
            Event::RunResumed { sandbox, .. } => {
                (self.process_ms, self.longest_wait_ms) = (0, 0);
                self.sandbox = Some(*sandbox);
                self.phase = Phase::Open;
                self.waiting.clear();
            }
            Event::CapsSet { budget } => self.caps = Some(budget.clone()),
            Event::ProviderPaused { alias, why } => {
                self.waiting.insert(alias.clone(), why.clone());
            }
            Event::ProviderBack { alias } => {
                self.waiting.remove(alias);
            }
            Event::Decided { action, .. } => match action {
                OuterAction::Expand { parent, .. } => self.doing = Doing::Rewriting(*parent),
                OuterAction::Merge { a, .. } => self.doing = Doing::Rewriting(*a),
                OuterAction::Reflect { about, .. } => self.doing = Doing::Rewriting(*about),
                OuterAction::Attack { .. } => self.doing = Doing::Attacking,
                OuterAction::Judge { by, .. } => self.doing = Doing::Judging(*by),
                OuterAction::Epoch { judge, utility } => {
                    self.doing = Doing::Deciding;
                    let measured = self.episodes_measured();
                    self.epoch.begin(*judge, *utility, measured);
                }
                OuterAction::Retire { who } => {
                    self.doing = Doing::Deciding;
                    if let Some(known) = self.generations.get_mut(who) {
                        known.retired = true;
                        self.rank_all();
                    }
                }
                OuterAction::Evaluate { who, .. } => self.doing = Doing::Measuring(*who),
                OuterAction::Promote { .. } | OuterAction::Stop { .. } => {
                    self.doing = Doing::Deciding;
                }
            },
            Event::Refused { diagnostic, .. } => self.refusals.push(diagnostic.clone()),
            // Nobody was asked.
            Event::Answered { cost: CallCost { cap: Some(_), .. }, .. } => {}
            Event::Answered { key, role, alias, cost, .. } => {
                // Who answered in place of the one asked is the one that was paid.
                let paid = cost.answered_by.as_ref().unwrap_or(alias);
                let mut used = Spend::default();
                used.add(&if is_built_in(paid) { free(cost) } else { cost.clone() });
                self.waste.answered(key, used);
                add(&mut self.spend_by_role, role, &used);
                add(&mut self.spend_by_model, paid, &used);
                if !self.asked.get(role).is_some_and(|known| known.contains(alias)) {
                    self.asked.entry(role.clone()).or_default().insert(alias.clone());
                }
                let generation = key.generation();
                match self.generations.get_mut(&generation) {
                    Some(known) => known.spend.merge(&used),
                    None => self.early.entry(generation).or_default().merge(&used),
                }
            }
            Event::GenerationPlanned { plan } => {
                self.waste.planned(plan);
                let mut planned = GenerationView::planned(plan, record.at);
                planned.spend = self.early.remove(&plan.generation).unwrap_or_default();
                self.generations.insert(plan.generation, planned);
            }
            Event::GenerationCommitted { generation, commit, .. } => {
                if let Some(known) = self.generations.get_mut(generation) {
                    known.commit = Some(commit.clone());
                    if known.status == GenerationStatus::Valid {
                        self.latest = Some(*generation);
                    }
                }
            }
            Event::EpisodeStarted { generation, episode, from, .. } => {
                self.doing = match &self.identity {
                    Some(identity) if identity.is_control(episode) => Doing::Comparing,
                    Some(identity) if identity.is_comparison(episode) => Doing::Certifying,
                    _ => Doing::Measuring(*generation),
                };
                self.with_episode(*generation, episode, |view| view.from = *from);
            }
            Event::StartMeasured { generation, episode, result } => {
                self.with_episode(*generation, episode, |view| view.start_measured(result));
            }
            Event::AttemptDecided { .. }
            | Event::DraftTested { .. }
            | Event::ConsultDecided { .. }
            | Event::Consulted { .. } => {}
            Event::AttemptFinished { generation, episode, attempt, result } => {
                self.waste.attempted(*generation, episode, *attempt, result);
                self.with_episode(*generation, episode, |view| view.attempt_finished(result));
            }
            Event::EpisodeFinished { generation, episode, result } => {
                self.with_episode(*generation, episode, |view| view.finished(result));
                self.rank(*generation);
            }
            Event::SelectRenewed { block, generation, results } => {
                if let Some(known) = self.generations.get_mut(generation) {
                    known.select_renewed(*block, results);
                }
                self.renewed = Some((*block, *generation));
                self.rank_all();
            }
            Event::Evaluated { generation, admitted, evidence, raced_out, .. } => {
                self.doing = Doing::Deciding;
                self.select_queries += 1;
                if let Some(known) = self.generations.get_mut(generation) {
                    known.admitted = Some(*admitted);
                    known.raced_out = *raced_out;
                    if evidence.is_some() {
                        known.evidence.clone_from(evidence);
                    }
                }
                self.rank(*generation);
            }
            Event::Attacked { by, reports, .. } => {
                self.doing = Doing::Deciding;
                self.attacks.push((*by, reports.clone()));
            }
            Event::Judged { by, of, verdicts, .. } => {
                self.doing = Doing::Deciding;
                self.epoch.take(*by, *of, verdicts);
            }
            Event::PromotionDecided { generation, report, .. } => {
                self.promotions.push((*generation, report.clone()));
            }
            Event::ControlMeasured { .. } => {}
            Event::AgentsCompared { report } => self.agents = Some(report.clone()),
            Event::SolutionCompared { report } => {
                self.solutions.retain(|known| known.task != report.task);
                self.solutions.push(report.clone());
            }
            Event::TestOpened { opening, pairs } => {
                self.tests.push(TestView {
                    opening: *opening,
                    pairs: pairs.clone(),
                    results: None,
                });
            }
            Event::Tested { opening, results } => {
                let known = self.tests.iter_mut().find(|test| test.opening == *opening);
                if let Some(test) = known {
                    test.results = Some(results.clone());
                }
            }
            Event::RunHalted { why, detail } => {
                self.phase = Phase::Halted { why: why.clone(), detail: detail.clone() };
            }
            Event::RolledBack { to } => {
                self.latest = Some(*to);
                self.agents = None;
                self.set_aside_all_but(*to);
                self.phase = Phase::RolledBack(*to);
            }
            Event::RunFinished { best, why } => {
                self.named_best = Some(*best);
                self.phase = Phase::Finished { why: why.clone() };
                self.doing = Doing::Deciding;
            }
        }
    }

    /// Episodes measured, over all generations.
    fn episodes_measured(&self) -> u32 {
        let measured: usize = self.generations.values().map(GenerationView::measured).sum();
        u32::try_from(measured).unwrap_or(u32::MAX)
    }

    /// Sets aside what a generation does not descend from; it goes on itself, whatever a script thought of it.
    fn set_aside_all_but(&mut self, to: GenerationId) {
        let mut kept = BTreeSet::new();
        let mut open = vec![to];
        while let Some(next) = open.pop() {
            if let Some(known) = self.generations.get(&next)
                && kept.insert(next)
            {
                open.extend(known.parents.iter().copied());
            }
        }
        for (id, known) in &mut self.generations {
            known.set_aside = !kept.contains(id);
            known.retired &= *id != to;
        }
        self.rank_all();
    }

    fn advance_clock(&mut self, record: &Record) {
        if self.seq == 0 {
            self.started_at = record.at;
        } else if self.phase == Phase::Open && !by_another_process(&record.event) {
            self.wait_for(record.at);
        }
        self.seq = record.seq;
        self.updated_at = record.at;
    }

    /// Adds the wait for the next record. A clock that goes back may have gone forward before, which looked like a wait: as
    /// much of the longest one is taken back. If it had not, the time is wrong by that wait at most.
    fn wait_for(&mut self, next: UnixMillis) {
        let waited = next.0.saturating_sub(self.updated_at.0);
        let back = self.updated_at.0.saturating_sub(next.0).min(self.longest_wait_ms);
        self.longest_wait_ms = self.longest_wait_ms.max(waited) - back;
        self.process_ms = (self.process_ms + waited).saturating_sub(back);
        self.working_ms = (self.working_ms + waited).saturating_sub(back);
    }

    fn with_episode(
        &mut self,
        generation: GenerationId,
        episode: &EpisodeId,
        change: impl FnOnce(&mut EpisodeView),
    ) {
        if self.identity.as_ref().is_some_and(|identity| identity.is_comparison(episode)) {
            change(self.compared.entry((generation, episode.clone())).or_default());
        } else if let Some(known) = self.generations.get_mut(&generation)
            && let Some(view) = known.episodes.or_default(episode)
        {
            change(view);
        }
    }
}

/// Whether the process that wrote the event is not the one that wrote those before it.
fn by_another_process(event: &Event) -> bool {
    matches!(event, Event::RunResumed { .. } | Event::TestOpened { .. } | Event::Tested { .. })
}

/// Whether an alias is one of the optimisers inside this program.
pub(super) fn is_built_in(alias: &Alias) -> bool {
    matches!(alias.as_str(), "offline" | "random")
}

/// Adds what a call used to a sum that nearly always exists.
fn add<K: Ord + Clone>(sums: &mut BTreeMap<K, Spend>, of: &K, used: &Spend) {
    match sums.get_mut(of) {
        Some(sum) => sum.merge(used),
        None => drop(sums.insert(of.clone(), *used)),
    }
}

/// What a built-in optimiser's answer costs: no token and no money, which is known, not unknown.
fn free(cost: &CallCost) -> CallCost {
    CallCost {
        input_tokens: cost.input_tokens.or(Some(0)),
        output_tokens: cost.output_tokens.or(Some(0)),
        usd: cost.usd.or(Some(MicroUsd(0))),
        ..cost.clone()
    }
}
