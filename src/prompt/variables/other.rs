//! What the roles get that neither propose nor rewrite.

use super::worker::{FAILURES, HISTORY};
use super::{Field, RoleVariables, Shape, field, given, required, shown};

const TASK: &[Field] = &[
    field("name", "text", "the task's name"),
    field("title", "text", "the task in a line"),
    field("text", "text", "the task's own prompt"),
];

pub(super) const REVIEWS: &[Field] = &[
    field("attempt", "number", "the attempt reviewed"),
    field("issue", "text", "the kind of issue"),
    field("severity", "number", "0 to 1"),
    field("fix", "text", "the change proposed"),
    field("confidence", "number", "0 to 1"),
    field("pattern", "text", "what to look for in general; may be empty"),
];

const CASES: &[Field] =
    &[field("id", "text", "the case"), field("text", "text", "the case as text")];

pub(super) const REVIEWER: RoleVariables = RoleVariables {
    role: "reviewer",
    purpose: "Reads a candidate and its results, and names the one issue to fix next. Its answer is a record, never a score.",
    variables: &[
        required("task", Shape::Record(TASK), "what is to be solved"),
        required("code", Shape::Text, "the candidate reviewed"),
        required("contract", Shape::Text, "the form the answer must have"),
        given("metric", Shape::Number, "its metric"),
        shown("failures", Shape::Rows(FAILURES), "its failures by class"),
        shown("feedback", Shape::Text, "the benchmark's remarks, a line a case"),
        shown("history", Shape::Rows(HISTORY), "the attempts of this episode so far, oldest first"),
        shown("reviews", Shape::Rows(REVIEWS), "earlier reviews, oldest first"),
    ],
};

pub(super) const TESTER: RoleVariables = RoleVariables {
    role: "tester",
    purpose: "Proposes cases that break the present best candidate; the task's own oracle lets them in or not.",
    variables: &[
        required("task", Shape::Record(TASK), "what is to be solved"),
        required("contract", Shape::Text, "the form the answer must have"),
        given("code", Shape::Text, "the candidate to break"),
        given("cases", Shape::Rows(CASES), "the newest of the cases proposed and let in so far"),
    ],
};

pub(super) const JUDGE: RoleVariables = RoleVariables {
    role: "judge",
    purpose: "Says what a candidate is worth by reading it. Its verdict is kept apart from every score, and how far it agrees with \
              what is measured is tested on an anchor.",
    variables: &[
        required("task", Shape::Record(TASK), "what was to be solved"),
        required("answer", Shape::Text, "the candidate"),
        required("contract", Shape::Text, "the form of the verdict"),
        given("rubric", Shape::Text, "what its score is made of"),
    ],
};

pub(super) const DIAGNOSE: RoleVariables = RoleVariables {
    role: "diagnose",
    purpose: "Reads what happened in an episode and writes a note for those who propose next.",
    variables: &[
        required("trace", Shape::Text, "what happened, step by step"),
        required("contract", Shape::Text, "the form the answer must have"),
        given("task", Shape::Record(TASK), "what was to be solved"),
        shown("failures", Shape::Rows(FAILURES), "failures by class"),
    ],
};
