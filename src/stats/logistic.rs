//! L2-penalised logistic regression by exact Newton steps, on designs whose categories stay one code per row.
//!
//! Minimises Σ wᵢ log(1 + exp(−sᵢ(b + xᵢ·β))) + λ/2 ‖β‖² with s = ±1: the loss is a sum over weighted rows, the intercept b is
//! not penalised (scikit-learn's C is 1/λ). A row of weight 3 counts as three equal rows.

mod linfa_traits;

pub use linfa_traits::{FitError, LogisticParams, UncheckedLogisticParams};

use super::linear_algebra::Cholesky;
use crate::error::{Error, Result};
use std::ops::Range;

/// A categorical column of a [`Design`]: code 0 is the reference level and has no coefficient, code j has the j-th one.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// One code per row, at most `levels`.
    pub codes: Vec<u32>,
    /// Number of levels with a coefficient.
    pub levels: usize,
}

/// Rows × columns of a regression. Coefficients are ordered: intercept, numeric columns, then the levels of each category.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Design {
    rows: usize,
    numeric: Vec<Vec<f64>>,
    categories: Vec<Category>,
}

impl Design {
    /// A design of `rows` rows.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where a column is not `rows` long; [`Error::InvalidOption`] for a number that is not finite or a code above its `levels`.
    pub fn new(rows: usize, numeric: Vec<Vec<f64>>, categories: Vec<Category>) -> Result<Self> {
        let lengths = numeric.iter().map(Vec::len).chain(categories.iter().map(|category| category.codes.len()));
        for (column, length) in lengths.enumerate() {
            if length != rows {
                let (table, column) = ("design".to_owned(), column.to_string());
                return Err(Error::ColumnLength { table, column, length, expected: rows });
            }
        }
        let refuse =
            |value: String, rule: &str| Err(Error::InvalidOption { option: "design".into(), value, rule: rule.into() });
        if let Some(bad) = numeric.iter().flatten().find(|value| !value.is_finite()) {
            return refuse(bad.to_string(), "numbers of a design are finite");
        }
        for category in &categories {
            if let Some(bad) = category.codes.iter().find(|code| **code as usize > category.levels) {
                return refuse(bad.to_string(), "codes of a category are at most the number of its levels");
            }
        }
        Ok(Design { rows, numeric, categories })
    }

    /// The same rows with further numeric columns after the numeric ones, and further categories after the others.
    ///
    /// # Errors
    /// As [`Design::new`].
    pub fn joined(mut self, numeric: Vec<Vec<f64>>, categories: Vec<Category>) -> Result<Self> {
        self.numeric.extend(numeric);
        self.categories.extend(categories);
        Design::new(self.rows, self.numeric, self.categories)
    }

