//! What an episode comes to: its best candidate, its failures by class, and what each operator brought.

use std::collections::BTreeMap;

use super::Episode;
use crate::domain::credit;
use crate::domain::event::{AttemptEnd, EpisodeResult, FailureCount, OperatorCredit};

impl Episode {
    /// The episode's result, once nothing is wanted any more; the select measurement is the kernel's to add.
    pub fn result(&self) -> EpisodeResult {
        let best = self.best();
        let mut failures: BTreeMap<String, FailureCount> = BTreeMap::new();
        let mut credit: BTreeMap<String, OperatorCredit> = BTreeMap::new();
        for attempt in self.attempts.iter().skip(1) {
            if !attempt.result.error_class.is_empty() {
                failures
                    .entry(attempt.result.error_class.clone())
                    .or_insert_with(|| FailureCount {
                        count: 0,
                        example: attempt.result.reason.clone(),
                    })
                    .count += 1;
            }
            let second_half = attempt.id > self.setting.attempts / 2;
            for source in credit::sources(&attempt.result.summary, second_half) {
                let entry = credit.entry(source).or_default();
                entry.tries += 1;
                if attempt.result.end == AttemptEnd::Accepted {
                    entry.accepted += 1;
                    entry.gain += attempt.result.gain.unwrap_or(0.0).max(0.0);
                }
            }
        }
        EpisodeResult {
            cases: u32::try_from(best.result.cases.len()).unwrap_or(u32::MAX),
            start_metric: self.attempts.first().and_then(|start| start.result.metric),
            metric: best.result.metric,
            score: best.result.score.unwrap_or(0.0),
            best: best.files.as_deref().cloned().unwrap_or_default(),
            attempts: self.decided,
            accepted: self
                .attempts
                .iter()
                .skip(1)
                .filter(|a| a.result.end == AttemptEnd::Accepted)
                .count()
                .try_into()
                .unwrap_or(u32::MAX),
            trials: self.trials,
            select_metric: None,
            select_score: None,
            select_cases: Vec::new(),
            select_block: 0,
            failures,
            credit,
        }
    }
}
