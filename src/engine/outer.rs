//! The outer loop: ask the leader's script, perform the action, take in what came of it, ask again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio_util::task::AbortOnDropHandle;

use super::hooks::{Call, Hooks, Show};
use super::measure;
use super::recorded::Step;
use super::session::Session;
use super::under_way::{Open, joined};
use super::{Stopped, certify, control, expand, finish, guard, notes, world};
use crate::base::id::GenerationId;
use crate::base::unit::UnixMillis;
use crate::domain::action::OuterAction;
use crate::domain::agent::STRATEGY;
use crate::domain::event::{Diagnostic, Event, GenerationPlan};
use crate::domain::lineage::Lineage;
use crate::domain::report::Verdict;
use crate::domain::state::{OuterState, no_actions};
use crate::script::{Arg, Delta, Hook, RngKey, WorldKind};

/// Refused or free actions in a row before the run stops.
const IDLE_ACTIONS: u32 = 100;
/// The number of the outer state in a worker; episodes have their generation in the upper half.
const OUTER_WORLD: u64 = 0;

/// The mirror of the state inside the driving script's worker.
pub(super) struct Mirror {
    by: GenerationId,
    known: Option<u64>,
    generations: Vec<Value>,
    around: BTreeMap<String, Value>,
}

impl Mirror {
    /// What a worker that was shown this has to be told.
    fn changes(&self, now: &[Value], around: &BTreeMap<String, Value>) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for (place, generation) in now.iter().enumerate() {
            match self.generations.get(place) {
                Some(old) if old == generation => {}
                Some(_) => {
                    let path = ["gens".to_owned(), place.to_string()];
                    deltas.push(Delta::set(path, generation.clone()));
                }
                None => deltas.push(Delta::push(["gens"], generation.clone())),
            }
        }
        for (field, value) in around {
            if self.around.get(field) != Some(value) {
                deltas.push(Delta::set([field.as_str()], value.clone()));
            }
        }
        deltas
    }
}

fn whole(generations: &[Value], around: &BTreeMap<String, Value>) -> Value {
    let mut base: serde_json::Map<String, Value> =
        around.iter().map(|(field, value)| (field.clone(), value.clone())).collect();
    base.insert("gens".into(), json!(generations));
    Value::Object(base)
}

/// The outer loop of one run.
pub struct Outer {
    pub(super) session: Arc<Session>,
    pub(super) lineage: Lineage,
    pub(super) counts: BTreeMap<&'static str, u32>,
    pub(super) step: u32,
    /// Actions taken in so far.
    pub(super) settled: u32,
    pub(super) idle: u32,
    pub(super) certifying: certify::Used,
    pub(super) streak: u32,
    pub(super) open: VecDeque<Open>,
    pub(super) hooks: BTreeMap<GenerationId, Hooks>,
    pub(super) unfit: BTreeSet<GenerationId>,
    pub(super) mirror: Option<Mirror>,
    /// When each generation was planned, by number.
    pub(super) planned_at: Vec<UnixMillis>,
    /// What was asked for rewrites that are not measured yet; it joins their evidence.
    pub(super) asked: BTreeMap<GenerationId, BTreeMap<String, String>>,
    /// Where this process pointed the run's branches.
    pub(super) pointed: BTreeMap<&'static str, GenerationId>,
}

/// How a run came to its end.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The generation with the highest select mean.
    pub best: GenerationId,
    /// Why it ended.
    pub why: String,
}

enum Next {
    Perform(OuterAction),
    Refused,
    Wait,
    End(String),
}

/// Runs the outer loop to its end, from the seed's plan.
pub async fn run(
    session: Arc<Session>,
    lineage: Lineage,
    seed: GenerationPlan,
) -> Result<Finished, Stopped> {
    let mut outer = Outer {
        session,
        lineage,
        counts: no_actions(),
        step: 0,
        settled: 0,
        idle: 0,
        certifying: certify::Used::default(),
        streak: 0,
        open: VecDeque::new(),
        hooks: BTreeMap::new(),
        unfit: BTreeSet::new(),
        mirror: None,
        planned_at: Vec::new(),
        asked: BTreeMap::new(),
        pointed: BTreeMap::new(),
    };
    if outer.session.restarted && !outer.session.archive.verify_notes()? {
        // Those of this run are set again in their turn; they share one ref with those of all others.
        notes::set_all(&outer.session.lab, &outer.session.archive)?;
    }
    outer.take_generation(seed).await?;
    let driven = outer.drive().await;
    if driven.as_ref().is_err_and(Stopped::lets_work_end) {
        for open in outer.open.drain(..) {
            open.end().await;
        }
    }
    let why = driven?;
    outer.point_branches()?;
    control::run(&outer.session, &outer.lineage).await?;
    finish::run(&outer.session, &outer.lineage, why).await
}

