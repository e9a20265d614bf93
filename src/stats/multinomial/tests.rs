use super::*;
use crate::stats::logistic::{self, Category};
use crate::stats::rng::{below, normal, seeded};
use linfa::traits::{Fit as _, Predict as _};

fn design(rows: usize, seed: u32) -> Design {
    let mut rng = seeded(seed, 0);
    let numeric: Vec<Vec<f64>> = (0..2).map(|_| (0..rows).map(|_| normal(&mut rng)).collect()).collect();
    let codes = (0..rows).map(|_| below(&mut rng, 3)).collect();
    Design::new(rows, numeric, vec![Category { codes, levels: 2 }]).unwrap()
}

/// Rows of up to five periods in two strata.
fn panel(rows: usize, seed: u32) -> Panel {
    let mut rng = seeded(seed, 1);
    let basis = (0..5).map(|t| vec![f64::from(t), f64::from(t * t) / 10.0]).collect();
    let stratum = (0..rows).map(|_| below(&mut rng, 2)).collect();
    let periods = (0..rows).map(|_| 1 + below(&mut rng, 5)).collect();
    let outcome = (0..rows).map(|_| below(&mut rng, 3)).collect();
    let slopes = [(0..rows).map(|_| normal(&mut rng)).collect()];
    Panel::over_periods(design(rows, seed), 3, basis, 2, stratum, periods, outcome)
        .unwrap()
        .with_slopes(slopes)
        .unwrap()
}

/// The same with one row of one period for each period of a row, the basis being numbers of the design.
fn expanded(panel: &Panel) -> (Panel, Vec<usize>) {
    let mut from = Vec::new();
    let (mut outcome, mut numeric) = (Vec::new(), vec![Vec::new(); panel.columns() - 1]);
    for row in 0..panel.design.rows() {
        for (t, z) in panel.basis.iter().enumerate().take(panel.periods[row] as usize) {
            let mut x = vec![0.0; panel.columns()];
            panel.active(row, |column, value| x[column] = value);
            for start in panel.basis_starts(panel.stratum[row]) {
                x[start..start + z.len()].copy_from_slice(z);
            }
            numeric.iter_mut().zip(&x[1..]).for_each(|(column, x)| column.push(*x));
            outcome.push(if t + 1 == panel.periods[row] as usize { panel.outcome[row] } else { 0 });
            from.push(row);
        }
    }
    let design = Design::new(from.len(), numeric, vec![]).unwrap();
    (Panel::new(design, panel.outcomes, outcome).unwrap(), from)
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (j, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() < tolerance, "{j}: {a} {b}");
    }
}

#[test]
fn periods_of_a_row_equal_rows_of_one_period() {
    let panel = panel(120, 1);
    let weights: Vec<f64> = (0..120).map(|i| f64::from(i % 3)).collect();
    let penalty = vec![0.4; panel.coefficients()];
    let (plain, from) = expanded(&panel);
    let repeated: Vec<f64> = from.iter().map(|row| weights[*row]).collect();
    let a = fit(&panel, &weights, &penalty, None).unwrap();
    let b = fit(&plain, &repeated, &penalty, None).unwrap();
    close(&a.coefficients, &b.coefficients, 1e-9);
    close(&a.covariance, &b.covariance, 1e-9);
    assert!((a.objective - b.objective).abs() < 1e-9);
}

