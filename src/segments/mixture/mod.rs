//! Gaussian mixtures: clusters with soft edges, each of its own shape.
//!
//! Dempster, Laird & Rubin (1977), “Maximum likelihood from incomplete data via the EM algorithm”; from the clusters of k-means, with
//! the shape of the covariances chosen by the Bayesian information criterion (Schwarz 1978).

use super::kmeans::{KMeansParams, kmeans, sample};
use super::points::Points;
use crate::error::{Error, Result};
use crate::stats::linear_algebra::Cholesky;
use serde::{Deserialize, Serialize};

/// Shape of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covariance {
    /// Ellipsoids in any direction.
    Full,
    /// Ellipsoids along the axes: features are independent within a component.
    Diagonal,
}

/// How a mixture is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixtureParams {
    /// Number of components; at least 1.
    pub k: usize,
    /// Shape of the components; the one of the lower BIC when missing.
    pub covariance: Option<Covariance>,
    /// Added to each variance, so that no component shrinks to a point.
    pub regularisation: f64,
    /// Steps end when the mean log-likelihood of a point rises by less.
    pub tolerance: f64,
    /// Steps at most.
    pub iterations: usize,
    /// Above this many points the fit is on a sample of as many.
    pub sample: usize,
    /// Seed of the starts and of the sample.
    pub seed: u32,
}

impl Default for MixtureParams {
    fn default() -> Self {
        MixtureParams {
            k: 2,
            covariance: None,
            regularisation: 1e-6,
            tolerance: 1e-4,
            iterations: 300,
            sample: 20_000,
            seed: 1,
        }
    }
}

/// A fitted mixture of Gaussian components.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// Number of components.
    pub k: usize,
    /// Their shape.
    pub covariance: Covariance,
    /// Share of each component.
    pub shares: Vec<f64>,
    /// Means, row-major, k × dimensions.
    pub means: Vec<f64>,
    /// Covariance matrices, row-major, k × dimensions × dimensions.
    pub covariances: Vec<f64>,
    /// Weighted sum of the log densities of the points it was fitted on.
    pub log_likelihood: f64,
    /// Bayesian information criterion, −2 log-likelihood + parameters · ln(weight): lower is better.
    pub bic: f64,
    /// Steps taken.
    pub iterations: usize,
    /// Whether they ended by the tolerance.
    pub converged: bool,
    /// Points it was fitted on: all, or a sample.
    pub fitted_on: usize,
    densities: Vec<Density>,
}

/// How much each point belongs to each component.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// Most probable component of each point, the lowest of equally probable ones.
    pub labels: Vec<u32>,
    /// Probability of each component, row-major, points × components; each row sums to 1.
    pub probabilities: Vec<f64>,
    /// Natural logarithm of the density at each point: low where a point is like no other.
    pub log_densities: Vec<f64>,
}

const SAMPLE_STREAM: u32 = 95;

/// The mixture of `params.k` components that EM reaches from the clusters of k-means; of both shapes the one of the lower BIC.
/// Deterministic for a seed; a point of weight 3 stands for three.
///
/// # Errors
/// As [`kmeans`]; [`Error::InvalidOption`] for a regularisation that is not positive.
pub fn mixture(points: &Points, params: MixtureParams) -> Result<Mixture> {
    let rows = (points.len() > params.sample)
        .then(|| points.select(&sample(points.len(), params.sample, params.seed, SAMPLE_STREAM)));
    let fitted = rows.as_ref().unwrap_or(points);
    let start = kmeans(fitted, KMeansParams { k: params.k, restarts: 10, swaps: 0, seed: params.seed })?;
    let of = |covariance| mixture_from_labels(fitted, &start.labels, covariance, params);
    match params.covariance {
        Some(covariance) => of(covariance),
        None => {
            let (full, diagonal) = (of(Covariance::Full)?, of(Covariance::Diagonal)?);
            Ok(if full.bic < diagonal.bic { full } else { diagonal })
        }
    }
}

