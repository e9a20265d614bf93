//! Clusters as dense regions, and the points that lie in none: outliers.
//!
//! Ester, Kriegel, Sander & Xu (1996), “A density-based algorithm for discovering clusters in large spatial databases with noise”
//! (DBSCAN), with the labels of scikit-learn's.

mod tree;

use super::kmeans::sample;
use super::points::Points;
use crate::error::{Error, Result};
use crate::stats::order::sorted_rows;
use tree::Tree;

/// How dense a region must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityParams {
    /// Radius of a neighbourhood, its border included; learnt from the points when missing: see [`density`].
    pub radius: Option<f64>,
    /// Weight that the neighbourhood of a core point has at least, its own included; twice the number of dimensions (Sander et al.
    /// 1998) and at least 4 when missing.
    pub min_weight: Option<f64>,
    /// Above this many points the clusters are those of a sample of as many, to which the other points are assigned; above 8 dimensions,
    /// where no index helps, above a fifth of it.
    pub sample: usize,
    /// Seed of the sample.
    pub seed: u32,
}

impl Default for DensityParams {
    fn default() -> Self {
        DensityParams { radius: None, min_weight: None, sample: 100_000, seed: 1 }
    }
}

/// Dense regions.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Cluster of each point, numbered by their first core points; `None` for an outlier. A point in reach of several clusters that is
    /// no core point belongs to the first of them.
    pub labels: Vec<Option<u32>>,
    /// Whether each point is a core point; `false` for those outside the sample.
    pub core: Vec<bool>,
    /// Number of clusters.
    pub clusters: usize,
    /// Weight of the outliers.
    pub outliers: f64,
    /// Radius as used.
    pub radius: f64,
    /// Least weight of a neighbourhood as used.
    pub min_weight: f64,
    /// Points that the clusters are of: all, or a sample.
    pub clustered_on: usize,
    /// Percentiles 0, 1, … 100 of the distances at which the neighbourhoods of points have `min_weight`; empty where none has, or where all are equal.
    pub neighbour_distances: Vec<f64>,
}

const SAMPLE_STREAM: u32 = 94;
const RADIUS_STREAM: u32 = 93;
/// Points on which the radius is learnt.
const RADIUS_POINTS: usize = 10_000;
/// Above this many dimensions a search looks at nearly all points.
const FEW_DIMS: usize = 8;

/// Dense regions of `points`. A point of weight 3 stands for three; one of weight 0 is in reach of others and nobody's neighbour.
///
/// Unless it is given, the radius is learnt: a point's distance to the neighbour that fills its neighbourhood up is unusual above the
/// upper fence (Tukey 1977) of its logarithm, third quartile + 1.5 interquartile ranges, over all points.
///
/// # Errors
/// [`Error::InvalidOption`] for a radius or a weight that is not positive, [`Error::TooFew`] for no points of positive weight.
pub fn density(points: &Points, params: DensityParams) -> Result<Density> {
    let min_weight = params.min_weight.unwrap_or((2 * points.dims()).max(4) as f64);
    for (option, value) in [("radius", params.radius.unwrap_or(1.0)), ("minWeight", min_weight)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::invalid_option(option, value.to_string(), "it must be positive"));
        }
    }
    if points.total_weight() <= 0.0 {
        let what = "points of positive weight".into();
        return Err(Error::TooFew { analysis: "density".into(), what, needed: 1, have: 0 });
    }
    let most = if points.dims() > FEW_DIMS { params.sample / 5 } else { params.sample }.max(1);
    if points.len() <= most {
        return Ok(dense_regions(points, params, min_weight).0);
    }
    let rows = sample(points.len(), most, params.seed, SAMPLE_STREAM);
    let (of_sample, tree) = dense_regions(&points.select(&rows), params, min_weight);
    let mut all = Density { labels: vec![None; points.len()], core: vec![false; points.len()], ..of_sample.clone() };
    for (at, &row) in rows.iter().enumerate() {
        all.core[row as usize] = of_sample.core[at];
    }
    for row in 0..points.len() {
        let point = points.row(row);
        let mut first = u32::MAX;
        tree.within(point, all.radius, &mut |neighbour| {
            first = of_sample.labels[neighbour].filter(|_| of_sample.core[neighbour]).map_or(first, |l| first.min(l));
            true
        });
        all.labels[row] = (first != u32::MAX).then_some(first);
    }
    all.outliers = outliers(points, &all.labels);
    Ok(all)
}

