//! Rules of `hyperagent.toml` that its types alone cannot state.

mod ensemble;

use super::settings::{Budgets, Dialect, LabConfig, ModelSpec, WireParameter};

/// The aliases that always exist and keep their meaning.
pub const BUILT_IN: [(&str, Dialect); 2] =
    [("offline", Dialect::Offline), ("random", Dialect::Random)];

/// A setting that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {message}", .keys.join("."))]
pub struct SettingFault {
    /// Where the setting is: the tables and the key, from the outside in.
    pub keys: Vec<String>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Every rule the settings break, in the order of the file's tables.
pub fn faults(config: &LabConfig) -> Vec<SettingFault> {
    let mut found = Vec::new();
    for (alias, spec) in &config.models {
        if BUILT_IN.iter().any(|(name, _)| *name == alias.as_str()) {
            found.push(fault(
                &["models", alias.as_str()],
                "is built in and keeps its meaning; choose another alias",
            ));
        }
        for (key, message) in model_faults(spec) {
            let mut keys = vec!["models".to_owned(), alias.to_string()];
            keys.extend(key.split('.').map(str::to_owned));
            found.push(SettingFault { keys, message });
        }
        for other in &spec.fallback {
            let built_in = BUILT_IN.iter().any(|(name, _)| *name == other.as_str());
            let message = match config.models.contains_key(other) {
                _ if other == alias => format!("names `{other}` itself; name other aliases"),
                false if !built_in => format!("names `{other}`, which is not defined"),
                _ => continue,
            };
            let keys = ["models", alias.as_str(), "fallback"].map(str::to_owned).to_vec();
            found.push(SettingFault { keys, message });
        }
    }
    found.extend(ensemble::faults(config));
    found.extend(budget_faults(&config.budget));
    found
}

fn model_faults(spec: &ModelSpec) -> Vec<(&'static str, String)> {
    let dialect = spec.dialect.name();
    let wire = spec.dialect.is_wire();
    let sourced = matches!(spec.dialect, Dialect::Scripted | Dialect::Replay);
    let command = spec.dialect == Dialect::Command;
    let mut found = Vec::new();
    for (key, present, needed, fits) in [
        ("base_url", spec.base_url.is_some(), false, wire),
        ("model", spec.model.is_some(), wire, wire),
        ("key_env", spec.key_env.is_some(), false, wire),
        ("effort", spec.effort.is_some(), false, wire),
        ("prompt_cache", spec.prompt_cache, false, wire),
        ("tools", spec.tools.is_some(), false, wire),
        ("fallback", !spec.fallback.is_empty(), false, wire || command),
        ("command", !spec.command.is_empty(), command, command),
        ("env", !spec.env.is_empty(), false, command),
        ("usage", spec.usage.is_some(), false, command),
        ("max_output_kb", spec.max_output_kb.is_some(), false, command),
        ("omit", !spec.omit.is_empty(), false, wire),
        ("body", !spec.body.is_empty(), false, wire),
        ("source", spec.source.is_some(), sourced, sourced),
    ] {
        if needed && !present {
            found.push((key, format!("is missing: dialect `{dialect}` needs it")));
        } else if present && !fits {
            found.push((key, format!("has no meaning for dialect `{dialect}`; remove it")));
        }
    }
    if spec.dialect == Dialect::Anthropic && spec.omit.contains(&WireParameter::MaxTokens) {
        found
            .push(("omit", "holds `max_tokens`, without which `anthropic` answers nothing".into()));
    }
    if let Some(effort) = spec.effort.filter(|effort| wire && !effort.is_known_to(spec.dialect)) {
        let effort = effort.name();
        found.push(("effort", format!("is `{effort}`, which dialect `{dialect}` does not have")));
    }
    if let Some(usage) = &spec.usage {
        let counts = [&usage.input_tokens, &usage.cached_tokens, &usage.output_tokens];
        let paths = counts.into_iter().flatten().chain(&usage.usd).chain(&usage.text);
        if let Some(bad) = paths.into_iter().find(|path| path.split('.').any(str::is_empty)) {
            found
                .push(("usage", format!("has `{bad}`, which is no path; write it as usage.input")));
        }
    }
    if let Some(url) = &spec.base_url
        && let Err(message) = check_base_url(url)
    {
        found.push(("base_url", message));
    }
    for (key, value) in [
        ("max_in_flight", u64::from(spec.max_in_flight)),
        ("max_output_kb", spec.max_output_kb.unwrap_or(1)),
        ("timeouts_ms.connect", spec.timeouts_ms.connect),
        ("timeouts_ms.first_byte", spec.timeouts_ms.first_byte),
        ("timeouts_ms.idle", spec.timeouts_ms.idle),
        ("timeouts_ms.total", spec.timeouts_ms.total),
        ("retry.requests", u64::from(spec.retry.requests)),
        ("retry.total_ms", spec.retry.total_ms),
    ] {
        if value == 0 {
            found.push((key, "is 0; allowed: 1 or more".into()));
        }
    }
    if let Some(price) = spec.price_usd_per_mtok {
        for (key, value) in [
            ("price_usd_per_mtok.input", Some(price.input)),
            ("price_usd_per_mtok.cached_input", price.cached_input),
            ("price_usd_per_mtok.cache_write", price.cache_write),
            ("price_usd_per_mtok.output", Some(price.output)),
        ] {
            if value.is_some_and(|usd| !(0.0..=1e6).contains(&usd)) {
                found.push((key, "is no price; allowed: 0 to 1000000".into()));
            }
        }
    }
    found
}

/// A base URL carries no secret: what is in it shows in errors.
fn check_base_url(url: &str) -> Result<(), String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("is no URL; write it as https://host/v1".into());
    };
    if !matches!(scheme, "http" | "https") {
        return Err("starts with neither http:// nor https://".into());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(
            "holds a user or a password; put the key in the variable `key_env` names".into()
        );
    }
    if authority.is_empty() || rest.contains(['?', '#']) || url.contains(char::is_whitespace) {
        return Err("has to be a host and a path, without query or fragment".into());
    }
    let paths = ["/chat/completions", "/responses", "/messages", "/models"];
    match paths.iter().find(|path| url.trim_end_matches('/').ends_with(*path)) {
        Some(path) => Err(format!("goes up to and without `{path}`")),
        None => Ok(()),
    }
}

