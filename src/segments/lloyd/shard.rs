//! Lloyd's iterations over points that stand in several places, such as workers without shared memory.

use super::each_own_distance;
use super::pass::Pass;
use super::sums::ClusterSums;
use crate::error::Result;
use crate::segments::kmeans::check_centroids;
use crate::segments::points::Points;
use crate::stats::exact_sum::ExactSum;

/// The points of one place. Each pass is [`Shard::assign`], an exchange of [`Shard::sums`] among all places, and [`Shard::move_centres`],
/// which then finds the same centres everywhere: to the bit those of all points in one place, since sums do not depend on their order.
/// A cluster without points keeps its centre.
pub struct Shard<'a> {
    points: &'a Points,
    centroids: Vec<f64>,
    pass: Pass<'a>,
}

impl<'a> Shard<'a> {
    /// A place with `points`, and the `centroids` (row-major) that all places start from.
    ///
    /// # Errors
    /// [`crate::error::Error::InvalidOption`] unless `centroids` are finite and fill at least one row.
    pub fn new(points: &'a Points, centroids: &[f64]) -> Result<Self> {
        check_centroids(points, centroids)?;
        Ok(Shard { points, centroids: centroids.to_vec(), pass: Pass::new(points, centroids.len() / points.dims()) })
    }

    /// Gives every point here the label of its nearest centre; the number of labels that changed.
    pub fn assign(&mut self) -> usize {
        self.pass.assign(&self.centroids);
        self.pass.moved
    }

    /// What other places need to know of the points here: for k centres 4·k·(⌈dimensions / 2⌉ + 1) numbers.
    pub fn sums(&self) -> Vec<f64> {
        self.pass.sums().to_numbers()
    }

    /// Moves the centres to the means of the points here and of those whose sums are `others`, one place after another. The sum of the squared
    /// distances moved; `None`, and nothing moved, where `others` are not whole.
    pub fn move_centres(&mut self, others: &[f64]) -> Option<f64> {
        let (k, dims) = (self.centroids.len() / self.points.dims(), self.points.dims());
        let places = others.chunks(ClusterSums::numbers(k, dims));
        let others: Option<Vec<ClusterSums>> = places.map(|place| ClusterSums::from_numbers(k, dims, place)).collect();
        Some(self.pass.move_centres_with(&others?, &mut self.centroids))
    }

    /// The centres, row-major.
    pub fn centroids(&self) -> &[f64] {
        &self.centroids
    }

    /// The labels here, and the sum of the weighted squared distances to the centres: merged over all places it is the inertia. To be
    /// asked after [`Shard::assign`].
    pub fn finish(self) -> (Vec<u32>, ExactSum) {
        let labels = self.pass.finish(self.points.len()).0;
        let mut inertia = ExactSum::default();
        each_own_distance(self.points, &self.centroids, &labels, &mut |row, distance| {
            inertia.add_product(self.points.weight(row), distance);
        });
        (labels, inertia)
    }
}
