//! What a run may ask and cost, before it begins: ranges, and what they rest on.

use serde::Serialize;

use crate::base::id::Alias;

/// A range of counts, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Range {
    /// The least.
    pub low: u64,
    /// The most.
    pub high: u64,
}

/// A range of US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct UsdRange {
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// What the newest run of the lab measured for a role and the same models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// The run.
    pub run: String,
    /// Answers that said what they used.
    pub answers: u64,
    /// Their mean input tokens.
    pub input_tokens: f64,
    /// Their mean output tokens.
    pub output_tokens: f64,
}

/// What one role may ask and cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoleEstimate {
    /// The role.
    pub role: String,
    /// The models that may answer it.
    pub models: Vec<Alias>,
    /// Its calls.
    pub calls: Range,
    /// Input tokens of a call; null where nobody counts them.
    pub input_tokens: Option<Range>,
    /// Output tokens of a call; null where nobody counts them.
    pub output_tokens: Option<Range>,
    /// All its calls; null while a price is unknown.
    pub usd: Option<UsdRange>,
    /// What was measured before; null when nothing was.
    pub seen: Option<Seen>,
    /// One answer to each call with the means measured before, at today's prices; null without either.
    pub likely_usd: Option<f64>,
}

/// What a run may ask and cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// By role.
    pub roles: Vec<RoleEstimate>,
    /// All calls.
    pub calls: Range,
    /// All of it; null while a price is unknown.
    pub usd: Option<UsdRange>,
    /// As measured before; null unless it was for every role.
    pub likely_usd: Option<f64>,
}

impl Estimate {
    /// The sums over the roles; one unknown price leaves the sum unknown.
    pub fn of(roles: Vec<RoleEstimate>) -> Self {
        let calls = |end: fn(&Range) -> u64| roles.iter().map(|role| end(&role.calls)).sum();
        let usd: Option<Vec<UsdRange>> = roles.iter().map(|role| role.usd).collect();
        Self {
            calls: Range { low: calls(|range| range.low), high: calls(|range| range.high) },
            usd: usd.map(|parts| UsdRange {
                low: parts.iter().map(|part| part.low).sum(),
                high: parts.iter().map(|part| part.high).sum(),
            }),
            likely_usd: roles.iter().map(|role| role.likely_usd).sum(),
            roles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(usd: Option<UsdRange>, likely_usd: Option<f64>) -> RoleEstimate {
        RoleEstimate {
            role: "worker".into(),
            models: Vec::new(),
            calls: Range { low: 10, high: 30 },
            input_tokens: None,
            output_tokens: None,
            usd,
            seen: None,
            likely_usd,
        }
    }

    #[test]
    fn one_unknown_price_leaves_the_sum_unknown_and_known_ones_add_up() {
        let part = Some(UsdRange { low: 0.25, high: 1.0 });
        let known = Estimate::of(vec![role(part, Some(0.5)), role(part, Some(0.5))]);
        assert_eq!(known.usd, Some(UsdRange { low: 0.5, high: 2.0 }));
        assert_eq!((known.calls, known.likely_usd), (Range { low: 20, high: 60 }, Some(1.0)));
        let unknown = Estimate::of(vec![role(part, Some(0.5)), role(None, None)]);
        assert_eq!((unknown.usd, unknown.likely_usd), (None, None));
    }
}
