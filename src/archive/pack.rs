//! Many objects as one pack: alike ones are stored as differences, and one file is flushed instead of many.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use git2::{Buf, Indexer, Odb, Oid, Repository};

use super::error::ArchiveError;
use super::object::Objects;
use crate::base::durable::sync_folder;
use crate::base::failpoint::{self, Site};

/// Writes the objects as one pack with its index; both are on disk on return. Equal objects give an equal pack.
pub(super) fn write(objects: &Objects, git_folder: &Path) -> Result<(), ArchiveError> {
    let bytes = pack(objects).map_err(ArchiveError::git("pack objects"))?;
    write_bytes(&bytes, git_folder).map(drop)
}

/// Takes in a pack made elsewhere; every object's hash is computed anew. On disk on return; the pack's name in hexadecimal.
pub(super) fn write_bytes(bytes: &[u8], git_folder: &Path) -> Result<String, ArchiveError> {
    let folder = git_folder.join("objects/pack");
    std::fs::create_dir_all(&folder).map_err(ArchiveError::io("make the folder", &folder))?;
    let mut indexer =
        Indexer::new(None, &folder, 0, false).map_err(ArchiveError::git("index a pack"))?;
    indexer.write_all(bytes).map_err(ArchiveError::io("write a pack in", &folder))?;
    let writing = || ArchiveError::io("write a pack in", &folder);
    failpoint::write(Site::PackStaged).map_err(writing())?;
    let name = indexer.commit().map_err(ArchiveError::git("index a pack"))?;
    failpoint::write(Site::PackWritten).map_err(writing())?;
    for kind in ["pack", "idx"] {
        let path = folder.join(format!("pack-{name}.{kind}"));
        File::open(&path)
            .and_then(|file| file.sync_data())
            .map_err(ArchiveError::io("make durable", &path))?;
    }
    sync_folder(&folder).map_err(ArchiveError::io("make durable the folder", &folder))?;
    Ok(name.to_string())
}

/// The objects as the bytes of a pack.
pub(super) fn pack(objects: &Objects) -> Result<Buf, git2::Error> {
    let repository = in_memory(objects)?;
    let mut builder = repository.packbuilder()?;
    builder.set_threads(1);
    for object in objects.list() {
        builder.insert_object(object.id, Some(&object.hint))?;
    }
    let mut bytes = Buf::new();
    builder.write_buf(&mut bytes)?;
    Ok(bytes)
}

/// Objects of a repository as the bytes of a pack.
pub(super) fn pack_of<'a>(
    repository: &Repository,
    ids: impl IntoIterator<Item = &'a Oid>,
) -> Result<Buf, git2::Error> {
    let mut builder = repository.packbuilder()?;
    builder.set_threads(1);
    for id in ids {
        builder.insert_object(*id, None)?;
    }
    let mut bytes = Buf::new();
    builder.write_buf(&mut bytes)?;
    Ok(bytes)
}

/// A repository in memory that holds these objects and no others.
pub(super) fn in_memory(objects: &Objects) -> Result<Repository, git2::Error> {
    let odb = Odb::new()?;
    odb.add_new_mempack_backend(1)?;
    for object in objects.list() {
        odb.write(object.kind, &object.bytes)?;
    }
    Repository::from_odb(odb)
}
