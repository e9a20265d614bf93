//! Mixtures, density clusters and silhouettes against scikit-learn, on irises and on two crossing groups.
//!
//! Mixtures take the same start and the same stopping rule, so that after as many steps only rounding differs: 1e-8.

use crate::data;
use crm_analytics::segments::density::{DensityParams, density};
use crm_analytics::segments::mixture::{Covariance, MixtureParams, mixture, mixture_from_labels};
use crm_analytics::segments::points::Points;
use crm_analytics::segments::silhouette::silhouette;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn labels(list: &Value) -> Vec<u32> {
    numbers(list).into_iter().map(|label| label as u32).collect()
}

fn all_close(ours: &[f64], reference: &Value, tolerance: f64, what: &str) {
    let reference = numbers(reference);
    assert_eq!(ours.len(), reference.len(), "{what}");
    for (i, (ours, reference)) in ours.iter().zip(reference).enumerate() {
        let error = (ours - reference).abs();
        assert!(error <= tolerance * reference.abs().max(1.0), "{what}[{i}]: {ours} is not {reference}");
    }
}

fn sets(check: impl Fn(&Value, &Points)) {
    let reference = data::oracle("clusters").unwrap();
    for set in reference["sets"].as_array().unwrap() {
        check(set, &Points::new(set["dims"].as_u64().unwrap() as usize, &numbers(&set["points"]), None));
    }
}

#[test]
fn mixtures_of_either_shape_equal_scikit_learn_step_by_step() {
    sets(|set, points| {
        for reference in set["mixtures"].as_array().unwrap() {
            let covariance = if reference["covariance"] == "full" { Covariance::Full } else { Covariance::Diagonal };
            let params = MixtureParams {
                k: reference["k"].as_u64().unwrap() as usize,
                tolerance: 1e-6,
                iterations: 500,
                ..MixtureParams::default()
            };
            let ours = mixture_from_labels(points, &labels(&reference["start"]), covariance, params).unwrap();
            assert_eq!(ours.iterations as u64, reference["iterations"].as_u64().unwrap());
            assert!(ours.converged);
            all_close(&ours.shares, &reference["shares"], 1e-8, "shares");
            all_close(&ours.means, &reference["means"], 1e-8, "means");
            all_close(&ours.covariances, &reference["covariances"], 1e-8, "covariances");
            all_close(
                &[ours.log_likelihood],
                &Value::Array(vec![reference["log_likelihood"].clone()]),
                1e-8,
                "likelihood",
            );
            all_close(&[ours.bic], &Value::Array(vec![reference["bic"].clone()]), 1e-8, "BIC");
            let member = ours.membership(points);
            assert_eq!(member.labels, labels(&reference["labels"]));
            all_close(&member.probabilities, &reference["probabilities"], 1e-7, "membership");
        }
    });
}

#[test]
fn the_chosen_mixture_has_no_higher_bic_than_the_reference() {
    sets(|set, points| {
        let references = set["mixtures"].as_array().unwrap();
        let best = references.iter().map(|one| one["bic"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
        let params = MixtureParams { k: references[0]["k"].as_u64().unwrap() as usize, ..MixtureParams::default() };
        let ours = mixture(points, params).unwrap();
        assert!(ours.bic <= best * 1.001, "{} is above {best}", ours.bic);
    });
}

#[test]
fn density_clusters_and_core_points_equal_scikit_learn() {
    sets(|set, points| {
        for reference in set["density"].as_array().unwrap() {
            let params = DensityParams {
                radius: reference["radius"].as_f64(),
                min_weight: reference["min_weight"].as_f64(),
                ..DensityParams::default()
            };
            let ours = density(points, params).unwrap();
            let as_there: Vec<f64> = ours.labels.iter().map(|label| label.map_or(-1.0, f64::from)).collect();
            assert_eq!(as_there, numbers(&reference["labels"]));
            let core: Vec<f64> = (0..points.len()).filter(|&row| ours.core[row]).map(|row| row as f64).collect();
            assert_eq!(core, numbers(&reference["core"]));
        }
    });
}

#[test]
fn silhouettes_equal_scikit_learn() {
    sets(|set, points| {
        let reference = &set["silhouette"];
        let of_cluster = numbers(&reference["of_cluster"]);
        let ours = silhouette(points, &labels(&reference["labels"]), of_cluster.len());
        assert!((ours.mean - reference["mean"].as_f64().unwrap()).abs() < 1e-12);
        for (ours, reference) in ours.of_cluster.iter().zip(of_cluster) {
            assert!((ours.unwrap() - reference).abs() < 1e-12);
        }
    });
}
