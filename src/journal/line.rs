//! The text of one line: JSON that ends with the checksum of everything before it.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{Damage, JournalError};
use crate::base::id::RunName;
use crate::base::unit::UnixMillis;
use crate::domain::event::{Event, Record};

/// The version of the journal's format.
pub const VERSION: u32 = 1;

/// The word that tells a journal from other files.
const FORMAT: &str = "hyperagent-journal";
/// What stands between a line's text and its checksum.
const CHECKSUM_KEY: &[u8] = b",\"crc\":\"";
/// What ends a line.
const CHECKSUM_END: &[u8] = b"\"}";
/// Hexadecimal digits of a checksum.
const CHECKSUM_DIGITS: usize = 8;
/// Bytes of a line after its text.
pub(super) const TAIL: usize = CHECKSUM_KEY.len() + CHECKSUM_DIGITS + CHECKSUM_END.len();

/// The first line of a journal.
#[derive(Debug, serde::Serialize, Deserialize)]
struct Header {
    format: String,
    version: u64,
    run: RunName,
}

/// The text of an event, without number, time and checksum: `{"event":…}`.
///
/// # Errors
/// [`JournalError::Unfaithful`] unless the text reads back as this very event.
pub(super) fn encode(event: &Event) -> Result<Vec<u8>, JournalError> {
    let refuse = |source| JournalError::Unfaithful { event: kind(event), source };
    let text = serde_json::to_vec(event).map_err(|source| refuse(Some(source)))?;
    match read_text::<Event>(&text) {
        Ok(back) if back == *event => Ok(text),
        Ok(_) => Err(refuse(None)),
        Err(source) => Err(refuse(Some(source))),
    }
}

/// Appends the line of an event's text to `out`, newline included.
pub(super) fn write(out: &mut Vec<u8>, seq: u64, at: UnixMillis, text: &[u8]) {
    let start = out.len();
    out.extend_from_slice(format!("{{\"seq\":{seq},\"at\":{},", at.0).as_bytes());
    out.extend_from_slice(inside(text));
    seal(out, start);
}

/// The header line of a run's journal, newline included.
pub(super) fn header(run: &RunName) -> Result<Vec<u8>, JournalError> {
    let header =
        Header { format: FORMAT.to_owned(), version: u64::from(VERSION), run: run.clone() };
    let text = serde_json::to_vec(&header).map_err(|source| JournalError::Unfaithful {
        event: "header".to_owned(),
        source: Some(source),
    })?;
    let mut out = vec![b'{'];
    out.extend_from_slice(inside(&text));
    seal(&mut out, 0);
    Ok(out)
}

/// What a header line says.
pub(super) enum HeaderLine {
    /// A journal of this version.
    Known(RunName),
    /// A journal of a newer version.
    Newer(u64),
    /// Not the header of a journal.
    Foreign,
}

/// Reads a header line, without its newline. The version is looked at before the checksum, which may change with it.
pub(super) fn read_header(line: &[u8]) -> HeaderLine {
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u64,
    }
    match serde_json::from_slice::<Version>(line) {
        Ok(head) if head.format == FORMAT && head.version > u64::from(VERSION) => {
            HeaderLine::Newer(head.version)
        }
        Ok(head) if head.format == FORMAT && head.version == u64::from(VERSION) => {
            match (checked(line), serde_json::from_slice::<Header>(line)) {
                (Ok(_), Ok(header)) => HeaderLine::Known(header.run),
                _ => HeaderLine::Foreign,
            }
        }
        _ => HeaderLine::Foreign,
    }
}

/// Reads one event line, without its newline, that should have the number `expected`.
pub(super) fn read(line: &[u8], expected: u64) -> Result<Record, Damage> {
    match read_any(line)? {
        record if record.seq == expected => Ok(record),
        Record { seq: found, .. } => Err(Damage::Gap { expected, found }),
    }
}

