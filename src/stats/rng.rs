//! Seeded random numbers: the same on every machine.

use rand::SeedableRng;

/// The generator of this crate: xoshiro256++ (Blackman & Vigna 2019).
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// A generator that always starts at the same state for the same `seed` and `stream`; streams of one seed do not overlap in practice.
pub fn seeded(seed: u32, stream: u32) -> Rng {
    Rng::seed_from_u64(u64::from(seed) << 32 | u64::from(stream))
}
