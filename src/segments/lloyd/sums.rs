//! The state of a pass over points: what the centres are computed from.

use crate::stats::exact_sum::{ExactSum, product_rest};

/// Weighted coordinate sums and weights by cluster. What was added, taken away or merged, and in which order, makes no difference.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::segments) struct ClusterSums {
    dims: usize,
    /// As in [`ExactSum`], two dimensions at a time: row-major, clusters × dimensions rounded up to an even number.
    high: Vec<Pair>,
    low: Vec<Pair>,
    weights: Vec<ExactSum>,
    /// Points of positive weight.
    counts: Vec<usize>,
}

type Pair = [f64; 2];

/// [`ExactSum::add`] for two sums at once.
#[inline(always)]
fn add_two(high: &mut Pair, low: &mut Pair, term: Pair) {
    let sum = [high[0] + term[0], high[1] + term[1]];
    let added = [sum[0] - high[0], sum[1] - high[1]];
    let kept = [high[0] - (sum[0] - added[0]), high[1] - (sum[1] - added[1])];
    let lost = [kept[0] + (term[0] - added[0]), kept[1] + (term[1] - added[1])];
    *low = [low[0] + lost[0], low[1] + lost[1]];
    *high = sum;
}

impl ClusterSums {
    pub(in crate::segments) fn new(k: usize, dims: usize) -> Self {
        let none = vec![[0.0; 2]; k * dims.div_ceil(2)];
        ClusterSums { dims, high: none.clone(), low: none, weights: vec![ExactSum::default(); k], counts: vec![0; k] }
    }

    /// Adds a point.
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
                let pairs = self.dims.div_ceil(2);
                self.weights[cluster] = ExactSum::default();
                self.high[cluster * pairs..(cluster + 1) * pairs].fill([0.0; 2]);
                self.low[cluster * pairs..(cluster + 1) * pairs].fill([0.0; 2]);
            }
        }
    }

    fn change(&mut self, cluster: usize, point: &[f64], weight: f64) {
        self.weights[cluster].add(weight);
        let pairs = self.dims.div_ceil(2);
        let high = &mut self.high[cluster * pairs..(cluster + 1) * pairs];
        let low = &mut self.low[cluster * pairs..(cluster + 1) * pairs];
        let (columns, odd) = point.as_chunks::<2>();
        let terms = || columns.iter().copied().chain(odd.iter().map(|&value| [value, 0.0]));
        for ((high, low), [a, b]) in high.iter_mut().zip(low.iter_mut()).zip(terms()) {
            add_two(high, low, [weight * a, weight * b]);
        }
        if weight.abs() != 1.0 {
            for (low, [a, b]) in low.iter_mut().zip(terms()) {
                let rest = [product_rest(weight, a), product_rest(weight, b)];
                *low = [low[0] + rest[0], low[1] + rest[1]];
            }
        }
    }

    /// Adds what `other`, of the same clusters, has counted.
    #[cfg(test)]
    pub(in crate::segments) fn merge(&mut self, other: &ClusterSums) {
        for ((high, low), (more, rest)) in
            self.high.iter_mut().zip(&mut self.low).zip(other.high.iter().zip(&other.low))
        {
            add_two(high, low, *more);
            *low = [low[0] + rest[0], low[1] + rest[1]];
        }
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
            let pairs = self.dims.div_ceil(2);
            let high = self.high[cluster * pairs..(cluster + 1) * pairs].as_flattened();
            let low = self.low[cluster * pairs..(cluster + 1) * pairs].as_flattened();
            mean.iter_mut().zip(high).zip(low).for_each(|((mean, high), low)| *mean = (high + low) / size);
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
