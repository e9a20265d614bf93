//! L2-penalised logistic regression by exact Newton steps, on designs whose categories stay one code per row.
//!
//! Minimises Σ wᵢ log(1 + exp(−sᵢ(b + xᵢ·β))) + λ/2 ‖β‖² with s = ±1: the loss is a sum over weighted rows, the intercept b is
//! not penalised (scikit-learn's C is 1/λ). A row of weight 3 counts as three equal rows.

use super::linear_algebra::Cholesky;
use crate::error::{Error, Result};

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
    /// Newton steps taken.
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

/// The regression of `outcome` (0 or 1 per row) on `design` with row weights and L2 penalty `penalty`, started at `start` or at
/// the base rate. Newton's method with step halving until ‖gradient‖∞ ≤ 1e-11·Σw, or until rounding stops its progress below 1e-8·Σw.
///
/// # Errors
/// [`Error::InvalidOption`] for a penalty that is negative or not finite; [`Error::ColumnLength`] for outcomes or weights of another length;
/// [`Error::NoUniqueFit`] where only one outcome has weight, or where columns are collinear or separate the outcomes and nothing is penalised.
pub fn fit(design: &Design, outcome: &[f64], weights: &[f64], penalty: f64, start: Option<&[f64]>) -> Result<Logistic> {
    if !(penalty >= 0.0 && penalty.is_finite()) {
        let rule = "a penalty is a finite number that is not negative".into();
        return Err(Error::InvalidOption { option: "penalty".into(), value: penalty.to_string(), rule });
    }
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
    let mut beta = match start {
        Some(start) if start.len() == p => start.to_vec(),
        _ => {
            let mut beta = vec![0.0; p];
            beta[0] = libm::log(positive / (total - positive));
            beta
        }
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

struct Problem<'a> {
    design: &'a Design,
    outcome: &'a [f64],
    weights: &'a [f64],
    penalty: f64,
}

impl Problem<'_> {
    /// Fills gradient and lower Hessian at `beta`; returns the objective.
    fn derivatives(&self, beta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let p = beta.len();
        let mut loss = 0.0;
        let mut active: Vec<(usize, f64)> = Vec::with_capacity(p);
        for row in 0..self.design.rows {
            let weight = self.weights[row];
            if weight == 0.0 {
                continue;
            }
            active.clear();
            let mut z = 0.0;
            self.design.active(row, |column, value| {
                z += value * beta[column];
                active.push((column, value));
            });
            let y = self.outcome[row];
            let e = libm::exp(-z.abs());
            let probability = if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
            loss += weight * (libm::log1p(e) + z.max(0.0) - y * z);
            let residual = weight * (probability - y);
            // e / (1 + e)² keeps its digits where 1 − p has lost them.
            let curvature = weight * e / ((1.0 + e) * (1.0 + e));
            for (a, &(i, x)) in active.iter().enumerate() {
                gradient[i] += residual * x;
                let scaled = curvature * x;
                let line = &mut hessian[i * p..i * p + i + 1];
                for &(j, value) in &active[..=a] {
                    line[j] += scaled * value;
                }
            }
        }
        for j in 1..p {
            loss += 0.5 * self.penalty * beta[j] * beta[j];
            gradient[j] += self.penalty * beta[j];
            hessian[j * p + j] += self.penalty;
        }
        loss
    }
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
