use std::collections::VecDeque;

use super::*;
use crate::domain::settings::{Dialect, ModelSpec};
use crate::model::budget::{Cap, Scope};
use crate::model::pauses::Pauses;
use crate::model::wire::Gates;

const SPEC: RetrySpec =
    RetrySpec { requests: 4, first_wait_ms: 2, longest_wait_ms: 3, total_ms: 60_000 };

fn trouble() -> Trouble {
    Trouble::Status { status: 500, message: String::new() }
}

fn again() -> Sent<&'static str> {
    Sent::Again(Failed { trouble: trouble(), after: None })
}

fn broken() -> Sent<&'static str> {
    let trouble = Trouble::Broken { reason: "cut".into() };
    Sent::Again(Failed { trouble, after: None })
}

fn asked(after: Duration) -> Sent<&'static str> {
    Sent::Again(Failed { trouble: trouble(), after: Some(after) })
}

struct Ended {
    outcome: Result<&'static str, GivenUp>,
    effort: Effort,
    lost: u32,
}

impl Ended {
    fn last(&self) -> &Trouble {
        match &self.outcome {
            Err(GivenUp::Unavailable(last)) => last,
            other => panic!("{other:?}"),
        }
    }
}

/// Makes a call whose requests go as planned; past the plan they fail.
async fn run(spec: &RetrySpec, patience: Patience, steps: Vec<Sent<&'static str>>) -> Ended {
    let mut gates = Gates::new(Pauses::default());
    let settings = ModelSpec { retry: *spec, ..ModelSpec::of(Dialect::OpenaiChat) };
    let gate = gates.of(&"fast".parse().expect("an alias"), &settings);
    run_at(&gate, spec, patience, steps).await
}

async fn run_at(
    gate: &Gate,
    spec: &RetrySpec,
    patience: Patience,
    steps: Vec<Sent<&'static str>>,
) -> Ended {
    let mut steps = VecDeque::from(steps);
    let next = || {
        let step = steps.pop_front().unwrap_or_else(again);
        std::future::ready((step, Told::default()))
    };
    let mut lost = 0;
    let count = || {
        lost += 1;
        let full =
            || ModelError::BudgetSpent { scope: Scope::Run, cap: Cap::Calls(1), used: "1".into() };
        if lost < 3 { Ok(()) } else { Err(full()) }
    };
    let call = Call { spec, gate, seed: 7, tokens: 10, patience };
    let (outcome, effort) = persist(&call, count, next).await;
    Ended { outcome, effort, lost }
}

#[tokio::test]
async fn a_failure_that_passes_costs_only_time() {
    let ended = run(&SPEC, Patience::Wait, vec![again(), again(), Sent::Done("ok")]).await;
    assert_eq!((ended.outcome.expect("an answer"), ended.effort.requests), ("ok", 3));
    let why: Vec<&str> = ended.effort.retries.iter().map(|retry| retry.why.as_str()).collect();
    assert_eq!(why, [trouble().to_string(), trouble().to_string()]);
    assert_eq!(ended.lost, 0, "a status is not billed");
}

#[tokio::test]
async fn while_nobody_is_answered_a_call_waits_for_the_provider_and_goes_on_when_it_is_back() {
    let mut steps: Vec<_> = (0..9).map(|_| again()).collect();
    steps.push(Sent::Done("ok"));
    let ended = run(&SPEC, Patience::Wait, steps).await;
    assert_eq!((ended.outcome.expect("an answer"), ended.effort.requests), ("ok", 10));
}

#[tokio::test]
async fn a_provider_that_stays_away_is_given_up_at_the_time_cap() {
    let spec = RetrySpec { total_ms: 60, ..SPEC };
    let ended = run(&spec, Patience::Wait, Vec::new()).await;
    assert_eq!(ended.last(), &trouble());
    assert!((50..5_000).contains(&ended.effort.wall_ms), "{:?}", ended.effort);
    assert!(ended.effort.requests > SPEC.requests, "{:?}", ended.effort);
}

