//! What all calls to one model share: its provider's rate limits, and whether it answers at all.
//!
//! Every request passes the gate of its model - aliases with one address, one key and one model name share it, whatever
//! role asks. The gate holds a request back while the provider's limits say so. When nobody is answered any more it
//! **pauses** (a circuit breaker; M. Nygard, "Release It!", 2007): calls wait, one of them at a time asks again after a
//! pause that doubles, and its first answer lets all of them go on. Waiting costs no request and no budget.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::limits::{Allowance, Told};
use super::retry::Patience;
use crate::base::id::Alias;
use crate::domain::settings::{ModelSpec, RetrySpec};
use crate::model::pauses::Pauses;

/// So many requests in a row have to fail before the gate pauses for all; with 30 % of failures by chance alone that
/// is one row in 170,000 requests.
const FAILURES_IN_A_ROW: u32 = 10;

/// The gates of a lab, by what providers limit: address, key and model.
pub(in crate::model) struct Gates {
    gates: BTreeMap<[Option<String>; 3], Arc<Gate>>,
    pauses: Pauses,
}

impl Gates {
    /// No gates yet; those to come tell `pauses` when they pause.
    pub fn new(pauses: Pauses) -> Self {
        Self { gates: BTreeMap::new(), pauses }
    }

    /// The gate of a model.
    pub fn of(&mut self, alias: &Alias, spec: &ModelSpec) -> Arc<Gate> {
        let base = spec.base_url.clone().or_else(|| Some(spec.dialect.name().to_owned()));
        let key = [base, spec.key_env.clone(), spec.model.clone()];
        let gate = || Arc::new(Gate::new(alias.clone(), &spec.retry, self.pauses.clone()));
        Arc::clone(self.gates.entry(key).or_insert_with(gate))
    }
}

/// The gate of one model.
pub(in crate::model) struct Gate {
    alias: Alias,
    shortest_pause: Duration,
    longest_pause: Duration,
    pauses: Pauses,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    requests: Allowance,
    tokens: Allowance,
    /// No request goes out before: the provider named a wait.
    hold: Option<Instant>,
    requests_under_way: f64,
    tokens_under_way: f64,
    failures_in_a_row: u32,
    /// Requests answered so far.
    answered: u64,
    pause: Option<Pause>,
}

struct Pause {
    until: Instant,
    /// Pauses in a row, this one included.
    round: u32,
    /// Whether one request is under way to see whether the provider is back.
    probing: bool,
    /// The last failure.
    why: String,
}

/// Leave to send one request. It has to come back by [`Pass::answered`] or [`Pass::failed`]; dropped, it says nothing.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    tokens: f64,
    /// Whether this is the one request of a pause.
    pub is_probe: bool,
}

