use super::*;
use crate::base::unit::MicroUsd;
use crate::domain::event::{CallCost, CallKey, Event};
use crate::view::sample::{Recording, plan, small_run};

#[test]
fn a_run_is_folded_from_its_records() {
    let view = RunView::of(&small_run());
    assert_eq!(view.state(false), RunState::Finished);
    assert_eq!((view.rewrites(), view.rejected()), (3, 1));
    assert_eq!((view.attempts(), view.accepted(), view.trials()), (6, 3, 45));
    assert_eq!(view.best(), Some(GenerationId(3)));
    assert_eq!(view.latest, Some(GenerationId(3)));
    let second = &view.generations[&GenerationId(1)];
    assert!((view.effect(second).expect("an effect") - 0.1).abs() < 1e-9);
    assert_eq!(view.spend().calls, 9);
    assert!(view.offline("worker") && !view.offline("reviewer"));
}

#[test]
fn time_between_processes_is_not_work() {
    let mut recording = Recording::default();
    recording.start();
    recording
        .at(UnixMillis(1_000_500))
        .say(Event::RunHalted { why: Halt::Interrupted, detail: "ctrl-c".into() });
    recording
        .at(UnixMillis(9_000_000))
        .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
    recording
        .at(UnixMillis(9_000_250))
        .say(Event::RunFinished { best: GenerationId(0), why: "done".into() });
    let view = RunView::of(&recording.records);
    assert_eq!(view.working_ms, 750);
}

#[test]
fn a_clock_that_jumps_back_takes_no_time_away_and_brings_nothing_out_of_order() {
    let mut recording = Recording::default();
    recording.start();
    let halted = || Event::RunHalted { why: Halt::Interrupted, detail: String::new() };
    recording
        .at(UnixMillis(1_000_400))
        .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
    let alias: Alias = "fast".parse().expect("an alias");
    recording.at(UnixMillis(5)).say(Event::ProviderBack { alias });
    recording.at(UnixMillis(305)).say(halted());
    let view = RunView::of(&recording.records);
    assert_eq!((view.working_ms, view.state(false)), (300, RunState::Interrupted));
}

#[test]
fn hours_that_a_clock_jumps_forward_and_back_again_are_no_work() {
    const HOURS: u64 = 5 * 3_600_000;
    let mut recording = Recording::default();
    recording.start();
    recording
        .at(UnixMillis(2_000_000))
        .say(Event::RunResumed { sandbox: SandboxLevel::Full, interpreter: None });
    let alias: Alias = "fast".parse().expect("an alias");
    let back = || Event::ProviderBack { alias: alias.clone() };
    recording.at(UnixMillis(2_000_100)).say(back());
    recording.at(UnixMillis(2_000_200 + HOURS)).say(back());
    recording.at(UnixMillis(2_000_300 + HOURS)).say(back());
    recording.at(UnixMillis(2_000_400)).say(back());
    recording.at(UnixMillis(2_000_500)).say(back());
    assert_eq!(RunView::of(&recording.records).process_ms, 500);
}

#[test]
fn an_open_journal_without_a_process_is_interrupted() {
    let mut recording = Recording::default();
    recording.start();
    let view = RunView::of(&recording.records);
    assert_eq!(view.state(true), RunState::Running);
    assert_eq!(view.state(false), RunState::Interrupted);
    assert!(view.why(false).contains("nothing recorded is lost"));
}

#[test]
fn a_provider_that_is_down_pauses_and_a_rollback_moves_latest() {
    let mut recording = Recording::default();
    recording.records = small_run();
    recording.say(Event::RunHalted { why: Halt::Provider, detail: "fast: 429".into() });
    assert_eq!(RunView::of(&recording.records).state(false), RunState::Paused);
    recording.say(Event::RolledBack { to: GenerationId(1) });
    let view = RunView::of(&recording.records);
    assert_eq!(view.latest, Some(GenerationId(1)));
    assert_eq!(view.state(false), RunState::Interrupted);
}

