//! The filters and tests of the template language: each takes time linear in its input and refuses to make more than
//! a fixed number of bytes.

use std::fmt::Write;

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value, filters, tests};

/// The names of the filters, in the order of the documentation.
pub const FILTERS: [&str; 20] = [
    "abs", "count", "d", "default", "first", "indent", "int", "items", "join", "last", "length",
    "lines", "lower", "percent", "reverse", "round", "tail", "tojson", "trim", "upper",
];

/// The most one filter may make.
const MAX_MADE_BYTES: usize = 256 * 1024;

/// Registers every filter and test; nothing else is callable in a template.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("abs", filters::abs);
    environment.add_filter("count", filters::length);
    environment.add_filter("d", filters::default);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("indent", indent);
    environment.add_filter("int", filters::int);
    environment.add_filter("items", filters::items);
    environment.add_filter("join", join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lines", lines);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("percent", percent);
    environment.add_filter("reverse", filters::reverse);
    environment.add_filter("round", filters::round);
    environment.add_filter("tail", tail);
    environment.add_filter("tojson", tojson);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", tests::is_number);
    environment.add_test("string", tests::is_string);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("mapping", tests::is_mapping);
}

/// Text that refuses to grow past the cap.
#[derive(Default)]
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        if self.0.len() + piece.len() > MAX_MADE_BYTES {
            return Err(std::fmt::Error);
        }
        self.0.push_str(piece);
        Ok(())
    }
}

impl Bounded {
    fn add(&mut self, piece: impl std::fmt::Display) -> Result<(), Error> {
        write!(self, "{piece}").map_err(|_| {
            Error::new(ErrorKind::InvalidOperation, "a filter may make at most 256 KiB of text")
        })
    }
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// Indents every line but the first by `width` spaces (default 4, at most 64).
fn indent(text: &str, width: Option<usize>) -> Result<String, Error> {
    let width = width.unwrap_or(4);
    if width > 64 {
        return Err(wrong("indent takes 0 to 64 spaces"));
    }
    let mut made = Bounded::default();
    for (index, line) in text.split('\n').enumerate() {
        match (index, line.is_empty()) {
            (0, _) => made.add(line)?,
            (_, true) => made.add("\n")?,
            _ => made.add(format_args!("\n{:width$}{line}", ""))?,
        }
    }
    Ok(made.0)
}

/// Joins the items of a list with `separator` (default: nothing).
fn join(items: &Value, separator: Option<&str>) -> Result<String, Error> {
    let separator = separator.unwrap_or_default();
    let mut made = Bounded::default();
    for (index, item) in items.try_iter()?.enumerate() {
        if index > 0 {
            made.add(separator)?;
        }
        if index > MAX_MADE_BYTES {
            return Err(wrong("join takes at most 262144 items"));
        }
        made.add(item)?;
    }
    Ok(made.0)
}

/// The lines of a text, as a list.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A share as a percentage with `digits` decimals (default 1): `0.125` reads `12.5%`.
fn percent(share: &Value, digits: Option<usize>) -> Result<String, Error> {
    let digits = digits.unwrap_or(1).min(6);
    match f64::try_from(share.clone()) {
        Ok(share) => Ok(format!("{:.digits$}%", share * 100.0)),
        Err(_) => Err(wrong("percent needs a number; guard none with `is none`")),
    }
}

/// The last `count` items of a list, or lines of a text.
fn tail(value: &Value, count: usize) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let lines: Vec<&str> = text.lines().collect();
        let kept = lines.get(lines.len().saturating_sub(count)..).unwrap_or_default();
        return Ok(Value::from(kept.join("\n")));
    }
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(wrong("tail needs a list or a text"));
    }
    let items: Vec<Value> = value.try_iter()?.take(MAX_MADE_BYTES).collect();
    Ok(items.get(items.len().saturating_sub(count)..).unwrap_or_default().iter().cloned().collect())
}

/// A value as JSON on one line.
fn tojson(value: &Value, _: Rest<Value>) -> Result<Value, Error> {
    struct Sink(Bounded);
    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let piece = std::str::from_utf8(bytes).map_err(std::io::Error::other)?;
            self.0.write_str(piece).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut sink = Sink(Bounded::default());
    serde_json::to_writer(&mut sink, value)
        .map_err(|_| wrong("tojson may make at most 256 KiB of text"))?;
    Ok(Value::from(sink.0.0))
}
