//! The kernel's end of the socket to one worker process.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::limits;
use super::wire::{Answer, FrameError, Request, announced, encode};

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// In words: an exit code, a signal, a limit.
    pub how: String,
    /// Whether the sandbox ended it for its memory.
    pub out_of_memory: bool,
    /// Whether a signal ended it that a process brings upon itself.
    pub crashed: bool,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// What a worker died of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Memory,
    Depth,
    /// The interpreter itself broke on the script: a panic, or a signal of its own doing.
    Broke,
    Other,
}

impl Ending {
    /// What the process died of. An allocation that the address space has no room for aborts the process (the standard
    /// library says "memory allocation of … bytes failed") or panics in an arena or a capacity computation; values
    /// nested without end overflow the native stack.
    pub(super) fn cause(&self) -> Cause {
        const MEMORY: [&str; 3] = ["memory allocation of", "out of memory", "capacity overflow"];
        if self.out_of_memory || MEMORY.iter().any(|sign| self.stderr.contains(sign)) {
            Cause::Memory
        } else if self.stderr.contains("has overflowed its stack") {
            Cause::Depth
        } else if self.crashed || self.stderr.contains("panicked at") {
            Cause::Broke
        } else {
            Cause::Other
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

type Watch = Pin<Box<dyn Future<Output = Ending> + Send>>;

/// A connection to a worker process. Dropping it closes the socket, and the process ends.
pub struct Link {
    stream: Box<dyn Duplex>,
    watch: Option<Watch>,
    /// A message was begun and not ended: whoever waited for it gave up, and the stream means nothing any more.
    torn: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("alive", &self.watch.is_some()).finish_non_exhaustive()
    }
}

/// Why there is no answer.
pub(super) enum Silence {
    /// The process ended.
    Ended(Ending),
    /// It did not answer in time.
    Late,
    /// An earlier exchange was given up half-way.
    Torn,
    /// The stream cannot be used.
    Broken(FrameError),
}

impl Link {
    /// A link over a connected stream. `watch` waits for the end of the process (and ends it, if the stream broke first);
    /// it is dropped unpolled when the link is dropped.
    pub fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        watch: impl Future<Output = Ending> + Send + 'static,
    ) -> Self {
        Self { stream: Box::new(stream), watch: Some(Box::pin(watch)), torn: false }
    }

    /// Sends a request that has no answer.
    pub(super) async fn send(&mut self, request: &(impl Serialize + Sync)) -> Result<(), Silence> {
        let frame = encode(request).map_err(Silence::Broken)?;
        self.begin()?;
        let sent = self.stream.write_all(&frame).await;
        self.torn = false;
        match sent {
            Ok(()) => Ok(()),
            Err(error) => Err(self.end(FrameError::Stream(error)).await),
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Answer, Silence> {
        self.send(request).await?;
        self.begin()?;
        let answer = tokio::time::timeout(limits::ANSWER_WALL, self.receive()).await;
        self.torn = false;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.end(error).await),
            Err(_) => {
                // Ends the process, and with it the stream.
                self.watch = None;
                Err(Silence::Late)
            }
        }
    }

    fn begin(&mut self) -> Result<(), Silence> {
        if self.torn {
            return Err(Silence::Torn);
        }
        self.torn = true;
        Ok(())
    }

    async fn receive(&mut self) -> Result<Answer, FrameError> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await?;
        let mut body = vec![0; announced(head)?];
        self.stream.read_exact(&mut body).await?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// The stream failed: most likely because the process is gone, so ask it how.
    async fn end(&mut self, error: FrameError) -> Silence {
        match self.watch.take() {
            Some(watch) => match tokio::time::timeout(limits::ANSWER_WALL, watch).await {
                Ok(ending) => Silence::Ended(ending),
                Err(_) => Silence::Late,
            },
            None => Silence::Broken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_crash_are_the_scripts_and_a_kill_from_elsewhere_is_not() {
        let ending = |crashed: bool, stderr: &str| Ending {
            how: "signal 11 ended it".into(),
            out_of_memory: false,
            crashed,
            stderr: stderr.into(),
        };
        let panicked = "thread 'main' panicked at arena.rs:350: index out of bounds";
        assert_eq!(ending(false, panicked).cause(), Cause::Broke);
        assert_eq!(ending(true, "").cause(), Cause::Broke);
        assert_eq!(ending(false, "").cause(), Cause::Other);
        assert_eq!(ending(true, "memory allocation of 9 bytes failed").cause(), Cause::Memory);
        assert_eq!(ending(true, "has overflowed its stack").cause(), Cause::Depth);
    }
}
