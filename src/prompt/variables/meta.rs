//! What the meta role is given: an agent, and the record of what came of it and its relatives.

use super::worker::FAILURES;
use super::{Field, RoleVariables, Shape, field, given, required, shown};

const GENERATION: &[Field] = &[
    field("id", "text", "the generation copied, for example `gen-00003`"),
    field("mean", "number or none", "its mean score over the episodes measured"),
    field("n", "number", "episodes measured"),
];

const FILES: &[Field] = &[
    field("path", "text", "the path inside the agent's folder"),
    field("text", "text", "the file's text"),
];

const EPISODES: &[Field] = &[
    field("id", "text", "the episode, for example `snake#0`"),
    field("task", "text", "its task"),
    field("start", "number or none", "the metric it started from"),
    field("metric", "number or none", "the metric of its best candidate"),
    field("score", "number", "the score of that metric, 0 to 1"),
    field("attempts", "number", "attempts made"),
    field("accepted", "number", "of these, kept"),
];

const HISTORY: &[Field] = &[
    field("id", "text", "the generation"),
    field("parent", "text or none", "the generation it was copied from"),
    field("op", "text", "the strategy's word for the kind of rewrite"),
    field("summary", "text", "what it changed, in its author's words"),
    field("changed", "list of text", "the paths that changed"),
    field("status", "text", "`valid`, `rejected` or `fault`"),
    field("mean", "number or none", "its mean score"),
    field(
        "effect",
        "number or none",
        "mean score minus its parent's over the episodes both were measured on; none when not \
         measured",
    ),
];

const CREDIT: &[Field] = &[
    field(
        "operator",
        "text",
        "the operator; `pieces.NAME`: a building block; `mutations.one`, `mutations.several`: how many changes at once; `late.OPERATOR`: in the second half of episodes",
    ),
    field("tries", "number", "proposals it took part in"),
    field("accepted", "number", "of these, kept"),
    field("gain", "number", "the sum of their gains in score"),
];

const BUDGET: &[Field] = &[
    field("generations_left", "number", "rewrites left in this run, this one included"),
    field("attempts_per_episode", "number", "attempts of one episode"),
    field("episodes", "number", "episodes a generation is measured on"),
    field("usd_left", "number or none", "US dollars left; none without a cap"),
];

const TASKS: &[Field] = &[
    field("name", "text", "the task"),
    field("title", "text", "the task in a line"),
    field("metric", "text", "the name of its metric"),
    field("direction", "text", "`maximise` or `minimise`"),
];

const FINDINGS: &[Field] = &[
    field("code", "text", "the code, `E` + stage + two digits"),
    field("file", "text", "the file"),
    field("line", "number", "the line; 0 when the whole file is meant"),
    field("message", "text", "what is wrong, and what is allowed"),
];

const REFERENCES: &[Field] = &[
    field("id", "text", "the generation"),
    field("mean", "number or none", "its mean score"),
    field("files", "list of `path`, `text`", "its files that differ from those of the parent"),
];

const TRACES: &[Field] = &[
    field("generation", "text", "the generation measured: the parent or one of the references"),
    field("episode", "text", "the episode"),
    field("start", "number or none", "the metric of the start"),
    field("metric", "number or none", "the metric of the best candidate"),
    field("score", "number", "its score, 0 to 1"),
    field("attempts", "number", "attempts made"),
    field("accepted", "number", "of these, kept"),
    field("best", "list of `path`, `text`", "the best candidate"),
    field("failures", "list of `class`, `count`, `example`", "failures of the candidates by class"),
];

/// The meta role: rewrites the agent's folder.
pub(super) const META: RoleVariables = RoleVariables {
    role: "meta",
    purpose: "Rewrites the agent's own folder from the record of what happened.",
    variables: &[
        required("files", Shape::Rows(FILES), "the whole folder of the agent"),
        required("contract", Shape::Text, "the form the answer must have"),
        given("generation", Shape::Record(GENERATION), "the generation being copied"),
        given("card", Shape::Text, "the strategy language on a page"),
        given("tasks", Shape::Rows(TASKS), "what the agent is measured on"),
        given("budget", Shape::Record(BUDGET), "what is left, and how a generation is measured"),
        given("op", Shape::Text, "the strategy's word for the kind of rewrite wanted"),
        given("focus", Shape::Texts, "ids of the episodes the strategy asked to look at"),
        given("extra", Shape::Map, "what the strategy passed as `vars`"),
        given("findings", Shape::Rows(FINDINGS), "what validation refused in the last answer"),
        shown("episodes", Shape::Rows(EPISODES), "what the generation was measured on"),
        shown("failures", Shape::Rows(FAILURES), "failures of its candidates by class"),
        shown("history", Shape::Rows(HISTORY), "the generations so far, oldest first"),
        shown("references", Shape::Rows(REFERENCES), "other generations the strategy named"),
        shown(
            "traces",
            Shape::Rows(TRACES),
            "what happened on the episodes in focus, generation by generation",
        ),
        shown("credit", Shape::Rows(CREDIT), "what each kind of change brought so far"),
    ],
};
