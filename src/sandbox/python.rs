//! The Python interpreter of this machine: which one, where it really is, and what it must be able to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::base::digest::Digest;
use crate::base::durable::replace_file;

/// The commands looked for when none is configured, newest first.
const COMMANDS: [&str; 5] = ["python3.14", "python3.13", "python3.12", "python3.11", "python3"];
/// The oldest version that will do.
const OLDEST: (u32, u32) = (3, 11);
/// How long an interpreter may take to describe itself; a version manager's shim takes a while.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where the sandbox shows shared libraries anyway.
const SYSTEM_LIBRARIES: [&str; 4] = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"];

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// The interpreter itself, not a version manager's shim.
    pub path: PathBuf,
    /// Its version, for example `3.11.7`.
    pub version: String,
    /// The digest of the interpreter and the shared libraries installed with it, wherever they lie.
    pub build: Digest,
    /// Its installation's folder.
    pub prefix: PathBuf,
    /// What a sandbox must let it read besides the system's libraries: itself, its standard library, its installed
    /// packages and the shared libraries they load.
    pub readable: Vec<PathBuf>,
}

impl Python {
    /// What tells this interpreter from others on any machine: its version and its build, and no path.
    pub fn id(&self) -> String {
        let build: String = self.build.as_str().chars().take(12).collect();
        format!("CPython {} ({build})", self.version)
    }
}

/// Why there is no interpreter to use.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// The configured command or path does not exist.
    #[error("there is no `{given}`")]
    NoSuch {
        /// As configured.
        given: String,
    },
    /// The configured interpreter cannot be used.
    #[error("`{path}` cannot be used: {reason}")]
    Unusable {
        /// The interpreter.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No usable interpreter on the PATH.
    #[error("no CPython 3.11 or later on the PATH{}", list(tried))]
    Missing {
        /// What was found and why it cannot be used.
        tried: Vec<(PathBuf, String)>,
    },
}

fn list(tried: &[(PathBuf, String)]) -> String {
    tried.iter().map(|(path, reason)| format!("; `{}`: {reason}", path.display())).collect()
}

/// Finds the interpreter: the configured path or command, or else the newest on the PATH.
///
/// The answer is kept in the file `cache` and is used again while the same commands lead to the same files.
pub async fn find(
    configured: Option<&str>,
    path_env: &str,
    cache: &Path,
) -> Result<Python, PythonError> {
    let candidates = candidates(configured, path_env);
    if let Some(given) = configured
        && candidates.is_empty()
    {
        return Err(PythonError::NoSuch { given: given.to_owned() });
    }
    let asked = candidates.iter().map(|path| (path.clone(), modified(path))).collect();
    if let Some(known) = Known::read(cache)
        && known.asked == asked
        && known.modified == modified(&known.python.path)
    {
        return Ok(known.python);
    }
    let mut tried = Vec::new();
    for path in candidates {
        match describe(&path, path_env).await {
            Ok(python) => {
                Known { asked, modified: modified(&python.path), python: python.clone() }
                    .write(cache);
                return Ok(python);
            }
            Err(reason) if configured.is_some() => {
                return Err(PythonError::Unusable { path, reason });
            }
            Err(reason) => tried.push((path, reason)),
        }
    }
    Err(PythonError::Missing { tried })
}

/// The existing files that a configured path or command, or else the known commands, may mean.
fn candidates(configured: Option<&str>, path_env: &str) -> Vec<PathBuf> {
    let on_path = |command: &str| {
        std::env::split_paths(path_env)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(command))
            .filter(|path| path.is_file())
            .collect::<Vec<_>>()
    };
    match configured {
        Some(path) if path.contains('/') => {
            std::path::absolute(path).into_iter().filter(|path| path.is_file()).collect()
        }
        Some(command) => on_path(command),
        None => COMMANDS.into_iter().flat_map(on_path).collect(),
    }
}

