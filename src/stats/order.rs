//! Sorted orders of rows. One sort for the whole crate: each further instance of a generic sort costs a download of several kB.

use std::cmp::Ordering;

/// Sorts row numbers by `compare`; rows that it calls equal keep their order.
pub fn sort_rows(rows: &mut [usize], compare: &mut dyn FnMut(usize, usize) -> Ordering) {
    rows.sort_by(|a, b| compare(*a, *b));
}

/// The rows 0, 1, …, n − 1 sorted by `compare`; rows that it calls equal keep their order.
pub fn sorted_rows(n: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    sort_rows(&mut rows, compare);
    rows
}

/// The values at `places`.
#[inline(never)]
pub fn at_places<T: Copy>(values: &[T], places: &[u32]) -> Vec<T> {
    places.iter().map(|place| values[*place as usize]).collect()
}

/// `values` in the order of `compare` on their places.
pub fn reordered<T>(values: Vec<T>, compare: &mut dyn FnMut(&T, &T) -> Ordering) -> Vec<T> {
    let rows = sorted_rows(values.len(), &mut |a, b| compare(&values[a], &values[b]));
    let mut values: Vec<Option<T>> = values.into_iter().map(Some).collect();
    rows.into_iter().filter_map(|row| values[row].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_keep_their_order() {
        let keys = [2, 1, 2, 1, 0];
        assert_eq!(sorted_rows(5, &mut |a, b| keys[a].cmp(&keys[b])), [4, 1, 3, 0, 2]);
        assert_eq!(reordered(vec!["bb", "a", "cc", "d"], &mut |a, b| a.len().cmp(&b.len())), ["a", "d", "bb", "cc"]);
        assert!(sorted_rows(0, &mut |_, _| Ordering::Equal).is_empty());
    }
}
