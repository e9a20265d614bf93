use super::derivatives::{Problem, TILE};
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
fn a_gradient_with_chances_in_single_precision_is_near_that_in_double() {
    let (design, outcome) = random(1_000, 8);
    let weights: Vec<f64> = (0..1_000).map(|i| f64::from(i % 3)).collect();
    let problem = Problem { design: &design, outcome: &outcome, weights: &weights, penalty: 0.7 };
    for scale in [0.1, 1.0, 300.0] {
        let beta: Vec<f64> = (0..design.coefficients()).map(|j| scale * (j as f64 - 2.0)).collect();
        let [mut single, mut double] = [vec![0.0; beta.len()], vec![0.0; beta.len()]];
        problem.gradient(&beta, Precision::Single, &mut single);
        problem.gradient(&beta, Precision::Double, &mut double);
        assert!(single.iter().zip(&double).all(|(a, b)| (a - b).abs() < 1e-6 * 1_000.0), "{single:?} {double:?}");
        assert_ne!(single, double);
    }
}

/// Largest element of the gradient by its definition, row by row.
fn steepest(design: &Design, outcome: &[f64], weights: &[f64], penalty: f64, beta: &[f64]) -> f64 {
    let mut gradient: Vec<f64> = beta.iter().map(|b| penalty * b).collect();
    gradient[0] = 0.0;
    for row in 0..design.rows() {
        let residual = weights[row] * (sigmoid(design.score(row, beta)) - outcome[row]);
        design.active(row, |column, x| gradient[column] += residual * x);
    }
    largest(&gradient)
}

#[test]
fn many_rows_reach_the_optimum_of_exact_steps_with_one_hessian() {
    let (design, outcome) = random(MANY_ROWS + 77, 5);
    let weights: Vec<f64> = (0..design.rows()).map(|i| (i % 3) as f64).collect();
    let (problem, totals) = checked(&design, &outcome, &weights, 1.0).unwrap();
    let exact = newton(&problem, totals.base_rate(design.coefficients()), EXACT * totals.weight).unwrap();
    let fast = fit(&design, &outcome, &weights, 1.0, None).unwrap();
    for (x, y) in exact.beta.iter().zip(&fast.coefficients) {
        assert!((x - y).abs() < 1e-10, "{x} {y}");
    }
    assert!(near_optimum(&problem, totals, None, EXACT).max_gradient.is_some());
    assert!(fast.max_gradient <= EXACT * totals.weight);
}

#[test]
fn the_gradient_that_an_optimum_states_is_that_of_all_rows() {
    for rows in [3_000, MANY_ROWS] {
        let (design, outcome) = random(rows, 6);
        let weights = vec![1.0; rows];
        let found = optimum(&design, &outcome, &weights, 1.0, None, 1e-6).unwrap();
        let defined = steepest(&design, &outcome, &weights, 1.0, &found.coefficients);
        assert!((found.max_gradient - defined).abs() < 1e-8, "{} {defined}", found.max_gradient);
        assert!(defined <= 1e-6 * rows as f64);
    }
}

#[test]
fn a_part_of_the_rows_that_misleads_does_not_change_the_answer() {
    let (design, mut outcome) = random(MANY_ROWS, 7);
    let (mut numeric, categories) = (design.numeric.clone(), design.categories.clone());
    for row in (0..MANY_ROWS).step_by(MANY_ROWS / ROWS_OF_PART) {
        numeric[0][row] *= 0.01;
        outcome[row] = f64::from(u8::from(row % 3 == 0));
    }
    let design = Design::new(MANY_ROWS, numeric, categories).unwrap();
    let weights = vec![1.0; MANY_ROWS];
    let (problem, totals) = checked(&design, &outcome, &weights, 0.5).unwrap();
    let near = near_optimum(&problem, totals, None, EXACT);
    assert!(near.max_gradient.is_none(), "exact steps have nothing to do");
    let found = optimum(&design, &outcome, &weights, 0.5, None, 1e-9).unwrap();
    assert!(steepest(&design, &outcome, &weights, 0.5, &found.coefficients) <= 2e-9 * totals.weight);
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
