//! Mean silhouette (Rousseeuw 1987), Euclidean.

use super::points::Points;
use std::ops::Range;

/// Silhouette of a clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Silhouette {
    /// Weighted mean over all points; 0 where fewer than two clusters have points.
    pub mean: f64,
    /// Weighted mean over the points of each cluster; `None` where it has none.
    pub of_cluster: Vec<Option<f64>>,
}

/// Points whose distances are computed together. The points of a cluster fill whole groups, the last one up with weight 0.
const LANES: usize = 8;

/// Silhouette over all `points`, which have `labels` below `k`; time grows with the square of their number.
///
/// For a point, (b − a) / max(a, b) with a the mean distance to the other points of its cluster and b the smallest mean distance
/// to the points of another one; 0 for a point alone in its cluster. A point of weight 3 stands for three.
pub fn silhouette(points: &Points, labels: &[u32], k: usize) -> Silhouette {
    let sorted = Sorted::new(points, labels, k);
    // Sum of the distances from each point to each cluster.
    let mut sums = vec![vec![0.0; sorted.weights.len()]; k];
    match points.dims() {
        3 => sorted.sum_distances(3, &mut sums),
        dims => sorted.sum_distances(dims, &mut sums),
    }
    let sizes: Vec<f64> = sorted.runs.iter().map(|run| sorted.weights[run.clone()].iter().sum()).collect();
    let mut totals = vec![0.0; k];
    for (own, run) in sorted.runs.iter().enumerate() {
        for i in run.clone() {
            let others = (0..k).filter(|&c| c != own && sizes[c] > 0.0).map(|c| sums[c][i] / sizes[c]);
            let b = others.fold(f64::INFINITY, f64::min);
            if sizes[own] > 1.0 && b.is_finite() {
                let a = sums[own][i] / (sizes[own] - 1.0);
                let largest = a.max(b);
                totals[own] += if largest > 0.0 { sorted.weights[i] * (b - a) / largest } else { 0.0 };
            }
        }
    }
    let total: f64 = sizes.iter().sum();
    Silhouette {
        mean: if total > 0.0 { totals.iter().sum::<f64>() / total } else { 0.0 },
        of_cluster: totals.iter().zip(&sizes).map(|(sum, &size)| (size > 0.0).then_some(sum / size)).collect(),
    }
}

/// Points by cluster.
struct Sorted {
    /// `[group][dimension][LANES]`.
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Positions of each cluster, from one group's start to another's.
    runs: Vec<Range<usize>>,
}

impl Sorted {
    fn new(points: &Points, labels: &[u32], k: usize) -> Self {
        let mut members = vec![Vec::new(); k];
        for (row, &label) in labels.iter().enumerate().take(points.len()) {
            if let Some(members) = members.get_mut(label as usize).filter(|_| points.weight(row) > 0.0) {
                members.push(row);
            }
        }
        let mut sorted = Sorted { values: Vec::new(), weights: Vec::new(), runs: Vec::new() };
        for members in &members {
            let start = sorted.weights.len();
            for group in members.chunks(LANES) {
                let at = sorted.values.len();
                sorted.values.resize(at + LANES * points.dims(), 0.0);
                for (lane, &row) in group.iter().enumerate() {
                    for (j, value) in points.row(row).into_iter().enumerate() {
                        sorted.values[at + j * LANES + lane] = value;
                    }
                    sorted.weights.push(points.weight(row));
                }
                sorted.weights.resize(sorted.weights.len().next_multiple_of(LANES), 0.0);
            }
            sorted.runs.push(start..sorted.weights.len());
        }
        sorted
    }

