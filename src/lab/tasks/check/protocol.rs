//! What a task's protocol asks of `[benchmark]`, and what it cannot use.

use super::{Sheet, TaskError, is_identifier};
use crate::domain::task::{Protocol, TaskSpec};

/// Checks what the task's protocol needs, and refuses what only the other one knows.
pub(super) fn values(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    match spec.protocol {
        Protocol::Isolated => isolated(sheet, spec),
        Protocol::MetricLine => metric_line(sheet, spec),
    }
}

fn isolated(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    let foreign = [
        ("arguments", !spec.benchmark.has_default_arguments()),
        ("site_packages", spec.benchmark.site_packages),
    ];
    refuse_foreign(sheet, &foreign, "metric-line")?;

    let key = ["benchmark", "functions"];
    let functions = &spec.benchmark.functions;
    sheet.require(!functions.is_empty(), &key, || "is empty".into(), "at least one name")?;
    for name in functions {
        sheet.require(
            is_identifier(name),
            &key,
            || format!("holds `{name}`"),
            "names of Python functions",
        )?;
    }
    let block = spec.benchmark.block;
    sheet.require(
        (1..=1000).contains(&block),
        &["benchmark", "block"],
        || format!("is {block}"),
        "1 to 1000",
    )?;
    let answer_ms = spec.benchmark.answer_ms.unwrap_or(spec.limits.wall_ms);
    sheet.require(
        (10..=spec.limits.wall_ms).contains(&answer_ms),
        &["benchmark", "answer_ms"],
        || format!("is {answer_ms}"),
        "10 to limits.wall_ms",
    )
}

fn metric_line(sheet: &Sheet, spec: &TaskSpec) -> Result<(), TaskError> {
    let foreign = [
        ("functions", !spec.benchmark.functions.is_empty()),
        ("adapter", spec.benchmark.adapter.is_some()),
        ("answer_ms", spec.benchmark.answer_ms.is_some()),
    ];
    refuse_foreign(sheet, &foreign, "isolated")?;
    sheet.require(
        spec.proposals.is_none(),
        &["proposals"],
        || "is there".into(),
        "none with the protocol `metric-line`",
    )?;
    sheet.require(
        !spec.playback,
        &["playback"],
        || "is true".into(),
        "false with the protocol `metric-line`",
    )?;
    sheet.require(
        is_metric_name(&spec.metric),
        &["metric"],
        || format!("is `{}`, which no line can begin with", spec.metric),
        "a name without blanks, `:` and `=`",
    )?;
    sheet.require(
        !spec.is_one_case() || spec.cases.is_empty(),
        &["cases"],
        || "has sets, but no argument of the benchmark holds `{seed}`".into(),
        "`{seed}` in benchmark.arguments, or no [cases]: the benchmark decides its own",
    )
}

fn refuse_foreign(sheet: &Sheet, given: &[(&str, bool)], protocol: &str) -> Result<(), TaskError> {
    for (name, is_given) in given {
        sheet.require(
            !is_given,
            &["benchmark", name],
            || format!("is for the protocol `{protocol}`"),
            "the keys of the task's own protocol",
        )?;
    }
    Ok(())
}

fn is_metric_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '='))
}