    /// The same with a coefficient for the first level too in each category that has two or more: for regressions whose penalties hold all levels alike.
    pub fn with_every_level(mut self) -> Self {
        for category in self.categories.iter_mut().filter(|category| category.levels > 1) {
            category.codes.iter_mut().for_each(|code| *code += 1);
            category.levels += 1;
        }
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of coefficients, the intercept included.
    pub fn coefficients(&self) -> usize {
        1 + self.numeric.len() + self.categories.iter().map(|category| category.levels).sum::<usize>()
    }

    /// Calls `visit` with the columns that are not zero in `row`, ascending: 0 is the intercept.
    #[inline]
    pub fn active(&self, row: usize, mut visit: impl FnMut(usize, f64)) {
        visit(0, 1.0);
        for (j, column) in self.numeric.iter().enumerate() {
            visit(1 + j, column[row]);
        }
        let mut first = 1 + self.numeric.len();
        for category in &self.categories {
            let code = category.codes[row] as usize;
            if code > 0 {
                visit(first + code - 1, 1.0);
            }
            first += category.levels;
        }
    }

    /// Every `step`-th row.
    fn strided(&self, step: usize) -> Design {
        let category =
            |c: &Category| Category { codes: c.codes.iter().copied().step_by(step).collect(), levels: c.levels };
        Design {
            rows: self.rows.div_ceil(step),
            numeric: self.numeric.iter().map(|column| column.iter().copied().step_by(step).collect()).collect(),
            categories: self.categories.iter().map(category).collect(),
        }
    }

    /// The linear predictor of `row`.
    pub fn score(&self, row: usize, coefficients: &[f64]) -> f64 {
        let mut score = 0.0;
        self.active(row, |column, value| score += value * coefficients[column]);
        score
    }
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Intercept, then one coefficient per column of the design.
    pub coefficients: Vec<f64>,
    /// Inverse of the penalised Hessian at the optimum, row-major.
    pub covariance: Vec<f64>,
    /// Newton steps taken over all rows.
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
/// Rows from which on a fit starts at the optimum of a part of them: that saves two of five steps over all rows.
const MANY_ROWS: usize = 50_000;
/// That part is every 16th row.
const STRIDE: usize = 16;

/// The regression of `outcome` (0 or 1 per row) on `design` with row weights and L2 penalty `penalty`, started at `start` or at
/// the base rate (from 50,000 rows on at the optimum of every 16th row). Newton's method with step halving until ‖gradient‖∞ ≤ 1e-11·Σw, or until rounding stops its progress below 1e-8·Σw.
///
/// # Errors
/// [`Error::InvalidOption`] for a penalty that is negative or not finite; [`Error::ColumnLength`] for outcomes or weights of another length;
/// [`Error::NoUniqueFit`] where only one outcome has weight, or where columns are collinear or separate the outcomes and nothing is penalised.
pub fn fit(design: &Design, outcome: &[f64], weights: &[f64], penalty: f64, start: Option<&[f64]>) -> Result<Logistic> {
    check_penalty(penalty)?;
    for (column, length) in [("outcome", outcome.len()), ("weight", weights.len())] {
        if length != design.rows {
            let (table, column) = ("design".to_owned(), column.to_owned());
            return Err(Error::ColumnLength { table, column, length, expected: design.rows });
        }
    }
    let no_fit = |rule: &str| Error::NoUniqueFit { what: rule.into() };
    let total: f64 = weights.iter().sum();
    let positive: f64 = weights.iter().zip(outcome).map(|(w, y)| w * y).sum();
    if !(positive > 0.0 && positive < total) {
        return Err(no_fit("both outcomes must occur"));
    }
    let p = design.coefficients();
    let base_rate = || {
        let mut beta = vec![0.0; p];
        beta[0] = libm::log(positive / (total - positive));
        beta
    };
    let mut beta = match start {
        Some(start) if start.len() == p => start.to_vec(),
        _ if design.rows >= MANY_ROWS => {
            let every = |values: &[f64]| values.iter().copied().step_by(STRIDE).collect::<Vec<f64>>();
            let part = fit(
                &design.strided(STRIDE),
                &every(outcome),
                &every(weights),
                penalty / STRIDE as f64,
                Some(&base_rate()),
            );
            part.map_or_else(|_| base_rate(), |part| part.coefficients)
        }
        _ => base_rate(),
    };
    let problem = Problem { design, outcome, weights, penalty };
    let (mut gradient, mut hessian) = (vec![0.0; p], vec![0.0; p * p]);
    let mut objective = problem.derivatives(&beta, &mut gradient, &mut hessian);
    let mut iterations = 0;
    let largest = |gradient: &[f64]| gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    loop {
        let steepest = largest(&gradient);
        if steepest <= 1e-11 * total || iterations == MOST_STEPS {
            break;
        }
        let factor =
            Cholesky::new(&hessian, p).ok_or_else(|| no_fit("the columns are collinear or separate the outcomes"))?;
        let mut step = gradient.clone();
        factor.solve(&mut step);
        let mut share = 1.0;
        let next = loop {
            let candidate: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - share * s).collect();
            let (mut g, mut h) = (vec![0.0; p], vec![0.0; p * p]);
            let value = problem.derivatives(&candidate, &mut g, &mut h);
            if value <= objective + 1e-12 * objective.abs() {
                break Some((candidate, value, g, h));
            }
            share *= 0.5;
            if share < 1e-10 {
                break None;
            }
        };
        let Some((candidate, value, g, h)) = next else { break };
        iterations += 1;
        let stalled = largest(&g) >= steepest && steepest <= 1e-8 * total;
        if stalled {
            break;
        }
        (beta, objective, gradient, hessian) = (candidate, value, g, h);
    }
    let max_gradient = largest(&gradient);
    if max_gradient > 1e-6 * total || beta.iter().any(|b| !b.is_finite()) {
        return Err(no_fit("the columns separate the outcomes and nothing holds the coefficients"));
    }
    let factor =
        Cholesky::new(&hessian, p).ok_or_else(|| no_fit("the columns are collinear or separate the outcomes"))?;
    let fitted = Logistic { coefficients: beta, covariance: factor.inverse(), iterations, max_gradient, objective };
    if penalty == 0.0 {
        // Where the outcomes are separated the coefficients run away while the gradient vanishes: the scores then know nothing.
        let mut active = Vec::new();
        let unknown = |row| weights[row] > 0.0 && fitted.score_standard_error(design, row, &mut active) > 50.0;
        if (0..design.rows).any(unknown) {
            return Err(no_fit("the columns separate the outcomes and nothing holds the coefficients"));
        }
    }
    Ok(fitted)
}

fn check_penalty(penalty: f64) -> Result<()> {
    if penalty >= 0.0 && penalty.is_finite() {
        return Ok(());
    }
    let rule = "a penalty is a finite number that is not negative".into();
    Err(Error::InvalidOption { option: "penalty".into(), value: penalty.to_string(), rule })
}

struct Problem<'a> {
    design: &'a Design,
    outcome: &'a [f64],
    weights: &'a [f64],
    penalty: f64,
}

