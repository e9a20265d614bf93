//! From raw features to standardised points: the recipe that a result carries.

use super::NO_SEGMENT;
use super::mixture::{Covariance, Mixture};
use super::options::{Monetary, SegmentsOf};
use super::points::Points;
use crate::error::{Error, Result};
use crate::stats::order::reordered;
use serde::{Deserialize, Serialize};

/// How a feature is transformed before it is standardised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// As it is.
    None,
    /// Natural logarithm; for positive values only.
    Log,
    /// ln(1 + x); for values above −1 only.
    #[default]
    Log1p,
}

impl Transform {
    /// The transformed value; NaN where the logarithm does not exist.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Transform::None => value,
            Transform::Log if value > 0.0 => libm::log(value),
            Transform::Log1p if value > -1.0 => libm::log1p(value),
            Transform::Log | Transform::Log1p => f64::NAN,
        }
    }

    /// The value whose transform is `value`.
    pub fn invert(self, value: f64) -> f64 {
        match self {
            Transform::None => value,
            Transform::Log => libm::exp(value),
            Transform::Log1p => libm::expm1(value),
        }
    }
}

/// Level of rows without a text or a number.
pub const MISSING: &str = "(missing)";
/// Level that stands for all the rarer ones.
pub const OTHER: &str = "(other)";

/// A feature and what standardises it: (transformed value − mean) / standard deviation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Feature {
    /// Column, or `recency`, `frequency`, `monetary`.
    pub name: String,
    /// For a column of texts, the one that this feature is about: its value is 1 for those who have it, else 0. `None` for numbers. [`MISSING`] behind a
    /// feature of numbers of the same column: 1 for those whose number is missing.
    pub level: Option<String>,
    /// Transform before standardising.
    pub transform: Transform,
    /// Weighted mean of the transformed values: of a level, its share.
    pub mean: f64,
    /// Population standard deviation (divided by n) of the transformed values; 0 for a constant feature, which all points then
    /// have as 0. √2 for a level: two customers of different levels are then as far apart as one standard deviation of a number. 1 for
    /// missing numbers, so that they too are one standard deviation from the known ones at the median.
    pub standard_deviation: f64,
    /// Weighted median of the values, in original units: where a missing number stands when the recipe is applied.
    pub median: f64,
    /// `days`, `order_days` or `currency`; `None` for chosen columns.
    pub unit: Option<String>,
}

impl Feature {
    /// The transformed value of a standardised one.
    pub fn transformed(&self, standardised: f64) -> f64 {
        standardised * self.standard_deviation + self.mean
    }
}

/// What turns customers into segments, once and for all: kept by the host, it can be applied to other customers ([`super::assign()`]) and a later
/// run can be matched to it ([`super::SegmentsOptions::previous`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// Form of the recipe: 1.
    pub version: u32,
    /// What was segmented.
    pub of: SegmentsOf,
    /// Monetary value of RFM.
    pub monetary: Monetary,
    /// The features, in the order of the coordinates of the centres.
    pub features: Vec<Feature>,
    /// The segments in display order.
    pub segments: Vec<RecipeSegment>,
    /// The components of the segments, where those are of a mixture: a customer is in the segment of the most probable one.
    #[serde(default)]
    pub mixture: Option<RecipeMixture>,
    /// Points of the segments, where those are dense regions: a customer is in the segment of the nearest one, beyond the radius an outlier.
    #[serde(default)]
    pub density: Option<RecipeDensity>,
}

/// A Gaussian component for each segment, in display order and in the standardised scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecipeMixture {
    /// Shape of the components.
    pub covariance: Covariance,
    /// Share of each.
    pub shares: Vec<f64>,
    /// Means, row-major, segments × features.
    pub means: Vec<f64>,
    /// Covariance matrices, row-major, segments × features × features.
    pub covariances: Vec<f64>,
}

/// Customers in the midst of dense regions, at most [`RecipeDensity::MOST_POINTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecipeDensity {
    /// Radius of a neighbourhood, in standard deviations.
    pub radius: f64,
    /// Their standardised features, row-major.
    pub points: Vec<f64>,
    /// Segment of each.
    pub labels: Vec<u32>,
    /// The segment of outliers; `None` where there are none.
    pub outliers: Option<u32>,
}

