//! The texts of an imported task: `task.toml` and `prompt.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::kind::{Plan, SHIM, START};
use crate::base::id::TaskName;
use crate::domain::task::{Direction, ScoreScale};

/// Room that a solution has to grow, KiB, on top of twice its size.
const GROWTH_KB: u64 = 64;

/// Characters of a foreign benchmark that a prompt shows when there is no description.
const JUDGE: usize = 12_000;

/// The scale of a task whose start came to this metric. A start between 0 and 1 of a metric that grows is taken for a
/// share; any other start is worth a half, and as much again in either direction is worth 0 or 1.
pub(super) fn scale(direction: Direction, start: Option<f64>) -> ScoreScale {
    let span = |start: f64| if start == 0.0 { 1.0 } else { start.abs() };
    match (direction, start) {
        (Direction::Maximise, None) => ScoreScale { floor: 0.0, target: 1.0 },
        (Direction::Maximise, Some(start)) if (0.0..1.0).contains(&start) => {
            ScoreScale { floor: 0.0, target: 1.0 }
        }
        (Direction::Maximise, Some(start)) => {
            ScoreScale { floor: start - span(start), target: start + span(start) }
        }
        (Direction::Minimise, None) => ScoreScale { floor: 1.0, target: 0.0 },
        (Direction::Minimise, Some(start)) => {
            ScoreScale { floor: start + span(start), target: start - span(start) }
        }
    }
}

/// `task.toml` for a solution of so many bytes.
pub(super) fn task_toml(name: &TaskName, plan: &Plan, initial: u64) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list =
        |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let direction = match plan.direction {
        Direction::Maximise => "maximise",
        Direction::Minimise => "minimise",
    };
    let limits = plan.limits;
    let mut text = format!(
        "name = {}\ntitle = {}\nmetric = {}\ndirection = \"{direction}\"\nlanguage = \"python\"\n\
         protocol = \"metric-line\"              # unsealed: benchmark and candidate share a sandbox\n\
         prompt = \"prompt.md\"\n\n",
        quoted(name.as_str()),
        quoted(&format!("{name}, imported from {}", plan.kind)),
        quoted(&plan.metric),
    );
    let scale = scale(plan.direction, None);
    let _ = write!(
        text,
        "[score]                                # a guess: put the metric that is worth nothing and the best one known\n\
         floor = {:?}\ntarget = {:?}\n\n\
         [solution]\ninitial = \"{START}\"\nentry = {}\neditable = [{}]\n",
        scale.floor,
        scale.target,
        quoted(&plan.entry),
        quoted(&plan.entry),
    );
    let _ = write!(
        text,
        "max_kb = {}\n\n\
         [benchmark]\nprogram = {}\narguments = [{}]\n\
         site_packages = true                   # packages installed beside the interpreter may be imported\n\n\
         [limits]                               # of one run; roomy, as nothing is known of it\n\
         wall_ms = {}\ncpu_ms = {}\nmemory_mb = {}\nprocesses = {}\noutput_kb = {}\n",
        2 * initial.div_ceil(1024) + GROWTH_KB,
        quoted(&plan.program),
        list(&plan.arguments),
        limits.wall_ms,
        limits.cpu_ms,
        limits.memory_mb,
        limits.processes,
        limits.output_kb,
    );
    text
}