/// The mixture that EM reaches from components of the points that have the same label, one label below `params.k` per point.
///
/// # Errors
/// [`Error::InvalidOption`] for labels that do not fit or a regularisation that is not positive, [`Error::TooFew`] for no weight.
pub fn mixture_from_labels(
    points: &Points,
    labels: &[u32],
    covariance: Covariance,
    params: MixtureParams,
) -> Result<Mixture> {
    let k = params.k;
    if !(params.regularisation > 0.0 && params.regularisation.is_finite()) {
        let value = params.regularisation.to_string();
        return Err(Error::invalid_option("regularisation", value, "it must be positive"));
    }
    if k == 0 || labels.len() != points.len() || labels.iter().any(|&label| label as usize >= k) {
        return Err(Error::invalid_option("labels", k.to_string(), "each point needs a label below k"));
    }
    let total = points.total_weight();
    if total <= 0.0 {
        return Err(Error::TooFew {
            analysis: "mixture".into(),
            what: "points of positive weight".into(),
            needed: 1,
            have: 0,
        });
    }
    let dims = points.dims();
    let mut state = Moments::new(points.mean().repeat(k), dims);
    let mut shares = vec![0.0; k];
    for (row, &label) in labels.iter().enumerate() {
        let point = points.row(row);
        shares.fill(0.0);
        shares[label as usize] = 1.0;
        state.update(point, points.weight(row), &shares, covariance);
    }
    let mut fit = state.finish(covariance, params.regularisation);
    fit.fitted_on = points.len();
    let mut last = f64::NEG_INFINITY;
    while fit.iterations < params.iterations && !fit.converged {
        let mut state = Moments::new(fit.means.clone(), dims);
        let mut sum = 0.0;
        for row in 0..points.len() {
            let point = points.row(row);
            sum += points.weight(row) * fit.shares_of(point, &mut shares);
            state.update(point, points.weight(row), &shares, covariance);
        }
        let mean = sum / total;
        let next = state.finish(covariance, params.regularisation);
        let (iterations, converged) = (fit.iterations + 1, (mean - last).abs() < params.tolerance);
        fit = Mixture { iterations, converged, fitted_on: points.len(), ..next };
        last = mean;
    }
    fit.log_likelihood = (0..points.len())
        .map(|row| {
            let point = points.row(row);
            points.weight(row) * fit.shares_of(point, &mut shares)
        })
        .sum();
    let shape = match covariance {
        Covariance::Full => dims * (dims + 1) / 2,
        Covariance::Diagonal => dims,
    };
    fit.bic = -2.0 * fit.log_likelihood + (k * (dims + shape) + k - 1) as f64 * libm::log(total);
    Ok(fit)
}

impl Mixture {
    /// How much each of `points`, of the same dimensions, belongs to each component; nothing where the dimensions differ.
    pub fn membership(&self, points: &Points) -> Membership {
        let mut of = Membership { labels: Vec::new(), probabilities: Vec::new(), log_densities: Vec::new() };
        of.log_densities = self.each(points, &mut |_, shares| {
            let label =
                shares.iter().enumerate().fold(0, |best, (c, share)| if *share > shares[best] { c } else { best });
            of.labels.push(label as u32);
            of.probabilities.extend_from_slice(shares);
        });
        of
    }

    /// Tells `found` for each point its row and the probability of each component. The logarithms of the densities at the points; nothing where the
    /// dimensions differ.
    pub(super) fn each(&self, points: &Points, found: &mut dyn FnMut(usize, &[f64])) -> Vec<f64> {
        let mut log_densities = Vec::new();
        if points.dims() * self.k != self.means.len() {
            return log_densities;
        }
        let mut shares = vec![0.0; self.k];
        for row in 0..points.len() {
            let point = points.row(row);
            log_densities.push(self.shares_of(point, &mut shares));
            found(row, &shares);
        }
        log_densities
    }

