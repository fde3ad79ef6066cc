//! The inner loop as a state machine.

mod parts;
mod reading;
mod result;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::domain::action::{InnerAction, Tag};
use crate::domain::consult::{Advice, Review};
use crate::domain::event::{AttemptEnd, AttemptResult, CapScope};
use crate::domain::files::FileSet;
use crate::domain::normal;

pub use parts::{Attempt, Setting};

/// What the machine wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Measure the start, and feed it to [`Episode::started`].
    Start,
    /// Ask the script for the next action, and feed it to [`Episode::decided`].
    Decide,
    /// Wait for the oldest open attempt, and feed its end to [`Episode::finished`].
    Settle {
        /// The attempt.
        attempt: u32,
    },
    /// Nothing: the episode is over.
    Nothing,
}

/// A script's action that cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The base or a reference names no attempt with a candidate and a metric.
    #[error("attempt {0} does not exist, has no measured candidate, or was refused by the gate")]
    NoSuchAttempt(u32),
}

/// An inner loop under way.
#[derive(Debug, Clone)]
pub struct Episode {
    /// What it was given.
    pub setting: Setting,
    attempts: Vec<Attempt>,
    open: Vec<(u32, InnerAction)>,
    decided: u32,
    best: u32,
    incumbent: u32,
    stale: u32,
    stopped: bool,
    seen: BTreeSet<Digest>,
    trials: u32,
    consults: u32,
    reviews: Vec<Review>,
    /// Attempts a review was asked for, in that order, whatever came of it.
    reviewed: Vec<u32>,
    notes: BTreeMap<String, String>,
    /// The attempt that was to be decided when a note was asked for last.
    reflected_before: Option<u32>,
    /// Why nothing more can be asked, once a cap of the generation was met.
    closed: Option<String>,
    /// The roles that can be asked nothing more, with the reason.
    closed_roles: BTreeMap<String, String>,
}

impl Episode {
    /// An episode that has not begun.
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            attempts: Vec::new(),
            open: Vec::new(),
            decided: 0,
            best: 0,
            incumbent: 0,
            stale: 0,
            stopped: false,
            seen: BTreeSet::new(),
            trials: 0,
            consults: 0,
            reviews: Vec::new(),
            reviewed: Vec::new(),
            notes: BTreeMap::new(),
            reflected_before: None,
            closed: None,
            closed_roles: BTreeMap::new(),
        }
    }

    /// What is wanted next. At width w the script is asked as soon as fewer than w attempts are open, and results
    /// enter in the order of dispatch, so the history does not depend on which attempt is faster.
    pub fn want(&self) -> Want {
        if self.attempts.is_empty() {
            return Want::Start;
        }
        let may_decide = !self.stopped
            && self.decided < self.setting.attempts
            && !self.is_perfect()
            && self.best().is_ok();
        match self.open.first() {
            _ if may_decide && (self.open.len() as u64) < u64::from(self.setting.width) => {
                Want::Decide
            }
            Some((attempt, _)) => Want::Settle { attempt: *attempt },
            None => Want::Nothing,
        }
    }

    fn is_perfect(&self) -> bool {
        match (self.setting.task.spec.perfect, self.best().result.metric) {
            (Some(perfect), Some(metric)) => {
                metric == perfect || self.setting.task.better(metric, perfect)
            }
            _ => false,
        }
    }

    /// Feeds the measurement of the start. A start without a metric ends the episode.
    pub fn started(&mut self, result: AttemptResult) {
        self.trials += result.trials;
        let files = Arc::new(self.setting.start.clone());
        self.seen.insert(normal::digest(&files));
        self.attempts.push(Attempt {
            id: 0,
            base: None,
            refs: Vec::new(),
            op: "start".into(),
            tag: Tag::new(),
            files: Some(files),
            result,
            kids: 0,
        });
    }

    /// Feeds the script's action. On [`InnerAction::Propose`] the number of the attempt that is now open.
    pub fn decided(&mut self, action: InnerAction) -> Result<Option<u32>, Unusable> {
        let InnerAction::Propose { base, refs, .. } = &action else {
            self.stopped = true;
            return Ok(None);
        };
        for id in std::iter::once(base).chain(refs) {
            if !self.attempt(*id).is_some_and(Attempt::is_ok) {
                return Err(Unusable::NoSuchAttempt(*id));
            }
        }
        self.decided += 1;
        self.open.push((self.decided, action));
        Ok(Some(self.decided))
    }

    /// Feeds what came of asking for advice.
    pub fn advised(&mut self, action: &InnerAction, advice: Advice) {
        self.consults += 1;
        match action {
            InnerAction::Review { of, .. } => self.reviewed.push(*of),
            InnerAction::Reflect { .. } => self.reflected_before = Some(self.decided + 1),
            InnerAction::Propose { .. } | InnerAction::Stop { .. } => {}
        }
        match advice {
            Advice::Review(review) => self.reviews.push(review),
            Advice::Note { to, text } => drop(self.notes.insert(to, text)),
            Advice::Void { .. } => {}
        }
    }

    /// Ends the episode before its attempts are used up: nothing more is decided.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Feeds the end of the oldest open attempt.
    pub fn finished(&mut self, attempt: u32, files: Option<Arc<FileSet>>, result: AttemptResult) {
        let Some(place) = self.open.iter().position(|(open, _)| *open == attempt) else { return };
        let (_, action) = self.open.remove(place);
        let InnerAction::Propose { base, refs, op, tag, role, .. } = action else { return };
        if result.error_class == CapScope::Generation.class() {
            self.closed = Some(result.reason.clone());
        } else if result.error_class == CapScope::Role.class() {
            self.closed_roles.insert(role, result.reason.clone());
        }
        self.trials += result.trials;
        if let Some(parent) = self.attempts.get_mut(base as usize) {
            parent.kids += 1;
        }
        if let Some(files) = &files {
            self.seen.insert(normal::digest(files));
        }
        let better = match (result.metric, self.best().result.metric) {
            (Some(new), Some(old)) => {
                result.end != AttemptEnd::Refused && self.setting.task.better(new, old)
            }
            _ => false,
        };
        if better {
            self.best = attempt;
            self.stale = 0;
        } else {
            self.stale += 1;
        }
        if result.end == AttemptEnd::Accepted {
            self.incumbent = attempt;
        }
        self.attempts.push(Attempt {
            id: attempt,
            base: Some(base),
            refs,
            op,
            tag,
            files,
            result,
            kids: 0,
        });
    }
}

#[cfg(test)]
pub(super) mod tests;
