//! Groups of customers or deals that are alike: k-means on standardised features, most often on recency, frequency and monetary
//! value of orders.

pub mod kmeans;
pub mod linfa_traits;
pub mod points;
pub mod recipe;
pub mod rfm;
pub mod silhouette;

mod describe;
mod input;
mod lloyd;
mod options;

pub use options::{ColumnChoice, FeatureChoice, FeatureSet, Monetary, RfmTransforms, SegmentsOf, SegmentsOptions};
pub use recipe::{Feature, Transform};

use crate::bulk::{Floats, Indices};
use crate::crm::Crm;
use crate::error::{Error, Result};
use crate::meta::{Meta, Progress};
use input::Input;
use kmeans::{KMeans, KMeansParams};
use points::Points;
use serde::Serialize;
use silhouette::{Silhouette, silhouette};

/// A group of customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Position in display order, from 0: by mean monetary value (or mean of the first feature), highest first.
    pub index: u32,
    /// Stable key of the name ([`rfm::names`]); `segment` unless RFM.
    pub name: &'static str,
    /// Number (weight) of customers.
    pub size: f64,
    /// Share of all customers.
    pub share: f64,
    /// Centre of each feature as fitted.
    pub centre_standardised: Vec<f64>,
    /// Centre of each feature in its transformed scale.
    pub centre_transformed: Vec<f64>,
    /// Centre of each feature, back in original units.
    pub centre: Vec<f64>,
    /// Median of each feature in original units; the centre where the segment is empty.
    pub median: Vec<f64>,
    /// Share of the sum of all amounts; `None` unless RFM, or where that sum is not positive.
    pub value_share: Option<f64>,
    /// Mean silhouette of its customers (of those in the sample).
    pub silhouette: Option<f64>,
    /// Customer nearest to the centre, the first of equally near ones.
    pub medoid: String,
}

/// A number of segments that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Number of segments.
    pub k: u32,
    /// Mean silhouette.
    pub silhouette: f64,
    /// Sum of squared distances to the own centre, standardised.
    pub inertia: f64,
    /// Calinski–Harabasz index, over all points; NaN where it does not exist.
    pub calinski_harabasz: f64,
}

/// How the number of segments came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The options say it.
    Option,
    /// Largest mean silhouette; the smallest of equal ones.
    Silhouette,
}

/// Customers for a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapPoints {
    /// Position in `labels` and `ids`, ascending.
    pub row: Indices,
    /// Segment.
    pub label: Indices,
    /// Features in original units, row-major.
    pub values: Floats,
}

/// Segments of customers or deals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentsResult {
    /// Provenance.
    pub meta: Meta<SegmentsOptions>,
    /// What was segmented.
    pub of: SegmentsOf,
    /// The recipe: what turns values into standardised features.
    pub features: Vec<Feature>,
    /// Number of segments.
    pub k: u32,
    /// How it came about.
    pub chosen_by: ChosenBy,
    /// Numbers of segments that were tried, two or more, ascending.
    pub candidates: Vec<Candidate>,
    /// Sum of squared distances to the own centre, standardised.
    pub inertia: f64,
    /// Passes until no label changed.
    pub iterations: u32,
    /// Mean silhouette; `None` for fewer than two segments with customers.
    pub silhouette: Option<f64>,
    /// How many points the silhouette was computed on: all up to 5,000, else a seeded sample of 5,000.
    pub silhouette_of: u32,
    /// The segments in display order.
    pub segments: Vec<Segment>,
    /// Segment of each customer, in ascending id order.
    pub labels: Indices,
    /// Id of each customer.
    pub ids: Vec<String>,
    /// Sample for the map.
    pub points: MapPoints,
}

/// More points than this are sampled for the silhouette: its time grows with the square.
const SILHOUETTE_POINTS: usize = 5000;
const SILHOUETTE_STREAM: u32 = 98;
const SWAPS: usize = 20;
const LARGEST_K_TRIED: usize = 10;

