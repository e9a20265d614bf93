//! Groups of customers or deals that are alike: k-means on standardised features, most often on recency, frequency and monetary
//! value of orders; whether they are real, what they are, and what they mean for deals.

pub mod density;
pub mod groups;
pub mod kmeans;
pub mod linfa_traits;
pub mod mixture;
pub mod points;
pub mod recipe;
pub mod rfm;
pub mod silhouette;

mod accounts;
mod assign;
mod cross;
mod describe;
mod factors;
mod gap;
mod input;
mod lloyd;
mod method;
mod notes;
mod options;
mod previous;
mod result;
mod rule;
mod stability;
mod units;
mod value;

pub use accounts::ACCOUNT_COLUMNS;
pub use assign::{Assigned, NO_SEGMENT, assign, assign_loaded};
pub use cross::{Cross, CrossRow, CrossStage, MedianDays, ROLE, SegmentDeals, attach, segment_of_deals};
pub use describe::labels_table;
pub use factors::{Bins, Component, Factor, Factors, Loading};
pub use gap::{EXCESS, Gap, GapValue, Verdict};
pub use groups::{RfmGroup, RfmGroups};
pub use method::{DenseRegions, Method, OUTLIERS, SoftMembership, UNSURE};
pub use notes::{Note, NoteCode};
pub use options::{ColumnChoice, FeatureChoice, FeatureSet, Monetary, RfmTransforms, SegmentsOf, SegmentsOptions};
pub use previous::Matched;
pub use recipe::{Feature, Recipe, RecipeDensity, RecipeMixture, RecipeSegment, Transform};
pub use result::{Candidate, ChosenBy, Difference, MapPoints, Segment, SegmentsResult};
pub use rule::{Condition, Rule};
pub use stability::{Stability, UNSTABLE};
pub use value::{Band, Tier, TierLimits};

use crate::bulk::Indices;
use crate::crm::Crm;
use crate::error::{Error, Result};
use crate::meta::{Meta, Progress};
use describe::Known;
use input::Input;
use kmeans::{EmptyCluster, KMeans, KMeansParams};
use method::Found;
use points::Points;
use silhouette::{Labels, Silhouette, silhouettes_sampled};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// More points than this are sampled for the silhouette: its time grows with the square.
const SILHOUETTE_POINTS: usize = 5000;
const SWAPS: usize = 20;
/// A few hundred customers have many optima that lie close together, and trying them costs nothing.
const SWAPS_OF_FEW: usize = 200;
const FEW: usize = 500;
/// Above so many customers the search for each k begins at the segments of another one.
const MANY: usize = 5000;
const LARGEST_K_TRIED: usize = 10;

/// Reference sets and bootstrap samples where the options do not say how many.
const REFERENCES: u32 = 20;
const BOOTSTRAPS: u32 = 50;

/// Customers ready to be segmented: what does not depend on the number of segments, so that a slider of k answers at once.
pub struct Prepared {
    chosen: SegmentsOptions,
    input: Input,
    features: Vec<Feature>,
    points: Points,
    known: Known,
    /// Where there are many customers, the segments from which those of every other number are found.
    base: OnceCell<KMeans>,
    /// What was found for each number of segments.
    fitted: RefCell<BTreeMap<usize, Fitted>>,
    place_of_deals: OnceCell<Option<Vec<u32>>>,
}

/// Clusters without their labels, which one pass over the points gives back.
struct Fitted {
    centroids: Vec<f64>,
    iterations: usize,
    candidate: Candidate,
    judged: Silhouette,
}

impl Prepared {
    /// The customers (or deals) of `crm` that `options` choose.
    ///
    /// # Errors
    /// As [`segments()`].
    pub fn new(crm: &Crm, options: &SegmentsOptions) -> Result<Prepared> {
        let input = input::input(crm, options)?;
        if input.ids.is_empty() {
            return Err(too_few(format!("{} with all features", what(&input)), 1, 0));
        }
        let (features, points) = standardised(&input);
        let known = Known::of(&input);
        let (base, fitted, place_of_deals) = (OnceCell::new(), RefCell::default(), OnceCell::new());
        Ok(Prepared { chosen: options.clone(), input, features, points, known, base, fitted, place_of_deals })
    }

    /// Whether these are the customers, prepared as `options` ask.
    pub fn answers(&self, options: &SegmentsOptions) -> bool {
        let of = |options: &SegmentsOptions| {
            (options.features.clone(), options.of, options.transforms, options.monetary, options.seed, options.restarts)
        };
        of(&self.chosen) == of(options)
    }