    /// Adds the distance of every pair of points, computed once, on both sides.
    #[inline(always)]
    fn sum_distances(&self, dims: usize, sums: &mut [Vec<f64>]) {
        let mut point = vec![0.0; dims];
        for own in 0..self.runs.len() {
            for i in self.runs[own].clone() {
                let weight = self.weights[i];
                if weight == 0.0 {
                    continue;
                }
                for (j, value) in point.iter_mut().enumerate() {
                    *value = self.values[(i / LANES * dims + j) * LANES + i % LANES];
                }
                let first = i / LANES * LANES;
                // Within the point's own group each pair is met twice, and added on one side each time.
                let distance = self.distances(dims, &point, first);
                sums[own][i] += dot(&distance, &self.weights[first..]);
                for c in own..self.runs.len() {
                    let from = self.runs[c].start.max(first + LANES);
                    let mut to_cluster = [0.0; LANES];
                    for group in (from..self.runs[c].end).step_by(LANES) {
                        let distance = self.distances(dims, &point, group);
                        let others = &mut sums[own][group..group + LANES];
                        let weights = &self.weights[group..group + LANES];
                        for lane in 0..LANES {
                            others[lane] += weight * distance[lane];
                            to_cluster[lane] += weights[lane] * distance[lane];
                        }
                    }
                    sums[c][i] += to_cluster.iter().sum::<f64>();
                }
            }
        }
    }

    /// Distances of `point` to the group that starts at position `group`.
    #[inline(always)]
    fn distances(&self, dims: usize, point: &[f64], group: usize) -> [f64; LANES] {
        let mut squares = [0.0; LANES];
        let values = &self.values[group * dims..(group + LANES) * dims];
        for (values, at) in values.chunks_exact(LANES).zip(point).take(dims) {
            for lane in 0..LANES {
                squares[lane] += (values[lane] - at) * (values[lane] - at);
            }
        }
        squares.map(f64::sqrt)
    }
}

fn dot(distance: &[f64; LANES], weights: &[f64]) -> f64 {
    distance.iter().zip(weights).map(|(distance, weight)| distance * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{below, normal, seeded};

    fn obvious(values: &[f64], dims: usize, labels: &[u32], k: usize) -> f64 {
        let n = labels.len();
        let row = |i: usize| &values[i * dims..(i + 1) * dims];
        let distance =
            |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let mut total = 0.0;
        for i in 0..n {
            let mean = |c: u32| {
                let members: Vec<usize> = (0..n).filter(|&j| labels[j] == c && j != i).collect();
                members.iter().map(|&j| distance(i, j)).sum::<f64>() / members.len() as f64
            };
            let a = mean(labels[i]);
            let b = (0..k as u32).filter(|&c| c != labels[i]).map(mean).fold(f64::INFINITY, f64::min);
            total += if a.is_nan() { 0.0 } else { (b - a) / a.max(b) };
        }
        total / n as f64
    }

    #[test]
    fn equals_the_definition_on_random_points() {
        for seed in 0..30 {
            let mut random = seeded(seed, 1);
            let (n, dims, k) = (30 + seed as usize, 1 + seed as usize % 5, 2 + seed as usize % 4);
            let values: Vec<f64> = (0..n * dims).map(|_| normal(&mut random)).collect();
            let labels: Vec<u32> =
                (0..n).map(|i| if i < k { i as u32 } else { below(&mut random, k as u32) }).collect();
            let fast = silhouette(&Points::new(dims, &values, None), &labels, k);
            assert!((fast.mean - obvious(&values, dims, &labels, k)).abs() < 1e-12, "seed {seed}");
        }
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let (values, labels) = ([0.0, 1.0, 5.0, 6.5, 9.0], [0, 0, 1, 1, 1]);
        let weighted = silhouette(&Points::new(1, &values, Some(&[3.0, 1.0, 2.0, 0.0, 1.0])), &labels, 2);
        let repeated = [0.0, 0.0, 0.0, 1.0, 5.0, 5.0, 9.0];
        let plain = silhouette(&Points::new(1, &repeated, None), &[0, 0, 0, 0, 1, 1, 1], 2);
        assert!((weighted.mean - plain.mean).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_single_points_and_no_points_give_zero() {
        let points = Points::new(1, &[1.0, 2.0, 3.0], None);
        assert_eq!(silhouette(&points, &[0, 0, 0], 1).mean, 0.0);
        assert_eq!(silhouette(&points, &[0, 1, 2], 3).mean, 0.0);
        assert_eq!(silhouette(&points, &[0, 0, 0], 2).of_cluster, [Some(0.0), None]);
        let none = silhouette(&Points::new(1, &[], None), &[], 2);
        assert_eq!((none.mean, none.of_cluster), (0.0, vec![None, None]));
    }
}
