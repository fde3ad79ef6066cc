//! What a journal means, whatever the day, the machine and the number of processes it took: two runs that did the same
//! have the same events under the same keys, and what differs first can be named.
//!
//! Left out are the line's number and time, what a measurement used (a gate's CPU times with it), what a linter says (it may be
//! another one, or none), how long an answer took, commit ids (a commit knows its time; its tree does
//! not), and the events of processes and people that change no result: resumed, halted, a provider away and back, the test split opened.
//! So are sandbox and interpreter: that they change no result is what a comparison shows, or not.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::event::{AttemptResult, Event, Record};
use super::outcome::{SandboxLevel, Usage};
use super::settings::Identity;
use crate::base::id::EpisodeId;

/// The key of an event, unique in a run, and what it says; `None` when it changes no result.
pub fn meaning(event: &Event) -> Option<(String, Event)> {
    let mut event = event.clone();
    let key = match &mut event {
        Event::RunResumed { .. }
        | Event::RunHalted { .. }
        | Event::ProviderPaused { .. }
        | Event::ProviderBack { .. }
        | Event::CapsSet { .. }
        | Event::RolledBack { .. }
        | Event::TestOpened { .. }
        | Event::Tested { .. } => return None,
        Event::RunStarted { sandbox, interpreter, .. } => {
            *sandbox = SandboxLevel::Full;
            *interpreter = None;
            "the start".to_owned()
        }
        Event::Decided { step, .. } | Event::Refused { step, .. } => format!("step {step}"),
        Event::Answered { key, cost, .. } => {
            cost.wall_ms = 0;
            cost.retries.clear();
            format!("the answer for {key}")
        }
        Event::DraftTested { key, .. } => format!("the test of a draft for {key}"),
        Event::GenerationPlanned { plan } => format!("the plan of {}", plan.generation),
        Event::GenerationCommitted { generation, commit, .. } => {
            commit.clear();
            format!("the tree of {generation}")
        }
        Event::EpisodeStarted { generation, episode, .. } => {
            format!("the start of {episode} in {generation}")
        }
        Event::StartMeasured { generation, episode, result } => {
            without_usage(result);
            format!("the measured start of {episode} in {generation}")
        }
        Event::AttemptDecided { generation, episode, attempt, .. } => {
            format!("the decision for attempt {attempt} of {episode} in {generation}")
        }
        Event::ConsultDecided { generation, episode, consult, .. }
        | Event::Consulted { generation, episode, consult, .. } => {
            format!("advice {consult} of {episode} in {generation}")
        }
        Event::AttemptFinished { generation, episode, attempt, result } => {
            without_usage(result);
            format!("the result of attempt {attempt} of {episode} in {generation}")
        }
        Event::EpisodeFinished { generation, episode, .. } => {
            format!("the end of {episode} in {generation}")
        }
        Event::Evaluated { step, evidence, .. } => {
            *evidence = None;
            format!("the end of the measurement of step {step}")
        }
        Event::Attacked { step, .. } => format!("the attack of step {step}"),
        Event::Judged { step, .. } => format!("the verdicts of step {step}"),
        Event::SelectRenewed { block, .. } => format!("block {block} of the select cases"),
        Event::PromotionDecided { step, .. } => format!("the verdict of step {step}"),
        Event::ControlMeasured { generation, episode, .. } => {
            format!("the judgement on {episode} of {generation}")
        }
        Event::AgentsCompared { .. } => "the comparison of the agents".to_owned(),
        Event::SolutionCompared { report } => format!("the comparison for {}", report.task),
        Event::RunFinished { .. } => "the end".to_owned(),
    };
    Some((key, event))
}

fn without_usage(result: &mut AttemptResult) {
    result.usage = Usage::default();
    result.quality = None;
    if let Some(gate) = &mut result.gate {
        gate.cpu = None;
    }
}

/// Where a run that was performed again differs from its recording first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The number of the recorded line; absent when there is none.
    pub seq: Option<u64>,
    /// Which event, in words.
    pub what: String,
    /// The place inside the event, as a path of field names; empty when the event itself is missing on one side.
    pub field: String,
    /// What is recorded there; null: nothing.
    pub recorded: Value,
    /// What came of it again; null: nothing.
    pub again: Value,
}

/// The first difference between a recording and the same run performed again, in the recording's order. A recording that
/// does not end has less than its repetition.
pub fn first_difference(recorded: &[Record], again: &[Record]) -> Option<Difference> {
    let (kept, void) = before_rollbacks(recorded);
    let mut made: BTreeMap<String, Event> =
        again.iter().filter_map(|record| meaning(&record.event)).collect();
    let mut in_order: Vec<_> = kept.iter().collect();
    in_order.sort_by_key(|(_, (seq, _))| *seq);
    for (what, (seq, event)) in in_order {
        let found = made.remove(what);
        if found.as_ref() == Some(event) {
            continue;
        }
        let (before, after) = (value(Some(event)), value(found.as_ref()));
        let (field, recorded, again) = match found {
            Some(_) => place(&before, &after),
            None => (String::new(), before, Value::Null),
        };
        return Some(Difference { seq: Some(*seq), what: what.clone(), field, recorded, again });
    }
    let ended = kept.values().any(|(_, event)| matches!(event, Event::RunFinished { .. }));
    let (what, event) = made.into_iter().find(|(what, _)| ended && !void.contains_key(what))?;
    let again = value(Some(&event));
    Some(Difference { seq: None, what, field: String::new(), recorded: Value::Null, again })
}

type Meant = BTreeMap<String, (u64, Event)>;

