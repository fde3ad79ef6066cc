//! `best`: the best generation, or the best solution itself.

use std::path::{Path, PathBuf};

use crate::base::durable::replace_file;
use crate::base::id::{EpisodeId, GenerationId, RunName, TaskName};
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::domain::event::Event;
use crate::domain::files::FileSet;
use crate::journal::Records;
use crate::view::{RunView, portrait};

/// Arguments of `best`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent best                                the best generation, and what it scored
  hyperagent best --solution snake               the best solution, on standard output
  hyperagent best --solution snake -o player.py
  hyperagent best run-2 --json")]
pub struct Args {
    /// The run; by default the newest.
    pub run: Option<RunName>,
    /// Write the best solution of this task instead: the one with the highest select score. The task may be left out
    /// when the run works on one only.
    #[arg(long, value_name = "TASK", num_args = 0..=1)]
    pub solution: Option<Option<TaskName>>,
    /// Write the solution to this file, or to this folder when it has several files.
    #[arg(short, long, value_name = "FILE", requires = "solution")]
    pub output: Option<PathBuf>,
    /// Write one JSON document.
    #[arg(long, conflicts_with = "solution")]
    pub json: bool,
}

/// Writes what was asked for.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let recorded = Recorded::open(&edge.open_lab()?, edge, args.run.as_ref())?;
    if let Some(task) = &args.solution {
        let files = solution(&recorded, &chosen(&recorded, task.as_ref(), edge)?, edge)?;
        return write(&files, args.output.as_deref(), edge);
    }
    let view = &recorded.view;
    let Some(best) = view.best().and_then(|id| view.generations.get(&id)) else {
        return Err(Failure::new(
            Exit::NothingEvaluated,
            format!("no generation of {} has been measured yet", recorded.run),
        )
        .next(edge.hint(&format!("status {}", recorded.run))));
    };
    if args.json {
        output::document(&portrait::document(view, best))
    } else {
        output::answer(&portrait::portrait(view, best, edge.page))
    }
}

/// The task asked for, or the run's only one.
fn chosen(recorded: &Recorded, task: Option<&TaskName>, edge: &Edge) -> Result<TaskName, Failure> {
    match (task, recorded.view.tasks()) {
        (Some(task), _) => Ok(task.clone()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => {
            let tasks: Vec<&str> = several.iter().map(TaskName::as_str).collect();
            let example = several.first().map_or("TASK", TaskName::as_str);
            Err(Failure::usage("the best solution of which task?")
                .because(format!("{} works on {}", recorded.run, tasks.join(", ")))
                .next(edge.hint(&format!("best {} --solution {example}", recorded.run))))
        }
    }
}

/// The files of a run's best solution for a task.
fn solution(recorded: &Recorded, task: &TaskName, edge: &Edge) -> Result<FileSet, Failure> {
    let known = recorded.view.tasks();
    if !known.contains(task) {
        let tasks: Vec<&str> = known.iter().map(TaskName::as_str).collect();
        return Err(Failure::usage(format!("{} does not work on `{task}`", recorded.run))
            .because(format!("its tasks: {}", tasks.join(", "))));
    }
    let Some((generation, episode)) = best_episode(&recorded.view, task) else {
        return Err(Failure::new(
            Exit::NothingEvaluated,
            format!("no episode of `{task}` has ended yet"),
        )
        .next(edge.hint(&format!("status {}", recorded.run))));
    };
    for record in Records::open(&recorded.folder)? {
        if let Event::EpisodeFinished { generation: of, episode: which, result } = record?.event
            && (of, &which) == (generation, &episode)
        {
            return Ok(result.best);
        }
    }
    Err(Failure::new(
        Exit::Damaged,
        format!("the end of {episode} of {generation} is not recorded"),
    ))
}

/// The episode of a task whose solution has the highest select score, or where that was not measured, the highest
/// score; ties go to the older.
fn best_episode(view: &RunView, task: &TaskName) -> Option<(GenerationId, EpisodeId)> {
    let mut best: Option<((bool, f64), GenerationId, &EpisodeId)> = None;
    for generation in view.generations.values() {
        for (id, episode) in generation.episodes.iter().filter(|(id, _)| id.task == *task) {
            let rank = match (episode.ended, episode.select_score, episode.score) {
                (true, Some(select), _) => (true, select),
                (true, None, Some(score)) => (false, score),
                _ => continue,
            };
            if best.as_ref().is_none_or(|(highest, ..)| rank > *highest) {
                best = Some((rank, generation.id, id));
            }
        }
    }
    best.map(|(_, generation, episode)| (generation, episode.clone()))
}

fn write(files: &FileSet, target: Option<&Path>, edge: &Edge) -> Result<(), Failure> {
    let only = match files.0.iter().next() {
        Some((_, text)) if files.0.len() == 1 => Some(text),
        _ => None,
    };
    match (target, only) {
        (None, Some(text)) => output::answer(text),
        (None, None) => {
            let names: Vec<&str> = files.0.keys().map(String::as_str).collect();
            Err(Failure::usage(format!("the solution has several files: {}", names.join(", ")))
                .next("name a folder to write them to: -o FOLDER"))
        }
        (Some(target), Some(text)) => save(&edge.cwd.join(target), text),
        (Some(target), None) => files
            .0
            .iter()
            .try_for_each(|(path, text)| save(&edge.cwd.join(target).join(path), text)),
    }
}

fn save(path: &Path, text: &str) -> Result<(), Failure> {
    replace_file(path, text.as_bytes()).map_err(|error| {
        Failure::new(Exit::Environment, format!("{} cannot be written", path.display()))
            .because(error.to_string())
    })?;
    output::note(&format!("wrote {}", path.display()));
    Ok(())
}
