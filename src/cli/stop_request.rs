//! A word from another terminal: a file in the run's folder that asks its process to let the run stand still.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// To stop at once, as by Ctrl+C.
    Stop,
    /// To stop when the work under way has ended.
    Pause,
}

impl Word {
    fn file(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Stop => "stop",
            Self::Pause => "pause",
        })
    }

    /// Places the request.
    pub fn place(self, folder: &Path) -> Result<(), Failure> {
        fs::write(self.file(folder), b"").map_err(|error| {
            Failure::new(Exit::Environment, "the request cannot be written")
                .because(error.to_string())
        })
    }

    /// Takes the request away; whether there was one.
    pub fn take(self, folder: &Path) -> bool {
        let file = self.file(folder);
        match fs::remove_file(&file) {
            Ok(()) => true,
            Err(error) => error.kind() != ErrorKind::NotFound && file.exists(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_once_and_for_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!Word::Stop.take(folder.path()));
        Word::Stop.place(folder.path()).expect("placed");
        assert!(!Word::Pause.take(folder.path()));
        assert!(Word::Stop.take(folder.path()));
        assert!(!Word::Stop.take(folder.path()));
    }
}
