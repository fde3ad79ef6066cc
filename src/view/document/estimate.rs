//! What a run may ask and cost, for `run --estimate`; the document is [`Estimate`] itself.

use super::super::ink::Page;
use super::super::spend::thousands;
use crate::domain::estimate::{Estimate, Range, UsdRange};

/// What the ranges rest on.
const GROUNDS: &str = "  from: one answer to each attempt and rewrite of the whole plan; four bytes of the first prompt to a token; no output
  to:   three answers to each and every turn for look-ups, promotions included; two bytes to a token, the longest history,
        every answer as long as its role allows; of roles that advise, two answers to a review of every attempt and to a
        note before each
  A strategy that stops sooner, or a rewrite that is rejected, asks less; how often a strategy wants advice is its own affair.
";

/// The estimate as a table.
pub fn table(estimate: &Estimate, page: Page) -> String {
    let mut text = page.ink.faint(&format!(
        "{:<10} {:>15} {:>17} {:>15} {:>23}\n",
        "", "calls", "input tokens each", "output each", "price"
    ));
    let mut row = |name: &str, calls: Range, tokens: [Option<Range>; 2], usd| {
        let [input, output] = tokens.map(range);
        text.push_str(&format!(
            "{name:<10} {:>15} {input:>17} {output:>15} {:>23}\n",
            range(Some(calls)),
            price(usd)
        ));
    };
    for role in &estimate.roles {
        row(&role.role, role.calls, [role.input_tokens, role.output_tokens], role.usd);
    }
    row("total", estimate.calls, [None, None], estimate.usd);
    for role in &estimate.roles {
        let names: Vec<&str> = role.models.iter().map(|alias| alias.as_str()).collect();
        let seen = role.seen.as_ref().map_or(String::new(), |seen| {
            format!(
                "; in {} {} answers took {:.0} + {:.0} tokens on average",
                seen.run, seen.answers, seen.input_tokens, seen.output_tokens
            )
        });
        text.push_str(&format!("  {} asks {}{seen}\n", role.role, names.join(", ")));
    }
    if let Some(likely) = estimate.likely_usd.filter(|usd| *usd > 0.0) {
        text.push_str(&format!("  like that, with one answer to each: ${likely:.4}\n"));
    }
    text.push_str(&page.ink.faint(GROUNDS));
    text
}

fn range(range: Option<Range>) -> String {
    match range {
        None => "-".to_owned(),
        Some(Range { low, high }) if low == high => thousands(low),
        Some(Range { low, high }) => format!("{} to {}", thousands(low), thousands(high)),
    }
}

fn price(usd: Option<UsdRange>) -> String {
    match usd {
        None => "n/a".to_owned(),
        Some(UsdRange { low, high }) if low >= high => format!("${low:.4}"),
        Some(UsdRange { low, high }) => format!("${low:.4} to ${high:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::estimate::{RoleEstimate, Seen};

    #[test]
    fn ranges_are_told_as_ranges_and_an_unknown_price_as_such() {
        let role = |name: &str, usd| RoleEstimate {
            role: name.into(),
            models: vec!["fast".parse().expect("an alias")],
            calls: Range { low: 64, high: 192 },
            input_tokens: Some(Range { low: 900, high: 21_000 }),
            output_tokens: Some(Range { low: 0, high: 8192 }),
            usd,
            seen: Some(Seen {
                run: "run-2".into(),
                answers: 12,
                input_tokens: 1000.4,
                output_tokens: 200.0,
            }),
            likely_usd: None,
        };
        let priced = Some(UsdRange { low: 0.05, high: 1.5 });
        let text = table(&Estimate::of(vec![role("worker", priced)]), Page::PLAIN);
        assert!(text.contains("64 to 192") && text.contains("900 to 21,000"), "{text}");
        assert!(text.contains("$0.0500 to $1.5000"), "{text}");
        assert!(text.contains("\n  from: one answer"), "{text}");
        assert!(text.contains("in run-2 12 answers took 1000 + 200 tokens"), "{text}");
        let text =
            table(&Estimate::of(vec![role("worker", priced), role("meta", None)]), Page::PLAIN);
        let total = text.lines().find(|line| line.starts_with("total")).expect("a total");
        assert!(total.ends_with("n/a"), "{text}");
    }
}
