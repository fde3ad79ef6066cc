//! The template language: which part of Jinja a prompt may use, and which variables a template reads.
//!
//! A template can name nothing: no assignment, no macro, no call. Values live in the context, in loop variables
//! over it, and in filters that bound what they make; no operator concatenates. That is why a rendering is bounded.

use std::collections::BTreeMap;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;

use super::fault::PromptFault;
use super::filters::FILTERS;
use super::variables::{Field, RoleVariables, Shape};

const TESTS: [&str; 7] =
    ["defined", "undefined", "none", "number", "string", "sequence", "mapping"];

const LOOP_FIELDS: [&str; 10] = [
    "index",
    "index0",
    "revindex",
    "revindex0",
    "first",
    "last",
    "length",
    "depth",
    "previtem",
    "nextitem",
];

/// How templates are written: a statement on a line of its own leaves no blank line.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default()
}

/// What a template reads and where it leaves the language. Lines count from the template's first.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    /// Context variables read, with the line of their first use.
    pub uses: BTreeMap<String, u32>,
    /// Findings, in the order of the text.
    pub faults: Vec<PromptFault>,
}

/// Reads a template; with a role's table, the fields of its records are checked too.
pub(super) fn inspect(
    source: &str,
    table: Option<&'static RoleVariables>,
) -> Result<Inspection, PromptFault> {
    let tree = parse(source, "prompt", syntax()).map_err(|error| syntax_fault(&error))?;
    let mut walk = Walk { table, found: Inspection::default(), scopes: Vec::new() };
    walk.statement(&tree);
    Ok(walk.found)
}

fn syntax_fault(error: &minijinja::Error) -> PromptFault {
    let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
    let what = error.detail().map_or_else(|| error.to_string(), str::to_owned);
    if ["include", "import", "from", "extends", "block"]
        .iter()
        .any(|word| what.contains(&format!("unknown statement {word}")))
    {
        return PromptFault::new(
            "E105",
            line,
            "a prompt cannot include or import; allowed: its own text, {{ ... }}, {% if %}, {% for %}",
        );
    }
    PromptFault::new(
        "E103",
        line,
        format!("template syntax: {what}; allowed: {{{{ ... }}}}, {{% if %}}, {{% for %}}"),
    )
}

/// What is known of a value while walking.
#[derive(Clone, Copy)]
enum Known {
    Shape(Shape),
    Item(&'static [Field]),
    Loop,
    Nothing,
}

struct Walk {
    table: Option<&'static RoleVariables>,
    found: Inspection,
    scopes: Vec<BTreeMap<String, Known>>,
}

impl Walk {
    fn fault(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.found.faults.push(PromptFault::new(code, u32::from(span.start_line), message));
    }

    fn refuse(&mut self, span: Span, what: &str, instead: &str) {
        self.fault("E103", span, format!("{what} is not in the language; allowed: {instead}"));
    }

