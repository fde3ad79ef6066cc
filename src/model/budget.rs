//! Caps on money, tokens, calls and waiting, reserved before each call.
//!
//! Every call belongs to the run, to the generation that is made or measured, and to its role; each of the three may
//! have caps. A call may start while in all of them what is spent plus what the calls under way may still use stays
//! below every cap; what a call may use is reckoned from above (the prompt's bytes, the longest answer). So calls near a
//! cap go one at a time, and it is overshot by one call at most. Where a provider does not say what a call used, the
//! reckoning counts. How long a call takes is not reckoned, so a cap in minutes is overshot by the calls under way.
//! Only models that cost something are metered: `offline`, `random` and `replay` are free. The minutes of a run are the
//! engine's affair, because measuring takes time as well.

mod ledger;

pub(super) use ledger::{Ledger, Reservation};

use crate::base::id::GenerationId;
use crate::base::unit::MicroUsd;
use crate::domain::event::{CallCost, CallKey, CapScope};
use crate::domain::settings::{BudgetSpec, Budgets};

/// What metered calls have used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Money, as far as prices are known.
    pub usd: MicroUsd,
    /// Tokens, input and output.
    pub tokens: u64,
    /// Calls answered.
    pub calls: u64,
    /// Time waited for answers, milliseconds, summed over calls.
    pub wall_ms: u64,
}

impl Spent {
    /// Counts one more call.
    pub fn add(&mut self, cost: &CallCost) {
        let tokens = cost.input_tokens.unwrap_or(0).saturating_add(cost.output_tokens.unwrap_or(0));
        *self = self.plus(Self {
            usd: cost.usd.unwrap_or_default(),
            tokens,
            calls: 1,
            wall_ms: cost.wall_ms,
        });
    }

    fn plus(self, other: Spent) -> Spent {
        Spent {
            usd: MicroUsd(self.usd.0.saturating_add(other.usd.0)),
            tokens: self.tokens.saturating_add(other.tokens),
            calls: self.calls.saturating_add(other.calls),
            wall_ms: self.wall_ms.saturating_add(other.wall_ms),
        }
    }

    fn minus(self, other: Spent) -> Spent {
        Spent {
            usd: MicroUsd(self.usd.0.saturating_sub(other.usd.0)),
            tokens: self.tokens.saturating_sub(other.tokens),
            calls: self.calls.saturating_sub(other.calls),
            wall_ms: self.wall_ms.saturating_sub(other.wall_ms),
        }
    }
}

/// Whose call it is, as far as caps ask.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The generation that is made or measured.
    pub generation: GenerationId,
    /// The index of its episode, if it belongs to one.
    pub episode: Option<u32>,
    /// The role asked.
    pub role: String,
}

impl Caller {
    /// That of a call.
    pub fn of(key: &CallKey, role: &str) -> Self {
        let episode = key.episode().map(|episode| episode.index);
        Self { generation: key.generation(), episode, role: role.to_owned() }
    }
}

/// The part of a run that a cap holds for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The whole run.
    Run,
    /// One generation: the calls that make and measure it.
    Generation(GenerationId),
    /// One role, over the whole run.
    Role(String),
}

impl Scope {
    /// What a refused call is recorded with; `None` for the run, which stands still instead.
    pub fn recorded(&self) -> Option<CapScope> {
        match self {
            Self::Run => None,
            Self::Generation(_) => Some(CapScope::Generation),
            Self::Role(_) => Some(CapScope::Role),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Run => f.write_str("the budget"),
            Self::Generation(id) => write!(f, "the budget of {id}"),
            Self::Role(role) => write!(f, "the budget of role `{role}`"),
        }
    }
}

/// One cap of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// `max_usd`.
    Usd(MicroUsd),
    /// `max_tokens`.
    Tokens(u64),
    /// `max_calls`.
    Calls(u64),
    /// `max_minutes` of a generation or a role, in milliseconds.
    Wait(u64),
}

impl Cap {
    /// The caps of one scope.
    fn all(caps: BudgetSpec, scope: &Scope) -> Vec<Self> {
        let minutes = caps.max_minutes.filter(|_| *scope != Scope::Run);
        [
            caps.max_usd.map(|usd| Self::Usd(MicroUsd(rounded(usd * 1e6)))),
            caps.max_tokens.map(Self::Tokens),
            caps.max_calls.map(Self::Calls),
            minutes.map(|minutes| Self::Wait(rounded(minutes * 60_000.0))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is used, in words, when it has reached the cap.
    fn reached(self, used: Spent) -> Option<String> {
        match self {
            Self::Usd(cap) => (used.usd >= cap).then(|| used.usd.to_string()),
            Self::Tokens(cap) => (used.tokens >= cap).then(|| used.tokens.to_string()),
            Self::Calls(cap) => (used.calls >= cap).then(|| used.calls.to_string()),
            Self::Wait(cap) => (used.wall_ms >= cap).then(|| minutes(used.wall_ms)),
        }
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usd(cap) => write!(f, "max_usd = {cap}"),
            Self::Tokens(cap) => write!(f, "max_tokens = {cap}"),
            Self::Calls(cap) => write!(f, "max_calls = {cap}"),
            Self::Wait(cap) => write!(f, "max_minutes = {}", minutes(*cap)),
        }
    }
}

/// The caps of a run, and which calls belong to a generation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// The caps.
    pub caps: Budgets,
    /// Episodes from this index on compare agents; their calls are nobody's measurement, so only the run's caps and
    /// the role's hold for them.
    pub episodes: Option<u32>,
}

impl Limits {
    /// The scopes of a call.
    fn scopes(&self, caller: &Caller) -> Vec<Scope> {
        let compares = |index: u32| self.episodes.is_some_and(|first| index >= first);
        let generation = (!caller.episode.is_some_and(compares)).then_some(caller.generation);
        let mut scopes = vec![Scope::Run];
        scopes.extend(generation.map(Scope::Generation));
        scopes.push(Scope::Role(caller.role.clone()));
        scopes
    }

    /// The caps of a scope.
    fn caps(&self, scope: &Scope) -> Vec<Cap> {
        let caps = match scope {
            Scope::Run => self.caps.run(),
            Scope::Generation(_) => self.caps.generation,
            Scope::Role(role) => self.caps.roles.get(role).copied().unwrap_or_default(),
        };
        Cap::all(caps, scope)
    }
}

fn minutes(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a number to be read, not reckoned with")]
    let minutes = ms as f64 / 60_000.0;
    format!("{minutes:.2}")
}

fn rounded(amount: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "caps are not negative, and `as` saturates at the largest value"
    )]
    let whole = amount.round() as u64;
    whole
}
