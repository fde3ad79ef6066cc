//! Tokens to money.

use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;
use crate::domain::settings::Price;

/// Tokens of one call; `None` where the provider did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Input tokens, cached ones included.
    pub input: Option<u64>,
    /// Input tokens the provider had cached.
    pub cached: Option<u64>,
    /// Input tokens written to the provider's cache for later calls.
    pub cache_write: Option<u64>,
    /// Output tokens, reasoning included.
    pub output: Option<u64>,
    /// Output tokens spent on reasoning.
    pub reasoning: Option<u64>,
}

impl Tokens {
    /// What a call with these tokens used; unknown tokens or an unknown price leave the money unknown.
    pub(super) fn cost(self, price: Option<&Price>, requests: u32, wall_ms: u64) -> CallCost {
        CallCost {
            input_tokens: self.input,
            cached_tokens: self.cached,
            cache_write_tokens: self.cache_write,
            output_tokens: self.output,
            reasoning_tokens: self.reasoning,
            usd: price.and_then(|price| self.usd(price)),
            requests,
            wall_ms,
            ..CallCost::default()
        }
    }

    /// Dollars per million tokens are micro-dollars per token, so no scale appears here.
    fn usd(self, price: &Price) -> Option<MicroUsd> {
        let (input, output) = (self.input?, self.output?);
        let cached = self.cached.unwrap_or(0).min(input);
        let written = self.cache_write.unwrap_or(0).min(input - cached);
        let micro_usd = (input - cached - written) as f64 * price.input
            + cached as f64 * price.cached_input.unwrap_or(price.input)
            + written as f64 * price.cache_write.unwrap_or(price.input)
            + output as f64 * price.output;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "prices are not negative, and `as` saturates at the largest value"
        )]
        Some(MicroUsd(micro_usd.ceil() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price =
        Price { input: 0.30, cached_input: Some(0.03), cache_write: Some(0.5), output: 2.50 };

    #[test]
    fn cached_tokens_are_priced_apart() {
        let (input, cached, output) = (Some(1_000_000), Some(400_000), Some(100_000));
        let tokens = Tokens { input, cached, output, ..Tokens::default() };
        assert_eq!(tokens.cost(Some(&PRICE), 1, 0).usd, Some(MicroUsd(180_000 + 12_000 + 250_000)));
    }

    #[test]
    fn what_is_written_to_the_cache_has_its_own_price() {
        let tokens = Tokens {
            input: Some(100),
            cached: Some(20),
            cache_write: Some(60),
            output: Some(0),
            reasoning: None,
        };
        assert_eq!(tokens.usd(&Price { cached_input: Some(0.0), ..PRICE }), Some(MicroUsd(6 + 30)));
    }

    #[test]
    fn without_a_price_for_cached_tokens_they_cost_as_much_as_others() {
        let price = Price { cached_input: None, ..PRICE };
        let tokens =
            Tokens { input: Some(10), cached: Some(10), output: Some(0), ..Tokens::default() };
        assert_eq!(tokens.cost(Some(&price), 1, 0).usd, Some(MicroUsd(3)));
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let tokens = Tokens { input: Some(5), ..Tokens::default() };
        assert_eq!(tokens.cost(Some(&PRICE), 1, 0).usd, None);
        assert_eq!(Tokens { output: Some(5), ..tokens }.cost(None, 1, 0).usd, None);
    }
}
