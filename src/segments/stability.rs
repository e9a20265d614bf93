//! Whether the same segments come out again when the customers are drawn anew.

use super::kmeans::{KMeans, KMeansParams, kmeans};
use super::points::Points;
use super::units::Units;
use crate::error::Result;
use crate::meta::Progress;
use crate::stats::rng;
use serde::Serialize;

/// How stability was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stability {
    /// Number of bootstrap samples.
    pub bootstraps: u32,
    /// Customers that each is drawn from: all up to 10,000, else as many at equal steps.
    pub of: u32,
    /// Segments below this are unstable.
    pub threshold: f64,
}

/// Below it a segment is more an accident of the data than a group (Hennig 2007, section 5).
pub const UNSTABLE: f64 = 0.6;
const MOST_UNITS: usize = 10_000;
const RESTARTS: usize = 2;
const UNITS_STREAM: u32 = 95;
const BOOTSTRAP_STREAM: u32 = 4000;

/// Mean Jaccard similarity of each cluster of `model` with the most similar one in `bootstraps` samples with replacement (Hennig 2007,
/// “Cluster-wise assessment of cluster stability”); `None` for clusters that no sample met. Customers count as often as they were drawn.
///
/// # Errors
/// Those of [`kmeans`], which do not occur here.
pub(super) fn stability(
    points: &Points,
    model: &KMeans,
    bootstraps: u32,
    seed: u32,
    progress: &mut Progress<'_>,
) -> Result<(Stability, Vec<Option<f64>>)> {
    let drawn = Units::new(points).spread(MOST_UNITS, &mut rng::seeded(seed, UNITS_STREAM));
    let sample = drawn.points(points);
    let own: Vec<usize> = drawn.rows.iter().map(|&row| model.labels[row as usize] as usize).collect();
    let units = Units::new(&sample);
    let k = model.k;
    let (mut sums, mut met) = (vec![0.0; k], vec![0.0; k]);
    for bootstrap in 0..bootstraps {
        let counts = units.resampled(&mut rng::seeded(seed, BOOTSTRAP_STREAM + bootstrap));
        let rows: Vec<u32> = (0..counts.len()).filter(|&row| counts[row] > 0.0).map(|row| row as u32).collect();
        let weights: Vec<f64> = rows.iter().map(|&row| counts[row as usize]).collect();
        let again = sample.select(&rows).with_weights(weights.clone());
        let params = KMeansParams { k: again.distinct(k).max(1), restarts: RESTARTS, swaps: 0, seed: seed ^ bootstrap };
        let clusters = kmeans(&again, params)?;
        let mut both = vec![0.0; k * clusters.k];
        for ((&row, &label), weight) in rows.iter().zip(&clusters.labels).zip(&weights) {
            both[own[row as usize] * clusters.k + label as usize] += weight;
        }
        for (cluster, shared) in both.chunks_exact(clusters.k).enumerate() {
            let size: f64 = shared.iter().sum();
            if size > 0.0 {
                let similarity = |(shared, other): (&f64, &f64)| shared / (size + other - shared);
                sums[cluster] += shared.iter().zip(&clusters.sizes).map(similarity).fold(0.0, f64::max);
                met[cluster] += 1.0;
            }
        }
        progress.report(f64::from(bootstrap + 1) / f64::from(bootstraps));
    }
    let of_cluster = sums.iter().zip(&met).map(|(sum, &met)| (met > 0.0).then(|| sum / met)).collect();
    Ok((Stability { bootstraps, of: libm::round(units.total()) as u32, threshold: UNSTABLE }, of_cluster))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{normal, seeded};

    fn found(values: &[f64], weights: Option<&[f64]>, k: usize) -> Vec<Option<f64>> {
        let points = Points::new(2, values, weights);
        let model = kmeans(&points, KMeansParams { k, restarts: 10, swaps: 5, seed: 1 }).unwrap();
        let (how, mut of_cluster) = stability(&points, &model, 30, 1, &mut Progress::none()).unwrap();
        assert_eq!((how.bootstraps, how.threshold), (30, 0.6));
        of_cluster.sort_by(|a, b| b.partial_cmp(a).unwrap());
        of_cluster
    }

    #[test]
    fn clusters_that_are_apart_come_again_and_slices_of_one_cloud_do_not() {
        let mut random = seeded(2, 0);
        let mut apart = Vec::new();
        for row in 0..300 {
            let at = f64::from(row % 3) * 12.0;
            apart.extend([at + normal(&mut random), normal(&mut random) - at]);
        }
        assert!(found(&apart, None, 3).iter().all(|stability| stability.unwrap() > 0.99));
        let cloud: Vec<f64> = (0..600).map(|_| normal(&mut random)).collect();
        assert!(found(&cloud, None, 7).last().unwrap().unwrap() < UNSTABLE);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let mut random = seeded(4, 0);
        let values: Vec<f64> = (0..80).map(|_| normal(&mut random)).collect();
        let weights: Vec<f64> = (0..40).map(|row| f64::from(row % 4)).collect();
        let repeated: Vec<f64> = values
            .chunks_exact(2)
            .zip(&weights)
            .flat_map(|(row, &weight)| std::iter::repeat_n(row, weight as usize).flatten().copied())
            .collect();
        let (a, b) = (found(&values, Some(&weights), 3), found(&repeated, None, 3));
        for (a, b) in a.iter().zip(&b) {
            assert!((a.unwrap() - b.unwrap()).abs() < 1e-9);
        }
    }
}