    /// `k` clusters. Of many customers each k is reached from the same one, found once: the answer does not depend on what was asked before.
    fn fit(&self, k: usize, options: &SegmentsOptions) -> Result<KMeans> {
        let points = &self.points;
        let fit = |k: usize, swaps: usize| {
            kmeans::kmeans(points, KMeansParams { k, restarts: options.restarts as usize, swaps, seed: options.seed })
        };
        if points.len() <= MANY {
            return fit(k, if points.len() > FEW { SWAPS } else { SWAPS_OF_FEW });
        }
        let base = match self.base.get() {
            Some(base) => base,
            None => {
                let base = fit(points.distinct(LARGEST_K_TRIED), SWAPS)?;
                self.base.get_or_init(|| base)
            }
        };
        kmeans::kmeans_warm(points, base, k, options.seed)
    }

    /// The clusters for each of `numbers`, all judged on the same points; those that were found before are not looked for again.
    fn judge(
        &self,
        judge: &Judge<'_>,
        numbers: RangeInclusive<usize>,
        options: &SegmentsOptions,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let mut fitted = self.fitted.borrow_mut();
        let new: Vec<usize> = numbers.filter(|k| !fitted.contains_key(k)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut models = Vec::with_capacity(new.len());
        for (at, &k) in new.iter().enumerate() {
            models.push(self.fit(k, options)?);
            progress.report((at + 1) as f64 / (new.len() + 1) as f64);
        }
        let judged = judge.candidates(&models);
        for (model, (candidate, judged)) in models.into_iter().zip(judged) {
            let KMeans { k, centroids, iterations, .. } = model;
            fitted.insert(k, Fitted { centroids, iterations, candidate, judged });
        }
        Ok(())
    }

    /// The `k` clusters that [`Prepared::judge`] found.
    fn found(&self, k: usize, candidates: Vec<Candidate>, chosen_by: ChosenBy) -> Found {
        let fitted = self.fitted.borrow();
        let Some(Fitted { centroids, iterations, judged, .. }) = fitted.get(&k) else {
            return Found::by_kmeans(KMeans::none(), candidates, chosen_by, Silhouette::default());
        };
        let model = lloyd::lloyd(&self.points, centroids.clone(), EmptyCluster::Relocate);
        Found::by_kmeans(KMeans { iterations: *iterations, ..model }, candidates, chosen_by, judged.clone())
    }

    /// Position in the ids of each deal's customer.
    fn place_of_deals(&self, crm: &Crm) -> Option<&[u32]> {
        self.place_of_deals.get_or_init(|| cross::place_of_deals(crm, self.input.of, &self.input.ids)).as_deref()
    }

    /// As [`attach()`], in less time.
    pub fn attach(&self, crm: &mut Crm, result: &SegmentsResult) -> bool {
        let of_deals = self.place_of_deals(crm).map(|places| cross::segments_at(places, result));
        cross::attach_column(crm, of_deals, result)
    }

    /// Positions in the ids of the customers in the band at `place` of the result, the most valuable first; none where there is no such band.
    pub fn in_band(&self, place: u32) -> Vec<u32> {
        let (band, value) = (self.known.bands.get(place as usize), self.input.value.as_deref());
        band.zip(value).map_or_else(Vec::new, |(band, value)| value::rows_in(band, value, &self.input.weights))
    }

    /// The segments, as [`segments()`] gives them for the same data and `options`.
    ///
    /// # Errors
    /// As [`segments()`].
    pub fn segments(
        &self,
        crm: &Crm,
        options: &SegmentsOptions,
        progress: &mut Progress<'_>,
    ) -> Result<SegmentsResult> {
        options.check()?;
        let Prepared { input, features, points, .. } = self;
        let judge = Judge { points, seed: options.seed };
        progress.report(0.05);
        if let Some(k) = options.k.filter(|_| options.start_rows.is_none()) {
            let distinct = points.distinct(k as usize);
            if distinct < k as usize {
                return Err(too_few(format!("different {} for {k} segments", what(input)), k as usize, distinct));
            }
        }
        let mut found = match (options.method, &options.start_rows, options.k) {
            (Method::Mixture, ..) => method::by_mixture(&judge, options, progress)?,
            (Method::Density, ..) => method::by_density(&judge, options, progress)?,
            (Method::Kmeans, Some(rows), _) => {
                let model = kmeans::kmeans_from_rows(points, rows)?;
                let (candidate, judged) = judge.candidate(&model);
                Found::by_kmeans(model, vec![candidate], ChosenBy::Option, judged)
            }
            (Method::Kmeans, None, k) => {
                // Where every cluster is one point there is no silhouette.
                let without_silhouette = points.total_weight().ceil() as usize;
                let largest = points.distinct(LARGEST_K_TRIED).min(without_silhouette.saturating_sub(1)).max(1);
                let numbers = match k {
                    Some(k) => k as usize..=k as usize,
                    None => largest.min(2)..=largest,
                };
                let mut part = |share: f64| progress.report(0.05 + 0.4 * share);
                self.judge(&judge, numbers.clone(), options, &mut Progress::to(&mut part))?;
                let fitted = self.fitted.borrow();
                let candidates: Vec<Candidate> =
                    numbers.filter_map(|k| fitted.get(&k)).map(|fitted| fitted.candidate).collect();
                let best = candidates
                    .iter()
                    .copied()
                    .reduce(|best, other| if other.silhouette > best.silhouette { other } else { best });
                let chosen_by = if k.is_some() { ChosenBy::Option } else { ChosenBy::Silhouette };
                self.found(best.map_or(0, |best| best.k as usize), candidates, chosen_by)
            }
        };
        progress.report(0.5);
        let is_told = found.chosen_by == ChosenBy::Option;
        let usual = |usual: u32, has: bool| if has && !is_told { usual } else { 0 };
        let references = options.references.unwrap_or(usual(REFERENCES, true));
        let bootstraps = options.bootstraps.unwrap_or(usual(BOOTSTRAPS, options.method == Method::Kmeans));
        let mut part = |share: f64| progress.report(0.5 + 0.2 * share);
        let gap = gap::gap(points, references, options.seed, &mut Progress::to(&mut part))?;
        let mut part = |share: f64| progress.report(0.7 + 0.2 * share);
        let (stability, of_cluster) = match bootstraps {
            0 => (None, vec![None; found.model.k]),
            _ => {
                let to = &mut Progress::to(&mut part);
                let (how, of_cluster) = stability::stability(points, &found.model, bootstraps, options.seed, to)?;
                (Some(how), of_cluster)
            }
        };
        let described = describe::describe(self, &found, &of_cluster, options);
        found.in_order(&described.position);
        let used = SegmentsOptions {
            features: Some(options.features.clone().unwrap_or(FeatureChoice::Named(match input.of {
                SegmentsOf::Orders => FeatureSet::Rfm,
                _ => FeatureSet::Columns,
            }))),
            of: Some(input.of),
            references: Some(references),
            bootstraps: Some(bootstraps),
            ..options.clone()
        };
        let table = if input.of == SegmentsOf::Accounts { "deals" } else { input::table_of(input.of) };
        let recipe = Recipe {
            version: 1,
            of: input.of,
            monetary: options.monetary,
            features: features.clone(),
            segments: described
                .segments
                .iter()
                .map(|segment| RecipeSegment {
                    key: segment.key.clone(),
                    name: segment.name.clone(),
                    centre: segment.centre_standardised.clone(),
                })
                .collect(),
            mixture: found.soft.as_ref().map(|(recipe, _)| recipe.clone()),
            density: found.dense.as_ref().map(|(recipe, _)| recipe.clone()),
        };
        let Found { model, candidates, chosen_by, judged, outliers, soft, dense } = found;
        let regions = model.sizes.iter().take(model.k - usize::from(outliers.is_some()));
        progress.report(0.95);
        let factors =
            factors::factors(features, points, &described.labels, &described.segments, &described.points.row.0);
        let meta = Meta::new("segments", crm, &[table], used, input.rows_used, input.left_out.clone());
        let mut result = SegmentsResult {
            meta: meta.with_seed(options.seed),
            of: input.of,
            features: features.clone(),
            recipe,
            notes: input.notes.clone(),
            k: regions.len() as u32,
            chosen_by,
            candidates: candidates
                .into_iter()
                .filter(|candidate| candidate.k >= 2 || candidate.bic.is_some())
                .collect(),
            inertia: model.inertia,
            iterations: model.iterations as u32,
            silhouette: (regions.filter(|&&size| size > 0.0).count() >= 2).then_some(judged.mean),
            silhouette_of: points.len().min(SILHOUETTE_POINTS) as u32,
            silhouette_error: (points.len() > SILHOUETTE_POINTS).then_some(judged.standard_error),
            gap,
            stability,
            segments: described.segments,
            labels: Indices(described.labels),
            ids: input.ids.clone(),
            points: described.points,
            factors,
            filled: Indices(input.filled.clone()),
            rfm: self.known.rfm.clone(),
            bands: self.known.bands.clone(),
            tiers: described.tiers,
            vanished: described.vanished,
            soft: soft.map(|(_, of)| of),
            dense: dense.map(|(_, of)| of),
            cross: None,
        };
        result.cross = cross::cross(crm, &result, self.place_of_deals(crm))?;
        progress.report(1.0);
        Ok(result)
    }
}

/// Segments of the customers (or deals) of `crm`.
///
/// k-means (Lloyd to no reassignment, greedy k-means++ starts) on transformed and standardised features; the number of segments is
/// that of 2…10 with the largest mean silhouette, unless `options.k` says it, and never more than there are different customers.
/// One customer, or only equal ones, give one segment. A constant feature does not count. The same as [`Prepared::new`] and
/// [`Prepared::segments`].
///
/// # Errors
/// [`Error::MissingTable`], [`Error::UnknownColumn`] or [`Error::InvalidOption`] where the features cannot be had or an option is
/// out of range; [`Error::TooFew`] for no usable customers, or fewer different ones than `options.k`.
pub fn segments(crm: &Crm, options: &SegmentsOptions, progress: &mut Progress<'_>) -> Result<SegmentsResult> {
    options.check()?;
    Prepared::new(crm, options)?.segments(crm, options, progress)
}

fn what(input: &Input) -> &'static str {
    if input.of == SegmentsOf::Orders { "customers" } else { input::table_of(input.of) }
}

