//! The tools of a meta role that works in turns, as lines of its answer: `TOOL name arguments`.
//!
//! Lines rather than a provider's tool calls, so that every model, command and person can use them, and the journal's
//! answer texts hold all there is. They stand before any change in an answer: what is inside a change is text.

use super::library::Library;
use crate::base::id::GenerationId;

/// The longest result of one call, characters.
const RESULT_CHARS: usize = 12_000;
/// Calls that are served in one turn.
const CALLS: usize = 8;
const WORD: &str = "TOOL ";

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Validate the changes of the same answer, and take them for nothing else.
    Validate,
    /// Hand in the last changes that were validated and found well-formed.
    Submit,
    /// Look something up.
    Look(String),
}

/// The calls an answer makes: those before its first change.
pub fn calls(answer: &str) -> Vec<Call> {
    let change = |line: &str| {
        ["<<<<<", "-----", "```", "~~~", "WRITE ", "DELETE ", "--- ", "*** "]
            .iter()
            .any(|mark| line.trim_start().starts_with(mark))
    };
    answer
        .lines()
        .take_while(|line| !change(line))
        .filter_map(|line| line.trim().trim_matches('`').strip_prefix(WORD))
        .map(|call| match call.trim() {
            "validate" => Call::Validate,
            "submit" => Call::Submit,
            look => Call::Look(look.to_owned()),
        })
        .take(CALLS)
        .collect()
}

/// What a prompt says about them.
pub fn card(turns: u32) -> String {
    format!(
        "\n\nYou have {turns} turns. Instead of the final answer, an answer may hold lines that begin with TOOL; you get the \
         results and the next turn.\n\
         TOOL generations                       all generations with their mean score and measured effect\n\
         TOOL files GEN                         the files of a generation, such as gen-00003\n\
         TOOL read GEN PATH                     one of them\n\
         TOOL grep GEN TEXT                     lines that hold a text; `all` for every generation\n\
         TOOL diff GEN GEN                      what changed from one generation to another\n\
         TOOL episodes GEN                      what it was measured at\n\
         TOOL failures GEN                      its failures by class\n\
         TOOL trace GEN EPISODE [ATTEMPT]       the attempts of an episode such as {{task}}#0; one with its answers\n\
         TOOL validate                          then changes in the form above: they are checked, not handed in\n\
         TOOL submit                            hands in the changes that were checked last and are well-formed\n\
         An answer without a TOOL line is final.\n"
    )
}

/// What a look-up comes to, as the author reads it.
pub fn look(library: &Library, call: &str) -> String {
    let said = match answer(library, call) {
        Ok(text) => text,
        Err(why) => format!("not served: {why}"),
    };
    let mut shown: String = said.chars().take(RESULT_CHARS).collect();
    if shown.len() < said.len() {
        shown.push_str("\n(cut off here: the result is longer)\n");
    }
    shown
}

fn answer(library: &Library, call: &str) -> Result<String, String> {
    let mut words = call.split_whitespace();
    let name = words.next().unwrap_or_default();
    let arguments: Vec<&str> = words.collect();
    let generation = |at: usize| -> Result<GenerationId, String> {
        let word = arguments.get(at).ok_or("name a generation, such as gen-00003")?;
        word.parse().map_err(|fault| format!("{fault}"))
    };
    match (name, arguments.as_slice()) {
        ("generations", _) => Ok(library.generations()),
        ("files", _) => library.files(generation(0)?),
        ("read", [_, path]) => library.read(generation(0)?, path),
        ("grep", [place, _, ..]) => {
            let words = call.split_once(place).map(|(_, words)| words.trim()).unwrap_or_default();
            let id = if *place == "all" { None } else { Some(generation(0)?) };
            library.grep(id, words)
        }
        ("diff", _) => library.diff(generation(0)?, generation(1)?),
        ("episodes", _) => library.episodes(generation(0)?),
        ("failures", _) => library.failures(generation(0)?),
        ("trace", [_, episode, rest @ ..]) => {
            let episode = episode.parse().map_err(|fault| format!("{fault}"))?;
            let attempt =
                rest.first().map(|word| word.parse().map_err(|_| "an attempt is a number"));
            library.trace(generation(0)?, &episode, attempt.transpose()?)
        }
        ("read" | "grep" | "trace", _) => Err(format!("`{name}` lacks an argument")),
        _ => Err(format!("there is no tool `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stand_before_any_change() {
        let answer = "I look first.\nTOOL generations\n`TOOL read gen-00001 agent.toml`\nTOOL validate\n\na.md\n\
                      <<<<<<< SEARCH\nTOOL submit\n=======\nx\n>>>>>>> REPLACE\n";
        let look = |words: &str| Call::Look(words.to_owned());
        assert_eq!(
            calls(answer),
            [look("generations"), look("read gen-00001 agent.toml"), Call::Validate]
        );
        assert_eq!(calls("summary: none of the TOOLs\n"), []);
        assert_eq!(calls("TOOL submit"), [Call::Submit]);
    }
}
