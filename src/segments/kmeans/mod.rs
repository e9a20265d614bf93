//! k-means: exact Lloyd iterations from greedy k-means++ starts and random swaps.
//!
//! Lloyd (1982), “Least squares quantization in PCM”; Arthur & Vassilvitskii (2007), “k-means++”, in the greedy form of its
//! section 6, with as many trials as scikit-learn takes.

pub use super::lloyd::{EmptyCluster, Shard, Stop};

use super::lloyd::{lloyd, lloyd_until};
use super::points::Points;
use crate::error::{Error, Result};
use crate::stats::order::reordered;
use crate::stats::rng::{self, Rng};

/// Clusters of weighted points.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// Number of clusters.
    pub k: usize,
    /// Centres, row-major, k × dimensions: the weighted mean of the cluster's points.
    pub centroids: Vec<f64>,
    /// Cluster of each point.
    pub labels: Vec<u32>,
    /// Weighted sum of the squared distances to the own centre.
    pub inertia: f64,
    /// Weight of each cluster.
    pub sizes: Vec<f64>,
    /// Passes over the points until one changed no label, that last one included; of the run that was kept.
    pub iterations: usize,
}

impl KMeans {
    /// No clusters of no points.
    pub(super) fn none() -> Self {
        KMeans { k: 0, centroids: Vec::new(), labels: Vec::new(), inertia: 0.0, sizes: Vec::new(), iterations: 0 }
    }
}

/// How clusters are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeansParams {
    /// Number of clusters; at least 1.
    pub k: usize,
    /// Starts, of which the one with the smallest inertia is kept; at least 1.
    pub restarts: usize,
    /// Swaps of a centre tried after the starts; 20 where the result matters. On the references 10 starts alone end up to 1 % above
    /// the best known inertia, with 20 swaps within 0.2 %.
    pub swaps: usize,
    /// Seed of the starts.
    pub seed: u32,
}

impl KMeansParams {
    /// Nothing if a run is possible with these parameters.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for k = 0 or no restarts.
    pub fn check(&self) -> Result<()> {
        for (option, value) in [("k", self.k), ("restarts", self.restarts)] {
            if value == 0 {
                let rule = "it must be at least 1".into();
                return Err(Error::InvalidOption { option: option.into(), value: value.to_string(), rule });
            }
        }
        Ok(())
    }
}

/// Above twice this many points the search is on a coreset of this size.
const CORESET: usize = 5000;
/// Optima of the coreset, nearly as good as its best one, that go on with all points, where they may change places.
const REFINED: usize = 3;
const NEARLY_BEST: f64 = 0.005;
/// Runs whose inertias differ by less than this share have found the same optimum.
const SAME_OPTIMUM: f64 = 1e-4;
const START_STREAM: u32 = 100;
const CORESET_STREAM: u32 = 99;
const SWAP_STREAM: u32 = 97;

/// The best of `params.restarts` runs, deterministic for a seed.
///
/// Up to 10,000 points every run is on all points. Above, the search is on a weighted coreset of about 5,000, and its three best
/// optima (without swaps, the best) go on with all points until no label changes.
///
/// # Errors
/// [`Error::InvalidOption`] for k = 0 or no restarts, [`Error::TooFew`] if there are fewer than k different points of positive weight.
pub fn kmeans(points: &Points, params: KMeansParams) -> Result<KMeans> {
    params.check()?;
    enough_points(points, params.k)?;
    Ok(search(points, params, &mut |points, random| plus_plus(points, params.k, random)))
}

