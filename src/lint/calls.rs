//! Calls that run code, start a shell, leave the working directory or trust data.

use tree_sitter::Node;

use super::names::Imports;
use super::{Seen, Source, Weakness};

const EVAL: &str = "read data with `ast.literal_eval` or `json.loads`, or call the function itself";
const SHELL: &str = "pass a list of arguments to `subprocess.run` without `shell=True`";
const TRUST: &str = "read data with `json.loads`, or `yaml.safe_load` for YAML";
const LEAVES: &str = "use a path below the working directory, without `..`";
const UNPACKS: &str = "pass `filter='data'`, or check every member's path first";

/// What is wrong with a call, if it is one.
pub(super) fn look(source: Source<'_>, imports: &Imports, node: Node<'_>) -> Option<Seen> {
    if node.kind() != "call" {
        return None;
    }
    let written = source.of(node.child_by_field_name("function")?);
    let arguments = node.child_by_field_name("arguments")?;
    let full = imports.full(written);
    let plain = full.strip_prefix("builtins.").unwrap_or(&full);
    let said = |weakness, what: &str, fix| Some((weakness, format!("`{written}` {what}"), fix));
    match plain {
        "eval" | "exec" => said(Weakness::Eval, "runs text as code", EVAL),
        "os.system" | "os.popen" | "subprocess.getoutput" | "subprocess.getstatusoutput" => {
            said(Weakness::Shell, "hands a command to a shell", SHELL)
        }
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen"
            if keyword(source, arguments, "shell") == Some("True") =>
        {
            said(Weakness::Shell, "hands a command to a shell", SHELL)
        }
        "pickle.load" | "pickle.loads" | "pickle.Unpickler" | "marshal.load" | "marshal.loads"
        | "shelve.open" | "dill.load" | "dill.loads" | "yaml.unsafe_load" => {
            said(Weakness::Deserialise, "can run code that the data brings", TRUST)
        }
        "yaml.load"
            if !keyword(source, arguments, "Loader").is_some_and(|is| is.contains("Safe"))
                && !source.of(arguments).contains("SafeLoader") =>
        {
            said(Weakness::Deserialise, "can run code that the data brings", TRUST)
        }
        "open" | "io.open" | "os.open" | "pathlib.Path" | "os.remove" | "shutil.rmtree" => {
            let path = arguments.named_child(0).and_then(|first| source.literal(first))?;
            let leaves = path.starts_with('/')
                || path.starts_with('~')
                || path.split(['/', '\\']).any(|part| part == "..");
            leaves.then_some(())?;
            said(Weakness::Path, &format!("leads out of the working directory: {path}"), LEAVES)
        }
        _ if written.ends_with(".extractall") && keyword(source, arguments, "filter").is_none() => {
            said(Weakness::Path, "lets an archive choose where its files go", UNPACKS)
        }
        _ => None,
    }
}

/// The value of a keyword argument, as written.
fn keyword<'a>(source: Source<'a>, arguments: Node<'_>, name: &str) -> Option<&'a str> {
    let mut cursor = arguments.walk();
    let keywords = arguments.named_children(&mut cursor).filter(|n| n.kind() == "keyword_argument");
    keywords
        .filter(|n| n.child_by_field_name("name").is_some_and(|own| source.of(own) == name))
        .find_map(|n| n.child_by_field_name("value").map(|value| source.of(value)))
}
