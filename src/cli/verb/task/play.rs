//! `task play`: one case, played back.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::order;
use crate::cli::output;
use crate::cli::session;
use crate::domain::task::Case;
use crate::view::ink::Ink;

/// Arguments of `task play`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent best --solution snake -o player.py
  hyperagent task play snake player.py --seed 3
  hyperagent task play snake player.py --speed 0.02")]
pub struct Args {
    /// The task.
    pub task: TaskName,
    /// The solution: a file, or a folder.
    pub file: PathBuf,
    /// The case's seed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Seconds between two frames on a terminal; elsewhere all frames are written at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.05)]
    pub speed: f64,
}

/// Plays, and writes the frames.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let task = order::open_task(&lab, &args.task)?;
    if !task.spec.playback {
        return Err(Failure::usage(format!("task `{}` has no playback", task.name()))
            .next(edge.hint(&format!("task eval {} FILE", task.name()))));
    }
    let candidate = super::solution::read(&task, Some(&args.file), edge)?;
    let case = Case::seeded(format!("seed-{}", args.seed), args.seed);
    let pause = Duration::try_from_secs_f64(args.speed)
        .map_err(|_| Failure::usage(format!("--speed {} is no time span", args.speed)))?;
    session::runtime()?.block_on(async {
        let evaluator = super::eval::evaluator(edge, &lab).await?;
        let playback = evaluator.play(&task, &candidate, &case).await;
        // Frames follow each other in place on a terminal, and one below the other anywhere else.
        let moving = edge.page.width.is_some() && edge.page.ink == Ink::Colour;
        for frame in &playback.frames {
            if moving {
                output::answer(&format!("\u{1b}[H\u{1b}[2J{frame}\n"))?;
                tokio::time::sleep(pause).await;
            } else {
                output::answer(&format!("{frame}\n"))?;
            }
        }
        match playback.failure {
            None => Ok(()),
            Some(failure) => Err(Failure::new(Exit::NothingEvaluated, "the case has no end")
                .because(format!("{}: {}", failure.class, failure.reason))),
        }
    })
}
