//! Scores and costs as notes on the commits: they come after the commit, and plain `git log` shows them.
//!
//! The notes are one tree at `refs/notes/commits`, fanned out by the first two digits of the commit, as git itself
//! does when there are many; so a note costs the same however many there are. The ref holds a single commit without
//! history: the journal is the history.

use git2::{ObjectType, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::object::{Entry, Objects};
use super::open::Archive;
use super::refs;
use super::repair::is_damage;
use crate::base::unit::UnixMillis;

pub(super) const NOTES: &str = "refs/notes/commits";
/// How often a note is tried again when a git command moves the notes at the same time.
const TRIES: u32 = 16;

impl Archive {
    /// Sets the note of a generation's commit, replacing the one it had; not flushed, as the journal can tell it again.
    ///
    /// # Errors
    /// When the notes cannot be written.
    pub fn set_note(
        &self,
        commit: CommitId,
        text: &str,
        at: UnixMillis,
    ) -> Result<(), ArchiveError> {
        let repository = self.repository();
        let mut tries = 0;
        loop {
            tries += 1;
            let before = refs::read(&repository, self.path(), NOTES)?;
            let (after, superseded) = self.with_note(&repository, before, commit, text, at)?;
            match self.move_ref(&repository, NOTES, after, before) {
                Err(ArchiveError::Moved { .. } | ArchiveError::RefLocked { .. })
                    if tries < TRIES =>
                {
                    std::thread::yield_now();
                }
                other => {
                    if other.is_ok() {
                        self.shared().superseded().extend(superseded);
                    }
                    return other;
                }
            }
        }
    }

    /// The note of a commit, if it has one.
    ///
    /// # Errors
    /// When the notes cannot be read.
    pub fn note(&self, commit: CommitId) -> Result<Option<String>, ArchiveError> {
        let repository = self.repository();
        let notes = self.notes(&repository, refs::read(&repository, self.path(), NOTES)?)?;
        let id = commit.to_string();
        let (folder, name) = id.split_at(2);
        let fanned_out = match find(&notes, folder, true) {
            Some(below) => find(&self.read_tree(&repository, below)?, name, false),
            None => None,
        };
        let Some(blob) = fanned_out.or_else(|| find(&notes, &id, false)) else { return Ok(None) };
        let bytes = self.read_object(&repository, ObjectType::Blob, blob)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Checks on resume, after a restart of the machine, that the notes are whole. Notes that are not are dropped, all
    /// of them, and the answer is false: then every note is to be set again, as the journal tells them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn verify_notes(&self) -> Result<bool, ArchiveError> {
        let repository = self.repository();
        let Some(notes) = refs::read(&repository, self.path(), NOTES)? else { return Ok(false) };
        match self.read_notes(&repository) {
            Ok(()) => Ok(true),
            Err(error) if is_damage(&error) => {
                self.remove_ref(&repository, NOTES, notes).map(|()| false)
            }
            Err(other) => Err(other),
        }
    }

    /// Reads every note.
    pub(super) fn read_notes(&self, repository: &Repository) -> Result<(), ArchiveError> {
        let Some(notes) = refs::read(repository, self.path(), NOTES)? else { return Ok(()) };
        self.files_of(repository, notes)?
            .values()
            .try_for_each(|id| self.read_object(repository, ObjectType::Blob, *id).map(drop))
    }

    /// The entries of the notes' tree.
    fn notes(
        &self,
        repository: &Repository,
        notes: Option<Oid>,
    ) -> Result<Vec<Entry>, ArchiveError> {
        let Some(notes) = notes else { return Ok(Vec::new()) };
        let tree = self.read_commit(repository, notes)?.tree;
        self.read_tree(repository, tree)
    }

    /// Writes the objects of the notes with one more, and returns their commit, and the objects it stands instead of.
    fn with_note(
        &self,
        repository: &Repository,
        before: Option<Oid>,
        commit: CommitId,
        text: &str,
        at: UnixMillis,
    ) -> Result<(Oid, Vec<Oid>), ArchiveError> {
        let mut root = self.notes(repository, before)?;
        let mut superseded: Vec<Oid> = before.into_iter().collect();
        if let Some(before) = before {
            superseded.push(self.read_commit(repository, before)?.tree);
        }
        let id = commit.to_string();
        let (folder, name) = id.split_at(2);
        let below = find(&root, folder, true);
        superseded.extend(below);
        let mut below = match below {
            Some(below) => self.read_tree(repository, below)?,
            None => Vec::new(),
        };
        let mut objects = Objects::default();
        let blob = objects.add_file(&format!("{}\n", text.trim_end()), "")?;
        below.retain(|entry| entry.name != name);
        below.push(Entry { name: name.to_owned(), is_folder: false, id: blob });
        let below = objects.add_tree(below, "")?;
        // The whole id is a note that a person set with git, which does not fan out a small tree.
        root.retain(|entry| entry.name != folder && entry.name != id);
        root.push(Entry { name: folder.to_owned(), is_folder: true, id: below });
        let tree = objects.add_tree(root, "")?;
        let notes = objects.add_commit(tree, &[], at, "scores, costs and timings\n")?;
        let odb = repository.odb().map_err(ArchiveError::git("write a note"))?;
        for object in objects.list() {
            self.write_object(&odb, object)?;
        }
        Ok((notes, superseded))
    }
}

fn find(entries: &[Entry], name: &str, is_folder: bool) -> Option<Oid> {
    entries
        .iter()
        .find(|entry| entry.is_folder == is_folder && entry.name == name)
        .map(|entry| entry.id)
}
