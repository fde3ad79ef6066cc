//! What can be asked of an episode.

use std::collections::BTreeMap;

use super::{Attempt, Episode};
use crate::base::digest::Digest;
use crate::domain::action::InnerAction;
use crate::domain::consult::Review;

impl Episode {
    /// Why nothing more is to be decided: an attempt met a cap of the generation.
    pub fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Why a role is not to be asked: an attempt of it met its cap.
    pub fn closed_role(&self, role: &str) -> Option<&str> {
        self.closed_roles.get(role).map(String::as_str)
    }

    /// The action of an open attempt.
    pub fn open_action(&self, attempt: u32) -> Option<&InnerAction> {
        self.open.iter().find(|(open, _)| *open == attempt).map(|(_, action)| action)
    }

    /// The open attempts, oldest first.
    pub fn open(&self) -> &[(u32, InnerAction)] {
        &self.open
    }

    /// Attempts that have ended, the start first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// One attempt that has ended.
    pub fn attempt(&self, id: u32) -> Option<&Attempt> {
        self.attempts.get(id as usize)
    }

    /// Attempts decided so far.
    pub fn used(&self) -> u32 {
        self.decided
    }

    /// How often advice was asked.
    pub fn consults(&self) -> u32 {
        self.consults
    }

    /// The reviews, oldest first.
    pub fn reviews(&self) -> &[Review] {
        &self.reviews
    }

    /// The attempts a review was asked for, in that order.
    pub fn reviewed(&self) -> &[u32] {
        &self.reviewed
    }

    /// Whether a note was asked for since the last attempt was decided.
    pub fn reflected(&self) -> bool {
        self.reflected_before == Some(self.decided + 1)
    }

    /// The notes of this episode, by name; they stand before those of the agent's memory.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Attempts since the last better candidate.
    pub fn stale(&self) -> u32 {
        self.stale
    }

    /// The number of the best attempt.
    pub fn best_id(&self) -> u32 {
        self.best
    }

    /// The number of the attempt accepted last.
    pub fn incumbent_id(&self) -> u32 {
        self.incumbent
    }

    /// The best attempt so far; the start until a better one is found.
    #[expect(clippy::indexing_slicing, reason = "asked only after `started`, and best is an index")]
    pub fn best(&self) -> &Attempt {
        &self.attempts[self.best as usize]
    }

    /// The hashes of the normal forms of the candidates met so far.
    pub fn seen(&self) -> Vec<Digest> {
        self.seen.iter().cloned().collect()
    }

    /// The score of an open attempt's candidate minus its base's, on the task's scale but not clamped, so that a gain
    /// beyond the target still counts.
    pub fn gain(&self, attempt: u32, metric: f64) -> Option<f64> {
        let Some(InnerAction::Propose { base, .. }) = self.open_action(attempt) else {
            return None;
        };
        let scale = self.setting.task.spec.score;
        let before = self.attempt(*base)?.result.metric?;
        Some((metric - before) / (scale.target - scale.floor))
    }
}
