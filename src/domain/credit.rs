//! Whom a result is credited to: the operators and building blocks that a summary of the offline optimiser names.
//!
//! A summary reads `stmt_insert+num: lift of bend into f; 10 -> 12 in f`: the operators, then what each did. Summaries of
//! other models name none.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::Operators;

/// What an episode made of its proposals, and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Practice {
    /// Episodes of one group are comparable: the same task from the same start.
    pub group: String,
    /// The episode's score.
    pub score: f64,
    /// The proposals of each operator and building block, by the keys of [`sources`].
    pub tries: BTreeMap<String, u32>,
}

/// The key of proposals with one mutation.
pub const ONE: &str = "mutations.one";
/// The key of proposals with more mutations than one.
pub const SEVERAL: &str = "mutations.several";

/// The key of an operator's proposals in the second half of an episode, when the easy gains are made: what one more of
/// them is worth. Over a whole episode an operator that works once, and early, looks better than it is.
pub fn late(operator: &str) -> String {
    format!("late.{operator}")
}

/// What had a part in a proposal: operators by name, building blocks as `pieces.NAME`, and whether it made one mutation or
/// several; each once. In the second half of an episode operators also count as [`late`].
pub fn sources(summary: &str, second_half: bool) -> BTreeSet<String> {
    let Some((head, said)) = summary.split_once(": ") else { return BTreeSet::new() };
    let operators: BTreeSet<String> =
        head.split('+').filter(|name| Operators::NAMES.contains(name)).map(str::to_owned).collect();
    if operators.is_empty() {
        return operators;
    }
    let mutations = if said.contains("; ") { SEVERAL } else { ONE };
    let mut sources = operators.clone();
    if second_half {
        sources.extend(operators.iter().map(|operator| late(operator)));
    }
    sources.insert(mutations.to_owned());
    if !sources.contains("stmt_insert") {
        return sources;
    }
    let inserted = said.split("; ").filter_map(|part| part.rsplit_once(" into "));
    let labels = inserted.map(|(label, _)| label).filter(|label| !label.contains('`'));
    let pieces = labels.flat_map(|label| label.split(" of ")).flat_map(|part| part.split(" and "));
    sources.extend(pieces.map(|name| format!("pieces.{name}")));
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_proposals_count_twice_for_their_operators() {
        let named: Vec<String> = sources("num: 1 -> 2 in f", true).into_iter().collect();
        assert_eq!(named, ["late.num", "mutations.one", "num"]);
    }

    #[test]
    fn a_summary_names_its_operators_and_building_blocks() {
        let named = |summary: &str| sources(summary, false).into_iter().collect::<Vec<_>>();
        assert_eq!(
            named("stmt_insert+num: large of lift and bend into f; 10 -> 12 in f"),
            [
                "mutations.several",
                "num",
                "pieces.bend",
                "pieces.large",
                "pieces.lift",
                "stmt_insert"
            ]
        );
        assert_eq!(named("cross: `return 1` into f"), ["cross", "mutations.one"]);
        assert_eq!(
            named("cross+stmt_insert: `x = 1 of 2` into f; lift into g"),
            ["cross", "mutations.several", "pieces.lift", "stmt_insert"]
        );
        assert!(named("made it faster: much faster").is_empty());
        assert!(named("").is_empty());
    }
}
