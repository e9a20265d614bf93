//! L2-penalised logistic regression by exact Newton steps, on designs whose categories stay one code per row.
//!
//! Minimises Σ wᵢ log(1 + exp(−sᵢ(b + xᵢ·β))) + λ/2 ‖β‖² with s = ±1: the loss is a sum over weighted rows, the intercept b is
//! not penalised (scikit-learn's C is 1/λ). A row of weight 3 counts as three equal rows.

mod derivatives;
mod design;
mod functions;
mod linfa_traits;

pub use design::{Category, Design};
pub use linfa_traits::{FitError, LogisticParams, UncheckedLogisticParams};

use super::linear_algebra::Cholesky;
use crate::error::{Error, Result};
use derivatives::{Precision, Problem};

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Intercept, then one coefficient per column of the design.
    pub coefficients: Vec<f64>,
    /// Inverse of the penalised Hessian at the optimum, row-major.
    pub covariance: Vec<f64>,
    /// Steps taken over all rows.
    pub iterations: usize,
    /// Largest absolute element of the gradient at the end.
    pub max_gradient: f64,
    /// Penalised loss at the optimum.
    pub objective: f64,
}

impl Logistic {
    /// Standard error of coefficient `j`.
    pub fn standard_error(&self, j: usize) -> f64 {
        let p = self.coefficients.len();
        self.covariance.get(j * p + j).map_or(f64::NAN, |variance| variance.max(0.0).sqrt())
    }

    /// Standard error of the linear predictor of `row` by the delta method.
    pub fn score_standard_error(&self, design: &Design, row: usize, active: &mut Vec<(usize, f64)>) -> f64 {
        active.clear();
        design.active(row, |column, value| active.push((column, value)));
        let p = self.coefficients.len();
        let mut variance = 0.0;
        for (a, &(i, x)) in active.iter().enumerate() {
            variance += x * x * self.covariance[i * p + i];
            for &(j, z) in &active[..a] {
                variance += 2.0 * x * z * self.covariance[i * p + j];
            }
        }
        variance.max(0.0).sqrt()
    }
}

/// 1 / (1 + e⁻ᶻ) without overflow.
pub fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

const MOST_STEPS: usize = 100;
/// Rows from which on the curvature of a part of them leads to the optimum of all: a gradient costs a small part of a Hessian.
const MANY_ROWS: usize = 50_000;
/// That part is at least every 16th row,
const STRIDE: usize = 16;
/// this many rows per coefficient,
const ROWS_PER_COEFFICIENT: usize = 200;
/// and this many rows: the error then shrinks to a seventh or less, with few coefficients to a thirtieth, with each gradient.
const ROWS_OF_PART: usize = 12_000;
/// Times the root of its rows: largest gradient over Σw to which that part is fitted. Its optimum is some twenty times as far from the one of all rows.
const ROUGH: f64 = 0.1;
/// Largest gradient over Σw of a [`fit`].
const EXACT: f64 = 1e-11;

/// Largest gradient over Σw that counts as an optimum where rounding leaves no better one.
const ENOUGH: f64 = 1e-6;

/// The coefficients of a regression alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// Intercept, then one coefficient per column of the design.
    pub coefficients: Vec<f64>,
    /// Passes over all rows.
    pub iterations: usize,
    /// Largest absolute element of the gradient there, in double precision over all rows.
    pub max_gradient: f64,
}

/// The coefficients of [`fit`] up to a largest gradient of `tolerance`·Σw, which is the gradient of all rows in double precision. From
/// 50,000 rows on no Hessian of all rows is needed unless its estimate from a part of them fails.
///
/// # Errors
/// As [`fit`], but columns that separate the outcomes are not looked for: without a penalty their coefficients are large instead.
pub fn optimum(
    design: &Design,
    outcome: &[f64],
    weights: &[f64],
    penalty: f64,
    start: Option<&[f64]>,
    tolerance: f64,
) -> Result<Optimum> {
    let (problem, totals) = checked(design, outcome, weights, penalty)?;
    let near = near_optimum(&problem, totals, start, tolerance);
    if let Some(max_gradient) = near.max_gradient {
        return Ok(Optimum { coefficients: near.beta, iterations: near.passes, max_gradient });
    }
    let end = newton(&problem, near.beta, tolerance * totals.weight)?;
    end.converged(totals, tolerance.max(ENOUGH))?;
    let max_gradient = largest(&end.gradient);
    Ok(Optimum { coefficients: end.beta, iterations: near.passes + end.steps + 1, max_gradient })
}

