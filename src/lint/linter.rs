//! Maintained linters: `ruff` where it is installed, else `pyflakes`, in a sandbox of their own.
//!
//! What goes in was written by whoever is measured, so the linter runs as a candidate does: no network, nothing of the
//! machine but itself and the interpreter, an empty scratch folder, limits on everything. It takes no configuration and no
//! exceptions from the text it reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::sync::Mutex;

use crate::base::digest::Digest;
use crate::domain::files::FileSet;
use crate::domain::quality::{Advice, Quality};
use crate::domain::task::{Limits, Task};
use crate::sandbox::python::Python;
use crate::sandbox::{End, Exit, Host, Program, Spec, start};

/// Limits of one look at a candidate.
const LIMITS: Limits =
    Limits { wall_ms: 20_000, cpu_ms: 10_000, memory_mb: 512, processes: 16, output_kb: 512 };
/// How `ruff` is called. Mistakes and likely mistakes, not layout; named, since its defaults change with its versions.
const RUFF: [&str; 7] = [
    "check",
    "--isolated",
    "--no-cache",
    "--ignore-noqa",
    "--quiet",
    "--select=E4,E7,E9,F,B",
    "--output-format=json-lines",
];
/// Where the candidate's files lie among the inputs.
const FOLDER: &str = "solution";
/// The most characters of a linter's words that are kept.
const WORDS: usize = 200;

/// A linter of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linter {
    /// The program `ruff`.
    Ruff(PathBuf),
    /// The package `pyflakes`, installed beside the interpreter: its folder.
    Pyflakes(PathBuf),
}

impl Linter {
    /// The first `ruff` on the PATH, else the interpreter's `pyflakes`.
    pub fn find(path_env: &str, python: &Python) -> Option<Self> {
        let ruff = std::env::split_paths(path_env)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("ruff"))
            .find(|path| path.is_file());
        let beside = || {
            let folders = python.readable.iter().map(|folder| folder.join("pyflakes"));
            folders.into_iter().find(|folder| folder.join("__main__.py").is_file())
        };
        ruff.map(Self::Ruff).or_else(|| beside().map(Self::Pyflakes))
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ruff(_) => "ruff",
            Self::Pyflakes(_) => "pyflakes",
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Ruff(path) | Self::Pyflakes(path) => path,
        }
    }

    /// How it is run on these files, which the sandbox places among the inputs.
    fn spec(&self, python: &Python, files: &[(&String, &String)]) -> Spec {
        let placed = files.iter().map(|(path, _)| format!("{{inputs}}/{FOLDER}/{path}"));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let by_python = |mut args: Vec<String>| {
            args.extend(placed.clone());
            Program::Path { path: python.path.clone(), args }
        };
        let program = match self {
            Self::Pyflakes(_) => by_python(words(&["-s", "-B", "-m", "pyflakes"])),
            // A launcher written in Python, as some installations have it.
            Self::Ruff(path) if is_python(path) => {
                let path = path.to_string_lossy();
                by_python(words(&[&["-s", "-B", &*path][..], &RUFF].concat()))
            }
            Self::Ruff(path) => {
                let mut args: Vec<String> = words(&RUFF);
                args.extend(placed.clone());
                Program::Path { path: path.clone(), args }
            }
        };
        let mut spec = Spec::new(program, LIMITS);
        // ruff starts a thread for each core otherwise.
        spec.env = [("PYTHONHASHSEED", "0"), ("PYTHONUTF8", "1"), ("RAYON_NUM_THREADS", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        spec.system_libraries = true;
        spec.readable = python.readable.clone();
        spec.readable.push(self.path().to_owned());
        let input = |(path, text): &(&String, &String)| {
            (format!("{FOLDER}/{path}"), text.as_bytes().to_vec())
        };
        spec.inputs = files.iter().map(input).collect();
        spec
    }

    fn read(&self, printed: &str) -> Result<Vec<Advice>, String> {
        match self {
            Self::Ruff(_) => ruff_lines(printed),
            Self::Pyflakes(_) => Ok(printed.lines().filter_map(pyflakes_line).collect()),
        }
    }
}

/// Whether a file is a script that names Python as its interpreter.
fn is_python(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 256];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let start = String::from_utf8_lossy(start.get(..read).unwrap_or_default()).into_owned();
    start
        .strip_prefix("#!")
        .and_then(|rest| rest.lines().next())
        .is_some_and(|it| it.contains("python"))
}

/// One of ruff's findings, as `--output-format=json-lines` prints it.
#[derive(Deserialize)]
struct RuffLine {
    code: Option<String>,
    message: String,
    filename: String,
    location: RuffPlace,
    fix: Option<RuffFix>,
}

#[derive(Deserialize)]
struct RuffPlace {
    row: u32,
}

#[derive(Deserialize)]
struct RuffFix {
    message: Option<String>,
}

