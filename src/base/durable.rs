//! Files that are whole or absent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::failpoint::{self, Site};

/// Replaces `path` with `bytes` in one step; on return the content is on disk, and a crash leaves the old file or
/// the new one, never a mixture. The file gets the permissions any new file gets.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut staged = builder.tempfile_in(folder)?;
    staged.write_all(bytes)?;
    staged.as_file().sync_data()?;
    failpoint::write(Site::FileStaged)?;
    staged.persist(path).map_err(|failed| failed.error)?;
    failpoint::write(Site::FileReplaced)?;
    sync_folder(folder)
}

/// Removes what killed processes left of files and folders on their way to their place: names that `is_passing` knows, and
/// that nobody has touched for a minute, which is longer than any way takes. What cannot be removed stays.
pub fn remove_strays(folder: &Path, is_passing: impl Fn(&str) -> bool) {
    const OLD: Duration = Duration::from_secs(60);
    let is_old = |entry: &fs::DirEntry| {
        let touched = entry.metadata().and_then(|metadata| metadata.modified());
        touched.is_ok_and(|touched| touched.elapsed().is_ok_and(|age| age >= OLD))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(&is_passing) && is_old(&entry) {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// The names that [`replace_file`] gives a file before it has its own.
pub fn is_passing(name: &str) -> bool {
    name.starts_with(".tmp")
}

/// Makes the names inside a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
