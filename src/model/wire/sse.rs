//! Server-sent events: bytes in, events out.
//!
//! Source: WHATWG HTML, section "Server-sent events", "Interpreting an event stream". Bytes may be split anywhere, in
//! the middle of a character too: only whole lines are decoded. What a server leaves without its closing blank line at
//! the end of a stream is an event all the same, because some servers forget it.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SseEvent {
    /// Its name; empty when the server gives none.
    pub name: String,
    /// Its data; several lines are joined by line feeds.
    pub data: String,
}

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct SseReader {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    after_cr: bool,
    begun: bool,
}

impl SseReader {
    /// Takes the next bytes; the events they complete.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let mut events = Vec::new();
        for byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, *byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
        }
        events
    }

    /// The event that the end of the stream completes, if any.
    pub fn end(&mut self) -> Option<SseEvent> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch()
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = match std::mem::replace(&mut self.begun, true) {
            false => line.strip_prefix('\u{feff}').unwrap_or(&line),
            true => &line,
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A line that begins with a colon is a comment, sent to keep the connection alive.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut reader = SseReader::default();
        let mut events: Vec<SseEvent> =
            pieces.iter().flat_map(|piece| reader.take(piece)).collect();
        events.extend(reader.end());
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    fn event(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn names_data_and_every_line_end_are_read() {
        let stream =
            b"\xef\xbb\xbfevent: a\r\ndata: 1\r\n\r\ndata:2\ndata\ndata: 3\n\nevent:b\rdata:4\r\r";
        let wanted = [event("a", "1"), event("", "2\n\n3"), event("b", "4")];
        assert_eq!(read(&[stream]), wanted);
    }

    #[test]
    fn comments_and_events_without_data_are_passed_over() {
        assert_eq!(
            read(&[b": keep-alive\n\nevent: ping\n\nid: 7\nretry: 9\ndata: x\n\n"]),
            [event("", "x")]
        );
    }

    #[test]
    fn the_last_event_counts_without_its_blank_line() {
        assert_eq!(read(&[b"data: a\n\ndata: [DONE]"]), [event("", "a"), event("", "[DONE]")]);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_makes_no_difference(
            cuts in prop::collection::vec(0_usize..70, 0..9),
        ) {
            let stream = "event: a\r\ndata: größer ✓\r\n\r\n: ping\n\ndata: {\"x\":\"日本\"}\n\n".as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([stream.len()]) {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            prop_assert_eq!(read(&pieces), read(&[stream]));
        }
    }
}
