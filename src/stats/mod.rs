//! Shared numerics: survival estimators, logistic regression, linear algebra, tests, intervals, seeded random numbers.
//!
//! Transcendental functions come from `libm`, so that the same input gives the same bytes natively and in wasm.

pub mod assignment;
pub mod calibration;
pub mod chi_square;
pub mod discrimination;
pub mod exact_sum;
pub mod false_discovery;
pub mod intervals;
pub(crate) mod lanes;
pub mod linear_algebra;
pub mod logistic;
pub mod multinomial;
pub mod order;
pub mod pca;
pub mod poisson_binomial;
pub mod rank_correlation;
pub mod rng;
pub mod splines;
pub mod survival;
