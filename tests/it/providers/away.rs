//! Providers that fail now and then, or stay away.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyperagent::model::ModelError;
use tokio_util::sync::CancellationToken;

use super::{KEY, QUICK, models, question, table};
use crate::cli::bench::Bench;
use crate::engine::toy;
use crate::mock::{Mock, Reaction};

/// A change to the task `dial` that its worker would propose.
const CHANGE: &str = "summary: a better line\n\ndial.py\n<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    return 3 * x + 10\n>>>>>>> REPLACE\n";

fn busy() -> Reaction {
    let body = r#"{"error": {"message": "slow down"}}"#;
    Reaction::Fail(429, Vec::new(), body.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_thirty_per_cent_of_failures_every_question_is_answered() {
    // Three of every ten requests fail, at other places in every ten.
    let fails = |number: usize| number.wrapping_mul(7919).wrapping_add(number / 10 * 4) % 10 < 3;
    let failures: [fn() -> Reaction; 3] =
        [busy, || Reaction::Fail(500, Vec::new(), String::new()), || Reaction::Garbage];
    for failure in failures {
        let mock = Mock::start(Duration::ZERO, move |number, _| {
            if fails(number) { failure() } else { Reaction::Say("ok".into()) }
        });
        let models = Arc::new(models(&table("fast", "anthropic", &mock.address, QUICK)));
        let mut tasks = tokio::task::JoinSet::new();
        for attempt in 0..100 {
            let models = models.clone();
            tasks.spawn(async move {
                let asked = models.ask(&question("fast", attempt), &CancellationToken::new()).await;
                asked.expect("an answer").text
            });
        }
        assert_eq!(tasks.join_all().await, ["ok"; 100]);
        assert!(mock.received().len() < 150, "{} requests", mock.received().len());
    }
}

#[tokio::test]
async fn while_a_model_is_away_the_next_alias_answers_and_is_the_one_that_is_paid() {
    let away = Mock::start(Duration::ZERO, |_, _| busy());
    let back = Mock::start(Duration::ZERO, |_, _| Reaction::Say("ok".into()));
    let first = format!("{QUICK}\nfallback = ['slow']");
    let price = "price_usd_per_mtok = { input = 1.0, output = 0.0 }";
    let tables = table("fast", "gemini", &away.address, &first)
        + &table("slow", "anthropic", &back.address, price);
    let models = models(&tables);
    let mut paused = models.paused();
    for attempt in 1..=3 {
        let asked = models.ask(&question("fast", attempt), &CancellationToken::new()).await;
        let cost = asked.expect("an answer").cost;
        assert_eq!(cost.answered_by.as_ref().map(|alias| alias.as_str()), Some("slow"));
        assert!(cost.usd.is_some(), "the price is the other's");
    }
    assert_eq!(models.spent().calls, 3);
    assert!(paused.has_changed().expect("a sender"));
    let why = paused.borrow_and_update().values().cloned().collect::<String>();
    assert_eq!(why, "status 429: slow down");
    assert!(!models.is_paused(&"fast".parse().expect("an alias")), "another answers for it");
    assert_eq!(back.received().len(), 3);
}

#[tokio::test]
async fn when_nobody_answers_the_last_of_the_chain_is_waited_for() {
    let away = Mock::start(Duration::ZERO, |_, _| busy());
    let other =
        Mock::start(
            Duration::ZERO,
            |number, _| {
                if number < 12 { busy() } else { Reaction::Say("ok".into()) }
            },
        );
    let tables = table("fast", "gemini", &away.address, &format!("{QUICK}\nfallback = ['slow']"))
        + &table("slow", "anthropic", &other.address, QUICK);
    let asked = models(&tables).ask(&question("fast", 1), &CancellationToken::new()).await;
    assert_eq!(asked.expect("an answer").text, "ok");
    assert_eq!((away.received().len(), other.received().len()), (10, 13));
}

#[tokio::test]
async fn limits_that_a_provider_tells_hold_for_every_role_and_alias() {
    // Two requests left, and the allowance gains one in 50 ms.
    let headers = ["limit-requests: 10", "remaining-requests: 2", "reset-requests: 400ms"];
    let headers = headers.map(|line| format!("x-ratelimit-{line}"));
    let mock = Mock::start(Duration::ZERO, move |number, _| match number {
        0 => Reaction::Fail(500, headers.to_vec(), String::new()),
        _ => Reaction::Say("ok".into()),
    });
    let tables = table("fast", "openai-chat", &mock.address, QUICK)
        + &table("same", "openai-chat", &mock.address, QUICK);
    let models = models(&tables);
    let start = std::time::Instant::now();
    for (attempt, alias) in (1..).zip(["fast", "same", "fast", "same"]) {
        let asked = models.ask(&question(alias, attempt), &CancellationToken::new()).await;
        asked.expect("an answer");
    }
    assert!(start.elapsed() >= Duration::from_millis(95), "{:?}", start.elapsed());
    assert_eq!(mock.received().len(), 5);
}

#[tokio::test]
async fn answers_that_are_lost_stop_at_the_cap() {
    let mock = Mock::start(Duration::ZERO, |_, _| Reaction::Garbage);
    let models = models(&format!(
        "[budget]\nmax_tokens = 500\n{}",
        table("fast", "anthropic", &mock.address, QUICK)
    ));
    let asked = models.ask(&question("fast", 1), &CancellationToken::new()).await;
    let error = asked.expect_err("no answer");
    assert!(matches!(error, ModelError::BudgetSpent { .. }), "{error}");
    // A request is reckoned at 123 tokens: the prompt's 14 bytes by two, 16, and an answer of 100.
    assert_eq!(mock.received().len(), 5);
}

fn lab(mock: &Mock, more: &str) -> Bench {
    let bench = toy::lab().with("PLANTED_KEY", KEY);
    bench.write("lab/hyperagent.toml", &table("fast", "openai-responses", &mock.address, more));
    bench
}

const RUN: [&str; 14] = [
    "--lab",
    "lab",
    "run",
    "--task",
    "dial",
    "--generations",
    "0",
    "--attempts",
    "2",
    "--episodes",
    "1",
    "--model",
    "fast",
    "--json",
];

#[test]
fn a_provider_that_is_always_busy_pauses_the_run_until_the_time_cap_and_costs_nothing() {
    let mock = Mock::start(Duration::ZERO, |_, _| busy());
    let patience =
        "retry = { requests = 3, first_wait_ms = 5, longest_wait_ms = 50, total_ms = 1000 }";
    let bench = lab(&mock, patience);
    let ended = bench.run(&RUN).fails_with(4).tells("paused: model fast waits for its provider");
    assert!(ended.stdout.contains("\"provider_paused\""), "{}", ended.stdout);
    let status = bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!((&status["state"], &status["cost"]["calls"]), (&"paused".into(), &0.into()));
    assert_eq!((&status["attempts"], &status["cost"]["tokens"]), (&0.into(), &0.into()));
    assert!(mock.received().len() > 3, "it was asked again while the run was paused");

    let more =
        "retry = { requests = 3, first_wait_ms = 5, longest_wait_ms = 50, total_ms = 60000 }";
    bench.write("lab/hyperagent.toml", &table("fast", "openai-responses", &mock.address, more));
    let minutes = ["--lab", "lab", "resume", "--max-minutes", "0.05", "--json"];
    let ended = bench.run(&minutes).fails_with(4);
    assert!(
        ended.stdout.contains("max_minutes is up while model `fast` waits"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_paused_run_says_so_in_status_and_goes_on_by_itself() {
    let back = Arc::new(AtomicBool::new(false));
    let (is_back, other) = (back.clone(), CHANGE.replace("x + 10", "x + 11"));
    let mock = Mock::start(Duration::ZERO, move |number, _| match is_back.load(Ordering::SeqCst) {
        false => busy(),
        true if number % 2 == 0 => Reaction::Say(CHANGE.into()),
        true => Reaction::Say(other.clone()),
    });
    let bench = lab(&mock, QUICK);
    let mut child =
        bench.command(&RUN).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a run");
    let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
    let paused = lines.by_ref().map_while(Result::ok).find(|line| line.contains("provider_paused"));
    assert!(paused.is_some(), "it was never paused");
    let status = bench.run(&["--lab", "lab", "status", "--json"]).succeeds().json();
    assert_eq!(status["state"], "paused");
    let why = "model fast waits for its provider (status 429: slow down)";
    assert_eq!(status["why"], why);
    back.store(true, Ordering::SeqCst);
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(child.wait().expect("an end").success(), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("provider_back")), "{rest:?}");
    let finished: serde_json::Value =
        serde_json::from_str(rest.last().expect("a line")).expect("JSON");
    assert_eq!((&finished["event"], &finished["attempts"]), (&"run_finished".into(), &2.into()));
}
