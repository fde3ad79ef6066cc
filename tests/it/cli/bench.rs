//! A temporary place to run the built program in, with nothing of the outside but a PATH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use hyperagent::archive::Archive;
use tempfile::TempDir;

/// A temporary folder that is home and current folder of every command.
pub struct Bench {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What a command left.
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Bench {
    /// A folder that is no lab.
    pub fn outside_any_lab() -> Self {
        let path = std::env::var("PATH").expect("a PATH");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            environment: vec![("PATH".to_owned(), path)],
        }
    }

    /// A folder with a new lab in `lab/`.
    pub fn with_lab() -> Self {
        let bench = Self::outside_any_lab();
        bench.run(&["init", "lab"]).succeeds();
        bench
    }

    /// The same, where the program knows the machine from a run before: what sandbox and interpreter there are takes longer to
    /// find out than a short run.
    pub fn with_seasoned_lab() -> Self {
        const FILES: [&str; 2] = ["sandbox.json", "python.json"];
        static KNOWN: OnceLock<[String; 2]> = OnceLock::new();
        let at = |file: &str| format!("lab/generations/.git/hyperagent/cache/{file}");
        let known = KNOWN.get_or_init(|| {
            let bench = Self::with_lab();
            let run = ["--lab", "lab", "run", "--task", "bin_packing", "--generations", "0"];
            bench.run(&[&run[..], &["--attempts", "1", "--episodes", "1"]].concat()).succeeds();
            FILES.map(|file| bench.read(&at(file)))
        });
        let bench = Self::with_lab();
        Archive::open_or_create(&bench.path("lab/generations")).expect("an archive");
        fs::create_dir_all(bench.path(&at(""))).expect("a folder");
        for (file, text) in FILES.iter().zip(known) {
            bench.write(&at(file), text);
        }
        bench
    }

    /// The same with one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).expect("written");
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).expect("read")
    }

    /// Runs the built program.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the program starts");
        Ended {
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            code: output.status.code(),
        }
    }

    /// Runs the built program with a standard output that nobody reads.
    pub fn run_into_closed_pipe(&self, arguments: &[&str]) {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("an end");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let home: &Path = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyperagent"));
        command
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Ended {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.fails_with(0)
    }

    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard error holds these words.
    #[track_caller]
    pub fn tells(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no `{words}` in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "not one document:\n{}", self.stdout);
        serde_json::from_str(&self.stdout).expect("JSON")
    }
}
