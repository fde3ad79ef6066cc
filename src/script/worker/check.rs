//! What can be known of a script without running it.

use std::collections::{BTreeMap, HashMap, HashSet};

use starlark::analysis::AstModuleLint;
use starlark::environment::Globals;
use starlark::syntax::ast::{
    AssignTarget, AstExpr, AstLiteral, AstParameter, AstStmt, Expr, Parameter, Stmt,
};
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::typing::AstModuleTypecheck;

use super::scan::scan;
use crate::domain::agent::STRATEGY;
use crate::script::fault::{Checked, Finding};
use crate::script::hook::{Hook, Signature};

/// The language: the standard, with f-strings, keyword-only parameters and annotations (which are checked here and
/// ignored when the script runs); no imports, no statements but definitions at the top.
const DIALECT: Dialect = Dialect {
    enable_load: false,
    enable_load_reexport: false,
    enable_keyword_only_arguments: true,
    enable_types: DialectTypes::ParseOnly,
    enable_f_strings: true,
    ..Dialect::Standard
};

/// Parses a source that passed the scan.
pub fn parse(source: &str) -> starlark::Result<AstModule> {
    AstModule::parse(STRATEGY, source.to_owned(), &DIALECT)
}

/// Scans, parses, lints, reads the signatures and checks the types of a script.
pub fn check(source: &str, globals: &Globals) -> Checked {
    if let Some(finding) = scan(source) {
        return Checked { hooks: Vec::new(), findings: vec![finding] };
    }
    let ast = match parse(source) {
        Ok(ast) => ast,
        Err(error) => return Checked { hooks: Vec::new(), findings: vec![syntax(&error, source)] },
    };
    let mut findings = names(&ast, globals);
    findings.extend(top_level(&ast));
    let (hooks, wrong) = signatures(&ast);
    findings.extend(wrong);
    // Types are only worth telling when every name is known.
    if !findings.iter().any(|finding| finding.code.starts_with('E')) {
        findings.extend(types(ast, globals));
    }
    findings.sort_by(|a, b| (a.line, &a.code, &a.message).cmp(&(b.line, &b.code, &b.message)));
    findings.dedup();
    Checked { hooks, findings }
}

fn finding(code: &str, line: u32, message: impl Into<String>) -> Finding {
    Finding { code: code.to_owned(), line, message: message.into() }
}

/// The line where an error is, from 1; 0 when it has none.
pub fn line_of(error: &starlark::Error) -> u32 {
    error.span().map_or(0, |span| number(span.resolve_span().begin.line))
}

fn number(line_from_zero: usize) -> u32 {
    u32::try_from(line_from_zero.saturating_add(1)).unwrap_or(u32::MAX)
}

/// Words of Python that the language lacks, with what to write instead.
const ABSENT: [(&str, &str); 16] = [
    ("while", "use `for _ in range(1000):` with `break`"),
    ("try", "test before you act; there are no exceptions"),
    ("except", "test before you act; there are no exceptions"),
    ("finally", "test before you act; there are no exceptions"),
    ("raise", "use `fail(\"why\")`"),
    ("assert", "use `if not …: fail(\"why\")`"),
    ("class", "use dicts and functions"),
    ("is", "use `==`; `x == None` works"),
    ("del", "build a new dict or use `.pop(key)`"),
    ("with", "there is nothing to open"),
    ("yield", "return a list"),
    ("async", "there is nothing to wait for"),
    ("await", "there is nothing to wait for"),
    ("global", "pass values as arguments; there is no state outside a call"),
    ("nonlocal", "pass values as arguments; there is no state outside a call"),
    ("**", "use `st.pow(x, y)`"),
];

