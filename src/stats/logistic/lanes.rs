//! Two numbers of double precision at a time: the same operations in the same order natively and in WebAssembly, so the same digits.
#![allow(unsafe_code)]

pub(super) use two::Two;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod two {
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(in crate::stats::logistic) struct Two(v128);

    impl Two {
        #[inline(always)]
        pub(in crate::stats::logistic) fn load(values: &[f64; 2]) -> Two {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            Two(unsafe { v128_load(values.as_ptr().cast()) })
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn store(self, into: &mut [f64; 2]) {
            // SAFETY: sixteen bytes are there, and the store needs no alignment.
            unsafe { v128_store(into.as_mut_ptr().cast(), self.0) }
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn all(value: f64) -> Two {
            Two(f64x2_splat(value))
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn sum(self) -> f64 {
            f64x2_extract_lane::<0>(self.0) + f64x2_extract_lane::<1>(self.0)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn plus(self, other: Two) -> Two {
            Two(f64x2_add(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn minus(self, other: Two) -> Two {
            Two(f64x2_sub(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn times(self, other: Two) -> Two {
            Two(f64x2_mul(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn over(self, other: Two) -> Two {
            Two(f64x2_div(self.0, other.0))
        }

        /// −|x|.
        #[inline(always)]
        pub(in crate::stats::logistic) fn negative_magnitude(self) -> Two {
            Two(f64x2_neg(f64x2_abs(self.0)))
        }

        /// The larger of each pair; NaN stays.
        #[inline(always)]
        pub(in crate::stats::logistic) fn at_least(self, other: Two) -> Two {
            Two(f64x2_pmax(self.0, other.0))
        }

        /// `one` where these are not below zero, `two` where they are or are NaN.
        #[inline(always)]
        pub(in crate::stats::logistic) fn unless_negative(self, one: Two, two: Two) -> Two {
            Two(v128_bitselect(one.0, two.0, f64x2_ge(self.0, f64x2_splat(0.0))))
        }

        /// Adds the last twelve binary digits of `power` to the exponent.
        #[inline(always)]
        pub(in crate::stats::logistic) fn raised(self, power: Two) -> Two {
            Two(i64x2_add(self.0, i64x2_shl(power.0, 52)))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod two {
    #[derive(Clone, Copy)]
    pub(in crate::stats::logistic) struct Two(f64, f64);

    impl Two {
        #[inline(always)]
        pub(in crate::stats::logistic) fn load(values: &[f64; 2]) -> Two {
            Two(values[0], values[1])
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn store(self, into: &mut [f64; 2]) {
            *into = [self.0, self.1];
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn all(value: f64) -> Two {
            Two(value, value)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn sum(self) -> f64 {
            self.0 + self.1
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn plus(self, other: Two) -> Two {
            Two(self.0 + other.0, self.1 + other.1)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn minus(self, other: Two) -> Two {
            Two(self.0 - other.0, self.1 - other.1)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn times(self, other: Two) -> Two {
            Two(self.0 * other.0, self.1 * other.1)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn over(self, other: Two) -> Two {
            Two(self.0 / other.0, self.1 / other.1)
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn negative_magnitude(self) -> Two {
            Two(-self.0.abs(), -self.1.abs())
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn at_least(self, other: Two) -> Two {
            let higher = |a: f64, b: f64| if a < b { b } else { a };
            Two(higher(self.0, other.0), higher(self.1, other.1))
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn unless_negative(self, one: Two, two: Two) -> Two {
            Two(if self.0 >= 0.0 { one.0 } else { two.0 }, if self.1 >= 0.0 { one.1 } else { two.1 })
        }

        #[inline(always)]
        pub(in crate::stats::logistic) fn raised(self, power: Two) -> Two {
            let raised = |x: f64, power: f64| f64::from_bits(x.to_bits().wrapping_add(power.to_bits() << 52));
            Two(raised(self.0, power.0), raised(self.1, power.1))
        }
    }
}

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

/// ln(1 + e) of numbers from 0 to 1, within three units in the last place.
///
/// It is twice the inverse hyperbolic tangent of s = e / (2 + e) ≤ 1/3, by its series to s³¹, whose rest is below 2e-17 of it.
#[inline(always)]
pub(super) fn log_of_one_plus(e: Two) -> Two {
    let s = e.over(e.plus(Two::all(2.0)));
    let s2 = s.times(s);
    let s4 = s2.times(s2);
    let pair = |k: u32| {
        let odd = f64::from(4 * k + 1);
        Two::all(1.0 / odd).plus(s2.times(Two::all(1.0 / (odd + 2.0))))
    };
    let series = (0..8).rev().fold(Two::all(0.0), |sum, k| sum.times(s4).plus(pair(k)));
    s.plus(s).times(series)
}

/// Whether no number is infinite or NaN.
pub(super) fn all_finite(values: &[f64]) -> bool {
    let (pairs, rest) = values.as_chunks::<2>();
    let zero = Two::all(0.0);
    // A product with zero is zero or NaN, and NaN stays in the sum.
    let sum = pairs.iter().fold(zero, |sum, pair| sum.plus(Two::load(pair).times(zero)));
    sum.sum() == 0.0 && rest.iter().all(|value| value.is_finite())
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
    fn one_number_that_is_not_finite_is_found_wherever_it_stands() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in 0..5 {
                let mut values = [1e308, -1e308, 0.0, -0.0, 3.0];
                assert!(all_finite(&values));
                values[at] = bad;
                assert!(!all_finite(&values));
            }
        }
        assert!(all_finite(&[]));
    }
}
