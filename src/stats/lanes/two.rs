//! Two numbers of double precision at a time.
#![allow(unsafe_code)]

pub(crate) use lanes::Two;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Two(pub(in crate::stats::lanes) v128);

    impl Two {
        #[inline(always)]
        pub(crate) fn load(values: &[f64; 2]) -> Two {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            Two(unsafe { v128_load(values.as_ptr().cast()) })
        }

        #[inline(always)]
        pub(crate) fn store(self, into: &mut [f64; 2]) {
            // SAFETY: sixteen bytes are there, and the store needs no alignment.
            unsafe { v128_store(into.as_mut_ptr().cast(), self.0) }
        }

        #[inline(always)]
        pub(crate) fn all(value: f64) -> Two {
            Two(f64x2_splat(value))
        }

        #[inline(always)]
        pub(crate) fn sum(self) -> f64 {
            f64x2_extract_lane::<0>(self.0) + f64x2_extract_lane::<1>(self.0)
        }

        #[inline(always)]
        pub(crate) fn plus(self, other: Two) -> Two {
            Two(f64x2_add(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn minus(self, other: Two) -> Two {
            Two(f64x2_sub(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn times(self, other: Two) -> Two {
            Two(f64x2_mul(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn over(self, other: Two) -> Two {
            Two(f64x2_div(self.0, other.0))
        }

        /// −|x|.
        #[inline(always)]
        pub(crate) fn negative_magnitude(self) -> Two {
            Two(f64x2_neg(f64x2_abs(self.0)))
        }

        /// The larger of each pair; NaN stays.
        #[inline(always)]
        pub(crate) fn at_least(self, other: Two) -> Two {
            Two(f64x2_pmax(self.0, other.0))
        }

        /// `one` where these are not below zero, `two` where they are or are NaN.
        #[inline(always)]
        pub(crate) fn unless_negative(self, one: Two, two: Two) -> Two {
            Two(v128_bitselect(one.0, two.0, f64x2_ge(self.0, f64x2_splat(0.0))))
        }

        /// Adds the last twelve binary digits of `power` to the exponent.
        #[inline(always)]
        pub(crate) fn raised(self, power: Two) -> Two {
            Two(i64x2_add(self.0, i64x2_shl(power.0, 52)))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    #[derive(Clone, Copy)]
    pub(crate) struct Two(pub(in crate::stats::lanes) f64, pub(in crate::stats::lanes) f64);

    impl Two {
        #[inline(always)]
        pub(crate) fn load(values: &[f64; 2]) -> Two {
            Two(values[0], values[1])
        }

        #[inline(always)]
        pub(crate) fn store(self, into: &mut [f64; 2]) {
            *into = [self.0, self.1];
        }

        #[inline(always)]
        pub(crate) fn all(value: f64) -> Two {
            Two(value, value)
        }

        #[inline(always)]
        pub(crate) fn sum(self) -> f64 {
            self.0 + self.1
        }

        #[inline(always)]
        pub(crate) fn plus(self, other: Two) -> Two {
            Two(self.0 + other.0, self.1 + other.1)
        }

        #[inline(always)]
        pub(crate) fn minus(self, other: Two) -> Two {
            Two(self.0 - other.0, self.1 - other.1)
        }

        #[inline(always)]
        pub(crate) fn times(self, other: Two) -> Two {
            Two(self.0 * other.0, self.1 * other.1)
        }

        #[inline(always)]
        pub(crate) fn over(self, other: Two) -> Two {
            Two(self.0 / other.0, self.1 / other.1)
        }

        #[inline(always)]
        pub(crate) fn negative_magnitude(self) -> Two {
            Two(-self.0.abs(), -self.1.abs())
        }

        #[inline(always)]
        pub(crate) fn at_least(self, other: Two) -> Two {
            let higher = |a: f64, b: f64| if a < b { b } else { a };
            Two(higher(self.0, other.0), higher(self.1, other.1))
        }

        #[inline(always)]
        pub(crate) fn unless_negative(self, one: Two, two: Two) -> Two {
            Two(if self.0 >= 0.0 { one.0 } else { two.0 }, if self.1 >= 0.0 { one.1 } else { two.1 })
        }

        #[inline(always)]
        pub(crate) fn raised(self, power: Two) -> Two {
            let raised = |x: f64, power: f64| f64::from_bits(x.to_bits().wrapping_add(power.to_bits() << 52));
            Two(raised(self.0, power.0), raised(self.1, power.1))
        }
    }
}
