//! Who is meant by a name: imports, followed back to where they came from.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::Source;

/// What the names of a file stand for, by its imports, wherever they are.
pub(super) struct Imports {
    of: BTreeMap<String, String>,
}

impl Imports {
    /// The imports among these nodes.
    pub(super) fn of(source: Source<'_>, nodes: &[Node<'_>]) -> Self {
        let mut of = BTreeMap::new();
        for node in nodes {
            let module = match node.kind() {
                "import_statement" => String::new(),
                "import_from_statement" => match node.child_by_field_name("module_name") {
                    Some(module) => format!("{}.", source.of(module)),
                    None => continue,
                },
                _ => continue,
            };
            let mut cursor = node.walk();
            for name in node.children_by_field_name("name", &mut cursor) {
                let (full, alias) = match name.kind() {
                    "aliased_import" => (
                        name.child_by_field_name("name").map_or("", |name| source.of(name)),
                        name.child_by_field_name("alias").map_or("", |alias| source.of(alias)),
                    ),
                    // `import a.b` binds `a`.
                    _ if module.is_empty() => continue,
                    _ => (source.of(name), source.of(name)),
                };
                of.insert(alias.to_owned(), format!("{module}{full}"));
            }
        }
        Self { of }
    }

    /// The full name of what is called: `p` after `from os import popen as p` is `os.popen`.
    pub(super) fn full(&self, name: &str) -> String {
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, format!(".{rest}")),
            None => (name, String::new()),
        };
        format!("{}{rest}", self.of.get(first).map_or(first, String::as_str))
    }
}
