//! Weaknesses in the text of candidates: no false alarm on anything that is shipped, and told in whole runs.

use std::path::{Path, PathBuf};

use hyperagent::domain::files::FileSet;
use hyperagent::lint;

/// The Python files below a folder.
fn python(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            python(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "py") {
            into.push(path);
        }
    }
}

fn found(folder: &str) -> (usize, Vec<String>) {
    let mut paths = Vec::new();
    python(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    let told = paths.iter().flat_map(|path| {
        let text = std::fs::read_to_string(path).expect("a text");
        let files = FileSet::from_iter([(path.display().to_string(), text)]);
        lint::findings(&files, &FileSet::default())
    });
    (paths.len(), told.map(|finding| finding.to_string()).collect())
}

#[test]
fn nothing_that_is_shipped_raises_an_alarm() {
    for (folder, least) in [("tasks", 40), ("src/lab/template", 3)] {
        let (files, alarms) = found(folder);
        assert!(files >= least, "only {files} files below {folder}");
        assert_eq!(alarms, [""; 0], "{folder}");
    }
}

#[test]
fn of_the_cheats_those_that_reach_out_are_named() {
    let (files, alarms) = found("tests/fixtures/cheats");
    assert!(files >= 30, "{files}");
    assert!(!alarms.is_empty() && alarms.len() <= files / 3, "{alarms:#?}");
}
