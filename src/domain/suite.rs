//! Cases that test agents propose: what was let in, what was refused and why, and what it did to everybody's score.
//!
//! A task's suite is its train cases and, within a run, those let in; it only grows. The label of a case is never the
//! proposer's word: the task's own oracle decides, and a proposal that contradicts it is refused and counted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::task::Case;
use crate::base::id::{GenerationId, TaskName};

/// The longest proposal, bytes of JSON.
pub const MAX_PROPOSAL: usize = 8 * 1024;

/// What an attack on one task came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttackReport {
    /// The task.
    pub task: TaskName,
    /// The cases let in.
    pub accepted: Vec<Case>,
    /// Proposals refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Proposals in the answer, whatever became of them; those asked for and not given count as refused.
    pub proposed: u32,
    /// What the targets lose on the cases let in, as a score: 1 for a case that all of them get nothing for.
    pub hardness: f64,
    /// What everybody's best solution is worth before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rescored: Vec<Rescored>,
    /// Trials made.
    pub trials: u32,
}

/// A proposal that was not let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why, in a word: `shape`, `contradiction`, `duplicate`, `too_many`, `missing`.
    pub kind: String,
    /// Why, in words.
    pub reason: String,
}

/// One generation's best solution on the suite as it was and as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rescored {
    /// The generation.
    pub generation: GenerationId,
    /// The metric on the suite as it was.
    pub before: f64,
    /// The metric on the suite as it is.
    pub after: f64,
    /// The score of that metric.
    pub score: f64,
}

/// Reads the proposals out of an answer: one JSON list, whatever stands around it.
pub fn read_proposals(answer: &str) -> Result<Vec<Value>, String> {
    let list = answer
        .find('[')
        .zip(answer.rfind(']'))
        .and_then(|(from, to)| answer.get(from..=to))
        .ok_or("the answer holds no JSON list")?;
    let proposals: Vec<Value> =
        serde_json::from_str(list).map_err(|fault| format!("the list does not parse: {fault}"))?;
    if proposals.is_empty() {
        return Err("the list is empty".to_owned());
    }
    for (place, proposal) in proposals.iter().enumerate() {
        let bytes = proposal.to_string().len();
        if bytes > MAX_PROPOSAL {
            return Err(format!("case {place} has {bytes} bytes; allowed: {MAX_PROPOSAL}"));
        }
    }
    Ok(proposals)
}

/// A suite as it stands while proposals are let in.
#[derive(Debug, Default)]
pub struct Intake {
    /// The cases let in.
    pub accepted: Vec<Case>,
    /// Proposals refused.
    pub refused: Vec<Refusal>,
}

impl Intake {
    /// Takes what the task's check said of a proposal: the case in its one form, or why it is none. `known` are the
    /// cases proposed before, `prefix` begins the names of new ones.
    pub fn take(
        &mut self,
        checked: Result<Value, Refusal>,
        known: &[Case],
        most: usize,
        prefix: &str,
    ) {
        let data = match checked {
            Ok(data) => data,
            Err(refusal) => return self.refused.push(refusal),
        };
        let same = |case: &&Case| case.data.as_ref() == Some(&data);
        if let Some(case) = known.iter().chain(&self.accepted).find(same) {
            let reason = format!("the same as {}", case.id);
            return self.refuse("duplicate", reason);
        }
        if self.accepted.len() >= most {
            return self.refuse("too_many", format!("at most {most} were asked for or fit"));
        }
        let id = format!("{prefix}-{}", self.accepted.len());
        self.accepted.push(Case { id, seed: 0, data: Some(data) });
    }

    /// Refuses a proposal.
    pub fn refuse(&mut self, kind: &str, reason: String) {
        self.refused.push(Refusal { kind: kind.to_owned(), reason });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn proposals_are_read_out_of_what_stands_around_them() {
        let found =
            read_proposals("These break it:\n```json\n[{\"x\": 1}, [2]]\n```").expect("a list");
        assert_eq!(found, [json!({"x": 1}), json!([2])]);
        for (answer, told) in
            [("none", "no JSON list"), ("[]", "empty"), ("[1,]", "does not parse")]
        {
            let fault = read_proposals(answer).expect_err(answer);
            assert!(fault.contains(told), "{fault}");
        }
        let long = format!("[\"{}\"]", "x".repeat(MAX_PROPOSAL));
        assert!(read_proposals(&long).is_err_and(|fault| fault.contains("case 0 has 8194 bytes")));
    }

    #[test]
    fn the_same_case_is_let_in_once_and_no_more_than_asked_for() {
        let mut intake = Intake::default();
        intake.take(Ok(json!(1)), &[], 2, "step3");
        intake.take(Ok(json!(1)), &[], 2, "step3");
        let known = intake.accepted.clone();
        assert_eq!(known[0].id, "step3-0");
        let mut later = Intake::default();
        later.take(Ok(json!(1)), &known, 2, "step9");
        later.take(Ok(json!(2)), &known, 1, "step9");
        later.take(Ok(json!(3)), &known, 1, "step9");
        later.take(Err(Refusal { kind: "shape".into(), reason: "no".into() }), &known, 1, "step9");
        let kinds: Vec<&str> = later.refused.iter().map(|refusal| refusal.kind.as_str()).collect();
        assert_eq!(kinds, ["duplicate", "too_many", "shape"]);
        assert_eq!(later.accepted.len(), 1);
        assert_eq!(intake.refused[0].reason, "the same as step3-0");
    }
}
