//! `simulate`: strategies in made-up worlds, as a user sees it.
#![cfg(test)]

use serde_json::Value;

use crate::cli::bench::Bench;

fn with_strategy(strategy: &str) -> Bench {
    let bench = Bench::with_lab();
    bench.write("lab/agent_config/strategy.star", strategy);
    bench
}

fn played(bench: &Bench, more: &[&str]) -> Vec<Value> {
    let told =
        bench.run(&[&["--lab", "lab", "simulate", "--json"], more].concat()).succeeds().json();
    told.as_array().expect("a list").clone()
}

fn dead(world: &Value) -> Vec<&str> {
    world["dead"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn every_seed_plays_every_world_and_the_same_seed_the_same_play() {
    let bench = Bench::with_lab();
    for seed in ["autoresearch", "hyperagent", "arena"] {
        let one = played(&bench, &[seed]);
        let worlds: Vec<&str> = one.iter().filter_map(|world| world["world"].as_str()).collect();
        assert_eq!(worlds, ["noisy", "deceptive", "plateau", "coevolving"], "{seed}");
        for world in &one {
            assert_eq!(world["fault"], Value::Null, "{seed}: {world}");
            assert!(world["actions"]["expand"].as_u64().is_some_and(|n| n > 10), "{seed}: {world}");
            assert!(world["picked"].as_f64() <= world["highest"].as_f64(), "{seed}: {world}");
        }
        assert_eq!(one, played(&bench, &[seed]), "{seed}");
        assert_ne!(
            one,
            played(&bench, &[seed, "--seed", "7"]),
            "{seed}: another seed, another play"
        );
    }
}

#[test]
fn a_dead_state_that_no_type_check_sees_is_named() {
    // The first draft of a published sketch: the new child is the worst of its team, so it leaves at once.
    let bench = with_strategy(
        r#"
def next_step(S, rng):
    team = sorted(S.live, key = lambda g: -g.mean)
    if len(team) > 1:
        return retire(team[-1].id)
    if S.count.expand % 5 == 4 and team[0].todo:
        return evaluate(team[0].id, team[0].todo)
    return expand(team[0].id) if S.count.expand < 12 else stop(why = "enough")
"#,
    );
    let worlds = bench.run(&["--lab", "lab", "simulate", "--json"]);
    let told = worlds.stdout.clone() + &worlds.stderr;
    // Validation plays a short form: the strategy that measures nothing new is refused with what it lacks.
    assert_eq!(worlds.code, Some(3), "{told}");
    assert!(told.contains("E309") && told.contains("0 of them measured"), "{told}");

    // One that measures a single child and then falls into the habit passes validation; the play names it.
    let bench = with_strategy(
        r#"
def next_step(S, rng):
    newest = S.live[-1]
    if S.count.expand <= 1 and newest.todo:
        return evaluate(newest.id, newest.todo)
    if S.count.expand > 1 and newest.id != S.live[0].id and newest.n == 0:
        return retire(newest.id)
    return expand(S.live[0].id)
"#,
    );
    for world in played(&bench, &[]) {
        assert!(dead(&world).iter().any(|found| found.contains("never got a turn")), "{world}");
        assert!(
            dead(&world).iter().any(|found| found.contains("copies one generation")),
            "{world}"
        );
    }
    let told = bench.run(&["--lab", "lab", "simulate", "--world", "plateau"]).succeeds().stdout;
    assert!(told.starts_with("plateau\n") && told.contains("  dead: "), "{told}");
    assert!(told.contains("gen-00020"), "the tree it grew\n{told}");
}

#[test]
fn greed_falls_for_the_deceptive_world_and_width_does_not() {
    // Over many seeds a strategy that keeps to the best never reaches the far hill; one that copies at random does.
    let greedy = with_strategy(
        "def next_step(S, rng):\n    for g in S.live:\n        if g.todo: return evaluate(g.id, g.todo)\n    \
         return expand(max(S.live, key = lambda g: g.mean).id)\n",
    );
    let wide = with_strategy(
        "def next_step(S, rng):\n    for g in S.live:\n        if g.todo: return evaluate(g.id, g.todo)\n    \
         return expand(rng.choice(S.live[-6:]).id)\n",
    );
    let reached = |bench: &Bench| -> usize {
        let far = |seed: u32| {
            let seed = seed.to_string();
            let flags =
                ["--world", "deceptive", "--generations", "60", "--episodes", "2", "--seed", &seed];
            played(bench, &flags)[0]["highest"].as_f64().is_some_and(|worth| worth > 0.9)
        };
        (0..8).filter(|seed| far(*seed)).count()
    };
    let (greedy, wide) = (reached(&greedy), reached(&wide));
    assert!(wide > greedy, "{wide} of 8 against {greedy} of 8");
}
