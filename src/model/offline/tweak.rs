//! Changes of one token: a number, a comparison, an arithmetic operator.

use std::ops::Range;

use tree_sitter::Node;

use super::draw::{Stream, chance, normal, one_by, one_of, unit};
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

/// How likely an index (`head[0]`) is changed against another number: it seldom means a quantity.
const INDEX_WEIGHT: f64 = 0.1;

/// Steps one number: a factor exp(N(0, sigma)), or for an integer as often a step of a few units.
pub(super) fn number(
    source: &Source,
    focus: &Focus,
    sigma: f64,
    rng: &mut Stream,
) -> Option<Tweak> {
    let literals: Vec<Node<'_>> = descendants(source.root())
        .into_iter()
        .filter(|node| matches!(node.kind(), "integer" | "float"))
        .filter(|node| focus.holds(node.start_byte()))
        .collect();
    let weight = |node: &Node<'_>| {
        let index = node.parent().is_some_and(|parent| parent.kind() == "subscript");
        if index { INDEX_WEIGHT } else { 1.0 }
    };
    let node = one_by(rng, literals, weight)?;
    let text = source.of(node);
    let new = match text.parse::<i64>() {
        Ok(value) => stepped_integer(value, sigma, rng)?.to_string(),
        Err(_) => stepped_float(text.parse().ok()?, sigma, rng),
    };
    (new != text).then(|| Tweak { range: node.byte_range(), new })
}

fn stepped_integer(value: i64, sigma: f64, rng: &mut Stream) -> Option<i64> {
    let mut step = 1;
    while chance(rng, 0.4) && step < 8 {
        step += 1;
    }
    let up = chance(rng, 0.5);
    let by_step = if up { value.checked_add(step)? } else { value.checked_sub(step)?.max(0) };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a float to integer cast saturates, and the literals of programs are small"
    )]
    let by_factor = ((value as f64) * (sigma * normal(rng)).exp()).round() as i64;
    let chosen = if unit(rng) < 0.5 || by_factor == value { by_step } else { by_factor };
    Some(chosen)
}

/// A float times a log-normal factor, with four significant digits.
fn stepped_float(value: f64, sigma: f64, rng: &mut Stream) -> String {
    let stepped =
        if value == 0.0 { sigma * normal(rng).abs() } else { value * (sigma * normal(rng)).exp() };
    significant(stepped)
}

/// A positive number in plain notation with four significant digits.
pub(super) fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0.0".to_owned();
    }
    let mut digits = 3.0 - value.abs().log10().floor();
    digits = digits.clamp(1.0, 12.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=12 above"
    )]
    let text = format!("{value:.*}", digits as usize);
    let plain = text.trim_end_matches('0');
    if plain.ends_with('.') { format!("{plain}0") } else { plain.to_owned() }
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

    #[test]
    fn numbers_are_stepped_and_keep_their_type() {
        let steps = all(|source, focus, rng| number(source, focus, 0.3, rng));
        assert!(steps.contains("10 -> 11") && steps.contains("10 -> 9"), "{steps:?}");
        let floats = steps.iter().filter_map(|step| step.strip_prefix("0.5 -> "));
        let floats: Vec<f64> = floats.map(|new| new.parse().expect("a float")).collect();
        assert!(floats.len() > 20 && floats.iter().all(|new| (0.1..2.5).contains(new)));
        assert!(
            steps
                .iter()
                .filter_map(|step| step.strip_prefix("10 -> "))
                .all(|new| !new.contains('.'))
        );
    }

    #[test]
    fn floats_are_written_short() {
        let written = [0.123_456, 12.0, 1234.56, 0.000_012_345, 0.0].map(significant);
        assert_eq!(written, ["0.1235", "12.0", "1234.6", "0.00001234", "0.0"]);
    }
}
