//! The one table of what a prompt may use: every variable of every role, with its shape and meaning.
//!
//! `docs/prompts.md` is this table as a page, the kernel fills exactly these variables, and validation refuses
//! any other.

mod meta;
mod other;
mod worker;

/// The variables of one role.
#[derive(Debug)]
pub struct RoleVariables {
    /// The role's name in `agent.toml`.
    pub role: &'static str,
    /// What the role is for, in a sentence.
    pub purpose: &'static str,
    /// Its variables, in the order of the documentation.
    pub variables: &'static [Variable],
}

/// One variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name in a template.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What becomes of it.
    pub kind: Kind,
    /// What it means, with its unit.
    pub meaning: &'static str,
}

/// Whether a prompt must use a variable, and whether `show` can leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every prompt of the role must use it: without it the role cannot do its work.
    Required,
    /// Always filled.
    Given,
    /// Filled unless `show` names other parts only; then it is empty, never undefined.
    Shown,
}

/// What a variable holds.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text, possibly empty.
    Text,
    /// A number, or none where there is none yet.
    Number,
    /// A map with keys of its own; guard each with `is defined` or `|default(...)`.
    Map,
    /// One record.
    Record(&'static [Field]),
    /// A list of records, possibly empty.
    Rows(&'static [Field]),
    /// A list of texts, possibly empty.
    Texts,
}

/// One field of a record.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type, for people.
    pub holds: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl Shape {
    /// The fields of a record or of the records of a list.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Record(fields) | Self::Rows(fields) => fields,
            Self::Text | Self::Number | Self::Map | Self::Texts => &[],
        }
    }

    /// The shape as people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number or none",
            Self::Map => "map",
            Self::Record(_) => "record",
            Self::Rows(_) => "list of records",
            Self::Texts => "list of texts",
        }
    }
}

impl RoleVariables {
    /// The variable of that name.
    pub fn get(&self, name: &str) -> Option<&'static Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The names of all variables, for messages.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.variables.iter().map(|variable| variable.name).collect();
        names.join(", ")
    }
}

/// Every role, in the order of the documentation.
pub const ROLES: [&RoleVariables; 6] = [
    &worker::WORKER,
    &other::REVIEWER,
    &other::TESTER,
    &other::JUDGE,
    &meta::META,
    &other::DIAGNOSE,
];

/// The variables of the role of that name.
pub fn role(name: &str) -> Option<&'static RoleVariables> {
    ROLES.into_iter().find(|table| table.role == name)
}

/// The names an action's `show` may hold for a role: its variables. Naming one that is always given does no harm.
pub fn show_names(role: &RoleVariables) -> impl Iterator<Item = &'static str> {
    role.variables.iter().map(|variable| variable.name)
}

const fn field(name: &'static str, holds: &'static str, meaning: &'static str) -> Field {
    Field { name, holds, meaning }
}

const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Variable {
    Variable { name, shape, kind: Kind::Required, meaning }
}

const fn given(name: &'static str, shape: Shape, meaning: &'static str) -> Variable {
    Variable { name, shape, kind: Kind::Given, meaning }
}

const fn shown(name: &'static str, shape: Shape, meaning: &'static str) -> Variable {
    Variable { name, shape, kind: Kind::Shown, meaning }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// The page that `docs/prompts.md` must hold below its introduction.
    fn page() -> String {
        let mut page = String::new();
        for table in ROLES {
            let _ = write!(page, "## {}\n\n{}\n\n", table.role, table.purpose);
            page.push_str("| variable | holds | filled | meaning |\n|---|---|---|---|\n");
            for variable in table.variables {
                let filled = match variable.kind {
                    Kind::Required => "always; required",
                    Kind::Given => "always",
                    Kind::Shown => "if shown",
                };
                let words = variable.shape.words();
                let _ = writeln!(
                    page,
                    "| `{}` | {words} | {filled} | {} |",
                    variable.name, variable.meaning
                );
                for field in variable.shape.fields() {
                    let _ = writeln!(
                        page,
                        "| `{}.{}` | {} | | {} |",
                        variable.name, field.name, field.holds, field.meaning
                    );
                }
            }
            let shows: Vec<String> = table
                .variables
                .iter()
                .filter(|variable| variable.kind == Kind::Shown)
                .map(|variable| format!("`{}`", variable.name))
                .collect();
            let _ = write!(page, "\n`show` chooses among: {}.\n\n", shows.join(", "));
        }
        page.trim_end().to_owned() + "\n"
    }

    #[test]
    fn names_are_unique_within_a_role() {
        for table in ROLES {
            for (index, variable) in table.variables.iter().enumerate() {
                let first = table.variables.iter().position(|other| other.name == variable.name);
                assert_eq!(first, Some(index), "{} {}", table.role, variable.name);
            }
        }
    }

    #[test]
    fn the_documentation_holds_this_table() {
        let docs = include_str!("../../docs/prompts.md");
        let (_, generated) = docs.split_once("<!-- tables -->\n\n").expect("the marker");
        if generated != page() {
            let path = std::env::temp_dir().join("prompts-tables.md");
            std::fs::write(&path, page()).expect("a page to copy");
            panic!("docs/prompts.md differs from the table; the page is in {}", path.display());
        }
    }
}
