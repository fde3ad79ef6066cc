//! Reading an object's own file, safely.
//!
//! The git library (1.9.7) never returns from reading an object whose file was cut short, which is just what a power
//! cut leaves of a file that was never flushed. So nothing here lets it read such a file: objects are read by this
//! module, and by the library only from packs. Repairs are written here too: the library writes nothing that it believes
//! to have in a damaged pack.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::error::ArchiveError;
use super::object::Object;
use crate::base::durable::replace_file;

/// The largest object read, bytes; far above anything the archive writes.
const LIMIT: usize = 1 << 30;
/// How hard an object is compressed, as git does it.
const LEVEL: u8 = 6;

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

/// Writes an object as a file of its own, whatever the library thinks it has of it; in its place whole or not at all.
pub(super) fn write(git_folder: &Path, object: &Object) -> Result<(), ArchiveError> {
    let path = path(git_folder, object.id);
    let head = format!("{} {}\0", object.kind, object.bytes.len());
    let bytes = compress_to_vec_zlib(&[head.as_bytes(), &object.bytes].concat(), LEVEL);
    replace_file(&path, &bytes).map_err(ArchiveError::io("write the object", &path))
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
