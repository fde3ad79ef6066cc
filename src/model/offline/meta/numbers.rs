//! Steps of the numbers in `agent.toml`; comments stay.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, Table, Value, value};

use super::lessons::{Odds, odds_of_up};
use crate::domain::agent::Operators;
use crate::model::offline::draw::{Stream, chance, normal};
use crate::model::{Lesson, OperatorCredit};

/// The relative step of the meta role's own moves, where `[params]` has no `meta_step`.
const META_STEP: f64 = 0.4;
/// The share of accepted proposals at which a step size is right (the 1/5 success rule).
const GOOD_SHARE: f64 = 0.2;
/// Proposals an operator must have taken part in before its credit counts.
const ENOUGH_TRIES: u32 = 8;

/// A number that may be stepped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    /// `params`, `operators` or `pieces`.
    pub table: &'static str,
    /// Its key.
    pub key: String,
    /// Its value; the default where the file does not say.
    pub value: f64,
}

impl Number {
    /// `operators.num`, as summaries write it.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// Whether it is an operator's weight, which 0 switches off.
    pub(super) fn is_weight(&self) -> bool {
        self.table == "operators" && !matches!(self.key.as_str(), "sigma" | "more")
    }

    /// Whether it may be stepped: a weight or a parameter at 0 is switched off, and a parameter by a person.
    pub(super) fn is_on(&self) -> bool {
        self.value != 0.0 || (self.table == "operators" && !self.is_weight())
    }

    /// Whether the inner loop can notice it: a setting of the operators, or a parameter that the script reads of `T`.
    pub(super) fn is_read_by_attempts(&self, script: &str) -> bool {
        let names = [format!("T.params.{}", self.key), format!("T.params.get(\"{}\"", self.key)];
        self.table == "operators" || names.iter().any(|name| script.contains(name.as_str()))
    }

    fn range(&self) -> (f64, f64) {
        match (self.table, self.key.as_str()) {
            ("operators", "sigma") => (0.0001, 2.0),
            ("operators", "more") => (0.0, 0.9),
            ("operators", _) => (0.0, 100.0),
            ("params", "meta_step") => (0.05, 1.5),
            _ => (-1e6, 1e6),
        }
    }
}

/// The numbers of an agent, in a fixed order.
pub(super) fn numbers(document: &DocumentMut) -> Vec<Number> {
    let defaults = Operators::default();
    let known = [
        ("num", defaults.num),
        ("cmp", defaults.cmp),
        ("arith", defaults.arith),
        ("stmt_insert", defaults.stmt_insert),
        ("cross", defaults.cross),
        ("shrink", defaults.shrink),
        ("sigma", defaults.sigma),
        ("more", defaults.more),
    ];
    let of_operators = known.into_iter().map(|(key, default)| Number {
        table: "operators",
        key: key.to_owned(),
        value: read(document, "operators", key).unwrap_or(default),
    });
    let params = document.get("params").and_then(Item::as_table);
    let of_params = params.into_iter().flat_map(Table::iter).filter_map(|(key, item)| {
        Some(Number { table: "params", key: key.to_owned(), value: number_of(item)? })
    });
    of_operators.chain(of_params).collect()
}

/// The relative step of the meta role, from its own numbers.
pub(super) fn meta_step(params: &BTreeMap<String, f64>) -> f64 {
    params.get("meta_step").copied().unwrap_or(META_STEP).clamp(0.05, 1.5)
}

/// Whether a number goes up, drawn by what earlier steps of it and the operators' credit say.
pub(super) fn goes_up(
    number: &Number,
    lessons: &[Lesson],
    credit: &BTreeMap<String, OperatorCredit>,
    rng: &mut Stream,
) -> bool {
    let mut odds = odds_of_up(lessons, &number.path());
    if let Some(better) = by_credit(number, credit) {
        let Odds { helped, failed } = &mut odds;
        *(if better { helped } else { failed }) += 2.0;
    }
    let up = odds.draw(rng);
    chance(rng, up)
}

