//! The run as a script sees it: `S`. [`crate::domain::state`] has the fields.
//!
//! Select and test numbers never enter here.

use std::collections::BTreeMap;

use crate::base::digest::Digest;
use crate::base::id::GenerationId;
use crate::domain::event::GenerationStatus;
use crate::domain::lineage::{Generation, Lineage};
use crate::domain::settings::Identity;
use crate::domain::state::{CladeState, CostState, GenerationState, OuterBudget, SuiteState};
use crate::domain::stats::mean;

/// What a run may use: new generations, and episodes for all of them and the seed.
pub fn budget(identity: &Identity, lineage: &Lineage) -> OuterBudget {
    let episodes = u32::try_from(lineage.episodes().len()).unwrap_or(u32::MAX);
    OuterBudget {
        generations: identity.generations,
        evals: episodes.saturating_mul(identity.generations.saturating_add(1)),
    }
}

/// What it has used.
pub fn used(lineage: &Lineage) -> OuterBudget {
    OuterBudget { generations: lineage.made(), evals: lineage.episodes_measured() }
}

/// A generation as `S.gens` holds it.
pub fn generation(
    lineage: &Lineage,
    generation: &Generation,
    clade: CladeState,
) -> GenerationState {
    let plan = &generation.plan;
    let valid = plan.status == GenerationStatus::Valid;
    let todo = if valid && generation.raced_out.is_none() { lineage.episodes() } else { &[] };
    let files: BTreeMap<String, String> = generation
        .files
        .iter()
        .map(|(path, text)| (path.to_owned(), Digest::of(text.as_bytes()).to_string()))
        .collect();
    let trials: u32 = generation.measured.values().map(|result| result.trials).sum();
    let (judged, judged_n) = lineage.judged(generation.id());
    let mut state = GenerationState {
        parents: plan.parents.clone(),
        line: line(lineage, generation).0,
        by: plan.by,
        op: plan.op.clone(),
        tag: plan.tag.clone(),
        kids: generation.kids,
        status: plan.status,
        stage_failed: plan.stage_failed,
        retired: generation.is_out() || !generation.admitted,
        admitted: generation.admitted,
        files,
        changed: plan.changed.clone(),
        lines: u32::try_from(generation.files.lines()).unwrap_or(u32::MAX),
        cost: CostState { evaluations: u64::from(trials), ..generation.paid },
        focus: plan.focus.clone(),
        anchor: lineage.anchor_test(generation.id()),
        judged,
        judged_n,
        clade,
        turns: generation.evaluations + generation.attacks.made,
        ..GenerationState::new(generation.id(), plan.parents.first().copied(), todo)
    };
    state.measure(generation.measured.iter().map(|(id, result)| (id.clone(), result.score)));
    state.rank_score = rank_score(lineage, generation).unwrap_or(state.mean);
    state
}

/// What a generation is worth to the others, beyond its mean.
fn rank_score(lineage: &Lineage, generation: &Generation) -> Option<f64> {
    let held: Vec<f64> = generation.holds.values().map(|held| held.score).collect();
    let on_the_suite = (lineage.suite().size() > 0 && !held.is_empty()).then(|| mean(&held));
    generation.utility.or(generation.attacks.hardness()).or(on_the_suite)
}

/// The cases test agents added, and whether they can.
pub fn suite(lineage: &Lineage, open: bool) -> SuiteState {
    let size = u32::try_from(lineage.suite().size()).unwrap_or(u32::MAX);
    SuiteState { version: lineage.suite().version(), size, open }
}

/// The child of the root that a generation descends from, by first parents; the root is of its own line.
fn line(lineage: &Lineage, generation: &Generation) -> GenerationId {
    let mut at = generation;
    while let Some(parent) = at.plan.parents.first().and_then(|id| lineage.get(*id)) {
        if parent.plan.parents.is_empty() {
            return at.id();
        }
        at = parent;
    }
    at.id()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::base::id::EpisodeId;
    use crate::domain::event::{EpisodeResult, GenerationPlan, GenerationStatus};
    use crate::domain::files::FileSet;
    use crate::engine::clades::Clades;

    /// A generation to be planned.
    pub fn plan(number: u32, parent: Option<u32>) -> GenerationPlan {
        GenerationPlan {
            generation: GenerationId(number),
            parents: parent.map(GenerationId).into_iter().collect(),
            by: parent.map(GenerationId),
            op: "rewrite".into(),
            status: GenerationStatus::Valid,
            files: FileSet::from_iter([("agent.toml", format!("# {number}\n"))]),
            changed: Vec::new(),
            summary: String::new(),
            diagnostics: Vec::new(),
            stage_failed: None,
            model: None,
            repairs: 0,
            tag: serde_json::Map::new(),
            handed_back: Vec::new(),
            focus: Vec::new(),
        }
    }

    /// A tree over two episodes, by the parents of its generations.
    pub fn planned(parents: &[Option<u32>]) -> Lineage {
        let episodes: Vec<EpisodeId> =
            ["t#0", "t#1"].iter().map(|id| id.parse().expect("an episode")).collect();
        let mut tree = Lineage::new(episodes);
        for (number, parent) in (0..).zip(parents) {
            tree.plan(plan(number, *parent));
        }
        tree
    }

    /// Measures a generation on an episode.
    pub fn measure(tree: &mut Lineage, number: u32, episode: usize, score: f64) {
        let result = EpisodeResult {
            cases: 5,
            start_metric: Some(0.0),
            metric: Some(score * 10.0),
            score,
            best: FileSet::default(),
            attempts: 3,
            accepted: 1,
            trials: 9,
            select_metric: Some(98_765.5),
            select_score: Some(0.987_655),
            select_cases: Vec::new(),
            select_block: 0,
            failures: BTreeMap::new(),
            credit: BTreeMap::new(),
        };
        let episode = tree.episodes()[episode].clone();
        tree.measured(GenerationId(number), episode, result);
    }

    fn tree() -> Lineage {
        let mut tree = planned(&[None, Some(0), Some(1)]);
        for (number, episode, score) in [(0, 0, 0.2), (0, 1, 0.6), (1, 0, 0.5)] {
            measure(&mut tree, number, episode, score);
        }
        tree
    }

    fn generations(lineage: &Lineage) -> Vec<Value> {
        let clades = Clades::of(lineage);
        let shown = lineage.generations().iter();
        shown.map(|g| json!(generation(lineage, g, clades.get(g.id())))).collect()
    }

    #[test]
    fn scripts_see_sums_over_clades_and_what_is_left_to_measure() {
        let found = json!(generations(&tree()));
        assert_eq!(found[0]["clade"], json!({"n": 3, "k": 0.2 + 0.6 + 0.5, "best": 0.5}));
        assert_eq!(found[1]["clade"]["n"], json!(1));
        assert_eq!(found[1]["todo"], json!(["t#1"]));
        assert_eq!(found[0]["failed"], json!(["t#0", "t#1"]));
        assert_eq!(found[0]["passed"], json!([]));
        assert_eq!((&found[1]["line"], &found[2]["line"]), (&json!(1), &json!(1)));
        assert_eq!(found[0]["kids"], json!(1));
    }

    #[test]
    fn select_numbers_never_reach_a_script() {
        let text = serde_json::to_string(&generations(&tree())).expect("text");
        assert!(!text.contains("select") && !text.contains("9876"), "{text}");
    }
}
