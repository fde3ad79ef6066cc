//! Reading commits, trees and files, wherever git keeps them.

use std::collections::BTreeMap;

use git2::{ErrorCode, ObjectType, Oid, Repository};

use super::commit_id::CommitId;
use super::error::ArchiveError;
use super::loose::{self, Loose};
use super::object::{Entry, parse_tree};
use super::open::Archive;

/// A commit, as far as the archive cares.
pub(super) struct Commit {
    pub(super) tree: Oid,
    pub(super) parents: Vec<Oid>,
    /// When it was made, seconds since the Unix epoch.
    pub(super) seconds: u64,
    pub(super) message: String,
}

impl Archive {
    /// Reads an object of a kind.
    pub(super) fn read_object(
        &self,
        repository: &Repository,
        kind: ObjectType,
        id: Oid,
    ) -> Result<Vec<u8>, ArchiveError> {
        let (found, bytes) = match loose::read(self.path(), id)? {
            Loose::Whole(found, bytes) => (found, bytes),
            Loose::Damaged => {
                return Err(ArchiveError::DamagedObject { path: loose::path(self.path(), id) });
            }
            Loose::Absent => self.read_packed(repository, id)?,
        };
        if found == kind { Ok(bytes) } else { Err(self.lacks(id)) }
    }

    fn read_packed(
        &self,
        repository: &Repository,
        id: Oid,
    ) -> Result<(ObjectType, Vec<u8>), ArchiveError> {
        let odb = repository.odb().map_err(ArchiveError::git("open its objects"))?;
        match odb.read(id) {
            Ok(object) => Ok((object.kind(), object.data().to_vec())),
            Err(error) if error.code() == ErrorCode::NotFound => Err(self.lacks(id)),
            Err(error) if error.class() == git2::ErrorClass::Os => {
                Err(ArchiveError::git("read an object")(error))
            }
            Err(_) => {
                Err(ArchiveError::DamagedPack { id: id.to_string(), path: self.path().to_owned() })
            }
        }
    }

    fn lacks(&self, id: Oid) -> ArchiveError {
        ArchiveError::MissingObject { id: id.to_string(), path: self.path().to_owned() }
    }

    /// Reads a commit.
    pub(super) fn read_commit(
        &self,
        repository: &Repository,
        id: Oid,
    ) -> Result<Commit, ArchiveError> {
        let bytes = self.read_object(repository, ObjectType::Commit, id)?;
        parse_commit(&String::from_utf8_lossy(&bytes)).ok_or_else(|| self.lacks(id))
    }

    /// Reads the entries of a folder.
    pub(super) fn read_tree(
        &self,
        repository: &Repository,
        id: Oid,
    ) -> Result<Vec<Entry>, ArchiveError> {
        let bytes = self.read_object(repository, ObjectType::Tree, id)?;
        parse_tree(&bytes).ok_or_else(|| self.lacks(id))
    }

    /// The files below a tree by path.
    pub(super) fn files_below(
        &self,
        repository: &Repository,
        tree: Oid,
    ) -> Result<BTreeMap<String, Oid>, ArchiveError> {
        let mut files = BTreeMap::new();
        let mut open = vec![(String::new(), tree)];
        while let Some((folder, tree)) = open.pop() {
            for entry in self.read_tree(repository, tree)? {
                let path = format!("{folder}{}", entry.name);
                if entry.is_folder {
                    open.push((path + "/", entry.id));
                } else {
                    files.insert(path, entry.id);
                }
            }
        }
        Ok(files)
    }

    /// The files of a commit by path.
    pub(super) fn files_of(
        &self,
        repository: &Repository,
        commit: Oid,
    ) -> Result<BTreeMap<String, Oid>, ArchiveError> {
        let tree = self.read_commit(repository, commit)?.tree;
        self.files_below(repository, tree)
    }

    /// The text of one file of a commit.
    pub(super) fn text_of(
        &self,
        repository: &Repository,
        commit: CommitId,
        path: &str,
        id: Oid,
    ) -> Result<String, ArchiveError> {
        String::from_utf8(self.read_object(repository, ObjectType::Blob, id)?)
            .map_err(|_| ArchiveError::NotText { commit, path: path.to_owned() })
    }
}

fn parse_commit(text: &str) -> Option<Commit> {
    let (head, message) = text.split_once("\n\n")?;
    let field = |key: &str| head.lines().find_map(|line| line.strip_prefix(key));
    let seconds = field("committer ")?.rsplit(' ').nth(1)?.parse().ok()?;
    let tree = Oid::from_str(field("tree ")?).ok()?;
    let parents = head.lines().filter_map(|line| line.strip_prefix("parent "));
    let parents = parents.map(Oid::from_str).collect::<Result<_, _>>().ok()?;
    Some(Commit { tree, parents, seconds, message: message.to_owned() })
}
