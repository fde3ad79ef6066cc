//! Every failpoint: a run killed there goes on to what an undisturbed one comes to.

use std::collections::BTreeMap;
use std::sync::Mutex;

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

fn passages(told: &str) -> Passages {
    told.lines()
        .filter_map(|line| line.strip_prefix("failpoint ")?.split_once(' '))
        .map(|(site, count)| (site.to_owned(), count.parse().expect("a count")))
        .collect()
}

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

    /// Kills one run at one failpoint after the other, until it is over before it gets to the next; then begins anew.
    fn kill_in_turn(&self, armed: &[(String, u64)]) {
        let mut under_way: Option<(Scene, Vec<String>)> = None;
        for (site, passage) in armed {
            let arming = format!("{site}:{passage}");
            let dead = match &under_way {
                Some((scene, _)) if self.warm[site] > 0 => scene.dies_at(&arming),
                _ => false,
            };
            if !dead {
                if let Some((scene, killed)) = under_way.take() {
                    self.end(&scene, &killed.join(" "));
                }
                let scene = self.lab_for(site);
                assert!(scene.dies_at(&arming), "{arming} was not reached");
                under_way = Some((scene, Vec::new()));
            }
            if let Some((scene, killed)) = &mut under_way {
                killed.push(arming);
                scene.leaves_no_process(&killed.join(" "));
            }
        }
        if let Some((scene, killed)) = under_way {
            self.end(&scene, &killed.join(" "));
        }
    }

    /// The passages to die at: the first, and later ones; or one of them in turns. The last may not be reached, as it varies
    /// how many lines share a write.
    fn chosen(&self, place: usize, site: &str) -> Vec<(String, u64)> {
        let count = self.warm[site];
        let chosen = match slow::is_on() {
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
    let undisturbed = Undisturbed::perform();
    let never: Vec<_> =
        undisturbed.cold.iter().filter(|(_, count)| **count == 0).map(|(site, _)| site).collect();
    let elsewhere = [IN_A_FULL_LAB[0], IN_A_FULL_LAB[1], AFTER_A_TORN_END];
    assert_eq!(never, elsewhere, "a run must pass every failpoint");
    assert!(undisturbed.cold.len() > 20, "{:?}", undisturbed.cold);
    let chosen: Vec<_> = (0..)
        .zip(undisturbed.cold.keys())
        .flat_map(|(n, site)| undisturbed.chosen(n, site))
        .collect();
    // Each alone, or all in turns.
    let together = if slow::is_on() { 1 } else { chosen.len().div_ceil(WORKERS) };
    let left = Mutex::new(chosen.chunks(together));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("the list").next();
                    let Some(armed) = next else { return };
                    undisturbed.kill_in_turn(armed);
                }
            });
        }
    });
}

#[test]
fn a_process_that_is_not_armed_has_no_failpoints_and_a_wrong_word_is_refused() {
    let scene = Scene::new();
    let ended = scene.perform(Some("nowhere:1")).fails_with(2).tells("journal-torn");
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    let ended = scene.perform(None).succeeds();
    assert!(!ended.stderr.contains("failpoint"), "{}", ended.stderr);
}
