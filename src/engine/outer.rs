//! The outer loop: ask the leader's script, perform the action, take in what came of it, ask again.

mod asked;
mod perform;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::clades::Clades;
use super::hooks::Hooks;
use super::mirror::Mirror;
use super::recorded::Step;
use super::session::Session;
use super::under_way::Open;
use super::{Stopped, certify, control, finish, guard, notes};
use crate::base::id::GenerationId;
use crate::base::unit::UnixMillis;
use crate::domain::action::{OuterAction, Purpose};
use crate::domain::choice::Outcomes;
use crate::domain::event::{Diagnostic, Event, GenerationPlan};
use crate::domain::lineage::Lineage;
use crate::domain::state::no_actions;

/// Refused or free actions in a row before the run stops.
const IDLE_ACTIONS: u32 = 100;
/// The number of the outer state in a worker; episodes have their generation in the upper half.
const OUTER_WORLD: u64 = 0;

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
    /// What came of asking the models, in the measurements taken in so far.
    pub(super) known: Arc<Outcomes>,
    pub(super) mirror: Option<Mirror>,
    pub(super) clades: Clades,
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
        known: Arc::default(),
        mirror: None,
        clades: Clades::default(),
        planned_at: Vec::new(),
        asked: BTreeMap::new(),
        pointed: BTreeMap::new(),
    };
    if outer.session.restarted && !outer.session.archive.verify_notes()? {
        // Those of this run are set again in their turn; they share one ref with those of all others.
        notes::set_all(&outer.session.lab, &outer.session.archive)?;
    }
    outer.take_generation(seed.into()).await?;
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
            let action = OuterAction::Evaluate {
                who: GenerationId(0),
                cases,
                tries: None,
                purpose: Purpose::Measure,
            };
            self.record_decision(None, &action).await?;
            return Ok(Next::Perform(action));
        }
        let by = self.driver();
        let action = match self.ask(by).await? {
            Ok(action) => action,
            Err(diagnostic) => return self.refuse(by, diagnostic),
        };
        if action.makes() > 0 && self.left() == 0 {
            let done = Next::End(match self.session.identity.generations {
                0 => "no rewrite was asked for".to_owned(),
                1 => "the one rewrite is made".to_owned(),
                limit => format!("all {limit} rewrites are made"),
            });
            return Ok(if self.open.is_empty() { done } else { Next::Wait });
        }
        // An attack measures everybody on one suite, a judge reads and an epoch ends what is there: nothing else may be under
        // way.
        let alone = matches!(
            action,
            OuterAction::Attack { .. } | OuterAction::Judge { .. } | OuterAction::Epoch { .. }
        );
        if alone && !self.open.is_empty() {
            return Ok(Next::Wait);
        }
        match guard::outer(&self.session, &self.lineage, &action) {
            Err(_) if !self.open.is_empty() => Ok(Next::Wait),
            Err(diagnostic) => self.refuse(by, diagnostic),
            Ok(()) => match self.with_variables(by, action).await? {
                Ok(action) => {
                    self.session.check_roles(&action)?;
                    self.record_decision(Some(by), &action).await?;
                    Ok(Next::Perform(action))
                }
                Err(diagnostic) => self.refuse(by, diagnostic),
            },
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
    /// script did not. In a run with one improver it is generation 0.
    pub(super) fn driver(&self) -> GenerationId {
        if self.session.identity.improver.is_some() {
            return GenerationId(0);
        }
        let mut at = self.lineage.leader();
        while self.unfit.contains(&at) {
            match self.lineage.get(at).and_then(|g| g.plan.parents.first()) {
                Some(parent) => at = *parent,
                None => return at,
            }
        }
        at
    }
}
