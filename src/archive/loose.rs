//! Reading an object's own file, safely.
//!
//! The git library (1.9.7) never returns from reading an object whose file was cut short, which is just what a power
//! cut leaves of a file that was never flushed. So nothing here lets it read such a file: objects are read by this
//! module, and by the library only from packs.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::error::ArchiveError;

/// The largest object read, bytes; far above anything the archive writes.
const LIMIT: usize = 1 << 30;

/// What an object's own file holds.
pub(super) enum Loose {
    /// There is no such file: the object is in a pack, or nowhere.
    Absent,
    /// The object.
    Whole(ObjectType, Vec<u8>),
    /// Anything else.
    Damaged,
}

/// The file an object has when it is not in a pack.
pub(super) fn path(git_folder: &Path, id: Oid) -> PathBuf {
    let id = id.to_string();
    let (folder, name) = id.split_at(2);
    git_folder.join("objects").join(folder).join(name)
}

/// Reads an object from its own file, and checks that it is what its id says.
pub(super) fn read(git_folder: &Path, id: Oid) -> Result<Loose, ArchiveError> {
    let path = path(git_folder, id);
    let packed = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loose::Absent),
        Err(error) => return Err(ArchiveError::io("read the object", &path)(error)),
    };
    Ok(decode(&packed, id).map_or(Loose::Damaged, |(kind, bytes)| Loose::Whole(kind, bytes)))
}

fn decode(packed: &[u8], id: Oid) -> Option<(ObjectType, Vec<u8>)> {
    let mut bytes = decompress_to_vec_zlib_with_limit(packed, LIMIT).ok()?;
    let header_end = bytes.iter().position(|byte| *byte == 0)?;
    let header = std::str::from_utf8(bytes.get(..header_end)?).ok()?;
    let (kind, length) = header.split_once(' ')?;
    let kind = ObjectType::from_str(kind)?;
    let length: usize = length.parse().ok()?;
    bytes.drain(..=header_end);
    let sound = bytes.len() == length && Oid::hash_object(kind, &bytes).ok()? == id;
    sound.then_some((kind, bytes))
}
