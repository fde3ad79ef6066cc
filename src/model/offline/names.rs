//! Which names Python code takes from outside and which it gives.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::syntax::{Source, children, is_docstring, name_of};

/// The names of a piece of code.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    /// Read before the code itself gives them a value; builtins are not counted.
    pub free: BTreeSet<String>,
    /// Given a value.
    pub bound: BTreeSet<String>,
    /// Changed in place by an augmented assignment.
    pub updated: BTreeSet<String>,
}

impl Names {
    /// Every name the code has to do with, whatever its role.
    pub(super) fn mentioned(&self) -> impl Iterator<Item = &String> {
        self.free.iter().chain(&self.bound).chain(&self.updated)
    }
}

/// The names of some statements that follow each other.
pub(super) fn names(source: &Source, nodes: &[Node<'_>]) -> Names {
    let mut names = Names::default();
    for node in nodes {
        visit(source, *node, &mut names);
    }
    names
}

fn visit(source: &Source, node: Node<'_>, names: &mut Names) {
    let field = |name: &str| node.child_by_field_name(name);
    match node.kind() {
        "identifier" => {
            let name = source.of(node);
            if !names.bound.contains(name) && !is_builtin(name) {
                names.free.insert(name.to_owned());
            }
        }
        "attribute" => visit_each(source, field("object"), names),
        "keyword_argument" => visit_each(source, field("value"), names),
        "assignment" => {
            visit_each(source, field("right"), names);
            bind_each(source, field("left"), names);
        }
        "augmented_assignment" => {
            visit_each(source, field("right"), names);
            visit_each(source, field("left"), names);
            let target = field("left").filter(|left| left.kind() == "identifier");
            names.updated.extend(target.map(|left| source.of(left).to_owned()));
        }
        "named_expression" => {
            visit_each(source, field("value"), names);
            bind_each(source, field("name"), names);
        }
        "for_statement" | "for_in_clause" => {
            visit_each(source, field("right"), names);
            bind_each(source, field("left"), names);
            visit_each(source, field("body"), names);
            visit_each(source, field("alternative"), names);
        }
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => {
            let outside = names.bound.clone();
            let body = field("body");
            let clauses = children(node).into_iter().filter(|child| Some(*child) != body);
            visit_each(source, clauses, names);
            visit_each(source, body, names);
            names.bound = outside;
        }
        "lambda" | "function_definition" => {
            bind_each(source, field("name"), names);
            let outside = names.bound.clone();
            names.bound.extend(parameters(source, node));
            visit_each(source, field("body"), names);
            names.bound = outside;
        }
        "class_definition" => bind_each(source, field("name"), names),
        "as_pattern" => {
            for child in children(node) {
                match child.kind() {
                    "as_pattern_target" => bind_each(source, children(child), names),
                    _ => visit(source, child, names),
                }
            }
        }
        "import_statement" | "import_from_statement" | "future_import_statement" => {
            names.bound.extend(imported(source, node));
        }
        "type" | "global_statement" | "nonlocal_statement" => {}
        _ => visit_each(source, children(node), names),
    }
}

fn visit_each<'a>(source: &Source, nodes: impl IntoIterator<Item = Node<'a>>, names: &mut Names) {
    for node in nodes {
        visit(source, node, names);
    }
}

fn bind_each<'a>(source: &Source, targets: impl IntoIterator<Item = Node<'a>>, names: &mut Names) {
    for target in targets {
        match target.kind() {
            "identifier" => {
                names.bound.insert(source.of(target).to_owned());
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" => {
                bind_each(source, children(target), names);
            }
            _ => visit(source, target, names),
        }
    }
}

