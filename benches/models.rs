//! What many calls to a provider cost: answers a second, memory, threads, and requests that failures take.
//! `cargo bench --bench models`.
//!
//! The provider is a server in this process that answers after a fixed time (`tests/it/mock.rs`), so memory and threads
//! include it. Calls go through the same door as those of a run: slots, budget, gate, dialect, transport.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

#[expect(dead_code, reason = "no bench calls tools")]
#[path = "../tests/it/mock.rs"]
mod mock;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hyperagent::base::environment::Environment;
use hyperagent::base::id::GenerationId;
use hyperagent::domain::agent::{AnswerFormat, Operators};
use hyperagent::domain::event::CallKey;
use hyperagent::domain::settings::LabConfig;
use hyperagent::model::{Brief, Message, ModelError, Models, Request, Speaker, WorkerBrief};
use tokio_util::sync::CancellationToken;

use mock::{Mock, Reaction, Received};

/// How long the provider takes.
const LATENCY: Duration = Duration::from_millis(200);
/// How long answers are counted.
const SPAN: Duration = Duration::from_secs(5);

/// An answer of some length, as a worker gives it.
const ANSWER: &str = "summary: a better line\n\nplayer.py\n<<<<<<< SEARCH\n    return 1\n=======\n    return 2\n>>>>>>> REPLACE\n";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("provider at {} ms, dialect anthropic, streamed", LATENCY.as_millis());
        for in_flight in [16, 64] {
            rate(in_flight).await;
        }
        crowd(1000).await;
        let no_headers = Vec::new;
        failures("429", move || Reaction::Fail(429, no_headers(), String::new())).await;
        failures("500", move || Reaction::Fail(500, no_headers(), String::new())).await;
        failures("garbage", || Reaction::Garbage).await;
    });
}

/// Answers a second with so many calls under way all the time.
async fn rate(in_flight: u32) {
    let mock = Mock::start(LATENCY, |_, _| Reaction::Say(ANSWER.into()));
    let models = models(&mock, in_flight);
    let next = Arc::new(AtomicU32::new(0));
    let (start, cpu_before) = (Instant::now(), cpu_ms());
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let (models, next) = (models.clone(), next.clone());
        workers.spawn(async move {
            let mut answered = 0_u32;
            while start.elapsed() < SPAN {
                ask(&models, next.fetch_add(1, Ordering::Relaxed)).await.unwrap();
                answered += 1;
            }
            answered
        });
    }
    let answered: u32 = workers.join_all().await.into_iter().sum();
    let rate = f64::from(answered) / start.elapsed().as_secs_f64();
    let most = f64::from(in_flight) / LATENCY.as_secs_f64();
    println!(
        "{in_flight:>5} in flight  {rate:7.1} answers/s of {most:.0} possible  {:.2} ms CPU each, the server's \
         included  {} threads, {} connections",
        (cpu_ms() - cpu_before) / f64::from(answered),
        status("Threads:"),
        mock.connections()
    );
    assert!(mock.received().iter().all(is_sound), "a request that no provider would take");
}

/// Memory and threads while so many calls wait for their answer at once.
async fn crowd(calls: u32) {
    let mock = Mock::start(LATENCY, |_, _| Reaction::Say(ANSWER.into()));
    let models = models(&mock, calls);
    let before = status("VmRSS:");
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..calls {
        let models = models.clone();
        tasks.spawn(async move { ask(&models, number).await.unwrap() });
    }
    let answered = tasks.join_all().await.len();
    println!(
        "{answered:>5} at once     {:7.2} s, at most {} MB (before: {} MB)  {} threads",
        start.elapsed().as_secs_f64(),
        status("VmHWM:") / 1024,
        before / 1024,
        status("Threads:")
    );
}

/// Requests for each answer when three of every ten fail.
async fn failures(name: &str, failure: impl Fn() -> Reaction + Send + Sync + 'static) {
    let fails = |number: usize| number.wrapping_mul(7919).wrapping_add(number / 10 * 4) % 10 < 3;
    let mock = Mock::start(Duration::from_millis(5), move |number, _| {
        if fails(number) { failure() } else { Reaction::Say(ANSWER.into()) }
    });
    let models = models(&mock, 16);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let models = models.clone();
        tasks.spawn(async move { ask(&models, number).await });
    }
    let (answered, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(Result::is_ok);
    let requests = mock.received().len() as f64 / answered.len() as f64;
    println!(
        "30 % of {name:<8} {:>4} of 500 answered, {requests:.2} requests each",
        answered.len()
    );
    for error in refused.into_iter().filter_map(Result::err) {
        println!("    {error}");
    }
}

/// Whether a request is one that the provider's documentation describes.
fn is_sound(request: &Received) -> bool {
    request.path == "/v1/messages"
        && request.head.contains("x-api-key: bench-key")
        && request.body.get("max_tokens").is_some()
}

async fn ask(models: &Models, number: u32) -> Result<(), ModelError> {
    models.ask(&question(number), &CancellationToken::new()).await.map(drop)
}

fn models(mock: &Mock, in_flight: u32) -> Arc<Models> {
    let config: LabConfig = toml::from_str(&format!(
        "[models.fast]\ndialect = 'anthropic'\nbase_url = '{}/v1'\nmodel = 'm-1'\nkey_env = 'BENCH_KEY'\n\
         max_in_flight = {in_flight}\nretry = {{ first_wait_ms = 5, longest_wait_ms = 100 }}\n",
        mock.address
    ))
    .unwrap();
    let environment: Environment = [("BENCH_KEY", "bench-key")].into_iter().collect();
    Arc::new(Models::new(&config, Path::new("/nowhere"), &environment).unwrap())
}

/// A worker's question with a prompt of 8 kB.
fn question(number: u32) -> Request {
    let brief = WorkerBrief {
        base: Default::default(),
        editable: Default::default(),
        references: Vec::new(),
        ingredients: String::new(),
        operators: Operators::default(),
        pieces: Default::default(),
        op: String::new(),
        failures: Default::default(),
        format: AnswerFormat::Edit,
    };
    Request {
        key: CallKey::Attempt {
            generation: GenerationId(0),
            episode: "snake#0".parse().unwrap(),
            attempt: number,
            turn: 0,
        },
        role: "worker".into(),
        alias: "fast".parse().unwrap(),
        messages: vec![Message {
            speaker: Speaker::User,
            text: "a line of a prompt\n".repeat(430),
        }],
        temperature: Some(0.7),
        top_p: None,
        max_output_tokens: 4000,
        seed: u64::from(number),
        brief: Arc::new(Brief::Worker(brief)),
        beside: Arc::default(),
        tools: Default::default(),
    }
}

/// The CPU time of this process so far, milliseconds: fields 14 and 15 of `/proc/self/stat`, in ticks of 10 ms.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks =
        |field: usize| fields.split_whitespace().nth(field - 3).unwrap().parse::<u32>().unwrap();
    f64::from(ticks(14) + ticks(15)) * 10.0
}

/// A number of `/proc/self/status`.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
