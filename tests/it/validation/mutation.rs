//! Random rewrites that are valid: what a careful author might change in an agent, of every kind of file.

mod script;

use hyperagent::domain::agent::AgentFiles;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

type Random = ChaCha8Rng;
/// Changes the files; says whether there was anything to change.
type Change = fn(&mut AgentFiles, &mut Random) -> bool;

/// The changes, by name.
pub const CHANGES: [(&str, Change); 18] = [
    ("rewords a prompt", reword),
    ("adds a sentence to a prompt", add_sentence),
    ("adds a comment to a prompt", comment_prompt),
    ("orders the variables of a prompt anew", reorder_front),
    ("steps a parameter", step_param),
    ("adds a parameter", add_param),
    ("steps a role's temperature", step_temperature),
    ("steps an operator's weight", step_operator),
    ("weighs a building block", add_piece),
    ("adds a note", add_note),
    ("writes on in a note or the README", write_on),
    ("comments the script", script::comment_script),
    ("adds a helper to the script", script::add_helper),
    ("renames a local name of the script", script::rename_local),
    ("steps a number of the script", script::step_number),
    ("puts an expression another way", script::rephrase),
    ("moves a function of the script", script::move_function),
    ("asks a hook by way of a helper", script::wrap_hook),
];

const AGENT: &str = "agent.toml";

fn pick<'a, T>(items: &'a [T], random: &mut Random) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[random.random_range(0..items.len())])
}

/// Changes one file's lines.
fn with_lines(
    files: &mut AgentFiles,
    path: &str,
    change: impl FnOnce(&mut Vec<String>) -> bool,
) -> bool {
    let Some(text) = files.0.get_mut(path) else { return false };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let changed = change(&mut lines);
    *text = lines.join("\n") + "\n";
    changed
}

fn a_prompt(files: &AgentFiles, random: &mut Random) -> String {
    let prompts: Vec<&String> =
        files.0.keys().filter(|path| path.starts_with("prompts/")).collect();
    (*pick(&prompts, random).expect("an agent has prompts")).clone()
}

/// The lines of a prompt below its front matter that hold words only.
fn plain_lines(lines: &[String]) -> Vec<usize> {
    let below = lines.iter().rposition(|line| line == "+++").unwrap_or(0);
    let plain = |line: &str| line.len() > 30 && !line.contains(['{', '}', '%', '#']);
    (below + 1..lines.len()).filter(|at| plain(&lines[*at])).collect()
}

fn reword(files: &mut AgentFiles, random: &mut Random) -> bool {
    const WORDS: [(&str, &str); 8] = [
        (" change ", " step "),
        (" better", " higher"),
        (" and ", " as well as "),
        ("You ", "Here you "),
        (" not ", " never "),
        (" what ", " that which "),
        (" one ", " a single "),
        (" only ", " solely "),
    ];
    let path = a_prompt(files, random);
    with_lines(files, &path, |lines| {
        let places: Vec<(usize, (&str, &str))> = plain_lines(lines)
            .into_iter()
            .flat_map(|at| WORDS.map(|pair| (at, pair)))
            .filter(|(at, (old, _))| lines[*at].contains(old))
            .collect();
        let Some((at, (old, new))) = pick(&places, random) else { return false };
        lines[*at] = lines[*at].replacen(old, new, 1);
        true
    })
}

fn add_sentence(files: &mut AgentFiles, random: &mut Random) -> bool {
    let number: u32 = random.random_range(2..99);
    let sentence = [
        format!("Think of {number} ways first, then take the simplest."),
        "Prüfe zuerst die Grenzfälle — leere Listen, einzelne Werte.".to_owned(),
        format!("A gain below 0.0{number} is noise; \"braces\" {{like these}} are only text."),
    ];
    let path = a_prompt(files, random);
    with_lines(files, &path, |lines| {
        let Some(at) = pick(&plain_lines(lines), random).copied() else { return false };
        lines.insert(at, sentence[usize::try_from(number % 3).unwrap()].clone());
        true
    })
}

fn comment_prompt(files: &mut AgentFiles, random: &mut Random) -> bool {
    let number: u32 = random.random();
    let path = a_prompt(files, random);
    with_lines(files, &path, |lines| {
        lines.push(format!("{{# version {number}: tried {{{{ code }}}} first #}}"));
        true
    })
}

