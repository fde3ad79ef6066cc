//! Reviews and notes: what roles are asked for in an episode, how it reaches those who propose, and what is refused.

use serde_json::Value;

use super::toy::{self, git, run_small};
use crate::cli::bench::{Bench, Ended};

/// Reviews every attempt, writes a note before the third, and passes on what the review says.
const STRATEGY: &str = r#"
def next_step(S, rng):
    for g in S.live:
        if g.todo:
            return evaluate(g.id, g.todo)
    return expand(S.live[0].id)

def next_attempt(T, rng):
    last = T.attempts[-1]
    if T.n > 0 and not last.reviewed:
        return review(last.id, show = ["failures", "history"])
    if T.n == 2 and "memory/episode.md" not in T.memory:
        return reflect(by = "diagnose", to = "memory/episode.md")
    said = T.reviews[-1].fix if T.reviews else "nothing yet"
    return propose(T.best.id, op = "num", vars = {"said": said}, tag = {"reviews": len(T.reviews)})

def vars(name, X):
    if name != "worker":
        return {}
    return {"said": "not this", "role": name, "attempts": X.n}

def features(a, T):
    return [a.lines, a.score]

def accept(c, inc, T, rng):
    return c.features[1] > inc.score
"#;

const REVIEWER: &str = r#"+++
requires = ["task", "code", "contract"]
may_use = ["failures", "history", "metric"]
output = "review"
+++
Review attempt {{ history|count }} of {{ task.name }}, at {{ metric }}.
{{ code }}
{{ contract }}
"#;

const DIAGNOSE: &str = r#"+++
requires = ["trace", "contract"]
output = "note"
+++
{{ trace }}
{{ contract }}
"#;

fn lab() -> Bench {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    bench.write("lab/agent_config/prompts/reviewer.md", REVIEWER);
    bench.write("lab/agent_config/prompts/diagnose.md", DIAGNOSE);
    let worker = bench.read("lab/agent_config/prompts/worker.md");
    bench.write(
        "lab/agent_config/prompts/worker.md",
        &(worker + "\nThe review said: {{ extra.said|default(0) }}, to {{ extra.role|default(0) }} at {{ extra.attempts|default(0) }}.\n"),
    );
    let toml = bench.read("lab/agent_config/agent.toml");
    let roles = "[roles.reviewer]\nprompt = \"prompts/reviewer.md\"\nmodel = \"offline\"\nformat = \"full\"\n\n\
                 [roles.diagnose]\nprompt = \"prompts/diagnose.md\"\nmodel = \"offline\"\nformat = \"full\"\n\n";
    bench.write(
        "lab/agent_config/agent.toml",
        &toml.replacen("[params]", &format!("{roles}[params]"), 1),
    );
    bench
}

fn events(ended: &Ended, kind: &str) -> Vec<Value> {
    let events = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    events.filter(|event: &Value| event["event"] == kind).collect()
}

fn sizes() -> [&'static str; 6] {
    ["--episodes", "1", "--generations", "0", "--attempts", "5"]
}

