//! Who becomes a parent: dgm, hyperagent, sica.

use std::collections::BTreeMap;

use serde_json::json;

use super::states::{Script, Tree, assert_drawn, counted, field, sigmoid};

const DRAWS: u64 = 800;

#[tokio::test]
async fn dgm_draws_parents_by_score_and_children() {
    let mut script = Script::of("dgm").await;
    for index in 0..3 {
        let tree = Tree::random("dgm", index, 8);
        let weight = |mean: f64, kids: u32| sigmoid(10.0 * (mean - 0.5)) / f64::from(1 + kids);
        let weights: BTreeMap<String, f64> =
            tree.gens.iter().map(|g| (g.id.to_string(), weight(g.mean, g.kids))).collect();
        let actions = script.steps(&tree, DRAWS).await;
        assert_drawn("dgm", &counted(field(&actions, "expand", "parent")), &weights);

        let subjects = [("unmeasured", 0.25), ("unstable", 0.25), ("diagnose", 0.5)];
        let subjects = subjects.map(|(name, share)| (name.to_owned(), share)).into();
        assert_drawn("dgm's subjects", &counted(field(&actions, "expand", "op")), &subjects);
    }
}

#[tokio::test]
async fn dgm_measures_the_rest_of_what_reaches_the_gate() {
    let mut script = Script::of("dgm").await;
    let root = [0.5, 0.5, 0.5, 0.5];
    for (scores, decided) in [
        ([None, None], json!(["t#0", "t#1"])),
        ([Some(0.25), Some(0.15)], json!(["t#2", "t#3"])),
        ([Some(0.2), Some(0.19)], json!(null)),
    ] {
        let mut tree = Tree::new("dgm", &root);
        tree.push(Some(0), &scores);
        let action = script.steps(&tree, 1).await.remove(0);
        assert_eq!(action["cases"], decided, "{scores:?}: {action}");
    }
}

#[tokio::test]
async fn hyperagent_draws_parents_by_an_s_curve_around_the_three_best() {
    let mut script = Script::of("hyperagent").await;
    for index in 0..3 {
        let mut tree = Tree::random("hyperagent", index, 9);
        // Measured on two of six episodes and never promising: it counts for these two.
        tree.params.insert("promising_margin".into(), -2.0);
        tree.push(Some(0), &[Some(0.0), Some(0.1)]);
        tree.gens[0].kids += 6;
        let standing: Vec<f64> =
            tree.gens.iter().map(|g| g.mean * f64::from(g.n) / tree.cases.len() as f64).collect();
        let mut sorted = standing.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let middle = sorted[..3].iter().sum::<f64>() / 3.0;
        let weight = |place: usize| {
            let damped = (-(f64::from(tree.gens[place].kids) / 8.0).powi(3)).exp();
            sigmoid(10.0 * (standing[place] - middle)) * damped
        };
        let weights: BTreeMap<String, f64> = (0..tree.gens.len())
            .map(|place| (tree.gens[place].id.to_string(), weight(place)))
            .collect();
        let actions = script.steps(&tree, DRAWS).await;
        assert_drawn("hyperagent", &counted(field(&actions, "expand", "parent")), &weights);
    }
}

#[tokio::test]
async fn sica_builds_on_the_newest_version_within_the_interval_of_the_best() {
    let mut script = Script::of("sica").await;
    let mut bases = Vec::new();
    for index in 0..40 {
        let tree = Tree::random("sica", 100 + index, 12);
        let best = tree.gens.iter().rev().max_by(|a, b| a.mean.total_cmp(&b.mean)).unwrap();
        let low = best.mean - 1.96 * best.sd / f64::from(best.n).sqrt();
        let base = tree.gens.iter().rev().find(|g| g.mean >= low).unwrap();
        let action = script.steps(&tree, 1).await.remove(0);
        assert_eq!(
            (&action["parent"], &action["by"]),
            (&json!(base.id), &json!(best.id)),
            "tree {index}"
        );
        bases.push(base.id == best.id);
    }
    assert!(bases.contains(&true) && bases.contains(&false), "the trees show one case only");
}