/// The regression of `outcome` (0 or 1 per row) on `design` with row weights and L2 penalty `penalty`, started at `start` or at
/// the base rate. Newton's method with step halving until ‖gradient‖∞ ≤ 1e-11·Σw, or until rounding stops its progress below 1e-8·Σw;
/// from 50,000 rows on the steps before the last take the curvature of a part of the rows.
///
/// # Errors
/// [`Error::InvalidOption`] for a penalty that is negative or not finite; [`Error::ColumnLength`] for outcomes or weights of another length;
/// [`Error::NoUniqueFit`] where only one outcome has weight, or where columns are collinear or separate the outcomes and nothing is penalised.
pub fn fit(design: &Design, outcome: &[f64], weights: &[f64], penalty: f64, start: Option<&[f64]>) -> Result<Logistic> {
    let (problem, totals) = checked(design, outcome, weights, penalty)?;
    let near = near_optimum(&problem, totals, start, EXACT);
    let end = newton(&problem, near.beta, EXACT * totals.weight)?;
    end.converged(totals, ENOUGH)?;
    let max_gradient = largest(&end.gradient);
    let covariance = factor(&end.hessian, end.beta.len())?.inverse();
    let End { beta, objective, steps, .. } = end;
    let iterations = near.passes + steps;
    let fitted = Logistic { coefficients: beta, covariance, iterations, max_gradient, objective };
    if penalty == 0.0 {
        // Where the outcomes are separated the coefficients run away while the gradient vanishes: the scores then know nothing.
        let mut active = Vec::new();
        let unknown = |row| weights[row] > 0.0 && fitted.score_standard_error(design, row, &mut active) > 50.0;
        if (0..design.rows).any(unknown) {
            return Err(no_fit(SEPARATED));
        }
    }
    Ok(fitted)
}

const SEPARATED: &str = "the columns separate the outcomes and nothing holds the coefficients";

fn no_fit(rule: &str) -> Error {
    Error::NoUniqueFit { what: rule.into() }
}

fn factor(hessian: &[f64], p: usize) -> Result<Cholesky> {
    Cholesky::new(hessian, p).ok_or_else(|| no_fit("the columns are collinear or separate the outcomes"))
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()))
}

#[derive(Clone, Copy)]
struct Totals {
    weight: f64,
    positive: f64,
}

impl Totals {
    fn of(outcome: &[f64], weights: &[f64]) -> Option<Totals> {
        let (weight, positive) = functions::sums(weights, outcome);
        (positive > 0.0 && positive < weight).then_some(Totals { weight, positive })
    }

    /// The coefficients that say the base rate.
    fn base_rate(self, p: usize) -> Vec<f64> {
        let mut beta = vec![0.0; p];
        beta[0] = libm::log(self.positive / (self.weight - self.positive));
        beta
    }
}

fn checked<'a>(
    design: &'a Design,
    outcome: &'a [f64],
    weights: &'a [f64],
    penalty: f64,
) -> Result<(Problem<'a>, Totals)> {
    check_penalty(penalty)?;
    for (column, length) in [("outcome", outcome.len()), ("weight", weights.len())] {
        if length != design.rows {
            let (table, column) = ("design".to_owned(), column.to_owned());
            return Err(Error::ColumnLength { table, column, length, expected: design.rows });
        }
    }
    let totals = Totals::of(outcome, weights).ok_or_else(|| no_fit("both outcomes must occur"))?;
    Ok((Problem { design, outcome, weights, penalty }, totals))
}

