//! `simulate`: a strategy against made-up worlds, in milliseconds and for nothing.

use std::path::PathBuf;

use crate::cli::edge::Edge;
use crate::cli::failure::{Exit, Failure};
use crate::cli::machine::{self, Cache};
use crate::cli::output;
use crate::cli::session;
use crate::cli::verb::validate;
use crate::domain::simulated::{Simulated, Size, World};
use crate::lab::agents::load_agent;
use crate::rewrite::simulate::simulate;
use crate::rewrite::{self, Rules, Submission};
use crate::script;
use crate::view::document::simulation;

/// Actions of a play for each rewrite and episode it may make, before it is ended.
const STEPS_EACH: u32 = 3;

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent simulate                          the agent of agent_config/ in every world
  hyperagent simulate seed/hgm --world noisy
  hyperagent simulate hgm --generations 40 --episodes 20 --seed 7 --json

Worlds: noisy (measurements tell little), deceptive (the way to the best leads downhill), plateau (nothing \
changes, then it jumps), coevolving (attacks make the suite harder). What generations are worth is drawn, so \
a play says how a strategy spends a run, not how good its agents are.")]
pub struct Args {
    /// The agent's folder, or the name of a seed [default: agent_config].
    pub path: Option<PathBuf>,
    /// Only this world; may be given several times.
    #[arg(long, value_parser = world)]
    pub world: Vec<World>,
    /// New generations.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub generations: u32,
    /// Episodes a generation is measured on.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub episodes: u32,
    /// The seed of the worlds and of the strategy's draws.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Write one JSON document.
    #[arg(long)]
    pub json: bool,
}

fn world(name: &str) -> Result<World, String> {
    let known = World::TELLING.into_iter().find(|world| world.name() == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = World::TELLING.iter().map(|world| world.name()).collect();
        format!("no such world; allowed: {}", names.join(", "))
    })
}

/// Plays, and tells what the strategy did; fails with the code of an invalid agent when it cannot be played.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    let folder = match &args.path {
        None => lab.agent_config(),
        Some(path) => {
            let folder = edge.cwd.join(path);
            let seed = lab.root().join("seed").join(path);
            if !folder.exists() && seed.exists() { seed } else { folder }
        }
    };
    let files = load_agent(&folder)?;
    let rules = Rules { aliases: validate::aliases(&lab), seed: args.seed, ..Rules::default() };
    let steps = STEPS_EACH * args.generations.saturating_add(1) * args.episodes.max(4);
    let size = Size { generations: args.generations, episodes: args.episodes, steps };
    let worlds = if args.world.is_empty() { World::TELLING.to_vec() } else { args.world.clone() };
    let played: Result<Vec<Simulated>, Failure> = session::runtime()?.block_on(async {
        let cache = Cache::of(edge)?;
        let host = machine::host(edge, &machine::probe(edge, &cache).await?);
        let scripts = script::Pool::new(host);
        let report = rewrite::validate(Submission::of_folder(files), &rules, &scripts).await?;
        let Some(agent) = &report.agent else {
            let found: Vec<String> = report.diagnostics().map(ToString::to_string).collect();
            return Err(Failure::new(Exit::AgentInvalid, "the agent is not valid")
                .because(found.join("\n"))
                .next(edge.hint("validate")));
        };
        let mut played = Vec::new();
        for world in &worlds {
            played.push(simulate(agent, &rules, &scripts, *world, size).await?);
        }
        Ok(played)
    });
    let played = played?;
    if args.json {
        output::document(&played)
    } else {
        output::answer(&simulation::told(&played, size, edge.page))
    }
}
