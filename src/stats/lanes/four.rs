//! Four numbers of single precision at a time, where wanted each with a small label in its last binary digits.
#![allow(unsafe_code)]

pub(crate) use lanes::Four;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use super::super::Two;
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Four(v128);

    impl Four {
        #[inline(always)]
        pub(crate) fn load(values: &[f32; 4]) -> Four {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            Four(unsafe { v128_load(values.as_ptr().cast()) })
        }

        /// The nearest numbers of single precision.
        #[inline(always)]
        pub(crate) fn rounded(low: Two, high: Two) -> Four {
            Four(i64x2_shuffle::<0, 2>(f32x4_demote_f64x2_zero(low.0), f32x4_demote_f64x2_zero(high.0)))
        }

        /// The first two and the last two.
        #[inline(always)]
        pub(crate) fn widened(self) -> (Two, Two) {
            let high = i64x2_shuffle::<1, 1>(self.0, self.0);
            (Two(f64x2_promote_low_f32x4(self.0)), Two(f64x2_promote_low_f32x4(high)))
        }

        #[inline(always)]
        pub(crate) fn all(value: f32) -> Four {
            Four(f32x4_splat(value))
        }

        #[inline(always)]
        pub(crate) fn values(self) -> [f32; 4] {
            [
                f32x4_extract_lane::<0>(self.0),
                f32x4_extract_lane::<1>(self.0),
                f32x4_extract_lane::<2>(self.0),
                f32x4_extract_lane::<3>(self.0),
            ]
        }

        #[inline(always)]
        pub(crate) fn plus(self, other: Four) -> Four {
            Four(f32x4_add(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn minus(self, other: Four) -> Four {
            Four(f32x4_sub(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn times(self, other: Four) -> Four {
            Four(f32x4_mul(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn over(self, other: Four) -> Four {
            Four(f32x4_div(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn root(self) -> Four {
            Four(f32x4_sqrt(self.0))
        }

        #[inline(always)]
        pub(crate) fn lower(self, other: Four) -> Four {
            Four(f32x4_pmin(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn higher(self, other: Four) -> Four {
            Four(f32x4_pmax(self.0, other.0))
        }

        /// −|x|.
        #[inline(always)]
        pub(crate) fn negative_magnitude(self) -> Four {
            Four(f32x4_neg(f32x4_abs(self.0)))
        }

        /// `one` where the sign is plus, `two` where it is minus.
        #[inline(always)]
        pub(crate) fn unless_negative(self, one: Four, two: Four) -> Four {
            Four(v128_bitselect(two.0, one.0, i32x4_shr(self.0, 31)))
        }

        /// Adds the last nine binary digits of `power` to the exponent.
        #[inline(always)]
        pub(crate) fn raised(self, power: Four) -> Four {
            Four(i32x4_add(self.0, i32x4_shl(power.0, 23)))
        }

        /// The numbers with the digits below `kept` replaced by `label`.
        #[inline(always)]
        pub(crate) fn labelled(self, kept: u32, label: u32) -> Four {
            Four(v128_or(v128_and(self.0, u32x4_splat(kept)), u32x4_splat(label)))
        }

        /// The digits below `kept`.
        #[inline(always)]
        pub(crate) fn label(self, kept: u32) -> Four {
            Four(v128_andnot(self.0, u32x4_splat(kept)))
        }

        /// One bit per number with other digits than `bits`, the first the lowest.
        #[inline(always)]
        pub(crate) fn differs(self, bits: &[u32; 4]) -> u8 {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            let other = unsafe { v128_load(bits.as_ptr().cast()) };
            u32x4_bitmask(u32x4_ne(self.0, other))
        }

        /// One bit per number that is not above that of `other` or is NaN, the first the lowest.
        #[inline(always)]
        pub(crate) fn not_above(self, other: Four) -> u8 {
            u32x4_bitmask(f32x4_gt(self.0, other.0)) ^ 0b1111
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::super::Two;
    use std::array::from_fn;

    #[derive(Clone, Copy)]
    pub(crate) struct Four([f32; 4]);

    impl Four {
        #[inline(always)]
        pub(crate) fn load(values: &[f32; 4]) -> Four {
            Four(*values)
        }

        #[inline(always)]
        pub(crate) fn rounded(low: Two, high: Two) -> Four {
            Four([low.0, low.1, high.0, high.1].map(|value| value as f32))
        }

        #[inline(always)]
        pub(crate) fn widened(self) -> (Two, Two) {
            let [a, b, c, d] = self.0.map(f64::from);
            (Two(a, b), Two(c, d))
        }

        #[inline(always)]
        pub(crate) fn all(value: f32) -> Four {
            Four([value; 4])
        }

        #[inline(always)]
        pub(crate) fn values(self) -> [f32; 4] {
            self.0
        }

        #[inline(always)]
        pub(crate) fn plus(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] + other.0[i]))
        }

        #[inline(always)]
        pub(crate) fn minus(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] - other.0[i]))
        }

        #[inline(always)]
        pub(crate) fn times(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] * other.0[i]))
        }

        #[inline(always)]
        pub(crate) fn over(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] / other.0[i]))
        }

        #[inline(always)]
        pub(crate) fn root(self) -> Four {
            Four(from_fn(|i| self.0[i].sqrt()))
        }

        #[inline(always)]
        pub(crate) fn lower(self, other: Four) -> Four {
            Four(from_fn(|i| if other.0[i] < self.0[i] { other.0[i] } else { self.0[i] }))
        }

        #[inline(always)]
        pub(crate) fn higher(self, other: Four) -> Four {
            Four(from_fn(|i| if self.0[i] < other.0[i] { other.0[i] } else { self.0[i] }))
        }

        #[inline(always)]
        pub(crate) fn negative_magnitude(self) -> Four {
            Four(self.0.map(|value| -value.abs()))
        }

        #[inline(always)]
        pub(crate) fn unless_negative(self, one: Four, two: Four) -> Four {
            Four(from_fn(|i| if self.0[i].is_sign_positive() { one.0[i] } else { two.0[i] }))
        }

        #[inline(always)]
        pub(crate) fn raised(self, power: Four) -> Four {
            Four(from_fn(|i| f32::from_bits(self.0[i].to_bits().wrapping_add(power.0[i].to_bits() << 23))))
        }

        #[inline(always)]
        pub(crate) fn labelled(self, kept: u32, label: u32) -> Four {
            Four(self.0.map(|value| f32::from_bits((value.to_bits() & kept) | label)))
        }

        #[inline(always)]
        pub(crate) fn label(self, kept: u32) -> Four {
            Four(self.0.map(|value| f32::from_bits(value.to_bits() & !kept)))
        }

        #[inline(always)]
        pub(crate) fn differs(self, bits: &[u32; 4]) -> u8 {
            (0..4).fold(0, |mask, i| mask | u8::from(self.0[i].to_bits() != bits[i]) << i)
        }

        #[inline(always)]
        pub(crate) fn not_above(self, other: Four) -> u8 {
            (0..4).fold(0, |bits, i| bits | u8::from(self.0[i] > other.0[i]) << i) ^ 0b1111
        }
    }
}
