//! The lines of `run --json`: one event each, without the texts of files.

use serde_json::Value;

use super::super::run::RunView;
use super::finished::RunFinishedDocument;
use crate::domain::event::{Event, Record};

/// The line of one record, given the run's view after it: `event`, `seq` and `run` first in meaning, then the event's
/// own fields. Texts of files and answers are left out; the archive has them.
pub fn line(record: &Record, view: &RunView) -> Result<String, serde_json::Error> {
    if let Event::RunFinished { .. } = record.event {
        return serde_json::to_string(&RunFinishedDocument::of(view));
    }
    let mut value = serde_json::to_value(record)?;
    if let Value::Object(fields) = &mut value {
        let run = view.identity.as_ref().map(|identity| Value::from(identity.run.as_str()));
        fields.insert("run".to_owned(), run.unwrap_or(Value::Null));
        match &record.event {
            Event::RunStarted { .. } => {
                fields.remove("agent");
                fields.remove("improver");
            }
            Event::Answered { .. } => {
                fields.remove("text");
                fields.remove("calls");
            }
            Event::EpisodeStarted { .. } => drop(fields.remove("start")),
            Event::GenerationPlanned { .. } => drop_inside(fields, "plan", "files"),
            Event::StartMeasured { .. } | Event::AttemptFinished { .. } => {
                drop_inside(fields, "result", "files");
            }
            Event::EpisodeFinished { .. } => drop_inside(fields, "result", "best"),
            _ => {}
        }
    }
    serde_json::to_string(&value)
}

fn drop_inside(fields: &mut serde_json::Map<String, Value>, outer: &str, inner: &str) {
    if let Some(Value::Object(inside)) = fields.get_mut(outer) {
        inside.remove(inner);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::small_run;
    use super::*;

    #[test]
    fn every_line_names_event_number_and_run_and_carries_no_file() {
        let mut view = RunView::default();
        let records = small_run();
        for record in &records {
            view.apply(record);
            let line = line(record, &view).expect("a line");
            let value: Value = serde_json::from_str(&line).expect("JSON");
            assert!(value["event"].is_string() && value["run"] == "run-1", "{line}");
            assert_eq!(value["seq"], record.seq);
            assert!(!line.contains("\"files\":") && !line.contains("\"text\":"), "{line}");
            assert!(!line.contains('\n'));
        }
    }
}
