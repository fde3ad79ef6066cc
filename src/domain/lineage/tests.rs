use super::*;
use crate::domain::event::{EpisodeResult, GenerationPlan};
use crate::domain::ladder::SelectResult;

fn plan(number: u32, parent: Option<u32>, status: GenerationStatus) -> GenerationPlan {
    GenerationPlan {
        generation: GenerationId(number),
        parents: parent.map(GenerationId).into_iter().collect(),
        by: parent.map(GenerationId),
        op: "rewrite".into(),
        status,
        files: FileSet::default(),
        changed: Vec::new(),
        summary: String::new(),
        diagnostics: Vec::new(),
        stage_failed: None,
        model: None,
        repairs: 0,
        tag: Default::default(),
        handed_back: Vec::new(),
        focus: Vec::new(),
    }
}

fn result(score: f64, select: f64) -> EpisodeResult {
    EpisodeResult {
        start_metric: Some(0.0),
        metric: Some(score),
        score,
        best: FileSet::from_iter([("a.py", format!("x = {score}"))]),
        attempts: 1,
        accepted: 1,
        trials: 1,
        select_metric: Some(select),
        select_score: Some(select),
        cases: 1,
        select_cases: Vec::new(),
        select_block: 0,
        failures: BTreeMap::new(),
        credit: BTreeMap::new(),
    }
}

fn tree() -> (Lineage, EpisodeId) {
    let episode: EpisodeId = "t#0".parse().expect("an episode");
    let mut tree = Lineage::new(vec![episode.clone()]);
    tree.plan(plan(0, None, GenerationStatus::Valid));
    tree.plan(plan(1, Some(0), GenerationStatus::Valid));
    tree.plan(plan(2, Some(1), GenerationStatus::Rejected));
    tree.plan(plan(3, Some(1), GenerationStatus::Valid));
    (tree, episode)
}

#[test]
fn best_reads_select_and_the_leader_reads_train() {
    let (mut tree, episode) = tree();
    tree.measured(GenerationId(0), episode.clone(), result(0.1, 0.3));
    tree.measured(GenerationId(1), episode.clone(), result(0.5, 0.2));
    tree.measured(GenerationId(3), episode, result(0.5, 0.3));
    assert_eq!(tree.best(), GenerationId(0), "equal select means: the older one");
    assert_eq!(tree.leader(), GenerationId(1));
    assert_eq!(tree.effect(GenerationId(3)), Some(0.0));
}

#[test]
fn an_invalid_rewrite_is_charged_and_a_fault_of_the_machine_is_not() {
    let (mut tree, _) = tree();
    let (made, kids) = (tree.made(), tree.get(GenerationId(1)).map(|g| g.kids));
    assert_eq!((made, kids), (3, Some(2)), "one of them was rejected");
    tree.plan(plan(4, Some(1), GenerationStatus::Fault));
    assert_eq!((tree.made(), tree.get(GenerationId(1)).map(|g| g.kids)), (made, kids));
}

#[test]
fn best_moves_by_more_than_its_cases_disagree() {
    let (mut tree, episode) = tree();
    let cases = |select: f64, cases: &[f64]| EpisodeResult {
        select_cases: cases.to_vec(),
        ..result(0.5, select)
    };
    tree.measured(GenerationId(0), episode.clone(), cases(0.5, &[0.4, 0.6, 0.5, 0.5]));
    // +0.05, but one case wins 0.5 and another loses 0.3: the standard error is 0.17.
    tree.measured(GenerationId(1), episode.clone(), cases(0.55, &[0.1, 1.1, 0.5, 0.5]));
    assert_eq!(tree.best(), GenerationId(0));
    // The same +0.05 on every case.
    tree.measured(GenerationId(3), episode, cases(0.55, &[0.45, 0.65, 0.55, 0.55]));
    assert_eq!(tree.best(), GenerationId(3));
}

#[test]
fn blocks_of_select_cases_are_never_compared() {
    let (mut tree, episode) = tree();
    let block = |select: f64, select_block| EpisodeResult { select_block, ..result(0.5, select) };
    tree.measured(GenerationId(0), episode.clone(), block(0.9, 0));
    tree.measured(GenerationId(1), episode.clone(), block(0.5, 0));
    let renewed =
        SelectResult { episode: episode.clone(), metric: Some(0.4), score: 0.4, cases: vec![0.4] };
    tree.renew_select(1, GenerationId(0), &[renewed]);
    assert_eq!(tree.best(), GenerationId(0), "0.5 was measured on other cases than 0.4");
    tree.measured(GenerationId(3), episode, block(0.45, 1));
    assert_eq!(tree.best(), GenerationId(3));
    let task = "t".parse().expect("a task");
    let solution = tree.best_solution(&task, |a, b| a > b).map(|(_, from)| from);
    assert_eq!(solution, Some(GenerationId(3)));
    assert_eq!(tree.get(GenerationId(0)).and_then(Generation::select_mean), Some(0.4));
}

