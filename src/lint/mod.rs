//! What the text of a candidate says that is often a vulnerability: told with its line and a way to mend it.
//!
//! The sandbox is what keeps a candidate from harm; this is advice for people and models who will use the code elsewhere.
//! It reads the syntax tree and the imports, follows no data, and therefore says little and is seldom wrong. A text that
//! does not parse has no findings here: CPython refuses it. What people call code quality is left to those who maintain
//! a linter ([`linter`]).

mod calls;
pub mod linter;
mod names;
mod secrets;

use std::fmt;

use tree_sitter::{Node, Parser};

use crate::domain::files::FileSet;
use names::Imports;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// Text is run as code.
    Eval,
    /// A shell reads a command.
    Shell,
    /// A path leads out of the working directory.
    Path,
    /// Data is read in a way that can run code.
    Deserialise,
    /// A secret is written into the text.
    Secret,
}

impl Weakness {
    /// Its name, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::Shell => "shell",
            Self::Path => "path",
            Self::Deserialise => "deserialise",
            Self::Secret => "secret",
        }
    }
}

/// One place in a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What it is about.
    pub weakness: Weakness,
    /// What is written there, in words.
    pub what: String,
    /// What to write instead.
    pub fix: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, weakness, what, fix } = self;
        write!(f, "{path}:{line}: {}: {what}; {fix}", weakness.as_str())
    }
}

/// The findings in the Python files of a candidate, by file and line. What the files it starts from say too is not its
/// doing and left out.
pub fn findings(files: &FileSet, start: &FileSet) -> Vec<Finding> {
    let of = |files: &FileSet| -> Vec<Finding> {
        let python = files.0.iter().filter(|(path, _)| path.ends_with(".py"));
        python.flat_map(|(path, text)| in_text(path, text)).collect()
    };
    let mut found = of(files);
    if !found.is_empty() {
        let known = of(start);
        found.retain(|finding| {
            let same = |known: &Finding| {
                (&known.path, known.weakness, &known.what)
                    == (&finding.path, finding.weakness, &finding.what)
            };
            !known.iter().any(same)
        });
    }
    found
}

fn in_text(path: &str, text: &str) -> Vec<Finding> {
    let mut parser = Parser::new();
    if parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_err() {
        return Vec::new();
    }
    let Some(tree) = parser.parse(text, None).filter(|tree| !tree.root_node().has_error()) else {
        return Vec::new();
    };
    let source = Source { text };
    let nodes = all(tree.root_node());
    let imports = Imports::of(source, &nodes);
    let mut found = Vec::new();
    for node in nodes {
        let seen = calls::look(source, &imports, node).or_else(|| secrets::look(source, node));
        if let Some((weakness, what, fix)) = seen {
            let line = node.start_position().row + 1;
            found.push(Finding { path: path.to_owned(), line, weakness, what, fix });
        }
    }
    found
}

/// What is wrong with a node: the kind, what it says, what to do.
type Seen = (Weakness, String, &'static str);

/// The text of a file.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
}

impl<'a> Source<'a> {
    fn of(self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text between the quotes of a plain string literal.
    fn literal(self, node: Node<'_>) -> Option<&'a str> {
        if node.kind() != "string" {
            return None;
        }
        let mut cursor = node.walk();
        let mut parts = node.named_children(&mut cursor).filter(|n| n.kind() == "string_content");
        let content = parts.next()?;
        (content.named_child_count() == 0 || !self.of(node).contains('{')).then(|| self.of(content))
    }
}

/// All nodes of a tree, parents before children, in the order of the text.
fn all(root: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        found.push(node);
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        open.extend(children.into_iter().rev());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, &'static str)> {
        let files = FileSet::from_iter([("a.py", text.to_owned())]);
        let seen = findings(&files, &FileSet::default());
        seen.iter().map(|finding| (finding.line, finding.weakness.as_str())).collect()
    }

    #[test]
    fn each_weakness_is_found_on_its_line() {
        for (text, weakness) in [
            ("x = eval(given)\n", "eval"),
            ("exec('x = 1')\n", "eval"),
            ("import builtins as b\nb.eval(given)\n", "eval"),
            ("import os\nos.system('ls ' + name)\n", "shell"),
            ("from os import popen as p\np(name)\n", "shell"),
            ("import subprocess\nsubprocess.run(name, shell=True)\n", "shell"),
            ("from subprocess import getoutput\ngetoutput(name)\n", "shell"),
            ("import pickle\nx = pickle.loads(data)\n", "deserialise"),
            ("from pickle import load\nx = load(file)\n", "deserialise"),
            ("import yaml\nx = yaml.load(text)\n", "deserialise"),
            ("import marshal as m\nx = m.loads(text)\n", "deserialise"),
            ("open('../../etc/passwd')\n", "path"),
            ("with open('/etc/shadow') as f:\n    pass\n", "path"),
            ("archive.extractall('there')\n", "path"),
            ("api_key = 'kd83hfk29dkw02jf'\n", "secret"),
            ("x = {'password': 'h4unted-t0wer-77'}\n", "secret"),
            ("headers = ['AKIA1234567890ABCDEF']\n", "secret"),
            ("key = '-----BEGIN RSA PRIVATE KEY-----'\n", "secret"),
        ] {
            let line = text.lines().count().min(if text.starts_with("with") { 1 } else { 9 });
            assert_eq!(found(text), [(line, weakness)], "{text}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_left_alone() {
        for text in [
            "model.eval(x)\n",
            "import re\np = re.compile('x')\n",
            "import subprocess\nsubprocess.run(['ls'], shell=False)\n",
            "import json\nx = json.loads(text)\n",
            "import yaml\nx = yaml.load(text, Loader=yaml.SafeLoader)\n",
            "def load(x):\n    return x\n\n\nload(1)\n",
            "open('notes/a.txt')\nopen(path)\n",
            "token = 'identifier'\npassword = ''\npassword = read()\n",
            "tokens = 'a1b2c3d4e5f6a7b8'\nsecret = 'your-secret-goes-here'\n",
            "archive.extractall('there', filter='data')\n",
            "# eval(x) and os.system(x)\ntext = 'eval(x)'\n",
            "def f(:\n    eval(x)\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_the_start_says_is_not_the_candidates_doing() {
        let start = FileSet::from_iter([("a.py", "x = eval(given)\n")]);
        let moved = FileSet::from_iter([("a.py", "y = 1\nx = eval(given)\n")]);
        assert_eq!(findings(&moved, &start), []);
        let more = FileSet::from_iter([("a.py", "x = eval(given)\nexec(given)\n")]);
        let seen = findings(&more, &start);
        let [finding] = &seen[..] else { panic!("{seen:?}") };
        let told = finding.to_string();
        assert!(told.starts_with("a.py:2: eval: `exec` runs text as code; "), "{told}");
    }
}
