//! The attacks of a run: `suite --json` and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::super::figure;
use super::super::ink::Page;
use super::super::run::RunView;
use crate::domain::stats::mean;
use crate::domain::suite::{AttackReport, Rescored};
use crate::domain::task::Case;

/// `suite --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteDocument {
    /// The run.
    pub run: String,
    /// Cases added, by task.
    pub size: BTreeMap<String, usize>,
    /// The attacks, oldest first, a task each.
    pub attacks: Vec<AttackDocument>,
}

/// One attack on one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttackDocument {
    /// The generation whose tester proposed.
    pub by: String,
    /// The task.
    pub task: String,
    /// Cases proposed, or asked for where that is more.
    pub proposed: u32,
    /// Those let in.
    pub accepted: Vec<Case>,
    /// The others, by why.
    pub refused: BTreeMap<String, usize>,
    /// What the targets lose on the cases let in, as a score.
    pub hardness: f64,
    /// The mean metric of everybody's best solution before the suite grew; null when nothing was let in.
    pub before: Option<f64>,
    /// And after.
    pub after: Option<f64>,
    /// Each of them.
    pub rescored: Vec<Rescored>,
}

impl SuiteDocument {
    /// The document of a run.
    pub fn of(view: &RunView) -> Self {
        let reports = view.attacks.iter().flat_map(|(by, reports)| {
            reports.iter().map(move |report| AttackDocument::of(by.to_string(), report))
        });
        let attacks: Vec<AttackDocument> = reports.collect();
        let mut size: BTreeMap<String, usize> = BTreeMap::new();
        for attack in &attacks {
            *size.entry(attack.task.clone()).or_default() += attack.accepted.len();
        }
        let run = view.identity.as_ref().map(|identity| identity.run.to_string());
        Self { run: run.unwrap_or_default(), size, attacks }
    }

    /// A line for each attack, and with `cases` a line for each case.
    pub fn told(&self, page: Page, cases: bool) -> String {
        if self.attacks.is_empty() {
            return format!(
                "{}: no agent attacked; the suite is the train cases alone\n",
                self.run
            );
        }
        let mut text = page.ink.faint(&format!(
            "{:<10}  {:<18} {:>6} {:>7} {:>8}  {:>9} {:>9}\n",
            "tester", "task", "let in", "refused", "hardness", "before", "after"
        ));
        for attack in &self.attacks {
            let refused: usize = attack.refused.values().sum();
            let metric = |metric: Option<f64>| metric.map_or("-".to_owned(), figure::metric);
            let _ = writeln!(
                text,
                "{:<10}  {:<18} {:>6} {refused:>7} {:>8.2}  {:>9} {:>9}",
                page.ink.name(&attack.by),
                figure::cut(&attack.task, Some(18)),
                attack.accepted.len(),
                attack.hardness,
                metric(attack.before),
                metric(attack.after),
            );
            for (kind, count) in &attack.refused {
                let _ =
                    writeln!(text, "            {}", page.ink.faint(&format!("{count} {kind}")));
            }
            for case in attack.accepted.iter().filter(|_| cases) {
                let data = case.data.as_ref().map(ToString::to_string).unwrap_or_default();
                let _ = writeln!(
                    text,
                    "            {}  {}",
                    case.id,
                    figure::cut(&data, page.rest(24))
                );
            }
        }
        let sizes = self.size.iter().map(|(task, size)| format!("{task} {size}"));
        let _ = writeln!(text, "cases added: {}", sizes.collect::<Vec<_>>().join(", "));
        text
    }
}

impl AttackDocument {
    fn of(by: String, report: &AttackReport) -> Self {
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        for refusal in &report.refused {
            *refused.entry(refusal.kind.clone()).or_default() += 1;
        }
        let all = |of: fn(&Rescored) -> f64| {
            let metrics: Vec<f64> = report.rescored.iter().map(of).collect();
            (!metrics.is_empty()).then(|| mean(&metrics))
        };
        Self {
            by,
            task: report.task.to_string(),
            proposed: report.proposed,
            accepted: report.accepted.clone(),
            refused,
            hardness: report.hardness,
            before: all(|rescored| rescored.before),
            after: all(|rescored| rescored.after),
            rescored: report.rescored.clone(),
        }
    }
}
