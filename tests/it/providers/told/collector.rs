//! Calls told to a collector on this machine.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock as Mocked, MockServer, ResponseTemplate};

use super::models;
use crate::mock::{Mock, Reaction};
use crate::providers::{KEY, QUICK, question, table};

/// What a collector gets of one answered and one refused call; protocol buffers hold texts as they stand.
async fn told(prompts: bool) -> String {
    let collector = MockServer::start().await;
    Mocked::given(method("POST"))
        .and(path("/v1/traces"))
        .and(header("x-team", "let-me-in"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&collector)
        .await;
    let provider = Mock::start(Duration::ZERO, |number, _| match number {
        0 => Reaction::Say("größer ✓".into()),
        _ => {
            Reaction::Fail(400, Vec::new(), "{\"error\": {\"message\": \"no such model\"}}".into())
        }
    });
    let price = format!("{QUICK}\nprice_usd_per_mtok = {{ input = 1.0, output = 5.0 }}");
    let config = format!(
        "{}[telemetry]\nendpoint = '{}/v1/traces'\nheader_env = {{ x-team = 'COLLECTOR_KEY' }}\nprompts = {prompts}\n",
        table("fast", "openai-chat", &provider.address, &price),
        collector.uri()
    );
    let models = models(&config).expect("models");
    let cancel = CancellationToken::new();
    models.ask(&question("fast", 1), &cancel).await.expect("an answer");
    models.ask(&question("fast", 2), &cancel).await.expect_err("refused");
    models.flush().await;
    let received = collector.received_requests().await.expect("recorded");
    let bytes: Vec<u8> = received.into_iter().flat_map(|request| request.body).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_told_of_calls_and_never_of_prompts_unless_asked() {
    let quiet = told(false).await;
    for named in [
        "chat m-1",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.output_tokens",
        "hyperagent.micro_usd",
        "gen-00000, episode snake#0, attempt 2, turn 0",
        "error.type",
        "no such model",
    ] {
        assert!(quiet.contains(named), "{named} is not in {quiet}");
    }
    assert!(!quiet.contains("write a player") && !quiet.contains("größer"), "{quiet}");
    assert!(!quiet.contains(KEY));
    let open = told(true).await;
    assert!(open.contains("write a player") && open.contains("größer ✓"), "{open}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_no_answer() {
    let provider = Mock::start(Duration::ZERO, |_, _| Reaction::Say("ok".into()));
    let config = format!(
        "{}[telemetry]\nendpoint = 'http://127.0.0.1:9/v1/traces'\n",
        table("fast", "openai-chat", &provider.address, QUICK)
    );
    let models = models(&config).expect("models");
    models.ask(&question("fast", 1), &CancellationToken::new()).await.expect("an answer");
    models.flush().await;
}
