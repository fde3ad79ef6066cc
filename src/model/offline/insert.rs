//! Putting statements into a program: from the ingredient pool, or from another candidate.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::draw::{Stream, chance, one_of, unit, weighted};
use super::focus::Focus;
use super::graft::{Graft, insert, with_definitions};
use super::names::{definitions, names};
use super::place::{Place, places};
use super::pool::{Piece, Pool, words_of};
use super::syntax::{Source, functions, name_of, statements};

/// A new text and what was put where, for the summary.
pub(super) type Inserted = (String, String);

/// How often a piece is put where names must be renamed although it fits somewhere as it is.
const FOREIGN: f64 = 0.05;
/// How much less likely a piece is that the program holds already.
const REPEATED: f64 = 0.2;
/// How much more likely a piece is whose words are those of all failures.
const NAMED_BY_FAILURE: f64 = 3.0;
/// How often a cross takes a whole function where one differs.
const WHOLE_FUNCTION: f64 = 0.4;

/// What steers an insertion from the pool.
pub(super) struct Guide<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// Classes of failures of the program, with their counts.
    pub failures: &'a BTreeMap<String, u32>,
    /// Where to insert.
    pub focus: &'a Focus,
    /// Weights of pieces by name; 1 for those not named.
    pub weights: &'a BTreeMap<String, f64>,
    /// The probability that a gap takes one more piece.
    pub more: f64,
    /// Whether a piece must fit as it is. In one file of many that is the rule: most pieces are meant for other files.
    pub only_home: bool,
}

/// Inserts a piece of the pool where its names exist and where something after it notices, rather one that the program
/// lacks and whose words are those of its failures.
pub(super) fn from_pool(target: &Source, guide: &Guide<'_>, rng: &mut Stream) -> Option<Inserted> {
    let Guide { pool, failures, focus, weights, more, only_home } = guide;
    let mut places = places(target);
    places.retain(|place| focus.holds_place(place.at));
    let present = statements_of(target);
    let filled: Vec<(Graft, String)> =
        pool.pieces.iter().map(|piece| pool.filled(piece, weights, *more, rng)).collect();
    let homes: Vec<Vec<&Place>> =
        filled.iter().map(|(graft, _)| homes(graft, &places, &pool.globals)).collect();
    let weight = |((piece, (graft, _)), homes): ((&Piece, &(Graft, String)), &Vec<&Place>)| {
        let first = graft.text.lines().next().unwrap_or_default();
        let repeated = if present.contains(first) { REPEATED } else { 1.0 };
        let here = if homes.is_empty() { 0.0 } else { 1.0 };
        let preferred = weights.get(&piece.name).copied().unwrap_or(1.0);
        preferred * here * repeated * (1.0 + NAMED_BY_FAILURE * named_by(&piece.words, failures))
    };
    let weights: Vec<f64> = pool.pieces.iter().zip(&filled).zip(&homes).map(weight).collect();
    if !only_home && chance(rng, FOREIGN) {
        let (graft, label) = one_of(rng, filled)?;
        let place = one_of(rng, places)?;
        let graft = graft.repaired(&place, &pool.globals, rng)?;
        return Some((insert(target, &place, &graft, &pool.source), into(&label, &place)));
    }
    let index = weighted(rng, &weights)?;
    let (graft, label) = filled.get(index)?;
    let place = one_of(rng, homes.into_iter().nth(index)?)?;
    Some((insert(target, place, graft, &pool.source), into(label, place)))
}

/// Inserts any piece at any place where its names exist, each pair as likely as any other.
pub(super) fn uniformly_from_pool(
    target: &Source,
    pool: &Pool,
    more: f64,
    rng: &mut Stream,
) -> Option<Inserted> {
    let places = places(target);
    let alike = BTreeMap::new();
    let filled = pool.pieces.iter().map(|piece| pool.filled(piece, &alike, more, rng));
    let filled: Vec<(Graft, String)> = filled.collect();
    let pairs = filled.iter().flat_map(|(graft, label)| {
        let fits = places.iter().filter(|place| graft.fits(place, &pool.globals));
        fits.map(move |place| (graft, label, place))
    });
    let (graft, label, place) = one_of(rng, pairs.collect())?;
    Some((insert(target, place, graft, &pool.source), into(label, place)))
}

