//! A person's own program, such as a coding agent: run as they would run it, outside the sandbox, because it is theirs
//! and needs their network. What is kept from it is the environment, time without end, and output without end; and
//! nothing of its process group outlives it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::here;

/// What to run.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The program, found with [`find`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// What it reads.
    pub input: String,
    /// How long it may take.
    pub patience: Duration,
    /// How much it may write, bytes, to each of its two outputs.
    pub output_bytes: u64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolEnd {
    /// With status 0.
    Success,
    /// With another status or by a signal, in words.
    Failed(String),
    /// It was ended when its time was up.
    TimedOut,
    /// It was ended for writing too much.
    TooMuch,
}

/// What a program came to.
#[derive(Debug, Clone)]
pub struct ToolReport {
    /// How it ended.
    pub end: ToolEnd,
    /// What it wrote.
    pub output: String,
    /// What it wrote to its second output.
    pub complaints: String,
}

/// The program a person means: a path relative to `base`, or a name looked up in the folders of `path`.
pub fn find(program: &str, base: &Path, path: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(base.join(program)).filter(|file| file.is_file());
    }
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The process group of a program; ended when this is dropped, so that a cancelled call leaves nothing behind.
struct Group(Option<u32>);

impl Group {
    fn end(&mut self) {
        if let Some(leader) = self.0.take() {
            here::end_group(leader);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a program to its end. Dropping the future ends it.
///
/// # Errors
/// When it cannot be started or watched.
pub async fn run(tool: &Tool) -> io::Result<ToolReport> {
    let mut command = Command::new(&tool.program);
    command
        .args(&tool.arguments)
        .env_clear()
        .envs(tool.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&tool.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let mut group = Group(child.id());
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        // A program that does not read its input to the end closes the pipe; that is its own affair.
        if let Some(mut pipe) = input {
            let _ = pipe.write_all(tool.input.as_bytes()).await;
        }
    };
    let wait = async {
        let status = child.wait().await;
        // What it left running would hold its outputs open.
        group.end();
        status
    };
    let read = async {
        tokio::try_join!(capped(output, tool.output_bytes), capped(errors, tool.output_bytes))
    };
    let all = async {
        tokio::pin!(wait, read, feed);
        let mut fed = false;
        let mut status = None;
        loop {
            tokio::select! {
                () = &mut feed, if !fed => fed = true,
                ended = &mut wait, if status.is_none() => status = Some(ended?),
                outputs = &mut read => {
                    let (output, complaints) = match outputs {
                        Ok(outputs) => outputs,
                        Err(Unread::TooMuch) => {
                            return Ok(report(ToolEnd::TooMuch, Vec::new(), Vec::new()));
                        }
                        Err(Unread::Broken(error)) => return Err(error),
                    };
                    let status = match status {
                        Some(status) => status,
                        None => wait.await?,
                    };
                    let end = if status.success() {
                        ToolEnd::Success
                    } else {
                        ToolEnd::Failed(status.to_string())
                    };
                    return Ok(report(end, output, complaints));
                }
            }
        }
    };
    match tokio::time::timeout(tool.patience, all).await {
        Ok(done) => done,
        Err(_) => Ok(report(ToolEnd::TimedOut, Vec::new(), Vec::new())),
    }
}

fn report(end: ToolEnd, output: Vec<u8>, complaints: Vec<u8>) -> ToolReport {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    ToolReport { end, output: text(output), complaints: text(complaints) }
}

/// Why an output was not read to its end.
enum Unread {
    TooMuch,
    Broken(io::Error),
}

/// All of an output, up to `most` bytes.
async fn capped(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most.saturating_add(1)).read_to_end(&mut bytes).await.map_err(Unread::Broken)?;
    }
    if bytes.len() as u64 > most { Err(Unread::TooMuch) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str, folder: &Path) -> Tool {
        Tool {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("NAMED".into(), "yes".into()),
            ],
            folder: folder.to_owned(),
            input: "asked".into(),
            patience: Duration::from_secs(5),
            output_bytes: 1000,
        }
    }

    #[tokio::test]
    async fn it_reads_its_input_and_has_the_named_environment_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let tool = shell("cat; env | grep -c .; echo $NAMED; echo no >&2; exit 3", folder.path());
        let report = run(&tool).await.expect("it ran");
        // PATH and NAMED, and PWD (and `_`) that a shell sets by itself.
        let lines: Vec<&str> = report.output.lines().collect();
        assert!(report.output.starts_with("asked") && lines.last() == Some(&"yes"), "{report:?}");
        assert!(!report.output.contains("CARGO"), "{report:?}");
        assert_eq!(report.complaints, "no\n");
        assert!(matches!(&report.end, ToolEnd::Failed(words) if words.contains('3')), "{report:?}");
    }

    #[tokio::test]
    async fn time_and_output_are_capped_and_its_children_end_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = folder.path().join("late");
        let slow = format!("(sleep 1; touch {}) & sleep 30", mark.display());
        let begun = Instant::now();
        let tool = Tool { patience: Duration::from_millis(200), ..shell(&slow, folder.path()) };
        assert_eq!(run(&tool).await.expect("it ran").end, ToolEnd::TimedOut);
        assert_eq!(run(&shell("yes", folder.path())).await.expect("it ran").end, ToolEnd::TooMuch);
        // What it left in the background holds nobody up.
        let left = run(&shell("sleep 30 & echo done", folder.path())).await.expect("it ran");
        assert_eq!((left.end, left.output.as_str()), (ToolEnd::Success, "done\n"));
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert!(!mark.exists(), "its child outlived it");
        assert!(begun.elapsed() < Duration::from_secs(5), "it was waited for");
    }
}
