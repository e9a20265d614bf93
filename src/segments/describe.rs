//! What each segment is: size, centre, medians, share of value, medoid, name, and the sample for the map.

use super::input::Input;
use super::kmeans::KMeans;
use super::points::Points;
use super::recipe::{Feature, weighted_median};
use super::silhouette::Silhouette;
use super::{MapPoints, Segment, rfm};
use crate::bulk::{Floats, Indices};
use crate::stats::order::{sort_rows, sorted_rows};

pub(super) struct Described {
    pub(super) segments: Vec<Segment>,
    /// Segment in display order by row.
    pub(super) labels: Vec<u32>,
    pub(super) points: MapPoints,
}

/// Segments in display order: by the mean of monetary value, or of the first feature, in original units, highest first.
pub(super) fn describe(
    input: &Input,
    features: &[Feature],
    points: &Points,
    model: &KMeans,
    judged: &Silhouette,
    map_points: usize,
) -> Described {
    let by_value = input.features.iter().find(|feature| input.money.is_some() && feature.name == "monetary");
    let ranked_by = by_value.or(input.features.first());
    let means = means_by_label(ranked_by.map_or(&[], |feature| &feature.values), &input.weights, model);
    let order = sorted_rows(model.k, &mut |a, b| means[b].total_cmp(&means[a]));
    let mut position = vec![0u32; model.k];
    for (at, &cluster) in order.iter().enumerate() {
        position[cluster] = at as u32;
    }
    let labels: Vec<u32> = model.labels.iter().map(|&label| position[label as usize]).collect();

    let total: f64 = model.sizes.iter().sum();
    let money = input.money.as_ref().map(|money| {
        let mut by_segment = vec![0.0; model.k];
        for ((&label, money), weight) in labels.iter().zip(money).zip(&input.weights) {
            by_segment[label as usize] += weight * money;
        }
        by_segment
    });
    let all_money: f64 = money.iter().flatten().sum();
    let medoids = medoids(points, model);
    let mut members = vec![Vec::new(); model.k];
    labels.iter().enumerate().for_each(|(row, &label)| members[label as usize].push(row));
    let mut segments: Vec<Segment> = order
        .iter()
        .enumerate()
        .map(|(at, &cluster)| {
            let standardised = &model.centroids[cluster * features.len()..(cluster + 1) * features.len()];
            let transformed: Vec<f64> = features.iter().zip(standardised).map(|(f, &z)| f.transformed(z)).collect();
            let centre: Vec<f64> = features.iter().zip(&transformed).map(|(f, &t)| f.transform.invert(t)).collect();
            let median = input.features.iter().zip(&centre).map(|(feature, &centre)| {
                let own = members[at].iter().map(|&row| (feature.values[row], input.weights[row])).collect();
                let median = weighted_median(own);
                if median.is_nan() { centre } else { median }
            });
            Segment {
                index: at as u32,
                name: "segment",
                size: model.sizes[cluster],
                share: model.sizes[cluster] / total,
                centre_standardised: standardised.to_vec(),
                centre_transformed: transformed,
                median: median.collect(),
                centre,
                value_share: money.as_ref().filter(|_| all_money > 0.0).map(|money| money[at] / all_money),
                silhouette: judged.of_cluster.get(cluster).copied().flatten(),
                medoid: input.ids.get(medoids[cluster]).cloned().unwrap_or_default(),
            }
        })
        .collect();
    if input.money.is_some() {
        let centres: Vec<Vec<f64>> = segments.iter().map(|segment| segment.centre_standardised.clone()).collect();
        for (segment, name) in segments.iter_mut().zip(rfm::names(&centres)) {
            segment.name = name;
        }
    }
    Described { segments, points: map(input, &labels, map_points), labels }
}

/// Weighted mean of `values` by label; −∞ where a label has no weight.
fn means_by_label(values: &[f64], weights: &[f64], model: &KMeans) -> Vec<f64> {
    let mut sums = vec![0.0; model.k];
    for ((&label, value), weight) in model.labels.iter().zip(values).zip(weights) {
        let label = label as usize;
        // Divided first: a sum of numbers near 1e308 overflows.
        sums[label] += value * (weight / model.sizes[label].max(f64::MIN_POSITIVE));
    }
    sums.iter().zip(&model.sizes).map(|(&sum, &size)| if size > 0.0 { sum } else { f64::NEG_INFINITY }).collect()
}

/// Row nearest to each centre, of the cluster's own rows where it has any.
fn medoids(points: &Points, model: &KMeans) -> Vec<usize> {
    let centres = model.centroids.chunks_exact(points.dims());
    centres
        .enumerate()
        .map(|(cluster, centre)| {
            let mut distances = vec![f64::INFINITY; points.len()];
            points.lower_to(centre, &mut distances);
            let empty = model.sizes[cluster] <= 0.0;
            let own = |row: &usize| empty || model.labels[*row] == cluster as u32;
            (0..points.len()).filter(own).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0)
        })
        .collect()
}

/// At most `limit` rows for the map: every n-th of the rows ordered by segment, so that each segment keeps its share.
fn map(input: &Input, labels: &[u32], limit: usize) -> MapPoints {
    let n = labels.len();
    let shown = n.min(limit);
    let by_segment = sorted_rows(n, &mut |a, b| labels[a].cmp(&labels[b]));
    // The middle of each of `shown` equal parts; in u64, because the product exceeds 32 bits of a wasm usize.
    let middle = |i: usize| ((2 * i as u64 + 1) * n as u64 / (2 * shown as u64)) as usize;
    let mut chosen: Vec<usize> = (0..shown).map(|i| by_segment[middle(i)]).collect();
    sort_rows(&mut chosen, &mut |a, b| a.cmp(&b));
    let row: Vec<u32> = chosen.into_iter().map(|row| row as u32).collect();
    let label = row.iter().map(|&row| labels[row as usize]).collect();
    let mut values = Vec::with_capacity(row.len() * input.features.len());
    for &row in &row {
        input.features.iter().for_each(|feature| values.push(feature.values[row as usize]));
    }
    MapPoints { label: Indices(label), values: Floats(values), row: Indices(row) }
}