/// Segments of the customers (or deals) of `crm`.
///
/// k-means (Lloyd to no reassignment, greedy k-means++ starts) on transformed and standardised features; the number of segments is
/// that of 2…10 with the largest mean silhouette, unless `options.k` says it, and never more than there are different customers.
/// One customer, or only equal ones, give one segment. A constant feature does not count.
///
/// # Errors
/// [`Error::MissingTable`], [`Error::UnknownColumn`] or [`Error::InvalidOption`] where the features cannot be had or an option is
/// out of range; [`Error::TooFew`] for no usable customers, or fewer different ones than `options.k`.
pub fn segments(crm: &Crm, options: &SegmentsOptions, progress: &mut Progress<'_>) -> Result<SegmentsResult> {
    options.check()?;
    let input = input::input(crm, options)?;
    let what = if input.of == SegmentsOf::Deals { "deals" } else { "customers" };
    let too_few =
        |what: String, needed: usize, have: usize| Error::TooFew { analysis: "segments".into(), what, needed, have };
    if input.ids.is_empty() {
        return Err(too_few(format!("{what} with all features"), 1, 0));
    }
    let (features, points) = standardised(&input);
    let sample = (points.len() > SILHOUETTE_POINTS)
        .then(|| kmeans::sample(points.len(), SILHOUETTE_POINTS, options.seed, SILHOUETTE_STREAM));
    let judge = Judge { points: &points, sampled: sample.as_ref().map(|rows| points.select(rows)), sample };
    progress.report(0.05);

    let (model, candidates, chosen_by, judged) = match (&options.start_rows, options.k) {
        (Some(rows), _) => {
            let model = kmeans::kmeans_from_rows(&points, rows)?;
            let (candidate, judged) = judge.candidate(&model);
            (model, vec![candidate], ChosenBy::Option, judged)
        }
        (None, Some(k)) => {
            let k = k as usize;
            let distinct = points.distinct(k);
            if distinct < k {
                return Err(too_few(format!("different {what} for {k} segments"), k, distinct));
            }
            let model = fit(&points, k, options, SWAPS)?;
            let (candidate, judged) = judge.candidate(&model);
            (model, vec![candidate], ChosenBy::Option, judged)
        }
        (None, None) => {
            let (model, candidates, judged) = choose(&judge, options, progress)?;
            (model, candidates, ChosenBy::Silhouette, judged)
        }
    };
    progress.report(0.95);
    let described = describe::describe(&input, &features, &points, &model, &judged, options.points as usize);
    progress.report(1.0);
    let used = SegmentsOptions {
        features: Some(options.features.clone().unwrap_or(FeatureChoice::Named(FeatureSet::Rfm))),
        of: Some(input.of),
        ..options.clone()
    };
    let table = match input.of {
        SegmentsOf::Orders => "orders",
        SegmentsOf::Customers => "customers",
        SegmentsOf::Deals => "deals",
    };
    Ok(SegmentsResult {
        meta: Meta::new("segments", crm, &[table], used, input.rows_used, input.left_out).with_seed(options.seed),
        of: input.of,
        features,
        k: model.k as u32,
        chosen_by,
        candidates: candidates.into_iter().filter(|candidate| candidate.k >= 2).collect(),
        inertia: model.inertia,
        iterations: model.iterations as u32,
        silhouette: (model.sizes.iter().filter(|&&size| size > 0.0).count() >= 2).then_some(judged.mean),
        silhouette_of: judge.sampled.as_ref().unwrap_or(&points).len() as u32,
        segments: described.segments,
        labels: Indices(described.labels),
        ids: input.ids,
        points: described.points,
    })
}

fn standardised(input: &Input) -> (Vec<Feature>, Points) {
    let columns: Vec<Vec<f64>> = input.features.iter().map(|feature| feature.transformed.clone()).collect();
    let (rows, moments) = recipe::standardise(&columns, &input.weights);
    let features = input.features.iter().zip(moments).map(|(feature, (mean, standard_deviation))| Feature {
        name: feature.name.clone(),
        transform: feature.transform,
        mean,
        standard_deviation,
        unit: feature.unit,
    });
    (features.collect(), Points::new(columns.len(), &rows, Some(&input.weights)))
}

fn fit(points: &Points, k: usize, options: &SegmentsOptions, swaps: usize) -> Result<KMeans> {
    kmeans::kmeans(points, KMeansParams { k, restarts: options.restarts as usize, swaps, seed: options.seed })
}

/// Measures how well clusters are apart, always on the same points.
struct Judge<'a> {
    points: &'a Points,
    sample: Option<Vec<u32>>,
    sampled: Option<Points>,
}

impl Judge<'_> {
    fn candidate(&self, model: &KMeans) -> (Candidate, Silhouette) {
        let judged = match (&self.sample, &self.sampled) {
            (Some(rows), Some(sampled)) => {
                let labels: Vec<u32> = rows.iter().map(|&row| model.labels[row as usize]).collect();
                silhouette(sampled, &labels, model.k)
            }
            _ => silhouette(self.points, &model.labels, model.k),
        };
        let candidate = Candidate {
            k: model.k as u32,
            silhouette: judged.mean,
            inertia: model.inertia,
            calinski_harabasz: kmeans::calinski_harabasz(self.points, model),
        };
        (candidate, judged)
    }
}

/// The clustering with the largest mean silhouette, and all that were tried.
fn choose(
    judge: &Judge<'_>,
    options: &SegmentsOptions,
    progress: &mut Progress<'_>,
) -> Result<(KMeans, Vec<Candidate>, Silhouette)> {
    let points = judge.points;
    // Where every cluster is one point there is no silhouette.
    let weight = points.weighted_sum(&vec![1.0; points.len()]);
    let largest = points.distinct(LARGEST_K_TRIED).min((weight.ceil() as usize).saturating_sub(1));
    // The swaps take most of the time and hardly change the silhouette; on many points only the chosen number gets them.
    let swaps = if points.len() > SILHOUETTE_POINTS { 0 } else { SWAPS };
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut best: Option<(KMeans, Candidate, Silhouette)> = None;
    for k in 2..=largest {
        let model = fit(points, k, options, swaps)?;
        let (candidate, judged) = judge.candidate(&model);
        candidates.push(candidate);
        if best.as_ref().is_none_or(|(_, other, _)| candidate.silhouette > other.silhouette) {
            best = Some((model, candidate, judged));
        }
        progress.report(0.05 + 0.8 * (k - 1) as f64 / (largest - 1) as f64);
    }
    match best {
        Some((quick, candidate, quickly_judged)) => {
            let model = if swaps == SWAPS { quick.clone() } else { fit(points, quick.k, options, SWAPS)? };
            if model.inertia >= quick.inertia {
                return Ok((quick, candidates, quickly_judged));
            }
            let (better, judged) = judge.candidate(&model);
            candidates.iter_mut().filter(|other| other.k == candidate.k).for_each(|other| *other = better);
            Ok((model, candidates, judged))
        }
        None => {
            let model = fit(points, 1, options, 0)?;
            let (_, judged) = judge.candidate(&model);
            Ok((model, candidates, judged))
        }
    }
}

#[cfg(test)]
mod tests;
