//! A word from another terminal: a file in the run's folder that asks its process to stop.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};

fn file(folder: &Path) -> PathBuf {
    folder.join("stop")
}

/// Places the request.
pub fn place(folder: &Path) -> Result<(), Failure> {
    fs::write(file(folder), b"").map_err(|error| {
        Failure::new(Exit::Environment, "the request to stop cannot be written")
            .because(error.to_string())
    })
}

/// Takes the request away; whether there was one.
pub fn take(folder: &Path) -> bool {
    match fs::remove_file(file(folder)) {
        Ok(()) => true,
        Err(error) => error.kind() != ErrorKind::NotFound && file(folder).exists(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_once() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!take(folder.path()));
        place(folder.path()).expect("placed");
        assert!(take(folder.path()));
        assert!(!take(folder.path()));
    }
}
