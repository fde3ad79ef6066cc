//! A new lab from files inside the binary.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use super::folder::{HYPERAGENT_TOML, is_lab};
use crate::base::durable;

static SEED: Dir = include_dir!("$CARGO_MANIFEST_DIR/seed");
static TASKS: Dir = include_dir!("$CARGO_MANIFEST_DIR/tasks");
/// The settings of a new lab. The checkout's own copy is a person's file and may say anything.
const SETTINGS: &str = include_str!("hyperagent.toml");
/// What a git repository around the lab leaves out, and the file that says so.
const GITIGNORE_FILE: &str = ".gitignore";
const GITIGNORE: &str = "/generations/\n/.env\n__pycache__/\n";
/// The method a new lab's agent starts as.
const DEFAULT_METHOD: &str = "hyperagent";

/// Why no lab was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a lab already.
    #[error("{} is a lab already; nothing was changed", .folder.display())]
    AlreadyALab {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that would be written exists and says something else.
    #[error(
        "{} exists and is not what a new lab would hold there; nothing was changed; choose another folder or move it away",
        .file.display()
    )]
    InTheWay {
        /// The file.
        file: PathBuf,
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

/// What a new lab holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The lab's folder.
    pub folder: PathBuf,
    /// The files written, relative to it, in order.
    pub files: Vec<PathBuf>,
}

/// Makes `folder` a lab: settings, seeds, tasks, and an agent to run and edit.
///
/// Other files in the folder are left alone. `hyperagent.toml` comes last, so a folder that holds it is a whole lab;
/// what an interrupted call left behind is taken over by the next.
pub fn init(folder: &Path) -> Result<Created, InitError> {
    if is_lab(folder) {
        return Err(InitError::AlreadyALab { folder: folder.to_owned() });
    }
    let mut files = files();
    // A repository that is there already has its own idea of what to leave out.
    if !folder.join(GITIGNORE_FILE).exists() {
        files.insert(GITIGNORE_FILE.into(), GITIGNORE.as_bytes());
    }
    for (path, content) in &files {
        let file = folder.join(path);
        match std::fs::read(&file) {
            Ok(found) if found == *content => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(_) | Err(_) => return Err(InitError::InTheWay { file }),
        }
    }
    for (path, content) in &files {
        write(&folder.join(path), content)?;
    }
    let settings = folder.join(HYPERAGENT_TOML);
    durable::replace_file(&settings, SETTINGS.as_bytes())
        .map_err(|source| InitError::Write { path: settings, source })?;
    let mut files: Vec<PathBuf> = files.into_keys().chain([HYPERAGENT_TOML.into()]).collect();
    files.sort();
    Ok(Created { folder: folder.to_owned(), files })
}

fn write(path: &Path, content: &[u8]) -> Result<(), InitError> {
    let written = match path.parent() {
        Some(folder) => {
            std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, content))
        }
        None => std::fs::write(path, content),
    };
    written.map_err(|source| InitError::Write { path: path.to_owned(), source })
}

/// Every file of a new lab but its settings, by path.
fn files() -> BTreeMap<PathBuf, &'static [u8]> {
    let mut files = BTreeMap::new();
    collect(&SEED, Path::new("seed"), &mut files);
    collect(&TASKS, Path::new("tasks"), &mut files);
    if let Some(method) = SEED.get_dir(DEFAULT_METHOD) {
        let mut agent = BTreeMap::new();
        collect(method, Path::new(""), &mut agent);
        files.extend(agent.into_iter().filter_map(|(path, content)| {
            let inside = path.strip_prefix(DEFAULT_METHOD).ok()?;
            Some((Path::new("agent_config").join(inside), content))
        }));
    }
    files
}

fn collect(
    folder: &'static Dir<'static>,
    below: &Path,
    files: &mut BTreeMap<PathBuf, &'static [u8]>,
) {
    for entry in folder.entries() {
        if is_generated(entry.path()) {
            continue;
        }
        match entry {
            DirEntry::Dir(inner) => collect(inner, below, files),
            DirEntry::File(file) => {
                files.insert(below.join(file.path()), file.contents());
            }
        }
    }
}

