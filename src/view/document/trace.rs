//! What was asked and answered for one generation: `trace --json` and its text.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::figure;
use super::super::ink::Page;
use super::call::CallDocument;
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::InnerAction;
use crate::domain::event::{
    AttemptEnd, AttemptResult, CallKey, DraftTest, Event, HandedBack, Record,
};
use crate::domain::outcome::Violation;

/// `trace --json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TraceDocument {
    /// The run.
    pub run: String,
    /// Whether no candidate of the run could have written its own score.
    pub sealed: bool,
    /// The generation.
    pub generation: String,
    /// The answers of the meta role that made it, in order.
    pub rewrite: Vec<CallDocument>,
    /// What roles were asked for advice or for cases, and said, in order.
    pub advice: Vec<CallDocument>,
    /// The attempts by which it was measured, an episode after the other.
    pub attempts: Vec<AttemptDocument>,
}

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
    fn of(turn: u32, test: &DraftTest) -> Self {
        let DraftTest { metric, cases, reason, .. } = test;
        Self { turn, cases: cases.len(), metric: *metric, reason: reason.clone() }
    }

    fn told(&self) -> String {
        let metric = self.metric.map_or_else(|| self.reason.clone(), figure::metric);
        let cases = figure::count(self.cases as u64, "case");
        format!("draft of turn {} tested on {cases}: {metric}", self.turn)
    }
}

impl TraceDocument {
    /// The trace of one generation, from the records of its run.
    pub fn of<'a>(
        run: String,
        generation: GenerationId,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Self {
        let mut trace =
            Self { run, generation: generation.to_string(), sealed: true, ..Self::default() };
        for record in records {
            trace.apply(generation, &record.event);
        }
        trace.attempts.sort_by(|a, b| (&a.episode, a.attempt).cmp(&(&b.episode, b.attempt)));
        trace
    }

    fn apply(&mut self, wanted: GenerationId, event: &Event) {
        match event {
            Event::RunStarted { identity, .. } => self.sealed = identity.is_sealed(),
            Event::Answered { key, role, alias, prompt, text, calls, unusable, cost } => {
                let call = |turn: u32| CallDocument {
                    role: role.clone(),
                    model: alias.to_string(),
                    turn,
                    prompt_digest: prompt.to_string(),
                    prompt: None,
                    answer: text.clone(),
                    calls: calls.clone(),
                    unusable: unusable.clone(),
                    handed_back: None,
                    cache_hit: cost.cached_tokens.map(|cached| cached > 0),
                    cost: cost.clone(),
                };
                match key {
                    CallKey::Rewrite { generation, turn } if *generation == wanted => {
                        self.rewrite.push(call(*turn));
                    }
                    CallKey::Attempt { generation, episode, attempt, turn }
                        if *generation == wanted =>
                    {
                        self.attempt(episode, *attempt).calls.push(call(*turn));
                    }
                    CallKey::Consult { generation, turn, .. }
                    | CallKey::Attack { generation, turn, .. }
                        if *generation == wanted =>
                    {
                        self.advice.push(call(*turn));
                    }
                    CallKey::Rewrite { .. }
                    | CallKey::Attempt { .. }
                    | CallKey::Attack { .. }
                    | CallKey::Consult { .. } => {}
                }
            }
            Event::DraftTested {
                key: CallKey::Attempt { generation, episode, attempt, turn },
                result,
            } if *generation == wanted => {
                let test = DraftDocument::of(*turn, result);
                self.attempt(episode, *attempt).tests.push(test);
            }
            Event::StartMeasured { generation, episode, result } if *generation == wanted => {
                self.attempt(episode, 0).ended(result);
            }
            Event::AttemptDecided { generation, episode, attempt, action }
                if *generation == wanted =>
            {
                let open = self.attempt(episode, *attempt);
                match action {
                    InnerAction::Propose { base, op, .. } => {
                        open.base = Some(*base);
                        open.op.clone_from(op);
                    }
                    InnerAction::Review { .. } | InnerAction::Reflect { .. } => {}
                    InnerAction::Stop { why } => {
                        open.op = "stop".to_owned();
                        open.reason.clone_from(why);
                    }
                }
            }
            Event::AttemptFinished { generation, episode, attempt, result }
                if *generation == wanted =>
            {
                let ended = self.attempt(episode, *attempt);
                ended.ended(result);
                hand_back(&mut ended.calls, &result.handed_back);
            }
            Event::GenerationPlanned { plan } if plan.generation == wanted => {
                hand_back(&mut self.rewrite, &plan.handed_back);
            }
            _ => {}
        }
    }

