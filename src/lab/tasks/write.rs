//! A new task's folder: written whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{TaskError, load_task};
use crate::base::durable;
use crate::base::id::TaskName;

/// The files of a task, by their paths in its folder, with `/` between parts.
pub type TaskFiles = BTreeMap<String, Vec<u8>>;

/// Why no task was written; in every case nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum WriteTaskError {
    /// The folder is taken.
    #[error("{} exists already; nothing was changed; choose another name or move it away", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A file would not lie in the folder.
    #[error("`{path}` leaves the task's folder; nothing was written")]
    Outside {
        /// The path as given.
        path: String,
    },
    /// The files are no task.
    #[error("the files are no task that can run; nothing was written")]
    Unfit {
        /// What is wrong with them.
        #[source]
        source: TaskError,
    },
    /// The disk refused.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the task `name` into the folder `tasks` and gives its folder. The files are staged beside it, loaded as any
/// task is, and moved in one step.
pub fn write_task(
    tasks: &Path,
    name: &TaskName,
    files: &TaskFiles,
) -> Result<PathBuf, WriteTaskError> {
    let folder = tasks.join(name.as_str());
    if folder.symlink_metadata().is_ok() {
        return Err(WriteTaskError::Exists { folder });
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteTaskError::Write { path, source }
    };
    fs::create_dir_all(tasks).map_err(failed(tasks))?;
    // A name that begins with a dot is no task's, so nobody takes the half-written folder for one.
    let stage =
        tempfile::Builder::new().prefix(".new-").tempdir_in(tasks).map_err(failed(tasks))?;
    let staged = stage.path().join(name.as_str());
    for (path, bytes) in files {
        if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(WriteTaskError::Outside { path: path.clone() });
        }
        let file = staged.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        fs::write(&file, bytes).map_err(failed(&file))?;
    }
    load_task(&staged).map_err(|source| WriteTaskError::Unfit { source })?;
    fs::rename(&staged, &folder).map_err(failed(&folder))?;
    durable::sync_folder(tasks).map_err(failed(tasks))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Direction;
    use crate::lab::tasks::Template;

    fn toy() -> (TaskName, TaskFiles) {
        let name: TaskName = "toy".parse().expect("a name");
        let template =
            Template { name: name.clone(), direction: Direction::Maximise, metric: None };
        (name, template.files())
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).expect("a folder").count()
    }

    #[test]
    fn a_folder_that_exists_is_left_as_it_is() {
        let tasks = tempfile::tempdir().expect("a folder");
        let (name, files) = toy();
        let folder = write_task(tasks.path(), &name, &files).expect("written");
        fs::write(folder.join("prompt.md"), "mine").expect("written");
        let again = write_task(tasks.path(), &name, &files);
        assert!(matches!(again, Err(WriteTaskError::Exists { .. })));
        assert_eq!(fs::read(folder.join("prompt.md")).expect("read"), b"mine");
        assert_eq!(entries(tasks.path()), 1, "a staging folder was left behind");
    }

    #[test]
    fn files_that_are_no_task_leave_nothing_behind() {
        let tasks = tempfile::tempdir().expect("a folder");
        let (name, files) = toy();
        let mut without_prompt = files.clone();
        without_prompt.remove("prompt.md");
        let refused = write_task(tasks.path(), &name, &without_prompt);
        assert!(matches!(refused, Err(WriteTaskError::Unfit { .. })), "{refused:?}");
        for path in ["../escaped.py", "/escaped.py"] {
            let mut outside = files.clone();
            outside.insert(path.into(), Vec::new());
            let refused = write_task(tasks.path(), &name, &outside);
            assert!(matches!(refused, Err(WriteTaskError::Outside { .. })), "{refused:?}");
        }
        assert_eq!(entries(tasks.path()), 0);
    }
}
