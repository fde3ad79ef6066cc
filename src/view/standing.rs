//! Where a run stands, for `status`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figure;
use super::generation::TaskScore;
use super::ink::Page;
use super::listing;
use super::pace::{self, Pace};
use super::per_task;
use super::run::{Doing, RunState, RunView};
use super::seal;
use super::spend::{CostDocument, Spend};
use crate::domain::settings::{BudgetSpec, Budgets};

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
    /// What the select cases were asked for it.
    pub select: SelectDocument,
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

/// How often the select cases were asked who is the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SelectDocument {
    /// Measurements that were answered by select cases, in the whole run.
    pub queries: u32,
    /// Measurements that one block of cases answers; 0: there is one block only.
    pub limit: u32,
    /// The block in use, from 0.
    pub block: u32,
    /// The most that one query tells of these cases by naming the best: log2 of the generations that could be it, bits.
    /// What reads the name (people; scripts are not told) may learn so much each time, whatever it hides it in.
    pub leak_bits: f64,
}

impl SelectDocument {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        let limit = view.identity.as_ref().map_or(0, |identity| identity.select_queries);
        let measured =
            view.generations.values().filter(|made| made.select_mean().is_some()).count();
        let leak_bits = (measured.max(1) as f64).log2();
        Self { queries: view.select_queries, limit, block: view.select_block(), leak_bits }
    }

    fn told(self) -> String {
        let Self { queries, limit, block, leak_bits } = self;
        let asked = if queries == 1 { "query".to_owned() } else { "queries".to_owned() };
        let told = match limit {
            0 => format!("{queries} {asked} of one block of cases"),
            _ => format!("{queries} {asked}, block {} of cases; {limit} each", block + 1),
        };
        format!("{told}; W408 names the best: {leak_bits:.1} bits at most")
    }
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
    /// The same of the newest generation, where a generation has caps; its minutes are those waited for answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<Left>,
    /// The same of each role that has caps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Left>,
}

/// What is left below the caps of a generation or a role; null without a cap, or when it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Left {
    /// US dollars.
    pub usd: Option<f64>,
    /// Tokens.
    pub tokens: Option<u64>,
    /// Answers.
    pub calls: Option<u64>,
    /// Minutes waited for answers.
    pub minutes: Option<f64>,
}

impl Left {
    fn of(caps: BudgetSpec, spend: &Spend) -> Self {
        let CostDocument { usd, tokens, .. } = CostDocument::from(spend);
        let waited = super::spend::real(spend.wall_ms) / 60_000.0;
        Self {
            usd: caps.max_usd.zip(usd).map(|(cap, used)| (cap - used).max(0.0)),
            tokens: caps.max_tokens.zip(tokens).map(|(cap, used)| cap.saturating_sub(used)),
            calls: caps.max_calls.map(|cap| cap.saturating_sub(spend.calls)),
            minutes: caps.max_minutes.map(|cap| (cap - waited).max(0.0)),
        }
    }