fn syntax(error: &starlark::Error, source: &str) -> Finding {
    let line = line_of(error);
    let text = usize::try_from(line).ok().and_then(|line| source.lines().nth(line.checked_sub(1)?));
    let text = text.unwrap_or_default().trim();
    let message = error.without_diagnostic().to_string();
    let shown: String = text.chars().take(100).collect();
    let starts = |word: &str| {
        text.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(', ':']))
    };
    if ["import", "from", "load"].into_iter().any(starts) {
        return finding(
            "E105",
            line,
            format!(
                "imports are not available: `{shown}`; remove it, for `st`, `rng` and the actions are built in"
            ),
        );
    }
    let reserved = |word: &str| {
        message.contains(&format!("`{word}`"))
            || message.contains(&format!("'{word}'"))
            || message.contains(&format!("keyword {word}"))
            || starts(word)
    };
    if let Some((word, instead)) = ABSENT.into_iter().find(|(word, _)| reserved(word)) {
        let note = format!("`{word}` is not in the language: `{shown}`; {instead}");
        return finding("E104", line, note);
    }
    if message.contains("`for` cannot be used outside")
        || message.contains("`if` cannot be used outside")
    {
        return finding("E208", line, outside(&shown));
    }
    finding("E106", line, format!("{message}: `{shown}`; write the script alone, in its language"))
}

fn outside(shown: &str) -> String {
    format!(
        "only `def` and constants may stand at the top level: `{shown}`; move it into a function"
    )
}

fn names(ast: &AstModule, globals: &Globals) -> Vec<Finding> {
    let known: HashSet<String> = globals.names().map(|name| name.as_str().to_owned()).collect();
    let mut findings = Vec::new();
    for lint in ast.lint(Some(&known)) {
        let line = number(lint.location.resolve_span().begin.line);
        match lint.short_name.as_str() {
            "using-undefined" => {
                let name = &lint.original;
                let instead = match name.as_str() {
                    "open" | "print" | "input" | "eval" | "exec" => {
                        "; use what `S` or `T` holds, for scripts have no input or output"
                    }
                    "random" => "; use the argument `rng`",
                    "math" | "statistics" | "np" | "numpy" => "; use `st`",
                    "time" | "datetime" => "; scripts have no clock",
                    _ => "; allowed: arguments, what the script defines, and what is built in",
                };
                findings.push(finding(
                    "E207",
                    line,
                    format!("name `{name}` is not defined{instead}"),
                ));
            }
            "using-unassigned" => {
                findings.push(finding("E207", line, lint.problem.clone()));
            }
            "using-maybe-undefined"
            | "missing-return"
            | "unreachable"
            | "no-effect"
            | "duplicate-key" => {
                findings.push(finding("W207", line, lint.problem.clone()));
            }
            _ => {}
        }
    }
    findings
}

fn statements<'a>(statement: &'a AstStmt, found: &mut Vec<&'a AstStmt>) {
    match &statement.node {
        Stmt::Statements(inner) => inner.iter().for_each(|inner| statements(inner, found)),
        _ => found.push(statement),
    }
}

fn top_statements(ast: &AstModule) -> Vec<&AstStmt> {
    let mut found = Vec::new();
    statements(ast.statement(), &mut found);
    found
}

fn top_level(ast: &AstModule) -> Vec<Finding> {
    let mut findings = Vec::new();
    for statement in top_statements(ast) {
        let allowed = match &statement.node {
            Stmt::Def(_) | Stmt::Pass => true,
            Stmt::Assign(assign) => is_constant(&assign.rhs) && is_name(&assign.lhs.node),
            Stmt::Expression(expression) => {
                matches!(&expression.node, Expr::Literal(AstLiteral::String(_)))
            }
            _ => false,
        };
        if !allowed {
            let span = ast.file_span(statement.span);
            let shown: String =
                span.source_span().lines().next().unwrap_or_default().chars().take(100).collect();
            let line = number(span.resolve_span().begin.line);
            findings.push(finding("E208", line, outside(&shown)));
        }
    }
    findings
}

fn is_name(target: &AssignTarget) -> bool {
    match target {
        AssignTarget::Identifier(_) => true,
        AssignTarget::Tuple(parts) => parts.iter().all(|part| is_name(&part.node)),
        AssignTarget::Index(_) | AssignTarget::Dot(..) => false,
    }
}

