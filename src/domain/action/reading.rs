//! From the plain value a script returns to an action the kernel performs, or the reason why not.

use serde_json::Value;

use super::fields::{
    ActionFault, EPISODE, Fields, GENERATION, MAX_CASES, MAX_JUDGED, MAX_PROPOSALS, MAX_REFS,
    MAX_RESAMPLE, MAX_REWRITES,
};
use super::{InnerAction, OuterAction, Prefer, Purpose};

/// The actions `next_step` may return.
const OUTER: [&str; 10] = [
    "expand", "merge", "evaluate", "judge", "attack", "reflect", "epoch", "promote", "retire",
    "stop",
];
/// The actions `next_attempt` may return.
const INNER: [&str; 4] = ["propose", "review", "reflect", "stop"];

impl OuterAction {
    /// Reads what `next_step` returned.
    pub fn read(value: &Value) -> Result<Self, ActionFault> {
        let mut fields = Fields::open(value, "next_step", &OUTER)?;
        let action = match fields.action {
            "expand" => Self::Expand {
                parent: fields.required("parent", GENERATION)?,
                by: fields.optional("by", GENERATION)?,
                refs: fields.list("refs", GENERATION, MAX_REFS)?,
                op: fields.word("op", "rewrite")?,
                focus: fields.list("focus", EPISODE, MAX_CASES)?,
                show: fields.words("show")?,
                edit: fields.paths("edit")?,
                model: fields.alias()?,
                vars: fields.vars()?,
                n: fields.count("n", 1, MAX_REWRITES)?.unwrap_or(1),
                tag: fields.tag()?,
            },
            "merge" => Self::Merge {
                a: fields.required("a", GENERATION)?,
                b: fields.required("b", GENERATION)?,
                base: fields.or_word("base", "common_ancestor", GENERATION)?,
                prefer: prefer(&mut fields)?,
                tag: fields.tag()?,
            },
            "reflect" => {
                let by = fields.required("by", GENERATION)?;
                let about = fields.optional("about", GENERATION)?.unwrap_or(by);
                Self::Reflect { by, about, to: fields.word("to", "memory/notes.md")? }
            }
            "evaluate" => {
                let cases = fields.list("cases", EPISODE, MAX_CASES)?;
                if cases.is_empty() {
                    return Err(ActionFault::shape(
                        "`cases` of evaluate is empty; give at least one episode of `S.cases`"
                            .to_owned(),
                    ));
                }
                fields.only_one("repeats")?;
                let words = [("measure", Purpose::Measure), ("continue", Purpose::Continue)];
                Self::Evaluate {
                    who: fields.required("who", GENERATION)?,
                    cases,
                    tries: fields.count("tries", 1, u32::MAX)?,
                    purpose: fields.one_of("purpose", &words)?.unwrap_or_default(),
                }
            }
            "attack" => Self::Attack {
                by: fields.required("by", GENERATION)?,
                targets: fields.list("targets", GENERATION, MAX_REFS)?,
                n: fields.count("n", 1, MAX_PROPOSALS)?.unwrap_or(5),
            },
            "judge" => Self::Judge {
                by: fields.required("by", GENERATION)?,
                of: fields.id_or_word("of", "anchor", GENERATION)?,
                n: fields.count("n", 1, MAX_JUDGED)?.unwrap_or(3),
            },
            "epoch" => Self::Epoch {
                judge: fields.optional("judge", GENERATION)?,
                utility: fields.optional("utility", GENERATION)?,
            },
            "promote" => Self::Promote { who: fields.required("who", GENERATION)? },
            "retire" => Self::Retire { who: fields.required("who", GENERATION)? },
            _ => Self::Stop {
                pick: fields.optional("pick", GENERATION)?,
                why: fields.text("why")?.unwrap_or_default(),
            },
        };
        fields.close(action)
    }
}

fn prefer(fields: &mut Fields<'_>) -> Result<Prefer, ActionFault> {
    let words = [("a", Prefer::A), ("b", Prefer::B), ("higher_score", Prefer::HigherScore)];
    Ok(fields.one_of("prefer", &words)?.unwrap_or_default())
}

