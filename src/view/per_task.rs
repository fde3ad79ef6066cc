//! What several tasks in one run need beside the means: a word for each task. A run of one task has none of it.

use super::figure;
use super::generation::{GenerationView, TaskScore};
use super::run::RunView;
use crate::domain::report::SolutionReport;

/// How a generation measured on each task, in a line; `None` in a run of one task.
pub fn scores(view: &RunView, generation: &GenerationView) -> Option<String> {
    (view.tasks().len() > 1).then(|| {
        let each: Vec<String> = view.by_task(generation).iter().map(score).collect();
        each.join(", ")
    })
}

/// A task's mean score with the number of episodes it is over.
pub fn score(task: &TaskScore) -> String {
    format!(
        "{} {} ({})",
        task.task,
        figure::score(task.mean),
        figure::count(task.n as u64, "episode")
    )
}

/// How the best solution of a task came about, in words; `None` in a run of one task.
pub fn origin(view: &RunView, report: &SolutionReport) -> Option<String> {
    let generation = view.generations.get(&report.from).filter(|_| view.tasks().len() > 1)?;
    let episodes = || generation.episodes.iter().filter(|(id, _)| id.task == report.task);
    let attempts: u32 = episodes().map(|(_, episode)| episode.attempts).sum();
    let kept: u32 = episodes().map(|(_, episode)| episode.accepted).sum();
    let from = match episodes().find_map(|(_, episode)| episode.from) {
        Some(from) => format!("from the solution of {from}"),
        None => "from the initial solution".to_owned(),
    };
    Some(format!("{from}, {kept} of {} kept", figure::count(u64::from(attempts), "attempt")))
}
