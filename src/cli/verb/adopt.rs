//! `adopt`: make a generation's agent the one in `agent_config/`.

use crate::cli::agent_folder::{self, Replaced};
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::recorded::Target;
use crate::domain::event::GenerationStatus;

/// Arguments of `adopt`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent adopt best
  hyperagent adopt run-2/gen-00004 --force

The agent that stood in agent_config/ is kept in generations/backup/. Edits that are in no seed and no \
generation are not written over without --force.")]
pub struct Args {
    /// The generation: gen-00007, RUN/gen-00007, best, latest or a commit id.
    #[arg(value_name = "GEN")]
    pub generation: String,
    /// Write over edits that exist nowhere else (they stay in the backup).
    #[arg(long)]
    pub force: bool,
}

/// Writes the agent.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let target = Target::find(&lab, edge, &args.generation)?;
    if target.view()?.status != GenerationStatus::Valid {
        return Err(Failure::usage(format!("{} was rejected and cannot run", target.generation))
            .next(edge.hint("log")));
    }
    let files = target.recorded.archive.agent_files(target.commit)?;
    let name = format!("{}/{}", target.recorded.run, target.generation);
    let replaced = agent_folder::replace(&files, args.force, &lab, edge)?;
    output::answer(&told(&name, &replaced, edge))
}

/// What became of `agent_config/`, in words.
pub fn told(name: &str, replaced: &Replaced, edge: &Edge) -> String {
    match replaced {
        Replaced::Unchanged => format!("agent_config/ is {name} already\n"),
        Replaced::Written { backup } => {
            let backup = backup
                .as_ref()
                .map(|folder| format!("; what stood there is in {}", folder.display()))
                .unwrap_or_default();
            format!("agent_config/ is {name} now{backup}\nnext: {}\n", edge.hint("run --fresh"))
        }
    }
}
