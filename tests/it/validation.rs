//! Rewrites against the four stages: the fault corpus, the seeds, and valid rewrites that must not be refused.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyperagent::base::id::GenerationId;
use hyperagent::domain::agent::{AgentFiles, AnswerFormat, RawContent, RawFile};
use hyperagent::domain::edit;
use hyperagent::domain::editable::EditablePaths;
use hyperagent::domain::event::{CallKey, Stage};
use hyperagent::lab::agents::load_agent;
use hyperagent::model::{Brief, MetaBrief, Request, offline};
use hyperagent::rewrite::{Report, Rules, Submission, validate};
use hyperagent::sandbox::Host;
use hyperagent::script::Pool;
use serde::Deserialize;

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

/// `expect.toml` of one entry: what the rewrite does to the seed, beside the files that lie in the folder, and what must
/// come of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// For readers.
    #[serde(rename = "what")]
    _what: String,
    stage: Stage,
    code: String,
    file: Option<String>,
    line: Option<u32>,
    /// Words the message must hold.
    says: Option<String>,
    #[serde(default)]
    add: Vec<Add>,
    #[serde(default)]
    append: Vec<Add>,
    #[serde(default)]
    bytes: Vec<Bytes>,
    #[serde(default)]
    replace: Vec<Replace>,
    #[serde(default)]
    delete: Vec<String>,
    #[serde(default)]
    link: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    path: String,
    text: String,
    /// How often the text stands there.
    #[serde(default = "once")]
    times: usize,
    /// Parts of a made-up key that takes the place of `KEY`; in parts, so that no scanner takes it for a real one.
    #[serde(default)]
    key: Vec<String>,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    path: String,
    hex: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replace {
    path: String,
    find: String,
    with: String,
}

impl Expect {
    /// The seed after the rewrite.
    fn apply(&self, seed: &[RawFile], folder: &Path) -> Vec<RawFile> {
        let mut files: BTreeMap<String, RawContent> =
            seed.iter().map(|file| (file.path.clone(), file.content.clone())).collect();
        for file in load_agent(folder).unwrap() {
            if file.path != "expect.toml" {
                files.insert(file.path, file.content);
            }
        }
        let text = |files: &BTreeMap<String, RawContent>, path: &str| match files.get(path) {
            Some(RawContent::Bytes(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
            other => panic!("{path}: {other:?}"),
        };
        for add in &self.add {
            let text = add.text.replace("KEY", &add.key.concat()).repeat(add.times);
            files.insert(add.path.clone(), RawContent::Bytes(text.into_bytes()));
        }
        for add in &self.append {
            let text = text(&files, &add.path) + &add.text;
            files.insert(add.path.clone(), RawContent::Bytes(text.into_bytes()));
        }
        for bytes in &self.bytes {
            let digits: Vec<char> = bytes.hex.chars().collect();
            let byte =
                |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
            let content = RawContent::Bytes(digits.chunks(2).map(byte).collect());
            files.insert(bytes.path.clone(), content);
        }
        for replace in &self.replace {
            let before = text(&files, &replace.path);
            assert_eq!(before.matches(&replace.find).count(), 1, "{:?}", replace.find);
            let after = before.replace(&replace.find, &replace.with);
            files.insert(replace.path.clone(), RawContent::Bytes(after.into_bytes()));
        }
        for path in &self.delete {
            assert!(files.remove(path).is_some(), "{path} is not there");
        }
        for path in &self.link {
            files.insert(path.clone(), RawContent::Link);
        }
        files.into_iter().map(|(path, content)| RawFile { path, content }).collect()
    }
}

#[tokio::test]
async fn every_entry_of_the_fault_corpus_is_caught_at_its_stage_with_its_code() {
    let seed = load_agent(&root().join("seed/hyperagent")).unwrap();
    let known = BTreeMap::from([(texts(&seed).digest(), GenerationId(3))]);
    let rules = Rules { known: known.into(), ..rules() };
    let pool = pool().await;
    let corpus = root().join("tests/fixtures/rewrites");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut failures = Vec::new();
    let mut by_stage: BTreeMap<String, usize> = BTreeMap::new();
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("expect.toml")).unwrap();
        let expect: Expect =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let submission = Submission::of_folder(expect.apply(&seed, folder));
        let report = validate(submission, &rules, &pool).await.unwrap();
        *by_stage.entry(format!("{:?}", expect.stage)).or_default() += 1;
        let caught = report.diagnostics().any(|finding| {
            finding.code == expect.code
                && expect.file.as_ref().is_none_or(|file| *file == finding.file)
                && expect.line.is_none_or(|line| line == finding.line)
                && expect.says.as_ref().is_none_or(|words| finding.message.contains(words))
        });
        if report.valid() || report.stage_failed() != Some(expect.stage) || !caught {
            failures.push(format!(
                "{name}: expected {:?} {}, got {:?}\n{}",
                expect.stage,
                expect.code,
                report.stage_failed(),
                told(&report)
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        folders.len(),
        failures.join("\n")
    );
    assert!(by_stage.len() == 4 && by_stage.values().all(|count| *count >= 3), "{by_stage:?}");
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
