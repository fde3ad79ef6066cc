//! The repository itself: made once, opened without a look at anything around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::{Config, Oid, Repository, RepositoryInitOptions};

use super::error::ArchiveError;
use crate::base::durable::{is_passing, remove_strays, replace_file};
use crate::base::failpoint::{self, Site};
use crate::base::id::RunName;

/// The version of the archive's format, kept as `hyperagent.formatVersion` in the repository's config.
pub const FORMAT_VERSION: i64 = 1;

const VERSION_KEY: &str = "hyperagent.formatVersion";
/// Ours, beside git's own files: journals and the lock of the refs.
const OWN_FOLDER: &str = "hyperagent";
const README: &str = include_str!("README.generations.md");

/// The generations of a lab.
///
/// Clones share one repository, which one caller uses at a time. Calls take up to some milliseconds of disk and
/// processor: an async caller makes them from a blocking section.
#[derive(Clone)]
pub struct Archive {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    path: PathBuf,
    repository: Mutex<Repository>,
    /// Objects of states of the notes that this process replaced.
    superseded: Mutex<Vec<Oid>>,
    /// Packs that are not to be packed again.
    pub(super) settled_packs: AtomicUsize,
}

impl Shared {
    pub(super) fn superseded(&self) -> MutexGuard<'_, Vec<Oid>> {
        self.superseded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Archive {
    /// Opens the archive in a lab's folder of generations; only that folder is looked at, whatever repository or
    /// environment is around it.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], [`ArchiveError::Foreign`], [`ArchiveError::Newer`], [`ArchiveError::Storage`].
    pub fn open(generations: &Path) -> Result<Self, ArchiveError> {
        let path = generations.join(".git");
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(ArchiveError::Foreign { path, why: "it is a file" }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ArchiveError::Missing { path });
            }
            Err(error) => return Err(ArchiveError::io("look at", &path)(error)),
        }
        let config = Config::open(&path.join("config"))
            .map_err(ArchiveError::git("read the repository's config"))?;
        check_format(&path, &config)?;
        let repository = open(&path, &config)?;
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                repository: Mutex::new(repository),
                superseded: Mutex::default(),
                settled_packs: AtomicUsize::new(0),
            }),
        })
    }

    /// A new handle on the repository.
    pub(super) fn open_again(&self) -> Result<Repository, ArchiveError> {
        let config = Config::open(&self.path().join("config"))
            .map_err(ArchiveError::git("read the repository's config"))?;
        open(self.path(), &config)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Opens the archive in a lab's folder of generations, or makes it, with a README that says what is in there.
    ///
    /// # Errors
    /// As [`Archive::open`], without `Missing`.
    pub fn open_or_create(generations: &Path) -> Result<Self, ArchiveError> {
        let path = generations.join(".git");
        if !path.exists() {
            create(generations, &path)?;
        }
        let readme = generations.join("README.md");
        if !readme.exists() {
            replace_file(&readme, README.as_bytes()).map_err(ArchiveError::io("write", &readme))?;
        }
        let archive = Self::open(generations)?;
        archive.sweep(generations);
        Ok(archive)
    }

    /// Removes what killed processes left half-made: repositories and files of ours, packs and objects of the library.
    fn sweep(&self, generations: &Path) {
        remove_strays(generations, |name| name.starts_with(".new-") || is_passing(name));
        let objects = self.path().join("objects");
        let packs = objects.join("pack");
        // What is left of a pack whose removal was interrupted.
        remove_strays(&packs, |name| {
            name.ends_with(".pack") && !packs.join(name).with_extension("idx").exists()
        });
        let is_passing = |name: &str| name.contains("_git2_") || is_passing(name);
        remove_strays(&objects, is_passing);
        for folder in fs::read_dir(&objects).into_iter().flatten().flatten() {
            remove_strays(&folder.path(), is_passing);
        }
    }

    /// The repository's folder.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The folder of a run's journal. It need not exist.
    pub fn journal_folder(&self, run: &RunName) -> PathBuf {
        self.own_folder().join(run.as_str())
    }

    pub(super) fn own_folder(&self) -> PathBuf {
        self.shared.path.join(OWN_FOLDER)
    }

    pub(super) fn repository(&self) -> MutexGuard<'_, Repository> {
        self.shared.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path, config: &Config) -> Result<Repository, ArchiveError> {
    let repository =
        Repository::open_bare(path).map_err(ArchiveError::git("open the repository"))?;
    // From here on the user's own git settings have no say.
    repository.set_config(config).map_err(ArchiveError::git("use the repository's config"))?;
    Ok(repository)
}

/// Makes the repository beside its place and moves it there whole, so a killed process leaves none or all of it.
fn create(generations: &Path, path: &Path) -> Result<(), ArchiveError> {
    fs::create_dir_all(generations).map_err(ArchiveError::io("make the folder", generations))?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let staged = builder
        .prefix(".new-")
        .tempdir_in(generations)
        .map_err(ArchiveError::io("make a folder in", generations))?;
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false).no_reinit(true);
    Repository::init_opts(staged.path(), &options)
        .map_err(ArchiveError::git("make the repository"))?;
    Config::open(&staged.path().join("config"))
        .and_then(|mut config| config.set_i64(VERSION_KEY, FORMAT_VERSION))
        .map_err(ArchiveError::git("write the repository's config"))?;
    let own = staged.path().join(OWN_FOLDER);
    fs::create_dir(&own).map_err(ArchiveError::io("make the folder", &own))?;
    let renamed =
        failpoint::write(Site::RepositoryStaged).and_then(|()| fs::rename(staged.path(), path));
    match renamed {
        Err(error) if !path.exists() => Err(ArchiveError::io("make", path)(error)),
        // Either it is ours now, or another process was faster and its repository is as good.
        _ => Ok(()),
    }
}

/// Refuses what the git library would misread or not read, before it tries.
fn check_format(path: &Path, config: &Config) -> Result<(), ArchiveError> {
    for (extension, known) in [("refstorage", "files"), ("objectformat", "sha1")] {
        if let Ok(found) = config.get_string(&format!("extensions.{extension}"))
            && !found.eq_ignore_ascii_case(known)
        {
            let what = format!("{extension} = {found}");
            return Err(ArchiveError::Storage { path: path.to_owned(), what });
        }
    }
    match config.get_i64(VERSION_KEY) {
        Ok(found) if found > FORMAT_VERSION => {
            Err(ArchiveError::Newer { path: path.to_owned(), found, supported: FORMAT_VERSION })
        }
        Ok(_) => Ok(()),
        Err(_) => Err(ArchiveError::Foreign {
            path: path.to_owned(),
            why: "its config has no hyperagent.formatVersion",
        }),
    }
}