impl RecipeDensity {
    /// Of more core points only so many are kept, at equal steps.
    pub const MOST_POINTS: usize = 5000;
}

/// A segment of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecipeSegment {
    /// [`super::Segment::key`].
    pub key: String,
    /// [`super::Segment::name`].
    pub name: String,
    /// Standardised centre.
    pub centre: Vec<f64>,
}

impl Recipe {
    /// Nothing if its parts fit together.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for another version, no feature or segment, a centre of another length or a number that is not finite.
    pub fn check(&self) -> Result<()> {
        let fits = |segment: &RecipeSegment| {
            segment.centre.len() == self.features.len() && segment.centre.iter().all(|x| x.abs() < 1e150)
        };
        let finite = |feature: &Feature| {
            [feature.mean, feature.standard_deviation, feature.median].iter().all(|x| x.is_finite())
        };
        let whole = self.version == 1 && !self.features.is_empty() && !self.segments.is_empty();
        let (k, dims) = (self.segments.len(), self.features.len());
        let numbers = |values: &[f64], count: usize| values.len() == count && values.iter().all(|x| x.abs() < 1e150);
        let soft = self.mixture.as_ref().is_none_or(|mixture| {
            numbers(&mixture.shares, k)
                && mixture.shares.iter().all(|&share| share > 0.0)
                && numbers(&mixture.means, k * dims)
                && numbers(&mixture.covariances, k * dims * dims)
        });
        let dense = self.density.as_ref().is_none_or(|density| {
            density.radius > 0.0
                && numbers(&density.points, density.labels.len() * dims)
                && density.labels.iter().chain(&density.outliers).all(|&label| (label as usize) < k)
        });
        if whole && soft && dense && self.segments.iter().all(fits) && self.features.iter().all(finite) {
            return Ok(());
        }
        let rule = "a recipe is what a result of segments carries, unchanged";
        Err(Error::invalid_option("recipe", format!("of version {}", self.version), rule))
    }

    /// The segment of each of `points`, standardised by this recipe; [`NO_SEGMENT`] for one in no dense region where outliers have no segment.
    pub(super) fn segments_of(&self, points: &Points) -> Vec<u32> {
        if let Some(RecipeMixture { covariance, shares, means, covariances }) = &self.mixture {
            return Mixture::of_parts(*covariance, shares, means, covariances).membership(points).labels;
        }
        let Some(density) = &self.density else {
            let centres: Vec<f64> = self.segments.iter().flat_map(|segment| segment.centre.iter().copied()).collect();
            return points.nearest(&centres);
        };
        let outlier = density.outliers.unwrap_or(NO_SEGMENT);
        if density.labels.is_empty() {
            return vec![outlier; points.len()];
        }
        let square = density.radius * density.radius;
        let nearest = points.nearest(&density.points).into_iter().enumerate();
        nearest
            .map(|(row, nearest)| {
                let nearest = nearest as usize;
                let to = &density.points[nearest * points.dims()..];
                let distance: f64 = points.row(row).iter().zip(to).map(|(x, y)| (x - y) * (x - y)).sum();
                if distance <= square { density.labels[nearest] } else { outlier }
            })
            .collect()
    }
}

/// Weighted mean and population standard deviation of finite `values`; exactly 0 for constant ones, NaN for none.
pub fn mean_and_standard_deviation(values: &[f64], weights: &[f64]) -> (f64, f64) {
    let used = || values.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let (low, high) =
        used().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (&value, _)| (low.min(value), high.max(value)));
    // Rounding of the mean would give a constant column a deviation of 1e-17 and its points the values ±1.
    if low == high {
        return (low, 0.0);
    }
    // Squares of numbers beyond 1e154 overflow.
    let largest = low.abs().max(high.abs());
    let scale = if largest > 1e140 { largest } else { 1.0 };
    let total: f64 = used().map(|(_, weight)| weight).sum();
    let mean = used().map(|(value, weight)| weight * (value / scale)).sum::<f64>() / total;
    let squares = used().map(|(value, weight)| weight * (value / scale - mean) * (value / scale - mean)).sum::<f64>();
    (scale * mean, scale * (squares / total).sqrt())
}

