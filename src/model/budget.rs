//! Caps on money, tokens and calls, reserved before each call.
//!
//! A call may start while what is spent plus what the calls under way may still use stays below every cap; what a call
//! may use is reckoned from above (the prompt's bytes, the longest answer). So calls near a cap go one at a time, and
//! the cap is overshot by one call at most. Where a provider does not say what a call used, the reckoning counts.
//! Only models that cost something are metered: `offline`, `random` and `replay` are free. Minutes are the engine's
//! affair, because measuring takes time as well.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::fault::ModelError;
use super::price::Tokens;
use super::request::Request;
use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;
use crate::domain::settings::{BudgetSpec, Price};

/// What metered calls have used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Money, as far as prices are known.
    pub usd: MicroUsd,
    /// Tokens, input and output.
    pub tokens: u64,
    /// Calls answered.
    pub calls: u64,
}

impl Spent {
    /// Counts one more call.
    pub fn add(&mut self, cost: &CallCost) {
        self.usd += cost.usd.unwrap_or_default();
        let tokens = cost.input_tokens.unwrap_or(0).saturating_add(cost.output_tokens.unwrap_or(0));
        self.tokens = self.tokens.saturating_add(tokens);
        self.calls = self.calls.saturating_add(1);
    }

    fn plus(self, other: Spent) -> Spent {
        Spent {
            usd: MicroUsd(self.usd.0.saturating_add(other.usd.0)),
            tokens: self.tokens.saturating_add(other.tokens),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    fn minus(self, other: Spent) -> Spent {
        Spent {
            usd: MicroUsd(self.usd.0.saturating_sub(other.usd.0)),
            tokens: self.tokens.saturating_sub(other.tokens),
            calls: self.calls.saturating_sub(other.calls),
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
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usd(cap) => write!(f, "max_usd = {cap}"),
            Self::Tokens(cap) => write!(f, "max_tokens = {cap}"),
            Self::Calls(cap) => write!(f, "max_calls = {cap}"),
        }
    }
}

/// The budget of one process, shared by all its calls.
pub(super) struct Budget {
    caps: Vec<Cap>,
    books: Mutex<Books>,
    settled: Notify,
}

#[derive(Clone, Copy, Default)]
struct Books {
    spent: Spent,
    under_way: Spent,
}

impl Budget {
    /// A budget of which `spent` is used already.
    pub fn new(spec: &BudgetSpec, spent: Spent) -> Self {
        let caps = [
            spec.max_usd.map(|usd| Cap::Usd(micro_usd(usd))),
            spec.max_tokens.map(Cap::Tokens),
            spec.max_calls.map(Cap::Calls),
        ];
        Self {
            caps: caps.into_iter().flatten().collect(),
            books: Mutex::new(Books { spent, under_way: Spent::default() }),
            settled: Notify::new(),
        }
    }

    /// What is spent so far; calls under way are not in it.
    pub fn spent(&self) -> Spent {
        self.books().spent
    }

    /// Whether money is capped.
    pub fn caps_money(&self) -> bool {
        self.caps.iter().any(|cap| matches!(cap, Cap::Usd(_)))
    }

    /// Sets aside what `request` may use, waiting for calls under way where only they stand in the way.
    pub async fn reserve(
        &self,
        request: &Request,
        price: Option<&Price>,
    ) -> Result<Reservation<'_>, ModelError> {
        let reckoned = reckon(request, price);
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if let Some(reservation) = self.try_reserve(reckoned)? {
                return Ok(reservation);
            }
            settled.await;
        }
    }

    /// `None` when calls under way have to end first.
    fn try_reserve(&self, reckoned: Spent) -> Result<Option<Reservation<'_>>, ModelError> {
        let mut books = self.books();
        self.refuse_when_spent(books.spent)?;
        let committed = books.spent.plus(books.under_way);
        if self.caps.iter().any(|cap| exceeds(committed, *cap).is_some()) {
            return Ok(None);
        }
        books.under_way = books.under_way.plus(reckoned);
        Ok(Some(Reservation { budget: self, reckoned }))
    }

    /// An error when a cap is reached.
    fn refuse_when_spent(&self, spent: Spent) -> Result<(), ModelError> {
        let over = |cap: &Cap| Some((*cap, exceeds(spent, *cap)?));
        match self.caps.iter().find_map(over) {
            Some((cap, used)) => Err(ModelError::BudgetSpent { cap, used }),
            None => Ok(()),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Money, tokens and a call set aside; dropped without settling, they are free again.
pub(super) struct Reservation<'a> {
    budget: &'a Budget,
    reckoned: Spent,
}

impl Reservation<'_> {
    /// The tokens set aside.
    #[cfg(feature = "http")]
    pub fn tokens(&self) -> u64 {
        self.reckoned.tokens
    }

    /// Books a request that may be billed though no answer came of it, as reckoned; an error when that leaves no room
    /// for another. It is no call: nobody got an answer.
    #[cfg(feature = "http")]
    pub fn lose(&self) -> Result<(), ModelError> {
        let mut books = self.budget.books();
        books.spent = books.spent.plus(Spent { calls: 0, ..self.reckoned });
        let spent = books.spent;
        drop(books);
        self.budget.refuse_when_spent(spent)
    }

    /// Books what the call used.
    pub fn settle(self, cost: &CallCost) {
        let mut used = Spent::default();
        used.add(cost);
        if cost.input_tokens.is_none() || cost.output_tokens.is_none() {
            used.tokens = self.reckoned.tokens;
        }
        if cost.usd.is_none() {
            used.usd = self.reckoned.usd;
        }
        let mut books = self.budget.books();
        books.spent = books.spent.plus(used);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut books = self.budget.books();
        books.under_way = books.under_way.minus(self.reckoned);
        drop(books);
        self.budget.settled.notify_waiters();
    }
}

