//! Every random draw comes from (run seed, purpose, indices), never from the order in which things happen.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers for one purpose; equal arguments give equal streams on every machine.
///
/// The purposes in use are listed in ARCHITECTURE.md; a new purpose needs a new word, so that adding a draw in one
/// place never shifts the draws of another.
pub fn stream(run_seed: u64, purpose: &str, indices: &[u64]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new_derive_key("hyperagent 1 random stream");
    hasher.update(&run_seed.to_le_bytes());
    hasher.update(&(purpose.len() as u64).to_le_bytes());
    hasher.update(purpose.as_bytes());
    for index in indices {
        hasher.update(&index.to_le_bytes());
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// A 64-bit seed for one purpose, for parts that make their own stream.
pub fn seed(run_seed: u64, purpose: &str, indices: &[u64]) -> u64 {
    use rand::Rng;
    stream(run_seed, purpose, indices).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_every_argument() {
        let base = seed(1, "worker", &[2, 3]);
        assert_eq!(base, seed(1, "worker", &[2, 3]));
        for other in [
            seed(2, "worker", &[2, 3]),
            seed(1, "meta", &[2, 3]),
            seed(1, "worker", &[3, 2]),
            seed(1, "worker", &[2]),
        ] {
            assert_ne!(base, other);
        }
    }
}
