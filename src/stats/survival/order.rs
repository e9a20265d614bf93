//! The order of non-negative numbers by their bits.

use crate::stats::order::sorted_rows;

const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
/// From so many keys on, as many upper bits are sorted by at first as fit beside the row, below it two digits: durations seldom agree in those without
/// being equal.
const MANY: usize = 1 << 20;
// Below it a comparison sort beats clearing and reading the digit counts.
const FEW: usize = 4_096;

/// `keys` in ascending order, and the row that each comes from; equal keys keep their order.
///
/// Radix sort by the upper digits of the bits in which keys differ, then by insertion of the few that agree in those; where they are not few, by all bits.
pub(super) fn ascending(keys: &[u64]) -> (Vec<u64>, Vec<u32>) {
    if keys.len() < FEW {
        let rows = sorted_rows(keys.len(), &mut |a, b| keys[a].cmp(&keys[b]));
        return (rows.iter().map(|&row| keys[row]).collect(), rows.into_iter().map(|row| row as u32).collect());
    }
    // 0, the duration of what ended at once, is far from the bits of all others: it counts as next to the least of them.
    let (mut below, mut most) = (u64::MAX, 0);
    for &key in keys {
        if key.wrapping_sub(1) < below {
            below = key.wrapping_sub(1);
        }
        if key > most {
            most = key;
        }
    }
    let bits = u64::BITS - most.saturating_sub(below).leading_zeros();
    let lower = bits.saturating_sub(if keys.len() < MANY { 2 * DIGIT_BITS } else { u32::BITS });
    let rows = by_upper_bits(keys, below, lower..bits);
    let mut sorted: Vec<u64> = rows.iter().map(|row| keys[*row as usize]).collect();
    let mut rows = rows;
    if lower > 0 && !inserted(&mut sorted, &mut rows) {
        return by_digits(keys, below, 0..bits);
    }
    (sorted, rows)
}

/// The rows in the order of `bits`, which are at most 32, of what each key is above `below`. A row travels with its bits in one word.
fn by_upper_bits(keys: &[u64], below: u64, bits: std::ops::Range<u32>) -> Vec<u32> {
    let upper = |key: u64| key.saturating_sub(below) >> bits.start;
    let mut words: Vec<u64> = keys.iter().zip(0..).map(|(key, row)| upper(*key) << 32 | row).collect();
    let mut next_words = vec![0; words.len()];
    for shift in (32..32 + bits.end - bits.start).step_by(DIGIT_BITS as usize) {
        let bucket = |word: u64| (word >> shift) as usize & (BUCKETS - 1);
        let mut places = [0_u32; BUCKETS];
        words.iter().for_each(|word| places[bucket(*word)] += 1);
        if !begin(&mut places, words.len()) {
            continue;
        }
        for &word in &words {
            let place = &mut places[bucket(word)];
            next_words[*place as usize] = word;
            *place += 1;
        }
        std::mem::swap(&mut words, &mut next_words);
    }
    words.into_iter().map(|word| word as u32).collect()
}

/// Turns the counts of the buckets into where they begin; whether there is more than one with any of `all` keys.
fn begin(counts: &mut [u32; BUCKETS], all: usize) -> bool {
    let mut start = 0;
    let mut several = true;
    for count in counts {
        several &= *count as usize != all;
        start += std::mem::replace(count, start);
    }
    several
}

/// The order by `bits` of what each key is above `below`: digit by digit, least significant first. A digit that all keys share costs nothing.
fn by_digits(keys: &[u64], below: u64, bits: std::ops::Range<u32>) -> (Vec<u64>, Vec<u32>) {
    let mut rows: Vec<u32> = (0..keys.len() as u32).collect();
    let mut sorted = keys.to_vec();
    let (mut next_sorted, mut next_rows) = (vec![0; keys.len()], vec![0; keys.len()]);
    for shift in bits.step_by(DIGIT_BITS as usize) {
        let bucket = |key: u64| (key.saturating_sub(below) >> shift) as usize & (BUCKETS - 1);
        let mut places = [0_u32; BUCKETS];
        sorted.iter().for_each(|key| places[bucket(*key)] += 1);
        if !begin(&mut places, keys.len()) {
            continue;
        }
        for (&key, &row) in sorted.iter().zip(&rows) {
            let place = &mut places[bucket(key)];
            next_sorted[*place as usize] = key;
            next_rows[*place as usize] = row;
            *place += 1;
        }
        std::mem::swap(&mut sorted, &mut next_sorted);
        std::mem::swap(&mut rows, &mut next_rows);
    }
    (sorted, rows)
}

/// Moves keys down to their places; whether they were few and near enough to be moved.
fn inserted(keys: &mut [u64], rows: &mut [u32]) -> bool {
    // A move costs a fraction of what a row costs in a pass.
    let mut left = 2 * keys.len();
    for at in 1..keys.len() {
        let (key, row) = (keys[at], rows[at]);
        let mut place = at;
        while place > 0 && keys[place - 1] > key {
            (keys[place], rows[place]) = (keys[place - 1], rows[place - 1]);
            place -= 1;
        }
        (keys[place], rows[place]) = (key, row);
        left = left.saturating_sub(at - place);
        if left == 0 {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::ascending;
    use crate::stats::rng::seeded;
    use rand::Rng;

    #[test]
    fn equals_a_stable_comparison_sort() {
        let mut rng = seeded(1, 1);
        let shapes = [(0, 1, 50), (1, 1, 50), (100, 9, 50), (5_000, 3, 50), (20_000, 700, 50), (20_000, u64::MAX, 50)];
        // All in the lower bits but one; few that agree in the upper bits; all that do.
        let shapes = shapes.into_iter().chain([(20_000, 1 << 20, 0), (20_000, 1 << 46, 0), (20_000, 1 << 58, 0)]);
        for (length, distinct, rotated) in shapes {
            let mut keys: Vec<u64> = (0..length).map(|_| rng.gen_range(0..distinct).rotate_left(rotated)).collect();
            keys.extend([u64::MAX >> 1, 0, 1].into_iter().filter(|_| length > 1));
            let length = keys.len() as u32;
            let mut expected: Vec<u32> = (0..length).collect();
            expected.sort_by_key(|&row| keys[row as usize]);
            let (sorted, rows) = ascending(&keys);
            assert_eq!(rows, expected, "{length} keys, {distinct} distinct");
            assert!(sorted.iter().zip(&rows).all(|(key, row)| *key == keys[*row as usize]));
        }
    }
}
