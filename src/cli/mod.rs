//! Layer 6: the command line, the only place that knows a terminal.

use std::process::ExitCode;

/// Runs the command line of this process. The two hidden verbs come first, before any thread exists.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