    fn statements(&mut self, body: &[Stmt<'_>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        const INSTEAD: &str =
            "{{ ... }}, {% if %}, {% for %}; repeat the expression where it is needed";
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emit) => {
                self.expression(&emit.expr);
            }
            Stmt::IfCond(cond) => {
                self.expression(&cond.expr);
                self.statements(&cond.true_body);
                self.statements(&cond.false_body);
            }
            Stmt::ForLoop(each) => {
                if each.recursive {
                    self.refuse(each.span(), "a recursive loop", "{% for item in list %}");
                }
                let iterated = self.expression(&each.iter);
                let item = match iterated {
                    Known::Shape(Shape::Rows(fields)) => Known::Item(fields),
                    _ => Known::Nothing,
                };
                let mut scope = BTreeMap::from([("loop".to_owned(), Known::Loop)]);
                bind(&each.target, item, &mut scope);
                self.scopes.push(scope);
                if let Some(filter) = &each.filter_expr {
                    self.expression(filter);
                }
                self.statements(&each.body);
                self.scopes.pop();
                self.statements(&each.else_body);
            }
            Stmt::WithBlock(it) => self.refuse(it.span(), "{% with %}", INSTEAD),
            Stmt::Set(it) => self.refuse(it.span(), "{% set %}", INSTEAD),
            Stmt::SetBlock(it) => self.refuse(it.span(), "{% set %}", INSTEAD),
            Stmt::AutoEscape(it) => self.refuse(it.span(), "{% autoescape %}", INSTEAD),
            Stmt::FilterBlock(it) => self.refuse(it.span(), "{% filter %}", INSTEAD),
            Stmt::Do(it) => self.refuse(it.span(), "{% do %}", INSTEAD),
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) -> Known {
        match expression {
            Expr::Const(_) => Known::Nothing,
            Expr::Var(var) => self.variable(var.id, var.span()),
            Expr::GetAttr(get) => {
                let of = self.expression(&get.expr);
                self.field(of, get.name, get.span())
            }
            Expr::GetItem(get) => {
                let of = self.expression(&get.expr);
                self.expression(&get.subscript_expr);
                match (of, &get.subscript_expr) {
                    (Known::Shape(Shape::Rows(fields)), _) => Known::Item(fields),
                    (of, Expr::Const(name)) => match name.value.as_str() {
                        Some(name) => self.field(of, name, get.span()),
                        None => Known::Nothing,
                    },
                    _ => Known::Nothing,
                }
            }
            Expr::Slice(slice) => {
                let of = self.expression(&slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expression(part);
                }
                of
            }
            Expr::Filter(filter) => {
                let of = filter.expr.as_ref().map_or(Known::Nothing, |expr| self.expression(expr));
                self.arguments(&filter.args, filter.span());
                if !FILTERS.contains(&filter.name) {
                    let known = FILTERS.join(", ");
                    self.refuse(filter.span(), &format!("the filter `{}`", filter.name), &known);
                }
                match (filter.name, of) {
                    ("reverse" | "tail", of) => of,
                    ("first" | "last", Known::Shape(Shape::Rows(fields))) => Known::Item(fields),
                    _ => Known::Nothing,
                }
            }
            Expr::Test(test) => {
                self.expression(&test.expr);
                self.arguments(&test.args, test.span());
                if !TESTS.contains(&test.name) {
                    let known = TESTS.join(", ");
                    self.refuse(test.span(), &format!("the test `{}`", test.name), &known);
                }
                Known::Nothing
            }
            Expr::UnaryOp(op) => {
                self.expression(&op.expr);
                Known::Nothing
            }
            Expr::BinOp(op) => {
                self.expression(&op.left);
                self.expression(&op.right);
                self.operator(op.op, &op.left, &op.right, op.span());
                Known::Nothing
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr);
                for op in &compare.ops {
                    self.expression(&op.expr);
                }
                Known::Nothing
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                let chosen = self.expression(&choice.true_expr);
                if let Some(otherwise) = &choice.false_expr {
                    self.expression(otherwise);
                }
                chosen
            }
            Expr::List(list) => {
                self.literal(&list.items, list.span());
                Known::Nothing
            }
            Expr::Tuple(tuple) => {
                self.literal(&tuple.items, tuple.span());
                Known::Nothing
            }
            Expr::Map(map) => {
                self.refuse(map.span(), "a map literal", "the variables of the role");
                Known::Nothing
            }
            Expr::Call(call) => {
                let instead = format!("filters such as {{{{ value|{} }}}}", FILTERS.join(" | "));
                self.refuse(call.span(), "a call", &instead);
                Known::Nothing
            }
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>], span: Span) {
        for argument in arguments {
            match argument {
                CallArg::Pos(expr) | CallArg::Kwarg(_, expr) => {
                    self.expression(expr);
                }
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    self.refuse(span, "a splat argument", "plain arguments");
                }
            }
        }
    }

    fn literal(&mut self, items: &[Expr<'_>], span: Span) {
        if !items.iter().all(|item| matches!(item, Expr::Const(_))) {
            self.refuse(span, "a list of expressions", "lists of numbers and texts");
        }
    }

    /// Arithmetic needs a number written in the template on one side, so that it can neither join texts nor lists.
    fn operator(&mut self, op: BinOpKind, left: &Expr<'_>, right: &Expr<'_>, span: Span) {
        let number = |side: &Expr<'_>| {
            side.as_const().filter(|value| !matches!(side, Expr::BinOp(_)) && value.is_number())
        };
        match op {
            BinOpKind::Concat => {
                self.refuse(span, "`~`", "two outputs side by side: {{ a }}{{ b }}");
            }
            BinOpKind::Pow => self.refuse(span, "`**`", "+ - * / // % with a number"),
            BinOpKind::Mul if !(number(left).is_some() && number(right).is_some()) => {
                let scalar = number(left)
                    .or_else(|| number(right))
                    .and_then(|value| f64::try_from(value).ok())
                    .is_some_and(|value| value.abs() <= 1000.0);
                if !scalar || multiplies(left) || multiplies(right) {
                    self.refuse(
                        span,
                        "this product",
                        "one factor a number up to 1000, one product",
                    );
                }
            }
            BinOpKind::Add
            | BinOpKind::Sub
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
                if number(left).or_else(|| number(right)).is_none() =>
            {
                self.refuse(span, "arithmetic between two variables", "one side a plain number");
            }
            _ => {}
        }
    }

    fn variable(&mut self, name: &str, span: Span) -> Known {
        if let Some(known) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return *known;
        }
        let line = u32::from(span.start_line);
        let first = self.found.uses.entry(name.to_owned()).or_insert(line);
        *first = line.min(*first);
        self.table
            .and_then(|table| table.get(name))
            .map_or(Known::Nothing, |variable| Known::Shape(variable.shape))
    }

    fn field(&mut self, of: Known, name: &str, span: Span) -> Known {
        let unknown = match of {
            Known::Shape(Shape::Record(fields)) | Known::Item(fields) => {
                let missing = !fields.iter().any(|field| field.name == name);
                missing.then(|| fields.iter().map(|field| field.name).collect::<Vec<_>>())
            }
            Known::Loop => (!LOOP_FIELDS.contains(&name)).then(|| LOOP_FIELDS.to_vec()),
            Known::Shape(Shape::Rows(_) | Shape::Texts) => {
                let message = format!("`.{name}` of a list; allowed: {{% for item in list %}}");
                self.fault("E203", span, message);
                None
            }
            Known::Shape(Shape::Text | Shape::Number) => {
                self.fault("E203", span, format!("`.{name}` of a plain value; allowed: no field"));
                None
            }
            Known::Shape(Shape::Map) | Known::Nothing => None,
        };
        if let Some(fields) = unknown {
            let message = format!("unknown field `{name}`; declared: {}", fields.join(", "));
            self.fault("E203", span, message);
        }
        Known::Nothing
    }
}

fn multiplies(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::BinOp(op) => {
            matches!(op.op, BinOpKind::Mul) || multiplies(&op.left) || multiplies(&op.right)
        }
        Expr::UnaryOp(op) => multiplies(&op.expr),
        Expr::Filter(filter) => filter.expr.as_ref().is_some_and(multiplies),
        Expr::Slice(slice) => multiplies(&slice.expr),
        Expr::GetAttr(get) => multiplies(&get.expr),
        Expr::GetItem(get) => multiplies(&get.expr),
        Expr::IfExpr(choice) => {
            multiplies(&choice.true_expr) || choice.false_expr.as_ref().is_some_and(multiplies)
        }
        _ => false,
    }
}

fn bind(target: &Expr<'_>, item: Known, scope: &mut BTreeMap<String, Known>) {
    match target {
        Expr::Var(var) => {
            scope.insert(var.id.to_owned(), item);
        }
        Expr::List(list) => list.items.iter().for_each(|part| bind(part, Known::Nothing, scope)),
        Expr::Tuple(tuple) => tuple.items.iter().for_each(|part| bind(part, Known::Nothing, scope)),
        _ => {}
    }
}
