//! Every failpoint: a run killed there, or whose disk is full there, goes on to what an undisturbed one comes to.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use hyperagent::base::failpoint::Site;

use super::scene::{Outcome, Scene};
use crate::slow;

/// Reached only by the process after one that left a torn end.
const AFTER_A_TORN_END: &str = "journal-cut";
/// Reached only where very much has piled up.
const IN_A_FULL_LAB: [&str; 2] = ["compact-packed", "compact-swept"];
/// Runs killed side by side.
const WORKERS: usize = 2;

/// How often a run passes each site, by name.
type Passages = BTreeMap<String, u64>;

pub fn passages(told: &str) -> Passages {
    told.lines()
        .filter_map(|line| line.strip_prefix("failpoint ")?.split_once(' '))
        .map(|(site, count)| (site.to_owned(), count.parse().expect("a count")))
        .collect()
}

/// The run that the others are compared with.
static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(Undisturbed::perform);

/// What is done to a run at a failpoint, if it gets there.
type Disturb = fn(&Scene, &str) -> bool;

/// What a run comes to that nobody disturbs.
struct Undisturbed {
    outcome: Outcome,
    /// Passages of a run in a new lab.
    cold: Passages,
    /// Passages in a lab where the repository stands and the machine is known.
    warm: Passages,
    /// Such a lab.
    lab: Scene,
}

impl Undisturbed {
    fn perform() -> Self {
        let scene = Scene::new();
        let cold = passages(&scene.perform(Some("count")).succeeds().stderr);
        let lab = Scene::warm();
        let again = Scene::like(&lab);
        let warm = passages(&again.perform(Some("count")).succeeds().stderr);
        let outcome = scene.outcome();
        again.outcome().is_that_of(&outcome, "a second run");
        Self { outcome, cold, warm, lab }
    }

    /// A lab whose next run passes the site.
    fn lab_for(&self, site: &str) -> Scene {
        if site == AFTER_A_TORN_END {
            let scene = Scene::like(&self.lab);
            assert!(scene.dies_at("journal-torn:3"), "no torn end");
            scene
        } else if IN_A_FULL_LAB.contains(&site) {
            let scene = Scene::like(&self.lab);
            scene.pile_up();
            scene
        } else if self.warm[site] == 0 {
            Scene::new()
        } else {
            Scene::like(&self.lab)
        }
    }

    /// Goes on with a run to its end, and compares.
    fn end(&self, scene: &Scene, when: &str) {
        scene.perform(None).succeeds();
        scene.leaves_no_process(when);
        scene.outcome().is_that_of(&self.outcome, when);
    }

    /// Disturbs one run at one failpoint after the other, until it is over before it gets to the next; then begins anew.
    fn disturb_in_turn(&self, disturb: Disturb, armed: &[(String, u64)]) {
        let mut under_way: Option<(Scene, Vec<String>)> = None;
        for (site, passage) in armed {
            let arming = format!("{site}:{passage}");
            let disturbed = match &under_way {
                Some((scene, _)) if self.warm[site] > 0 => disturb(scene, &arming),
                _ => false,
            };
            if !disturbed {
                if let Some((scene, before)) = under_way.take() {
                    self.end(&scene, &before.join(" "));
                }
                let scene = self.lab_for(site);
                assert!(disturb(&scene, &arming), "{arming} was not reached");
                under_way = Some((scene, Vec::new()));
            }
            if let Some((scene, before)) = &mut under_way {
                before.push(arming);
                scene.leaves_no_process(&before.join(" "));
            }
        }
        if let Some((scene, before)) = under_way {
            self.end(&scene, &before.join(" "));
        }
    }

    /// Disturbs runs at these places, several at once.
    fn disturb_at(&self, disturb: Disturb, chosen: &[(String, u64)]) {
        // Each alone, or all in turns.
        let together = if slow::is_on("crash") { 1 } else { chosen.len().div_ceil(WORKERS) };
        let left = Mutex::new(chosen.chunks(together));
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().expect("the list").next();
                        let Some(armed) = next else { return };
                        self.disturb_in_turn(disturb, armed);
                    }
                });
            }
        });
    }

    /// The passages to die at: the first, and later ones; or one of them in turns. The last may not be reached, as it varies
    /// how many lines share a write.
    fn chosen(&self, place: usize, site: &str) -> Vec<(String, u64)> {
        let count = self.warm[site];
        let chosen = match slow::is_on("crash") {
            true => vec![1, count / 4, count / 2, 3 * count / 4],
            false if place.is_multiple_of(2) => vec![1],
            false => vec![(count / 2).min(4)],
        };
        let mut chosen: Vec<u64> = chosen.into_iter().map(|passage| passage.max(1)).collect();
        chosen.dedup();
        chosen.into_iter().map(|passage| (site.to_owned(), passage)).collect()
    }
}

#[test]
fn a_run_killed_at_any_failpoint_goes_on_to_what_an_undisturbed_one_comes_to() {
    let undisturbed = &*UNDISTURBED;
    let never: Vec<_> =
        undisturbed.cold.iter().filter(|(_, count)| **count == 0).map(|(site, _)| site).collect();
    let elsewhere = [IN_A_FULL_LAB[0], IN_A_FULL_LAB[1], AFTER_A_TORN_END];
    assert_eq!(never, elsewhere, "a run must pass every failpoint");
    assert!(undisturbed.cold.len() > 20, "{:?}", undisturbed.cold);
    let sites = (0..).zip(Site::ALL);
    let chosen: Vec<_> = sites.flat_map(|(n, site)| undisturbed.chosen(n, site.as_str())).collect();
    undisturbed.disturb_at(Scene::dies_at, &chosen);
}

#[test]
fn a_run_whose_disk_is_full_at_any_write_says_so_and_goes_on_once_there_is_room() {
    let writing = || Site::ALL.iter().copied().filter(|site| site.writes());
    assert!(writing().count() > 10, "{:?}", writing().collect::<Vec<_>>());
    let undisturbed = &*UNDISTURBED;
    let chosen = |(n, site): (usize, Site)| {
        let name = site.as_str();
        match site {
            // What is known of the machine is written first, and a run does without it; the journal's header comes last.
            Site::FileStaged | Site::FileReplaced => {
                vec![(name.to_owned(), undisturbed.warm[name])]
            }
            _ => undisturbed.chosen(n, name),
        }
    };
    let chosen: Vec<_> = (0..).zip(writing()).flat_map(chosen).collect();
    undisturbed.disturb_at(Scene::fills_up_at, &chosen);
    let refused = undisturbed.lab_for("answer-asked").perform(Some("answer-asked:1:enospc"));
    refused.fails_with(2).tells("where something is written: repository-staged");
}

#[test]
fn what_could_not_be_flushed_is_taken_back_and_what_a_killed_process_wrote_stays() {
    let (full, killed) =
        (UNDISTURBED.lab_for("journal-flush"), UNDISTURBED.lab_for("journal-flush"));
    assert!(full.fills_up_at("journal-flush:1") && killed.dies_at("journal-flush:1"));
    assert_eq!((full.records().len(), killed.records().len()), (0, 1), "the start of the run");
}

#[test]
fn a_process_that_is_not_armed_has_no_failpoints_and_a_wrong_word_is_refused() {
    let scene = Scene::new();
    let ended = scene.perform(Some("nowhere:1")).fails_with(2).tells("journal-torn");
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    let ended = scene.perform(None).succeeds();
    assert!(!ended.stderr.contains("failpoint"), "{}", ended.stderr);
}
