//! What a person reads when a run ends.

use std::collections::BTreeMap;

use super::figure;
use super::generation::GenerationView;
use super::ink::Page;
use super::listing;
use super::per_task;
use super::run::{RunState, RunView};
use super::seal;
use crate::base::id::{GenerationId, TaskName};
use crate::domain::event::GenerationStatus;
use crate::domain::report::SolutionReport;
use crate::domain::task::Seal;

/// What a summary needs beside the run itself.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// What the person types before a verb.
    pub typed: &'a str,
    /// The name of each task's metric, where known.
    pub metrics: &'a BTreeMap<TaskName, String>,
}

/// Families larger than this are cut to their newest rows in a summary.
const TREE_ROWS: usize = 24;

/// The end-of-run summary: family tree, what each rewrite brought, solution, agent, cost, and what to do next.
pub fn summary(view: &RunView, page: Page, around: Surroundings<'_>) -> String {
    let mut text = String::new();
    text.push_str(&opening(view, page));
    text.push('\n');
    text.push_str(&page.ink.strong("family tree"));
    text.push_str(
        &page.ink.faint("   score and its difference to the parent's; × rejected, ★ best\n"),
    );
    text.push_str(&newest_rows(&listing::family(view, page, true), around.typed));
    text.push('\n');

    for line in rewrites(view) {
        text.push_str(&entry(page, "rewrites", &line));
    }
    if view.solutions.is_empty() {
        text.push_str(&entry(page, "solution", "not compared yet"));
    }
    for report in &view.solutions {
        let origin = per_task::origin(view, report).map(|how| format!("; {how}"));
        let told = solution(view, report, around.metrics) + &origin.unwrap_or_default();
        text.push_str(&entry(page, "solution", &told));
    }
    for words in seal::lines(view) {
        text.push_str(&entry(page, "task", &words));
    }
    if let Some(test) = view.tests.last() {
        for line in test.briefly(around.metrics, None) {
            text.push_str(&entry(page, "test", &line));
        }
    }
    for line in agent(view, around.metrics) {
        text.push_str(&entry(page, "agent", &line));
    }
    for line in cost(view) {
        text.push_str(&entry(page, "cost", &line));
    }
    if let Some(line) = prompts(view) {
        text.push_str(&entry(page, "prompts", &line));
    }
    if let Some(level) = view.sandbox {
        text.push_str(&entry(page, "sandbox", &level.to_string()));
    }
    text.push('\n');
    text.push_str(&next(view, page, around.typed));
    text
}

fn opening(view: &RunView, page: Page) -> String {
    let run = view.identity.as_ref().map_or("", |identity| identity.run.as_str());
    let state = match view.state(false) {
        RunState::Finished => page.ink.good("finished"),
        state => page.ink.bad(&state.to_string()),
    };
    let why = Some(view.why(false))
        .filter(|why| !why.is_empty() && *why != view.state(false).to_string());
    format!(
        "{} {state} after {}: {}, {} ({} kept), {}{}\n",
        page.ink.strong(run),
        figure::duration(view.working_ms),
        figure::count(view.rewrites() as u64, "rewrite"),
        figure::count(u64::from(view.attempts()), "attempt"),
        view.accepted(),
        figure::count(view.trials(), "trial"),
        why.map(|why| format!("; {why}")).unwrap_or_default(),
    )
}

fn newest_rows(tree: &str, typed: &str) -> String {
    let rows: Vec<&str> = tree.lines().collect();
    match rows.get(..TREE_ROWS) {
        Some(newest) if rows.len() > TREE_ROWS => {
            let older = rows.len() - TREE_ROWS;
            format!("{}\n  … {older} more lines: {typed} log --graph\n", newest.join("\n"))
        }
        _ => tree.to_owned(),
    }
}

/// How the rewrites fared against their parents, in words.
fn rewrites(view: &RunView) -> Vec<String> {
    let made: Vec<&GenerationView> =
        view.generations.values().filter(|generation| generation.is_rewrite()).collect();
    let effects: Vec<f64> = made.iter().filter_map(|generation| view.effect(generation)).collect();
    let up = effects.iter().filter(|effect| **effect > 0.0).count();
    let level = effects.iter().filter(|effect| **effect == 0.0).count();
    let faults = made.iter().filter(|g| g.status == GenerationStatus::Fault).count();
    let mut parts = vec![
        format!("{up} scored above the parent"),
        format!("{} below", effects.len() - up - level),
    ];
    if level > 0 {
        parts.push(format!("{level} equal"));
    }
    if view.rejected() > 0 {
        parts.push(format!("{} rejected before anything was paid", view.rejected()));
    }
    if faults > 0 {
        parts.push(format!("{faults} lost to faults of the machine"));
    }
    if view.carries() && up > 0 {
        parts.push("no proof of better agents: solutions are carried on".to_owned());
    }
    let mut lines = vec![if made.is_empty() { "none".to_owned() } else { parts.join(", ") }];
    if !view.refusals.is_empty() {
        lines.push(format!(
            "{} of scripts refused by the guard",
            figure::count(view.refusals.len() as u64, "action")
        ));
    }
    lines
}

