//! The worker's end of the socket.

use std::io::{self, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use super::serve::Desk;
use crate::script::wire::{FrameError, Request, announced, encode};

/// The descriptor at which the sandbox leaves the socket.
const RELAY: i32 = 3;

/// Runs the verb `strategy-worker`: serves requests until the kernel closes the socket.
///
/// Must be called before the process has a second thread and by nobody else: it takes over descriptor 3.
pub fn main() -> ExitCode {
    // SAFETY: the sandbox starts this verb with the socket at descriptor 3 and nothing else in this process knows it,
    // so the stream is its only owner; if the descriptor is closed, the first read fails with EBADF.
    let relay = UnixStream::from(unsafe { OwnedFd::from_raw_fd(RELAY) });
    match serve(relay) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(70),
    }
}

fn serve(mut relay: impl Read + Write) -> Result<(), FrameError> {
    let mut desk = Desk::new();
    while let Some(request) = next(&mut relay)? {
        if let Some(answer) = desk.handle(request) {
            relay.write_all(&encode(&answer)?)?;
        }
    }
    Ok(())
}

/// The next request; `None` when the kernel is done.
fn next(relay: &mut impl Read) -> Result<Option<Request>, FrameError> {
    let mut head = [0; 4];
    match relay.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut body = vec![0; announced(head)?];
    relay.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}
