//! Rewrites that are valid must not be refused: those of the offline meta role, and random ones of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hyperagent::base::id::GenerationId;
use hyperagent::base::rng;
use hyperagent::domain::agent::{AgentFiles, AnswerFormat};
use hyperagent::domain::edit;
use hyperagent::domain::editable::EditablePaths;
use hyperagent::domain::event::CallKey;
use hyperagent::lab::agents::load_agent;
use hyperagent::model::{Brief, MetaBrief, Request, offline};
use hyperagent::rewrite::{Submission, validate};
use hyperagent::script::Pool;
use rand::RngExt;

use super::mutation::CHANGES;
use super::{pool, root, rules, texts, told};
use crate::slow;

/// Random rewrites tried, and in the long form.
const RANDOM: (u64, u64) = (40, 200);
/// Each takes up to so many changes.
const MOST_CHANGES: u32 = 4;

/// The agents that are rewritten in turn.
fn seeds() -> Vec<AgentFiles> {
    let mut folders: Vec<_> = std::fs::read_dir(root().join("seed"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| texts(&load_agent(folder).unwrap())).collect()
}

/// A rewrite of the seed, and what was done to it. Every change has its turn; others join it.
fn rewrite(seed: &AgentFiles, number: u64) -> (AgentFiles, Vec<&'static str>) {
    let mut random = rng::stream(7, "valid rewrite", &[number]);
    let mut files = seed.clone();
    let mut done = Vec::new();
    let mut at = usize::try_from(number).unwrap() % CHANGES.len();
    let wanted = random.random_range(1..=MOST_CHANGES);
    for _ in 0..wanted {
        let (name, change) = CHANGES[at];
        if change(&mut files, &mut random) {
            done.push(name);
        }
        at = random.random_range(0..CHANGES.len());
    }
    (files, done)
}

/// Validates rewrites; says which were refused or warned of, and why.
async fn refused(pool: &Pool, rewrites: &[(&AgentFiles, AgentFiles, Vec<&str>)]) -> Vec<String> {
    let mut alarms = Vec::new();
    for (seed, files, done) in rewrites {
        let submission = Submission::of_rewrite(files, seed, &[]);
        let report = validate(submission, &rules(), pool).await.unwrap();
        if !report.valid() || report.diagnostics().next().is_some() {
            alarms.push(format!(
                "{done:?}:\n{}{}",
                told(&report),
                files.get("strategy.star").unwrap()
            ));
        }
    }
    alarms
}

#[tokio::test]
async fn random_valid_rewrites_raise_no_alarm() {
    let (pool, seeds) = (pool().await, seeds());
    let all = if slow::is_on("rewrites") { RANDOM.1 } else { RANDOM.0 };
    let mut rewrites = Vec::new();
    let mut number = 0;
    while (rewrites.len() as u64) < all {
        // The turns of seeds and changes drift against each other, so that every change meets every seed.
        let seed = &seeds[usize::try_from(number + number / 18).unwrap() % seeds.len()];
        let (files, done) = rewrite(seed, number);
        if files != *seed {
            rewrites.push((seed, files, done));
        }
        number += 1;
    }
    let kinds: BTreeSet<&str> = rewrites.iter().flat_map(|rewrite| rewrite.2.clone()).collect();
    assert_eq!(kinds.len(), CHANGES.len(), "{kinds:?}");
    let different: BTreeSet<String> =
        rewrites.iter().map(|rewrite| rewrite.1.digest().to_string()).collect();
    assert_eq!(different.len(), rewrites.len());
    let (one, other) = rewrites.split_at(rewrites.len() / 2);
    let (mut alarms, more) = tokio::join!(refused(&pool, one), refused(&pool, other));
    alarms.extend(more);
    let all = rewrites.len();
    assert!(alarms.is_empty(), "{} of {all}:\n{}", alarms.len(), alarms.join("\n"));
}

/// Rewrites tried; each builds on the one before, so they reach agents far from the seed.
const REWRITES: u32 = 12;

#[tokio::test]
async fn rewrites_of_the_offline_meta_role_are_never_refused() {
    let seed = load_agent(&root().join("seed/hyperagent")).unwrap();
    let mut agent = texts(&seed);
    let pool = pool().await;
    for number in 1..=REWRITES {
        let brief = MetaBrief {
            files: agent.clone(),
            params: BTreeMap::new(),
            editable: Vec::new(),
            lessons: Vec::new(),
            credit: BTreeMap::new(),
            practice: Vec::new(),
            findings: Vec::new(),
            format: AnswerFormat::Edit,
        };
        let request = Request {
            key: CallKey::Rewrite { generation: GenerationId(number), turn: 0 },
            role: "meta".to_owned(),
            alias: "offline".parse().unwrap(),
            messages: Vec::new(),
            temperature: None,
            top_p: None,
            max_output_tokens: 8192,
            seed: u64::from(number),
            brief: Arc::new(Brief::Meta(brief)),
            beside: Arc::default(),
            tools: Default::default(),
        };
        let answer = offline::answer(&request).unwrap().text;
        let parsed = edit::parse(&answer, AnswerFormat::Edit, &EditablePaths::default()).unwrap();
        let rewritten = edit::apply(&agent, &parsed).unwrap();
        let submission = Submission::of_rewrite(&rewritten, &agent, &[]);
        let report = validate(submission, &rules(), &pool).await.unwrap();
        assert!(report.valid(), "rewrite {number}:\n{answer}\n{}", told(&report));
        agent = rewritten;
    }
}
