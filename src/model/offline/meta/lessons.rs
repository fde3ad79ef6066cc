//! What earlier rewrites teach about a move.

use rand_distr::{Beta, Distribution};

use crate::domain::event::GenerationStatus;
use crate::model::Lesson;
use crate::model::offline::draw::Stream;

/// How often moves of some kind helped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Odds {
    /// For it, a prior of 1 included.
    pub helped: f64,
    /// Against it, a prior of 1 included.
    pub failed: f64,
}

impl Odds {
    /// What is known without evidence.
    pub(super) const EVEN: Self = Self { helped: 1.0, failed: 1.0 };

    /// A draw of the probability that it helps (Thompson sampling on a beta posterior).
    pub(super) fn draw(self, rng: &mut Stream) -> f64 {
        Beta::new(self.helped, self.failed).map_or(0.5, |beta| beta.sample(rng))
    }
}

/// The odds of the moves whose summary starts with `start`: a rewrite helped when its measured effect is above 0; a
/// rejected one failed; one not measured yet says nothing.
pub(super) fn odds(lessons: &[Lesson], start: &str, prior: Odds) -> Odds {
    let mut odds = prior;
    for lesson in lessons.iter().filter(|lesson| lesson.summary.starts_with(start)) {
        match (lesson.status, lesson.effect) {
            (GenerationStatus::Valid, Some(effect)) if effect > 0.0 => odds.helped += 1.0,
            (GenerationStatus::Valid, Some(_)) | (GenerationStatus::Rejected, _) => {
                odds.failed += 1.0;
            }
            _ => {}
        }
    }
    odds
}

/// The odds that a number should go up, by the earlier steps `param: KEY A -> B` of the same number.
pub(super) fn odds_of_up(lessons: &[Lesson], key: &str) -> Odds {
    let mut odds = Odds::EVEN;
    for lesson in lessons {
        let Some((old, new)) = step_of(&lesson.summary, key) else { continue };
        match lesson.effect {
            Some(effect) if effect != 0.0 && old != new => {
                if (effect > 0.0) == (new > old) {
                    odds.helped += 1.0;
                } else {
                    odds.failed += 1.0;
                }
            }
            _ => {}
        }
    }
    odds
}

/// The numbers of a summary `param: KEY A -> B`.
fn step_of(summary: &str, key: &str) -> Option<(f64, f64)> {
    let rest = summary.strip_prefix("param: ")?.strip_prefix(key)?.strip_prefix(' ')?;
    let (old, new) = rest.split_once(" -> ")?;
    let new = new.split_whitespace().next()?;
    Some((old.trim().parse().ok()?, new.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::GenerationId;

    fn lesson(summary: &str, status: GenerationStatus, effect: Option<f64>) -> Lesson {
        let [generation, parent] = [GenerationId(1), GenerationId(0)];
        Lesson { generation, parent, summary: summary.to_owned(), status, effect }
    }

    #[test]
    fn measured_effects_make_the_odds() {
        let lessons = [
            lesson("param: operators.num 1.0 -> 2.0", GenerationStatus::Valid, Some(0.1)),
            lesson("param: operators.num 2.0 -> 1.5", GenerationStatus::Valid, Some(0.2)),
            lesson("param: operators.num 1.5 -> 2.5", GenerationStatus::Valid, None),
            lesson("param: operators.number 1.0 -> 2.0", GenerationStatus::Rejected, None),
            lesson("fragment: accept <- strict", GenerationStatus::Valid, Some(0.0)),
            lesson("made the prompt shorter", GenerationStatus::Valid, Some(0.3)),
        ];
        assert_eq!(odds(&lessons, "param:", Odds::EVEN), Odds { helped: 3.0, failed: 2.0 });
        assert_eq!(odds(&lessons, "fragment:", Odds::EVEN), Odds { helped: 1.0, failed: 2.0 });
        assert_eq!(odds_of_up(&lessons, "operators.num"), Odds { helped: 2.0, failed: 2.0 });
    }
}
