//! What is asked and what comes back, the same for every model.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::Alias;
use crate::domain::event::{CallCost, CallKey};
use crate::domain::files::FileSet;
use crate::domain::kept::Kept;
use crate::domain::tool::{ToolCall, ToolSpec};

use super::brief::Brief;
use super::chat::{Chat, Tool, ToolResult, Turn};

/// One question to a model.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which call of the run this is; replay looks the answer up by it.
    pub key: CallKey,
    /// The role that asks.
    pub role: String,
    /// The model asked.
    pub alias: Alias,
    /// The conversation: the prompt, then answers and repair notes in turn.
    pub messages: Vec<Message>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The longest answer, tokens.
    pub max_output_tokens: u32,
    /// The seed of this call, derived from the run's.
    pub seed: u64,
    /// What the offline optimiser works on; models over a wire never see it.
    pub brief: Arc<Brief>,
    /// Files a command may read beside those it changes.
    pub beside: Arc<FileSet>,
    /// What it may call instead of answering; empty: nothing.
    pub tools: Toolbox,
}

/// The tools of a conversation. Its messages tell all of it in words, so that everybody can take part; a model that calls
/// tools natively gets its own calls and their results back in place of these words.
#[derive(Debug, Clone, Default)]
pub struct Toolbox {
    /// The tools.
    pub specs: Vec<&'static ToolSpec>,
    /// The same in words, at the end of the first message.
    pub card: String,
    /// The answers that called natively, by the place of their message; the message after it holds the results.
    pub called: BTreeMap<usize, NativeTurn>,
}

/// An answer that called tools natively, and what came of it.
#[derive(Debug, Clone)]
pub struct NativeTurn {
    /// Who answered. Nobody else knows what its calls are named, and what it keeps for itself: others are told in words.
    pub by: Alias,
    /// What it said.
    pub text: String,
    /// What it called.
    pub calls: Vec<ToolCall>,
    /// The answer as its provider wants it back, where it wants more than these two.
    pub kept: Option<Kept>,
    /// What each call came to.
    pub results: Vec<String>,
    /// What else it was told.
    pub rest: String,
}

impl Toolbox {
    /// About how long it is on a wire, bytes.
    pub fn bytes(&self) -> usize {
        self.specs.iter().map(|spec| spec.schema().to_string().len() + spec.what.len()).sum()
    }
}

impl Request {
    /// The whole conversation as one text: what is hashed into the journal and kept as evidence.
    pub fn text(&self) -> String {
        self.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// What of it goes over a wire to the model of this alias; `native` says whether tools are offered as such, or in
    /// words.
    pub fn chat(&self, asked: &Alias, native: bool) -> Chat {
        let native = native && !self.tools.specs.is_empty();
        let tool = |spec: &&'static ToolSpec| Tool {
            name: spec.name.into(),
            description: spec.what.into(),
            parameters: spec.schema(),
        };
        Chat {
            turns: if native { self.native_turns(asked) } else { self.plain_turns() },
            tools: self.tools.specs.iter().filter(|_| native).map(tool).collect(),
            schema: None,
            temperature: self.temperature,
            top_p: self.top_p,
            max_output_tokens: self.max_output_tokens,
            seed: self.seed,
            family: self.role.clone(),
        }
    }
}

impl Request {
    fn plain_turns(&self) -> Vec<Turn> {
        self.messages.iter().map(Message::turn).collect()
    }