fn solution(
    view: &RunView,
    report: &SolutionReport,
    metrics: &BTreeMap<TaskName, String>,
) -> String {
    let unit = metrics.get(&report.task).map(|name| format!(" {name}")).unwrap_or_default();
    let seal = view.identity.as_ref().map_or(Seal::Sealed, |identity| identity.seal(&report.task));
    let over = match seal {
        Seal::OneCase => "unsealed, on the one case there is".to_owned(),
        Seal::Unsealed => format!("unsealed, paired over {} fresh cases", report.n),
        Seal::Sealed => format!("paired over {} fresh cases", report.n),
    };
    format!(
        "{}: start {} -> best {}{unit} ({}); difference {} [{}, {}], {over}",
        report.task,
        figure::metric(report.seed),
        figure::metric(report.best),
        report.from,
        figure::difference(report.difference),
        figure::metric(report.low),
        figure::metric(report.high),
    )
}

/// What is known about the agent: nothing in carry mode, and nothing without a control arm.
fn agent(view: &RunView, metrics: &BTreeMap<TaskName, String>) -> Vec<String> {
    let mut lines = compared(view, metrics);
    let measured = view.promotions.iter().filter(|(_, report)| report.pairs > 0);
    lines.extend(measured.map(|(id, report)| {
        format!("promotion of {id}: {}, {}", report.verdict.as_str(), report.why)
    }));
    lines
}

fn compared(view: &RunView, metrics: &BTreeMap<TaskName, String>) -> Vec<String> {
    if view.carries() {
        return vec![
            "not measured in carry mode; `run --start initial --control` measures it".into(),
        ];
    }
    let Some(report) = &view.agents else {
        let control = view.identity.as_ref().map_or(0, |identity| identity.control);
        return vec![match control {
            0 => "not measured without a control arm; `run --start initial --control` measures it"
                .into(),
            _ => "not compared yet".into(),
        }];
    };
    if report.best == GenerationId(0) {
        return vec![
            "no rewrite was better on the select cases: the frozen agent is the best".into(),
        ];
    }
    let verdict = match (report.low > 0.0, report.high < 0.0) {
        (true, _) => "better",
        (_, true) => "worse",
        _ => "undecided",
    };
    let mut lines = vec![format!(
        "{verdict}: frozen {} -> evolved {} ({}); difference {} [{}, {}] in score, paired over {} of {} attempts each",
        figure::metric(report.frozen),
        figure::metric(report.evolved),
        report.best,
        figure::difference(report.difference),
        figure::metric(report.low),
        figure::metric(report.high),
        figure::count(u64::from(report.n), "fresh episode"),
        report.attempts,
    )];
    for arm in &report.tasks {
        let shown = |metric: Option<f64>| metric.map_or("n/a".to_owned(), figure::metric);
        let unit = metrics.get(&arm.task).map(|name| format!(" {name}")).unwrap_or_default();
        lines.push(format!(
            "{}: frozen {} -> evolved {}{unit}",
            arm.task,
            shown(arm.frozen),
            shown(arm.evolved)
        ));
    }
    lines
}

fn cost(view: &RunView) -> Vec<String> {
    view.spend_by_role
        .iter()
        .map(|(role, spend)| {
            let calls = figure::count(spend.calls, "answer");
            if view.offline(role) {
                format!("{role}: {calls}, offline: no tokens, no money")
            } else {
                format!("{role}: {calls}, {} tokens, {}", spend.token_count(), spend.price())
            }
        })
        .collect()
}

/// The line that keeps people from crediting prompts that nobody read.
fn prompts(view: &RunView) -> Option<String> {
    let silent: Vec<&str> =
        view.asked.keys().map(String::as_str).filter(|role| view.offline(role)).collect();
    (!silent.is_empty()).then(|| {
        format!(
            "had no effect for {}: the offline optimiser does not read them",
            silent.join(" and ")
        )
    })
}

