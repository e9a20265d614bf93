//! Pairs of least total cost.

/// For each row the column it is paired with, so that the sum of the `cost`s (row-major, `rows` × `columns`) is the least; each
/// column is used once. `None` for rows beyond the number of columns.
///
/// The Hungarian method in the form of shortest augmenting paths with potentials (Jonker & Volgenant 1987), in time proportional to
/// rows² × columns. Of equally cheap pairings the same one is found each time. Costs that are not finite count as the dearest.
pub fn assignment(cost: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    let sizes = cost.iter().copied().filter(|cost| cost.is_finite()).map(f64::abs);
    let dearest = 1.0 + 2.0 * sizes.fold(0.0, f64::max);
    // Columns of equal cost for the rows that are too many.
    let width = columns.max(rows);
    let at = |row: usize, column: usize| match cost.get(row * columns + column) {
        Some(cost) if column < columns && cost.is_finite() => *cost,
        _ => dearest,
    };
    // Place 0 of rows and columns is that of the row which is being paired.
    let (mut row_potential, mut column_potential) = (vec![0.0; rows + 1], vec![0.0; width + 1]);
    let mut row_of = vec![0; width + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; width + 1];
        let mut before = vec![0; width + 1];
        let mut done = vec![false; width + 1];
        while row_of[column] != 0 {
            done[column] = true;
            let (from, mut step, mut next) = (row_of[column], f64::INFINITY, 0);
            for to in (1..=width).filter(|&to| !done[to]) {
                let reduced = at(from - 1, to - 1) - row_potential[from] - column_potential[to];
                if reduced < least[to] {
                    (least[to], before[to]) = (reduced, column);
                }
                if least[to] < step {
                    (step, next) = (least[to], to);
                }
            }
            for to in 0..=width {
                if done[to] {
                    row_potential[row_of[to]] += step;
                    column_potential[to] -= step;
                } else {
                    least[to] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut paired = vec![None; rows];
    for (column, &row) in row_of.iter().enumerate().skip(1) {
        if row > 0 && column <= columns {
            paired[row - 1] = Some(column - 1);
        }
    }
    paired
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng;

    fn total(cost: &[f64], columns: usize, paired: &[Option<usize>]) -> f64 {
        paired.iter().enumerate().filter_map(|(row, column)| column.map(|column| cost[row * columns + column])).sum()
    }

    /// The least cost over all ways to pair the rows from `row` on with the columns that are left.
    fn least(cost: &[f64], rows: usize, columns: usize, row: usize, used: &mut Vec<bool>) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..columns {
            if !used[column] {
                used[column] = true;
                best = best.min(cost[row * columns + column] + least(cost, rows, columns, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    #[test]
    fn cost_is_that_of_the_best_of_all_pairings_on_200_matrices() {
        let mut random = rng::seeded(5, 0);
        for trial in 0..200 {
            let columns = 1 + trial % 6;
            let rows = 1 + rng::below(&mut random, columns as u32) as usize;
            // Whole numbers, so that costs tie.
            let cost: Vec<f64> = (0..rows * columns).map(|_| f64::from(rng::below(&mut random, 7))).collect();
            let paired = assignment(&cost, rows, columns);
            let mut columns_used: Vec<usize> = paired.iter().map(|column| column.expect("a column per row")).collect();
            columns_used.sort_unstable();
            columns_used.dedup();
            assert_eq!(columns_used.len(), rows);
            assert_eq!(total(&cost, columns, &paired), least(&cost, rows, columns, 0, &mut vec![false; columns]));
        }
    }

    #[test]
    fn rows_beyond_the_columns_stay_alone_and_the_cheapest_is_paired() {
        assert_eq!(assignment(&[5.0, 1.0, 3.0], 3, 1), [None, Some(0), None]);
        assert_eq!(assignment(&[], 0, 0), []);
        assert_eq!(assignment(&[], 2, 0), [None, None]);
        assert_eq!(assignment(&[f64::NAN, 1.0, 1.0, f64::INFINITY], 2, 2), [Some(1), Some(0)]);
    }
}