/// The best optimum of those that [`optima`] finds.
fn search(points: &Points, params: KMeansParams, start: &mut Start<'_>) -> KMeans {
    let small = points.len() <= 2 * CORESET;
    let coreset = (!small).then(|| coreset(points, &mut rng::seeded(params.seed, CORESET_STREAM)));
    let searched = coreset.as_ref().filter(|coreset| coreset.distinct(params.k) >= params.k).unwrap_or(points);
    let optima = optima(searched, params, start);
    let lowest = optima.iter().map(|run| run.inertia).fold(f64::INFINITY, f64::min);
    let kept = if params.swaps > 0 { REFINED } else { 1 };
    let nearly_best = optima.into_iter().filter(|run| run.inertia <= (1.0 + NEARLY_BEST) * lowest).take(kept);
    let refined = nearly_best.map(|run| if small { run } else { lloyd(points, run.centroids, EmptyCluster::Relocate) });
    // There is at least the optimum of the lowest inertia.
    let best = refined.reduce(|best, run| if run.inertia < best.inertia { run } else { best });
    best.unwrap_or_else(|| lloyd(points, points.row(0).to_vec(), EmptyCluster::Relocate))
}

/// What makes the centres of a run.
type Start<'a> = dyn FnMut(&Points, &mut Rng) -> Vec<f64> + 'a;

/// Different local optima, best first: from `restarts` starts, then from random swaps on the best one so far. In a swap a random
/// centre moves to a point drawn by weighted squared distance (Fränti 2018, “Efficiency of random swap clustering”).
fn optima(
    points: &Points,
    KMeansParams { k, restarts, swaps, seed }: KMeansParams,
    start: &mut Start<'_>,
) -> Vec<KMeans> {
    let mut found: Vec<KMeans> = Vec::new();
    let mut keep = |run: KMeans| {
        let same = |other: &KMeans| (run.inertia - other.inertia).abs() <= SAME_OPTIMUM * run.inertia;
        match found.iter_mut().find(|other| same(other)) {
            Some(other) if run.inertia >= other.inertia => {}
            Some(other) => *other = run,
            None => found.push(run),
        }
        found = reordered(std::mem::take(&mut found), &mut |a, b| a.inertia.total_cmp(&b.inertia));
        found.truncate(2 * REFINED);
        found[0].centroids.clone()
    };
    let mut best = Vec::new();
    for restart in 0..restarts {
        let mut random = rng::seeded(seed, START_STREAM + restart as u32);
        best = keep(lloyd(points, start(points, &mut random), EmptyCluster::Relocate));
    }
    let mut random = rng::seeded(seed, SWAP_STREAM);
    for _ in 0..if k > 1 { swaps } else { 0 } {
        let mut nearest = vec![f64::INFINITY; points.len()];
        best.chunks_exact(points.dims()).for_each(|centre| points.lower_to(centre, &mut nearest));
        let point = points.row(draw(&cumulative(points, |row| nearest[row]), &mut random));
        let moved = rng::below(&mut random, k as u32) as usize * points.dims();
        best[moved..moved + points.dims()].copy_from_slice(point);
        best = keep(lloyd(points, best, EmptyCluster::Relocate));
    }
    found
}

/// About [`CORESET`] weighted points that stand for all: half of the mass is drawn by weight, half by squared distance from the
/// mean, so that small far groups are represented too (Bachem, Lucic & Krause 2018, “Scalable k-means clustering via lightweight
/// coresets”), at equal steps along the points.
fn coreset(points: &Points, random: &mut Rng) -> Points {
    let total = points.total_weight();
    let mut squares = vec![f64::INFINITY; points.len()];
    points.lower_to(&points.mean(), &mut squares);
    let dispersion = points.weighted_sum(&squares).max(f64::MIN_POSITIVE);
    // Of a unit of weight; over all points they sum to 1.
    let mass = |row: usize| 0.5 / total + 0.5 * squares[row] / dispersion;
    let (mut at, mut rows, mut weights) = (0.0, Vec::new(), Vec::new());
    let offset = rng::uniform(random);
    let steps = |at: f64| (at * CORESET as f64 - offset).ceil();
    for row in 0..points.len() {
        let from = steps(at);
        at += points.weight(row) * mass(row);
        let drawn = steps(at) - from;
        if drawn > 0.0 {
            rows.push(row as u32);
            weights.push(drawn / (CORESET as f64 * mass(row)));
        }
    }
    points.select(&rows).with_weights(weights)
}

