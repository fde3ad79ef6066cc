//! What a run uses in an hour of work, and what it comes to if it goes on like that.

use serde::Serialize;

use super::figure;
use super::run::{RunState, RunView};
use super::spend::{Spend, real};
use crate::domain::settings::BudgetSpec;

/// What is used in an hour of work, and where that leads. A straight line through what was so far: a strategy that stops
/// sooner, or prompts that grow, lead elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pace {
    /// Attempts that ended.
    pub attempts: u32,
    /// Attempts of a run that does all it was asked for; promotions apart.
    pub planned: u64,
    /// In an hour of work.
    pub hourly: Amounts,
    /// At the end of the plan; null when the run is over.
    pub projected: Option<Amounts>,
    /// Minutes of work until the plan is carried out; null when the run is over.
    pub minutes_left: Option<f64>,
    /// Minutes of work until the first cap; null without one, or when nothing is used of what is capped.
    pub cap_in_minutes: Option<f64>,
}

/// Amounts of what costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Amounts {
    /// US dollars; null where any price is unknown.
    pub usd: Option<f64>,
    /// Tokens; null where any call did not say.
    pub tokens: Option<f64>,
    /// Answers.
    pub calls: f64,
}

impl Amounts {
    fn of(spend: &Spend, factor: f64) -> Self {
        let scaled = |amount: u64| real(amount) * factor;
        Self {
            usd: spend.micro_usd.total().map(|micro| scaled(micro) / 1e6),
            tokens: spend.tokens().total().map(scaled),
            calls: scaled(spend.calls),
        }
    }
}

impl Pace {
    /// The pace of a run under these caps; `None` before the first attempt has ended.
    pub fn of(view: &RunView, caps: BudgetSpec) -> Option<Self> {
        let planned = planned(view)?;
        let compared: u32 = view.compared.values().map(|episode| episode.attempts).sum();
        let attempts = view.attempts() + compared;
        if attempts == 0 || view.working_ms == 0 {
            return None;
        }
        let spend = view.spend();
        let hours = real(view.working_ms) / 3_600_000.0;
        let hourly = Amounts::of(&spend, 1.0 / hours);
        let over = view.state(false) == RunState::Finished;
        let ratio = (real(planned) / f64::from(attempts)).max(1.0);
        let used = Amounts::of(&spend, 1.0);
        let until = |cap: Option<f64>, used: Option<f64>, rate: Option<f64>| {
            let (left, rate) = (cap? - used?, rate?);
            (rate > 0.0).then(|| 60.0 * left.max(0.0) / rate)
        };
        let caps = [
            until(caps.max_usd, used.usd, hourly.usd),
            until(caps.max_tokens.map(real), used.tokens, hourly.tokens),
            until(caps.max_calls.map(real), Some(used.calls), Some(hourly.calls)),
        ];
        Some(Self {
            attempts,
            planned,
            hourly,
            projected: (!over).then(|| Amounts::of(&spend, ratio)),
            minutes_left: (!over).then_some(60.0 * hours * (ratio - 1.0)),
            cap_in_minutes: caps.into_iter().flatten().filter(|_| !over).reduce(f64::min),
        })
    }

    /// The pace in a line.
    pub fn told(&self) -> String {
        let Amounts { usd, tokens, .. } = self.hourly;
        let mut text = format!("{} and {} tokens an hour", dollars(usd), whole(tokens));
        if let (Some(projected), Some(left)) = (self.projected, self.minutes_left) {
            text.push_str(&format!(
                "; like this {} and {} tokens in all, {} more ({} of {} attempts)",
                dollars(projected.usd),
                whole(projected.tokens),
                minutes(left),
                self.attempts,
                self.planned,
            ));
        }
        if let Some(cap) = self.cap_in_minutes {
            text.push_str(&format!("; the next cap in {}", minutes(cap)));
        }
        text
    }
}

