//! What a person says about an alias that stands for several models: a table `[ensembles.ALIAS]` of `hyperagent.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::id::Alias;

/// How a member is chosen for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choose {
    /// A draw by the weights.
    #[default]
    Weights,
    /// What brought most for its price so far; the weights are where it starts from.
    Bandit,
}

/// One of the two tiers of an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Asked as a rule.
    Fast,
    /// Asked when the fast one brought nothing for a while.
    Deep,
}

/// Several models behind one alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleSpec {
    /// How a member is chosen.
    #[serde(default)]
    pub choose: Choose,
    /// The models asked as a rule, with their weights.
    pub fast: BTreeMap<Alias, f64>,
    /// The models asked when progress has stopped, with their weights; empty: there is one tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deep: BTreeMap<Alias, f64>,
    /// After how many attempts, or rewrites, in a row that brought nothing the deep tier is asked; it needs `deep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep_after: Option<u32>,
    /// The share of a bandit's choices that are drawn by the weights all the same.
    #[serde(default = "default_explore")]
    pub explore: f64,
    /// How much a bandit minds the price: a member's worth is divided by its price to this power. 0: not at all.
    #[serde(default = "default_thrift")]
    pub thrift: f64,
}

impl EnsembleSpec {
    /// The models of a tier, with their weights.
    pub fn members(&self, tier: Tier) -> &BTreeMap<Alias, f64> {
        match tier {
            Tier::Fast => &self.fast,
            Tier::Deep => &self.deep,
        }
    }

    /// Every model it may ask.
    pub fn all(&self) -> impl Iterator<Item = &Alias> {
        self.fast.keys().chain(self.deep.keys())
    }

    /// The tier for work that `stale` predecessors in a row brought nothing for.
    pub fn tier(&self, stale: u32) -> Tier {
        match self.deep_after {
            Some(after) if stale >= after && !self.deep.is_empty() => Tier::Deep,
            _ => Tier::Fast,
        }
    }
}

fn default_explore() -> f64 {
    0.2
}

fn default_thrift() -> f64 {
    0.5
}
