//! Python text with its syntax tree.

use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

/// A Python text that parses, and its tree. The text ends in a line feed.
pub(super) struct Source {
    text: String,
    tree: Tree,
}

impl Source {
    /// Parses a text; `None` when the tree has an error. (The tree accepts a little more than CPython does, so a text
    /// that parses here may still be refused by the screening.)
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut text = text.to_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
        let tree = parser.parse(&text, None)?;
        (!tree.root_node().has_error()).then_some(Self { text, tree })
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The module.
    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node.
    pub(super) fn of(&self, node: Node<'_>) -> &str {
        self.slice(node.byte_range())
    }

    /// A part of the text.
    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The whole text with a part of it replaced.
    pub(super) fn with(&self, range: Range<usize>, new: &str) -> String {
        [self.slice(0..range.start), new, self.slice(range.end..self.text.len())].concat()
    }

    /// The start of the line a byte is in.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.slice(0..at).rfind('\n').map_or(0, |feed| feed + 1)
    }

    /// The end of the line a byte is in, its line feed included.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.slice(at..self.text.len());
        rest.find('\n').map_or(self.text.len(), |feed| at + feed + 1)
    }

    /// Whether nothing but blanks stands before a node on its line.
    pub(super) fn begins_line(&self, node: Node<'_>) -> bool {
        self.slice(self.line_start(node.start_byte())..node.start_byte()).trim().is_empty()
    }

    /// The lines from the first of `nodes` to the last, moved to the left margin.
    pub(super) fn dedented(&self, nodes: &[Node<'_>]) -> String {
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else {
            return String::new();
        };
        let start = self.line_start(first.start_byte());
        let margin = self.slice(start..first.start_byte());
        let lines = self.slice(start..last.end_byte()).lines();
        lines
            .flat_map(|line| [line.strip_prefix(margin).unwrap_or(line.trim_start()), "\n"])
            .collect()
    }
}

/// Lines moved to the right; blank lines stay empty.
pub(super) fn indented(text: &str, columns: usize) -> String {
    let margin = " ".repeat(columns);
    let line = |line: &str| {
        if line.trim().is_empty() { "\n".to_owned() } else { format!("{margin}{line}\n") }
    };
    text.lines().map(line).collect()
}

/// The named children of a node, comments left out.
pub(super) fn children<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// A node and everything below it, tokens included, in the order of the text.
pub(super) fn descendants<'a>(node: Node<'a>) -> Vec<Node<'a>> {
    let mut found = vec![node];
    let mut cursor = node.walk();
    let mut descends = true;
    loop {
        if descends && cursor.goto_first_child() || cursor.goto_next_sibling() {
            found.push(cursor.node());
            descends = true;
        } else if cursor.goto_parent() {
            descends = false;
        } else {
            return found;
        }
    }
}

/// The statements in the blocks below a node that have lines of their own, docstrings left out.
pub(super) fn statements<'a>(source: &Source, node: Node<'a>) -> Vec<Node<'a>> {
    let blocks = descendants(node).into_iter().filter(|node| node.kind() == "block");
    let all = blocks.flat_map(children);
    all.filter(|node| source.begins_line(*node) && !is_docstring(*node)).collect()
}

/// The functions of a module, methods and inner functions included.
pub(super) fn functions(source: &Source) -> Vec<Node<'_>> {
    let mut nodes = descendants(source.root());
    nodes.retain(|node| node.kind() == "function_definition");
    nodes
}

/// The name of a function or class.
pub(super) fn name_of<'a>(source: &'a Source, definition: Node<'_>) -> &'a str {
    definition.child_by_field_name("name").map_or("", |name| source.of(name))
}

/// Whether a statement is a string on its own: a docstring.
pub(super) fn is_docstring(statement: Node<'_>) -> bool {
    statement.kind() == "expression_statement"
        && matches!(children(statement).as_slice(), [only] if only.kind() == "string")
}

/// Whether no statement after this one in its block is reached.
pub(super) fn ends_block(statement: Node<'_>) -> bool {
    matches!(
        statement.kind(),
        "return_statement" | "raise_statement" | "break_statement" | "continue_statement"
    )
}
