//! Answers that were paid and brought nothing, by the kind of what was wrong with them.

use std::collections::BTreeMap;

use super::spend::Spend;
use crate::base::id::{EpisodeId, GenerationId};
use crate::domain::event::{
    AttemptEnd, AttemptResult, CallKey, GenerationPlan, GenerationStatus, HandedBack,
};

/// What an answer was for: an attempt, or the making of a generation.
type Work = (GenerationId, Option<(EpisodeId, u32)>);

/// The fold of a run's answers and of what came of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waste {
    /// What wasted answers used, by kind: a class of refusal, or `rewrite_` and the stage that refused it.
    pub kinds: BTreeMap<String, Spend>,
    /// Answers whose fate is open: their turn, and what they used.
    open: BTreeMap<Work, Vec<(u32, Spend)>>,
}

impl Waste {
    /// An answer arrived, and used this.
    pub fn answered(&mut self, key: &CallKey, used: Spend) {
        let (work, turn) = match key {
            CallKey::Attempt { generation, episode, attempt, turn } => {
                ((*generation, Some((episode.clone(), *attempt))), *turn)
            }
            CallKey::Rewrite { generation, turn } => ((*generation, None), *turn),
            // Neither advice nor a proposed case nor a verdict is a candidate; what is void was read all the same.
            CallKey::Consult { .. } | CallKey::Attack { .. } | CallKey::Judge { .. } => return,
        };
        let open = self.open.entry(work).or_default();
        open.retain(|(known, _)| *known != turn);
        open.push((turn, used));
    }

    /// An attempt ended; its last answer is wasted when nothing of it was measured.
    pub fn attempted(
        &mut self,
        generation: GenerationId,
        episode: &EpisodeId,
        attempt: u32,
        result: &AttemptResult,
    ) {
        let unmeasured = matches!(
            result.end,
            AttemptEnd::NoAnswer | AttemptEnd::Duplicate | AttemptEnd::Screened
        );
        let last = unmeasured.then(|| result.error_class.clone());
        self.settle(&(generation, Some((episode.clone(), attempt))), &result.handed_back, last, "");
    }

    /// A generation was decided; its last answer is wasted when it is rejected.
    pub fn planned(&mut self, plan: &GenerationPlan) {
        let refused = plan.stage_failed.filter(|_| plan.status == GenerationStatus::Rejected);
        let last = refused.map(|stage| stage.name().to_owned());
        self.settle(&(plan.generation, None), &plan.handed_back, last, "rewrite_");
    }

    fn settle(&mut self, work: &Work, back: &[HandedBack], last: Option<String>, prefix: &str) {
        let mut open = self.open.remove(work).unwrap_or_default();
        open.sort_by_key(|(turn, _)| *turn);
        let mut waste = |class: &str, used: &Spend| {
            self.kinds.entry(format!("{prefix}{class}")).or_default().merge(used);
        };
        for HandedBack { turn, class } in back {
            if let Some(place) = open.iter().position(|(known, _)| known == turn) {
                waste(class, &open.remove(place).1);
            }
        }
        if let (Some(class), Some((_, used))) = (last, open.pop()) {
            waste(&class, &used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unit::MicroUsd;
    use crate::domain::event::{CallCost, Stage};
    use crate::view::sample;

    fn paid(usd: u64) -> Spend {
        let mut spend = Spend::default();
        spend.add(&CallCost { usd: Some(MicroUsd(usd)), ..CallCost::default() });
        spend
    }

    #[test]
    fn what_went_back_and_what_was_refused_at_last_is_waste_and_what_was_measured_is_not() {
        let mut waste = Waste::default();
        let (generation, episode): (_, EpisodeId) =
            (GenerationId(2), "toy#0".parse().expect("an episode"));
        let key = |attempt, turn| CallKey::Attempt {
            generation,
            episode: episode.clone(),
            attempt,
            turn,
        };
        for (attempt, turn) in [(1, 0), (1, 1), (2, 0), (3, 0)] {
            waste.answered(&key(attempt, turn), paid(10 + u64::from(turn)));
        }
        let back = vec![HandedBack { turn: 0, class: "answer".into() }];
        let good =
            AttemptResult { handed_back: back, ..sample::attempt(AttemptEnd::Accepted, 0.5) };
        let twin = AttemptResult {
            error_class: "duplicate".into(),
            ..sample::attempt(AttemptEnd::Duplicate, 0.5)
        };
        waste.attempted(generation, &episode, 1, &good);
        waste.attempted(generation, &episode, 2, &twin);
        waste.attempted(generation, &episode, 3, &sample::attempt(AttemptEnd::Rejected, 0.1));
        let kinds: Vec<(&str, u64)> = waste
            .kinds
            .iter()
            .map(|(kind, spend)| (kind.as_str(), spend.micro_usd.known))
            .collect();
        assert_eq!(kinds, [("answer", 10), ("duplicate", 10)]);

        waste.answered(&CallKey::Rewrite { generation, turn: 0 }, paid(5));
        let refused = GenerationPlan { stage_failed: Some(Stage::Parse), ..sample::rejected(2, 0) };
        waste.planned(&refused);
        assert_eq!(waste.kinds["rewrite_parse"].micro_usd.known, 5);
    }
}
