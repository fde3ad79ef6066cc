//! The words of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::verb;

/// A bench for self-improving agents: an agent is a folder, every generation is a git commit.
#[derive(Debug, Parser)]
#[command(
    args_override_self = true,
    name = "hyperagent",
    version,
    max_term_width = 110,
    after_help = "\
Examples:
  hyperagent run                          the main job: offline, no key, no network
  hyperagent log --graph                  the family tree
  hyperagent best --solution snake        the best solution found
  hyperagent run --model fast --max-usd 1 the same with a language model from hyperagent.toml

Exit codes:
  0 done            3 agent invalid            6 nothing could be evaluated  9 disk, lock, Python
  1 answered no     4 provider unavailable     7 interrupted, resumable     70 a defect
  2 usage           5 sandbox too weak         8 archive or journal damaged"
)]
pub struct Arguments {
    /// The lab to work in; by default the nearest folder upwards that holds a hyperagent.toml.
    #[arg(long, global = true, value_name = "DIR")]
    pub lab: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do, in the order of a first day with the bench.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a run, or go on with an unfinished one.
    Run(verb::run::Args),
    /// Go on with an unfinished run.
    Resume(verb::resume::Args),
    /// Say where a run stands, what it cost, and what it waits for.
    Status(verb::status::Args),
    /// Ask the process at a run to begin nothing new, and to end when what is under way has ended.
    Pause(verb::pause::Args),
    /// Ask the process at a run to stop, as Ctrl+C would.
    Stop(verb::stop::Args),
    /// List the generations of a run.
    Log(verb::log::Args),
    /// Show one generation.
    Show(verb::show::Args),
    /// Show what differs between the agents of two generations.
    Diff(verb::diff::Args),
    /// Show the prompts and answers behind a generation.
    Trace(verb::trace::Args),
    /// Show what a run used, by role, model and generation.
    Cost(verb::cost::Args),
    /// Show what the rewrites brought: imp@k, and those of the improver itself.
    Growth(verb::growth::Args),
    /// Show the cases that test agents added, and what they did to the scores.
    Suite(verb::suite::Args),
    /// Show the best generation, or write the best solution.
    Best(verb::best::Args),
    /// Open the sealed test split: the best solutions against generation 0's, counted.
    Test(verb::test::Args),
    /// Perform a recorded run again without any model, and compare.
    Replay(verb::replay::Args),
    /// Let a run go on from an earlier generation.
    Rollback(verb::rollback::Args),
    /// Make a generation's agent the one in agent_config/.
    Adopt(verb::adopt::Args),
    /// Write a run as one file.
    Export(verb::export::Args),
    /// Take in a run from a file that `export` wrote.
    Import(verb::import::Args),
    /// Play a strategy against made-up worlds, in milliseconds.
    Simulate(verb::simulate::Args),
    /// Check an agent folder without paying for anything.
    Validate(verb::validate::Args),
    /// Work with tasks.
    Task(verb::task::Args),
    /// Work with the models of hyperagent.toml.
    Model(verb::model::Args),
    /// Work with the agents shipped in seed/.
    Seed(verb::seed::Args),
    /// Write a new lab.
    Init(verb::init::Args),
    /// Check this machine and the runs of this lab, and repair what is damaged.
    Doctor(verb::doctor::Args),
    /// Write a completion script for a shell.
    Completions(verb::completions::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_explains_itself_with_an_example() {
        fn check(command: &clap::Command, path: &str) {
            for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
                let path = format!("{path} {}", verb.get_name());
                assert!(verb.get_about().is_some(), "{path} has no description");
                if verb.has_subcommands() {
                    check(verb, &path);
                    continue;
                }
                let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains(&path), "{path} has no example");
                for line in after.lines().filter(|line| line.starts_with("  ")) {
                    assert!(line.len() <= 98, "{path}: a terminal of 100 columns breaks `{line}`");
                }
            }
        }
        check(&Arguments::command(), "hyperagent");
    }
}
