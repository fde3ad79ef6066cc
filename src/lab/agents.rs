//! Agents on disk: read a folder as it is, write a folder whole.
//!
//! Reading judges nothing: links, strange files and endless ones are reported as what they are, and validation says what it
//! thinks of them. Nothing is followed and nothing large is read.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::base::durable;
use crate::domain::agent::{AgentFiles, RawContent, RawFile};

/// A file above this size is not read.
const MAX_READ_BYTES: u64 = 1024 * 1024;
/// A folder with more entries than this is no agent; reading stops there.
const MAX_ENTRIES: usize = 1000;
/// Folders inside folders.
const MAX_DEPTH: usize = 8;

/// Why an agent cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AgentFolderError {
    /// There is no such folder.
    #[error("{} is not a folder", .folder.display())]
    NotAFolder {
        /// The path.
        folder: PathBuf,
    },
    /// The folder holds too much to be an agent.
    #[error("{} holds more than {MAX_ENTRIES} entries; an agent has at most 64 files", .folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
    },
    /// A path of the agent leaves its folder.
    #[error("the path {path:?} leaves the agent's folder")]
    Leaves {
        /// The path.
        path: String,
    },
    /// Something in it cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something cannot be written; the folder is as it was.
    #[error("{} cannot be written", .path.display())]
    Unwritable {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads the files of an agent's folder, in order of path. Links inside it are not followed.
pub fn load_agent(folder: &Path) -> Result<Vec<RawFile>, AgentFolderError> {
    if !folder.is_dir() {
        return Err(AgentFolderError::NotAFolder { folder: folder.to_owned() });
    }
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).min_depth(1).max_depth(MAX_DEPTH).sort_by_file_name();
    for (count, entry) in walk.into_iter().enumerate() {
        if count >= MAX_ENTRIES {
            return Err(AgentFolderError::TooMany { folder: folder.to_owned() });
        }
        let entry = entry.map_err(|error| AgentFolderError::Unreadable {
            path: error.path().unwrap_or(folder).to_owned(),
            source: error.into(),
        })?;
        let kind = entry.file_type();
        if kind.is_dir() && entry.depth() < MAX_DEPTH {
            continue;
        }
        let content = if kind.is_file() {
            read(entry.path()).map_err(|source| AgentFolderError::Unreadable {
                path: entry.path().to_owned(),
                source,
            })?
        } else if kind.is_symlink() {
            RawContent::Link
        } else {
            RawContent::Special
        };
        files.push(RawFile { path: relative(folder, entry.path()), content });
    }
    Ok(files)
}

fn read(path: &Path) -> io::Result<RawContent> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_READ_BYTES {
        return Ok(RawContent::TooLarge { bytes: size });
    }
    file.take(MAX_READ_BYTES).read_to_end(&mut bytes)?;
    Ok(RawContent::Bytes(bytes))
}

/// The path below the folder with `/` between its parts; what is not UTF-8 in it is shown as such.
fn relative(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Writes an agent into `folder`, replacing what was there: on return the folder holds exactly these files, durably.
///
/// The new folder is written whole beside the old one and takes its name by a rename, so nobody ever reads a mixture; a
/// crash in the instant between leaves the old folder under the name of the backup. What was there before is kept as
/// `backup` when that is given; it must not exist yet.
pub fn write_agent(
    folder: &Path,
    files: &AgentFiles,
    backup: Option<&Path>,
) -> Result<(), AgentFolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| AgentFolderError::Unwritable { path, source }
    };
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    fs::create_dir_all(above).map_err(failed(above))?;
    let staged =
        tempfile::Builder::new().prefix(".agent-").tempdir_in(above).map_err(failed(above))?;
    let new = staged.path().join("new");
    fs::create_dir(&new).map_err(failed(&new))?;
    for (path, text) in &files.0 {
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains('\0') {
            return Err(AgentFolderError::Leaves { path: path.clone() });
        }
        let target = new.join(path);
        durable::replace_file(&target, text.as_bytes()).map_err(failed(&target))?;
    }
    durable::sync_folder(&new).map_err(failed(&new))?;
    let old = backup.map_or_else(|| staged.path().join("old"), Path::to_owned);
    let replaces = fs::symlink_metadata(folder).is_ok();
    if replaces {
        if backup.is_some_and(|backup| fs::symlink_metadata(backup).is_ok()) {
            let taken = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(failed(&old)(taken));
        }
        fs::rename(folder, &old).map_err(failed(folder))?;
    }
    if let Err(error) = fs::rename(&new, folder) {
        // Put the old folder back; if even that fails, the first error is the one that helps.
        let _ = fs::rename(&old, folder);
        return Err(failed(folder)(error));
    }
    durable::sync_folder(above).map_err(failed(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> AgentFiles {
        AgentFiles::from_iter([("agent.toml", "x = 1\n"), ("prompts/worker.md", "hello\n")])
    }

    #[test]
    fn an_agent_reads_back_as_written() {
        let lab = tempfile::tempdir().unwrap();
        let folder = lab.path().join("agent_config");
        write_agent(&folder, &agent(), None).unwrap();
        let raw = |path: &str, text: &str| RawFile {
            path: path.to_owned(),
            content: RawContent::Bytes(text.as_bytes().to_vec()),
        };
        let expected = [raw("agent.toml", "x = 1\n"), raw("prompts/worker.md", "hello\n")];
        assert_eq!(load_agent(&folder).unwrap(), expected);
    }

    #[test]
    fn writing_replaces_the_whole_folder_and_keeps_a_backup() {
        let lab = tempfile::tempdir().unwrap();
        let (folder, backup) = (lab.path().join("agent_config"), lab.path().join("backup"));
        write_agent(&folder, &agent(), None).unwrap();
        fs::write(folder.join("left-over"), "x").unwrap();
        write_agent(&folder, &agent(), Some(&backup)).unwrap();
        assert_eq!(load_agent(&folder).unwrap().len(), 2);
        assert!(backup.join("left-over").exists());
        let again = write_agent(&folder, &AgentFiles::default(), Some(&backup));
        assert!(matches!(again, Err(AgentFolderError::Unwritable { .. })), "{again:?}");
        assert_eq!(load_agent(&folder).unwrap().len(), 2);
        let names: Vec<_> = fs::read_dir(lab.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 2, "something was left behind: {names:?}");
    }

    #[test]
    fn nothing_is_written_outside_the_folder() {
        let lab = tempfile::tempdir().unwrap();
        let files = AgentFiles::from_iter([("../outside", "x")]);
        let written = write_agent(&lab.path().join("agent"), &files, None);
        assert!(matches!(written, Err(AgentFolderError::Leaves { .. })));
        assert_eq!(fs::read_dir(lab.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_seen_and_not_followed() {
        let lab = tempfile::tempdir().unwrap();
        let folder = lab.path().join("agent");
        fs::create_dir(&folder).unwrap();
        fs::write(lab.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(lab.path().join("secret"), folder.join("x.md")).unwrap();
        std::os::unix::fs::symlink(lab.path(), folder.join("memory")).unwrap();
        let found = load_agent(&folder).unwrap();
        let links = found.iter().filter(|file| file.content == RawContent::Link).count();
        assert_eq!((found.len(), links), (2, 2));
    }

    #[test]
    fn a_huge_file_is_not_read() {
        let lab = tempfile::tempdir().unwrap();
        let file = fs::File::create(lab.path().join("huge")).unwrap();
        file.set_len(1 << 40).unwrap();
        let found = load_agent(lab.path()).unwrap();
        assert_eq!(found.first().unwrap().content, RawContent::TooLarge { bytes: 1 << 40 });
    }
}
