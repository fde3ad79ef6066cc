//! `run`: start a run, or go on with an unfinished one.

use std::collections::BTreeMap;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::base::id::{Alias, RunName, TaskName};
use crate::cli::edge::Edge;
use crate::cli::estimate;
use crate::cli::failure::Failure;
use crate::cli::order::{self, Caps, Choice};
use crate::cli::session;
use crate::domain::settings::Start;

/// Arguments of `run`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent run                                  the main job: offline, under a minute
  hyperagent run --generations 20 --attempts 40   a longer one
  hyperagent run --agent autoresearch --fresh     another method, from seed/
  hyperagent run --agent hgm --param alpha=0.5    a method with one of its numbers changed
  hyperagent run --agent feedback --no-feedback   its ablation: nobody reviews
  hyperagent run --no-self-improve --fresh        the improver itself is never improved
  hyperagent run --model fast --max-usd 2         a language model from hyperagent.toml
  hyperagent run --model fast --estimate          what that would ask and cost
  hyperagent run --start initial --control        evolved against frozen agent, in pairs
  hyperagent run --start initial --seed 7 --json  comparable generations; events on stdout

Ctrl+C stops it where nothing is lost; the same command, or `hyperagent resume`, goes on.")]
pub struct Args {
    /// The run's name [default: the unfinished run, else run-1, run-2, …].
    #[arg(long, value_name = "NAME")]
    pub name: Option<RunName>,
    /// The agent to start from: a folder, or the name of a method in seed/ [default: agent_config].
    #[arg(long, value_name = "PATH or SEED")]
    pub agent: Option<String>,
    /// Set a number of the starting agent's [params] for this run; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = numbered_name)]
    pub param: Vec<(String, f64)>,
    /// Nobody reviews: short for --param feedback=0.
    #[arg(long)]
    pub no_feedback: bool,
    /// Generation 0 makes every rewrite, and its script decides all along: what rewrites make of the improver is not used.
    #[arg(long, conflicts_with = "transfer")]
    pub no_self_improve: bool,
    /// Another agent's meta role makes every rewrite, such as one evolved on other tasks; the script of generation 0 decides.
    #[arg(long, value_name = "PATH or SEED")]
    pub transfer: Option<String>,
    /// A task to work on; may be repeated, every task weighs the same [default: snake].
    #[arg(long, value_name = "TASK")]
    pub task: Vec<TaskName>,
    /// Rewrites to make, rejected ones included [default: 6].
    #[arg(long, value_name = "N")]
    pub generations: Option<u32>,
    /// Attempts of one episode [default: 12].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub attempts: Option<u32>,
    /// Episodes of each task that a generation is measured on [default: 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub episodes: Option<u32>,
    /// Where an episode starts: from the best solution of the ancestors, or from the task's initial one
    /// [default: carry].
    #[arg(long, value_name = "WHERE", value_parser = start_parser())]
    pub start: Option<Start>,
    /// Afterwards, compare the best agent with the frozen one on N fresh episodes of each task [N: 10]; needs
    /// --start initial.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "10",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub control: Option<u32>,
    /// Let the strategy's `promote` be decided on up to N pairs of fresh episodes of each task, for all promotions
    /// together; needs --start initial [default: 0, every promotion is undecided].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub certify: Option<u32>,
    /// Break off the measurement of a generation that cannot be expected to reach the leader, at an index of its episodes;
    /// needs --start initial [default: `[run] race` in hyperagent.toml, else false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub race: Option<bool>,
    /// Measurements that one block of select cases answers, before a new one is drawn; 0: one block for the whole run
    /// [default: 50].
    #[arg(long, value_name = "N")]
    pub select_queries: Option<u32>,
    /// The model that answers every role, by its alias in hyperagent.toml [default: as the agent says].
    #[arg(long, value_name = "ALIAS")]
    pub model: Option<Alias>,
    /// The seed of every random draw [default: 1].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Actions open at once when a strategy is asked; part of what the run is [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub width: Option<u32>,
    /// Bounds that never change results.
    #[command(flatten)]
    pub caps: Caps,
    /// Say what a new run with these settings would ask and cost, and start nothing.
    #[arg(long, visible_alias = "dry-run")]
    pub estimate: bool,
    /// Start a new run even if one is unfinished.
    #[arg(long)]
    pub fresh: bool,
    /// Write every event as a line of JSON on standard output; the last is the result.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// The numbers to set, by name; of a name given twice the last.
    pub fn params(&self) -> BTreeMap<String, f64> {
        let short = self.no_feedback.then(|| ("feedback".to_owned(), 0.0));
        self.param.iter().cloned().chain(short).collect()
    }
}

fn numbered_name(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed, such as alpha=0.5")?;
    match value.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((name.trim().to_owned(), number)),
        _ => Err(format!("`{}` is no finite number", value.trim())),
    }
}

fn start_parser() -> impl TypedValueParser<Value = Start> {
    PossibleValuesParser::new(["carry", "initial"]).map(|word| match word.as_str() {
        "initial" => Start::Initial,
        _ => Start::Carry,
    })
}

/// Runs, and tells what came of it.
pub fn run(args: &Args, edge: &Edge) -> Result<(), Failure> {
    let lab = edge.open_lab()?;
    if args.estimate {
        return estimate::tell(args, &lab, edge);
    }
    let order = match order::choose(args, &lab, edge)? {
        Choice::Over(run) => return session::already_over(&run, args.json, &lab, edge),
        Choice::Continue(identity) => order::go_on(*identity),
        Choice::New(run) => order::new_run(args, run, &lab, edge)?,
    };
    session::perform(order, &args.caps, args.json, None, &lab, edge)
}
