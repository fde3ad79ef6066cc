//! `import`: take in a run from a file.

use std::path::PathBuf;

use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::verb::export::document;
use crate::engine::portable;
use crate::view::figure;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent import run-1.hyperagent
  hyperagent import run-1.hyperagent --as from-the-cluster

The run reads, replays and goes on as where it came from, if the lab has its tasks unchanged. Under another \
name its commits have other ids, for a commit names its run; everything else is the same.")]
pub struct Args {
    /// A file that `export` wrote.
    pub file: PathBuf,
    /// Another name for the run.
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<RunName>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Takes in the run.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let path = edge.cwd.join(&args.file);
    let bytes = std::fs::read(&path).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::Usage,
            _ => Exit::Environment,
        };
        Failure::new(code, format!("cannot read {}", path.display())).because(error.to_string())
    })?;
    let carried = portable::import(&lab, &bytes, args.name.as_ref())?;
    if args.json {
        return output::document(&document(&carried, &args.file, bytes.len()));
    }
    output::answer(&format!(
        "{} is here, with {} and {}\nnext: {}\n",
        carried.run,
        figure::count(carried.generations as u64, "generation"),
        figure::count(carried.records as u64, "record"),
        edge.hint(&format!("log {}", carried.run)),
    ))
}
