//! The dialect `command`: a program of the person's that changes files in a folder, such as a coding agent.
//!
//! It works on a copy of the candidate or of the agent's folder. What it changed there, of what may change, is written
//! down as an answer in the form everybody uses; a program that changes nothing answers with what it prints. It is run
//! as the person would run it, not in the candidates' sandbox, with an environment of the named variables alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::conversation;
use super::said::Said;
use super::scratch::{Left, Scratch};
use crate::base::environment::Environment;
use crate::base::id::Alias;
use crate::domain::agent::AnswerFormat;
use crate::domain::edit;
use crate::domain::editable::EditablePaths;
use crate::domain::event::Retry;
use crate::domain::files::FileSet;
use crate::domain::settings::ModelSpec;
use crate::model::brief::{AdviceBrief, Brief, CasesBrief, JudgeBrief};
use crate::model::fault::{AnswerFault, ModelError, Trouble};
use crate::model::request::{Reply, Request};
use crate::sandbox::tool::{self, Tool, ToolEnd};

/// The most a program may write, KiB, unless the settings say otherwise.
const OUTPUT_KB: u64 = 1024;
/// Characters of a program's complaints that are told.
const COMPLAINT_CHARS: usize = 400;
/// The shortest value that is taken for a secret.
const SECRET_BYTES: usize = 8;

/// A program as configured.
pub(in crate::model) struct Command {
    alias: Alias,
    spec: ModelSpec,
    lab: PathBuf,
    temporary: PathBuf,
    environment: Vec<(String, String)>,
    path: String,
}

/// What a command is to change, and how its answer is written down.
struct Work<'a> {
    files: &'a FileSet,
    editable: EditablePaths,
    format: AnswerFormat,
}

impl Command {
    /// The program of an alias; a path of it starts at `lab`.
    pub fn new(alias: &Alias, spec: &ModelSpec, lab: &Path, environment: &Environment) -> Self {
        let named = |name: &String| Some((name.clone(), environment.get(name)?.to_owned()));
        Self {
            alias: alias.clone(),
            spec: spec.clone(),
            lab: lab.to_owned(),
            temporary: environment.get("TMPDIR").unwrap_or("/tmp").into(),
            environment: spec.env.iter().filter_map(named).collect(),
            path: environment.get("PATH").unwrap_or_default().to_owned(),
        }
    }

    /// Whether it could be started.
    pub fn check(&self) -> Result<(), ModelError> {
        let missing = |name: &&String| !self.environment.iter().any(|(known, _)| known == *name);
        if let Some(variable) = self.spec.env.iter().find(missing) {
            let (alias, variable) = (self.alias.clone(), variable.clone());
            return Err(ModelError::MissingVariable { alias, variable });
        }
        self.program().map(drop)
    }

    fn program(&self) -> Result<PathBuf, ModelError> {
        let program = self.spec.command.first().map(String::as_str).unwrap_or_default();
        tool::find(program, &self.lab, &self.path).ok_or_else(|| ModelError::NoProgram {
            alias: self.alias.clone(),
            program: program.to_owned(),
        })
    }

