use super::*;
use crate::domain::agent::Operators;
use crate::domain::settings::Budgets;
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
    let config = "[budget]\nmax_usd = 1.0\n[models.fast]\ndialect = 'openai-chat'\nmodel = 'm'\n";
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
    let recorded =
        Reply { text: "as then".into(), calls: Vec::new(), kept: None, cost: CallCost::default() };
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
    let caps = Budgets { max_calls: Some(3), ..Budgets::default() };
    let before = Caller::of(&question("?").key, "worker");
    let mut used = Spent::default();
    (0..3).for_each(|_| used.add(&CallCost::default()));
    let models = scripted(folder.path(), "")
        .with_budget(Limits { caps, episodes: None }, [(&before, &used)]);
    let asked = models.ask(&question("?"), &CancellationToken::new()).await;
    assert!(matches!(asked, Err(ModelError::BudgetSpent { .. })), "{asked:?}");
}

/// A worker's question about a small program, to one of the built-in models.
fn proposal(name: &str, operators: Operators) -> Request {
    let files = [("player.py", "def move(a):\n    if a > 3:\n        return 1\n    return 2\n")];
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
