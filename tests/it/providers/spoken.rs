//! Answers of every dialect, from the library and from the command line.

use std::time::Duration;

use hyperagent::base::unit::MicroUsd;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::body_partial_json;
use wiremock::{Mock as Mocked, MockServer, ResponseTemplate};

use super::{KEY, QUICK, models, question, table};
use crate::cli::bench::Bench;
use crate::mock::{Mock, Reaction};

const DIALECTS: [&str; 4] = ["openai-chat", "openai-responses", "anthropic", "gemini"];

const PRICE: &str = "price_usd_per_mtok = { input = 1.0, cached_input = 0.1, output = 5.0 }";

#[tokio::test]
async fn every_dialect_answers_counts_and_costs_the_same_streamed_or_whole() {
    let mock = Mock::start(Duration::ZERO, |_, _| Reaction::Say("größer ✓".into()));
    for dialect in DIALECTS {
        for stream in [true, false] {
            let more = format!("{PRICE}\nstream = {stream}");
            let models = models(&table("fast", dialect, &mock.address, &more));
            let asked = models.ask(&question("fast", 1), &CancellationToken::new()).await;
            let reply = asked.expect("an answer");
            assert_eq!(reply.text, "größer ✓", "{dialect}");
            let cost = reply.cost;
            let tokens = (cost.input_tokens, cost.cached_tokens, cost.output_tokens);
            assert_eq!(tokens, (Some(1000), Some(400), Some(200)), "{dialect}");
            assert_eq!(cost.usd, Some(MicroUsd(600 + 40 + 1000)), "{dialect}");
            assert_eq!((cost.requests, cost.served_model), (1, None), "{dialect}");
        }
    }
    let received = mock.received();
    assert_eq!(received.len(), 2 * DIALECTS.len());
    for request in received {
        assert_eq!(request.head.matches(KEY).count(), 1, "{}", request.head);
        assert!(!request.path.contains(KEY) && !request.body.to_string().contains(KEY));
    }
}

#[tokio::test]
async fn another_models_name_is_recorded_with_the_answer() {
    let mock = Mock::start(Duration::ZERO, |_, _| Reaction::Say("ok".into()));
    for dialect in DIALECTS {
        let asks_another = table("fast", dialect, &mock.address, "").replace("'m-1'", "'m-2'");
        let asked =
            models(&asks_another).ask(&question("fast", 1), &CancellationToken::new()).await;
        let served = asked.expect("an answer").cost.served_model;
        assert_eq!(served.as_deref(), Some("m-1"), "{dialect}");
    }
}

#[tokio::test]
async fn streamed_answers_share_a_connection() {
    let mock = Mock::start(Duration::ZERO, |_, _| Reaction::Say("ok".into()));
    for dialect in DIALECTS {
        let before = mock.connections();
        let models = models(&table("fast", dialect, &mock.address, ""));
        for attempt in 0..5 {
            let asked = models.ask(&question("fast", attempt), &CancellationToken::new()).await;
            asked.expect("an answer");
        }
        assert_eq!(mock.connections() - before, 1, "{dialect}");
    }
}

fn lab(tables: &str) -> Bench {
    let bench = Bench::with_lab().with("PLANTED_KEY", KEY);
    bench.write("lab/hyperagent.toml", tables);
    bench
}

#[test]
fn a_model_is_checked_by_one_real_call() {
    let mock = Mock::start(Duration::ZERO, |_, _| Reaction::Say("ready".into()));
    let tables: String =
        DIALECTS.iter().map(|dialect| table(dialect, dialect, &mock.address, PRICE)).collect();
    let bench = lab(&tables);
    for (calls, dialect) in (1..).zip(DIALECTS) {
        let checked =
            bench.run(&["--lab", "lab", "model", "check", dialect, "--json"]).succeeds().json();
        assert_eq!((&checked["answer"], &checked["dialect"]), (&"ready".into(), &dialect.into()));
        assert_eq!((&checked["tokens"]["input"], &checked["usd"]), (&1000.into(), &0.00164.into()));
        assert!(checked["wall_ms"].is_u64() && checked["requests"] == 1, "{checked}");
        assert_eq!(mock.received().len(), calls, "one call each");
    }
    let told = bench.run(&["--lab", "lab", "model", "check", "gemini"]).succeeds().stdout;
    assert!(told.contains("$0.001640") && told.contains("1,000 (400 cached) in"), "{told}");
    let check = |more: &[&str]| bench.run(&[&["--lab", "lab", "model", "check"], more].concat());
    check(&["anthropic", "--tool"]).fails_with(1).tells("did not call the tool");
    check(&["gemini", "--schema"]).fails_with(1).tells("not in the form demanded");
    check(&["offline"]).fails_with(2).tells("not reached over HTTP");
    check(&["fats"]).fails_with(2).tells("known: anthropic, gemini, offline");
}

#[test]
fn a_check_that_fails_says_what_the_provider_said_without_the_key() {
    let fails = |status, message: &str| {
        let body = format!(r#"{{"error": {{"message": "{message} {KEY}"}}}}"#);
        Mock::start(Duration::ZERO, move |_, _| Reaction::Fail(status, Vec::new(), body.clone()))
    };
    let (refusing, busy) = (fails(401, "bad key"), fails(429, "slow down"));
    let tables = table("refusing", "anthropic", &refusing.address, "")
        + &table("busy", "gemini", &busy.address, QUICK);
    let bench = lab(&tables);
    let check = |alias| bench.run(&["--lab", "lab", "model", "check", alias]);
    let refused = check("refusing").fails_with(2).tells("401: bad key [key]");
    let away = check("busy").fails_with(4).tells("slow down [key] (10 requests");
    assert!(!(refused.stderr + &away.stderr).contains(KEY));
    assert_eq!((refusing.received().len(), busy.received().len()), (1, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_is_called_and_a_form_that_is_kept_pass_the_check() {
    let called = json!({"model": "m-1", "stop_reason": "tool_use", "content": [
        {"type": "tool_use", "id": "c1", "name": "report", "input": {"word": "ready"}}]});
    let formed = json!({"model": "m-1", "stop_reason": "end_turn", "content": [
        {"type": "text", "text": "{\"word\": \"ready\"}"}]});
    let server = MockServer::start().await;
    for (wanted, answer) in [
        (json!({"tools": [{"name": "report"}]}), called),
        (json!({"output_config": {"format": {"type": "json_schema"}}}), formed),
    ] {
        Mocked::given(body_partial_json(wanted))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&server)
            .await;
    }
    let bench = lab(&table("fast", "anthropic", &server.uri(), ""));
    let check = |flag| bench.run(&["--lab", "lab", "model", "check", "fast", flag, "--json"]);
    let checked = tokio::task::block_in_place(|| check("--tool").succeeds().json());
    assert_eq!(checked["called"], json!(["report"]));
    let checked = tokio::task::block_in_place(|| check("--schema").succeeds().json());
    assert_eq!((&checked["called"], &checked["usd"]), (&json!(null), &json!(null)));
}
