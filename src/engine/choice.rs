//! Who of an ensemble is asked for an attempt or a rewrite. What is on record wins; otherwise it is a draw of the
//! stream `choice`, given what was taken in before the decision. Neither the clock nor the money left is looked at.

use super::session::Session;
use crate::base::id::Alias;
use crate::base::rng;
use crate::domain::choice::{Outcomes, choose, outcome};
use crate::domain::event::{CallKey, GenerationStatus};
use crate::domain::lineage::Lineage;
use crate::solve::episode::Episode;

/// A call about to be made under an alias that may stand for several models.
pub struct Ask<'a> {
    /// The first turn of the call.
    pub key: &'a CallKey,
    /// The numbers behind its random streams.
    pub indices: &'a [u64],
    /// The length of its prompt, bytes.
    pub prompt_bytes: usize,
    /// The longest answer, tokens.
    pub max_output_tokens: u32,
}

/// The model asked for an attempt.
pub fn for_attempt(session: &Session, episode: &Episode, named: Alias, ask: &Ask<'_>) -> Alias {
    member(session, named, ask, || {
        let mut outcomes = (*episode.setting.known).clone();
        let attempts = episode.attempts().iter().skip(1);
        for (model, reward) in attempts.filter_map(|attempt| outcome(&attempt.result)) {
            outcomes.add(model, reward);
        }
        (outcomes, episode.stale())
    })
}

/// The model asked for a rewrite.
pub fn for_rewrite(session: &Session, lineage: &Lineage, named: Alias, ask: &Ask<'_>) -> Alias {
    member(session, named, ask, || rewrites(lineage))
}

fn member(
    session: &Session,
    named: Alias,
    ask: &Ask<'_>,
    so_far: impl FnOnce() -> (Outcomes, u32),
) -> Alias {
    let repeated = session.repeated.as_ref().and_then(|repeated| repeated.answer(ask.key));
    if let Some(answer) = session.recorded.answer(ask.key).or(repeated) {
        return answer.alias.clone();
    }
    let Some(ensemble) = session.models.ensemble(&named) else { return named };
    let (outcomes, stale) = so_far();
    let price =
        |alias: &Alias| session.models.reckoned_usd(alias, ask.prompt_bytes, ask.max_output_tokens);
    let mut stream = rng::stream(session.identity.seed, "choice", ask.indices);
    choose(ensemble, ensemble.tier(stale), &outcomes, price, &mut stream).unwrap_or(named)
}

/// What rewrites brought over their parents, and how many in a row have brought nothing. A rejected one brought
/// nothing; one that is not measured yet says nothing.
fn rewrites(lineage: &Lineage) -> (Outcomes, u32) {
    let (mut outcomes, mut stale) = (Outcomes::default(), 0);
    for generation in lineage.generations() {
        let Some(model) = &generation.plan.model else { continue };
        let gain = match generation.plan.status {
            GenerationStatus::Valid => {
                let parent = generation.plan.parents.first().and_then(|id| lineage.get(*id));
                match (generation.mean(), parent.and_then(|parent| parent.mean())) {
                    (Some(own), Some(before)) => own - before,
                    _ => continue,
                }
            }
            GenerationStatus::Rejected => 0.0,
            GenerationStatus::Fault => continue,
        };
        outcomes.add(model, gain);
        stale = if gain > 0.0 { 0 } else { stale + 1 };
    }
    (outcomes, stale)
}