fn outliers(points: &Points, labels: &[Option<u32>]) -> f64 {
    let flags: Vec<f64> = labels.iter().map(|label| f64::from(label.is_none())).collect();
    points.weighted_sum(&flags)
}

fn dense_regions(points: &Points, params: DensityParams, min_weight: f64) -> (Density, Tree) {
    let n = points.len();
    let tree = Tree::new(points);
    let (fence, neighbour_distances) = neighbour_distances(points, &tree, min_weight, params.seed);
    let radius = params.radius.unwrap_or(fence);
    let core: Vec<bool> = (0..n)
        .map(|row| {
            let point = points.row(row);
            let mut weight = 0.0;
            tree.within(point, radius, &mut |neighbour| {
                weight += points.weight(neighbour);
                weight < min_weight
            });
            weight >= min_weight
        })
        .collect();
    // Core points of a cluster reach each other; each is taken out of a tree of core points when it is found.
    let core_rows: Vec<u32> = (0..n as u32).filter(|&row| core[row as usize]).collect();
    let mut left = Tree::new(&points.select(&core_rows));
    let mut of_core = vec![u32::MAX; core_rows.len()];
    let (mut clusters, mut queue) = (0, Vec::new());
    for first in 0..core_rows.len() {
        if of_core[first] != u32::MAX {
            continue;
        }
        left.remove(first);
        of_core[first] = clusters;
        queue.push(first);
        while let Some(reached) = queue.pop() {
            let point = points.row(core_rows[reached] as usize);
            let from = queue.len();
            left.take_within(point, radius, &mut queue);
            queue[from..].iter().for_each(|&found| of_core[found] = clusters);
        }
        clusters += 1;
    }
    let mut labels = vec![None; n];
    for (&row, &label) in core_rows.iter().zip(&of_core) {
        labels[row as usize] = Some(label);
    }
    let of_row = labels.clone();
    for row in (0..n).filter(|&row| !core[row]) {
        let point = points.row(row);
        let mut first = u32::MAX;
        tree.within(point, radius, &mut |neighbour| {
            first = of_row[neighbour].map_or(first, |label| first.min(label));
            true
        });
        labels[row] = (first != u32::MAX).then_some(first);
    }
    let outliers = outliers(points, &labels);
    let clusters = clusters as usize;
    (Density { labels, core, clusters, outliers, radius, min_weight, clustered_on: n, neighbour_distances }, tree)
}

/// The upper fence of the distances at which neighbourhoods have `min_weight`, and their percentiles.
fn neighbour_distances(points: &Points, tree: &Tree, min_weight: f64, seed: u32) -> (f64, Vec<f64>) {
    let mut logs = Vec::new();
    for row in sample(points.len(), RADIUS_POINTS, seed, RADIUS_STREAM) {
        let point = points.row(row as usize);
        let distance = tree.distance_to_weight(points, point, min_weight);
        if distance > 0.0 && distance.is_finite() && points.weight(row as usize) > 0.0 {
            logs.push((libm::log(distance), points.weight(row as usize)));
        }
    }
    let order = sorted_rows(logs.len(), &mut |a, b| logs[a].0.total_cmp(&logs[b].0));
    let total: f64 = logs.iter().map(|(_, weight)| weight).sum();
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let at = order.iter().find(|&&at| {
            sum += logs[at].1;
            sum >= share * total
        });
        at.or(order.last()).map_or(0.0, |&at| logs[at].0)
    };
    let (lower, upper) = (quantile(0.25), quantile(0.75));
    // Equal points, or fewer than a neighbourhood needs, have no such distances: then any radius serves.
    let percentiles = if order.is_empty() { 0 } else { 101 };
    let percentile = |percent: u32| libm::exp(quantile(f64::from(percent) / 100.0));
    (libm::exp((upper + 1.5 * (upper - lower)).min(700.0)), (0..percentiles).map(percentile).collect())
}

#[cfg(test)]
mod tests;
