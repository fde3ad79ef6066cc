//! What a program that prints JSON says of its work: its words, and what it used.
//!
//! Coding agents print either one document at their end or a line of JSON for each thing that happens; the last document
//! that has a wanted member is believed. What is not there stays unknown.

use serde_json::Value;

use crate::base::unit::MicroUsd;
use crate::domain::event::CallCost;
use crate::domain::settings::{Price, UsageSpec};
use crate::model::price::Tokens;

/// What a program said, as far as the settings know where to look.
#[derive(Debug, Default)]
pub(super) struct Said {
    tokens: Tokens,
    usd: Option<MicroUsd>,
    text: Option<String>,
}

impl Said {
    /// Reads what a program printed.
    pub fn of(spec: Option<&UsageSpec>, output: &str) -> Self {
        let Some(spec) = spec else { return Self::default() };
        let documents = documents(output);
        let member = |path: &String| documents.iter().rev().find_map(|document| at(document, path));
        let sum = |paths: &Vec<String>| {
            let parts: Option<Vec<u64>> =
                paths.iter().map(|path| member(path).and_then(Value::as_u64)).collect();
            parts
                .filter(|parts| !parts.is_empty())
                .map(|parts| parts.into_iter().fold(0, u64::saturating_add))
        };
        let usd = spec.usd.as_ref().and_then(member).and_then(Value::as_f64);
        Self {
            tokens: Tokens {
                input: sum(&spec.input_tokens),
                cached: sum(&spec.cached_tokens),
                output: sum(&spec.output_tokens),
                ..Tokens::default()
            },
            usd: usd.filter(|usd| usd.is_finite() && *usd >= 0.0).map(micro_usd),
            text: spec.text.as_ref().and_then(member).and_then(Value::as_str).map(str::to_owned),
        }
    }

    /// What it said in words; all it printed, when nothing else is known.
    pub fn text<'a>(&'a self, output: &'a str) -> &'a str {
        self.text.as_deref().unwrap_or(output)
    }

    /// What it used. Its own word on the money counts before a price.
    pub fn cost(&self, price: Option<&Price>, requests: u32, wall_ms: u64) -> CallCost {
        let mut cost = self.tokens.cost(price, requests, wall_ms);
        cost.usd = self.usd.or(cost.usd);
        cost
    }
}

/// The JSON in an output: all of it, else every line that is some.
fn documents(output: &str) -> Vec<Value> {
    match serde_json::from_str(output.trim()) {
        Ok(whole) => vec![whole],
        Err(_) => {
            output.lines().filter_map(|line| serde_json::from_str(line.trim()).ok()).collect()
        }
    }
}

fn at<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}

fn micro_usd(usd: f64) -> MicroUsd {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be no less than 0, and `as` saturates at the largest value"
    )]
    MicroUsd((usd * 1e6).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> UsageSpec {
        toml::from_str(
            "input_tokens = ['usage.input', 'usage.cached']\ncached_tokens = ['usage.cached']\n\
             output_tokens = ['usage.output']\nusd = 'total_cost_usd'\ntext = 'result'",
        )
        .expect("a table")
    }

    #[test]
    fn one_document_says_words_tokens_and_money() {
        let output = r#"{"result": "done", "total_cost_usd": 0.0123,
            "usage": {"input": 100, "cached": 900, "output": 50}}"#;
        let said = Said::of(Some(&spec()), output);
        let cost = said.cost(None, 1, 5);
        assert_eq!(said.text(output), "done");
        assert_eq!((cost.input_tokens, cost.cached_tokens), (Some(1000), Some(900)));
        assert_eq!((cost.output_tokens, cost.usd), (Some(50), Some(MicroUsd(12_300))));
    }

    #[test]
    fn of_many_lines_the_last_that_says_it_counts_and_tokens_have_their_price() {
        let output = "starting\n{\"usage\": {\"input\": 1, \"cached\": 0, \"output\": 1}}\n\
            {\"usage\": {\"input\": 10, \"cached\": 0, \"output\": 2}}\n{\"bye\": true}\n";
        let price = Price { input: 1.0, cached_input: None, cache_write: None, output: 3.0 };
        let said = Said::of(Some(&spec()), output);
        assert_eq!(said.cost(Some(&price), 1, 5).usd, Some(MicroUsd(16)));
        assert_eq!(said.text(output), output);
    }

    #[test]
    fn what_is_not_said_is_unknown() {
        for output in ["no JSON", "{\"usage\": {\"input\": 100}}", "{\"usage\": \"much\"}", "[1]"] {
            let cost = Said::of(Some(&spec()), output).cost(None, 1, 5);
            assert_eq!((cost.input_tokens, cost.output_tokens, cost.usd), (None, None, None));
        }
        assert_eq!(Said::of(None, "{\"total_cost_usd\": 1}").cost(None, 1, 0).usd, None);
    }
}
