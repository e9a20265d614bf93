//! Segments of a new run matched to those of a previous one, so that names and order stay.

use super::recipe::Recipe;
use crate::stats::assignment::assignment;
use serde::Serialize;

/// The segment of a previous run that a segment goes on from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Matched {
    /// Its index in the previous run.
    pub previous: u32,
    /// Customers of both over customers of either, all by today's values: 1 where nothing has moved.
    pub overlap: f64,
}

/// For each of `k` clusters the segment of `previous` that it goes on from: the pairs with the largest sum of overlaps; of equal
/// overlaps the nearer centres. A pair without common customers is none.
///
/// `before` holds the segment of each customer by the previous recipe, `labels` its cluster, `centres` (in the scale of the previous
/// recipe) those of the clusters.
pub(super) fn matched(
    previous: &Recipe,
    before: &[u32],
    labels: &[u32],
    weights: &[f64],
    centres: &[Vec<f64>],
) -> Vec<Option<Matched>> {
    let (k, old) = (centres.len(), previous.segments.len());
    let mut both = vec![0.0; k * old];
    let (mut sizes, mut old_sizes) = (vec![0.0; k], vec![0.0; old]);
    for ((&label, &before), weight) in labels.iter().zip(before).zip(weights) {
        sizes[label as usize] += weight;
        if let Some(old_size) = old_sizes.get_mut(before as usize) {
            *old_size += weight;
            both[label as usize * old + before as usize] += weight;
        }
    }
    let overlap = |cluster: usize, segment: usize| {
        let shared = both[cluster * old + segment];
        if shared > 0.0 { shared / (sizes[cluster] + old_sizes[segment] - shared) } else { 0.0 }
    };
    let distance = |cluster: usize, segment: usize| {
        let pairs = centres[cluster].iter().zip(&previous.segments[segment].centre);
        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    };
    let all = || (0..k).flat_map(|cluster| (0..old).map(move |segment| (cluster, segment)));
    let farthest = all().map(|(a, b)| distance(a, b)).fold(f64::MIN_POSITIVE, f64::max);
    let cost: Vec<f64> = all().map(|(a, b)| 1.0 - overlap(a, b) + 1e-9 * distance(a, b) / farthest).collect();
    let pairs = assignment(&cost, k, old).into_iter().enumerate();
    pairs
        .map(|(cluster, segment)| {
            let segment = segment.filter(|&segment| both[cluster * old + segment] > 0.0)?;
            Some(Matched { previous: segment as u32, overlap: overlap(cluster, segment) })
        })
        .collect()
}