impl Outer {
    async fn drive(&mut self) -> Result<String, Stopped> {
        loop {
            self.session.check_going()?;
            let rollbacks: Vec<_> = self.session.source().rollback_before(self.step).collect();
            for to in rollbacks {
                while !self.open.is_empty() {
                    self.settle().await?;
                }
                self.lineage.roll_back(to);
            }
            // Generation 0 is measured whole before any script is asked.
            let only_the_seed = self.step == 1 && !self.open.is_empty();
            let full = self.open.len() as u64 >= u64::from(self.session.identity.width);
            let recorded = self.session.recorded.settled_before(self.step);
            let asked_later = recorded.is_some_and(|settled| self.settled < settled);
            if only_the_seed || full || (asked_later && !self.open.is_empty()) {
                self.settle().await?;
                continue;
            }
            if recorded.is_none() {
                self.session.check_beginning()?;
            }
            match self.decide().await? {
                Next::Perform(action) => {
                    if let Some(why) = self.perform(action).await? {
                        while !self.open.is_empty() {
                            self.settle().await?;
                        }
                        return Ok(why);
                    }
                    self.step += 1;
                }
                Next::Refused => {
                    self.step += 1;
                    self.idle += 1;
                }
                Next::Wait => {
                    self.settle().await?;
                    continue;
                }
                Next::End(why) => {
                    while !self.open.is_empty() {
                        self.settle().await?;
                    }
                    return Ok(why);
                }
            }
            if self.idle >= IDLE_ACTIONS {
                return Ok(format!("{IDLE_ACTIONS} actions in a row without any work"));
            }
        }
    }

    /// The action of this step: recorded, the kernel's own for the first, or the leader's.
    async fn decide(&mut self) -> Result<Next, Stopped> {
        match self.session.recorded.step(self.step).cloned() {
            Some(Step::Decided { action, .. }) => return Ok(Next::Perform(action)),
            Some(Step::Refused { by, diagnostic }) => {
                self.judge_script(by, &diagnostic);
                return Ok(Next::Refused);
            }
            None => {}
        }
        if self.open.is_empty() {
            // Everything on record has passed by.
            self.session.journal.verified()?;
        }
        self.point_branches()?;
        if self.step == 0 {
            let cases = self.lineage.episodes().to_vec();
            let action = OuterAction::Evaluate { who: GenerationId(0), cases };
            self.record_decision(None, &action).await?;
            return Ok(Next::Perform(action));
        }
        let by = self.driver();
        let action = match self.ask(by).await? {
            Ok(action) => action,
            Err(diagnostic) => return self.refuse(by, diagnostic),
        };
        if matches!(action, OuterAction::Expand { .. })
            && self.lineage.made() + self.expanding() >= self.session.identity.generations
        {
            let done = Next::End(match self.session.identity.generations {
                0 => "no rewrite was asked for".to_owned(),
                1 => "the one rewrite is made".to_owned(),
                limit => format!("all {limit} rewrites are made"),
            });
            return Ok(if self.open.is_empty() { done } else { Next::Wait });
        }
        match guard::outer(&self.session, &self.lineage, &action) {
            Err(_) if !self.open.is_empty() => Ok(Next::Wait),
            Err(diagnostic) => self.refuse(by, diagnostic),
            Ok(()) => {
                self.record_decision(Some(by), &action).await?;
                Ok(Next::Perform(action))
            }
        }
    }