impl Gate {
    fn new(alias: Alias, retry: &RetrySpec, pauses: Pauses) -> Self {
        Self {
            alias,
            shortest_pause: Duration::from_millis(retry.first_wait_ms.max(1)),
            longest_pause: Duration::from_millis(retry.longest_wait_ms.max(1)),
            pauses,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until a request of about `tokens` tokens may go out. `None` when the gate pauses and the call would rather
    /// leave than wait for that.
    pub(super) async fn admit(&self, tokens: f64, patience: Patience) -> Option<Pass<'_>> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let until = match self.try_admit(tokens, Instant::now()) {
                Ok(pass) => return Some(pass),
                Err(_) if patience == Patience::Leave && self.is_paused() => return None,
                Err(until) => until,
            };
            match until {
                // A change may let it go earlier, or later.
                Some(until) => drop(timeout_at(until.into(), changed).await),
                None => changed.await,
            }
        }
    }

    /// Leave, or the moment to ask for it again; `None` when only a change can give it.
    fn try_admit(&self, tokens: f64, now: Instant) -> Result<Pass<'_>, Option<Instant>> {
        let mut state = self.state();
        let mut is_probe = false;
        if let Some(pause) = &mut state.pause {
            if pause.probing {
                return Err(None);
            }
            if now < pause.until {
                return Err(Some(pause.until));
            }
            pause.probing = true;
            is_probe = true;
        } else {
            let limits = state.requests.wait(1.0, now).max(state.tokens.wait(tokens, now));
            let hold =
                state.hold.map_or(Duration::ZERO, |hold| hold.saturating_duration_since(now));
            let wait = limits.max(hold);
            if !wait.is_zero() {
                return Err(Some(now + wait));
            }
        }
        state.requests.take(1.0, now);
        state.tokens.take(tokens, now);
        state.requests_under_way += 1.0;
        state.tokens_under_way += tokens;
        drop(state);
        Ok(Pass { gate: self, tokens, is_probe })
    }

    /// How many requests were answered so far.
    pub(super) fn answered(&self) -> u64 {
        self.state().answered
    }

    /// Whether calls wait for the provider.
    pub fn is_paused(&self) -> bool {
        self.state().pause.is_some()
    }

    /// The last failure, while it pauses.
    pub(super) fn why_paused(&self) -> Option<String> {
        self.state().pause.as_ref().map(|pause| pause.why.clone())
    }

    /// Pauses, if it does not already.
    pub(super) fn pause(&self, why: &str) {
        let mut state = self.state();
        if state.pause.is_none() {
            self.pause_for(&mut state, Duration::ZERO, why);
        }
    }

    fn pause_for(&self, state: &mut State, asked: Duration, why: &str) {
        let round = state.pause.as_ref().map_or(0, |pause| pause.round).saturating_add(1);
        let wait = self.length(round).max(asked);
        // A wait past the end of time is as good as a day.
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now + Duration::from_secs(86_400));
        state.pause = Some(Pause { until, round, probing: false, why: why.to_owned() });
        tracing::warn!(alias = %self.alias, wait_ms = wait.as_millis(), why, "paused");
        self.pauses.add(&self.alias, why);
    }

    /// The length of the n-th pause in a row, n from 1: twice the one before, up to the longest.
    fn length(&self, round: u32) -> Duration {
        let doubled = 1_u32.checked_shl(round).unwrap_or(u32::MAX);
        self.shortest_pause.saturating_mul(doubled).min(self.longest_pause)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Takes over what the headers of the response say of the provider's limits.
    pub fn learn(&self, told: &Told) {
        let mut state = self.gate.state();
        let now = Instant::now();
        // This request is counted by the provider already.
        let (requests, tokens) =
            (state.requests_under_way - 1.0, state.tokens_under_way - self.tokens);
        if let Some(level) = told.requests {
            state.requests.learn(level, requests, now);
        }
        if let Some(level) = told.tokens {
            state.tokens.learn(level, tokens, now);
        }
    }

    /// The provider answered, with whatever it was: it is there.
    pub fn answered(self) {
        let mut state = self.gate.state();
        state.failures_in_a_row = 0;
        state.answered += 1;
        let was_paused = state.pause.take().is_some();
        drop(state);
        if was_paused {
            self.gate.pauses.remove(&self.gate.alias);
        }
    }

    /// The provider failed, and may have said how long to wait.
    pub fn failed(self, why: &str, asked: Option<Duration>) {
        let mut state = self.gate.state();
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if let Some(hold) = asked.and_then(|asked| Instant::now().checked_add(asked)) {
            state.hold = state.hold.max(Some(hold));
        }
        let pausing = state.pause.is_some();
        if self.is_probe || (!pausing && state.failures_in_a_row >= FAILURES_IN_A_ROW) {
            self.gate.pause_for(&mut state, asked.unwrap_or_default(), why);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.requests_under_way -= 1.0;
        state.tokens_under_way -= self.tokens;
        if let Some(pause) = state.pause.as_mut().filter(|_| self.is_probe) {
            pause.probing = false;
        }
        drop(state);
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
