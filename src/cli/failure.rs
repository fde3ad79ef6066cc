//! How a command ends when it does not simply succeed: one type, one table of exit codes.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use super::output;

/// The exit codes, part of the contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A check answered no.
    AnsweredNo = 1,
    /// Usage or configuration.
    Usage = 2,
    /// An agent is invalid.
    AgentInvalid = 3,
    /// A provider is unavailable; the run is paused.
    Provider = 4,
    /// The sandbox is too weak for what was asked.
    SandboxTooWeak = 5,
    /// Nothing could be evaluated.
    NothingEvaluated = 6,
    /// Interrupted; the run can be resumed.
    Interrupted = 7,
    /// The archive or a journal is damaged.
    Damaged = 8,
    /// The machine: disk, lock, Python.
    Environment = 9,
    /// A defect of this program.
    Defect = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a person is told when a command does not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened; empty when there is nothing to say.
    pub what: String,
    /// Why, as far as it is known and not said already.
    pub why: String,
    /// What to do next: a command to paste, or a sentence.
    pub next: String,
    /// The exit code.
    pub code: Exit,
}

impl Failure {
    /// A failure with nothing but its subject.
    pub fn new(code: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), why: String::new(), next: String::new(), code }
    }

    /// A wrong word on the command line or in a configuration file.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// An end without words, for commands that have said everything themselves.
    pub fn silent(code: Exit) -> Self {
        Self::new(code, "")
    }

    /// A failure told by an error and the errors behind it.
    pub fn from_error(code: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(code, error.to_string());
        let mut behind = error.source();
        while let Some(source) = behind {
            let text = source.to_string();
            if !failure.what.contains(&text) && !failure.why.contains(&text) {
                let separator = if failure.why.is_empty() { "" } else { ": " };
                let _ = write!(failure.why, "{separator}{text}");
            }
            behind = source.source();
        }
        failure
    }

    /// The same failure with a reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The same failure with a way out.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// The same failure with the commands in it as the person types them.
    #[must_use]
    pub fn typed(mut self, typed: &str) -> Self {
        for text in [&mut self.what, &mut self.why, &mut self.next] {
            if typed != "hyperagent" {
                *text = text.replace("`hyperagent ", &format!("`{typed} "));
            }
        }
        self
    }

    /// Tells the person on standard error, and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if !self.what.is_empty() {
            output::note(&self.text());
        }
        self.code.into()
    }

    fn text(&self) -> String {
        let mut text = format!("error: {}", self.what);
        if !self.why.is_empty() {
            let _ = write!(text, "\n  why: {}", self.why);
        }
        if !self.next.is_empty() {
            let _ = write!(text, "\n  next: {}", self.next);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the journal")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_chain_of_errors_becomes_what_and_why() {
        let outer = Outer(std::io::Error::other("the disk is on fire"));
        let failure = Failure::from_error(Exit::Environment, &outer).next("buy a new one");
        assert_eq!(
            failure.text(),
            "error: cannot read the journal\n  why: the disk is on fire\n  next: buy a new one"
        );
    }

    #[test]
    fn commands_are_told_as_the_person_types_them() {
        let failure = Failure::usage("no lab").next("`hyperagent init DIR` makes one");
        assert_eq!(failure.typed("cargo run --").next, "`cargo run -- init DIR` makes one");
    }

    #[test]
    fn a_source_that_the_message_repeats_is_not_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open x: {0}")]
        struct Repeating(#[source] std::io::Error);
        let repeating = Repeating(std::io::Error::other("gone"));
        assert_eq!(Failure::from_error(Exit::Environment, &repeating).why, "");
    }
}
