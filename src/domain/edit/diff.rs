//! Answers that are a unified diff, or a patch of the form `*** Update File: PATH`, though blocks were asked for.
//!
//! Line numbers are not believed: every hunk becomes a block of its own, placed by its lines.

use super::Edit;

/// Whether a diff starts here: a pair of file lines, or the head of a patch.
pub(super) fn starts(line: &str, next: Option<&str>) -> bool {
    let pair = line.starts_with("--- ") && next.is_some_and(|next| next.starts_with("+++ "));
    pair || line.starts_with("diff --git ")
        || line.trim() == "*** Begin Patch"
        || patch_file(line).is_some()
}

/// What a diff says.
pub(super) struct Diff {
    /// Its changes; the path is empty where the diff names none.
    pub edits: Vec<Edit>,
    /// How many lines it takes.
    pub lines: usize,
}

/// Reads a diff. One that stands in a fence takes all of `lines`, and a line without a sign is a line that stays; one in
/// the open ends at the first line that is none of a diff.
pub(super) fn read(lines: &[&str], fenced: bool) -> Diff {
    let mut reader = Reader::default();
    let mut at = 0;
    while let Some(line) = lines.get(at).copied() {
        let next = lines.get(at + 1).copied();
        match (line.strip_prefix("--- "), next.and_then(|next| next.strip_prefix("+++ "))) {
            (Some(old), Some(new)) => {
                reader.file(path_of(old), path_of(new));
                at += 2;
                continue;
            }
            _ => {
                if !reader.take(line, fenced) {
                    break;
                }
            }
        }
        at += 1;
    }
    reader.flush();
    Diff { edits: reader.edits, lines: at }
}

#[derive(Default)]
struct Reader {
    path: String,
    search: Vec<String>,
    replace: Vec<String>,
    changed: bool,
    edits: Vec<Edit>,
}

impl Reader {
    /// Takes a line; false when it is none of a diff.
    fn take(&mut self, line: &str, fenced: bool) -> bool {
        if let Some((kind, path)) = patch_file(line) {
            self.flush();
            self.path = path.to_owned();
            if kind == "Delete" {
                self.edits.push(Edit::Delete { path: path.to_owned() });
            }
        } else if line.starts_with("@@") {
            self.flush();
        } else if is_head(line) {
        } else if let Some(added) = line.strip_prefix('+') {
            self.changed = true;
            self.replace.push(added.to_owned());
        } else if let Some(removed) = line.strip_prefix('-') {
            self.changed = true;
            self.search.push(removed.to_owned());
        } else if line.starts_with(' ') || line.is_empty() || fenced {
            let kept = line.strip_prefix(' ').unwrap_or(line);
            self.search.push(kept.to_owned());
            self.replace.push(kept.to_owned());
        } else {
            return false;
        }
        true
    }

    /// A pair of file lines.
    fn file(&mut self, old: &str, new: &str) {
        self.flush();
        if new == "/dev/null" {
            self.path = String::new();
            self.edits.push(Edit::Delete { path: old.to_owned() });
        } else {
            self.path = new.to_owned();
        }
    }

    /// Ends a hunk. Lines that only stay, at the very end of a diff, are no hunk.
    fn flush(&mut self) {
        let search = std::mem::take(&mut self.search);
        let replace = std::mem::take(&mut self.replace);
        if std::mem::take(&mut self.changed) {
            let text = |lines: Vec<String>| lines.into_iter().map(|line| line + "\n").collect();
            let path = self.path.clone();
            self.edits.push(Edit::Replace { path, search: text(search), replace: text(replace) });
        }
    }
}

/// The kind and the path of a patch's file line.
fn patch_file(line: &str) -> Option<(&str, &str)> {
    let (kind, path) = line.trim().strip_prefix("*** ")?.split_once(" File: ")?;
    matches!(kind, "Update" | "Add" | "Delete").then(|| (kind, path.trim()))
}

fn is_head(line: &str) -> bool {
    ["diff --git ", "index ", "new file mode ", "deleted file mode ", "*** ", "\\ No newline"]
        .iter()
        .any(|head| line.starts_with(head))
}

/// A path without the letter that says which side it is, and without a time.
fn path_of(text: &str) -> &str {
    let path = text.split('\t').next().unwrap_or(text).trim();
    path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path)
}
