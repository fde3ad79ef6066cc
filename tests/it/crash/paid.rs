//! Answers that cost money: what is on record is never asked for again, counted at the server.

use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::scene::{Outcome, Scene};
use crate::slow;

/// A server that gives every role the same answer, which is of use to a worker only.
pub struct Server {
    runtime: Runtime,
    server: MockServer,
}

impl Server {
    /// Starts it; every answer takes this long.
    pub fn start(delay: Duration) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let answer = "summary: steeper\n\ndial.py\n<<<<<<< SEARCH\n    return 1 * x + 1\n=======\n    \
                      return 3 * x + 10\n>>>>>>> REPLACE\n";
        let completion = json!({
            "model": "m-1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
        });
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            let answers = ResponseTemplate::new(200).set_body_json(completion).set_delay(delay);
            Mock::given(method("POST")).respond_with(answers).mount(&server).await;
            server
        });
        Self { runtime, server }
    }

    pub fn requests(&self) -> usize {
        self.runtime.block_on(self.server.received_requests()).expect("recorded").len()
    }

    /// A lab whose run asks this server.
    pub fn scene(&self) -> Scene {
        let scene = Scene::new().with(&["--model", "paid", "--generations", "1"]);
        let settings = format!(
            "[models.paid]\ndialect = 'openai-chat'\nbase_url = '{}/v1'\nmodel = 'm-1'\n",
            self.server.uri()
        );
        scene.bench.write("lab/hyperagent.toml", &settings);
        scene
    }
}

/// Kills the run there, goes on, and counts.
fn kill_at(armed: &str, server: &Server, lab: &Scene, expected: &Outcome) {
    let scene = Scene::like(lab);
    assert!(scene.dies_at(armed), "{armed} was not reached");
    let (on_record, before) = (scene.answers(), server.requests());
    scene.perform(None).succeeds();
    let asked = server.requests() - before;
    assert_eq!(asked, scene.answers() - on_record, "{armed}: {on_record} were on record");
    scene.outcome().is_that_of(expected, armed);
}

#[test]
fn an_answer_on_record_is_never_asked_for_again() {
    let server = Server::start(Duration::ZERO);
    let lab = server.scene();
    assert!(lab.dies_at("lock-taken:1"), "no run was begun");
    let undisturbed = Scene::like(&lab);
    undisturbed.perform(None).succeeds();
    let expected = undisturbed.outcome();
    let all = undisturbed.answers();
    assert_eq!(server.requests(), all, "one request an answer");
    assert!(all > 10, "{all}");

    let mut kills = vec!["answer-received:4", "answer-recorded:6", "journal-torn:12"];
    if slow::is_on("crash") {
        kills.extend(["answer-asked:1", "answer-asked:9", "answer-received:1", "journal-flush:9"]);
        kills.extend(["journal-flushed:15", "answer-recorded:1", "child-started:12"]);
    }
    for armed in kills {
        kill_at(armed, &server, &lab, &expected);
    }
}
