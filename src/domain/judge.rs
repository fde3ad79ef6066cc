//! What a learned evaluator says of candidates, and how far it is to be trusted: the judges and epochs of a run.
//!
//! A verdict is an estimate of a candidate's score that measured nothing, and is kept apart from every score. An anchor is a
//! block of candidates whose score the kernel knows: a judge is tested on it, and a boundary between epochs rests on the
//! test. The lower bound is the 5 % quantile of Beta(1 + k, 1 + n − k), with k the sum of agreements over n candidates, as
//! in Red Queen Gödel Machines (arXiv 2606.26294).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stats::beta_quantile;
use crate::base::digest::Digest;
use crate::base::id::{EpisodeId, GenerationId, TaskName};

/// The most candidates of an anchor.
pub const ANCHOR: usize = 20;
/// The quantile of the lower bound.
const CAUTION: f64 = 0.05;
/// The longest reason that is kept, characters.
const MAX_REASON: usize = 500;

/// The form of a verdict, as its author is told.
pub const VERDICT_CONTRACT: &str = "Answer with one JSON object and nothing else:\n\
{\"score\": 0.0 to 1.0, \"reason\": \"what it rests on, in a sentence\"}\n\
`score` is what you expect the candidate to be worth when it is measured: 0 is nothing, 1 is the target.\n";

/// A verdict as a model writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    score: f64,
    #[serde(default)]
    reason: String,
}

/// Reads a verdict: one JSON object, whatever stands around it; the score and the reason.
pub fn read_verdict(answer: &str) -> Result<(f64, String), String> {
    let object = answer
        .find('{')
        .zip(answer.rfind('}'))
        .and_then(|(from, to)| answer.get(from..=to))
        .ok_or("the answer holds no JSON object")?;
    let Answered { score, reason } = serde_json::from_str(object)
        .map_err(|fault| format!("the verdict does not parse: {fault}"))?;
    if !(0.0..=1.0).contains(&score) {
        return Err(format!("`score` is {score}; allowed: 0 to 1"));
    }
    Ok((score, reason.chars().take(MAX_REASON).collect()))
}

/// A candidate of an anchor.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchored {
    /// The task.
    pub task: TaskName,
    /// Which candidate.
    pub candidate: Digest,
    /// Its score on the train cases.
    pub score: f64,
}

/// What a judge said of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The task.
    pub task: TaskName,
    /// Which candidate.
    pub candidate: Digest,
    /// The episode whose best solution it is; absent: a candidate of the anchor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeId>,
    /// What it is expected to be worth, 0 to 1; absent: nothing usable was said.
    pub said: Option<f64>,
    /// What the kernel measured; of candidates of the anchor alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<f64>,
    /// What the judge says it rests on, or why there is no verdict.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Verdict {
    /// How far it agrees with what was measured: 1 less the difference. Who says nothing usable agrees with nothing.
    pub fn agreement(&self) -> Option<f64> {
        let known = self.known?;
        Some(self.said.map_or(0.0, |said| 1.0 - (said - known).abs()))
    }
}

/// A judge's test on the anchor of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct AnchorState {
    /// Candidates judged.
    pub n: u32,
    /// The sum of agreements.
    pub k: f64,
    /// Their mean; 0 when there are none.
    pub mean: f64,
    /// Their standard deviation; 0 below two.
    pub sd: f64,
}

impl AnchorState {
    /// The test with these agreements.
    pub fn of(agreements: &[f64]) -> Self {
        let n = u32::try_from(agreements.len()).unwrap_or(u32::MAX);
        let k: f64 = agreements.iter().sum();
        let mean = if n == 0 { 0.0 } else { k / f64::from(n) };
        let squares: f64 = agreements.iter().map(|agreement| (agreement - mean).powi(2)).sum();
        let sd = if n < 2 { 0.0 } else { (squares / f64::from(n - 1)).sqrt() };
        Self { n, k, mean, sd }
    }

    /// What the agreement is at least worth.
    pub fn low(&self) -> f64 {
        let n = f64::from(self.n);
        beta_quantile(CAUTION, 1.0 + self.k, (1.0 + n - self.k).max(1.0))
    }
}

/// The epoch as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EpochState {
    /// Boundaries so far.
    pub index: u32,
    /// The generation whose judge is the epoch's.
    pub judge: GenerationId,
    /// The generation whose `utility` ranks.
    pub utility: GenerationId,
    /// Episodes measured since the boundary.
    pub age: u32,
}

