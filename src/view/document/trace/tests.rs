use super::super::super::sample::{episode, small_run};
use super::*;
use crate::domain::event::{AttemptEnd, CallCost, Retry};
use crate::domain::outcome::{Violation, ViolationKind};

fn trace(generation: u32) -> TraceDocument {
    TraceDocument::of("run-1".into(), GenerationId(generation), &small_run())
}

#[test]
fn a_trace_has_the_rewrite_and_every_attempt_with_its_answers() {
    let trace = trace(1);
    assert_eq!(trace.rewrite.len(), 1);
    assert_eq!(trace.attempts.iter().map(|one| one.attempt).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(trace.attempts[1].calls[0].answer, "answer");
    assert_eq!(trace.attempts[2].end, Some(AttemptEnd::Rejected));
}

#[test]
fn one_attempt_can_be_picked() {
    let mut trace = trace(1);
    trace.keep(Some(&episode(0)), Some(2));
    assert_eq!((trace.rewrite.len(), trace.attempts.len()), (0, 1));
    trace.keep(Some(&episode(1)), None);
    assert_eq!(trace.attempts.len(), 0);
}

#[test]
fn the_full_text_spells_prompts_and_answers_out() {
    let mut trace = trace(0);
    for call in trace.calls_mut() {
        call.prompt = Some("please".into());
    }
    let text = trace.told(Page::PLAIN, true);
    assert!(text.contains("  prompt\n    please\n  answer\n    answer\n"), "{text}");
    assert!(!trace.told(Page::PLAIN, false).contains("please"));
}

/// An answer of the call `turn` that made generation 1.
fn answered(turn: u32, text: &str, change: impl FnOnce(&mut CallCost)) -> CallDocument {
    let mut cost = CallCost {
        input_tokens: Some(1200),
        cached_tokens: Some(400),
        output_tokens: Some(30),
        usd: Some(crate::base::unit::MicroUsd(1500)),
        requests: 2,
        wall_ms: 2500,
        ..CallCost::default()
    };
    change(&mut cost);
    CallDocument {
        role: "meta".into(),
        model: "fast".into(),
        turn,
        prompt_digest: String::new(),
        prompt: None,
        answer: text.into(),
        calls: Vec::new(),
        unusable: None,
        handed_back: None,
        cache_hit: Some(true),
        cost,
    }
}

#[test]
fn a_conversation_is_told_turn_by_turn_with_what_became_of_each_answer() {
    let mut first = answered(0, "first", |cost| {
        cost.retries = vec![Retry { at_ms: 300, why: "status 429".into() }];
        cost.restored = vec!["fixed.py".into()];
        cost.answered_by = Some("slow".parse().expect("an alias"));
    });
    first.prompt = Some("please".into());
    first.handed_back = Some("parse".into());
    let mut second = answered(1, "second", |_| ());
    second.prompt = Some("please\nfirst\nline 3 is broken".into());
    let trace = TraceDocument {
        generation: "gen-00001".into(),
        rewrite: vec![first, second],
        ..TraceDocument::default()
    };
    insta::assert_snapshot!(trace.told(Page::PLAIN, true), @r"
    gen-00001
    rewrite  meta asked fast: 1,200 (400 cached) + 30 tokens, $0.001500, 2.5 s, 2 requests; answered by slow
      failed after 300 ms: status 429
      prompt
        please
      answer
        first
      restored: it changed fixed.py and must not
      handed back: parse
    rewrite  meta asked fast, turn 1: 1,200 (400 cached) + 30 tokens, $0.001500, 2.5 s, 2 requests
      what was said to it
        line 3 is broken
      answer
        second
    ");
}

#[test]
fn what_went_back_is_marked_at_its_turn() {
    let mut calls = vec![answered(0, "a", |_| ()), answered(1, "b", |_| ())];
    hand_back(&mut calls, &[HandedBack { turn: 1, class: "duplicate".into() }]);
    assert_eq!(calls[0].handed_back, None);
    assert_eq!(calls[1].handed_back.as_deref(), Some("duplicate"));
}

#[test]
fn what_a_candidate_tried_and_that_it_was_known_stand_with_its_attempt() {
    let mut records = small_run();
    let wanted = episode(0);
    for record in &mut records {
        if let Event::AttemptFinished { episode, attempt: 2, result, .. } = &mut record.event
            && *episode == wanted
        {
            let detail = "network: socket(AF_INET)".to_owned();
            result.violations.push(Violation { kind: ViolationKind::Network, detail });
            result.usage.reused = true;
        }
    }
    let trace = TraceDocument::of("run-1".into(), GenerationId(1), &records);
    let text = trace.told(Page::PLAIN, false);
    assert!(text.contains("\n  violation: network: socket(AF_INET)\n"), "{text}");
    assert_eq!(text.matches("known before").count(), 1, "{text}");
}
