//! Seeded random numbers: the same on every machine.

use rand::{RngCore, SeedableRng};

/// The generator of this crate: xoshiro256++ (Blackman & Vigna 2019).
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// A generator that always starts at the same state for the same `seed` and `stream`; streams of one seed do not overlap in practice.
pub fn seeded(seed: u32, stream: u32) -> Rng {
    Rng::seed_from_u64(u64::from(seed) << 32 | u64::from(stream))
}

/// A number from the uniform distribution on [0, 1), a multiple of 2⁻⁵³.
pub fn uniform(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A whole number from 0 to `n` − 1, all equally probable; 0 where `n` is 0. Multiply–shift with rejection (Lemire 2019).
pub fn below(rng: &mut Rng, n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(n);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

/// A number from the exponential distribution of mean 1; finite and positive.
pub fn exponential(rng: &mut Rng) -> f64 {
    -libm::log(1.0 - (uniform(rng) + 0.5 / (1u64 << 53) as f64).min(1.0 - f64::EPSILON))
}

/// A number from the standard normal distribution. Polar method (Marsaglia & Bray 1964), second variate thrown away so that
/// the generator is all the state there is.
pub fn normal(rng: &mut Rng) -> f64 {
    loop {
        let x = 2.0 * uniform(rng) - 1.0;
        let y = 2.0 * uniform(rng) - 1.0;
        let s = x * x + y * y;
        if s > 0.0 && s < 1.0 {
            return x * (-2.0 * libm::log(s) / s).sqrt();
        }
    }
}

/// A number from the Poisson distribution of mean `mean`; 0 where that is not above 0 or no number.
///
/// By multiplication below 12, by transformed rejection (PTRS, Hörmann 1993) from there on, by the normal distribution above 1e9.
pub fn poisson(rng: &mut Rng, mean: f64) -> f64 {
    if mean.is_nan() || mean <= 0.0 {
        return 0.0;
    }
    if mean < 12.0 {
        let (stop, mut product, mut count) = (libm::exp(-mean), uniform(rng), 0.0);
        while product > stop {
            product *= uniform(rng);
            count += 1.0;
        }
        return count;
    }
    if mean > 1e9 {
        return (mean + mean.sqrt() * normal(rng)).round().max(0.0);
    }
    let root = mean.sqrt();
    let b = 0.931 + 2.53 * root;
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let (safe, log_mean) = (0.9277 - 3.6224 / (b - 2.0), libm::log(mean));
    loop {
        let (u, v) = (uniform(rng) - 0.5, 1.0 - uniform(rng));
        let us = 0.5 - u.abs();
        let count = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if us >= 0.07 && v <= safe {
            return count;
        }
        if count < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let accepted = libm::log(v) + libm::log(inverse_alpha) - libm::log(a / (us * us) + b);
        if accepted <= count * log_mean - mean - libm::lgamma(count + 1.0) {
            return count;
        }
    }
}

/// Index drawn with probability proportional to `weights`, which are not negative; the last one where they sum to 0, 0 where
/// there are none.
pub fn choose(rng: &mut Rng, weights: &[f64]) -> usize {
    let mut left = uniform(rng) * weights.iter().sum::<f64>();
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 200_000;

    fn mean_and_variance(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        let mean = values.iter().sum::<f64>() / DRAWS as f64;
        (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / DRAWS as f64)
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut rng = seeded(1, 0);
        let (mean, variance) = mean_and_variance(|| uniform(&mut rng));
        assert!((mean - 0.5).abs() < 0.003 && (variance - 1.0 / 12.0).abs() < 0.001, "{mean} {variance}");
        let (mean, variance) = mean_and_variance(|| exponential(&mut rng));
        assert!((mean - 1.0).abs() < 0.01 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let (mean, variance) = mean_and_variance(|| normal(&mut rng));
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let (mean, variance) = mean_and_variance(|| f64::from(below(&mut rng, 7)));
        assert!((mean - 3.0).abs() < 0.02 && (variance - 4.0).abs() < 0.05, "{mean} {variance}");
        for of in [0.3, 8.0, 12.0, 40.0, 900.0] {
            let (mean, variance) = mean_and_variance(|| poisson(&mut rng, of));
            let error = (of / DRAWS as f64).sqrt();
            assert!((mean - of).abs() < 5.0 * error, "{mean} {of}");
            assert!((variance / of - 1.0).abs() < 0.02, "{variance} {of}");
        }
        let (mean, _) = mean_and_variance(|| choose(&mut rng, &[1.0, 0.0, 3.0]) as f64);
        assert!((mean - 1.5).abs() < 0.01, "{mean}");
    }

    #[test]
    fn same_seed_and_stream_give_the_same_numbers_and_others_do_not() {
        let draw = |seed, stream| {
            let mut rng = seeded(seed, stream);
            [uniform(&mut rng), normal(&mut rng), exponential(&mut rng)]
        };
        assert_eq!(draw(3, 4), draw(3, 4));
        assert_ne!(draw(3, 4), draw(3, 5));
        assert_ne!(draw(3, 4), draw(4, 4));
    }

    #[test]
    fn edges_do_not_panic() {
        let mut rng = seeded(0, 0);
        assert_eq!((below(&mut rng, 0), below(&mut rng, 1)), (0, 0));
        assert_eq!([f64::NAN, -1.0, 0.0].map(|mean| poisson(&mut rng, mean)), [0.0; 3]);
        assert_eq!((choose(&mut rng, &[]), choose(&mut rng, &[0.0, 0.0])), (0, 1));
    }
}
