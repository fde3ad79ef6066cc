//! Openings of the sealed test split, as people and programs are told them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figure;
use super::ink::Page;
use crate::base::id::{GenerationId, TaskName};
use crate::domain::report::PairedDifference;
use crate::domain::sealed::{SealedPair, SealedResult};

/// One opening, as the journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct TestView {
    /// Its number in the run, from 1.
    pub opening: u32,
    /// What it compares, a task each.
    pub pairs: Vec<SealedPair>,
    /// What came of it; `None`: it was interrupted.
    pub results: Option<Vec<SealedResult>>,
}

/// One opening in `test --json`, and in the lists of others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestDocument {
    /// The run.
    pub run: String,
    /// Its number in the run, from 1.
    pub opening: u32,
    /// Whether it came to its end.
    pub finished: bool,
    /// The tasks, in the order given.
    pub tasks: Vec<TestedTask>,
}

/// One task of an opening; what is not measured is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestedTask {
    /// The task.
    pub task: String,
    /// The opening of this task's test split in the lab, from 1.
    pub opening_in_lab: u32,
    /// The generation whose solution is the best.
    pub from: String,
    /// The mean metrics.
    pub metric: TestedMetrics,
    /// Best minus seed, in pairs.
    pub over_seed: Option<PairedDifference>,
    /// Best minus start, in pairs.
    pub over_start: Option<PairedDifference>,
}

/// The mean metrics on the test cases.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestedMetrics {
    /// Of the task's initial solution.
    pub start: Option<f64>,
    /// Of the best solution of generation 0.
    pub seed: Option<f64>,
    /// Of the best solution of the run.
    pub best: Option<f64>,
}

impl TestView {
    /// What is compared on each task, with what came of it.
    fn tasks(&self) -> impl Iterator<Item = (&SealedPair, Option<&SealedResult>)> {
        self.pairs.iter().map(|pair| {
            let results = self.results.iter().flatten();
            (pair, results.into_iter().find(|result| result.task == pair.task))
        })
    }

    /// The document of the opening.
    pub fn document(&self, run: &str) -> TestDocument {
        let tasks = self.tasks().map(|(pair, result)| TestedTask {
            task: pair.task.to_string(),
            opening_in_lab: pair.opening_in_lab,
            from: pair.best.generation.to_string(),
            metric: TestedMetrics {
                start: result.and_then(|result| result.start),
                seed: result.and_then(|result| result.seed),
                best: result.and_then(|result| result.best),
            },
            over_seed: result.and_then(|result| result.over_seed),
            over_start: result.and_then(|result| result.over_start),
        });
        TestDocument {
            run: run.to_owned(),
            opening: self.opening,
            finished: self.results.is_some(),
            tasks: tasks.collect(),
        }
    }

    /// Which opening it is, of the run and of each task's split in the lab: a number from a split that was opened before
    /// is worth less.
    pub fn heading(&self, run: &str) -> String {
        let in_lab = self
            .pairs
            .iter()
            .map(|pair| format!("opening {} of {}'s in this lab", pair.opening_in_lab, pair.task));
        let in_lab: Vec<String> = in_lab.collect();
        format!("{run}: opening {} of the sealed test split ({})", self.opening, in_lab.join(", "))
    }

    /// What came of the tasks, a few lines each.
    pub fn report(&self, metrics: &BTreeMap<TaskName, String>) -> String {
        let mut text = String::new();
        for (pair, result) in self.tasks() {
            let Some(result) = result else { continue };
            text.push_str(&format!("{}: {}\n", pair.task, compared(pair, result, metrics)));
            let seed = pair.seed.generation.to_string();
            for (other, found) in
                [(seed.as_str(), result.over_seed), ("the start", result.over_start)]
            {
                if let Some(found) = found {
                    let cases = figure::count(u64::from(found.n), "test case");
                    let told = difference(found);
                    text.push_str(&format!("  over {other}: {told}, paired over {cases}\n"));
                }
            }
            if !result.reason.is_empty() {
                text.push_str(&format!("  the best has no metric: {}\n", result.reason));
            }
        }
        if self.pairs.iter().any(|pair| pair.opening_in_lab > 1) {
            text.push_str(
                "  what was chosen by an earlier opening's numbers is not tested by these\n",
            );
        }
        text
    }

