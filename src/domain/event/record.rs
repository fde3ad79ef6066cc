//! One line of a journal: an event with its number and time.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Event;
use crate::base::tagged::{self, Name, Tagged};
use crate::base::unit::UnixMillis;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The line's number, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: UnixMillis,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Number and time come first in a line; what follows goes straight to the event. A line in another order is gathered.
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        text.deserialize_map(Line)
    }
}

struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Record, A::Error> {
        let (mut seq, mut at, mut gathered) = (None, None, Map::<String, Value>::new());
        while let Some(Name(name)) = fields.next_key()? {
            match (name.as_ref(), seq, at) {
                ("seq", None, _) => seq = Some(fields.next_value()?),
                ("at", _, None) => at = Some(fields.next_value()?),
                (Event::TAG, Some(seq), Some(at)) if gathered.is_empty() => {
                    let event = tagged::read_rest(fields.next_value()?, fields)?;
                    return Ok(Record { seq, at, event });
                }
                _ => drop(gathered.insert(name.into_owned(), fields.next_value()?)),
            }
        }
        let seq = seq.ok_or_else(|| A::Error::missing_field("seq"))?;
        let at = at.ok_or_else(|| A::Error::missing_field("at"))?;
        Ok(Record { seq, at, event: tagged::read_gathered(gathered)? })
    }
}
