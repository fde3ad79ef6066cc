//! Promotion: is a generation better than the certified one? The kernel's answer, with its statistics.
//!
//! Both work on the same fresh episodes, pair by pair, and their solutions are judged on the report cases, which choose no
//! agent. After each block of pairs the evidence is looked at ([`Duel`]): it may decide at any time, and the promotions
//! of a run share one alpha, so that all of them together certify an agent that is no better with a chance of at most
//! alpha. What is not decided when the run's pairs are used is "undecided".

use std::cmp::Ordering;
use std::sync::Arc;

use super::Stopped;
use super::control;
use super::session::Session;
use crate::base::id::GenerationId;
use crate::domain::lineage::Lineage;
use crate::domain::report::{PromotionReport, Verdict};
use crate::domain::settings::Start;
use crate::domain::stats::{self, Duel, PROMOTION_BLOCK};

/// What the promotions of a run have used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Promotions that were measured.
    pub promotions: u32,
    /// Pairs of episodes.
    pub pairs: u32,
}

impl Used {
    /// Adds a promotion.
    pub fn add(&mut self, report: &PromotionReport) {
        if report.pairs > 0 {
            self.promotions += 1;
            self.pairs += report.pairs;
        }
    }
}

/// Decides a promotion.
pub async fn decide(
    session: &Arc<Session>,
    lineage: &Lineage,
    who: GenerationId,
    used: Used,
) -> Result<PromotionReport, Stopped> {
    let against = lineage.certified().unwrap_or(GenerationId(0));
    let left = session.identity.certify.saturating_sub(used.pairs);
    let undecided = |why: &str| PromotionReport::unmeasured(against, why);
    if who == against {
        return Ok(undecided("it is the agent that others are compared with"));
    }
    if session.identity.certify == 0 {
        return Ok(undecided("no episodes are set aside for it: `run --certify N` does"));
    }
    if session.identity.start == Start::Carry {
        return Ok(undecided(
            "agents that start from their ancestors' solutions cannot be compared",
        ));
    }
    if left == 0 {
        return Ok(undecided("the pairs of episodes set aside are used up"));
    }
    measure(session, lineage, [against, who], used, left).await
}

async fn measure(
    session: &Arc<Session>,
    lineage: &Lineage,
    [against, who]: [GenerationId; 2],
    used: Used,
    left: u32,
) -> Result<PromotionReport, Stopped> {
    let mut duel = Duel::new(used.promotions + 1);
    let mut differences: Vec<f64> = Vec::new();
    let mut verdict = Verdict::Undecided;
    let mut pairs = 0;
    while pairs < left && verdict == Verdict::Undecided {
        let block = PROMOTION_BLOCK.min(left - pairs);
        let first = used.pairs + pairs;
        let episodes = session.identity.certifying_episodes(first..first + block);
        let (before, after) = tokio::join!(
            control::arm(session, lineage, against, &episodes),
            control::arm(session, lineage, who, &episodes)
        );
        for difference in control::differences(&before?, &after?) {
            duel.see(difference);
            differences.push(difference);
        }
        pairs += block;
        verdict = match duel.verdict() {
            Some(Ordering::Less) => Verdict::Worse,
            Some(_) => Verdict::Certified,
            None => Verdict::Undecided,
        };
    }
    let (evidence, needed) = (duel.evidence(), duel.needed());
    let difference = stats::mean(&differences);
    let why = format!(
        "{difference:+.3} in score against {against} over {pairs} pairs; evidence {evidence:.2} of {needed:.1} needed"
    );
    Ok(PromotionReport {
        verdict,
        why,
        against,
        pairs,
        difference: Some(difference),
        evidence: Some(evidence),
        needed: Some(needed),
    })
}
