//! Exponentials, logarithms and sums by lanes.

use crate::stats::lanes::{Four, Two};
use std::array::from_fn;

/// Below this eˣ counts as e⁻⁷⁰⁰, about 1e-304.
const LOWEST: f64 = -700.0;
/// 1.5 × 2⁵²: added to a small number it leaves the nearest integer in the last binary digits.
const NEAREST: f64 = 6_755_399_441_055_744.0;
/// The first 32 binary digits of ln 2, whose products with small integers are exact, and the rest.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);

/// eˣ of numbers that are not positive, within one unit in the last place from −700 on.
///
/// x = k ln 2 + r with |r| ≤ ln 2 / 2, and eʳ by its series to r¹³, whose rest is below 5e-18.
#[inline(always)]
pub(super) fn exp_of_negative(x: Two) -> Two {
    let x = x.at_least(Two::all(LOWEST));
    let power = x.times(Two::all(std::f64::consts::LOG2_E)).plus(Two::all(NEAREST));
    let k = power.minus(Two::all(NEAREST));
    let r = x.minus(k.times(Two::all(LN_2.0))).minus(k.times(Two::all(LN_2.1)));
    let pair = |even: f64, odd: f64| Two::all(1.0 / even).plus(r.times(Two::all(1.0 / odd)));
    let r2 = r.times(r);
    let r4 = r2.times(r2);
    let high = pair(3_628_800.0, 39_916_800.0).plus(r2.times(pair(479_001_600.0, 6_227_020_800.0)));
    let middle = pair(720.0, 5_040.0).plus(r2.times(pair(40_320.0, 362_880.0)));
    let low = pair(2.0, 6.0).plus(r2.times(pair(24.0, 120.0)));
    let tail = low.plus(r4.times(middle.plus(r4.times(high))));
    Two::all(1.0).plus(r.plus(r2.times(tail))).raised(power)
}

/// eˣ of numbers that are not positive, within three units in the last place of single precision from −87 on; below as there.
///
/// As above, by the series to r⁶, whose rest is below 1.3e-7.
#[inline(always)]
pub(super) fn single_exp_of_negative(x: Four) -> Four {
    // 1.5 × 2²³, and the first 12 binary digits of ln 2 and the rest.
    const NEAREST: f32 = 12_582_912.0;
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let x = x.higher(Four::all(-87.0));
    let power = x.times(Four::all(std::f32::consts::LOG2_E)).plus(Four::all(NEAREST));
    let k = power.minus(Four::all(NEAREST));
    let r = x.minus(k.times(Four::all(LN_2.0))).minus(k.times(Four::all(LN_2.1)));
    let pair = |even: f32, odd: f32| Four::all(1.0 / even).plus(r.times(Four::all(1.0 / odd)));
    let r2 = r.times(r);
    let tail = pair(2.0, 6.0).plus(r2.times(pair(24.0, 120.0).plus(r2.times(Four::all(1.0 / 720.0)))));
    Four::all(1.0).plus(r.plus(r2.times(tail))).raised(power)
}

/// ln(1 + e) of numbers from 0 to 1, within three units in the last place.
///
/// It is twice the inverse hyperbolic tangent of s = e / (2 + e) ≤ 1/3, by its series to s³¹, whose rest is below 2e-17 of it.
#[inline(always)]
pub(super) fn log_of_one_plus(e: Two) -> Two {
    let s = e.over(e.plus(Two::all(2.0)));
    let s2 = s.times(s);
    let s4 = s2.times(s2);
    let s8 = s4.times(s4);
    let pair = |odd: f64| Two::all(1.0 / odd).plus(s2.times(Two::all(1.0 / (odd + 2.0))));
    let four = |odd: f64| pair(odd).plus(s4.times(pair(odd + 4.0)));
    let last = pair(27.0).plus(s4.times(Two::all(1.0 / 31.0)));
    let rest = four(3.0).plus(s8.times(four(11.0))).plus(s8.times(s8).times(four(19.0).plus(s8.times(last))));
    let twice = s.plus(s);
    twice.plus(twice.times(s2.times(rest)))
}

