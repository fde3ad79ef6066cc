//! Results are kept: the same files on the same cases of the same task are measured once in a process.
//!
//! A result is known by everything that it depends on: the candidate's files, the cases in their order with their seeds,
//! the task's folder and settings (the benchmark, the limits), the interpreter, the sandbox's level, and the programs
//! of this module that run inside. Who asks while a result is being made waits for it. Whether a result was kept is
//! told by its usage alone, which no decision depends on, so a run of any width comes to the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::verdict::mean;
use crate::base::digest::Digest;
use crate::domain::outcome::{CaseResult, Measurement, Outcome, Usage};

/// What is known of one candidate on one list of cases.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its measurement on the first so many cases, which went no further.
    pub screened: Option<(usize, Measurement)>,
    /// Its measurement on all of them.
    pub whole: Option<Measurement>,
    /// The same after it was asked again in a fresh process.
    pub confirmed: Option<Measurement>,
}

impl Known {
    /// The measurement on the first so many cases of all, if it is known. That of a whole one stands for it when nothing
    /// was found: what is found may belong to a later case.
    pub(super) fn screened(&self, screening: usize, all: usize) -> Option<Measurement> {
        if let Some((seen, screened)) = &self.screened
            && *seen == screening
        {
            return Some(screened.clone());
        }
        let whole = self.whole.as_ref().filter(|whole| whole.violations.is_empty())?;
        let cases = whole.cases.get(..screening).filter(|cases| is_stage(cases.len(), all))?;
        let (cases, metric) = (cases.to_vec(), mean(cases));
        (whole.outcome == Outcome::Graded).then(|| Measurement { cases, metric, ..whole.clone() })
    }

    /// Whether the whole measurement is what would come of measuring: its first cases are worth going on from.
    pub(super) fn answers(
        &self,
        screening: usize,
        all: usize,
        worth_continuing: impl Fn(&[CaseResult]) -> bool,
    ) -> bool {
        let Some(whole) = &self.whole else { return false };
        match whole.cases.get(..screening).filter(|first| is_stage(first.len(), all)) {
            Some(first) => worth_continuing(first),
            None => true,
        }
    }
}

/// Whether so many cases of all are a stage before the rest.
fn is_stage(screening: usize, all: usize) -> bool {
    screening > 0 && screening < all
}

/// All results of a process.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The outer lock is never held across an await; an inner one is, by whoever makes the result.
    known: StdMutex<BTreeMap<Digest, Arc<Mutex<Known>>>>,
}

impl Results {
    /// What is known under a key, for one reader at a time.
    pub(super) async fn of(&self, key: Digest) -> OwnedMutexGuard<Known> {
        let entry = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(key).or_default().clone()
        };
        entry.lock_owned().await
    }
}

/// A measurement as it is kept; trouble of the machine is not.
pub(super) fn kept(measured: &Measurement) -> Option<Measurement> {
    (measured.outcome != Outcome::Fault).then(|| measured.clone())
}

/// A kept measurement as it is given out again: nothing ran for it.
pub(super) fn reused(measured: &Measurement) -> Measurement {
    Measurement { usage: Usage { reused: true, ..Usage::default() }, ..measured.clone() }
}
