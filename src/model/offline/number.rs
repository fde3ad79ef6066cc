//! Steps of one number of a program.

use tree_sitter::Node;

use super::draw::{Stream, chance, normal, one_by, one_of, unit};
use super::focus::Focus;
use super::syntax::{Source, descendants};
use super::tweak::Tweak;

/// How likely an index (`head[0]`) is changed against another number: it seldom means a quantity.
const INDEX_WEIGHT: f64 = 0.1;
/// How often a number goes on the way it went from another candidate, where one differs in numbers alone (the pattern
/// move of Hooke and Jeeves, 1961, for one coordinate).
const ONWARD: f64 = 0.5;

/// Steps one number: onward from where another candidate has it, or by a factor exp(N(0, sigma)), or for an integer by a
/// few units.
pub(super) fn number(
    source: &Source,
    others: &[Source],
    focus: &Focus,
    sigma: f64,
    rng: &mut Stream,
) -> Option<Tweak> {
    let literals = literals(source);
    let open = |node: &Node<'_>| focus.holds(node.start_byte());
    let moved = moved(source, &literals, others).into_iter().filter(|(node, _)| open(node));
    let moved: Vec<(Node<'_>, &str)> = moved.collect();
    let (node, new) = if !moved.is_empty() && chance(rng, ONWARD) {
        let (node, before) = one_of(rng, moved)?;
        (node, onward(before, source.of(node), sigma, rng)?)
    } else {
        let weight = |node: &Node<'_>| {
            let index = node.parent().is_some_and(|parent| parent.kind() == "subscript");
            if index { INDEX_WEIGHT } else { 1.0 }
        };
        let node = one_by(rng, literals.into_iter().filter(open).collect(), weight)?;
        (node, stepped(source.of(node), sigma, rng)?)
    };
    (new != source.of(node)).then(|| Tweak { range: node.byte_range(), new })
}

/// The numbers of a program, in the order of the text.
fn literals(source: &Source) -> Vec<Node<'_>> {
    let mut nodes = descendants(source.root());
    nodes.retain(|node| matches!(node.kind(), "integer" | "float"));
    nodes
}

/// The numbers that other candidates, equal but for their numbers, have otherwise; and what they have there.
fn moved<'a>(
    source: &Source,
    literals: &[Node<'a>],
    others: &'a [Source],
) -> Vec<(Node<'a>, &'a str)> {
    let mut found = Vec::new();
    for other in others {
        let theirs = self::literals(other);
        if theirs.len() == literals.len() && between(source, literals) == between(other, &theirs) {
            let pairs =
                literals.iter().zip(theirs).map(|(own, other_node)| (*own, other.of(other_node)));
            found.extend(pairs.filter(|(own, theirs)| source.of(*own) != *theirs));
        }
    }
    found
}

/// The text around the numbers.
fn between<'a>(source: &'a Source, literals: &[Node<'_>]) -> Vec<&'a str> {
    let starts = literals.iter().map(Node::start_byte).chain([source.text().len()]);
    let ends = [0].into_iter().chain(literals.iter().map(Node::end_byte));
    ends.zip(starts).map(|(end, start)| source.slice(end..start)).collect()
}

/// From `now`, the way it came from `before`: about as far again.
fn onward(before: &str, now: &str, sigma: f64, rng: &mut Stream) -> Option<String> {
    let stretch = (sigma * normal(rng)).exp();
    if let (Ok(before), Ok(now)) = (before.parse::<i64>(), now.parse::<i64>()) {
        let way = now.checked_sub(before)?;
        let far = rounded(as_float(way) * stretch);
        let far = if far == 0 { way.signum() } else { far };
        return Some(now.checked_add(far)?.max(0).to_string());
    }
    let (before, now): (f64, f64) = (before.parse().ok()?, now.parse().ok()?);
    Some(significant((now + (now - before) * stretch).max(0.0)))
}

fn stepped(text: &str, sigma: f64, rng: &mut Stream) -> Option<String> {
    Some(match text.parse::<i64>() {
        Ok(value) => stepped_integer(value, sigma, rng)?.to_string(),
        Err(_) => stepped_float(text.parse().ok()?, sigma, rng),
    })
}

fn stepped_integer(value: i64, sigma: f64, rng: &mut Stream) -> Option<i64> {
    let mut step = 1;
    while chance(rng, 0.4) && step < 8 {
        step += 1;
    }
    let up = chance(rng, 0.5);
    let by_step = if up { value.checked_add(step)? } else { value.checked_sub(step)?.max(0) };
    let by_factor = rounded(as_float(value) * (sigma * normal(rng)).exp());
    let chosen = if unit(rng) < 0.5 || by_factor == value { by_step } else { by_factor };
    Some(chosen)
}

#[expect(clippy::cast_precision_loss, reason = "the literals of programs are small")]
fn as_float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
fn rounded(value: f64) -> i64 {
    value.round() as i64
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::rng::stream;

    const TEXT: &str =
        "def f(a, b):\n    if a[0] < 10:\n        return min(a) + 0.5\n    return -b\n";

    fn steps(others: &[&str]) -> BTreeSet<String> {
        let source = Source::parse(TEXT).expect("Python");
        let others: Vec<Source> =
            others.iter().map(|text| Source::parse(text).expect("Python")).collect();
        let mut rng = stream(1, "test", &[]);
        (0..400)
            .filter_map(|_| number(&source, &others, &Focus::everywhere(), 0.3, &mut rng))
            .map(|tweak| {
                let text = source.with(tweak.range.clone(), &tweak.new);
                assert!(text != TEXT && Source::parse(&text).is_some(), "{text}");
                format!("{} -> {}", source.slice(tweak.range), tweak.new)
            })
            .collect()
    }

    #[test]
    fn numbers_are_stepped_and_keep_their_type() {
        let steps = steps(&[]);
        assert!(steps.contains("10 -> 11") && steps.contains("10 -> 9"), "{steps:?}");
        let floats = steps.iter().filter_map(|step| step.strip_prefix("0.5 -> "));
        let floats: Vec<f64> = floats.map(|new| new.parse().expect("a float")).collect();
        assert!(floats.len() > 20 && floats.iter().all(|new| (0.1..2.5).contains(new)));
        let integers = steps.iter().filter_map(|step| step.strip_prefix("10 -> "));
        assert!(integers.clone().all(|new| !new.contains('.')) && integers.count() > 5);
    }

    #[test]
    fn a_number_goes_on_the_way_it_went() {
        let far = |others: &[&str]| {
            let steps = steps(others);
            let new = steps.iter().filter_map(|step| step.strip_prefix("10 -> "));
            new.map(|new| new.parse::<i64>().expect("an integer")).collect::<BTreeSet<i64>>()
        };
        let before = TEXT.replace("10", "40");
        let there = far(&[&before]);
        assert!(there.contains(&0), "10 came from 40 and goes on down: {there:?}");
        let up = TEXT.replace("10", "3");
        assert!(far(&[&up]).contains(&17), "10 came from 3 and goes on up");
        let other = before.replace("min", "max");
        assert_eq!(far(&[&other]), far(&[]), "another program says nothing of numbers");
    }

    #[test]
    fn floats_are_written_short() {
        let written = [0.123_456, 12.0, 1234.56, 0.000_012_345, 0.0].map(significant);
        assert_eq!(written, ["0.1235", "12.0", "1234.6", "0.00001234", "0.0"]);
    }
}
