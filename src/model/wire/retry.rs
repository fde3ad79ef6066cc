//! Asking again: the one place that decides whether a failed request is repeated, and when.
//!
//! Waits have full jitter: the n-th is uniform between 0 and `first_wait_ms` · 2ⁿ⁻¹, at most `longest_wait_ms` (M.
//! Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015). When the provider names a wait, that wait
//! is kept and a jitter of at most `first_wait_ms` comes on top. Draws come from the call's own seed.
//!
//! A call gives up after `requests` requests, at `total_ms`, or when the budget has no room for another answer that may
//! be billed and lost. Requests that fail while nobody else is answered either do not count: then the provider is away,
//! and the call waits at its gate until `total_ms`.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::Trouble;
use super::gate::Gate;
use super::limits::Told;
use crate::base::rng;
use crate::domain::event::Retry;
use crate::domain::settings::RetrySpec;
use crate::model::fault::{ModelError, Phase};

/// Failed requests kept of one call.
const RETRIES: usize = 16;

/// How one request went.
pub(super) enum Sent<T> {
    /// It is settled.
    Done(T),
    /// It failed in a way that may pass.
    Again(Failed),
    /// It failed in a way that passes later, if at all.
    Down(Trouble),
}

/// A failure that may pass.
pub(super) struct Failed {
    /// What failed.
    pub trouble: Trouble,
    /// How long the provider asks to wait.
    pub after: Option<Duration>,
}

/// Whether a call waits for a provider that answers nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum Patience {
    /// It waits, up to its `total_ms`.
    Wait,
    /// It leaves at once, because another model can be asked.
    Leave,
}

/// What is known when a question ends, one way or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::model) struct Effort {
    /// Requests sent.
    pub requests: u32,
    /// Wall time, waits included, milliseconds.
    pub wall_ms: u64,
    /// The requests that failed, oldest first; of many, the first and the last few.
    pub retries: Vec<Retry>,
}

/// Why a call ends without being settled.
#[derive(Debug)]
pub(super) enum GivenUp {
    /// The provider is unavailable.
    Unavailable(Trouble),
    /// There is no room for what another request may cost.
    NoRoom(ModelError),
}

/// A call to be made until it is settled.
pub(super) struct Call<'a> {
    /// When to give up.
    pub spec: &'a RetrySpec,
    /// The gate of its model.
    pub gate: &'a Gate,
    /// Its seed.
    pub seed: u64,
    /// About how many tokens a request takes.
    pub tokens: u64,
    /// Whether it waits while nobody is answered.
    pub patience: Patience,
}

/// Sends until the matter is settled or a limit is met. `lost` is told of every request that may be billed though no
/// answer came of it, and says whether there is room for another.
pub(super) async fn persist<T, F: Future<Output = (Sent<T>, Told)>>(
    call: &Call<'_>,
    mut lost: impl FnMut() -> Result<(), ModelError>,
    mut send: impl FnMut() -> F,
) -> (Result<T, GivenUp>, Effort) {
    let Call { spec, gate, .. } = call;
    let start = Instant::now();
    let deadline = start + Duration::from_millis(spec.total_ms);
    let answered_before = gate.answered();
    let mut requests = 0;
    let mut tries = 0;
    let mut retries = Vec::new();
    let mut last = None;
    let outcome = loop {
        #[expect(clippy::cast_precision_loss, reason = "an estimate of at most some millions")]
        let entering = gate.admit(call.tokens as f64, call.patience);
        let Ok(Some(pass)) = timeout_at(deadline, entering).await else {
            break Err(GivenUp::Unavailable(last.unwrap_or_else(|| never_sent(gate))));
        };
        requests += 1;
        let is_probe = pass.is_probe;
        let (sent, told) = match timeout_at(deadline, send()).await {
            Ok(sent) => sent,
            Err(_) => (Sent::Down(Trouble::TimedOut { phase: Phase::Total }), Told::default()),
        };
        pass.learn(&told);
        let Failed { trouble, after } = match sent {
            Sent::Done(done) => {
                pass.answered();
                break Ok(done);
            }
            Sent::Down(trouble) => {
                pass.failed(&trouble.to_string(), None);
                if trouble.may_be_billed()
                    && let Err(full) = lost()
                {
                    break Err(GivenUp::NoRoom(full));
                }
                break Err(GivenUp::Unavailable(trouble));
            }
            Sent::Again(failed) => failed,
        };
        let after = after.or(told.retry_after);
        pass.failed(&trouble.to_string(), after);
        keep(&mut retries, Retry { at_ms: since(start), why: trouble.to_string() });
        if trouble.may_be_billed()
            && let Err(full) = lost()
        {
            break Err(GivenUp::NoRoom(full));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if after.is_some_and(|after| after >= left) {
            break Err(GivenUp::Unavailable(trouble));
        }
        if is_probe {
            last = Some(trouble);
            continue;
        }
        tries += 1;
        if tries >= spec.requests {
            if gate.answered() > answered_before {
                break Err(GivenUp::Unavailable(trouble));
            }
            gate.pause(&trouble.to_string());
            last = Some(trouble);
            continue;
        }
        let wait = wait(spec, call.seed, tries, after);
        if wait >= left {
            break Err(GivenUp::Unavailable(trouble));
        }
        tracing::debug!(requests, %trouble, wait_ms = wait.as_millis(), "asking again");
        last = Some(trouble);
        sleep(wait).await;
    };
    (outcome, Effort { requests, wall_ms: since(start), retries })
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Adds a failed request; past the most that are kept, one from the middle goes.
pub(in crate::model) fn keep(retries: &mut Vec<Retry>, failed: Retry) {
    if retries.len() >= RETRIES {
        retries.remove(RETRIES / 4);
    }
    retries.push(failed);
}

/// Why a call ends that could send nothing.
fn never_sent(gate: &Gate) -> Trouble {
    match gate.why_paused() {
        Some(reason) => Trouble::Paused { reason },
        None => Trouble::TimedOut { phase: Phase::Total },
    }
}

/// The wait after the `tries`-th request.
fn wait(spec: &RetrySpec, seed: u64, tries: u32, asked: Option<Duration>) -> Duration {
    let mut draw = rng::stream(seed, "retry", &[u64::from(tries)]);
    match asked {
        Some(asked) => {
            let jitter = Duration::from_millis(draw.random_range(0..=spec.first_wait_ms));
            asked.saturating_add(jitter)
        }
        None => {
            let doubled = 1_u64.checked_shl(tries - 1).unwrap_or(u64::MAX);
            let longest = spec.first_wait_ms.saturating_mul(doubled).min(spec.longest_wait_ms);
            Duration::from_millis(draw.random_range(0..=longest))
        }
    }
}

#[cfg(test)]
mod tests;
