//! Proposed cases without a language model: a choice among those the task itself draws.

use serde_json::Value;

use super::draw::Stream;
use crate::model::CasesBrief;

/// A JSON list of as many cases as were asked for, or as many as there are.
pub(super) fn answer(brief: &CasesBrief, rng: &mut Stream) -> String {
    let mut order: Vec<usize> = (0..brief.pool.len()).collect();
    rand::seq::SliceRandom::shuffle(order.as_mut_slice(), rng);
    let chosen = order.into_iter().take(brief.n as usize);
    Value::Array(chosen.filter_map(|index| brief.pool.get(index).cloned()).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::rng::stream;
    use crate::domain::files::FileSet;
    use crate::domain::suite::read_proposals;

    #[test]
    fn different_cases_are_chosen_and_all_of_them_where_there_are_few() {
        let pool: Vec<Value> = (0..10).map(Value::from).collect();
        let brief = |n| CasesBrief { pool: pool.clone(), n, files: FileSet::default() };
        let chosen = |n, seed| {
            read_proposals(&answer(&brief(n), &mut stream(seed, "test", &[]))).expect("a list")
        };
        let texts: BTreeSet<String> = chosen(4, 1).iter().map(Value::to_string).collect();
        assert_eq!(texts.len(), 4);
        assert_ne!(chosen(4, 1), chosen(4, 2));
        assert_eq!(chosen(20, 1).len(), 10);
    }
}
