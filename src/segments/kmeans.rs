//! k-means: exact Lloyd iterations from greedy k-means++ starts.
//!
//! Lloyd (1982), “Least squares quantization in PCM”; Arthur & Vassilvitskii (2007), “k-means++”, in the greedy form of its
//! section 6, with as many trials as scikit-learn takes.

use super::points::Points;
use crate::error::{Error, Result};
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
    /// Seed of the starts.
    pub seed: u32,
}

/// What becomes of a cluster that no point is nearest to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyCluster {
    /// It keeps its centre.
    Keep,
    /// It takes the point that is farthest from its own centre.
    Relocate,
}

/// More passes than this are never needed in practice; floating-point ties could in theory go round in a circle.
const MAX_ITERATIONS: usize = 5000;
/// Above twice this many points the starts are compared on a sample of this size, and the best of them runs on all points.
const START_SAMPLE: usize = 6000;
const START_STREAM: u32 = 100;
const SAMPLE_STREAM: u32 = 99;

/// The best of `params.restarts` runs, deterministic for a seed.
///
/// Up to 12,000 points every run is on all points. Above, the starts run on a seeded sample of 6,000, the best of them goes on
/// with all points, and so does one start made on all points (a sample may miss a small far group); the better one is kept.
///
/// # Errors
/// [`Error::InvalidOption`] for k = 0 or no restarts, [`Error::TooFew`] if there are fewer than k different points of positive weight.
pub fn kmeans(points: &Points, params: KMeansParams) -> Result<KMeans> {
    let KMeansParams { k, restarts, seed } = params;
    for (option, value) in [("k", k), ("restarts", restarts)] {
        if value == 0 {
            return Err(Error::InvalidOption {
                option: option.into(),
                value: value.to_string(),
                rule: "it must be at least 1".into(),
            });
        }
    }
    let distinct = points.distinct(k);
    if distinct < k {
        return Err(Error::TooFew {
            analysis: "k-means".into(),
            what: "different points".into(),
            needed: k,
            have: distinct,
        });
    }
    let start = |points: &Points, restart: usize| {
        let mut random = rng::seeded(seed, START_STREAM + restart as u32);
        lloyd(points, plus_plus(points, k, &mut random), EmptyCluster::Relocate)
    };
    let best = |points: &Points| {
        (1..restarts).fold(start(points, 0), |best, restart| {
            let run = start(points, restart);
            if run.inertia < best.inertia { run } else { best }
        })
    };
    if points.len() <= 2 * START_SAMPLE {
        return Ok(best(points));
    }
    let whole = start(points, restarts);
    let sample = points.select(&sample(points.len(), START_SAMPLE, seed, SAMPLE_STREAM));
    if sample.distinct(k) < k {
        return Ok(whole);
    }
    let refined = lloyd(points, best(&sample).centroids, EmptyCluster::Relocate);
    Ok(if refined.inertia <= whole.inertia { refined } else { whole })
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

/// Lloyd's algorithm from `centroids` until no label changes. Ties go to the cluster of the lowest number.
pub fn lloyd(points: &Points, mut centroids: Vec<f64>, empty: EmptyCluster) -> KMeans {
    let dims = points.dims();
    let k = centroids.len() / dims.max(1);
    let mut labels = vec![u32::MAX; points.len()];
    let mut next = vec![0; points.len()];
    let mut distances = vec![0.0; points.len()];
    let mut sums = vec![0.0; k * dims];
    let mut sizes = vec![0.0; k];
    let mut iterations = 0;
    while iterations < MAX_ITERATIONS {
        iterations += 1;
        points.nearest(&centroids, &mut next, &mut distances);
        if empty == EmptyCluster::Relocate {
            relocate(points, k, &mut next, &mut distances);
        }
        if labels == next {
            break;
        }
        std::mem::swap(&mut labels, &mut next);
        points.sum_by_label(&labels, &mut sums, &mut sizes);
        for ((centre, sum), &size) in centroids.chunks_exact_mut(dims).zip(sums.chunks_exact(dims)).zip(&sizes) {
            if size > 0.0 {
                centre.iter_mut().zip(sum).for_each(|(centre, sum)| *centre = sum / size);
            }
        }
    }
    KMeans { k, inertia: points.weighted_sum(&distances), centroids, labels, sizes, iterations }
}

/// Gives each cluster without weight the point farthest from its own centre, the first of equal ones.
fn relocate(points: &Points, k: usize, labels: &mut [u32], distances: &mut [f64]) {
    let mut sizes = vec![0.0; k];
    labels.iter().enumerate().for_each(|(row, &label)| sizes[label as usize] += points.weight(row));
    for cluster in 0..k {
        if sizes[cluster] > 0.0 {
            continue;
        }
        let mut farthest: Option<usize> = None;
        for row in 0..points.len() {
            let alone = sizes[labels[row] as usize] <= points.weight(row);
            if points.weight(row) > 0.0 && !alone && distances[row] > farthest.map_or(0.0, |far| distances[far]) {
                farthest = Some(row);
            }
        }
        let Some(row) = farthest else { return };
        sizes[labels[row] as usize] -= points.weight(row);
        sizes[cluster] = points.weight(row);
        labels[row] = cluster as u32;
        distances[row] = 0.0;
    }
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
            let params = KMeansParams { k: 4, restarts: 3, seed };
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
        let model = kmeans(&points, KMeansParams { k: 3, restarts: 10, seed: 1 }).unwrap();
        assert_eq!(model.inertia, 0.0);
        let mut sizes = model.sizes.clone();
        sizes.sort_by(f64::total_cmp);
        assert_eq!(sizes, [1.0, 2.0, 3.0]);
        let error = kmeans(&points, KMeansParams { k: 4, restarts: 10, seed: 1 }).unwrap_err();
        assert_eq!(error.to_string(), "k-means needs at least 4 different points, there are 3");
        assert_eq!(kmeans(&points, KMeansParams { k: 0, restarts: 1, seed: 1 }).unwrap_err().code(), "invalid_option");
    }

    #[test]
    fn a_far_outlier_gets_its_own_cluster_and_the_rest_stay_finite() {
        let mut values = groups(500, 2, 2, 3, false);
        values[0] = 1e12;
        let model = kmeans(&Points::new(2, &values, None), KMeansParams { k: 3, restarts: 10, seed: 1 }).unwrap();
        assert!(model.inertia.is_finite() && model.centroids.iter().all(|c| c.is_finite()));
        assert_eq!(model.sizes[model.labels[0] as usize], 1.0);
    }

    #[test]
    fn an_outlier_that_the_sample_misses_is_still_found() {
        let mut values = groups(30_000, 2, 2, 3, false);
        values[20_000] = 1e6;
        let points = Points::new(2, &values, None);
        let model = kmeans(&points, KMeansParams { k: 3, restarts: 4, seed: 1 }).unwrap();
        assert_eq!(model.sizes[model.labels[10_000] as usize], 1.0);
    }

    #[test]
    fn empty_clusters_keep_their_centre_or_take_the_farthest_point() {
        let values = [0.0, 1.0, 2.0, 10.0];
        let points = Points::new(1, &values, None);
        let kept = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Keep);
        assert_eq!((kept.sizes[1], kept.centroids[1]), (0.0, 100.0));
        let relocated = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Relocate);
        assert_eq!((relocated.sizes, relocated.centroids), (vec![3.0, 1.0], vec![1.0, 10.0]));
    }

    #[test]
    fn the_same_seed_gives_the_same_clusters() {
        let values = groups(3000, 3, 5, 1, false);
        let points = Points::new(3, &values, None);
        let params = KMeansParams { k: 5, restarts: 3, seed: 9 };
        assert_eq!(kmeans(&points, params).unwrap(), kmeans(&points, params).unwrap());
    }

    #[test]
    fn centres_are_the_means_of_their_points() {
        let values = groups(4000, 2, 4, 8, false);
        let model = kmeans(&Points::new(2, &values, None), KMeansParams { k: 4, restarts: 2, seed: 1 }).unwrap();
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