#[test]
fn who_was_raced_out_neither_leads_nor_is_best() {
    let (mut tree, episode) = tree();
    tree.measured(GenerationId(0), episode.clone(), result(0.5, 0.5));
    tree.measured(GenerationId(1), episode, result(0.9, 0.9));
    let against = GenerationId(0);
    let report =
        RaceReport { against, measured: 1, asked: 3, difference: -0.1, evidence: 6.0, needed: 5.0 };
    tree.race_out(GenerationId(1), Some(report));
    assert_eq!((tree.leader(), tree.best()), (against, against));
    assert!(tree.get(GenerationId(1)).is_some_and(Generation::is_live), "it may be a parent");
}

#[test]
fn tasks_weigh_the_same_and_a_generation_that_lacks_one_leads_nobody() {
    let [a0, a1, a2, b0]: [EpisodeId; 4] =
        ["a#0", "a#1", "a#2", "b#0"].map(|id| id.parse().expect("an episode"));
    let mut tree = Lineage::new(vec![a0.clone(), b0.clone(), a1.clone(), a2.clone()]);
    tree.plan(plan(0, None, GenerationStatus::Valid));
    tree.plan(plan(1, Some(0), GenerationStatus::Valid));
    tree.plan(plan(2, Some(0), GenerationStatus::Valid));
    for episode in [&a0, &a1, &a2] {
        tree.measured(GenerationId(0), episode.clone(), result(0.25, 0.25));
    }
    tree.measured(GenerationId(0), b0.clone(), result(0.75, 0.75));
    let first = tree.get(GenerationId(0)).expect("a generation");
    assert_eq!((first.mean(), first.select_mean()), (Some(0.5), Some(0.5)));

    // Better on two episodes of one task, worse on the only one of the other: no better in all.
    tree.measured(GenerationId(1), a0.clone(), result(0.5, 0.5));
    tree.measured(GenerationId(1), a1, result(0.5, 0.5));
    tree.measured(GenerationId(1), b0, result(0.5, 0.5));
    assert_eq!(tree.effect(GenerationId(1)), Some(0.0));
    assert_eq!(tree.leader(), GenerationId(0), "equal means: the older");

    tree.measured(GenerationId(2), a0, result(0.9, 0.9));
    assert_eq!((tree.leader(), tree.best()), (GenerationId(0), GenerationId(0)));
}

#[test]
fn a_child_starts_from_the_best_of_its_ancestors_only() {
    let (mut tree, episode) = tree();
    tree.measured(GenerationId(0), episode.clone(), result(0.2, 0.2));
    tree.measured(GenerationId(1), episode.clone(), result(0.1, 0.1));
    tree.measured(GenerationId(3), episode.clone(), result(0.9, 0.9));
    let (_, from) = tree.carried(GenerationId(3), &episode.task, |a, b| a > b).expect("a solution");
    assert_eq!(from, GenerationId(0));
    assert!(tree.carried(GenerationId(0), &episode.task, |a, b| a > b).is_none());
}

#[test]
fn what_a_script_retired_stays_retired_unless_a_person_goes_on_from_it() {
    let (mut tree, _) = tree();
    tree.retire(GenerationId(1));
    assert!(tree.get(GenerationId(1)).is_some_and(|g| !g.is_live()));
    tree.roll_back(GenerationId(3));
    assert!(tree.get(GenerationId(1)).is_some_and(|g| g.retired));
    tree.roll_back(GenerationId(1));
    assert!(tree.get(GenerationId(1)).is_some_and(Generation::is_live));
    assert_eq!(tree.common_ancestor(GenerationId(2), GenerationId(3)), Some(GenerationId(1)));
}

#[test]
fn a_rollback_sets_aside_what_does_not_lead_to_it_and_refunds_it() {
    let (mut tree, _) = tree();
    assert_eq!((tree.made(), tree.latest()), (3, GenerationId(3)));
    tree.roll_back(GenerationId(1));
    assert_eq!((tree.made(), tree.latest()), (1, GenerationId(1)));
    assert!(tree.get(GenerationId(3)).is_some_and(|g| !g.is_live()));
    assert_eq!(tree.next_id(), GenerationId(4), "numbers go on from the highest");
    tree.roll_back(GenerationId(3));
    assert!(tree.get(GenerationId(3)).is_some_and(Generation::is_live));
}
