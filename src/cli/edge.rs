//! What this process was given: its environment, its folder, its terminal. Read once, passed down as values.

use std::io::IsTerminal;
use std::path::PathBuf;

use terminal_size::{Height, Width, terminal_size_of};

use super::failure::{Exit, Failure};
use crate::base::environment::Environment;
use crate::lab::Lab;
use crate::view::ink::{Ink, Page};

/// The surroundings of one command.
#[derive(Debug, Clone)]
pub struct Edge {
    /// What the person typed before the verb; printed hints start with it.
    pub typed: &'static str,
    /// This program's own file, for the processes it starts from itself.
    pub executable: PathBuf,
    /// The folder the command was given in.
    pub cwd: PathBuf,
    /// The environment.
    pub environment: Environment,
    /// `--lab DIR`.
    pub lab: Option<PathBuf>,
    /// How answers are drawn.
    pub page: Page,
    /// How progress is drawn; `None` when standard error is not a terminal.
    pub progress: Option<Page>,
}

impl Edge {
    /// Reads the surroundings of this process.
    pub fn of_process(lab: Option<PathBuf>) -> Result<Self, Failure> {
        let environment = Environment::from_os(std::env::vars_os());
        let cwd = std::env::current_dir().map_err(|error| {
            Failure::new(Exit::Environment, "the current folder cannot be read")
                .because(error.to_string())
        })?;
        let executable = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::Environment, "this program cannot find its own file")
                .because(error.to_string())
        })?;
        let colour = environment.get("NO_COLOR").is_none()
            && environment.get("TERM").is_some_and(|term| term != "dumb");
        let terminal_page = |size: Option<(Width, Height)>| Page {
            ink: if colour { Ink::Colour } else { Ink::Plain },
            width: size.map(|(Width(columns), _)| usize::from(columns)),
        };
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        Ok(Self {
            typed: typed(&environment),
            executable,
            cwd,
            environment,
            lab,
            page: if stdout.is_terminal() {
                terminal_page(terminal_size_of(&stdout))
            } else {
                Page::PLAIN
            },
            progress: stderr.is_terminal().then(|| terminal_page(terminal_size_of(&stderr))),
        })
    }

    /// The lab of this command: the one named, else the nearest upwards.
    pub fn open_lab(&self) -> Result<Lab, Failure> {
        Ok(match &self.lab {
            Some(folder) => Lab::open(&self.cwd.join(folder))?,
            None => Lab::find(&self.cwd)?,
        })
    }

    /// Where short-lived folders are made.
    pub fn temporary(&self) -> PathBuf {
        PathBuf::from(self.environment.get("TMPDIR").unwrap_or("/tmp"))
    }

    /// A command to paste, as the person would type it.
    pub fn hint(&self, verb: &str) -> String {
        format!("{} {verb}", self.typed)
    }
}

/// What the person typed before the verb: `cargo run` tells the programs it starts.
fn typed(environment: &Environment) -> &'static str {
    match environment.get("CARGO") {
        Some(_) if cfg!(debug_assertions) => "cargo run --",
        Some(_) => "cargo run --release --",
        None => "hyperagent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_start_with_what_was_typed() {
        let by_cargo: Environment = [("CARGO", "/somewhere/cargo")].into_iter().collect();
        assert!(typed(&by_cargo).starts_with("cargo run"));
        assert_eq!(typed(&Environment::default()), "hyperagent");
    }
}
