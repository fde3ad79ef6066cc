use std::time::Duration;

use super::*;
use crate::model::wire::limits::Level;

const RETRY: RetrySpec =
    RetrySpec { requests: 3, first_wait_ms: 4, longest_wait_ms: 20, total_ms: 1000 };

fn gate() -> (Gate, Pauses) {
    let pauses = Pauses::default();
    (Gate::new("fast".parse().expect("an alias"), &RETRY, pauses.clone()), pauses)
}

async fn enter(gate: &Gate) -> Pass<'_> {
    gate.admit(1.0, Patience::Wait).await.expect("leave")
}

fn waiting(gate: &Gate) -> Option<Instant> {
    gate.try_admit(1.0, Instant::now()).map(drop).expect_err("it has to wait")
}

#[tokio::test]
async fn a_row_of_failures_pauses_and_one_answer_ends_the_pause() {
    let (gate, pauses) = gate();
    let list = pauses.watch();
    for _ in 0..FAILURES_IN_A_ROW {
        assert!(!gate.is_paused());
        enter(&gate).await.failed("status 503", None);
    }
    assert_eq!(gate.why_paused().as_deref(), Some("status 503"));
    assert_eq!(list.borrow().len(), 1);
    assert!(gate.admit(1.0, Patience::Leave).await.is_none(), "who can leave does not wait");
    let probe = enter(&gate).await;
    assert!(probe.is_probe);
    assert_eq!(waiting(&gate), None, "one asks, the others wait for what comes of it");
    probe.answered();
    assert!(!gate.is_paused() && list.borrow().is_empty());
    assert!(!enter(&gate).await.is_probe);
}

#[tokio::test]
async fn failures_among_answers_do_not_pause() {
    let (gate, _) = gate();
    for turn in 0..100 {
        let pass = enter(&gate).await;
        if turn % FAILURES_IN_A_ROW == 0 { pass.answered() } else { pass.failed("500", None) }
    }
    assert!(!gate.is_paused());
}

#[tokio::test]
async fn pauses_grow_to_the_longest_wait_unless_the_provider_asks_for_more() {
    let (gate, _) = gate();
    let lengths = [1, 2, 3, 40].map(|round| gate.length(round).as_millis());
    assert_eq!(lengths, [8, 16, 20, 20]);
    gate.pause("down");
    let probe = enter(&gate).await;
    let before = Instant::now();
    probe.failed("down", Some(Duration::from_millis(90)));
    let until = waiting(&gate).expect("a moment");
    assert!(until.saturating_duration_since(before) >= Duration::from_millis(90));
}

#[tokio::test]
async fn a_probe_that_is_dropped_leaves_the_gate_to_another() {
    let (gate, _) = gate();
    gate.pause("down");
    drop(enter(&gate).await);
    assert!(gate.is_paused());
    assert!(enter(&gate).await.is_probe);
}

#[tokio::test]
async fn a_wait_the_provider_names_holds_for_all() {
    let (gate, _) = gate();
    enter(&gate).await.failed("429", Some(Duration::from_millis(30)));
    let start = Instant::now();
    drop(enter(&gate).await);
    assert!(start.elapsed() >= Duration::from_millis(29), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_a_response_says_of_the_limits_holds_for_all() {
    let (gate, _) = gate();
    let first = enter(&gate).await;
    let second = enter(&gate).await;
    let level = Level { limit: 10.0, remaining: 2.0, reset: Duration::from_secs(40) };
    first.learn(&Told { requests: Some(level), ..Told::default() });
    first.answered();
    drop(enter(&gate).await);
    let wait = waiting(&gate).expect("a moment").saturating_duration_since(Instant::now());
    assert!(wait > Duration::from_secs(3), "of two left, one was under way: {wait:?}");
    drop(second);
}

#[test]
fn aliases_of_one_model_at_one_address_under_one_key_share_a_gate() {
    let mut gates = Gates::new(Pauses::default());
    let mut gate = |name: &str, key: &str, model: &str| {
        let spec = ModelSpec {
            key_env: Some(key.into()),
            model: Some(model.into()),
            ..ModelSpec::of(crate::domain::settings::Dialect::Anthropic)
        };
        gates.of(&name.parse().expect("an alias"), &spec)
    };
    let first = gate("a", "K", "m");
    assert!(Arc::ptr_eq(&first, &gate("b", "K", "m")));
    assert!(!Arc::ptr_eq(&first, &gate("c", "OTHER", "m")));
    assert!(!Arc::ptr_eq(&first, &gate("d", "K", "n")));
}
