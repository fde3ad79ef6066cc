//! The flags that bound a run without changing its results.

use crate::domain::settings::{BudgetSpec, Budgets};
use crate::lab::Lab;

/// The caps of a run: the lab's, where no flag says otherwise.
pub fn caps(args: &Caps, lab: &Lab) -> Budgets {
    let Caps { max_usd, max_tokens, max_calls, max_minutes, .. } = *args;
    let mut caps = Budgets::default();
    caps.set_run(BudgetSpec { max_usd, max_tokens, max_calls, max_minutes });
    for cap in &args.cap {
        // Each was read when the line was; what does not read never comes here.
        let _ = caps.set(cap);
    }
    caps.or(&lab.config.budget)
}

/// The flags that bound a run without changing its results; `run` and `resume` take them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Caps {
    /// Work on this many candidates at once; never changes results [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub parallel: Option<u32>,
    /// Stop before the run has cost more than this many US dollars.
    #[arg(long, value_name = "X", value_parser = positive)]
    pub max_usd: Option<f64>,
    /// Stop before the run has used more than this many tokens.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,
    /// Stop before the run has made more than this many model calls.
    #[arg(long, value_name = "N")]
    pub max_calls: Option<u64>,
    /// Stop after this many minutes.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_minutes: Option<f64>,
    /// A cap for each generation or for a role: generation.max_usd=0.5 or roles.meta.max_calls=40; may be repeated.
    #[arg(long, value_name = "CAP", value_parser = cap)]
    pub cap: Vec<String>,
    /// Run code written by models even where no sandbox can be built. Its files, network and keys are yours to lose.
    #[arg(long)]
    pub i_accept_no_sandbox: bool,
}

/// A cap that reads as one.
fn cap(text: &str) -> Result<String, String> {
    Budgets::default().set(text).map(|()| text.to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number above 0 is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_above_zero() {
        assert_eq!(positive("2.5"), Ok(2.5));
        for bad in ["0", "-1", "NaN", "inf", "x"] {
            assert!(positive(bad).is_err(), "{bad} was taken");
        }
    }
}