    /// The mixture of these components, as [`mixture`] found them. Their lengths must fit together.
    pub(super) fn of_parts(covariance: Covariance, shares: &[f64], means: &[f64], covariances: &[f64]) -> Mixture {
        let dims = means.len() / shares.len().max(1);
        let mut covariances = covariances.to_vec();
        let matrices = covariances.chunks_exact_mut((dims * dims).max(1)).zip(shares);
        let densities = matrices.map(|(matrix, &share)| density(matrix, dims, share, covariance)).collect();
        Mixture {
            k: shares.len(),
            covariance,
            shares: shares.to_vec(),
            means: means.to_vec(),
            covariances,
            log_likelihood: f64::NAN,
            bic: f64::NAN,
            iterations: 0,
            converged: true,
            fitted_on: 0,
            densities,
        }
    }

    /// Writes the probability of each component given `point`. The logarithm of the density at it.
    fn shares_of(&self, point: &[f64], shares: &mut [f64]) -> f64 {
        let dims = point.len();
        let means = self.means.chunks_exact(dims);
        for ((share, density), mean) in shares.iter_mut().zip(&self.densities).zip(means) {
            *share = density.at(point, mean);
        }
        let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            // Farther away than numbers reach from all of them.
            shares.copy_from_slice(&self.shares);
            return f64::MIN / 1e10;
        }
        let mut sum = 0.0;
        for share in shares.iter_mut() {
            *share = libm::exp(*share - largest);
            sum += *share;
        }
        shares.iter_mut().for_each(|share| *share /= sum);
        largest + libm::log(sum)
    }
}

/// What the log density of a component, times its share, is computed from.
#[derive(Debug, Clone, PartialEq)]
struct Density {
    /// ln(share) − ½ (d ln 2π + ln |Σ|).
    constant: f64,
    /// Inverse of the Cholesky factor of Σ, lower triangle by rows; its diagonal where Σ is diagonal.
    whitening: Vec<f64>,
}

impl Density {
    fn at(&self, point: &[f64], mean: &[f64]) -> f64 {
        let mut square = 0.0;
        if self.whitening.len() == point.len() {
            for ((w, x), m) in self.whitening.iter().zip(point).zip(mean) {
                let scaled = w * (x - m);
                square += scaled * scaled;
            }
        } else {
            let mut from = 0;
            for to in 1..=point.len() {
                let row = self.whitening[from..from + to].iter().zip(point).zip(mean);
                let scaled: f64 = row.map(|((w, x), m)| w * (x - m)).sum();
                square += scaled * scaled;
                from += to;
            }
        }
        let log = self.constant - 0.5 * square;
        if log.is_nan() { f64::NEG_INFINITY } else { log }
    }
}

/// Weight, sum and squares about a fixed point of each component: the state of a step.
struct Moments {
    dims: usize,
    about: Vec<f64>,
    weights: Vec<f64>,
    sums: Vec<f64>,
    /// Lower triangles, or diagonals.
    squares: Vec<f64>,
    difference: Vec<f64>,
}

impl Moments {
    fn new(about: Vec<f64>, dims: usize) -> Self {
        let k = about.len() / dims;
        let (sums, squares) = (vec![0.0; k * dims], vec![0.0; k * dims * dims]);
        Moments { dims, about, weights: vec![0.0; k], sums, squares, difference: vec![0.0; dims] }
    }

    fn update(&mut self, point: &[f64], weight: f64, shares: &[f64], covariance: Covariance) {
        let dims = self.dims;
        for (c, share) in shares.iter().enumerate() {
            let weight = weight * share;
            if weight == 0.0 {
                continue;
            }
            self.weights[c] += weight;
            let about = &self.about[c * dims..(c + 1) * dims];
            for ((difference, x), a) in self.difference.iter_mut().zip(point).zip(about) {
                *difference = x - a;
            }
            let squares = &mut self.squares[c * dims * dims..(c + 1) * dims * dims];
            for (i, &difference) in self.difference.iter().enumerate() {
                let part = weight * difference;
                self.sums[c * dims + i] += part;
                let first = if covariance == Covariance::Full { 0 } else { i };
                let row = &mut squares[i * dims + first..=i * dims + i];
                row.iter_mut().zip(&self.difference[first..]).for_each(|(sum, other)| *sum += part * other);
            }
        }
    }

