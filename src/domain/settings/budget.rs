//! Caps: of a run, of each of its generations, of each role.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The caps of one scope; absent: no cap.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSpec {
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<f64>,
    /// Tokens, input and output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Model calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u64>,
    /// Minutes: of this process for a run; waited for answers, summed over calls, for a generation or a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
}

impl BudgetSpec {
    /// These caps, and where there is none, those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            max_usd: self.max_usd.or(other.max_usd),
            max_tokens: self.max_tokens.or(other.max_tokens),
            max_calls: self.max_calls.or(other.max_calls),
            max_minutes: self.max_minutes.or(other.max_minutes),
        }
    }

    /// Whether nothing is capped.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All caps of a run: the table `[budget]`. Flags of `run` override them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// US dollars of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<f64>,
    /// Tokens of the run, input and output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Model calls of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u64>,
    /// Minutes of this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
    /// What each generation may use to be made and measured.
    #[serde(skip_serializing_if = "BudgetSpec::is_empty")]
    pub generation: BudgetSpec,
    /// What each role may use in the whole run, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, BudgetSpec>,
}

impl Budgets {
    /// The caps of the run itself.
    pub fn run(&self) -> BudgetSpec {
        let Self { max_usd, max_tokens, max_calls, max_minutes, .. } = *self;
        BudgetSpec { max_usd, max_tokens, max_calls, max_minutes }
    }

    /// Sets the caps of the run itself.
    pub fn set_run(&mut self, caps: BudgetSpec) {
        let BudgetSpec { max_usd, max_tokens, max_calls, max_minutes } = caps;
        (self.max_usd, self.max_tokens) = (max_usd, max_tokens);
        (self.max_calls, self.max_minutes) = (max_calls, max_minutes);
    }

    /// These caps, and where there is none, those of `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        merged.set_run(self.run().or(other.run()));
        merged.generation = self.generation.or(other.generation);
        for (role, caps) in &other.roles {
            let own = merged.roles.entry(role.clone()).or_default();
            *own = own.or(*caps);
        }
        merged
    }

    /// The caps of every scope, with the path of its table inside `[budget]`.
    pub fn scopes(&self) -> impl Iterator<Item = (Vec<&str>, BudgetSpec)> {
        let roles = self.roles.iter().map(|(role, caps)| (vec!["roles", role.as_str()], *caps));
        [(Vec::new(), self.run()), (vec!["generation"], self.generation)].into_iter().chain(roles)
    }

    /// Sets one cap by its path inside `[budget]`, written as `generation.max_usd=0.5` or `roles.meta.max_calls=40`.
    pub fn set(&mut self, cap: &str) -> Result<(), String> {
        let (path, number) = cap.split_once('=').ok_or("it has no `=`")?;
        let words: Vec<&str> = path.trim().split('.').collect();
        let (caps, key) = match words.as_slice() {
            ["generation", key] => (&mut self.generation, *key),
            ["roles", role, key] if !role.is_empty() => {
                (self.roles.entry((*role).to_owned()).or_default(), *key)
            }
            _ => return Err("it starts with neither `generation.` nor `roles.ROLE.`".to_owned()),
        };
        let number = number.trim();
        let real = || match number.parse::<f64>() {
            Ok(real) if real.is_finite() && real >= 0.0 => Ok(Some(real)),
            _ => Err(format!("`{number}` is no number from 0")),
        };
        let whole = || {
            number.parse::<u64>().map(Some).map_err(|_| format!("`{number}` is no whole number"))
        };
        match key {
            "max_usd" => caps.max_usd = real()?,
            "max_tokens" => caps.max_tokens = whole()?,
            "max_calls" => caps.max_calls = whole()?,
            "max_minutes" => caps.max_minutes = real()?,
            other => {
                return Err(format!(
                    "`{other}` is no cap; there are max_usd, max_tokens, max_calls and max_minutes"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_set_by_its_path_and_a_bad_one_says_why() {
        let mut caps = Budgets::default();
        caps.set("generation.max_usd=0.5").expect("a cap");
        caps.set("roles.meta.max_calls = 40").expect("a cap");
        assert_eq!(caps.generation.max_usd, Some(0.5));
        assert_eq!(caps.roles["meta"].max_calls, Some(40));
        for (bad, why) in [
            ("max_usd=1", "neither"),
            ("generation.max_usd", "no `=`"),
            ("generation.max_usd=-1", "no number from 0"),
            ("roles.meta.max_calls=1.5", "no whole number"),
            ("roles.meta.max_dollars=1", "is no cap"),
        ] {
            let refused = caps.set(bad).expect_err("refused");
            assert!(refused.contains(why), "{bad}: {refused}");
        }
    }

    #[test]
    fn flags_win_and_what_they_leave_out_is_the_labs() {
        let flags = Budgets { max_usd: Some(1.0), ..Budgets::default() };
        let mut lab = Budgets { max_usd: Some(5.0), max_calls: Some(9), ..Budgets::default() };
        lab.roles.insert("meta".into(), BudgetSpec { max_calls: Some(3), ..Default::default() });
        let merged = flags.or(&lab);
        assert_eq!((merged.max_usd, merged.max_calls), (Some(1.0), Some(9)));
        assert_eq!(merged.roles["meta"].max_calls, Some(3));
    }
}
