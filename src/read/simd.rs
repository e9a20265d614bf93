//! Many bytes at a time: where those stand that structure a text file, whether they are UTF-8, and short texts appended.
//!
//! The portable versions say the same in the obvious way; they run natively and judge the wide ones in tests.
#![allow(unsafe_code)]

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// One bit per byte of `block` (the first is bit 0) that is a quote, `separator` or below the blank.
#[inline(always)]
pub(super) fn specials(block: &[u8; BLOCK], separator: u8) -> u64 {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return wide::specials(block, separator);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    portable_specials(block, separator)
}

/// `bytes` as text, or the place of the first byte that is no UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if wide::is_utf8(bytes) {
        // SAFETY: just checked.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())
}

/// Appends `more`, which is mostly short: a call that copies so few bytes costs more than they do.
#[inline(always)]
pub(super) fn append(text: &mut String, more: &str) {
    // SAFETY: bytes of `more` are cut off only where its last eight, which hold them too, are then appended: in the end it is `more` that was.
    let (bytes, more) = (unsafe { text.as_mut_vec() }, more.as_bytes());
    let Some(last) = more.last_chunk::<8>().filter(|_| more.len() <= 64) else {
        if more.len() < 8 {
            more.iter().for_each(|byte| bytes.push(*byte));
        } else {
            bytes.extend_from_slice(more);
        }
        return;
    };
    let end = bytes.len() + more.len();
    bytes.reserve(more.len());
    more.as_chunks::<8>().0.iter().for_each(|word| bytes.extend_from_slice(word));
    bytes.truncate(end - last.len());
    bytes.extend_from_slice(last);
}

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline(always)]
fn portable_specials(block: &[u8; BLOCK], separator: u8) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Exact per byte, unlike the shorter trick that lets a borrow run into the next byte.
    let is_zero = |word: u64| !(((word & !HIGH) + !HIGH) | word | !HIGH);
    let below_blank = |word: u64| is_zero(word & (LOW * 0xe0));
    let mut mask = 0;
    for (at, word) in block.chunks_exact(8).enumerate() {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        let hits =
            is_zero(word ^ (LOW * u64::from(b'"'))) | is_zero(word ^ (LOW * u64::from(separator))) | below_blank(word);
        // Gathers the high bit of every byte in the top byte.
        mask |= ((hits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
    }
    mask
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide {
    use super::BLOCK;
    use core::arch::wasm32::*;

    #[inline(always)]
    fn load(bytes: &[u8; 16]) -> v128 {
        // SAFETY: sixteen bytes are there, and the load needs no alignment.
        unsafe { v128_load(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    pub fn specials(block: &[u8; BLOCK], separator: u8) -> u64 {
        let (quote, separator, blank) = (u8x16_splat(b'"'), u8x16_splat(separator), u8x16_splat(b' '));
        let (quarters, _) = block.as_chunks::<16>();
        let mut mask = 0;
        for (at, quarter) in quarters.iter().enumerate() {
            let bytes = load(quarter);
            let hits = v128_or(v128_or(u8x16_eq(bytes, quote), u8x16_eq(bytes, separator)), u8x16_lt(bytes, blank));
            mask |= u64::from(u8x16_bitmask(hits)) << (at * 16);
        }
        mask
    }

    const TOO_SHORT: u8 = 1;
    const TOO_LONG: u8 = 1 << 1;
    const OVERLONG_3: u8 = 1 << 2;
    const TOO_LARGE: u8 = 1 << 3;
    const SURROGATE: u8 = 1 << 4;
    const OVERLONG_2: u8 = 1 << 5;
    const TOO_LARGE_1000: u8 = 1 << 6;
    const OVERLONG_4: u8 = 1 << 6;
    const TWO_CONTINUATIONS: u8 = 1 << 7;
    const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;

    /// Errors that the high half of a byte allows for, when the next byte follows it.
    const FIRST_HIGH: [u8; 16] = [
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TOO_LONG,
        TWO_CONTINUATIONS,
        TWO_CONTINUATIONS,
        TWO_CONTINUATIONS,
        TWO_CONTINUATIONS,
        TOO_SHORT | OVERLONG_2,
        TOO_SHORT,
        TOO_SHORT | OVERLONG_3 | SURROGATE,
        TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
    ];
    /// Errors that its low half allows for.
    const FIRST_LOW: [u8; 16] = [
        CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
        CARRY | OVERLONG_2,
        CARRY,
        CARRY,
        CARRY | TOO_LARGE,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
        CARRY | TOO_LARGE | TOO_LARGE_1000,
    ];
    /// Errors that the high half of the next byte allows for. What all three allow for is an error.
    const SECOND_HIGH: [u8; 16] = [
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
        TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE,
        TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
        TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
        TOO_SHORT,
    ];

    /// The bits of all errors in `bytes`, of which `before` are the sixteen before. Method: Keiser and Lemire, Validating UTF-8 in less than
    /// one instruction per byte (2021).
    #[inline(always)]
    fn errors(before: v128, bytes: v128) -> v128 {
        let first = i8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(before, bytes);
        let pairs = v128_and(
            v128_and(
                u8x16_swizzle(load(&FIRST_HIGH), u8x16_shr(first, 4)),
                u8x16_swizzle(load(&FIRST_LOW), v128_and(first, u8x16_splat(0x0f))),
            ),
            u8x16_swizzle(load(&SECOND_HIGH), u8x16_shr(bytes, 4)),
        );
        let two_back = i8x16_shuffle::<14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29>(before, bytes);
        let three_back = i8x16_shuffle::<13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28>(before, bytes);
        let continues = v128_or(
            u8x16_sub_sat(two_back, u8x16_splat(0xe0 - 0x80)),
            u8x16_sub_sat(three_back, u8x16_splat(0xf0 - 0x80)),
        );
        v128_xor(v128_and(continues, u8x16_splat(0x80)), pairs)
    }

    /// Whether `bytes` are UTF-8.
    pub fn is_utf8(bytes: &[u8]) -> bool {
        let (wide, tail) = bytes.as_chunks::<64>();
        let (blocks, tail) = tail.as_chunks::<16>();
        let mut last = [0; 16];
        last[..tail.len()].copy_from_slice(tail);
        let mut wrong = u8x16_splat(0);
        let mut before = u8x16_splat(0);
        for block in wide {
            let [first, second, third, fourth] = std::array::from_fn(|at| load(&block.as_chunks().0[at]));
            // Within ASCII behind ASCII nothing can be wrong.
            if u8x16_bitmask(v128_or(v128_or(v128_or(first, second), v128_or(third, fourth)), before)) != 0 {
                let front = v128_or(errors(before, first), errors(first, second));
                wrong = v128_or(wrong, v128_or(front, v128_or(errors(second, third), errors(third, fourth))));
            }
            before = fourth;
        }
        for block in blocks {
            let bytes = load(block);
            wrong = v128_or(wrong, errors(before, bytes));
            before = bytes;
        }
        // The zeros behind the last bytes end a character that is cut off, which is an error.
        let bytes = load(&last);
        wrong = v128_or(wrong, errors(before, bytes));
        wrong = v128_or(wrong, errors(bytes, u8x16_splat(0)));
        !v128_any_true(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specials_are_quotes_separators_and_control_characters() {
        let mut state = 1_u32;
        for round in 0..2000 {
            let block: [u8; BLOCK] = std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let byte = (state >> 24) as u8;
                if round % 2 == 0 { byte } else { b"\",;\n\r\ta 0!\x1f\x80\xa0"[usize::from(byte) % 13] }
            });
            for separator in [b',', b';', b'\t', b'|'] {
                let obvious =
                    (0..BLOCK).filter(|at| block[*at] < b' ' || block[*at] == b'"' || block[*at] == separator);
                assert_eq!(specials(&block, separator), obvious.map(|at| 1_u64 << at).sum::<u64>());
                assert_eq!(portable_specials(&block, separator), specials(&block, separator));
            }
        }
    }

    #[test]
    fn texts_of_any_length_are_appended_whole() {
        let text = "سلام a é ".repeat(12);
        let (mut appended, mut pushed) = (String::new(), String::new());
        for (end, _) in text.char_indices() {
            append(&mut appended, &text[..end]);
            pushed.push_str(&text[..end]);
            assert_eq!(appended, pushed);
        }
    }

    #[test]
    fn utf8_is_what_the_standard_library_says() {
        let text = "a é ی€ 𝄞 علی,محمدی\nRésumé 日本語";
        let mut state = 1_u32;
        for round in 0..20_000_usize {
            let mut bytes = text.repeat(1 + round % 3).into_bytes();
            let mut draw = |n: usize| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as usize % n
            };
            bytes.truncate(draw(bytes.len()));
            for _ in 0..draw(3) {
                if !bytes.is_empty() {
                    let at = draw(bytes.len());
                    bytes[at] = draw(256) as u8;
                }
            }
            assert_eq!(utf8(&bytes).map_err(drop), std::str::from_utf8(&bytes).map_err(drop), "{bytes:?}");
        }
    }
}
