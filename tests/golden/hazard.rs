//! Multinomial regression over weeks, against statsmodels on one row per week and scipy's minimum of the penalised loss.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::data::oracle;
use crm_analytics::stats::logistic::{Category, Design};
use crm_analytics::stats::multinomial::{Multinomial, Panel, fit};
use serde_json::Value;

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
}

fn codes(values: &Value) -> Vec<u32> {
    floats(values).into_iter().map(|code| code as u32).collect()
}

/// Columns: 1, x1, x2, two groups, then t / 10 and its square as the basis that all rows share.
fn panel(reference: &Value) -> Panel {
    let group = Category { codes: codes(&reference["group"]), levels: 2 };
    let numeric = vec![floats(&reference["x1"]), floats(&reference["x2"])];
    let n = group.codes.len();
    let design = Design::new(n, numeric, vec![group]).expect("columns of one length");
    let basis = (0..8).map(|t| vec![f64::from(t) / 10.0, f64::from(t * t) / 100.0]).collect();
    let (weeks, outcome) = (codes(&reference["weeks"]), codes(&reference["outcome"]));
    Panel::over_periods(design, 3, basis, 0, vec![0; n], weeks, outcome).expect("a panel")
}

fn same(model: &Multinomial, expected: &Value, of: impl Fn(&Multinomial, usize) -> f64, tolerance: f64) {
    let expected: Vec<f64> = expected.as_array().expect("outcomes").iter().flat_map(floats).collect();
    assert_eq!(model.coefficients.len(), expected.len());
    for (j, expected) in expected.into_iter().enumerate() {
        let actual = of(model, j);
        assert!((actual - expected).abs() < tolerance, "{j}: {actual} {expected}");
    }
}

#[test]
fn weeks_of_competing_ends_match_statsmodels_and_the_penalised_loss_scipy() {
    let Some(reference) = oracle("hazard") else { return println!("skipped: the reference is not here") };
    let panel = panel(&reference);
    let ones = vec![1.0; 600];
    let free = fit(&panel, &ones, &[0.0; 14], None).expect("a fit");
    same(&free, &reference["coefficients"], |model, j| model.coefficients[j], 1e-6);
    same(&free, &reference["standard_errors"], Multinomial::standard_error, 1e-6);
    assert!((free.objective + reference["log_likelihood"].as_f64().expect("a number")).abs() < 1e-8);
    let penalty: Vec<f64> = (0..14).map(|j| if j % 7 == 0 { 0.0 } else { 2.5 }).collect();
    let held = fit(&panel, &ones, &penalty, None).expect("a fit");
    // BFGS stops at a gradient of 1e-6.
    same(&held, &reference["penalised"], |model, j| model.coefficients[j], 1e-6);
    assert!((held.objective - reference["penalised_objective"].as_f64().expect("a number")).abs() < 1e-9);
}
