//! The command line as a person or a script meets it: temporary home, no environment, no terminal.
#![cfg(test)]

mod authors;
pub(crate) mod bench;
mod reading;
mod recorded_lab;

use bench::Bench;

#[test]
fn no_verb_and_an_unknown_verb_are_usage_errors() {
    let bench = Bench::outside_any_lab();
    bench.run(&[]).fails_with(2);
    bench.run(&["dream"]).fails_with(2).tells("unrecognized subcommand 'dream'");
    bench.run(&["run", "--attempts", "0"]).fails_with(2).tells("0 is not in 1..");
    bench.run(&["run", "--max-usd", "NaN"]).fails_with(2).tells("a number above 0");
    bench.run(&["log", "../x"]).fails_with(2).tells("is not a run name");
}

#[test]
fn help_is_an_answer_and_names_every_exit_code() {
    let bench = Bench::outside_any_lab();
    let help = bench.run(&["--help"]).succeeds();
    for code in ["0 done", "2 usage", "7 interrupted", "9 disk, lock, Python", "70 a defect"] {
        assert!(help.stdout.contains(code), "{code} is missing:\n{}", help.stdout);
    }
    assert!(bench.run(&["--version"]).succeeds().stdout.starts_with("hyperagent "));
}

#[test]
fn a_folder_that_is_no_lab_is_told_how_to_become_one() {
    let bench = Bench::outside_any_lab();
    for verb in [&["status"][..], &["log"], &["run"], &["validate"], &["task", "list"]] {
        bench.run(verb).fails_with(2).tells("no lab here").tells("`hyperagent init DIR`");
    }
    bench.run(&["--lab", "nowhere", "log"]).fails_with(2).tells("is no lab");
}

#[test]
fn hints_start_with_cargo_run_for_whoever_typed_that() {
    let bench = Bench::outside_any_lab().with("CARGO", "/usr/bin/cargo");
    bench.run(&["status"]).fails_with(2).tells("-- init DIR`");
}

#[test]
fn a_new_lab_can_be_made_once_and_has_no_run_yet() {
    let bench = Bench::outside_any_lab();
    let made = bench.run(&["init", "lab"]).succeeds();
    assert!(made.stdout.contains("hyperagent --lab lab run"), "{}", made.stdout);
    bench.run(&["init", "lab"]).fails_with(2).tells("is a lab already");
    for verb in ["status", "log", "cost", "best"] {
        bench
            .run(&["--lab", "lab", verb])
            .fails_with(2)
            .tells("no run yet")
            .tells("hyperagent run");
    }
    let tasks = bench.run(&["--lab", "lab", "task", "list", "--json"]).succeeds().json();
    let mut tasks = tasks["tasks"].as_array().expect("tasks").iter();
    assert!(tasks.any(|task| task["name"] == "snake"));
    let seeds = bench.run(&["--lab", "lab", "seed", "list", "--json"]).succeeds().json();
    let names: Vec<_> = seeds["seeds"].as_array().expect("seeds").iter().collect();
    assert!(names.iter().any(|seed| seed["name"] == "hyperagent" && seed["current"] == true));
    assert!(names.iter().any(|seed| seed["name"] == "autoresearch" && seed["current"] == false));
}

#[test]
fn an_unknown_setting_is_named_with_its_line() {
    let bench = Bench::with_lab();
    bench.write("lab/hyperagent.toml", "[budget]\nmax_usd = 5.0\nmax_dollars = 3\n");
    bench
        .run(&["--lab", "lab", "task", "list"])
        .fails_with(2)
        .tells("hyperagent.toml:3:1")
        .tells("max_dollars")
        .tells("max_tokens");
}

#[test]
fn an_unknown_task_and_an_unknown_seed_are_answered_with_those_there_are() {
    let bench = Bench::with_lab();
    bench
        .run(&["--lab", "lab", "task", "eval", "chess"])
        .fails_with(2)
        .tells("no task `chess`")
        .tells("snake");
    bench
        .run(&["--lab", "lab", "seed", "use", "alchemy"])
        .fails_with(2)
        .tells("no seed `alchemy`")
        .tells("autoresearch");
}

#[test]
fn the_sealed_sets_of_a_task_stay_sealed() {
    let bench = Bench::with_lab();
    let eval = |split| bench.run(&["--lab", "lab", "task", "eval", "snake", "--split", split]);
    eval("test").fails_with(2).tells("sealed");
    eval("select").fails_with(2).tells("for the kernel alone");
    eval("nonsense").fails_with(2).tells("public");
}

#[test]
fn the_start_of_the_shipped_task_measures_as_published() {
    let bench = Bench::with_lab();
    let measured = bench
        .run(&["--lab", "lab", "task", "eval", "snake", "--split", "public", "--json"])
        .succeeds()
        .json();
    assert_eq!(measured["outcome"], "graded");
    assert_eq!(measured["metric"], 0.05);
    assert_eq!(measured["cases"].as_array().map(Vec::len), Some(20));
    for field in ["task", "split", "score", "violations", "usage", "sandbox"] {
        assert!(measured.get(field).is_some(), "`{field}` is missing");
    }
}

