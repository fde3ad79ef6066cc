//! The host's side: starting a confined program, talking to it, and learning how it ended.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdSocket;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::error::SandboxError;
use super::output::Output;
use super::spec::{End, Exit, Host, Spec};
use super::wire::{self, InputFile, Order, Outcome, Report, Step};
use super::{supervisor, sys};
use crate::base::failpoint::{self, Site};
use crate::domain::outcome::{SandboxLevel, Usage};

/// A program under way. Dropping it ends the program's whole tree.
#[derive(Debug)]
pub struct Running {
    relay: Option<UnixStream>,
    stop: CancellationToken,
    attendant: JoinHandle<Exit>,
    level: SandboxLevel,
}

impl Running {
    /// The socket to the program's descriptor 3, for a spec that asked for one; the first call gets it.
    pub fn take_relay(&mut self) -> Option<UnixStream> {
        self.relay.take()
    }

    /// Ends the whole tree; `wait` then returns with `End::Stopped`, unless the program was faster.
    pub fn kill(&self) {
        self.stop.cancel();
    }

    /// Waits until nothing is left of the tree. Giving up waiting ends it.
    pub async fn wait(mut self) -> Exit {
        // The program must see its relay closed, if nobody has taken it.
        drop(self.relay.take());
        match (&mut self.attendant).await {
            Ok(exit) => exit,
            Err(error) => lost(self.level, error.to_string()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn lost(level: SandboxLevel, reason: String) -> Exit {
    Exit {
        end: End::Lost { reason },
        stdout: Vec::new(),
        stderr: Vec::new(),
        usage: Usage::default(),
        violations: Vec::new(),
        level,
    }
}

/// Starts a program in a sandbox of the host's level; on return the program runs.
pub async fn start(host: &Host, spec: Spec) -> Result<Running, SandboxError> {
    let contact = |source| SandboxError::Contact { source };
    let (ours, theirs) = StdSocket::pair().map_err(contact)?;
    failpoint::pass(Site::ChildSpawn);
    let mut supervisor = Command::new(&host.executable)
        .arg(supervisor::VERB)
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| SandboxError::Supervisor {
            executable: host.executable.clone(),
            source,
        })?;
    failpoint::pass(Site::ChildSpawned);
    let stdout = receiver(supervisor.stdout.take().map(|pipe| pipe.into_owned_fd()));
    let stderr = receiver(supervisor.stderr.take().map(|pipe| pipe.into_owned_fd()));
    let cap = usize::try_from(spec.limits.output_kb.saturating_mul(1024)).unwrap_or(usize::MAX);
    let output = Output::new(stdout.map_err(contact)?, stderr.map_err(contact)?, cap);

    let (relay, relay_end) = if spec.relay {
        let (relay, end) = StdSocket::pair().map_err(contact)?;
        relay.set_nonblocking(true).map_err(contact)?;
        (Some(UnixStream::from_std(relay).map_err(contact)?), Some(end))
    } else {
        (None, None)
    };
    sys::send_fd(&ours, relay_end.as_ref().map(AsFd::as_fd)).map_err(contact)?;
    drop(relay_end);
    ours.set_nonblocking(true).map_err(contact)?;
    let mut line = Line::new(UnixStream::from_std(ours).map_err(contact)?);
    line.give(host, &spec).await.map_err(contact)?;

    let level = host.level;
    match line.hear().await.map_err(contact)? {
        Report::Started => failpoint::pass(Site::ChildStarted),
        Report::Failed(failure) => {
            let reason = failure.reason;
            return Err(match failure.step {
                Step::Order | Step::Confine => SandboxError::Level { level, reason },
                Step::Files => SandboxError::Files { reason },
                Step::Execute => SandboxError::Program { reason },
            });
        }
        Report::Ended(_) => return Err(contact(io::ErrorKind::InvalidData.into())),
    }
    let stop = CancellationToken::new();
    let attendant = tokio::spawn(attend(supervisor, line, output, stop.clone(), level));
    Ok(Running { relay, stop, attendant, level })
}

fn receiver(pipe: Option<io::Result<OwnedFd>>) -> io::Result<Receiver> {
    Receiver::from_owned_fd(pipe.ok_or(io::ErrorKind::BrokenPipe)??)
}

/// The socket to the supervisor.
struct Line {
    socket: BufReader<UnixStream>,
    heard: Vec<u8>,
}

impl Line {
    fn new(socket: UnixStream) -> Self {
        Self { socket: BufReader::new(socket), heard: Vec::new() }
    }

    async fn give(&mut self, host: &Host, spec: &Spec) -> io::Result<()> {
        let order = Order {
            level: host.level,
            temporary: host.temporary.clone(),
            program: spec.program.clone(),
            env: spec.env.clone(),
            readable: spec.readable.clone(),
            system_libraries: spec.system_libraries,
            inputs: spec
                .inputs
                .iter()
                .map(|(path, content)| InputFile { path: path.clone(), bytes: content.len() })
                .collect(),
            limits: spec.limits,
            scratch_mb: spec.scratch_mb,
            file_mb: spec.file_mb,
            address_space_mb: spec.address_space_mb,
            openings_are_named: spec.openings_are_named,
        };
        self.socket.write_all(&wire::encode(&order)?).await?;
        for (_, content) in &spec.inputs {
            self.socket.write_all(content).await?;
        }
        Ok(())
    }

    /// The next report. May be given up and called again without losing anything.
    async fn hear(&mut self) -> io::Result<Report> {
        self.socket.read_until(b'\n', &mut self.heard).await?;
        if self.heard.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let report = serde_json::from_slice(&self.heard)?;
        self.heard.clear();
        Ok(report)
    }

    /// Has the supervisor end the tree.
    async fn hang_up(&mut self) {
        // Fails only when the supervisor is gone already.
        let _ = self.socket.shutdown().await;
    }
}

/// Sees a running tree through to its end: takes its output, passes on the wish to stop, hears the report.
async fn attend(
    mut supervisor: Child,
    mut line: Line,
    mut output: Output,
    stop: CancellationToken,
    level: SandboxLevel,
) -> Exit {
    let mut hung_up = false;
    let report = loop {
        tokio::select! {
            report = line.hear() => break report,
            () = output.take() => {}
            () = stop.cancelled(), if !hung_up => {
                line.hang_up().await;
                hung_up = true;
            }
        }
    };
    // What the program wrote before its end is in the pipes by now. Their end is not waited for: whoever else holds
    // them could keep them open for ever.
    output.take_rest();
    let outcome = match report {
        Ok(Report::Ended(outcome)) => outcome,
        Ok(other) => broken(format!("the supervisor reported {other:?}")),
        Err(error) => broken(format!("the supervisor ended without a report: {error}")),
    };
    // Only collects the supervisor's exit status, which says nothing the report has not said.
    let _ = supervisor.wait().await;
    let mut violations = outcome.violations;
    violations.extend(output.violation());
    let (stdout, stderr) = output.into_kept();
    Exit { end: outcome.end, stdout, stderr, usage: outcome.usage, violations, level }
}

fn broken(reason: String) -> Outcome {
    Outcome { end: End::Lost { reason }, usage: Usage::default(), violations: Vec::new() }
}
