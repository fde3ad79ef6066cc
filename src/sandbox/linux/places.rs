//! The folders a program is given: its inputs, read-only, and its scratch. Below level `full` they are real folders
//! of the host, made for one program and removed with it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Component, Path, PathBuf};

use super::identity::Identity;
use super::wire::{InputFile, Order};

/// Where the program finds its folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub scratch: PathBuf,
    pub inputs: PathBuf,
}

/// Folders on the host, removed when this is dropped.
#[derive(Debug)]
pub(super) struct HostFolders {
    folder: tempfile::TempDir,
    pub places: Places,
}

impl HostFolders {
    /// Makes the folders and fills in the inputs.
    pub(super) fn make(
        order: &Order,
        contents: &[Vec<u8>],
        identity: Identity,
    ) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("`{}`: {error}", order.temporary.display()))
        };
        let folder = tempfile::Builder::new()
            .prefix("hyperagent-")
            .tempdir_in(&order.temporary)
            .map_err(named)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let places =
            Places { scratch: folder.path().join("scratch"), inputs: folder.path().join("inputs") };
        fs::DirBuilder::new().mode(0o700).create(&places.scratch)?;
        if let Some(owner) = identity.owner() {
            chown(&places.scratch, Some(owner), Some(owner))?;
        }
        place_inputs(&places.inputs, &order.inputs, contents)?;
        Ok(Self { folder, places })
    }
}

impl Drop for HostFolders {
    fn drop(&mut self) {
        open_folders(&self.places.scratch);
        // What cannot be removed stays in the temporary folder; the program's end is reported all the same.
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

/// Lets the owner into every folder below one, so that all of it can be removed.
fn open_folders(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_folders(&entry.path());
        }
    }
}

/// Writes the inputs below a folder that does not exist yet; all can be read, by anybody.
pub(super) fn place_inputs(
    folder: &Path,
    inputs: &[InputFile],
    contents: &[Vec<u8>],
) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o755).create(folder)?;
    for (input, content) in inputs.iter().zip(contents) {
        let path = folder.join(&input.path);
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().mode(0o755).recursive(true).create(parent)?;
        }
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444))?;
    }
    Ok(())
}

/// Whether a path names a place below the folder it is joined to, and nothing else.
pub(super) fn is_plain_relative(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The bytes stored below a folder, counted until they exceed `enough`.
pub(super) fn stored_bytes(folder: &Path, enough: u64) -> u64 {
    let mut total = 0;
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        // An empty file takes room too.
        total += entry.metadata().map_or(0, |found| found.len()) + 512;
        if total > enough {
            break;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_not_plain() {
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a\0b", "./../x"] {
            assert!(!is_plain_relative(bad), "{bad:?} was taken");
        }
        assert!(is_plain_relative("pkg/player.py"));
    }

    #[test]
    fn stored_bytes_sees_nested_files_and_stops_early() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("deep")).expect("a folder");
        for index in 0..8 {
            fs::write(folder.path().join(format!("deep/{index}")), vec![0; 1000]).expect("a file");
        }
        assert!(stored_bytes(folder.path(), u64::MAX) >= 8000);
        let early = stored_bytes(folder.path(), 3000);
        assert!(early > 3000 && early < 8000, "{early}");
    }
}
