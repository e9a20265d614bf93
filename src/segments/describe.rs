//! What each segment is: size, centre, medians, share of value, medoid, name, and the sample for the map.

use super::groups::RfmGroups;
use super::input::{Input, InputFeature};
use super::kmeans::KMeans;
use super::lloyd::own_distances;
use super::method::{Found, OUTLIERS};
use super::points::Points;
use super::previous::{self, Matched};
use super::recipe::{Feature, MISSING, Recipe};
use super::rule::Grove;
use super::units::Units;
use super::value::{self, Band, TierLimits};
use super::{Difference, MapPoints, Prepared, Segment, SegmentsOptions, SegmentsResult, groups, rfm};
use crate::bulk::{Floats, Indices};
use crate::error::Result;
use crate::quality::harmless;
use crate::stats::order::{sort_rows, sorted_rows};
use crate::table::{Column, Levels, Table, Texts, Values};

pub(super) struct Described {
    pub(super) segments: Vec<Segment>,
    /// Segment in display order by row.
    pub(super) labels: Vec<u32>,
    pub(super) points: MapPoints,
    pub(super) tiers: Option<TierLimits>,
    pub(super) vanished: Vec<String>,
    /// Segment of each cluster.
    pub(super) position: Vec<u32>,
}

/// What can be said before there are segments.
pub(super) struct Known {
    pub(super) rfm: Option<RfmGroups>,
    pub(super) bands: Vec<Band>,
    limits: Option<TierLimits>,
    /// Rows by feature in ascending order of its values.
    orders: Vec<Vec<usize>>,
}

impl Known {
    pub(super) fn of(input: &Input) -> Known {
        let value = input.value.as_deref();
        let ascending = |feature: &InputFeature| {
            sorted_rows(feature.values.len(), &mut |a, b| feature.values[a].total_cmp(&feature.values[b]))
        };
        Known {
            rfm: groups::groups(input),
            bands: value.map_or_else(Vec::new, |value| value::bands(value, &input.weights)),
            limits: value.and_then(|value| value::usual_limits(value, &input.weights)),
            orders: input.features.iter().map(ascending).collect(),
        }
    }
}

/// Weighted median of the values of each of `k` labels, rows taken in the ascending order of `values`; NaN for a label without weight.
fn medians_by_label(values: &[f64], order: &[usize], weights: &[f64], labels: &[u32], k: usize) -> Vec<f64> {
    let (mut sizes, mut sums) = (vec![0.0; k], vec![0.0; k]);
    labels.iter().zip(weights).for_each(|(&label, weight)| sizes[label as usize] += weight);
    let (mut medians, mut lower) = (vec![f64::NAN; k], vec![None; k]);
    for &row in order.iter().filter(|&&row| weights[row] > 0.0) {
        let label = labels[row] as usize;
        if !medians[label].is_nan() {
            continue;
        }
        sums[label] += weights[row];
        match lower[label] {
            Some(lower) => medians[label] = 0.5 * lower + 0.5 * values[row],
            None if sums[label] > 0.5 * sizes[label] => medians[label] = values[row],
            None if sums[label] == 0.5 * sizes[label] => lower[label] = Some(values[row]),
            None => {}
        }
    }
    medians
}