/// What a recording means, and apart from it the endings that a rollback made void: a repetition knows of the rollback
/// when it gets there, and never makes them.
fn before_rollbacks(recorded: &[Record]) -> (Meant, Meant) {
    let (mut kept, mut void) = (Meant::new(), Meant::new());
    let mut identity = None;
    for record in recorded {
        match &record.event {
            Event::RunStarted { identity: own, .. } => identity = Some(own),
            Event::RolledBack { .. } => {
                void.extend(kept.extract_if(.., |_, (_, event)| is_ending(event, identity)));
            }
            _ => {}
        }
        if let Some((what, event)) = meaning(&record.event) {
            void.remove(&what);
            kept.insert(what, (record.seq, event));
        }
    }
    (kept, void)
}

/// Whether an event belongs to the end of a run: the comparisons, with the episodes of the control arm.
fn is_ending(event: &Event, identity: Option<&Identity>) -> bool {
    let is_control =
        |episode: &EpisodeId| identity.is_some_and(|identity| identity.is_control(episode));
    match event {
        Event::RunFinished { .. }
        | Event::SolutionCompared { .. }
        | Event::AgentsCompared { .. }
        | Event::ControlMeasured { .. } => true,
        Event::EpisodeStarted { episode, .. }
        | Event::StartMeasured { episode, .. }
        | Event::AttemptDecided { episode, .. }
        | Event::AttemptFinished { episode, .. }
        | Event::ConsultDecided { episode, .. }
        | Event::Consulted { episode, .. }
        | Event::EpisodeFinished { episode, .. } => is_control(episode),
        Event::Answered { key, .. } | Event::DraftTested { key, .. } => {
            key.episode().is_some_and(is_control)
        }
        _ => false,
    }
}

fn value(event: Option<&Event>) -> Value {
    event.and_then(|event| serde_json::to_value(event).ok()).unwrap_or_default()
}

/// The first place where two values differ, and what is there.
fn place(before: &Value, after: &Value) -> (String, Value, Value) {
    static NOTHING: Value = Value::Null;
    let inside: Vec<(String, &Value, &Value)> = match (before, after) {
        (Value::Object(a), Value::Object(b)) => a
            .keys()
            .chain(b.keys().filter(|name| !a.contains_key(*name)))
            .map(|name| {
                let (a, b) = (a.get(name), b.get(name));
                (name.clone(), a.unwrap_or(&NOTHING), b.unwrap_or(&NOTHING))
            })
            .collect(),
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
            .map(|at| {
                let (a, b) = (a.get(at), b.get(at));
                (at.to_string(), a.unwrap_or(&NOTHING), b.unwrap_or(&NOTHING))
            })
            .collect(),
        _ => Vec::new(),
    };
    match inside.into_iter().find(|(_, a, b)| a != b) {
        Some((name, a, b)) => {
            let (rest, a, b) = place(a, b);
            let field = if rest.is_empty() { name } else { format!("{name}.{rest}") };
            (field, a, b)
        }
        None => (String::new(), before.clone(), after.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::GenerationId;
    use crate::base::unit::UnixMillis;
    use crate::domain::event::Halt;

    fn journal(events: Vec<Event>) -> Vec<Record> {
        (1..)
            .zip(events)
            .map(|(seq, event)| Record { seq, at: UnixMillis(seq * 1000), event })
            .collect()
    }

    fn committed(generation: u32, commit: &str, tree: &str) -> Event {
        Event::GenerationCommitted {
            generation: GenerationId(generation),
            commit: commit.into(),
            tree: tree.into(),
        }
    }

    fn finished(best: u32) -> Event {
        Event::RunFinished { best: GenerationId(best), why: "done".into() }
    }

    #[test]
    fn order_commits_and_processes_make_no_difference_and_trees_do() {
        let halted = Event::RunHalted { why: Halt::Interrupted, detail: "ctrl-c".into() };
        let recorded =
            journal(vec![committed(0, "a", "t"), halted, committed(1, "b", "u"), finished(1)]);
        let same = journal(vec![committed(1, "x", "u"), committed(0, "y", "t"), finished(1)]);
        assert_eq!(first_difference(&recorded, &same), None);

        let other = journal(vec![committed(0, "a", "t"), committed(1, "b", "v"), finished(0)]);
        let found = first_difference(&recorded, &other).expect("a difference");
        assert_eq!((found.seq, found.field.as_str()), (Some(3), "tree"));
        assert_eq!((found.what.as_str(), found.recorded), ("the tree of gen-00001", "u".into()));
        assert_eq!(found.again, Value::from("v"));
    }

    #[test]
    fn what_is_missing_or_too_much_is_a_difference_unless_the_recording_does_not_end() {
        let whole = journal(vec![committed(0, "a", "t"), committed(1, "b", "u"), finished(1)]);
        let missing = journal(vec![committed(0, "a", "t"), finished(1)]);
        let found = first_difference(&whole, &missing).expect("a difference");
        assert_eq!((found.seq, found.again), (Some(2), Value::Null));
        let found = first_difference(&missing, &whole).expect("a difference");
        assert_eq!((found.seq, found.recorded), (None, Value::Null));
        let cut = journal(vec![committed(0, "a", "t")]);
        assert_eq!(first_difference(&cut, &whole), None);
    }

    #[test]
    fn an_end_that_a_rollback_made_void_is_not_asked_for() {
        let back = Event::RolledBack { to: GenerationId(0) };
        let recorded = journal(vec![committed(0, "a", "t"), finished(1), back, finished(0)]);
        let again = journal(vec![committed(0, "a", "t"), finished(0)]);
        assert_eq!(first_difference(&recorded, &again), None);
        let unfinished = journal(vec![
            committed(0, "a", "t"),
            finished(1),
            Event::RolledBack { to: GenerationId(0) },
        ]);
        assert_eq!(first_difference(&unfinished, &again), None);
    }
}
