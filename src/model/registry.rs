//! Who answers for which alias.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Patience, Recording, Workshop};
use super::budget::{Caller, Ledger, Limits, Scope, Spent};
use super::chat::{Answer, Chat};
use super::fault::ModelError;
use super::pauses::{Paused, Pauses};
use super::request::{Reply, Request};
#[cfg(feature = "otel")]
use super::telemetry::Telemetry;
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;
use crate::domain::settings::{Dialect, EnsembleSpec, LabConfig, ModelSpec};
use crate::domain::settings_rule::{self, BUILT_IN};

/// All models of a lab, by alias. Shared by reference between the calls of a run.
pub struct Models {
    entries: BTreeMap<Alias, Entry>,
    ensembles: BTreeMap<Alias, EnsembleSpec>,
    budget: Ledger,
    pauses: Pauses,
    #[cfg(feature = "otel")]
    telemetry: Option<Telemetry>,
}

struct Entry {
    spec: ModelSpec,
    backend: Backend,
    /// One permit a call under way; a call that waits for a provider keeps its own.
    slots: Semaphore,
}

impl Models {
    /// The models that `config` defines, and the built-in ones. Relative paths start at `lab`; keys come from
    /// `environment`, and a missing one is an error only when its model is checked or asked.
    pub fn new(
        config: &LabConfig,
        lab: &Path,
        environment: &Environment,
    ) -> Result<Self, ModelError> {
        if let Some(fault) = settings_rule::faults(config).into_iter().next() {
            return Err(fault.into());
        }
        let built_in = BUILT_IN.iter().filter_map(|(name, dialect)| {
            Some((name.parse::<Alias>().ok()?, ModelSpec::of(*dialect)))
        });
        let defined = config.models.iter().map(|(alias, spec)| (alias.clone(), spec.clone()));
        let mut entries = BTreeMap::new();
        let pauses = Pauses::default();
        let mut workshop = Workshop::new(lab, environment, &pauses);
        for (alias, spec) in built_in.chain(defined) {
            let backend = workshop.backend(&alias, &spec)?;
            let slots = Semaphore::new(permits(spec.max_in_flight));
            entries.insert(alias, Entry { spec, backend, slots });
        }
        let limits = Limits { caps: config.budget.clone(), episodes: None };
        let ensembles = config.ensembles.clone();
        #[cfg(not(feature = "otel"))]
        if config.telemetry.endpoint.is_some() {
            return Err(ModelError::NoTelemetry);
        }
        Ok(Self {
            entries,
            ensembles,
            budget: Ledger::new(limits),
            pauses,
            #[cfg(feature = "otel")]
            telemetry: Telemetry::new(&config.telemetry, environment),
        })
    }