/// Segments in display order: by the mean of monetary value, or of the first feature, in original units, highest first.
pub(super) fn describe(
    prepared: &Prepared,
    Found { model, judged, outliers, .. }: &Found,
    stability: &[Option<f64>],
    options: &SegmentsOptions,
) -> Described {
    let is_outliers = |cluster: usize| *outliers == Some(cluster);
    let Prepared { input, known, features, points, .. } = prepared;
    let by_value = input.features.iter().find(|feature| input.money.is_some() && feature.name == "monetary");
    let ranked_by = by_value.or(input.features.first());
    let means = means_by_label(ranked_by.map_or(&[], |feature| &feature.values), &input.weights, model);
    let matched = match &options.previous {
        Some(previous) => matched_to(previous, input, features, model, *outliers),
        None => vec![None; model.k],
    };
    let place = |cluster: usize| matched[cluster].as_ref().map_or(u32::MAX, |matched| matched.previous);
    let order = sorted_rows(model.k, &mut |a, b| {
        let last = is_outliers(a).cmp(&is_outliers(b));
        last.then(place(a).cmp(&place(b))).then(means[b].total_cmp(&means[a]))
    });
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
    let limits = options.tiers.filter(|_| input.value.is_some()).or(known.limits);
    let medians: Vec<Vec<f64>> = input
        .features
        .iter()
        .zip(&known.orders)
        .map(|(feature, order)| medians_by_label(&feature.values, order, &input.weights, &labels, model.k))
        .collect();
    let units = Units::new(points);
    let grove = Grove::new(&input.features, &labels, &input.weights, &units, options.seed);
    let range = input
        .value
        .iter()
        .flatten()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    let mut segments: Vec<Segment> = order
        .iter()
        .enumerate()
        .map(|(at, &cluster)| {
            let standardised = &model.centroids[cluster * features.len()..(cluster + 1) * features.len()];
            let transformed: Vec<f64> = features.iter().zip(standardised).map(|(f, &z)| f.transformed(z)).collect();
            let centre: Vec<f64> = features.iter().zip(&transformed).map(|(f, &t)| f.transform.invert(t)).collect();
            let or_centre = |(medians, &centre): (&Vec<f64>, &f64)| {
                if medians[at].is_nan() { centre } else { medians[at] }
            };
            let median = medians.iter().zip(&centre).map(or_centre);
            let expected = input
                .value
                .as_ref()
                .and_then(|value| value::mean(members[at].iter().map(|&row| (value[row], input.weights[row])), range));
            Segment {
                index: at as u32,
                key: String::new(),
                name: "segment".into(),
                size: model.sizes[cluster],
                share: model.sizes[cluster] / total,
                centre_standardised: standardised.to_vec(),
                centre_transformed: transformed,
                median: median.collect(),
                centre,
                value_share: money.as_ref().filter(|_| all_money > 0.0).map(|money| money[at] / all_money),
                silhouette: judged.of_cluster.get(cluster).copied().flatten(),
                medoid: input.ids.get(medoids[cluster]).cloned().unwrap_or_default(),
                differences: differences(standardised, features, model.sizes[cluster], total),
                rule: grove.rule(at as u32),
                stability: stability.get(cluster).copied().flatten(),
                value: expected,
                tier: expected.as_ref().zip(limits).map(|(expected, limits)| value::tier(expected, limits)),
                matched: matched[cluster].clone(),
            }
        })
        .collect();
    if let Some(last) = segments.last_mut().filter(|_| outliers.is_some()) {
        last.name = OUTLIERS.into();
    }
    if input.money.is_some() {
        let of_regions = segments.iter().filter(|segment| segment.name != OUTLIERS);
        let centres: Vec<Vec<f64>> = of_regions.map(|segment| segment.centre_standardised.clone()).collect();
        for (segment, name) in segments.iter_mut().zip(rfm::names(&centres)) {
            segment.name = name.into();
        }
    }
    let vanished = name(&mut segments, options.previous.as_ref());
    let points = map(input, &labels, &members.concat(), options.points as usize);
    Described { segments, points, labels, tiers: limits, vanished, position }
}

/// Gives matched segments the names they had, and every segment a key of its own. Returns the keys that are gone.
fn name(segments: &mut [Segment], previous: Option<&Recipe>) -> Vec<String> {
    let before = previous.map_or([].as_slice(), |previous| &previous.segments);
    let mut goes_on = vec![false; before.len()];
    for segment in segments.iter_mut() {
        let old = segment.matched.as_ref().and_then(|matched| before.get(matched.previous as usize));
        if let (Some(matched), Some(old)) = (&segment.matched, old) {
            goes_on[matched.previous as usize] = true;
            (segment.name, segment.key) = (old.name.clone(), old.key.clone());
        }
    }
    let mut used: Vec<String> = before.iter().flat_map(|old| [old.key.clone(), old.name.clone()]).collect();
    for segment in segments.iter_mut().filter(|segment| segment.matched.is_none()) {
        if segment.name == OUTLIERS {
            segment.key = OUTLIERS.into();
            continue;
        }
        if used.contains(&segment.name) {
            segment.name = "segment".into();
        }
        segment.key = segment.name.clone();
        if segment.name == "segment" {
            let numbered = |number: usize| ["segment_", &number.to_string()].concat();
            let free = (1..).map(numbered).find(|key| !used.contains(key));
            segment.key = free.unwrap_or_default();
        }
        used.push(segment.key.clone());
    }
    let gone = before.iter().zip(&goes_on).filter(|(_, goes_on)| !**goes_on);
    gone.map(|(old, _)| old.key.clone()).collect()
}

