//! A provider on this machine that speaks every dialect, whole and streamed, and fails as planned.
//!
//! It answers from a thread of its own, so tests and benches can ask it from anywhere. Only what a provider's server
//! does on the wire is here; what the bench makes of it is the matter of who uses it.

#![expect(clippy::expect_used, reason = "tests and benches end when their own server cannot start")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a provider wants back with the calls it made: a signature, or encrypted reasoning.
pub const SEALED: &str = "c2VhbGVk";

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its path, with the query.
    pub path: String,
    /// Its head, names in lower case.
    pub head: String,
    /// Its body.
    pub body: Value,
}

/// What the provider does with a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// It answers with this text, in the dialect of the request's path.
    Say(String),
    /// It answers with this text and these calls: the tool and its arguments as they are written, sound or not.
    Call(String, Vec<(String, String)>),
    /// It fails with this status, these headers (`name: value`) and this body.
    Fail(u16, Vec<String>, String),
    /// It answers with status 200 and what no dialect knows.
    Garbage,
}

/// What the provider does, given the number of the request from 0, and the request.
pub type Plan = dyn Fn(usize, &Received) -> Reaction + Send + Sync;

/// A provider under way; it ends with this value.
pub struct Mock {
    /// Its address, without a path.
    pub address: String,
    received: Arc<Shared>,
    // The thread ends when its runtime is told to.
    _stop: tokio::sync::oneshot::Sender<()>,
}

struct Shared {
    kept: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    gather: AtomicUsize,
    latency: Duration,
    plan: Box<Plan>,
}

