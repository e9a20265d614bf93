//! Mean silhouette (Rousseeuw 1987), Euclidean.

use super::kmeans::sample;
use super::points::Points;

/// Silhouette of a clustering.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Silhouette {
    /// Weighted mean over all points; 0 where fewer than two clusters have points.
    pub mean: f64,
    /// Standard error of `mean` from the choice of the sample; 0 where no sample was taken.
    pub standard_error: f64,
    /// Weighted mean over the points of each cluster; `None` where it has none.
    pub of_cluster: Vec<Option<f64>>,
}

/// A clustering: a label below `k` of each point.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Cluster of each point.
    pub labels: &'a [u32],
    /// Number of clusters.
    pub k: usize,
}

/// Silhouette over all `points`, which have `labels` below `k`; time grows with the square of their number.
///
/// For a point, (b − a) / max(a, b) with a the mean distance to the other points of its cluster and b the smallest mean distance
/// to the points of another one; 0 for a point alone in its cluster. A point of weight 3 stands for three.
pub fn silhouette(points: &Points, labels: &[u32], k: usize) -> Silhouette {
    let of = silhouettes(points, &[Labels { labels, k }]).pop();
    of.unwrap_or_default()
}

/// [`silhouette`] of several clusterings of the same points: the distances, most of the work, are computed once.
pub fn silhouettes(points: &Points, clusterings: &[Labels<'_>]) -> Vec<Silhouette> {
    sums(points, clusterings, 1).iter().map(|sums| sums.whole.finish(&sums.whole.sizes)).collect()
}

/// [`silhouettes`] from a sample of `size` points, the same for all clusterings, drawn by `seed`; from all where there are not more.
///
/// Each cluster counts by its weight among all points (post-stratification). The standard error is that of a jackknife over 20 parts of
/// the sample, each with its share of every cluster (Wolter 2007, chapter 4): the distances to what is left out go, too.
pub fn silhouettes_sampled(points: &Points, clusterings: &[Labels<'_>], size: usize, seed: u32) -> Vec<Silhouette> {
    if points.len() <= size {
        return silhouettes(points, clusterings);
    }
    let rows = sample(points.len(), size, seed, SAMPLE_STREAM);
    let sampled = points.select(&rows);
    let picked: Vec<Vec<u32>> = clusterings
        .iter()
        .map(|of| rows.iter().map(|&row| of.labels.get(row as usize).copied().unwrap_or(u32::MAX)).collect())
        .collect();
    let of_sample: Vec<Labels<'_>> =
        picked.iter().zip(clusterings).map(|(labels, of)| Labels { labels, k: of.k }).collect();
    let sums = sums(&sampled, &of_sample, PARTS);
    let estimate = |(sums, of): (&Sums, &Labels<'_>)| {
        let mut sizes = vec![0.0; of.k];
        for (row, &label) in of.labels.iter().enumerate().take(points.len()) {
            if let Some(size) = sizes.get_mut(label as usize) {
                *size += points.weight(row);
            }
        }
        let without: Vec<f64> = sums.without.iter().map(|left| left.finish(&sizes).mean).collect();
        let centre = without.iter().sum::<f64>() / PARTS as f64;
        let spread: f64 = without.iter().map(|mean| (mean - centre) * (mean - centre)).sum();
        let unseen = 1.0 - size as f64 / points.len() as f64;
        let variance = spread * (PARTS - 1) as f64 / PARTS as f64 * unseen;
        Silhouette { standard_error: variance.sqrt(), ..sums.whole.finish(&sizes) }
    };
    sums.iter().zip(clusterings).map(estimate).collect()
}

/// Points whose distances to all others are held at once. Four `f64` are two vectors of SSE2 and of wasm's SIMD, so that their sums stay
/// in registers; eight spill.
const GROUP: usize = 4;
const SAMPLE_STREAM: u32 = 98;
const PARTS: usize = 20;

/// Silhouettes summed by cluster, over all points and without each part of them.
struct Sums {
    whole: Totals,
    without: Vec<Totals>,
}

#[derive(Clone)]
struct Totals {
    /// Weight of each cluster.
    sizes: Vec<f64>,
    /// Weighted sum of the silhouettes of its points.
    sums: Vec<f64>,
}

impl Totals {
    /// The silhouette where clusters weigh `sizes` among all points.
    fn finish(&self, sizes: &[f64]) -> Silhouette {
        let means = self.sums.iter().zip(&self.sizes).map(|(sum, &size)| (size > 0.0).then_some(sum / size));
        let of_cluster: Vec<Option<f64>> = means.collect();
        // A cluster that the sample missed is left out.
        let seen = || of_cluster.iter().zip(sizes).filter_map(|(mean, size)| mean.map(|mean| (mean, size)));
        let total: f64 = seen().map(|(_, size)| size).sum();
        let sum: f64 = seen().map(|(mean, size)| mean * size).sum();
        Silhouette { mean: if total > 0.0 { sum / total } else { 0.0 }, standard_error: 0.0, of_cluster }
    }

    /// The silhouette of a point of cluster `own` from the sum of its distances to each; 0 where there is no cluster beside its own.
    fn value(&self, own: usize, distance: impl Fn(usize) -> f64) -> f64 {
        let others = (0..self.sizes.len()).filter(|&c| c != own && self.sizes[c] > 0.0);
        let b = others.fold(f64::INFINITY, |least, c| least.min(distance(c) / self.sizes[c]));
        if self.sizes[own] <= 1.0 || b == f64::INFINITY {
            return 0.0;
        }
        let a = distance(own) / (self.sizes[own] - 1.0);
        if a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
    }
}

/// Rows by cluster and part: those of cluster c and part p are run number c · parts + p.
struct Runs {
    rows: Vec<u32>,
    starts: Vec<usize>,
    /// Part of each row.
    part: Vec<usize>,
}

impl Runs {
    fn new(points: &Points, of: &Labels<'_>, parts: usize) -> Self {
        let mut runs = vec![Vec::new(); of.k * parts];
        let (mut members, mut part) = (vec![0; of.k], vec![0; points.len()]);
        for (row, &label) in of.labels.iter().enumerate().take(points.len()) {
            let label = label as usize;
            if label < of.k && points.weight(row) > 0.0 {
                part[row] = members[label] % parts;
                members[label] += 1;
                runs[label * parts + part[row]].push(row as u32);
            }
        }
        let mut starts = vec![0];
        starts.extend(runs.iter().scan(0, |end, run| {
            *end += run.len();
            Some(*end)
        }));
        Runs { rows: runs.concat(), starts, part }
    }
}

fn sums(points: &Points, clusterings: &[Labels<'_>], parts: usize) -> Vec<Sums> {
    let n = points.len();
    let runs: Vec<Runs> = clusterings.iter().map(|of| Runs::new(points, of, parts)).collect();
    let rows_of = |runs: &Runs, run: usize| runs.starts[run]..runs.starts[run + 1];
    let weight_of = |runs: &Runs, run: usize| -> f64 {
        runs.rows[rows_of(runs, run)].iter().map(|&row| points.weight(row as usize)).sum()
    };
    let mut sums: Vec<Sums> = Vec::with_capacity(runs.len());
    for (runs, of) in runs.iter().zip(clusterings) {
        let of_runs: Vec<f64> = (0..of.k * parts).map(|run| weight_of(runs, run)).collect();
        let sizes: Vec<f64> = of_runs.chunks_exact(parts).map(|cluster| cluster.iter().sum()).collect();
        let without = |part: usize| Totals {
            sizes: sizes.iter().zip(of_runs.chunks_exact(parts)).map(|(size, cluster)| size - cluster[part]).collect(),
            sums: vec![0.0; of.k],
        };
        let without = (0..if parts > 1 { parts } else { 0 }).map(without).collect();
        sums.push(Sums { whole: Totals { sums: vec![0.0; of.k], sizes }, without });
    }
    let mut distances = vec![[0.0; GROUP]; n];
    let mut group = vec![[0.0; GROUP]; points.dims()];
    let (mut to_runs, mut to_clusters) = (Vec::new(), Vec::new());
    for number in 0..n.div_ceil(GROUP) {
        for lane in 0..GROUP.min(n - number * GROUP) {
            group.iter_mut().zip(points.row(number * GROUP + lane)).for_each(|(lanes, &value)| lanes[lane] = value);
        }
        weighted_distances(points, &group, &mut distances);
        for ((of, runs), sums) in clusterings.iter().zip(&runs).zip(&mut sums) {
            to_runs.clear();
            to_runs.extend((0..of.k * parts).map(|run| sum_of(&distances, &runs.rows[rows_of(runs, run)])));
            for lane in 0..GROUP.min(n - number * GROUP) {
                let row = number * GROUP + lane;
                let own = of.labels.get(row).map_or(usize::MAX, |&label| label as usize);
                let weight = points.weight(row);
                if own >= of.k || weight <= 0.0 {
                    continue;
                }
                to_clusters.clear();
                let clusters = to_runs.chunks_exact(parts);
                to_clusters.extend(clusters.map(|runs| runs.iter().map(|lanes| lanes[lane]).sum::<f64>()));
                sums.whole.sums[own] += weight * sums.whole.value(own, |c| to_clusters[c]);
                for (part, left) in sums.without.iter_mut().enumerate().filter(|(part, _)| *part != runs.part[row]) {
                    left.sums[own] += weight * left.value(own, |c| to_clusters[c] - to_runs[c * parts + part][lane]);
                }
            }
        }
    }
    sums
}

/// Distances from the points of `group`, by dimension, to all, times the weights of these.
#[inline(never)]
fn weighted_distances(points: &Points, group: &[[f64; GROUP]], distances: &mut [[f64; GROUP]]) {
    for (to, row) in distances.iter_mut().zip(points.values().chunks_exact(points.dims())) {
        let mut squares = [0.0; GROUP];
        for (values, &x) in group.iter().zip(row) {
            for lane in 0..GROUP {
                let difference = values[lane] - x;
                squares[lane] += difference * difference;
            }
        }
        *to = squares.map(f64::sqrt);
    }
    if let Some(weights) = points.weights() {
        for (to, weight) in distances.iter_mut().zip(weights) {
            *to = to.map(|distance| distance * weight);
        }
    }
}

/// Sum of the `distances` of `rows`, in two halves that do not wait for each other.
#[inline(never)]
fn sum_of(distances: &[[f64; GROUP]], rows: &[u32]) -> [f64; GROUP] {
    let add = |sum: &mut [f64; GROUP], row: u32| {
        if let Some([a, b, c, d]) = distances.get(row as usize) {
            *sum = [sum[0] + a, sum[1] + b, sum[2] + c, sum[3] + d];
        }
    };
    let (mut even, mut odd) = ([0.0; GROUP], [0.0; GROUP]);
    let (pairs, last) = rows.as_chunks::<2>();
    for &[first, second] in pairs {
        add(&mut even, first);
        add(&mut odd, second);
    }
    last.iter().for_each(|&row| add(&mut even, row));
    [even[0] + odd[0], even[1] + odd[1], even[2] + odd[2], even[3] + odd[3]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{below, normal, seeded};

    fn obvious(values: &[f64], dims: usize, labels: &[u32], k: usize) -> f64 {
        let n = labels.len();
        let row = |i: usize| &values[i * dims..(i + 1) * dims];
        let distance =
            |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let mut total = 0.0;
        for i in 0..n {
            let mean = |c: u32| {
                let members: Vec<usize> = (0..n).filter(|&j| labels[j] == c && j != i).collect();
                members.iter().map(|&j| distance(i, j)).sum::<f64>() / members.len() as f64
            };
            let a = mean(labels[i]);
            let b = (0..k as u32).filter(|&c| c != labels[i]).map(mean).fold(f64::INFINITY, f64::min);
            total += if a.is_nan() { 0.0 } else { (b - a) / a.max(b) };
        }
        total / n as f64
    }

    #[test]
    fn equals_the_definition_on_random_points() {
        for seed in 0..30 {
            let mut random = seeded(seed, 1);
            let (n, dims, k) = (30 + seed as usize, 1 + seed as usize % 5, 2 + seed as usize % 4);
            let values: Vec<f64> = (0..n * dims).map(|_| normal(&mut random)).collect();
            let labels: Vec<u32> =
                (0..n).map(|i| if i < k { i as u32 } else { below(&mut random, k as u32) }).collect();
            let fast = silhouette(&Points::new(dims, &values, None), &labels, k);
            assert!((fast.mean - obvious(&values, dims, &labels, k)).abs() < 1e-12, "seed {seed}");
        }
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let (values, labels) = ([0.0, 1.0, 5.0, 6.5, 9.0], [0, 0, 1, 1, 1]);
        let weighted = silhouette(&Points::new(1, &values, Some(&[3.0, 1.0, 2.0, 0.0, 1.0])), &labels, 2);
        let repeated = [0.0, 0.0, 0.0, 1.0, 5.0, 5.0, 9.0];
        let plain = silhouette(&Points::new(1, &repeated, None), &[0, 0, 0, 0, 1, 1, 1], 2);
        assert!((weighted.mean - plain.mean).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_single_points_and_no_points_give_zero() {
        let points = Points::new(1, &[1.0, 2.0, 3.0], None);
        assert_eq!(silhouette(&points, &[0, 0, 0], 1).mean, 0.0);
        assert_eq!(silhouette(&points, &[0, 1, 2], 3).mean, 0.0);
        assert_eq!(silhouette(&points, &[0, 0, 0], 2).of_cluster, [Some(0.0), None]);
        let none = silhouette(&Points::new(1, &[], None), &[], 2);
        assert_eq!((none.mean, none.of_cluster), (0.0, vec![None, None]));
    }

    #[test]
    fn several_clusterings_at_once_are_those_one_by_one() {
        let mut random = seeded(3, 2);
        let values: Vec<f64> = (0..330).map(|_| normal(&mut random)).collect();
        let points = Points::new(3, &values, None);
        let labels: Vec<Vec<u32>> = (2..6).map(|k| (0..110).map(|_| below(&mut random, k)).collect()).collect();
        let all: Vec<Labels<'_>> = labels.iter().zip(2..).map(|(labels, k)| Labels { labels, k }).collect();
        let one_by_one: Vec<Silhouette> = all.iter().map(|of| silhouette(&points, of.labels, of.k)).collect();
        assert_eq!(silhouettes(&points, &all), one_by_one);
    }

    #[test]
    fn the_silhouette_of_all_points_lies_within_two_standard_errors_of_the_sample_nearly_always() {
        let mut random = seeded(8, 2);
        let labels: Vec<u32> = (0..3000).map(|_| below(&mut random, 3)).collect();
        let values: Vec<f64> =
            labels.iter().map(|&l| 3.0 * f64::from(l) * f64::from(l) + normal(&mut random)).collect();
        let points = Points::new(1, &values, None);
        let all = Labels { labels: &labels, k: 3 };
        let whole = silhouette(&points, &labels, 3).mean;
        let held = (0..60)
            .map(|seed| silhouettes_sampled(&points, &[all], 400, seed).pop().unwrap())
            .filter(|sampled| (sampled.mean - whole).abs() <= 2.0 * sampled.standard_error)
            .count();
        assert!((52..=60).contains(&held), "{held} of 60");
        assert_eq!(silhouettes_sampled(&points, &[all], 3000, 1)[0].standard_error, 0.0);
    }
}
