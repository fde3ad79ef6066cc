//! `completions`: a completion script for a shell.

use clap::CommandFactory;

use crate::cli::arguments::Arguments;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hyperagent completions bash > ~/.local/share/bash-completion/completions/hyperagent
  hyperagent completions zsh > ~/.zfunc/_hyperagent")]
pub struct Args {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Writes the script to standard output.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(args.shell, &mut command, "hyperagent", &mut script);
    output::answer(&String::from_utf8_lossy(&script))
}
