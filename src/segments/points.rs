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
    /// Points of `dims` dimensions (at least 1) from `rows`, row-major and finite; with one weight per point, or 1 for each.
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
    pub fn row(&self, row: usize) -> Vec<f64> {
        (0..self.dims).map(|j| self.values[(row / GROUP * self.dims + j) * GROUP + row % GROUP]).collect()
    }

    /// Weight of point `row`.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The points `rows`, which must exist, in that order.
    pub fn select(&self, rows: &[u32]) -> Points {
        let values: Vec<f64> = rows.iter().flat_map(|&row| self.row(row as usize)).collect();
        let weights: Vec<f64> = rows.iter().map(|&row| self.weight(row as usize)).collect();
        Points::new(self.dims, &values, Some(&weights))
    }

    /// Number of different points of positive weight, counted up to `limit`.
    pub fn distinct(&self, limit: usize) -> usize {
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
    pub fn weighted_sum(&self, values: &[f64]) -> f64 {
        match &self.weights {
            None => values.iter().sum(),
            Some(weights) => values.iter().zip(weights).map(|(value, weight)| value * weight).sum(),
        }
    }

    /// Weighted coordinate sums (row-major, clusters × dimensions) and weights of the points by label, in order of the points.
    pub fn sum_by_label(&self, labels: &[u32], sums: &mut [f64], sizes: &mut [f64]) {
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
    pub fn lower_to(&self, centre: &[f64], nearest: &mut [f64]) {
        match self.dims {
            1 => self.lower_in(1, centre, nearest),
            2 => self.lower_in(2, centre, nearest),
            3 => self.lower_in(3, centre, nearest),
            4 => self.lower_in(4, centre, nearest),
            dims => self.lower_in(dims, centre, nearest),
        }
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
    pub fn nearest(&self, centroids: &[f64], labels: &mut [u32], distances: &mut [f64]) {
        // A literal number of dimensions lets the compiler unroll and vectorise: 2 to 4 times as fast as the general loop.
        match self.dims {
            1 => self.nearest_in(1, centroids, labels, distances),
            2 => self.nearest_in(2, centroids, labels, distances),
            3 => self.nearest_in(3, centroids, labels, distances),
            4 => self.nearest_in(4, centroids, labels, distances),
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
