use super::*;
use crate::domain::settings::{BudgetSpec, Budgets};
use crate::model::budget::Cap;
use crate::model::request::tests::{attempt, question};

fn ledger(caps: BudgetSpec) -> Ledger {
    let mut budgets = Budgets::default();
    budgets.set_run(caps);
    Ledger::new(Limits { caps: budgets, episodes: None })
}

fn tokens(n: u64) -> CallCost {
    CallCost { input_tokens: Some(n), output_tokens: Some(n), ..CallCost::default() }
}

#[tokio::test]
async fn unsaid_tokens_count_as_reckoned() {
    let budget = ledger(BudgetSpec::default());
    let price = Price { input: 1.0, cached_input: None, cache_write: None, output: 1.0 };
    let reservation = budget.reserve(&question("1234"), Some(&price)).await.expect("room");
    reservation.settle(&CallCost::default());
    assert_eq!((budget.spent().tokens, budget.spent().usd.0), (118, 118));
}

#[cfg(feature = "http")]
#[tokio::test]
async fn an_answer_that_was_lost_counts_as_reckoned_until_the_cap_is_reached() {
    let budget = ledger(BudgetSpec { max_tokens: Some(200), ..BudgetSpec::default() });
    let reservation = budget.reserve(&question("1234"), None).await.expect("room");
    reservation.lose().expect("room for another");
    assert_eq!((budget.spent().tokens, budget.spent().calls), (118, 0));
    let full = reservation.lose().expect_err("no room any more");
    assert!(matches!(full, ModelError::BudgetSpent { cap: Cap::Tokens(200), .. }), "{full}");
}

#[tokio::test]
async fn what_is_set_aside_is_free_again_when_the_call_fails() {
    let budget = ledger(BudgetSpec { max_calls: Some(1), ..BudgetSpec::default() });
    for _ in 0..3 {
        drop(budget.reserve(&question("?"), None).await.expect("room"));
    }
    assert_eq!(budget.spent(), Spent::default());
}

#[tokio::test]
async fn a_call_waits_for_one_under_way_that_may_use_up_the_cap() {
    let budget = ledger(BudgetSpec { max_tokens: Some(150), ..BudgetSpec::default() });
    let [first, second, third] = ["1", "2", "3"].map(question);
    let first = budget.reserve(&first, None).await.expect("room");
    let second = budget.reserve(&second, None).await.expect("room: one call may overshoot");
    let waiting = budget.reserve(&third, None);
    tokio::pin!(waiting);
    let early =
        tokio::select! { biased; _ = &mut waiting => true, () = std::future::ready(()) => false };
    assert!(!early, "it did not wait");
    first.settle(&tokens(1));
    second.settle(&tokens(1));
    waiting.await.expect("room again");
}

#[tokio::test]
async fn each_generation_and_each_role_has_a_budget_of_its_own() {
    let two = BudgetSpec { max_calls: Some(2), ..BudgetSpec::default() };
    let three = BudgetSpec { max_calls: Some(3), ..BudgetSpec::default() };
    let mut caps = Budgets { generation: two, ..Budgets::default() };
    caps.roles.insert("worker".into(), three);
    let budget = Ledger::new(Limits { caps, episodes: Some(1) });
    let ask = async |generation, episode| {
        let asked = attempt(generation, episode, 1, 0);
        match budget.reserve(&asked, None).await {
            Ok(reservation) => {
                reservation.settle(&tokens(1));
                "answered".to_owned()
            }
            Err(full) => full.to_string(),
        }
    };
    assert_eq!(ask(0, "snake#0").await, "answered");
    assert_eq!(ask(0, "snake#0").await, "answered");
    assert!(ask(0, "snake#0").await.starts_with("the budget of gen-00000 is spent: max_calls = 2"));
    assert_eq!(ask(1, "snake#0").await, "answered");
    let role = ask(1, "snake#0").await;
    assert!(role.starts_with("the budget of role `worker` is spent: max_calls = 3"), "{role}");
    assert_eq!(budget.exhausted(&Scope::Role("meta".into())), None);
    assert!(budget.exhausted(&Scope::Role("worker".into())).is_some());
}

#[tokio::test]
async fn an_episode_that_compares_agents_is_no_generations_measurement() {
    let one = BudgetSpec { max_calls: Some(1), ..BudgetSpec::default() };
    let caps = Budgets { generation: one, ..Budgets::default() };
    let budget = Ledger::new(Limits { caps, episodes: Some(1) });
    for _ in 0..3 {
        let asked = attempt(0, "snake#1", 1, 0);
        budget.reserve(&asked, None).await.expect("room").settle(&tokens(1));
    }
    assert_eq!(budget.spent().calls, 3);
}

#[test]
fn waiting_counts_in_minutes_and_what_was_recorded_before_counts_too() {
    let minute = BudgetSpec { max_minutes: Some(1.0), ..BudgetSpec::default() };
    let budget = Ledger::new(Limits {
        caps: Budgets { generation: minute, max_minutes: Some(1.0), ..Budgets::default() },
        episodes: None,
    });
    let asked = attempt(4, "snake#0", 1, 0);
    let mut used = Spent::default();
    used.add(&CallCost { wall_ms: 40_000, ..CallCost::default() });
    let scope = Scope::Generation(crate::base::id::GenerationId(4));
    budget.enter(&Caller::of(&asked.key, &asked.role), used);
    assert_eq!(budget.exhausted(&scope), None);
    budget.enter(&Caller::of(&asked.key, &asked.role), used);
    let full = budget.exhausted(&scope).expect("the minute is over");
    assert!(full.contains("max_minutes = 1.00 (used: 1.33)"), "{full}");
    assert_eq!(budget.exhausted(&Scope::Run), None, "a run's minutes are its process's");
}

#[tokio::test]
async fn calls_of_an_alias_that_tells_its_price_go_one_at_a_time_until_one_has_told() {
    let budget = ledger(BudgetSpec { max_usd: Some(1.0), ..BudgetSpec::default() });
    let alias: Alias = "coder".parse().expect("an alias");
    let asked = question("?");
    let told = |usd: u64| CallCost { usd: Some(MicroUsd(usd)), ..CallCost::default() };
    let first = budget.reserve_untold(&alias, &asked).await.expect("room");
    let second = budget.reserve_untold(&alias, &asked);
    tokio::pin!(second);
    let early =
        tokio::select! { biased; _ = &mut second => true, () = std::future::ready(()) => false };
    assert!(!early, "it did not wait");
    budget.learn(&alias, told(300_000).usd);
    first.settle(&told(300_000));
    drop(second.await.expect("room again"));
    // 0.3 spent and 0.3 set aside leave room for another.
    let [a, b] = [budget.reserve_untold(&alias, &asked), budget.reserve_untold(&alias, &asked)];
    let (a, b) = (a.await.expect("room"), b.await.expect("room"));
    assert_eq!(budget.spent().usd, MicroUsd(300_000));
    drop((a, b));
    // One that does not tell counts as the dearest so far.
    budget.reserve_untold(&alias, &asked).await.expect("room").settle(&CallCost::default());
    assert_eq!(budget.spent().usd, MicroUsd(600_000));
}
