//! The three ways to find segments: centres (k-means), soft groups (a Gaussian mixture) and dense regions with outliers.

use super::density::{DensityParams, density};
use super::kmeans::KMeans;
use super::lloyd::ClusterSums;
use super::mixture::{Covariance, Mixture, MixtureParams, mixture};
use super::points::Points;
use super::recipe::{RecipeDensity, RecipeMixture};
use super::silhouette::{Labels, Silhouette};
use super::{Candidate, ChosenBy, Judge, LARGEST_K_TRIED, NO_SEGMENT, SegmentsOptions};
use crate::bulk::{Floats, Indices};
use crate::error::Result;
use crate::meta::Progress;
use crate::stats::exact_sum::ExactSum;
use crate::stats::order::sorted_rows;
use serde::{Deserialize, Serialize};

/// How segments are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// k-means: each customer belongs to the nearest centre.
    #[default]
    Kmeans,
    /// A Gaussian mixture: each customer belongs to every segment with a probability; the number of segments by the Bayesian information criterion.
    Mixture,
    /// Dense regions (DBSCAN): as many segments as there are, and customers like no others, the outliers, in a segment of their own.
    Density,
}

/// How clearly customers belong to the segments of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SoftMembership {
    /// Shape of the components: ellipsoids of any direction, or along the features.
    pub covariance: Covariance,
    /// Bayesian information criterion of the chosen number of segments; lower is better.
    pub bic: f64,
    /// Customers that the mixture was fitted on: all up to 5,000, else a seeded sample of 5,000.
    pub fitted_on: u32,
    /// Whether the steps of the fit ended by themselves.
    pub converged: bool,
    /// Probability of the own segment, by customer.
    pub probability: Floats,
    /// Segment of the second largest probability, by customer; [`NO_SEGMENT`] where there is only one.
    pub second: Indices,
    /// Its probability; 0 where there is none.
    pub second_probability: Floats,
    /// Customers (weighted) whose own segment has a probability below [`UNSURE`].
    pub unsure: f64,
}

/// Below this probability of its segment it is open where a customer belongs.
pub const UNSURE: f64 = 0.6;

/// Dense regions, and what lies outside of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DenseRegions {
    /// Radius of a neighbourhood in standard deviations: that of the options, or learnt as [`density`] says.
    pub radius: f64,
    /// Whether the radius was learnt.
    pub radius_is_learnt: bool,
    /// Customers (weighted) that the neighbourhood of a core customer has at least.
    pub min_weight: f64,
    /// Customers that the regions are of: all, or a sample to which the others are assigned.
    pub clustered_on: u32,
    /// Distance within which a customer has `min_weight` neighbours: its percentiles 0, 1, … 100 over all customers, for the bend at which outliers begin.
    /// Empty where no customer has one.
    pub neighbour_distances: Vec<f64>,
    /// Customers in no region, by position in `ids`; the farthest from all centres first.
    pub outliers: Indices,
    /// Their distances to the nearest centre of a region in standard deviations; to the average customer where there is no region.
    pub distance: Floats,
}

/// Key and name of the segment of outliers.
pub const OUTLIERS: &str = "outliers";

/// A variance below (0.1 standard deviations)² would make customers that share one exact value, as those with a single order do, a component of their own.
const REGULARISATION: f64 = 0.01;
/// Ten numbers of components in two shapes on 20,000 customers take 25 s, on so many 6 s.
const FITTED_ON: usize = 5000;

/// What a method has found.
pub(super) struct Found {
    /// Clusters, the last one of outliers where there are any.
    pub(super) model: KMeans,
    pub(super) candidates: Vec<Candidate>,
    pub(super) chosen_by: ChosenBy,
    pub(super) judged: Silhouette,
    /// The cluster of outliers.
    pub(super) outliers: Option<usize>,
    /// Components in the order of the clusters.
    pub(super) soft: Option<(RecipeMixture, SoftMembership)>,
    /// Core points with the clusters as labels.
    pub(super) dense: Option<(RecipeDensity, DenseRegions)>,
}

impl Found {
    pub(super) fn by_kmeans(
        model: KMeans,
        candidates: Vec<Candidate>,
        chosen_by: ChosenBy,
        judged: Silhouette,
    ) -> Found {
        Found { model, candidates, chosen_by, judged, outliers: None, soft: None, dense: None }
    }

