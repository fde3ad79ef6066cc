//! Measurements that must agree: the same candidate on the same cases, under circumstances that must not matter.

use std::collections::BTreeMap;

use crate::domain::outcome::Measurement;
use crate::view::document::check::{Check, Status};
use crate::view::figure;

/// One candidate measured twice on the same cases, in any order.
#[derive(Debug)]
pub struct Repeat<'a> {
    /// Who was measured.
    pub who: &'static str,
    /// What was different the second time.
    pub when: &'static str,
    /// The first measurement.
    pub first: &'a Measurement,
    /// The second.
    pub again: &'a Measurement,
}

/// Whether fresh processes give the same metrics.
pub fn deterministic(repeats: &[Repeat<'_>]) -> Check {
    agreement(
        "deterministic",
        repeats,
        "take every random number from the case's seed (`Random(case.seed)`), none from time or the order of a set",
    )
}

/// Whether the benchmark carries nothing over, from case to case or from candidate to candidate. Without determinism
/// nothing can be said.
pub fn stateless(repeats: &[Repeat<'_>], deterministic: &Check) -> Check {
    if deterministic.status == Status::Failed {
        return Check::warning(
            "stateless",
            "cannot be told while the benchmark is not deterministic",
        );
    }
    agreement(
        "stateless",
        repeats,
        "the benchmark (or the start) remembers something between cases or candidates; make everything inside `run`",
    )
}

fn agreement(name: &'static str, repeats: &[Repeat<'_>], advice: &str) -> Check {
    let mut reworded = None;
    for repeat in repeats {
        match difference(repeat) {
            Some(Difference::Metric { case, first, again }) => {
                return Check::failed(
                    name,
                    format!(
                        "{} {}: {case} was {first} and became {again}; {advice}",
                        repeat.who, repeat.when
                    ),
                )
                .with("case", case)
                .with("when", repeat.when)
                .with("first", first)
                .with("again", again);
            }
            Some(Difference::Ending { reason }) => {
                return Check::failed(
                    name,
                    format!("{} {}: no longer graded: {reason}; {advice}", repeat.who, repeat.when),
                )
                .with("when", repeat.when);
            }
            Some(Difference::Feedback { case }) => {
                reworded.get_or_insert((repeat, case));
            }
            None => {}
        }
    }
    let circumstances: Vec<&str> = repeats.iter().map(|repeat| repeat.when).collect();
    let told = match reworded {
        Some((repeat, case)) => Check::warning(
            name,
            format!(
                "{} {}: the feedback of {case} changed, its metric did not; {advice}",
                repeat.who, repeat.when
            ),
        ),
        None => Check::ok(
            name,
            format!(
                "{} gave the same per case: {}",
                figure::count(repeats.len() as u64, "measurement"),
                circumstances.join(", ")
            ),
        ),
    };
    told.with("repeats", repeats.len())
}

/// How two measurements differ.
enum Difference {
    Ending { reason: String },
    Metric { case: String, first: f64, again: f64 },
    Feedback { case: String },
}

/// The first difference, endings before metrics before feedback.
fn difference(repeat: &Repeat<'_>) -> Option<Difference> {
    if repeat.first.outcome != repeat.again.outcome {
        return Some(Difference::Ending { reason: repeat.again.reason.clone() });
    }
    let again: BTreeMap<&str, _> =
        repeat.again.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let pairs =
        || repeat.first.cases.iter().filter_map(|case| Some((case, *again.get(case.id.as_str())?)));
    let metric =
        pairs().find(|(first, again)| first.metric != again.metric).map(|(first, again)| {
            Difference::Metric { case: first.id.clone(), first: first.metric, again: again.metric }
        });
    metric.or_else(|| {
        pairs()
            .find(|(first, again)| first.feedback != again.feedback)
            .map(|(first, _)| Difference::Feedback { case: first.id.clone() })
    })
}

#[cfg(test)]
mod tests {
    use super::super::measured::{ended, graded};
    use super::*;
    use crate::domain::outcome::Outcome;

    fn judged(first: &Measurement, again: &Measurement) -> Check {
        deterministic(&[Repeat { who: "the start", when: "in reverse", first, again }])
    }

    #[test]
    fn order_does_not_matter_but_any_metric_does() {
        let first = graded(&[1.0, 2.0]);
        let mut reversed = first.clone();
        reversed.cases.reverse();
        assert_eq!(judged(&first, &reversed).status, Status::Ok);
        let other = judged(&first, &graded(&[1.0, 2.5]));
        assert_eq!((other.status, &other.values["case"]), (Status::Failed, &"seed-1".into()));
        assert!(other.detail.contains("the start in reverse: seed-1 was 2 and became 2.5"));
        let gone = judged(&first, &ended(Outcome::Fault, "fault", "it fell over"));
        assert!(gone.status == Status::Failed && gone.detail.contains("it fell over"));
    }

    #[test]
    fn other_words_for_the_same_metric_are_a_warning() {
        let first = graded(&[1.0]);
        let mut reworded = first.clone();
        reworded.cases[0].feedback = "off: at 12:04".into();
        assert_eq!(judged(&first, &reworded).status, Status::Warning);
    }

    #[test]
    fn chance_is_not_taken_for_memory() {
        let (first, again) = (graded(&[1.0]), graded(&[2.0]));
        let repeat = || Repeat { who: "the start", when: "again", first: &first, again: &again };
        let verdict = deterministic(&[repeat()]);
        assert_eq!(stateless(&[repeat()], &verdict).status, Status::Warning);
        assert_eq!(stateless(&[repeat()], &deterministic(&[])).status, Status::Failed);
    }
}
