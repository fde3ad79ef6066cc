//! What scripts can call besides the language's own functions.
//!
//! `st` is mathematics and statistics, `rng` the seeded draws, the twelve constructors build actions, and a few global
//! functions fill gaps that a Python writer falls into. Nothing here reaches outside the call.

mod actions;
pub mod chance;
pub mod meter;
mod numbers;
mod prelude;
mod statistics;

use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};

/// Every name a script can use without defining it.
pub fn globals() -> Globals {
    GlobalsBuilder::extended_by(&[
        LibraryExtension::Filter,
        LibraryExtension::Map,
        LibraryExtension::SetType,
        LibraryExtension::Typing,
    ])
    .with(prelude::prelude)
    .with(actions::actions)
    .with_namespace("st", statistics::statistics)
    .build()
}

#[cfg(test)]
mod tests {
    use starlark::environment::Module;
    use starlark::eval::Evaluator;
    use starlark::syntax::{AstModule, Dialect};

    use super::*;
    use crate::script::CARD;

    const PAGE: &str = include_str!("../../../../docs/strategy.md");

    fn evaluate(source: &str) -> Vec<String> {
        Module::with_temp_heap(|module| {
            let ast = AstModule::parse("test", source.to_owned(), &Dialect::Standard).unwrap();
            let json =
                Evaluator::new(&module).eval_module(ast, &globals()).unwrap().to_json().unwrap();
            serde_json::from_str(&json).unwrap()
        })
    }

    /// Whether a text names something: the name with no letter beside it.
    fn names(text: &str, name: &str) -> bool {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        text.match_indices(name).any(|(at, _)| {
            !letter(text[..at].chars().next_back())
                && !letter(text[at + name.len()..].chars().next())
        })
    }

    #[test]
    fn card_and_page_name_every_function() {
        let statistics = evaluate("dir(st)");
        let chance = [
            "unit", "int", "choice", "weighted", "sample", "shuffle", "normal", "beta", "gamma",
            "at",
        ];
        assert_eq!(statistics.len(), 23, "{statistics:?}");
        for name in statistics.iter().map(String::as_str).chain(chance) {
            assert!(names(CARD, name), "the card lacks {name}");
        }
        for name in &statistics {
            assert!(names(PAGE, &format!("st.{name}")), "the page lacks st.{name}");
        }
        for name in chance {
            assert!(names(PAGE, &format!("rng.{name}")), "the page lacks rng.{name}");
        }
        for name in globals().names() {
            let constant = matches!(name.as_str(), "True" | "False" | "None" | "eval_type");
            assert!(constant || names(PAGE, name.as_str()), "the page lacks {name}");
        }
    }

    #[test]
    fn the_card_fits_a_prompt() {
        assert!(CARD.len() <= 6 * 1024, "{} bytes", CARD.len());
    }
}
