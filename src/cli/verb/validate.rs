//! `validate`: an agent folder held against the four stages, before anything is paid.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::machine::{self, Cache};
use crate::cli::output;
use crate::cli::session;
use crate::domain::event::Stage;
use crate::domain::settings::LabConfig;
use crate::domain::settings::SEED;
use crate::lab::Lab;
use crate::lab::agents::load_agent;
use crate::rewrite::{self, Rules, Submission};
use crate::script;
use crate::view::document::validation::ValidationDocument;
use crate::view::ink::Page;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent validate
  hyperagent validate seed/autoresearch --json")]
pub struct Args {
    /// The agent's folder [default: agent_config].
    pub path: Option<PathBuf>,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Validates, tells every finding, and fails with its own code when the agent is invalid.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let folder = args.path.as_ref().map_or_else(|| lab.agent_config(), |path| edge.cwd.join(path));
    let submission = Submission::of_folder(load_agent(&folder)?);
    let rules = Rules { aliases: aliases(&lab), seed: SEED, ..Rules::default() };
    let report = session::runtime()?.block_on(async {
        let cache = Cache::of(edge)?;
        let host = machine::host(edge, &machine::probe(edge, &cache).await?);
        let scripts = script::Pool::new(host);
        Ok::<_, Failure>(rewrite::validate(submission, &rules, &scripts).await?)
    })?;
    let document = ValidationDocument::of(report.stages);
    if args.json {
        output::document(&document)?;
    } else {
        let shown = folder.strip_prefix(&edge.cwd).unwrap_or(&folder).display().to_string();
        output::answer(&told(&document, &shown, edge.page))?;
    }
    if document.valid { Ok(()) } else { Err(Failure::silent(Exit::AgentInvalid)) }
}

/// The aliases an agent of a lab may name.
pub fn aliases(lab: &Lab) -> std::collections::BTreeSet<crate::base::id::Alias> {
    let built_in = crate::domain::settings_rule::BUILT_IN;
    let built_in = built_in.iter().filter_map(|(name, _)| name.parse().ok());
    let LabConfig { models, ensembles, .. } = &lab.config;
    models.keys().chain(ensembles.keys()).cloned().chain(built_in).collect()
}

fn told(document: &ValidationDocument, folder: &str, page: Page) -> String {
    let mut text = String::new();
    for stage in &document.stages {
        let name = match stage.stage {
            Stage::Intake => "intake",
            Stage::Parse => "parse",
            Stage::Signature => "signature",
            Stage::DryRun => "dry run",
        };
        let mark = if stage.ok { page.ink.good("ok  ") } else { page.ink.bad("FAIL") };
        let _ = writeln!(text, "  {mark}  {name:<10} {:>7.1} ms", stage.ms);
        for diagnostic in &stage.diagnostics {
            let _ = writeln!(text, "        {diagnostic}");
        }
    }
    let verdict = if document.valid { page.ink.good("valid") } else { page.ink.bad("invalid") };
    let _ = writeln!(text, "{folder} is {verdict}");
    text
}