/// The most a call may use: a token per two bytes of prompt, the longest answer, nothing cached.
fn reckon(request: &Request, price: Option<&Price>) -> Spent {
    let bytes: usize = request.messages.iter().map(|message| message.text.len()).sum();
    let tokens = Tokens {
        input: Some(bytes as u64 / 2 + 16),
        output: Some(u64::from(request.max_output_tokens)),
        ..Tokens::default()
    };
    let mut reckoned = Spent::default();
    reckoned.add(&tokens.cost(price, 1, 0));
    reckoned
}

/// What is used, in words, when it has reached the cap.
fn exceeds(used: Spent, cap: Cap) -> Option<String> {
    match cap {
        Cap::Usd(cap) => (used.usd >= cap).then(|| used.usd.to_string()),
        Cap::Tokens(cap) => (used.tokens >= cap).then(|| used.tokens.to_string()),
        Cap::Calls(cap) => (used.calls >= cap).then(|| used.calls.to_string()),
    }
}

fn micro_usd(usd: f64) -> MicroUsd {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "caps are not negative, and `as` saturates at the largest value"
    )]
    MicroUsd((usd * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::tests::question;

    #[tokio::test]
    async fn unsaid_tokens_count_as_reckoned() {
        let budget = Budget::new(&BudgetSpec::default(), Spent::default());
        let price = Price { input: 1.0, cached_input: None, cache_write: None, output: 1.0 };
        let reservation = budget.reserve(&question("1234"), Some(&price)).await.expect("room");
        reservation.settle(&CallCost::default());
        assert_eq!((budget.spent().tokens, budget.spent().usd.0), (118, 118));
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn an_answer_that_was_lost_counts_as_reckoned_until_the_cap_is_reached() {
        let caps = BudgetSpec { max_tokens: Some(200), ..BudgetSpec::default() };
        let budget = Budget::new(&caps, Spent::default());
        let reservation = budget.reserve(&question("1234"), None).await.expect("room");
        reservation.lose().expect("room for another");
        assert_eq!((budget.spent().tokens, budget.spent().calls), (118, 0));
        let full = reservation.lose().expect_err("no room any more");
        assert!(matches!(full, ModelError::BudgetSpent { cap: Cap::Tokens(200), .. }), "{full}");
    }

    #[tokio::test]
    async fn what_is_set_aside_is_free_again_when_the_call_fails() {
        let caps = BudgetSpec { max_calls: Some(1), ..BudgetSpec::default() };
        let budget = Budget::new(&caps, Spent::default());
        for _ in 0..3 {
            drop(budget.reserve(&question("?"), None).await.expect("room"));
        }
        assert_eq!(budget.spent(), Spent::default());
    }

    #[tokio::test]
    async fn a_call_waits_for_one_under_way_that_may_use_up_the_cap() {
        let caps = BudgetSpec { max_tokens: Some(150), ..BudgetSpec::default() };
        let budget = Budget::new(&caps, Spent::default());
        let tokens =
            |n| CallCost { input_tokens: Some(n), output_tokens: Some(n), ..CallCost::default() };
        let [first, second, third] = ["1", "2", "3"].map(question);
        let first = budget.reserve(&first, None).await.expect("room");
        let second = budget.reserve(&second, None).await.expect("room: one call may overshoot");
        let waiting = budget.reserve(&third, None);
        tokio::pin!(waiting);
        let early = tokio::select! { biased; _ = &mut waiting => true, () = std::future::ready(()) => false };
        assert!(!early, "it did not wait");
        first.settle(&tokens(1));
        second.settle(&tokens(1));
        waiting.await.expect("room again");
    }
}
