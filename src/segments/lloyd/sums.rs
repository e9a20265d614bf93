//! The state of a pass over points: what the centres are computed from.

use crate::stats::exact_sum::{ExactSum, product_rest};

/// Weighted coordinate sums and weights by cluster. What was added, taken away or merged, and in which order, makes no difference.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::segments) struct ClusterSums {
    dims: usize,
    /// Row-major, clusters × dimensions, two dimensions at a time.
    sums: Vec<TwoSums>,
    /// Points of weight 1, and the weights of the others.
    ones: Vec<f64>,
    weights: Vec<ExactSum>,
    /// Points of positive weight.
    counts: Vec<usize>,
}

type Pair = [f64; 2];

/// Two sums as in [`ExactSum`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct TwoSums {
    high: Pair,
    low: Pair,
}

impl TwoSums {
    /// [`ExactSum::add`] for both.
    #[inline(always)]
    fn add(&mut self, term: Pair) {
        let TwoSums { high, low } = *self;
        let sum = [high[0] + term[0], high[1] + term[1]];
        let added = [sum[0] - high[0], sum[1] - high[1]];
        let kept = [high[0] - (sum[0] - added[0]), high[1] - (sum[1] - added[1])];
        let lost = [kept[0] + (term[0] - added[0]), kept[1] + (term[1] - added[1])];
        *self = TwoSums { high: sum, low: [low[0] + lost[0], low[1] + lost[1]] };
    }
}

impl ClusterSums {
    pub(in crate::segments) fn new(k: usize, dims: usize) -> Self {
        let sums = vec![TwoSums::default(); k * dims.div_ceil(2)];
        ClusterSums { dims, sums, ones: vec![0.0; k], weights: vec![ExactSum::default(); k], counts: vec![0; k] }
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
                self.sums[cluster * pairs..(cluster + 1) * pairs].fill(TwoSums::default());
            }
        }
    }

    fn change(&mut self, cluster: usize, point: &[f64], weight: f64) {
        let pairs = self.dims.div_ceil(2);
        let sums = &mut self.sums[cluster * pairs..(cluster + 1) * pairs];
        let (columns, odd) = point.as_chunks::<2>();
        for (sum, [a, b]) in sums.iter_mut().zip(columns) {
            sum.add([weight * a, weight * b]);
        }
        if let (Some(sum), [value]) = (sums.last_mut(), odd) {
            sum.add([weight * value, 0.0]);
        }
        if weight.abs() == 1.0 {
            self.ones[cluster] += weight;
        } else {
            self.weights[cluster].add(weight);
            for (sum, pair) in sums.iter_mut().zip(point.chunks(2)) {
                let rest =
                    [product_rest(weight, pair[0]), pair.get(1).map_or(0.0, |value| product_rest(weight, *value))];
                sum.low = [sum.low[0] + rest[0], sum.low[1] + rest[1]];
            }
        }
    }

    /// Adds what `other`, of the same clusters, has counted.
    pub(in crate::segments) fn merge(&mut self, other: &ClusterSums) {
        for (sum, other) in self.sums.iter_mut().zip(&other.sums) {
            sum.add(other.high);
            sum.low = [sum.low[0] + other.low[0], sum.low[1] + other.low[1]];
        }
        self.ones.iter_mut().zip(&other.ones).for_each(|(sum, other)| *sum += other);
        self.weights.iter_mut().zip(&other.weights).for_each(|(sum, other)| sum.merge(other));
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count = count.saturating_add(*other));
    }

    pub(in crate::segments) fn dims(&self) -> usize {
        self.dims
    }

    /// All that [`ClusterSums::from_numbers`] needs.
    pub(in crate::segments) fn to_numbers(&self) -> Vec<f64> {
        let pairs = self.sums.iter().flat_map(|sum| [sum.high, sum.low]).flatten();
        let weights = self.weights.iter().flat_map(|weight| weight.halves());
        let counts = self.counts.iter().map(|count| *count as f64);
        pairs.chain(weights).chain(self.ones.iter().copied()).chain(counts).collect()
    }

    /// How many these are.
    pub(in crate::segments) fn numbers(k: usize, dims: usize) -> usize {
        4 * k * (dims.div_ceil(2) + 1)
    }

    /// The sums of `k` clusters that [`ClusterSums::to_numbers`] has written; `None` for another number of numbers.
    pub(in crate::segments) fn from_numbers(k: usize, dims: usize, numbers: &[f64]) -> Option<Self> {
        if numbers.len() != Self::numbers(k, dims) {
            return None;
        }
        let (sums, rest) = numbers.split_at(numbers.len() - 4 * k);
        let (weights, rest) = rest.split_at(2 * k);
        let (ones, counts) = rest.split_at(k);
        Some(ClusterSums {
            dims,
            sums: sums.as_chunks().0.iter().map(|&[a, b, c, d]| TwoSums { high: [a, b], low: [c, d] }).collect(),
            ones: ones.to_vec(),
            weights: weights.as_chunks().0.iter().map(|halves| ExactSum::from_halves(*halves)).collect(),
            counts: counts.iter().map(|count| *count as usize).collect(),
        })
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
        (0..self.weights.len()).map(|cluster| self.size(cluster)).collect()
    }

    fn size(&self, cluster: usize) -> f64 {
        let mut size = self.weights[cluster];
        size.add(self.ones[cluster]);
        size.value()
    }

    /// Writes the mean of the points of `cluster`; nothing where it has none.
    pub(in crate::segments) fn mean(&self, cluster: usize, mean: &mut [f64]) {
        let size = self.size(cluster);
        if !self.is_empty(cluster) && size > 0.0 {
            let pairs = self.dims.div_ceil(2);
            let sums = &self.sums[cluster * pairs..(cluster + 1) * pairs];
            for (mean, TwoSums { high, low }) in mean.chunks_mut(2).zip(sums) {
                mean.iter_mut().zip(high).zip(low).for_each(|((mean, high), low)| *mean = (high + low) / size);
            }
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
