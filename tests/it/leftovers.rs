//! Hostile trials in a row leave no process, file or descriptor behind.
//!
//! What is left is counted in a process of its own, as other tests start and open things meanwhile: the test starts this
//! test program again for itself alone.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hyperagent::domain::files::FileSet;
use hyperagent::domain::outcome::{Outcome, SandboxLevel};
use hyperagent::domain::task::Split;

use super::cheats::{corpus, secret_asking};
use super::measuring::{evaluator_in, level};
use super::slow;

/// Names the function that candidates are asked for, in the process that counts.
const FUNCTION: &str = "HYPERAGENT_TEST_FUNCTION";
/// Hostile trials in a row of the long form, at each level.
const TRIALS: usize = 1000;
/// How long a process that was killed may take to go.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn hostile_trials_in_a_row_leave_nothing_behind() {
    let Ok(function) = std::env::var(FUNCTION) else {
        let done = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "leftovers::hostile_trials_in_a_row_leave_nothing_behind"])
            .arg("--nocapture")
            .env(FUNCTION, format!("guess_{}", std::process::id()))
            .output()
            .expect("this program again");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        println!("{said}");
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let highest = level().await;
        let trials = if slow::is_on("leftovers") { TRIALS } else { 1 };
        for level in [SandboxLevel::Full, SandboxLevel::KernelFilter] {
            if level > highest {
                println!("SKIPPED: this machine does not offer level `{level}`");
                continue;
            }
            hold_out(&function, level, trials).await;
        }
    });
}

/// Measures hostile candidates until there were so many trials, and all of the corpus at least once.
async fn hold_out(function: &str, level: SandboxLevel, trials: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    // Whoever runs the candidates must get at what is put there for them.
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("a mode");
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).expect("a folder");
    let task = secret_asking(folder.path(), function);
    let cases = task.cases(&Split::train(), 0);
    // What the runtime opens once and keeps is open from here on.
    drop(evaluator_in(&temporary, level, 2).await.measure(&task, &task.initial, &cases).await);
    gone(function).await;
    let open = descriptors();

    let evaluator = evaluator_in(&temporary, level, 2).await;
    let corpus = corpus();
    let mut made = 0;
    let mut candidates = 0;
    while made < trials || candidates < corpus.len() {
        for code in corpus.values() {
            let code = code.replace("guess", function);
            let candidate = FileSet::from_iter([("answer.py", code)]);
            let measured = evaluator.measure(&task, &candidate, &cases).await;
            assert_ne!(measured.outcome, Outcome::Fault, "{}", measured.reason);
            made += cases.len();
            candidates += 1;
        }
    }
    assert!(!processes(function).is_empty(), "the benchmark waits, and is seen");
    drop(evaluator);
    gone(function).await;
    assert_eq!(descriptors(), open, "descriptors at level {level}");
    let files: Vec<_> = fs::read_dir(&temporary).expect("a folder").flatten().collect();
    assert!(files.is_empty(), "files at level {level}: {files:?}");
    println!(
        "{made} hostile trials of {candidates} candidates at level {level} left nothing behind"
    );
}

/// Waits until no process is left that serves the function or has been started by this one.
async fn gone(function: &str) {
    let begun = Instant::now();
    loop {
        let left = processes(function);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "left running: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Processes whose command line names the function, and this one's children.
fn processes(function: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let all = fs::read_dir("/proc").expect("processes").flatten();
    all.filter(|entry| {
        let file = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        let parent = file("stat")
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1).map(str::to_owned));
        file("cmdline").contains(function) || parent.as_deref() == Some(&own)
    })
    .map(|entry| entry.file_name().to_string_lossy().into_owned())
    .collect()
}

/// What this process has open.
fn descriptors() -> BTreeSet<String> {
    let all = fs::read_dir(Path::new("/proc/self/fd")).expect("descriptors").flatten();
    all.filter_map(|entry| {
        let to = fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
        (!to.starts_with("/proc/")).then(|| entry.file_name().to_string_lossy().into_owned())
    })
    .collect()
}