impl InnerAction {
    /// Reads what `next_attempt` returned.
    pub fn read(value: &Value) -> Result<Self, ActionFault> {
        let mut fields = Fields::open(value, "next_attempt", &INNER)?;
        let action = match fields.action {
            "propose" => {
                let action = Self::Propose {
                    base: fields.attempt("base")?,
                    refs: fields.attempts("refs")?,
                    op: fields.word("op", "edit")?,
                    role: fields.word("role", "worker")?,
                    show: fields.words("show")?,
                    vars: fields.vars()?,
                    model: fields.alias()?,
                    format: fields.format()?,
                    max_similarity: fields.fraction("max_similarity")?,
                    resample: fields.count("resample", 0, MAX_RESAMPLE)?,
                    tag: fields.tag()?,
                };
                fields.only_one("n")?;
                action
            }
            "review" => Self::Review {
                of: fields.attempt("of")?,
                role: fields.word("role", "reviewer")?,
                show: fields.words("show")?,
            },
            "reflect" => Self::Reflect {
                by: fields.word("by", "diagnose")?,
                about: fields.attempts("about")?,
                to: fields.word("to", "memory/notes.md")?,
            },
            _ => {
                fields.not_performed(&["pick"])?;
                Self::Stop { why: fields.text("why")?.unwrap_or_default() }
            }
        };
        fields.close(action)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn outer(value: Value) -> Result<OuterAction, (&'static str, String)> {
        OuterAction::read(&value).map_err(|fault| (fault.code(), fault.to_string()))
    }

    fn inner(value: Value) -> Result<InnerAction, (&'static str, String)> {
        InnerAction::read(&value).map_err(|fault| (fault.code(), fault.to_string()))
    }

    #[test]
    fn a_full_expand_reads_field_for_field() {
        let read = outer(json!({
            "do": "expand", "parent": "gen-00003", "by": "gen-00001", "refs": ["gen-00002"], "op": "hybrid",
            "focus": ["snake#1"], "show": ["trace"], "edit": "all", "model": "fast", "n": 1, "tag": {"side": "a"},
        }))
        .unwrap();
        let OuterAction::Expand { parent, by, refs, op, focus, edit, tag, .. } = read else {
            panic!("not an expand")
        };
        assert_eq!(parent.to_string(), "gen-00003");
        assert_eq!(by.map(|id| id.0), Some(1));
        assert_eq!((refs.len(), focus.len(), edit.len(), tag.len()), (1, 1, 0, 1));
        assert_eq!(op, "hybrid");
    }

    #[test]
    fn defaults_fill_what_a_script_leaves_out() {
        let read = inner(json!({"do": "propose", "base": 0, "model": null})).unwrap();
        let InnerAction::Propose { op, role, model, .. } = read else { panic!("not a proposal") };
        assert_eq!((op.as_str(), role.as_str(), model), ("edit", "worker", None));
    }

    #[test]
    fn what_is_no_action_says_what_it_is() {
        for (value, told) in [
            (json!(null), "returned None"),
            (json!("expand"), "returned a string"),
            (json!({"parent": "gen-00000"}), "without a name under \"do\""),
        ] {
            let (code, message) = outer(value).unwrap_err();
            assert_eq!(code, "E304");
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn unknown_actions_and_those_of_the_other_loop_are_told_apart() {
        let (code, message) = outer(json!({"do": "set_budget"})).unwrap_err();
        assert_eq!(
            (code, message.as_str()),
            (
                "E305",
                "unknown action `set_budget`; allowed: expand, merge, evaluate, judge, attack, reflect, epoch, promote, retire, stop"
            )
        );
        let (code, message) = outer(json!({"do": "propose", "base": 0})).unwrap_err();
        assert_eq!(code, "E305");
        assert!(message.contains("`propose` is no action of next_step"), "{message}");
        let (_, message) = inner(json!({"do": "evaluate"})).unwrap_err();
        assert!(message.contains("allowed: propose, review, reflect, stop"), "{message}");
    }

    #[test]
    fn field_errors_name_the_field_and_the_need() {
        let (code, message) = outer(json!({"do": "expand", "parent": 3})).unwrap_err();
        assert_eq!(
            (code, message.as_str()),
            ("E304", "`parent` of expand must be a generation id such as \"gen-00003\", not 3")
        );
        let (_, message) = outer(json!({"do": "evaluate", "who": "gen-00000"})).unwrap_err();
        assert!(message.contains("`cases` of evaluate is empty"), "{message}");
        let (_, message) =
            outer(json!({"do": "promote", "who": "gen-00000", "force": true})).unwrap_err();
        assert_eq!(message, "promote has no field `force`; fields: who");
        let (_, message) = inner(json!({"do": "propose", "base": 1.5})).unwrap_err();
        assert!(message.contains("`base` of propose must be the number"), "{message}");
        assert!(inner(json!({"do": "propose", "base": 2.0})).is_ok());
    }

    #[test]
    fn a_judge_reads_a_generation_or_the_anchor() {
        let read = |of: Value| outer(json!({"do": "judge", "by": "gen-00001", "of": of}));
        let judge = |of: Option<u32>| OuterAction::Judge {
            by: crate::base::id::GenerationId(1),
            of: of.map(crate::base::id::GenerationId),
            n: 3,
        };
        assert_eq!(read(json!("anchor")), Ok(judge(None)));
        assert_eq!(read(json!("gen-00002")), Ok(judge(Some(2))));
        let (code, message) = read(Value::Null).unwrap_err();
        assert_eq!(code, "E304");
        assert!(
            message.contains("judge lacks `of`") && message.contains("\"anchor\""),
            "{message}"
        );
        assert_eq!(
            outer(json!({"do": "judge", "by": "gen-00001", "of": "anchor", "n": 21}))
                .unwrap_err()
                .0,
            "E404"
        );
        let epoch = OuterAction::Epoch { judge: None, utility: None };
        assert_eq!(outer(json!({"do": "epoch"})), Ok(epoch));
    }

    #[test]
    fn budgets_cannot_be_drained_by_numbers() {
        for value in [
            json!({"do": "expand", "parent": "gen-00000", "n": 10_000}),
            json!({"do": "evaluate", "who": "gen-00000", "cases": ["snake#0"], "repeats": 1_000_000}),
            json!({"do": "evaluate", "who": "gen-00000", "cases": vec!["snake#0"; 1001]}),
            json!({"do": "stop", "why": "x".repeat(5000)}),
        ] {
            assert_eq!(outer(value).unwrap_err().0, "E404");
        }
        for value in [
            json!({"do": "propose", "base": 0, "resample": 9}),
            json!({"do": "propose", "base": 0, "n": 2}),
        ] {
            assert_eq!(inner(value).unwrap_err().0, "E404");
        }
    }

    #[test]
    fn words_of_a_field_are_those_listed() {
        let merge = |prefer: &str| {
            outer(
                json!({"do": "merge", "a": "gen-00001", "b": "gen-00002", "base": "common_ancestor",
                         "prefer": prefer}),
            )
        };
        let OuterAction::Merge { base, prefer, .. } = merge("b").unwrap() else {
            panic!("not a merge")
        };
        assert_eq!((base, prefer), (None, Prefer::B));
        let (code, message) = merge("mine").unwrap_err();
        assert_eq!(code, "E304");
        assert!(message.contains("one of a, b, higher_score"), "{message}");
        let (_, message) =
            inner(json!({"do": "propose", "base": 0, "max_similarity": 3})).unwrap_err();
        assert!(message.contains("a number from 0 to 1"), "{message}");
    }

    #[test]
    fn tags_hold_a_few_scalars() {
        assert!(outer(json!({"do": "expand", "parent": "gen-00000", "tag": {"a": [1]}})).is_err());
        let many: Map<String, Value> = (0..9).map(|i| (i.to_string(), json!(i))).collect();
        let (code, _) =
            outer(json!({"do": "expand", "parent": "gen-00000", "tag": many})).unwrap_err();
        assert_eq!(code, "E404");
    }
}
