//! Names of things, parsed once at the boundary.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Visitor};

/// A name or number that does not have the required form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not a {what}: {rule}")]
pub struct BadName {
    /// What the text should have named.
    pub what: &'static str,
    /// The text as given.
    pub given: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// The rule every run, task, alias and role name follows; it keeps names safe as file and ref names.
const NAME_RULE: &str =
    "use 1 to 64 of a-z, A-Z, 0-9, `-` and `_`, starting with a letter or digit";

fn is_plain_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.len() <= 64
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Reads a name off the text where it stands: a journal has thousands of them.
macro_rules! read_as_text {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                text.deserialize_str(Text(PhantomData))
            }
        }
    };
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err = BadName>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! plain_name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(String);

        read_as_text!($name);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                if is_plain_name(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { what: $what, given: text.to_owned(), rule: NAME_RULE })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

plain_name!(
    /// The name of a run: a namespace of refs and a journal folder.
    RunName,
    "run name"
);
plain_name!(
    /// The name of a task: its folder below `tasks/`.
    TaskName,
    "task name"
);
plain_name!(
    /// The name an agent uses for a model; what it stands for is in `hyperagent.toml`.
    Alias,
    "model alias"
);

/// The number of a generation inside its run; 0 is the agent the run started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[serde(into = "String")]
pub struct GenerationId(pub u32);

read_as_text!(GenerationId);

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gen-{:05}", self.0)
    }
}

impl FromStr for GenerationId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        text.strip_prefix("gen-")
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| BadName {
                what: "generation",
                given: text.to_owned(),
                rule: "write it as gen-00007",
            })
    }
}

impl TryFrom<String> for GenerationId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<GenerationId> for String {
    fn from(id: GenerationId) -> String {
        id.to_string()
    }
}

/// One episode of a run: a task and the episode's index, written `snake#0`.
///
/// The same episode of two generations has the same cases and the same random streams, so generations are compared
/// in pairs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct EpisodeId {
    /// The task solved.
    pub task: TaskName,
    /// The index of the episode among those of its task, from 0.
    pub index: u32,
}

read_as_text!(EpisodeId);

impl fmt::Display for EpisodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.task, self.index)
    }
}

impl FromStr for EpisodeId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            what: "episode",
            given: text.to_owned(),
            rule: "write it as TASK#INDEX, for example snake#0",
        };
        let (task, index) = text.split_once('#').ok_or_else(bad)?;
        Ok(Self { task: task.parse()?, index: index.parse().map_err(|_| bad())? })
    }
}

impl TryFrom<String> for EpisodeId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<EpisodeId> for String {
    fn from(id: EpisodeId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_a_folder_are_refused() {
        for bad in ["", "..", "a/b", ".git", "-x", "a b", "ä"] {
            assert!(bad.parse::<RunName>().is_err(), "{bad:?} was taken");
        }
        assert_eq!("run-1".parse::<RunName>().map(String::from), Ok("run-1".to_owned()));
    }

    #[test]
    fn generations_and_episodes_read_back_as_written() {
        assert_eq!(GenerationId(7).to_string(), "gen-00007");
        assert_eq!("gen-00007".parse(), Ok(GenerationId(7)));
        assert!("gen-".parse::<GenerationId>().is_err());
        let episode: EpisodeId = "snake#3".parse().expect("an episode");
        assert_eq!(episode.to_string(), "snake#3");
    }
}
