//! What kernel and worker say to each other: frames of JSON behind a length, on one socket.
//!
//! A frame is a `u32` length (little endian) and that many bytes of JSON. The kernel sends requests; the worker answers
//! `Check`, `Load` and `Call`, in order. `Open`, `Apply` and `Close` have no answer, so they cost no round trip; what goes
//! wrong in them is reported by the next `Call` on that world.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::{Checked, ScriptFault};
use super::hook::Hook;

/// The largest frame either side accepts.
pub(super) const MAX_FRAME: usize = 64 << 20;

/// Which of the two states a world mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldKind {
    /// `S`: the run and its generations.
    Outer,
    /// `T`: one episode and its attempts.
    Inner,
}

/// What can be written where a path is meant: one field's name, or the parts from the root.
pub trait IntoPath {
    /// The parts of the path.
    fn into_path(self) -> Vec<String>;
}

impl IntoPath for &str {
    fn into_path(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl<P: ToString, const N: usize> IntoPath for [P; N] {
    fn into_path(self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl IntoPath for Vec<String> {
    fn into_path(self) -> Vec<String> {
        self
    }
}

/// One change of a world. Paths lead from the root through field names and list indices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    /// Append to the list at `path`.
    Push {
        /// Where the list is.
        path: Vec<String>,
        /// What is appended.
        value: Value,
    },
    /// Put a value at `path`; the last field may be new, everything before it must exist.
    Set {
        /// Where the value goes.
        path: Vec<String>,
        /// What goes there.
        value: Value,
    },
}

impl Delta {
    /// A [`Delta::Push`].
    pub fn push(path: impl IntoPath, value: Value) -> Self {
        Self::Push { path: path.into_path(), value }
    }

    /// A [`Delta::Set`].
    pub fn set(path: impl IntoPath, value: Value) -> Self {
        Self::Set { path: path.into_path(), value }
    }
}

/// One argument of a call, besides the world and `rng`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// A part of the world, by path.
    Record(Vec<String>),
    /// A value of its own.
    Value(Value),
}

impl Arg {
    /// The argument at a path of the world.
    pub fn record(path: impl IntoPath) -> Self {
        Self::Record(path.into_path())
    }

    /// The world itself: `S` or `T`.
    pub fn world() -> Self {
        Self::Record(Vec::new())
    }
}

/// Which random stream a call gets; equal keys give equal draws.
///
/// The last index is what changes from call to call (the step, the attempt); the others, with the purpose, name what the
/// call belongs to (nothing for the outer loop; generation and episode for the inner). `rng.at(key…)` depends on these
/// and on its key, not on the last index, so a plan is drawn the same in every call that pursues it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RngKey {
    /// The run's seed.
    pub seed: u64,
    /// The purpose, as in [`crate::base::rng::stream`].
    pub purpose: String,
    /// The indices, as in [`crate::base::rng::stream`].
    pub indices: Vec<u64>,
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// The result, of the hook's type.
    pub value: Value,
    /// Ticks used; equal for equal calls.
    pub ticks: u64,
}

/// A request of the kernel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    Check { source: String },
    Load { source: String },
    Open { world: u64, kind: WorldKind, base: Value },
    Apply { world: u64, deltas: Vec<Delta> },
    Close { world: u64 },
    Call { hook: Hook, world: u64, args: Vec<Arg>, rng: RngKey },
}

/// A [`Request::Apply`] that adds to one list of the root: the values become text on their way, and nothing else before.
#[derive(Debug, Serialize)]
pub(super) enum Adding<'a, T> {
    Apply { world: u64, deltas: Vec<Added<'a, T>> },
}

/// A [`Delta::Push`] of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Added<'a, T> {
    Push { path: [&'a str; 1], value: &'a T },
}

/// An answer of the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The findings of a check, or of a load that was refused.
    Checked(Checked),
    /// The script is loaded.
    Loaded(Checked),
    /// A call returned.
    Called(Called),
    /// A call did not return.
    Fault(ScriptFault),
    /// The request cannot be carried out, and it is not the script's fault.
    Refused { reason: String },
}

/// A frame that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream failed or ended.
    #[error("the stream to the strategy worker failed")]
    Stream(#[from] std::io::Error),
    /// The content is not what was agreed.
    #[error("a frame of the strategy worker cannot be read")]
    Content(#[from] serde_json::Error),
    /// The content is too large.
    #[error("a frame of {bytes} bytes is over the limit of {MAX_FRAME}")]
    Size {
        /// How large.
        bytes: usize,
    },
}

/// The bytes of one frame.
pub(super) fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let bytes = frame.len() - 4;
    let length = u32::try_from(bytes)
        .ok()
        .filter(|_| bytes <= MAX_FRAME)
        .ok_or(FrameError::Size { bytes })?;
    if let Some(head) = frame.first_chunk_mut::<4>() {
        *head = length.to_le_bytes();
    }
    Ok(frame)
}

/// The length a frame's head announces.
pub(super) fn announced(head: [u8; 4]) -> Result<usize, FrameError> {
    let bytes = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
    if bytes > MAX_FRAME { Err(FrameError::Size { bytes }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_added_as_text_is_a_push() {
        let values = [json!({"id": "gen-00000", "k": 0.5}), json!(null)];
        let deltas = values.iter().map(|value| Added::Push { path: ["gens"], value }).collect();
        let pushed = values.iter().map(|value| Delta::push(["gens"], value.clone())).collect();
        let [added, applied] = [
            encode(&Adding::Apply { world: 3, deltas }).unwrap(),
            encode(&Request::Apply { world: 3, deltas: pushed }).unwrap(),
        ];
        assert_eq!(added, applied);
    }
}
