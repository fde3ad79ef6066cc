//! `init`: a new lab.

use std::path::PathBuf;

use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::lab;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent init my-lab
  hyperagent --lab my-lab run")]
pub struct Args {
    /// The folder to make a lab of; it may exist, if nothing in it is in the way.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Writes the lab.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let created = lab::init(&edge.cwd.join(&args.folder))?;
    output::answer(&format!(
        "{} is a lab now: {} files.\n\n  agent_config/    the agent you run and edit\n  seed/            agents to start from\n  tasks/           what agents work on\n  hyperagent.toml  models, budgets, sandbox\n\nnext\n  {} --lab {} run\n",
        args.folder.display(),
        created.files.len(),
        edge.typed,
        args.folder.display(),
    ))
}
