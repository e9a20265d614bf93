//! Weighted points.

use super::lloyd::{self, ClusterSums, Tiles, squared_distance};
use crate::stats::exact_sum::ExactSum;
use std::cell::OnceCell;

/// Weighted points of equal dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    dims: usize,
    /// Row-major, so that a point alone takes few lines of the cache.
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
    tiles: OnceCell<Tiles>,
}

impl Points {
    /// Points of `dims` dimensions (at least 1) from `rows`, row-major, below 1e150 in size; with one weight per point, or 1 for each.
    /// Values that fill no whole row are left out.
    pub fn new(dims: usize, rows: &[f64], weights: Option<&[f64]>) -> Self {
        Points::from_rows(dims, rows.to_vec(), weights)
    }

    /// As [`Points::new`], of rows that need not be copied.
    pub fn from_rows(dims: usize, mut rows: Vec<f64>, weights: Option<&[f64]>) -> Self {
        let dims = dims.max(1);
        rows.truncate(rows.len() / dims * dims);
        let weights = weights.filter(|weights| weights.len() == rows.len() / dims && weights.iter().any(|&w| w != 1.0));
        Points { dims, values: rows, weights: weights.map(<[f64]>::to_vec), tiles: OnceCell::new() }
    }

    /// The same points with other weights, one per point.
    pub(super) fn with_weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights).filter(|weights| weights.len() == self.len());
        self
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of dimensions.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Coordinates of point `row`, which must exist.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.dims..(row + 1) * self.dims]
    }

    /// Coordinates of all points, row-major.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
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
            None => self.len() as f64,
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
            values.extend_from_slice(self.row(row as usize));
        }
        let weights: Vec<f64> = rows.iter().map(|&row| self.weight(row as usize)).collect();
        Points::from_rows(self.dims, values, Some(&weights))
    }

    /// Number of different points of positive weight, counted up to `limit`.
    pub(super) fn distinct(&self, limit: usize) -> usize {
        let mut found: Vec<&[f64]> = Vec::new();
        for row in (0..self.len()).filter(|&row| self.weight(row) > 0.0) {
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
        let mut sums = ClusterSums::new(1, self.dims);
        for (row, point) in self.values.chunks_exact(self.dims).enumerate() {
            sums.add(0, point, self.weight(row));
        }
        let mut mean = vec![0.0; self.dims];
        sums.mean(0, &mut mean);
        mean
    }

    /// Lowers each of `nearest` to the squared distance to `centre` where that is smaller.
    pub(super) fn lower_to(&self, centre: &[f64], nearest: &mut [f64]) {
        let (points, dims) = (self.values.as_slice(), self.dims);
        let lower = |nearest: &mut f64, distance: f64| *nearest = if distance < *nearest { distance } else { *nearest };
        let (fours, last) = nearest.as_chunks_mut::<4>();
        let (whole, rest) = points.split_at((fours.len() * 4 * dims).min(points.len()));
        for (four, nearest) in whole.chunks_exact(4 * dims).zip(fours) {
            let distances = squared_distances(four, [centre; 4]);
            nearest.iter_mut().zip(distances).for_each(|(nearest, distance)| lower(nearest, distance));
        }
        for (point, nearest) in rest.chunks_exact(dims).zip(last) {
            lower(nearest, squared_distance(point, centre));
        }
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

/// Squared distances of four points, row-major, each to its own of `centres`, summed in order of the dimensions.
#[inline(always)]
pub(super) fn squared_distances(points: &[f64], centres: [&[f64]; 4]) -> [f64; 4] {
    let (front, back) = points.split_at(points.len() / 2);
    let ((first, second), (third, fourth)) = (front.split_at(front.len() / 2), back.split_at(back.len() / 2));
    let [a, b, c, d] = centres;
    let pairs = first.iter().zip(a).zip(second.iter().zip(b)).zip(third.iter().zip(c).zip(fourth.iter().zip(d)));
    let mut sums = [0.0; 4];
    for (((x, a), (y, b)), ((z, c), (w, d))) in pairs {
        let away = [x - a, y - b, z - c, w - d];
        (0..4).for_each(|lane| sums[lane] += away[lane] * away[lane]);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_fill_no_row_and_weights_of_another_number_are_left_out() {
        let rows: Vec<f64> = (0..8).map(f64::from).collect();
        let points = Points::from_rows(3, rows.clone(), Some(&[2.0, 1.0, 1.0]));
        assert_eq!(points, Points::new(3, &rows[..6], None));
        assert_eq!((points.len(), points.row(1), points.weight(0)), (2, [3.0, 4.0, 5.0].as_slice(), 1.0));
        let weighted = Points::from_rows(3, rows.clone(), Some(&[2.0, 1.0]));
        assert_eq!((weighted.weight(0), weighted.total_weight()), (2.0, 3.0));
        assert_eq!(Points::from_rows(0, rows, None).len(), 8);
    }
}
