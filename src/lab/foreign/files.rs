//! The files of a foreign task as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::ImportError;

/// The most that is copied, MiB over all files.
const MOST_MB: u64 = 64;

/// Folders that hold what programs made and can make again.
const MADE: [&str; 5] = ["__pycache__", "node_modules", "openevolve_output", "results", "venv"];

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Plain files by their paths below the folder, with `/` between parts.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What is not taken, with the reason.
    pub(super) left_out: Vec<(String, &'static str)>,
}

/// Reads a folder; hidden files and what programs made there are left out.
pub(super) fn read(folder: &Path) -> Result<Found, ImportError> {
    let mut found = Found::default();
    let mut room = MOST_MB << 20;
    let kept = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let is_made = entry.file_type().is_dir() && MADE.contains(&name.as_ref());
        entry.depth() == 0 || !(name.starts_with('.') || is_made)
    };
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(kept) {
        let entry = entry.map_err(|error| ImportError::Unreadable {
            path: error.path().unwrap_or(folder).to_owned(),
            source: error.into(),
        })?;
        let path = entry.path();
        let Some(relative) = path.strip_prefix(folder).ok().and_then(Path::to_str) else {
            found.left_out.push((path.display().to_string(), "its name is not UTF-8"));
            continue;
        };
        if entry.file_type().is_symlink() {
            found.left_out.push((relative.to_owned(), "a task may not hold symbolic links"));
        } else if entry.file_type().is_file() {
            let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
            let length = entry.metadata().map_err(|error| unreadable(error.into()))?.len();
            room = room.checked_sub(length).ok_or_else(|| ImportError::TooLarge {
                folder: folder.to_owned(),
                most_mb: MOST_MB,
            })?;
            found.files.insert(relative.to_owned(), fs::read(path).map_err(unreadable)?);
        }
    }
    Ok(found)
}
