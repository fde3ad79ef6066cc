//! Git objects as values: computed here without any repository, written elsewhere.
//!
//! Equal input gives equal bytes and so equal ids, on every machine and in every year: this is what lets a generation
//! be committed twice without a trace.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ObjectType, Oid};

use super::error::ArchiveError;
use crate::base::unit::UnixMillis;

/// Who every commit is by; a machine needs no git identity of its own.
const AUTHOR: &str = "hyperagent <hyperagent@localhost>";

const FILE_MODE: &str = "100644";
const FOLDER_MODE: &str = "40000";
const ID_BYTES: usize = 20;

/// One object.
pub(super) struct Object {
    pub(super) id: Oid,
    pub(super) kind: ObjectType,
    pub(super) bytes: Vec<u8>,
    /// The path it has in its tree, which helps to find others like it.
    pub(super) hint: String,
}

/// Objects to be written, each once, contents before what refers to them.
#[derive(Default)]
pub(super) struct Objects {
    list: Vec<Object>,
    known: BTreeSet<Oid>,
}

impl Objects {
    pub(super) fn list(&self) -> &[Object] {
        &self.list
    }

    /// Adds an object and returns its id.
    pub(super) fn add(
        &mut self,
        kind: ObjectType,
        bytes: Vec<u8>,
        hint: &str,
    ) -> Result<Oid, ArchiveError> {
        let id = Oid::hash_object(kind, &bytes).map_err(ArchiveError::git("hash an object"))?;
        if self.known.insert(id) {
            self.list.push(Object { id, kind, bytes, hint: hint.to_owned() });
        }
        Ok(id)
    }

    /// Adds a file's content.
    pub(super) fn add_file(&mut self, text: &str, path: &str) -> Result<Oid, ArchiveError> {
        self.add(ObjectType::Blob, text.as_bytes().to_vec(), path)
    }

    /// Adds a folder with everything below it.
    pub(super) fn add_folder(&mut self, folder: &Folder, path: &str) -> Result<Oid, ArchiveError> {
        let mut entries = Vec::new();
        for (name, node) in &folder.0 {
            let (is_folder, id) = match node {
                Node::File(id) => (false, *id),
                Node::Folder(below) => (true, self.add_folder(below, &format!("{path}{name}/"))?),
            };
            entries.push(Entry { name: name.clone(), is_folder, id });
        }
        self.add_tree(entries, path)
    }

    /// Adds the tree of one folder.
    pub(super) fn add_tree(
        &mut self,
        mut entries: Vec<Entry>,
        path: &str,
    ) -> Result<Oid, ArchiveError> {
        // Git sorts a folder as if its name ended with a slash.
        entries.sort_by_cached_key(|entry| {
            if entry.is_folder { format!("{}/", entry.name) } else { entry.name.clone() }
        });
        let mut bytes = Vec::new();
        for entry in entries {
            let mode = if entry.is_folder { FOLDER_MODE } else { FILE_MODE };
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(entry.name.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(entry.id.as_bytes());
        }
        self.add(ObjectType::Tree, bytes, path)
    }

    /// Adds a commit. The message must end with a newline.
    pub(super) fn add_commit(
        &mut self,
        tree: Oid,
        parents: &[Oid],
        at: UnixMillis,
        message: &str,
    ) -> Result<Oid, ArchiveError> {
        use std::fmt::Write;
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            // Writing to a string does not fail.
            let _ = writeln!(text, "parent {parent}");
        }
        let seconds = at.0 / 1000;
        let _ = write!(
            text,
            "author {AUTHOR} {seconds} +0000\ncommitter {AUTHOR} {seconds} +0000\n\n{message}"
        );
        self.add(ObjectType::Commit, text.into_bytes(), "")
    }
}

/// One line of a tree: a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) id: Oid,
}