/// Weighted population skewness of finite `values`; 0 for constant ones and for none.
pub fn skewness(values: &[f64], weights: &[f64]) -> f64 {
    let (mean, deviation) = mean_and_standard_deviation(values, weights);
    if deviation.is_nan() || deviation <= 0.0 {
        return 0.0;
    }
    let total: f64 = weights.iter().sum();
    let cubes = values.iter().zip(weights).filter(|(_, weight)| **weight > 0.0).map(|(value, weight)| {
        // Each part divided first: numbers near 1e308 overflow.
        let z = value / deviation - mean / deviation;
        weight * z * z * z
    });
    cubes.sum::<f64>() / total
}

/// `columns` of transformed values as standardised rows (row-major), with the mean and standard deviation of each column.
pub fn standardise(columns: &[Vec<f64>], weights: &[f64]) -> (Vec<f64>, Vec<(f64, f64)>) {
    let moments: Vec<(f64, f64)> = columns.iter().map(|column| mean_and_standard_deviation(column, weights)).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    (standardised_rows(&columns, &moments, weights.len()), moments)
}

/// `columns` of `n` transformed values as rows (row-major), standardised by the mean and standard deviation of each; 0 where that is 0.
pub(super) fn standardised_rows(columns: &[&[f64]], moments: &[(f64, f64)], n: usize) -> Vec<f64> {
    let mut rows = vec![0.0; columns.len() * n];
    for (j, (column, &(mean, standard_deviation))) in columns.iter().zip(moments).enumerate() {
        if standard_deviation > 0.0 {
            for (row, &value) in rows.chunks_exact_mut(columns.len()).zip(*column) {
                row[j] = value / standard_deviation - mean / standard_deviation;
                // The plain form is the exact one; it fails only where value − mean overflows.
                let plain = (value - mean) / standard_deviation;
                if plain.is_finite() {
                    row[j] = plain;
                }
            }
        }
    }
    rows
}

/// Median of weighted `values`: that of the list in which each value stands `weight` times. NaN for none.
pub fn weighted_median(mut values: Vec<(f64, f64)>) -> f64 {
    values.retain(|&(_, weight)| weight > 0.0);
    let values = reordered(values, &mut |a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * values.iter().map(|&(_, weight)| weight).sum::<f64>();
    let mut sum = 0.0;
    for (i, &(value, weight)) in values.iter().enumerate() {
        sum += weight;
        if sum > half {
            return value;
        }
        if sum == half {
            return values.get(i + 1).map_or(value, |&(next, _)| 0.5 * value + 0.5 * next);
        }
    }
    values.last().map_or(f64::NAN, |&(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_column_has_no_deviation_and_standardises_to_zeros() {
        let (rows, moments) = standardise(&[vec![0.1; 7], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]], &[1.0; 7]);
        assert_eq!(moments[0], (0.1, 0.0));
        assert_eq!(moments[1], (4.0, 2.0));
        assert!(rows.chunks_exact(2).all(|row| row[0] == 0.0));
        assert_eq!(rows[1], -1.5);
    }

    #[test]
    fn the_largest_numbers_standardise_without_overflow() {
        let (rows, _) = standardise(&[vec![-1.7e308, 1.7e308, 0.0]], &[1.0; 3]);
        assert!(rows.iter().all(|value| value.is_finite()), "{rows:?}");
        assert!((rows[1] - 1.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let weighted = mean_and_standard_deviation(&[1.0, 5.0, 9.0], &[3.0, 1.0, 0.0]);
        let repeated = mean_and_standard_deviation(&[1.0, 1.0, 1.0, 5.0], &[1.0; 4]);
        assert_eq!(weighted, repeated);
        assert_eq!(weighted_median(vec![(5.0, 1.0), (1.0, 3.0), (9.0, 0.0)]), 1.0);
        assert_eq!(weighted_median(vec![(5.0, 2.0), (1.0, 2.0)]), 3.0);
        assert!(weighted_median(vec![(5.0, 0.0)]).is_nan());
    }

    #[test]
    fn transforms_are_inverted_and_refuse_what_has_no_logarithm() {
        for transform in [Transform::None, Transform::Log, Transform::Log1p] {
            assert!((transform.invert(transform.apply(3.7)) - 3.7).abs() < 1e-14);
        }
        assert!(Transform::Log.apply(0.0).is_nan() && Transform::Log1p.apply(-1.0).is_nan());
        assert!(Transform::Log.apply(f64::NAN).is_nan());
        assert_eq!(Transform::Log1p.apply(0.0), 0.0);
    }
}