#[test]
fn large_scores_give_what_small_steps_towards_them_promise() {
    // Beyond 40 the exponential is no longer taken as a product: the loss goes on without a jump.
    let panel = panel(20, 6);
    let d = panel.coefficients();
    let (weights, penalty) = (vec![1.0; 20], vec![0.0; d]);
    let at = |size: f64| {
        let beta: Vec<f64> = (0..d).map(|j| size * (0.5 - (j % 2) as f64)).collect();
        Derivatives::at(&panel, &weights, &penalty, &beta, true)
    };
    let mut before = at(0.0);
    for step in 1..400 {
        let now = at(f64::from(step) * 0.1);
        let slope =
            |here: &Derivatives| here.gradient.iter().enumerate().map(|(j, g)| g * (0.5 - (j % 2) as f64)).sum::<f64>();
        let promised = 0.05 * (slope(&before) + slope(&now));
        assert!((now.objective - before.objective - promised).abs() < 0.2, "{step}");
        assert!(now.hessian.iter().all(|value| value.is_finite()));
        before = now;
    }
    assert!(before.objective.is_finite() && at(1e6).objective.is_finite());
}

#[test]
fn derivatives_equal_finite_differences() {
    let panel = panel(40, 2);
    let d = panel.coefficients();
    let (weights, penalty) = (vec![1.5; 40], vec![0.2; d]);
    let beta: Vec<f64> = (0..d).map(|j| 0.03 * (j as f64) - 0.3).collect();
    let at = |j: usize, step: f64| {
        let mut moved = beta.clone();
        moved[j] += step;
        Derivatives::at(&panel, &weights, &penalty, &moved, true)
    };
    let here = Derivatives::at(&panel, &weights, &penalty, &beta, true);
    for j in 0..d {
        let (up, down) = (at(j, 1e-5), at(j, -1e-5));
        assert!((here.gradient[j] - (up.objective - down.objective) / 2e-5).abs() < 1e-5, "{j}");
        for i in j..d {
            let slope = (up.gradient[i] - down.gradient[i]) / 2e-5;
            assert!((here.hessian[i * d + j] - slope).abs() < 1e-4, "{i} {j}");
        }
    }
}

#[test]
fn two_outcomes_give_the_binary_regression_and_linfa_the_same() {
    let design = design(200, 3);
    let mut rng = seeded(3, 2);
    let outcome: Vec<u32> = (0..200).map(|_| below(&mut rng, 2)).collect();
    let y: Vec<f64> = outcome.iter().map(|k| f64::from(*k)).collect();
    let binary = logistic::fit(&design, &y, &[1.0; 200], 0.7, None).unwrap();
    let panel = Panel::new(design, 2, outcome).unwrap();
    let penalty: Vec<f64> = (0..5).map(|j| if j == 0 { 0.0 } else { 0.7 }).collect();
    let own = fit(&panel, &[1.0; 200], &penalty, None).unwrap();
    close(&own.coefficients, &binary.coefficients, 1e-9);
    close(&own.covariance, &binary.covariance, 1e-9);

    let x = ndarray::Array2::from_shape_fn((60, 2), |(i, j)| ((i * (j + 3)) % 7) as f64);
    let targets = ndarray::Array1::from_shape_fn(60, |i| (i * 5 + i / 7) % 3);
    let dataset = linfa::DatasetBase::new(x.clone(), targets.clone());
    let model = UncheckedMultinomialParams(MultinomialParams { penalty: 0.5 }).fit(&dataset).unwrap();
    let chances: ndarray::Array2<f64> = model.predict(&x);
    // At the optimum the mean chance of each outcome is its share: the intercept is not penalised.
    for k in 1..3 {
        let share = targets.iter().filter(|target| **target == k).count() as f64;
        assert!((chances.column(k - 1).sum() - share).abs() < 1e-8);
    }
    assert!(UncheckedMultinomialParams(MultinomialParams { penalty: f64::NAN }).fit(&dataset).is_err());
}

