//! A task's ingredient pool: pieces of code to insert, and the definitions they bring along.
//!
//! The pool is a Python module (`docs/ingredients.md` has the format for authors of tasks). A function whose name begins
//! with `_` is a piece: its body is what is inserted, its parameters are the names it expects, and a line `...` in it is
//! a gap that is filled by other pieces. Everything else at the top level is a definition that comes along when a piece
//! mentions it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tree_sitter::Node;

use super::draw::{Stream, chance, one_by, one_of};
use super::graft::Graft;
use super::names::definitions;
use super::place::{Place, places_in};
use super::syntax::{Source, children, descendants, indented, is_docstring, name_of};

/// A parsed pool.
pub(super) struct Pool {
    /// The module.
    pub source: Source,
    /// Its pieces.
    pub pieces: Vec<Piece>,
    /// The names of its definitions.
    pub globals: BTreeSet<String>,
}

/// One piece.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its name in the pool, without the underscore.
    pub name: String,
    /// What is inserted.
    pub graft: Graft,
    /// The words of its name and docstring, in lower case.
    pub words: BTreeSet<String>,
    /// Where it is filled by other pieces.
    gap: Option<Place>,
}

thread_local! {
    /// The pool read last and its text: an episode asks with the same pool each time.
    static LAST: RefCell<Option<(String, Rc<Pool>)>> = const { RefCell::new(None) };
}

impl Pool {
    /// The pool of a text, read anew only when the text is another than last time.
    pub(super) fn of(text: &str) -> Option<Rc<Self>> {
        let known = |(last, pool): &(String, Rc<Self>)| (last == text).then(|| Rc::clone(pool));
        if let Some(pool) = LAST.with_borrow(|last| last.as_ref().and_then(known)) {
            return Some(pool);
        }
        let pool = Rc::new(Self::parse(text)?);
        LAST.set(Some((text.to_owned(), Rc::clone(&pool))));
        Some(pool)
    }

    /// Reads a pool; `None` when it is empty or does not parse.
    fn parse(text: &str) -> Option<Self> {
        let source = Source::parse(text)?;
        let mut globals: BTreeSet<String> = definitions(&source).into_keys().collect();
        globals.retain(|name| !name.starts_with('_'));
        let piece_of = |node: Node<'_>| piece(&source, node, &globals);
        let pieces: Vec<Piece> = children(source.root()).into_iter().filter_map(piece_of).collect();
        (!pieces.is_empty()).then_some(Self { source, pieces, globals })
    }

    /// What a piece inserts this time, and its name: its gap filled by one piece, or by more, each with probability
    /// `more`; pieces are drawn by their weights.
    pub(super) fn filled(
        &self,
        piece: &Piece,
        weights: &BTreeMap<String, f64>,
        more: f64,
        rng: &mut Stream,
    ) -> (Graft, String) {
        let mut label = piece.name.clone();
        let Some(gap) = &piece.gap else { return (piece.graft.clone(), label) };
        let suits = |other: &&Piece| {
            other.gap.is_none() && other.graft.fits(gap, &self.globals) && other.graft.matters(gap)
        };
        let mut open: Vec<&Piece> = self.pieces.iter().filter(suits).collect();
        let mut chosen: Vec<&Graft> = Vec::new();
        while chosen.is_empty() || chance(rng, more) {
            let weight = |it: &&Piece| weights.get(&it.name).copied().unwrap_or(1.0);
            let next = match weights.is_empty() {
                true => one_of(rng, open.clone()),
                false => one_by(rng, open.clone(), weight),
            };
            let Some(next) = next else { break };
            open.retain(|other| other.name != next.name);
            label.push_str(if chosen.is_empty() { " of " } else { " and " });
            label.push_str(&next.name);
            chosen.push(&next.graft);
        }
        let mut graft = piece.graft.clone();
        let text: String = chosen.iter().map(|filler| indented(&filler.text, gap.indent)).collect();
        let mark = format!("{}...\n", " ".repeat(gap.indent));
        graft.text = graft.text.replacen(&mark, &text, 1);
        for filler in chosen {
            graft.free.extend(filler.free.difference(&graft.written).cloned());
            graft.written.extend(filler.written.iter().cloned());
            graft.acts |= filler.acts;
        }
        (graft, label)
    }
}

