//! k-means: exact Lloyd iterations from greedy k-means++ starts and random swaps.
//!
//! Lloyd (1982), “Least squares quantization in PCM”; Arthur & Vassilvitskii (2007), “k-means++”, in the greedy form of its
//! section 6, with as many trials as scikit-learn takes.

use super::lloyd::{EmptyCluster, lloyd};
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
    let KMeansParams { k, swaps, seed, .. } = params;
    let distinct = points.distinct(k);
    if distinct < k {
        return Err(Error::TooFew {
            analysis: "k-means".into(),
            what: "different points".into(),
            needed: k,
            have: distinct,
        });
    }
    let small = points.len() <= 2 * CORESET;
    let coreset = (!small).then(|| coreset(points, &mut rng::seeded(seed, CORESET_STREAM)));
    let searched = coreset.as_ref().filter(|coreset| coreset.distinct(k) >= k).unwrap_or(points);
    let optima = optima(searched, params);
    let lowest = optima.iter().map(|run| run.inertia).fold(f64::INFINITY, f64::min);
    let kept = if swaps > 0 { REFINED } else { 1 };
    let nearly_best = optima.into_iter().filter(|run| run.inertia <= (1.0 + NEARLY_BEST) * lowest).take(kept);
    let refined = nearly_best.map(|run| if small { run } else { lloyd(points, run.centroids, EmptyCluster::Relocate) });
    // There is at least the optimum of the lowest inertia.
    let best = refined.reduce(|best, run| if run.inertia < best.inertia { run } else { best });
    Ok(best.unwrap_or_else(|| lloyd(points, points.row(0), EmptyCluster::Relocate)))
}

/// Different local optima, best first: from `restarts` starts, then from random swaps on the best one so far. In a swap a random
/// centre moves to a point drawn by weighted squared distance (Fränti 2018, “Efficiency of random swap clustering”).
fn optima(points: &Points, KMeansParams { k, restarts, swaps, seed }: KMeansParams) -> Vec<KMeans> {
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
        best = keep(lloyd(points, plus_plus(points, k, &mut random), EmptyCluster::Relocate));
    }
    let mut random = rng::seeded(seed, SWAP_STREAM);
    for _ in 0..if k > 1 { swaps } else { 0 } {
        let mut nearest = vec![f64::INFINITY; points.len()];
        best.chunks_exact(points.dims()).for_each(|centre| points.lower_to(centre, &mut nearest));
        let point = points.row(draw(&cumulative(points, |row| nearest[row]), &mut random));
        let moved = rng::below(&mut random, k as u32) as usize * points.dims();
        best[moved..moved + points.dims()].copy_from_slice(&point);
        best = keep(lloyd(points, best, EmptyCluster::Relocate));
    }
    found
}

