//! What a strategy worker costs: its start, its checks, its calls. `cargo bench --bench script`.
//!
//! Prints medians. The last block is the one to watch: a call costs what the script reads, so the time per generation in
//! the state must not grow with their number.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends when it cannot measure"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hyperagent::domain::outcome::SandboxLevel;
use hyperagent::sandbox::Host;
use hyperagent::script::{Delta, Hook, RngKey, Spare, Worker, WorldKind};
use serde_json::{Value, json};

const READS_ONE: &str = "def next_step(S, rng):\n    return evaluate(S.live_id, S.cases[:1])\n";
const READS_ALL: &str = r#"
def eff(S, g): return g.mean * g.n / len(S.cases)
def next_step(S, rng):
    for g in S.live:
        if g.n == 0: return evaluate(g.id, g.todo[:10])
        if g.n == 10 and g.mean > 0 and g.todo: return evaluate(g.id, g.todo)
    m = st.mean(sorted([eff(S, g) for g in S.live], reverse = True)[:3])
    w = [st.sigmoid(10 * (eff(S, g) - m)) * st.exp(-st.pow(g.kids / 8.0, 3)) for g in S.live]
    return expand(rng.weighted(S.live, w).id, op = "rewrite")
"#;

fn generation(index: usize) -> Value {
    let parent = index.checked_sub(1).map(|above| format!("gen-{:05}", above / 2));
    let score = 0.1 + 0.8 * (index as f64 * 0.37).fract();
    json!({
        "id": format!("gen-{index:05}"), "parent": parent, "parents": parent.iter().collect::<Vec<_>>(),
        "line": 0, "by": parent, "op": "rewrite", "focus": [], "tag": {}, "kids": 2, "status": "valid",
        "stage_failed": null, "retired": false, "admitted": true,
        "files": {"agent.toml": "00", "strategy.star": "11", "prompts/worker.md": "22", "prompts/meta.md": "33"},
        "changed": ["strategy.star"], "lines": 100, "ev": {"snake#0": score, "snake#1": score}, "n": 2,
        "k": 2.0 * score, "mean": score, "sd": 0.0, "todo": [], "failed": ["snake#0"], "passed": ["snake#1"],
        "cost": {"evaluations": 40}, "clade": {"n": 4, "k": 1.5, "best": score}, "turns": 0,
    })
}

fn state(generations: usize) -> Value {
    json!({
        "seed": 1, "step": generations, "live_id": "gen-00000", "gens": (0..generations).map(generation).collect::<Vec<_>>(),
        "cases": ["snake#0", "snake#1"], "pending": [], "params": {}, "count": {"expand": 2}, "models": ["offline"],
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn call(worker: &mut Worker, index: u64) -> Duration {
    let key = RngKey { seed: 1, purpose: "bench".to_owned(), indices: vec![index] };
    let began = Instant::now();
    worker.call(Hook::NextStep, 1, &[], key).await.unwrap();
    began.elapsed()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    for level in [SandboxLevel::Rlimits, SandboxLevel::KernelFilter, SandboxLevel::Full] {
        let host = Host {
            executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
            level,
            temporary: std::env::temp_dir(),
        };
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            let mut spare = Spare::start(&host).await.unwrap();
            spare.check(READS_ONE).await.unwrap();
            times.push(began.elapsed());
        }
        println!("start to first answer, level {level}: {:?}", median(times));
    }
    let host = Host {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        level: SandboxLevel::Rlimits,
        temporary: std::env::temp_dir(),
    };
    let mut spare = Spare::start(&host).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        spare.check(READS_ALL).await.unwrap();
        times.push(began.elapsed());
    }
    println!("check of a short script: {:?}", median(times));
    let began = Instant::now();
    let mut worker = spare.load(READS_ONE).await.unwrap();
    println!("load: {:?}", began.elapsed());
    worker.open(1, WorldKind::Outer, state(3)).await.unwrap();
    let mut times = Vec::new();
    for index in 0..2000 {
        times.push(call(&mut worker, index).await);
    }
    println!("call that reads two fields: {:?}", median(times));
    for generations in [10, 100, 1_000, 10_000] {
        let mut worker = Spare::start(&host).await.unwrap().load(READS_ALL).await.unwrap();
        let began = Instant::now();
        worker.open(1, WorldKind::Outer, state(generations)).await.unwrap();
        let first = call(&mut worker, 0).await;
        let opened = began.elapsed();
        let mut times = Vec::new();
        let mut changed = Vec::new();
        for index in 0..21 {
            times.push(call(&mut worker, index).await);
            worker.apply(1, &[Delta::set(["gens", "1", "kids"], json!(index))]).await.unwrap();
            changed.push(call(&mut worker, index).await);
        }
        println!(
            "{generations} generations: open and first call {opened:?} (call {first:?}), call {:?}, after a delta {:?}",
            median(times),
            median(changed)
        );
    }
    // The limit itself: how long a script without end runs.
    let endless = "def next_step(S, rng):\n    n = 0\n    for a in range(100000):\n        for b in range(100000):\n            n += b\n";
    let mut worker = Spare::start(&host).await.unwrap().load(endless).await.unwrap();
    worker.open(1, WorldKind::Outer, state(3)).await.unwrap();
    let key = RngKey { seed: 1, purpose: "bench".to_owned(), indices: vec![0] };
    let began = Instant::now();
    let fault = worker.call(Hook::NextStep, 1, &[], key).await.unwrap_err();
    println!("a script without end: {:?} ({fault})", began.elapsed());
}
