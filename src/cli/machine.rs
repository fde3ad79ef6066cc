//! What this machine offers for running candidates: a sandbox level proven by attack, and an interpreter.

use std::path::PathBuf;

use tempfile::TempDir;

use super::edge::Edge;
use super::failure::{Exit, Failure};
use crate::domain::settings::LabConfig;
use crate::sandbox::python::{self, Python};
use crate::sandbox::{self, Host, Probe};

/// Where what was found out about the machine is kept between commands.
pub struct Cache {
    folder: PathBuf,
    /// Holds a folder that nobody else can write to, where the person has no cache of their own.
    _own: Option<TempDir>,
}

impl Cache {
    /// The person's cache folder, else one for this process alone.
    pub fn of(edge: &Edge) -> Result<Self, Failure> {
        let home = edge.environment.get("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| {
            edge.environment.get("HOME").map(|home| PathBuf::from(home).join(".cache"))
        });
        if let Some(folder) = home.filter(|folder| folder.is_absolute()) {
            return Ok(Self { folder: folder.join("hyperagent"), _own: None });
        }
        let own = tempfile::tempdir().map_err(|error| {
            Failure::new(Exit::Environment, "a temporary folder cannot be made")
                .because(error.to_string())
        })?;
        Ok(Self { folder: own.path().to_owned(), _own: Some(own) })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Proves the strongest sandbox level that holds here.
pub async fn probe(edge: &Edge, cache: &Cache) -> Result<Probe, Failure> {
    Ok(sandbox::probe(&edge.executable, &edge.temporary(), &cache.file("sandbox.json")).await?)
}

/// Finds the interpreter that the lab names, or else the newest on the PATH.
pub async fn interpreter(
    edge: &Edge,
    config: &LabConfig,
    cache: &Cache,
) -> Result<Python, Failure> {
    let path = edge.environment.get("PATH").unwrap_or_default();
    Ok(python::find(config.python.path.as_deref(), path, &cache.file("python.json")).await?)
}

/// How processes are started here, at the proven level.
pub fn host(edge: &Edge, probe: &Probe) -> Host {
    Host { executable: edge.executable.clone(), level: probe.level, temporary: edge.temporary() }
}
