//! Rewrites against the stages: the fault corpus, the seeds, valid rewrites that must not be refused, and script bombs.
#![cfg(test)]

mod bombs;
mod corpus;
mod fixture;
mod guarded;
mod mutation;
mod valid;

use std::fs;
use std::path::PathBuf;

use hyperagent::domain::agent::{AgentFiles, RawContent, RawFile};
use hyperagent::lab::agents::load_agent;
use hyperagent::rewrite::{Report, Rules, Submission, validate};
use hyperagent::sandbox::Host;
use hyperagent::script::Pool;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Workers at the best level this machine has, which is printed.
async fn pool() -> Pool {
    let level = super::measuring::level().await;
    println!("the scripts run at level {level}");
    Pool::new(Host {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_hyperagent")),
        level,
        temporary: std::env::temp_dir(),
    })
}

fn rules() -> Rules {
    let aliases = ["offline", "random"].map(|alias| alias.parse().unwrap());
    Rules { aliases: aliases.into_iter().collect(), known: Default::default(), seed: 7 }
}

/// A folder's files as text.
fn texts(raw: &[RawFile]) -> AgentFiles {
    let text = |file: &RawFile| match &file.content {
        RawContent::Bytes(bytes) => (file.path.clone(), String::from_utf8(bytes.clone()).unwrap()),
        other => panic!("{}: {other:?}", file.path),
    };
    raw.iter().map(text).collect()
}

fn told(report: &Report) -> String {
    report.diagnostics().map(|finding| format!("  {finding}\n")).collect()
}

#[tokio::test]
async fn the_seeds_and_the_working_agent_are_valid_without_a_warning() {
    let pool = pool().await;
    let seeds = fs::read_dir(root().join("seed")).unwrap().map(|entry| entry.unwrap().path());
    let mut agents: Vec<PathBuf> = seeds.filter(|seed| seed.is_dir()).collect();
    agents.push(root().join("agent_config"));
    assert!(agents.len() > 10, "{agents:?}");
    for folder in agents {
        let files = load_agent(&folder).unwrap();
        let agent = folder.display();
        let report = validate(Submission::of_folder(files), &rules(), &pool).await.unwrap();
        assert!(report.valid(), "{agent}:\n{}", told(&report));
        assert_eq!(told(&report), "", "{agent}");
        assert_eq!(report.stages.len(), 4);
    }
}

#[test]
fn no_strategy_is_longer_than_sixty_lines() {
    for entry in fs::read_dir(root().join("seed")).unwrap() {
        let script = entry.unwrap().path().join("strategy.star");
        let Ok(text) = fs::read_to_string(&script) else { continue };
        assert!(text.lines().count() <= 60, "{}: {}", script.display(), text.lines().count());
    }
}

#[test]
fn the_working_agent_starts_as_the_default_seed() {
    let seed = load_agent(&root().join("seed/hyperagent")).unwrap();
    assert_eq!(load_agent(&root().join("agent_config")).unwrap(), seed);
}

#[test]
fn every_code_that_can_be_told_is_documented() {
    let docs = fs::read_to_string(root().join("docs/validation.md")).unwrap();
    let mut pending = vec![root().join("src")];
    let mut codes = std::collections::BTreeSet::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let quoted = text.split('"').filter(|piece| {
                piece.len() == 4
                    && piece.starts_with(['E', 'W'])
                    && piece.bytes().skip(1).all(|b| b.is_ascii_digit())
            });
            codes.extend(quoted.map(str::to_owned));
        }
    }
    assert!(codes.len() > 30, "{codes:?}");
    let missing: Vec<_> = codes.iter().filter(|code| !docs.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
