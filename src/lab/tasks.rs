//! The tasks of a lab: each a folder of `tasks/`, read whole and checked before anything is spent on it.
//!
//! A task that loads is fit to run: every later stage relies on the checks made here instead of repeating them.

mod check;
mod template;
mod write;

pub use template::Template;
pub use write::{TaskFiles, WriteTaskError, write_task};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::id::TaskName;
use crate::domain::files::FileSet;
use crate::domain::task::{Task, TaskSpec};
use check::Sheet;

/// The file that makes a folder a task.
pub const TASK_TOML: &str = "task.toml";

/// Why a folder is not a task that can run.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// `task.toml` is not TOML of the right shape.
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong; names the keys that are allowed.
        message: String,
    },
    /// A value of `task.toml` cannot be used.
    #[error("{}:{line}: {key} {what}; allowed: {allowed}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with its table: `score.target`.
        key: String,
        /// What is wrong with its value.
        what: String,
        /// What would be right.
        allowed: String,
    },
    /// A file of the task is neither text nor a plain file.
    #[error("{}: {what}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

/// Reads and checks the task in `folder`.
pub fn load_task(folder: &Path) -> Result<Task, TaskError> {
    let folder = folder
        .canonicalize()
        .map_err(|source| TaskError::Unreadable { path: folder.to_owned(), source })?;
    let path = folder.join(TASK_TOML);
    let text = read_text(&path)?;
    let spec: TaskSpec = toml::from_str(&text).map_err(|error| TaskError::Malformed {
        line: error.span().map_or(1, |span| line_at(&text, span.start)),
        message: error.message().replace('\n', " "),
        path: path.clone(),
    })?;
    let sheet = Sheet::new(&path, &text);
    check::values(&sheet, &folder, &spec)?;

    let named = |key: &'static [&'static str], relative: &str| {
        check::inside(&sheet, key, relative)?;
        read_text(&folder.join(relative)).map_err(|_| sheet.missing(key, relative))
    };
    let prompt = named(&["prompt"], &spec.prompt)?;
    let benchmark = named(&["benchmark", "program"], &spec.benchmark.program)?;
    let adapter = match &spec.benchmark.adapter {
        Some(relative) => named(&["benchmark", "adapter"], relative)?,
        None => String::new(),
    };
    let ingredients = match &spec.ingredients {
        Some(relative) => named(&["ingredients"], relative)?,
        None => String::new(),
    };
    check::inside(&sheet, &["solution", "initial"], &spec.solution.initial)?;
    let initial = read_files(&folder.join(&spec.solution.initial))?;
    check::solution(&sheet, &spec, &initial)?;
    Ok(Task { spec, folder, prompt, initial, benchmark, adapter, ingredients })
}

/// The names of the tasks below `tasks`, in order; a folder without `task.toml` is not a task.
pub fn list_tasks(tasks: &Path) -> Result<Vec<TaskName>, TaskError> {
    let unreadable = |source| TaskError::Unreadable { path: tasks.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(tasks).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(name) = name
            && entry.path().join(TASK_TOML).is_file()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The content hash of a task's folder: every file but hidden ones and Python's caches.
pub fn task_digest(folder: &Path) -> Result<Digest, TaskError> {
    let mut files = Vec::new();
    for (relative, path) in walk(folder)? {
        let bytes = fs::read(&path)
            .map_err(|source| TaskError::Unreadable { path: path.clone(), source })?;
        files.push((relative, bytes));
    }
    Ok(Digest::of_parts(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))))
}

/// The paths of the plain files below `folder`, without hidden ones and Python's caches.
pub fn paths_below(folder: &Path) -> Result<Vec<String>, TaskError> {
    Ok(walk(folder)?.into_iter().map(|(relative, _)| relative).collect())
}

/// The text files below `folder`, without hidden ones and Python's caches.
fn read_files(folder: &Path) -> Result<FileSet, TaskError> {
    let mut files = FileSet::default();
    for (relative, path) in walk(folder)? {
        files.0.insert(relative, read_text(&path)?);
    }
    Ok(files)
}

/// Every plain file below `folder` as (path relative to it, path), in the order of names.
fn walk(folder: &Path) -> Result<Vec<(String, PathBuf)>, TaskError> {
    let kept = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || name == "__pycache__")
    };
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(kept) {
        let entry = entry.map_err(|error| TaskError::Unreadable {
            path: error.path().unwrap_or(folder).to_owned(),
            source: error.into(),
        })?;
        let path = entry.path().to_owned();
        if entry.file_type().is_symlink() {
            return Err(TaskError::BadFile { path, what: "a task may not hold symbolic links" });
        }
        if entry.file_type().is_file() {
            let relative = path.strip_prefix(folder).ok().and_then(Path::to_str);
            let Some(relative) = relative.map(str::to_owned) else {
                return Err(TaskError::BadFile { path, what: "its name is not UTF-8" });
            };
            files.push((relative, path));
        }
    }
    Ok(files)
}

