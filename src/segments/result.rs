//! What segments are made of.

use super::SegmentsOptions;
use super::cross::Cross;
use super::factors::Factors;
use super::gap::Gap;
use super::groups::RfmGroups;
use super::method::{DenseRegions, SoftMembership};
use super::notes::Note;
use super::options::SegmentsOf;
use super::previous::Matched;
use super::recipe::{Feature, Recipe};
use super::rule::Rule;
use super::stability::Stability;
use super::value::{Band, Tier, TierLimits};
use crate::bulk::{Floats, Indices};
use crate::meta::{Estimate, Meta};
use serde::Serialize;

/// A group of customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Position in display order, from 0: by mean monetary value (or mean of the first feature), highest first.
    pub index: u32,
    /// Stable text that no other segment has: the name where it is one, else `segment_1`, `segment_2`, … What [`super::attach`] writes.
    pub key: String,
    /// Stable key of the name ([`super::rfm::names`]); `segment` unless RFM; `outliers` for those of dense regions. Of a segment that goes on from a previous one, that one's.
    pub name: String,
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
    /// What sets it apart, the largest difference first, at most five.
    pub differences: Vec<Difference>,
    /// A rule that holds for most of its customers and few others; `None` where no condition helps.
    pub rule: Option<Rule>,
    /// Mean Jaccard similarity with its like in bootstrap samples; below 0.6 it is unstable. `None` where not measured.
    pub stability: Option<f64>,
    /// Expected value of a customer, with the 95 % interval of the mean; `None` without values.
    pub value: Option<Estimate>,
    /// What it is worth spending on; `None` without values.
    pub tier: Option<Tier>,
    /// The segment of the previous result that it goes on from; `None` for a new one.
    pub matched: Option<Matched>,
}

/// How a segment differs from the other customers in one feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Index into the features.
    pub feature: u32,
    /// Mean of the segment less the mean of all others, of transformed values, in standard deviations of all customers.
    pub difference: f64,
}

/// A number of segments that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Number of segments.
    pub k: u32,
    /// Mean silhouette.
    pub silhouette: f64,
    /// Sum of squared distances to the own centre, standardised.
    pub inertia: f64,
    /// Calinski–Harabasz index, over all points; `None` where it does not exist.
    pub calinski_harabasz: Option<f64>,
    /// Bayesian information criterion, lower is better; `None` unless of a mixture.
    pub bic: Option<f64>,
}

/// How the number of segments came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The options say it.
    Option,
    /// Largest mean silhouette; the smallest of equal ones.
    Silhouette,
    /// Lowest Bayesian information criterion; the smallest of equal ones.
    Bic,
    /// As many as there are dense regions.
    Density,
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
    /// What turns values into standardised features.
    pub features: Vec<Feature>,
    /// Features and segments in the form in which they are kept and applied to other customers.
    pub recipe: Recipe,
    /// What the recipe did to the columns.
    pub notes: Vec<Note>,
    /// Number of segments, that of outliers not included.
    pub k: u32,
    /// How it came about.
    pub chosen_by: ChosenBy,
    /// Numbers of segments that were tried, ascending; two or more, and one for a mixture.
    pub candidates: Vec<Candidate>,
    /// Sum of squared distances to the own centre, standardised.
    pub inertia: f64,
    /// Passes until no label changed; 0 unless k-means.
    pub iterations: u32,
    /// Mean silhouette, outliers left out; `None` for fewer than two segments with customers.
    pub silhouette: Option<f64>,
    /// How many points the silhouette was computed on: all up to 5,000, else a seeded sample of 5,000.
    pub silhouette_of: u32,
    /// Standard error of the mean silhouette from the choice of that sample; `None` where it is of all points.
    pub silhouette_error: Option<f64>,
    /// Whether there are clusters at all; `None` where not measured, or where all customers are equal.
    pub gap: Option<Gap>,
    /// How the stability of the segments was measured; `None` where it was not.
    pub stability: Option<Stability>,
    /// The segments in display order.
    pub segments: Vec<Segment>,
    /// Segment of each customer, in ascending id order.
    pub labels: Indices,
    /// Id of each customer.
    pub ids: Vec<String>,
    /// Customers in which a missing number stands at the median of its column, by position in `ids`.
    pub filled: Indices,
    /// Sample for the map.
    pub points: MapPoints,
    /// Principal components and rotated factors; `None` where all customers are equal.
    pub factors: Option<Factors>,
    /// Scores and named groups; `None` unless RFM.
    pub rfm: Option<RfmGroups>,
    /// Customers from the most valuable down; empty without values.
    pub bands: Vec<Band>,
    /// Limits of the tiers; `None` without values.
    pub tiers: Option<TierLimits>,
    /// Keys of segments of the previous result that none goes on from.
    pub vanished: Vec<String>,
    /// How clearly customers belong to their segments; `None` unless of a mixture.
    pub soft: Option<SoftMembership>,
    /// Radius and outliers; `None` unless of dense regions.
    pub dense: Option<DenseRegions>,
    /// The deals by segment; `None` where no deal has one.
    pub cross: Option<Cross>,
}