    /// The same with segments in display order: cluster `c` is segment `position[c]`.
    pub(super) fn in_order(&mut self, position: &[u32]) {
        let moved = |cluster: &mut u32| *cluster = position.get(*cluster as usize).copied().unwrap_or(NO_SEGMENT);
        if let Some((recipe, of)) = &mut self.soft {
            let k = recipe.shares.len();
            let mut order = vec![0; k];
            position.iter().enumerate().for_each(|(cluster, &at)| order[at as usize] = cluster);
            let blocks = |values: &[f64]| -> Vec<f64> {
                let size = values.len() / k.max(1);
                order.iter().flat_map(|&cluster| values[cluster * size..(cluster + 1) * size].to_vec()).collect()
            };
            recipe.shares = blocks(&recipe.shares);
            recipe.means = blocks(&recipe.means);
            recipe.covariances = blocks(&recipe.covariances);
            of.second.0.iter_mut().for_each(moved);
        }
        if let Some((recipe, _)) = &mut self.dense {
            recipe.labels.iter_mut().for_each(moved);
            recipe.outliers = self.outliers.and_then(|cluster| position.get(cluster)).copied();
        }
    }
}

/// The mixture of the number of components with the lowest information criterion, or of `options.k`, which must not exceed the number of different points.
pub(super) fn by_mixture(judge: &Judge<'_>, options: &SegmentsOptions, progress: &mut Progress<'_>) -> Result<Found> {
    let points = judge.points;
    let numbers = match options.k {
        Some(k) => k as usize..=k as usize,
        None => 1..=points.distinct(LARGEST_K_TRIED),
    };
    let tried = (numbers.end() - numbers.start() + 1) as f64;
    let mut candidates = Vec::new();
    let mut best: Option<(Mixture, KMeans, SoftMembership, Silhouette)> = None;
    for (at, k) in numbers.enumerate() {
        let (regularisation, sample, seed) = (REGULARISATION, FITTED_ON, options.seed);
        let params = MixtureParams { k, regularisation, sample, seed, ..MixtureParams::default() };
        let fit = mixture(points, params)?;
        let (labels, of) = soft_membership(&fit, points);
        let model = of_labels(points, labels, fit.means.clone());
        let (candidate, judged) = judge.candidate(&model);
        candidates.push(Candidate { bic: Some(fit.bic), ..candidate });
        if best.as_ref().is_none_or(|(other, ..)| fit.bic < other.bic) {
            best = Some((fit, model, of, judged));
        }
        progress.report(0.05 + 0.45 * (at + 1) as f64 / tried);
    }
    let chosen_by = if options.k.is_some() { ChosenBy::Option } else { ChosenBy::Bic };
    // There is at least the mixture of one component.
    let Some((fit, model, of, judged)) = best else {
        return Ok(Found::by_kmeans(KMeans::none(), candidates, chosen_by, Silhouette::default()));
    };
    let recipe = RecipeMixture {
        covariance: fit.covariance,
        shares: fit.shares,
        means: fit.means,
        covariances: fit.covariances,
    };
    let mut found = Found::by_kmeans(model, candidates, chosen_by, judged);
    found.soft = Some((recipe, of));
    Ok(found)
}

/// The most probable component of each of `points`, and how clear that is.
fn soft_membership(fit: &Mixture, points: &Points) -> (Vec<u32>, SoftMembership) {
    let mut labels = Vec::with_capacity(points.len());
    let mut of = SoftMembership {
        covariance: fit.covariance,
        bic: fit.bic,
        fitted_on: fit.fitted_on as u32,
        converged: fit.converged,
        probability: Floats(Vec::with_capacity(points.len())),
        second: Indices(Vec::with_capacity(points.len())),
        second_probability: Floats(Vec::with_capacity(points.len())),
        unsure: 0.0,
    };
    fit.each(points, &mut |row, probabilities| {
        let (mut first, mut second) = ((NO_SEGMENT, 0.0), (NO_SEGMENT, 0.0));
        for (component, &probability) in probabilities.iter().enumerate() {
            if probability > first.1 || component == 0 {
                (first, second) = ((component as u32, probability), first);
            } else if probability > second.1 || second.0 == NO_SEGMENT {
                second = (component as u32, probability);
            }
        }
        labels.push(first.0);
        of.probability.0.push(first.1);
        of.second.0.push(second.0);
        of.second_probability.0.push(second.1);
        of.unsure += if first.1 < UNSURE { points.weight(row) } else { 0.0 };
    });
    (labels, of)
}