/// Whether a boundary may be drawn: the judge in office and whoever is to replace it were tested on the anchor of the epoch that
/// ends, and a replacement is surely better; ties are for the one in office.
pub fn boundary(
    epoch: EpochState,
    judge: GenerationId,
    tests: &BTreeMap<GenerationId, AnchorState>,
) -> Result<(), String> {
    let tested = |id: GenerationId| tests.get(&id).copied().unwrap_or_default();
    let (old, new) = (tested(epoch.judge), tested(judge));
    let untested = [epoch.judge, judge].into_iter().find(|id| tested(*id).n == 0);
    if let Some(id) = untested {
        return Err(format!(
            "judge and utility are frozen until a boundary, and {id} was not tested on the anchor of epoch {}; \
             allowed: judge(by = \"{id}\", of = \"anchor\") first",
            epoch.index
        ));
    }
    if judge == epoch.judge || (new.n >= old.n && new.low() > old.low()) {
        return Ok(());
    }
    let told = |test: AnchorState| {
        format!("{:.3} with {} measurements (at least {:.3})", test.mean, test.n, test.low())
    };
    Err(format!(
        "the judge of {judge} agrees {}, that of {} in office {}; allowed: one tested on as many whose lower bound is higher",
        told(new),
        epoch.judge,
        told(old)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_strictly() {
        let read = read_verdict("So:\n```json\n{\"score\": 0.25, \"reason\": \"it loops\"}\n```\n");
        assert_eq!(read, Ok((0.25, "it loops".to_owned())));
        for (answer, told) in [
            ("0.7", "no JSON object"),
            ("{\"score\": \"high\"}", "does not parse"),
            ("{\"score\": 7}", "allowed: 0 to 1"),
            ("{\"score\": 0.5, \"accept\": true}", "unknown field `accept`"),
            ("{\"reason\": \"none\"}", "missing field `score`"),
        ] {
            let fault = read_verdict(answer).expect_err(answer);
            assert!(fault.contains(told), "{fault}");
        }
    }

    #[test]
    fn agreement_is_what_is_left_of_one_after_the_difference() {
        let verdict = |said, known| Verdict {
            task: "snake".parse().expect("a name"),
            candidate: Digest::of(b"x"),
            episode: None,
            said,
            known,
            reason: String::new(),
        };
        let close = verdict(Some(0.5), Some(0.75)).agreement().expect("one of the anchor");
        assert!((close - 0.75).abs() < 1e-12);
        assert_eq!(verdict(None, Some(0.75)).agreement(), Some(0.0), "void");
        assert_eq!(verdict(Some(0.5), None).agreement(), None, "not of the anchor");
        let test = AnchorState::of(&[1.0, 0.5]);
        assert_eq!((test.n, test.k, test.mean), (2, 1.5, 0.75));
        assert!((test.sd - 0.125_f64.sqrt()).abs() < 1e-12);
        // Beta(2.5, 1.5): more of the same is surer.
        let many = AnchorState::of(&[1.0, 0.5].repeat(10));
        assert!(test.low() < many.low() && many.low() < 0.75, "{} {}", test.low(), many.low());
    }

    #[test]
    fn a_boundary_needs_a_test_and_a_replacement_a_better_one() {
        let (old, new) = (GenerationId(0), GenerationId(4));
        let epoch = EpochState { index: 1, ..EpochState::default() };
        let test = |agreement: f64, n| AnchorState::of(&vec![agreement; n]);
        let drawn = |judge, tests: &[(GenerationId, AnchorState)]| {
            boundary(epoch, judge, &tests.iter().copied().collect())
        };
        let told = |judge, tests: &[_]| drawn(judge, tests).expect_err("refused");
        assert!(told(old, &[]).contains("gen-00000 was not tested on the anchor of epoch 1"));
        assert!(told(new, &[(old, test(0.6, 20))]).contains("gen-00004 was not tested"));
        assert_eq!(drawn(old, &[(old, test(0.6, 20))]), Ok(()));
        assert_eq!(drawn(new, &[(old, test(0.6, 20)), (new, test(0.9, 20))]), Ok(()));
        let even = told(new, &[(old, test(0.6, 20)), (new, test(0.6, 20))]);
        assert!(even.contains("whose lower bound is higher"), "a tie is the incumbent's: {even}");
        let few = told(new, &[(old, test(0.6, 20)), (new, test(1.0, 5))]);
        assert!(few.contains("tested on as many"), "{few}");
        let void = [(old, test(0.0, 20)), (new, test(0.2, 20))];
        assert_eq!(
            drawn(new, &void),
            Ok(()),
            "who says nothing is replaced by whoever says something"
        );
    }
}
