//! The folder a command works in: a copy of what it is to change, and read-only copies beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::domain::editable::EditablePaths;
use crate::domain::files::FileSet;

/// The largest file taken in, bytes.
const FILE_BYTES: u64 = 1 << 20;
/// The most files looked at.
const FILES: usize = 5000;

/// A folder that is gone when this is dropped.
pub(super) struct Scratch(TempDir);

/// What a command left.
#[derive(Debug, PartialEq)]
pub(super) struct Left {
    /// All files, those that must not change as they were.
    pub files: FileSet,
    /// Files that were changed and must not be, and those that are no text.
    pub restored: Vec<String>,
}

impl Scratch {
    /// Lays out the files below `temporary`.
    pub fn new(
        temporary: &Path,
        files: &FileSet,
        beside: &FileSet,
        prompt: &str,
    ) -> io::Result<Self> {
        let scratch = Self(tempfile::Builder::new().prefix("hyperagent-").tempdir_in(temporary)?);
        fs::create_dir(scratch.folder())?;
        fs::create_dir(scratch.archive())?;
        write(&scratch.folder(), files, false)?;
        write(&scratch.archive(), beside, true)?;
        fs::write(scratch.prompt(), prompt)?;
        Ok(scratch)
    }

    /// The folder to change.
    pub fn folder(&self) -> PathBuf {
        self.0.path().join("work")
    }

    /// The folder beside it.
    pub fn archive(&self) -> PathBuf {
        self.0.path().join("archive")
    }

    /// The file with the prompt.
    pub fn prompt(&self) -> PathBuf {
        self.0.path().join("prompt.md")
    }

    /// What is there now. Links are not followed; hidden files and caches that were not there before do not count.
    pub fn left(&self, before: &FileSet, editable: &EditablePaths) -> io::Result<Left> {
        let mut found = Vec::new();
        list(&self.folder(), "", before, &mut found)?;
        let mut left = Left { files: before.clone(), restored: Vec::new() };
        for path in before.0.keys().filter(|path| !found.contains(path)) {
            if editable.allows(path) {
                left.files.0.remove(path);
            } else {
                left.restored.push(path.clone());
            }
        }
        for path in found {
            let file = self.folder().join(&path);
            let plain = fs::symlink_metadata(&file)?;
            let text = (plain.is_file() && plain.len() <= FILE_BYTES)
                .then(|| fs::read(&file))
                .transpose()?
                .and_then(|bytes| String::from_utf8(bytes).ok());
            match text {
                Some(text) if before.get(&path) == Some(text.as_str()) => {}
                Some(text) if editable.allows(&path) => {
                    left.files.0.insert(path, text);
                }
                _ => left.restored.push(path),
            }
        }
        left.restored.sort();
        Ok(left)
    }
}

fn write(folder: &Path, files: &FileSet, read_only: bool) -> io::Result<()> {
    for (path, text) in &files.0 {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, text)?;
        if read_only {
            let mut rights = fs::metadata(&file)?.permissions();
            rights.set_readonly(true);
            fs::set_permissions(&file, rights)?;
        }
    }
    Ok(())
}

/// The paths below a folder, with `/` between parts.
fn list(folder: &Path, above: &str, before: &FileSet, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{above}{name}");
        let known = |path: &str| before.0.keys().any(|known| known.starts_with(path));
        let passing = name.starts_with('.') || name == "__pycache__" || name.ends_with(".pyc");
        if passing && !known(&path) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), before, found)?;
        } else if found.len() < FILES {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_change_counts_and_the_rest_is_as_it_was() {
        let before = FileSet::from_iter([("a.py", "1\n"), ("b.py", "2\n"), ("lib/c.py", "3\n")]);
        let beside = FileSet::from_iter([("gen-00000/agent.toml", "x = 1\n")]);
        let temporary = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::new(temporary.path(), &before, &beside, "do").expect("laid out");
        let copy = scratch.archive().join("gen-00000/agent.toml");
        assert!(fs::metadata(&copy).expect("a copy").permissions().readonly());

        let folder = scratch.folder();
        fs::write(folder.join("a.py"), "10\n").expect("written");
        fs::remove_file(folder.join("b.py")).expect("removed");
        fs::write(folder.join("lib/c.py"), "30\n").expect("written");
        fs::write(folder.join("new.py"), "4\n").expect("written");
        fs::write(folder.join("odd.py"), [0xff, 0xfe]).expect("written");
        fs::create_dir(folder.join("__pycache__")).expect("made");
        fs::write(folder.join("__pycache__/a.pyc"), "x").expect("written");
        let editable = EditablePaths::new(&["*.py".into()], &["b.py".into()]);
        let left = scratch.left(&before, &editable).expect("read");
        let files = [("a.py", "10\n"), ("b.py", "2\n"), ("lib/c.py", "3\n"), ("new.py", "4\n")];
        assert_eq!(left.files, files.into_iter().collect());
        assert_eq!(left.restored, ["b.py", "lib/c.py", "odd.py"]);

        let root = temporary.path().to_owned();
        drop(scratch);
        assert_eq!(fs::read_dir(root).expect("a folder").count(), 0, "something is left");
    }
}
