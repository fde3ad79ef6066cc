//! The layer table of ARCHITECTURE.md, enforced on every path in `src/`.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// One row of the table.
#[derive(Debug, Default)]
struct Row {
    may_use: BTreeSet<String>,
    alone: Vec<String>,
}

type Table = BTreeMap<String, Row>;

fn table(document: &str) -> Table {
    let body = document
        .split("<!-- layers -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /layers -->").next())
        .expect("ARCHITECTURE.md has a table between the two layer comments");
    body.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| module"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let names = |cell: &str| -> Vec<String> {
                cell.split(',')
                    .map(|name| name.trim().trim_matches('`').to_owned())
                    .filter(|name| !name.is_empty())
                    .collect()
            };
            let row =
                Row { may_use: names(cells[2]).into_iter().collect(), alone: names(cells[3]) };
            (cells[0].to_owned(), row)
        })
        .collect()
}

/// Every path a file uses, made absolute: `crate::…`, or an outside path, or `name!` for a macro.
struct Paths<'a> {
    /// The module path of the code being visited, below `crate`.
    module: Vec<String>,
    found: &'a mut BTreeSet<String>,
}

impl Paths<'_> {
    fn add(&mut self, segments: &[String]) {
        let Some(first) = segments.first() else { return };
        let mut at = self.module.clone();
        let absolute: Vec<String> = match first.as_str() {
            "crate" => segments.to_vec(),
            "self" | "super" => {
                let mut rest = segments;
                while let Some(word) =
                    rest.first().filter(|word| *word == "super" || *word == "self")
                {
                    if word == "super" {
                        at.pop();
                    }
                    rest = &rest[1..];
                }
                [vec!["crate".to_owned()], at, rest.to_vec()].concat()
            }
            _ => segments.to_vec(),
        };
        self.found.insert(absolute.join("::"));
    }

    fn add_tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(prefix, tree);
                }
            }
            syn::UseTree::Name(name) => {
                self.add(&[prefix.clone(), vec![name.ident.to_string()]].concat());
            }
            syn::UseTree::Rename(name) => {
                self.add(&[prefix.clone(), vec![name.ident.to_string()]].concat());
            }
            syn::UseTree::Glob(_) => self.add(prefix),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.segments.last() {
            self.found.insert(format!("{}!", name.ident));
        }
        // A macro's arguments are tokens, not syntax: find the paths among them by their look.
        let tokens = call.tokens.to_string().replace(" :: ", "::").replace(":: ", "::");
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for word in tokens.split(|c: char| !is_part(c)).filter(|word| word.contains("::")) {
            let segments: Vec<String> =
                word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            self.add(&segments);
        }
        visit::visit_macro(self, call);
    }
}

/// The paths of one source file, `relative` to `src/`.
fn paths_of(relative: &str, source: &str) -> BTreeSet<String> {
    let mut module: Vec<String> =
        relative.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{relative}: {error}"));
    let mut found = BTreeSet::new();
    Paths { module, found: &mut found }.visit_file(&file);
    found
}

/// What a file does that its row does not allow.
fn violations(table: &Table, relative: &str, source: &str) -> Vec<String> {
    let home = match relative {
        "lib.rs" => return Vec::new(),
        "main.rs" => "main",
        other => other.split('/').next().expect("a first folder").trim_end_matches(".rs"),
    };
    let nothing = Row { may_use: ["cli".to_owned()].into(), alone: Vec::new() };
    let row = match table.get(home) {
        Some(row) => row,
        None if home == "main" => &nothing,
        None => return vec![format!("{relative}: module `{home}` has no row in ARCHITECTURE.md")],
    };
    let mut found = Vec::new();
    for path in paths_of(relative, source) {
        let inner = path.strip_prefix("crate::").or_else(|| path.strip_prefix("hyperagent::"));
        if let Some(inner) = inner {
            let module = inner.split("::").next().unwrap_or(inner);
            if table.contains_key(module) && module != home && !row.may_use.contains(module) {
                found.push(format!("{relative}: `{home}` may not use `{path}`"));
            }
            continue;
        }
        for (owner, owned) in table.iter().filter(|(owner, _)| *owner != home) {
            let shared = |own: &&String| !row.alone.contains(own);
            if owned
                .alone
                .iter()
                .filter(shared)
                .any(|own| path == *own || path.starts_with(&format!("{own}::")))
            {
                found.push(format!("{relative}: `{path}` belongs to `{owner}` alone"));
            }
        }
    }
    found
}

fn sources(folder: &Path, below: &str, into: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder of sources")
        .map(|entry| entry.expect("an entry"))
        .collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().expect("a plain name");
        let relative = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            sources(&entry.path(), &relative, into);
        } else if name.ends_with(".rs") {
            into.push((relative, std::fs::read_to_string(entry.path()).expect("a source")));
        }
    }
}

fn checked_in_table() -> Table {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    table(&std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md"))
}

#[test]
fn every_path_keeps_to_the_table() {
    let table = checked_in_table();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.len() > 20, "only {} sources were found", files.len());
    let found: Vec<String> =
        files.iter().flat_map(|(relative, source)| violations(&table, relative, source)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_table_itself_has_no_upward_edge() {
    let order = [
        "base", "domain", "sandbox", "lint", "lab", "model", "archive", "journal", "script",
        "prompt", "solve", "evaluate", "rewrite", "engine", "view", "cli",
    ];
    let place = |module: &str| order.iter().position(|name| *name == module);
    let table = checked_in_table();
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), order.into());
    for (module, row) in &table {
        for used in &row.may_use {
            assert!(place(used) < place(module), "{module} would use {used}");
        }
    }
}

#[test]
fn a_planted_violation_is_found() {
    let table = checked_in_table();
    let found = |relative: &str, source: &str| violations(&table, relative, source);

    assert_eq!(found("domain/task.rs", "use crate::base::id::TaskName;"), [""; 0]);
    assert_eq!(
        found("domain/task.rs", "use crate::{base::id::Alias, engine::run};"),
        ["domain/task.rs: `domain` may not use `crate::engine::run`"]
    );
    assert_eq!(
        found("model/wire/chat.rs", "fn f() { super::super::super::archive::open() }"),
        ["model/wire/chat.rs: `model` may not use `crate::archive::open`"]
    );
    assert_eq!(
        found("solve/mod.rs", "mod inner { use super::super::evaluate::Evaluator; }"),
        ["solve/mod.rs: `solve` may not use `crate::evaluate::Evaluator`"]
    );
    assert_eq!(
        found("engine/mod.rs", "fn f() { format!(\"{}\", crate::view::run::of(1)); }"),
        ["engine/mod.rs: `engine` may not use `crate::view::run::of`"]
    );
    assert_eq!(found("solve/mod.rs", "use super::solve::attempt;"), [""; 0]);
}

#[test]
fn what_belongs_to_one_module_is_found_elsewhere() {
    let table = checked_in_table();
    let found = |relative: &str, source: &str| violations(&table, relative, source).join("; ");

    assert!(found("view/run.rs", "use git2::Repository;").contains("belongs to `archive`"));
    assert!(found("engine/mod.rs", "fn f() { println!(\"x\"); }").contains("`cli` alone"));
    assert!(
        found("cli/mod.rs", "use std::process::{Command, ExitCode};").contains("`sandbox` alone")
    );
    assert!(found("script/mod.rs", "use tokio::process::Child;").contains("`sandbox` alone"));
    assert_eq!(found("cli/mod.rs", "use std::process::ExitCode;"), "");
    assert!(found("nowhere/mod.rs", "fn f() {}").contains("has no row"));
}