/// Takes a function or a statement from another candidate.
pub(super) fn from_reference(
    target: &Source,
    reference: &Source,
    focus: &Focus,
    rng: &mut Stream,
) -> Option<Inserted> {
    if unit(rng) < WHOLE_FUNCTION
        && let Some(done) = whole_function(target, reference, focus, rng)
    {
        return Some(done);
    }
    let present = statements_of(target);
    let globals: BTreeSet<String> = definitions(reference).into_keys().collect();
    let is_new = |node: &Node<'_>| {
        reference.of(*node).lines().next().is_some_and(|line| !present.contains(line))
    };
    let new = functions(reference).into_iter().flat_map(|function| statements(reference, function));
    let graft = Graft::new(reference, &[one_of(rng, new.filter(is_new).collect())?]);
    let mut places = places(target);
    places.retain(|place| focus.holds_place(place.at));
    let homes = homes(&graft, &places, &globals);
    let line = graft.text.lines().next().unwrap_or_default().to_owned();
    let label = format!("`{line}`");
    if let Some(place) = one_of(rng, homes) {
        return Some((insert(target, place, &graft, reference), into(&label, place)));
    }
    let place = one_of(rng, places)?;
    let graft = graft.repaired(&place, &globals, rng)?;
    Some((insert(target, &place, &graft, reference), into(&label, &place)))
}

/// Replaces a function by the one of the same name in another candidate.
fn whole_function(
    target: &Source,
    reference: &Source,
    focus: &Focus,
    rng: &mut Stream,
) -> Option<Inserted> {
    let own = functions(target);
    let theirs = functions(reference);
    let pairs = own.iter().flat_map(|function| {
        let name = name_of(target, *function);
        let other = theirs.iter().find(|other| name_of(reference, **other) == name);
        other.map(|other| (*function, *other))
    });
    let differs = |(a, b): &(Node<'_>, Node<'_>)| {
        target.dedented(&[*a]) != reference.dedented(&[*b])
            && a.start_position().column == b.start_position().column
            && target.begins_line(*a)
            && focus.holds(a.start_byte())
    };
    let (function, other) = one_of(rng, pairs.filter(differs).collect())?;
    let lines = target.line_start(function.start_byte())..target.line_end(function.end_byte());
    let new = reference
        .slice(reference.line_start(other.start_byte())..reference.line_end(other.end_byte()));
    let needs = names(reference, &[other]).free;
    let text = with_definitions(target, lines, new, &needs, reference);
    Some((text, format!("the whole of {}", name_of(target, function))))
}

/// The places where a graft fits as it is and matters.
fn homes<'a>(graft: &Graft, places: &'a [Place], globals: &BTreeSet<String>) -> Vec<&'a Place> {
    places.iter().filter(|place| graft.fits(place, globals) && graft.matters(place)).collect()
}

/// The first lines of all statements of a program's functions.
fn statements_of(source: &Source) -> BTreeSet<&str> {
    let all = statements(source, source.root()).into_iter();
    all.filter_map(|node| source.of(node).lines().next()).collect()
}

/// The share of the failures whose class names one of the words.
fn named_by(words: &BTreeSet<String>, failures: &BTreeMap<String, u32>) -> f64 {
    let all: u32 = failures.values().sum();
    let named: u32 = failures
        .iter()
        .filter(|(class, _)| words_of(class).any(|word| words.contains(&word)))
        .map(|(_, count)| count)
        .sum();
    f64::from(named) / f64::from(all.max(1))
}

fn into(label: &str, place: &Place) -> String {
    format!("{label} into {}", place.function)
}
