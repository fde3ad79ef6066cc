//! A conversation in turns: what was said, what was called, and what came of it, in the two ways it is told.

use crate::domain::tool::{self, Called, ToolSpec, written};
use crate::engine::recorded::Answer;
use crate::model::{Message, NativeTurn, Speaker, Toolbox};

/// The conversation so far.
pub(super) struct Talk {
    /// What was said, in words.
    pub messages: Vec<Message>,
    /// What may be called.
    pub tools: Toolbox,
}

impl Talk {
    /// It begins with a prompt, whose last words are `card` where there are tools.
    pub fn new(prompt: &str, specs: Vec<&'static ToolSpec>, card: String) -> Self {
        let messages = vec![Message { speaker: Speaker::User, text: prompt.to_owned() }];
        Self { messages, tools: Toolbox { specs, card, ..Toolbox::default() } }
    }

    /// What an answer calls; nothing where there are no tools, or where it is none.
    pub fn calls(&self, answer: &Answer) -> Vec<Called> {
        if self.tools.specs.is_empty() || answer.unusable.is_some() {
            return Vec::new();
        }
        tool::calls(&self.tools.specs, &answer.text, &answer.calls)
    }

    /// Goes on after an answer: the results of its calls, and what else its author is told. Providers want a
    /// result for each native call, so those of a final answer get one too.
    pub fn go_on(&mut self, answer: Answer, results: &[(String, String)], rest: String) {
        let place = self.messages.len();
        let headed =
            |(title, result): &(String, String)| format!("==== TOOL {title} ====\n{result}\n");
        let text: String = results.iter().map(headed).collect();
        let said = written(&answer.text, &answer.calls);
        self.messages.push(Message { speaker: Speaker::Assistant, text: said });
        self.messages.push(Message { speaker: Speaker::User, text: text + &rest });
        if !answer.calls.is_empty() {
            let mut results: Vec<String> = results.iter().map(|(_, text)| text.clone()).collect();
            results.resize(
                answer.calls.len(),
                "read as the final answer; what came of it follows".to_owned(),
            );
            let Answer { text, calls, kept, alias, cost, .. } = answer;
            let by = cost.answered_by.unwrap_or(alias);
            let turn = NativeTurn { by, text, calls, kept, results, rest };
            self.tools.called.insert(place, turn);
        }
    }
}

/// What an answer hands in when nothing more is looked up: its text, or the draft that a call brings along.
pub(super) fn handed_in(answer: &Answer, calls: &[Called]) -> String {
    let draft = calls.iter().find_map(|call| match call {
        Called::Try { draft, .. } => draft.clone(),
        Called::Look(_) | Called::Submit | Called::Refused { .. } => None,
    });
    draft.unwrap_or_else(|| answer.text.clone())
}

/// What is said of the turns that are left.
pub(super) fn turns_left(looks: u32) -> String {
    match looks {
        0 => {
            "This was the last look-up: answer with the changes now, or call `submit`.\n".to_owned()
        }
        looks => format!("Turns for look-ups left: {looks}.\n"),
    }
}
