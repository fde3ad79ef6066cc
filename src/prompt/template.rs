//! One prompt: parsed, checked against its role, rendered.

use std::io;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::fault::PromptFault;
use super::front::{self, FrontMatter, Output};
use super::variables::{Kind, RoleVariables};
use super::{filters, language};

/// The longest rendered prompt.
pub const MAX_RENDERED_BYTES: usize = 512 * 1024;

/// Steps of one rendering; a prompt over a long history takes a few thousand.
const FUEL: u64 = 50_000;

/// The name under which the template is known to its environment.
const NAME: &str = "prompt";

/// A prompt whose text is in the language.
#[derive(Debug, Clone)]
pub struct Prompt {
    front: FrontMatter,
    text: String,
    lines_above: u32,
    uses: Vec<(String, u32)>,
    environment: Environment<'static>,
}

impl Prompt {
    /// Reads a prompt file. Faults are of the first stage: `E101`-`E107`.
    pub fn parse(text: &str) -> Result<Self, PromptFault> {
        let parts = front::split(text)?;
        let down = |fault: PromptFault| fault.moved_down(parts.lines_above);
        let found = language::inspect(parts.template, None).map_err(down)?;
        if let Some(fault) = found.faults.into_iter().next() {
            return Err(down(fault));
        }
        let mut environment = Environment::empty();
        filters::register(&mut environment);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(language::syntax());
        environment.set_debug(false);
        environment.add_template_owned(NAME, parts.template.to_owned()).map_err(|error| {
            let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            down(PromptFault::new("E103", line, format!("template syntax: {error}")))
        })?;
        let lines_above = parts.lines_above;
        Ok(Self {
            text: text.to_owned(),
            lines_above,
            uses: found.uses.into_iter().map(|(name, line)| (name, line + lines_above)).collect(),
            environment,
            front: parts.front,
        })
    }

    /// What the prompt declares.
    pub fn front(&self) -> &FrontMatter {
        &self.front
    }

    /// The context variables the template reads, in order of name.
    pub fn undeclared(&self) -> impl Iterator<Item = &str> {
        self.uses.iter().map(|(name, _)| name.as_str())
    }

    /// Compares the prompt with its role: variables, fields, and the form of the answer. Faults are of the second
    /// stage: `E203`, `E204`, `E209`.
    pub fn check(&self, table: &'static RoleVariables, output: Output) -> Vec<PromptFault> {
        let mut faults = Vec::new();
        for name in self.front.declared() {
            if table.get(name).is_none() {
                let message = format!("unknown variable `{name}`; declared: {}", table.names());
                faults.push(PromptFault::new("E203", self.line_in_front(name), message));
            }
        }
        for (name, line) in &self.uses {
            if !self.front.declared().any(|declared| declared == name) {
                let message = match table.get(name) {
                    Some(_) => format!(
                        "`{name}` is used but not declared; allowed: add it to `requires` or `may_use`"
                    ),
                    None => format!("unknown variable `{name}`; declared: {}", table.names()),
                };
                faults.push(PromptFault::new("E203", *line, message));
            }
        }
        if let Ok(parts) = front::split(&self.text)
            && let Ok(found) = language::inspect(parts.template, Some(table))
        {
            faults.extend(found.faults.into_iter().map(|fault| fault.moved_down(self.lines_above)));
        }
        let used = |name: &str| self.uses.iter().any(|(use_, _)| use_ == name);
        for variable in table.variables.iter().filter(|v| v.kind == Kind::Required) {
            if !used(variable.name) {
                let message = format!(
                    "required variable `{}` ({}) is unused; a {} prompt must show it",
                    variable.name, variable.meaning, table.role
                );
                faults.push(PromptFault::new("E204", 0, message));
            }
        }
        for name in &self.front.requires {
            let known = table.get(name);
            if !used(name) && known.is_some_and(|variable| variable.kind != Kind::Required) {
                let message = format!(
                    "`{name}` is in `requires` but unused; allowed: use it, or drop it there"
                );
                faults.push(PromptFault::new("E204", self.line_in_front(name), message));
            }
        }
        if self.front.output() != Some(output) {
            let message = format!(
                "output is \"{}\", but answers of the role {} are read as \"{}\"; allowed: \"{}\"",
                self.front.output,
                table.role,
                output.word(),
                output.word()
            );
            faults.push(PromptFault::new("E209", self.line_in_front("output"), message));
        }
        faults.sort_by_key(|fault| fault.line);
        faults
    }

    /// Renders the prompt. Nothing undefined is printed, time and size are bounded; a failure is `E310`.
    pub fn render(&self, variables: &serde_json::Value) -> Result<String, PromptFault> {
        let fault = |error: &minijinja::Error| {
            let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            let what = match error.kind() {
                ErrorKind::OutOfFuel => format!("takes more than {FUEL} steps to render"),
                ErrorKind::WriteFailure => {
                    format!("renders to more than {MAX_RENDERED_BYTES} bytes")
                }
                ErrorKind::UndefinedError => format!(
                    "{}; guard it with `is defined` or |default(...)",
                    error.detail().unwrap_or("something undefined is printed")
                ),
                _ => error.detail().map_or_else(|| error.to_string(), str::to_owned),
            };
            PromptFault::new("E310", line, what).moved_down(self.lines_above)
        };
        let template = self.environment.get_template(NAME).map_err(|error| fault(&error))?;
        let mut rendered = Capped(Vec::new());
        template
            .render_captured_to(value(variables), &mut rendered)
            .map_err(|error| fault(&error))?;
        String::from_utf8(rendered.0)
            .map_err(|_| PromptFault::new("E310", 0, "renders to text that is not UTF-8"))
    }

