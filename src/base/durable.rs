//! Files that are whole or absent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

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
    failpoint::pass(Site::FileStaged);
    staged.persist(path).map_err(|failed| failed.error)?;
    failpoint::pass(Site::FileReplaced);
    sync_folder(folder)
}

/// Makes the names inside a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
