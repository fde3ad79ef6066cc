//! A whole run: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};

use super::generation::{EpisodeView, GenerationView, TaskScore};
use super::openings::TestView;
use super::spend::Spend;
use super::waste::Waste;
use crate::base::id::{Alias, EpisodeId, GenerationId, TaskName};
use crate::base::unit::{MicroUsd, UnixMillis};
use crate::domain::action::OuterAction;
use crate::domain::event::{CallCost, Diagnostic, Event, GenerationStatus, Halt, Record};
use crate::domain::ladder;
use crate::domain::lineage::Epoch;
use crate::domain::outcome::SandboxLevel;
use crate::domain::report::{AgentReport, PromotionReport, SolutionReport, Verdict};
use crate::domain::settings::{Budgets, Identity, Start};
use crate::domain::suite::AttackReport;

mod phase;

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
                let cost = &if is_built_in(paid) { free(cost) } else { cost.clone() };
                self.waste.answered(key, cost);
                self.spend_by_role.entry(role.clone()).or_default().add(cost);
                self.spend_by_model.entry(paid.clone()).or_default().add(cost);
                self.asked.entry(role.clone()).or_default().insert(alias.clone());
                let generation = key.generation();
                match self.generations.get_mut(&generation) {
                    Some(known) => known.spend.add(cost),
                    None => self.early.entry(generation).or_default().add(cost),
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

    /// The tasks it works on, in the order given.
    pub fn tasks(&self) -> &[TaskName] {
        self.identity.as_ref().map_or(&[], |identity| &identity.tasks)
    }

    /// How a generation measured on each task, in the order of [`RunView::tasks`].
    pub fn by_task(&self, generation: &GenerationView) -> Vec<TaskScore> {
        self.tasks().iter().map(|task| generation.on(task)).collect()
    }

    /// The best generation: as the finished run named it, else by the [ladder] over the valid ones measured on every task.
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

    /// Holds a generation that was measured against the best one. The ladder is climbed in the order of numbers, so one
    /// that comes out of turn has all of them ranked again.
    fn rank(&mut self, id: GenerationId) {
        let Some(mean) = self.select_mean(id) else { return };
        if self.ranked.is_some_and(|ranked| id <= ranked) {
            self.rank_all();
            return;
        }
        self.ranked = Some(id);
        let both = self.highest.into_iter().chain([(id, mean)]);
        self.highest = ladder::climb(both, |one, other| self.step(one, other));
    }

    fn rank_all(&mut self) {
        let first = self.renewed.map(|(_, id)| id);
        let others = self.generations.keys().copied().filter(|id| Some(*id) != first);
        let order: Vec<GenerationId> = first.into_iter().chain(others).collect();
        let means = order.iter().filter_map(|id| Some((*id, self.select_mean(*id)?)));
        let highest = ladder::climb(means, |one, other| self.step(one, other));
        self.ranked = order.into_iter().filter(|id| self.select_mean(*id).is_some()).max();
        self.highest = highest;
    }

    /// The select mean of a generation that may be the best.
    fn select_mean(&self, id: GenerationId) -> Option<f64> {
        let generation = self.generations.get(&id)?;
        let measured = generation.admitted.is_some()
            && generation.raced_out.is_none()
            && generation.status == GenerationStatus::Valid
            && generation.select_block() == self.select_block()
            && self.by_task(generation).iter().all(|task| task.n > 0);
        generation.select_mean().filter(|_| measured)
    }

    fn step(&self, one: GenerationId, other: GenerationId) -> f64 {
        let cases = |id| self.generations.get(&id).map(GenerationView::select_cases);
        let (one, other) = (cases(one).unwrap_or_default(), cases(other).unwrap_or_default());
        ladder::step(&one, &other)
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

    /// The number of rewrites so far, rejected ones included.
    pub fn rewrites(&self) -> usize {
        self.generations.values().filter(|generation| generation.is_rewrite()).count()
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
        } else if let Some(known) = self.generations.get_mut(&generation) {
            change(known.episodes.entry(episode.clone()).or_default());
        }
    }
}

/// Whether the process that wrote the event is not the one that wrote those before it.
fn by_another_process(event: &Event) -> bool {
    matches!(event, Event::RunResumed { .. } | Event::TestOpened { .. } | Event::Tested { .. })
}

