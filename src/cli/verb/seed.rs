//! `seed`: the agents shipped with the lab.

use std::fmt::Write as _;
use std::fs;

use clap::Subcommand;

use super::adopt;
use crate::cli::agent_folder;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Arguments of `seed`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with seeds.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the seeds.
    #[command(after_help = "Example:\n  hyperagent seed list --json")]
    List {
        /// Write one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Make a seed the agent in agent_config/.
    #[command(after_help = "\
Examples:
  hyperagent seed use autoresearch
  hyperagent seed use hyperagent --force")]
    Use {
        /// The seed's name.
        name: String,
        /// Write over edits that exist nowhere else (they stay in the backup).
        #[arg(long)]
        force: bool,
    },
}

/// Does it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    match &args.verb {
        Verb::List { json } => list(*json, edge),
        Verb::Use { name, force } => take(name, *force, edge),
    }
}

fn list(json: bool, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let current = agent_folder::read(&lab.agent_config()).ok();
    let mut entries = Vec::new();
    for name in agent_folder::seeds(&lab)? {
        let current = current == agent_folder::read(&lab.seed(&name)).ok();
        entries.push((description(&lab.seed(&name)), name, current));
    }
    if json {
        let seeds: Vec<_> = entries
            .iter()
            .map(|(title, name, current)| {
                serde_json::json!({ "name": name, "title": title, "current": current })
            })
            .collect();
        return output::document(&serde_json::json!({ "seeds": seeds }));
    }
    let mut text = String::new();
    for (title, name, current) in &entries {
        let mark = if *current { "  (in agent_config/)" } else { "" };
        let _ = writeln!(text, "{}  {title}{mark}", edge.page.ink.name(&format!("{name:<14}")));
    }
    output::answer(&text)
}

/// What a seed's README says of it in its heading, `# name: what it does`.
fn description(folder: &std::path::Path) -> String {
    let text = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    let heading = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    heading.split_once(": ").map_or(heading, |(_, said)| said).trim().to_owned()
}

fn take(name: &str, force: bool, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let names = agent_folder::seeds(&lab)?;
    if !names.iter().any(|known| known == name) {
        return Err(Failure::usage(format!("there is no seed `{name}`"))
            .because(format!("seeds: {}", names.join(", "))));
    }
    let files = agent_folder::read(&lab.seed(name))?;
    let replaced = agent_folder::replace(&files, force, &lab, edge)?;
    output::answer(&adopt::told(&format!("seed {name}"), &replaced, edge))
}
