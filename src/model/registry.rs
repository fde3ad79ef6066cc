//! Who answers for which alias.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Patience, Recording, Workshop};
use super::budget::{Budget, Spent};
use super::chat::{Answer, Chat};
use super::fault::ModelError;
use super::pauses::{Paused, Pauses};
use super::request::{Reply, Request};
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::event::CallCost;
use crate::domain::settings::{BudgetSpec, Dialect, LabConfig, ModelSpec};
use crate::domain::settings_rule::{self, BUILT_IN};

/// All models of a lab, by alias. Shared by reference between the calls of a run.
pub struct Models {
    entries: BTreeMap<Alias, Entry>,
    budget: Budget,
    pauses: Pauses,
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
        Ok(Self { entries, budget: Budget::new(&config.budget, Spent::default()), pauses })
    }

    /// The same models under these caps, of which `spent` is used already; a resumed run passes what its journal adds
    /// up to.
    #[must_use]
    pub fn with_budget(mut self, caps: &BudgetSpec, spent: Spent) -> Self {
        self.budget = Budget::new(caps, spent);
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

    /// Every alias there is.
    pub fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.entries.keys()
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
    /// recorded run is not at hand, or a cap on money could not hold for want of a price. Those that may answer in its
    /// place are looked at too. Nothing is sent.
    pub fn check<'a>(
        &self,
        aliases: impl IntoIterator<Item = &'a Alias>,
    ) -> Result<(), ModelError> {
        aliases.into_iter().flat_map(|alias| self.chain(alias)).try_for_each(|alias| {
            let entry = self.entry(alias)?;
            let priced = entry.spec.price_usd_per_mtok.is_some();
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
            return entry.backend.ask(&entry.spec, request, patience, None).await;
        }
        let price = entry.spec.price_usd_per_mtok.as_ref();
        let reservation = self.budget.reserve(request, price).await?;
        let answered = entry.backend.ask(&entry.spec, request, patience, Some(&reservation)).await;
        match &answered {
            Ok(Reply { cost, .. }) => reservation.settle(cost),
            Err(ModelError::NotAnAnswer { cost, .. }) => reservation.settle(cost),
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
        self.entries.get(alias).ok_or_else(|| ModelError::UnknownAlias {
            alias: alias.clone(),
            known: self.aliases().map(Alias::as_str).collect::<Vec<_>>().join(", "),
        })
    }
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
mod tests {
    use super::*;
    use crate::domain::agent::Operators;
    use crate::model::brief::{Brief, WorkerBrief};
    use crate::model::request::tests::question;

    fn models(config: &str) -> Models {
        let config = toml::from_str(config).expect("settings");
        Models::new(&config, Path::new("/nowhere"), &Environment::default()).expect("models")
    }

    fn alias(name: &str) -> Alias {
        name.parse().expect("an alias")
    }

    fn check(models: &Models, name: &str) -> String {
        models.check([&alias(name)]).expect_err("a fault").to_string()
    }

    #[test]
    fn the_built_in_models_are_always_there() {
        let models = models("");
        assert_eq!(models.aliases().map(Alias::as_str).collect::<Vec<_>>(), ["offline", "random"]);
        models.check([&alias("offline"), &alias("random")]).expect("both can be asked");
    }

    #[test]
    fn an_unknown_alias_is_named_with_those_there_are() {
        assert_eq!(
            check(&models(""), "fats"),
            "model alias `fats` is not defined in hyperagent.toml; known: offline, random"
        );
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_missing_key_is_named_by_its_variable() {
        let config = "[models.fast]\ndialect = 'openai-chat'\nmodel = 'm'\nkey_env = 'FAST_KEY'\n";
        let models = models(config);
        models.check([&alias("offline")]).expect("the key of another model does not matter");
        assert!(check(&models, "fast").contains("FAST_KEY is not set"));
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_cap_on_money_needs_a_price() {
        let config =
            "[budget]\nmax_usd = 1.0\n[models.fast]\ndialect = 'openai-chat'\nmodel = 'm'\n";
        let models = models(config);
        assert!(check(&models, "fast").contains("models.fast.price_usd_per_mtok"));
        models.check([&alias("offline")]).expect("what is free needs no price");
    }

    #[test]
    fn a_broken_rule_of_the_settings_is_an_error_at_once() {
        let config = toml::from_str("[models.fast]\ndialect = 'openai-chat'\n").expect("settings");
        let fault = Models::new(&config, Path::new("/nowhere"), &Environment::default());
        assert!(matches!(fault, Err(ModelError::Setting(_))));
    }

    #[tokio::test]
    async fn a_replayed_model_answers_by_the_call() {
        let models = models("[models.fast]\ndialect = 'replay'\nsource = 'run-1'\n");
        assert_eq!(models.replayed_runs(), BTreeSet::from(["run-1".to_owned()]));
        assert!(check(&models, "fast").contains("replays `run-1`"));
        let asked = question("?");
        let recorded = Reply { text: "as then".into(), cost: CallCost::default() };
        let other = crate::model::request::tests::attempt(2, "snake#0", 1, 0);
        let declined = (recorded.clone(), Some("the model declined: no".to_owned()));
        let answers = BTreeMap::from([
            (asked.key.clone(), (recorded.clone(), None)),
            (other.key.clone(), declined),
        ]);
        let models = models.with_replay("run-1", answers);
        models.check([&alias("fast")]).expect("the record is at hand");
        let cancel = CancellationToken::new();
        assert_eq!(models.ask(&asked, &cancel).await.expect("an answer"), recorded);
        let spent = models.ask(&other, &cancel).await.expect_err("no answer then, and none now");
        assert_eq!(spent.consequence(), crate::model::Consequence::SpendAttempt);
        assert!(spent.to_string().ends_with("the model declined: no"), "{spent}");
        let other = crate::model::request::tests::attempt(3, "snake#0", 1, 0);
        let missing = models.ask(&other, &cancel).await;
        assert!(matches!(missing, Err(ModelError::NotRecorded { .. })), "{missing:?}");
    }

    fn scripted(folder: &Path, budget: &str) -> Models {
        let answers = "[[answer]]\ntext = 'x'\ninput_tokens = 60\noutput_tokens = 40\n";
        std::fs::write(folder.join("answers.toml"), answers).expect("written");
        let config = format!(
            "[budget]\n{budget}\n[models.fast]\ndialect = 'scripted'\nsource = 'answers.toml'\n\
             price_usd_per_mtok = {{ input = 1.0, output = 1.0 }}\n"
        );
        let config = toml::from_str(&config).expect("settings");
        Models::new(&config, folder, &Environment::default()).expect("models")
    }

    async fn calls_before_the_cap(budget: &str) -> (usize, Spent) {
        let folder = tempfile::tempdir().expect("a folder");
        let models = scripted(folder.path(), budget);
        let cancel = CancellationToken::new();
        for calls in 0..100 {
            match models.ask(&question("?"), &cancel).await {
                Ok(_) => {}
                Err(ModelError::BudgetSpent { .. }) => return (calls, models.spent()),
                Err(other) => panic!("{other}"),
            }
        }
        panic!("the cap never held");
    }

    #[tokio::test]
    async fn each_cap_is_overshot_by_one_call_at_most() {
        assert_eq!(calls_before_the_cap("max_calls = 3").await.0, 3);
        let (calls, spent) = calls_before_the_cap("max_tokens = 250").await;
        assert_eq!((calls, spent.tokens), (3, 300));
        let (calls, spent) = calls_before_the_cap("max_usd = 0.0002").await;
        assert_eq!((calls, spent.usd.0), (2, 200));
    }

    #[tokio::test]
    async fn parallel_calls_do_not_slip_past_a_cap() {
        let folder = tempfile::tempdir().expect("a folder");
        let models = scripted(folder.path(), "max_calls = 5");
        let cancel = CancellationToken::new();
        let asked = question("?");
        let one = async || models.ask(&asked, &cancel).await.is_ok();
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        let (e, f, g, h) = tokio::join!(one(), one(), one(), one());
        let answered = [a, b, c, d, e, f, g, h].into_iter().filter(|answered| *answered).count();
        assert_eq!((answered, models.spent().calls), (5, 5));
    }

    #[tokio::test]
    async fn a_resumed_budget_goes_on_where_it_stood() {
        let folder = tempfile::tempdir().expect("a folder");
        let caps = BudgetSpec { max_calls: Some(3), ..BudgetSpec::default() };
        let models =
            scripted(folder.path(), "").with_budget(&caps, Spent { calls: 3, ..Spent::default() });
        let asked = models.ask(&question("?"), &CancellationToken::new()).await;
        assert!(matches!(asked, Err(ModelError::BudgetSpent { .. })), "{asked:?}");
    }

    /// A worker's question about a small program, to one of the built-in models.
    fn proposal(name: &str, operators: Operators) -> Request {
        let files =
            [("player.py", "def move(a):\n    if a > 3:\n        return 1\n    return 2\n")];
        let Brief::Worker(brief) = &*question("").brief else { panic!("a worker's question") };
        let brief = WorkerBrief {
            base: files.into_iter().collect(),
            editable: (&vec!["player.py".to_owned()]).into(),
            operators,
            ..brief.clone()
        };
        Request {
            alias: alias(name),
            brief: Arc::new(Brief::Worker(brief)),
            ..question("the prompt has no effect")
        }
    }

    #[tokio::test]
    async fn the_offline_optimiser_and_its_baseline_answer_in_the_form_asked() {
        let (models, cancel) = (models("[budget]\nmax_calls = 0\n"), CancellationToken::new());
        for name in ["offline", "random"] {
            let asked = proposal(name, Operators::default());
            let reply = models.ask(&asked, &cancel).await.expect("free, so no cap holds it");
            assert!(reply.text.contains("<<<<<<< SEARCH"), "{name}: {}", reply.text);
            assert_eq!(models.ask(&asked, &cancel).await.expect("again"), reply);
        }
    }

    #[tokio::test]
    async fn an_agent_that_switches_every_operator_off_spends_its_attempt() {
        let off = Operators {
            num: 0.0,
            cmp: 0.0,
            arith: 0.0,
            stmt_insert: 0.0,
            cross: 0.0,
            shrink: 0.0,
            ..Operators::default()
        };
        let asked = proposal("offline", off);
        let error = models("").ask(&asked, &CancellationToken::new()).await.expect_err("nothing");
        assert_eq!(error.consequence(), crate::model::Consequence::SpendAttempt, "{error}");
    }

    #[tokio::test]
    async fn a_cancelled_question_ends_at_once() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let asked = Request { alias: alias("offline"), ..question("?") };
        let asked = models("").ask(&asked, &cancel).await;
        assert!(matches!(asked, Err(ModelError::Cancelled)), "{asked:?}");
    }
}