    async fn record_decision(
        &self,
        by: Option<GenerationId>,
        action: &OuterAction,
    ) -> Result<(), Stopped> {
        let event =
            Event::Decided { step: self.step, by, action: action.clone(), settled: self.settled };
        self.session.record(event).await?;
        Ok(())
    }

    fn refuse(&mut self, by: GenerationId, diagnostic: Diagnostic) -> Result<Next, Stopped> {
        self.judge_script(by, &diagnostic);
        let (step, settled) = (self.step, self.settled);
        self.session.append(Event::Refused { step, by, diagnostic, settled })?;
        Ok(Next::Refused)
    }

    /// A generation whose script fails, rather than asking for the impossible, drives no longer.
    fn judge_script(&mut self, by: GenerationId, diagnostic: &Diagnostic) {
        if diagnostic.code.starts_with("E3") {
            self.unfit.insert(by);
            self.mirror = None;
        }
    }

    /// The generation whose script is asked: the leader, unless its script failed; then the newest ancestor whose
    /// script did not.
    pub(super) fn driver(&self) -> GenerationId {
        let mut at = self.lineage.leader();
        while self.unfit.contains(&at) {
            match self.lineage.get(at).and_then(|g| g.plan.parents.first()) {
                Some(parent) => at = *parent,
                None => return at,
            }
        }
        at
    }