fn piece(source: &Source, function: Node<'_>, globals: &BTreeSet<String>) -> Option<Piece> {
    let name = name_of(source, function).strip_prefix('_')?;
    let body = children(function.child_by_field_name("body")?);
    let (notes, statements): (Vec<_>, Vec<_>) =
        body.into_iter().partition(|statement| is_docstring(*statement));
    let first = statements.first()?;
    let mut graft = Graft::new(source, &statements);
    let gap = gap_of(source, function).map(|gap| {
        let indent = gap.indent.saturating_sub(first.start_position().column);
        Place { indent, ..gap }
    });
    // Definitions of the pool come along, so they are no names the place must have.
    graft.written.retain(|name| !globals.contains(name));
    let spoken: String = notes.iter().map(|note| source.of(*note)).collect();
    let words = words_of(&spoken).chain(words_of(name)).collect();
    Some(Piece { name: name.to_owned(), graft, words, gap })
}

/// The gap of a piece: the place of the statement `...`.
fn gap_of(source: &Source, function: Node<'_>) -> Option<Place> {
    let is_gap =
        |node: &Node<'_>| node.kind() == "expression_statement" && source.of(*node) == "...";
    let dots = descendants(function).into_iter().find(is_gap)?;
    let at = source.line_start(dots.start_byte());
    let column = dots.start_position().column;
    places_in(source, function).into_iter().find(|place| place.at == at && place.indent == column)
}

/// The words of a text, in lower case.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    const POOL: &str = "\
def double(n):
    return 2 * n


def _each(items):
    \"\"\"Look at every item.\"\"\"
    total = 0
    for item in items:
        ...
    return total


def _add(total, item):
    total += double(item)


def _stop_early(item):
    if item < 0:
        break


def _elsewhere(other):
    other += 1
";

    #[test]
    fn a_gap_is_filled_by_pieces_that_fit_there() {
        let pool = Pool::parse(POOL).expect("a pool");
        assert_eq!(pool.globals, BTreeSet::from(["double".to_owned()]));
        let each = pool.pieces.iter().find(|piece| piece.name == "each").expect("the piece");
        assert!(each.words.contains("every") && each.graft.ends);
        let mut rng = stream(1, "test", &[]);
        let mut labels = BTreeSet::new();
        for _ in 0..100 {
            let (graft, label) = pool.filled(each, &BTreeMap::new(), 0.5, &mut rng);
            assert!(Source::parse(&graft.text).is_some() && !graft.text.contains("..."), "{label}");
            assert!(graft.free.contains("items") && !graft.free.contains("total"), "{label}");
            assert_eq!(graft.free.contains("double"), label.contains("add"), "{label}");
            labels.insert(label);
        }
        let expected = [
            "each of add",
            "each of add and stop_early",
            "each of stop_early",
            "each of stop_early and add",
        ];
        assert_eq!(labels, expected.map(str::to_owned).into());
    }

    #[test]
    fn what_is_no_pool_gives_none() {
        for text in ["", "def helper():\n    return 1\n", "def _broken(:\n"] {
            assert!(Pool::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn the_pools_of_the_shipped_tasks_are_read_whole() {
        let tasks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks");
        let mut read = 0;
        for task in std::fs::read_dir(tasks).expect("the tasks") {
            let path = task.expect("a task").path().join("ingredients.py");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let pool = Pool::parse(&text).expect("a pool that parses");
            let written = text.lines().filter(|line| line.starts_with("def _")).count();
            assert_eq!(pool.pieces.len(), written, "{}", path.display());
            for piece in &pool.pieces {
                let mut open = piece.graft.free.iter();
                assert!(open.all(|name| !name.starts_with('_')), "{}", piece.name);
            }
            read += 1;
        }
        assert!(read > 0);
    }
}