/// When a file last changed, nanoseconds since the epoch; 0 when it does not exist.
fn modified(path: &Path) -> u64 {
    fs::metadata(path)
        .and_then(|found| found.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

/// An answer of earlier, with what it depends on.
#[derive(Serialize, Deserialize)]
struct Known {
    asked: BTreeMap<PathBuf, u64>,
    modified: u64,
    python: Python,
}

impl Known {
    fn read(cache: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(cache).ok()?).ok()
    }

    /// Keeps the answer if that is possible; without, the next question takes longer.
    fn write(&self, cache: &Path) {
        if let Ok(text) = serde_json::to_vec_pretty(self) {
            let _ = replace_file(cache, &text);
        }
    }
}

/// What an interpreter says about itself.
#[derive(Debug, Deserialize)]
struct Said {
    implementation: String,
    version: (u32, u32, u32),
    executable: PathBuf,
    base_executable: PathBuf,
    prefix: PathBuf,
    folders: BTreeSet<PathBuf>,
    mapped: BTreeSet<PathBuf>,
}

/// Asks an interpreter about itself. Imports that load shared libraries of the standard library make these show up
/// among the mapped files, wherever they are installed.
const QUESTION: &str = "
import importlib, json, os, sys, sysconfig
for name in ('bz2', 'ctypes', 'decimal', 'hashlib', 'lzma', 'math', 'random', 'socket', 'ssl', 'zlib'):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
mapped = set()
if os.path.exists('/proc/self/maps'):
    with open('/proc/self/maps') as maps:
        mapped = {line.split(None, 5)[5].strip() for line in maps if '/' in line}
print(json.dumps({
    'implementation': sys.implementation.name,
    'version': list(sys.version_info[:3]),
    'executable': sys.executable,
    'base_executable': getattr(sys, '_base_executable', sys.executable),
    'prefix': sys.prefix,
    'folders': [sysconfig.get_path(name) for name in ('stdlib', 'platstdlib', 'purelib', 'platlib')],
    'mapped': sorted(path for path in mapped if os.path.isfile(path) and '.so' in os.path.basename(path)),
}))
";

async fn describe(path: &Path, path_env: &str) -> Result<Python, String> {
    let answer = Command::new(path)
        .args(["-I", "-B", "-c", QUESTION])
        .env_clear()
        .env("PATH", path_env)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(PATIENCE, answer).await {
        Err(_) => return Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => return Err(error.to_string()),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
        return Err(format!("{} ({first})", output.status));
    }
    let said: Said = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("it did not describe itself as Python does: {error}"))?;
    let (major, minor, micro) = said.version;
    let version = format!("{major}.{minor}.{micro}");
    if said.implementation != "cpython" {
        return Err(format!("it is {}, not CPython", said.implementation));
    }
    if (major, minor) < OLDEST {
        return Err(format!("version {version} is older than {}.{}", OLDEST.0, OLDEST.1));
    }
    let readable = readable(&said).map_err(|error| error.to_string())?;
    let build = build(&said).map_err(|error| error.to_string())?;
    Ok(Python { path: said.executable, version, build, prefix: said.prefix, readable })
}

/// The digest of the files that an interpreter is made of: its own and its shared library, by their names alone.
fn build(said: &Said) -> io::Result<Digest> {
    let is_library = |path: &&PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libpython"))
    };
    let files = std::iter::once(&said.executable).chain(said.mapped.iter().filter(is_library));
    let files = files.map(|path| Ok((path.file_name().unwrap_or_default(), fs::read(path)?)));
    let files = files.collect::<io::Result<Vec<_>>>()?;
    let parts: Vec<_> = files.iter().map(|(name, bytes)| (name.to_string_lossy(), bytes)).collect();
    Ok(Digest::of_parts(parts.iter().map(|(name, bytes)| (name.as_ref(), bytes.as_slice()))))
}

/// What a sandbox must show this interpreter.
fn readable(said: &Said) -> io::Result<Vec<PathBuf>> {
    let mut shown: BTreeSet<PathBuf> = [&said.executable, &said.base_executable]
        .into_iter()
        .map(|path| Ok([path.clone(), path.canonicalize()?]))
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    shown.extend(said.folders.iter().filter(|path| path.is_dir()).cloned());
    // What makes a virtual environment one.
    shown.extend(Some(said.prefix.join("pyvenv.cfg")).filter(|path| path.is_file()));
    let elsewhere = |path: &&PathBuf| {
        !SYSTEM_LIBRARIES.iter().any(|folder| path.starts_with(folder))
            && !said.folders.iter().any(|folder| path.starts_with(folder))
    };
    shown.extend(said.mapped.iter().filter(elsewhere).cloned());
    Ok(shown.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        path
    }

    fn saying(version: &str, counter: &Path, executable: &Path) -> String {
        let (counter, executable) = (counter.display(), executable.display());
        format!(
            "#!/bin/sh\necho asked >> {counter}\necho '{{\"implementation\":\"cpython\",\"version\":[{version}],\
             \"executable\":\"{executable}\",\"base_executable\":\"{executable}\",\"prefix\":\"/nowhere\",\
             \"folders\":[],\"mapped\":[]}}'\n"
        )
    }

    #[tokio::test]
    async fn the_newest_usable_command_wins_and_is_asked_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let counter = folder.path().join("asked");
        let real = script(folder.path(), "real", "");
        script(folder.path(), "python3.13", "#!/bin/sh\necho 'not installed' >&2\nexit 127\n");
        script(folder.path(), "python3.12", &saying("3, 12, 4", &counter, &real));
        let (path_env, cache) = (folder.path().display().to_string(), folder.path().join("cache"));
        let first = find(None, &path_env, &cache).await.expect("an interpreter");
        assert_eq!((first.version.as_str(), &first.path), ("3.12.4", &real));
        assert_eq!(find(None, &path_env, &cache).await.expect("the same"), first);
        assert_eq!(fs::read_to_string(&counter).expect("a count"), "asked\n");

        script(folder.path(), "python3.14", &saying("3, 14, 0", &counter, &real));
        let newer = find(None, &path_env, &cache).await.expect("another");
        assert_eq!(newer.version, "3.14.0", "a new command must be noticed");
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_said_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let counter = folder.path().join("asked");
        let real = script(folder.path(), "real", "");
        script(folder.path(), "python3", &saying("3, 9, 1", &counter, &real));
        let (path_env, cache) = (folder.path().display().to_string(), folder.path().join("cache"));
        let old = find(None, &path_env, &cache).await.expect_err("too old").to_string();
        assert!(old.contains("3.9.1 is older than 3.11"), "{old}");
        let absent = find(Some("python9"), &path_env, &cache).await.expect_err("absent");
        assert!(matches!(absent, PythonError::NoSuch { .. }), "{absent}");
    }
}
