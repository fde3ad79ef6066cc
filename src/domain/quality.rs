//! What a maintained linter says of a candidate's text. Where none is installed that is said too: nobody looked is not
//! the same as nothing was found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Findings that stand with a result; the rest is counted.
pub const SHOWN: usize = 8;

/// What came of asking a linter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// There is none on this machine.
    Unavailable,
    /// It gave no usable answer, for this reason. No candidate is refused for it.
    Failed(String),
    /// It looked at every Python file.
    Checked(Checked),
}

/// What a linter found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its name.
    pub by: String,
    /// What it found that the starting solution has not, by file and line.
    pub findings: Vec<Advice>,
    /// Further findings.
    #[serde(default, skip_serializing_if = "is_none_left")]
    pub more: u32,
}

fn is_none_left(more: &u32) -> bool {
    *more == 0
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The linter's name of the rule; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// What it says.
    pub what: String,
    /// What it suggests; empty when it suggests nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what, fix } = self;
        let rule = if rule.is_empty() { String::new() } else { format!("{rule} ") };
        let fix = if fix.is_empty() { String::new() } else { format!("; {fix}") };
        write!(f, "{path}:{line}: {rule}{what}{fix}")
    }
}

impl Quality {
    /// What a linter found beyond what it found in the starting solution. Lines move, so a finding is known by file, rule
    /// and words; as often as there, no more.
    pub fn checked(by: &str, mut found: Vec<Advice>, start: &[Advice]) -> Self {
        let mut known: Vec<&Advice> = start.iter().collect();
        found.retain(|finding| {
            let same = |known: &&Advice| {
                (&known.path, &known.rule, &known.what)
                    == (&finding.path, &finding.rule, &finding.what)
            };
            match known.iter().position(same) {
                Some(place) => {
                    known.swap_remove(place);
                    false
                }
                None => true,
            }
        });
        let more = found.len().saturating_sub(SHOWN);
        found.truncate(SHOWN);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        Self::Checked(Checked { by: by.to_owned(), findings: found, more })
    }

    /// A line for each finding, or what there is to say instead; nothing where nothing was found.
    pub fn told(&self) -> Vec<String> {
        match self {
            Self::Unavailable => vec!["unavailable: neither ruff nor pyflakes is installed".into()],
            Self::Failed(reason) => vec![format!("unavailable: {reason}")],
            Self::Checked(Checked { by, findings, more }) => {
                let more = (*more > 0).then(|| format!("{by}: and {more} more"));
                findings.iter().map(|one| format!("{by}: {one}")).chain(more).collect()
            }
        }
    }

    /// The findings, if a linter looked.
    pub fn findings(&self) -> &[Advice] {
        match self {
            Self::Checked(checked) => &checked.findings,
            Self::Unavailable | Self::Failed(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(line: u32, what: &str) -> Advice {
        let (path, rule, fix) = ("a.py".to_owned(), "F401".to_owned(), String::new());
        Advice { path, line, rule, what: what.into(), fix }
    }

    #[test]
    fn what_the_start_has_is_left_out_as_often_as_it_has_it() {
        let start = [advice(1, "`os` imported but unused")];
        let twice =
            vec![advice(4, "`os` imported but unused"), advice(5, "`os` imported but unused")];
        let quality = Quality::checked("ruff", twice, &start);
        assert_eq!(quality.findings(), [advice(5, "`os` imported but unused")]);
        assert_eq!(quality.told(), ["ruff: a.py:5: F401 `os` imported but unused"]);
    }

    #[test]
    fn nobody_looked_is_never_the_same_as_nothing_found() {
        let nothing = Quality::checked("ruff", Vec::new(), &[]);
        assert_eq!(nothing.told(), [""; 0]);
        for unknown in [Quality::Unavailable, Quality::Failed("it crashed".into())] {
            assert_ne!(unknown, nothing);
            assert!(unknown.told().concat().starts_with("unavailable"), "{unknown:?}");
        }
        assert_eq!(serde_json::json!(Quality::Unavailable), "unavailable");
    }

    #[test]
    fn findings_without_end_are_counted() {
        let many = (0..20).map(|line| advice(line, &line.to_string())).collect();
        let told = Quality::checked("ruff", many, &[]).told();
        assert_eq!((told.len(), told.last().map(String::as_str)), (9, Some("ruff: and 12 more")));
    }
}
