//! Signals that ask this process to end, and work that heeds them.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::session::runtime;

/// Waits for work that heeds a token, and cancels it when a signal asks this process to end.
pub fn until_signal<T>(
    work: impl AsyncFnOnce(CancellationToken) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let cancel = CancellationToken::new();
        let mut work = std::pin::pin!(work(cancel.clone()));
        loop {
            tokio::select! {
                ended = &mut work => return ended,
                () = signals.next() => {
                    if cancel.is_cancelled() {
                        leave();
                    }
                    cancel.cancel();
                }
            }
        }
    });
    runtime.shutdown_background();
    ended
}

/// Ends this process now. The journal is durable up to its last record, and the processes started die with this one.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "the second Ctrl+C must not wait")]
pub fn leave() -> ! {
    std::process::exit(Exit::Interrupted as i32)
}

/// The signals that ask a process to end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens from here on.
    pub fn listen() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Environment, "signals cannot be listened to")
                    .because(error.to_string())
            })
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
