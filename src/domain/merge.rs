//! Two sets of files that come from a third, merged: file by file, and line by line where both sides changed a file.

use super::files::FileSet;

/// What a merge came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The files.
    pub files: FileSet,
    /// Files in which both sides changed the same lines; the side told to stay stands there.
    pub conflicts: Vec<String>,
}

/// Merges `a` and `b`, both changed from `base`; where they cannot both have their way, the whole file of `b` stands if
/// `prefer_b`, else that of `a`. A file that one side removed and the other changed is such a case.
pub fn merge(base: &FileSet, a: &FileSet, b: &FileSet, prefer_b: bool) -> Merged {
    let mut merged = Merged { files: FileSet::default(), conflicts: Vec::new() };
    let mut paths: Vec<&String> = base.0.keys().chain(a.0.keys()).chain(b.0.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (was, of_a, of_b) = (base.get(path), a.get(path), b.get(path));
        let clean = match (was, of_a, of_b) {
            _ if of_a == of_b || of_b == was => Some(of_a.map(str::to_owned)),
            _ if of_a == was => Some(of_b.map(str::to_owned)),
            (Some(was), Some(of_a), Some(of_b)) => diffy::merge(was, of_a, of_b).ok().map(Some),
            _ => None,
        };
        let text = clean.unwrap_or_else(|| {
            merged.conflicts.push(path.clone());
            if prefer_b { of_b } else { of_a }.map(str::to_owned)
        });
        if let Some(text) = text {
            merged.files.0.insert(path.clone(), text);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> FileSet {
        FileSet::from_iter(of.iter().copied())
    }

    #[test]
    fn each_side_keeps_what_it_changed() {
        let base = files(&[("x", "1\n2\n3\n4\n5\n"), ("y", "old\n"), ("z", "gone\n")]);
        let a = files(&[("x", "one\n2\n3\n4\n5\n"), ("y", "old\n"), ("z", "gone\n")]);
        let b = files(&[("x", "1\n2\n3\n4\nfive\n"), ("y", "new\n"), ("w", "more\n")]);
        let merged = merge(&base, &a, &b, false);
        assert_eq!(merged.conflicts, Vec::<String>::new());
        let expected = files(&[("x", "one\n2\n3\n4\nfive\n"), ("y", "new\n"), ("w", "more\n")]);
        assert_eq!(merged.files, expected);
        assert_eq!(merge(&base, &b, &a, true).files, expected, "in either order");
    }

    #[test]
    fn where_both_changed_the_same_lines_one_side_stands() {
        let base = files(&[("x", "1\n"), ("y", "2\n")]);
        let a = files(&[("x", "a\n"), ("y", "2, changed\n")]);
        let b = files(&[("x", "b\n")]);
        let first = merge(&base, &a, &b, false);
        assert_eq!(first.conflicts, ["x", "y"]);
        assert_eq!(first.files, a);
        assert_eq!(merge(&base, &a, &b, true).files, b);
    }
}
