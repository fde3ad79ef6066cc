//! A verdict without a language model: a reader of the text, who measures nothing and knows no score.
//!
//! It looks at four things: whether the program parses, how much of it is other than the task's start, how much longer it is,
//! and how many of the task's building blocks it has taken in. How these weigh are numbers of the agent, which a rewrite may
//! change: so judges differ, and an anchor can tell them apart.

use std::collections::BTreeSet;

use serde_json::json;

use super::pool::Pool;
use super::syntax::Source;
use crate::domain::stats::{sigmoid, similarity};
use crate::model::JudgeBrief;

/// The weights by their names in `[params]`, and what they are where the agent does not name them.
const WEIGHTS: [(&str, f64); 4] =
    [("judge_bias", -1.0), ("judge_change", 1.0), ("judge_length", 0.5), ("judge_blocks", 2.0)];

/// A verdict as JSON.
pub(super) fn answer(brief: &JudgeBrief) -> String {
    let python = || brief.files.0.iter().filter(|(path, _)| path.ends_with(".py"));
    if python().any(|(_, text)| Source::parse(text).is_none()) {
        return json!({"score": 0.0, "reason": "the program does not parse"}).to_string();
    }
    let seen = [1.0, changed(brief), longer(brief), blocks(brief)];
    let weight =
        |(name, without): &(&str, f64)| brief.params.get(*name).copied().unwrap_or(*without);
    let sum: f64 = WEIGHTS.iter().zip(seen).map(|(named, seen)| weight(named) * seen).sum();
    let [_, changed, longer, blocks] = seen;
    let reason = format!(
        "{:.0} % of it is other than the start, {:.0} % longer, with {:.0} % of the task's building blocks",
        100.0 * changed,
        100.0 * longer,
        100.0 * blocks
    );
    json!({"score": sigmoid(sum), "reason": reason}).to_string()
}

/// The share of the text that is other than the start's, 0 to 1.
fn changed(brief: &JudgeBrief) -> f64 {
    let all = |files: &crate::domain::files::FileSet| {
        files.0.values().map(String::as_str).collect::<Vec<_>>().join("\n")
    };
    1.0 - similarity(&all(&brief.start), &all(&brief.files))
}

/// How much longer it is than the start, as a share, from −1 to 1.
fn longer(brief: &JudgeBrief) -> f64 {
    let lines = |files: &crate::domain::files::FileSet| {
        f64::from(u32::try_from(files.lines()).unwrap_or(u32::MAX)).max(1.0)
    };
    (lines(&brief.files) / lines(&brief.start) - 1.0).clamp(-1.0, 1.0)
}

/// The share of the building blocks' own lines that stand in it and not in the start, 0 to 1.
fn blocks(brief: &JudgeBrief) -> f64 {
    let Some(pool) = Pool::of(&brief.ingredients) else { return 0.0 };
    let lines = |text: &str| -> BTreeSet<String> {
        text.lines().map(str::trim).filter(|line| line.len() > 3).map(str::to_owned).collect()
    };
    let of = |files: &crate::domain::files::FileSet| -> BTreeSet<String> {
        files.0.values().flat_map(|text| lines(text)).collect()
    };
    let start = of(&brief.start);
    let offered: BTreeSet<String> = lines(pool.source.text()).difference(&start).cloned().collect();
    let taken = of(&brief.files).intersection(&offered).count();
    let share = |part: usize, whole: usize| {
        f64::from(u32::try_from(part).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(whole.max(1)).unwrap_or(u32::MAX))
    };
    share(taken, offered.len().min(10)).min(1.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::files::FileSet;
    use crate::domain::judge::read_verdict;

    const START: &str = "def level(x):\n    return 1\n";
    const POOL: &str = "def _bend(x):\n    \"\"\"bend\"\"\"\n    x = x * x - 3\n";

    fn said(text: &str, params: &[(&str, f64)]) -> f64 {
        let brief = JudgeBrief {
            files: FileSet::from_iter([("a.py", text)]),
            start: FileSet::from_iter([("a.py", START)]),
            ingredients: POOL.to_owned(),
            params: params
                .iter()
                .map(|(name, weight)| ((*name).to_owned(), *weight))
                .collect::<BTreeMap<_, _>>(),
        };
        read_verdict(&answer(&brief)).expect("a verdict").0
    }

    #[test]
    fn what_has_taken_in_building_blocks_is_expected_to_be_worth_more_than_the_start() {
        let better = "def level(x):\n    x = x * x - 3\n    return x\n";
        assert!(said(better, &[]) > said(START, &[]));
        assert!(
            (said("def level(x:\n", &[])).abs() < 1e-12,
            "what does not parse is worth nothing"
        );
    }

    #[test]
    fn the_agents_numbers_weigh() {
        assert!(said(START, &[("judge_bias", 3.0)]) > 0.9);
        assert!(said(START, &[("judge_bias", -3.0)]) < 0.1);
        let other = "def level(x):\n    return 2\n";
        let weighed = |weight| said(other, &[("judge_change", weight)]);
        assert!(weighed(4.0) > weighed(0.5));
    }
}