#[test]
fn a_broken_solution_has_its_own_exit_code_and_says_what_is_wrong() {
    let bench = Bench::with_lab();
    bench.write("broken.py", "def next_move(snake, food, width, height)\n    return 'UP'\n");
    let told = bench.run(&["--lab", "lab", "task", "eval", "snake", "broken.py"]).fails_with(6);
    assert!(told.stdout.contains("SyntaxError"), "{}", told.stdout);
    bench.run(&["--lab", "lab", "task", "eval", "snake", "nowhere.py"]).fails_with(2);
}

#[test]
fn a_case_is_played_back_frame_by_frame() {
    let bench = Bench::with_lab();
    let player = "lab/tasks/snake/solution/player.py";
    let played = bench.run(&["--lab", "lab", "task", "play", "snake", player]).succeeds();
    assert!(played.stdout.lines().count() > 20, "{}", played.stdout);
    assert!(played.stdout.contains("wall"), "{}", played.stdout);
}

#[test]
fn the_shipped_agents_are_valid_and_a_broken_one_is_named() {
    let bench = Bench::with_lab();
    let valid = bench.run(&["--lab", "lab", "validate", "--json"]).succeeds().json();
    assert_eq!(valid["valid"], true);
    let stages: Vec<_> = valid["stages"].as_array().expect("stages").iter().collect();
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].clone()).collect();
    assert_eq!(names, ["intake", "parse", "signature", "dry_run"]);

    bench.write("lab/agent_config/agent.toml", "[roles.worker\n");
    let invalid = bench.run(&["--lab", "lab", "validate", "--json"]).fails_with(3).json();
    assert_eq!(invalid["valid"], false);
    let refused = invalid["stages"].as_array().and_then(|stages| stages.last()).expect("a stage");
    assert_eq!(refused["stage"], "parse");
    let found = &refused["diagnostics"][0];
    assert_eq!((&found["code"], &found["file"]), (&"E101".into(), &"agent.toml".into()));
    bench.run(&["--lab", "lab", "validate", "nowhere"]).fails_with(2);
}

#[test]
fn a_lab_without_python_says_so_with_the_code_of_the_machine() {
    let bench = Bench::with_lab().with("PATH", "/nonexistent");
    bench.run(&["--lab", "lab", "task", "eval", "snake"]).fails_with(9).tells("CPython 3.11");
}

#[test]
fn doctor_shows_attacks_python_and_models_but_never_a_key() {
    let bench = Bench::with_lab().with("FAST_KEY", "sk-planted-key-0123456789");
    bench.write(
        "lab/hyperagent.toml",
        "[models.fast]\ndialect = \"openai-chat\"\nmodel = \"m\"\nkey_env = \"FAST_KEY\"\n\
         base_url = \"http://127.0.0.1:9/v1\"\n\
         [models.slow]\ndialect = \"openai-chat\"\nmodel = \"m\"\nkey_env = \"SLOW_KEY\"\n",
    );
    let examined = bench.run(&["--lab", "lab", "doctor", "--json"]);
    let document = examined.json();
    let model = |alias: &str| {
        let models = document["models"].as_array().expect("models").clone();
        models.into_iter().find(|model| model["alias"] == alias).expect("the alias")
    };
    assert_eq!(model("fast")["ok"], true);
    assert_eq!(model("slow")["ok"], false);
    assert!(model("slow")["detail"].as_str().is_some_and(|detail| detail.contains("SLOW_KEY")));
    assert!(document["sandbox"]["attacks"].as_array().is_some_and(|attacks| attacks.len() > 10));
    assert!(
        document["python"]["version"].as_str().is_some_and(|version| version.starts_with("3."))
    );
    examined.fails_with(2);
    let told = bench.run(&["--lab", "lab", "doctor"]);
    assert!(!format!("{}{}{document}", told.stdout, told.stderr).contains("planted"));
}

#[test]
fn completions_are_written_for_every_shell() {
    let bench = Bench::outside_any_lab();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(&["completions", shell]).succeeds();
        assert!(script.stdout.contains("rollback"), "{shell} does not know the verbs");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    Bench::outside_any_lab().run_into_closed_pipe(&["completions", "bash"]);
}

/// The commands of a document's blocks that are marked as tested.
fn commands(document: &str) -> Vec<String> {
    document
        .split("<!-- tested -->\n```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .flat_map(str::lines)
        .map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned())
        .collect()
}

#[test]
fn every_command_of_the_documents_is_understood() {
    let bench = Bench::outside_any_lab();
    let mut tested = 0;
    for document in [include_str!("../../README.md"), include_str!("../../docs/tasks.md")] {
        for command in commands(document) {
            let words = command
                .strip_prefix("cargo run --release -- ")
                .or_else(|| command.strip_prefix("hyperagent "))
                .unwrap_or_else(|| panic!("`{command}` is no command of this program"));
            // With `--help` at its end a command is parsed, and not carried out.
            let words: Vec<&str> = words.split_whitespace().chain(["--help"]).collect();
            bench.run(&words).succeeds();
            tested += 1;
        }
    }
    assert!(tested > 15, "only {tested} commands found");
}
