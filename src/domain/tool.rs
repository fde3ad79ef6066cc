//! Tools that a role may call while it works in turns.
//!
//! A call comes as a provider's own tool call ([`ToolCall`]) or as a line `TOOL name arguments` of an answer; both are read
//! into the same [`Called`]. So every model, command and person can use the tools, and a journal's answers hold the whole
//! conversation whichever way it took. Lines stand before any change in an answer: what is inside a change is text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The longest result of one call, characters.
pub const RESULT_CHARS: usize = 12_000;
/// Calls that are served in one turn.
pub const CALLS: usize = 8;
/// What a worker's `tools` in `agent.toml` may name.
pub const WORKER_TOOLS: [&str; 2] = ["history", "test"];
/// The argument of a native call that holds a draft.
const DRAFT: &str = "answer";
const WORD: &str = "TOOL ";

/// A call of a tool as a provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's name of the call; its result refers to it. Empty where a provider gives none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, a JSON object; empty where they could not be read.
    #[serde(default)]
    pub arguments: Value,
    /// Why the arguments could not be read, if they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What the provider wants back with the call, unread (Gemini's thought signatures).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What a tool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Something is looked up.
    Look,
    /// The changes of the same answer are tried, and taken for nothing else.
    Try,
    /// The changes tried last are handed in.
    Submit,
}

/// One argument of a look-up; all of them are words.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub what: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A tool that a role is offered.
#[derive(Debug)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// The arguments of a look-up, in the order of a line.
    pub arguments: &'static [Argument],
    /// What it comes to.
    pub what: &'static str,
}

impl ToolSpec {
    /// Its arguments as the JSON schema of an object.
    pub fn schema(&self) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for Argument { name, what, optional } in self.arguments {
            properties.insert((*name).into(), json!({"type": "string", "description": what}));
            if !optional {
                required.push(*name);
            }
        }
        if self.purpose == Purpose::Try {
            let what = "the whole answer with its changes, in the form demanded; absent: the text beside the call";
            properties.insert(DRAFT.into(), json!({"type": "string", "description": what}));
        }
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    /// How a line calls it.
    fn usage(&self) -> String {
        let words = self.arguments.iter().map(|argument| match argument.optional {
            false => format!(" {}", argument.name.to_uppercase()),
            true => format!(" [{}]", argument.name.to_uppercase()),
        });
        format!("{WORD}{}{}", self.name, words.collect::<String>())
    }
}

/// What a prompt says about tools that are called by lines.
pub fn card(turns: u32, specs: &[&ToolSpec]) -> String {
    let lines = specs.iter().map(|spec| format!("{:<38} {}\n", spec.usage(), spec.what));
    format!(
        "\n\nYou have {turns} turns. Instead of the final answer, an answer may hold lines that begin with TOOL; you get the \
         results and the next turn.\n{}An answer without a TOOL line is final.\n",
        lines.collect::<String>()
    )
}

/// One call, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// Look something up: the tool and its arguments as words.
    Look(String),
    /// Try these changes; `None`: those of the same answer.
    Try {
        /// The tool.
        name: String,
        /// The changes, where the call brings its own.
        draft: Option<String>,
    },
    /// Hand in the changes tried last.
    Submit,
    /// It cannot be served.
    Refused {
        /// The tool, as named.
        name: String,
        /// Why not.
        why: String,
    },
}

impl Called {
    /// What was called, as its result is headed.
    pub fn title(&self) -> &str {
        match self {
            Self::Look(words) => words,
            Self::Try { name, .. } | Self::Refused { name, .. } => name,
            Self::Submit => "submit",
        }
    }
}

/// The calls of an answer: the native ones, one for one, else the lines before its first change.
pub fn calls(specs: &[&ToolSpec], text: &str, native: &[ToolCall]) -> Vec<Called> {
    if native.is_empty() {
        return written_calls(specs, text);
    }
    let served = native.iter().enumerate().map(|(place, call)| {
        let name = call.name.clone();
        if place >= CALLS {
            return Called::Refused { name, why: format!("a turn serves {CALLS} calls") };
        }
        read(specs, call).unwrap_or_else(|why| Called::Refused { name, why })
    });
    served.collect()
}

