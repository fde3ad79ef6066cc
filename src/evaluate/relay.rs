//! The relay: carries a benchmark's calls to the candidate and the answers back, and trusts neither with the other.
//!
//! A candidate can do one thing here: answer the call it was asked. A line too many, an answer to another call, a
//! wrong number of results: each ends the measurement as tampering.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::message::{ABANDON, FromBenchmark, FromCandidate, Order, Report};
use super::wire::{Wire, WireError};

/// How long a benchmark may take to give up an order.
const ABANDON_MS: u64 = 2_000;

/// How a relayed order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The benchmark carried it out.
    Done,
    /// The candidate cannot be served.
    Unservable { class: String, message: String },
    /// The candidate's process closed its end; the sandbox knows why.
    Gone { during: String },
    /// The candidate took too long for one answer.
    Late { during: String, limit: Duration },
    /// The candidate sent what it was not asked for.
    Tampered { detail: String },
    /// The benchmark failed.
    BenchmarkFailed { detail: String },
}

/// What an order brought before it ended.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The reports in the order they came.
    pub(super) reports: Vec<Report>,
    /// The frames of a playback.
    pub(super) frames: Vec<String>,
}

/// What a relay runs under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The functions a benchmark may call.
    pub(super) functions: &'a [String],
    /// How long a benchmark may compute between two messages.
    pub(super) silence: Duration,
    /// How long a candidate may take for one answer.
    pub(super) answer: Duration,
}

/// Waits until the candidate's host has loaded it.
pub(super) async fn await_ready<S>(candidate: &mut Wire<S>, limit: Duration) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let line = receive_from_candidate(candidate, "its start", limit).await?;
    match serde_json::from_slice(line) {
        Ok(FromCandidate::Ready) => Ok(()),
        Ok(FromCandidate::Failed(class, message)) => Err(End::Unservable { class, message }),
        _ => Err(End::Tampered { detail: "wrote to the relay before it was asked".into() }),
    }
}

/// Gives an order to the benchmark and relays until it is carried out or cannot be.
///
/// On return the benchmark waits for its next order, unless the end is [`End::BenchmarkFailed`].
pub(super) async fn carry_out<S>(
    order: Order<'_>,
    terms: Terms<'_>,
    benchmark: &mut Wire<S>,
    candidate: &mut Wire<S>,
) -> (Gathered, End)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut gathered = Gathered::default();
    let end = match relay(order, terms, benchmark, candidate, &mut gathered).await {
        Ok(()) => End::Done,
        Err(Broken::Benchmark(detail)) => End::BenchmarkFailed { detail },
        Err(Broken::Garbled) => {
            End::Tampered { detail: "sent an answer that cannot be read as JSON".into() }
        }
        Err(Broken::Candidate(end)) => match abandon(terms, benchmark, &mut gathered).await {
            Ok(()) => end,
            Err(detail) => End::BenchmarkFailed { detail },
        },
    };
    (gathered, end)
}

/// What broke an order off.
enum Broken {
    Benchmark(String),
    Candidate(End),
    /// The benchmark has already given up over an unreadable answer.
    Garbled,
}

