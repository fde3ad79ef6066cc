//! `agent.toml`: from text to [`AgentConfig`] with every unknown key told at once, and the range of every number.

use serde::Deserialize;
use toml::de::{DeTable, DeValue, Deserializer};

use super::finding::{finding, line_at};
use crate::domain::agent::{AGENT_TOML, AgentConfig, Operators};
use crate::domain::event::Diagnostic;
use crate::prompt;

/// The most numbers in `[params]`.
const MAX_PARAMS: usize = 64;
/// The largest magnitude of a number in `[params]`.
const MAX_PARAM: f64 = 1e9;
/// The most weights in `[pieces]`.
const MAX_PIECES: usize = 256;
/// The largest weight of a building block.
const MAX_PIECE: f64 = 100.0;
/// The largest weight of an operator.
const MAX_WEIGHT: f64 = 1000.0;
/// The longest answer a role may ask for, tokens.
const MAX_OUTPUT_TOKENS: u32 = 65_536;
/// The most turns of a role.
const MAX_TURNS: u32 = 32;

/// Where the keys of a configuration stand in its text.
pub(super) struct Places<'a> {
    text: &'a str,
    table: Option<DeTable<'a>>,
}

impl<'a> Places<'a> {
    /// Finds the keys of a text.
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, table: DeTable::parse(text).ok().map(toml::Spanned::into_inner) }
    }

    /// The line of a key, or of the nearest enclosing one that is written; 0 when none is.
    pub(super) fn line(&self, keys: &[&str]) -> u32 {
        let mut line = 0;
        let mut table = self.table.as_ref();
        for key in keys {
            let Some((at, value)) = table.and_then(|table| table.get_key_value(*key)) else {
                break;
            };
            line = line_at(self.text.as_bytes(), at.span().start);
            table = value.get_ref().as_table();
        }
        line
    }
}

/// Reads the file (stage 1).
pub(super) fn read(text: &str) -> Result<AgentConfig, Vec<Diagnostic>> {
    let at = |span: Option<std::ops::Range<usize>>| {
        span.map_or(0, |span| line_at(text.as_bytes(), span.start))
    };
    let (mut table, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        let told = |fault: &toml::de::Error| {
            let what = format!("TOML: {}; allowed: TOML 1.0", fault.message());
            finding("E101", AGENT_TOML, at(fault.span()), what)
        };
        return Err(faults.iter().map(told).collect());
    }
    let mut found = Vec::new();
    let config = loop {
        match AgentConfig::deserialize(Deserializer::from(table.clone())) {
            Ok(config) => break Some(config),
            Err(fault) => {
                let unknown = fault.message().starts_with("unknown field");
                let what = fault.message().replace(", expected", "; allowed:");
                let code = if unknown { "E102" } else { "E107" };
                let mut message = what.trim_end().to_owned();
                if unknown {
                    message.push_str(
                        " (providers, keys, budgets and time-outs are not agent files: they belong to the person's \
                         hyperagent.toml)",
                    );
                } else {
                    message.push_str("; allowed: the keys and types of the seed's agent.toml");
                }
                found.push(finding(code, AGENT_TOML, at(fault.span()), message));
                let removed = fault.span().is_some_and(|span| remove(table.get_mut(), &span));
                if !unknown || !removed {
                    break None;
                }
            }
        }
    };
    let places = Places::of(text);
    if let Some(config) = &config {
        let known = prompt::ROLES.map(|table| table.role);
        for role in config.roles.keys().filter(|role| !known.contains(&role.as_str())) {
            let what = format!("unknown role `{role}`; allowed: {}", known.join(", "));
            found.push(finding("E102", AGENT_TOML, places.line(&["roles", role]), what));
        }
    }
    config.filter(|_| found.is_empty()).ok_or(found)
}

/// Removes the key at a place, so that reading can go on past it; says whether there was one.
fn remove(table: &mut DeTable<'_>, span: &std::ops::Range<usize>) -> bool {
    if let Some(key) = table.keys().find(|key| key.span() == *span).cloned() {
        return table.remove(&key).is_some();
    }
    table.iter_mut().any(|(_, value)| match value.get_mut() {
        DeValue::Table(inner) => remove(inner, span),
        _ => false,
    })
}

