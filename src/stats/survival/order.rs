//! The order of non-negative numbers by their bits.

use crate::stats::order::sorted_rows;

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;
// Below it a comparison sort beats clearing and reading the digit counts.
const FEW: usize = 4_096;

/// `keys` in ascending order, and the row that each comes from; equal keys keep their order.
///
/// Radix sort by 11-bit digits, least significant first; a digit that all keys share costs nothing, which whole days make the rule.
pub(super) fn ascending(keys: &[u64]) -> (Vec<u64>, Vec<u32>) {
    if keys.len() < FEW {
        let rows = sorted_rows(keys.len(), &mut |a, b| keys[a].cmp(&keys[b]));
        return (rows.iter().map(|&row| keys[row]).collect(), rows.into_iter().map(|row| row as u32).collect());
    }
    let mut rows: Vec<u32> = (0..keys.len() as u32).collect();
    let mut counts = vec![[0u32; BUCKETS]; DIGITS];
    for &key in keys {
        for (digit, counts) in counts.iter_mut().enumerate() {
            counts[bucket(key, digit)] += 1;
        }
    }
    let mut sorted = keys.to_vec();
    let (mut next_sorted, mut next_rows) = (vec![0; keys.len()], vec![0; keys.len()]);
    for (digit, counts) in counts.iter_mut().enumerate() {
        if counts[bucket(keys[0], digit)] as usize == keys.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for (&key, &row) in sorted.iter().zip(&rows) {
            let place = &mut counts[bucket(key, digit)];
            next_sorted[*place as usize] = key;
            next_rows[*place as usize] = row;
            *place += 1;
        }
        std::mem::swap(&mut sorted, &mut next_sorted);
        std::mem::swap(&mut rows, &mut next_rows);
    }
    (sorted, rows)
}

fn bucket(key: u64, digit: usize) -> usize {
    (key >> (digit as u32 * DIGIT_BITS)) as usize & (BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::ascending;
    use crate::stats::rng::seeded;
    use rand::Rng;

    #[test]
    fn equals_a_stable_comparison_sort() {
        let mut rng = seeded(1, 1);
        for (length, distinct) in [(0, 1), (1, 1), (100, 9), (5_000, 3), (20_000, 700), (20_000, u64::MAX)] {
            let keys: Vec<u64> = (0..length).map(|_| rng.gen_range(0..distinct).rotate_left(50)).collect();
            let mut expected: Vec<u32> = (0..length).collect();
            expected.sort_by_key(|&row| keys[row as usize]);
            let (sorted, rows) = ascending(&keys);
            assert_eq!(rows, expected, "{length} keys, {distinct} distinct");
            assert!(sorted.iter().zip(&rows).all(|(key, row)| *key == keys[*row as usize]));
        }
    }
}
