//! The few directions in which customers differ most: principal components, rotated so that each has a meaning, and the map they make.

use super::Segment;
use super::points::Points;
use super::recipe::Feature;
use crate::bulk::{Floats, Indices};
use crate::stats::order::sorted_rows;
use crate::stats::pca::{principal_components, varimax};
use serde::Serialize;

/// A feature that a factor is named by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loading {
    /// Index into the features.
    pub feature: u32,
    /// Correlation of the feature with the factor.
    pub loading: f64,
}

/// A principal component before rotation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Component {
    /// Variance of the standardised features along it.
    pub variance: f64,
    /// Share of their whole variance.
    pub share: f64,
}

/// A factor after rotation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// Share of the whole variance of the standardised features.
    pub share: f64,
    /// Correlation of each feature with it; 0 for a constant feature.
    pub loadings: Vec<f64>,
    /// The features that name it: loadings of at least 0.4 in size, or else the largest one; strongest first, at most three.
    pub strongest: Vec<Loading>,
}

/// Customers counted in cells of the map of the first two factors. Only cells with customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bins {
    /// Middle of the cell on the first factor.
    pub x: Floats,
    /// Middle of the cell on the second factor.
    pub y: Floats,
    /// Customers (weighted).
    pub n: Floats,
    /// Segment with the most customers in the cell; of equal ones the first.
    pub label: Indices,
    /// Width of a cell.
    pub width: f64,
    /// Height of a cell.
    pub height: f64,
}

/// Principal components of the standardised features, and their varimax rotation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Factors {
    /// All principal components, by falling variance.
    pub components: Vec<Component>,
    /// The rotated factors: as many as components explain more than an average feature, but two at least where there are two.
    pub factors: Vec<Factor>,
    /// Coordinates of the centres of the segments, row-major, segments × factors; in standard deviations from the average customer.
    pub centres: Floats,
    /// Coordinates of the customers of the map, row-major, points × factors.
    pub points: Floats,
    /// All customers, binned; `None` where the map holds every one.
    pub bins: Option<Bins>,
}

/// Cells along each side of the map.
const CELLS: usize = 80;
const NAMED_BY: f64 = 0.4;

/// The factors of `points`; `shown` are the rows of the map. `None` where all customers are equal.
pub(super) fn factors(
    features: &[Feature],
    points: &Points,
    labels: &[u32],
    segments: &[Segment],
    shown: &[u32],
) -> Option<Factors> {
    let dims = points.dims();
    let weights: Vec<f64> = (0..points.len()).map(|row| points.weight(row)).collect();
    let rows = points.values();
    let found = principal_components(rows, dims, &weights);
    let average = found.total_variance / features.len().max(1) as f64;
    let above = found.variance.iter().filter(|&&variance| variance > average * (1.0 + 1e-9)).count();
    let m = above.max(2).min(found.variance.len());
    if m == 0 {
        return None;
    }
    let mut covered = vec![0.0; dims];
    let mut loadings = vec![0.0; dims * m];
    for (at, (direction, &variance)) in found.directions.chunks_exact(dims).zip(&found.variance).enumerate() {
        for j in 0..dims {
            covered[j] += direction[j] * direction[j] * variance;
            if at < m {
                loadings[j * m + at] = direction[j] * variance.sqrt();
            }
        }
    }
    let rotation = varimax(&mut loadings, m);
    // Columns: from a point, less the mean, to the coordinates.
    let mut weights_of_features = vec![0.0; dims * m];
    for j in 0..dims {
        for to in 0..m {
            weights_of_features[j * m + to] = (0..m)
                .map(|at| found.directions[at * dims + j] / found.variance[at].sqrt() * rotation[at * m + to])
                .sum();
        }
    }
    let coordinates = |point: &[f64]| -> Vec<f64> {
        let one = |to: usize| {
            point
                .iter()
                .zip(&found.mean)
                .enumerate()
                .map(|(j, (x, mean))| (x - mean) * weights_of_features[j * m + to])
                .sum()
        };
        (0..m).map(one).collect()
    };
    let factors = (0..m).map(|at| {
        let of_factor: Vec<f64> = (0..dims).map(|j| loadings[j * m + at]).collect();
        let squares: f64 = of_factor.iter().map(|loading| loading * loading).sum();
        let correlations: Vec<f64> = of_factor
            .iter()
            .zip(&covered)
            .map(|(loading, variance)| if *variance > 0.0 { loading / variance.sqrt() } else { 0.0 })
            .collect();
        Factor { share: squares / found.total_variance, strongest: strongest(&correlations), loadings: correlations }
    });
    let factors = factors.collect();
    let point = |row: u32| rows.get(row as usize * dims..(row as usize + 1) * dims).unwrap_or_default();
    Some(Factors {
        components: found
            .variance
            .iter()
            .map(|&variance| Component { variance, share: variance / found.total_variance })
            .collect(),
        factors,
        centres: Floats(segments.iter().flat_map(|segment| coordinates(&segment.centre_standardised)).collect()),
        points: Floats(shown.iter().flat_map(|&row| coordinates(point(row))).collect()),
        bins: (shown.len() < points.len()).then(|| {
            let all: Vec<[f64; 2]> = rows
                .chunks_exact(dims)
                .map(|point| {
                    let at = coordinates(point);
                    [at[0], at.get(1).copied().unwrap_or(0.0)]
                })
                .collect();
            bins(&all, labels, &weights, segments.len())
        }),
    })
}

fn strongest(loadings: &[f64]) -> Vec<Loading> {
    let order = sorted_rows(loadings.len(), &mut |a, b| loadings[b].abs().total_cmp(&loadings[a].abs()));
    let named =
        order.iter().enumerate().take_while(|(place, feature)| *place == 0 || loadings[**feature].abs() >= NAMED_BY);
    named.take(3).map(|(_, &feature)| Loading { feature: feature as u32, loading: loadings[feature] }).collect()
}

fn bins(points: &[[f64; 2]], labels: &[u32], weights: &[f64], k: usize) -> Bins {
    let side = |axis: usize| {
        let range = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        });
        (range.0, ((range.1 - range.0) / CELLS as f64).max(f64::MIN_POSITIVE))
    };
    let sides = [side(0), side(1)];
    // Weight by cell and segment.
    let mut counts = vec![0.0; CELLS * CELLS * k];
    for ((point, &label), weight) in points.iter().zip(labels).zip(weights) {
        let cell = |axis: usize| (((point[axis] - sides[axis].0) / sides[axis].1) as usize).min(CELLS - 1);
        counts[(cell(1) * CELLS + cell(0)) * k + label as usize] += weight;
    }
    let (mut x, mut y, mut n, mut label) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (cell, of_segments) in counts.chunks_exact(k.max(1)).enumerate() {
        let all: f64 = of_segments.iter().sum();
        if all > 0.0 {
            let most = of_segments.iter().fold(0.0f64, |most, &count| most.max(count));
            let middle = |axis: usize, at: usize| sides[axis].0 + (at as f64 + 0.5) * sides[axis].1;
            x.push(middle(0, cell % CELLS));
            y.push(middle(1, cell / CELLS));
            n.push(all);
            label.push(of_segments.iter().position(|&count| count == most).unwrap_or(0) as u32);
        }
    }
    Bins { x: Floats(x), y: Floats(y), n: Floats(n), label: Indices(label), width: sides[0].1, height: sides[1].1 }
}
