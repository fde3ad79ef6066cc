//! `.env` in the lab: variables for this bench alone, never put into the process's own environment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::environment::Environment;

/// Why `.env` cannot be used. No variant holds its text, which may be a key.
#[derive(Debug, thiserror::Error)]
pub enum DotenvFault {
    /// It cannot be read.
    #[error("{} cannot be read", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line is not of the form `NAME=value`.
    #[error("{}:{line}: not of the form NAME=value (the line is not shown: it may hold a key)", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

/// The variables of a `.env` file; none when there is no such file.
pub(super) fn read(file: &Path) -> Result<Environment, DotenvFault> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Environment::default()),
        Err(source) => return Err(DotenvFault::Read { file: file.to_owned(), source }),
    };
    dotenvy::from_read_iter(text.as_bytes())
        .map(|variable| {
            variable.map_err(|error| {
                let bad = match &error {
                    dotenvy::Error::LineParse(bad, _) => bad.lines().next().unwrap_or_default(),
                    _ => "",
                };
                let line = text.lines().position(|line| line.trim() == bad.trim()).unwrap_or(0) + 1;
                DotenvFault::Line { file: file.to_owned(), line }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Environment, DotenvFault> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        std::fs::write(&file, text).expect("written");
        read(&file)
    }

    #[test]
    fn variables_are_read_and_the_process_keeps_its_own() {
        let read = of("# keys\nLAB_DOTENV_TEST=\"a b\"\nexport OTHER=c\n").expect("variables");
        assert_eq!((read.get("LAB_DOTENV_TEST"), read.get("OTHER")), (Some("a b"), Some("c")));
        assert!(std::env::var_os("LAB_DOTENV_TEST").is_none());
    }

    #[test]
    fn a_bad_line_is_named_but_not_shown() {
        let fault = of("A=b\nsk-planted in the open\n").expect_err("a fault");
        let shown = format!("{fault} {fault:?}");
        assert!(shown.contains(".env:2:") && !shown.contains("planted"), "{shown}");
    }

    #[test]
    fn no_file_means_no_variables() {
        let none = read(Path::new("/nowhere/.env")).expect("nothing");
        assert_eq!(none, Environment::default());
    }
}
