//! Weighted points in the arrangement that the distance kernels read: groups of four, dimension by dimension.

use super::lloyd::{self, ClusterSums, Tiles};
use crate::stats::exact_sum::ExactSum;
use std::cell::OnceCell;

/// Points per group. Four `f64` are two vectors of SSE2 and of wasm's SIMD, so that a group's best distances and labels stay in
/// registers; eight spill.
pub(super) const GROUP: usize = 4;

/// Weighted points of equal dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    dims: usize,
    len: usize,
    /// `[group][dimension]`; the last group is filled up with zeros.
    values: Vec<[f64; GROUP]>,
    weights: Option<Vec<f64>>,
    tiles: OnceCell<Tiles>,
}

impl Points {
    /// Points of `dims` dimensions (at least 1) from `rows`, row-major, below 1e150 in size; with one weight per point, or 1 for each.
    /// Values that fill no whole row are left out.
    pub fn new(dims: usize, rows: &[f64], weights: Option<&[f64]>) -> Self {
        let dims = dims.max(1);
        let mut points = Points { dims, len: 0, values: Vec::new(), weights: None, tiles: OnceCell::new() };
        points.extend(rows);
        let weights = weights.filter(|weights| weights.len() == points.len && weights.iter().any(|&w| w != 1.0));
        points.weights = weights.map(<[f64]>::to_vec);
        points
    }

    /// No points yet, with room for `n` of `dims` dimensions (at least 1).
    pub fn with_capacity(dims: usize, n: usize) -> Self {
        let mut points = Points::new(dims, &[], None);
        points.values.reserve_exact(n.div_ceil(GROUP) * points.dims);
        points
    }

    /// Adds points of weight 1, row-major: data that come in pieces need not be held twice. Values that fill no whole row are left out.
    pub fn extend(&mut self, rows: &[f64]) {
        let (dims, added) = (self.dims, rows.len() / self.dims);
        self.tiles = OnceCell::new();
        if let Some(weights) = &mut self.weights {
            weights.resize(weights.len() + added, 1.0);
        }
        // Up to the next whole group one by one, then four rows at a time.
        let single = if self.len.is_multiple_of(GROUP) { 0 } else { (GROUP - self.len % GROUP).min(added) };
        let (first, rest) = rows[..added * dims].split_at(single * dims);
        for (i, row) in (self.len..).zip(first.chunks_exact(dims)) {
            let group = &mut self.values[i / GROUP * dims..];
            group.iter_mut().zip(row).for_each(|(lanes, &value)| lanes[i % GROUP] = value);
        }
        self.values.reserve(rest.len().div_ceil(GROUP));
        let whole = rest.chunks_exact(GROUP * dims);
        let last = whole.remainder();
        for rows in whole {
            let (front, back) = rows.split_at(2 * dims);
            let ((first, second), (third, fourth)) = (front.split_at(dims), back.split_at(dims));
            let columns = first.iter().zip(second).zip(third.iter().zip(fourth));
            self.values.extend(columns.map(|((a, b), (c, d))| [*a, *b, *c, *d]));
        }
        if !last.is_empty() {
            let lane = |j: usize, lane: usize| last.get(lane * dims + j).copied().unwrap_or(0.0);
            self.values.extend((0..dims).map(|j| [lane(j, 0), lane(j, 1), lane(j, 2), 0.0]));
        }
        self.len += added;
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
        self.group(row / GROUP).iter().map(|lanes| lanes[row % GROUP]).collect()
    }

    /// The points 4`number` … 4`number` + 3, by dimension.
    #[inline]
    pub(super) fn group(&self, number: usize) -> &[[f64; GROUP]] {
        &self.values[number * self.dims..(number + 1) * self.dims]
    }

    /// The weights, unless all are 1.
    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Weight of point `row`.
    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// Weight of all points.
    pub(super) fn total_weight(&self) -> f64 {
        match &self.weights {
            None => self.len as f64,
            Some(weights) => {
                let mut sum = ExactSum::default();
                weights.iter().for_each(|&weight| sum.add(weight));
                sum.value()
            }
        }
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

    /// Sum of `values` by weight.
    pub(super) fn weighted_sum(&self, values: &[f64]) -> f64 {
        let mut sum = ExactSum::default();
        match &self.weights {
            None => values.iter().for_each(|&value| sum.add(value)),
            Some(weights) => values.iter().zip(weights).for_each(|(&value, &weight)| sum.add_product(weight, value)),
        }
        sum.value()
    }

    /// Weighted mean; zeros where there is no weight.
    pub(super) fn mean(&self) -> Vec<f64> {
        let (mut sums, mut point) = (ClusterSums::new(1, self.dims), vec![0.0; self.dims]);
        for row in 0..self.len {
            self.copy_row(row, &mut point);
            sums.add(0, &point, self.weight(row));
        }
        point.fill(0.0);
        sums.mean(0, &mut point);
        point
    }

    /// Lowers each of `nearest` to the squared distance to `centre` where that is smaller.
    pub(super) fn lower_to(&self, centre: &[f64], nearest: &mut [f64]) {
        for (group, nearest) in self.values.chunks_exact(self.dims).zip(nearest.chunks_mut(GROUP)) {
            let distance = squared_distances(group, centre);
            for (nearest, distance) in nearest.iter_mut().zip(distance) {
                *nearest = if distance < *nearest { distance } else { *nearest };
            }
        }
    }

    /// Writes the coordinates of point `row`, which must exist.
    pub(super) fn copy_row(&self, row: usize, to: &mut [f64]) {
        to.iter_mut().zip(self.group(row / GROUP)).for_each(|(to, lanes)| *to = lanes[row % GROUP]);
    }

    /// The same points in single precision; made when first asked for.
    pub(super) fn tiles(&self) -> &Tiles {
        self.tiles.get_or_init(|| Tiles::new(self))
    }

    /// For each point the number of the nearest of `centroids` (row-major, at least one), the lowest of equally near ones.
    pub fn nearest(&self, centroids: &[f64]) -> Vec<u32> {
        lloyd::nearest(self, centroids)
    }
}

/// Squared distances of the points of `group` to `centre`, summed in order of the dimensions.
#[inline(always)]
pub(super) fn squared_distances(group: &[[f64; GROUP]], centre: &[f64]) -> [f64; GROUP] {
    let mut sum = [0.0; GROUP];
    for (values, &c) in group.iter().zip(centre) {
        for lane in 0..GROUP {
            let difference = values[lane] - c;
            sum[lane] += difference * difference;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_make_the_same_points() {
        let rows: Vec<f64> = (0..69).map(f64::from).collect();
        let whole = Points::new(3, &rows, None);
        for size in [3, 9, 12, 33] {
            let mut points = Points::new(3, &[], None);
            rows.chunks(size).for_each(|piece| points.extend(piece));
            assert_eq!(points, whole);
        }
        assert_eq!((whole.len(), whole.row(22)), (23, vec![66.0, 67.0, 68.0]));
    }
}