fn reorder_front(files: &mut AgentFiles, random: &mut Random) -> bool {
    let path = a_prompt(files, random);
    with_lines(files, &path, |lines| {
        let Some(line) = lines.iter_mut().find(|line| line.starts_with("may_use = [")) else {
            return false;
        };
        let list = line.trim_start_matches("may_use = [").trim_end_matches(']').to_owned();
        let mut names: Vec<&str> = list.split(", ").collect();
        let by = random.random_range(0..names.len());
        names.rotate_left(by);
        *line = format!("may_use = [{}]", names.join(", "));
        by > 0
    })
}

/// Multiplies the number of one of the section's lines, and holds it within a range.
fn step_in(
    files: &mut AgentFiles,
    section: &str,
    random: &mut Random,
    range: impl Fn(&str) -> (f64, f64),
) -> bool {
    with_lines(files, AGENT, |lines| {
        let Some(head) = lines.iter().position(|line| line.starts_with(section)) else {
            return false;
        };
        let ends = |line: &String| line.starts_with('[');
        let end = lines[head + 1..].iter().position(ends).map_or(lines.len(), |at| head + 1 + at);
        let number = |line: &String| {
            let (name, rest) = line.split_once(" = ")?;
            let value = rest.split('#').next()?.trim().parse::<f64>().ok()?;
            (!name.starts_with('#') && value != 0.0).then(|| (name.to_owned(), value))
        };
        let found: Vec<(usize, (String, f64))> =
            (head + 1..end).filter_map(|at| Some((at, number(&lines[at])?))).collect();
        let Some((at, (name, value))) = pick(&found, random) else { return false };
        let (low, high) = range(name);
        let stepped = (value * random.random_range(0.6..1.5)).clamp(low, high);
        lines[*at] = format!("{name} = {stepped:?}  # was {value:?}");
        stepped != *value
    })
}

fn step_param(files: &mut AgentFiles, random: &mut Random) -> bool {
    step_in(files, "[params]", random, |_| (-1e9, 1e9))
}

fn step_temperature(files: &mut AgentFiles, random: &mut Random) -> bool {
    let role = ["[roles.worker]", "[roles.meta]"][random.random_range(0..2)];
    with_lines(files, AGENT, |lines| {
        let Some(at) = lines.iter().position(|line| line.starts_with(role)) else { return false };
        let value = random.random_range(0.0..2.0);
        let here = |line: &String| line.starts_with("temperature = ");
        match lines[at..].iter().position(here) {
            Some(below) => lines[at + below] = format!("temperature = {value:.3}"),
            None => lines.insert(at + 1, format!("temperature = {value:.3}")),
        }
        true
    })
}

fn step_operator(files: &mut AgentFiles, random: &mut Random) -> bool {
    step_in(files, "[operators]", random, |name| match name {
        "sigma" => (0.0001, 2.0),
        "more" => (0.0, 0.9),
        _ => (0.0, 1000.0),
    })
}

fn add_under(files: &mut AgentFiles, section: &str, line: String) -> bool {
    with_lines(files, AGENT, |lines| {
        let Some(at) = lines.iter().position(|line| line.starts_with(section)) else {
            return false;
        };
        lines.insert(at + 1, line);
        true
    })
}

fn add_param(files: &mut AgentFiles, random: &mut Random) -> bool {
    let (name, value): (u16, f64) = (random.random(), random.random_range(-1e6..1e6));
    add_under(files, "[params]", format!("unread_{name} = {value:?}"))
}

fn add_piece(files: &mut AgentFiles, random: &mut Random) -> bool {
    let (name, value): (u16, f64) = (random.random(), random.random_range(0.0..100.0));
    add_under(files, "[pieces]", format!("piece_{name} = {value:?}"))
}

fn add_note(files: &mut AgentFiles, random: &mut Random) -> bool {
    let number: u16 = random.random();
    let text = format!(
        "- What helped {number} times: {{{{ not a variable }}}}, `while True`, ünïcode ✓\n"
    );
    files.0.insert(format!("memory/lesson-{number}.md"), text);
    true
}

fn write_on(files: &mut AgentFiles, random: &mut Random) -> bool {
    let paths: Vec<String> = files
        .0
        .keys()
        .filter(|path| path.starts_with("memory/") || *path == "README.md")
        .cloned()
        .collect();
    let Some(path) = pick(&paths, random) else { return false };
    let number: u16 = random.random();
    with_lines(files, path, |lines| {
        lines.push(format!("Measured {number} times; see https://example.org/{number}?q=1#top."));
        true
    })
}