impl Problem<'_> {
    /// Fills gradient and lower Hessian, both zero before, at `beta`; returns the objective.
    fn derivatives(&self, beta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let p = beta.len();
        let mut loss = 0.0;
        let mut tile = Tile::default();
        for start in (0..self.design.rows).step_by(TILE) {
            let rows = start..(start + TILE).min(self.design.rows);
            loss += tile.fill(self, beta, rows.clone());
            tile.add(self.design, rows, gradient, hessian);
        }
        for j in 1..p {
            loss += 0.5 * self.penalty * beta[j] * beta[j];
            gradient[j] += self.penalty * beta[j];
            hessian[j * p + j] += self.penalty;
        }
        loss
    }
}

/// Rows that are worked on together, column by column: few enough to stay in the cache.
const TILE: usize = 256;

/// Per row of a tile: weight × (probability − outcome), and the second derivative of the loss by the score.
struct Tile {
    residual: [f64; TILE],
    curvature: [f64; TILE],
}

impl Default for Tile {
    fn default() -> Self {
        Tile { residual: [0.0; TILE], curvature: [0.0; TILE] }
    }
}

impl Tile {
    /// Computes the rows `rows` at `beta`; returns their loss.
    fn fill(&mut self, problem: &Problem, beta: &[f64], rows: Range<usize>) -> f64 {
        let n = rows.len();
        let mut score = [beta[0]; TILE];
        for (column, beta) in problem.design.numeric.iter().zip(&beta[1..]) {
            for (score, x) in score[..n].iter_mut().zip(&column[rows.clone()]) {
                *score += x * beta;
            }
        }
        let mut first = 1 + problem.design.numeric.len();
        for category in &problem.design.categories {
            for (score, code) in score[..n].iter_mut().zip(&category.codes[rows.clone()]) {
                if *code > 0 {
                    *score += beta[first + *code as usize - 1];
                }
            }
            first += category.levels;
        }
        let mut loss = 0.0;
        for (k, row) in rows.enumerate() {
            let (z, y, weight) = (score[k], problem.outcome[row], problem.weights[row]);
            if weight == 0.0 {
                (self.residual[k], self.curvature[k]) = (0.0, 0.0);
                continue;
            }
            let e = libm::exp(-z.abs());
            let probability = if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
            loss += weight * (libm::log1p(e) + z.max(0.0) - y * z);
            self.residual[k] = weight * (probability - y);
            // e / (1 + e)² keeps its digits where 1 − p has lost them.
            self.curvature[k] = weight * e / ((1.0 + e) * (1.0 + e));
        }
        loss
    }

