//! How far the hazards of groups of deals lie from those a model gives them, beyond chance.

use super::HORIZONS;
use super::model::Hazards;
use super::path::Path;
use super::scores::Scorer;
use super::snapshots::Snapshots;
use crate::crm::Deals;
use crate::error::Result;
use crate::stats::order::sorted_rows;

const JUDGED_DAYS: f64 = HORIZONS[1];
/// Groups of a stage by the chance of a win (Hosmer & Lemeshow 1980), and of each of these by the time in the stage.
const GROUPS: [usize; 2] = [4, 3];

/// What was seen of a group of snapshots and one outcome.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    expected: f64,
    /// Events seen beyond those expected.
    beyond: f64,
    /// Sum of the squares of what each deal adds to that.
    squares: f64,
}

/// By stage: variance between groups of deals of the scores of a win and of a loss that the columns of `model` cannot say, learnt from the `snapshots` that it was
/// fitted to. It is what coefficients, however many deals they come from, do not know about a deal. A stage has that of all stages, or its own where that is larger.
///
/// # Errors
/// None that snapshots of the same deals can cause.
pub(super) fn misfit(model: &Hazards, deals: &Deals, snapshots: &Snapshots) -> Result<Vec<[f64; 2]>> {
    let weeks = (JUDGED_DAYS / 7.0).ceil() as u32;
    let (n, strata, of_stratum) = (snapshots.len(), model.strata().max(1), GROUPS[0] * GROUPS[1]);
    let repeats: Vec<f64> = snapshots.deal.iter().map(|deal| deals.weight[*deal as usize]).collect();
    let (mut chance, mut expected) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut rows = vec![Vec::new(); strata];
    let scorer = Scorer::new(model)?;
    let mut path = Path::default();
    scorer.each(snapshots, &mut |row, covariates| {
        scorer.path(covariates, weeks as usize, &mut path);
        chance.push(path.at(JUDGED_DAYS).won);
        expected.push(path.expected(snapshots.weeks[row].min(weeks)));
        rows[covariates.stratum()].push(row);
    })?;
    let mut cell = vec![0; n];
    for (stratum, rows) in rows.iter().enumerate() {
        for (at, alike) in groups(rows, &chance, &repeats, GROUPS[0]).iter().enumerate() {
            for (by_stay, same) in groups(alike, &snapshots.stay_days, &repeats, GROUPS[1]).iter().enumerate() {
                same.iter().for_each(|row| cell[*row] = stratum * of_stratum + at * GROUPS[1] + by_stay);
            }
        }
    }
    let mut cells = [0, 1].map(|_| vec![Cell::default(); strata * of_stratum]);
    let mut of_deal: Vec<(usize, [f64; 2])> = Vec::new();
    for row in 0..n {
        let seen = |k: usize| snapshots.outcome[row] as usize == k + 1 && snapshots.weeks[row] <= weeks;
        let beyond = [0, 1].map(|k| f64::from(u8::from(seen(k))) - expected[row][k]);
        match of_deal.iter_mut().find(|(at, _)| *at == cell[row]) {
            Some((_, sum)) => sum.iter_mut().zip(beyond).for_each(|(sum, beyond)| *sum += beyond),
            None => of_deal.push((cell[row], beyond)),
        }
        for (k, cells) in cells.iter_mut().enumerate() {
            cells[cell[row]].expected += repeats[row] * expected[row][k];
        }
        if snapshots.deal.get(row + 1) != Some(&snapshots.deal[row]) {
            for (at, sums) in of_deal.drain(..) {
                for (cells, sum) in cells.iter_mut().zip(sums) {
                    cells[at].beyond += repeats[row] * sum;
                    cells[at].squares += repeats[row] * sum * sum;
                }
            }
        }
    }
    let all = cells.each_ref().map(|cells| between(cells));
    let own = |stratum: usize, k: usize| between(&cells[k][stratum * of_stratum..][..of_stratum]);
    Ok((0..strata).map(|stratum| [0, 1].map(|k| own(stratum, k).max(all[k]))).collect())
}

/// Rows by value in `most` groups of about equal weight; equal values stay together.
fn groups(rows: &[usize], values: &[f64], weights: &[f64], most: usize) -> Vec<Vec<usize>> {
    let order = sorted_rows(rows.len(), &mut |a, b| values[rows[a]].total_cmp(&values[rows[b]]));
    let total: f64 = rows.iter().map(|row| weights[*row]).sum();
    let (mut found, mut below) = (vec![Vec::new(); most], 0.0);
    for same in order.chunk_by(|a, b| values[rows[*a]] == values[rows[*b]]) {
        let weight: f64 = same.iter().map(|at| weights[rows[*at]]).sum();
        let group = (most as f64 * (below + 0.5 * weight) / total) as usize;
        found[group.min(most - 1)].extend(same.iter().map(|at| rows[*at]));
        below += weight;
    }
    found
}

/// Variance between cells of the logarithm of events seen to those expected, beyond that within cells, by moments (DerSimonian & Laird 1986). That within is in
/// proportion to the events expected: of few, squares say too little.
fn between(cells: &[Cell]) -> f64 {
    let cells = || cells.iter().filter(|cell| cell.expected > 0.0);
    let total: f64 = cells().map(|cell| cell.expected).sum();
    let within = cells().map(|cell| cell.squares).sum::<f64>() / total;
    let square: f64 = cells().map(|cell| cell.beyond * cell.beyond / cell.expected).sum();
    let found = (square - within * cells().count() as f64) / total;
    if found > 0.0 { found } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(beyond: f64) -> Vec<Cell> {
        let cell = |at| Cell { expected: 100.0, beyond: if at % 2 == 0 { beyond } else { -beyond }, squares: 150.0 };
        (0..12).map(cell).collect()
    }

    #[test]
    fn what_lies_between_cells_beyond_chance_is_found_and_chance_is_not() {
        // By chance 150 events² in each cell; 40 beyond 100 are a shift of 0.4.
        assert!((between(&cells(40.0)) - (0.16 - 0.015)).abs() < 1e-12);
        assert_eq!(between(&cells(12.0)), 0.0);
        assert_eq!(between(&[]), 0.0);
    }

    #[test]
    fn groups_have_about_equal_weight_and_equal_values_stay_together() {
        let values = [5.0, 1.0, 1.0, 1.0, 4.0, 3.0, 2.0];
        let rows: Vec<usize> = (0..7).collect();
        assert_eq!(groups(&rows, &values, &[1.0; 7], 3), [vec![1, 2, 3], vec![6, 5], vec![4, 0]]);
        // One row that stands for three.
        let weights = [1.0, 3.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        assert_eq!(groups(&[0, 1, 4, 5, 6], &values, &weights, 3), [vec![1], vec![6, 5], vec![4, 0]]);
    }
}