    /// Starts the program, again while it fails, and writes down what it changed.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ModelError> {
        let begun = Instant::now();
        let work = work(request);
        let prompt = format!("{}\n{}", preface(&work.editable), conversation(request));
        let retry = &self.spec.retry;
        let mut starts = 0;
        let mut retries = Vec::new();
        loop {
            starts += 1;
            let scratch = Scratch::new(&self.temporary, work.files, &request.beside, &prompt)
                .map_err(|source| self.broken(source))?;
            let report = tool::run(&self.tool(&scratch, &prompt)?)
                .await
                .map_err(|source| self.broken(source))?;
            let wall_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let said = Said::of(self.spec.usage.as_ref(), &report.output);
            let mut cost = said.cost(self.spec.price_usd_per_mtok.as_ref(), starts, wall_ms);
            cost.retries.clone_from(&retries);
            let fault = match report.end {
                ToolEnd::Success => {
                    let left = scratch
                        .left(work.files, &work.editable)
                        .map_err(|source| self.broken(source))?;
                    let text = self.answer(&work, &left, said.text(&report.output));
                    cost.restored = left.restored;
                    if !text.trim().is_empty() {
                        return Ok(Reply { text, calls: Vec::new(), kept: None, cost });
                    }
                    AnswerFault::Empty
                }
                ToolEnd::TimedOut => AnswerFault::TookTooLong { ms: self.spec.timeouts_ms.total },
                ToolEnd::TooMuch => AnswerFault::TooMuch { kb: self.output_kb() },
                ToolEnd::Failed(status) => {
                    let reason = format!("{status}: {}", self.redacted(&tail(&report.complaints)));
                    let doubled = 1_u64.checked_shl(starts - 1).unwrap_or(u64::MAX);
                    let pause =
                        retry.first_wait_ms.saturating_mul(doubled).min(retry.longest_wait_ms);
                    if starts >= retry.requests || wall_ms.saturating_add(pause) >= retry.total_ms {
                        return Err(ModelError::Unavailable {
                            alias: self.alias.clone(),
                            requests: starts,
                            waited_ms: wall_ms,
                            last: Trouble::Broken { reason },
                        });
                    }
                    tracing::debug!(alias = %self.alias, starts, %reason, "starting the command again");
                    retries.push(Retry { at_ms: wall_ms, why: reason });
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    continue;
                }
            };
            let (alias, text) = (self.alias.clone(), self.redacted(&report.output));
            return Err(ModelError::NotAnAnswer { alias, fault, text, cost: Box::new(cost) });
        }
    }

    fn tool(&self, scratch: &Scratch, prompt: &str) -> Result<Tool, ModelError> {
        let places = [
            ("{prompt}", scratch.prompt()),
            ("{folder}", scratch.folder()),
            ("{archive}", scratch.archive()),
        ];
        let filled = |argument: &String| {
            let put = |text: String, (name, path): &(&str, PathBuf)| {
                text.replace(name, &path.to_string_lossy())
            };
            places.iter().fold(argument.clone(), put)
        };
        // A program that is told of the file does not get the prompt twice.
        let by_file = self.spec.command.iter().any(|argument| argument.contains("{prompt}"));
        Ok(Tool {
            program: self.program()?,
            arguments: self.spec.command.iter().skip(1).map(filled).collect(),
            environment: self.environment.clone(),
            folder: scratch.folder(),
            input: if by_file { String::new() } else { prompt.to_owned() },
            patience: Duration::from_millis(self.spec.timeouts_ms.total),
            output_bytes: self.output_kb().saturating_mul(1024),
        })
    }

    fn output_kb(&self) -> u64 {
        self.spec.max_output_kb.unwrap_or(OUTPUT_KB)
    }

    /// What it changed, or, when that is nothing, what it said.
    fn answer(&self, work: &Work<'_>, left: &Left, spoken: &str) -> String {
        let text = if left.files == *work.files {
            spoken.trim().to_owned()
        } else {
            edit::render(work.files, &left.files, work.format, &summary(spoken))
        };
        self.redacted(&text)
    }

    /// A text without the values of variables that are named like secrets.
    fn redacted(&self, text: &str) -> String {
        let secret = |name: &str| {
            ["KEY", "TOKEN", "SECRET", "PASSWORD"]
                .iter()
                .any(|word| name.to_uppercase().contains(word))
        };
        let secrets = self
            .environment
            .iter()
            .filter(|(name, value)| secret(name) && value.len() >= SECRET_BYTES);
        secrets
            .fold(text.to_owned(), |text, (name, value)| text.replace(value, &format!("[{name}]")))
    }

    fn broken(&self, source: std::io::Error) -> ModelError {
        ModelError::Command { alias: self.alias.clone(), source }
    }
}

fn work(request: &Request) -> Work<'_> {
    match &*request.brief {
        Brief::Worker(brief) => {
            Work { files: &brief.base, editable: brief.editable.clone(), format: brief.format }
        }
        Brief::Meta(brief) => {
            let all = || brief.files.0.keys().cloned().collect();
            let listed = if brief.editable.is_empty() { all() } else { brief.editable.clone() };
            Work { files: &brief.files, editable: (&listed).into(), format: brief.format }
        }
        // Advice, cases and verdicts are what it prints; the files are there to be read.
        Brief::Advice(AdviceBrief { files, .. })
        | Brief::Cases(CasesBrief { files, .. })
        | Brief::Judge(JudgeBrief { files, .. }) => {
            Work { files, editable: (&Vec::new()).into(), format: AnswerFormat::Full }
        }
    }
}

/// What a program hears before the prompt proper.
fn preface(editable: &EditablePaths) -> String {
    format!(
        "You are in a folder that holds the files the text below speaks of. Change them in place; what you changed when \
         you end is your answer, and nobody answers questions meanwhile. You may change: {editable}; a change to \
         anything else is undone. What may help lies read-only in ../archive. End your output with one line that \
         begins `summary:` and says what you changed and why. Where the text below asks for another form of answer, \
         this holds instead.\n\n----\n"
    )
}

/// What it says of its work: the last line `summary: …`, else its last line.
fn summary(output: &str) -> String {
    let lines = || output.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let said = lines().find_map(|line| line.strip_prefix("summary:")).or_else(|| lines().next());
    said.unwrap_or_default().trim().chars().take(200).collect()
}

fn tail(complaints: &str) -> String {
    let words = complaints.trim();
    let skipped = words.chars().count().saturating_sub(COMPLAINT_CHARS);
    let told: String = words.chars().skip(skipped).collect();
    if told.is_empty() { "it says nothing of why".to_owned() } else { told }
}

#[cfg(test)]
mod tests;
