//! The functions a script may define, and how the kernel calls them.

use serde::{Deserialize, Serialize};

use super::wire::WorldKind;

/// A function of a strategy script that the kernel calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// What the outer loop does next; the only required hook.
    NextStep,
    /// What the inner loop does next; default: improve the best attempt.
    NextAttempt,
    /// Whether a measured candidate is kept; default: it gained.
    Accept,
    /// Whether a measured generation may be a parent; default: yes.
    Admit,
    /// A number for ranking generations; default: the mean score.
    Utility,
    /// More prompt variables.
    Vars,
    /// Coordinates of an attempt, for niches.
    Features,
}

/// What a hook must return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    Action,
    Bool,
    Number,
    Dict,
    Numbers,
}

impl Hook {
    /// Every hook, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::NextStep,
        Self::NextAttempt,
        Self::Accept,
        Self::Admit,
        Self::Utility,
        Self::Vars,
        Self::Features,
    ];

    /// The hook's name in a script.
    pub fn name(self) -> &'static str {
        match self {
            Self::NextStep => "next_step",
            Self::NextAttempt => "next_attempt",
            Self::Accept => "accept",
            Self::Admit => "admit",
            Self::Utility => "utility",
            Self::Vars => "vars",
            Self::Features => "features",
        }
    }

    /// The hook of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// The exact parameters a script must declare.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::NextStep => &["S", "rng"],
            Self::NextAttempt => &["T", "rng"],
            Self::Accept => &["c", "inc", "T", "rng"],
            Self::Admit => &["g", "S", "rng"],
            Self::Utility => &["g", "S"],
            Self::Vars => &["name", "X"],
            Self::Features => &["a", "T"],
        }
    }

    /// The kind of world the hook is called on; `None`: either.
    pub fn world(self) -> Option<WorldKind> {
        match self {
            Self::NextStep | Self::Admit | Self::Utility => Some(WorldKind::Outer),
            Self::NextAttempt | Self::Accept | Self::Features => Some(WorldKind::Inner),
            Self::Vars => None,
        }
    }

    /// Whether a script without this hook is refused.
    pub fn required(self) -> bool {
        self == Self::NextStep
    }

    pub(super) fn returns(self) -> Returns {
        match self {
            Self::NextStep | Self::NextAttempt => Returns::Action,
            Self::Accept | Self::Admit => Returns::Bool,
            Self::Utility => Returns::Number,
            Self::Vars => Returns::Dict,
            Self::Features => Returns::Numbers,
        }
    }
}

impl std::fmt::Display for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A hook as a script defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Which hook.
    pub hook: Hook,
    /// Its parameters as written.
    pub parameters: Vec<String>,
    /// The line of its `def`.
    pub line: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_only_one_hook_is_required() {
        for hook in Hook::ALL {
            assert_eq!(Hook::named(hook.name()), Some(hook));
        }
        assert_eq!(Hook::ALL.into_iter().filter(|hook| hook.required()).count(), 1);
    }
}