/// Whether an expression is a constant: literals, names, and operators on them; no calls (but `float("inf")` and the
/// like), no loops.
fn is_constant(expression: &AstExpr) -> bool {
    match &expression.node {
        Expr::Literal(_) | Expr::Identifier(_) | Expr::Lambda(_) => true,
        Expr::Tuple(parts) | Expr::List(parts) => parts.iter().all(is_constant),
        Expr::Dict(pairs) => {
            pairs.iter().all(|(key, value)| is_constant(key) && is_constant(value))
        }
        Expr::Not(inner) | Expr::Minus(inner) | Expr::Plus(inner) | Expr::BitNot(inner) => {
            is_constant(inner)
        }
        Expr::Op(left, _, right) => is_constant(left) && is_constant(right),
        Expr::If(parts) => is_constant(&parts.0) && is_constant(&parts.1) && is_constant(&parts.2),
        Expr::Index(parts) => is_constant(&parts.0) && is_constant(&parts.1),
        Expr::Call(callee, arguments) => {
            matches!(&callee.node, Expr::Identifier(name) if matches!(name.node.ident.as_str(), "float" | "int"))
                && arguments.args.iter().all(|argument| is_constant(argument.expr()))
        }
        _ => false,
    }
}

fn parameter(parameter: &AstParameter) -> String {
    match &parameter.node {
        Parameter::Normal(name, _, None) => name.node.ident.clone(),
        Parameter::Normal(name, _, Some(_)) => format!("{} = …", name.node.ident),
        Parameter::Args(name, _) => format!("*{}", name.node.ident),
        Parameter::KwArgs(name, _) => format!("**{}", name.node.ident),
        Parameter::NoArgs => "*".to_owned(),
        Parameter::Slash => "/".to_owned(),
    }
}

fn signatures(ast: &AstModule) -> (Vec<Signature>, Vec<Finding>) {
    let mut found: BTreeMap<Hook, Signature> = BTreeMap::new();
    let mut findings = Vec::new();
    for statement in top_statements(ast) {
        let line = number(ast.file_span(statement.span).resolve_span().begin.line);
        match &statement.node {
            Stmt::Def(def) => {
                let Some(hook) = Hook::named(&def.name.node.ident) else { continue };
                let parameters: Vec<String> = def.params.iter().map(parameter).collect();
                if parameters != hook.parameters() {
                    let message = format!(
                        "{hook} has parameters ({}), need ({})",
                        parameters.join(", "),
                        hook.parameters().join(", ")
                    );
                    findings.push(finding("E202", line, message));
                }
                found.insert(hook, Signature { hook, parameters, line });
            }
            Stmt::Assign(assign) => {
                if let AssignTarget::Identifier(name) = &assign.lhs.node
                    && let Some(hook) = Hook::named(&name.node.ident)
                {
                    let need = hook.parameters().join(", ");
                    let message =
                        format!("{hook} is not a function; define it: `def {hook}({need}):`");
                    findings.push(finding("E202", line, message));
                }
            }
            _ => {}
        }
    }
    for hook in Hook::ALL.into_iter().filter(|hook| hook.required() && !found.contains_key(hook)) {
        let message = format!(
            "required hook missing: `def {hook}({}):`; define it",
            hook.parameters().join(", ")
        );
        findings.push(finding("E201", 0, message));
    }
    (found.into_values().collect(), findings)
}

/// Type errors. A call that cannot succeed refuses the script; everything else is a warning, for the checker knows the
/// state only as "anything".
fn types(ast: AstModule, globals: &Globals) -> Vec<Finding> {
    const CERTAIN: [&str; 4] = [
        "Missing required parameter",
        "Unexpected parameter",
        "Too many positional",
        "has no attribute",
    ];
    let (errors, ..) = ast.typecheck(globals, &HashMap::new());
    errors
        .iter()
        .map(|error| {
            let message = error.without_diagnostic().to_string();
            let certain = CERTAIN.iter().any(|beginning| message.contains(beginning));
            finding(if certain { "E210" } else { "W210" }, line_of(error), message)
        })
        .collect()
}
