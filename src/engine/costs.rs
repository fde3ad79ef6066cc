//! What models were paid for, by rewrite and by episode: kept aside until the work is taken in, so that a script sees the same
//! sums at any width and in a resumed run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::recorded::{EpisodeKey, Recorded};
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::event::{CallCost, CallKey};
use crate::domain::state::CostState;

/// The rewrite of a generation, or one of its episodes.
type Work = (GenerationId, Option<EpisodeId>);

/// Tokens, and millionths of a dollar.
type Paid = (u64, u64);

/// What was paid, work by work; work that cost nothing is not in it.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<Work, Paid>);

impl Tally {
    /// Adds an answer. What testers and judges cost belongs to no rewrite and no episode.
    pub fn add(&mut self, key: &CallKey, cost: &CallCost) {
        let work = match key {
            CallKey::Rewrite { generation, .. } => (*generation, None),
            CallKey::Attempt { generation, episode, .. }
            | CallKey::Consult { generation, episode, .. } => (*generation, Some(episode.clone())),
            CallKey::Attack { .. } | CallKey::Judge { .. } => return,
        };
        let tokens = cost.input_tokens.unwrap_or(0) + cost.output_tokens.unwrap_or(0);
        let paid = cost.usd.map_or(0, |usd| usd.0);
        if (tokens, paid) == (0, 0) {
            return;
        }
        let (known, usd) = self.0.entry(work).or_default();
        *known += tokens;
        *usd += paid;
    }
}

/// What was paid and is not taken in yet.
#[derive(Debug, Default)]
pub struct Costs(Mutex<Tally>);

impl Costs {
    /// What the journal says was paid.
    pub fn of(recorded: &Recorded) -> Self {
        Self(Mutex::new(recorded.paid().clone()))
    }

    /// Adds an answer.
    pub fn add(&self, key: &CallKey, cost: &CallCost) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(key, cost);
    }

    /// Takes what the rewrite of a generation was paid.
    pub fn take_rewrite(&self, id: GenerationId) -> CostState {
        self.take(&(id, None))
    }

    /// Takes what an episode was paid.
    pub fn take_episode(&self, (id, episode): EpisodeKey) -> CostState {
        self.take(&(id, Some(episode)))
    }

    fn take(&self, work: &Work) -> CostState {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, micro_usd) = all.0.remove(work).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "dollars, to be shown")]
        let usd = micro_usd as f64 / 1e6;
        CostState { tokens, usd, evaluations: 0 }
    }
}
