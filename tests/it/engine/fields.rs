//! The fields that `docs/strategy.md` names are those a script finds in a real run, and what was always empty once is filled.

use std::collections::BTreeSet;

use serde_json::Value;

use super::toy::{self, last_event, run_small};

const STRATEGY: &str = r#"
def next_step(S, rng):
    for g in S.live:
        if g.todo: return evaluate(g.id, g.todo)
    if S.count.expand == 0: return expand(S.root.id, focus = [S.cases[1]])
    g = S.gens[1]
    facts = "%s %s %s" % (g.focus[0] if g.focus else "none", g.cost.tokens, g.cost.usd > 0)
    return stop(why = "|".join([facts, ",".join(S.keys()), ",".join(g.keys())]))

def next_attempt(T, rng):
    if T.n == 0 and not T.reflected: return reflect(by = "diagnose", to = "memory/episode.md")
    if T.n == 0: return propose(0, op = "num")
    return stop(why = "|".join([",".join(T.keys()), ",".join(T.attempts[1].keys())]))
"#;

const DIAGNOSE: &str = "+++\nrequires = [\"trace\", \"contract\"]\noutput = \"note\"\n+++\n{{ trace }}{{ contract }}\n";

/// A rewrite that costs something, and a note that is none.
const ANSWERS: &str = r#"
[[answer]]
role = "meta"
text = '''
summary: a note

memory/notes.md
<<<<<<< SEARCH
No notes yet.
=======
Keep it short.
>>>>>>> REPLACE
'''
input_tokens = 1000
output_tokens = 234

[[answer]]
role = "diagnose"
text = ' '
"#;

/// The names in the first column of the table below a heading.
fn documented(page: &str, heading: &str) -> BTreeSet<String> {
    let section = page.split(heading).nth(1).expect(heading);
    let section = section.split("\n#").next().expect("text");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn named(list: &str) -> BTreeSet<String> {
    list.split(',').map(str::to_owned).collect()
}

#[test]
fn scripts_find_every_documented_field_and_no_other() {
    let bench = toy::lab();
    bench.write("lab/agent_config/strategy.star", STRATEGY);
    bench.write("lab/agent_config/prompts/diagnose.md", DIAGNOSE);
    let toml = bench.read("lab/agent_config/agent.toml");
    let (before, meta) = toml.split_once("[roles.meta]").expect("a meta role");
    let meta = meta.replacen("model = \"offline\"", "model = \"script\"", 1);
    let role = "[roles.diagnose]\nprompt = \"prompts/diagnose.md\"\nmodel = \"script\"\nformat = \"full\"\n\n";
    bench.write("lab/agent_config/agent.toml", &format!("{before}{role}[roles.meta]{meta}"));
    bench.write(
        "lab/hyperagent.toml",
        "[models.script]\ndialect = \"scripted\"\nsource = \"answers.toml\"\n\
         price_usd_per_mtok = { input = 1.0, output = 2.0 }\n",
    );
    bench.write("lab/answers.toml", ANSWERS);
    let ended = run_small(&bench, &[]).succeeds();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/strategy.md"))
        .expect("the page");

    let why = last_event(&ended)["why"].as_str().expect("why").to_owned();
    let why = why.strip_prefix("the strategy stopped: ").expect("a stop");
    let [facts, run, generation] = why.split('|').collect::<Vec<_>>()[..] else { panic!("{why}") };
    assert_eq!(facts, "dial#1 1234 True");
    assert_eq!(named(run), documented(&page, "## The state `S` of the outer loop"));
    assert_eq!(named(generation), documented(&page, "### A generation `g`"));

    let events =
        ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let stopped: Vec<String> = events
        .filter(|event| event["event"] == "attempt_decided" && event["action"]["do"] == "stop")
        .filter_map(|event| event["action"]["why"].as_str().map(str::to_owned))
        .collect();
    let why = stopped.first().expect("an episode that came to its second attempt");
    let [episode, attempt] = why.split('|').collect::<Vec<_>>()[..] else { panic!("{why}") };
    assert_eq!(named(episode), documented(&page, "## The state `T` of one episode"));
    assert_eq!(named(attempt), documented(&page, "### An attempt `a`"));
}
