//! The state of a pass over points: what the centres are computed from.

use crate::stats::exact_sum::ExactSum;

/// Weighted coordinate sums and weights by cluster. What was added, taken away or merged, and in which order, makes no difference.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::segments) struct ClusterSums {
    dims: usize,
    /// Row-major, clusters × dimensions.
    sums: Vec<ExactSum>,
    weights: Vec<ExactSum>,
    /// Points of positive weight.
    counts: Vec<usize>,
}

impl ClusterSums {
    pub(in crate::segments) fn new(k: usize, dims: usize) -> Self {
        let none = ExactSum::default();
        ClusterSums { dims, sums: vec![none; k * dims], weights: vec![none; k], counts: vec![0; k] }
    }

    /// Adds a point.
    #[inline]
    pub(in crate::segments) fn add(&mut self, cluster: usize, point: &[f64], weight: f64) {
        if weight > 0.0 {
            self.counts[cluster] += 1;
            self.change(cluster, point, weight);
        }
    }

    /// Takes away a point that was added.
    pub(in crate::segments) fn remove(&mut self, cluster: usize, point: &[f64], weight: f64) {
        if weight > 0.0 {
            self.counts[cluster] -= 1;
            self.change(cluster, point, -weight);
            if self.counts[cluster] == 0 {
                // Fractional weights leave a rest of rounding.
                self.weights[cluster] = ExactSum::default();
                self.sums[cluster * self.dims..(cluster + 1) * self.dims].fill(ExactSum::default());
            }
        }
    }

    #[inline]
    fn change(&mut self, cluster: usize, point: &[f64], weight: f64) {
        self.weights[cluster].add(weight);
        let own = &mut self.sums[cluster * self.dims..(cluster + 1) * self.dims];
        if weight.abs() == 1.0 {
            own.iter_mut().zip(point).for_each(|(sum, &value)| sum.add(weight * value));
        } else {
            own.iter_mut().zip(point).for_each(|(sum, &value)| sum.add_product(weight, value));
        }
    }

    /// Adds what `other`, of the same clusters, has counted.
    #[cfg(test)]
    pub(in crate::segments) fn merge(&mut self, other: &ClusterSums) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, other)| sum.merge(other));
        self.weights.iter_mut().zip(&other.weights).for_each(|(sum, other)| sum.merge(other));
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    /// Whether `cluster` has no point of positive weight.
    pub(in crate::segments) fn is_empty(&self, cluster: usize) -> bool {
        self.counts[cluster] == 0
    }

    /// Points of positive weight in `cluster`.
    pub(in crate::segments) fn count(&self, cluster: usize) -> usize {
        self.counts[cluster]
    }

    /// Weight of each cluster.
    pub(in crate::segments) fn sizes(&self) -> Vec<f64> {
        self.weights.iter().map(ExactSum::value).collect()
    }

    /// Writes the mean of the points of `cluster`; nothing where it has none.
    pub(in crate::segments) fn mean(&self, cluster: usize, mean: &mut [f64]) {
        let size = self.weights[cluster].value();
        if !self.is_empty(cluster) && size > 0.0 {
            let own = &self.sums[cluster * self.dims..(cluster + 1) * self.dims];
            mean.iter_mut().zip(own).for_each(|(mean, sum)| *mean = sum.value() / size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{below, normal, seeded};

    #[test]
    fn blocks_of_any_size_merge_to_the_same_bytes() {
        let mut random = seeded(2, 0);
        let rows: Vec<([f64; 3], usize, f64)> = (0..1000)
            .map(|_| ([0; 3].map(|_| normal(&mut random)), below(&mut random, 4) as usize, normal(&mut random).abs()))
            .collect();
        let of = |rows: &[([f64; 3], usize, f64)]| {
            let mut sums = ClusterSums::new(4, 3);
            rows.iter().for_each(|(point, cluster, weight)| sums.add(*cluster, point, *weight));
            sums
        };
        let means = |sums: &ClusterSums| {
            let mut means = vec![0.0; 12];
            means.chunks_exact_mut(3).enumerate().for_each(|(cluster, mean)| sums.mean(cluster, mean));
            (means, sums.sizes())
        };
        let whole = of(&rows);
        for size in [1, 7, 64, 999] {
            let mut merged = ClusterSums::new(4, 3);
            rows.chunks(size).for_each(|block| merged.merge(&of(block)));
            assert_eq!(means(&whole), means(&merged), "blocks of {size}");
        }
        let mut without = whole.clone();
        rows[300..].iter().for_each(|(point, cluster, weight)| without.remove(*cluster, point, *weight));
        assert_eq!(means(&without), means(&of(&rows[..300])));
    }
}
