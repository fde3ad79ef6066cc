//! A clock that jumps by hours while a run is under way.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyperagent::base::clock::Clock;
use hyperagent::base::environment::Environment;
use hyperagent::base::unit::UnixMillis;
use hyperagent::domain::event::Event;
use hyperagent::domain::settings::Budgets;
use hyperagent::engine::open::{self, Conditions, Order, RunEnd, StandStill, World};
use hyperagent::engine::repair::examine;
use hyperagent::lab::Lab;
use hyperagent::view::RunView;

use super::scene::Scene;
use crate::damage::finished;
use crate::engine::toy::git;

const HOUR_MS: u64 = 3_600_000;

/// How far it goes on with each reading.
const TICK_MS: u64 = 100;

/// A clock that is set hours ahead, right again, and then hours back for good.
struct Jumping(AtomicU64);

impl Clock for Jumping {
    fn now(&self) -> UnixMillis {
        let reading = self.0.fetch_add(1, Ordering::Relaxed);
        let right = 1_700_000_000_000 + reading * TICK_MS;
        UnixMillis(match reading {
            0..10 | 20..30 => right,
            10..20 => right + 5 * HOUR_MS,
            _ => right - 3 * HOUR_MS,
        })
    }
}

/// Performs the scene's run in this process with such a clock, and with a cap of less than it jumps.
fn perform(scene: &Scene, order: &Order) -> RunEnd {
    let world = World {
        lab: Lab::open(&scene.bench.path("lab")).expect("a lab"),
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        environment: Environment::from_os([(
            "PATH".into(),
            std::env::var_os("PATH").expect("a PATH"),
        )]),
        temporary: std::env::temp_dir(),
        clock: Arc::new(Jumping(AtomicU64::new(0))),
    };
    let conditions = Conditions {
        caps: Budgets { max_minutes: Some(30.0), ..Budgets::default() },
        parallel: Some(2),
        accept_no_sandbox: false,
    };
    let (observer, _records) = tokio::sync::mpsc::unbounded_channel();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime
        .block_on(open::run(&world, order, &conditions, observer.into(), StandStill::default()))
        .expect("an end")
}

#[test]
fn a_clock_that_jumps_changes_no_tree_spends_no_time_cap_and_tells_no_nonsense() {
    let undisturbed = finished();
    let first = undisturbed.records().into_iter().next().expect("a start").event;
    let Event::RunStarted { identity, agent, improver, .. } = first else { panic!("{first:?}") };

    let scene = Scene::warm();
    let ended = perform(&scene, &Order { identity, agent, improver });
    assert!(matches!(ended, RunEnd::Finished(_)), "{ended:?}");
    scene.outcome().is_that_of(&undisturbed.outcome(), "with a clock that jumps");

    let records = scene.records();
    let jumps = records.windows(2).filter(|pair| pair[1].at.0.abs_diff(pair[0].at.0) > HOUR_MS);
    assert_eq!(jumps.count(), 3, "ahead, right again, and back");
    assert!(records.iter().zip(1..).all(|(record, seq)| record.seq == seq));
    // What is computed from times: seconds of work, not hours.
    let worked = RunView::of(&records).working_ms;
    let truly = TICK_MS * records.len() as u64;
    assert!((truly / 2..=truly).contains(&worked), "{worked} ms of {truly}");
    let on = |verb: &[&str]| scene.bench.run(&[&["--lab", "lab"], verb].concat()).succeeds();
    let status = on(&["status"]).stdout;
    assert!(status.contains("worked") && !status.contains(" h "), "{status}");
    assert_eq!(on(&["log"]).stdout.matches("gen-0000").count(), 2, "the valid ones");
    // The journal is performed again and held against the archive as any other.
    assert_eq!(on(&["replay", "--json"]).json()["same"], true);
    let lab = Lab::open(&scene.bench.path("lab")).expect("a lab");
    assert_eq!(examine(&lab, false).expect("a look"), []);
    assert_eq!(git(&scene.bench, &["fsck", "--strict", "--no-dangling"]), "");
}
