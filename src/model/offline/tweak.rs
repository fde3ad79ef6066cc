//! Changes of one token: a comparison, an arithmetic operator; `number` steps numbers.

use std::ops::Range;

use tree_sitter::Node;

use super::draw::{Stream, one_of};
use super::focus::Focus;
use super::syntax::{Source, descendants};

/// A token replaced by another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tweak {
    /// The token.
    pub range: Range<usize>,
    /// The text instead.
    pub new: String,
}

/// Swaps one comparison or logical operator for another of its kind.
pub(super) fn comparison(source: &Source, focus: &Focus, rng: &mut Stream) -> Option<Tweak> {
    const KINDS: [&[&str]; 4] =
        [&["<", "<=", ">", ">=", "==", "!="], &["in", "not in"], &["is", "is not"], &["and", "or"]];
    let token_of = |node: Node<'_>| -> bool {
        node.parent().is_some_and(|parent| {
            matches!(parent.kind(), "comparison_operator" | "boolean_operator")
        })
    };
    swap(source, focus, &KINDS, token_of, rng)
}

/// Swaps one arithmetic operator, or `min` and `max`, for another of its kind.
pub(super) fn arithmetic(source: &Source, focus: &Focus, rng: &mut Stream) -> Option<Tweak> {
    const KINDS: [&[&str]; 4] =
        [&["+", "-", "*"], &["/", "//", "*"], &["+=", "-="], &["min", "max"]];
    let token_of = |node: Node<'_>| -> bool {
        node.parent().is_some_and(|parent| match parent.kind() {
            "binary_operator" | "augmented_assignment" => !node.is_named(),
            "call" => parent.child_by_field_name("function") == Some(node),
            _ => false,
        })
    };
    swap(source, focus, &KINDS, token_of, rng)
}

fn swap(
    source: &Source,
    focus: &Focus,
    kinds: &[&[&'static str]],
    is_candidate: impl Fn(Node<'_>) -> bool,
    rng: &mut Stream,
) -> Option<Tweak> {
    let kind_of =
        |node: &Node<'_>| kinds.iter().find(|kind| kind.contains(&source.of(*node))).copied();
    let tokens: Vec<(Node<'_>, &[&'static str])> = descendants(source.root())
        .into_iter()
        .filter_map(|node| Some((node, kind_of(&node)?)))
        .filter(|(node, _)| is_candidate(*node) && focus.holds(node.start_byte()))
        .collect();
    let (node, kind) = one_of(rng, tokens)?;
    let others: Vec<&str> = kind.iter().filter(|word| **word != source.of(node)).copied().collect();
    let new = one_of(rng, others)?.to_owned();
    Some(Tweak { range: node.byte_range(), new })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::rng::stream;

    const TEXT: &str = "def f(a, b):\n    if a[0] < 10 and b not in a:\n        return min(a) + 0.5\n    return -b\n";

    fn all(tweak: impl Fn(&Source, &Focus, &mut Stream) -> Option<Tweak>) -> BTreeSet<String> {
        let source = Source::parse(TEXT).expect("Python");
        let mut rng = stream(1, "test", &[]);
        (0..400)
            .filter_map(|_| tweak(&source, &Focus::everywhere(), &mut rng))
            .map(|tweak| {
                let text = source.with(tweak.range.clone(), &tweak.new);
                assert!(text != TEXT && Source::parse(&text).is_some(), "{text}");
                format!("{} -> {}", source.slice(tweak.range), tweak.new)
            })
            .collect()
    }

    #[test]
    fn operators_are_swapped_for_their_own_kind() {
        let swaps = all(comparison);
        for swap in ["< -> <=", "< -> !=", "not in -> in", "and -> or"] {
            assert!(swaps.contains(swap), "{swaps:?}");
        }
        assert_eq!(swaps.len(), 5 + 1 + 1);
        let expected = ["+ -> -", "+ -> *", "min -> max"].map(str::to_owned);
        assert_eq!(all(arithmetic), expected.into());
    }
}
