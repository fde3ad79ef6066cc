//! Hostile candidates, made for any task from the names of its functions.
//!
//! None of them solves anything. A benchmark that gives one of them a good metric, or that falls over one, is not ready
//! to judge candidates that a model wrote.

use std::path::Path;

use crate::domain::files::FileSet;
use crate::domain::task::{Direction, Task};

/// What a probe says when it could read what it must not.
pub const READ_MARK: &str = "a probe of task check read";

/// The most files of a task that the reading probe tries.
const MOST_PATHS: usize = 40;

/// A hostile candidate.
#[derive(Debug, Clone)]
pub struct Probe {
    /// A short name.
    pub name: &'static str,
    /// Its files.
    pub files: FileSet,
}

/// All probes of a task.
pub fn probes(task: &Task) -> Vec<Probe> {
    let forged = match task.spec.direction {
        Direction::Maximise => "1e9",
        Direction::Minimise => "-1e9",
    };
    let metric = &task.spec.metric;
    let exits = format!("print('{metric}:{forged}', flush=True)\n    os._exit(0)");
    let forges = format!(
        "os.write(3, b'{{\"report\":{{\"case\":\"{}\",\"metric\":{forged},\"feedback\":\"\"}}}}\\n\"done\"\\n')",
        a_case(task)
    );
    [
        ("raises", String::new(), "raise RuntimeError('a probe of task check')"),
        ("none", String::new(), "return None"),
        // Short enough that the answers of a usual block arrive whole.
        ("long_text", String::new(), "return 'x' * 20000"),
        ("nan", String::new(), "return float('nan')"),
        ("every_type", EVERY_TYPE.to_owned(), "return next(ANSWERS)"),
        ("prints_and_exits", "import os\n".to_owned(), exits.as_str()),
        ("forges_report", "import os\n".to_owned(), forges.as_str()),
        ("reads_task", reading(&task.folder), "return None"),
    ]
    .into_iter()
    .map(|(name, head, body)| Probe { name, files: files(task, &head, body) })
    .collect()
}

/// Values of every JSON type, one after the other, with those on which careless arithmetic fails.
const EVERY_TYPE: &str = "\
from itertools import cycle

DEEP = []
for _ in range(100):
    DEEP = [DEEP]
ANSWERS = cycle(
    [True, -1, 0, 10**400, 0.5, 1e308, '', '\\u0000', '\\ud800', [], [None], [[1, '2'], {}], {}, {'a': None}, DEEP]
)
";

fn a_case(task: &Task) -> String {
    let train = task.spec.cases.get("train");
    format!("seed-{}", train.map_or(0, |set| set.first_seed))
}

/// Code that tries the files of the task where they lie, and raises when it succeeds.
fn reading(folder: &Path) -> String {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let paths: Vec<String> = files
        .filter_map(|entry| entry.path().to_str().map(str::to_owned))
        .take(MOST_PATHS)
        .collect();
    // A list of strings is written alike in JSON and in Python.
    let paths = serde_json::json!(paths);
    format!(
        "import os\n\n\
         for path in {paths}:\n    \
             try:\n        \
                 os.listdir(path) if os.path.isdir(path) else open(path).close()\n    \
             except OSError:\n        \
                 continue\n    \
             raise RuntimeError('{READ_MARK} ' + path)\n"
    )
}

/// The task's start with its entry replaced by a module that defines every function alike.
fn files(task: &Task, head: &str, body: &str) -> FileSet {
    let mut text = head.to_owned();
    for function in &task.spec.benchmark.functions {
        text.push_str(&format!("\n\ndef {function}(*arguments, **named):\n    {body}\n"));
    }
    let mut files = task.initial.clone();
    files.0.insert(task.spec.solution.entry.clone(), text);
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tasks::{Template, load_task, write_task};

    #[test]
    fn probes_define_the_tasks_functions_and_know_where_its_files_lie() {
        let tasks = tempfile::tempdir().expect("a folder");
        let name: crate::base::id::TaskName = "toy".parse().expect("a name");
        let direction = Direction::Minimise;
        let template = Template { name: name.clone(), direction, metric: None };
        let folder = write_task(tasks.path(), &name, &template.files()).expect("written");
        let mut task = load_task(&folder).expect("a task");
        task.spec.benchmark.functions.push("plan".into());
        let text = |name: &str| {
            let all = probes(&task);
            let probe = all.iter().find(|probe| probe.name == name).expect("the probe");
            assert_eq!(probe.files.0.len(), task.initial.0.len());
            probe.files.get("packer.py").expect("the entry").to_owned()
        };
        for probe in probes(&task) {
            let text = text(probe.name);
            assert!(text.contains("def choose(") && text.contains("def plan("), "{text}");
        }
        assert!(text("forges_report").contains(r#""case":"seed-0","metric":-1e9"#));
        let reads = text("reads_task");
        for file in ["benchmark.py", "task.toml", "solution/packer.py"] {
            assert!(reads.contains(&format!("{}\"", task.folder.join(file).display())), "{reads}");
        }
    }
}