/// The segments of `previous` that the clusters go on from; none where it is about other features.
fn matched_to(
    previous: &Recipe,
    input: &Input,
    features: &[Feature],
    model: &KMeans,
    outliers: Option<usize>,
) -> Vec<Option<Matched>> {
    let n = input.ids.len();
    let same = |a: &Feature, b: &InputFeature| a.name == b.name && a.level == b.level;
    let places: Vec<Option<usize>> =
        previous.features.iter().map(|old| input.features.iter().position(|feature| same(old, feature))).collect();
    // A level may have come or gone; a number may not.
    let unknown = previous.features.iter().zip(&places).any(|(old, place)| place.is_none() && old.level.is_none());
    let new_number = features.iter().any(|feature| {
        feature.level.is_none() && !previous.features.iter().any(|old| old.name == feature.name && old.level.is_none())
    });
    if unknown || new_number {
        return vec![None; model.k];
    }
    let dims = previous.features.len();
    let mut rows = vec![0.0; n * dims];
    let mut sums = vec![0.0; model.k * dims];
    for (j, (old, place)) in previous.features.iter().zip(&places).enumerate() {
        let of_missing =
            |feature: &&InputFeature| feature.name == old.name && feature.level.as_deref() == Some(MISSING);
        let missing = input.features.iter().find(of_missing).filter(|_| old.level.is_none());
        for row in 0..n {
            let value = match place {
                _ if missing.is_some_and(|missing| missing.values[row] == 1.0) => old.median,
                Some(place) => input.features[*place].values[row],
                None => 0.0,
            };
            let transformed = old.transform.apply(value);
            let known = if transformed.is_finite() { transformed } else { old.transform.apply(old.median) };
            let standardised = old.standardised(known);
            rows[row * dims + j] = standardised;
            sums[model.labels[row] as usize * dims + j] += input.weights[row] * standardised;
        }
    }
    let before = previous.segments_of(&Points::from_rows(dims, rows, None));
    let own = sums.chunks_exact(dims).zip(&model.sizes);
    let own: Vec<Vec<f64>> =
        own.map(|(sum, &size)| sum.iter().map(|sum| if size > 0.0 { sum / size } else { 0.0 }).collect()).collect();
    let mut matched = previous::matched(previous, &before, &model.labels, &input.weights, &own);
    let of_outliers = previous.density.as_ref().and_then(|density| density.outliers);
    for (cluster, matched) in matched.iter_mut().enumerate() {
        // Outliers go on as outliers only.
        let was = |matched: &Matched| Some(matched.previous) == of_outliers;
        *matched = matched.take().filter(|matched| was(matched) == (outliers == Some(cluster)));
    }
    matched
}

const DIFFERENCES: usize = 5;

/// The features in which the mean of a segment of weight `size` differs most from that of the other customers.
fn differences(centre: &[f64], features: &[Feature], size: f64, total: f64) -> Vec<Difference> {
    if !(size > 0.0 && size < total) {
        return Vec::new();
    }
    let of = |(z, feature): (&f64, &Feature)| {
        // A level is standardised by √2, its own deviation is that of its share.
        let spread = match feature.level {
            Some(_) => (feature.mean * (1.0 - feature.mean)).max(0.0).sqrt() / feature.standard_deviation,
            None => 1.0,
        };
        // The mean of all is 0, so that the mean of the others follows from that of the segment.
        if spread > 0.0 { z / spread * total / (total - size) } else { 0.0 }
    };
    let all: Vec<f64> = centre.iter().zip(features).map(of).collect();
    let order = sorted_rows(all.len(), &mut |a, b| all[b].abs().total_cmp(&all[a].abs()));
    let largest = order.into_iter().filter(|&feature| all[feature] != 0.0).take(DIFFERENCES);
    largest.map(|feature| Difference { feature: feature as u32, difference: all[feature] }).collect()
}

/// One row per customer: `id`, `segment` (key), and for RFM the `group` and the three scores.
pub fn labels_table(result: &SegmentsResult) -> Result<Table> {
    let texts = |levels: Levels, codes: Vec<u32>| Values::Texts(Texts { codes, levels });
    let column = |name: &str, values: Values| Column { name: name.into(), values };
    let ids: Levels = result.ids.iter().map(|id| harmless(id)).collect();
    let keys = result.segments.iter().map(|segment| segment.key.as_str()).collect();
    let mut columns = vec![
        column("id", texts(ids, (0..result.ids.len() as u32).collect())),
        column("segment", texts(keys, result.labels.0.clone())),
    ];
    if let Some(rfm) = &result.rfm {
        columns.push(column("group", texts(groups::NAMES.iter().copied().collect(), rfm.labels.0.clone())));
        for (name, scores) in [("recency", &rfm.recency), ("frequency", &rfm.frequency), ("monetary", &rfm.monetary)] {
            let values = scores.0.iter().map(|&score| f64::from(score)).collect();
            columns.push(column(&["score_", name].concat(), Values::Numbers(values)));
        }
    }
    Table::new("segments", columns)
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
    let mut nearest = vec![(f64::INFINITY, 0); model.k];
    let distances = own_distances(points, &model.centroids, &model.labels);
    for (row, (&label, &distance)) in model.labels.iter().zip(&distances).enumerate() {
        let nearest = &mut nearest[label as usize];
        if distance < nearest.0 {
            *nearest = (distance, row);
        }
    }
    let of_all = |centre: &[f64]| {
        let mut distances = vec![f64::INFINITY; points.len()];
        points.lower_to(centre, &mut distances);
        (0..points.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0)
    };
    let medoid = |(centre, &(distance, row)): (&[f64], &(f64, usize))| {
        if distance.is_finite() { row } else { of_all(centre) }
    };
    model.centroids.chunks_exact(points.dims()).zip(&nearest).map(medoid).collect()
}

/// At most `limit` rows for the map: every n-th of the rows ordered by segment, so that each segment keeps its share.
fn map(input: &Input, labels: &[u32], by_segment: &[usize], limit: usize) -> MapPoints {
    let n = labels.len();
    let shown = n.min(limit);
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
