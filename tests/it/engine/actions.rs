//! The actions of the outer loop besides expand and evaluate: merge, retire, reflect, several rewrites at once; and the
//! hooks `utility` and `vars`.

use serde_json::Value;

use super::toy::{self, git, run_small, trees};
use crate::cli::bench::{Bench, Ended};

/// Three rewrites at once, the worst retired, the two others merged, a note written.
const STRATEGY: &str = r#"
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    made = [g for g in S.live if g.op == "rewrite"]
    if S.count.expand == 0:
        return expand(S.live[0].id, n = 3, vars = {"why": "the first"})
    if S.count.retire == 0 and len(made) > 2:
        return retire(made[1].id)
    if S.count.merge == 0 and len(made) > 1:
        return merge(made[0].id, made[-1].id, tag = {"hybrid": True})
    if S.count.reflect == 0:
        return reflect(by = S.live[0].id, about = S.live[-1].id, to = "memory/notes.md")
    return stop(why = "done: %s, ranks %s" % ([g.id for g in S.live], [int(g.rank_score) for g in S.live]))

def utility(g, S):
    return 10 * len(g.parents)

def vars(name, X):
    return {"why": "not this", "role": name, "step": X.step} if name == "meta" else {}
"#;

fn lab() -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    let meta = bench.read("lab/agent_config/prompts/meta.md").replacen(
        "may_use = [",
        "may_use = [\"extra\", ",
        1,
    );
    bench.write(
        "lab/agent_config/prompts/meta.md",
        &(meta + "\nAsked as {{ extra.role|default(0) }} at {{ extra.step|default(0) }}: {{ extra.why|default(0) }}.\n"),
    );
    bench
}

fn run(parallel: &str) -> (Bench, Ended) {
    let bench = lab();
    let sizes =
        ["--generations", "6", "--attempts", "2", "--episodes", "2", "--parallel", parallel];
    let ended = run_small(&bench, &sizes).succeeds();
    (bench, ended)
}

fn planned(ended: &Ended) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events
        .filter(|event: &Value| event["event"] == "generation_planned")
        .map(|event| event["plan"].clone())
        .collect()
}

#[test]
fn several_rewrites_a_merge_a_note_and_what_was_retired_are_in_the_family_tree() {
    let (bench, ended) = run("2");
    let plans = planned(&ended);
    let ops: Vec<&str> = plans.iter().map(|plan| plan["op"].as_str().expect("an op")).collect();
    assert_eq!(ops, ["seed", "rewrite", "rewrite", "rewrite", "merge", "reflect"]);
    assert!(plans.iter().all(|plan| plan["status"] == "valid"), "{plans:?}");
    let first: std::collections::BTreeSet<String> =
        plans[1..4].iter().map(|plan| plan["summary"].to_string()).collect();
    assert_eq!(first.len(), 3, "three rewrites of one agent differ: {first:?}");

    // The merge is a commit with two parents and has the changes of both.
    assert_eq!(plans[4]["parents"], serde_json::json!(["gen-00001", "gen-00003"]));
    let parents = git(&bench, &["rev-list", "--parents", "-1", "run-1/gen-00004"]);
    assert_eq!(parents.split_whitespace().count(), 3, "{parents}");
    let show = |generation: u32| {
        git(&bench, &["show", &format!("run-1/gen-0000{generation}:agent/agent.toml")])
    };
    let lines =
        |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (root, merged) = (lines(&show(0)), lines(&show(4)));
    for side in [1, 3] {
        let new: Vec<String> = lines(&show(side)).difference(&root).cloned().collect();
        let overruled = plans[4]["summary"].as_str().expect("a summary").contains("one side's");
        assert!(overruled || new.iter().all(|line| merged.contains(line)), "{side}: {new:?}");
    }

    // The note is the only change of its generation.
    assert_eq!(plans[5]["changed"], serde_json::json!(["memory/notes.md"]));
    assert_eq!(plans[5]["parents"], serde_json::json!(["gen-00004"]));

    let finished = toy::last_event(&ended);
    let why = finished["why"].as_str().expect("why");
    assert!(
        why.contains(r#"["gen-00000", "gen-00001", "gen-00003", "gen-00004", "gen-00005"]"#),
        "{why}"
    );
    assert!(why.contains("ranks [0, 10, 10, 20, 10]"), "{why}");
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00001"]).succeeds().stdout;
    assert!(trace.contains("Asked as meta at 1: the first."), "{trace}");
    git(&bench, &["fsck", "--strict"]);
}

#[test]
fn they_are_the_same_at_any_parallelism_in_a_replay_and_after_an_export() {
    let (one, _) = run("1");
    let (many, _) = run("4");
    assert_eq!(trees(&one, "run-1"), trees(&many, "run-1"));
    let again = many.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
    assert!(!again.stdout.contains("differ"), "{}", again.stdout);
    // What follows from the journal alone is the same: nothing is found to be mended.
    many.run(&["--lab", "lab", "doctor"]).succeeds();
    many.run(&["--lab", "lab", "export", "run-1", "run.hyperagent"]).succeeds();
    many.run(&["--lab", "lab", "import", "run.hyperagent", "--as", "copy"]).succeeds();
    let tree = |run: &str| git(&many, &["rev-parse", &format!("{run}/gen-00004:agent")]);
    assert_eq!(tree("run-1"), tree("copy"));
}

#[test]
fn the_last_live_generation_cannot_be_retired() {
    let bench = toy::lab();
    bench.write(
        "lab/agent_config/strategy.star",
        "def next_step(S, rng):\n    return retire(S.live[0].id)\n",
    );
    let told = bench.run(&["--lab", "lab", "validate", "lab/agent_config"]);
    assert_eq!(told.code, Some(3));
    let text = told.stdout + &told.stderr;
    assert!(
        text.contains("E403") && text.contains("the last live one; allowed: keep one"),
        "{text}"
    );
}
