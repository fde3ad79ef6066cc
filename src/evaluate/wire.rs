//! Lines over a descriptor: the only channel between the kernel and what it measures with.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// The longest line either side may send, in bytes.
pub(super) const MAX_LINE: u64 = 1 << 20;

/// Why no line came or went.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The other side has closed its end.
    #[error("the other side closed its end")]
    Closed,
    /// A line did not end where it had to.
    #[error("a line is longer than {MAX_LINE} bytes")]
    TooLong,
}

/// One end of a relay channel, read and written line by line. Lines keep their line feed.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: BufReader<S>,
    line: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream: BufReader::with_capacity(1 << 16, stream), line: Vec::new() }
    }

    /// The next line. A broken channel reads as closed.
    pub(super) async fn receive(&mut self) -> Result<&[u8], WireError> {
        self.line.clear();
        let read = (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut self.line).await;
        match (read, self.line.last()) {
            (Ok(_), Some(b'\n')) => Ok(&self.line),
            (Ok(_), _) if self.line.len() as u64 >= MAX_LINE => Err(WireError::TooLong),
            _ => Err(WireError::Closed),
        }
    }

    /// Sends one line, its line feed included.
    pub(super) async fn send(&mut self, line: &[u8]) -> Result<(), WireError> {
        self.stream.write_all(line).await.map_err(|_| WireError::Closed)
    }

    /// Tells the other side that nothing more will come.
    pub(super) async fn finish(&mut self) {
        // A side that is already gone needs no telling.
        let _gone = self.stream.shutdown().await;
    }

    /// Whether bytes are left once the other side has ended.
    pub(super) async fn has_rest(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.stream.read(&mut byte).await, Ok(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_arrive_one_by_one_and_an_endless_one_is_refused() {
        let (mut far, near) = tokio::io::duplex(1 << 12);
        let mut wire = Wire::new(near);
        far.write_all(b"one\ntwo\n").await.expect("room");
        assert_eq!(wire.receive().await.expect("a line"), b"one\n");
        assert_eq!(wire.receive().await.expect("a line"), b"two\n");
        let flood = tokio::spawn(async move {
            let chunk = [b'x'; 4096];
            while far.write_all(&chunk).await.is_ok() {}
        });
        assert!(matches!(wire.receive().await, Err(WireError::TooLong)));
        drop(wire);
        flood.await.expect("the flood ends with the channel");
    }

    #[tokio::test]
    async fn a_half_line_at_the_end_is_no_line() {
        let (mut far, near) = tokio::io::duplex(64);
        let mut wire = Wire::new(near);
        far.write_all(b"half").await.expect("room");
        drop(far);
        assert!(matches!(wire.receive().await, Err(WireError::Closed)));
    }
}
