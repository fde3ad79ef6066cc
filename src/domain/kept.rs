//! What a provider wants back with the calls of an answer, and nobody else can read: thinking with its signature, encrypted
//! reasoning, thought signatures. It is kept as it came, in its order, recorded with the answer, and sent back beside the
//! calls' results to the dialect it came from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::Dialect;
use super::tool::ToolCall;

/// An answer with calls as its provider wants it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The dialect it came in; another one cannot take it.
    pub dialect: Dialect,
    /// The answer, piece by piece.
    pub parts: Vec<KeptPart>,
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptPart {
    /// A call, by its place among the answer's calls, from 0.
    Call(usize),
    /// Anything else, unread.
    Raw(Value),
}

impl Kept {
    /// The pieces in their order, the calls as `written`; `None` for another dialect than the one they came in.
    pub fn pieces(
        &self,
        dialect: Dialect,
        calls: &[ToolCall],
        written: impl Fn(&ToolCall) -> Value,
    ) -> Option<Vec<Value>> {
        let piece = |part: &KeptPart| match part {
            KeptPart::Call(place) => calls.get(*place).map(&written),
            KeptPart::Raw(value) => Some(value.clone()),
        };
        (dialect == self.dialect).then(|| self.parts.iter().filter_map(piece).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_goes_back_in_its_order_and_to_its_own_dialect_alone() {
        let parts = vec![KeptPart::Raw(json!({"thought": "sealed"})), KeptPart::Call(0)];
        let kept = Kept { dialect: Dialect::Anthropic, parts };
        let calls = [ToolCall { name: "look".into(), ..ToolCall::default() }];
        let pieces = |dialect| kept.pieces(dialect, &calls, |call| json!({ "call": call.name }));
        let wanted = vec![json!({"thought": "sealed"}), json!({"call": "look"})];
        assert_eq!(pieces(Dialect::Anthropic), Some(wanted));
        assert_eq!(pieces(Dialect::Gemini), None);
        let text = serde_json::to_string(&kept).expect("JSON");
        assert_eq!(
            text,
            r#"{"dialect":"anthropic","parts":[{"raw":{"thought":"sealed"}},{"call":0}]}"#
        );
        assert_eq!(serde_json::from_str::<Kept>(&text).expect("read"), kept);
    }
}
