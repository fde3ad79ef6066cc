//! gepa: the front, the gate, and when two agents are merged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::states::{Script, Tree, assert_drawn, counted, field};

const DRAWS: u64 = 600;

/// How many Pareto episodes each generation is a non-dominated best on: algorithm 2 of the paper, by sets.
fn wins(tree: &Tree) -> BTreeMap<String, f64> {
    let pareto: Vec<_> = tree.cases.iter().step_by(2).collect();
    let mut won: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); tree.gens.len()];
    for (place, case) in pareto.iter().enumerate() {
        let score = |index: usize| tree.gens[index].ev[case];
        let top = (0..tree.gens.len()).map(score).fold(0.0, f64::max);
        for index in (0..tree.gens.len()).filter(|index| score(*index) == top) {
            won[index].insert(place);
        }
    }
    // Whoever's wins are all another's goes; of equals the first stays.
    let gone = |i: usize| {
        (0..won.len()).any(|o| o != i && won[i].is_subset(&won[o]) && (won[i] != won[o] || o < i))
    };
    let kept = (0..won.len()).filter(|i| !won[*i].is_empty() && !gone(*i));
    kept.map(|i| (tree.gens[i].id.to_string(), won[i].len() as f64)).collect()
}

fn never_merging(mut tree: Tree) -> Tree {
    tree.params.insert("merges".into(), 0.0);
    accepted(&mut tree);
    tree
}

/// Marks every generation as made from a batch it won on, so that none is undecided.
fn accepted(tree: &mut Tree) {
    for index in 1..tree.gens.len() {
        let parent = tree.gens[index].parent.unwrap().0 as usize;
        let better = |case: &_| tree.gens[index].ev[case] > tree.gens[parent].ev[case];
        let batch = tree.cases.iter().find(|case| better(case)).unwrap().to_string();
        tree.gens[index].tag.insert("batch".into(), json!(batch));
    }
}

