//! Proposed cases: what a task's own program says of them, and what it offers of itself. No candidate takes part.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::evaluator::Evaluator;
use super::message::{Checked, FromBenchmark, Order};
use crate::domain::suite::Refusal;
use crate::domain::task::Task;

/// How long a benchmark may take over one order.
const PATIENCE: Duration = Duration::from_secs(20);

impl Evaluator {
    /// What the task says of each proposal: the case in its one form, or why it is none.
    pub async fn check(
        &self,
        task: &Task,
        proposals: &[Value],
    ) -> Result<Vec<Result<Value, Refusal>>, String> {
        let said = self.ask_benchmark(task, Order::Check(proposals)).await?;
        let FromBenchmark::Checked(checked) = said else {
            return Err("it answered a check with something else".to_owned());
        };
        if checked.len() != proposals.len() {
            return Err(format!("it checked {} of {} proposals", checked.len(), proposals.len()));
        }
        let told = |checked| match checked {
            Checked::Data(data) => Ok(data),
            Checked::Refused(kind, reason) => Err(Refusal { kind, reason }),
        };
        Ok(checked.into_iter().map(told).collect())
    }

    /// Proposals that the task draws from seeds.
    pub async fn draw(&self, task: &Task, seeds: &[u64]) -> Result<Vec<Value>, String> {
        match self.ask_benchmark(task, Order::Draw(seeds)).await? {
            FromBenchmark::Drawn(drawn) if drawn.len() == seeds.len() => Ok(drawn),
            _ => Err("it answered a drawing with something else".to_owned()),
        }
    }

    async fn ask_benchmark(
        &self,
        task: &Task,
        order: Order<'_>,
    ) -> Result<FromBenchmark<'static>, String> {
        let mut benchmark =
            self.benchmarks.take(&self.machine, task).await.map_err(|failure| failure.reason)?;
        let mut line = serde_json::to_vec(&order).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let asked = async {
            benchmark.wire.send(&line).await.map_err(|error| error.to_string())?;
            let said = benchmark.wire.receive().await.map_err(|error| error.to_string())?;
            let said = match serde_json::from_slice(said).map_err(|error| error.to_string())? {
                FromBenchmark::Checked(checked) => FromBenchmark::Checked(checked),
                FromBenchmark::Drawn(drawn) => FromBenchmark::Drawn(drawn),
                _ => return Err("it answered with something else".to_owned()),
            };
            match serde_json::from_slice(benchmark.wire.receive().await.map_err(|e| e.to_string())?)
            {
                Ok(FromBenchmark::Done) => Ok(said),
                _ => Err("it did not come to an end".to_owned()),
            }
        };
        let said = timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err(format!("it said nothing for {} s", PATIENCE.as_secs())));
        match said {
            Ok(said) => {
                self.benchmarks.give_back(task, benchmark);
                Ok(said)
            }
            Err(why) => {
                let stderr = benchmark.end().await.stderr;
                Err(format!("{why}; {}", super::tail::tail(&stderr, 2000)))
            }
        }
    }
}