/// About [`CORESET`] weighted points that stand for all: half of the mass is drawn by weight, half by squared distance from the
/// mean, so that small far groups are represented too (Bachem, Lucic & Krause 2018, “Scalable k-means clustering via lightweight
/// coresets”), at equal steps along the points.
fn coreset(points: &Points, random: &mut Rng) -> Points {
    let (mut mean, mut total) = (vec![0.0; points.dims()], [0.0]);
    points.sum_by_label(&vec![0; points.len()], &mut mean, &mut total);
    mean.iter_mut().for_each(|sum| *sum /= total[0]);
    let mut squares = vec![f64::INFINITY; points.len()];
    points.lower_to(&mean, &mut squares);
    let dispersion = points.weighted_sum(&squares).max(f64::MIN_POSITIVE);
    // Of a unit of weight; over all points they sum to 1.
    let mass = |row: usize| 0.5 / total[0] + 0.5 * squares[row] / dispersion;
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
    let centroids = rows.iter().flat_map(|&row| points.row(row as usize)).collect();
    Ok(lloyd(points, centroids, EmptyCluster::Keep))
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

/// Centres by greedy k-means++: of 2 + ln k candidates drawn by weighted squared distance, the one that lowers the sum of
/// squared distances most.
fn plus_plus(points: &Points, k: usize, random: &mut Rng) -> Vec<f64> {
    let trials = 2 + libm::log(k as f64) as usize;
    let first = draw(&cumulative(points, |_| 1.0), random);
    let mut centroids = points.row(first).to_vec();
    let mut nearest = vec![f64::INFINITY; points.len()];
    points.lower_to(&points.row(first), &mut nearest);
    while centroids.len() < k * points.dims() {
        let sums = cumulative(points, |row| nearest[row]);
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..trials {
            let row = draw(&sums, random);
            let mut lowered = nearest.clone();
            points.lower_to(&points.row(row), &mut lowered);
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
    let (mut sum, mut total) = (vec![0.0; dims], [0.0]);
    points.sum_by_label(&vec![0; points.len()], &mut sum, &mut total);
    let [total] = total;
    let mut between = 0.0;
    for (centre, size) in model.centroids.chunks_exact(dims).zip(&model.sizes) {
        let squares = centre.iter().zip(&sum).map(|(c, s)| (c - s / total) * (c - s / total));
        between += size * squares.sum::<f64>();
    }
    let clusters = model.sizes.iter().filter(|&&size| size > 0.0).count() as f64;
    if clusters < 2.0 || total <= clusters {
        return f64::NAN;
    }
    if model.inertia == 0.0 { 1.0 } else { between * (total - clusters) / (model.inertia * (clusters - 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{normal, seeded};

    /// Groups around random centres; `whole` rounds them so that duplicates and ties occur.
    fn groups(n: usize, dims: usize, k: usize, seed: u32, whole: bool) -> Vec<f64> {
        let mut random = seeded(seed, 0);
        let centres: Vec<f64> = (0..k * dims).map(|_| 4.0 * normal(&mut random)).collect();
        let mut values = Vec::new();
        for _ in 0..n {
            let group = rng::below(&mut random, k as u32) as usize;
            for j in 0..dims {
                let value = centres[group * dims + j] + normal(&mut random);
                values.push(if whole { value.round() } else { value });
            }
        }
        values
    }

    /// Lloyd as it is defined, without any arrangement of data.
    fn obvious(values: &[f64], dims: usize, starts: &[u32]) -> (Vec<u32>, usize) {
        let row = |i: usize| &values[i * dims..(i + 1) * dims];
        let mut centres: Vec<Vec<f64>> = starts.iter().map(|&s| row(s as usize).to_vec()).collect();
        let (n, mut labels) = (values.len() / dims, Vec::new());
        for iteration in 1.. {
            let mut next = Vec::new();
            for i in 0..n {
                let mut best = (f64::INFINITY, 0);
                for (c, centre) in centres.iter().enumerate() {
                    let distance = row(i).iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                    if distance < best.0 {
                        best = (distance, c as u32);
                    }
                }
                next.push(best.1);
            }
            if next == labels {
                return (labels, iteration);
            }
            labels = next;
            for (c, centre) in centres.iter_mut().enumerate() {
                let members: Vec<usize> = (0..n).filter(|&i| labels[i] == c as u32).collect();
                if !members.is_empty() {
                    for (j, value) in centre.iter_mut().enumerate() {
                        *value = members.iter().map(|&i| row(i)[j]).sum::<f64>() / members.len() as f64;
                    }
                }
            }
        }
        unreachable!()
    }

    #[test]
    fn blocked_kernel_gives_the_labels_of_the_obvious_implementation_on_200_sets() {
        for seed in 0..200 {
            let (dims, n) = (1 + seed as usize % 11, 20 + 7 * (seed as usize % 37));
            let k = 1 + seed as usize % 9;
            let values = groups(n, dims, k, seed, seed % 3 == 0);
            let starts: Vec<u32> = (0..k as u32).collect();
            let model = kmeans_from_rows(&Points::new(dims, &values, None), &starts).unwrap();
            let (labels, iterations) = obvious(&values, dims, &starts);
            assert_eq!(model.labels, labels, "seed {seed}");
            assert_eq!(model.iterations, iterations, "seed {seed}");
        }
    }

    #[test]
    fn weight_three_equals_three_rows() {
        for seed in 0..20 {
            let values = groups(60, 3, 4, seed, false);
            let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 4)).collect();
            let mut repeated = Vec::new();
            for (row, weight) in values.chunks_exact(3).zip(&weights) {
                (0..*weight as usize).for_each(|_| repeated.extend_from_slice(row));
            }
            let params = KMeansParams { k: 4, restarts: 3, swaps: 5, seed };
            let weighted = kmeans(&Points::new(3, &values, Some(&weights)), params).unwrap();
            let plain = kmeans(&Points::new(3, &repeated, None), params).unwrap();
            assert!((weighted.inertia - plain.inertia).abs() < 1e-9 * plain.inertia, "seed {seed}");
            assert_eq!(weighted.sizes, plain.sizes);
            let spread: Vec<u32> = weighted
                .labels
                .iter()
                .zip(&weights)
                .flat_map(|(&label, &weight)| std::iter::repeat_n(label, weight as usize))
                .collect();
            assert_eq!(spread, plain.labels);
        }
    }

    #[test]
    fn as_many_clusters_as_different_points_leave_no_inertia() {
        let values = [1.0, 1.0, 5.0, 9.0, 9.0, 9.0];
        let points = Points::new(1, &values, None);
        let model = kmeans(&points, KMeansParams { k: 3, restarts: 10, swaps: 5, seed: 1 }).unwrap();
        assert_eq!(model.inertia, 0.0);
        let mut sizes = model.sizes.clone();
        sizes.sort_by(f64::total_cmp);
        assert_eq!(sizes, [1.0, 2.0, 3.0]);
        let error = kmeans(&points, KMeansParams { k: 4, restarts: 10, swaps: 5, seed: 1 }).unwrap_err();
        assert_eq!(error.to_string(), "k-means needs at least 4 different points, there are 3");
        assert_eq!(
            kmeans(&points, KMeansParams { k: 0, restarts: 1, swaps: 5, seed: 1 }).unwrap_err().code(),
            "invalid_option"
        );
    }

    #[test]
    fn a_far_outlier_gets_its_own_cluster_and_the_rest_stay_finite() {
        let mut values = groups(500, 2, 2, 3, false);
        values[0] = 1e12;
        let model =
            kmeans(&Points::new(2, &values, None), KMeansParams { k: 3, restarts: 10, swaps: 5, seed: 1 }).unwrap();
        assert!(model.inertia.is_finite() && model.centroids.iter().all(|c| c.is_finite()));
        assert_eq!(model.sizes[model.labels[0] as usize], 1.0);
    }

    #[test]
    fn one_outlier_among_thirty_thousand_points_is_found() {
        let mut values = groups(30_000, 2, 2, 3, false);
        values[20_000] = 1e6;
        let points = Points::new(2, &values, None);
        let model = kmeans(&points, KMeansParams { k: 3, restarts: 4, swaps: 5, seed: 1 }).unwrap();
        assert_eq!(model.sizes[model.labels[10_000] as usize], 1.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_clusters() {
        let values = groups(3000, 3, 5, 1, false);
        let points = Points::new(3, &values, None);
        let params = KMeansParams { k: 5, restarts: 3, swaps: 5, seed: 9 };
        assert_eq!(kmeans(&points, params).unwrap(), kmeans(&points, params).unwrap());
    }

    #[test]
    fn centres_are_the_means_of_their_points() {
        let values = groups(4000, 2, 4, 8, false);
        let model =
            kmeans(&Points::new(2, &values, None), KMeansParams { k: 4, restarts: 2, swaps: 5, seed: 1 }).unwrap();
        for c in 0..4 {
            let members: Vec<&[f64]> =
                values.chunks_exact(2).zip(&model.labels).filter(|(_, l)| **l == c).map(|(row, _)| row).collect();
            for j in 0..2 {
                let mean = members.iter().map(|row| row[j]).sum::<f64>() / members.len() as f64;
                assert!((mean - model.centroids[c as usize * 2 + j]).abs() < 1e-12);
            }
        }
    }
}
