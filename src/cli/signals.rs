//! Signals that ask this process to end, and work that heeds them.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::failure::{Exit, Failure};
use super::session::runtime;

/// How long work may take to come to rest once it is asked to; then the process leaves as by a second signal. With the
/// end of the process itself this keeps within the two seconds a person is promised, even when the disk, a child or
/// whoever reads the output has stalled.
const GRACE: Duration = Duration::from_millis(1500);

/// Waits for work that heeds a token, and cancels it when a signal asks this process to end.
pub fn until_signal<T>(
    work: impl AsyncFnOnce(CancellationToken) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let cancel = CancellationToken::new();
        let _heed = Signals::listen()?.heed(cancel.clone());
        work(cancel).await
    });
    runtime.shutdown_background();
    ended
}

/// Ends this process now. The journal is durable up to its last record, and the processes started die with this one.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "the second Ctrl+C must not wait")]
fn leave() -> ! {
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

    /// Heeds them in a task of its own, so that nothing that blocks keeps them from being heard: the first cancels the
    /// token. A signal after it is cancelled, whoever did that, or the end of the time to come to rest, ends this process.
    pub fn heed(mut self, cancel: CancellationToken) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::select! {
                () = self.next() => cancel.cancel(),
                () = cancel.cancelled() => {}
            }
            tokio::select! {
                () = self.next() => {}
                () = tokio::time::sleep(GRACE) => {}
            }
            leave();
        }))
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
