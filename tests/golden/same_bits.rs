//! Results that have to be the same to the last bit natively and in a browser: both run these tests, against the same number.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::stats::logistic::{Category, Design, Logistic, fit, optimum, sigmoid};
use crm_analytics::stats::rng::{below, normal, seeded, uniform};

/// FNV-1a over the bits of numbers: any bit that differs changes it.
fn checksum<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> u64 {
    numbers
        .into_iter()
        .flat_map(|number| number.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// `rows` rows of `numbers` columns of numbers and categories of three and nine levels, with outcomes and weights.
fn problem(rows: usize, numbers: usize) -> (Design, Vec<f64>, Vec<f64>) {
    let mut rng = seeded(20, 4);
    let numeric: Vec<Vec<f64>> = (0..numbers).map(|_| (0..rows).map(|_| normal(&mut rng)).collect()).collect();
    let mut levels = |levels: u32| (0..rows).map(|_| below(&mut rng, levels)).collect::<Vec<u32>>();
    let categories = [3, 9].map(|count| Category { codes: levels(count), levels: count as usize - 1 });
    let score = |i: usize| {
        let of_numbers: f64 = numeric.iter().enumerate().map(|(j, x)| x[i] / (1 + j) as f64).sum();
        of_numbers - 0.4 + 0.2 * f64::from(categories[1].codes[i])
    };
    let mut chance = seeded(21, 4);
    let outcome = (0..rows).map(|i| f64::from(u8::from(uniform(&mut chance) < sigmoid(score(i)))));
    let outcome: Vec<f64> = outcome.collect();
    let weights = (0..rows).map(|i| [1.0, 1.0, 2.0, 0.5][i % 4]).collect();
    (Design::new(rows, numeric.clone(), categories.to_vec()).expect("columns of one length"), outcome, weights)
}

fn all_of(found: &Logistic) -> u64 {
    checksum(found.coefficients.iter().chain(&found.covariance).chain([&found.objective, &found.max_gradient]))
}

#[test]
fn the_logistic_fit_has_the_same_bits_everywhere() {
    let (design, outcome, weights) = problem(5003, 11);
    let found = fit(&design, &outcome, &weights, 1.0, None).expect("a fit");
    assert_eq!(found.coefficients.len(), 1 + 11 + 2 + 8);
    assert_eq!(all_of(&found), 0x2a83_b1b8_298a_7988, "coefficients {:?}", found.coefficients);
    // One bit is enough to be told.
    let mut other = found.clone();
    other.coefficients[3] = f64::from_bits(other.coefficients[3].to_bits() ^ 1);
    assert_ne!(all_of(&other), all_of(&found));
}

#[test]
fn the_optimum_to_a_tolerance_has_the_same_bits_everywhere() {
    let (design, outcome, weights) = problem(20_011, 5);
    let found = optimum(&design, &outcome, &weights, 3.0, None, 1e-6).expect("an optimum");
    assert_eq!(checksum(&found.coefficients), 0x9254_68cf_63d3_4d6c, "coefficients {:?}", found.coefficients);
}
