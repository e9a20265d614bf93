//! Mean silhouette (Rousseeuw 1987), Euclidean.

use super::points::Points;

/// Silhouette of a clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Silhouette {
    /// Weighted mean over all points; 0 where fewer than two clusters have points.
    pub mean: f64,
    /// Weighted mean over the points of each cluster; `None` where it has none.
    pub of_cluster: Vec<Option<f64>>,
}

/// Columns of distances that are computed together.
const LANES: usize = 8;

/// Silhouette over all `points`, which have `labels` below `k`; time grows with the square of their number.
///
/// For a point, (b − a) / max(a, b) with a the mean distance to the other points of its cluster and b the smallest mean distance
/// to the points of another one; 0 for a point alone in its cluster. A point of weight 3 stands for three.
pub fn silhouette(points: &Points, labels: &[u32], k: usize) -> Silhouette {
    let n = points.len().min(labels.len());
    let mut order: Vec<usize> = (0..n).filter(|&row| points.weight(row) > 0.0 && (labels[row] as usize) < k).collect();
    order.sort_by_key(|&row| labels[row]);
    let m = order.len();
    let label: Vec<usize> = order.iter().map(|&row| labels[row] as usize).collect();
    let weight: Vec<f64> = order.iter().map(|&row| points.weight(row)).collect();
    let mut columns = vec![vec![0.0; m]; points.dims()];
    for (i, &row) in order.iter().enumerate() {
        for (column, value) in columns.iter_mut().zip(points.row(row)) {
            column[i] = value;
        }
    }
    // Clusters are runs of the sorted points.
    let ends: Vec<usize> = (0..k).map(|c| label.partition_point(|&l| l <= c)).collect();
    let sizes: Vec<f64> = (0..k).map(|c| weight[if c == 0 { 0 } else { ends[c - 1] }..ends[c]].iter().sum()).collect();
    // Sum of the distances from each point to each cluster; every pair is computed once and added on both sides.
    let mut sums = vec![vec![0.0; m]; k];
    let mut distance = vec![0.0; m];
    for i in 0..m {
        distances(&columns, i, &mut distance);
        let own = &mut sums[label[i]][i + 1..];
        for (sum, d) in own.iter_mut().zip(&distance[i + 1..]) {
            *sum += weight[i] * d;
        }
        let mut from = i + 1;
        for c in label[i]..k {
            let to = ends[c].max(from);
            sums[c][i] += dot(&weight[from..to], &distance[from..to]);
            from = to;
        }
    }
    let mut totals = vec![0.0; k];
    for i in 0..m {
        let own = label[i];
        let others = (0..k).filter(|&c| c != own && sizes[c] > 0.0).map(|c| sums[c][i] / sizes[c]);
        let b = others.fold(f64::INFINITY, f64::min);
        if sizes[own] > 1.0 && b.is_finite() {
            let a = sums[own][i] / (sizes[own] - 1.0);
            let largest = a.max(b);
            totals[own] += if largest > 0.0 { weight[i] * (b - a) / largest } else { 0.0 };
        }
    }
    let total: f64 = sizes.iter().sum();
    Silhouette {
        mean: if total > 0.0 { totals.iter().sum::<f64>() / total } else { 0.0 },
        of_cluster: totals.iter().zip(&sizes).map(|(sum, &size)| (size > 0.0).then_some(sum / size)).collect(),
    }
}

/// Distances from point `i` to the points after it.
fn distances(columns: &[Vec<f64>], i: usize, distance: &mut [f64]) {
    let squares = &mut distance[i + 1..];
    squares.fill(0.0);
    for column in columns {
        let at = column[i];
        for (square, value) in squares.iter_mut().zip(&column[i + 1..]) {
            *square += (value - at) * (value - at);
        }
    }
    squares.iter_mut().for_each(|square| *square = square.sqrt());
}

/// Sum of products over a fixed number of lanes, so that it vectorises and is the same everywhere.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
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
