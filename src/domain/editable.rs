//! Which files may change: the one predicate for candidates and for agents.

use std::fmt;

use super::files::FileSet;
use super::glob;

/// The longest part of a path that file systems take, in bytes.
const PART_BYTES: usize = 255;

/// The paths that may change, as names and patterns; none: all. What is immutable stays as it is all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditablePaths {
    editable: Vec<String>,
    immutable: Vec<String>,
}

/// Why a changed set of files is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// The path is none that a solution can hold.
    #[error("`{path}` is no path inside the solution folder")]
    BadPath {
        /// The path as written.
        path: String,
    },
    /// A file is where another path has a folder.
    #[error("`{path}` is below `{file}`, which is a file")]
    BelowFile {
        /// The path as written.
        path: String,
        /// The file that is in its way.
        file: String,
    },
    /// The path may not change.
    #[error("`{path}` may not be changed; editable: {allowed}")]
    NotEditable {
        /// The path as written.
        path: String,
        /// What may change, in words.
        allowed: String,
    },
    /// A file of the start is gone.
    #[error("`{path}` is missing; files of the start may be changed, not removed")]
    Missing {
        /// The file.
        path: String,
    },
}

impl PathFault {
    /// A short class, for counting.
    pub fn class(&self) -> &'static str {
        match self {
            Self::BadPath { .. } | Self::BelowFile { .. } => "bad_path",
            Self::NotEditable { .. } => "not_editable",
            Self::Missing { .. } => "missing_file",
        }
    }
}

impl EditablePaths {
    /// Those that match `editable` (empty: all) and do not match `immutable`.
    pub fn new(editable: &[String], immutable: &[String]) -> Self {
        Self { editable: editable.to_vec(), immutable: immutable.to_vec() }
    }

    /// Whether the file at `path` may change, be added, or be removed again. Whether a file can be there at all is for
    /// [`Self::check`].
    pub fn allows(&self, path: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|it| glob::matches(it, path));
        (self.editable.is_empty() || any(&self.editable)) && !any(&self.immutable)
    }

    /// Whether the list names exactly this path, which then needs no other sign of being one.
    pub fn names(&self, path: &str) -> bool {
        self.editable.iter().any(|entry| entry == path)
    }

    /// The paths listed by name, without patterns.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.editable.iter().map(String::as_str).filter(|entry| !glob::is_pattern(entry))
    }

    /// The only path that may change, if the list says so.
    pub fn only(&self) -> Option<&str> {
        match self.editable.as_slice() {
            [only] if self.allows(only) => self.named().next(),
            _ => None,
        }
    }

    /// Whether files may be added whose names the list does not say.
    pub fn is_open(&self) -> bool {
        self.editable.is_empty() || self.editable.iter().any(|entry| glob::is_pattern(entry))
    }

    /// Checks that `files` differs from `start` only in what may change, and lacks no file of it. Files added since may
    /// be there or not.
    pub fn check(&self, files: &FileSet, start: &FileSet) -> Result<(), PathFault> {
        for path in files.changed_from(start) {
            if !is_plain(&path) {
                return Err(PathFault::BadPath { path });
            }
            if !self.allows(&path) {
                return Err(PathFault::NotEditable { path, allowed: self.to_string() });
            }
            if files.get(&path).is_none() {
                return Err(PathFault::Missing { path });
            }
            let above = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
            if let Some(file) = above.into_iter().find(|folder| files.get(folder).is_some()) {
                return Err(PathFault::BelowFile { file: file.to_owned(), path });
            }
        }
        Ok(())
    }
}

impl From<&Vec<String>> for EditablePaths {
    fn from(editable: &Vec<String>) -> Self {
        Self::new(editable, &[])
    }
}

/// What may change, in words for people and models.
impl fmt::Display for EditablePaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.editable.is_empty() {
            f.write_str("any file")?;
        } else {
            f.write_str(&self.editable.join(", "))?;
        }
        if !self.immutable.is_empty() {
            write!(f, " (but not {})", self.immutable.join(", "))?;
        }
        Ok(())
    }
}

/// Whether a path stays in its folder and every file system takes it.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| {
        !matches!(part, "" | "." | "..")
            && part.len() <= PART_BYTES
            && !part.contains(char::is_control)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(editable: &[&str], immutable: &[&str]) -> EditablePaths {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        EditablePaths::new(&owned(editable), &owned(immutable))
    }

    #[test]
    fn what_is_immutable_wins() {
        let some = paths(&["**/*.py", "words.txt"], &["vendor/**", "judge.py"]);
        for (path, allowed) in [
            ("a.py", true),
            ("deep/down/a.py", true),
            ("words.txt", true),
            ("other.txt", false),
            ("vendor/a.py", false),
            ("judge.py", false),
        ] {
            assert_eq!(some.allows(path), allowed, "{path}");
        }
        assert!(paths(&[], &["x.py"]).allows("a.py"), "no list: all");
        assert!(!paths(&[], &["x.py"]).allows("x.py"));
    }

    #[test]
    fn only_a_single_name_is_the_only_path() {
        assert_eq!(paths(&["a.py"], &[]).only(), Some("a.py"));
        assert_eq!(paths(&["*.py"], &[]).only(), None);
        assert_eq!(paths(&["prompts/"], &[]).only(), None);
        assert_eq!(paths(&["a.py", "b.py"], &[]).only(), None);
    }

    #[test]
    fn files_may_be_added_and_removed_again_but_those_of_the_start_stay() {
        let some = paths(&["*.py", "sub/*.py"], &[]);
        let start = FileSet::from_iter([("a.py", "1"), ("data.txt", "2")]);
        let with = |path: &str| {
            let mut files = start.clone();
            files.0.insert(path.to_owned(), "x".to_owned());
            some.check(&files, &start)
        };
        assert_eq!(with("b.py"), Ok(()));
        assert_eq!(with("sub/b.py"), Ok(()));
        assert!(matches!(with("b.txt"), Err(PathFault::NotEditable { .. })));
        assert!(matches!(with("data.txt"), Err(PathFault::NotEditable { .. })));
        for path in ["../b.py", "/b.py", "sub//b.py", "sub/./b.py", "sub/a\nb.py"] {
            assert!(matches!(with(path), Err(PathFault::BadPath { .. })), "{path}");
        }
        let deeper = paths(&["**"], &[]);
        let below = FileSet::from_iter([("a.py", "1"), ("data.txt", "2"), ("a.py/b.py", "3")]);
        assert!(matches!(deeper.check(&below, &start), Err(PathFault::BelowFile { .. })));
        let gone = FileSet::from_iter([("data.txt", "2")]);
        assert!(matches!(some.check(&gone, &start), Err(PathFault::Missing { .. })));
    }
}