fn budget_faults(budget: &Budgets) -> Vec<SettingFault> {
    let mut found = Vec::new();
    for (path, caps) in budget.scopes() {
        for (key, cap) in [("max_usd", caps.max_usd), ("max_minutes", caps.max_minutes)] {
            if cap.is_some_and(|cap| !(cap.is_finite() && cap >= 0.0)) {
                let keys: Vec<&str> =
                    ["budget"].into_iter().chain(path.clone()).chain([key]).collect();
                found.push(fault(&keys, "is no cap; allowed: a number from 0"));
            }
        }
    }
    found
}

fn fault(keys: &[&str], message: &str) -> SettingFault {
    SettingFault {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::domain::settings::{BudgetSpec, Effort};

    fn found(alias: &str, change: impl FnOnce(&mut ModelSpec)) -> Vec<String> {
        let mut spec = ModelSpec::of(Dialect::OpenaiChat);
        spec.model = Some("m".into());
        change(&mut spec);
        let mut config = LabConfig::default();
        config.models.insert(alias.parse().expect("an alias"), spec);
        faults(&config).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_model_has_no_faults() {
        assert_eq!(found("fast", |_| ()), Vec::<String>::new());
        let local =
            |spec: &mut ModelSpec| spec.base_url = Some("http://127.0.0.1:11434/v1/".into());
        assert_eq!(found("fast", local), Vec::<String>::new());
    }

    #[test]
    fn a_built_in_alias_cannot_be_taken_over() {
        assert_eq!(
            found("offline", |_| ()),
            ["`models.offline` is built in and keeps its meaning; choose another alias"]
        );
    }

    #[test]
    fn what_a_dialect_needs_and_what_it_cannot_use_is_said() {
        assert_eq!(
            found("fast", |spec| {
                spec.dialect = Dialect::Scripted;
                spec.retry.requests = 0;
            }),
            [
                "`models.fast.model` has no meaning for dialect `scripted`; remove it",
                "`models.fast.source` is missing: dialect `scripted` needs it",
                "`models.fast.retry.requests` is 0; allowed: 1 or more",
            ]
        );
    }

    #[test]
    fn a_base_url_with_a_password_is_refused_without_showing_it() {
        let found = found("fast", |spec| spec.base_url = Some("https://me:secret@host/v1".into()));
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|message| !message.contains("secret")), "{found:?}");
    }

    #[test]
    fn other_odd_base_urls_are_refused() {
        for url in [
            "host/v1",
            "ftp://host",
            "https://",
            "https://h/v1?k=1",
            "https://h/chat/completions",
            "https://h/v1/messages/",
        ] {
            assert_eq!(found("fast", |spec| spec.base_url = Some(url.into())).len(), 1, "{url}");
        }
    }

    #[test]
    fn a_fallback_has_to_exist_and_to_be_another() {
        let named = |names: &[&str]| {
            let names: Vec<crate::base::id::Alias> =
                names.iter().map(|name| name.parse().expect("an alias")).collect();
            found("fast", |spec| spec.fallback = names)
        };
        assert_eq!(named(&["offline"]), Vec::<String>::new());
        assert_eq!(
            named(&["fast", "slow"]),
            [
                "`models.fast.fallback` names `fast` itself; name other aliases",
                "`models.fast.fallback` names `slow`, which is not defined"
            ]
        );
    }

    #[test]
    fn an_effort_has_to_be_one_the_dialect_has() {
        let asked = |dialect, effort| {
            found("fast", |spec| {
                spec.dialect = dialect;
                spec.effort = Some(effort);
            })
        };
        assert_eq!(asked(Dialect::OpenaiResponses, Effort::None), Vec::<String>::new());
        assert_eq!(asked(Dialect::Anthropic, Effort::Max), Vec::<String>::new());
        assert_eq!(
            asked(Dialect::Gemini, Effort::Max),
            ["`models.fast.effort` is `max`, which dialect `gemini` does not have"]
        );
    }

    #[test]
    fn caps_are_numbers_from_nought() {
        let meta = BudgetSpec { max_usd: Some(f64::NAN), ..Default::default() };
        let config = LabConfig {
            budget: Budgets {
                max_usd: Some(-1.0),
                max_minutes: Some(0.0),
                roles: BTreeMap::from([("meta".to_owned(), meta)]),
                ..Default::default()
            },
            ..Default::default()
        };
        let named: Vec<String> = faults(&config).iter().map(|fault| fault.keys.join(".")).collect();
        assert_eq!(named, ["budget.max_usd", "budget.roles.meta.max_usd"]);
    }
}
