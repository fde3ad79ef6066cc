//! Statements moved from one module into a function of another.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::draw::{Stream, one_of};
use super::names::{definition_around, definitions, names};
use super::place::Place;
use super::syntax::{Source, children, descendants, ends_block, indented, is_docstring};

/// Statements to be inserted, at the left margin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Graft {
    /// The statements.
    pub text: String,
    /// The names they take from the place they are put.
    pub free: BTreeSet<String>,
    /// The names they give a value or change.
    pub written: BTreeSet<String>,
    /// Whether they do more than write to names: leave the function or the loop, call something for its effect.
    pub acts: bool,
    /// Whether nothing after them in their block is reached.
    pub ends: bool,
    /// Whether they continue or break a loop around them.
    pub leaves_loop: bool,
}

impl Graft {
    /// The statements `nodes`, which follow each other in a block of `source`.
    pub(super) fn new(source: &Source, nodes: &[Node<'_>]) -> Self {
        let names = names(source, nodes);
        let inside: Vec<Node<'_>> = nodes.iter().flat_map(|node| descendants(*node)).collect();
        Self {
            text: source.dedented(nodes),
            free: names.free,
            written: names.bound.into_iter().chain(names.updated).collect(),
            acts: inside.iter().any(|node| has_effect(*node)),
            ends: nodes.last().is_some_and(|last| ends_block(*last)),
            leaves_loop: nodes.iter().any(|node| leaves_loop(*node)),
        }
    }

    /// Whether the graft may stand at a place as it is: its names exist there, and a loop it leaves does.
    pub(super) fn fits(&self, place: &Place, globals: &BTreeSet<String>) -> bool {
        (!self.leaves_loop || place.in_loop)
            && self.free.iter().all(|name| place.scope.contains(name) || globals.contains(name))
    }

    /// Whether anything after a place can notice the graft.
    pub(super) fn matters(&self, place: &Place) -> bool {
        self.acts || self.written.iter().any(|name| place.needed.contains(name))
    }

    /// The graft with each name that does not exist at the place replaced by one that does.
    pub(super) fn repaired(
        &self,
        place: &Place,
        globals: &BTreeSet<String>,
        rng: &mut Stream,
    ) -> Option<Self> {
        let mut names = BTreeMap::new();
        for name in &self.free {
            if place.scope.contains(name) || globals.contains(name) {
                continue;
            }
            let taken: BTreeSet<&String> = names.values().collect();
            let locals = place.scope.iter().filter(|local| !globals.contains(*local));
            let open: Vec<&String> = locals.filter(|local| !taken.contains(local)).collect();
            names.insert(name.clone(), one_of(rng, open)?.clone());
        }
        let source = Source::parse(&self.text)?;
        let renamed = Source::parse(&rename(&source, &names))?;
        Some(Self::new(&renamed, &children(renamed.root())))
    }
}

fn has_effect(node: Node<'_>) -> bool {
    match node.kind() {
        "return_statement" | "raise_statement" | "break_statement" | "continue_statement"
        | "delete_statement" | "yield" | "await" => true,
        "expression_statement" => {
            !is_docstring(node) && children(node).iter().any(|inner| inner.kind() == "call")
        }
        "assignment" | "augmented_assignment" => node
            .child_by_field_name("left")
            .is_some_and(|left| matches!(left.kind(), "subscript" | "attribute")),
        _ => false,
    }
}

fn leaves_loop(node: Node<'_>) -> bool {
    match node.kind() {
        "break_statement" | "continue_statement" => true,
        "for_statement" | "while_statement" | "function_definition" | "class_definition" => false,
        _ => children(node).into_iter().any(leaves_loop),
    }
}

/// The text with variables renamed; attributes and keywords keep their names.
fn rename(source: &Source, names: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let mut at = 0;
    for node in descendants(source.root()) {
        let Some(new) = names.get(source.of(node)).filter(|_| node.kind() == "identifier") else {
            continue;
        };
        let field = |parent: Node<'_>, name: &str| parent.child_by_field_name(name) == Some(node);
        let is_member = node.parent().is_some_and(|parent| {
            parent.kind() == "attribute" && field(parent, "attribute")
                || parent.kind() == "keyword_argument" && field(parent, "name")
        });
        if !is_member {
            text.push_str(source.slice(at..node.start_byte()));
            text.push_str(new);
            at = node.end_byte();
        }
    }
    text.push_str(source.slice(at..source.text().len()));
    text
}

/// The module with a graft at a place. What the graft mentions of its donor's top level comes along where the module
/// does not define it; statements that would no longer be reached go.
pub(super) fn insert(target: &Source, place: &Place, graft: &Graft, donor: &Source) -> String {
    let lines = indented(&graft.text, place.indent);
    let replaced = if graft.ends { place.rest.clone() } else { place.at..place.at };
    with_definitions(target, replaced, &lines, &graft.free, donor)
}

/// The module with a part of it replaced and with those definitions of the donor that the new part needs.
pub(super) fn with_definitions(
    target: &Source,
    replaced: Range<usize>,
    new: &str,
    needs: &BTreeSet<String>,
    donor: &Source,
) -> String {
    let own = definitions(target);
    let theirs = definitions(donor);
    let mut open: Vec<&String> = needs.iter().collect();
    let mut wanted: BTreeMap<usize, (Range<usize>, bool)> = BTreeMap::new();
    while let Some(name) = open.pop() {
        if own.contains_key(name) {
            continue;
        }
        if let Some(definition) = theirs.get(name) {
            let (range, import) = (definition.range.clone(), definition.import);
            if wanted.insert(range.start, (range, import)).is_none() {
                open.extend(&definition.free);
            }
        }
    }
    let text_of = |imports: bool, gap: &str| -> String {
        wanted
            .values()
            .filter(|(_, import)| *import == imports)
            .flat_map(|(range, _)| [donor.slice(range.clone()), gap])
            .collect()
    };
    let top = after_docstring(target);
    let before = definition_around(target, replaced.start).map_or(top, |(_, start)| start.max(top));
    let imports = text_of(true, "");
    let space = if imports.is_empty() { "" } else { "\n\n" };
    [
        target.slice(0..top),
        &imports,
        space,
        target.slice(top..before),
        &text_of(false, "\n\n"),
        target.slice(before..replaced.start),
        new,
        target.slice(replaced.end..target.text().len()),
    ]
    .concat()
}

/// Where a module's imports begin: after its docstring and what must precede other imports.
fn after_docstring(source: &Source) -> usize {
    children(source.root())
        .into_iter()
        .take_while(|node| is_docstring(*node) || node.kind().contains("import"))
        .last()
        .map_or(0, |node| source.line_end(node.end_byte()))
}

#[cfg(test)]
mod tests {
    use super::super::place::places;
    use super::*;
    use crate::base::rng::stream;

