//! Packing what has piled up: loose objects and small packs become one pack.
//!
//! Every generation leaves some loose objects, and every measurement a pack. Each look-up of an object asks every pack, and
//! each object takes a block of disk, so they are packed together from time to time. A pack of many objects is not packed
//! again: what packing costs goes with what was written since, not with the length of the run.
//!
//! Nothing is lost whenever a process is killed: the new pack is on disk before anything else is removed, and only what it
//! holds is. An object that cannot be read stays where it is, for `doctor` to find. Processes that read meanwhile look
//! again at the folder of packs when they miss an object.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use git2::{Oid, Repository};

use super::error::ArchiveError;
use super::loose::{self, Loose};
use super::open::Archive;
use super::{pack, refs};
use crate::base::failpoint::{self, Site};

/// So many packs are packed together.
const SMALL_PACKS: usize = 128;
/// A pack of so many objects stays as it is.
const MANY_OBJECTS: u32 = 2048;

/// What goes into the new pack, and the files that go once it is there.
#[derive(Default)]
struct Heap {
    objects: BTreeSet<Oid>,
    loose: Vec<PathBuf>,
    /// Index files of packs.
    packs: Vec<PathBuf>,
}

impl Archive {
    /// Packs what has piled up, if it is enough. Another process that packs already is not waited for.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost then.
    pub fn compact_when_due(&self) -> Result<(), ArchiveError> {
        let folder = self.path().join("objects/pack");
        let packs = packs(&folder)?;
        let settled = &self.shared().settled_packs;
        if packs.len() < settled.load(Ordering::Relaxed) + SMALL_PACKS {
            return Ok(());
        }
        let small: Vec<PathBuf> = packs.iter().filter(|index| is_small(index)).cloned().collect();
        settled.store(packs.len() - small.len(), Ordering::Relaxed);
        if small.len() < SMALL_PACKS {
            return Ok(());
        }
        let path = self.own_folder().join("compact.lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(ArchiveError::io("open", &path))?;
        if lock.try_lock().is_err() {
            return Ok(());
        }
        self.compact(&small)
    }

    fn compact(&self, small: &[PathBuf]) -> Result<(), ArchiveError> {
        let mut repository = self.repository();
        let garbage = self.superseded(&repository)?;
        let mut heap = self.loose_objects(&garbage)?;
        let odb = repository.odb().map_err(ArchiveError::git("open its objects"))?;
        for index in small {
            let ids = ids(index)?;
            if ids.iter().all(|id| odb.read(*id).is_ok()) {
                heap.objects.extend(ids);
                heap.packs.push(index.clone());
            }
        }
        drop(odb);
        let bytes =
            pack::pack_of(&repository, &heap.objects).map_err(ArchiveError::git("pack objects"))?;
        let made = pack::write_bytes(&bytes, self.path())?;
        failpoint::pass(Site::CompactPacked);
        // The library remembers packs; from here on it shall know the new one instead of those that go.
        *repository = self.open_again()?;
        for file in &heap.loose {
            remove(file)?;
        }
        for id in &garbage {
            remove(&loose::path(self.path(), *id))?;
        }
        failpoint::pass(Site::CompactSwept);
        for index in heap.packs.iter().filter(|index| !names(index, &made)) {
            // The index first: a pack without one is no pack.
            for kind in ["idx", "rev", "pack"] {
                remove(&index.with_extension(kind))?;
            }
        }
        self.shared().superseded().retain(|id| !garbage.contains(id));
        Ok(())
    }

    /// The loose objects that can be read, `garbage` apart.
    fn loose_objects(&self, garbage: &BTreeSet<Oid>) -> Result<Heap, ArchiveError> {
        let mut heap = Heap::default();
        let objects = self.path().join("objects");
        for folder in list(&objects)?.iter().filter(|path| path.is_dir()) {
            let Some(start) = name(folder).filter(|name| name.len() == 2) else { continue };
            for file in list(folder)? {
                let id = name(&file).and_then(|rest| Oid::from_str(&format!("{start}{rest}")).ok());
                let Some(id) = id.filter(|id| !garbage.contains(id)) else { continue };
                if matches!(loose::read(self.path(), id)?, Loose::Whole(..)) {
                    heap.objects.insert(id);
                    heap.loose.push(file);
                }
            }
        }
        Ok(heap)
    }

    /// Objects of earlier states of the notes that this process replaced, unless the present state has them again.
    fn superseded(&self, repository: &Repository) -> Result<BTreeSet<Oid>, ArchiveError> {
        let mut garbage: BTreeSet<Oid> = self.shared().superseded().iter().copied().collect();
        if let Some(notes) = refs::read(repository, self.path(), super::note::NOTES)? {
            let tree = self.read_commit(repository, notes)?.tree;
            let below = self.read_tree(repository, tree)?;
            for id in below.iter().map(|entry| entry.id).chain([notes, tree]) {
                garbage.remove(&id);
            }
        }
        Ok(garbage)
    }
}

/// The index files of the packs in a folder that have both files.
fn packs(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut kinds: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for file in list(folder)? {
        if let Some(kind) = file.extension().and_then(|kind| kind.to_str()) {
            kinds.entry(file.with_extension("idx")).or_default().insert(kind.to_owned());
        }
    }
    let whole = |kinds: &BTreeSet<String>| {
        kinds.contains("idx") && kinds.contains("pack") && !kinds.contains("keep")
    };
    Ok(kinds.into_iter().filter(|(_, kinds)| whole(kinds)).map(|(index, _)| index).collect())
}

/// Whether a pack has few objects, by its own word (gitformat-pack(5): bytes 8 to 11).
fn is_small(index: &Path) -> bool {
    let mut head = [0; 12];
    let read =
        File::open(index.with_extension("pack")).and_then(|mut pack| pack.read_exact(&mut head));
    let [.., a, b, c, d] = head;
    read.is_ok() && u32::from_be_bytes([a, b, c, d]) < MANY_OBJECTS
}

/// The objects of a pack, as its index of version 2 lists them (gitformat-pack(5)); none of another version.
fn ids(index: &Path) -> Result<Vec<Oid>, ArchiveError> {
    const FAN_OUT: usize = 8;
    const NAMES: usize = FAN_OUT + 256 * 4;
    let bytes = fs::read(index).map_err(ArchiveError::io("read", index))?;
    if bytes.get(..FAN_OUT) != Some(b"\xfftOc\0\0\0\x02") {
        return Ok(Vec::new());
    }
    let count = bytes.get(NAMES - 4..NAMES).and_then(|last| last.try_into().ok());
    let count = count.map_or(0, u32::from_be_bytes) as usize;
    let names = bytes.get(NAMES..NAMES + count * 20).unwrap_or_default();
    Ok(names.chunks_exact(20).filter_map(|name| Oid::from_bytes(name).ok()).collect())
}

fn names(index: &Path, pack: &str) -> bool {
    name(index).is_some_and(|name| name == format!("pack-{pack}.idx"))
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let failed = || ArchiveError::io("list", folder);
    let entries = fs::read_dir(folder).map_err(failed())?;
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed())?;
    found.sort();
    Ok(found)
}

fn remove(file: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ArchiveError::io("remove", file)(error))
        }
        _ => Ok(()),
    }
}
