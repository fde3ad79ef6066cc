//! What the host and the supervisor tell each other over their socket.
//!
//! The host sends a byte with or without the relay's descriptor, then the order: length, JSON, and the contents of
//! the inputs one after the other. The supervisor answers with one or two lines of JSON. The host closing its side,
//! by will or by death, means: end the tree.

use std::io::{self, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::spec::{End, Program};
use crate::domain::outcome::{SandboxLevel, Usage, Violation};
use crate::domain::task::Limits;

/// A sandbox to build and a program to run in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub level: SandboxLevel,
    pub temporary: PathBuf,
    pub program: Program,
    pub env: Vec<(String, String)>,
    pub readable: Vec<PathBuf>,
    pub system_libraries: bool,
    pub inputs: Vec<InputFile>,
    pub limits: Limits,
    pub scratch_mb: u64,
    pub file_mb: u64,
    pub address_space_mb: Option<u64>,
    pub openings_are_named: bool,
}

/// The name and size of an input; its content follows the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct InputFile {
    pub path: String,
    pub bytes: usize,
}

/// What the supervisor says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// The sandbox stands and the program runs in it.
    Started,
    /// The sandbox could not be built, or the program not be executed; nothing is left of it.
    Failed(Failure),
    /// The tree has ended; nothing is left of it.
    Ended(Outcome),
}

/// The step that failed on the way to the running program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub step: Step,
    pub reason: String,
}

/// A step on the way to the running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Reading the order.
    Order,
    /// A readable path or an input that is not as it should be.
    Files,
    /// Building the sandbox.
    Confine,
    /// Executing the program.
    Execute,
}

/// The end of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub end: End,
    pub usage: Usage,
    pub violations: Vec<Violation>,
}

/// The largest order, without the contents of the inputs.
const MAX_ORDER_BYTES: usize = 1 << 24;

/// An order as sent, up to the contents of the inputs.
pub(super) fn encode(order: &Order) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(order)?;
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    let mut message = length.to_le_bytes().to_vec();
    message.extend(json);
    Ok(message)
}

/// Reads an order and the contents of its inputs.
pub(super) fn read_order(from: &mut impl Read) -> io::Result<(Order, Vec<Vec<u8>>)> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_ORDER_BYTES {
        return Err(io::Error::other("the order is too long"));
    }
    let mut json = vec![0; length];
    from.read_exact(&mut json)?;
    let order: Order = serde_json::from_slice(&json)?;
    let mut contents = Vec::with_capacity(order.inputs.len());
    for input in &order.inputs {
        let mut content = vec![0; input.bytes];
        from.read_exact(&mut content)?;
        contents.push(content);
    }
    Ok((order, contents))
}
