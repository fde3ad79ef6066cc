//! Script bombs: sources that want more time, memory or stack than there is. They end in the worker; the kernel says so with a
//! code and is none the larger.

use std::process::Command;

use hyperagent::lab::agents::load_agent;
use hyperagent::rewrite::{Submission, validate};

use super::{pool, root, rules, texts, told};
use crate::slow;

/// Set in the process that has the bombs for itself.
const ALONE: &str = "HYPERAGENT_BOMBS_ALONE";
/// What the kernel may grow by while all of them go off, KiB: less than any of them asks for.
const GROWTH_KB: u64 = 48 << 10;

/// A hook with the body.
fn hook(body: &str) -> String {
    format!("def next_step(S, rng):\n    {}\n", body.replace('\n', "\n    "))
}

/// A hook after other lines.
fn after(lines: &str) -> String {
    format!("{lines}\n{}", hook("return stop()"))
}

/// Name, source, code.
fn bombs() -> Vec<(&'static str, String, &'static str)> {
    let chain = |what: &str, times: usize| after(&format!("X = {}1", what.repeat(times)));
    vec![
        // Time.
        (
            "statistics of a long list",
            hook("x = list(range(100000))\nfor i in range(1000):\n    st.median(x)"),
            "E301",
        ),
        // Memory.
        (
            "a text doubled",
            hook("x = \"ab\"\nfor i in range(60):\n    x = x + x\nreturn x"),
            "E302",
        ),
        ("a list doubled", hook("x = [1]\nfor i in range(60):\n    x = x + x\nreturn x"), "E302"),
        (
            "a list that takes itself in",
            hook("x = [1]\nfor i in range(60):\n    x.extend(x)\nreturn x"),
            "E302",
        ),
        ("a text times a billion", hook("return \"a\" * (1000000000 + S.step)"), "E302"),
        ("a constant times a billion", after("X = [0] * 1000000000"), "E302"),
        ("a join", hook("return (\"a\" * (1000000 + S.step)).join([\"b\"] * 1000)"), "E302"),
        (
            "a replacement",
            hook("return (\"a\" * (100000 + S.step)).replace(\"a\", \"b\" * 100000)"),
            "E302",
        ),
        (
            "a format of many fields",
            hook("return (\"{0}\" * 10000).format(\"a\" * (10000 + S.step))"),
            "E302",
        ),
        (
            "texts side by side",
            hook("y = \"a\" * (8000000 + S.step)\nreturn f\"{y}{y}{y}{y}\""),
            "E302",
        ),
        ("a range sorted", hook("return sorted(range(50000000 + S.step))"), "E302"),
        // Stack.
        ("recursion", format!("def f(n): return f(n + 1)\n{}", hook("return f(0)")), "E303"),
        (
            "a lambda that calls itself",
            hook("f = lambda f, n: f(f, n + 1)\nreturn f(f, 0)"),
            "E303",
        ),
        (
            "a value nested a hundred thousand deep",
            hook("x = []\nfor i in range(100000):\n    x = [x]\nreturn str(x)"),
            "E303",
        ),
        (
            "two lists that hold themselves",
            hook("x = []\nx.append(x)\ny = []\ny.append(y)\nreturn x == y"),
            "E306",
        ),
        ("brackets", after(&format!("X = {}{}", "[".repeat(20_000), "]".repeat(20_000))), "E106"),
        ("a sum of thirty thousand", chain("1+", 30_000), "E106"),
        ("not not not", chain("not ", 15_000), "E106"),
        ("lambdas", chain("lambda: ", 8_000), "E106"),
        ("attributes", after(&format!("X = a{}", ".b".repeat(30_000))), "E106"),
        ("calls", after(&format!("X = a{}", "()".repeat(30_000))), "E106"),
        ("indices", after(&format!("X = a{}", "[0]".repeat(20_000))), "E106"),
        ("choices", after(&format!("X = {}1", "1 if True else ".repeat(4_000))), "E106"),
        // Numbers, formats, results.
        ("a shift", hook("return 1 << (1000000000 + S.step)"), "E306"),
        ("a constant shift", after("X = 1 << 1000000000"), "E306"),
        ("a width of a billion", hook("return \"%1000000000d\" % S.step"), "E306"),
        ("a format width of a billion", hook("return \"{:1000000000}\".format(S.step)"), "E306"),
        (
            "a result that holds itself",
            hook("x = []\nx.append(x)\nreturn {\"do\": \"stop\", \"why\": x}"),
            "E304",
        ),
        (
            "a result shared sixty times over",
            hook(
                "x = [\"a\"]\nfor i in range(60):\n    x = [x, x]\nreturn {\"do\": \"stop\", \"why\": x}",
            ),
            "E304",
        ),
        ("a key of two megabytes", hook("return {\"a\" * (2000000 + S.step): 1}"), "E304"),
        ("a complaint of two megabytes", hook("fail(\"a\" * (2000000 + S.step))"), "E306"),
        // Size.
        ("a hundred thousand functions", after(&"def f():\n    pass\n".repeat(100_000)), "E004"),
    ]
}

/// Those that the build of the tests takes seconds for.
fn slow_bombs() -> Vec<(&'static str, String, &'static str)> {
    vec![
        (
            "a loop",
            hook("for a in range(1000000):\n    for b in range(1000000):\n        pass"),
            "E301",
        ),
        ("a draw in a loop", hook("for i in range(1000000):\n    rng.unit()"), "E301"),
        (
            "a dict of dicts",
            hook("x = {}\nfor i in range(900):\n    x[i] = {j: [j] for j in range(1000)}"),
            "E302",
        ),
        ("a split", hook("return (\"a,\" * (3000000 + S.step)).split(\",\")"), "E302"),
        (
            "three thousand loops in one",
            hook(&format!("return [1 {}]", "for a in [1, 2] ".repeat(3_000))),
            "E302",
        ),
    ]
}

/// The most memory this process ever held, KiB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_bomb_is_refused_with_its_code_and_the_kernel_stays_as_it_is() {
    if std::env::var_os(ALONE).is_none() {
        // Other tests in this process hold memory of their own: the bombs get one to themselves.
        let name =
            "validation::bombs::every_bomb_is_refused_with_its_code_and_the_kernel_stays_as_it_is";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone.args([name, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    let mut agent = texts(&load_agent(&root().join("seed/hyperagent")).unwrap());
    let pool = pool().await;
    let report = validate(Submission::of_agent(&agent), &rules(), &pool).await.unwrap();
    assert!(report.valid(), "{}", told(&report));
    let before = peak_kb();
    let mut failures = Vec::new();
    let all =
        bombs().into_iter().chain(if slow::is_on("rewrites") { slow_bombs() } else { Vec::new() });
    for (name, source, code) in all {
        agent.0.insert("strategy.star".to_owned(), source);
        let report = validate(Submission::of_agent(&agent), &rules(), &pool).await.unwrap();
        let found: Vec<_> = report.diagnostics().collect();
        let caught = found.iter().any(|finding| finding.code == code);
        // What is said of it is for people and prompts.
        let brief = found.iter().all(|finding| finding.message.len() < 4096);
        if report.valid() || !caught || !brief {
            let told: String = told(&report).chars().take(400).collect();
            failures.push(format!("{name}: expected {code}, short: {brief}\n{told}"));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    let grown = peak_kb() - before;
    assert!(grown < GROWTH_KB, "the kernel grew by {grown} KiB");
}