#[test]
fn what_an_answer_cost_belongs_to_the_alias_that_gave_it() {
    let mut recording = Recording::default();
    recording.start();
    let [asked, answered]: [Alias; 2] = ["fast", "slow"].map(|a| a.parse().expect("an alias"));
    recording.say(Event::Answered {
        key: CallKey::Rewrite { generation: GenerationId(1), turn: 0 },
        role: "meta".into(),
        alias: asked.clone(),
        prompt: crate::base::digest::Digest::of(b""),
        text: String::new(),
        calls: Vec::new(),
        kept: None,
        unusable: None,
        cost: CallCost {
            usd: Some(MicroUsd(7)),
            answered_by: Some(answered.clone()),
            ..CallCost::default()
        },
    });
    let view = RunView::of(&recording.records);
    assert_eq!(view.spend_by_model.keys().collect::<Vec<_>>(), [&answered]);
    assert_eq!(view.asked["meta"], BTreeSet::from([asked]));
}

#[test]
fn a_run_whose_provider_is_away_is_paused_until_it_is_back() {
    let mut recording = Recording::default();
    recording.start();
    let alias: Alias = "fast".parse().expect("an alias");
    recording.say(Event::ProviderPaused { alias: alias.clone(), why: "status 429".into() });
    let view = RunView::of(&recording.records);
    assert_eq!(view.state(true), RunState::Paused);
    assert_eq!(view.why(true), "model fast waits for its provider (status 429)");
    assert_eq!(view.state(false), RunState::Interrupted);
    recording.say(Event::ProviderBack { alias });
    let view = RunView::of(&recording.records);
    assert_eq!((view.state(true), view.why(true)), (RunState::Running, String::new()));
}

#[test]
fn an_opened_test_split_leaves_the_run_where_it_stands() {
    let mut recording = Recording::default();
    recording.start();
    let opened = RunView::of(&recording.records);
    recording.at(UnixMillis(5_000_000)).say(Event::TestOpened { opening: 1, pairs: Vec::new() });
    let interrupted = RunView::of(&recording.records);
    assert_eq!(interrupted.tests[0].results, None);
    recording.say(Event::Tested { opening: 1, results: Vec::new() });
    let view = RunView::of(&recording.records);
    assert_eq!(view.tests[0].results, Some(Vec::new()));
    assert_eq!((&view.phase, view.working_ms), (&opened.phase, opened.working_ms));
}

#[test]
fn before_the_end_the_highest_select_mean_is_best_and_ties_go_to_the_older() {
    let mut recording = Recording::default();
    recording.start();
    recording.rewrite(plan(0, None, "seed"));
    recording.measure(0, 0.05, 0.1, 0.2);
    recording.rewrite(plan(1, Some(0), "a"));
    recording.measure(1, 0.05, 0.3, 0.25);
    recording.rewrite(plan(2, Some(0), "b"));
    recording.measure(2, 0.05, 0.4, 0.25);
    assert_eq!(RunView::of(&recording.records).best(), Some(GenerationId(1)));
}

#[test]
fn what_a_rollback_set_aside_is_neither_best_nor_counted() {
    let mut recording = Recording::default();
    recording.start();
    recording.rewrite(plan(0, None, "seed"));
    recording.measure(0, 0.05, 0.1, 0.2);
    recording.rewrite(plan(1, Some(0), "a"));
    recording.measure(1, 0.05, 0.3, 0.3);
    recording.rewrite(plan(2, Some(0), "b"));
    recording.measure(2, 0.05, 0.4, 0.5);
    assert_eq!(RunView::of(&recording.records).best(), Some(GenerationId(2)));
    recording.say(Event::RolledBack { to: GenerationId(1) });
    let view = RunView::of(&recording.records);
    assert_eq!((view.best(), view.latest), (Some(GenerationId(1)), Some(GenerationId(1))));
    assert_eq!((view.rewrites(), view.set_aside()), (1, 1));
    let page = crate::view::ink::Page::PLAIN;
    let log = crate::view::listing::list(&view, page, false);
    assert!(log.contains("1 of 3 rewrites, 1 set aside") && log.contains("(set aside)"), "{log}");
}
