//! Strategy scripts in their worker process.
#![cfg(test)]

use std::path::PathBuf;
use std::time::Instant;

use hyperagent::domain::outcome::SandboxLevel;
use hyperagent::sandbox::{Host, probe};
use hyperagent::script::{
    Arg, CallFault, Called, Delta, FaultKind, Hook, LoadError, Pool, RngKey, ScriptError,
    ScriptFault, Spare, Worker, WorldKind,
};
use serde_json::{Value, json};

/// A host that limits and does not confine: enough for every test about scripts, and the same on every machine.
fn host() -> Host {
    Host {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        level: SandboxLevel::Rlimits,
        temporary: std::env::temp_dir(),
    }
}

async fn spare() -> Result<Spare, ScriptError> {
    Spare::start(&host()).await
}

/// A worker with a script that must pass.
pub(crate) async fn load(source: &str) -> Worker {
    match spare().await.unwrap().load(source).await {
        Ok(worker) => worker,
        Err(error) => panic!("{error}\n{source}"),
    }
}

fn key(index: u64) -> RngKey {
    RngKey { seed: 42, purpose: "test".to_owned(), indices: vec![index] }
}

async fn with_world(source: &str) -> Worker {
    let mut worker = load(source).await;
    worker.open(1, WorldKind::Outer, outer(3)).await.unwrap();
    worker.open(2, WorldKind::Inner, inner()).await.unwrap();
    worker
}

async fn step(worker: &mut Worker, index: u64) -> Result<Called, CallFault> {
    worker.call(Hook::NextStep, 1, &[], key(index)).await
}

/// The fault of a script whose `next_step` has the given body.
async fn fault(body: &str) -> ScriptFault {
    let source = format!("def next_step(S, rng):\n    {}\n", body.replace('\n', "\n    "));
    let mut worker = with_world(&source).await;
    match step(&mut worker, 0).await {
        Err(CallFault::Script(fault)) => fault,
        other => panic!("{other:?}\n{source}"),
    }
}

fn generation(index: usize, measured: bool) -> Value {
    let parent = index.checked_sub(1).map(|above| format!("gen-{:05}", above / 2));
    let score = 0.1 + 0.8 * (index as f64 * 0.37).fract();
    json!({
        "id": format!("gen-{index:05}"), "parent": parent, "parents": parent.iter().collect::<Vec<_>>(),
        "line": 0, "by": parent, "op": "rewrite", "focus": [], "tag": {}, "kids": 2, "status": "valid",
        "stage_failed": null, "retired": false, "admitted": true, "files": {"agent.toml": "00", "strategy.star": "11"},
        "changed": ["strategy.star"], "lines": 100,
        "ev": if measured { json!({"snake#0": score, "snake#1": score}) } else { json!({}) },
        "n": if measured { 2 } else { 0 }, "k": if measured { 2.0 * score } else { 0.0 },
        "mean": if measured { score } else { 0.0 }, "sd": 0.0,
        "todo": if measured { json!([]) } else { json!(["snake#0", "snake#1"]) },
        "failed": ["snake#0"], "passed": ["snake#1"], "cost": {"tokens": null, "usd": null, "evaluations": 40},
        "clade": {"n": 4, "k": 1.5, "best": score}, "turns": 0,
    })
}

fn outer(generations: usize) -> Value {
    json!({
        "seed": 18446744073709551615_u64, "step": generations, "live_id": "gen-00000",
        "gens": (0..generations).map(|index| generation(index, true)).collect::<Vec<_>>(),
        "cases": ["snake#0", "snake#1"], "sets": {}, "pending": [], "params": {"alpha": 0.6},
        "budget": {"generations": 8, "evals": 400}, "used": {"generations": 3, "evals": 60},
        "left": {"generations": 5, "evals": 340}, "count": {"expand": 2, "evaluate": 3}, "models": ["offline"],
    })
}

fn attempt(id: u32, score: f64) -> Value {
    json!({
        "id": id, "base": id.checked_sub(1), "refs": [], "op": "edit", "model": "offline", "ok": true, "error_class": "",
        "score": score, "metric": score * 30.0, "base_score": 0.1, "gain": score - 0.1, "ev": {"0": score, "1": score},
        "lines": 10 + id, "sim": 0.9, "features": [], "kids": 0, "tag": {}, "reviewed": false, "accepted": true,
        "cost": {},
    })
}

