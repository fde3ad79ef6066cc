//! The checks as a person or a program reads them: a line each as it is made, or one document at the end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::view::document::check::{Check, Status, TaskCheckDocument};
use crate::view::figure;
use crate::view::ink::Ink;

/// The columns that a check's name takes.
const NAME_COLUMNS: usize = 14;

/// What the person asked for.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// A few cases only.
    pub quick: bool,
    /// One document at the end.
    pub json: bool,
}

/// The checks made so far, shown as they come.
pub struct Told {
    task: String,
    manner: Manner,
    ink: Ink,
    /// Says on a terminal what is being measured.
    doing: Option<ProgressBar>,
    checks: Vec<Check>,
}

impl Told {
    /// Nothing told yet.
    pub fn new(task: String, manner: Manner, edge: &Edge) -> Self {
        let doing = edge.progress.is_some().then(|| {
            let style = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}");
            let target = ProgressDrawTarget::stderr_with_hz(12);
            let bar = ProgressBar::with_draw_target(None, target)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(125));
            bar
        });
        Self { task, manner, ink: edge.page.ink, doing, checks: Vec::new() }
    }

    /// Says what is measured now.
    pub fn doing(&self, what: &str) {
        if let Some(bar) = &self.doing {
            bar.set_message(what.to_owned());
        }
    }

    /// Takes a verdict in and shows it.
    pub fn done(&mut self, check: Check) -> Result<(), Failure> {
        if !self.manner.json {
            let (mark, width) = (mark(check.status, self.ink), NAME_COLUMNS);
            // A traceback keeps its lines, set off from those of the checks.
            let detail = check.detail.trim_end().replace('\n', "\n    ");
            let line = format!("  {mark}  {:<width$} {detail}\n", check.name);
            match &self.doing {
                Some(bar) => bar.suspend(|| output::answer(&line))?,
                None => output::answer(&line)?,
            }
        }
        self.checks.push(check);
        Ok(())
    }

    /// Says what it comes to; a failed check is the command's answer no.
    pub fn end(self) -> Result<(), Failure> {
        if let Some(bar) = &self.doing {
            bar.finish_and_clear();
        }
        let document = TaskCheckDocument::of(self.task, self.manner.quick, self.checks);
        if self.manner.json {
            output::document(&document)?;
        } else {
            output::answer(&summary(&document, self.ink))?;
        }
        if document.ok { Ok(()) } else { Err(Failure::silent(Exit::AnsweredNo)) }
    }
}

fn mark(status: Status, ink: Ink) -> String {
    match status {
        Status::Ok => ink.good("ok     "),
        Status::Warning => ink.name("warning"),
        Status::Failed => ink.bad("FAILED "),
    }
}

fn summary(document: &TaskCheckDocument, ink: Ink) -> String {
    let of = |status| document.checks.iter().filter(|check| check.status == status).count() as u64;
    let checks = figure::count(document.checks.len() as u64, "check");
    let warnings = match of(Status::Warning) {
        0 => String::new(),
        number => format!(", {}", figure::count(number, "warning")),
    };
    let quick = if document.quick { ", on a few cases only" } else { "" };
    let task = ink.strong(&document.task);
    match of(Status::Failed) {
        0 => format!("{task}: {checks} passed{warnings}{quick}\n"),
        failed => format!(
            "{task}: {} of {checks}{warnings}{quick}; docs/tasks.md says what each check means\n",
            ink.bad(&format!("{failed} failed")),
        ),
    }
}