async fn relay<S>(
    order: Order<'_>,
    terms: Terms<'_>,
    benchmark: &mut Wire<S>,
    candidate: &mut Wire<S>,
    gathered: &mut Gathered,
) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = serde_json::to_vec(&order)
        .map_err(|error| Broken::Benchmark(format!("the order cannot be written: {error}")))?;
    line.push(b'\n');
    benchmark.send(&line).await.map_err(|_| Broken::Benchmark(ENDED.into()))?;
    loop {
        let line = receive_from_benchmark(benchmark, terms.silence).await?;
        match parse(line).map_err(Broken::Benchmark)? {
            FromBenchmark::Done => return Ok(()),
            FromBenchmark::Report(report) => gathered.reports.push(report),
            FromBenchmark::Frame(frame) => gathered.frames.push(frame),
            FromBenchmark::Checked(_) | FromBenchmark::Drawn(_) => {
                return Err(Broken::Benchmark("it answered what it was not asked".into()));
            }
            FromBenchmark::Abandoned(why) if why == "garbled" => return Err(Broken::Garbled),
            FromBenchmark::Abandoned(why) => {
                return Err(Broken::Benchmark(format!("it gave up by itself: {why}")));
            }
            FromBenchmark::Call(call) => {
                if !terms.functions.iter().any(|name| name == call.function) {
                    let detail = format!(
                        "it calls `{}`; task.toml lists {}",
                        call.function,
                        terms.functions.join(", ")
                    );
                    return Err(Broken::Benchmark(detail));
                }
                let (id, calls) = (call.id, call.args.0);
                let answer = ask(candidate, line, call.function, terms.answer)
                    .await
                    .map_err(Broken::Candidate)?;
                match serde_json::from_slice(answer) {
                    Ok(FromCandidate::Answer(envelope)) if envelope.fits(id, calls) => {}
                    _ => {
                        let detail = format!("answered {} with something else", call.function);
                        return Err(Broken::Candidate(End::Tampered { detail }));
                    }
                }
                benchmark.send(answer).await.map_err(|_| Broken::Benchmark(ENDED.into()))?;
            }
        }
    }
}

const ENDED: &str = "it ended before the cases were measured";

async fn receive_from_benchmark<S>(
    benchmark: &mut Wire<S>,
    silence: Duration,
) -> Result<&[u8], Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(silence, benchmark.receive()).await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(WireError::Closed)) => Err(Broken::Benchmark(ENDED.into())),
        Ok(Err(error @ WireError::TooLong)) => Err(Broken::Benchmark(error.to_string())),
        Err(_) => Err(Broken::Benchmark(format!("it said nothing for {} ms", silence.as_millis()))),
    }
}

/// Sends a call to the candidate and takes the line that comes back.
async fn ask<'a, S>(
    candidate: &'a mut Wire<S>,
    call: &[u8],
    function: &str,
    limit: Duration,
) -> Result<&'a [u8], End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let during = || function.to_owned();
    match timeout(limit, candidate.send(call)).await {
        Ok(Ok(())) => receive_from_candidate(candidate, function, limit).await,
        Ok(Err(_)) => Err(End::Gone { during: during() }),
        Err(_) => Err(End::Late { during: during(), limit }),
    }
}

async fn receive_from_candidate<'a, S>(
    candidate: &'a mut Wire<S>,
    during: &str,
    limit: Duration,
) -> Result<&'a [u8], End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let during = || during.to_owned();
    match timeout(limit, candidate.receive()).await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(WireError::Closed)) => Err(End::Gone { during: during() }),
        Ok(Err(error @ WireError::TooLong)) => {
            Err(End::Tampered { detail: format!("sent too much during {}: {error}", during()) })
        }
        Err(_) => Err(End::Late { during: during(), limit }),
    }
}

/// Ends an order whose candidate is gone, so that the benchmark can serve the next one.
async fn abandon<S>(
    terms: Terms<'_>,
    benchmark: &mut Wire<S>,
    gathered: &mut Gathered,
) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    benchmark.send(ABANDON).await.map_err(|_| ENDED.to_owned())?;
    let patience = terms.silence.min(Duration::from_millis(ABANDON_MS));
    loop {
        let line = timeout(patience, benchmark.receive()).await;
        let line = line.map_err(|_| "it did not give up a broken order".to_owned())?;
        match parse(line.map_err(|_| ENDED.to_owned())?)? {
            FromBenchmark::Abandoned(_) => return Ok(()),
            FromBenchmark::Report(report) => gathered.reports.push(report),
            FromBenchmark::Frame(frame) => gathered.frames.push(frame),
            FromBenchmark::Call(_)
            | FromBenchmark::Done
            | FromBenchmark::Checked(_)
            | FromBenchmark::Drawn(_) => {
                return Err("it went on with a broken order".into());
            }
        }
    }
}

fn parse(line: &[u8]) -> Result<FromBenchmark<'_>, String> {
    serde_json::from_slice(line).map_err(|error| format!("it sent no message: {error}"))
}
