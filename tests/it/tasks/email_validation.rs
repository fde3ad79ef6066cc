//! The task `email_validation`: its oracle, its policy and its cases agree.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Measurement, Outcome};
use hyperagent::domain::task::{Split, Task};
use hyperagent::evaluate::Evaluator;

use super::super::measuring::{evaluator, shipped};

fn read(task: &Task, file: &str) -> String {
    fs::read_to_string(task.folder.join(file)).expect("a file of the task")
}

fn always(answer: &str) -> String {
    format!("def validate_email(address):\n    return {answer}\n")
}

async fn measure(evaluator: &Evaluator, task: &Task, text: &str, split: &str) -> Measurement {
    let cases = task.cases(&Split(split.into()), 1);
    let files = FileSet::from_iter([("validator.py", text)]);
    let measured = evaluator.measure(task, &files, &cases).await;
    assert_eq!(measured.outcome, Outcome::Graded, "{split}: {}", measured.reason);
    assert_eq!(measured.cases.len(), cases.len(), "{split}");
    measured
}

/// The addresses a measurement got wrong, as the feedback shows them.
fn wrong(measured: &Measurement) -> Vec<String> {
    let shown = measured.cases.iter().filter_map(|case| {
        let (_, after) = case.feedback.split_once("ed ")?;
        after.split_once(", policy says ").map(|(address, _)| address.to_owned())
    });
    shown.collect()
}

/// The examples of the policy's tables with their labels.
fn examples(policy: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for line in policy.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').collect();
        for (cell, label) in [(cells[2], true), (cells[3], false)] {
            let spans = cell.split('`').skip(1).step_by(2);
            found.extend(spans.map(|span| (written_out(span), label)));
        }
    }
    found
}

/// An example with the signs that stand for something else replaced: `␊`, `␉`, `␀`, and `x×64`.
fn written_out(span: &str) -> String {
    let plain = span.replace('␊', "\n").replace('␉', "\t").replace('␀', "\0");
    let mut parts = plain.split('×');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let repeated = text.pop().expect("a character before the sign");
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        let (times, rest) = part.split_at(digits);
        text.extend(std::iter::repeat_n(repeated, times.parse().expect("a number")));
        text.push_str(rest);
    }
    text
}

#[tokio::test]
async fn the_start_is_right_on_half_of_the_public_cases_and_the_oracle_on_all_of_every_set() {
    let (task, evaluator) = (shipped("email_validation"), evaluator(2).await);
    let start = measure(&evaluator, &task, &read(&task, "solution/validator.py"), "public").await;
    assert_eq!(start.metric, Some(0.5));
    let oracle = read(&task, "oracle.py");
    for split in ["public", "train", "select", "report", "test"] {
        let measured = measure(&evaluator, &task, &oracle, split).await;
        assert_eq!(measured.metric, Some(1.0), "{split}: {:?}", measured.classes());
    }
}

#[tokio::test]
async fn the_policy_means_what_the_oracle_says() {
    let (task, evaluator) = (shipped("email_validation"), evaluator(2).await);
    let examples = examples(&read(&task, "POLICY.md"));
    for (conflict, label) in [("kim@1.2.3.4", true), ("kim@site.o", false)] {
        assert!(examples.contains(&(conflict.to_owned(), label)), "{conflict}");
    }
    assert!(examples.len() > 150, "{}", examples.len());
    // The candidate raises on import when the oracle differs; then it is not graded.
    let json = serde_json::to_string(&examples).expect("JSON");
    let literal = serde_json::to_string(&json).expect("JSON");
    let checks = format!(
        "\nimport json\nfor address, label in json.loads({literal}):\n    \
         assert validate_email(address) is label, ascii(address)\n"
    );
    measure(&evaluator, &task, &(read(&task, "oracle.py") + &checks), "public").await;
}

#[tokio::test]
async fn each_family_is_as_often_valid_as_not_and_no_address_is_in_two_sets() {
    let (task, evaluator) = (shipped("email_validation"), evaluator(2).await);
    let mut addresses = BTreeSet::new();
    let mut cases = 0;
    for (split, each) in [("train", 5), ("select", 5), ("test", 25)] {
        let accepting = measure(&evaluator, &task, &always("True"), split).await;
        let rejecting = measure(&evaluator, &task, &always("False"), split).await;
        let (invalid, valid): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (accepting.classes(), rejecting.classes());
        assert_eq!(invalid, valid, "{split}");
        assert_eq!(invalid.len(), 20, "{split}: {invalid:?}");
        assert!(invalid.values().all(|count| *count == each), "{split}: {invalid:?}");
        cases += accepting.cases.len();
        addresses.extend(wrong(&accepting));
        addresses.extend(wrong(&rejecting));
    }
    assert_eq!(addresses.len(), cases);
    let rejecting = measure(&evaluator, &task, &always("False"), "public").await;
    assert_eq!(wrong(&rejecting).len(), 7, "{:?}", rejecting.classes());
    assert!(wrong(&rejecting).iter().any(|address| address.contains("@203.0.113.77")));
}

#[tokio::test]
async fn an_exception_and_a_value_that_is_no_bool_are_wrong_answers() {
    let (task, evaluator) = (shipped("email_validation"), evaluator(2).await);
    for (answer, class) in [("1", "wrong_type"), ("None", "wrong_type"), ("address[999]", "crash")]
    {
        let measured = measure(&evaluator, &task, &always(answer), "public").await;
        assert_eq!(measured.metric, Some(0.0), "{answer}");
        assert_eq!(measured.classes(), [(class.to_owned(), 20)].into(), "{answer}");
    }
}
