//! The leader's script: the state it is shown, and its hooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{OUTER_WORLD, Outer};
use crate::base::id::GenerationId;
use crate::domain::action::{ActionFault, OuterAction, add_variables};
use crate::domain::agent::STRATEGY;
use crate::domain::event::Diagnostic;
use crate::domain::state::{OuterState, named_sets};
use crate::engine::hooks::{Call, Hooks, Show};
use crate::engine::mirror::{self, Mirror};
use crate::engine::under_way::Open;
use crate::engine::{Stopped, world};
use crate::script::{Arg, Hook, RngKey, WorldKind};

fn misread(fault: ActionFault) -> Diagnostic {
    let (code, message) = (fault.code().into(), fault.to_string());
    Diagnostic { code, file: STRATEGY.into(), line: 0, message }
}

impl Outer {
    pub(super) async fn hooks(&mut self, id: GenerationId) -> Result<Hooks, Stopped> {
        if let Some(hooks) = self.hooks.get(&id) {
            return Ok(hooks.clone());
        }
        let files = self.lineage.get(id).map(|g| g.files.files()).unwrap_or_default();
        let hooks = Hooks::load(self.session.scripts.clone(), &files).await?;
        self.hooks.insert(id, hooks.clone());
        Ok(hooks)
    }

    /// Keeps the workers of the driver and of the generations being measured, and lets the others go.
    pub(in crate::engine) fn keep_hooks(&mut self) {
        if self.hooks.is_empty() {
            return;
        }
        let mut needed = BTreeSet::from([self.driver(), self.lineage.epoch().utility]);
        for open in &self.open {
            if let Open::Evaluate { who, .. } = open {
                needed.insert(*who);
            }
        }
        self.hooks.retain(|id, _| needed.contains(id));
    }

    pub(super) async fn ask(
        &mut self,
        by: GenerationId,
    ) -> Result<Result<OuterAction, Diagnostic>, Stopped> {
        let rng = self.rng("outer", self.step);
        let called = self.call(by, Call { hook: Hook::NextStep, args: &[], rng }).await?;
        Ok(called.and_then(|value| OuterAction::read(&value).map_err(misread)))
    }

    pub(in crate::engine) async fn ask_admission(
        &mut self,
        who: GenerationId,
    ) -> Result<bool, Stopped> {
        let by = self.driver();
        if !self.hooks(by).await?.has(Hook::Admit) {
            return Ok(true);
        }
        let args = [Arg::record(["gens".to_owned(), who.0.to_string()])];
        let rng = self.rng("admit", who.0);
        let answered = self.call(by, Call { hook: Hook::Admit, args: &args, rng }).await?;
        Ok(answered.map_or(true, |value| value != json!(false)))
    }

    /// What a generation is worth to the script whose `utility` ranks in this epoch; `None` without a hook, or with one that
    /// fails. A rewrite of the hook counts from the boundary on that names it, whoever leads meanwhile.
    pub(in crate::engine) async fn ask_utility(
        &mut self,
        who: GenerationId,
    ) -> Result<Option<f64>, Stopped> {
        let by = self.lineage.epoch().utility;
        if !self.hooks(by).await?.has(Hook::Utility) {
            return Ok(None);
        }
        let args = [Arg::record(["gens".to_owned(), who.0.to_string()])];
        let rng = self.rng("utility", who.0);
        let answered = self.call(by, Call { hook: Hook::Utility, args: &args, rng }).await?;
        Ok(answered.ok().and_then(|value| value.as_f64()))
    }

    /// A rewrite with the prompt variables that the hook `vars` gives; those of the action itself come first.
    pub(super) async fn with_variables(
        &mut self,
        by: GenerationId,
        mut action: OuterAction,
    ) -> Result<Result<OuterAction, Diagnostic>, Stopped> {
        let OuterAction::Expand { vars, .. } = &mut action else { return Ok(Ok(action)) };
        if !self.hooks(by).await?.has(Hook::Vars) {
            return Ok(Ok(action));
        }
        let args = [Arg::Value(json!("meta"))];
        let rng = self.rng("vars", self.step);
        let called = self.call(by, Call { hook: Hook::Vars, args: &args, rng }).await?;
        let added = called.and_then(|value| add_variables(vars, value).map_err(misread));
        Ok(added.map(|()| action))
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
            sets: named_sets(self.lineage.episodes()),
            pending: self.open.iter().map(|open| json!(open.action())).collect(),
            params: params.clone(),
            budget,
            used,
            left: budget.less(used),
            count: self.counts.clone(),
            models: self.session.aliases.iter().cloned().collect(),
            live_id: by,
            suite: world::suite(&self.lineage, self.session.takes_proposals()),
            epoch: self.lineage.epoch(),
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
        self.clades.catch_up(&self.lineage);
        let (lineage, clades) = (&self.lineage, &self.clades);
        let shown = self.mirror.take().filter(|mirror| mirror.by == by);
        let mut known = shown.as_ref().and_then(|mirror| mirror.known);
        let show = |known: bool| match shown.as_ref().filter(|_| known) {
            Some(shown) => Show::Changes(shown.changes(lineage, clades, &around)),
            None => Show::Whole(
                WorldKind::Outer,
                mirror::base(&around),
                Box::new(mirror::parts(lineage, clades)),
            ),
        };
        let called = hooks.call(&mut known, OUTER_WORLD, show, call).await?;
        self.mirror = Some(Mirror::of(by, known, lineage, clades, around));
        Ok(called)
    }
}