    fn attempt(&mut self, episode: &EpisodeId, attempt: u32) -> &mut AttemptDocument {
        let name = episode.to_string();
        let found =
            self.attempts.iter().position(|one| one.episode == name && one.attempt == attempt);
        let place = found.unwrap_or_else(|| {
            self.attempts.push(AttemptDocument::open(name, attempt));
            self.attempts.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
        &mut self.attempts[place]
    }

    /// Keeps one episode, or one attempt of each episode.
    pub fn keep(&mut self, episode: Option<&EpisodeId>, attempt: Option<u32>) {
        let episode = episode.map(ToString::to_string);
        self.attempts.retain(|one| {
            episode.as_ref().is_none_or(|name| one.episode == *name)
                && attempt.is_none_or(|number| one.attempt == number)
        });
        if episode.is_some() || attempt.is_some() {
            self.rewrite.clear();
        }
    }

    /// Every answer in it.
    pub fn calls_mut(&mut self) -> impl Iterator<Item = &mut CallDocument> {
        self.rewrite
            .iter_mut()
            .chain(&mut self.advice)
            .chain(self.attempts.iter_mut().flat_map(|one| &mut one.calls))
    }

    /// The trace in words: a line for each attempt, and with `full` every prompt and answer.
    pub fn told(&self, page: Page, full: bool) -> String {
        let mut text = format!("{}\n", page.ink.name(&self.generation));
        let mut before = None;
        for call in &self.rewrite {
            let _ = writeln!(text, "rewrite  {}", call.told(page));
            if full {
                call.spell_out(&mut text, before.replace(call), page);
            }
        }
        for call in &self.advice {
            let _ = writeln!(text, "advice   {}", call.told(page));
            if full {
                call.spell_out(&mut text, None, page);
            }
        }
        for one in &self.attempts {
            let _ = writeln!(text, "{}", one.told(page));
            for test in &one.tests {
                let told = figure::cut(&test.told(), page.rest(4));
                let _ = writeln!(text, "  {}", page.ink.faint(&told));
            }
            for violation in &one.violations {
                let told = figure::cut(&violation.detail, page.rest(20));
                let _ = writeln!(text, "  {} {told}", page.ink.bad("violation:"));
            }
            if full {
                let mut before = None;
                for call in &one.calls {
                    let _ = writeln!(text, "  {}", call.told(page));
                    call.spell_out(&mut text, before.replace(call), page);
                }
            }
        }
        text
    }
}

/// Marks the answers that went back to their author.
fn hand_back(calls: &mut [CallDocument], handed_back: &[HandedBack]) {
    for HandedBack { turn, class } in handed_back {
        if let Some(call) = calls.iter_mut().find(|call| call.turn == *turn) {
            call.handed_back = Some(class.clone());
        }
    }
}

impl AttemptDocument {
    fn open(episode: String, attempt: u32) -> Self {
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
            reused: false,
            calls: Vec::new(),
            tests: Vec::new(),
        }
    }

    fn ended(&mut self, result: &AttemptResult) {
        self.end = Some(result.end);
        self.metric = result.metric;
        self.score = result.score;
        self.summary.clone_from(&result.summary);
        self.reason.clone_from(&result.reason);
        self.violations.clone_from(&result.violations);
        self.reused = result.usage.reused;
    }

    fn told(&self, page: Page) -> String {
        let end = match self.end {
            _ if self.attempt == 0 => "start".to_owned(),
            Some(AttemptEnd::Accepted) => page.ink.good("kept"),
            Some(AttemptEnd::Rejected) => "not kept".to_owned(),
            Some(AttemptEnd::NoAnswer) => page.ink.bad("no answer"),
            Some(AttemptEnd::Duplicate) => "duplicate".to_owned(),
            Some(AttemptEnd::Screened) => page.ink.bad("screened"),
            Some(AttemptEnd::ScreenedOut) => "worse".to_owned(),
            Some(AttemptEnd::Failed) => page.ink.bad("failed"),
            None => "open".to_owned(),
        };
        let metric = self.metric.map_or("-".to_owned(), figure::metric);
        let base = self.base.map(|base| format!("{} of {base}  ", self.op)).unwrap_or_default();
        let reason =
            if self.reason.is_empty() { String::new() } else { format!("  ({})", self.reason) };
        let known = if self.reused { "known before  " } else { "" };
        let told = figure::cut(&format!("{known}{base}{}{reason}", self.summary), page.rest(32));
        format!("{} {:>3}  {end}  {metric}  {told}", self.episode, self.attempt)
    }
}

#[cfg(test)]
mod tests;
