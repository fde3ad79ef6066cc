//! What a careful author might change in a strategy script.

use hyperagent::domain::agent::AgentFiles;
use rand::RngExt;

use super::{Random, pick, with_lines};

const SCRIPT: &str = "strategy.star";

/// The lines at which a top-level statement or comment of the script begins.
fn tops(lines: &[String]) -> Vec<usize> {
    let top = |line: &String| line.starts_with("def ") || line.starts_with('#');
    (0..lines.len()).filter(|at| top(&lines[*at])).collect()
}

pub(super) fn comment_script(files: &mut AgentFiles, random: &mut Random) -> bool {
    let number: u16 = random.random();
    with_lines(files, SCRIPT, |lines| {
        let at = random.random_range(0..=lines.len());
        lines.insert(at, format!("        # (note {number}: [unbalanced while import \"text\""));
        true
    })
}

pub(super) fn add_helper(files: &mut AgentFiles, random: &mut Random) -> bool {
    let number: u16 = random.random();
    let helpers = [
        format!(
            "def spread_{number}(values):\n    return st.sd(values) if len(values) > 1 else 0.0\n"
        ),
        format!("LIMIT_{number} = {number} / 7.0\n"),
        format!(
            "def order_{number}(S):\n    return sorted(S.live, key = lambda g: (-g.mean, g.kids, g.id))\n"
        ),
        format!("TABLE_{number} = {{\"a\": [1, 2], \"b\": [{number}]}}\n"),
    ];
    let helper = pick(&helpers, random).unwrap().clone();
    with_lines(files, SCRIPT, |lines| {
        let defs: Vec<usize> =
            tops(lines).into_iter().filter(|at| lines[*at].starts_with("def ")).collect();
        let at = pick(&defs, random).copied().unwrap_or(lines.len());
        lines.insert(at, helper);
        true
    })
}

/// Replaces whole words.
fn replace_word(text: &str, old: &str, new: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        let whole = !before.ends_with(part) && !after.starts_with(part);
        done += before;
        done += if whole { new } else { old };
        rest = after;
    }
    done + rest
}

pub(super) fn rename_local(files: &mut AgentFiles, random: &mut Random) -> bool {
    let Some(text) = files.0.get_mut(SCRIPT) else { return false };
    let assigned = text.lines().filter_map(|line| {
        let (name, _) = line.trim_start().split_once(" = ")?;
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (line.starts_with(' ') && plain).then(|| name.to_owned())
    });
    // A name that is also a field, a keyword argument or part of a text means several things.
    let alone = |name: &String| {
        let also = [
            format!(".{name}"),
            format!("({name} ="),
            format!(", {name} ="),
            format!("\"{name}\""),
        ];
        !also.iter().any(|other| text.contains(other.as_str()))
            && !text.contains(&format!("# {name}"))
    };
    let names: Vec<String> = assigned.filter(alone).collect();
    let Some(name) = pick(&names, random) else { return false };
    *text = replace_word(text, name, &format!("my_{name}_{}", random.random_range(0..99)));
    true
}

pub(super) fn step_number(files: &mut AgentFiles, random: &mut Random) -> bool {
    with_lines(files, SCRIPT, |lines| {
        let number = |line: &String| {
            let code = line.split('#').next()?;
            let from = code.find(|c: char| c.is_ascii_digit())?;
            let digits: String =
                code[from..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            let alone =
                !code[..from].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
            let more = code[from + digits.len()..].starts_with('e');
            (alone && !more && digits.contains('.')).then_some((from, digits))
        };
        let found: Vec<(usize, (usize, String))> =
            (0..lines.len()).filter_map(|at| Some((at, number(&lines[at])?))).collect();
        let Some((at, (from, digits))) = pick(&found, random) else { return false };
        let Ok(value) = digits.parse::<f64>() else { return false };
        let stepped = format!("{:.4}", value * random.random_range(0.8..1.2));
        lines[*at].replace_range(*from..from + digits.len(), &stepped);
        stepped.parse::<f64>() != Ok(value)
    })
}

pub(super) fn rephrase(files: &mut AgentFiles, random: &mut Random) -> bool {
    const FORMS: [(&str, &str); 9] = [
        ("in S.live", "in [live for live in S.live]"),
        ("len(S.live)", "sum([1 for _ in S.live])"),
        ("return c.gain > 0", "return not c.gain <= 0"),
        ("return c.gain > 0", "return True if c.gain > 0 else False"),
        ("T.best.id", "([T.best.id] + [])[0]"),
        ("S.root.id", "(S.gens[0].id if len(S.gens) > 0 else S.root.id)"),
        ("len(S.cases)", "(len(S.cases) + 0)"),
        ("key = lambda a: -a.score", "key = lambda one: 0.0 - one.score"),
        ("reverse = True", "reverse = (1 < 2)"),
    ];
    let Some(text) = files.0.get_mut(SCRIPT) else { return false };
    let fits: Vec<&(&str, &str)> = FORMS.iter().filter(|(old, _)| text.contains(old)).collect();
    let Some((old, new)) = pick(&fits, random) else { return false };
    *text = text.replacen(old, new, 1);
    true
}

pub(super) fn move_function(files: &mut AgentFiles, random: &mut Random) -> bool {
    with_lines(files, SCRIPT, |lines| {
        let starts: Vec<usize> =
            (0..lines.len()).filter(|at| lines[*at].starts_with("def ")).collect();
        let Some(place) = pick(&starts[..starts.len().saturating_sub(1)], random) else {
            return false;
        };
        let end = starts.iter().find(|start| *start > place).copied().unwrap_or(lines.len());
        let moved: Vec<String> = lines.drain(*place..end).collect();
        lines.push(String::new());
        lines.extend(moved);
        true
    })
}

pub(super) fn wrap_hook(files: &mut AgentFiles, random: &mut Random) -> bool {
    const HOOKS: [(&str, &str); 3] =
        [("next_step", "S, rng"), ("next_attempt", "T, rng"), ("accept", "c, inc, T, rng")];
    let (hook, parameters) = HOOKS[random.random_range(0..HOOKS.len())];
    let head = format!("def {hook}({parameters}):");
    let number: u16 = random.random();
    let Some(text) = files.0.get_mut(SCRIPT) else { return false };
    let found = text.contains(&head);
    if found {
        *text = text.replacen(&head, &format!("def decide_{number}({parameters}):"), 1);
        *text += &format!("\n{head}\n    return decide_{number}({parameters})\n");
    }
    found
}