#[test]
fn separation_and_collinear_columns_fit_with_a_penalty_and_are_refused_without() {
    let x: Vec<f64> = (0..30).map(|i| f64::from(i) - 14.5).collect();
    let outcome: Vec<u32> = (0..30).map(|i| i / 10).collect();
    let design = Design::new(30, vec![x.clone(), x], vec![]).unwrap();
    let panel = Panel::new(design, 3, outcome).unwrap();
    let held: Vec<f64> = (0..6).map(|j| if j % 3 == 0 { 0.0 } else { 0.1 }).collect();
    let model = fit(&panel, &[1.0; 30], &held, None).unwrap();
    assert!((model.coefficients[1] - model.coefficients[2]).abs() < 1e-9 && model.coefficients[4].is_finite());
    assert_eq!(fit(&panel, &[1.0; 30], &[0.0; 6], None).unwrap_err().code(), "no_unique_fit");
    let one = Design::new(30, vec![(0..30).map(f64::from).collect()], vec![]).unwrap();
    let separated = Panel::new(one, 2, (0..30).map(|i| u32::from(i > 12)).collect()).unwrap();
    assert_eq!(fit(&separated, &[1.0; 30], &[0.0; 2], None).unwrap_err().code(), "no_unique_fit");
}

#[test]
fn unusable_panels_are_refused_by_code() {
    let design = || Design::new(2, vec![], vec![]).unwrap();
    assert_eq!(Panel::new(design(), 3, vec![0, 3]).unwrap_err().code(), "invalid_option");
    assert_eq!(Panel::new(design(), 3, vec![0]).unwrap_err().code(), "column_length");
    let periods = |m: u32| Panel::over_periods(design(), 2, vec![vec![1.0]], 0, vec![0; 2], vec![1, m], vec![0, 1]);
    assert!(periods(0).is_err() && periods(2).is_err() && periods(1).is_ok());
    assert_eq!(periods(1).unwrap().with_slopes([vec![1.0]]).unwrap_err().code(), "column_length");
    assert_eq!(periods(1).unwrap().with_slopes([vec![1.0, f64::NAN]]).unwrap_err().code(), "invalid_option");
    let panel = Panel::new(design(), 2, vec![0, 0]).unwrap();
    assert_eq!(fit(&panel, &[1.0; 2], &[0.0], None).unwrap_err().code(), "no_unique_fit");
}

#[test]
fn clusters_of_one_give_the_plain_sandwich_and_a_repeated_row_counts_as_two_clusters() {
    let panel = panel(60, 5);
    let penalty = vec![0.5; panel.coefficients()];
    let weights: Vec<f64> = (0..60).map(|i| 1.0 + f64::from(i % 2)).collect();
    let fitted = fit(&panel, &weights, &penalty, None).unwrap();
    let cluster: Vec<u32> = (0..60).collect();
    let varies = information(&panel, &weights, &fitted, &cluster, &weights);
    let weighted = clustered_covariance(&fitted, &varies, &penalty);
    let index: Vec<usize> = (0..60).flat_map(|i| vec![i; 1 + i % 2]).collect();
    let pick = |codes: &[u32]| index.iter().map(|i| codes[*i]).collect::<Vec<u32>>();
    let mut columns = vec![Vec::new(); panel.design.coefficients() - 1];
    let slopes = [index.iter().map(|row| panel.slopes[0][*row]).collect()];
    for &row in &index {
        let mut x = vec![0.0; columns.len() + 1];
        panel.design.active(row, |column, value| x[column] = value);
        columns.iter_mut().zip(&x[1..]).for_each(|(column, x)| column.push(*x));
    }
    let design = Design::new(index.len(), columns, vec![]).unwrap();
    let (stratum, periods, outcome) = (pick(&panel.stratum), pick(&panel.periods), pick(&panel.outcome));
    let many = Panel::over_periods(design, 3, panel.basis.clone(), 2, stratum, periods, outcome).unwrap();
    let many = many.with_slopes(slopes).unwrap();
    let ones = vec![1.0; index.len()];
    let each: Vec<u32> = (0..index.len() as u32).collect();
    let again = fit(&many, &ones, &penalty, None).unwrap();
    let varies = information(&many, &ones, &again, &each, &ones);
    close(&weighted, &clustered_covariance(&again, &varies, &penalty), 1e-9);
}