/// Lloyd's algorithm once, from the points `rows`; a cluster that loses all its points keeps its centre.
///
/// # Errors
/// [`Error::InvalidOption`] for a row that does not exist, or none at all.
pub fn kmeans_from_rows(points: &Points, rows: &[u32]) -> Result<KMeans> {
    let wrong = |value: String| Error::InvalidOption {
        option: "startRows".into(),
        value,
        rule: format!("at least one row number below {} is needed", points.len()),
    };
    if rows.is_empty() {
        return Err(wrong("empty".into()));
    }
    if let Some(bad) = rows.iter().find(|row| **row as usize >= points.len()) {
        return Err(wrong(bad.to_string()));
    }
    let centroids = rows.iter().flat_map(|&row| points.row(row as usize)).copied().collect();
    Ok(lloyd(points, centroids, EmptyCluster::Keep))
}

/// Lloyd's algorithm once, from `centroids` (row-major) until `stop`. `go_on` hears the number of passes done after each; `None` where it
/// says no. Stopped by movement, the labels are those of the nearest centres, which then are not quite the means, as in scikit-learn.
///
/// # Errors
/// [`Error::InvalidOption`] unless `centroids` are finite and fill at least one row.
pub fn kmeans_from_centroids(
    points: &Points,
    centroids: &[f64],
    empty: EmptyCluster,
    stop: Stop,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<KMeans>> {
    check_centroids(points, centroids)?;
    Ok(lloyd_until(points, centroids.to_vec(), empty, stop, go_on))
}

pub(super) fn check_centroids(points: &Points, centroids: &[f64]) -> Result<()> {
    let bad = centroids.iter().find(|value| value.is_nan() || value.abs() >= 1e150);
    if centroids.is_empty() || !centroids.len().is_multiple_of(points.dims()) || bad.is_some() {
        let value = bad.map_or_else(|| centroids.len().to_string(), f64::to_string);
        return Err(Error::invalid_option("centroids", value, "whole rows of numbers below 1e150 in size are needed"));
    }
    Ok(())
}

/// `k` clusters from those of `model`, on the same points: in less time than [`kmeans`], for a slider of k. Of too many clusters those
/// are united that lose least by it (Ward 1963); further centres are drawn as in k-means++, a few times. Deterministic for a seed.
///
/// # Errors
/// [`Error::InvalidOption`] for k = 0 or a model of other dimensions, [`Error::TooFew`] if there are fewer than k different points of
/// positive weight.
pub fn kmeans_warm(points: &Points, model: &KMeans, k: usize, seed: u32) -> Result<KMeans> {
    let params = KMeansParams { k, restarts: if k > model.k { 4 } else { 1 }, swaps: 4, seed };
    params.check()?;
    enough_points(points, k)?;
    if model.k == 0 || model.centroids.len() != model.k * points.dims() || model.sizes.len() != model.k {
        let rule = "the model must be of points of the same dimensions";
        return Err(Error::invalid_option("model", model.centroids.len().to_string(), rule));
    }
    let (mut centroids, mut sizes) = (model.centroids.clone(), model.sizes.clone());
    while sizes.len() > k {
        unite_cheapest(&mut centroids, &mut sizes);
    }
    let start = &mut |points: &Points, random: &mut Rng| add_centres(points, centroids.clone(), k, random);
    Ok(search(points, params, start))
}

/// Makes one cluster of the two whose union adds least to the inertia.
fn unite_cheapest(centroids: &mut Vec<f64>, sizes: &mut Vec<f64>) {
    let dims = centroids.len() / sizes.len();
    let cost = |a: usize, b: usize| {
        let (one, other) = (&centroids[a * dims..(a + 1) * dims], &centroids[b * dims..(b + 1) * dims]);
        let squares: f64 = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
        squares * (sizes[a] * sizes[b] / (sizes[a] + sizes[b]).max(f64::MIN_POSITIVE))
    };
    let pairs = (0..sizes.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let Some((a, b)) = pairs.min_by(|&(a, b), &(c, d)| cost(a, b).total_cmp(&cost(c, d))) else { return };
    let share = sizes[b] / (sizes[a] + sizes[b]).max(f64::MIN_POSITIVE);
    for j in 0..dims {
        centroids[a * dims + j] += share * (centroids[b * dims + j] - centroids[a * dims + j]);
    }
    sizes[a] += sizes.remove(b);
    centroids.drain(b * dims..(b + 1) * dims);
}

/// Nothing if there are `k` different points of positive weight.
fn enough_points(points: &Points, k: usize) -> Result<()> {
    let have = points.distinct(k);
    if have >= k {
        return Ok(());
    }
    Err(Error::TooFew { analysis: "k-means".into(), what: "different points".into(), needed: k, have })
}

/// `size` row numbers below `n`, drawn without repetition and ascending; all of them where there are not more.
pub fn sample(n: usize, size: usize, seed: u32, stream: u32) -> Vec<u32> {
    let mut random = rng::seeded(seed, stream);
    let (mut needed, mut rows) = (size.min(n), Vec::with_capacity(size.min(n)));
    for row in 0..n {
        // Selection sampling (Knuth, TAOCP 2, algorithm S).
        if needed > 0 && rng::uniform(&mut random) * ((n - row) as f64) < needed as f64 {
            rows.push(row as u32);
            needed -= 1;
        }
    }
    rows
}

/// Centres by greedy k-means++: the first drawn by weight.
fn plus_plus(points: &Points, k: usize, random: &mut Rng) -> Vec<f64> {
    let first = points.row(draw(&cumulative(points, |_| 1.0), random)).to_vec();
    add_centres(points, first, k, random)
}

/// Adds centres until there are `k`: of 2 + ln k candidates drawn by weighted squared distance, the one that lowers the sum of
/// squared distances most.
fn add_centres(points: &Points, mut centroids: Vec<f64>, k: usize, random: &mut Rng) -> Vec<f64> {
    let trials = 2 + libm::log(k as f64) as usize;
    let mut nearest = vec![f64::INFINITY; points.len()];
    centroids.chunks_exact(points.dims()).for_each(|centre| points.lower_to(centre, &mut nearest));
    while centroids.len() < k * points.dims() {
        let sums = cumulative(points, |row| nearest[row]);
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..trials {
            let row = draw(&sums, random);
            let mut lowered = nearest.clone();
            points.lower_to(points.row(row), &mut lowered);
            let potential = points.weighted_sum(&lowered);
            if best.as_ref().is_none_or(|(lowest, ..)| potential < *lowest) {
                best = Some((potential, row, lowered));
            }
        }
        if let Some((_, row, lowered)) = best {
            centroids.extend(points.row(row));
            nearest = lowered;
        }
    }
    centroids
}

fn cumulative(points: &Points, value: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut sum = 0.0;
    (0..points.len())
        .map(|row| {
            sum += points.weight(row) * value(row);
            sum
        })
        .collect()
}

/// Row drawn by the steps of `sums`, which is not empty.
fn draw(sums: &[f64], random: &mut Rng) -> usize {
    let total = sums.last().copied().unwrap_or(0.0);
    let at = rng::uniform(random) * total;
    sums.partition_point(|&sum| sum <= at).min(sums.len().saturating_sub(1))
}

/// Calinski–Harabasz index of `model`: dispersion between clusters over that within, each by its degrees of freedom. 1 where
/// nothing is dispersed within, as in scikit-learn; NaN for one cluster or as many as there is weight.
pub fn calinski_harabasz(points: &Points, model: &KMeans) -> f64 {
    let dims = points.dims();
    let (mean, total) = (points.mean(), points.total_weight());
    let mut between = 0.0;
    for (centre, size) in model.centroids.chunks_exact(dims).zip(&model.sizes) {
        let squares = centre.iter().zip(&mean).map(|(c, m)| (c - m) * (c - m));
        between += size * squares.sum::<f64>();
    }
    let clusters = model.sizes.iter().filter(|&&size| size > 0.0).count() as f64;
    if clusters < 2.0 || total <= clusters {
        return f64::NAN;
    }
    if model.inertia == 0.0 { 1.0 } else { between * (total - clusters) / (model.inertia * (clusters - 1.0)) }
}

#[cfg(test)]
mod tests;
