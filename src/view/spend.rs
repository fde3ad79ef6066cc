//! What model calls used, where "unknown" stays unknown.

use serde::Serialize;

use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;

/// A sum in which some terms may be unknown; an unknown term is counted, never taken as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// The sum of the known terms.
    pub known: u64,
    /// How many terms are unknown.
    pub unknown: u64,
}

impl Tally {
    /// Adds one term.
    pub fn add(&mut self, term: Option<u64>) {
        match term {
            Some(amount) => self.known = self.known.saturating_add(amount),
            None => self.unknown += 1,
        }
    }

    /// The sum, when every term is known.
    pub fn total(self) -> Option<u64> {
        (self.unknown == 0).then_some(self.known)
    }

    fn merge(&mut self, other: Self) {
        self.known = self.known.saturating_add(other.known);
        self.unknown += other.unknown;
    }
}

/// What a number of model calls used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spend {
    /// Answers received.
    pub calls: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: Tally,
    /// Input tokens the provider had cached; calls that did not say count as 0 here.
    pub cached_tokens: u64,
    /// Output tokens.
    pub output_tokens: Tally,
    /// Millionths of a US dollar.
    pub micro_usd: Tally,
    /// Time spent waiting for answers, milliseconds, summed over calls.
    pub wall_ms: u64,
}

impl Spend {
    /// Adds one call.
    pub fn add(&mut self, cost: &CallCost) {
        self.calls += 1;
        self.requests += u64::from(cost.requests);
        self.input_tokens.add(cost.input_tokens);
        self.cached_tokens += cost.cached_tokens.unwrap_or(0);
        self.output_tokens.add(cost.output_tokens);
        self.micro_usd.add(cost.usd.map(|MicroUsd(amount)| amount));
        self.wall_ms = self.wall_ms.saturating_add(cost.wall_ms);
    }

    /// Adds all calls of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.requests += other.requests;
        self.input_tokens.merge(other.input_tokens);
        self.cached_tokens += other.cached_tokens;
        self.output_tokens.merge(other.output_tokens);
        self.micro_usd.merge(other.micro_usd);
        self.wall_ms = self.wall_ms.saturating_add(other.wall_ms);
    }

    /// Input and output tokens together.
    pub fn tokens(&self) -> Tally {
        let mut both = self.input_tokens;
        both.merge(self.output_tokens);
        // A call that said nothing counts once, not once for each direction.
        both.unknown = self.input_tokens.unknown.max(self.output_tokens.unknown);
        both
    }

    /// The price in words: `$0.0123`, `n/a`, or the known part with the number of calls that have no price.
    pub fn price(&self) -> String {
        price(self.micro_usd, self.calls)
    }

    /// The tokens in words: a number, `n/a`, or the known part with the number of calls that did not say.
    pub fn token_count(&self) -> String {
        let tokens = self.tokens();
        match (tokens.unknown, self.calls) {
            (0, _) => thousands(tokens.known),
            (unknown, calls) if unknown >= calls => "n/a".to_owned(),
            (unknown, _) => format!("{} + n/a for {unknown} calls", thousands(tokens.known)),
        }
    }
}

fn price(sum: Tally, calls: u64) -> String {
    let known = format!("${}.{:04}", sum.known / 1_000_000, sum.known % 1_000_000 / 100);
    match sum.unknown {
        0 => known,
        unknown if unknown >= calls => "n/a".to_owned(),
        unknown => format!("{known} + n/a for {unknown} calls"),
    }
}

/// A count with its thousands set apart: `12,345`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What calls used, as documents give it; a part of which any term is unknown is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostDocument {
    /// US dollars.
    pub usd: Option<f64>,
    /// Input and output tokens.
    pub tokens: Option<u64>,
    /// Answers received.
    pub calls: u64,
    /// Answers whose price is unknown.
    pub unpriced_calls: u64,
    /// US dollars of the answers whose price is known.
    pub known_usd: f64,
}

impl From<&Spend> for CostDocument {
    fn from(spend: &Spend) -> Self {
        Self {
            usd: spend.micro_usd.total().map(dollars),
            tokens: spend.tokens().total(),
            calls: spend.calls,
            unpriced_calls: spend.micro_usd.unknown,
            known_usd: dollars(spend.micro_usd.known),
        }
    }
}

fn dollars(micro_usd: u64) -> f64 {
    real(micro_usd) / 1e6
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "counts and micro-dollars stay far below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(tokens: Option<u64>, usd: Option<u64>) -> CallCost {
        CallCost {
            input_tokens: tokens,
            output_tokens: tokens,
            usd: usd.map(MicroUsd),
            requests: 1,
            ..CallCost::default()
        }
    }

    #[test]
    fn an_unknown_price_is_never_zero() {
        let mut spend = Spend::default();
        spend.add(&call(None, None));
        assert_eq!((spend.price().as_str(), spend.token_count().as_str()), ("n/a", "n/a"));
        assert_eq!(CostDocument::from(&spend).usd, None);

        spend.add(&call(Some(700), Some(12_300)));
        assert_eq!(spend.price(), "$0.0123 + n/a for 1 calls");
        assert_eq!(spend.token_count(), "1,400 + n/a for 1 calls");
        let document = CostDocument::from(&spend);
        assert_eq!((document.usd, document.tokens, document.unpriced_calls), (None, None, 1));
        assert!((document.known_usd - 0.0123).abs() < 1e-12);
    }

    #[test]
    fn known_prices_add_up() {
        let mut spend = Spend::default();
        spend.add(&call(Some(1), Some(1_000_000)));
        spend.add(&call(Some(2), Some(500_000)));
        let mut twice = spend;
        twice.merge(&spend);
        assert_eq!(CostDocument::from(&twice).usd, Some(3.0));
        assert_eq!(twice.price(), "$3.0000");
        assert_eq!(twice.tokens().total(), Some(12));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }
}
