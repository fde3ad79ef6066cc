//! The two streams of this process. Answers go to standard output, everything about the work to standard error.

use std::io::{self, Write};

use super::failure::{Exit, Failure};

/// Writes an answer. A reader that went away (`| head`) ends the command without a word and with success.
pub fn answer(text: &str) -> Result<(), Failure> {
    write_all(io::stdout().lock(), text.as_bytes())
}

/// Writes a document as one line of JSON.
pub fn document(document: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(document).map_err(|error| {
        Failure::new(Exit::Defect, "an answer could not be written as JSON")
            .because(error.to_string())
    })?;
    text.push('\n');
    answer(&text)
}

/// Tells the person something about the work; a closed stream is nobody's loss.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn write_all(mut stream: impl Write, bytes: &[u8]) -> Result<(), Failure> {
    stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::silent(Exit::Done),
        _ => Failure::new(Exit::Environment, "cannot write to standard output")
            .because(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_a_quiet_success() {
        let ended = write_all(Closed(io::ErrorKind::BrokenPipe), b"x").expect_err("an end");
        assert_eq!(ended, Failure::silent(Exit::Done));
    }

    #[test]
    fn a_full_disk_behind_standard_output_is_told() {
        let failed = write_all(Closed(io::ErrorKind::StorageFull), b"x").expect_err("a failure");
        assert_eq!(failed.code, Exit::Environment);
    }
}
