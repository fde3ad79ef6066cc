//! Asking again: the one place that waits for a provider.
//!
//! Waits have full jitter: the n-th is uniform between 0 and `first_wait_ms` · 2ⁿ⁻¹, at most `longest_wait_ms` (M.
//! Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015). When the provider names a wait, that wait
//! is kept and a jitter of at most `first_wait_ms` comes on top. Draws come from the call's own seed.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::Trouble;
use crate::base::rng;
use crate::domain::settings::RetrySpec;
use crate::model::fault::Phase;

/// How one request went.
pub(super) enum Sent<T> {
    /// It is settled.
    Done(T),
    /// It failed in a way that may pass, and the provider may have said when.
    Again(Trouble, Option<Duration>),
    /// It failed in a way that passes later, if at all.
    Down(Trouble),
}

/// What is known when a question ends, one way or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// Requests sent.
    pub requests: u32,
    /// Wall time, waits included, milliseconds.
    pub wall_ms: u64,
}

/// Sends until the matter is settled or a limit of `spec` is met; then the last failure is returned.
pub(super) async fn persist<T, F: Future<Output = Sent<T>>>(
    spec: &RetrySpec,
    seed: u64,
    mut send: impl FnMut() -> F,
) -> (Result<T, Trouble>, Effort) {
    let start = Instant::now();
    let deadline = start + Duration::from_millis(spec.total_ms);
    let mut requests = 0;
    let outcome = loop {
        requests += 1;
        let sent = match timeout_at(deadline, send()).await {
            Ok(sent) => sent,
            Err(_) => Sent::Down(Trouble::TimedOut { phase: Phase::Total }),
        };
        let (trouble, asked) = match sent {
            Sent::Done(done) => break Ok(done),
            Sent::Down(trouble) => break Err(trouble),
            Sent::Again(trouble, asked) => (trouble, asked),
        };
        let wait = wait(spec, seed, requests, asked);
        let left = deadline.saturating_duration_since(Instant::now());
        if requests >= spec.requests || wait >= left {
            break Err(trouble);
        }
        tracing::debug!(requests, %trouble, wait_ms = wait.as_millis(), "asking again");
        sleep(wait).await;
    };
    let wall_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    (outcome, Effort { requests, wall_ms })
}

/// The wait after the `requests`-th request.
fn wait(spec: &RetrySpec, seed: u64, requests: u32, asked: Option<Duration>) -> Duration {
    let mut draw = rng::stream(seed, "retry", &[u64::from(requests)]);
    match asked {
        Some(asked) => {
            let jitter = Duration::from_millis(draw.random_range(0..=spec.first_wait_ms));
            asked.saturating_add(jitter)
        }
        None => {
            let doubled = 1_u64.checked_shl(requests - 1).unwrap_or(u64::MAX);
            let longest = spec.first_wait_ms.saturating_mul(doubled).min(spec.longest_wait_ms);
            Duration::from_millis(draw.random_range(0..=longest))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const SPEC: RetrySpec =
        RetrySpec { requests: 4, first_wait_ms: 2, longest_wait_ms: 3, total_ms: 60_000 };

    fn trouble() -> Trouble {
        Trouble::Status { status: 500, message: String::new() }
    }

    fn again() -> Sent<&'static str> {
        Sent::Again(trouble(), None)
    }

    async fn run(
        spec: &RetrySpec,
        steps: Vec<Sent<&'static str>>,
    ) -> (Result<&'static str, Trouble>, Effort) {
        let mut steps = VecDeque::from(steps);
        let next = || std::future::ready(steps.pop_front().expect("no more requests than planned"));
        persist(spec, 7, next).await
    }

    #[tokio::test]
    async fn a_failure_that_passes_costs_only_time() {
        let (outcome, effort) = run(&SPEC, vec![again(), again(), Sent::Done("ok")]).await;
        assert_eq!((outcome, effort.requests), (Ok("ok"), 3));
    }

    #[tokio::test]
    async fn the_number_of_requests_is_bounded() {
        let (outcome, effort) = run(&SPEC, vec![again(), again(), again(), again()]).await;
        assert_eq!((outcome, effort.requests), (Err(trouble()), 4));
    }

    #[tokio::test]
    async fn the_wait_a_provider_asks_for_is_kept() {
        let asked = Sent::Again(trouble(), Some(Duration::from_millis(30)));
        let (outcome, effort) = run(&SPEC, vec![asked, Sent::Done("ok")]).await;
        assert_eq!(outcome, Ok("ok"));
        assert!(effort.wall_ms >= 30, "{effort:?}");
    }

    #[tokio::test]
    async fn a_wait_past_the_total_is_not_begun() {
        for asked in [Duration::from_secs(3600), Duration::MAX] {
            let (outcome, effort) = run(&SPEC, vec![Sent::Again(trouble(), Some(asked))]).await;
            assert_eq!((outcome, effort.requests), (Err(trouble()), 1));
        }
    }

    #[tokio::test]
    async fn a_request_that_hangs_ends_at_the_total() {
        let spec = RetrySpec { total_ms: 20, ..SPEC };
        let (outcome, effort): (Result<(), _>, _) = persist(&spec, 7, std::future::pending).await;
        assert_eq!(outcome, Err(Trouble::TimedOut { phase: Phase::Total }));
        assert_eq!(effort.requests, 1);
    }

    #[tokio::test]
    async fn a_provider_that_is_down_is_not_asked_again() {
        let (outcome, effort) = run(&SPEC, vec![Sent::Down(trouble())]).await;
        assert_eq!((outcome, effort.requests), (Err(trouble()), 1));
    }

    #[test]
    fn waits_grow_to_their_cap_and_repeat_with_the_seed() {
        let spec = RetrySpec { first_wait_ms: 100, longest_wait_ms: 150, ..SPEC };
        let longest = |n| (0..200).map(|seed| wait(&spec, seed, n, None).as_millis()).max();
        assert!(longest(1) <= Some(100) && longest(1) > Some(80));
        assert!(longest(3) <= Some(150) && longest(3) > Some(120));
        assert!(longest(99) <= Some(150));
        assert_eq!(wait(&spec, 5, 2, None), wait(&spec, 5, 2, None));
    }
}
