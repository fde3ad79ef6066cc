//! The constructors of the twelve actions: plain dicts with the action's name under `do`.
//!
//! They only build; what an action may hold is decided where it is read (`domain::action`), so a dict written by hand and
//! a constructor's meet the same rules. A field left out, or given as None, is absent.

#![expect(
    clippy::too_many_arguments,
    reason = "an action's fields are a script's keyword arguments"
)]

use starlark::environment::GlobalsBuilder;
use starlark::starlark_module;
use starlark::values::dict::AllocDict;
use starlark::values::{Heap, Value};

/// Optional fields in the order of the documentation.
type Fields<'v, const N: usize> = [(&'static str, Option<Value<'v>>); N];

fn action<'v, const N: usize>(
    name: &'static str,
    fields: Fields<'v, N>,
    heap: Heap<'v>,
) -> starlark::Result<Value<'v>> {
    let name = std::iter::once(("do", heap.alloc(name)));
    let given = fields
        .into_iter()
        .filter_map(|(field, value)| Some((field, value.filter(|value| !value.is_none())?)));
    Ok(heap.alloc(AllocDict(name.chain(given).collect::<Vec<_>>())))
}

#[starlark_module]
pub fn actions(builder: &mut GlobalsBuilder) {
    /// Let the meta role of `by` rewrite a copy of `parent`.
    fn expand<'v>(
        parent: Value<'v>,
        by: Option<Value<'v>>,
        refs: Option<Value<'v>>,
        op: Option<Value<'v>>,
        focus: Option<Value<'v>>,
        show: Option<Value<'v>>,
        edit: Option<Value<'v>>,
        model: Option<Value<'v>>,
        vars: Option<Value<'v>>,
        n: Option<Value<'v>>,
        tag: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let fields = [
            ("parent", Some(parent)),
            ("by", by),
            ("refs", refs),
            ("op", op),
            ("focus", focus),
            ("show", show),
            ("edit", edit),
            ("model", model),
            ("vars", vars),
            ("n", n),
            ("tag", tag),
        ];
        action("expand", fields, heap)
    }

    /// Merge two generations file by file, without a model.
    fn merge<'v>(
        a: Value<'v>,
        b: Value<'v>,
        base: Option<Value<'v>>,
        prefer: Option<Value<'v>>,
        tag: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let fields =
            [("a", Some(a)), ("b", Some(b)), ("base", base), ("prefer", prefer), ("tag", tag)];
        action("merge", fields, heap)
    }

    /// Ask a role for a new candidate.
    fn propose<'v>(
        base: Value<'v>,
        refs: Option<Value<'v>>,
        op: Option<Value<'v>>,
        role: Option<Value<'v>>,
        show: Option<Value<'v>>,
        vars: Option<Value<'v>>,
        model: Option<Value<'v>>,
        n: Option<Value<'v>>,
        format: Option<Value<'v>>,
        max_similarity: Option<Value<'v>>,
        resample: Option<Value<'v>>,
        tag: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let fields = [
            ("base", Some(base)),
            ("refs", refs),
            ("op", op),
            ("role", role),
            ("show", show),
            ("vars", vars),
            ("model", model),
            ("n", n),
            ("format", format),
            ("max_similarity", max_similarity),
            ("resample", resample),
            ("tag", tag),
        ];
        action("propose", fields, heap)
    }

    /// Measure a generation on episodes.
    fn evaluate<'v>(
        who: Value<'v>,
        cases: Value<'v>,
        repeats: Option<Value<'v>>,
        tries: Option<Value<'v>>,
        purpose: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        let fields = [
            ("who", Some(who)),
            ("cases", Some(cases)),
            ("repeats", repeats),
            ("tries", tries),
            ("purpose", purpose),
        ];
        action("evaluate", fields, heap)
    }

    /// Let a learned evaluator judge.
    fn judge<'v>(
        by: Value<'v>,
        of: Value<'v>,
        n: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("judge", [("by", Some(by)), ("of", Some(of)), ("n", n)], heap)
    }

    /// Let a test agent propose cases.
    fn attack<'v>(
        by: Value<'v>,
        targets: Option<Value<'v>>,
        n: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("attack", [("by", Some(by)), ("targets", targets), ("n", n)], heap)
    }

    /// Let a reviewer comment on an attempt.
    fn review<'v>(
        of: Value<'v>,
        role: Option<Value<'v>>,
        show: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("review", [("of", Some(of)), ("role", role), ("show", show)], heap)
    }

    /// Let an agent write a note into its memory.
    fn reflect<'v>(
        by: Value<'v>,
        about: Option<Value<'v>>,
        to: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("reflect", [("by", Some(by)), ("about", about), ("to", to)], heap)
    }

    /// Begin a new epoch.
    fn epoch<'v>(
        judge: Option<Value<'v>>,
        utility: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("epoch", [("judge", judge), ("utility", utility)], heap)
    }

    /// Ask the kernel to certify a generation.
    fn promote<'v>(who: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        action("promote", [("who", Some(who))], heap)
    }

    /// Take a generation or attempt out of selection.
    fn retire<'v>(who: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        action("retire", [("who", Some(who))], heap)
    }

    /// End the loop.
    fn stop<'v>(
        pick: Option<Value<'v>>,
        why: Option<Value<'v>>,
        heap: Heap<'v>,
    ) -> starlark::Result<Value<'v>> {
        action("stop", [("pick", pick), ("why", why)], heap)
    }
}