#[tokio::test]
async fn parents_are_drawn_by_the_episodes_they_win() {
    let mut script = Script::of("gepa").await;
    let mut tree = Tree::new("gepa", &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    // Pareto episodes are the even ones: the first wins two, the second one, the third ties with the first on one of its own.
    tree.push(Some(0), &[0.9, 0.6, 0.8, 0.6, 0.1, 0.6, 0.1, 0.6].map(Some));
    tree.push(Some(0), &[0.2, 0.6, 0.2, 0.6, 0.7, 0.6, 0.2, 0.6].map(Some));
    tree.push(Some(0), &[0.9, 0.6, 0.1, 0.6, 0.1, 0.6, 0.1, 0.6].map(Some));
    let tree = never_merging(tree);
    let expected = wins(&tree);
    let by_hand = [("gen-00000", 1.0), ("gen-00001", 2.0), ("gen-00002", 1.0)];
    assert_eq!(expected, by_hand.map(|(id, wins)| (id.to_owned(), wins)).into());
    let actions = script.steps(&tree, DRAWS).await;
    assert_drawn("front", &counted(field(&actions, "expand", "parent")), &expected);
    for action in &actions {
        let batch: Vec<&str> = action["tag"]["batch"].as_str().unwrap().split(',').collect();
        let focus: Vec<&str> =
            action["focus"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(batch, focus, "what it looks at is what it must win on");
        assert!(batch.len() == 3 && batch.iter().all(|id| id.ends_with(['1', '3', '5', '7'])));
    }
}

#[tokio::test]
async fn parts_take_turns_and_a_child_goes_on_after_its_parents_part() {
    let mut script = Script::of("gepa").await;
    let mut tree = never_merging(Tree::new("gepa", &[0.5, 0.5]));
    let first = step(&mut script, &tree).await;
    assert_eq!(first["edit"], json!(["prompts/worker.md", "agent.toml"]));
    tree.gens[0].kids = 1;
    assert_eq!(step(&mut script, &tree).await["edit"], json!(["strategy.star"]));
    let child = tree.push(Some(0), &[0.9, 0.9].map(Some));
    tree.gens[child].tag =
        serde_json::Map::from_iter([("batch".into(), json!("t#1")), ("part".into(), json!(0))]);
    let action = step(&mut script, &tree).await;
    assert_eq!(
        (&action["parent"], &action["edit"]),
        (&json!("gen-00001"), &json!(["strategy.star"]))
    );
}

async fn step(script: &mut Script, tree: &Tree) -> Value {
    script.steps(tree, 1).await.remove(0)
}

#[tokio::test]
async fn a_candidate_must_win_strictly_on_its_batch_and_a_merge_must_not_lose() {
    let mut script = Script::of("gepa").await;
    let rest = json!(["t#0", "t#2"]);
    for (op, scores, wanted) in [
        (
            "reflect",
            [None, None],
            json!({"do": "evaluate", "who": "gen-00001", "cases": ["t#1", "t#3"]}),
        ),
        (
            "reflect",
            [Some(0.5), None],
            json!({"do": "evaluate", "who": "gen-00001", "cases": ["t#3"]}),
        ),
        ("reflect", [Some(0.75), Some(0.25)], json!({"do": "retire", "who": "gen-00001"})),
        (
            "reflect",
            [Some(0.75), Some(0.5)],
            json!({"do": "evaluate", "who": "gen-00001", "cases": rest}),
        ),
        (
            "merge",
            [Some(0.75), Some(0.25)],
            json!({"do": "evaluate", "who": "gen-00001", "cases": rest}),
        ),
        ("merge", [Some(0.5), Some(0.25)], json!({"do": "retire", "who": "gen-00001"})),
    ] {
        let mut tree = Tree::new("gepa", &[0.5; 4]);
        let child = tree.push(Some(0), &[None, scores[0], None, scores[1]]);
        tree.gens[child].op = op.to_owned();
        tree.gens[child].tag.insert("batch".into(), json!("t#1,t#3"));
        assert_eq!(script.steps(&tree, 1).await, [wanted], "{op} {scores:?}");
    }
}

/// Two branches that changed different files, both on the front, the root better than neither.
fn two_branches() -> Tree {
    let mut tree = Tree::new("gepa", &[0.1; 4]);
    tree.params.insert("merge_rate".into(), 1.0);
    let files = |settings: &str, script: &str| {
        BTreeMap::from([
            ("agent.toml".to_owned(), settings.to_owned()),
            ("strategy.star".to_owned(), script.to_owned()),
        ])
    };
    tree.gens[0].files = files("old", "old");
    let one = tree.push(Some(0), &[0.9, 0.9, 0.2, 0.9].map(Some));
    tree.gens[one].files = files("new", "old");
    let two = tree.push(Some(0), &[0.2, 0.9, 0.9, 0.9].map(Some));
    tree.gens[two].files = files("old", "new");
    accepted(&mut tree);
    tree
}

async fn merges(script: &mut Script, tree: &Tree) -> BTreeSet<String> {
    let actions = script.steps(tree, 60).await;
    let merges = actions.iter().filter(|action| action["do"] == "merge");
    merges
        .map(|action| {
            format!("{} {} {}", action["a"], action["b"], action["base"]).replace('"', "")
        })
        .collect()
}

#[tokio::test]
async fn two_of_the_front_are_merged_over_their_ancestor_under_all_conditions_only() {
    let mut script = Script::of("gepa").await;
    let both = ["gen-00001 gen-00002 gen-00000", "gen-00002 gen-00001 gen-00000"];
    assert_eq!(merges(&mut script, &two_branches()).await, both.map(str::to_owned).into());

    type Change = fn(&mut Tree);
    let spoilt: [(&str, Change); 6] = [
        ("five merges were made", |tree| {
            tree.count.insert("merge", 5);
        }),
        ("merging is off", |tree| {
            tree.params.insert("merge_rate".into(), 0.0);
        }),
        ("one descends from the other", |tree| {
            tree.gens[2].parent = Some(tree.gens[1].id);
            tree.gens[2].parents = vec![tree.gens[1].id];
            tree.gens[2].tag.insert("batch".into(), json!("t#2"));
        }),
        ("the ancestor is better than one", |tree| {
            let cases = [tree.cases[0].clone(), tree.cases[2].clone()];
            tree.gens[0].measure(cases.map(|case| (case, 0.6)));
        }),
        ("both changed the same file", |tree| tree.gens[2].files = tree.gens[1].files.clone()),
        ("the two were merged before", |tree| {
            let merged = tree.push(Some(1), &[0.9, 0.9, 0.2, 0.9].map(Some));
            tree.gens[merged].op = "merge".into();
            tree.gens[merged].parents = vec![tree.gens[1].id, tree.gens[2].id];
            tree.gens[merged].tag.insert("batch".into(), json!("t#0"));
        }),
    ];
    for (why, spoil) in spoilt {
        let mut tree = two_branches();
        spoil(&mut tree);
        assert_eq!(merges(&mut script, &tree).await, BTreeSet::new(), "{why}");
    }
}