/// Checks the range of every number (stage 2).
pub(super) fn ranges(config: &AgentConfig, places: &Places<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut hold = |keys: &[&str], fits: bool, value: &dyn std::fmt::Display, allowed: &str| {
        if !fits {
            let what = format!("{} = {value} is out of range; allowed: {allowed}", keys.join("."));
            found.push(finding("E206", AGENT_TOML, places.line(keys), what));
        }
    };
    for (name, role) in &config.roles {
        if let Some(value) = role.temperature {
            let keys = ["roles", name, "temperature"];
            hold(&keys, (0.0..=2.0).contains(&value), &value, "0 to 2");
        }
        if let Some(value) = role.top_p {
            let fits = value > 0.0 && value <= 1.0;
            hold(&["roles", name, "top_p"], fits, &value, "above 0, up to 1");
        }
        let tokens = role.max_output_tokens;
        let keys = ["roles", name, "max_output_tokens"];
        let allowed = format!("1 to {MAX_OUTPUT_TOKENS}");
        hold(&keys, (1..=MAX_OUTPUT_TOKENS).contains(&tokens), &tokens, &allowed);
        let fits = (1..=MAX_TURNS).contains(&role.turns);
        hold(&["roles", name, "turns"], fits, &role.turns, &format!("1 to {MAX_TURNS}"));
    }
    let count = config.params.len();
    hold(&["params"], count <= MAX_PARAMS, &count, &format!("at most {MAX_PARAMS} numbers"));
    for (name, value) in &config.params {
        let allowed = format!("a finite number up to {MAX_PARAM} in magnitude");
        hold(&["params", name], value.is_finite() && value.abs() <= MAX_PARAM, value, &allowed);
        let mut bytes = name.bytes();
        let named = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && name.len() <= 64
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let allowed =
            "names of a-z, 0-9 and _, starting with a letter, so that scripts can read them";
        hold(&["params", name], named, value, allowed);
    }
    let count = config.pieces.len();
    hold(&["pieces"], count <= MAX_PIECES, &count, &format!("at most {MAX_PIECES} numbers"));
    for (name, value) in &config.pieces {
        let allowed = format!("0 to {MAX_PIECE}");
        hold(&["pieces", name], (0.0..=MAX_PIECE).contains(value), value, &allowed);
    }
    let Operators { num, cmp, arith, stmt_insert, cross, shrink, sigma, more } = &config.operators;
    let weights = [
        ("num", num),
        ("cmp", cmp),
        ("arith", arith),
        ("stmt_insert", stmt_insert),
        ("cross", cross),
        ("shrink", shrink),
    ];
    for (name, weight) in weights {
        let fits = (0.0..=MAX_WEIGHT).contains(weight);
        hold(&["operators", name], fits, weight, &format!("0 to {MAX_WEIGHT}"));
    }
    let sum: f64 = weights.iter().map(|(_, weight)| **weight).sum();
    // A sum that is NaN was told above.
    hold(&["operators"], sum != 0.0, &sum, "at least one weight above 0");
    hold(&["operators", "sigma"], (0.0001..=2.0).contains(sigma), sigma, "0.0001 to 2");
    hold(&["operators", "more"], (0.0..=0.9).contains(more), more, "0 to 0.9");
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: &str =
        "[roles.worker]\nprompt = \"prompts/worker.md\"\nmodel = \"offline\"\nformat = \"edit\"\n";

    fn found(text: &str) -> Vec<(String, u32)> {
        let faults = match read(text) {
            Ok(config) => ranges(&config, &Places::of(text)),
            Err(faults) => faults,
        };
        for fault in &faults {
            assert!(fault.message.contains("allowed:"), "{fault}");
        }
        faults.into_iter().map(|fault| (fault.code, fault.line)).collect()
    }

    #[test]
    fn every_unknown_key_is_told_with_its_line() {
        let text = format!(
            "{ROLES}api_key = 1\n[budget]\nmax_evals = 1e9\n[operators]\nnum = 1\nspin = 2\n"
        );
        let expected = [("E102", 5), ("E102", 6), ("E102", 10)];
        let mut lines = found(&text);
        lines.sort();
        assert_eq!(lines, expected.map(|(code, line)| (code.to_owned(), line)));
    }

    #[test]
    fn syntax_types_and_roles_have_their_codes() {
        assert_eq!(found("[roles\nx"), [("E101".to_owned(), 1), ("E101".to_owned(), 2)]);
        assert_eq!(found(&format!("{ROLES}turns = \"two\"\n")), [("E107".to_owned(), 5)]);
        assert_eq!(found(&format!("{ROLES}temperature = 1.0\n[params]\nx = 1\n")), []);
        let other = ROLES.replace("worker]", "wizard]");
        assert_eq!(found(&other), [("E102".to_owned(), 1)]);
    }

    #[test]
    fn every_number_has_a_range() {
        for (line, fits) in [
            ("temperature = 9.0", false),
            ("temperature = nan", false),
            ("top_p = 0.0", false),
            ("max_output_tokens = 0", false),
            ("turns = 33", false),
            ("turns = 32", true),
            ("[params]\nx = inf", false),
            ("[params]\nX = 1", false),
            ("[params]\nx = -1", true),
            ("[operators]\nnum = -1", false),
            ("[operators]\nsigma = 0", false),
            ("[operators]\nmore = 0.95", false),
            ("[operators]\nnum=0\ncmp=0\narith=0\nstmt_insert=0\ncross=0\nshrink=0", false),
        ] {
            let codes: Vec<_> =
                found(&format!("{ROLES}{line}\n")).into_iter().map(|f| f.0).collect();
            assert_eq!(codes, if fits { vec![] } else { vec!["E206"] }, "{line}");
        }
    }
}
