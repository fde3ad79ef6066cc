//! Leaving out what an action's `show` does not name.

use serde_json::Value;

use super::variables::{Kind, RoleVariables, Shape};

/// Empties every variable of the role that `show` may leave out and does not name; an empty `show` shows everything.
/// Emptied, never removed: a prompt may ask for it in any case.
pub fn narrow(table: &RoleVariables, variables: &mut Value, show: &[String]) {
    if show.is_empty() {
        return;
    }
    let hidden = table.variables.iter().filter(|variable| {
        variable.kind == Kind::Shown && !show.iter().any(|s| s == variable.name)
    });
    for variable in hidden {
        if let Some(value) = variables.get_mut(variable.name) {
            *value = empty(variable.shape);
        }
    }
}

fn empty(shape: Shape) -> Value {
    match shape {
        Shape::Text => Value::String(String::new()),
        Shape::Number => Value::Null,
        Shape::Map | Shape::Record(_) => Value::Object(serde_json::Map::new()),
        Shape::Rows(_) | Shape::Texts => Value::Array(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::variables::role;
    use super::*;

    #[test]
    fn what_is_not_shown_is_empty_and_what_is_given_stays() {
        let full =
            json!({"code": "x", "metric": 1.0, "history": [1], "feedback": "f", "memory": "m"});
        let worker = role("worker").unwrap();
        let mut narrowed = full.clone();
        narrow(worker, &mut narrowed, &["code".to_owned(), "feedback".to_owned()]);
        let expected =
            json!({"code": "x", "metric": 1.0, "history": [], "feedback": "f", "memory": ""});
        assert_eq!(narrowed, expected);
        let mut all = full.clone();
        narrow(worker, &mut all, &[]);
        assert_eq!(all, full);
    }

    #[test]
    fn no_record_can_be_left_out() {
        for table in super::super::ROLES {
            for variable in table.variables.iter().filter(|v| v.kind == Kind::Shown) {
                assert!(!matches!(variable.shape, Shape::Record(_)), "{}", variable.name);
            }
        }
    }
}
