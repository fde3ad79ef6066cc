//! A solution that a person hands in: the task's own start, one file, or a folder.

use std::fs;
use std::path::Path;

use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::domain::files::FileSet;
use crate::domain::task::Task;
use crate::lab::tasks::paths_below;

/// The task's initial solution with the person's files in place of its own; one file stands for the module that is
/// imported. Of a folder, the files of the start and those that may be added are taken.
pub fn read(task: &Task, path: Option<&Path>, edge: &Edge) -> Result<FileSet, Failure> {
    let mut files = task.initial.clone();
    let Some(path) = path.map(|path| edge.cwd.join(path)) else { return Ok(files) };
    if path.is_dir() {
        let editable = task.spec.solution.editable_paths();
        let mut there = paths_below(&path)?;
        there.retain(|name| task.initial.get(name).is_some() || editable.allows(name));
        if there.is_empty() {
            let own: Vec<&str> = files.0.keys().map(String::as_str).collect();
            let what = format!("{} holds no file of a solution of {}", path.display(), task.name());
            return Err(
                Failure::usage(what).because(format!("files of a solution: {}", own.join(", ")))
            );
        }
        for name in there {
            let text = text(&path.join(&name))?;
            files.0.insert(name, text);
        }
    } else {
        files.0.insert(task.spec.solution.entry.clone(), text(&path)?);
    }
    Ok(files)
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("{} cannot be read as a solution", path.display()))
            .because(error.to_string())
    })
}