/// What the credit says: an operator more fruitful than the others deserves more weight; the step of numbers grows while
/// more than a fifth of them is accepted.
fn by_credit(number: &Number, credit: &BTreeMap<String, OperatorCredit>) -> Option<bool> {
    if number.table != "operators" {
        return None;
    }
    let share = |it: &OperatorCredit| f64::from(it.accepted) / f64::from(it.tries.max(1));
    let enough = |it: &&OperatorCredit| it.tries >= ENOUGH_TRIES;
    let key = if number.key == "sigma" { "num" } else { &number.key };
    let own = share(credit.get(key).filter(enough)?);
    if number.key == "sigma" {
        return Some(own > GOOD_SHARE);
    }
    let all: Vec<f64> = credit.values().filter(enough).map(share).collect();
    let count = u32::try_from(all.len()).map_or(1.0, f64::from);
    Some(own > all.iter().sum::<f64>() / count)
}

/// A number after a log-normal step in a direction, inside its range.
pub(super) fn stepped(number: &Number, up: bool, step: f64, rng: &mut Stream) -> f64 {
    let size = (step * normal(rng).abs()).max(0.1 * step);
    let sign = if up { 1.0 } else { -1.0 };
    let (low, high) = number.range();
    let raw = if number.value == 0.0 { sign * size } else { number.value * (sign * size).exp() };
    rounded(raw.clamp(low, high))
}

/// A number with three significant digits.
pub(super) fn rounded(raw: f64) -> f64 {
    if raw == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(raw.abs().log10().floor() - 2.0);
    let rounded = (raw / unit).round() * unit;
    format!("{rounded:.9}").parse().unwrap_or(rounded)
}

/// A number as summaries and the file write it.
pub(super) fn shown(number: f64) -> String {
    let text = format!("{number}");
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

/// Sets a number; the comments around it stay, and a missing table or key is added.
pub(super) fn set(document: &mut DocumentMut, table: &str, key: &str, new: f64) {
    let section = document.entry(table).or_insert_with(toml_edit::table);
    let Some(section) = section.as_table_like_mut() else { return };
    match section.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = Value::from(new);
            *old.decor_mut() = decor;
        }
        None => {
            section.insert(key, value(new));
        }
    }
}

pub(super) fn read(document: &DocumentMut, table: &str, key: &str) -> Option<f64> {
    number_of(document.get(table)?.get(key)?)
}

fn number_of(item: &Item) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
    item.as_float().or_else(|| item.as_integer().map(|integer| integer as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::stream;

    const AGENT: &str =
        "# Mine.\n[params]\npatience = 12 # attempts\n\n[operators]\nnum = 1.0  # weight\n";

    #[test]
    fn a_step_changes_the_number_and_no_comment() {
        let mut document: DocumentMut = AGENT.parse().expect("a document");
        set(&mut document, "operators", "num", 1.7);
        set(&mut document, "operators", "sigma", 0.2);
        set(&mut document, "params", "patience", 15.0);
        assert_eq!(
            document.to_string(),
            "# Mine.\n[params]\npatience = 15.0 # attempts\n\n[operators]\nnum = 1.7  # weight\nsigma = 0.2\n"
        );
    }

    #[test]
    fn steps_go_where_they_are_sent_and_stay_in_range() {
        let mut rng = stream(1, "test", &[]);
        let more = Number { table: "operators", key: "more".to_owned(), value: 0.85 };
        for _ in 0..200 {
            let up = stepped(&more, true, 0.5, &mut rng);
            assert!(up > 0.85 && up <= 0.9, "{up}");
            assert!(stepped(&more, false, 0.5, &mut rng) < 0.85);
        }
    }

    #[test]
    fn what_is_switched_off_is_not_stepped() {
        let text = "[params]\nfeedback = 0.0\nfollow = 0.5\n\n[operators]\nnum = 0.0\nmore = 0.0\n";
        let document: DocumentMut = text.parse().expect("a document");
        let on = |key: &str| numbers(&document).iter().any(|it| it.key == key && it.is_on());
        let found = ["feedback", "follow", "num", "more", "cmp"].map(on);
        assert_eq!(found, [false, true, false, true, true]);
    }

    #[test]
    fn the_fruitful_operator_goes_up_more_often() {
        let mut rng = stream(2, "test", &[]);
        let credit = |accepted| OperatorCredit { tries: 20, accepted, gain: 0.1 };
        let all = BTreeMap::from([("num".to_owned(), credit(9)), ("cmp".to_owned(), credit(1))]);
        let number = |key: &str| Number { table: "operators", key: key.to_owned(), value: 1.0 };
        let mut ups = |key| (0..400).filter(|_| goes_up(&number(key), &[], &all, &mut rng)).count();
        let (num, cmp) = (ups("num"), ups("cmp"));
        assert!(num > 260 && cmp < 140, "{num} and {cmp}");
    }
}