/// The sum of `weights`, and that of their products with as many `values`.
pub(super) fn sums(weights: &[f64], values: &[f64]) -> (f64, f64) {
    let ((weights, last), (values, last_values)) = (weights.as_chunks::<4>(), values.as_chunks::<4>());
    let (mut sum, mut products) = ([0.0; 4], [0.0; 4]);
    for (weights, values) in weights.iter().zip(values) {
        sum = from_fn(|i| sum[i] + weights[i]);
        products = from_fn(|i| products[i] + weights[i] * values[i]);
    }
    let last_product: f64 = last.iter().zip(last_values).map(|(weight, value)| weight * value).sum();
    (sum.iter().chain(last).sum(), products.iter().sum::<f64>() + last_product)
}

/// Whether no number is infinite or NaN.
pub(super) fn all_finite(values: &[f64]) -> bool {
    let (eights, rest) = values.as_chunks::<8>();
    // A product with zero is zero or NaN, and NaN stays in the sum.
    let sums = eights.iter().fold([0.0; 8], |sums, eight| from_fn(|i| sums[i] + eight[i] * 0.0));
    sums.iter().sum::<f64>() == 0.0 && rest.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_within_one_unit_in_the_last_place_of_the_library() {
        let mut worst = 0.0_f64;
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.003_499_7;
            let mut e = [0.0; 2];
            exp_of_negative(Two::load(&[x, x * 1e-4])).store(&mut e);
            for (x, e) in [x, x * 1e-4].into_iter().zip(e) {
                let exact = libm::exp(x);
                worst = worst.max((e - exact).abs() / (f64::from_bits(exact.to_bits() + 1) - exact));
            }
        }
        assert!(worst <= 1.0, "{worst}");
        for (x, expected) in
            [(0.0, 1.0), (-0.0, 1.0), (-1e300, libm::exp(-700.0)), (f64::NEG_INFINITY, libm::exp(-700.0))]
        {
            assert!((exp_of_negative(Two::all(x)).sum() / 2.0 / expected - 1.0_f64).abs() < 1e-15, "{x}");
        }
        assert!(exp_of_negative(Two::all(f64::NAN)).sum().is_nan());
    }

    #[test]
    fn exponential_in_single_precision_is_within_three_units_in_the_last_place() {
        let single = |x: f32| {
            let mut e = [0.0; 2];
            single_exp_of_negative(Four::all(x)).widened().1.store(&mut e);
            e[1]
        };
        let mut worst = 0.0_f64;
        for i in 0..200_000 {
            let x = -i as f32 * 0.000_434_9;
            let exact = libm::exp(f64::from(x));
            let unit = f64::from(f32::from_bits((exact as f32).to_bits() + 1)) - f64::from(exact as f32);
            worst = worst.max((single(x) - exact).abs() / unit);
        }
        assert!(worst <= 3.0, "{worst}");
        for x in [-1e30, f32::NEG_INFINITY] {
            assert_eq!(single(x), single(-87.0));
        }
        assert!(single(f32::NAN).is_nan());
        assert_eq!(single(-0.0), 1.0);
    }

    #[test]
    fn logarithm_is_within_three_units_in_the_last_place_of_the_library() {
        let mut worst = 0.0_f64;
        for i in 0..=100_000 {
            let e = f64::from(i) * 1e-5;
            let mut logs = [0.0; 2];
            log_of_one_plus(Two::load(&[e, e * 1e-9])).store(&mut logs);
            for (e, log) in [e, e * 1e-9].into_iter().zip(logs) {
                let exact = libm::log1p(e);
                worst = worst.max((log - exact).abs() / (f64::from_bits(exact.to_bits() + 1) - exact));
            }
        }
        assert!(worst <= 3.0, "{worst}");
        assert!(log_of_one_plus(Two::all(f64::NAN)).sum().is_nan());
    }

    #[test]
    fn sums_take_every_row_once() {
        for rows in 0..11 {
            let weights: Vec<f64> = (0..rows).map(f64::from).collect();
            let values: Vec<f64> = (0..rows).map(|i| f64::from(i % 2)).collect();
            let odd: i32 = (0..rows).filter(|i| i % 2 == 1).sum();
            assert_eq!(sums(&weights, &values), (f64::from((0..rows).sum::<i32>()), f64::from(odd)));
        }
    }

    #[test]
    fn one_number_that_is_not_finite_is_found_wherever_it_stands() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in 0..9 {
                let mut values = [1e308, -1e308, 0.0, -0.0, 3.0, 0.0, 0.0, 0.0, 5.0];
                assert!(all_finite(&values));
                values[at] = bad;
                assert!(!all_finite(&values));
            }
        }
        assert!(all_finite(&[]));
    }
}