    fn native_turns(&self, asked: &Alias) -> Vec<Turn> {
        let Toolbox { card, called, .. } = &self.tools;
        let own = |place: &usize| called.get(place).filter(|turn| turn.by == *asked);
        let mut turns = Vec::new();
        for (place, message) in self.messages.iter().enumerate() {
            let is_result = place.checked_sub(1).is_some_and(|before| own(&before).is_some());
            match own(&place) {
                _ if is_result => {}
                Some(NativeTurn { text, calls, kept, results, rest, .. }) => {
                    let result = |(call, text): (&ToolCall, &String)| ToolResult {
                        id: call.id.clone(),
                        name: call.name.clone(),
                        text: text.clone(),
                    };
                    let results = calls.iter().zip(results).map(result).collect();
                    let (text, calls, kept) = (text.clone(), calls.clone(), kept.clone());
                    turns.push(Turn::Assistant { text, calls, kept });
                    turns.push(Turn::Results(results));
                    turns.extend((!rest.trim().is_empty()).then(|| Turn::User(rest.clone())));
                }
                None if place == 0 => {
                    let text = message.text.strip_suffix(card.as_str()).unwrap_or(&message.text);
                    turns.push(Turn::User(text.to_owned()));
                }
                None => turns.push(message.turn()),
            }
        }
        turns
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
}

impl Message {
    fn turn(&self) -> Turn {
        match self.speaker {
            Speaker::User => Turn::User(self.text.clone()),
            Speaker::Assistant => {
                Turn::Assistant { text: self.text.clone(), calls: Vec::new(), kept: None }
            }
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The kernel.
    User,
    /// The model.
    Assistant,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The answer's text.
    pub text: String,
    /// The tools it calls natively.
    pub calls: Vec<ToolCall>,
    /// The answer as its provider wants it back, where it wants more than text and calls.
    pub kept: Option<Kept>,
    /// What it used.
    pub cost: CallCost,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::id::GenerationId;
    use crate::domain::agent::{AnswerFormat, Operators};
    use crate::domain::tool::Purpose;
    use crate::model::brief::WorkerBrief;

    static ATTEMPTS: ToolSpec =
        ToolSpec { name: "attempts", purpose: Purpose::Look, arguments: &[], what: "a list" };

    /// A worker's first question.
    pub(in crate::model) fn question(prompt: &str) -> Request {
        let brief = WorkerBrief {
            base: FileSet::default(),
            editable: Default::default(),
            references: Vec::new(),
            ingredients: String::new(),
            operators: Operators::default(),
            pieces: Default::default(),
            op: String::new(),
            failures: std::collections::BTreeMap::new(),
            format: AnswerFormat::Edit,
        };
        Request {
            key: key(0, "snake#0", 1, 0),
            role: "worker".into(),
            alias: "fast".parse().expect("an alias"),
            messages: vec![Message { speaker: Speaker::User, text: prompt.into() }],
            temperature: None,
            top_p: None,
            max_output_tokens: 100,
            seed: 1,
            brief: Arc::new(Brief::Worker(brief)),
            beside: Arc::default(),
            tools: Toolbox::default(),
        }
    }

    #[test]
    fn a_turn_goes_back_natively_to_who_took_it_and_in_words_to_others() {
        let mut asked = question("look first");
        let say = |speaker, text: &str| Message { speaker, text: text.into() };
        asked.messages.extend([
            say(Speaker::Assistant, "TOOL attempts"),
            say(Speaker::User, "==== TOOL attempts ====\nnone\n"),
        ]);
        let call = ToolCall { id: "c1".into(), name: "attempts".into(), ..ToolCall::default() };
        let dialect = crate::domain::settings::Dialect::Anthropic;
        let turn = NativeTurn {
            by: asked.alias.clone(),
            text: String::new(),
            calls: vec![call],
            kept: Some(Kept { dialect, parts: Vec::new() }),
            results: vec!["none\n".into()],
            rest: String::new(),
        };
        asked.tools.called.insert(1, turn.clone());
        asked.tools.specs = vec![&ATTEMPTS];
        let own = asked.chat(&asked.alias, true).turns;
        let told = Turn::Assistant { text: turn.text, calls: turn.calls, kept: turn.kept };
        assert_eq!((own.len(), &own[1]), (3, &told));
        assert!(matches!(&own[2], Turn::Results(results) if results[0].id == "c1"));
        let other: Alias = "slow".parse().expect("an alias");
        let words = asked.chat(&other, true).turns;
        assert_eq!(words, asked.plain_turns());
    }

    /// A worker's question of one attempt.
    pub(in crate::model) fn attempt(
        generation: u32,
        episode: &str,
        attempt: u32,
        turn: u32,
    ) -> Request {
        Request { key: key(generation, episode, attempt, turn), ..question("try") }
    }

    fn key(generation: u32, episode: &str, attempt: u32, turn: u32) -> CallKey {
        let episode = episode.parse().expect("an episode");
        CallKey::Attempt { generation: GenerationId(generation), episode, attempt, turn }
    }
}
