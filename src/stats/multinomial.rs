//! L2-penalised multinomial logistic regression by exact Newton steps, on rows that may stand for many periods each.
//!
//! Outcome 0 is the reference; outcome k > 0 has coefficients of its own, P(k) = exp(ηₖ) / (1 + Σ exp(ηⱼ)). A row of a [`Panel`] is seen for some
//! periods: outcome 0 in all but the last one, its own outcome there. Its covariates are kept once, whatever the number of periods;
//! what changes from period to period is a basis that all rows share, with coefficients for all rows and others for the row's stratum. With one period
//! and no basis this is the plain regression; with many, the discrete-time model of competing risks (Tutz & Schmid 2016, ch. 8).

mod derivatives;
mod information;
mod linfa_traits;
mod rows;

pub use information::information;
pub use linfa_traits::{MultinomialParams, UncheckedMultinomialParams};

use super::linear_algebra::Cholesky;
use super::logistic::Design;
use crate::error::{Error, Result};
use derivatives::Derivatives;

/// Rows with their periods and outcomes. Coefficients of an outcome are ordered: those of the design (intercept first), of each of the numbers with slopes by
/// stratum, of the basis for all rows, then of the basis for each stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    design: Design,
    /// Numbers whose coefficient is that of the row's stratum.
    slopes: Vec<Vec<f64>>,
    /// Number of outcomes, the reference included.
    outcomes: usize,
    /// One row per period.
    basis: Vec<Vec<f64>>,
    strata: usize,
    stratum: Vec<u32>,
    periods: Vec<u32>,
    outcome: Vec<u32>,
}

impl Panel {
    /// Rows of `design`, each with one period and its outcome below `outcomes`.
    ///
    /// # Errors
    /// As [`Panel::over_periods`].
    pub fn new(design: Design, outcomes: usize, outcome: Vec<u32>) -> Result<Self> {
        let n = outcome.len();
        Panel::over_periods(design, outcomes, vec![Vec::new()], 0, vec![0; n], vec![1; n], outcome)
    }

    /// Rows of `design`, each seen for `periods` periods, with `outcome` in the last; period t has the values `basis[t]`, and row i is of `stratum[i]`.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where lengths differ; [`Error::InvalidOption`] for fewer than two outcomes, an outcome, stratum or number of periods out of its range, or
    /// a basis that is not finite or not rectangular.
    pub fn over_periods(
        design: Design,
        outcomes: usize,
        basis: Vec<Vec<f64>>,
        strata: usize,
        stratum: Vec<u32>,
        periods: Vec<u32>,
        outcome: Vec<u32>,
    ) -> Result<Self> {
        for (column, length) in [("stratum", stratum.len()), ("periods", periods.len()), ("outcome", outcome.len())] {
            if length != design.rows() {
                return Err(Error::ColumnLength {
                    table: "panel".into(),
                    column: column.into(),
                    length,
                    expected: design.rows(),
                });
            }
        }
        let refuse = |rule: &str| Err(Error::invalid_option("panel", String::new(), rule));
        let q = basis.first().map_or(0, Vec::len);
        if outcomes < 2 || outcome.iter().any(|k| *k as usize >= outcomes) {
            return refuse("there are two outcomes or more, and each is below their number");
        }
        if stratum.iter().any(|s| *s as usize >= strata.max(1)) {
            return refuse("a stratum is below the number of strata");
        }
        if periods.iter().any(|m| *m == 0 || *m as usize > basis.len()) {
            return refuse("each row has at least one period, and no more than the basis");
        }
        if basis.iter().any(|row| row.len() != q || row.iter().any(|z| !z.is_finite())) {
            return refuse("a basis is a rectangle of finite numbers");
        }
        Ok(Panel { design, slopes: Vec::new(), outcomes, basis, strata, stratum, periods, outcome })
    }

    /// The same with further numbers, each of which has one coefficient per stratum.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where one has not one value per row; [`Error::InvalidOption`] for a value that is not finite.
    pub fn with_slopes(mut self, slopes: impl IntoIterator<Item = Vec<f64>>) -> Result<Self> {
        for slope in slopes {
            if slope.len() != self.design.rows() {
                return Err(Error::ColumnLength {
                    table: "panel".into(),
                    column: "slopes".into(),
                    length: slope.len(),
                    expected: self.design.rows(),
                });
            }
            if let Some(bad) = slope.iter().find(|value| !value.is_finite()) {
                return Err(Error::invalid_option("panel", bad.to_string(), "numbers with slopes are finite"));
            }
            self.slopes.push(slope);
        }
        Ok(self)
    }