impl Mock {
    /// A provider that reacts as planned, after `latency`.
    pub fn start(
        latency: Duration,
        plan: impl Fn(usize, &Received) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let plan = Box::new(plan);
        let received = Arc::new(Shared {
            kept: Mutex::default(),
            connections: AtomicUsize::new(0),
            gather: AtomicUsize::new(0),
            latency,
            plan,
        });
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let shared = received.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                tell.send(listener.local_addr().expect("an address")).expect("told");
                let serving = async {
                    while let Ok((connection, _)) = listener.accept().await {
                        tokio::spawn(serve(connection, shared.clone()));
                    }
                };
                tokio::select! { () = serving => {}, _ = stopped => {} }
            });
        });
        let address = format!("http://{}", told.recv().expect("an address"));
        Self { address, received, _stop: stop }
    }

    /// Nobody is answered before so many requests have come.
    pub fn gather(&self, requests: usize) {
        self.received.gather.store(requests, Ordering::SeqCst);
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.received.connections.load(Ordering::SeqCst)
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// How many requests have come.
    fn came(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Answers every request of one connection.
async fn serve(connection: TcpStream, shared: Arc<Shared>) {
    let _ = connection.set_nodelay(true);
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let mut connection = BufReader::new(connection);
    while let Some(request) = receive(&mut connection).await {
        let number = {
            let mut kept = shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(request.clone());
            kept.len() - 1
        };
        let reaction = (shared.plan)(number, &request);
        tokio::time::sleep(shared.latency).await;
        while shared.came() < shared.gather.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for piece in respond(&request, &reaction) {
            if connection.get_mut().write_all(&piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn receive(connection: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let lower = head.lines().map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}\n", name.to_lowercase()),
        None => format!("{line}\n"),
    });
    let head: String = lower.collect();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    connection.read_exact(&mut body).await.ok()?;
    Some(Received { path, head, body: serde_json::from_slice(&body).ok()? })
}

/// The response in the pieces it is written in: a stream of events goes out in chunks that cut characters in two.
fn respond(request: &Received, reaction: &Reaction) -> Vec<Vec<u8>> {
    let (status, headers, kind, body) = match reaction {
        Reaction::Say(text) => {
            let (kind, body) = said(request, text, &[]);
            (200, Vec::new(), kind, body)
        }
        Reaction::Call(text, calls) => {
            let (kind, body) = said(request, text, calls);
            (200, Vec::new(), kind, body)
        }
        Reaction::Fail(status, headers, body) => {
            (*status, headers.clone(), "application/json", body.clone())
        }
        Reaction::Garbage => (200, Vec::new(), "text/html", "<html>gateway</html>".to_owned()),
    };
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{headers}");
    if !kind.starts_with("text/event-stream") {
        return vec![format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()];
    }
    let chunk = |piece: &[u8]| {
        [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n".as_slice()].concat()
    };
    let mut pieces = vec![format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes()];
    pieces.extend(body.as_bytes().chunks(97).map(chunk));
    pieces.push(b"0\r\n\r\n".to_vec());
    pieces
}

/// The text in the dialect of the request, with 1000 tokens in, 400 of them cached, and 200 out.
fn said(request: &Received, text: &str, calls: &[(String, String)]) -> (&'static str, String) {
    let path = request.path.as_str();
    let streaming = request.body.get("stream") == Some(&Value::Bool(true))
        || path.contains("streamGenerateContent");
    let events = if path.ends_with("/chat/completions") {
        chat(text, calls, streaming)
    } else if path.ends_with("/responses") {
        responses(text, calls, streaming)
    } else if path.ends_with("/messages") {
        messages(text, calls, streaming)
    } else {
        gemini(text, calls)
    };
    if !streaming {
        return ("application/json", events.first().map(Value::to_string).unwrap_or_default());
    }
    let mut body = ": keep-alive\n\n".to_owned();
    for event in events {
        body.push_str(&format!("data: {event}\n\n"));
    }
    if path.ends_with("/chat/completions") {
        body.push_str("data: [DONE]\n\n");
    }
    ("text/event-stream; charset=utf-8", body)
}

fn chat(text: &str, calls: &[(String, String)], streaming: bool) -> Vec<Value> {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 200,
        "prompt_tokens_details": {"cached_tokens": 400}});
    let call = |(place, (name, arguments)): (usize, &(String, String))| {
        json!({"index": place, "id": format!("c{place}"), "type": "function",
            "function": {"name": name, "arguments": arguments}})
    };
    let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
    let stop = if calls.is_empty() { "stop" } else { "tool_calls" };
    let message = match calls.is_empty() {
        true => json!({"role": "assistant", "content": text}),
        false => json!({"role": "assistant", "content": text, "tool_calls": calls}),
    };
    if !streaming {
        let choice = json!({"index": 0, "message": message, "finish_reason": stop});
        return vec![json!({"model": "m-1", "choices": [choice], "usage": usage})];
    }
    vec![
        json!({"model": "m-1", "choices": [{"index": 0, "delta": message}]}),
        json!({"model": "m-1", "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]}),
        json!({"model": "m-1", "choices": [], "usage": usage}),
    ]
}

fn responses(text: &str, calls: &[(String, String)], streaming: bool) -> Vec<Value> {
    let content = json!([{"type": "output_text", "text": text}]);
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [],
        "encrypted_content": SEALED});
    let mut output: Vec<Value> = (!calls.is_empty()).then_some(thought).into_iter().collect();
    output.push(json!({"type": "message", "content": content}));
    output.extend(calls.iter().enumerate().map(|(place, (name, arguments))| {
        json!({"type": "function_call", "call_id": format!("c{place}"), "name": name,
            "arguments": arguments})
    }));
    let whole = json!({"status": "completed", "model": "m-1", "output": output,
        "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 400},
            "output_tokens": 200, "output_tokens_details": {"reasoning_tokens": 150}}});
    if streaming {
        vec![json!({"type": "response.completed", "response": whole})]
    } else {
        vec![whole]
    }
}

fn messages(text: &str, calls: &[(String, String)], streaming: bool) -> Vec<Value> {
    let usage = json!({"input_tokens": 600, "cache_read_input_tokens": 400, "output_tokens": 200});
    let block = json!({"type": "text", "text": text});
    let thinking = |seal: &str| json!({"type": "thinking", "thinking": "", "signature": seal});
    let stop = if calls.is_empty() { "end_turn" } else { "tool_use" };
    if !streaming {
        let mut content: Vec<Value> =
            (!calls.is_empty()).then(|| thinking(SEALED)).into_iter().collect();
        content.push(block);
        content.extend(calls.iter().enumerate().map(|(place, (name, arguments))| {
            json!({"type": "tool_use", "id": format!("c{place}"), "name": name,
                "input": serde_json::from_str::<Value>(arguments).unwrap_or_default()})
        }));
        return vec![json!({"model": "m-1", "content": content, "stop_reason": stop,
            "usage": usage})];
    }
    let mut events = vec![
        json!({"type": "message_start", "message": {"model": "m-1", "content": [], "usage": usage}}),
    ];
    if !calls.is_empty() {
        let seal = json!({"type": "signature_delta", "signature": SEALED});
        events.push(json!({"type": "content_block_start", "index": 0,
            "content_block": thinking("")}));
        events.push(json!({"type": "content_block_delta", "index": 0, "delta": seal}));
    }
    events.push(json!({"type": "content_block_start", "index": 1, "content_block": block}));
    for (place, (name, arguments)) in calls.iter().enumerate() {
        let block =
            json!({"type": "tool_use", "id": format!("c{place}"), "name": name, "input": {}});
        let delta = json!({"type": "input_json_delta", "partial_json": arguments});
        let index = place + 2;
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": stop},
        "usage": {"output_tokens": 200}}));
    events.push(json!({"type": "message_stop"}));
    events
}

/// Its arguments are no text, so broken ones are a value that is no object.
fn gemini(text: &str, calls: &[(String, String)]) -> Vec<Value> {
    let mut parts = vec![json!({"text": text})];
    parts.extend(calls.iter().map(|(name, arguments)| {
        let arguments = serde_json::from_str(arguments).unwrap_or(json!("broken"));
        json!({"functionCall": {"name": name, "args": arguments}, "thoughtSignature": SEALED})
    }));
    let content = json!({"role": "model", "parts": parts});
    vec![
        json!({"candidates": [{"content": content, "finishReason": "STOP"}], "modelVersion": "m-1",
        "usageMetadata": {"promptTokenCount": 1000, "cachedContentTokenCount": 400,
            "candidatesTokenCount": 150, "thoughtsTokenCount": 50}}),
    ]
}
