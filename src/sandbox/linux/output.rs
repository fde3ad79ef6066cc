//! What a program writes: kept up to a cap, and read to the end beyond it, so that no writer is held up.

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::domain::outcome::{Violation, ViolationKind};

/// What a program writes to its two outputs.
pub(super) struct Output {
    stdout: Captured,
    stderr: Captured,
}

impl Output {
    /// Takes over the two pipes; of each, `cap` bytes are kept.
    pub(super) fn new(stdout: Receiver, stderr: Receiver, cap: usize) -> Self {
        Self { stdout: Captured::new(stdout, cap), stderr: Captured::new(stderr, cap) }
    }

    /// Takes some of what is written; waits for ever once both outputs are closed.
    pub(super) async fn take(&mut self) {
        tokio::select! {
            () = self.stdout.take() => {}
            () = self.stderr.take() => {}
        }
    }

    /// Takes what is there and does not wait for more.
    pub(super) fn take_rest(&mut self) {
        self.stdout.take_rest();
        self.stderr.take_rest();
    }

    /// The violation of having written more than is kept.
    pub(super) fn violation(&self) -> Option<Violation> {
        let dropped = self.stdout.dropped + self.stderr.dropped;
        (dropped > 0).then(|| Violation {
            kind: ViolationKind::Output,
            detail: format!("wrote {dropped} bytes more than are kept"),
        })
    }

    /// What was kept of the two.
    pub(super) fn into_kept(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.kept, self.stderr.kept)
    }
}

/// One output, kept up to a cap and read on beyond it.
struct Captured {
    pipe: Option<Receiver>,
    kept: Vec<u8>,
    cap: usize,
    dropped: u64,
}

impl Captured {
    fn new(pipe: Receiver, cap: usize) -> Self {
        Self { pipe: Some(pipe), kept: Vec::new(), cap, dropped: 0 }
    }

    async fn take(&mut self) {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        let mut buffer = [0; 8192];
        match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => self.pipe = None,
            Ok(count) => self.keep(buffer.get(..count).unwrap_or_default()),
        }
    }

    fn take_rest(&mut self) {
        let Some(pipe) = self.pipe.take() else { return };
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = pipe.try_read(&mut buffer) {
            self.keep(buffer.get(..count).unwrap_or_default());
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.cap.saturating_sub(self.kept.len());
        let (kept, dropped) = bytes.split_at(room.min(bytes.len()));
        self.kept.extend_from_slice(kept);
        self.dropped += dropped.len() as u64;
    }
}
