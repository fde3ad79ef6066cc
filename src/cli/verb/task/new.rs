//! `task new`: a task to start from, or one made for another program.

use std::path::PathBuf;

use super::import;
use crate::base::id::TaskName;
use crate::cli::edge::Edge;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::domain::task::Direction;
use crate::lab::foreign::Wishes;
use crate::lab::tasks::{Template, write_task};

/// Arguments of `task new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent task new routes
  hyperagent task new routes --metric kilometres --minimise
  hyperagent task new packing --from openevolve/examples/circle_packing
  hyperagent task new gpt --from ../autoresearch
  hyperagent task new sorting --from bench/ --metric seconds --minimise")]
pub struct Args {
    /// The task's name: its folder below `tasks/`.
    pub name: TaskName,
    /// Import this instead: the folder of an OpenEvolve or ShinkaEvolve example, of an autoresearch repository, or of a
    /// benchmark script with one solution. Its files stay unchanged, and its numbers are marked unsealed.
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,
    /// The metric's name [default: share, or gap with --minimise; imported: combined_score, or val_bpb].
    #[arg(long, value_name = "NAME", value_parser = word)]
    pub metric: Option<String>,
    /// Less of the metric is better.
    #[arg(long)]
    pub minimise: bool,
}

/// Writes the task, and says what to do with it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let name = &args.name;
    if let Some(from) = &args.from {
        let wishes = Wishes { metric: args.metric.clone(), minimise: args.minimise };
        return import::import(&lab, name, from, &wishes, edge);
    }
    let direction = if args.minimise { Direction::Minimise } else { Direction::Maximise };
    let template = Template { name: name.clone(), direction, metric: args.metric.clone() };
    let files = template.files();
    let folder = write_task(&lab.tasks(), name, &files)?;
    let folder = folder.strip_prefix(&edge.cwd).unwrap_or(&folder).display().to_string();
    let listed: String = files.keys().map(|path| format!("  {folder}/{path}\n")).collect();
    let next = [
        (format!("task check {name}"), "whether it can be trusted; again after every change"),
        (format!("task eval {name}"), "the start, case by case"),
        (format!("run --task {name}"), "let an agent work on it"),
    ]
    .map(|(verb, does)| (edge.hint(&verb), does));
    let width = next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let next: String =
        next.iter().map(|(command, does)| format!("  {command:<width$}   # {does}\n")).collect();
    output::answer(&format!(
        "{folder} is a small whole task now. Make it yours: the benchmark first, then the start, the prompt, the scale.\n\n\
         {listed}\nnext\n{next}"
    ))
}

/// A metric's name: it stands in files and columns, so it is one plain word.
fn word(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && text.len() <= 40 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("use 1 to 40 of a-z, A-Z, 0-9, `-` and `_`, starting with a letter".to_owned())
    }
}
