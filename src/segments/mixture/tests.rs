use super::*;
use crate::stats::rng::{below, normal, seeded};

/// Two long groups that cross: the clusters of k-means cut them in the wrong place.
fn crossing(n: usize, seed: u32) -> (Vec<f64>, Vec<u32>) {
    let mut random = seeded(seed, 0);
    let (mut values, mut truth) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let group = below(&mut random, 2);
        let (along, across) = (5.0 * normal(&mut random), 0.3 * normal(&mut random));
        values.extend(if group == 0 { [along, 0.8 * along + across] } else { [along, -0.8 * along + across + 6.0] });
        truth.push(group);
    }
    (values, truth)
}

#[test]
fn components_of_any_direction_are_found_and_chosen_by_bic() {
    let (values, truth) = crossing(3000, 1);
    let points = Points::new(2, &values, None);
    let fit = mixture(&points, MixtureParams::default()).unwrap();
    assert_eq!(fit.covariance, Covariance::Full);
    let member = fit.membership(&points);
    let same = member.labels.iter().zip(&truth).filter(|(ours, truth)| ours == truth).count() as f64 / 3000.0;
    assert!(same.max(1.0 - same) > 0.95, "{same}");
    for row in member.probabilities.chunks_exact(2) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    let mut random = seeded(3, 0);
    let round: Vec<f64> = (0..2000).map(|i| normal(&mut random) + f64::from(i / 2 % 2) * 8.0).collect();
    let fit = mixture(&Points::new(2, &round, None), MixtureParams::default()).unwrap();
    assert_eq!(fit.covariance, Covariance::Diagonal);
}

#[test]
fn likelihood_never_falls_from_step_to_step() {
    let (values, _) = crossing(500, 2);
    let points = Points::new(2, &values, None);
    let labels: Vec<u32> = (0..500).map(|row| row % 3).collect();
    for covariance in [Covariance::Full, Covariance::Diagonal] {
        let mut last = f64::NEG_INFINITY;
        for iterations in 0..25 {
            let params = MixtureParams { k: 3, iterations, tolerance: 0.0, ..Default::default() };
            let fit = mixture_from_labels(&points, &labels, covariance, params).unwrap();
            assert!(fit.log_likelihood >= last - 1e-6 * last.abs(), "step {iterations}");
            assert_eq!(fit.iterations, iterations);
            last = fit.log_likelihood;
        }
    }
}

#[test]
fn a_weight_of_three_is_three_points() {
    let (values, _) = crossing(200, 3);
    let weights: Vec<f64> = (0..200).map(|row| f64::from(row % 4)).collect();
    let repeated: Vec<f64> =
        values.chunks_exact(2).zip(&weights).flat_map(|(row, weight)| row.repeat(*weight as usize)).collect();
    let weighted = mixture(&Points::new(2, &values, Some(&weights)), MixtureParams::default()).unwrap();
    let plain = mixture(&Points::new(2, &repeated, None), MixtureParams::default()).unwrap();
    assert!((weighted.bic - plain.bic).abs() < 1e-8 * plain.bic.abs(), "{} {}", weighted.bic, plain.bic);
    for (ours, plain) in weighted.covariances.iter().zip(&plain.covariances) {
        assert!((ours - plain).abs() < 1e-8 * plain.abs().max(1.0));
    }
}

#[test]
fn constant_columns_equal_points_and_far_points_stay_finite() {
    let equal = mixture(&Points::new(2, &[1.0; 20], None), MixtureParams { k: 1, ..Default::default() }).unwrap();
    assert!(equal.log_likelihood.is_finite() && equal.means == [1.0, 1.0]);
    let mut values: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { 7.0 } else { f64::from(i) }).collect();
    values[59] = 1e12;
    let points = Points::new(2, &values, None);
    let fit = mixture(&points, MixtureParams { k: 3, ..Default::default() }).unwrap();
    assert!(fit.bic.is_finite() && fit.covariances.iter().chain(&fit.means).all(|value| value.is_finite()));
    let beyond = fit.membership(&Points::new(2, &[1e140, -1e140], None));
    assert!((beyond.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12 && beyond.log_densities[0] < -1e100);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let points = Points::new(1, &[1.0, 2.0], None);
    let code = |labels: &[u32], params| {
        mixture_from_labels(&points, labels, Covariance::Full, params).map_or_else(|error| error.code(), |_| "fitted")
    };
    assert_eq!(code(&[0, 2], MixtureParams::default()), "invalid_option");
    assert_eq!(code(&[0], MixtureParams::default()), "invalid_option");
    assert_eq!(code(&[0, 1], MixtureParams { regularisation: 0.0, ..Default::default() }), "invalid_option");
    assert_eq!(mixture(&points, MixtureParams { k: 3, ..Default::default() }).unwrap_err().code(), "too_few");
    let weightless = Points::new(1, &[1.0, 2.0], Some(&[0.0, 0.0]));
    let error = mixture_from_labels(&weightless, &[0, 1], Covariance::Full, MixtureParams::default()).unwrap_err();
    assert_eq!(error.code(), "too_few");
}