    /// The components of these moments.
    fn finish(mut self, covariance: Covariance, regularisation: f64) -> Mixture {
        let (dims, k) = (self.dims, self.weights.len());
        let total: f64 = self.weights.iter().sum();
        let mut densities = Vec::with_capacity(k);
        for c in 0..k {
            // A component that has lost all its points goes on as a point of no share.
            let weight = self.weights[c] + 10.0 * f64::EPSILON;
            let matrix = &mut self.squares[c * dims * dims..(c + 1) * dims * dims];
            let moved: Vec<f64> = self.sums[c * dims..(c + 1) * dims].iter().map(|sum| sum / weight).collect();
            for i in 0..dims {
                for j in 0..=i {
                    let value = matrix[i * dims + j] / weight - moved[i] * moved[j];
                    let used = covariance == Covariance::Full || i == j;
                    matrix[i * dims + j] = if used { value } else { 0.0 };
                    matrix[j * dims + i] = matrix[i * dims + j];
                }
                // Rounding may take a variance of zero below it.
                matrix[i * dims + i] = matrix[i * dims + i].max(0.0) + regularisation;
            }
            self.about[c * dims..(c + 1) * dims].iter_mut().zip(&moved).for_each(|(about, moved)| *about += moved);
            self.weights[c] = weight / (total + 10.0 * f64::EPSILON * k as f64);
            densities.push(density(matrix, dims, self.weights[c], covariance));
        }
        Mixture {
            k,
            covariance,
            shares: self.weights,
            means: self.about,
            covariances: self.squares,
            log_likelihood: f64::NAN,
            bic: f64::NAN,
            iterations: 0,
            converged: false,
            fitted_on: 0,
            densities,
        }
    }
}

/// The density of covariance `matrix`, of which the diagonal grows until it is numerically positive definite.
fn density(matrix: &mut [f64], dims: usize, share: f64, covariance: Covariance) -> Density {
    let half_log_tau = 0.5 * libm::log(2.0 * std::f64::consts::PI);
    let mut constant = libm::log(share) - dims as f64 * half_log_tau;
    let mut whitening = Vec::new();
    if covariance == Covariance::Diagonal {
        for i in 0..dims {
            constant -= 0.5 * libm::log(matrix[i * dims + i]);
            whitening.push(1.0 / matrix[i * dims + i].sqrt());
        }
        return Density { constant, whitening };
    }
    let mut added = 1e-9 * (0..dims).map(|i| matrix[i * dims + i]).fold(f64::MIN_POSITIVE, f64::max);
    // Ends at the latest when the diagonal dominates; where a matrix is not finite, with the identity.
    for _ in 0..12 {
        if let Some(factor) = Cholesky::new(matrix, dims) {
            constant -= 0.5 * factor.log_determinant();
            // Row i of the inverse is filled by column: column j is the solution for the j-th unit vector.
            let column = |j: usize| {
                let mut unit: Vec<f64> = (0..dims).map(|i| f64::from(i == j)).collect();
                factor.whiten(&mut unit);
                unit
            };
            let columns: Vec<Vec<f64>> = (0..dims).map(column).collect();
            whitening.extend((0..dims).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| columns[j][i]));
            return Density { constant, whitening };
        }
        (0..dims).for_each(|i| matrix[i * dims + i] += added);
        added *= 10.0;
    }
    matrix.iter_mut().enumerate().for_each(|(at, value)| *value = f64::from(at % (dims + 1) == 0));
    whitening.extend((0..dims).flat_map(|i| (0..=i).map(move |j| f64::from(i == j))));
    Density { constant, whitening }
}

#[cfg(test)]
mod tests;