fn check_penalty(penalty: f64) -> Result<()> {
    if penalty >= 0.0 && penalty.is_finite() {
        return Ok(());
    }
    let rule = "a penalty is a finite number that is not negative".into();
    Err(Error::InvalidOption { option: "penalty".into(), value: penalty.to_string(), rule })
}

/// Where Newton's method over all rows starts.
struct Near {
    beta: Vec<f64>,
    /// Gradients over all rows that led there.
    passes: usize,
    /// The largest gradient there, if it is small enough.
    max_gradient: Option<f64>,
}

/// The start given or the base rate; with many rows what full gradients and the curvature of a part of the rows make of it.
fn near_optimum(problem: &Problem, totals: Totals, start: Option<&[f64]>, tolerance: f64) -> Near {
    let p = problem.design.coefficients();
    let start = start.filter(|start| start.len() == p);
    let base_rate = || start.map_or_else(|| totals.base_rate(p), <[f64]>::to_vec);
    let Some((part, share)) = optimum_of_part(problem, start) else {
        return Near { beta: base_rate(), passes: 0, max_gradient: None };
    };
    let Some(curvature) = Cholesky::new(&part.hessian, p) else {
        return Near { beta: part.beta, passes: 0, max_gradient: None };
    };
    let mut beta = part.beta;
    let (mut gradient, mut from) = (vec![0.0; p], vec![0.0; p]);
    let mut moves: Vec<Move> = Vec::new();
    let (mut before, mut steepest_before) = (f64::INFINITY, 0.0);
    let mut precision = Precision::Single;
    for passes in 1..=MOST_STEPS {
        problem.gradient(&beta, precision, &mut gradient);
        let steepest = largest(&gradient);
        let finite = gradient.iter().all(|g| g.is_finite());
        if precision == Precision::Double && finite && steepest <= tolerance * totals.weight {
            return Near { beta, passes, max_gradient: Some(steepest) };
        }
        if let Some(last) = moves.last_mut() {
            last.bend = from.iter().zip(&gradient).map(|(from, gradient)| from - gradient).collect();
        }
        let mut step = gradient.clone();
        secant_step(&moves, &curvature, share, &mut step);
        let decrement: f64 = step.iter().zip(&gradient).map(|(step, g)| step * g).sum();
        // The part knows too little of the curvature, or rounding is all that is left.
        if !finite || decrement.is_nan() || decrement > 0.25 * before {
            if precision == Precision::Single {
                precision = Precision::Double;
                continue;
            }
            if let Some(last) = moves.last().filter(|_| !finite || decrement.is_nan() || decrement > before) {
                beta.iter_mut().zip(&last.step).for_each(|(beta, step)| *beta += step);
            }
            return Near { beta, passes, max_gradient: None };
        }
        let expected = steepest * f64::min(steepest / steepest_before, 1.0);
        if expected <= 8.0 * tolerance.max(ENOUGH) * totals.weight {
            precision = Precision::Double;
        }
        (before, steepest_before) = (decrement, steepest);
        beta.iter_mut().zip(&step).for_each(|(beta, step)| *beta -= step);
        from.clone_from(&gradient);
        moves.push(Move { step, bend: Vec::new() });
    }
    Near { beta, passes: MOST_STEPS, max_gradient: None }
}

/// A step, and by how much it took the gradient down.
struct Move {
    step: Vec<f64>,
    bend: Vec<f64>,
}

/// Turns a gradient into a step by the curvature of a part of the rows, `share` of all, and what `moves` have told about that of all (L-BFGS: Nocedal 1980).
fn secant_step(moves: &[Move], curvature: &Cholesky, share: f64, step: &mut [f64]) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut parts = Vec::with_capacity(moves.len());
    for Move { step: moved, bend } in moves.iter().rev() {
        let part = dot(moved, step) / dot(moved, bend);
        step.iter_mut().zip(bend).for_each(|(step, bend)| *step -= part * bend);
        parts.push(part);
    }
    curvature.solve(step);
    step.iter_mut().for_each(|step| *step *= share);
    for (Move { step: moved, bend }, part) in moves.iter().zip(parts.iter().rev()) {
        let part = part - dot(bend, step) / dot(moved, bend);
        step.iter_mut().zip(moved).for_each(|(step, moved)| *step += part * moved);
    }
}

