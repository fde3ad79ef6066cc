//! Tasks made for other programs: recognised, and wrapped as tasks of the protocol `metric-line`.
//!
//! The foreign files stay as they are, in `original/` of the new task; the solution is copied to `start/`. Where a
//! benchmark prints no metric lines itself, a small program of ours, `hyperagent_shim.py`, calls it and does. Nothing is
//! run here: what came of the import shows when its start is measured.

mod files;
mod kind;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::base::durable::replace_file;
use crate::base::id::TaskName;
use crate::domain::task::{Direction, ScoreScale};

/// What a person may say about a foreign task beyond its folder.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The metric, where not the usual one of its kind.
    pub metric: Option<String>,
    /// Whether less is better, where not known from its kind.
    pub minimise: bool,
}

/// A task made from a foreign one; nothing is written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// What it was recognised as, for people.
    pub kind: &'static str,
    /// The files of the task's folder by their relative paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The foreign files left out, with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

/// Why a folder cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder or a file of it cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Nothing there is known.
    #[error(
        "{} holds no task that can be imported: known are an OpenEvolve example (`initial_program.py` and `evaluator.py` \
         with `evaluate`), a ShinkaEvolve example (`initial.py` and `evaluate.py`), an autoresearch repository \
         (`train.py` and `prepare.py`), and a script that prints its metric (`benchmark.py` and one solution beside it)",
        .folder.display()
    )]
    Unknown {
        /// The folder.
        folder: PathBuf,
    },
    /// The metric cannot be known.
    #[error("nobody can tell which line of {program} is the metric; name it: --metric NAME")]
    WhichMetric {
        /// The benchmark.
        program: String,
    },
    /// The solution cannot be known.
    #[error(
        "{} has several files that may be the solution: {}; name the one to improve `solution.py`, or import a folder with \
         the benchmark and one solution", .folder.display(), .found.join(", ")
    )]
    WhichSolution {
        /// The folder.
        folder: PathBuf,
        /// Those found.
        found: Vec<String>,
    },
    /// The folder is too large to copy.
    #[error(
        "{} has more than {most_mb} MiB; import the folder of the task alone, without results and caches", .folder.display()
    )]
    TooLarge {
        /// The folder.
        folder: PathBuf,
        /// The most that is copied.
        most_mb: u64,
    },
    /// The disk refused.
    #[error("{} cannot be written", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Recognises the foreign task at `path` (its folder, or a file in it) and makes a task called `name` of it.
pub fn import(path: &Path, name: &TaskName, wishes: &Wishes) -> Result<Imported, ImportError> {
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let found = files::read(folder)?;
    let plan = kind::recognise(folder, &found.files, wishes)?;
    let mut files = BTreeMap::new();
    let initial: u64 =
        plan.solution.iter().filter_map(|path| found.files.get(path)).map(|b| b.len() as u64).sum();
    files.insert("task.toml".to_owned(), words::task_toml(name, &plan, initial).into_bytes());
    files.insert("prompt.md".to_owned(), words::prompt(&plan, &found.files).into_bytes());
    if let Some(shim) = plan.shim {
        files.insert(kind::SHIM.to_owned(), shim.into());
    }
    for (path, bytes) in found.files {
        if plan.solution.contains(&path) {
            files.insert(format!("{}/{path}", kind::START), bytes.clone());
        }
        files.insert(format!("{}/{path}", kind::ORIGINAL), bytes);
    }
    Ok(Imported { kind: plan.kind, files, left_out: found.left_out })
}

/// Sets the scale of an imported task by what its start came to, so that scores have room both ways; the new scale.
pub fn set_scale(
    folder: &Path,
    direction: Direction,
    start: f64,
) -> Result<ScoreScale, ImportError> {
    let path = folder.join(super::tasks::TASK_TOML);
    let text = fs::read_to_string(&path)
        .map_err(|source| ImportError::Unreadable { path: path.clone(), source })?;
    let scale = words::scale(direction, Some(start));
    let text = words::with_scale(&text, scale, start);
    replace_file(&path, text.as_bytes()).map_err(|source| ImportError::Write { path, source })?;
    Ok(scale)
}
