//! What the worker role is given: everything about one attempt.

use super::other::REVIEWS;
use super::{Field, RoleVariables, Shape, field, given, required, shown};

const TASK: &[Field] = &[
    field("name", "text", "the task's name"),
    field("title", "text", "the task in a line"),
    field("text", "text", "the task's own prompt: what to solve and how it is measured"),
    field("metric", "text", "the name of the metric"),
    field("direction", "text", "`maximise` or `minimise`"),
    field("perfect", "number or none", "the metric at which nothing is left to gain"),
];

const FILES: &[Field] =
    &[field("path", "text", "the path of the file"), field("text", "text", "its text")];

pub(super) const FAILURES: &[Field] = &[
    field("class", "text", "the class of failure, for example `TypeError` or `timeout`"),
    field("count", "number", "how often it was seen"),
    field("example", "text", "one of them, in a line or two"),
];

pub(super) const HISTORY: &[Field] = &[
    field("attempt", "number", "the attempt, from 1"),
    field("base", "number", "the attempt it was made from; 0 is the start"),
    field("op", "text", "the strategy's word for the kind of change"),
    field("summary", "text", "what it changed, in its author's words"),
    field("metric", "number or none", "what it measured; none when it could not be measured"),
    field("gain", "number or none", "its score minus that of its base; above 0 is better"),
    field("kept", "true or false", "whether it was kept"),
    field("reason", "text", "why it was not kept; empty when it was"),
];

const REFERENCES: &[Field] = &[
    field("attempt", "number", "the attempt it comes from"),
    field("metric", "number or none", "what it measured"),
    field("code", "text", "its editable files with path headers"),
];

const LEFT: &[Field] =
    &[field("attempts", "number", "attempts left in this episode, this one included")];

/// The worker: improves a solution by one change.
pub(super) const WORKER: RoleVariables = RoleVariables {
    role: "worker",
    purpose: "Proposes one candidate: a change of the solution it is shown.",
    variables: &[
        required("task", Shape::Record(TASK), "what is to be solved"),
        required("code", Shape::Text, "every editable file of the base, each below its path"),
        required("contract", Shape::Text, "the form the answer must have"),
        given("files", Shape::Rows(FILES), "the same files one by one"),
        given(
            "metric",
            Shape::Number,
            "the metric of the base; none when it could not be measured",
        ),
        given("score", Shape::Number, "the score of the base, 0 to 1"),
        given("left", Shape::Record(LEFT), "what is left of the budget"),
        given("op", Shape::Text, "the strategy's word for the kind of change wanted"),
        given("params", Shape::Map, "the numbers of `[params]` in agent.toml"),
        given("extra", Shape::Map, "what the strategy passed as `vars`"),
        shown("failures", Shape::Rows(FAILURES), "failures of this episode's attempts by class"),
        shown(
            "feedback",
            Shape::Text,
            "the benchmark's remarks on the base, a line a case; of more than 40 cases the worst",
        ),
        shown("history", Shape::Rows(HISTORY), "the attempts of this episode so far, oldest first"),
        shown("references", Shape::Rows(REFERENCES), "other candidates to learn from, best first"),
        shown("reviews", Shape::Rows(REVIEWS), "the reviews of this episode, oldest first"),
        shown("memory", Shape::Text, "the agent's own notes, all files of memory/"),
    ],
};
