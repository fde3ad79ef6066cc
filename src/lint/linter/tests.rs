use super::*;

#[test]
fn a_finding_of_ruff_is_read_with_rule_line_and_suggestion() {
    let line = r#"{"cell":null,"code":"F401","end_location":{"column":10,"row":3},"filename":"/in/solution/parts/a.py","fix":{"applicability":"safe","edits":[],"message":"Remove unused import: `os`"},"location":{"column":8,"row":3},"message":"`os` imported but unused","noqa_row":3,"url":"https://x"}"#;
    let plain = r#"{"code":null,"filename":"/in/solution/b.py","fix":null,"location":{"column":1,"row":1},"message":"SyntaxError: x"}"#;
    let found = ruff_lines(&format!("{line}\n{plain}\n{}", line.get(..40).expect("a part")))
        .expect("findings");
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "parts/a.py:3: F401 `os` imported but unused; Remove unused import: `os`",
            "b.py:1: SyntaxError: x"
        ]
    );
    assert!(ruff_lines("All checks passed!\n").is_err(), "another language is no answer");
}

#[test]
fn a_finding_of_pyflakes_is_read_with_and_without_column() {
    let told = |line: &str| pyflakes_line(line).map(|found| found.to_string());
    let expected = Some("a.py:3: 'os' imported but unused".to_owned());
    assert_eq!(told("/in/solution/a.py:3:1: 'os' imported but unused"), expected);
    assert_eq!(told("/in/solution/a.py:3: 'os' imported but unused"), expected);
    assert_eq!(told("usage: pyflakes"), None);
}

#[test]
fn ruff_comes_before_pyflakes_and_neither_is_no_linter() {
    let folder = tempfile::tempdir().expect("a folder");
    let packages = folder.path().join("packages");
    let python = Python {
        path: "/nowhere/python3".into(),
        version: "3.11.0".into(),
        build: Digest::of(b"none"),
        prefix: "/nowhere".into(),
        readable: vec![packages.clone()],
    };
    let path_env = folder.path().display().to_string();
    assert_eq!(Linter::find(&path_env, &python), None);
    std::fs::create_dir_all(packages.join("pyflakes")).expect("a package");
    std::fs::write(packages.join("pyflakes/__main__.py"), "").expect("a file");
    let found = Linter::find(&path_env, &python);
    assert_eq!(found, Some(Linter::Pyflakes(packages.join("pyflakes"))));
    std::fs::write(folder.path().join("ruff"), "").expect("a file");
    let found = Linter::find(&path_env, &python);
    assert_eq!(found.map(|linter| linter.name()), Some("ruff"));
}
