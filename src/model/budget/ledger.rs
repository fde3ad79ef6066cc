//! What is spent and what is set aside, in every scope that has calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Caller, Limits, Scope, Spent};
use crate::base::id::Alias;
use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;
use crate::domain::settings::Price;
use crate::model::fault::ModelError;
use crate::model::price::Tokens;
use crate::model::request::Request;

/// The budget of one process, shared by all its calls.
pub(in crate::model) struct Ledger {
    limits: Limits,
    books: Mutex<BTreeMap<Scope, Books>>,
    settled: Notify,
    /// The dearest call so far of each alias.
    dearest: Mutex<BTreeMap<Alias, MicroUsd>>,
}

/// What a call of unknown price may cost before one of its alias has told: as much as there is, so that they go one at a
/// time.
const UNTOLD: MicroUsd = MicroUsd(1_000_000_000_000_000);

#[derive(Clone, Copy, Default)]
struct Books {
    spent: Spent,
    under_way: Spent,
}

impl Ledger {
    /// A budget of which nothing is used.
    pub fn new(limits: Limits) -> Self {
        Self { limits, books: Mutex::default(), settled: Notify::new(), dearest: Mutex::default() }
    }

    /// Takes in what calls used that were made before.
    pub fn enter(&self, caller: &Caller, used: Spent) {
        self.book(&self.limits.scopes(caller), used);
    }

    /// Takes note of what a call of an alias cost.
    pub fn learn(&self, alias: &Alias, usd: Option<MicroUsd>) {
        let Some(usd) = usd else { return };
        let mut dearest = self.dearest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = dearest.entry(alias.clone()).or_default();
        *known = (*known).max(usd);
    }

    /// The dearest call of an alias, once one told its price.
    fn dearest(&self, alias: &Alias) -> Option<MicroUsd> {
        self.dearest.lock().unwrap_or_else(PoisonError::into_inner).get(alias).copied()
    }

    /// What the run has spent so far; calls under way are not in it.
    pub fn spent(&self) -> Spent {
        self.books().get(&Scope::Run).copied().unwrap_or_default().spent
    }

    /// Whether money is capped anywhere.
    pub fn caps_money(&self) -> bool {
        self.limits.caps.scopes().any(|(_, caps)| caps.max_usd.is_some())
    }

    /// Why nothing more can be asked in a scope, in words, when a cap of it is reached.
    pub fn exhausted(&self, scope: &Scope) -> Option<String> {
        self.refuse_when_spent(&self.books(), std::slice::from_ref(scope))
            .err()
            .map(|full| full.to_string())
    }

    /// Sets aside what `request` may use, waiting for calls under way where only they stand in the way.
    pub async fn reserve(
        &self,
        request: &Request,
        price: Option<&Price>,
    ) -> Result<Reservation<'_>, ModelError> {
        self.set_aside(request, reckon(request, price)).await
    }

    /// The same for an alias that tells afterwards what a call cost: reckoned as its dearest one so far.
    pub async fn reserve_untold(
        &self,
        alias: &Alias,
        request: &Request,
    ) -> Result<Reservation<'_>, ModelError> {
        let usd = self.dearest(alias).unwrap_or(UNTOLD);
        let mut reservation =
            self.set_aside(request, Spent { usd, ..reckon(request, None) }).await?;
        // Where the program does not tell after all, only what is known counts.
        reservation.unsaid = self.dearest(alias).unwrap_or_default();
        Ok(reservation)
    }

    async fn set_aside(
        &self,
        request: &Request,
        reckoned: Spent,
    ) -> Result<Reservation<'_>, ModelError> {
        let scopes = self.limits.scopes(&Caller::of(&request.key, &request.role));
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.try_reserve(&scopes, reckoned)? {
                return Ok(Reservation { ledger: self, scopes, reckoned, unsaid: reckoned.usd });
            }
            settled.await;
        }
    }

    /// `false` when calls under way have to end first.
    fn try_reserve(&self, scopes: &[Scope], reckoned: Spent) -> Result<bool, ModelError> {
        let mut books = self.books();
        self.refuse_when_spent(&books, scopes)?;
        for scope in scopes {
            let Books { spent, under_way } = books.get(scope).copied().unwrap_or_default();
            let committed = spent.plus(under_way);
            if self.limits.caps(scope).iter().any(|cap| cap.reached(committed).is_some()) {
                return Ok(false);
            }
        }
        for scope in scopes {
            let own = books.entry(scope.clone()).or_default();
            own.under_way = own.under_way.plus(reckoned);
        }
        Ok(true)
    }

    /// An error when a cap of a scope is reached; the run's come first.
    fn refuse_when_spent(
        &self,
        books: &BTreeMap<Scope, Books>,
        scopes: &[Scope],
    ) -> Result<(), ModelError> {
        for scope in scopes {
            let spent = books.get(scope).copied().unwrap_or_default().spent;
            for cap in self.limits.caps(scope) {
                if let Some(used) = cap.reached(spent) {
                    return Err(ModelError::BudgetSpent { scope: scope.clone(), cap, used });
                }
            }
        }
        Ok(())
    }

    fn book(&self, scopes: &[Scope], used: Spent) {
        let mut books = self.books();
        for scope in scopes {
            let own = books.entry(scope.clone()).or_default();
            own.spent = own.spent.plus(used);
        }
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<Scope, Books>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Money, tokens and a call set aside in every scope of the call; dropped without settling, they are free again.
pub(in crate::model) struct Reservation<'a> {
    ledger: &'a Ledger,
    scopes: Vec<Scope>,
    reckoned: Spent,
    /// What counts where the price is not told.
    unsaid: MicroUsd,
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
        self.ledger.book(&self.scopes, Spent { calls: 0, ..self.reckoned });
        self.ledger.refuse_when_spent(&self.ledger.books(), &self.scopes)
    }

    /// Books what the call used.
    pub fn settle(self, cost: &CallCost) {
        let mut used = Spent::default();
        used.add(cost);
        if cost.input_tokens.is_none() || cost.output_tokens.is_none() {
            used.tokens = self.reckoned.tokens;
        }
        if cost.usd.is_none() {
            used.usd = self.unsaid;
        }
        self.ledger.book(&self.scopes, used);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut books = self.ledger.books();
        for scope in &self.scopes {
            let own = books.entry(scope.clone()).or_default();
            own.under_way = own.under_way.minus(self.reckoned);
        }
        drop(books);
        self.ledger.settled.notify_waiters();
    }
}

/// The most a call may use: a token per two bytes of prompt, the longest answer, nothing cached.
fn reckon(request: &Request, price: Option<&Price>) -> Spent {
    let said: usize = request.messages.iter().map(|message| message.text.len()).sum();
    let bytes = said + request.tools.bytes();
    let tokens = Tokens {
        input: Some(bytes as u64 / 2 + 16),
        output: Some(u64::from(request.max_output_tokens)),
        ..Tokens::default()
    };
    let mut reckoned = Spent::default();
    reckoned.add(&tokens.cost(price, 1, 0));
    reckoned
}

#[cfg(test)]
mod tests;
