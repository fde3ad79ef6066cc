//! `trace`: the prompts and answers behind a generation.

use crate::base::id::EpisodeId;
use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output;
use crate::cli::recorded::Target;
use crate::journal;
use crate::view::document::trace::TraceDocument;

/// Arguments of `trace`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent trace gen-00003 | less                        every prompt and answer
  hyperagent trace gen-00003 --short                       a line for each attempt
  hyperagent trace best --episode snake#0 --attempt 7
  hyperagent trace latest --json")]
pub struct Args {
    /// The generation: gen-00007, RUN/gen-00007, best, latest or a commit id.
    #[arg(value_name = "GEN")]
    pub generation: String,
    /// Only this episode, for example snake#0.
    #[arg(long, value_name = "EPISODE")]
    pub episode: Option<EpisodeId>,
    /// Only this attempt of each episode.
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Leave prompts and answers out.
    #[arg(long, conflicts_with = "json")]
    pub short: bool,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Writes what was asked and answered.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let target = Target::find(&edge.open_lab()?, edge, &args.generation)?;
    let recorded = &target.recorded;
    let history = journal::read(&recorded.folder)?;
    let run = recorded.run.to_string();
    let mut trace = TraceDocument::of(run, target.generation, &history.records);
    trace.keep(args.episode.as_ref(), args.attempt);
    if args.attempt.is_some() && trace.attempts.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is no such attempt")
            .next(edge.hint(&format!("trace {}", args.generation))));
    }
    if !args.short {
        let evidence = recorded.archive.evidence(&recorded.run, target.generation)?;
        for call in trace.calls_mut() {
            if let Some(evidence) = &evidence {
                call.prompt = evidence.read(&format!("prompts/{}.md", call.prompt_digest))?;
            }
        }
    }
    if args.json {
        output::document(&trace)
    } else {
        output::answer(&trace.told(edge.page, !args.short))
    }
}