/// Whether a tool put it there, not a person: caches, byte code, an editor's or a system's leftovers.
fn is_generated(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name == "__pycache__" || name.ends_with(".pyc") || name.ends_with('~') || name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::LabConfig;
    use crate::lab::tasks::{list_tasks, load_task};
    use crate::lab::{Lab, config};

    #[test]
    fn a_new_lab_opens_with_every_setting_at_its_default() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = init(&folder.path().join("new/lab")).expect("a lab");
        let lab = Lab::open(&made.folder).expect("a lab");
        assert_eq!(lab.config, LabConfig::default());
        assert!(made.files.iter().all(|file| made.folder.join(file).is_file()));
        for task in list_tasks(&lab.tasks()).expect("tasks") {
            load_task(&lab.task(&task)).expect("a whole task");
        }
        let agent = |folder: PathBuf| std::fs::read(folder.join("agent.toml")).expect("an agent");
        assert_eq!(agent(lab.agent_config()), agent(lab.seed(DEFAULT_METHOD)));
    }

    #[test]
    fn a_lab_is_not_made_twice_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("tasks/README.md");
        std::fs::create_dir(folder.path().join("tasks")).expect("made");
        std::fs::write(&own, "mine\n").expect("written");
        assert!(matches!(init(folder.path()), Err(InitError::InTheWay { .. })));
        assert!(!folder.path().join("seed").exists(), "something was written all the same");
        std::fs::remove_file(&own).expect("removed");
        init(folder.path()).expect("a lab");
        assert!(matches!(init(folder.path()), Err(InitError::AlreadyALab { .. })));
    }

    #[test]
    fn an_interrupted_init_is_taken_up_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = init(folder.path()).expect("a lab");
        std::fs::remove_file(folder.path().join(HYPERAGENT_TOML)).expect("removed");
        std::fs::remove_file(folder.path().join("seed/README.md")).expect("removed");
        assert_eq!(init(folder.path()).expect("a lab").files.len(), made.files.len() - 1);
        assert!(folder.path().join("seed/README.md").is_file());
    }

    #[test]
    fn a_repositorys_own_ignore_file_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join(GITIGNORE_FILE);
        std::fs::write(&own, "mine\n").expect("written");
        init(folder.path()).expect("a lab");
        assert_eq!(std::fs::read_to_string(&own).expect("read"), "mine\n");
    }

    #[test]
    fn generated_files_stay_out() {
        for path in ["tasks/snake/__pycache__", "a/b.pyc", "a/.DS_Store", "a/b.py~"] {
            assert!(is_generated(Path::new(path)), "{path}");
        }
        assert!(!is_generated(Path::new("tasks/snake/benchmark.py")));
        assert!(files().keys().all(|path| !path.to_string_lossy().contains("__pycache__")));
    }

    #[test]
    fn every_example_in_the_settings_is_valid_when_its_comment_signs_go() {
        let examples: Vec<&str> = SETTINGS.split("\n#[").skip(1).collect();
        assert!(examples.len() >= 6, "only {} examples found", examples.len());
        let file = Path::new(HYPERAGENT_TOML);
        for example in examples {
            let lines = example.lines().skip(1).map_while(|line| line.strip_prefix('#'));
            let head = example.lines().next().unwrap_or_default();
            let text: String =
                std::iter::once(head).chain(lines).flat_map(|line| [line, "\n"]).collect();
            config::parse(file, &format!("[{text}")).expect("a valid example");
        }
    }

    /// The names a table of the settings may hold, as the error for a foreign one lists them.
    fn names(table: &str) -> Vec<String> {
        let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let fault = config::parse(Path::new(HYPERAGENT_TOML), &format!("{head}wink = 1\n"))
            .expect_err("a foreign key")
            .to_string();
        let (_, expected) = fault.split_once("expected ").expect("what is allowed");
        let line = expected.lines().next().unwrap_or_default();
        line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_template_shows_every_setting_there_is() {
        let shown = SETTINGS.lines().filter_map(|line| line.strip_prefix('#'));
        let text: Vec<&str> = shown.filter(|line| !line.starts_with([' ', '-'])).collect();
        let template: toml::Table = text.join("\n").parse().expect("TOML");
        for table in [
            "",
            "models.x",
            "models.x.timeouts_ms",
            "models.x.retry",
            "models.x.price_usd_per_mtok",
            "models.x.usage",
            "ensembles.x",
            "budget",
            "telemetry",
            "sandbox",
            "python",
        ] {
            // `x` stands for any name.
            let mut found = vec![&template];
            for step in table.split('.').filter(|step| !step.is_empty()) {
                let inside = found.iter().flat_map(|table| table.iter());
                let named = inside.filter(|(name, _)| step == "x" || *name == step);
                found = named.filter_map(|(_, value)| value.as_table()).collect();
            }
            for name in names(table) {
                let there = found.iter().any(|table| table.contains_key(&name));
                assert!(there, "the template does not show `{name}` of [{table}]");
            }
        }
    }

    #[test]
    fn the_checkouts_own_settings_are_the_templates_until_a_person_changes_them() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(HYPERAGENT_TOML);
        let own = std::fs::read_to_string(&path).expect("the checkout is a lab");
        if config::parse(&path, &own).expect("valid settings") == LabConfig::default() {
            assert_eq!(own, SETTINGS, "hyperagent.toml and src/lab/hyperagent.toml differ");
        }
    }
}
