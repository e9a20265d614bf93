//! Weighted points in the arrangement that the distance kernels read: groups of four, dimension by dimension.

/// Points per group. Four `f64` are two vectors of SSE2 and of wasm's SIMD, so that a group's best distances and labels stay in
/// registers; eight spill.
const GROUP: usize = 4;

/// Weighted points of equal dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    dims: usize,
    len: usize,
    /// `[group][dimension][GROUP]`; the last group is filled up with zeros.
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Points {
    /// Points of `dims` dimensions (at least 1) from `rows`, row-major, below 1e150 in size; with one weight per point, or 1 for each.
    /// Values that fill no whole row are left out.
    pub fn new(dims: usize, rows: &[f64], weights: Option<&[f64]>) -> Self {
        let dims = dims.max(1);
        let len = rows.len() / dims;
        let mut values = vec![0.0; len.div_ceil(GROUP) * GROUP * dims];
        for (i, row) in rows.chunks_exact(dims).enumerate() {
            for (j, &value) in row.iter().enumerate() {
                values[(i / GROUP * dims + j) * GROUP + i % GROUP] = value;
            }
        }
        let weights = weights.filter(|weights| weights.len() == len && weights.iter().any(|&w| w != 1.0));
        Points { dims, len, values, weights: weights.map(<[f64]>::to_vec) }
    }

    /// The same points with other weights, one per point.
    pub(super) fn with_weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights).filter(|weights| weights.len() == self.len);
        self
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of dimensions.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Coordinates of point `row`, which must exist.
    pub(super) fn row(&self, row: usize) -> Vec<f64> {
        (0..self.dims).map(|j| self.values[(row / GROUP * self.dims + j) * GROUP + row % GROUP]).collect()
    }

    /// Weight of point `row`.
    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The points `rows`, which must exist, in that order.
    pub(super) fn select(&self, rows: &[u32]) -> Points {
        let mut values = Vec::with_capacity(rows.len() * self.dims());
        for &row in rows {
            values.extend(self.row(row as usize));
        }
        let weights: Vec<f64> = rows.iter().map(|&row| self.weight(row as usize)).collect();
        Points::new(self.dims, &values, Some(&weights))
    }

    /// Number of different points of positive weight, counted up to `limit`.
    pub(super) fn distinct(&self, limit: usize) -> usize {
        let mut found: Vec<Vec<f64>> = Vec::new();
        for row in (0..self.len).filter(|&row| self.weight(row) > 0.0) {
            if found.len() >= limit {
                break;
            }
            let point = self.row(row);
            if !found.contains(&point) {
                found.push(point);
            }
        }
        found.len()
    }

    /// Sum of `values` by weight, in order of the points.
    pub(super) fn weighted_sum(&self, values: &[f64]) -> f64 {
        match &self.weights {
            None => values.iter().sum(),
            Some(weights) => values.iter().zip(weights).map(|(value, weight)| value * weight).sum(),
        }
    }

    /// Weighted coordinate sums (row-major, clusters × dimensions) and weights of the points by label, in order of the points.
    pub(super) fn sum_by_label(&self, labels: &[u32], sums: &mut [f64], sizes: &mut [f64]) {
        sums.fill(0.0);
        sizes.fill(0.0);
        for (g, (group, labels)) in self.values.chunks_exact(GROUP * self.dims).zip(labels.chunks(GROUP)).enumerate() {
            for (lane, &label) in labels.iter().enumerate() {
                let weight = self.weight(g * GROUP + lane);
                let label = label as usize;
                sizes[label] += weight;
                let own = &mut sums[label * self.dims..(label + 1) * self.dims];
                for (sum, values) in own.iter_mut().zip(group.chunks_exact(GROUP)) {
                    *sum += weight * values[lane];
                }
            }
        }
    }

    /// Lowers each of `nearest` to the squared distance to `centre` where that is smaller.
    pub(super) fn lower_to(&self, centre: &[f64], nearest: &mut [f64]) {
        self.lower_in(self.dims, centre, nearest);
    }

    #[inline(always)]
    fn lower_in(&self, dims: usize, centre: &[f64], nearest: &mut [f64]) {
        for (group, nearest) in self.values.chunks_exact(GROUP * dims).zip(nearest.chunks_mut(GROUP)) {
            let distance = squared_distances(dims, group, centre);
            for (nearest, distance) in nearest.iter_mut().zip(distance) {
                *nearest = nearest.min(distance);
            }
        }
    }

    /// For each point the number of the nearest of `centroids` (row-major), the lowest of equally near ones, and its squared distance.
    pub(super) fn nearest(&self, centroids: &[f64], labels: &mut [u32], distances: &mut [f64]) {
        // A literal number of dimensions lets the compiler unroll and vectorise: 2 to 4 times as fast as the general loop.
        // Recency, frequency and monetary value are three: with their number known the loop over them unrolls.
        match self.dims {
            3 => self.nearest_in(3, centroids, labels, distances),
            5 => self.nearest_in(5, centroids, labels, distances),
            6 => self.nearest_in(6, centroids, labels, distances),
            7 => self.nearest_in(7, centroids, labels, distances),
            8 => self.nearest_in(8, centroids, labels, distances),
            dims => self.nearest_in(dims, centroids, labels, distances),
        }
    }

    #[inline(always)]
    fn nearest_in(&self, dims: usize, centroids: &[f64], labels: &mut [u32], distances: &mut [f64]) {
        let groups = self.values.chunks_exact(GROUP * dims);
        for ((group, labels), distances) in groups.zip(labels.chunks_mut(GROUP)).zip(distances.chunks_mut(GROUP)) {
            let mut best = [f64::INFINITY; GROUP];
            // Labels as f64 while comparing: equal widths, so that the selection stays in vectors.
            let mut label = [0.0; GROUP];
            let mut number = 0.0;
            for centre in centroids.chunks_exact(dims) {
                let distance = squared_distances(dims, group, centre);
                for lane in 0..GROUP {
                    let nearer = distance[lane] < best[lane];
                    best[lane] = if nearer { distance[lane] } else { best[lane] };
                    label[lane] = if nearer { number } else { label[lane] };
                }
                number += 1.0;
            }
            labels.iter_mut().zip(label).for_each(|(to, from)| *to = from as u32);
            distances.iter_mut().zip(best).for_each(|(to, from)| *to = from);
        }
    }

    /// As [`Points::nearest`], with the squared distance to the second nearest; infinite where there is one centre.
    pub(super) fn nearest_two(
        &self,
        centroids: &[f64],
        labels: &mut [u32],
        distances: &mut [f64],
        seconds: &mut [f64],
    ) {
        self.nearest_two_in(self.dims, centroids, labels, distances, seconds);
    }

    #[inline(always)]
    fn nearest_two_in(
        &self,
        dims: usize,
        centroids: &[f64],
        labels: &mut [u32],
        distances: &mut [f64],
        seconds: &mut [f64],
    ) {
        let groups = self.values.chunks_exact(GROUP * dims);
        let outputs = labels.chunks_mut(GROUP).zip(distances.chunks_mut(GROUP)).zip(seconds.chunks_mut(GROUP));
        for (group, ((labels, distances), seconds)) in groups.zip(outputs) {
            let (mut best, mut second, mut label) = ([f64::INFINITY; GROUP], [f64::INFINITY; GROUP], [0.0; GROUP]);
            let mut number = 0.0;
            for centre in centroids.chunks_exact(dims) {
                let distance = squared_distances(dims, group, centre);
                for lane in 0..GROUP {
                    let nearer = distance[lane] < best[lane];
                    let farther = if nearer { best[lane] } else { distance[lane] };
                    second[lane] = if farther < second[lane] { farther } else { second[lane] };
                    best[lane] = if nearer { distance[lane] } else { best[lane] };
                    label[lane] = if nearer { number } else { label[lane] };
                }
                number += 1.0;
            }
            labels.iter_mut().zip(label).for_each(|(to, from)| *to = from as u32);
            distances.iter_mut().zip(best).for_each(|(to, from)| *to = from);
            seconds.iter_mut().zip(second).for_each(|(to, from)| *to = from);
        }
    }

    /// Lowers each of `gaps` by the `shrinkage` of the point's label, and gives the points whose gap is used up their nearest of
    /// `centroids` and a new gap; `sums` and `sizes` by label follow the points that move.
    pub(super) fn reassign(
        &self,
        centroids: &[f64],
        shrinkage: &[f64],
        labels: &mut [u32],
        gaps: &mut [f64],
        sums: &mut [f64],
        sizes: &mut [f64],
    ) -> Reassigned {
        let mut done = Reassigned { looked_at: 0, moved: 0 };
        let mut point = vec![0.0; self.dims];
        for (row, (label, left)) in labels.iter_mut().zip(gaps).enumerate() {
            *left -= shrinkage[*label as usize];
            if *left > 0.0 {
                continue;
            }
            done.looked_at += 1;
            let group = &self.values[row / GROUP * GROUP * self.dims..];
            for (value, lanes) in point.iter_mut().zip(group.chunks_exact(GROUP)) {
                *value = lanes[row % GROUP];
            }
            let (mut best, mut second, mut nearest) = (f64::INFINITY, f64::INFINITY, 0);
            for (number, centre) in centroids.chunks_exact(self.dims).enumerate() {
                let distance = point.iter().zip(centre).fold(0.0, |sum, (x, c)| sum + (x - c) * (x - c));
                if distance < best {
                    (second, best, nearest) = (best, distance, number);
                } else if distance < second {
                    second = distance;
                }
            }
            *left = gap(best, second);
            let old = *label as usize;
            if nearest != old {
                done.moved += 1;
                let weight = self.weight(row);
                for (cluster, signed) in [(old, -weight), (nearest, weight)] {
                    sizes[cluster] += signed;
                    let own = &mut sums[cluster * self.dims..(cluster + 1) * self.dims];
                    own.iter_mut().zip(&point).for_each(|(sum, value)| *sum += signed * value);
                }
                *label = nearest as u32;
            }
        }
        done
    }
}

/// What [`Points::reassign`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reassigned {
    /// Points that were compared with all centres.
    pub(super) looked_at: usize,
    /// Points that changed their label.
    pub(super) moved: usize,
}

/// How much nearer the nearest centre is than the second nearest, from squared distances; lowered by more than rounding can have
/// added to it, here and in thousands of subtractions from it.
pub(super) fn gap(best: f64, second: f64) -> f64 {
    second.sqrt() * (1.0 - 1e-10) - best.sqrt()
}

/// Squared distances of the points of `group` to `centre`, summed in order of the dimensions.
#[inline(always)]
fn squared_distances(dims: usize, group: &[f64], centre: &[f64]) -> [f64; GROUP] {
    let mut sum = [0.0; GROUP];
    for (values, &c) in group.chunks_exact(GROUP).zip(centre).take(dims) {
        for lane in 0..GROUP {
            let difference = values[lane] - c;
            sum[lane] += difference * difference;
        }
    }
    sum
}