#[tokio::test]
async fn where_others_are_answered_the_number_of_requests_is_bounded() {
    let mut gates = Gates::new(Pauses::default());
    let settings = ModelSpec { retry: SPEC, ..ModelSpec::of(Dialect::OpenaiChat) };
    let gate = gates.of(&"fast".parse().expect("an alias"), &settings);
    let other = async {
        tokio::task::yield_now().await;
        gate.admit(1.0, Patience::Wait).await.expect("leave").answered();
    };
    let (ended, ()) = tokio::join!(run_at(&gate, &SPEC, Patience::Wait, Vec::new()), other);
    assert_eq!((ended.last(), ended.effort.requests), (&trouble(), 4));
}

#[tokio::test]
async fn who_has_another_model_to_ask_does_not_wait_for_this_one() {
    let ended = run(&SPEC, Patience::Leave, Vec::new()).await;
    assert_eq!((ended.last(), ended.effort.requests), (&trouble(), 4));
    assert!(ended.effort.wall_ms < 5_000, "{:?}", ended.effort);
}

#[tokio::test]
async fn answers_lost_on_the_way_end_the_call_when_the_budget_has_no_room_for_more() {
    let ended = run(&SPEC, Patience::Wait, vec![broken(), again(), broken(), broken()]).await;
    assert!(matches!(ended.outcome, Err(GivenUp::NoRoom(ModelError::BudgetSpent { .. }))));
    assert_eq!((ended.lost, ended.effort.requests), (3, 4));
}

#[tokio::test]
async fn the_wait_a_provider_asks_for_is_kept() {
    let steps = vec![asked(Duration::from_millis(30)), Sent::Done("ok")];
    let ended = run(&SPEC, Patience::Wait, steps).await;
    assert_eq!(ended.outcome.expect("an answer"), "ok");
    assert!(ended.effort.wall_ms >= 29, "{:?}", ended.effort);
}

#[tokio::test]
async fn a_wait_past_the_total_is_not_begun() {
    for after in [Duration::from_secs(3600), Duration::MAX] {
        let ended = run(&SPEC, Patience::Wait, vec![asked(after)]).await;
        assert_eq!((ended.last(), ended.effort.requests), (&trouble(), 1));
    }
}

#[tokio::test]
async fn a_request_that_hangs_ends_at_the_total_and_counts_as_lost() {
    let mut gates = Gates::new(Pauses::default());
    let spec = RetrySpec { total_ms: 20, ..SPEC };
    let gate = gates.of(&"fast".parse().expect("an alias"), &ModelSpec::of(Dialect::OpenaiChat));
    let call = Call { spec: &spec, gate: &gate, seed: 7, tokens: 0, patience: Patience::Wait };
    let mut lost = 0;
    let count = || {
        lost += 1;
        Ok(())
    };
    let (outcome, effort) = persist::<(), _>(&call, count, std::future::pending).await;
    let total = Trouble::TimedOut { phase: Phase::Total };
    assert!(matches!(outcome, Err(GivenUp::Unavailable(last)) if last == total));
    assert_eq!((effort.requests, lost), (1, 1));
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_asked_again() {
    let ended = run(&SPEC, Patience::Wait, vec![Sent::Down(trouble())]).await;
    assert_eq!((ended.last(), ended.effort.requests), (&trouble(), 1));
}

#[test]
fn waits_grow_to_their_cap_and_repeat_with_the_seed() {
    let spec = RetrySpec { first_wait_ms: 100, longest_wait_ms: 150, ..SPEC };
    let longest = |n| (0..200).map(|seed| wait(&spec, seed, n, None).as_millis()).max();
    assert!(longest(1) <= Some(100) && longest(1) > Some(80));
    assert!(longest(3) <= Some(150) && longest(3) > Some(120));
    assert!(longest(99) <= Some(150));
    assert_eq!(wait(&spec, 5, 2, None), wait(&spec, 5, 2, None));
}

#[test]
fn of_many_failures_the_first_and_the_last_few_are_kept() {
    let mut kept = Vec::new();
    for at_ms in 0..100 {
        keep(&mut kept, Retry { at_ms, why: String::new() });
    }
    let times: Vec<u64> = kept.iter().map(|retry| retry.at_ms).collect();
    let expected: Vec<u64> = (0..4).chain(88..100).collect();
    assert_eq!(times, expected);
}
