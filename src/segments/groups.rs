//! Scores from 1 to 5 for recency, frequency and monetary value, and the eleven named groups they make: segments by rule, not by clustering.

use super::input::Input;
use super::recipe::weighted_median;
use crate::bulk::Indices;
use crate::stats::order::sorted_rows;
use serde::Serialize;

/// A named group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RfmGroup {
    /// Stable key: one of [`NAMES`].
    pub name: &'static str,
    /// Customers.
    pub size: f64,
    /// Share of all customers.
    pub share: f64,
    /// Median days since the last order; `None` for a group without customers, as the next two.
    pub recency: Option<f64>,
    /// Median number of order days.
    pub frequency: Option<f64>,
    /// Median monetary value.
    pub monetary: Option<f64>,
    /// Share of the sum of all amounts; `None` where that is not positive.
    pub value_share: Option<f64>,
}

/// Scores and groups of all customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RfmGroups {
    /// All eleven, in the order of [`NAMES`].
    pub groups: Vec<RfmGroup>,
    /// Group of each customer, in ascending id order.
    pub labels: Indices,
    /// Recency score of each: 5 for the fifth with the latest orders.
    pub recency: Indices,
    /// Frequency score: 5 for the fifth with the most order days.
    pub frequency: Indices,
    /// Monetary score.
    pub monetary: Indices,
}

/// The groups, best first.
pub const NAMES: [&str; 11] = [
    "champions",
    "loyal",
    "potential_loyal",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cannot_lose",
    "hibernating",
    "lost",
];

/// Index into [`NAMES`] by recency score (first index, 1 to 5) and by the mean of frequency and monetary score, halves up (second).
///
/// The usual grid of marketing, in which each of the 25 cells has one name.
const GRID: [[u8; 5]; 5] = [[10, 10, 7, 7, 8], [9, 9, 7, 7, 8], [6, 6, 5, 1, 1], [4, 2, 2, 1, 1], [3, 2, 2, 0, 0]];

/// Scores and groups of the customers of `input`, whose features are recency, frequency and monetary value; `None` for others.
pub(super) fn groups(input: &Input) -> Option<RfmGroups> {
    let money = input.money.as_ref()?;
    let [recency, frequency, monetary] = input.features.as_slice() else { return None };
    let weights = &input.weights;
    let r = scores(&recency.values.iter().map(|days| -days).collect::<Vec<f64>>(), weights);
    let (f, m) = (scores(&frequency.values, weights), scores(&monetary.values, weights));
    let label = |row: usize| {
        let both = (f[row] + m[row]).div_ceil(2);
        u32::from(GRID[r[row] as usize - 1][both as usize - 1])
    };
    let labels: Vec<u32> = (0..r.len()).map(label).collect();
    let (total, all_money): (f64, f64) =
        (weights.iter().sum(), money.iter().zip(weights).map(|(money, weight)| money * weight).sum());
    let group = |index: usize| {
        let rows = || labels.iter().enumerate().filter(move |(_, label)| **label == index as u32).map(|(row, _)| row);
        let size: f64 = rows().map(|row| weights[row]).sum();
        let median = |values: &[f64]| {
            let median = weighted_median(rows().map(|row| (values[row], weights[row])).collect());
            (!median.is_nan()).then_some(median)
        };
        RfmGroup {
            name: NAMES[index],
            size,
            share: size / total,
            recency: median(&recency.values),
            frequency: median(&frequency.values),
            monetary: median(&monetary.values),
            value_share: (all_money > 0.0)
                .then(|| rows().map(|row| money[row] * weights[row]).sum::<f64>() / all_money),
        }
    };
    Some(RfmGroups {
        groups: (0..NAMES.len()).map(group).collect(),
        labels: Indices(labels),
        recency: Indices(r),
        frequency: Indices(f),
        monetary: Indices(m),
    })
}

/// Score of each of the weighted `values` from 1 to 5: one more than the whole fifths of all that have a smaller value. Equal values have equal
/// scores, so that fifths are not equally large where many are.
pub fn scores(values: &[f64], weights: &[f64]) -> Vec<u32> {
    let order = sorted_rows(values.len(), &mut |a, b| values[a].total_cmp(&values[b]));
    let total: f64 = weights.iter().sum();
    let mut scores = vec![1; values.len()];
    let mut smaller = 0.0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // A row without weight above all others would have a sixth fifth.
        let score = 1 + ((5.0 * smaller / total) as u32).min(4);
        for &row in run {
            scores[row] = score;
            smaller += weights[row];
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_fifths_and_equal_values_have_equal_scores() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(scores(&values, &[1.0; 10]), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(scores(&[1.0, 1.0, 1.0, 2.0, 3.0], &[1.0; 5]), [1, 1, 1, 4, 5]);
        assert_eq!(scores(&[7.0; 4], &[1.0; 4]), [1; 4]);
        assert_eq!(scores(&[], &[]), [0u32; 0]);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let weighted = scores(&[4.0, 1.0, 9.0, 6.0], &[3.0, 1.0, 2.0, 0.0]);
        let repeated = scores(&[4.0, 4.0, 4.0, 1.0, 9.0, 9.0], &[1.0; 6]);
        assert_eq!([weighted[0], weighted[1], weighted[2]], [repeated[0], repeated[3], repeated[4]]);
    }

    #[test]
    fn every_cell_has_a_name_and_every_name_a_cell() {
        let mut used: Vec<u8> = GRID.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, (0..11).collect::<Vec<u8>>());
    }
}
