//! Where everything in a lab is.

use std::path::{Path, PathBuf};

use super::config::{self, ConfigFault};
use super::dotenv::{self, DotenvFault};
use crate::base::environment::Environment;
use crate::base::id::TaskName;
use crate::domain::settings::LabConfig;

/// The file that makes a folder a lab.
pub(super) const HYPERAGENT_TOML: &str = "hyperagent.toml";

/// Why there is no lab to work in.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No folder from here upwards is a lab.
    #[error(
        "no lab here: neither {} nor a folder above it holds hyperagent.toml; make a lab with `hyperagent init DIR`, or name one with `--lab DIR`",
        .start.display()
    )]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// The folder named is no lab.
    #[error(
        "{} is no lab: it holds no hyperagent.toml; make it one with `hyperagent init {}`",
        .folder.display(), .folder.display()
    )]
    NotALab {
        /// The folder.
        folder: PathBuf,
    },
    /// The path cannot be followed.
    #[error("{} cannot be reached", .path.display())]
    Unreachable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// The file of variables cannot be used.
    #[error(transparent)]
    Dotenv(#[from] DotenvFault),
}

/// A lab: a folder and its settings.
#[derive(Debug, Clone)]
pub struct Lab {
    root: PathBuf,
    generations: PathBuf,
    /// The settings in `hyperagent.toml`.
    pub config: LabConfig,
}

impl Lab {
    /// Opens the nearest lab at or above `start`.
    pub fn find(start: &Path) -> Result<Self, LabError> {
        let start = canonical(start)?;
        match start.ancestors().find(|folder| is_lab(folder)) {
            Some(root) => Self::read(root),
            None => Err(LabError::NotFound { start }),
        }
    }

    /// Opens the lab in `folder`.
    pub fn open(folder: &Path) -> Result<Self, LabError> {
        if !is_lab(folder) {
            return Err(LabError::NotALab { folder: folder.to_owned() });
        }
        Self::read(&canonical(folder)?)
    }

    fn read(root: &Path) -> Result<Self, LabError> {
        let config = config::read(&root.join(HYPERAGENT_TOML))?;
        let generations = root.join("generations");
        Ok(Self { root: root.to_owned(), generations, config })
    }

    /// The lab's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of shipped methods.
    pub fn seeds(&self) -> PathBuf {
        self.root.join("seed")
    }

    /// The folder of one shipped method.
    pub fn seed(&self, method: &str) -> PathBuf {
        self.seeds().join(method)
    }

    /// The agent that people run and edit.
    pub fn agent_config(&self) -> PathBuf {
        self.root.join("agent_config")
    }

    /// The folder of tasks.
    pub fn tasks(&self) -> PathBuf {
        self.root.join("tasks")
    }

    /// The folder of one task.
    pub fn task(&self, name: &TaskName) -> PathBuf {
        self.tasks().join(name.as_str())
    }

    /// The repository of generations.
    pub fn generations(&self) -> PathBuf {
        self.generations.clone()
    }

    /// The same lab with its generations in another folder, for a run that must leave no trace in it.
    #[must_use]
    pub fn with_generations(mut self, folder: PathBuf) -> Self {
        self.generations = folder;
        self
    }

    /// The variables of the process, and those of the lab's `.env` that the process does not have.
    pub fn environment(&self, process: Environment) -> Result<Environment, LabError> {
        Ok(process.or(dotenv::read(&self.root.join(".env"))?))
    }
}

pub(super) fn is_lab(folder: &Path) -> bool {
    folder.join(HYPERAGENT_TOML).is_file()
}

fn canonical(path: &Path) -> Result<PathBuf, LabError> {
    path.canonicalize().map_err(|source| LabError::Unreachable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(settings: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(HYPERAGENT_TOML), settings).expect("written");
        folder
    }

    #[test]
    fn the_nearest_lab_above_is_found() {
        let folder = lab("[budget]\nmax_calls = 3\n");
        let inner = folder.path().join("tasks/snake");
        std::fs::create_dir_all(&inner).expect("made");
        let lab = Lab::find(&inner).expect("a lab");
        assert_eq!(lab.config.budget.max_calls, Some(3));
        assert_eq!(lab.tasks().join("snake"), inner.canonicalize().expect("a path"));
    }

    #[test]
    fn a_folder_that_is_no_lab_is_answered_with_how_to_make_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = Lab::open(folder.path()).expect_err("no lab").to_string();
        assert!(opened.contains("hyperagent init "), "{opened}");
        let found = Lab::find(folder.path()).expect_err("no lab").to_string();
        assert!(found.contains("`hyperagent init DIR`"), "{found}");
    }

    #[test]
    fn the_process_wins_over_the_labs_own_variables() {
        let folder = lab("");
        std::fs::write(folder.path().join(".env"), "A=lab\nB=lab\n").expect("written");
        let lab = Lab::open(folder.path()).expect("a lab");
        let process = [("A", "process")].into_iter().collect();
        let environment = lab.environment(process).expect("variables");
        assert_eq!((environment.get("A"), environment.get("B")), (Some("process"), Some("lab")));
    }
}
