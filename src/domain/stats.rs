//! Statistics: the one implementation, shared by the kernel and the scripts' library `st`.
//!
//! Everything here is a pure function of numbers. Lists may be empty where a neutral answer exists (a mean of nothing is
//! 0); where none exists the function returns `None`. Nothing panics, and nothing depends on the order of a hash map.

mod betting;
mod compare;
mod frontier;
mod interval;
mod racing;
mod rank;
mod ridge;
mod special;
mod summary;

pub use betting::{Bets, Duel, PROMOTION_BLOCK, PROMOTION_RISK, spent_on};
pub use compare::{
    Interval, Paired, bootstrap_mean, paired, sign_test, similarity, ucb, wilson_interval,
};
pub use frontier::{front_wins, hypervolume};
pub use interval::mean_interval;
pub use racing::{RACE_BLOCK, RACE_RISK, Race};
pub use rank::{holm, signed_rank, superiority};
pub use ridge::ridge;
pub use special::{beta_cdf, beta_quantile, ln_gamma};
pub use summary::{
    argmax, mad, mean, mean_of_group_means, median, quantile, ranks, sample_deviation, sigmoid,
    softmax,
};