fn written_calls(specs: &[&ToolSpec], text: &str) -> Vec<Called> {
    let change = |line: &str| {
        ["<<<<<", "-----", "```", "~~~", "WRITE ", "DELETE ", "--- ", "*** "]
            .iter()
            .any(|mark| line.trim_start().starts_with(mark))
    };
    text.lines()
        .take_while(|line| !change(line))
        .filter_map(|line| line.trim().trim_matches('`').strip_prefix(WORD))
        .map(str::trim)
        .map(|call| match specs.iter().find(|spec| spec.name == call).map(|spec| spec.purpose) {
            Some(Purpose::Try) => Called::Try { name: call.to_owned(), draft: None },
            Some(Purpose::Submit) => Called::Submit,
            Some(Purpose::Look) | None => Called::Look(call.to_owned()),
        })
        .take(CALLS)
        .collect()
}

/// A native call; the reason when its tool or its arguments are not what was offered.
fn read(specs: &[&ToolSpec], call: &ToolCall) -> Result<Called, String> {
    if let Some(why) = &call.broken {
        return Err(format!("{why}; call it again with a JSON object"));
    }
    let spec = specs.iter().find(|spec| spec.name == call.name).ok_or_else(|| {
        let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
        format!("there is no tool `{}`; there are {}", call.name, known.join(", "))
    })?;
    let given = call.arguments.as_object().cloned().unwrap_or_default();
    let mut known: Vec<&str> = spec.arguments.iter().map(|argument| argument.name).collect();
    known.extend((spec.purpose == Purpose::Try).then_some(DRAFT));
    if let Some(other) = given.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "`{}` has no argument `{other}`; it has: {}",
            spec.name,
            known.join(", ")
        ));
    }
    let word = |name: &str| match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) => Ok(Some(word.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(format!("the argument `{name}` of `{}` has to be text", spec.name)),
    };
    match spec.purpose {
        Purpose::Submit => Ok(Called::Submit),
        Purpose::Try => {
            let draft = word(DRAFT)?.filter(|draft| !draft.trim().is_empty());
            Ok(Called::Try { name: spec.name.to_owned(), draft })
        }
        Purpose::Look => {
            let mut words = spec.name.to_owned();
            for Argument { name, optional, .. } in spec.arguments {
                match word(name)? {
                    Some(word) => words.extend([" ", &word]),
                    None if *optional => {}
                    None => return Err(format!("`{}` lacks the argument `{name}`", spec.name)),
                }
            }
            Ok(Called::Look(words))
        }
    }
}

/// A result as its author reads it: cut off where it is long, and with the reason where there is none.
pub fn shown(result: Result<String, String>) -> String {
    let said = result.unwrap_or_else(|why| format!("not served: {why}"));
    let mut shown: String = said.chars().take(RESULT_CHARS).collect();
    if shown.len() < said.len() {
        shown.push_str("\n(cut off here: the result is longer)\n");
    }
    shown
}