/// The optimum of one row in so many, and the share of the rows that it saw; none where there are few rows, or that part has none.
fn optimum_of_part(problem: &Problem, start: Option<&[f64]>) -> Option<(End, f64)> {
    let (rows, p) = (problem.design.rows, problem.design.coefficients());
    if rows < MANY_ROWS {
        return None;
    }
    let stride = (rows / (ROWS_PER_COEFFICIENT * p).max(ROWS_OF_PART)).min(STRIDE);
    Some((optimum_of_every(stride, problem, start)?, 1.0 / stride as f64))
}

/// The optimum of every `stride`-th row, itself begun with a part of these.
fn optimum_of_every(stride: usize, problem: &Problem, start: Option<&[f64]>) -> Option<End> {
    if stride < 2 {
        return None;
    }
    let every = |values: &[f64]| values.iter().copied().step_by(stride).collect::<Vec<f64>>();
    let (design, outcome, weights) = (problem.design.strided(stride), every(problem.outcome), every(problem.weights));
    let totals = Totals::of(&outcome, &weights)?;
    let part =
        Problem { design: &design, outcome: &outcome, weights: &weights, penalty: problem.penalty / stride as f64 };
    let (rows, p) = (design.rows, design.coefficients());
    let beta = match start {
        Some(start) => start.to_vec(),
        None => {
            let fewer = (rows / (ROWS_PER_COEFFICIENT * p)).min(STRIDE);
            optimum_of_every(fewer, &part, None).map_or_else(|| totals.base_rate(p), |smaller| smaller.beta)
        }
    };
    let tolerance = ROUGH / (rows as f64).sqrt();
    let end = newton(&part, beta, tolerance * totals.weight).ok()?;
    end.converged(totals, tolerance).ok()?;
    Some(end)
}

/// Where Newton's method ended.
struct End {
    beta: Vec<f64>,
    objective: f64,
    gradient: Vec<f64>,
    /// Lower triangle.
    hessian: Vec<f64>,
    steps: usize,
}

impl End {
    fn converged(&self, totals: Totals, tolerance: f64) -> Result<()> {
        let far = largest(&self.gradient) > tolerance * totals.weight;
        if far || self.beta.iter().any(|b| !b.is_finite()) { Err(no_fit(SEPARATED)) } else { Ok(()) }
    }
}

/// Newton's method from `beta` until the largest gradient is at most `tolerance`, or as small as rounding lets it be.
fn newton(problem: &Problem, mut beta: Vec<f64>, tolerance: f64) -> Result<End> {
    let p = beta.len();
    let (mut gradient, mut hessian) = (vec![0.0; p], vec![0.0; p * p]);
    let (mut next_gradient, mut next_hessian) = (vec![0.0; p], vec![0.0; p * p]);
    let mut objective = problem.derivatives(&beta, &mut gradient, &mut hessian);
    let mut steps = 0;
    let rounding = 1e-8 * problem.weights.iter().sum::<f64>();
    'steps: while largest(&gradient) > tolerance && steps < MOST_STEPS {
        let mut step = gradient.clone();
        factor(&hessian, p)?.solve(&mut step);
        let mut share = 1.0;
        let (next, value) = loop {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - share * s).collect();
            let value = problem.derivatives(&next, &mut next_gradient, &mut next_hessian);
            if value <= objective + 1e-12 * objective.abs() {
                break (next, value);
            }
            share *= 0.5;
            if share < 1e-10 {
                break 'steps;
            }
        };
        steps += 1;
        let steepest = largest(&gradient);
        if largest(&next_gradient) >= steepest && steepest <= rounding {
            break;
        }
        (beta, objective) = (next, value);
        std::mem::swap(&mut gradient, &mut next_gradient);
        std::mem::swap(&mut hessian, &mut next_hessian);
    }
    Ok(End { beta, objective, gradient, hessian, steps })
}

#[cfg(test)]
mod tests;