    /// What came of the tasks, a line each; `of` narrows it to those where a solution of that generation was measured.
    pub fn briefly(
        &self,
        metrics: &BTreeMap<TaskName, String>,
        of: Option<GenerationId>,
    ) -> Vec<String> {
        let concerned = |pair: &SealedPair| {
            of.is_none_or(|id| pair.best.generation == id || pair.seed.generation == id)
        };
        let told = |(pair, result): (&SealedPair, Option<&SealedResult>)| {
            let head = format!("{}, opening {}: ", pair.task, self.opening);
            let Some(result) = result else { return head + "interrupted" };
            let over = result.over_seed.map_or(String::new(), |found| {
                let cases = figure::count(u64::from(found.n), "test case");
                format!(
                    "; over {} {}, paired over {cases}",
                    pair.seed.generation,
                    difference(found)
                )
            });
            head + &compared(pair, result, metrics) + &over
        };
        self.tasks().filter(|(pair, _)| concerned(pair)).map(told).collect()
    }
}

fn compared(
    pair: &SealedPair,
    result: &SealedResult,
    metrics: &BTreeMap<TaskName, String>,
) -> String {
    let unit = metrics.get(&pair.task).map(|name| format!(" {name}")).unwrap_or_default();
    let number = |metric: Option<f64>| metric.map_or("no metric".to_owned(), figure::metric);
    format!(
        "start {}, {} {}, best {}{unit} ({})",
        number(result.start),
        pair.seed.generation,
        number(result.seed),
        number(result.best),
        pair.best.generation,
    )
}

fn difference(found: PairedDifference) -> String {
    format!(
        "{} [{}, {}]",
        figure::difference(found.difference),
        figure::metric(found.low),
        figure::metric(found.high)
    )
}

/// That the test split was opened, below a list of generations; nothing when it was not.
pub fn footer(tests: &[TestView], page: Page) -> String {
    let Some(last) = tests.last() else { return String::new() };
    let times = figure::count(tests.len() as u64, "time");
    let interrupted = if last.results.is_none() { "; the last was interrupted" } else { "" };
    page.ink.faint(&format!("  test split opened {times}{interrupted}\n"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::episode;
    use super::*;
    use crate::domain::sealed::SolutionPlace;

    fn opening() -> TestView {
        let place =
            |number| SolutionPlace { generation: GenerationId(number), episode: episode(0) };
        let task: TaskName = "snake".parse().expect("a task");
        let over = PairedDifference { difference: 6.2, low: 4.9, high: 7.5, n: 200 };
        TestView {
            opening: 1,
            pairs: vec![SealedPair {
                task: task.clone(),
                opening_in_lab: 2,
                seed: place(0),
                best: place(3),
            }],
            results: Some(vec![SealedResult {
                task,
                start: None,
                seed: Some(5.25),
                best: Some(11.45),
                over_seed: Some(over),
                over_start: None,
                reason: String::new(),
            }]),
        }
    }

    #[test]
    fn an_opening_is_told_with_its_numbers_and_without_those_it_has_not() {
        let apples = std::iter::once(("snake".parse().expect("a task"), "apples".into())).collect();
        let told = format!("{}\n{}", opening().heading("run-1"), opening().report(&apples));
        insta::assert_snapshot!(told, @r"
            run-1: opening 1 of the sealed test split (opening 2 of snake's in this lab)
            snake: start no metric, gen-00000 5.25, best 11.45 apples (gen-00003)
              over gen-00000: +6.2 [4.9, 7.5], paired over 200 test cases
              what was chosen by an earlier opening's numbers is not tested by these
            ");
        assert_eq!(
            opening().briefly(&apples, Some(GenerationId(3))),
            ["snake, opening 1: start no metric, gen-00000 5.25, best 11.45 apples (gen-00003); \
                 over gen-00000 +6.2 [4.9, 7.5], paired over 200 test cases"]
        );
        assert!(opening().briefly(&apples, Some(GenerationId(1))).is_empty());
        let document = serde_json::to_value(opening().document("run-1")).expect("a document");
        assert_eq!(document["tasks"][0]["over_start"], serde_json::Value::Null);
    }

    #[test]
    fn an_interrupted_opening_is_said_where_openings_are_counted() {
        let interrupted = TestView { results: None, ..opening() };
        let told = footer(&[opening(), interrupted], Page::PLAIN);
        assert_eq!(told, "  test split opened 2 times; the last was interrupted\n");
        assert_eq!(footer(&[], Page::PLAIN), "");
    }
}