    /// The line of the front matter that holds a word; 0 when none does.
    fn line_in_front(&self, word: &str) -> u32 {
        let front = self.text.lines().zip(1..=self.lines_above);
        front.into_iter().find(|(line, _)| line.contains(word)).map_or(0, |(_, number)| number)
    }
}

/// The template value of a JSON value. Numbers are converted here, because their serialised form depends on features
/// other crates switch on.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(real)) => Value::from(real),
            (None, None) => Value::from(number.to_string()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(value).collect(),
        serde_json::Value::Object(fields) => {
            Value::from_pairs(fields.iter().map(|(name, field)| (name.as_str(), value(field))))
        }
    }
}

/// A writer that takes no more than a prompt may hold.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED_BYTES {
            return Err(io::Error::other("the rendered prompt is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::variables::role;
    use super::*;

    fn prompt(template: &str) -> Result<Prompt, PromptFault> {
        let front = "+++\nrequires = []\nmay_use = [\"history\", \"code\", \"score\"]\noutput = \"edit\"\n+++\n";
        Prompt::parse(&format!("{front}{template}"))
    }

    fn rendered(template: &str, variables: serde_json::Value) -> Result<String, PromptFault> {
        prompt(template).and_then(|prompt| prompt.render(&variables))
    }

    #[test]
    fn what_could_grow_its_input_is_not_in_the_language() {
        for template in [
            "{% set a = code ~ code %}{{ a }}",
            "{{ code ~ code }}",
            "{{ code + code }}",
            "{{ code * 1000 * 1000 }}",
            "{{ [code, code]|join }}",
            "{% macro f() %}{% endmacro %}",
            "{{ range(1000) }}",
            "{{ code.upper() }}",
            "{% with x = code %}{{ x }}{% endwith %}",
            "{{ code|format }}",
            "{% for x in history recursive %}{{ loop(x) }}{% endfor %}",
            "{{ {'a': code} }}",
        ] {
            let fault = prompt(template).expect_err(template);
            assert_eq!((fault.code, fault.line), ("E103", 6), "{template}: {fault}");
            assert!(fault.message.contains("allowed"), "{fault}");
        }
        assert_eq!(prompt("{% include \"x\" %}").expect_err("an include").code, "E105");
    }

    #[test]
    fn what_prompts_need_is_in_the_language() {
        let variables = json!({"code": "a\nb\n", "score": 0.125, "history": [
            {"attempt": 1, "gain": 0.5, "kept": true}, {"attempt": 2, "gain": -0.25, "kept": false}]});
        for (template, expected) in [
            ("{{ code|trim|indent(2) }}", "a\n  b"),
            ("{{ score|percent }} {{ score * 8 }} {{ (score + 1)|round(1) }}", "12.5% 1.0 1.1"),
            ("{% for h in history if h.kept %}{{ h.attempt }}{% endfor %}", "1"),
            (
                "{% for h in history|tail(1) %}{{ loop.index + 4 }}:{{ h.gain }}{% endfor %}",
                "5:-0.25",
            ),
            ("{% if score is none %}no{% elif score > 0.1 and history %}yes{% endif %}", "yes"),
            ("{{ history[-1].attempt }}{{ (history|last).kept }}", "2False"),
            ("{{ history|length }}{{ missing|default('-') }}", "2-"),
            ("a\n{% if history %}\nb\n{% endif %}\nc", "a\nb\nc"),
        ] {
            assert_eq!(
                rendered(template, variables.clone()).as_deref(),
                Ok(expected),
                "{template}"
            );
        }
    }

    #[test]
    fn a_rendering_is_bounded_in_size_and_steps() {
        let big = json!({"code": "x".repeat(10_000), "history": vec![1; 1000]});
        let long = rendered("{% for h in history %}{{ code }}{% endfor %}", big.clone());
        let fault = long.expect_err("too long");
        assert!(fault.code == "E310" && fault.message.contains("524288"), "{fault}");
        let slow = rendered(
            "{% for a in history %}{% for b in history %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
            big,
        );
        let fault = slow.expect_err("too slow");
        assert!(fault.code == "E310" && fault.message.contains("steps"), "{fault}");
    }

    #[test]
    fn an_undefined_value_is_a_fault_with_its_line() {
        let fault = rendered("one\n{{ code }}\n", json!({})).expect_err("undefined");
        assert_eq!((fault.code, fault.line), ("E310", 7), "{fault}");
    }

    #[test]
    fn a_prompt_is_held_against_the_table_of_its_role() {
        let text = "+++\nrequires = [\"task\", \"code\", \"wheel\"]\nmay_use = [\"history\"]\noutput = \"prose\"\n+++\n\
                    {{ task.nme }}\n{{ code }}\n{{ metric }}\n{% for h in history %}{{ h.gian }}{% endfor %}\n{{ test_score }}\n";
        let prompt = Prompt::parse(text).expect("in the language");
        let faults = prompt.check(role("worker").expect("the role"), Output::Edit);
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.line)).collect();
        let expected = [
            ("E204", 0),
            ("E203", 2),
            ("E209", 4),
            ("E203", 6),
            ("E203", 8),
            ("E203", 9),
            ("E203", 10),
        ];
        assert_eq!(found, expected, "{faults:#?}");
    }
}
