//! L2-penalised multinomial logistic regression by exact Newton steps, on rows that may stand for many periods each.
//!
//! Outcome 0 is the reference; outcome k > 0 has coefficients of its own, P(k) = exp(ηₖ) / (1 + Σ exp(ηⱼ)). A row of a [`Panel`] is seen for some
//! periods: outcome 0 in all but the last one, its own outcome there. Its covariates are kept once, whatever the number of periods;
//! what changes from period to period is a basis that all rows share, with coefficients for all rows and others for the row's stratum. With one period
//! and no basis this is the plain regression; with many, the discrete-time model of competing risks (Tutz & Schmid 2016, ch. 8).

mod linfa_traits;

pub use linfa_traits::{MultinomialParams, UncheckedMultinomialParams};

use super::linear_algebra::Cholesky;
use super::logistic::Design;
use crate::error::{Error, Result};

/// Rows with their periods and outcomes. Coefficients of an outcome are ordered: those of the design (intercept first), of the basis for all rows, then
/// of the basis for each stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    design: Design,
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
        Ok(Panel { design, outcomes, basis, strata, stratum, periods, outcome })
    }

    /// Coefficients per outcome.
    pub fn columns(&self) -> usize {
        self.design.coefficients() + (1 + self.strata) * self.basis_columns()
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
        let (first, q) = (self.design.coefficients(), self.basis_columns());
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
    let mut now = Derivatives::at(panel, weights, penalty, &beta);
    let mut iterations = 0;
    let no_factor = || no_fit("the columns are collinear or separate the outcomes");
    while now.steepest() > 1e-11 * total && iterations < most_steps {
        let factor = Cholesky::new(&now.hessian, d).ok_or_else(no_factor)?;
        let mut step = now.gradient.clone();
        factor.solve(&mut step);
        let mut share = 1.0;
        let next = loop {
            let candidate: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - share * s).collect();
            let next = Derivatives::at(panel, weights, penalty, &candidate);
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

/// J = Σ gᶜgᶜᵀ, row-major: g is the sum of the gradients of a cluster's rows (`cluster`, equal numbers side by side), `repeats[i]` how many equal clusters
/// row i stands for.
pub fn information(panel: &Panel, weights: &[f64], fitted: &Multinomial, cluster: &[u32], repeats: &[f64]) -> Vec<f64> {
    let (d, p) = (panel.coefficients(), panel.columns());
    let mut middle = vec![0.0; d * d];
    let mut rows = Rows::new(panel, &fitted.coefficients);
    let mut gradient = vec![0.0; d];
    let mut touched: Vec<usize> = Vec::new();
    for row in 0..panel.design.rows() {
        if weights[row] > 0.0 {
            rows.visit(row, weights[row]);
            let mut add = |j: usize, value: f64| {
                touched.push(j);
                gradient[j] += value;
            };
            for k in 0..rows.free {
                for &(column, x) in &rows.active {
                    add(k * p + column, rows.residual[k] * x);
                }
                for start in panel.basis_starts(panel.stratum[row]) {
                    for j in 0..rows.q {
                        add(k * p + start + j, rows.basis_residual[k * rows.q + j]);
                    }
                }
            }
        }
        if cluster.get(row + 1) != cluster.get(row) {
            touched.sort_unstable();
            touched.dedup();
            let times = repeats[row];
            if times > 0.0 {
                for &i in &touched {
                    for &j in touched.iter().take_while(|j| **j <= i) {
                        // The gradients are those of all equal clusters together.
                        middle[i * d + j] += gradient[i] * gradient[j] / times;
                    }
                }
            }
            touched.drain(..).for_each(|j| gradient[j] = 0.0);
        }
    }
    for i in 0..d {
        for j in 0..i {
            middle[j * d + i] = middle[i * d + j];
        }
    }
    middle
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

/// What one row adds, summed over its periods.
struct Rows<'a> {
    panel: &'a Panel,
    beta: &'a [f64],
    /// Outcomes with coefficients.
    free: usize,
    q: usize,
    /// What the basis adds to η: by stratum, period, outcome.
    shift: Vec<f64>,
    active: Vec<(usize, f64)>,
    residual: Vec<f64>,
    /// By pair of outcomes, full.
    curvature: Vec<f64>,
    /// By outcome, column of the basis.
    basis_residual: Vec<f64>,
    /// By pair of outcomes, column of the basis.
    basis_curvature: Vec<f64>,
    score: Vec<f64>,
    chance: Vec<f64>,
    /// By stratum, period, pair of outcomes: sums over the rows visited.
    period_curvature: Vec<f64>,
}

impl<'a> Rows<'a> {
    fn new(panel: &'a Panel, beta: &'a [f64]) -> Self {
        let (free, q, p) = (panel.outcomes - 1, panel.basis_columns(), panel.columns());
        let strata = panel.strata.max(1);
        let mut shift = Vec::with_capacity(strata * panel.basis.len() * free);
        for stratum in 0..strata as u32 {
            for z in &panel.basis {
                for k in 0..free {
                    let starts = panel.basis_starts(stratum);
                    shift.push(
                        starts.map(|at| z.iter().zip(&beta[k * p + at..]).map(|(z, b)| z * b).sum::<f64>()).sum(),
                    );
                }
            }
        }
        Rows {
            panel,
            beta,
            free,
            q,
            shift,
            active: Vec::new(),
            residual: vec![0.0; free],
            curvature: vec![0.0; free * free],
            basis_residual: vec![0.0; free * q],
            basis_curvature: vec![0.0; free * free * q],
            score: vec![0.0; free],
            chance: vec![0.0; free],
            period_curvature: vec![0.0; strata * panel.basis.len() * free * free],
        }
    }

    /// Sums over the periods of `row`; returns its loss.
    fn visit(&mut self, row: usize, weight: f64) -> f64 {
        let (panel, free, q) = (self.panel, self.free, self.q);
        let p = panel.columns();
        self.active.clear();
        let active = &mut self.active;
        panel.design.active(row, |column, x| active.push((column, x)));
        for k in 0..free {
            self.score[k] = self.active.iter().map(|(column, x)| x * self.beta[k * p + column]).sum();
        }
        for sums in [&mut self.residual, &mut self.curvature, &mut self.basis_residual, &mut self.basis_curvature] {
            sums.fill(0.0);
        }
        let (last, outcome) = (panel.periods[row] as usize - 1, panel.outcome[row] as usize);
        let first = panel.stratum[row] as usize * panel.basis.len();
        let mut loss = 0.0;
        for (t, z) in panel.basis.iter().enumerate().take(last + 1) {
            let shift = &self.shift[(first + t) * free..][..free];
            let mut top = 0.0_f64;
            for (chance, (score, shift)) in self.chance.iter_mut().zip(self.score.iter().zip(shift)) {
                *chance = score + shift;
                top = top.max(*chance);
            }
            let ended = if t == last { outcome } else { 0 };
            let own = if ended > 0 { self.chance[ended - 1] } else { 0.0 };
            let reference = libm::exp(-top);
            let mut sum = reference;
            for chance in &mut self.chance {
                *chance = libm::exp(*chance - top);
                sum += *chance;
            }
            loss += weight * (libm::log(sum) + top - own);
            let none = reference / sum;
            self.chance.iter_mut().for_each(|chance| *chance /= sum);
            let of_period = &mut self.period_curvature[(first + t) * free * free..][..free * free];
            for k in 0..free {
                let chance = self.chance[k];
                let residual = weight * (chance - f64::from(u8::from(ended == k + 1)));
                self.residual[k] += residual;
                for (sum, z) in self.basis_residual[k * q..].iter_mut().zip(z) {
                    *sum += residual * z;
                }
                for l in 0..=k {
                    let bend = if k == l {
                        // 1 − chance as a sum of what is left keeps its digits.
                        let others: f64 = (0..free).filter(|j| *j != k).map(|j| self.chance[j]).sum();
                        weight * chance * (none + others)
                    } else {
                        -weight * chance * self.chance[l]
                    };
                    self.curvature[k * free + l] += bend;
                    of_period[k * free + l] += bend;
                    for (sum, z) in self.basis_curvature[(k * free + l) * q..][..q].iter_mut().zip(z) {
                        *sum += bend * z;
                    }
                }
            }
        }
        loss
    }
}

struct Derivatives {
    objective: f64,
    gradient: Vec<f64>,
    /// Lower triangle.
    hessian: Vec<f64>,
}

impl Derivatives {
    fn steepest(&self) -> f64 {
        self.gradient.iter().fold(0.0_f64, |most, g| if g.is_nan() { f64::INFINITY } else { most.max(g.abs()) })
    }

    fn at(panel: &Panel, weights: &[f64], penalty: &[f64], beta: &[f64]) -> Self {
        let (d, p) = (panel.coefficients(), panel.columns());
        let mut rows = Rows::new(panel, beta);
        let (free, q) = (rows.free, rows.q);
        let (mut gradient, mut hessian) = (vec![0.0; d], vec![0.0; d * d]);
        let mut objective = 0.0;
        for (row, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            objective += rows.visit(row, weight);
            for k in 0..free {
                for &(column, x) in &rows.active {
                    gradient[k * p + column] += rows.residual[k] * x;
                }
                for start in panel.basis_starts(panel.stratum[row]) {
                    let into = &mut gradient[k * p + start..][..q];
                    into.iter_mut().zip(&rows.basis_residual[k * q..]).for_each(|(into, r)| *into += r);
                }
                for l in 0..=k {
                    let bend = rows.curvature[k * free + l];
                    for (at, &(i, x)) in rows.active.iter().enumerate() {
                        let line = &mut hessian[(k * p + i) * d + l * p..][..p];
                        let scaled = bend * x;
                        // Below the block diagonal the block is full, on it the lower triangle is enough.
                        let until = if k == l { at + 1 } else { rows.active.len() };
                        for &(j, z) in &rows.active[..until] {
                            line[j] += scaled * z;
                        }
                    }
                    let bends = &rows.basis_curvature[(k * free + l) * q..][..q];
                    for start in panel.basis_starts(panel.stratum[row]) {
                        for (j, bend) in bends.iter().enumerate() {
                            let line = &mut hessian[(k * p + start + j) * d + l * p..][..p];
                            for &(i, x) in &rows.active {
                                line[i] += bend * x;
                            }
                            if k > l {
                                for &(i, x) in &rows.active {
                                    hessian[(k * p + i) * d + l * p + start + j] += bend * x;
                                }
                            }
                        }
                    }
                }
            }
        }
        // The basis is the same for all rows of a stratum: its own block needs the sums by period alone.
        for stratum in 0..panel.strata.max(1) {
            for (t, z) in panel.basis.iter().enumerate() {
                let bends = &rows.period_curvature[(stratum * panel.basis.len() + t) * free * free..][..free * free];
                for k in 0..free {
                    for l in 0..=k {
                        let bend = bends[k * free + l];
                        for a in panel.basis_starts(stratum as u32) {
                            for b in panel.basis_starts(stratum as u32) {
                                for i in 0..q {
                                    for j in 0..q {
                                        hessian[(k * p + a + i) * d + l * p + b + j] += bend * z[i] * z[j];
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        for j in 0..d {
            objective += 0.5 * penalty[j] * beta[j] * beta[j];
            gradient[j] += penalty[j] * beta[j];
            hessian[j * d + j] += penalty[j];
        }
        Derivatives { objective, gradient, hessian }
    }
}

#[cfg(test)]
mod tests;
