//! The environment as a value: read once at the edge, passed down, never read again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// Environment variables by name. It may hold keys, so its debug form shows the names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of an iterator such as `std::env::vars_os()`; those that are not UTF-8 are left out.
    pub fn from_os(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable; an empty or blank value counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// These variables, and those of `fallback` that have no value here.
    #[must_use]
    pub fn or(mut self, fallback: Environment) -> Self {
        for (name, value) in fallback.0 {
            if self.get(&name).is_none() {
                self.0.insert(name, value);
            }
        }
        self
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_debug_form() {
        let environment: Environment = [("API_KEY", "sk-planted")].into_iter().collect();
        let shown = format!("{environment:?}");
        assert!(shown.contains("API_KEY") && !shown.contains("planted"), "{shown}");
    }

    #[test]
    fn a_blank_value_counts_as_absent_and_gives_way_to_the_fallback() {
        let own: Environment = [("A", "  "), ("B", "own")].into_iter().collect();
        assert_eq!(own.get("A"), None);
        let both = own.or([("A", "theirs"), ("B", "theirs")].into_iter().collect());
        assert_eq!((both.get("A"), both.get("B")), (Some("theirs"), Some("own")));
    }
}
