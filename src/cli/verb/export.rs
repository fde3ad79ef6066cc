//! `export`: a run as one file.

use std::path::{Path, PathBuf};

use crate::base::durable::replace_file;
use crate::base::id::RunName;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::recorded::Recorded;
use crate::engine::portable::{self, Carried};
use crate::view::document::carried::CarriedDocument;
use crate::view::figure;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent export run-1 run-1.hyperagent
  hyperagent export run-1 /backup/run-1.hyperagent --json

The file holds the journal and the evidence, from which `import` makes everything else; it names no folder \
of this machine of its own accord. Tasks, models and keys are not in it. A run that is under way is exported \
as it stands on record.")]
pub struct Args {
    /// The run.
    pub run: RunName,
    /// The file to write; one that exists is not written over.
    pub file: PathBuf,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes the file.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let recorded = Recorded::open(&lab, edge, Some(&args.run))?;
    let path = edge.cwd.join(&args.file);
    if path.exists() {
        return Err(Failure::usage(format!("there is a file {} already", path.display()))
            .next("name another, or move it away"));
    }
    let (bytes, carried) = portable::export(&lab, &recorded.run)?;
    replace_file(&path, &bytes).map_err(|error| {
        Failure::new(Exit::Environment, format!("cannot write {}", path.display()))
            .because(error.to_string())
    })?;
    let document = document(&carried, &args.file, bytes.len());
    if args.json {
        return output::document(&document);
    }
    output::answer(&format!(
        "{}: {} with {} and {}, {} bytes\nnext: {}\n",
        args.file.display(),
        carried.run,
        figure::count(carried.generations as u64, "generation"),
        figure::count(carried.records as u64, "record"),
        bytes.len(),
        edge.hint(&format!("--lab OTHER import {}", args.file.display())),
    ))
}

/// The document of a run that went into a file, or came out of one.
pub fn document(carried: &Carried, file: &Path, bytes: usize) -> CarriedDocument {
    CarriedDocument {
        run: carried.run.to_string(),
        file: file.display().to_string(),
        bytes,
        records: carried.records,
        generations: carried.generations,
    }
}
