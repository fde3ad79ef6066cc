//! Numbers of `[params]` that a person sets for one run; comments and everything else of `agent.toml` stay.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::domain::agent::{AGENT_TOML, AgentFiles};

/// Why a number cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// The agent's configuration is no TOML.
    #[error("agent.toml cannot be read: {reason}")]
    Unreadable {
        /// What the parser says.
        reason: String,
    },
    /// The agent has no such number.
    #[error("the agent has no parameter `{name}`")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are, in the order of the file.
        known: Vec<String>,
    },
}

/// Sets numbers of an agent by name. All of them must be there already: a name that the strategy does not read would mean
/// nothing.
pub fn set_params(
    files: &mut AgentFiles,
    numbers: &BTreeMap<String, f64>,
) -> Result<(), ParamError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let text = files.get(AGENT_TOML).unwrap_or_default();
    let mut document: DocumentMut = text.parse().map_err(|fault: toml_edit::TomlError| {
        ParamError::Unreadable { reason: fault.message().to_owned() }
    })?;
    let table = document.get_mut("params").and_then(Item::as_table_like_mut);
    let known: Vec<String> = table.as_deref().map(names).unwrap_or_default();
    let Some(name) = numbers.keys().find(|name| !known.contains(name)) else {
        for (name, number) in numbers {
            let old = document.get_mut("params").and_then(|params| params.get_mut(name));
            if let Some(old) = old.and_then(Item::as_value_mut) {
                let decor = old.decor().clone();
                *old = Value::from(*number);
                *old.decor_mut() = decor;
            }
        }
        files.0.insert(AGENT_TOML.to_owned(), document.to_string());
        return Ok(());
    };
    Err(ParamError::Unknown { name: name.clone(), known })
}

fn names(table: &dyn TableLike) -> Vec<String> {
    table.iter().map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, name: &str, number: f64) -> Result<String, ParamError> {
        let mut files = AgentFiles::from_iter([(AGENT_TOML, text)]);
        set_params(&mut files, &BTreeMap::from([(name.to_owned(), number)]))?;
        Ok(files.get(AGENT_TOML).unwrap_or_default().to_owned())
    }

    #[test]
    fn a_number_is_set_and_every_comment_stays() {
        let text = "# Mine.\n[params]\nfeedback = 1.0   # a switch\nother = 2\n";
        let after = set(text, "feedback", 0.0).expect("set");
        assert_eq!(after, text.replace("feedback = 1.0", "feedback = 0.0"));
        assert_eq!(set(text, "other", 2.5).expect("set"), text.replace("= 2\n", "= 2.5\n"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let fault = set("[params]\nb = 1.0\na = 2.0\n", "c", 1.0).expect_err("unknown");
        let known = vec!["b".to_owned(), "a".to_owned()];
        assert_eq!(fault, ParamError::Unknown { name: "c".into(), known });
        assert!(
            matches!(set("", "c", 1.0), Err(ParamError::Unknown { known, .. }) if known.is_empty())
        );
        assert!(matches!(set("[params", "c", 1.0), Err(ParamError::Unreadable { .. })));
    }
}