fn read_text(path: &Path) -> Result<String, TaskError> {
    let bytes =
        fs::read(path).map_err(|source| TaskError::Unreadable { path: path.to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|_| TaskError::BadFile { path: path.to_owned(), what: "it is not UTF-8 text" })
}

/// The line, from 1, that holds a byte of `text`.
fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Split;

    const TOML: &str = r#"name = "toy"
title = "A toy"
metric = "points"
direction = "maximise"
language = "python"
protocol = "isolated"
prompt = "prompt.md"
score = { floor = 0.0, target = 10.0 }

[solution]
initial = "start"
entry = "main.py"
editable = ["main.py"]

[benchmark]
program = "benchmark.py"
functions = ["answer"]

[cases]
train = { first_seed = 0, count = 5 }
select = { first_seed = 10, count = 5 }
test = { first_seed = 20, count = 5 }
report = { first_seed = 100, count = 5, fresh = true }
"#;

    /// A lab folder with the task `toy`.
    fn toy(toml: &str) -> tempfile::TempDir {
        let lab = tempfile::tempdir().expect("a folder");
        let folder = lab.path().join("toy");
        fs::create_dir_all(folder.join("start/__pycache__")).expect("a folder");
        for (path, text) in [
            ("task.toml", toml),
            ("prompt.md", "Answer."),
            ("benchmark.py", "import hyperagent\n"),
            ("start/main.py", "def answer():\n    return 1\n"),
            ("start/__pycache__/main.pyc", "stale"),
        ] {
            fs::write(folder.join(path), text).expect("a file");
        }
        lab
    }

    fn refusal(toml: &str) -> String {
        let lab = toy(toml);
        let folder = lab.path().join("toy");
        let error = load_task(&folder).expect_err("a refusal").to_string();
        error.replace(&format!("{}/", folder.canonicalize().expect("a folder").display()), "")
    }

    #[test]
    fn a_sound_task_loads_with_its_files() {
        let lab = toy(TOML);
        let task = load_task(&lab.path().join("toy")).expect("a task");
        assert_eq!(task.prompt, "Answer.");
        assert_eq!(task.initial.0.keys().collect::<Vec<_>>(), ["main.py"]);
        assert_eq!(task.cases(&Split::select(), 1), task.cases(&Split::select(), 2));
        assert_ne!(task.cases(&Split::report(), 1), task.cases(&Split::report(), 2));
        assert_eq!(task.cases(&Split::report(), 1).len(), 5);
        assert!(task.cases(&Split("none".into()), 1).is_empty());
        assert_eq!(list_tasks(lab.path()).expect("tasks").len(), 1);
    }

    #[test]
    fn refusals_name_the_line_the_key_and_what_is_allowed() {
        for (from, to, said) in [
            (
                "\"toy\"",
                "\"top\"",
                "task.toml:1: name is `top` in the folder `toy`; allowed: the folder's name",
            ),
            ("metric =", "metrics =", "task.toml:3: unknown field `metrics`"),
            ("maximise", "up", "task.toml:4: unknown variant `up`"),
            ("\"python\"", "\"cobol\"", "task.toml:5: language is `cobol`; allowed: python"),
            (
                "\"prompt.md\"",
                "\"../x.md\"",
                "task.toml:7: prompt names `../x.md`, which leaves the folder",
            ),
            (
                "\"prompt.md\"",
                "\"none.md\"",
                "task.toml:7: prompt names `none.md`, which cannot be read",
            ),
            ("target = 10.0", "target = 0.0", "task.toml:8: score.target is 0 with a floor of 0"),
            ("target = 10.0", "target = -1.0", "the target above the floor"),
            (
                "\"main.py\"\ned",
                "\"other.py\"\ned",
                "task.toml:12: solution.entry names `other.py`",
            ),
            (
                "[\"main.py\"]",
                "[\"main.py\", \"b.py\"]",
                "task.toml:13: solution.editable names `b.py`",
            ),
            (
                "\"benchmark.py\"",
                "\"judge.py\"",
                "task.toml:16: benchmark.program names `judge.py`",
            ),
            ("[\"answer\"]", "[]", "task.toml:17: benchmark.functions is empty"),
            (
                "first_seed = 10,",
                "first_seed = 4,",
                "task.toml:21: cases.select has the seeds 4 to 8 and `train` has 0 to 4",
            ),
            ("first_seed = 20,", "first_seed = 5000,", "cases.report has the seeds"),
            ("test = {", "exam = {", "cases lacks the set `test`"),
            (", fresh = true", "", "task.toml:23: cases.report has fresh = false"),
            (
                "[cases]",
                "[limits]\nwall_ms = 0\n[cases]",
                "limits.wall_ms is 0; allowed: 100 to 3600000",
            ),
        ] {
            assert!(TOML.contains(from), "{from}");
            let refused = refusal(&TOML.replacen(from, to, 1));
            assert!(refused.contains(said), "wanted {said}\ngot    {refused}");
        }
    }

    #[test]
    fn the_digest_sees_every_file_but_caches() {
        let lab = toy(TOML);
        let folder = lab.path().join("toy");
        let digest = || task_digest(&folder).expect("a digest");
        let before = digest();
        fs::write(folder.join("start/__pycache__/main.pyc"), "newer").expect("a file");
        assert_eq!(before, digest());
        fs::write(folder.join("words.txt"), "more").expect("a file");
        assert_ne!(before, digest());
    }
}
