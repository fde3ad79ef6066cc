//! Replacing a damaged journal without losing it.

use std::path::{Path, PathBuf};

use super::FILE;
use super::error::JournalError;
use super::lock::Lock;
use super::salvage::Salvage;
use crate::base::durable::replace_file;
use crate::base::id::RunName;

/// A run's journal, held while it is looked at and put right.
pub struct Damaged {
    path: PathBuf,
    _lock: Lock,
}

impl Damaged {
    /// Takes the journal in `folder`; refused while a process works on the run.
    ///
    /// # Errors
    /// [`JournalError::Held`], and whatever the operating system refuses.
    pub fn hold(folder: &Path) -> Result<Self, JournalError> {
        std::fs::create_dir_all(folder).map_err(JournalError::io("make the folder", folder))?;
        let (lock, _) = Lock::take(folder)?;
        Ok(Self { path: folder.join(FILE), _lock: lock })
    }

    /// Replaces the journal by the intact records, in one step. The file as it was is kept beside it; its name is the
    /// answer. A repair that was killed in between has kept it already.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn replace(&self, run: &RunName, salvage: &Salvage) -> Result<PathBuf, JournalError> {
        let was = std::fs::read(&self.path).map_err(JournalError::io("read", &self.path))?;
        let kept = (1_u64..)
            .map(|number| self.path.with_file_name(format!("{FILE}.damaged-{number}")))
            .find(|path| !path.exists() || is(path, &was))
            .unwrap_or_else(|| self.path.with_extension("damaged"));
        if !is(&kept, &was) {
            replace_file(&kept, &was).map_err(JournalError::io("keep the journal as", &kept))?;
        }
        self.write(run, salvage)?;
        Ok(kept)
    }

    /// Writes the intact records as the journal, in one step.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, run: &RunName, salvage: &Salvage) -> Result<(), JournalError> {
        replace_file(&self.path, &salvage.text(run)?).map_err(JournalError::io("write", &self.path))
    }
}

/// Whether a file has this content.
fn is(path: &Path, content: &[u8]) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() == content.len() as u64)
        && std::fs::read(path).is_ok_and(|found| found == content)
}
