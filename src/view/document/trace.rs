//! What was asked and answered for one generation: `trace --json` and its text.

mod attempt;

use std::fmt::Write as _;

use serde::Serialize;

use super::super::figure;
use super::super::ink::Page;
use super::call::CallDocument;
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::action::InnerAction;
use crate::domain::event::{CallKey, Event, HandedBack, Record};
use crate::domain::quality::Quality;

pub use attempt::{AttemptDocument, DraftDocument};

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
            Event::Answered { key, role, alias, prompt, text, calls, kept: _, unusable, cost } => {
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
                    | CallKey::Judge { generation, turn, .. }
                        if *generation == wanted =>
                    {
                        self.advice.push(call(*turn));
                    }
                    CallKey::Rewrite { .. }
                    | CallKey::Attempt { .. }
                    | CallKey::Attack { .. }
                    | CallKey::Judge { .. }
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
            for evidence in one.gate.iter().flat_map(|gate| &gate.evidence) {
                let told = figure::cut(&evidence.to_string(), page.rest(9));
                let _ = writeln!(text, "  {} {told}", page.ink.bad("gate:"));
            }
            for advice in
                one.quality.iter().filter(|it| **it != Quality::Unavailable).flat_map(Quality::told)
            {
                let told = figure::cut(&advice, page.rest(9));
                let _ = writeln!(text, "  {} {}", page.ink.faint("lint:"), page.ink.faint(&told));
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
        let unseen = |one: &&AttemptDocument| one.quality == Some(Quality::Unavailable);
        if let Some(told) = self.attempts.iter().find(unseen).and_then(|one| one.quality.as_ref()) {
            let _ =
                writeln!(text, "{}", page.ink.faint(&format!("lint: {}", told.told().join("; "))));
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

#[cfg(test)]
mod tests;
