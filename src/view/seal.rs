//! What keeps the numbers of a run from being proof, in words: people must not overlook it.

use super::run::RunView;
use crate::base::id::TaskName;
use crate::domain::settings::Identity;
use crate::domain::task::Seal;

/// What an unsealed task's numbers are worth, after the task's name; nothing for a sealed one.
pub fn words(seal: Seal) -> Option<&'static str> {
    match seal {
        Seal::Sealed => None,
        Seal::Unsealed => {
            Some("unsealed: candidates run beside the benchmark and could print their own score")
        }
        Seal::OneCase => Some(
            "unsealed: candidates run beside the benchmark and could print their own score; nothing is held out: \
             the benchmark decides its own cases",
        ),
    }
}

/// A line for each unsealed task of a run.
pub fn lines(view: &RunView) -> Vec<String> {
    let unsealed = view.identity.iter().flat_map(|identity| &identity.unsealed);
    unsealed.filter_map(|(task, seal)| Some(format!("{task} {}", words(*seal)?))).collect()
}

/// ` (unsealed)` after the name of an unsealed task, else nothing.
pub fn mark(identity: &Identity, task: &TaskName) -> &'static str {
    if identity.seal(task) == Seal::Sealed { "" } else { " (unsealed)" }
}