/// An answer with its native calls as text: what people, evidence and models without native calls read.
pub fn written(text: &str, calls: &[ToolCall]) -> String {
    let mut written = text.to_owned();
    for call in calls {
        if !written.is_empty() && !written.ends_with('\n') {
            written.push('\n');
        }
        written.push_str(&format!("{WORD}{}", call.name));
        let mut below = String::new();
        for (name, value) in call.arguments.as_object().into_iter().flatten() {
            match value {
                Value::String(long) if long.contains('\n') => below.push_str(&format!("\n{long}")),
                Value::String(word) => written.push_str(&format!(" {name}={word}")),
                other => written.push_str(&format!(" {name}={other}")),
            }
        }
        if let Some(why) = &call.broken {
            written.push_str(&format!(" (cannot be read: {why})"));
        }
        written.push_str(&below);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    static READ: ToolSpec = ToolSpec {
        name: "read",
        purpose: Purpose::Look,
        arguments: &[
            Argument { name: "attempt", what: "which", optional: false },
            Argument { name: "path", what: "a file", optional: true },
        ],
        what: "a file",
    };
    static TRY: ToolSpec =
        ToolSpec { name: "validate", purpose: Purpose::Try, arguments: &[], what: "tries" };
    static SUBMIT: ToolSpec =
        ToolSpec { name: "submit", purpose: Purpose::Submit, arguments: &[], what: "hands in" };
    const ALL: [&ToolSpec; 3] = [&READ, &TRY, &SUBMIT];

    fn tried(draft: Option<&str>) -> Called {
        Called::Try { name: "validate".into(), draft: draft.map(str::to_owned) }
    }

    #[test]
    fn lines_stand_before_any_change() {
        let answer = "I look first.\nTOOL generations\n`TOOL read 1 agent.toml`\nTOOL validate\n\na.md\n\
                      <<<<<<< SEARCH\nTOOL submit\n=======\nx\n>>>>>>> REPLACE\n";
        let look = |words: &str| Called::Look(words.to_owned());
        assert_eq!(
            calls(&ALL, answer, &[]),
            [look("generations"), look("read 1 agent.toml"), tried(None)]
        );
        assert_eq!(calls(&ALL, "summary: none of the TOOLs\n", &[]), []);
        assert_eq!(calls(&ALL, "TOOL submit", &[]), [Called::Submit]);
    }

    #[test]
    fn native_calls_come_to_the_same_and_each_gets_an_answer() {
        let call = |name: &str, arguments: Value| ToolCall {
            name: name.into(),
            arguments,
            ..ToolCall::default()
        };
        let read = |arguments: Value| calls(&ALL, "TOOL submit", &[call("read", arguments)]);
        assert_eq!(read(json!({"attempt": 3, "path": "a b"})), [Called::Look("read 3 a b".into())]);
        assert_eq!(read(json!({"attempt": "3", "path": null})), [Called::Look("read 3".into())]);
        for (arguments, why) in [
            (json!({}), "lacks the argument `attempt`"),
            (json!({"attempt": [1]}), "has to be text"),
            (json!({"attempt": "1", "file": "x"}), "has no argument `file`; it has: attempt, path"),
        ] {
            match read(arguments).as_slice() {
                [Called::Refused { name, why: told }] => {
                    assert!(name == "read" && told.contains(why), "{told}");
                }
                other => panic!("{other:?}"),
            }
        }
        let broken = ToolCall { broken: Some("no JSON".into()), ..call("read", json!({})) };
        let many = [
            vec![broken, call("validate", json!({"answer": "x\ny"}))],
            vec![call("wink", json!({})); 8],
        ];
        let served = calls(&ALL, "", &many.concat());
        assert_eq!((served.len(), &served[1]), (10, &tried(Some("x\ny"))));
        for (place, why) in [(0, "no JSON"), (2, "there is no tool `wink`"), (8, "a turn serves 8")]
        {
            assert!(
                matches!(&served[place], Called::Refused { why: told, .. } if told.contains(why))
            );
        }
    }

    #[test]
    fn a_card_and_a_schema_say_the_same_of_a_tool() {
        let told = card(4, &ALL);
        assert!(
            told.contains("You have 4 turns") && told.contains("TOOL read ATTEMPT [PATH] "),
            "{told}"
        );
        let schema = READ.schema();
        assert_eq!(schema["required"], json!(["attempt"]));
        assert_eq!(schema["properties"]["path"]["description"], "a file");
        assert!(TRY.schema()["properties"]["answer"].is_object());
    }

    #[test]
    fn a_call_is_written_as_its_line_with_long_texts_below() {
        let call = ToolCall {
            name: "validate".into(),
            arguments: json!({"answer": "a\nb", "n": 1}),
            ..ToolCall::default()
        };
        assert_eq!(written("I try.", &[call]), "I try.\nTOOL validate n=1\na\nb");
        assert_eq!(written("plain", &[]), "plain");
        assert_eq!(shown(Err("no".into())), "not served: no");
        assert!(shown(Ok("x".repeat(RESULT_CHARS + 1))).ends_with("the result is longer)\n"));
    }
}
