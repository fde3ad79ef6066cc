//! Reading `hyperagent.toml`.

use std::path::{Path, PathBuf};

use crate::base::toml_text::{self, TomlFault};
use crate::domain::settings::LabConfig;
use crate::domain::settings_rule;

/// Why `hyperagent.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// It cannot be read.
    #[error("{} cannot be read", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML of the required form, or a setting breaks a rule.
    #[error(transparent)]
    Toml(#[from] Box<TomlFault>),
}

/// Reads the settings in `file`; every setting left out has its default.
pub(super) fn read(file: &Path) -> Result<LabConfig, ConfigFault> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigFault::Read { file: file.to_owned(), source })?;
    Ok(parse(file, &text)?)
}

pub(super) fn parse(file: &Path, text: &str) -> Result<LabConfig, Box<TomlFault>> {
    let config = toml_text::parse(file, text)?;
    match settings_rule::faults(&config).into_iter().next() {
        None => Ok(config),
        Some(fault) => {
            let keys: Vec<&str> = fault.keys.iter().map(String::as_str).collect();
            Err(toml_text::fault_at_key(file, text, &keys, fault.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse(Path::new("hyperagent.toml"), text).expect_err("a fault").to_string()
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_place_and_what_is_allowed() {
        insta::assert_snapshot!(fault("[budget]\nmax_usd = 5.0\nmax_dollars = 3\n"), @r"
        hyperagent.toml:3:1: unknown field `max_dollars`, expected one of `max_usd`, `max_tokens`, `max_calls`, `max_minutes`, `generation`, `roles`
          3 | max_dollars = 3
            | ^^^^^^^^^^^
        ");
    }

    #[test]
    fn an_unknown_dialect_is_answered_with_those_there_are() {
        insta::assert_snapshot!(fault("[models.fast]\ndialect = \"claude\"\n"), @r#"
        hyperagent.toml:2:11: unknown variant `claude`, expected one of `offline`, `random`, `scripted`, `replay`, `openai-chat`, `openai-responses`, `anthropic`, `gemini`, `command`, `manual`
          2 | dialect = "claude"
            |           ^^^^^^^^
        "#);
    }

    #[test]
    fn a_broken_line_is_shown() {
        insta::assert_snapshot!(fault("[models.fast\ndialect = 1\n"), @r"
        hyperagent.toml:1:13: unclosed table, expected `]`
          1 | [models.fast
            |             ^
        ");
    }

    #[test]
    fn a_broken_rule_is_shown_where_it_is_broken() {
        let text = "[models.fast]\ndialect = \"openai-chat\"\nmodel = \"m\"\nmax_in_flight = 0\n";
        insta::assert_snapshot!(fault(text), @r"
        hyperagent.toml:4:17: `models.fast.max_in_flight` is 0; allowed: 1 or more
          4 | max_in_flight = 0
            |                 ^
        ");
        insta::assert_snapshot!(fault("[models.fast]\ndialect = \"openai-chat\"\n"), @r"
        hyperagent.toml:1:1: `models.fast.model` is missing: dialect `openai-chat` needs it
          1 | [models.fast]
            | ^^^^^^^^^^^^^
        ");
    }

    #[test]
    fn a_bad_alias_is_refused_with_the_rule() {
        insta::assert_snapshot!(fault("[models.\"a b\"]\ndialect = \"offline\"\n"), @r#"
        hyperagent.toml:1:9: `a b` is not a model alias: use 1 to 64 of a-z, A-Z, 0-9, `-` and `_`, starting with a letter or digit
          1 | [models."a b"]
            |         ^^^^^
        "#);
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        let config = parse(Path::new("hyperagent.toml"), "").expect("settings");
        assert_eq!(config, LabConfig::default());
    }
}
