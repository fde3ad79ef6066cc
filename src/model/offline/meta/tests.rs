use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::base::id::GenerationId;
use crate::base::rng::stream;
use crate::domain::agent::{AgentConfig, AnswerFormat};
use crate::domain::edit::{Answer, apply, parse};
use crate::domain::event::{CallKey, Diagnostic, GenerationStatus};
use crate::model::{Brief, Lesson, Message, Speaker};

const AGENT: &str = r#"
[roles.worker]
prompt = "prompts/worker.md"
model = "offline"
format = "edit"

[roles.meta]
prompt = "prompts/meta.md"
model = "offline"
format = "edit"

[params]
meta_step = 0.4      # 0.05 to 1.5

[operators]
num = 1.0            # weight
stmt_insert = 4.0    # weight
sigma = 0.3
"#;
const SCRIPT: &str = "def next_step(S, rng):\n    return stop(why = \"\")\n\ndef accept(c, inc, T, rng):\n    return True\n";

fn brief() -> MetaBrief {
    MetaBrief {
        params: Default::default(),
        files: FileSet::from_iter([
            (AGENT_TOML, AGENT),
            (STRATEGY, SCRIPT),
            ("prompts/worker.md", "Improve it.\n"),
            ("memory/notes.md", "# Notes\n"),
        ]),
        editable: Vec::new(),
        lessons: Vec::new(),
        credit: BTreeMap::new(),
        practice: Vec::new(),
        findings: Vec::new(),
        format: AnswerFormat::Edit,
    }
}

fn request(brief: &MetaBrief, messages: Vec<Message>) -> Request {
    Request {
        key: CallKey::Rewrite { generation: GenerationId(1), turn: 0 },
        role: "meta".to_owned(),
        alias: "offline".parse().expect("an alias"),
        messages,
        temperature: None,
        top_p: None,
        max_output_tokens: 1000,
        seed: 1,
        brief: Arc::new(Brief::Meta(brief.clone())),
        beside: Default::default(),
        tools: Default::default(),
    }
}

fn rewritten(brief: &MetaBrief, manner: Manner, seed: u64) -> (FileSet, Answer) {
    let mut rng = stream(seed, "test", &[]);
    let text = super::answer(&request(brief, Vec::new()), brief, manner, &mut rng).expect("text");
    let answer = parse(&text, brief.format, &(&brief.editable).into()).expect("an answer");
    (apply(&brief.files, &answer).expect("files"), answer)
}

fn lesson(number: u32, summary: &str, effect: f64) -> Lesson {
    Lesson {
        generation: GenerationId(number),
        parent: GenerationId(0),
        summary: summary.to_owned(),
        status: GenerationStatus::Valid,
        effect: Some(effect),
    }
}

#[test]
fn every_rewrite_changes_the_agent_and_leaves_a_readable_configuration() {
    let mut kinds = BTreeMap::new();
    for seed in 0..300 {
        let mut brief = brief();
        brief.lessons = vec![lesson(1, "param: operators.num 1.0 -> 2.0", 0.1)];
        brief.format = if seed % 2 == 0 { AnswerFormat::Edit } else { AnswerFormat::Full };
        let manner = if seed % 3 == 0 { Manner::Uniform } else { Manner::Guided };
        let (files, answer) = rewritten(&brief, manner, seed);
        assert_ne!(files, brief.files);
        let config: AgentConfig =
            toml::from_str(files.get(AGENT_TOML).expect("a file")).expect("a configuration");
        let weights = &config.operators;
        assert!(weights.num >= 0.0 && (0.0001..=2.0).contains(&weights.sigma));
        let kind = answer.summary.split(':').next().expect("a kind").to_owned();
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert_eq!(
        kinds.keys().map(String::as_str).collect::<Vec<_>>(),
        ["balance", "fragment", "memory", "param", "switch"]
    );
}

#[test]
fn comments_beside_numbers_stay() {
    let mut brief = brief();
    brief.editable = vec![AGENT_TOML.to_owned()];
    for seed in 0..50 {
        let (files, _) = rewritten(&brief, Manner::Guided, seed);
        let text = files.get(AGENT_TOML).expect("a file");
        assert_eq!(text.matches("# weight").count(), 2, "{text}");
        assert_eq!(files.get(STRATEGY), Some(SCRIPT));
    }
}

#[test]
fn what_helped_is_tried_more_often() {
    let mut brief = brief();
    let helps = |number| lesson(number, "fragment: accept <- strict", 0.05);
    let hurts = |number| lesson(number, "param: operators.num 1.0 -> 2.0", -0.05);
    brief.lessons = (1..10).flat_map(|number| [helps(number), hurts(number + 100)]).collect();
    let is_fragment =
        |seed: &u64| rewritten(&brief, Manner::Guided, *seed).1.summary.starts_with("fragment");
    let guided = (0..100).filter(is_fragment).count();
    assert!(guided > 85, "{guided}");
}

#[test]
fn a_repair_takes_back_the_refused_change_and_makes_another() {
    for (seed, applied) in (0..60).flat_map(|seed| [(seed, true), (seed, false)]) {
        let mut brief = brief();
        let mut rng = stream(seed, "first", &[]);
        let first = super::answer(&request(&brief, Vec::new()), &brief, Manner::Guided, &mut rng)
            .expect("an answer");
        let before = brief.files.clone();
        let answer = parse(&first, brief.format, &Default::default()).expect("an answer");
        if applied {
            brief.files = apply(&before, &answer).expect("files");
        }
        brief.findings = vec![Diagnostic {
            code: "E206".to_owned(),
            file: AGENT_TOML.to_owned(),
            line: 3,
            message: "out of range".to_owned(),
        }];
        let messages = vec![Message { speaker: Speaker::Assistant, text: first }];
        let second = super::answer(&request(&brief, messages), &brief, Manner::Guided, &mut rng)
            .expect("an answer");
        let second = parse(&second, brief.format, &Default::default()).expect("an answer");
        let after = apply(&brief.files, &second).expect("files");
        let first_words = |text: &str| text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        assert!(
            second.summary.starts_with("fragment")
                || first_words(&second.summary) != first_words(&answer.summary)
        );
        assert_ne!(after, before);
        let changed = answer.edits.iter().any(|edit| match edit {
            crate::domain::edit::Edit::Replace { path, replace, .. } => {
                before.get(path).is_some_and(|text| !text.contains(replace.as_str()))
                    && after.get(path).is_some_and(|text| text.contains(replace.as_str()))
            }
            _ => false,
        });
        assert!(!changed, "{} stayed in {}", answer.summary, second.summary);
    }
}

#[test]
fn an_agent_whose_configuration_does_not_parse_is_an_error_that_says_so() {
    let mut brief = brief();
    brief.files.0.insert(AGENT_TOML.to_owned(), "[params\n".to_owned());
    let mut rng = stream(1, "test", &[]);
    let fault = super::answer(&request(&brief, Vec::new()), &brief, Manner::Guided, &mut rng);
    assert!(matches!(fault, Err(OfflineError::UnreadableAgent { .. })));
    brief.editable = vec!["prompts/".to_owned()];
    brief.files.0.insert(AGENT_TOML.to_owned(), AGENT.to_owned());
    let fault = super::answer(&request(&brief, Vec::new()), &brief, Manner::Guided, &mut rng);
    assert!(matches!(fault, Err(OfflineError::NothingToRewrite { .. })));
}
