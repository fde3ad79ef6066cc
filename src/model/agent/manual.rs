//! The dialect `manual`: a person answers at the terminal, one question at a time.

use std::io::{BufRead, Write};
use std::time::Instant;

use tokio::sync::{Mutex, mpsc};

use super::conversation;
use crate::domain::event::CallCost;
use crate::model::fault::{ModelError, Trouble};
use crate::model::request::{Reply, Request};

/// The line that ends an answer.
const END: &str = ".";

/// Lines typed, in order. They are read on a thread of its own, begun with the first question, because a read from a
/// terminal cannot be cancelled.
pub(in crate::model) struct Manual {
    lines: Mutex<Lines>,
}

struct Lines {
    /// How to open the input; taken with the first question.
    open: Option<Box<dyn FnOnce() -> Box<dyn BufRead> + Send>>,
    send: Option<mpsc::UnboundedSender<String>>,
    typed: mpsc::UnboundedReceiver<String>,
}

impl Manual {
    /// A person at the standard input.
    pub fn at_the_terminal() -> Self {
        Self::reading(|| Box::new(std::io::BufReader::new(std::io::stdin())))
    }

    fn reading(open: impl FnOnce() -> Box<dyn BufRead> + Send + 'static) -> Self {
        let (send, typed) = mpsc::unbounded_channel();
        Self { lines: Mutex::new(Lines { open: Some(Box::new(open)), send: Some(send), typed }) }
    }

    /// Shows the question and reads the answer, up to a line with a full stop alone or the end of the input.
    pub async fn ask(&self, request: &Request) -> Result<Reply, ModelError> {
        let begun = Instant::now();
        let mut lines = self.lines.lock().await;
        let question = format!(
            "\n==== {} asks ({}) ====\n{}\n==== answer; end it with a line `{END}` ====\n",
            request.role,
            request.key,
            conversation(request)
        );
        // A terminal that shows nothing more has nobody before it; the read says so.
        let _ = std::io::stderr().write_all(question.as_bytes());
        lines.begin();
        let mut text = String::new();
        let mut ended = false;
        while let Some(line) = lines.typed.recv().await {
            if line == END {
                ended = true;
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        let waited_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !ended && text.trim().is_empty() {
            let reason = "the standard input is at its end".to_owned();
            let (alias, last) = (request.alias.clone(), Trouble::Broken { reason });
            return Err(ModelError::Unavailable { alias, requests: 1, waited_ms, last });
        }
        let cost = CallCost { requests: 1, wall_ms: waited_ms, ..CallCost::default() };
        Ok(Reply { text, calls: Vec::new(), kept: None, cost })
    }
}

impl Lines {
    /// Begins to read, once.
    fn begin(&mut self) {
        if let (Some(open), Some(send)) = (self.open.take(), self.send.take()) {
            std::thread::spawn(move || {
                let mut lines = open().lines();
                while let Some(Ok(line)) = lines.next()
                    && send.send(line).is_ok()
                {}
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::tests::question;

    #[tokio::test]
    async fn answers_end_with_a_full_stop_and_no_input_is_nobody() {
        let manual =
            Manual::reading(|| Box::new(std::io::Cursor::new("one\ntwo\n.\nthree\n".as_bytes())));
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers.push(manual.ask(&question("?")).await.expect("an answer").text);
        }
        assert_eq!(answers, ["one\ntwo\n", "three\n"]);
        let gone = manual.ask(&question("?")).await.expect_err("nobody");
        assert_eq!(gone.consequence(), crate::model::Consequence::Pause, "{gone}");
    }
}