    fn told(self) -> Option<String> {
        let parts: Vec<String> = [
            self.usd.map(|usd| format!("${usd:.4}")),
            self.tokens.map(|tokens| figure::count(tokens, "token")),
            self.calls.map(|calls| figure::count(calls, "answer")),
            self.minutes.map(|minutes| format!("{minutes:.1} min")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The document of a run; `held` says whether a process holds it now, `caps` are those that hold.
pub fn document(view: &RunView, held: bool, budget: &Budgets) -> StatusDocument {
    let caps = budget.run();
    let newest = view.newest_spend();
    let of_run = Left::of(BudgetSpec { max_minutes: None, ..caps }, &view.spend());
    let of_role = |role: &String| view.spend_by_role.get(role).copied().unwrap_or_default();
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
        select: SelectDocument::of(view),
        tasks: view
            .best()
            .and_then(|id| view.generations.get(&id))
            .map(|best| view.by_task(best))
            .unwrap_or_default(),
        attempts: view.attempts(),
        budget_left: BudgetLeft {
            generations: planned.saturating_sub(view.rewrites() as u64),
            usd: of_run.usd,
            tokens: of_run.tokens,
            calls: of_run.calls,
            minutes: caps
                .max_minutes
                .filter(|_| held)
                .map(|cap| (cap - super::spend::real(view.process_ms) / 60_000.0).max(0.0)),
            generation: (!budget.generation.is_empty())
                .then(|| Left::of(budget.generation, &newest)),
            roles: budget
                .roles
                .iter()
                .map(|(role, caps)| (role.clone(), Left::of(*caps, &of_role(role))))
                .collect(),
        },
        pace: Pace::of(view, caps),
        cost,
    }
}

/// Where the run stands, in words.
pub fn standing(view: &RunView, held: bool, budget: &Budgets, page: Page) -> String {
    let document = document(view, held, budget);
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
        &format!(
            "{} of {planned}, {} rejected{}",
            view.rewrites(),
            view.rejected(),
            listing::aside(view)
        ),
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
    if let Some(told) = office(view) {
        text.push_str(&line(page, "epoch", &figure::cut(&told, page.rest(12))));
    }
    text.push_str(&line(page, "select", &document.select.told()));
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
    for left in caps_left(&document.budget_left) {
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

/// The epoch, the judge in office and what it did; `None` where nobody judges.
fn office(view: &RunView) -> Option<String> {
    let epoch = view.epoch.state(0);
    let test = view.epoch.test(epoch.judge);
    let read = view.generations.keys().filter(|id| view.epoch.judged(**id).1 > 0).count();
    if epoch.index == 0 && test.n == 0 && read == 0 {
        return None;
    }
    let agrees = match test.n {
        0 => "not tested in it".to_owned(),
        n => format!("agrees {:.3} with {}", test.mean, figure::count(u64::from(n), "measurement")),
    };
    let read = figure::count(read as u64, "generation");
    Some(format!("{}, judge of {}: {agrees}; read {read}", epoch.index, epoch.judge))
}

fn doing(view: &RunView) -> String {
    match view.doing {
        Doing::Deciding => "deciding what comes next".to_owned(),
        Doing::Rewriting(parent) => format!("rewriting a copy of {parent}"),
        Doing::Certifying => "deciding a promotion".to_owned(),
        Doing::Judging(by) => format!("the judge of {by} reads candidates"),
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

/// What is left of each scope that has caps, a line each.
fn caps_left(left: &BudgetLeft) -> Vec<String> {
    let BudgetLeft { usd, tokens, calls, minutes, .. } = *left;
    let of_run = Left { usd, tokens, calls, minutes }.told();
    let of = |name: String, left: &Left| Some(format!("{name}: {}", left.told()?));
    let of_generation = left.generation.as_ref();
    let of_generation = of_generation.and_then(|left| of("the newest generation".to_owned(), left));
    let of_roles = left.roles.iter().filter_map(|(role, left)| of(format!("role {role}"), left));
    of_run.into_iter().chain(of_generation).chain(of_roles).collect()
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
        let caps = Budgets { max_usd: Some(2.0), max_calls: Some(10), ..Budgets::default() };
        let left = document(&view, false, &caps).budget_left;
        assert_eq!((left.usd, left.tokens, left.calls), (Some(2.0), None, Some(1)));
        assert_eq!((left.generations, left.generation), (0, None));
        assert!(left.roles.is_empty());
    }

    #[test]
    fn what_is_left_of_a_role_and_of_the_newest_generation_is_told_beside_the_runs() {
        let view = RunView::of(&small_run());
        let answers = |role: &str| view.spend_by_role[role].calls;
        let mut caps = Budgets { max_calls: Some(10), ..Budgets::default() };
        for words in
            ["roles.meta.max_calls=5", "generation.max_calls=7", "generation.max_minutes=2"]
        {
            caps.set(words).expect("a cap");
        }
        let left = document(&view, false, &caps).budget_left;
        assert_eq!(left.roles["meta"].calls, Some(5 - answers("meta")));
        assert_eq!(left.roles["meta"].usd, None);
        let newest = view.newest_spend().calls;
        assert_eq!(left.generation.and_then(|left| left.calls), Some(7 - newest));
        assert!(newest > 0 && newest < view.spend().calls, "of one generation alone");
        let text = standing(&view, false, &caps, Page::PLAIN);
        let told = format!("left      role meta: {} answers", 5 - answers("meta"));
        assert!(
            text.contains(&told) && text.contains("left      the newest generation: "),
            "{text}"
        );
    }

    #[test]
    fn a_finished_run_stands_finished() {
        let view = RunView::of(&small_run());
        insta::assert_snapshot!(standing(&view, false, &Budgets::default(), Page::PLAIN), @r"
            run-1  finished: all generations are made
              rewrites  3 of 3, 1 rejected
              attempts  6, 3 kept; 45 trials
              best      gen-00003  score 0.300  param: operators.sigma 0.3 -> 0.2
              select    3 queries of one block of cases; W408 names the best: 1.6 bits at most
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
        let text = standing(&RunView::of(&records), false, &Budgets::default(), Page::PLAIN);
        assert!(text.contains("45 trials, 30 of them known before"), "{text}");
    }

    #[test]
    fn a_run_in_hand_says_what_it_does() {
        let mut recording = Recording::default();
        recording.start();
        let text =
            standing(&RunView::of(&recording.records), true, &Budgets::default(), Page::PLAIN);
        assert!(text.contains("now       deciding what comes next"), "{text}");
    }
}
