//! What one call of a hook may use. Counts, so that a script stops at the same place on every machine.

use std::time::Duration;

/// Ticks of one call: function calls, loop rounds, and the elements that library functions read.
pub const TICKS: u64 = 1_000_000;
/// The heap of one call, bytes. The state itself is not on it.
pub const HEAP_BYTES: usize = 16 << 20;
/// Nested calls of functions.
pub const CALL_DEPTH: usize = 64;
/// The result of one call as JSON, bytes.
pub const RESULT_BYTES: usize = 16 << 10;
/// What is told of a fault, bytes: a script can fail with a text of any length.
pub const MESSAGE_BYTES: usize = 2 << 10;
/// Lists and dicts inside each other, in a result.
pub const RESULT_DEPTH: usize = 16;
/// A script's source, bytes.
pub const SOURCE_BYTES: usize = 64 << 10;
/// Brackets or blocks inside each other, in a source.
pub const SOURCE_DEPTH: usize = 100;
/// The backstop behind [`TICKS`], for single operations that are slow without being counted. It is far above what a
/// million ticks take (about 0.1 s), so that a busy machine does not decide what a script may do; a build without
/// optimisation takes a hundred times as long.
pub const CALL_WALL: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 2 });
/// How long the kernel waits for an answer before it gives the process up.
pub const ANSWER_WALL: Duration = Duration::from_secs(if cfg!(debug_assertions) { 180 } else { 6 });
/// The address space of a worker, MiB: what stops an allocation too large for the heap count to see in time.
pub const ADDRESS_SPACE_MB: u64 = 256;
