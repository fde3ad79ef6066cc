//! Models over HTTP against a server on this machine, and the keys that must not show.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyperagent::base::environment::Environment;
use hyperagent::base::id::GenerationId;
use hyperagent::base::unit::MicroUsd;
use hyperagent::domain::agent::{AnswerFormat, Operators};
use hyperagent::domain::event::CallKey;
use hyperagent::domain::files::FileSet;
use hyperagent::domain::settings::LabConfig;
use hyperagent::model::{
    AnswerFault, Brief, Consequence, Message, ModelError, Models, Phase, Reply, Request, Speaker,
    Trouble, WorkerBrief,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A key as a provider would give it; no output may hold it.
const KEY: &str = "sk-planted-4f1d9c0b7a6e5d2c";

/// The settings of every test: asking again is quick, so no test waits.
const QUICK: &str = "retry = { requests = 4, first_wait_ms = 1, longest_wait_ms = 2 }\n";

/// A model at `base_url` with more settings.
fn models_at(base_url: &str, settings: &str) -> Models {
    let config = format!(
        "[models.fast]\ndialect = 'openai-chat'\nbase_url = '{base_url}'\nmodel = 'm-1'\n\
         key_env = 'PLANTED_KEY'\n{settings}"
    );
    let config: LabConfig = toml::from_str(&config).expect("settings");
    let environment: Environment = [("PLANTED_KEY", KEY)].into_iter().collect();
    Models::new(&config, Path::new("/nowhere"), &environment).expect("models")
}

fn models(server: &MockServer, settings: &str) -> Models {
    models_at(&format!("{}/v1", server.uri()), settings)
}

fn question(attempt: u32) -> Request {
    let brief = WorkerBrief {
        base: FileSet::default(),
        editable: Default::default(),
        references: Vec::new(),
        ingredients: String::new(),
        operators: Operators::default(),
        pieces: Default::default(),
        op: String::new(),
        failures: BTreeMap::new(),
        format: AnswerFormat::Edit,
    };
    Request {
        key: CallKey::Attempt {
            generation: GenerationId(0),
            episode: "snake#0".parse().expect("an episode"),
            attempt,
            turn: 0,
        },
        role: "worker".into(),
        alias: "fast".parse().expect("an alias"),
        messages: vec![Message { speaker: Speaker::User, text: "write a player".into() }],
        temperature: Some(0.5),
        top_p: None,
        max_output_tokens: 100,
        seed: u64::from(attempt),
        brief: Arc::new(Brief::Worker(brief)),
        beside: Arc::default(),
        tools: Default::default(),
    }
}

async fn ask(models: &Models) -> Result<Reply, ModelError> {
    models.ask(&question(1), &CancellationToken::new()).await
}

/// The error of a question that does not wait for a provider which is away, after a look for the key in it.
async fn ask_in_vain(models: &Models) -> ModelError {
    let asked = question(1);
    let error = models
        .converse(&asked.alias, &asked.chat(&asked.alias, false))
        .await
        .expect_err("no answer");
    let mut shown = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        shown.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    assert!(!shown.contains(KEY) && !shown.contains("4f1d9c0b"), "the key shows in {shown}");
    error
}

fn completion(message: &Value, finish: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "model": "m-1-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200,
            "prompt_tokens_details": {"cached_tokens": 400},
        },
    }))
}

fn answer() -> ResponseTemplate {
    completion(&json!({"role": "assistant", "content": "return UP"}), "stop")
}

async fn server_that(responds: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(responds).mount(&server).await;
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.expect("recorded").len()
}