    /// Adds the rows `rows` to gradient and lower Hessian.
    fn add(&self, design: &Design, rows: Range<usize>, gradient: &mut [f64], hessian: &mut [f64]) {
        let (p, n) = (gradient.len(), rows.len());
        let (residual, curvature) = (&self.residual[..n], &self.curvature[..n]);
        let categories = 1 + design.numeric.len();
        gradient[0] += residual.iter().sum::<f64>();
        hessian[0] += curvature.iter().sum::<f64>();
        let mut scaled = [0.0; TILE];
        let scaled = &mut scaled[..n];
        for (i, column) in design.numeric.iter().enumerate() {
            let column = &column[rows.clone()];
            gradient[1 + i] += dot(residual, column);
            for ((scaled, curvature), x) in scaled.iter_mut().zip(curvature).zip(column) {
                *scaled = curvature * x;
            }
            let line = &mut hessian[(1 + i) * p..];
            line[0] += scaled.iter().sum::<f64>();
            for (j, other) in design.numeric[..=i].iter().enumerate() {
                line[1 + j] += dot(scaled, &other[rows.clone()]);
            }
            let mut first = categories;
            for category in &design.categories {
                for (code, scaled) in category.codes[rows.clone()].iter().zip(scaled.iter()) {
                    if *code > 0 {
                        hessian[(first + *code as usize - 1) * p + 1 + i] += scaled;
                    }
                }
                first += category.levels;
            }
        }
        let mut first = categories;
        for (c, category) in design.categories.iter().enumerate() {
            for (k, row) in rows.clone().enumerate().filter(|(_, row)| category.codes[*row] > 0) {
                let i = first + category.codes[row] as usize - 1;
                gradient[i] += residual[k];
                let line = &mut hessian[i * p..i * p + i + 1];
                line[0] += curvature[k];
                line[i] += curvature[k];
                let mut before = categories;
                for other in &design.categories[..c] {
                    let code = other.codes[row] as usize;
                    if code > 0 {
                        line[before + code - 1] += curvature[k];
                    }
                    before += other.levels;
                }
            }
            first += category.levels;
        }
    }
}