#[test]
fn what_a_reviewer_says_reaches_the_next_prompt() {
    let bench = lab();
    let ended = run_small(&bench, &sizes()).succeeds();
    let advice = events(&ended, "consulted");
    let kinds: Vec<&str> =
        advice.iter().map(|event| event["advice"]["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["review", "review", "note", "review", "review"], "{advice:?}");
    assert_eq!(advice[0]["advice"]["attempt"], 1);
    let proposals = events(&ended, "attempt_decided");
    let reviews: Vec<&Value> =
        proposals.iter().map(|event| &event["action"]["tag"]["reviews"]).collect();
    assert_eq!(reviews, [0, 1, 2, 3, 4], "{proposals:?}");
    let fix = advice[0]["advice"]["fix"].as_str().expect("a fix");
    assert_eq!(
        proposals[1]["action"]["vars"]["said"], fix,
        "the action's own variable comes first"
    );
    let trace = bench.run(&["--lab", "lab", "trace", "gen-00000"]).succeeds().stdout;
    assert!(trace.contains(&format!("The review said: {fix}, to worker at 1.")), "{trace}");
    assert!(trace.contains("## memory/episode.md"), "the note stands in the prompt\n{trace}");
    assert!(trace.contains("advice   "), "{trace}");
    let finished = events(&ended, "attempt_finished");
    let placed = &finished[0]["result"]["features"];
    assert_eq!((&placed[0], placed.as_array().map(Vec::len)), (&2.0.into(), Some(2)), "{placed}");
    let kept =
        git(&bench, &["ls-tree", "-r", "--name-only", "refs/hyperagent/run-1/evidence/gen-00000"]);
    assert!(kept.contains("dial-0/advice.jsonl"), "{kept}");
}

#[test]
fn advice_is_the_same_at_any_parallelism_and_in_a_replay() {
    let told = |parallel: &str| {
        let bench = lab();
        let flags =
            ["--episodes", "2", "--generations", "0", "--attempts", "4", "--parallel", parallel];
        let ended = run_small(&bench, &flags).succeeds();
        let again = bench.run(&["--lab", "lab", "replay", "run-1"]).succeeds();
        assert!(!again.stdout.contains("differ"), "{}", again.stdout);
        let mut advice: Vec<String> =
            events(&ended, "consulted").iter().map(|event| event["advice"].to_string()).collect();
        advice.sort();
        advice
    };
    let one = told("1");
    assert_eq!(one.len(), 8);
    assert_eq!(one, told("4"));
}

#[test]
fn an_answer_that_is_no_review_is_asked_again_once_and_then_void() {
    let bench = lab();
    bench.write(
        "lab/hyperagent.toml",
        "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n",
    );
    let toml = bench.read("lab/agent_config/agent.toml").replace(
        "prompt = \"prompts/reviewer.md\"\nmodel = \"offline\"",
        "prompt = \"prompts/reviewer.md\"\nmodel = \"script\"",
    );
    bench.write("lab/agent_config/agent.toml", &toml);
    let good = r#"{"issue": "slope", "severity": 0.5, "fix": "a steeper line", "confidence": 0.5}"#;
    let answer = |attempt: u32, turn: u32, text: &str| {
        format!(
            "[[answer]]\nrole = \"reviewer\"\nattempt = {attempt}\nturn = {turn}\ntext = '''{text}'''\n"
        )
    };
    bench.write(
        "lab/answers.toml",
        &(answer(1, 0, "no idea")
            + &answer(1, 1, good)
            + &answer(2, 0, "still none")
            + &answer(2, 1, r#"{"issue": "x"}"#)
            + &answer(4, 0, good)
            + &answer(5, 0, good)),
    );
    let ended = run_small(&bench, &sizes()).succeeds();
    let advice = events(&ended, "consulted");
    assert_eq!(advice[0]["advice"]["fix"], "a steeper line");
    assert_eq!(advice[1]["advice"]["kind"], "void");
    let reason = advice[1]["advice"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("missing field `severity`"), "{reason}");
    let proposals = events(&ended, "attempt_decided");
    assert_eq!(proposals.len(), 5, "a void review stops nobody");
    assert_eq!(proposals[2]["action"]["tag"]["reviews"], 1);
}

#[test]
fn a_second_review_of_an_attempt_ends_the_episode_and_says_why() {
    let bench = lab();
    let greedy = STRATEGY.replace("not last.reviewed", "True");
    bench.write("lab/agent_config/strategy.star", &greedy);
    let told = bench.run(&["--lab", "lab", "validate", "lab/agent_config"]);
    assert_eq!(told.code, Some(3), "{}", told.stdout);
    assert!(
        (told.stdout.clone() + &told.stderr)
            .contains("reviewed before; allowed: attempts without `reviewed`"),
        "{}{}",
        told.stdout,
        told.stderr
    );
}

#[test]
fn an_estimate_has_those_who_advise_from_nothing_to_all_they_may_be_asked() {
    let estimate = run_small(&lab(), &["--estimate"]).succeeds().json();
    let roles = estimate["roles"].as_array().expect("roles");
    let calls: Vec<(&str, &Value)> =
        roles.iter().filter_map(|role| Some((role["role"].as_str()?, &role["calls"]))).collect();
    // 2 episodes of 6 attempts for each of 4 generations; two answers to a review or a note.
    let advised = serde_json::json!({"low": 0, "high": 2 * 48});
    assert_eq!(calls[2..], [("reviewer", &advised), ("diagnose", &advised)], "{estimate}");
}