/// Reads ruff's findings. What is cut off by the cap on output is a line without its end, and left out; anything else
/// that is no finding means that this ruff talks another language.
fn ruff_lines(printed: &str) -> Result<Vec<Advice>, String> {
    let mut found = Vec::new();
    for line in
        printed.split_inclusive('\n').filter(|line| line.ends_with('\n') && line.trim() != "")
    {
        let one: RuffLine = serde_json::from_str(line)
            .map_err(|error| format!("ruff printed a line that is no finding: {error}"))?;
        found.push(Advice {
            path: relative(&one.filename),
            line: one.location.row,
            rule: clipped(&one.code.unwrap_or_default()),
            what: clipped(&one.message),
            fix: clipped(&one.fix.and_then(|fix| fix.message).unwrap_or_default()),
        });
    }
    Ok(found)
}

/// `PATH:LINE:COLUMN: words`, the column left out by old versions.
fn pyflakes_line(line: &str) -> Option<Advice> {
    let (path, rest) = line.split_once(".py:")?;
    let (number, mut what) = rest.split_once(':')?;
    if let Some((column, words)) = what.split_once(": ")
        && column.bytes().all(|byte| byte.is_ascii_digit())
    {
        what = words;
    }
    let (rule, fix) = (String::new(), String::new());
    let path = relative(&format!("{path}.py"));
    Some(Advice { path, line: number.parse().ok()?, rule, what: clipped(what.trim()), fix })
}

/// The path inside the candidate.
fn relative(path: &str) -> String {
    let folder = format!("/{FOLDER}/");
    clipped(path.split_once(&folder).map_or(path, |(_, inside)| inside))
}

fn clipped(text: &str) -> String {
    text.replace(['\n', '\r'], " ").chars().take(WORDS).collect()
}

/// The linter of a run, asked about one candidate after the other.
#[derive(Debug)]
pub struct Checker {
    host: Host,
    python: Python,
    linter: Option<Linter>,
    /// What it says of the starts of tasks, by the digest of their files.
    starts: Mutex<BTreeMap<Digest, Vec<Advice>>>,
}

impl Checker {
    /// A checker with the linter that this machine has.
    pub fn new(host: Host, python: Python, path_env: &str) -> Self {
        let linter = Linter::find(path_env, &python);
        Self { host, python, linter, starts: Mutex::default() }
    }

    /// The linter, if there is one.
    pub fn linter(&self) -> Option<&Linter> {
        self.linter.as_ref()
    }

    /// What it says of a candidate's Python files beyond what it says of the task's start.
    pub async fn look(&self, task: &Task, candidate: &FileSet) -> Quality {
        let Some(linter) = &self.linter else { return Quality::Unavailable };
        let found = match self.findings(linter, candidate).await {
            Ok(found) => found,
            Err(reason) => return Quality::Failed(reason),
        };
        if found.is_empty() {
            return Quality::checked(linter.name(), found, &[]);
        }
        match self.of_start(linter, &task.initial).await {
            Ok(start) => Quality::checked(linter.name(), found, &start),
            Err(reason) => Quality::Failed(reason),
        }
    }

    async fn of_start(&self, linter: &Linter, start: &FileSet) -> Result<Vec<Advice>, String> {
        let digest = start.digest();
        let mut known = self.starts.lock().await;
        if let Some(findings) = known.get(&digest) {
            return Ok(findings.clone());
        }
        let findings = self.findings(linter, start).await?;
        known.insert(digest, findings.clone());
        Ok(findings)
    }

    async fn findings(&self, linter: &Linter, files: &FileSet) -> Result<Vec<Advice>, String> {
        let python: Vec<(&String, &String)> =
            files.0.iter().filter(|(path, _)| path.ends_with(".py")).collect();
        if python.is_empty() {
            return Ok(Vec::new());
        }
        let name = linter.name();
        let running = start(&self.host, linter.spec(&self.python, &python))
            .await
            .map_err(|error| format!("{name} could not be started: {error}"))?;
        let Exit { end, stdout, stderr, .. } = running.wait().await;
        let printed = String::from_utf8_lossy(&stdout);
        let mut found = match end {
            // 1 says that there are findings.
            End::Exited(0 | 1) => linter.read(&printed)?,
            end => {
                let said = clipped(String::from_utf8_lossy(&stderr).trim());
                return Err(format!("{name} ended with {end:?}: {said}"));
            }
        };
        // An answer without findings that ends with 1 is no answer: pyflakes is not there, or ruff refused its arguments.
        if end == End::Exited(1) && found.is_empty() {
            let said = clipped(String::from_utf8_lossy(&stderr).trim());
            return Err(format!("{name} found nothing and ended with 1: {said}"));
        }
        found.sort_by(|a, b| (&a.path, a.line, &a.rule).cmp(&(&b.path, b.line, &b.rule)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
