//! The files a new task starts from: a small whole task, to be changed into the author's own.

use include_dir::{Dir, DirEntry, include_dir};

use super::TASK_TOML;
use super::write::TaskFiles;
use crate::base::id::TaskName;
use crate::domain::task::Direction;

static TEMPLATE: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/lab/template");

/// The column at which the comments of `task.toml` begin, where their lines leave room for it.
const COMMENT_COLUMN: usize = 39;

/// How many items a case of the template has.
const ITEMS: &str = "12";

/// What a new task is to be called and to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The task.
    pub name: TaskName,
    /// Which way is better.
    pub direction: Direction,
    /// The metric's name; a word that fits the direction when absent.
    pub metric: Option<String>,
}

impl Template {
    /// The files of the task, by their paths in its folder.
    pub fn files(&self) -> TaskFiles {
        let mut files = TaskFiles::new();
        self.collect(&TEMPLATE, &mut files);
        files
    }

    fn collect(&self, folder: &Dir<'_>, files: &mut TaskFiles) {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(inner) => self.collect(inner, files),
                DirEntry::File(file) => {
                    let path = file.path().to_string_lossy().into_owned();
                    let text = self.filled(file.contents_utf8().unwrap_or_default());
                    let text = if path == TASK_TOML { aligned(&text) } else { text };
                    files.insert(path, text.into_bytes());
                }
            }
        }
    }

    fn filled(&self, text: &str) -> String {
        let [metric, direction, floor, target, share_as_metric, in_words] = match self.direction {
            Direction::Maximise => [
                "share",
                "maximise",
                "0.0",
                "1.0",
                "share",
                "the value packed as a share of the best packing's value",
            ],
            Direction::Minimise => [
                "gap",
                "minimise",
                "1.0",
                "0.0",
                "1 - share",
                "the share of the best packing's value that is missed",
            ],
        };
        let metric = self.metric.as_deref().unwrap_or(metric);
        [
            ("{{name}}", self.name.as_str()),
            ("{{metric}}", metric),
            ("{{direction}}", direction),
            ("{{floor}}", floor),
            ("{{target}}", target),
            ("{{items}}", ITEMS),
            ("{{share_as_metric}}", share_as_metric),
            ("{{metric_in_words}}", in_words),
        ]
        .iter()
        .fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

/// The lines with their trailing comments below each other again.
fn aligned(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        match line.split_once("  # ") {
            Some((setting, comment)) => {
                let setting = setting.trim_end();
                lines.push_str(&format!("{setting:<COMMENT_COLUMN$}# {comment}\n"));
            }
            None => {
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tasks::{load_task, write_task};

    #[test]
    fn every_variant_of_the_template_loads_and_leaves_no_mark_unfilled() {
        let tasks = tempfile::tempdir().expect("a folder");
        for (name, direction, metric, expected) in [
            ("more", Direction::Maximise, None, "share"),
            ("less", Direction::Minimise, None, "gap"),
            ("named", Direction::Minimise, Some("loss".to_owned()), "loss"),
        ] {
            let name: TaskName = name.parse().expect("a name");
            let files = Template { name: name.clone(), direction, metric }.files();
            for (path, bytes) in &files {
                let text = String::from_utf8(bytes.clone()).expect("text");
                assert!(!text.contains("{{") && !text.contains("}}"), "{path}:\n{text}");
            }
            let folder = write_task(tasks.path(), &name, &files).expect("written");
            let task = load_task(&folder).expect("a task");
            assert_eq!((task.spec.metric.as_str(), task.spec.direction), (expected, direction));
            assert!(!task.ingredients.is_empty());
        }
    }

    #[test]
    fn comments_stand_below_each_other() {
        let text = aligned("a = 1  # one\nlonger = \"x\"      # two  # three\n# whole line\n");
        let columns: Vec<_> = text.lines().map(|line| line.find('#')).collect();
        assert_eq!(columns, [Some(COMMENT_COLUMN), Some(COMMENT_COLUMN), Some(0)]);
        assert!(text.contains("# two  # three\n"));
    }
}
