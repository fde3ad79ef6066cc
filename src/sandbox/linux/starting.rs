//! The way to a started program: what of it goes wrong is said at one end of a socket and heard at the other.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::attempts::Attempts;
use super::sys;
use super::wire::{Failure, Step};

/// How long a sandbox may take to be built.
const BUILD_TIME: Duration = Duration::from_secs(20);

/// The end of a socket at which can be read where the program's denied calls wait, and a failure on the way to the
/// program; it closes when the program starts.
pub(super) type Starting = UnixStream;

/// Turns an error into the failure of a step.
pub(super) fn at(step: Step) -> impl Fn(io::Error) -> Failure {
    move |error| Failure { step, reason: error.to_string() }
}

/// Tells a failure on the way to the program, and ends this process.
pub(super) fn give_up(mut starting: UnixStream, failure: &Failure) -> ! {
    if let Ok(text) = serde_json::to_vec(failure) {
        let _ = starting.write_all(&text);
    }
    sys::exit_now(1)
}

/// Waits until the program has started or something on the way to it has failed; denied calls are answered meanwhile.
pub(super) fn wait_for_start(
    started: &mut Starting,
    attempts: &mut Attempts,
    host: &UnixStream,
) -> Result<(), Failure> {
    let fail = |reason: &str| Failure { step: Step::Confine, reason: reason.to_owned() };
    let deadline = Instant::now() + BUILD_TIME;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let waiting = attempts.waiting().unwrap_or(started.as_fd());
        let [ready, host_gone, called] =
            sys::wait_readable([started.as_fd(), host.as_fd(), waiting], left)
                .map_err(at(Step::Confine))?;
        if called {
            attempts.answer().map_err(at(Step::Confine))?;
        }
        if ready {
            match sys::receive_fd(started) {
                Ok((_, Some(listener))) => attempts.listen(listener),
                Ok((first, None)) => return Err(failure_said(first, started)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(at(Step::Confine)(error)),
            }
        }
        if host_gone {
            return Err(fail("nobody waits for the program any more"));
        }
        if left.is_zero() {
            return Err(fail("the sandbox took too long to build"));
        }
    }
}

/// The failure whose text begins with this byte.
fn failure_said(first: u8, started: &mut Starting) -> Failure {
    let mut text = vec![first];
    let read = started.read_to_end(&mut text).and_then(|_| Ok(serde_json::from_slice(&text)?));
    read.unwrap_or_else(|error: io::Error| Failure {
        step: Step::Confine,
        reason: format!("the sandbox ended while it was built: {error}"),
    })
}
