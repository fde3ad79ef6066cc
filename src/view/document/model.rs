//! `model check --json`, and the same in words.

use serde::Serialize;

use super::super::figure;
use super::super::ink::Page;
use super::super::spend::thousands;
use crate::domain::event::CallCost;

/// What one real call of a model came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCheckDocument {
    /// The alias asked.
    pub alias: String,
    /// Its dialect.
    pub dialect: String,
    /// The model as the settings name it.
    pub model: String,
    /// The model that answered, where the provider names another.
    pub served_model: Option<String>,
    /// The answer.
    pub answer: String,
    /// Tools it called, by name; null when none was offered.
    pub called: Option<Vec<String>>,
    /// Requests sent, repeated ones included.
    pub requests: u32,
    /// From the question to the end of the answer, milliseconds.
    pub wall_ms: u64,
    /// Tokens used.
    pub tokens: TokenCounts,
    /// US dollars; null when the price or a count is unknown.
    pub usd: Option<f64>,
}

/// Tokens of one call; null where the provider did not say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TokenCounts {
    /// Input, cached and written ones included.
    pub input: Option<u64>,
    /// Of these, read from the provider's cache.
    pub cached: Option<u64>,
    /// Of these, written to it.
    pub cache_write: Option<u64>,
    /// Output, reasoning included.
    pub output: Option<u64>,
    /// Of these, reasoning.
    pub reasoning: Option<u64>,
}

impl TokenCounts {
    /// The counts of one call.
    pub fn of(cost: &CallCost) -> Self {
        Self {
            input: cost.input_tokens,
            cached: cost.cached_tokens,
            cache_write: cost.cache_write_tokens,
            output: cost.output_tokens,
            reasoning: cost.reasoning_tokens,
        }
    }

    fn told(&self) -> String {
        let count = |count: Option<u64>| count.map_or_else(|| "n/a".to_owned(), thousands);
        let part = |name: &str, count: Option<u64>| {
            count.map(|count| format!("{} {name}", thousands(count)))
        };
        let with = |of: Option<u64>, parts: [Option<String>; 2]| {
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            match parts.is_empty() {
                true => count(of),
                false => format!("{} ({})", count(of), parts.join(", ")),
            }
        };
        let input =
            with(self.input, [part("cached", self.cached), part("written", self.cache_write)]);
        format!("{input} in, {} out", with(self.output, [part("reasoning", self.reasoning), None]))
    }
}

impl ModelCheckDocument {
    /// In words.
    pub fn told(&self, page: Page) -> String {
        let line =
            |name: &str, text: &str| format!("  {}{text}\n", page.ink.faint(&format!("{name:<9}")));
        let served = match &self.served_model {
            Some(served) => format!("{}, answered by {served}", self.model),
            None => self.model.clone(),
        };
        let mut text = format!("{}  {}\n", page.ink.strong(&self.alias), page.ink.good("answers"));
        text.push_str(&line("model", &format!("{served} ({})", self.dialect)));
        let said = self.answer.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&line("answer", &figure::cut(&said, page.rest(11).or(Some(100)))));
        if let Some(called) = &self.called {
            text.push_str(&line("called", &called.join(", ")));
        }
        text.push_str(&line("tokens", &self.tokens.told()));
        let requests = figure::count(u64::from(self.requests), "request");
        text.push_str(&line("latency", &format!("{} ms, {requests}", thousands(self.wall_ms))));
        let price = self.usd.map_or_else(|| "n/a".to_owned(), |usd| format!("${usd:.6}"));
        text.push_str(&line("price", &price));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_not_available_and_never_nought() {
        let document = ModelCheckDocument {
            alias: "fast".into(),
            dialect: "anthropic".into(),
            model: "m-1".into(),
            served_model: Some("m-2".into()),
            answer: "ready\n".into(),
            called: None,
            requests: 1,
            wall_ms: 1234,
            tokens: TokenCounts::of(&CallCost {
                input_tokens: Some(1200),
                cached_tokens: Some(8),
                ..CallCost::default()
            }),
            usd: None,
        };
        insta::assert_snapshot!(document.told(Page::PLAIN), @r"
        fast  answers
          model    m-1, answered by m-2 (anthropic)
          answer   ready
          tokens   1,200 (8 cached) in, n/a out
          latency  1,234 ms, 1 request
          price    n/a
        ");
    }
}