fn next(view: &RunView, page: Page, typed: &str) -> String {
    let mut commands: Vec<(String, String)> = Vec::new();
    let run = view.identity.as_ref().map_or("", |identity| identity.run.as_str());
    if view.state(false) != RunState::Finished {
        commands.push((format!("resume {run}"), "go on from here".into()));
    }
    if let Some(identity) = &view.identity {
        for task in &identity.tasks {
            commands.push((format!("best --solution {task}"), "the best solution itself".into()));
        }
    }
    commands.push(("log --graph".into(), "the family tree".into()));
    commands.push(("diff gen-00000 best".into(), "what became of the agent".into()));
    commands.push(("adopt best".into(), "make it the agent that runs from now on".into()));
    let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let mut text = format!("{}\n", page.ink.strong("next"));
    for (command, purpose) in commands {
        text.push_str(&format!(
            "  {typed} {command:<width$}   {}\n",
            page.ink.faint(&format!("# {purpose}"))
        ));
    }
    text
}

fn entry(page: Page, name: &str, text: &str) -> String {
    format!("{}{text}\n", page.ink.strong(&format!("{name:<10} ")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Recording, plan, small_run};
    use super::*;
    use crate::domain::event::{Event, Halt};

    fn apples() -> BTreeMap<TaskName, String> {
        std::iter::once(("snake".parse().expect("a task"), "apples".to_owned())).collect()
    }

    #[test]
    fn a_finished_run_reads_well() {
        let metrics = apples();
        let around = Surroundings { typed: "hyperagent", metrics: &metrics };
        insta::assert_snapshot!(summary(&RunView::of(&small_run()), Page::PLAIN, around), @r"
            run-1 finished after 40 s: 3 rewrites, 6 attempts (3 kept), 45 trials; all generations are made

            family tree   score and its difference to the parent's; × rejected, ★ best
              ★    gen-00003  0.300  +0.100  param: operators.sigma 0.3 -> 0.2 (best, latest)
              │ ×  gen-00002  rejected: E301 strategy.star:12 tick limit in next_step  improver: fragment: next_step <- endless
              ● │  gen-00001  0.200  +0.100  param: operators.num 1.0 -> 1.4
              ├─╯
              ●    gen-00000  0.100       -  seed/hyperagent

            rewrites   2 scored above the parent, 0 below, 1 rejected before anything was paid, no proof of better agents: solutions are carried on
            solution   snake: start 0.05 -> best 11.5 apples (gen-00003); difference +11.45 [10.2, 12.7], paired over 60 fresh cases
            agent      not measured in carry mode; `run --start initial --control` measures it
            cost       meta: 3 answers, offline: no tokens, no money
            cost       worker: 6 answers, offline: no tokens, no money
            prompts    had no effect for meta and worker: the offline optimiser does not read them
            sandbox    full

            next
              hyperagent best --solution snake   # the best solution itself
              hyperagent log --graph             # the family tree
              hyperagent diff gen-00000 best     # what became of the agent
              hyperagent adopt best              # make it the agent that runs from now on
            ");
    }

    #[test]
    fn an_interrupted_run_says_how_to_go_on_first() {
        let mut recording = Recording::default();
        recording.start();
        recording.rewrite(plan(0, None, "seed/hyperagent"));
        recording.say(Event::RunHalted { why: Halt::Interrupted, detail: "interrupted".into() });
        let metrics = BTreeMap::new();
        let around = Surroundings { typed: "cargo run --release --", metrics: &metrics };
        let text = summary(&RunView::of(&recording.records), Page::PLAIN, around);
        let next = text.split("next\n").nth(1).expect("a list of commands");
        assert!(next.starts_with("  cargo run --release -- resume run-1"), "{text}");
        assert!(text.contains("solution   not compared yet"), "{text}");
    }

    #[test]
    fn a_long_family_is_cut_and_the_rest_is_one_command_away() {
        let mut recording = Recording::default();
        recording.start();
        recording.rewrite(plan(0, None, "seed"));
        for generation in 1..40 {
            recording.rewrite(plan(generation, Some(generation - 1), "a step"));
        }
        let metrics = BTreeMap::new();
        let around = Surroundings { typed: "hyperagent", metrics: &metrics };
        let text = summary(&RunView::of(&recording.records), Page::PLAIN, around);
        assert!(text.contains("… 16 more lines: hyperagent log --graph"), "{text}");
    }
}