/// a · b in a fixed order of summation that lets the compiler use vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::seeded;
    use rand::Rng as _;

    fn random(rows: usize, seed: u32) -> (Design, Vec<f64>) {
        let mut rng = seeded(seed, 0);
        let numeric: Vec<Vec<f64>> = (0..3).map(|_| (0..rows).map(|_| rng.gen_range(-2.0..2.0)).collect()).collect();
        let codes: Vec<u32> = (0..rows).map(|_| rng.gen_range(0..4)).collect();
        let outcome = (0..rows)
            .map(|i| {
                let z = 0.3 + numeric[0][i] - 0.5 * numeric[1][i] + 0.4 * f64::from(codes[i]);
                f64::from(u8::from(rng.r#gen::<f64>() < sigmoid(z)))
            })
            .collect();
        (Design::new(rows, numeric, vec![Category { codes, levels: 3 }]).unwrap(), outcome)
    }

    #[test]
    fn gradient_equals_finite_differences_of_the_objective() {
        let (design, outcome) = random(50, 1);
        let weights = vec![1.0; 50];
        let problem = Problem { design: &design, outcome: &outcome, weights: &weights, penalty: 0.7 };
        let p = design.coefficients();
        let beta: Vec<f64> = (0..p).map(|j| 0.1 * j as f64 - 0.2).collect();
        let value = |beta: &[f64]| problem.derivatives(beta, &mut vec![0.0; p], &mut vec![0.0; p * p]);
        let (mut gradient, mut hessian) = (vec![0.0; p], vec![0.0; p * p]);
        problem.derivatives(&beta, &mut gradient, &mut hessian);
        for j in 0..p {
            let (mut up, mut down) = (beta.clone(), beta.clone());
            up[j] += 1e-5;
            down[j] -= 1e-5;
            assert!((gradient[j] - (value(&up) - value(&down)) / 2e-5).abs() < 1e-7, "{j}");
        }
    }

    #[test]
    fn tiles_give_the_derivatives_of_the_definition_with_two_categories_and_a_part_tile() {
        let rows = 2 * TILE + 37;
        let (one, outcome) = random(rows, 3);
        let (two, _) = random(rows, 4);
        let categories = vec![one.categories[0].clone(), two.categories[0].clone()];
        let design = Design::new(rows, one.numeric.clone(), categories).unwrap();
        let weights: Vec<f64> = (0..rows).map(|i| (i % 4) as f64).collect();
        let p = design.coefficients();
        let beta: Vec<f64> = (0..p).map(|j| 0.2 - 0.07 * j as f64).collect();
        let (mut gradient, mut hessian) = (vec![0.0; p], vec![0.0; p * p]);
        Problem { design: &design, outcome: &outcome, weights: &weights, penalty: 0.3 }.derivatives(
            &beta,
            &mut gradient,
            &mut hessian,
        );
        let penalty = |i: usize| if i > 0 { 0.3 } else { 0.0 };
        for i in 0..p {
            let mut slope = penalty(i) * beta[i];
            let mut line: Vec<f64> = (0..=i).map(|j| if i == j { penalty(i) } else { 0.0 }).collect();
            for row in 0..rows {
                let mut x = vec![0.0; p];
                design.active(row, |column, value| x[column] = value);
                let chance = sigmoid(design.score(row, &beta));
                slope += weights[row] * (chance - outcome[row]) * x[i];
                for j in 0..=i {
                    line[j] += weights[row] * chance * (1.0 - chance) * x[i] * x[j];
                }
            }
            assert!((gradient[i] - slope).abs() < 1e-10, "{i}");
            for j in 0..=i {
                assert!((hessian[i * p + j] - line[j]).abs() < 1e-10, "{i} {j}");
            }
        }
    }

    #[test]
    fn many_rows_reach_the_same_optimum_in_fewer_steps() {
        let (design, outcome) = random(MANY_ROWS, 5);
        let weights = vec![1.0; MANY_ROWS];
        let cold = fit(&design, &outcome, &weights, 1.0, Some(&vec![0.0; design.coefficients()])).unwrap();
        let warm = fit(&design, &outcome, &weights, 1.0, None).unwrap();
        for (x, y) in cold.coefficients.iter().zip(&warm.coefficients) {
            assert!((x - y).abs() < 1e-10, "{x} {y}");
        }
        assert!(warm.iterations < cold.iterations, "{} {}", warm.iterations, cold.iterations);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let (design, outcome) = random(80, 2);
        let weights: Vec<f64> = (0..80).map(|i| f64::from(i % 3)).collect();
        let repeated: Vec<usize> = (0..80).flat_map(|i| vec![i; i % 3]).collect();
        let many = Design::new(
            repeated.len(),
            design.numeric.iter().map(|column| repeated.iter().map(|&i| column[i]).collect()).collect(),
            vec![Category { codes: repeated.iter().map(|&i| design.categories[0].codes[i]).collect(), levels: 3 }],
        )
        .unwrap();
        let y: Vec<f64> = repeated.iter().map(|&i| outcome[i]).collect();
        let a = fit(&design, &outcome, &weights, 1.0, None).unwrap();
        let b = fit(&many, &y, &vec![1.0; y.len()], 1.0, None).unwrap();
        for (x, y) in a.coefficients.iter().zip(&b.coefficients) {
            assert!((x - y).abs() < 1e-10);
        }
        assert!((a.standard_error(1) - b.standard_error(1)).abs() < 1e-10);
    }

    #[test]
    fn separation_and_collinear_columns_fit_with_a_penalty_and_are_refused_without() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i) - 9.5).collect();
        let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let ones = vec![1.0; 20];
        let separated = Design::new(20, vec![x.clone()], vec![]).unwrap();
        assert!(fit(&separated, &y, &ones, 1.0, None).unwrap().coefficients[1].is_finite());
        assert_eq!(fit(&separated, &y, &ones, 0.0, None).unwrap_err().code(), "no_unique_fit");
        let twice = Design::new(20, vec![x.clone(), x.clone()], vec![]).unwrap();
        let noisy: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let both = fit(&twice, &noisy, &ones, 0.5, None).unwrap();
        assert!((both.coefficients[1] - both.coefficients[2]).abs() < 1e-12);
        assert_eq!(fit(&twice, &noisy, &ones, 0.0, None).unwrap_err().code(), "no_unique_fit");
    }

    #[test]
    fn one_outcome_bad_penalty_and_bad_columns_are_refused_by_code() {
        let design = Design::new(2, vec![vec![0.0, 1.0]], vec![]).unwrap();
        assert_eq!(fit(&design, &[1.0, 1.0], &[1.0, 1.0], 1.0, None).unwrap_err().code(), "no_unique_fit");
        assert_eq!(fit(&design, &[1.0, 0.0], &[1.0, 1.0], f64::NAN, None).unwrap_err().code(), "invalid_option");
        assert_eq!(fit(&design, &[1.0], &[1.0, 1.0], 1.0, None).unwrap_err().code(), "column_length");
        assert_eq!(Design::new(1, vec![vec![f64::NAN]], vec![]).unwrap_err().code(), "invalid_option");
        assert_eq!(
            Design::new(1, vec![], vec![Category { codes: vec![2], levels: 1 }]).unwrap_err().code(),
            "invalid_option"
        );
    }
}
