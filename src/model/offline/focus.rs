//! Which part of a program is worth changing: its own code, rather than definitions that came along from the pool.

use std::collections::BTreeSet;
use std::ops::Range;

use super::draw::{Stream, chance};
use super::names::definitions;
use super::syntax::Source;

/// How often a change may touch a definition of the pool.
const BROUGHT_ALONG: f64 = 0.05;

/// The parts of a program that one mutation leaves alone.
#[derive(Debug, Default)]
pub(super) struct Focus(Vec<Range<usize>>);

impl Focus {
    /// Everything but the definitions of these names; seldom, everything.
    pub(super) fn away_from(source: &Source, names: &BTreeSet<String>, rng: &mut Stream) -> Self {
        if chance(rng, BROUGHT_ALONG) {
            return Self::everywhere();
        }
        let mut known = definitions(source);
        known.retain(|name, _| names.contains(name));
        Self(known.into_values().map(|definition| definition.range).collect())
    }

    /// Nothing is left alone.
    pub(super) fn everywhere() -> Self {
        Self::default()
    }

    /// Whether a byte may be changed.
    pub(super) fn holds(&self, at: usize) -> bool {
        !self.0.iter().any(|range| range.contains(&at))
    }
}
