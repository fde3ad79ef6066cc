//! One attempt of a trace, and the drafts it tested.

use serde::Serialize;

use super::super::super::figure;
use super::super::super::ink::Page;
use super::super::call::CallDocument;
use crate::domain::event::{AttemptEnd, AttemptResult, DraftTest};
use crate::domain::gate::Gate;
use crate::domain::outcome::Violation;
use crate::domain::quality::Quality;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptDocument {
    /// The episode.
    pub episode: String,
    /// The attempt, from 1; 0 is the start.
    pub attempt: u32,
    /// The attempt whose candidate was changed.
    pub base: Option<u32>,
    /// The word for the kind of change.
    pub op: String,
    /// How it ended; null while it is open.
    pub end: Option<AttemptEnd>,
    /// The mean metric.
    pub metric: Option<f64>,
    /// The score of that metric.
    pub score: Option<f64>,
    /// What changed, in a line.
    pub summary: String,
    /// Why it was not kept.
    pub reason: String,
    /// What its candidate tried or exceeded.
    pub violations: Vec<Violation>,
    /// What the task's gate found, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// What a linter said of it; absent where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Whether nothing ran for it: the same candidate had been measured before.
    pub reused: bool,
    /// The answers it took.
    pub calls: Vec<CallDocument>,
    /// The drafts it tested before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<DraftDocument>,
}

/// A draft that was tested before it was handed in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftDocument {
    /// The answer that held it.
    pub turn: u32,
    /// The train cases it was measured on.
    pub cases: usize,
    /// The mean metric on them.
    pub metric: Option<f64>,
    /// Why it has none.
    pub reason: String,
}

impl DraftDocument {
    pub(super) fn of(turn: u32, test: &DraftTest) -> Self {
        let DraftTest { metric, cases, reason, .. } = test;
        Self { turn, cases: cases.len(), metric: *metric, reason: reason.clone() }
    }

    pub(super) fn told(&self) -> String {
        let metric = self.metric.map_or_else(|| self.reason.clone(), figure::metric);
        let cases = figure::count(self.cases as u64, "case");
        format!("draft of turn {} tested on {cases}: {metric}", self.turn)
    }
}

impl AttemptDocument {
    pub(super) fn open(episode: String, attempt: u32) -> Self {
        Self {
            episode,
            attempt,
            base: None,
            op: String::new(),
            end: None,
            metric: None,
            score: None,
            summary: String::new(),
            reason: String::new(),
            violations: Vec::new(),
            gate: None,
            quality: None,
            reused: false,
            calls: Vec::new(),
            tests: Vec::new(),
        }
    }

    pub(super) fn ended(&mut self, result: &AttemptResult) {
        self.end = Some(result.end);
        self.metric = result.metric;
        self.score = result.score;
        self.summary.clone_from(&result.summary);
        self.reason.clone_from(&result.reason);
        self.violations.clone_from(&result.violations);
        self.gate.clone_from(&result.gate);
        self.quality.clone_from(&result.quality);
        self.reused = result.usage.reused;
    }

    pub(super) fn told(&self, page: Page) -> String {
        let end = match self.end {
            _ if self.attempt == 0 => "start".to_owned(),
            Some(AttemptEnd::Accepted) => page.ink.good("kept"),
            Some(AttemptEnd::Rejected) => "not kept".to_owned(),
            Some(AttemptEnd::NoAnswer) => page.ink.bad("no answer"),
            Some(AttemptEnd::Duplicate) => "duplicate".to_owned(),
            Some(AttemptEnd::Screened) => page.ink.bad("screened"),
            Some(AttemptEnd::ScreenedOut) => "worse".to_owned(),
            Some(AttemptEnd::Failed) => page.ink.bad("failed"),
            Some(AttemptEnd::Refused) => page.ink.bad("refused"),
            None => "open".to_owned(),
        };
        let metric = self.metric.map_or("-".to_owned(), figure::metric);
        let base = self.base.map(|base| format!("{} of {base}  ", self.op)).unwrap_or_default();
        // The evidence of a gate is told line by line.
        let is_told = self.reason.is_empty() || self.end == Some(AttemptEnd::Refused);
        let reason = if is_told { String::new() } else { format!("  ({})", self.reason) };
        let known = if self.reused { "known before  " } else { "" };
        let told = figure::cut(&format!("{known}{base}{}{reason}", self.summary), page.rest(32));
        format!("{} {:>3}  {end}  {metric}  {told}", self.episode, self.attempt)
    }
}
