//! What a benchmark of the protocol `metric-line` prints: lines `name:value`, `name: value` or `name=value`, among
//! whatever else it prints.
//!
//! The metric is the number of the lines that bear its name. Lines that give different numbers leave it open which one
//! counts, so they count as none. The other lines are kept as feedback, the last value of each name.

use serde_json::Value;

/// The name of the line that holds failures as JSON.
const FAILURES: &str = "failures";

/// Other lines kept, the first of them.
const EXTRAS: usize = 20;
/// Characters kept of the value of such a line.
const EXTRA: usize = 400;
/// Characters kept of the failures.
const FAILURE: usize = 1_000;

/// Reads the metric and the feedback, or the class of what is wrong and words for it.
pub(super) fn read(printed: &str, metric: &str) -> Result<(f64, String), (&'static str, String)> {
    let mut number: Option<f64> = None;
    let mut not_a_number = None;
    let mut extras: Vec<(&str, &str)> = Vec::new();
    // A progress bar ends its lines in carriage returns.
    for (name, value) in printed.split(['\n', '\r']).filter_map(named) {
        if name != metric {
            match extras.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = value,
                None => extras.push((name, value)),
            }
            continue;
        }
        match (value.parse::<f64>(), number) {
            (Err(_), _) => not_a_number = Some(value),
            (Ok(found), _) if !found.is_finite() => {
                return Err((
                    "not_finite",
                    format!("it printed `{metric}: {}`", cut(value, EXTRA)),
                ));
            }
            (Ok(found), Some(known)) if found != known => {
                let what =
                    format!("it printed `{metric}` as {known} and as {found}; print it once");
                return Err(("two_metrics", what));
            }
            (Ok(found), _) => number = Some(found),
        }
    }
    match (number, not_a_number) {
        (Some(number), _) => Ok((number, feedback(&extras))),
        (None, Some(value)) => {
            let what = format!("it printed `{metric}: {}`, which is no number", cut(value, EXTRA));
            Err(("no_metric", what))
        }
        (None, None) => {
            let what = format!("it printed no line `{metric}:VALUE`");
            let last = printed.lines().map(str::trim).rfind(|line| !line.is_empty());
            Err((
                "no_metric",
                match last {
                    Some(last) => format!("{what}; its last line is `{}`", cut(last, EXTRA)),
                    None => format!("{what}, and nothing else"),
                },
            ))
        }
    }
}

/// The name and the value of a line, if it has both and the name is one word.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once([':', '='])?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty() && !name.contains(char::is_whitespace) && !value.is_empty())
        .then_some((name, value))
}

/// Failures first, since their class is counted, then the other lines.
fn feedback(extras: &[(&str, &str)]) -> String {
    let mut parts = Vec::new();
    if let Some((_, value)) = extras.iter().find(|(name, _)| *name == FAILURES) {
        parts.extend(failures(value).map(|text| format!("{FAILURES}: {text}")));
    }
    let others = extras.iter().filter(|(name, _)| *name != FAILURES).take(EXTRAS);
    parts.extend(others.map(|(name, value)| format!("{name}={}", cut(value, EXTRA))));
    parts.join(" ")
}

/// The failures as text: one a line where they are a list, and nothing where there are none.
fn failures(value: &str) -> Option<String> {
    let text = match serde_json::from_str(value) {
        Ok(Value::Null) => return None,
        Ok(Value::Array(items)) if items.is_empty() => return None,
        Ok(Value::Object(items)) if items.is_empty() => return None,
        Ok(Value::Array(items)) => {
            let lines = items.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Ok(other) => other.to_string(),
        Err(_) => value.to_owned(),
    };
    Some(cut(&text, FAILURE))
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_are_read_among_other_lines() {
        for printed in [
            "apples:3.5",
            "starting\nepoch 3: loss 0.4\napples: 3.5\nbye",
            "  apples = 3.5\r\n",
            "step 1\rstep 2\rapples=3.5",
            "apples: 3.50\napples: 3.5",
            "apples: soon\napples: 3.5",
        ] {
            assert_eq!(read(printed, "apples").expect("a metric").0, 3.5, "{printed}");
        }
        assert_eq!(read("x:1e-3", "x").expect("a metric").0, 0.001);
    }

    #[test]
    fn what_leaves_the_metric_open_has_a_class_and_words() {
        for (printed, class, words) in [
            ("", "no_metric", "and nothing else"),
            ("hello\n\n", "no_metric", "its last line is `hello`"),
            ("pineapples:3", "no_metric", "no line `apples:VALUE`"),
            ("all apples:3", "no_metric", "no line"),
            ("apples: many", "no_metric", "`apples: many`, which is no number"),
            ("apples:", "no_metric", "no line"),
            ("apples:1\napples:2", "two_metrics", "as 1 and as 2"),
            ("apples:nan", "not_finite", "`apples: nan`"),
            ("apples:1\napples=-inf", "not_finite", "-inf"),
        ] {
            let (found, what) = read(printed, "apples").expect_err(printed);
            assert_eq!(found, class, "{printed}");
            assert!(what.contains(words), "{printed}: {what}");
        }
    }

    #[test]
    fn other_lines_become_feedback_with_the_failures_first() {
        let printed =
            "games:1\napples:3\nfailures:[\"wall at 3\",{\"case\":7}]\ngames:20\nnote: slow";
        let (_, feedback) = read(printed, "apples").expect("a metric");
        assert_eq!(feedback, "failures: wall at 3\n{\"case\":7} games=20 note=slow");
        for none in ["[]", "{}", "null"] {
            let (_, feedback) = read(&format!("a:1\nfailures:{none}"), "a").expect("a metric");
            assert_eq!(feedback, "");
        }
        let long = format!("a:1\nfailures:{}", "ä".repeat(5_000));
        assert_eq!(read(&long, "a").expect("a metric").1.chars().count(), 10 + FAILURE + 1);
    }
}
