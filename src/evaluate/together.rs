//! Waiting for several futures at once, all on the task that waits.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all futures at once and gives their outputs in their order. Dropping it drops them all.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Progress<F>> =
        futures.into_iter().map(|future| Progress::Open(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut open = false;
        for progress in &mut waiting {
            if let Progress::Open(future) = progress {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *progress = Progress::Done(output),
                    Poll::Pending => open = true,
                }
            }
        }
        if open { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    waiting.into_iter().filter_map(Progress::output).collect()
}

enum Progress<F: Future> {
    Open(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Progress<F> {
    fn output(self) -> Option<F::Output> {
        match self {
            Self::Open(_) => None,
            Self::Done(output) => Some(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Barrier;

    #[tokio::test]
    async fn futures_run_beside_each_other_and_keep_their_order() {
        let all_here = Barrier::new(3);
        let one = async |name: usize| {
            all_here.wait().await;
            name
        };
        assert_eq!(together((0..3).map(one)).await, [0, 1, 2]);
    }
}
