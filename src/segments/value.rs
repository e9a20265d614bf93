//! Where the value lies: bands of customers from the most valuable down, and which segments are worth an investment.

use crate::meta::Estimate;
use crate::stats::intervals::Confidence;
use crate::stats::order::sorted_rows;
use serde::{Deserialize, Serialize};

/// A band of customers between two percentiles of value, counted from the top.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Band {
    /// Percentile at which it begins: 0 is the most valuable customer.
    pub from: f64,
    /// Percentile at which it ends.
    pub to: f64,
    /// Customers (weighted).
    pub size: f64,
    /// Smallest value in it.
    pub lowest: f64,
    /// Sum of the values in it.
    pub value: f64,
    /// Share of the sum of all; `None` where that is not positive, or any value is negative.
    pub share: Option<f64>,
}

/// What a segment is worth spending on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The interval of its expected value lies above the upper limit.
    High,
    /// Neither.
    Medium,
    /// The interval of its expected value lies below the lower limit.
    NoInvestment,
}

/// Limits of the tiers, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TierLimits {
    /// Above it is high.
    pub high: f64,
    /// Below it is no investment.
    pub low: f64,
}

const PERCENTILES: [f64; 7] = [0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// Rows with a value and a weight, the most valuable first; equal values stand in row order.
fn ranked(values: &[f64], weights: &[f64]) -> Vec<usize> {
    let counts = |row: &usize| values[*row].is_finite() && weights[*row] > 0.0;
    let known: Vec<usize> = (0..values.len().min(weights.len())).filter(counts).collect();
    let order = sorted_rows(known.len(), &mut |a, b| values[known[b]].total_cmp(&values[known[a]]));
    order.into_iter().map(|at| known[at]).collect()
}

/// Those of the `ranked` rows that lie in a band, each with how much of its weight does.
fn inside<'a>(
    ranked: &'a [usize],
    weights: &'a [f64],
    (from, to): (f64, f64),
) -> impl Iterator<Item = (usize, f64)> + 'a {
    let n: f64 = ranked.iter().map(|row| weights[*row]).sum();
    // Customers above a percentile.
    let above = move |percentile: f64| libm::round(percentile / 100.0 * n).min(n);
    let (start, end) = (above(from), above(to).max(if to == 100.0 { n } else { 0.0 }));
    let mut before = 0.0;
    ranked.iter().filter_map(move |&row| {
        let inside = (before + weights[row]).min(end) - f64::max(before, start);
        before += weights[row];
        (inside > 0.0).then_some((row, inside))
    })
}

/// Bands of the weighted `values`, rows without a value (NaN) aside: the top 1 %, 5 %, … 100 %. Bands to which no whole customer belongs
/// are left out; customer number i of n from the top belongs to the band in which (i − ½) / n lies. Equal values stand in row order.
pub(super) fn bands(values: &[f64], weights: &[f64]) -> Vec<Band> {
    let order = ranked(values, weights);
    let in_row_order = values.iter().zip(weights).filter(|(value, weight)| value.is_finite() && **weight > 0.0);
    let all: f64 = in_row_order.map(|(value, weight)| value * weight).sum();
    let have_shares = all > 0.0 && order.iter().all(|&row| values[row] >= 0.0);
    let mut bands = Vec::new();
    for pair in PERCENTILES.windows(2) {
        let mut band = Band { from: pair[0], to: pair[1], size: 0.0, lowest: f64::INFINITY, value: 0.0, share: None };
        for (row, inside) in inside(&order, weights, (pair[0], pair[1])) {
            band.size += inside;
            band.value += inside * values[row];
            band.lowest = values[row];
        }
        if band.size > 0.0 {
            band.share = have_shares.then(|| band.value / all);
            bands.push(band);
        }
    }
    bands
}

/// The rows that any part of the weight of lies in `band`, the most valuable first.
pub(super) fn rows_in(band: &Band, values: &[f64], weights: &[f64]) -> Vec<u32> {
    inside(&ranked(values, weights), weights, (band.from, band.to)).map(|(row, _)| row as u32).collect()
}