/// Reads one event line, without its newline, whatever its number.
pub(super) fn read_any(line: &[u8]) -> Result<Record, Damage> {
    checked(line)?;
    read_text(line).map_err(|error| Damage::Unknown { reason: error.to_string() })
}

/// Reads a record or an event; other fields of the object do not matter.
fn read_text<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    // Looked at as a whole, rather than string by string, whether it is UTF-8.
    let directly = match std::str::from_utf8(text) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(text),
    };
    directly.or_else(|_| {
        // By way of a `Value`, which takes several times as long: the direct way fails at the numbers of an enum that
        // serde itself tags when any dependency switches serde_json's `arbitrary_precision` on.
        serde_json::from_slice(text).and_then(serde_json::from_value::<T>)
    })
}

/// Checks a line's end and checksum.
pub(super) fn checked(line: &[u8]) -> Result<(), Damage> {
    let at = line.len().checked_sub(TAIL).ok_or(Damage::Foreign)?;
    let (text, end) = line.split_at_checked(at).ok_or(Damage::Foreign)?;
    let key = end.strip_prefix(CHECKSUM_KEY).and_then(|rest| rest.strip_suffix(CHECKSUM_END));
    match key {
        None => Err(Damage::Foreign),
        Some(digits) if digits == checksum(text) => Ok(()),
        Some(_) => Err(Damage::Checksum),
    }
}

/// What ends a line, newline left out: as much of it as holds the checksum.
pub(super) fn end(line: &[u8]) -> &[u8] {
    line.get(line.len().saturating_sub(TAIL)..).unwrap_or_default()
}

/// What stands after a line's text, newline left out.
pub(super) fn tail(text: &[u8]) -> Vec<u8> {
    [CHECKSUM_KEY, &checksum(text), CHECKSUM_END].concat()
}

/// The checksum that a line's end notes, if it is such an end.
pub(super) fn noted(tail: &[u8]) -> Option<u32> {
    let digits = tail.strip_prefix(CHECKSUM_KEY)?.strip_suffix(CHECKSUM_END)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether a line is an event of a kind, without reading all of it; `kind` as it is written.
pub(super) fn is_of_kind(line: &[u8], kind: &str) -> bool {
    // `{"seq":N,"at":N,"event":"kind"`, as `write` has it.
    let head = line.get(..line.len().min(80)).unwrap_or_default();
    let wanted = format!(",\"event\":\"{kind}\"");
    head.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// Whether a sound line stands at the start of `tail` with something other than a newline after it: no crash leaves
/// that behind, so the end is not torn but changed.
pub(super) fn begins_with_sound_line(tail: &[u8]) -> bool {
    leading_sound_line(tail).is_some()
}

/// The length of that line.
pub(super) fn leading_sound_line(tail: &[u8]) -> Option<usize> {
    tail.windows(CHECKSUM_KEY.len())
        .enumerate()
        .filter(|(_, window)| *window == CHECKSUM_KEY)
        .filter_map(|(at, _)| tail.get(..at + TAIL))
        .find(|line| line.len() < tail.len() && checked(line).is_ok())
        .map(<[u8]>::len)
}

/// A JSON object's text without its braces.
fn inside(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"{").unwrap_or(text);
    text.strip_suffix(b"}").unwrap_or(text)
}

/// Ends the line that began at `start` of `out`.
fn seal(out: &mut Vec<u8>, start: usize) {
    let end = tail(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&end);
    out.push(b'\n');
}

/// The digits of a text's checksum.
fn checksum(text: &[u8]) -> [u8; CHECKSUM_DIGITS] {
    let mut digits = [0; CHECKSUM_DIGITS];
    let mut left = crc32fast::hash(text);
    for digit in digits.iter_mut().rev() {
        let value = (left & 0xf) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        left >>= 4;
    }
    digits
}

/// The name of an event's kind.
fn kind(event: &Event) -> String {
    let debug = format!("{event:?}");
    debug.chars().take_while(|c| c.is_alphanumeric()).collect()
}
