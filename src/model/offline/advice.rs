//! Advice without a language model: a count of what failed, and the operator that has brought most in this episode.

use std::collections::BTreeMap;

use rand::RngExt;
use serde_json::json;

use super::draw::Stream;
use super::worker::Manner;
use crate::domain::agent::Operators;
use crate::domain::event::OperatorCredit;
use crate::model::AdviceBrief;

/// A review as JSON, or a note. A review's `pattern` names an operator, so that a strategy can pass it on as `op`.
pub(super) fn answer(brief: &AdviceBrief, manner: Manner, rng: &mut Stream) -> String {
    let named = match manner {
        Manner::Guided => best_operator(&brief.credit),
        Manner::Uniform => {
            Operators::NAMES.get(rng.random_range(0..Operators::NAMES.len())).copied()
        }
    };
    let failures: u32 = brief.failures.values().sum();
    let worst = brief.failures.iter().max_by_key(|(_, count)| **count);
    let share = f64::from(failures.min(brief.cases)) / f64::from(brief.cases.max(1));
    let said = match worst {
        Some((class, count)) => format!("{class}: {count} of {} cases", brief.cases.max(failures)),
        None => "no failing case".to_owned(),
    };
    if !brief.review {
        let credit = |(name, credit): (&String, &OperatorCredit)| {
            format!(
                "- {name}: {} of {} kept, gain {:.4}\n",
                credit.accepted, credit.tries, credit.gain
            )
        };
        let operators = brief.credit.iter().filter(|(name, _)| is_operator(name));
        return format!("{said}\n{}", operators.map(credit).collect::<String>());
    }
    let fix = match (worst, named) {
        (Some((class, _)), Some(name)) => format!("change what leads to {class}, by {name}"),
        (Some((class, _)), None) => format!("change what leads to {class}"),
        (None, Some(name)) => format!("go on with {name}"),
        (None, None) => "go on".to_owned(),
    };
    json!({
        "issue": worst.map_or("none seen", |(class, _)| class.as_str()),
        "severity": share,
        "fix": format!("{fix} ({said})"),
        "confidence": if named.is_some() { 0.5 } else { 0.1 },
        "pattern": named.unwrap_or_default(),
    })
    .to_string()
}

fn is_operator(name: &str) -> bool {
    Operators::NAMES.contains(&name)
}

/// The operator with the highest gain for each try; none before anything gained.
fn best_operator(credit: &BTreeMap<String, OperatorCredit>) -> Option<&'static str> {
    let worth = |name: &str| {
        credit.get(name).map_or(0.0, |credit| credit.gain / f64::from(credit.tries.max(1)))
    };
    let best = Operators::NAMES.into_iter().max_by(|a, b| worth(a).total_cmp(&worth(b)))?;
    (worth(best) > 0.0).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;
    use crate::domain::consult::Review;
    use crate::domain::files::FileSet;

    fn brief(review: bool) -> AdviceBrief {
        let credit = |tries, gain| OperatorCredit { tries, accepted: 1, gain };
        AdviceBrief {
            review,
            files: FileSet::default(),
            failures: BTreeMap::from([("wall".into(), 7), ("body".into(), 2)]),
            cases: 20,
            credit: BTreeMap::from([
                ("num".into(), credit(10, 0.5)),
                ("cross".into(), credit(2, 0.4)),
                ("pieces.look".into(), credit(1, 9.0)),
            ]),
        }
    }

    #[test]
    fn a_review_names_the_commonest_failure_and_the_most_gainful_operator() {
        let text = answer(&brief(true), Manner::Guided, &mut stream(1, "test", &[]));
        let review = Review::read(4, &text).expect("a review");
        assert_eq!((review.issue.as_str(), review.pattern.as_str()), ("wall", "cross"));
        assert!((review.severity - 0.45).abs() < 1e-12);
        assert!(review.fix.contains("wall: 7 of 20 cases"), "{}", review.fix);
    }

    #[test]
    fn a_note_lists_the_operators_and_nothing_else() {
        let text = answer(&brief(false), Manner::Guided, &mut stream(1, "test", &[]));
        assert!(text.contains("- num: 1 of 10 kept") && !text.contains("pieces"), "{text}");
    }
}