/// Mean of the weighted `values` with its 95 % normal interval, rows without a value (NaN) aside; the interval of a single customer is
/// that of all values. `None` without any.
pub(super) fn mean(values: impl Iterator<Item = (f64, f64)> + Clone, all: (f64, f64)) -> Option<Estimate> {
    let known = || values.clone().filter(|(value, weight)| value.is_finite() && *weight > 0.0);
    let n: f64 = known().map(|(_, weight)| weight).sum();
    if n <= 0.0 {
        return None;
    }
    let value = known().map(|(value, weight)| value * (weight / n)).sum::<f64>();
    let squares: f64 = known().map(|(x, weight)| weight * (x - value) * (x - value)).sum();
    if n <= 1.0 {
        return Some(Estimate { value, low: all.0.min(value), high: all.1.max(value), n });
    }
    let multiplier = Confidence::new(0.95).map_or(1.96, Confidence::multiplier);
    let half = multiplier * (squares / (n - 1.0) / n).sqrt();
    Some(Estimate { value, low: value - half, high: value + half, n })
}

/// Limits where none are asked for: the mean and the median of all values, the larger one above. `None` without values.
pub(super) fn usual_limits(values: &[f64], weights: &[f64]) -> Option<TierLimits> {
    let pairs = || values.iter().copied().zip(weights.iter().copied()).filter(|(value, _)| value.is_finite());
    let mean = mean(pairs(), (0.0, 0.0))?.value;
    let median = super::recipe::weighted_median(pairs().collect());
    Some(TierLimits { high: mean.max(median), low: mean.min(median) })
}

/// The tier of an expected value.
pub(super) fn tier(expected: &Estimate, limits: TierLimits) -> Tier {
    match () {
        () if expected.low > limits.high => Tier::High,
        () if expected.high < limits.low => Tier::NoInvestment,
        () => Tier::Medium,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_every_customer_once_from_the_top() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        let found = bands(&values, &[1.0; 200]);
        let sizes: Vec<f64> = found.iter().map(|band| band.size).collect();
        assert_eq!(sizes, [2.0, 8.0, 10.0, 20.0, 60.0, 100.0]);
        assert_eq!((found[0].lowest, found[0].value, found[5].lowest), (199.0, 399.0, 1.0));
        assert!((found.iter().filter_map(|band| band.share).sum::<f64>() - 1.0).abs() < 1e-12);
        let three = bands(&[5.0, f64::NAN, 1.0, 3.0], &[1.0; 4]);
        assert_eq!(
            three.iter().map(|band| (band.to, band.size)).collect::<Vec<_>>(),
            [(20.0, 1.0), (50.0, 1.0), (100.0, 1.0)]
        );
        assert!(bands(&[], &[]).is_empty());
    }

    #[test]
    fn the_rows_of_the_bands_are_their_customers_each_once() {
        let values = [5.0, f64::NAN, 1.0, 3.0, 3.0, 9.0, 2.0];
        let found = bands(&values, &[1.0; 7]);
        let rows: Vec<Vec<u32>> = found.iter().map(|band| rows_in(band, &values, &[1.0; 7])).collect();
        for (band, rows) in found.iter().zip(&rows) {
            assert_eq!((rows.len() as f64, values[*rows.last().unwrap() as usize]), (band.size, band.lowest));
        }
        assert_eq!(rows.concat(), [5, 0, 3, 4, 6, 2]);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        assert_eq!(
            bands(&[9.0, 4.0, 1.0], &[3.0, 17.0, 80.0]),
            bands(&[vec![9.0; 3], vec![4.0; 17], vec![1.0; 80]].concat(), &[1.0; 100])
        );
        let of = |values: &[f64], weights: &[f64]| {
            mean(values.iter().copied().zip(weights.iter().copied()), (0.0, 9.0)).unwrap()
        };
        let (a, b) = (of(&[2.0, 8.0], &[3.0, 1.0]), of(&[2.0, 2.0, 2.0, 8.0], &[1.0; 4]));
        assert_eq!((a.value, a.n), (b.value, b.n));
        assert!((a.low - b.low).abs() < 1e-12);
    }

    #[test]
    fn a_tier_needs_its_whole_interval_beyond_the_limit() {
        let limits = TierLimits { high: 10.0, low: 5.0 };
        let of = |low: f64, high: f64| tier(&Estimate { value: 0.5 * (low + high), low, high, n: 9.0 }, limits);
        assert_eq!(
            [of(11.0, 12.0), of(9.0, 30.0), of(1.0, 4.9), of(1.0, 5.1)],
            [Tier::High, Tier::Medium, Tier::NoInvestment, Tier::Medium]
        );
        assert_eq!(usual_limits(&[1.0, 2.0, 9.0, f64::NAN], &[1.0; 4]), Some(TierLimits { high: 4.0, low: 2.0 }));
        assert_eq!(usual_limits(&[f64::NAN], &[1.0]), None);
    }
}