    const DONOR: &str = "\
import math

SIZE = 3


def twice(n):
    return n * SIZE


def unused():
    return 0


def g(v):
    w = twice(math.floor(v))
    return w
";
    const TARGET: &str = "\"\"\"Doc.\"\"\"\n\n\ndef f(n):\n    m = n\n    return m\n";

    fn donated(line: &str) -> (Source, Graft) {
        let source = Source::parse(DONOR).expect("Python");
        let node = descendants(source.root())
            .into_iter()
            .find(|node| {
                node.parent().is_some_and(|it| it.kind() == "block") && source.of(*node) == line
            })
            .expect("the statement");
        let graft = Graft::new(&source, &[node]);
        (source, graft)
    }

    #[test]
    fn a_graft_brings_its_definitions_and_cuts_what_is_no_longer_reached() {
        let target = Source::parse(TARGET).expect("Python");
        let globals: BTreeSet<String> = ["twice", "math"].map(str::to_owned).into();
        let mut rng = stream(1, "test", &[]);
        let (donor, graft) = donated("w = twice(math.floor(v))");
        let place = places(&target).remove(1);
        assert!(!graft.fits(&place, &globals));
        let graft = graft.repaired(&place, &globals, &mut rng).expect("a repair");
        assert!(graft.fits(&place, &globals) && !graft.matters(&place));
        let text = insert(&target, &place, &graft, &donor);
        let name = if text.contains("floor(n)") { "n" } else { "m" };
        assert_eq!(
            text,
            format!(
                "\"\"\"Doc.\"\"\"\nimport math\n\n\n\n\nSIZE = 3\n\n\ndef twice(n):\n    return n * SIZE\n\n\n\
                 def f(n):\n    m = n\n    w = twice(math.floor({name}))\n    return m\n"
            )
        );
        let (donor, graft) = donated("return w");
        let first = places(&target).remove(0);
        let graft = graft.repaired(&first, &globals, &mut rng).expect("a repair");
        let text = insert(&target, &first, &graft, &donor);
        assert_eq!(text, "\"\"\"Doc.\"\"\"\n\n\ndef f(n):\n    return n\n");
    }

    #[test]
    fn a_statement_that_leaves_a_loop_needs_one() {
        let source = Source::parse("for a in b:\n    if a:\n        continue\n").expect("Python");
        let whole = children(source.root());
        assert!(!Graft::new(&source, &whole).leaves_loop);
        let inner: Vec<Node<'_>> = descendants(source.root())
            .into_iter()
            .filter(|node| node.kind() == "if_statement")
            .collect();
        assert!(Graft::new(&source, &inner).leaves_loop);
    }

    #[test]
    fn renaming_leaves_members_alone() {
        let source = Source::parse("x.x = f(x=x, y=[x for z in x])\n").expect("Python");
        let names = BTreeMap::from([("x".to_owned(), "n".to_owned())]);
        assert_eq!(rename(&source, &names), "n.x = f(x=n, y=[n for z in n])\n");
    }
}