#[tokio::test]
async fn a_question_is_answered_counted_and_priced() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", format!("Bearer {KEY}")))
        .and(header("content-type", "application/json"))
        .and(body_partial_json(json!({
            "model": "m-1", "max_tokens": 100, "temperature": 0.5, "seed": 1,
            "messages": [{"role": "user", "content": "write a player"}],
        })))
        .respond_with(answer())
        .mount(&server)
        .await;
    let price = "price_usd_per_mtok = { input = 1.0, cached_input = 0.1, output = 5.0 }\n";
    let reply = ask(&models(&server, price)).await.expect("an answer");
    assert_eq!(reply.text, "return UP");
    assert_eq!(
        (reply.cost.input_tokens, reply.cost.cached_tokens, reply.cost.output_tokens),
        (Some(1000), Some(400), Some(200))
    );
    assert_eq!(reply.cost.usd, Some(MicroUsd(600 + 40 + 1000)));
    assert_eq!(reply.cost.requests, 1);
}

#[tokio::test]
async fn without_usage_or_price_the_cost_is_unknown_and_not_nought() {
    let body = json!({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]});
    let server = server_that(ResponseTemplate::new(200).set_body_json(body)).await;
    let price = "price_usd_per_mtok = { input = 1.0, output = 5.0 }\n";
    let cost = ask(&models(&server, price)).await.expect("an answer").cost;
    assert_eq!((cost.input_tokens, cost.output_tokens, cost.usd), (None, None, None));
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_when_it_says() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429)
        .insert_header("retry-after", "0.05")
        .set_body_json(json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}));
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(answer()).mount(&server).await;
    let reply = ask(&models(&server, QUICK)).await.expect("an answer");
    assert_eq!((reply.cost.requests, requests(&server).await), (2, 2));
    assert!(reply.cost.wall_ms >= 50, "it did not wait: {} ms", reply.cost.wall_ms);
}

