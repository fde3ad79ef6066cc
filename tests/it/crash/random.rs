//! Kills at any moment.

use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::scene::Scene;
use crate::slow;

/// The longest that a process lives before it is killed, milliseconds; about the time that a process needs to take a run
/// up and do a little.
const LONGEST_MS: u64 = 700;

/// Numbers that look random, the same in every run of the test.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn a_run_killed_at_any_moment_and_again_and_again_comes_to_the_same() {
    let kills = if slow::is_on("crash") { 100 } else { 4 };
    let bigger = ["--generations", "3", "--attempts", "8", "--model", "offline"];
    let lab = if slow::is_on("crash") { Scene::warm().with(&bigger) } else { Scene::warm() };
    let undisturbed = Scene::like(&lab);
    undisturbed.perform(None).succeeds();
    let expected = undisturbed.outcome();

    let (_nobody_sends, never) = channel::<()>();
    let mut draws = Draws(1);
    let mut scene = Scene::like(&lab);
    let mut killed = 0;
    while killed < kills {
        let mut child = scene
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let _ = never.recv_timeout(Duration::from_millis(draws.below(LONGEST_MS)));
        let over = child.try_wait().expect("a state").is_some();
        child.kill().expect("killed");
        child.wait().expect("an end");
        if over {
            // It was faster; what is left of the kills is another run's.
            scene.outcome().is_that_of(&expected, "a run that was killed and came to its end");
            scene = Scene::like(&lab);
        } else {
            killed += 1;
        }
    }
    scene.perform(None).succeeds();
    scene.leaves_no_process("after the last kill");
    scene.outcome().is_that_of(&expected, "after the last kill");
}
