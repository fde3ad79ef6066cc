//! Results are kept: the same files on the same cases of the same task are measured once, and of a run once in all its
//! processes (`store`).
//!
//! A result is known by everything that it depends on: the candidate's files, the cases in their order with their seeds,
//! the task's folder and settings (the benchmark, the limits), the interpreter, the sandbox's level, and the programs
//! of this module that run inside. Who asks while a result is being made waits for it. Whether a result was kept is
//! told by its usage alone, which no decision depends on, so a run of any width comes to the same.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::store::Store;
use super::verdict::mean;
use crate::base::digest::Digest;
use crate::domain::outcome::{CaseResult, Measurement, Outcome, Usage};

/// How far a kept result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Over the first so many cases, and no further.
    Screened(usize),
    /// Over all of them.
    Whole,
    /// The same, after it was asked again.
    Confirmed,
}

impl Stage {
    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "whole" => Some(Self::Whole),
            "confirmed" => Some(Self::Confirmed),
            _ => text.strip_prefix("first-")?.parse().ok().map(Self::Screened),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Screened(cases) => write!(f, "first-{cases}"),
            Self::Whole => f.write_str("whole"),
            Self::Confirmed => f.write_str("confirmed"),
        }
    }
}

/// What is known of one candidate on one list of cases.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its measurement on the first so many cases, which went no further.
    pub screened: Option<(usize, Measurement)>,
    /// Its measurement on all of them.
    pub whole: Option<Measurement>,
    /// The same after it was asked again in a fresh process.
    pub confirmed: Option<Measurement>,
    /// Whether what is on disk has been taken in.
    is_read: bool,
}

impl Known {
    fn take(&mut self, (stage, measured): (Stage, Measurement)) {
        match stage {
            Stage::Screened(cases) => self.screened = Some((cases, measured)),
            Stage::Whole => self.whole = Some(measured),
            Stage::Confirmed => self.confirmed = Some(measured),
        }
    }

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

/// All results of a process, and where those of a run are kept beyond it.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The outer lock is never held across an await; an inner one is, by whoever makes the result.
    known: StdMutex<BTreeMap<Digest, Arc<Mutex<Known>>>>,
    /// Absent where no run is worked on, or nothing can be written.
    store: StdMutex<Option<Store>>,
}

impl Results {
    /// Keeps results in a file too, and takes up what is there of this machine. Where that fails they are kept as without.
    pub(super) fn keep_in(&self, path: &Path, machine: &Digest) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) =
            Store::open(path, machine).ok();
    }

    /// Takes a result in, unless it is trouble of the machine.
    pub(super) fn keep(&self, key: &Digest, known: &mut Known, stage: Stage, made: &Measurement) {
        if made.outcome == Outcome::Fault {
            return;
        }
        known.take((stage, made.clone()));
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let written = store.as_mut().map(|store| store.write(key, stage, made));
        if matches!(written, Some(Err(_))) {
            // A full disk: whoever writes what matters says so.
            *store = None;
        }
    }

    /// What is known under a key, for one reader at a time.
    pub(super) async fn of(&self, key: &Digest) -> OwnedMutexGuard<Known> {
        let entry = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(key.clone()).or_default().clone()
        };
        let mut known = entry.lock_owned().await;
        if !known.is_read {
            known.is_read = true;
            let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = store.as_mut().map(|store| store.read(key));
            kept.into_iter().flatten().for_each(|result| known.take(result));
        }
        known
    }
}

/// A kept measurement as it is given out again: nothing ran for it.
pub(super) fn reused(measured: &Measurement) -> Measurement {
    Measurement { usage: Usage { reused: true, ..Usage::default() }, ..measured.clone() }
}