/// Whether anything was asked that may cost something.
pub fn is_paid(spend: &Spend) -> bool {
    let used = |known: u64, unknown: u64| known > 0 || unknown > 0;
    let (usd, tokens) = (spend.micro_usd, spend.tokens());
    used(usd.known, usd.unknown) || used(tokens.known, tokens.unknown)
}

/// Attempts of the whole plan: the start and every rewrite that is not rejected, and both arms of a comparison.
fn planned(view: &RunView) -> Option<u64> {
    let identity = view.identity.as_ref()?;
    let measured = (u64::from(identity.generations) + 1).saturating_sub(view.rejected() as u64);
    let episodes = u64::from(identity.episodes) * measured + 2 * u64::from(identity.control);
    Some(episodes * identity.tasks.len() as u64 * u64::from(identity.attempts))
}

fn dollars(usd: Option<f64>) -> String {
    usd.map_or("n/a".to_owned(), |usd| format!("${usd:.4}"))
}

fn whole(tokens: Option<f64>) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an amount from 0 to be read"
    )]
    tokens.map_or("n/a".to_owned(), |tokens| super::spend::thousands(tokens.round() as u64))
}

fn minutes(minutes: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time from 0 to be read"
    )]
    figure::duration((minutes * 60_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::super::sample::small_run;
    use super::*;
    use crate::domain::event::{CallCost, Event};

    /// The sample, its answers paid, cut off before its end.
    fn paid(records: usize) -> RunView {
        let mut run = small_run();
        for record in &mut run {
            if let Event::Answered { alias, cost, .. } = &mut record.event {
                *alias = "paid".parse().expect("an alias");
                *cost = CallCost {
                    input_tokens: Some(900),
                    output_tokens: Some(100),
                    usd: Some(crate::base::unit::MicroUsd(10_000)),
                    requests: 1,
                    ..CallCost::default()
                };
            }
        }
        RunView::of(run.iter().take(records))
    }

    #[test]
    fn a_run_under_way_is_projected_from_its_attempts() {
        let view = paid(small_run().len() - 1);
        let caps = BudgetSpec { max_usd: Some(1.0), ..BudgetSpec::default() };
        let pace = Pace::of(&view, caps).expect("attempts have ended");
        let used = view.spend();
        let hours = real(view.working_ms) / 3_600_000.0;
        assert_eq!(pace.hourly.calls, real(used.calls) / hours);
        let projected = pace.projected.expect("not over");
        let ratio = real(pace.planned) / f64::from(pace.attempts);
        assert!((projected.usd.expect("priced") - 0.01 * real(used.calls) * ratio).abs() < 1e-9);
        let rate = pace.hourly.usd.expect("priced");
        let left = 1.0 - 0.01 * real(used.calls);
        let cap = pace.cap_in_minutes.expect("a cap");
        assert!((cap - 60.0 * left / rate).abs() < 1e-9, "{cap}");
        assert!(is_paid(&used));
        assert!(pace.told().contains("the next cap in"), "{}", pace.told());
    }

    #[test]
    fn a_run_that_is_over_has_a_pace_and_no_future_and_an_unknown_price_stays_unknown() {
        let over = paid(usize::MAX);
        let pace = Pace::of(&over, BudgetSpec::default()).expect("attempts have ended");
        assert_eq!((pace.projected, pace.minutes_left, pace.cap_in_minutes), (None, None, None));
        let mut run = small_run();
        for record in &mut run {
            if let Event::Answered { alias, cost, .. } = &mut record.event {
                *alias = "unpriced".parse().expect("an alias");
                cost.usd = None;
            }
        }
        let view = RunView::of(&run);
        let caps = BudgetSpec { max_usd: Some(1.0), ..BudgetSpec::default() };
        let pace = Pace::of(&view, caps).expect("attempts have ended");
        assert_eq!((pace.hourly.usd, pace.cap_in_minutes), (None, None));
        assert!(pace.told().starts_with("n/a"), "{}", pace.told());
        assert!(!is_paid(&RunView::of(&small_run()).spend()), "the built-in optimisers are free");
    }
}
