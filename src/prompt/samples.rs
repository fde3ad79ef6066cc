//! Contexts that a prompt must render on before anything is paid for it.

use serde_json::{Map, Value, json};

use super::variables::{Field, RoleVariables, Shape};

/// One context: values for every variable of a role.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What it stands for, for messages.
    pub name: &'static str,
    /// The variables.
    pub variables: Value,
}

/// The contexts of a role: everything filled, the first attempt when nothing has happened yet, and for the roles
/// this version asks two recorded ones.
pub fn samples(table: &RoleVariables) -> Vec<Sample> {
    let mut samples: Vec<Sample> = recorded(table.role)
        .into_iter()
        .filter_map(|(name, text)| {
            Some(Sample { name, variables: serde_json::from_str(text).ok()? })
        })
        .collect();
    for (name, filled) in [("everything filled", true), ("nothing yet", false)] {
        let variables: Map<String, Value> = table
            .variables
            .iter()
            .map(|variable| (variable.name.to_owned(), made(variable.shape, filled)))
            .collect();
        samples.push(Sample { name, variables: Value::Object(variables) });
    }
    samples
}

fn recorded(role: &str) -> Vec<(&'static str, &'static str)> {
    match role {
        "worker" => vec![
            ("a late attempt", include_str!("samples/worker-late.json")),
            ("the first attempt", include_str!("samples/worker-first.json")),
        ],
        "meta" => vec![
            ("a late rewrite", include_str!("samples/meta-late.json")),
            ("the first rewrite", include_str!("samples/meta-first.json")),
        ],
        _ => Vec::new(),
    }
}

fn made(shape: Shape, filled: bool) -> Value {
    match shape {
        Shape::Text if filled => json!("some text,\nin two lines"),
        Shape::Text => json!(""),
        Shape::Number if filled => json!(0.5),
        Shape::Number => Value::Null,
        Shape::Map => json!({}),
        Shape::Record(fields) => record(fields, filled),
        Shape::Rows(fields) if filled => json!([record(fields, true), record(fields, true)]),
        Shape::Texts if filled => json!(["one", "two"]),
        Shape::Rows(_) | Shape::Texts => json!([]),
    }
}

fn record(fields: &[Field], filled: bool) -> Value {
    let value = |field: &Field| match field.holds {
        "number" if filled => json!(1),
        "number" => json!(0),
        "number or none" if filled => json!(0.25),
        "text" if filled => json!(format!("some {}", field.name)),
        "text or none" if filled => json!(format!("some {}", field.name)),
        "text" => json!(""),
        "true or false" => json!(filled),
        "list of text" if filled => json!(["agent.toml"]),
        "list of text" => json!([]),
        _ => Value::Null,
    };
    Value::Object(fields.iter().map(|field| (field.name.to_owned(), value(field))).collect())
}

/// Holds the variables of a rendering against the table of its role: the same names, and in every record the same fields.
#[cfg(test)]
pub(crate) fn assert_fills(table: &RoleVariables, variables: &Value, what: &str) {
    fn keys(value: &Value, what: &str) -> Vec<String> {
        let Value::Object(fields) = value else { panic!("{what} is no record: {value}") };
        let mut keys: Vec<String> = fields.keys().cloned().collect();
        keys.sort();
        keys
    }
    let mut names: Vec<&str> = table.variables.iter().map(|variable| variable.name).collect();
    names.sort_unstable();
    assert_eq!(keys(variables, what), names, "{} {what}", table.role);
    for variable in table.variables {
        let what = format!("{} {what} {}", table.role, variable.name);
        let value = &variables[variable.name];
        let list = || value.as_array().unwrap_or_else(|| panic!("{what} is no list: {value}"));
        let records = match variable.shape {
            Shape::Text => {
                assert!(value.is_string(), "{what} is no text: {value}");
                continue;
            }
            Shape::Number => {
                assert!(value.is_number() || value.is_null(), "{what} is no number: {value}");
                continue;
            }
            Shape::Texts => {
                assert!(list().iter().all(Value::is_string), "{what} holds more than texts");
                continue;
            }
            Shape::Map => {
                assert!(value.is_object(), "{what} is no map: {value}");
                continue;
            }
            Shape::Record(_) => std::slice::from_ref(value),
            Shape::Rows(_) => list().as_slice(),
        };
        let mut fields: Vec<&str> =
            variable.shape.fields().iter().map(|field| field.name).collect();
        fields.sort_unstable();
        for record in records {
            assert_eq!(keys(record, &what), fields, "{what}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::variables::ROLES;
    use super::*;

    #[test]
    fn every_sample_fills_the_table_exactly() {
        for table in ROLES {
            let samples = samples(table);
            assert_eq!(samples.len(), 2 + recorded(table.role).len(), "{}", table.role);
            for sample in samples {
                assert_fills(table, &sample.variables, sample.name);
            }
        }
    }
}