    /// The same models under these limits; a resumed run passes the calls its journal has.
    #[must_use]
    pub fn with_budget<'a>(
        mut self,
        limits: Limits,
        spent: impl IntoIterator<Item = (&'a Caller, &'a Spent)>,
    ) -> Self {
        self.budget = Ledger::new(limits);
        for (caller, used) in spent {
            self.budget.enter(caller, *used);
        }
        self
    }

    /// The same, knowing what the dearest call of an alias cost before; see [`Self::check`].
    #[must_use]
    pub fn with_costs<'a>(
        self,
        dearest: impl IntoIterator<Item = (&'a Alias, &'a MicroUsd)>,
    ) -> Self {
        dearest.into_iter().for_each(|(alias, usd)| self.budget.learn(alias, Some(*usd)));
        self
    }

    /// The runs that models of dialect `replay` need; hand each one's answers to [`Self::with_replay`].
    pub fn replayed_runs(&self) -> BTreeSet<String> {
        self.entries
            .values()
            .filter(|entry| entry.spec.dialect == Dialect::Replay)
            .filter_map(|entry| entry.spec.source.clone())
            .collect()
    }

    /// Gives the models that replay `run` its recorded answers.
    #[must_use]
    pub fn with_replay(mut self, run: &str, recording: Recording) -> Self {
        let answers = Arc::new(recording);
        for entry in self.entries.values_mut() {
            if let Backend::Replay { run: own, recorded } = &mut entry.backend
                && own == run
            {
                *recorded = Some(Arc::clone(&answers));
            }
        }
        self
    }

    /// Every alias there is, ensembles included.
    pub fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.entries.keys().chain(self.ensembles.keys())
    }

    /// The ensemble behind an alias, if it is one.
    pub fn ensemble(&self, alias: &Alias) -> Option<&EnsembleSpec> {
        self.ensembles.get(alias)
    }

    /// The models that may be asked for an alias: those of an ensemble, else the model itself.
    pub fn members<'a>(&'a self, alias: &'a Alias) -> Vec<&'a Alias> {
        match self.ensembles.get(alias) {
            Some(ensemble) => ensemble.all().collect(),
            None => vec![alias],
        }
    }

    /// What a call is reckoned to cost at most, US dollars; `None` where the price is unknown. Who is not metered is free.
    pub fn reckoned_usd(&self, alias: &Alias, prompt_bytes: usize, output: u32) -> Option<f64> {
        let entry = self.entries.get(alias)?;
        if !entry.backend.is_metered() {
            return Some(0.0);
        }
        let price = entry.spec.price_usd_per_mtok?;
        let input = real(prompt_bytes) / 2.0;
        Some((input * price.input + f64::from(output) * price.output) / 1e6)
    }

    /// Why a role can be asked nothing more, in words, when a cap of it is reached.
    pub fn exhausted(&self, role: &str) -> Option<String> {
        self.budget.exhausted(&Scope::Role(role.to_owned()))
    }

    /// What the lab says about an alias.
    pub fn spec(&self, alias: &Alias) -> Option<&ModelSpec> {
        self.entries.get(alias).map(|entry| &entry.spec)
    }

    /// Whether a command may answer for this alias: it wants files beside those it changes.
    pub fn is_command(&self, alias: &Alias) -> bool {
        let command = |spec: &ModelSpec| spec.dialect == Dialect::Command;
        self.chain(alias).iter().any(|alias| self.spec(alias).is_some_and(command))
    }

    /// Whether the offline optimiser may answer for this alias: it reads the brief instead of the prompt.
    pub fn is_offline(&self, alias: &Alias) -> bool {
        let offline = |spec: &ModelSpec| matches!(spec.dialect, Dialect::Offline | Dialect::Random);
        self.chain(alias).iter().any(|alias| self.spec(alias).is_some_and(offline))
    }

    /// Whether calls of this alias count against the budget; a journal's costs are added up over these alone.
    pub fn is_metered(&self, alias: &Alias) -> bool {
        self.entries.get(alias).is_some_and(|entry| entry.backend.is_metered())
    }

    /// What metered calls of this process, and those passed to [`Self::with_budget`], have used.
    pub fn spent(&self) -> Spent {
        self.budget.spent()
    }

    /// Tells, from now on, which models wait for a provider that answers nobody.
    pub fn paused(&self) -> watch::Receiver<Paused> {
        self.pauses.watch()
    }

    /// Whether the model, and every one that could answer in its place, waits for its provider.
    pub fn is_paused(&self, alias: &Alias) -> bool {
        let paused =
            |alias: &Alias| self.entries.get(alias).is_some_and(|entry| entry.backend.is_paused());
        self.chain(alias).iter().all(|alias| paused(alias))
    }

    /// Fails at the first alias that could not be asked: it does not exist, its key is not in the environment, its
    /// recorded run is not at hand, or a cap on money could not hold for want of a price (a command that tells its own is
    /// reckoned by its dearest call so far). Those that may answer in its
    /// place are looked at too. Nothing is sent.
    pub fn check<'a>(
        &self,
        aliases: impl IntoIterator<Item = &'a Alias>,
    ) -> Result<(), ModelError> {
        let members = aliases.into_iter().flat_map(|alias| self.members(alias));
        members.flat_map(|alias| self.chain(alias)).try_for_each(|alias| {
            let entry = self.entry(alias)?;
            let priced = entry.spec.price_usd_per_mtok.is_some() || entry.spec.tells_price();
            if entry.backend.is_metered() && !priced && self.budget.caps_money() {
                return Err(ModelError::CapWithoutPrice { alias: alias.clone() });
            }
            entry.backend.check(alias)
        })
    }

    /// Asks a model, and while it is unavailable those that its `fallback` names, in turn. Returns when one has
    /// answered, when none will, or when `cancel` is cancelled; cancelling drops the request under way, whose answer may
    /// still be paid.
    pub async fn ask(
        &self,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Reply, ModelError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ModelError::Cancelled),
            answered = self.ask_chain(request) => answered,
        }
    }

    /// Waits, a little, until the collector has what it was told of calls; without one it returns at once.
    #[cfg_attr(not(feature = "otel"), expect(clippy::unused_async, reason = "nobody is told"))]
    pub async fn flush(&self) {
        #[cfg(feature = "otel")]
        if let Some(telemetry) = &self.telemetry {
            telemetry.flush().await;
        }
    }

    /// Asks a model behind HTTP outside any run: no cap holds and nothing is counted. `None` for models that are not
    /// reached over HTTP.
    pub async fn converse(
        &self,
        alias: &Alias,
        chat: &Chat,
    ) -> Result<Option<(Answer, CallCost)>, ModelError> {
        let entry = self.entry(alias)?;
        entry.backend.check(alias)?;
        entry.backend.converse(&entry.spec, alias, chat).await
    }

    async fn ask_chain(&self, request: &Request) -> Result<Reply, ModelError> {
        let chain = self.chain(&request.alias);
        let mut unavailable = None;
        for (place, alias) in chain.iter().enumerate() {
            // Only the last is waited for: while there is another, a provider that is away is left at once.
            let last = place + 1 == chain.len();
            let patience = if last { Patience::Wait } else { Patience::Leave };
            let mut answered = self.ask_one(alias, request, patience).await;
            if *alias != &request.alias {
                match &mut answered {
                    Ok(Reply { cost, .. }) => cost.answered_by = Some((*alias).clone()),
                    Err(ModelError::NotAnAnswer { cost, .. }) => {
                        cost.answered_by = Some((*alias).clone());
                    }
                    Err(_) => {}
                }
            }
            match answered {
                Err(failed @ ModelError::Unavailable { .. }) => {
                    if !last {
                        tracing::info!(%failed, "asking the next alias");
                    }
                    unavailable = Some(failed);
                }
                settled => return settled,
            }
        }
        Err(unavailable.unwrap_or(ModelError::Cancelled))
    }

    async fn ask_one(
        &self,
        alias: &Alias,
        request: &Request,
        patience: Patience,
    ) -> Result<Reply, ModelError> {
        let entry = self.entry(alias)?;
        let _slot = entry.slots.acquire().await.map_err(|_| ModelError::Cancelled)?;
        if !entry.backend.is_metered() {
            return entry.backend.ask((alias, &entry.spec), request, patience, None).await;
        }
        let reservation = match entry.spec.price_usd_per_mtok.as_ref() {
            None if entry.spec.tells_price() => self.budget.reserve_untold(alias, request).await?,
            price => self.budget.reserve(request, price).await?,
        };
        #[cfg(feature = "otel")]
        let start = std::time::SystemTime::now();
        let answered =
            entry.backend.ask((alias, &entry.spec), request, patience, Some(&reservation)).await;
        #[cfg(feature = "otel")]
        if let Some(telemetry) = &self.telemetry {
            telemetry.tell((alias, &entry.spec), request, &answered, start);
        }
        match &answered {
            Ok(Reply { cost, .. }) => {
                self.budget.learn(alias, cost.usd);
                reservation.settle(cost);
            }
            Err(ModelError::NotAnAnswer { cost, .. }) => {
                self.budget.learn(alias, cost.usd);
                reservation.settle(cost);
            }
            Err(_) => drop(reservation),
        }
        answered
    }

    /// An alias and those that may answer in its place, in order.
    fn chain<'a>(&'a self, alias: &'a Alias) -> Vec<&'a Alias> {
        let fallback = self.entries.get(alias).map(|entry| entry.spec.fallback.as_slice());
        std::iter::once(alias).chain(fallback.unwrap_or_default()).collect()
    }

    fn entry(&self, alias: &Alias) -> Result<&Entry, ModelError> {
        self.entries.get(alias).ok_or_else(|| match self.ensembles.get(alias) {
            Some(ensemble) => {
                ModelError::Ensemble { alias: alias.clone(), members: listed(ensemble.all()) }
            }
            None => {
                ModelError::UnknownAlias { alias: alias.clone(), known: listed(self.aliases()) }
            }
        })
    }
}

fn listed<'a>(aliases: impl Iterator<Item = &'a Alias>) -> String {
    aliases.map(Alias::as_str).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "prompts stay far below 2^53 bytes")]
fn real(bytes: usize) -> f64 {
    bytes as f64
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

fn permits(calls: u32) -> usize {
    usize::try_from(calls).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests;