/// The parameters of a function or lambda.
pub(super) fn parameters(source: &Source, function: Node<'_>) -> Vec<String> {
    let list = function.child_by_field_name("parameters");
    list.map(children)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|parameter| match parameter.kind() {
            "identifier" => Some(parameter),
            "default_parameter" | "typed_default_parameter" => {
                parameter.child_by_field_name("name")
            }
            _ => children(parameter).into_iter().find(|inner| inner.kind() == "identifier"),
        })
        .map(|name| source.of(name).to_owned())
        .collect()
}

fn imported(source: &Source, statement: Node<'_>) -> Vec<String> {
    let module = statement.child_by_field_name("module_name");
    children(statement)
        .into_iter()
        .filter(|child| Some(*child) != module)
        .filter_map(|child| match child.kind() {
            "aliased_import" => child.child_by_field_name("alias"),
            "dotted_name" => children(child).into_iter().next(),
            _ => None,
        })
        .map(|name| source.of(name).to_owned())
        .collect()
}

/// Something a module defines at its top level.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// Where it stands, whole lines.
    pub range: Range<usize>,
    /// What it takes from outside.
    pub free: BTreeSet<String>,
    /// Whether it is an import.
    pub import: bool,
}

/// What a module defines at its top level, by name.
pub(super) fn definitions(source: &Source) -> BTreeMap<String, Definition> {
    let mut found = BTreeMap::new();
    for node in children(source.root()) {
        if is_docstring(node) {
            continue;
        }
        let names = names(source, &[node]);
        let range = source.line_start(node.start_byte())..source.line_end(node.end_byte());
        let import = node.kind().starts_with("import");
        for name in names.bound {
            let free = names.free.clone();
            found.insert(name, Definition { range: range.clone(), free, import });
        }
    }
    found
}

/// The name of the top-level function or class a byte is in.
pub(super) fn definition_around(source: &Source, at: usize) -> Option<(String, usize)> {
    let around = children(source.root())
        .into_iter()
        .find(|node| node.start_byte() <= at && at <= source.line_end(node.end_byte()))?;
    let inner = around.child_by_field_name("definition").unwrap_or(around);
    Some((name_of(source, inner).to_owned(), source.line_start(around.start_byte())))
}

/// Whether a name needs no definition.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.binary_search(&name).is_ok()
}

/// The builtins of Python that code of the kind mutated here uses, sorted.
const BUILTINS: &[&str] = &[
    "AssertionError",
    "AttributeError",
    "Exception",
    "IndexError",
    "KeyError",
    "StopIteration",
    "TypeError",
    "ValueError",
    "ZeroDivisionError",
    "__name__",
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "callable",
    "chr",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Names {
        let source = Source::parse(text).expect("Python");
        names(&source, &children(source.root()))
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn free_names_are_those_read_before_they_are_written() {
        let found = of("x = a + len(b)\ny = x\nfor i in c:\n    total += i * d.e\n");
        assert_eq!(found.free, set(&["a", "b", "c", "d", "total"]));
        assert_eq!(found.bound, set(&["i", "x", "y"]));
        assert_eq!(found.updated, set(&["total"]));
    }

    #[test]
    fn inner_scopes_keep_their_names() {
        let found = of("z = [q for q in w if q > k]\nf = lambda u, v=1: u + v + p\nm = g(key=h)\n");
        assert_eq!(found.free, set(&["g", "h", "k", "p", "w"]));
        assert_eq!(found.bound, set(&["f", "m", "z"]));
        let found = of("def f(a, *b, c: int = 1):\n    d = a\n    return d + b + c + e\n");
        assert_eq!((found.free, found.bound), (set(&["e"]), set(&["f"])));
        let found = of("with open(n) as r:\n    import os.path as s, t\n    (i, j), k.l = r\n");
        assert_eq!(found.bound, set(&["i", "j", "r", "s", "t"]));
        assert_eq!(found.free, set(&["k", "n", "open"]));
    }

    #[test]
    fn builtins_are_sorted_for_the_search() {
        assert!(BUILTINS.is_sorted() && is_builtin("zip") && !is_builtin("snake"));
    }
}
