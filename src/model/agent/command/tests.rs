//! Commands that are small shell scripts.

use super::*;
use crate::domain::settings::Dialect;
use crate::model::request::tests::question;
use std::sync::Arc;

const BASE: &str = "def move(x):\n    return x + 1\n";

fn command(script: &str, change: impl FnOnce(&mut ModelSpec)) -> Command {
    let mut spec = ModelSpec::of(Dialect::Command);
    spec.command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    spec.env = vec!["PATH".into(), "AGENT_KEY".into()];
    spec.retry.first_wait_ms = 1;
    change(&mut spec);
    let environment = Environment::from_iter([
        ("PATH", "/usr/bin:/bin"),
        ("AGENT_KEY", "planted-value"),
        ("OTHER_KEY", "not-named"),
    ]);
    Command::new(&"coder".parse().expect("an alias"), &spec, Path::new("/nowhere"), &environment)
}

fn asked() -> Request {
    let mut asked = question("Raise the step.");
    if let Brief::Worker(brief) = Arc::make_mut(&mut asked.brief) {
        brief.base = FileSet::from_iter([("fixed.py", "0\n"), ("player.py", BASE)]);
        brief.editable = (&vec!["player.py".to_owned()]).into();
    }
    asked.beside = Arc::new(FileSet::from_iter([("note.md", "remember\n")]));
    asked
}

fn applied(reply: &Reply) -> FileSet {
    let asked = asked();
    let work = work(&asked);
    let answer = edit::parse(&reply.text, work.format, &work.editable).expect("an answer");
    edit::apply(work.files, &answer).expect("files")
}

#[tokio::test]
async fn what_it_changed_is_the_answer_and_what_it_must_not_change_is_named() {
    let script = "grep -q 'Raise the step' && grep -q remember ../archive/note.md \
        && sed -i 's/+ 1/+ 2/' player.py && echo 9 > fixed.py && echo thinking \
        && echo \"summary: step by two, $AGENT_KEY$OTHER_KEY\"";
    let reply = command(script, |_| ()).ask(&asked()).await.expect("an answer");
    let after = applied(&reply);
    assert_eq!(after.get("player.py"), Some("def move(x):\n    return x + 2\n"));
    assert_eq!(after.get("fixed.py"), Some("0\n"));
    assert!(reply.text.starts_with("summary: step by two, [AGENT_KEY]\n"), "{}", reply.text);
    assert_eq!((reply.cost.restored, reply.cost.requests), (vec!["fixed.py".to_owned()], 1));
    assert_eq!((reply.cost.usd, reply.cost.input_tokens), (None, None));
}

#[tokio::test]
async fn the_prompt_can_come_as_a_file_and_a_text_can_be_the_answer() {
    let spoken =
        "player.py\n<<<<<<< SEARCH\n    return x + 1\n=======\n    return x + 3\n>>>>>>> REPLACE\n";
    let script =
        format!("test -z \"$(cat)\" && grep -q 'Raise the step' {{prompt}} && printf '{}'", spoken);
    let reply = command(&script, |_| ()).ask(&asked()).await.expect("an answer");
    assert!(applied(&reply).get("player.py").is_some_and(|text| text.ends_with("x + 3\n")));
}

#[tokio::test]
async fn failures_are_started_again_and_then_the_model_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    let tried = folder.path().join("tried");
    let script = format!(
        "echo x >> {0}; test $(wc -l < {0}) -ge 3 && echo said && exit; echo busy >&2; exit 7",
        tried.display()
    );
    let reply = command(&script, |_| ()).ask(&asked()).await.expect("an answer at last");
    assert_eq!((reply.text.as_str(), reply.cost.requests), ("said", 3));
    let failed = command("echo no login >&2; exit 7", |spec| spec.retry.requests = 2);
    let error = failed.ask(&asked()).await.expect_err("it never works").to_string();
    assert!(error.contains("no login") && error.contains("2 requests"), "{error}");
}

#[tokio::test]
async fn time_up_spends_the_attempt() {
    let slow = command("sleep 20", |spec| spec.timeouts_ms.total = 100);
    let error = slow.ask(&asked()).await.expect_err("too slow");
    assert_eq!(error.consequence(), crate::model::Consequence::SpendAttempt, "{error}");
    assert!(error.to_string().contains("timeouts_ms.total"), "{error}");
}

#[test]
fn a_program_or_a_variable_that_is_not_there_is_named() {
    let fault =
        |change: fn(&mut ModelSpec)| command("", change).check().expect_err("a fault").to_string();
    assert!(fault(|spec| spec.command = vec!["no-such-agent".into()]).contains("`no-such-agent`"));
    assert!(fault(|spec| spec.env = vec!["ABSENT".into()]).contains("ABSENT"));
}

#[tokio::test]
async fn a_program_that_prints_json_says_what_it_used_and_each_failed_start_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let tried = folder.path().join("tried");
    let script = format!(
        "test -e {0} || {{ touch {0}; echo busy >&2; exit 7; }}; sed -i 's/+ 1/+ 2/' player.py; printf '%s' \
         '{{\"result\": \"summary: step by two\", \"total_cost_usd\": 0.02, \"usage\": {{\"in\": 70, \"out\": 9}}}}'",
        tried.display()
    );
    let reply = command(&script, |spec| {
        spec.usage = Some(crate::domain::settings::UsageSpec {
            input_tokens: vec!["usage.in".into()],
            output_tokens: vec!["usage.out".into()],
            usd: Some("total_cost_usd".into()),
            text: Some("result".into()),
            ..Default::default()
        });
    });
    let reply = reply.ask(&asked()).await.expect("an answer");
    assert!(reply.text.starts_with("summary: step by two\n"), "{}", reply.text);
    let cost = reply.cost;
    assert_eq!((cost.input_tokens, cost.output_tokens), (Some(70), Some(9)));
    assert_eq!(cost.usd, Some(crate::base::unit::MicroUsd(20_000)));
    assert_eq!((cost.requests, cost.retries.len()), (2, 1));
    assert!(cost.retries[0].why.contains("busy"), "{:?}", cost.retries);
}
