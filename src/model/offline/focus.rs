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

    /// Whether something may be put before a byte, the end of a definition included.
    pub(super) fn holds_place(&self, at: usize) -> bool {
        !self.0.iter().any(|range| range.contains(&at) || range.end == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::offline::place::places;

    #[test]
    fn nothing_is_put_into_a_definition_that_came_along() {
        let text =
            "def own(a):\n    return a\ndef brought(b):\n    b += 1\ndef last(c):\n    c += 1\n";
        let source = Source::parse(text).expect("Python");
        let known = definitions(&source);
        let range = known.get("brought").expect("a definition").range.clone();
        let focus = Focus(vec![range]);
        let open = places(&source).into_iter().filter(|place| focus.holds_place(place.at));
        let functions: BTreeSet<String> = open.map(|place| place.function).collect();
        assert_eq!(functions, ["last", "own"].map(str::to_owned).into());
        assert!(focus.holds(text.find("def last").expect("a function")));
    }
}