    /// Coefficients per outcome.
    pub fn columns(&self) -> usize {
        self.row_columns() + (1 + self.strata) * self.basis_columns()
    }

    /// Columns that do not change from period to period.
    fn row_columns(&self) -> usize {
        self.design.coefficients() + self.slopes.len() * self.strata.max(1)
    }

    /// Calls `visit` with those of them that are not zero in `row`, ascending.
    #[inline]
    fn active(&self, row: usize, mut visit: impl FnMut(usize, f64)) {
        self.design.active(row, &mut visit);
        let own = self.design.coefficients() + self.stratum[row] as usize;
        for (at, slope) in self.slopes.iter().enumerate() {
            visit(own + at * self.strata.max(1), slope[row]);
        }
    }

    /// Coefficients in all: (outcomes − 1) × columns.
    pub fn coefficients(&self) -> usize {
        (self.outcomes - 1) * self.columns()
    }

    /// The design of the rows.
    pub fn design(&self) -> &Design {
        &self.design
    }

    fn basis_columns(&self) -> usize {
        self.basis.first().map_or(0, Vec::len)
    }

    /// First columns of the basis that a row of `stratum` looks at: for all rows, and for its stratum.
    fn basis_starts(&self, stratum: u32) -> impl Iterator<Item = usize> + use<> {
        let (first, q) = (self.row_columns(), self.basis_columns());
        let own = (self.strata > 0).then(|| first + (1 + stratum as usize) * q);
        std::iter::once(first).chain(own)
    }
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Multinomial {
    /// Those of outcome 1, then of outcome 2, ….
    pub coefficients: Vec<f64>,
    /// Inverse of the penalised Hessian at the optimum, row-major.
    pub covariance: Vec<f64>,
    /// Newton steps taken.
    pub iterations: usize,
    /// Largest absolute element of the gradient at the end.
    pub max_gradient: f64,
    /// Penalised loss at the optimum.
    pub objective: f64,
}

impl Multinomial {
    /// Standard error of coefficient `j`.
    pub fn standard_error(&self, j: usize) -> f64 {
        let d = self.coefficients.len();
        self.covariance.get(j * d + j).map_or(f64::NAN, |variance| variance.max(0.0).sqrt())
    }
}

const MOST_STEPS: usize = 100;

/// The regression of `panel` with row weights and the L2 penalty `penalty[j]` on coefficient j (β²·penalty/2 on a loss that is a sum), started at `start`
/// or at the rates of the outcomes. Newton's method with step halving until ‖gradient‖∞ ≤ 1e-11·Σw, or until rounding stops its progress below 1e-8·Σw.
///
/// # Errors
/// [`Error::ColumnLength`] for weights or penalties of another length; [`Error::InvalidOption`] for penalties that are negative or not finite;
/// [`Error::NoUniqueFit`] where an outcome has no weight, or columns are collinear or separate the outcomes and nothing is penalised.
pub fn fit(panel: &Panel, weights: &[f64], penalty: &[f64], start: Option<&[f64]>) -> Result<Multinomial> {
    let fitted = approach(panel, weights, penalty, start, MOST_STEPS, &mut |_| ())?;
    fitted.settled(panel, weights, penalty)?;
    Ok(fitted)
}

impl Multinomial {
    /// Whether this is the optimum of what it was fitted to.
    ///
    /// # Errors
    /// [`Error::NoUniqueFit`] where it is not: the columns separate the outcomes, or the steps were too few.
    pub fn settled(&self, panel: &Panel, weights: &[f64], penalty: &[f64]) -> Result<()> {
        let (d, p, beta) = (panel.coefficients(), panel.columns(), &self.coefficients);
        let total: f64 = weights.iter().zip(&panel.periods).map(|(w, periods)| w * f64::from(*periods)).sum();
        // Where the outcomes are separated the coefficients run away while the gradient vanishes.
        let free = |j: usize| penalty[j] == 0.0;
        let variance = |j: usize| self.covariance[j * d + j];
        let lost = (0..d).any(|j| free(j) && variance(j) > 1e6 * (1.0 + beta[j] * beta[j]));
        let runaway = (0..d).any(|j| free(j) && j % p > 0 && beta[j].abs() > 30.0 && variance(j) > 100.0);
        if self.max_gradient > 1e-6 * total || beta.iter().any(|b| !b.is_finite()) || lost || runaway {
            let what = "the columns separate the outcomes and nothing holds the coefficients".into();
            return Err(Error::NoUniqueFit { what });
        }
        Ok(())
    }
}

/// What [`fit`] has after at most `most_steps` steps, wherever that is: near the optimum after few. `stepped` hears the number of steps taken.
///
/// # Errors
/// As [`fit`], except that coefficients may run away.
pub fn approach(
    panel: &Panel,
    weights: &[f64],
    penalty: &[f64],
    start: Option<&[f64]>,
    most_steps: usize,
    stepped: &mut dyn FnMut(usize),
) -> Result<Multinomial> {
    let (d, p) = (panel.coefficients(), panel.columns());
    for (column, length, expected) in [("weight", weights.len(), panel.design.rows()), ("penalty", penalty.len(), d)] {
        if length != expected {
            return Err(Error::ColumnLength { table: "panel".into(), column: column.into(), length, expected });
        }
    }
    if let Some(bad) = penalty.iter().chain(weights).find(|value| !(**value >= 0.0 && value.is_finite())) {
        return Err(Error::invalid_option(
            "penalty",
            bad.to_string(),
            "penalties and weights are finite and not negative",
        ));
    }
    let no_fit = |rule: &str| Error::NoUniqueFit { what: rule.into() };
    let mut counts = vec![0.0; panel.outcomes];
    for ((outcome, periods), weight) in panel.outcome.iter().zip(&panel.periods).zip(weights) {
        counts[*outcome as usize] += weight;
        counts[0] += weight * f64::from(periods - 1);
    }
    if counts.iter().any(|count| *count <= 0.0) {
        return Err(no_fit("every outcome must occur"));
    }
    let total: f64 = counts.iter().sum();
    let mut beta = match start {
        Some(start) if start.len() == d => start.to_vec(),
        _ => {
            let mut beta = vec![0.0; d];
            for (k, count) in counts.iter().enumerate().skip(1) {
                beta[(k - 1) * p] = libm::log(count / counts[0]);
            }
            beta
        }
    };
    let mut now = Derivatives::at(panel, weights, penalty, &beta, true);
    let mut iterations = 0;
    let no_factor = || no_fit("the columns are collinear or separate the outcomes");
    while now.steepest() > 1e-11 * total && iterations < most_steps {
        let factor = Cholesky::new(&now.hessian, d).ok_or_else(no_factor)?;
        let mut step = now.gradient.clone();
        factor.solve(&mut step);
        let mut share = 1.0;
        let next = loop {
            let candidate: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - share * s).collect();
            let next = Derivatives::at(panel, weights, penalty, &candidate, true);
            if next.objective <= now.objective + 1e-12 * now.objective.abs() {
                break Some((candidate, next));
            }
            share *= 0.5;
            if share < 1e-10 {
                break None;
            }
        };
        let Some((candidate, next)) = next else { break };
        iterations += 1;
        stepped(iterations);
        if next.steepest() >= now.steepest() && now.steepest() <= 1e-8 * total {
            break;
        }
        (beta, now) = (candidate, next);
    }
    let max_gradient = now.steepest();
    let factor = Cholesky::new(&now.hessian, d).ok_or_else(no_factor)?;
    Ok(Multinomial {
        coefficients: beta,
        covariance: factor.inverse(),
        iterations,
        max_gradient,
        objective: now.objective,
    })
}

/// H⁻¹ (J + P) H⁻¹, row-major, of the [`information`] J and the penalty P: the covariance of the coefficients where rows of one cluster tell of the same
/// thing. Without clusters it is near the inverse Hessian (Huber 1967; Liang & Zeger 1986).
pub fn clustered_covariance(fitted: &Multinomial, information: &[f64], penalty: &[f64]) -> Vec<f64> {
    let d = fitted.coefficients.len();
    let mut middle = information.to_vec();
    for (j, penalty) in penalty.iter().enumerate().take(d) {
        middle[j * d + j] += penalty;
    }
    let half = product(&fitted.covariance, &middle, d);
    product(&half, &fitted.covariance, d)
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut product = vec![0.0; n * n];
    for (a, into) in a.chunks(n.max(1)).zip(product.chunks_mut(n.max(1))) {
        for (a, b) in a.iter().zip(b.chunks(n.max(1))) {
            into.iter_mut().zip(b).for_each(|(into, b)| *into += a * b);
        }
    }
    product
}

#[cfg(test)]
mod tests;
