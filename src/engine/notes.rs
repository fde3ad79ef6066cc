//! The notes of all runs of a lab share one ref; when it is lost, every run's are set again from its journal.

use super::EngineError;
use super::family::Family;
use super::take_up::runs_folder;
use crate::archive::Archive;
use crate::journal;
use crate::lab::Lab;

/// Sets the notes of every run again that has a sound journal; those of a damaged one wait for `doctor --repair`.
pub(super) fn set_all(lab: &Lab, archive: &Archive) -> Result<(), EngineError> {
    for folder in journal::folders(&runs_folder(lab))? {
        let Ok(history) = journal::read(&folder) else { continue };
        if let Some(family) = Family::of(&history.records, lab)? {
            family.set_notes(archive)?;
        }
    }
    Ok(())
}