#[tokio::test]
async fn garbage_is_asked_again() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_string("<html>gateway</html>");
    Mock::given(method("POST")).respond_with(page).up_to_n_times(2).mount(&server).await;
    Mock::given(method("POST")).respond_with(answer()).mount(&server).await;
    let reply = ask(&models(&server, QUICK)).await.expect("an answer");
    assert_eq!(reply.cost.requests, 3);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_unavailable_after_a_bounded_number_of_requests() {
    let echo = json!({"error": {"message": format!("internal error, key {KEY}")}});
    let server = server_that(ResponseTemplate::new(500).set_body_json(echo)).await;
    let error = ask_in_vain(&models(&server, QUICK)).await;
    assert_eq!(error.consequence(), Consequence::Pause);
    match error {
        ModelError::Unavailable {
            requests: 4, last: Trouble::Status { status, message }, ..
        } => {
            assert_eq!((status, message.as_str()), (500, "internal error, key [key]"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(requests(&server).await, 4);
}

#[tokio::test]
async fn a_wait_longer_than_the_total_is_not_waited_for() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "86400");
    let server = server_that(busy).await;
    let error = ask_in_vain(&models(&server, "retry = { total_ms = 5000 }\n")).await;
    assert!(matches!(error, ModelError::Unavailable { requests: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_account_is_not_asked_again() {
    let body = json!({"error": {"message": "no credit", "code": "insufficient_quota"}});
    let server = server_that(ResponseTemplate::new(429).set_body_json(body)).await;
    let error = ask_in_vain(&models(&server, QUICK)).await;
    assert!(matches!(error, ModelError::Unavailable { requests: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_refused_key_is_not_echoed() {
    let echo = json!({"error": {"message": format!("Incorrect API key provided: {KEY}.")}});
    let server = server_that(ResponseTemplate::new(401).set_body_json(echo)).await;
    let error = ask_in_vain(&models(&server, QUICK)).await;
    assert_eq!(error.consequence(), Consequence::MendSettings);
    match error {
        ModelError::Refused { status: 401, message, .. } => {
            assert_eq!(message, "Incorrect API key provided: [key].");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn a_key_echoed_in_part_or_in_other_places_is_not_shown() {
    let half = "sk-planted-4f1d9c0b";
    for response in [
        ResponseTemplate::new(401).set_body_string(format!("<p>bad key {KEY}</p>")),
        ResponseTemplate::new(403).set_body_json(json!({"detail": format!("{half}... is bad")})),
        ResponseTemplate::new(400).set_body_json(json!({"request": {"headers": [KEY]}})),
        ResponseTemplate::new(401).set_body_string(format!("{}{KEY}", "x".repeat(590))),
        ResponseTemplate::new(500).set_body_string(KEY),
        completion(&json!({"content": null, "refusal": format!("not with {KEY}")}), "stop"),
        completion(&json!({"content": format!("cut off {KEY}")}), "length"),
        ResponseTemplate::new(302).insert_header("location", format!("http://other/?k={KEY}")),
    ] {
        let server = server_that(response).await;
        ask_in_vain(&models(&server, QUICK)).await;
    }
    let server = server_that(completion(&json!({"content": format!("key = {KEY}")}), "stop")).await;
    let reply = ask(&models(&server, QUICK)).await.expect("an answer");
    assert_eq!(reply.text, "key = [key]");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let other = server_that(answer()).await;
    let leads = ResponseTemplate::new(307).insert_header("location", other.uri());
    let server = server_that(leads).await;
    let error = ask_in_vain(&models(&server, QUICK)).await;
    assert!(matches!(error, ModelError::Refused { status: 307, .. }), "{error:?}");
    assert_eq!(requests(&other).await, 0);
}

#[tokio::test]
async fn what_is_no_answer_is_named_and_its_cost_kept() {
    let text = |content: &str| json!({"content": content});
    for (message, finish, wanted) in [
        (text("return U"), "length", AnswerFault::Truncated),
        (json!({"content": null}), "stop", AnswerFault::Empty),
        (
            json!({"content": null, "refusal": "I will not"}),
            "stop",
            AnswerFault::Declined { reason: "I will not".into() },
        ),
        (text("return U"), "content_filter", AnswerFault::Filtered),
    ] {
        let server = server_that(completion(&message, finish)).await;
        let error = ask_in_vain(&models(&server, QUICK)).await;
        assert_eq!(error.consequence(), Consequence::SpendAttempt);
        match error {
            ModelError::NotAnAnswer { fault, text, cost, .. } => {
                assert_eq!(fault, wanted);
                assert_eq!(text, message["content"].as_str().unwrap_or_default());
                assert_eq!((cost.output_tokens, cost.requests), (Some(200), 1));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_choices_is_named() {
    let server =
        server_that(ResponseTemplate::new(200).set_body_json(json!({"choices": []}))).await;
    let error = ask_in_vain(&models(&server, QUICK)).await;
    let empty = matches!(error, ModelError::NotAnAnswer { fault: AnswerFault::Empty, .. });
    assert!(empty, "{error:?}");
}

fn timed_out_in(error: ModelError) -> Phase {
    match error {
        ModelError::Unavailable { last: Trouble::TimedOut { phase }, .. } => phase,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_silent_server_times_out_before_the_first_byte() {
    let server = server_that(answer().set_delay(Duration::from_secs(600))).await;
    let settings = "timeouts_ms = { connect = 200, first_byte = 20 }\n\
                    retry = { requests = 2, first_wait_ms = 0 }\n";
    let error = ask_in_vain(&models(&server, settings)).await;
    assert_eq!(timed_out_in(error), Phase::FirstByte);
    assert_eq!(requests(&server).await, 2);
}

/// A server that begins an answer and never goes on.
async fn server_that_stalls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            if connection.read(&mut buffer).await.is_ok() {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
                connection.write_all(head).await.expect("written");
                kept.push(connection);
            }
        }
    });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn an_answer_that_stalls_times_out() {
    let base_url = server_that_stalls().await;
    let once = "retry = { requests = 1 }\n";
    let idle = models_at(&base_url, &format!("timeouts_ms = {{ idle = 20 }}\n{once}"));
    assert_eq!(timed_out_in(ask_in_vain(&idle).await), Phase::Idle);
    let total = models_at(&base_url, &format!("timeouts_ms = {{ total = 20 }}\n{once}"));
    assert_eq!(timed_out_in(ask_in_vain(&total).await), Phase::Total);
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_a_time_out() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let error = ask_in_vain(&models_at(&format!("http://{address}/v1"), QUICK)).await;
    match error {
        ModelError::Unavailable { requests: 4, last: Trouble::Connect { reason }, .. } => {
            assert!(reason.to_lowercase().contains("refused"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_the_models_and_no_more_calls_are_under_way_than_allowed() {
    let server = server_that(answer().set_delay(Duration::from_millis(40))).await;
    let models = Arc::new(models(&server, "max_in_flight = 2\n"));
    let start = std::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for attempt in 1..=5 {
        let models = Arc::clone(&models);
        tasks.spawn(async move {
            models.ask(&question(attempt), &CancellationToken::new()).await.expect("an answer")
        });
    }
    assert_eq!(tasks.join_all().await.len(), 5);
    assert!(start.elapsed() >= Duration::from_millis(120), "five calls took less than three turns");
}

#[tokio::test]
async fn calls_under_way_count_against_the_caps() {
    let server = server_that(answer().set_delay(Duration::from_millis(20))).await;
    let models = models(&server, "[budget]\nmax_calls = 2\n");
    let cancel = CancellationToken::new();
    let [a, b, c, d] = [1, 2, 3, 4].map(question);
    let (a, b, c, d) = tokio::join!(
        models.ask(&a, &cancel),
        models.ask(&b, &cancel),
        models.ask(&c, &cancel),
        models.ask(&d, &cancel),
    );
    let over = [a, b, c, d]
        .into_iter()
        .filter_map(Result::err)
        .filter(|error| error.consequence() == Consequence::HaltAtBudget)
        .count();
    assert_eq!((over, requests(&server).await), (2, 2));
}

#[tokio::test]
async fn a_failed_call_costs_no_budget() {
    let server = server_that(ResponseTemplate::new(500)).await;
    let quick = QUICK.replace(" }", ", total_ms = 60 }");
    let models = models(&server, &format!("{quick}[budget]\nmax_calls = 1\n"));
    for _ in 0..2 {
        let error = ask(&models).await.expect_err("no answer");
        assert_eq!(error.consequence(), Consequence::Pause, "{error}");
    }
    assert_eq!(models.spent().calls, 0);
}

#[tokio::test]
async fn cancelling_ends_a_question_under_way() {
    let server = server_that(answer().set_delay(Duration::from_secs(600))).await;
    let models = models(&server, "");
    let cancel = CancellationToken::new();
    let asked = question(1);
    let (answered, ()) = tokio::join!(models.ask(&asked, &cancel), async {
        while requests(&server).await == 0 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert!(matches!(answered, Err(ModelError::Cancelled)), "{answered:?}");
}

#[tokio::test]
async fn a_key_that_no_header_carries_is_named_by_its_variable() {
    let config = "[models.fast]\ndialect = 'openai-chat'\nmodel = 'm'\nkey_env = 'K'\n";
    let config: LabConfig = toml::from_str(config).expect("settings");
    let environment: Environment = [("K", "sk-plan\nted")].into_iter().collect();
    let models = Models::new(&config, Path::new("/nowhere"), &environment).expect("models");
    let error = models.check([&"fast".parse().expect("an alias")]).expect_err("a fault");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("in K holds characters") && !shown.contains("sk-plan"), "{shown}");
}

#[test]
fn every_example_in_the_documentation_is_valid() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/models.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let examples: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect();
    assert!(examples.len() >= 7, "only {} examples found", examples.len());
    let lab = tempfile::tempdir().expect("a folder");
    let (answers, settings): (Vec<&str>, Vec<&str>) =
        examples.into_iter().partition(|example| example.starts_with("# answers.toml"));
    std::fs::write(lab.path().join("answers.toml"), answers.concat()).expect("written");
    for example in settings {
        std::fs::write(lab.path().join("hyperagent.toml"), example).expect("written");
        let mut config = hyperagent::lab::Lab::open(lab.path()).expect("valid settings").config;
        if cfg!(not(feature = "otel")) {
            // A build that can tell no collector refuses to have one; providers::told looks at that.
            config.telemetry = Default::default();
        }
        Models::new(&config, lab.path(), &Environment::default()).map(drop).expect("models");
    }
}