/// Whether an alias is one of the optimisers inside this program.
fn is_built_in(alias: &Alias) -> bool {
    matches!(alias.as_str(), "offline" | "random")
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

#[cfg(test)]
mod tests {
    use super::super::sample::{Recording, plan, small_run};
    use super::*;
    use crate::domain::event::CallKey;

    #[test]
    fn a_run_is_folded_from_its_records() {
        let view = RunView::of(&small_run());
        assert_eq!(view.state(false), RunState::Finished);
        assert_eq!((view.rewrites(), view.rejected()), (3, 1));
        assert_eq!((view.attempts(), view.accepted(), view.trials()), (6, 3, 45));
        assert_eq!(view.best(), Some(GenerationId(3)));
        assert_eq!(view.latest, Some(GenerationId(3)));
        let second = &view.generations[&GenerationId(1)];
        assert!((view.effect(second).expect("an effect") - 0.1).abs() < 1e-9);
        assert_eq!(view.spend().calls, 9);
        assert!(view.offline("worker") && !view.offline("reviewer"));
    }

    #[test]
    fn time_between_processes_is_not_work() {
        let mut recording = Recording::default();
        recording.start();
        recording
            .at(UnixMillis(1_000_500))
            .say(Event::RunHalted { why: Halt::Interrupted, detail: "ctrl-c".into() });
        recording
            .at(UnixMillis(9_000_000))
            .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
        recording
            .at(UnixMillis(9_000_250))
            .say(Event::RunFinished { best: GenerationId(0), why: "done".into() });
        let view = RunView::of(&recording.records);
        assert_eq!(view.working_ms, 750);
    }

    #[test]
    fn a_clock_that_jumps_back_takes_no_time_away_and_brings_nothing_out_of_order() {
        let mut recording = Recording::default();
        recording.start();
        let halted = || Event::RunHalted { why: Halt::Interrupted, detail: String::new() };
        recording
            .at(UnixMillis(1_000_400))
            .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
        let alias: Alias = "fast".parse().expect("an alias");
        recording.at(UnixMillis(5)).say(Event::ProviderBack { alias });
        recording.at(UnixMillis(305)).say(halted());
        let view = RunView::of(&recording.records);
        assert_eq!((view.working_ms, view.state(false)), (300, RunState::Interrupted));
    }

    #[test]
    fn hours_that_a_clock_jumps_forward_and_back_again_are_no_work() {
        const HOURS: u64 = 5 * 3_600_000;
        let mut recording = Recording::default();
        recording.start();
        recording
            .at(UnixMillis(2_000_000))
            .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
        let alias: Alias = "fast".parse().expect("an alias");
        let back = || Event::ProviderBack { alias: alias.clone() };
        recording.at(UnixMillis(2_000_100)).say(back());
        recording.at(UnixMillis(2_000_200 + HOURS)).say(back());
        recording.at(UnixMillis(2_000_300 + HOURS)).say(back());
        recording.at(UnixMillis(2_000_400)).say(back());
        recording.at(UnixMillis(2_000_500)).say(back());
        assert_eq!(RunView::of(&recording.records).process_ms, 500);
    }

    #[test]
    fn an_open_journal_without_a_process_is_interrupted() {
        let mut recording = Recording::default();
        recording.start();
        let view = RunView::of(&recording.records);
        assert_eq!(view.state(true), RunState::Running);
        assert_eq!(view.state(false), RunState::Interrupted);
        assert!(view.why(false).contains("nothing recorded is lost"));
    }

    #[test]
    fn a_provider_that_is_down_pauses_and_a_rollback_moves_latest() {
        let mut recording = Recording::default();
        recording.records = small_run();
        recording.say(Event::RunHalted { why: Halt::Provider, detail: "fast: 429".into() });
        assert_eq!(RunView::of(&recording.records).state(false), RunState::Paused);
        recording.say(Event::RolledBack { to: GenerationId(1) });
        let view = RunView::of(&recording.records);
        assert_eq!(view.latest, Some(GenerationId(1)));
        assert_eq!(view.state(false), RunState::Interrupted);
    }

    #[test]
    fn what_an_answer_cost_belongs_to_the_alias_that_gave_it() {
        let mut recording = Recording::default();
        recording.start();
        let [asked, answered]: [Alias; 2] = ["fast", "slow"].map(|a| a.parse().expect("an alias"));
        recording.say(Event::Answered {
            key: CallKey::Rewrite { generation: GenerationId(1), turn: 0 },
            role: "meta".into(),
            alias: asked.clone(),
            prompt: crate::base::digest::Digest::of(b""),
            text: String::new(),
            calls: Vec::new(),
            kept: None,
            unusable: None,
            cost: CallCost {
                usd: Some(MicroUsd(7)),
                answered_by: Some(answered.clone()),
                ..CallCost::default()
            },
        });
        let view = RunView::of(&recording.records);
        assert_eq!(view.spend_by_model.keys().collect::<Vec<_>>(), [&answered]);
        assert_eq!(view.asked["meta"], BTreeSet::from([asked]));
    }

    #[test]
    fn a_run_whose_provider_is_away_is_paused_until_it_is_back() {
        let mut recording = Recording::default();
        recording.start();
        let alias: Alias = "fast".parse().expect("an alias");
        recording.say(Event::ProviderPaused { alias: alias.clone(), why: "status 429".into() });
        let view = RunView::of(&recording.records);
        assert_eq!(view.state(true), RunState::Paused);
        assert_eq!(view.why(true), "model fast waits for its provider (status 429)");
        assert_eq!(view.state(false), RunState::Interrupted);
        recording.say(Event::ProviderBack { alias });
        let view = RunView::of(&recording.records);
        assert_eq!((view.state(true), view.why(true)), (RunState::Running, String::new()));
    }

    #[test]
    fn an_opened_test_split_leaves_the_run_where_it_stands() {
        let mut recording = Recording::default();
        recording.start();
        let opened = RunView::of(&recording.records);
        recording
            .at(UnixMillis(5_000_000))
            .say(Event::TestOpened { opening: 1, pairs: Vec::new() });
        let interrupted = RunView::of(&recording.records);
        assert_eq!(interrupted.tests[0].results, None);
        recording.say(Event::Tested { opening: 1, results: Vec::new() });
        let view = RunView::of(&recording.records);
        assert_eq!(view.tests[0].results, Some(Vec::new()));
        assert_eq!((&view.phase, view.working_ms), (&opened.phase, opened.working_ms));
    }

    #[test]
    fn before_the_end_the_highest_select_mean_is_best_and_ties_go_to_the_older() {
        let mut recording = Recording::default();
        recording.start();
        recording.rewrite(plan(0, None, "seed"));
        recording.measure(0, 0.05, 0.1, 0.2);
        recording.rewrite(plan(1, Some(0), "a"));
        recording.measure(1, 0.05, 0.3, 0.25);
        recording.rewrite(plan(2, Some(0), "b"));
        recording.measure(2, 0.05, 0.4, 0.25);
        assert_eq!(RunView::of(&recording.records).best(), Some(GenerationId(1)));
    }
}
