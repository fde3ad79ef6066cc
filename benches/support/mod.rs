//! What benches share: a lab of its own, whole runs of the built program, and flags.

mod flag;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use flag::flag;
use serde_json::Value;

/// A lab in a temporary folder.
pub struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// A new lab, as `init` writes it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = Self { folder };
        let done = Command::new(program()).arg("init").arg(lab.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        lab
    }

    /// Its folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("lab")
    }

    /// Runs `run` with these flags to its end; the last line of `--json`.
    pub fn run(&self, flags: &[String]) -> Value {
        let done = self.command("run", flags);
        let last = done.lines().last().unwrap_or_default();
        let document: Value = serde_json::from_str(last).unwrap();
        assert!(document.get("event").is_some_and(|event| event == "run_finished"), "{last}");
        document
    }

    /// Runs a verb with `--json`; what it printed.
    pub fn command(&self, verb: &str, flags: &[String]) -> String {
        let done = Command::new(program())
            .arg("--lab")
            .arg(self.path())
            .arg(verb)
            .args(flags)
            .arg("--json")
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_hyperagent"))
}