    fn expanding(&self) -> u32 {
        let open = self.open.iter().filter(|open| matches!(open, Open::Expand { .. })).count();
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    async fn hooks(&mut self, id: GenerationId) -> Result<Hooks, Stopped> {
        if let Some(hooks) = self.hooks.get(&id) {
            return Ok(hooks.clone());
        }
        let files = self.lineage.get(id).map(|g| g.files.clone()).unwrap_or_default();
        let hooks = Hooks::load(self.session.scripts.clone(), &files).await?;
        self.hooks.insert(id, hooks.clone());
        Ok(hooks)
    }

    /// Keeps the workers of the driver and of the generations being measured, and lets the others go.
    pub(super) fn keep_hooks(&mut self) {
        let mut needed = BTreeSet::from([self.driver()]);
        for open in &self.open {
            if let Open::Evaluate { who, .. } = open {
                needed.insert(*who);
            }
        }
        self.hooks.retain(|id, _| needed.contains(id));
    }

    async fn ask(&mut self, by: GenerationId) -> Result<Result<OuterAction, Diagnostic>, Stopped> {
        let rng = self.rng("outer", self.step);
        let called = self.call(by, Call { hook: Hook::NextStep, args: &[], rng }).await?;
        Ok(called.and_then(|value| {
            OuterAction::read(&value).map_err(|fault| Diagnostic {
                code: fault.code().into(),
                file: STRATEGY.into(),
                line: 0,
                message: fault.to_string(),
            })
        }))
    }

    pub(super) async fn ask_admission(&mut self, who: GenerationId) -> Result<bool, Stopped> {
        let by = self.driver();
        if !self.hooks(by).await?.has(Hook::Admit) {
            return Ok(true);
        }
        let args = [Arg::record(["gens".to_owned(), who.0.to_string()])];
        let rng = self.rng("admit", who.0);
        let answered = self.call(by, Call { hook: Hook::Admit, args: &args, rng }).await?;
        Ok(answered.map_or(true, |value| value != json!(false)))
    }

    fn rng(&self, purpose: &str, index: u32) -> RngKey {
        RngKey {
            seed: self.session.identity.seed,
            purpose: purpose.into(),
            indices: vec![u64::from(index)],
        }
    }

    /// Everything of the state but the generations.
    fn surroundings(
        &self,
        by: GenerationId,
        params: &BTreeMap<String, f64>,
    ) -> BTreeMap<String, Value> {
        let budget = world::budget(&self.session.identity, &self.lineage);
        let used = world::used(&self.lineage);
        let state = OuterState {
            seed: self.session.identity.seed,
            step: self.step,
            gens: Vec::new(),
            cases: self.lineage.episodes().to_vec(),
            sets: BTreeMap::new(),
            pending: self.open.iter().map(|open| json!(open.action())).collect(),
            params: params.clone(),
            budget,
            used,
            left: budget.less(used),
            count: self.counts.clone(),
            models: self.session.aliases.iter().cloned().collect(),
            live_id: by,
        };
        let fields = match json!(state) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        fields.into_iter().filter(|(field, _)| field != "gens").collect()
    }

    /// Calls a hook of a generation's script on the state as it is now.
    async fn call(
        &mut self,
        by: GenerationId,
        call: Call<'_>,
    ) -> Result<Result<Value, Diagnostic>, Stopped> {
        let hooks = self.hooks(by).await?;
        let agent = hooks.agent().clone();
        let around = self.surroundings(by, &agent.config.params);
        let generations: Vec<Value> =
            world::generations(&self.lineage).iter().map(|generation| json!(generation)).collect();
        let shown = self.mirror.take().filter(|mirror| mirror.by == by);
        let mut known = shown.as_ref().and_then(|mirror| mirror.known);
        let show = |known: bool| match shown.as_ref().filter(|_| known) {
            Some(shown) => Show::Changes(shown.changes(&generations, &around)),
            None => Show::Whole(WorldKind::Outer, whole(&generations, &around)),
        };
        let called = hooks.call(&mut known, OUTER_WORLD, show, call).await?;
        self.mirror = Some(Mirror { by, known, generations, around });
        Ok(called)
    }

    fn count(&mut self, action: &'static str) {
        *self.counts.entry(action).or_default() += 1;
    }

    /// Begins an action; the reason when it ends the run.
    async fn perform(&mut self, action: OuterAction) -> Result<Option<String>, Stopped> {
        match &action {
            OuterAction::Expand { parent, by, .. } => {
                self.count("expand");
                self.idle = 0;
                let improver = self.hooks(by.unwrap_or(*parent)).await?.agent().clone();
                let id = GenerationId(self.lineage.next_id().0 + self.expanding());
                let order = expand::prepare(&self.session, &self.lineage, &improver, id, &action);
                let session = self.session.clone();
                let work = AbortOnDropHandle::new(tokio::spawn(async move {
                    expand::run(&session, order?).await
                }));
                self.open.push_back(Open::Expand { action, work });
            }
            OuterAction::Evaluate { who, cases } => {
                let (who, cases) = (*who, cases.clone());
                self.count("evaluate");
                self.idle = 0;
                let hooks = self.hooks(who).await?;
                let measuring = measure::prepare(&self.session, &self.lineage, &hooks, who, &cases);
                let work = measure::run(self.session.clone(), hooks, measuring);
                let work = AbortOnDropHandle::new(tokio::spawn(work));
                self.open.push_back(Open::Evaluate { step: self.step, action, who, work });
            }
            OuterAction::Promote { who } => {
                self.count("promote");
                self.promote(*who).await?;
            }
            OuterAction::Stop { why, .. } => {
                let why = if why.is_empty() { "no reason given" } else { why };
                return Ok(Some(format!("the strategy stopped: {why}")));
            }
        }
        Ok(None)
    }

    /// Answers a promotion.
    async fn promote(&mut self, who: GenerationId) -> Result<(), Stopped> {
        let report = match self.session.recorded.promotion(self.step) {
            Some(report) => report.clone(),
            None => {
                let report =
                    certify::decide(&self.session, &self.lineage, who, self.certifying).await?;
                let (step, generation) = (self.step, who);
                let event = Event::PromotionDecided { step, generation, report: report.clone() };
                self.session.record(event).await?;
                report
            }
        };
        self.idle = if report.pairs > 0 { 0 } else { self.idle + 1 };
        self.certifying.add(&report);
        if report.verdict == Verdict::Certified {
            self.lineage.certify(who);
        }
        Ok(())
    }

    /// Takes in the oldest open action.
    async fn settle(&mut self) -> Result<(), Stopped> {
        let Some(oldest) = self.open.pop_front() else { return Ok(()) };
        self.settled += 1;
        match oldest {
            Open::Expand { work, .. } => match joined(work.await) {
                Ok(rewritten) => self.take_rewritten(rewritten).await,
                Err(stopped) => Err(stopped),
            },
            Open::Evaluate { step, who, work, .. } => match joined(work.await) {
                Ok(measured) => self.take_measured(step, who, measured).await,
                Err(stopped) => Err(stopped),
            },
        }
    }
}
