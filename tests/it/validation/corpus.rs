//! The fault corpus: forty ways in which a rewrite can be wrong, numbered in `index.toml`, each shown to be caught.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use hyperagent::base::id::GenerationId;
use hyperagent::domain::event::Stage;
use hyperagent::lab::agents::load_agent;
use hyperagent::rewrite::{Rules, Submission, validate};
use serde::Deserialize;

use super::fixture::Expect;
use super::{pool, root, rules, texts, told};

/// The entries of the corpus.
const ENTRIES: u32 = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    entry: Vec<Entry>,
    /// What is wrong besides.
    also: Vec<Also>,
}

impl Index {
    fn fixtures(&self) -> impl Iterator<Item = &String> {
        let also = self.also.iter().flat_map(|also| &also.fixtures);
        self.entry.iter().flat_map(|entry| &entry.fixtures).chain(also)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Also {
    /// For readers.
    #[serde(rename = "what")]
    _what: String,
    fixtures: Vec<String>,
}

/// One way to be wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    number: u32,
    /// For readers.
    #[serde(rename = "what")]
    _what: String,
    /// The stage by which it must be caught; 4 is the guard on real actions.
    stage: usize,
    /// The codes it may be told with.
    codes: Vec<String>,
    /// Folders beside the index, which validation reads.
    #[serde(default)]
    fixtures: Vec<String>,
    /// Tests that show what no folder can, `FILE::FUNCTION` below `tests/it` or `src`.
    #[serde(default)]
    shown_by: Vec<String>,
}

fn folder() -> PathBuf {
    root().join("tests/fixtures/rewrites")
}

fn index() -> Index {
    let text = fs::read_to_string(folder().join("index.toml")).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn number(stage: Stage) -> usize {
    [Stage::Intake, Stage::Parse, Stage::Signature, Stage::DryRun]
        .into_iter()
        .position(|known| known == stage)
        .unwrap()
}

#[test]
fn the_index_numbers_every_entry_and_knows_every_folder() {
    let index = index();
    let numbers: Vec<u32> = index.entry.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=ENTRIES).collect::<Vec<_>>());
    let listed: BTreeSet<String> = index.fixtures().cloned().collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|found| found.unwrap())
        .filter(|found| found.path().is_dir())
        .map(|found| found.file_name().into_string().unwrap())
        .collect();
    assert_eq!(listed, there);
    for entry in &index.entry {
        let number = entry.number;
        assert!(!entry.fixtures.is_empty() || !entry.shown_by.is_empty(), "{number}");
        let seen: BTreeSet<String> = entry
            .fixtures
            .iter()
            .map(|name| Expect::of(&folder().join(name)))
            .inspect(|expect| {
                let stage = expect.stage.map_or(0, self::number);
                assert!(stage <= entry.stage, "{number}: stage {stage} is after {}", entry.stage);
                assert!(
                    expect.stage.is_some() || !entry.shown_by.is_empty() || expect.code.is_some()
                );
            })
            .filter_map(|expect| expect.code)
            .collect();
        let codes: BTreeSet<String> = entry.codes.iter().cloned().collect();
        assert!(seen.is_subset(&codes), "{number}: {seen:?} are not all in {codes:?}");
        assert!(seen == codes || !entry.shown_by.is_empty(), "{number}: who shows {codes:?}?");
        for test in &entry.shown_by {
            let (file, function) = test.split_once("::").unwrap();
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {function}()")), "{number}: there is no {test}");
        }
    }
}

#[tokio::test]
async fn every_entry_of_the_fault_corpus_is_caught_at_its_stage_with_its_code() {
    let seed = |name: &str| load_agent(&root().join("seed").join(name)).unwrap();
    let known = BTreeMap::from([(texts(&seed("hyperagent")).digest(), GenerationId(3))]);
    let rules = Rules { known: known.into(), ..rules() };
    let pool = pool().await;
    let mut failures = Vec::new();
    let index = index();
    for name in index.fixtures() {
        let folder = folder().join(name);
        let expect = Expect::of(&folder);
        let submission = Submission::of_folder(expect.apply(&seed(&expect.seed), &folder));
        let report = validate(submission, &rules, &pool).await.unwrap();
        if let Some(unmet) = expect.unmet(&report) {
            failures.push(format!("{name}: {unmet}\n{}", told(&report)));
        }
    }
    let all = index.fixtures().count();
    assert!(failures.is_empty(), "{} of {all}:\n{}", failures.len(), failures.join("\n"));
}