fn inner() -> Value {
    json!({
        "task": {"id": "snake", "metric": "apples", "direction": "max", "perfect": null},
        "attempts": [attempt(0, 0.1), attempt(1, 0.4), attempt(2, 0.2)], "best_id": 1, "incumbent_id": 1, "reviews": [],
        "stale": 1, "pending": [], "params": {"x": 0.5}, "budget": {"attempts": 24}, "used": {"attempts": 3},
        "left": {"attempts": 21}, "models": ["offline"], "memory": {},
    })
}

#[tokio::test]
async fn the_autoresearch_sketch_improves_the_best() {
    let mut worker = with_world(
        r#"
def next_step(S, rng): return stop(why = "inner only")
def next_attempt(T, rng): return propose(T.best.id, op = "edit", show = ["code", "metric", "results_table"])
def accept(c, inc, T, rng): return c.gain > 0 or (c.gain == 0 and c.lines < inc.lines)   # gain: direction-corrected
"#,
    )
    .await;
    assert!(worker.defines(Hook::Accept) && !worker.defines(Hook::Admit));
    let called = worker.call(Hook::NextAttempt, 2, &[], key(0)).await.unwrap();
    assert_eq!(
        called.value,
        json!({"do": "propose", "base": 1, "op": "edit", "show": ["code", "metric", "results_table"]})
    );
    for (gain, lines, kept) in
        [(0.1, 50, true), (0.0, 10, true), (0.0, 11, false), (-0.1, 1, false)]
    {
        let args = [Arg::Value(json!({"gain": gain, "lines": lines})), Arg::record(["incumbent"])];
        let called = worker.call(Hook::Accept, 2, &args, key(1)).await.unwrap();
        assert_eq!(called.value, json!(kept), "gain {gain}, {lines} lines");
    }
}

const HYPERAGENT: &str = r#"
def eff(S, g): return g.mean * g.n / len(S.cases)          # partly evaluated nodes are discounted
def next_step(S, rng):
    for g in S.live:
        if g.n == 0: return evaluate(g.id, g.todo[:10])
        if g.n == 10 and g.mean > 0 and g.todo: return evaluate(g.id, g.todo)
    m = st.mean(sorted([eff(S, g) for g in S.live], reverse = True)[:3])
    w = [st.sigmoid(10 * (eff(S, g) - m)) * st.exp(-st.pow(g.kids / 8.0, 3)) for g in S.live]
    return expand(rng.weighted(S.live, w).id, op = "rewrite", show = ["all_files", "scores", "failures", "budget"])
"#;

#[tokio::test]
async fn the_hyperagent_sketch_measures_then_expands_and_follows_deltas() {
    let mut worker = with_world(HYPERAGENT).await;
    let first = step(&mut worker, 0).await.unwrap();
    assert_eq!(first.value["do"], "expand");
    assert!(
        ["gen-00000", "gen-00001", "gen-00002"].contains(&first.value["parent"].as_str().unwrap())
    );
    worker.apply(1, &[Delta::push(["gens"], generation(3, false))]).await.unwrap();
    let second = step(&mut worker, 0).await.unwrap();
    assert_eq!(
        second.value,
        json!({"do": "evaluate", "who": "gen-00003", "cases": ["snake#0", "snake#1"]})
    );
    let deltas = [
        Delta::set(["gens", "3", "n"], json!(2)),
        Delta::set(["gens", "3", "todo"], json!([])),
        Delta::set(["gens", "3", "mean"], json!(0.9)),
    ];
    worker.apply(1, &deltas).await.unwrap();
    assert_eq!(step(&mut worker, 0).await.unwrap().value["do"], "expand");
}

#[tokio::test]
async fn equal_calls_have_equal_results_and_ticks_in_every_process() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut worker = with_world(HYPERAGENT).await;
        for index in 0..20 {
            seen.push(step(&mut worker, index).await.unwrap());
        }
        for index in 0..20 {
            seen.push(step(&mut worker, index).await.unwrap());
        }
    }
    let (first, rest) = seen.split_at(20);
    assert!(rest.chunks(20).all(|chunk| chunk == first));
    assert!(first.iter().any(|called| called.value != first[0].value), "every draw is the same");
}

#[tokio::test]
async fn loops_without_end_stop_at_the_tick_limit() {
    let fault = fault("for a in range(100000):\n    for b in range(100000):\n        pass").await;
    assert_eq!((fault.kind, fault.kind.code(), fault.died), (FaultKind::Ticks, "E301", false));
    assert!(fault.message.contains("1000000 steps"), "{}", fault.message);
}