/// Reads a tree; `None` when it is none. What is neither file nor folder is left out: the archive writes no such thing.
pub(super) fn parse_tree(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let name_end = bytes.iter().position(|byte| *byte == 0)?;
        let (head, rest) = bytes.split_at_checked(name_end)?;
        let (id, rest) = rest.get(1..)?.split_at_checked(ID_BYTES)?;
        bytes = rest;
        let (mode, name) = std::str::from_utf8(head).ok()?.split_once(' ')?;
        let is_folder = mode == FOLDER_MODE;
        if is_folder || mode.starts_with("100") {
            entries.push(Entry { name: name.to_owned(), is_folder, id: Oid::from_bytes(id).ok()? });
        }
    }
    Some(entries)
}

/// A folder of a tree that is being put together.
#[derive(Default)]
pub(super) struct Folder(BTreeMap<String, Node>);

enum Node {
    File(Oid),
    Folder(Folder),
}

impl Folder {
    /// Puts a file at a path, replacing what was there under that very path.
    ///
    /// # Errors
    /// [`ArchiveError::BadPath`] for a path that git or a file system could misread, or that runs through a file.
    pub(super) fn put(&mut self, path: &str, id: Oid) -> Result<(), ArchiveError> {
        let bad = |rule| ArchiveError::BadPath { path: path.to_owned(), rule };
        check_path(path)?;
        let mut folder = self;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return match folder.0.insert(part.to_owned(), Node::File(id)) {
                    Some(Node::Folder(_)) => Err(bad("another file's folder has this name")),
                    _ => Ok(()),
                };
            }
            let below =
                folder.0.entry(part.to_owned()).or_insert_with(|| Node::Folder(Self::default()));
            match below {
                Node::Folder(below) => folder = below,
                Node::File(_) => return Err(bad("it runs through another file")),
            }
        }
        Err(bad("it is empty"))
    }
}

/// The rule for paths in the archive: what every git and every file system takes as it stands.
pub(super) fn check_path(path: &str) -> Result<(), ArchiveError> {
    let bad = |rule| Err(ArchiveError::BadPath { path: path.to_owned(), rule });
    if path.len() > 1024 {
        return bad("it is longer than 1024 bytes");
    }
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return bad("it has an empty part, `.` or `..`");
        }
        if !part.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
            || part.contains(['\\', ':', '*', '?', '"', '<', '>', '|', '~'])
        {
            return bad("it has a character outside plain ASCII or one of \\ : * ? \" < > | ~");
        }
        if part.to_ascii_lowercase().starts_with(".git") || part.ends_with(['.', ' ']) {
            return bad("a part begins with `.git` or ends with a dot or a space");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_tree_and_a_file_have_the_ids_git_gives_them() {
        let mut objects = Objects::default();
        let empty = objects.add_folder(&Folder::default(), "").expect("a tree");
        assert_eq!(empty.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let file = objects.add_file("hello\n", "x").expect("a file");
        assert_eq!(file.to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn paths_that_could_be_misread_are_refused() {
        for path in [
            "",
            "/a",
            "a/",
            "a//b",
            "..",
            "a/../b",
            ".git/config",
            "x/.GITmodules",
            "a\\b",
            "c:",
            "ä",
            "a\nb",
            "git~1",
            "end.",
            "end ",
        ] {
            assert!(check_path(path).is_err(), "{path:?} was taken");
        }
        for path in ["agent.toml", "prompts/worker.md", "snake-0/best/player.py", "snake#0/a b.txt"]
        {
            assert!(check_path(path).is_ok(), "{path:?} was refused");
        }
    }

    #[test]
    fn a_file_and_a_folder_cannot_share_a_name() {
        let id = Oid::ZERO_SHA1;
        let mut folder = Folder::default();
        folder.put("a/b", id).expect("a path");
        assert!(folder.put("a", id).is_err());
        let mut folder = Folder::default();
        folder.put("a", id).expect("a path");
        assert!(folder.put("a/b", id).is_err());
    }
}
