//! A solution that a person hands in: the task's own start, one file, or a folder.

use std::fs;
use std::path::Path;

use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::domain::files::FileSet;
use crate::domain::task::Task;

/// The task's initial solution with the person's files in place of its own; one file stands for the module that is
/// imported.
pub fn read(task: &Task, path: Option<&Path>, edge: &Edge) -> Result<FileSet, Failure> {
    let mut files = task.initial.clone();
    let Some(path) = path.map(|path| edge.cwd.join(path)) else { return Ok(files) };
    if path.is_dir() {
        let own: Vec<String> = files.0.keys().cloned().collect();
        let there: Vec<String> = own.iter().filter(|n| path.join(n).exists()).cloned().collect();
        if there.is_empty() {
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
