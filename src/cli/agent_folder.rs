//! `agent_config/`: replaced by verbs that people ask for, never over work that exists nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use super::edge::Edge;
use super::failure::{Exit, Failure};
use super::recorded;
use crate::domain::agent::{AgentFiles, RawContent, RawFile};
use crate::lab::Lab;
use crate::lab::agents::{load_agent, write_agent};

/// Reads the agent in a folder as text.
pub fn read(folder: &Path) -> Result<AgentFiles, Failure> {
    load_agent(folder)?
        .into_iter()
        .map(|RawFile { path, content }| match content {
            RawContent::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok((path, text)),
                Err(_) => Err(unfit(folder, &path, "is not UTF-8 text")),
            },
            RawContent::Link => Err(unfit(folder, &path, "is a link")),
            RawContent::TooLarge { bytes } => {
                Err(unfit(folder, &path, &format!("is too large ({bytes} bytes)")))
            }
            RawContent::Special => Err(unfit(folder, &path, "is no regular file")),
        })
        .collect()
}

fn unfit(folder: &Path, path: &str, what: &str) -> Failure {
    Failure::new(Exit::AgentInvalid, format!("{} {what}", folder.join(path).display()))
        .next(format!("`hyperagent validate {}`", folder.display()))
}

/// What became of `agent_config/`.
#[derive(Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It held this agent already.
    Unchanged,
    /// It holds it now.
    Written {
        /// Where the agent that stood there is kept.
        backup: Option<PathBuf>,
    },
}

/// Makes `files` the agent in `agent_config/`. An agent there that is no seed and no generation is somebody's work: it
/// is refused without `force`, and kept aside in every case.
pub fn replace(
    files: &AgentFiles,
    force: bool,
    lab: &Lab,
    edge: &Edge,
) -> Result<Replaced, Failure> {
    let folder = lab.agent_config();
    let there = folder.exists().then(|| read(&folder)).transpose();
    let there = match there {
        Ok(there) => there,
        Err(_) if force => None,
        Err(failure) => return Err(failure),
    };
    if there.as_ref() == Some(files) {
        return Ok(Replaced::Unchanged);
    }
    if let Some(there) = &there
        && !force
        && !is_known(there, lab, edge)?
    {
        return Err(Failure::usage(
            "agent_config/ holds edits that are in no seed and no generation",
        )
        .because("writing over them would leave them in the backup only")
        .next("the same with --force; or run them first: `hyperagent run --fresh`"));
    }
    let backup = if folder.exists() { Some(free_backup(lab)?) } else { None };
    write_agent(&folder, files, backup.as_deref())?;
    Ok(Replaced::Written { backup })
}

/// Whether an agent is a seed of the lab, or a generation of any run.
fn is_known(files: &AgentFiles, lab: &Lab, edge: &Edge) -> Result<bool, Failure> {
    for method in seeds(lab)? {
        if read(&lab.seed(&method)).is_ok_and(|seed| seed == *files) {
            return Ok(true);
        }
    }
    let Ok(archive) = recorded::archive(lab, edge) else { return Ok(false) };
    for run in recorded::runs(&archive)? {
        for entry in archive.generations(&run)?.into_iter().rev() {
            if archive.agent_files(entry.commit)? == *files {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The names of the lab's seeds, in order.
pub fn seeds(lab: &Lab) -> Result<Vec<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Environment, format!("{} cannot be read", lab.seeds().display()))
            .because(error.to_string())
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(lab.seeds()).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join(crate::domain::agent::AGENT_TOML).is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The next free place for what is replaced; plain git leaves it out with the rest of `generations/`.
fn free_backup(lab: &Lab) -> Result<PathBuf, Failure> {
    let backups = lab.generations().join("backup");
    fs::create_dir_all(&backups).map_err(|error| {
        Failure::new(Exit::Environment, format!("{} cannot be made", backups.display()))
            .because(error.to_string())
    })?;
    let mut number = 1;
    loop {
        let free = backups.join(format!("agent_config-{number}"));
        if !free.exists() {
            return Ok(free);
        }
        number += 1;
    }
}
