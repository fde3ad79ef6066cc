//! Where a run stands, for `status`.

use serde::Serialize;

use super::figure;
use super::generation::TaskScore;
use super::ink::Page;
use super::listing;
use super::pace::{self, Pace};
use super::per_task;
use super::run::{Doing, RunState, RunView};
use super::seal;
use super::spend::CostDocument;
use crate::domain::settings::BudgetSpec;

/// `status --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusDocument {
    /// The run.
    pub run: String,
    /// Whether no candidate of the run could have written its own score.
    pub sealed: bool,
    /// Where it stands.
    pub state: RunState,
    /// Why, in words; empty while it works.
    pub why: String,
    /// The newest generation.
    pub generation: Option<String>,
    /// The best generation so far.
    pub best: Option<String>,
    /// How that one measured on each task, in the order given.
    pub tasks: Vec<TaskScore>,
    /// Attempts that ended.
    pub attempts: u32,
    /// What calls used.
    pub cost: CostDocument,
    /// What is left until a cap or the end.
    pub budget_left: BudgetLeft,
    /// What is used in an hour of work, and what that comes to; null before the first attempt has ended.
    pub pace: Option<Pace>,
}

/// What is left of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BudgetLeft {
    /// Rewrites still to make.
    pub generations: u64,
    /// US dollars below the cap; null without a cap, or when a price is unknown.
    pub usd: Option<f64>,
    /// Tokens below the cap; null without a cap, or when a count is unknown.
    pub tokens: Option<u64>,
    /// Answers below the cap; null without a cap.
    pub calls: Option<u64>,
    /// Minutes of the process below the cap; null without a cap, or when no process works on the run.
    pub minutes: Option<f64>,
}

/// The document of a run; `held` says whether a process holds it now, `caps` are the lab's.
pub fn document(view: &RunView, held: bool, caps: BudgetSpec) -> StatusDocument {
    let spend = view.spend();
    let cost = CostDocument::from(&spend);
    let planned = view.identity.as_ref().map_or(0, |identity| u64::from(identity.generations));
    StatusDocument {
        run: view.identity.as_ref().map(|identity| identity.run.to_string()).unwrap_or_default(),
        sealed: view.is_sealed(),
        state: view.state(held),
        why: view.why(held),
        generation: view.generations.last_key_value().map(|(id, _)| id.to_string()),
        best: view.best().map(|id| id.to_string()),
        tasks: view
            .best()
            .and_then(|id| view.generations.get(&id))
            .map(|best| view.by_task(best))
            .unwrap_or_default(),
        attempts: view.attempts(),
        budget_left: BudgetLeft {
            generations: planned.saturating_sub(view.rewrites() as u64),
            usd: caps.max_usd.zip(cost.usd).map(|(cap, used)| (cap - used).max(0.0)),
            tokens: caps.max_tokens.zip(cost.tokens).map(|(cap, used)| cap.saturating_sub(used)),
            calls: caps.max_calls.map(|cap| cap.saturating_sub(spend.calls)),
            minutes: caps
                .max_minutes
                .filter(|_| held)
                .map(|cap| (cap - super::spend::real(view.process_ms) / 60_000.0).max(0.0)),
        },
        pace: Pace::of(view, caps),
        cost,
    }
}