fn too_few(what: String, needed: usize, have: usize) -> Error {
    Error::TooFew { analysis: "segments".into(), what, needed, have }
}

fn standardised(input: &Input) -> (Vec<Feature>, Points) {
    let features: Vec<Feature> = input
        .features
        .iter()
        .map(|feature| {
            let (mean, deviation) = recipe::mean_and_standard_deviation(&feature.transformed, &input.weights);
            let pairs = feature.values.iter().copied().zip(input.weights.iter().copied()).collect();
            Feature {
                name: feature.name.clone(),
                level: feature.level.clone(),
                transform: feature.transform,
                mean,
                standard_deviation: feature.scale.unwrap_or(deviation),
                median: recipe::weighted_median(pairs),
                unit: feature.unit.map(str::to_owned),
            }
        })
        .collect();
    let columns: Vec<&[f64]> = input.features.iter().map(|feature| feature.transformed.as_slice()).collect();
    let moments: Vec<(f64, f64)> = features.iter().map(|feature| (feature.mean, feature.standard_deviation)).collect();
    let rows = recipe::standardised_rows(&columns, &moments, input.ids.len());
    (features, Points::from_rows(columns.len(), rows, Some(&input.weights)))
}

/// Measures how well clusters are apart, always on the same points.
struct Judge<'a> {
    points: &'a Points,
    seed: u32,
}

impl Judge<'_> {
    fn silhouettes(&self, clusterings: &[Labels<'_>]) -> Vec<Silhouette> {
        silhouettes_sampled(self.points, clusterings, SILHOUETTE_POINTS, self.seed)
    }

    fn candidates(&self, models: &[KMeans]) -> Vec<(Candidate, Silhouette)> {
        let clusterings: Vec<Labels<'_>> =
            models.iter().map(|model| Labels { labels: &model.labels, k: model.k }).collect();
        let candidate = |(model, judged): (&KMeans, Silhouette)| {
            let index = kmeans::calinski_harabasz(self.points, model);
            let candidate = Candidate {
                k: model.k as u32,
                silhouette: judged.mean,
                inertia: model.inertia,
                calinski_harabasz: (!index.is_nan()).then_some(index),
                bic: None,
            };
            (candidate, judged)
        };
        models.iter().zip(self.silhouettes(&clusterings)).map(candidate).collect()
    }

    fn candidate(&self, model: &KMeans) -> (Candidate, Silhouette) {
        let of_one = self.candidates(std::slice::from_ref(model)).pop();
        of_one.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
