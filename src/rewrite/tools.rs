//! The tools of a meta role that works in turns.

use super::library::Library;
use crate::base::id::GenerationId;
use crate::domain::tool::{self, Argument, Purpose, ToolSpec};

const GEN: Argument =
    Argument { name: "gen", what: "a generation, such as gen-00003", optional: false };
const OTHER: Argument = Argument { name: "other", what: "another generation", optional: false };
const PATH: Argument = Argument { name: "path", what: "a file of it", optional: false };
const PLACE: Argument =
    Argument { name: "gen", what: "a generation, or `all` for every one", optional: false };
const TEXT: Argument = Argument { name: "text", what: "the text to look for", optional: false };
const EPISODE: Argument =
    Argument { name: "episode", what: "an episode, such as TASK#0", optional: false };
const ATTEMPT: Argument =
    Argument { name: "attempt", what: "an attempt, to see its answers", optional: true };

const fn look(name: &'static str, arguments: &'static [Argument], what: &'static str) -> ToolSpec {
    ToolSpec { name, purpose: Purpose::Look, arguments, what }
}

static ALL: [ToolSpec; 10] = [
    look("generations", &[], "all generations with their mean score and measured effect"),
    look("files", &[GEN], "the files of a generation, such as gen-00003"),
    look("read", &[GEN, PATH], "one of them"),
    look("grep", &[PLACE, TEXT], "lines that hold a text; `all` for every generation"),
    look("diff", &[GEN, OTHER], "what changed from one generation to another"),
    look("episodes", &[GEN], "what it was measured at"),
    look("failures", &[GEN], "its failures by class"),
    look(
        "trace",
        &[GEN, EPISODE, ATTEMPT],
        "the attempts of an episode such as TASK#0; one with its answers",
    ),
    ToolSpec {
        name: "validate",
        purpose: Purpose::Try,
        arguments: &[],
        what: "with changes in the form above: they are checked, not handed in",
    },
    ToolSpec {
        name: "submit",
        purpose: Purpose::Submit,
        arguments: &[],
        what: "hands in the changes that were checked last and are well-formed",
    },
];

/// All of them.
pub fn specs() -> Vec<&'static ToolSpec> {
    ALL.iter().collect()
}

/// What a look-up comes to, as the author reads it.
pub fn look_up(library: &Library, call: &str) -> String {
    tool::shown(answer(library, call))
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
