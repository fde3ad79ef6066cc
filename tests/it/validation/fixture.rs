//! One rewrite of the fault corpus: a folder with `expect.toml`, and the files it puts in place of the seed's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hyperagent::domain::agent::{RawContent, RawFile};
use hyperagent::domain::event::{Diagnostic, Stage};
use hyperagent::lab::agents::load_agent;
use hyperagent::rewrite::Report;
use serde::Deserialize;

/// `expect.toml` of one entry: what the rewrite does to the seed, beside the files that lie in the folder, and what must
/// come of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// For readers.
    #[serde(rename = "what")]
    _what: String,
    /// The seed that is rewritten.
    #[serde(default = "default_seed")]
    pub seed: String,
    /// The stage that refuses it; none: it is valid, and the code is that of a warning, if there is one.
    pub stage: Option<Stage>,
    pub code: Option<String>,
    file: Option<String>,
    /// The line that the finding names; none: the finding is about the whole file.
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

fn default_seed() -> String {
    "hyperagent".to_owned()
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
    /// That of a folder.
    pub fn of(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("expect.toml")).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    }

    /// What the report lacks; `None` when all is as expected.
    pub fn unmet(&self, report: &Report) -> Option<String> {
        if report.stage_failed() != self.stage || report.valid() != self.stage.is_none() {
            return Some(format!("expected {:?}, got {:?}", self.stage, report.stage_failed()));
        }
        let Some(code) = &self.code else {
            return report.diagnostics().next().map(|found| format!("expected nothing: {found}"));
        };
        let found = report.diagnostics().find(|finding| {
            finding.code == *code && self.file.as_ref().is_none_or(|file| *file == finding.file)
        });
        let Some(found) = found else { return Some(format!("no {code} in {:?}", self.file)) };
        if found.line != self.line.unwrap_or(0) {
            return Some(format!("line {}, expected {:?}", found.line, self.line));
        }
        if self.says.as_ref().is_some_and(|words| !found.message.contains(words)) {
            return Some(format!("it does not say {:?}", self.says));
        }
        (!mendable(found)).then(|| "it does not say what to do".to_owned())
    }

    /// The seed after the rewrite.
    pub fn apply(&self, seed: &[RawFile], folder: &Path) -> Vec<RawFile> {
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

/// Whether a finding tells its author what would be right: what is allowed, needed, there or the most, or an order.
fn mendable(finding: &Diagnostic) -> bool {
    const BOUNDS: [&str; 6] =
        ["allowed", ", need ", ", at most ", " must ", "; declared: ", "; fields: "];
    const ORDERS: [&str; 10] = [
        "use ", "write ", "build ", "move ", "remove ", "keep ", "return ", "define ", "test ",
        "guard ",
    ];
    let text = &finding.message;
    let clauses = text.split(';').skip(1).map(str::trim_start);
    BOUNDS.iter().any(|words| text.contains(words))
        || clauses.into_iter().any(|clause| ORDERS.iter().any(|order| clause.starts_with(order)))
}
