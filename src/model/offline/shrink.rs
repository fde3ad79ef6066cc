//! Making a program smaller.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::draw::{Stream, one_of};
use super::focus::Focus;
use super::names::{Names, names};
use super::syntax::{Source, children, descendants, functions, indented, is_docstring, name_of};

/// A smaller program and what is gone.
pub(super) struct Shrunk {
    /// The new text.
    pub text: String,
    /// The first line of what was removed.
    pub gone: String,
    /// The function it was in.
    pub function: String,
}

/// Deletes a statement, or puts the body of an `if` in its place. The last statement of a block and the `return` that
/// ends a function stay. Definitions of the pool that nothing mentions any more go too.
pub(super) fn shrink(
    source: &Source,
    focus: &Focus,
    brought: &BTreeSet<String>,
    rng: &mut Stream,
) -> Option<Shrunk> {
    let mut choices = Vec::new();
    for function in functions(source) {
        for node in descendants(function) {
            let own_lines = |first: &Node<'_>| source.begins_line(*first);
            if node.kind() == "block" && children(node).first().is_some_and(own_lines) {
                choices.extend(removable(node).into_iter().map(|it| (function, it, None)));
            }
            if let Some(body) = body_of_if(source, node) {
                choices.push((function, node, Some(body)));
            }
        }
    }
    choices.retain(|(_, node, _)| focus.holds(node.start_byte()));
    let (function, node, body) = one_of(rng, choices)?;
    let lines = source.line_start(node.start_byte())..source.line_end(node.end_byte());
    let instead = body.map(|body| {
        let statements = children(body);
        indented(&source.dedented(&statements), node.start_position().column)
    });
    let text = source.with(lines, &instead.unwrap_or_default());
    Some(Shrunk {
        text: without_unused(&text, brought),
        gone: source.of(node).lines().next().unwrap_or_default().to_owned(),
        function: name_of(source, function).to_owned(),
    })
}

fn removable(block: Node<'_>) -> Vec<Node<'_>> {
    let statements = children(block);
    if statements.len() < 2 {
        return Vec::new();
    }
    let in_function = block.parent().is_some_and(|parent| parent.kind() == "function_definition");
    let last = statements.last().copied();
    let is_result = |statement: Node<'_>| {
        in_function && Some(statement) == last && statement.kind() == "return_statement"
    };
    let keep = |statement: &Node<'_>| !is_docstring(*statement) && !is_result(*statement);
    statements.into_iter().filter(keep).collect()
}

/// The body of a plain `if` on lines of its own.
fn body_of_if<'a>(source: &Source, node: Node<'a>) -> Option<Node<'a>> {
    let plain = node.kind() == "if_statement" && node.child_by_field_name("alternative").is_none();
    let body = node.child_by_field_name("consequence").filter(|_| plain)?;
    children(body).first().filter(|first| source.begins_line(**first)).map(|_| body)
}

/// The text without those of the named top-level definitions that nothing else mentions.
fn without_unused(text: &str, named: &BTreeSet<String>) -> String {
    let Some(source) = Source::parse(text) else { return text.to_owned() };
    let statements = children(source.root()).into_iter();
    let mut kept: Vec<(Node<'_>, Names)> =
        statements.map(|node| (node, names(&source, &[node]))).collect();
    let mut gone: Vec<Node<'_>> = Vec::new();
    while let Some(at) = kept.iter().position(|(node, own)| {
        let is_mentioned = |name: &String| {
            kept.iter()
                .any(|(other, names)| other != node && names.mentioned().any(|it| it == name))
        };
        own.bound.iter().any(|name| named.contains(name))
            && own.bound.iter().all(|name| named.contains(name) && !is_mentioned(name))
    }) {
        gone.push(kept.remove(at).0);
    }
    gone.sort_by_key(Node::start_byte);
    let mut left = String::new();
    let mut at = 0;
    for node in gone {
        left.push_str(source.slice(at..source.line_start(node.start_byte())));
        let end = source.line_end(node.end_byte());
        let rest = source.slice(end..source.text().len());
        at = end + rest.len() - rest.trim_start_matches('\n').len();
    }
    left.push_str(source.slice(at..source.text().len()));
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    #[test]
    fn statements_go_and_so_do_definitions_nothing_needs_any_more() {
        let text = "\
SIZE = 3


def near(n):
    return n < SIZE


def f(a):
    b = a
    if near(a):
        b = 0
    return b
";
        let source = Source::parse(text).expect("Python");
        let brought: BTreeSet<String> = ["SIZE", "near"].map(str::to_owned).into();
        let mut rng = stream(1, "test", &[]);
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            let focus = Focus::away_from(&source, &brought, &mut rng);
            let shrunk = shrink(&source, &focus, &brought, &mut rng).expect("a change");
            if shrunk.function != "f" {
                continue;
            }
            seen.insert(shrunk.text);
        }
        let with = |body: &str| format!("def f(a):\n{body}    return b\n");
        let kept = text.find("def f").map(|at| text[..at].to_owned()).expect("the function");
        let expected = [
            with("    b = a\n"),
            with("    b = a\n    b = 0\n"),
            format!("{kept}{}", with("    if near(a):\n        b = 0\n")),
        ];
        assert_eq!(seen, expected.into());
    }
}