/// Where the run stands, in words.
pub fn standing(view: &RunView, held: bool, caps: BudgetSpec, page: Page) -> String {
    let document = document(view, held, caps);
    let state = match document.state {
        RunState::Running | RunState::Finished => page.ink.good(&document.state.to_string()),
        RunState::Paused | RunState::Interrupted => page.ink.bad(&document.state.to_string()),
    };
    let mut text = format!("{}  {state}", page.ink.strong(&document.run));
    if !document.why.is_empty() && document.why != document.state.to_string() {
        text.push_str(&format!(": {}", document.why));
    }
    text.push('\n');
    if held {
        text.push_str(&line(page, "now", &doing(view)));
    }
    let planned = view.identity.as_ref().map_or(0, |identity| u64::from(identity.generations));
    text.push_str(&line(
        page,
        "rewrites",
        &format!("{} of {planned}, {} rejected", view.rewrites(), view.rejected()),
    ));
    text.push_str(&line(
        page,
        "attempts",
        &format!(
            "{}, {} kept; {}{}",
            view.attempts(),
            view.accepted(),
            figure::count(view.trials(), "trial"),
            match view.known() {
                0 => String::new(),
                known => format!(", {known} of them known before"),
            }
        ),
    ));
    if let Some(best) = view.best().and_then(|id| view.generations.get(&id)) {
        let told =
            format!("{}  score {}  {}", best.id, figure::score(best.mean()), listing::what(best));
        text.push_str(&line(page, "best", &figure::cut(&told, page.rest(12))));
        if view.tasks().len() > 1 {
            for task in &document.tasks {
                text.push_str(&line(page, "", &per_task::score(task)));
            }
        }
    }
    let spend = view.spend();
    text.push_str(&line(
        page,
        "cost",
        &format!(
            "{}, {} tokens, {}; worked {}",
            figure::count(spend.calls, "answer"),
            spend.token_count(),
            spend.price(),
            figure::duration(view.working_ms)
        ),
    ));
    if let Some(left) = caps_left(&document.budget_left) {
        text.push_str(&line(page, "left", &left));
    }
    if let Some(pace) = document.pace.filter(|_| pace::is_paid(&spend)) {
        text.push_str(&line(page, "rate", &pace.told()));
    }
    for words in seal::lines(view) {
        text.push_str(&line(page, "task", &words));
    }
    if let Some(level) = view.sandbox {
        text.push_str(&line(page, "sandbox", &level.to_string()));
    }
    text
}

fn doing(view: &RunView) -> String {
    match view.doing {
        Doing::Deciding => "deciding what comes next".to_owned(),
        Doing::Rewriting(parent) => format!("rewriting a copy of {parent}"),
        Doing::Certifying => "deciding a promotion".to_owned(),
        Doing::Attacking => "taking in proposed cases".to_owned(),
        Doing::Comparing => {
            let (done, planned) = view.control_attempts();
            format!("comparing the best agent with the frozen one, attempt {done} of {planned}")
        }
        Doing::Measuring(id) => {
            let attempts = view.generations.get(&id).map_or(0, |known| known.attempts());
            format!("measuring {id}, {}", figure::count(u64::from(attempts), "attempt"))
        }
    }
}

fn caps_left(left: &BudgetLeft) -> Option<String> {
    let parts: Vec<String> = [
        left.usd.map(|usd| format!("${usd:.4}")),
        left.tokens.map(|tokens| figure::count(tokens, "token")),
        left.calls.map(|calls| figure::count(calls, "answer")),
        left.minutes.map(|minutes| format!("{minutes:.1} min")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn line(page: Page, name: &str, text: &str) -> String {
    format!("  {}{text}\n", page.ink.faint(&format!("{name:<10}")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Recording, small_run};
    use super::*;
    use crate::domain::event::Event;

    #[test]
    fn caps_leave_what_is_not_used_and_nothing_is_invented_without_them() {
        let view = RunView::of(&small_run());
        let caps = BudgetSpec { max_usd: Some(2.0), max_calls: Some(10), ..BudgetSpec::default() };
        let left = document(&view, false, caps).budget_left;
        assert_eq!((left.usd, left.tokens, left.calls), (Some(2.0), None, Some(1)));
        assert_eq!(left.generations, 0);
    }

    #[test]
    fn a_finished_run_stands_finished() {
        let view = RunView::of(&small_run());
        insta::assert_snapshot!(standing(&view, false, BudgetSpec::default(), Page::PLAIN), @r"
            run-1  finished: all generations are made
              rewrites  3 of 3, 1 rejected
              attempts  6, 3 kept; 45 trials
              best      gen-00003  score 0.300  param: operators.sigma 0.3 -> 0.2
              cost      9 answers, 0 tokens, $0.0000; worked 40 s
              sandbox   full
            ");
    }

    #[test]
    fn what_was_known_before_is_told_beside_the_trials() {
        let mut records = small_run();
        for record in &mut records {
            if let Event::AttemptFinished { result, .. } = &mut record.event {
                result.usage.reused = true;
            }
        }
        let text = standing(&RunView::of(&records), false, BudgetSpec::default(), Page::PLAIN);
        assert!(text.contains("45 trials, 30 of them known before"), "{text}");
    }

    #[test]
    fn a_run_in_hand_says_what_it_does() {
        let mut recording = Recording::default();
        recording.start();
        let text =
            standing(&RunView::of(&recording.records), true, BudgetSpec::default(), Page::PLAIN);
        assert!(text.contains("now       deciding what comes next"), "{text}");
    }
}