/// The same text with another scale, and where that comes from.
pub(super) fn with_scale(toml: &str, scale: ScoreScale, start: f64) -> String {
    let mut table = false;
    let lines = toml.lines().map(|line| {
        if line.starts_with('[') {
            table = line.starts_with("[score]");
        }
        let key = line.split(['=', ' ', '#']).next().unwrap_or_default();
        match key {
            "[score]" => format!(
                "[score]                                # a guess from the start's {start:?}; put the metric that is worth \
                 nothing and the best one known"
            ),
            "floor" if table => format!("floor = {:?}", scale.floor),
            "target" if table => format!("target = {:?}", scale.target),
            _ => line.to_owned(),
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// `prompt.md`: the foreign description where there is one, and what a model must know of the measurement.
pub(super) fn prompt(plan: &Plan, files: &BTreeMap<String, Vec<u8>>) -> String {
    let better = match plan.direction {
        Direction::Maximise => "more",
        Direction::Minimise => "less",
    };
    let program = if plan.program == SHIM { "its benchmark" } else { &plan.program };
    let mut text = format!(
        "Improve `{}`. It is run by {program}; the metric is `{}`, and {better} is better. Keep the functions, names and \
         output that the benchmark relies on. You propose changes to files; whatever the description below says about \
         running commands, committing and keeping logs is done for you.\n",
        plan.entry,
        plan.metric.as_str(),
    );
    if plan.solution.len() > 1 {
        let fixed: Vec<&str> =
            plan.solution.iter().filter(|path| **path != plan.entry).map(String::as_str).collect();
        let _ = write!(text, "\nBeside it are, and stay as they are: {}.\n", fixed.join(", "));
    }
    let marked = |path: &String| {
        let bytes = files.get(path)?;
        String::from_utf8_lossy(bytes).contains("EVOLVE-BLOCK-START").then_some(())
    };
    if marked(&plan.entry).is_some() {
        text.push_str("\nChange only what stands between the lines with EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.\n");
    }
    let whole = |path: &str| Some(String::from_utf8_lossy(files.get(path)?).into_owned());
    let described = whole(plan.description);
    let description = if plan.description.ends_with(".yaml") {
        described.and_then(|settings| system_message(&settings))
    } else {
        described
    };
    if let Some(description) = description {
        let _ = write!(text, "\n{}\n", description.trim());
    } else if let Some(source) = whole(&plan.judge) {
        let shown: String = source.chars().take(JUDGE).collect();
        let _ = write!(
            text,
            "\nIt is judged by `{}`:\n\n````python\n{}\n````\n",
            plan.judge,
            shown.trim_end()
        );
    }
    text
}

/// The value of `system_message` in OpenEvolve's settings: a block of lines indented deeper, or the rest of the line.
fn system_message(yaml: &str) -> Option<String> {
    let mut lines = yaml.lines();
    let depth = |line: &str| line.len() - line.trim_start().len();
    let head = lines.find(|line| line.trim_start().starts_with("system_message:"))?;
    let (_, rest) = head.split_once(':')?;
    let rest = rest.trim();
    if !rest.is_empty() && !rest.starts_with(['|', '>']) {
        return Some(rest.trim_matches(['"', '\'']).replace("\\n", "\n"));
    }
    let block: Vec<&str> =
        lines.take_while(|line| line.trim().is_empty() || depth(line) > depth(head)).collect();
    let common =
        block.iter().filter(|line| !line.trim().is_empty()).map(|line| depth(line)).min()?;
    let text: Vec<&str> = block.iter().map(|line| line.get(common..).unwrap_or_default()).collect();
    Some(text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_the_start_inside() {
        for (direction, start) in [
            (Direction::Maximise, 0.4),
            (Direction::Maximise, 2.6),
            (Direction::Maximise, -7.0),
            (Direction::Minimise, 0.0),
            (Direction::Minimise, 1.2),
        ] {
            let score = scale(direction, Some(start)).score(start);
            assert!(score > 0.0 && score < 1.0, "{direction:?} {start}: {score}");
        }
        let toml = "[score]  # a guess\nfloor = 0.0\ntarget = 1.0\n\n[other]\nfloor = 9\n";
        let set = with_scale(toml, ScoreScale { floor: 5.0, target: 15.0 }, 10.0);
        assert!(set.contains("\nfloor = 5.0\ntarget = 15.0\n\n[other]\nfloor = 9\n"), "{set}");
    }

    #[test]
    fn the_description_of_a_configuration_is_found_in_both_forms() {
        let block = "prompt:\n  system_message: |\n    You improve\n      a thing.\n\n    Well.\n  other: 1\n";
        assert_eq!(system_message(block).as_deref(), Some("You improve\n  a thing.\n\nWell."));
        let line = "prompt:\n  system_message: \"You improve a thing.\"\n  other: 1\n";
        assert_eq!(system_message(line).as_deref(), Some("You improve a thing."));
        assert_eq!(system_message("prompt:\n  other: 1\n"), None);
    }
}
