//! Where a statement can be put.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::Node;

use super::names::{Names, definitions, names, parameters};
use super::syntax::{Source, children, ends_block, is_docstring, name_of};

/// A gap between the statements of a function.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The start of the line before which a statement would stand.
    pub at: usize,
    /// Its indentation, columns.
    pub indent: usize,
    /// The rest of the block, whole lines; cut when what is inserted ends the block.
    pub rest: Range<usize>,
    /// The names that have a value here, or may have one.
    pub scope: BTreeSet<String>,
    /// The names that code after this gap mentions, in the block and in the blocks around it.
    pub needed: BTreeSet<String>,
    /// Whether a loop of the same function is around it.
    pub in_loop: bool,
    /// The innermost function around it.
    pub function: String,
}

/// Every gap in every function of a module, in the order of the text.
pub(super) fn places(source: &Source) -> Vec<Place> {
    let mut found = Vec::new();
    let globals: BTreeSet<String> = definitions(source).into_keys().collect();
    visit_inner(source, source.root(), &globals, &mut found);
    found.sort_by_key(|place| (place.at, place.indent));
    found
}

/// Every gap in one function of a module.
pub(super) fn places_in(source: &Source, function: Node<'_>) -> Vec<Place> {
    let mut found = Vec::new();
    visit_function(source, function, BTreeSet::new(), &mut found);
    found
}

/// What is known around a block.
#[derive(Clone)]
struct Around<'a> {
    scope: BTreeSet<String>,
    needed: BTreeSet<String>,
    in_loop: bool,
    function: &'a str,
}

/// Visits the functions below a node, the node itself left out.
fn visit_inner(source: &Source, node: Node<'_>, scope: &BTreeSet<String>, found: &mut Vec<Place>) {
    for child in children(node) {
        if child.kind() == "function_definition" {
            visit_function(source, child, scope.clone(), found);
        } else {
            visit_inner(source, child, scope, found);
        }
    }
}

fn visit_function(
    source: &Source,
    function: Node<'_>,
    mut scope: BTreeSet<String>,
    found: &mut Vec<Place>,
) {
    scope.extend(parameters(source, function));
    let name = name_of(source, function);
    let around = Around { scope, needed: BTreeSet::new(), in_loop: false, function: name };
    if let Some(body) = function.child_by_field_name("body") {
        visit_block(source, body, around, found);
    }
}

fn visit_block(source: &Source, block: Node<'_>, mut around: Around<'_>, found: &mut Vec<Place>) {
    let statements = children(block);
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else { return };
    let own_lines = source.begins_line(*first);
    let end = source.line_end(last.end_byte());
    let names_of = |statement: &Node<'_>| names(source, &[*statement]);
    let names: Vec<Names> = statements.iter().map(names_of).collect();
    let needed = needed_before_each(&names, &around.needed);
    for ((statement, names), (here, after)) in
        statements.iter().zip(names).zip(needed.iter().zip(needed.iter().skip(1)))
    {
        if own_lines && !is_docstring(*statement) {
            let at = source.line_start(statement.start_byte());
            found.push(place(&around, at, *first, at..end, here.clone()));
        }
        let inside = Around { needed: after.clone(), ..around.clone() };
        visit_statement(source, *statement, inside, found);
        around.scope.extend(names.bound);
    }
    if own_lines && !ends_block(*last) {
        found.push(place(&around, end, *first, end..end, around.needed.clone()));
    }
}

/// The names mentioned from each statement on, and, last, those mentioned after the block.
fn needed_before_each(statements: &[Names], after: &BTreeSet<String>) -> Vec<BTreeSet<String>> {
    let mut needed = vec![after.clone()];
    for names in statements.iter().rev() {
        let mut before = needed.last().cloned().unwrap_or_default();
        before.extend(names.mentioned().cloned());
        needed.push(before);
    }
    needed.reverse();
    needed
}

fn place(
    around: &Around<'_>,
    at: usize,
    first: Node<'_>,
    rest: Range<usize>,
    needed: BTreeSet<String>,
) -> Place {
    Place {
        at,
        indent: first.start_position().column,
        rest,
        scope: around.scope.clone(),
        needed,
        in_loop: around.in_loop,
        function: around.function.to_owned(),
    }
}

/// Visits the blocks of a compound statement.
fn visit_statement(
    source: &Source,
    statement: Node<'_>,
    mut around: Around<'_>,
    found: &mut Vec<Place>,
) {
    match statement.kind() {
        "function_definition" => return visit_function(source, statement, around.scope, found),
        "class_definition" | "decorated_definition" => {
            return visit_inner(source, statement, &around.scope, found);
        }
        "for_statement" => {
            let head: Vec<Node<'_>> = statement.child_by_field_name("left").into_iter().collect();
            around.scope.extend(names(source, &head).mentioned().cloned());
            around.in_loop = true;
        }
        "while_statement" => {
            let head: Vec<Node<'_>> =
                statement.child_by_field_name("condition").into_iter().collect();
            around.needed.extend(names(source, &head).mentioned().cloned());
            around.in_loop = true;
        }
        _ => {}
    }
    for child in children(statement) {
        match child.kind() {
            "block" => visit_block(source, child, around.clone(), found),
            "elif_clause" | "else_clause" | "except_clause" | "finally_clause" | "with_clause"
            | "case_clause" => visit_statement(source, child, around.clone(), found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
def f(a, b):
    \"\"\"Doc.\"\"\"
    best = 0
    for x in a:
        if x > b: break
        best = x
    return best
";

    #[test]
    fn gaps_know_their_names_and_what_is_needed_after_them() {
        let source = Source::parse(TEXT).expect("Python");
        let places = places(&source);
        let at = |line: &str| {
            let start = TEXT.find(line).expect("the line");
            places.iter().find(|place| place.at == start).expect("a place")
        };
        // Before `best`, the loop, the `if`, the second `best`, the end of the loop, the `return`; neither before the
        // docstring, nor in the body on the line of the `if`, nor after the `return`.
        assert_eq!(places.len(), 6);
        assert!(!at("    best = 0").scope.contains("best"));
        assert!(at("    for x").scope.contains("best") && !at("    for x").scope.contains("x"));
        let inside = at("        best = x");
        assert!(inside.in_loop && inside.scope.contains("x") && inside.indent == 8);
        assert!(inside.needed.contains("best"));
        let last = at("    return");
        assert!(!last.in_loop && last.needed.contains("best") && !last.needed.contains("b"));
        assert_eq!(source.slice(last.rest.clone()), "    return best\n");
    }
}
