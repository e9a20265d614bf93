//! Lloyd's iterations, fast, with the labels of the plain ones.

mod pass;
mod shard;
mod sums;
mod tiles;

pub use shard::Shard;
pub(super) use sums::ClusterSums;
pub(super) use tiles::Tiles;

use super::kmeans::KMeans;
use super::points::{Points, squared_distances};
use crate::stats::exact_sum::ExactSum;
use pass::Pass;

/// What becomes of a cluster that no point is nearest to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyCluster {
    /// It keeps its centre.
    Keep,
    /// It takes the point that is farthest from its own centre.
    Relocate,
}

/// When iterations end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// The squared distances that the centres moved sum to at most this; 0: only when no label changes. scikit-learn's `tol` is this,
    /// divided by the mean variance of the columns.
    pub movement: f64,
    /// Passes at most.
    pub iterations: usize,
}

impl Default for Stop {
    /// When no label changes. More passes than 5,000 are never needed in practice; ties of rounded distances could in theory go
    /// round in a circle.
    fn default() -> Self {
        Stop { movement: 0.0, iterations: 5000 }
    }
}

/// Lloyd's algorithm from `centroids` (row-major, at least one) until no label changes. Ties go to the cluster of the lowest number.
pub(super) fn lloyd(points: &Points, centroids: Vec<f64>, empty: EmptyCluster) -> KMeans {
    let finished = lloyd_until(points, centroids, empty, Stop::default(), &mut |_| true);
    // Nobody stops it.
    finished.unwrap_or_else(KMeans::none)
}

/// As [`lloyd`], until `stop`. `go_on` hears how many passes are done; `None` where it says no.
pub(super) fn lloyd_until(
    points: &Points,
    mut centroids: Vec<f64>,
    empty: EmptyCluster,
    stop: Stop,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Option<KMeans> {
    let (n, dims) = (points.len(), points.dims());
    let k = centroids.len() / dims;
    let mut pass = Pass::new(points, k);
    let mut iterations = 0;
    // The labels before a pass, where a relocated point makes them more than what the pass changes.
    let mut before: Option<Vec<u32>> = None;
    while iterations < stop.iterations {
        iterations += 1;
        pass.assign(&centroids);
        let relocated = empty == EmptyCluster::Relocate && pass.relocate(&centroids);
        let moved = match &before {
            Some(before) => before.iter().zip(&pass.labels).filter(|(old, new)| old != new).count(),
            None => pass.moved,
        };
        before = relocated.then(|| pass.labels.clone());
        if !go_on(iterations) {
            return None;
        }
        if moved == 0 {
            break;
        }
        let movement = pass.move_centres(&mut centroids);
        let still = stop.movement > 0.0 && movement <= stop.movement;
        if still || iterations == stop.iterations {
            pass.assign(&centroids);
            break;
        }
    }
    let (labels, sizes) = pass.finish(n);
    let mut inertia = ExactSum::default();
    each_own_distance(points, &centroids, &labels, &mut |row, distance| match points.weights() {
        None => inertia.add(distance),
        Some(weights) => inertia.add_product(weights.get(row).copied().unwrap_or(0.0), distance),
    });
    let inertia = inertia.value();
    Some(KMeans { k, inertia, centroids, labels, sizes, iterations })
}

/// For each point the number of the nearest of `centroids`, the lowest of equally near ones.
pub(super) fn nearest(points: &Points, centroids: &[f64]) -> Vec<u32> {
    let mut pass = Pass::new(points, centroids.len() / points.dims());
    pass.assign(centroids);
    pass.finish(points.len()).0
}

/// The squared distance of each point to the centre of its label.
pub(super) fn own_distances(points: &Points, centroids: &[f64], labels: &[u32]) -> Vec<f64> {
    let mut distances = Vec::with_capacity(labels.len());
    each_own_distance(points, centroids, labels, &mut |_, distance| distances.push(distance));
    distances
}

/// Hears of each point, in order, its number and the squared distance to the centre of its label.
fn each_own_distance(points: &Points, centroids: &[f64], labels: &[u32], hear: &mut impl FnMut(usize, f64)) {
    let dims = points.dims();
    let centre = |label: u32| &centroids[label as usize * dims..(label as usize + 1) * dims];
    let (fours, last) = labels.as_chunks::<4>();
    let (whole, rest) = points.values().split_at(fours.len() * 4 * dims);
    for (number, (four, labels)) in whole.chunks_exact(4 * dims).zip(fours).enumerate() {
        let distances = squared_distances(four, labels.map(centre));
        distances.into_iter().enumerate().for_each(|(lane, distance)| hear(number * 4 + lane, distance));
    }
    for (lane, (point, &label)) in rest.chunks_exact(dims).zip(last).enumerate() {
        hear(fours.len() * 4 + lane, squared_distance(point, centre(label)));
    }
}

/// Squared distance, summed in order of the dimensions.
pub(super) fn squared_distance(point: &[f64], centre: &[f64]) -> f64 {
    point.iter().zip(centre).fold(0.0, |sum, (x, c)| sum + (x - c) * (x - c))
}

#[cfg(test)]
mod tests;