#[tokio::test]
async fn library_functions_count_the_elements_they_read() {
    let fault = fault("xs = list(range(100000))\nfor i in range(100):\n    st.mean(xs)").await;
    assert_eq!(fault.kind, FaultKind::Ticks);
    assert_eq!(fault.line, 4);
}

#[tokio::test]
async fn recursion_without_end_stops_at_the_depth_limit() {
    let source = "def f(n): return g(n + 1)\ndef g(n): return f(n + 1)\ndef next_step(S, rng): return f(0)\n";
    let mut worker = with_world(source).await;
    let Err(CallFault::Script(fault)) = step(&mut worker, 0).await else { panic!("it returned") };
    assert_eq!((fault.kind.code(), fault.died), ("E303", false));
    // The worker lives on.
    let Err(CallFault::Script(again)) = step(&mut worker, 0).await else { panic!("it returned") };
    assert_eq!(fault, again);
}

#[tokio::test]
async fn memory_bombs_end_in_the_worker() {
    for bomb in [
        "return [0] * 100000000",
        "return \"a\" * (1000000000 + S.step)",
        "return list(range(200000000 + S.step))",
        "x = \"ab\"\nfor i in range(60):\n    x = x + x\nreturn x",
        "x = [1]\nfor i in range(60):\n    x = x + x\nreturn x",
        "x = []\nfor i in range(900000):\n    x.append([i])\nreturn x",
    ] {
        let began = Instant::now();
        let fault = fault(bomb).await;
        assert_eq!(fault.kind.code(), "E302", "{bomb}: {fault}");
        assert!(began.elapsed().as_secs() < 20, "{bomb} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_bomb_that_goes_off_while_the_script_is_compiled_is_a_finding() {
    // The compiler computes constant expressions, called or not.
    let source = "def next_step(S, rng): return stop(why = \"a\" * 1000000000)\n";
    match spare().await.unwrap().load(source).await {
        Err(LoadError::Invalid { checked }) => assert_eq!(checked.findings[0].code, "E302"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn values_nested_without_end_are_told_apart_from_memory() {
    let fault = fault("x = []\nfor i in range(100000):\n    x = [x]\nreturn str(x)").await;
    assert_eq!(fault.kind.code(), "E303", "{fault}");
}

#[tokio::test]
async fn sources_that_break_parsers_are_findings() {
    for source in [
        "(".repeat(60_000),
        format!("x = {}1\n", "1+".repeat(30_000)),
        format!("x = {}1\n", "not ".repeat(15_000)),
        format!("x = a{}\n", ".b".repeat(30_000)),
    ] {
        let began = Instant::now();
        let mut spare = spare().await.unwrap();
        let checked = spare.check(&source).await.unwrap();
        assert!(!checked.passes(), "{}", &source[..40]);
        assert!(began.elapsed().as_secs() < 20, "took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn hidden_state_is_found_when_it_is_touched() {
    let source = "SEEN = []\ndef next_step(S, rng):\n    SEEN.append(S.step)\n    return stop()\n";
    let mut worker = with_world(source).await;
    let Err(CallFault::Script(fault)) = step(&mut worker, 0).await else { panic!("it returned") };
    assert_eq!((fault.kind.code(), fault.line), ("E307", 3));
    assert!(fault.message.contains("SEEN.append(S.step)"), "{}", fault.message);
    for body in ["S.gens[0].kids = 1", "S.gens[0] = 1", "S.step = 3", "S.params[\"x\"] = 1"] {
        assert_eq!(fault_code(body).await, "E307", "{body}");
    }
}

async fn fault_code(body: &str) -> &'static str {
    fault(body).await.kind.code()
}

#[tokio::test]
async fn what_is_no_result_says_what_it_is() {
    for (body, told) in [
        ("return None", "returned None, need an action"),
        ("return \"expand\"", "returned the string \"expand\", need an action"),
        ("return expand", "need an action"),
        ("return {\"do\": \"stop\", \"why\": float(\"nan\")}", "finite number"),
        ("return {\"do\": \"stop\", \"why\": len}", "cannot be returned"),
        ("return {1: 2}", "is not a string"),
        ("return {\"do\": \"stop\", \"why\": \"x\" * 20000}", "over 16 KiB"),
        ("return {\"do\": \"stop\", \"why\": S}", "over 16 KiB"),
    ] {
        let source = body.replace("S}", "list(range(9000))}");
        let fault = fault(&source).await;
        assert_eq!(fault.kind.code(), "E304", "{body}");
        assert!(fault.message.contains(told), "{body}: {}", fault.message);
    }
}

#[tokio::test]
async fn script_errors_carry_line_and_source() {
    let fault = fault("total = 0\nreturn stop(why = str(1 / total))").await;
    assert_eq!((fault.kind.code(), fault.line), ("E306", 3));
    assert!(fault.message.contains("division by zero"), "{}", fault.message);
    assert!(fault.message.contains("in `return stop(why = str(1 / total))`"), "{}", fault.message);
    let fault = self::fault("return stop(why = S.gens[7].id)").await;
    assert!(fault.message.contains("index 7 is outside a list of 3"), "{}", fault.message);
    let fault = self::fault("fail(\"nothing to do\")").await;
    assert!(fault.message.contains("nothing to do"), "{}", fault.message);
}

#[tokio::test]
async fn unknown_fields_list_the_known_and_hidden_ones_say_why() {
    let fault = fault("return expand(S.gens[0].idd)").await;
    assert_eq!(fault.kind.code(), "E306");
    assert!(
        fault.message.contains("generation has no field `idd`; fields: admitted, by,"),
        "{}",
        fault.message
    );
    for read in ["S.gens[0].select", "S.test", "S.gens[0][\"select_mean\"]"] {
        let fault = self::fault(&format!("return stop(why = str({read}))")).await;
        assert_eq!(fault.kind.code(), "E401", "{read}");
        assert!(fault.message.contains("never reach scripts"), "{}", fault.message);
    }
    let fault = self::fault("return stop(why = str(S.by[\"gen-00009\"].mean))").await;
    assert!(fault.message.contains("no generation `gen-00009`"), "{}", fault.message);
}

#[tokio::test]
async fn state_values_behave_as_their_python_likeness() {
    let body = r#"
g = S.gens[-1]
checks = {
    "negative": g.id == "gen-00002",
    "by": S.by["gen-00001"].id == "gen-00001" and "gen-00001" in S.by and "gen-9" not in S.by,
    "attr_and_key": g.ev["snake#0"] == g["ev"]["snake#0"],
    "in": "snake#0" in g.ev and "snake#9" not in g.ev and "snake#1" in S.cases,
    "get": g.tag.get("isl", 7) == 7 and g.tag.get("isl") == None,
    "truth": not g.tag and not g.todo and bool(g.failed) and (g.todo or g.passed) == g.passed,
    "slices": S.cases[:1] == ["snake#0"] and S.cases[::-1] == ["snake#1", "snake#0"] and S.cases[-1:] == ["snake#1"] and S.cases[5:] == [],
    "sums": g.failed + g.passed == ["snake#0", "snake#1"] and ["x"] + g.failed == ["x", "snake#0"] and [S.root] + S.live[-2:] == [S.gens[0], S.gens[1], S.gens[2]],
    "items": [k for k, v in g.ev.items()] == ["snake#0", "snake#1"] and g.ev.keys() == list(g.ev) and len(g.ev.values()) == 2,
    "records": S.live[0] == S.gens[0] and S.live[0] != S.gens[1] and S.gens[1] in S.live,
    "seed": S.seed == 18446744073709551615 and S.step == 3 and S.params.alpha == 0.6,
    "index": S.cases.index("snake#1") == 1 and len(S.gens) == 3,
    "getattr": getattr(g, "nothing", 5) == 5 and hasattr(g, "id") and not hasattr(g, "nothing"),
    "none": g.stage_failed == None and S.root.parent == None,
    "best": max(S.live, key = lambda g: g.mean).id == "gen-00002",
    "loops": [i for i, g in enumerate(S.gens) if g.n] == [0, 1, 2] and [a.id for a, b in zip(S.gens, S.cases)] == ["gen-00000", "gen-00001"],
    "text": f"{g.id}: {S.step}" == "gen-00002: 3" and str(g) == "generation(gen-00002)",
}
bad = [name for name in checks if not checks[name]]
return stop(why = ",".join(bad))"#;
    let source = format!("def next_step(S, rng):{}\n", body.replace('\n', "\n    "));
    let mut worker = with_world(&source).await;
    let called = step(&mut worker, 0).await.unwrap();
    assert_eq!(called.value, json!({"do": "stop", "why": ""}));
}

#[tokio::test]
async fn every_hook_returns_its_type() {
    let source = r#"
def next_step(S, rng): return stop()
def admit(g, S, rng): return g.mean >= S.root.mean - 0.1
def utility(g, S): return 2 * g.mean
def vars(name, X): return {"name": name, "n": X.n if name == "worker" else len(X.gens)}
def features(a, T): return [a.score, len(T.attempts)]
def accept(c, inc, T, rng): return c
"#;
    let mut worker = with_world(source).await;
    let g = [Arg::record(["by", "gen-00001"])];
    assert_eq!(worker.call(Hook::Admit, 1, &g, key(0)).await.unwrap().value, json!(true));
    assert!(worker.call(Hook::Utility, 1, &g, key(0)).await.unwrap().value.is_number());
    let name = [Arg::Value(json!("worker"))];
    let called = worker.call(Hook::Vars, 2, &name, key(0)).await.unwrap();
    assert_eq!(called.value, json!({"name": "worker", "n": 2}));
    let called = worker.call(Hook::Vars, 1, &[Arg::Value(json!("meta"))], key(0)).await.unwrap();
    assert_eq!(called.value, json!({"name": "meta", "n": 3}));
    let a = [Arg::record(["attempts", "1"])];
    assert_eq!(worker.call(Hook::Features, 2, &a, key(0)).await.unwrap().value, json!([0.4, 3]));
    let c = [Arg::Value(json!({"gain": 1})), Arg::record(["incumbent"])];
    let Err(CallFault::Script(fault)) = worker.call(Hook::Accept, 2, &c, key(0)).await else {
        panic!("a record was taken for a bool")
    };
    assert!(fault.message.contains("need True or False"), "{}", fault.message);
    let Err(CallFault::Script(fault)) = worker.call(Hook::NextAttempt, 2, &[], key(0)).await else {
        panic!("a missing hook was called")
    };
    assert_eq!(fault.kind, FaultKind::NoHook);
}

#[tokio::test]
async fn plans_are_drawn_the_same_until_their_key_changes() {
    let source = "def next_step(S, rng):\n    return stop(why = str([rng.at(\"plan\", S.count.expand).unit(), rng.unit()]))\n";
    let mut worker = with_world(source).await;
    let mut drawn = Vec::new();
    for index in 0..3 {
        if index == 2 {
            worker.apply(1, &[Delta::set(["count", "expand"], json!(3))]).await.unwrap();
        }
        let why = step(&mut worker, index).await.unwrap().value["why"].as_str().unwrap().to_owned();
        drawn.push(serde_json::from_str::<Vec<f64>>(&why).unwrap());
    }
    assert_eq!(drawn[0][0], drawn[1][0]);
    assert_ne!(drawn[1][0], drawn[2][0]);
    assert_ne!(drawn[0][1], drawn[1][1]);
}

#[tokio::test]
async fn a_call_given_up_never_answers_the_next() {
    let mut worker = with_world(HYPERAGENT).await;
    {
        let call = step(&mut worker, 0);
        tokio::pin!(call);
        // Polled once: the request is sent, the answer is not awaited.
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context)));
        assert!(polled.await.is_pending());
    }
    let Err(CallFault::Machine(ScriptError::Gone { how })) = step(&mut worker, 1).await else {
        panic!("a torn conversation went on")
    };
    assert!(how.contains("given up"), "{how}");
}

#[tokio::test]
async fn the_kernels_mistakes_are_not_the_scripts() {
    let mut worker = with_world(HYPERAGENT).await;
    worker.apply(1, &[Delta::set(["gens", "99", "n"], json!(1))]).await.unwrap();
    let Err(CallFault::Machine(error)) = step(&mut worker, 0).await else { panic!("it answered") };
    assert!(error.to_string().contains("gens.99.n"), "{error}");
    let wrong = worker.call(Hook::NextStep, 2, &[], key(0)).await;
    assert!(matches!(wrong, Err(CallFault::Machine(ScriptError::Refused { .. }))));
    worker.close(2).await.unwrap();
    let closed = worker.call(Hook::NextAttempt, 2, &[], key(0)).await;
    assert!(matches!(closed, Err(CallFault::Machine(ScriptError::Refused { .. }))));
}

#[tokio::test]
async fn findings_have_the_code_of_their_fault() {
    let good = "def next_step(S, rng):\n    return stop()\n";
    let mut spare = spare().await.unwrap();
    for (source, code, line, told) in [
        ("", "E201", 0, "required hook missing: `def next_step(S, rng):`"),
        ("def next_step(S):\n    return stop()\n", "E202", 1, "has parameters (S), need (S, rng)"),
        (
            "def next_step(S, rng):\n    while True:\n        pass\n",
            "E104",
            2,
            "`while` is not in the language",
        ),
        ("import os\n", "E105", 1, "imports are not available"),
        ("load(\"os.star\", \"x\")\n", "E105", 1, "imports are not available"),
        ("```python\ndef next_step(S, rng): return stop()\n```\n", "E106", 1, "remove the fence"),
        ("def next_step(S, rng)\n    return stop()\n", "E106", 1, "def next_step(S, rng)"),
        (
            "def next_step(S, rng):\n    return open(\"select.json\")\n",
            "E207",
            2,
            "name `open` is not defined",
        ),
        ("X = [i for i in range(9)]\n", "E208", 1, "only `def` and constants"),
        ("X = []\nX.append(1)\n", "E208", 2, "only `def` and constants"),
        ("for i in range(3):\n    pass\n", "E208", 1, "only `def` and constants"),
        ("def next_step(S, rng):\n    return evaluate(\"gen-00000\")\n", "E210", 2, "cases"),
        ("def next_step(S, rng):\n    return x ** 2\n", "E104", 2, "st.pow"),
        (
            "def next_step(S, rng):\n    try:\n        pass\n    except:\n        pass\n",
            "E104",
            2,
            "`try`",
        ),
        ("next_step = 3\n", "E202", 1, "define it"),
    ] {
        let checked = spare.check(source).await.unwrap();
        let found = checked.findings.iter().find(|finding| finding.code == code);
        let Some(found) = found else { panic!("{source:?}: {:?}", checked.findings) };
        assert_eq!(found.line, line, "{source:?}: {found:?}");
        assert!(found.message.contains(told), "{source:?}: {found:?}");
    }
    let checked = spare.check(good).await.unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert!(matches!(
        spare.load("def next_step(S): return stop()\n").await,
        Err(LoadError::Invalid { .. })
    ));
}

#[tokio::test]
async fn the_examples_of_card_and_page_run() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/strategy.md")).unwrap();
    for text in [hyperagent::script::CARD, &page] {
        let example = text.split("```python\n").last().unwrap().split("```").next().unwrap();
        let mut worker = with_world(example).await;
        assert!(worker.checked().findings.is_empty(), "{:?}", worker.checked().findings);
        assert_eq!(step(&mut worker, 0).await.unwrap().value["do"], "expand");
    }
}

#[tokio::test]
async fn what_the_page_says_of_the_language_holds() {
    let body = r#"
def inner(x: int) -> float:
    return x / 2
checks = {
    "nested": inner(3) == 1.5,
    "annotated": f"{inner(4)} {S.gens[0].id}" == "2.0 gen-00000",
    "sum": sum([1, 2, 3]) == 6 and sum([0.5, 1], start = 1) == 2.5 and sum([g.kids for g in S.gens]) == 6,
    "round": round(2.345, 2) == 2.35 and round(2.5) == 3.0,
    "paired": st.paired(S.gens[1].ev, S.gens[0].ev)["wins"] == 2 and st.paired([1, 2], [2, 1])["mean"] == 0,
    "front": st.front(S.live, S.cases) == {"gen-00002": 2},
    "related": st.related(S, S.root, S.gens[2]) and not st.related(S, S.gens[1], S.gens[2]),
    "wilson": [round(x, 3) for x in st.wilson(5, 10)] == [0.237, 0.763],
    "beta_q": round(st.beta_q(0.5, 1, 1), 9) == 0.5,
    "bootstrap": st.bootstrap([1, 1, 1], rng) == (1.0, 1.0),
    "empty": st.mean([]) == 0.0 and st.median([]) == 0.0,
    "set": len(set(S.cases)) == 2 and isinstance(3, int),
}
return stop(why = ",".join([name for name in checks if not checks[name]]))"#;
    let source = format!("def next_step(S, rng):{}\n", body.replace('\n', "\n    "));
    let mut worker = with_world(&source).await;
    assert_eq!(step(&mut worker, 0).await.unwrap().value, json!({"do": "stop", "why": ""}));
}

#[tokio::test]
async fn the_pool_hands_out_workers_that_work_in_the_strongest_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let host = host();
    let probe = probe(&host.executable, folder.path(), folder.path()).await.unwrap();
    let pool = Pool::new(Host { level: probe.level, ..host });
    pool.warm().await;
    for _ in 0..3 {
        let mut worker = pool.load(HYPERAGENT).await.unwrap();
        worker.open(1, WorldKind::Outer, outer(1)).await.unwrap();
        assert_eq!(step(&mut worker, 0).await.unwrap().value["do"], "expand");
    }
}
