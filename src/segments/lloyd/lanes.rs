//! Four numbers of single precision at a time, each with a small label in its last binary digits.
#![allow(unsafe_code)]

pub(super) use four::Four;

/// Numbers in one [`Four`].
pub(super) const LANES: usize = 4;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod four {
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(in crate::segments::lloyd) struct Four(v128);

    impl Four {
        #[inline(always)]
        pub(in crate::segments::lloyd) fn load(values: &[f32; 4]) -> Four {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            Four(unsafe { v128_load(values.as_ptr().cast()) })
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn all(value: f32) -> Four {
            Four(f32x4_splat(value))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn values(self) -> [f32; 4] {
            [
                f32x4_extract_lane::<0>(self.0),
                f32x4_extract_lane::<1>(self.0),
                f32x4_extract_lane::<2>(self.0),
                f32x4_extract_lane::<3>(self.0),
            ]
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn plus(self, other: Four) -> Four {
            Four(f32x4_add(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn minus(self, other: Four) -> Four {
            Four(f32x4_sub(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn times(self, other: Four) -> Four {
            Four(f32x4_mul(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn over(self, other: Four) -> Four {
            Four(f32x4_div(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn root(self) -> Four {
            Four(f32x4_sqrt(self.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn lower(self, other: Four) -> Four {
            Four(f32x4_pmin(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn higher(self, other: Four) -> Four {
            Four(f32x4_pmax(self.0, other.0))
        }

        /// The numbers with the digits below `kept` replaced by `label`.
        #[inline(always)]
        pub(in crate::segments::lloyd) fn labelled(self, kept: u32, label: u32) -> Four {
            Four(v128_or(v128_and(self.0, u32x4_splat(kept)), u32x4_splat(label)))
        }

        /// The digits below `kept`.
        #[inline(always)]
        pub(in crate::segments::lloyd) fn label(self, kept: u32) -> Four {
            Four(v128_andnot(self.0, u32x4_splat(kept)))
        }

        /// One bit per number with other digits than `bits`, the first the lowest.
        #[inline(always)]
        pub(in crate::segments::lloyd) fn differs(self, bits: &[u32; 4]) -> u8 {
            // SAFETY: sixteen bytes are there, and the load needs no alignment.
            let other = unsafe { v128_load(bits.as_ptr().cast()) };
            u32x4_bitmask(u32x4_ne(self.0, other))
        }

        /// One bit per number that is not above that of `other` or is NaN, the first the lowest.
        #[inline(always)]
        pub(in crate::segments::lloyd) fn not_above(self, other: Four) -> u8 {
            u32x4_bitmask(f32x4_gt(self.0, other.0)) ^ 0b1111
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod four {
    use std::array::from_fn;

    #[derive(Clone, Copy)]
    pub(in crate::segments::lloyd) struct Four([f32; 4]);

    impl Four {
        #[inline(always)]
        pub(in crate::segments::lloyd) fn load(values: &[f32; 4]) -> Four {
            Four(*values)
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn all(value: f32) -> Four {
            Four([value; 4])
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn values(self) -> [f32; 4] {
            self.0
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn plus(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] + other.0[i]))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn minus(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] - other.0[i]))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn times(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] * other.0[i]))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn over(self, other: Four) -> Four {
            Four(from_fn(|i| self.0[i] / other.0[i]))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn root(self) -> Four {
            Four(from_fn(|i| self.0[i].sqrt()))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn lower(self, other: Four) -> Four {
            Four(from_fn(|i| if other.0[i] < self.0[i] { other.0[i] } else { self.0[i] }))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn higher(self, other: Four) -> Four {
            Four(from_fn(|i| if self.0[i] < other.0[i] { other.0[i] } else { self.0[i] }))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn labelled(self, kept: u32, label: u32) -> Four {
            Four(self.0.map(|value| f32::from_bits((value.to_bits() & kept) | label)))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn label(self, kept: u32) -> Four {
            Four(self.0.map(|value| f32::from_bits(value.to_bits() & !kept)))
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn differs(self, bits: &[u32; 4]) -> u8 {
            (0..4).fold(0, |mask, i| mask | u8::from(self.0[i].to_bits() != bits[i]) << i)
        }

        #[inline(always)]
        pub(in crate::segments::lloyd) fn not_above(self, other: Four) -> u8 {
            (0..4).fold(0, |bits, i| bits | u8::from(self.0[i] > other.0[i]) << i) ^ 0b1111
        }
    }
}