/// Dense regions of the points of `judge`. The silhouette is that of the points in regions.
pub(super) fn by_density(judge: &Judge<'_>, options: &SegmentsOptions, progress: &mut Progress<'_>) -> Result<Found> {
    let points = judge.points;
    let params = DensityParams {
        radius: options.radius,
        min_weight: options.min_weight,
        seed: options.seed,
        ..DensityParams::default()
    };
    let found = density(points, params)?;
    progress.report(0.4);
    let regions = found.clusters;
    let outliers: Vec<u32> = (0..points.len() as u32).filter(|&row| found.labels[row as usize].is_none()).collect();
    let k = regions + usize::from(!outliers.is_empty());
    let labels: Vec<u32> = found.labels.iter().map(|label| label.unwrap_or(regions as u32)).collect();
    let model = of_labels(points, labels, points.mean().repeat(k));
    // A label beyond the regions, that of the outliers, does not count.
    let judged = judge.silhouettes(&[Labels { labels: &model.labels, k: regions }]).pop().unwrap_or_default();
    let centres = if regions == 0 { points.mean() } else { model.centroids[..regions * points.dims()].to_vec() };
    let mut distances = vec![f64::INFINITY; points.len()];
    centres.chunks_exact(points.dims()).for_each(|centre| points.lower_to(centre, &mut distances));
    let of = |at: usize| distances[outliers[at] as usize];
    let order = sorted_rows(outliers.len(), &mut |a, b| of(b).total_cmp(&of(a)));
    let dense = DenseRegions {
        radius: found.radius,
        radius_is_learnt: options.radius.is_none(),
        min_weight: found.min_weight,
        clustered_on: found.clustered_on as u32,
        neighbour_distances: found.neighbour_distances,
        distance: Floats(order.iter().map(|&at| of(at).sqrt()).collect()),
        outliers: Indices(order.iter().map(|&at| outliers[at]).collect()),
    };
    // Core points at equal steps: enough to say whether a new customer lies in a region, few enough to be kept.
    let core: Vec<u32> = (0..points.len() as u32).filter(|&row| found.core[row as usize]).collect();
    let kept = core.len().min(RecipeDensity::MOST_POINTS);
    let core: Vec<u32> = (0..kept).map(|at| core[(at as u64 * core.len() as u64 / kept as u64) as usize]).collect();
    let recipe = RecipeDensity {
        radius: found.radius,
        points: core.iter().flat_map(|&row| points.row(row as usize)).copied().collect(),
        labels: core.iter().map(|&row| model.labels[row as usize]).collect(),
        outliers: None,
    };
    let outliers = (k > regions).then_some(regions);
    let chosen_by = ChosenBy::Density;
    Ok(Found { model, candidates: Vec::new(), chosen_by, judged, outliers, soft: None, dense: Some((recipe, dense)) })
}

/// The clusters of points that have `labels`; `centres` where a cluster is empty.
fn of_labels(points: &Points, labels: Vec<u32>, mut centres: Vec<f64>) -> KMeans {
    let dims = points.dims();
    let k = centres.len() / dims.max(1);
    let mut sums = ClusterSums::new(k, dims);
    for (row, &label) in labels.iter().enumerate() {
        let point = points.row(row);
        sums.add(label as usize, point, points.weight(row));
    }
    let occupied = (0..k).filter(|&cluster| !sums.is_empty(cluster));
    occupied.for_each(|cluster| sums.mean(cluster, &mut centres[cluster * dims..(cluster + 1) * dims]));
    let mut inertia = ExactSum::default();
    for (row, &label) in labels.iter().enumerate() {
        let point = points.row(row);
        let centre = &centres[label as usize * dims..];
        let square = point.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum::<f64>();
        inertia.add_product(points.weight(row), square);
    }
    KMeans { k, sizes: sums.sizes(), centroids: centres, labels, inertia: inertia.value(), iterations: 0 }
}
