//! Counts of wins, rank agreement and expected wins, against scipy and statsmodels.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::data::{bytes, oracle};
use crm_analytics::crm::{self, Crm, LoadOptions, TableKind};
use crm_analytics::forecast::{
    Band, ForecastOptions, PipelineOptions, PipelineResult, RepOptions, WinTimesFrom, pipeline, reps,
};
use crm_analytics::meta::{self, Progress};
use crm_analytics::read;
use crm_analytics::stats::poisson_binomial::PoissonBinomial;
use crm_analytics::stats::rank_correlation::{kendall, spearman};
use serde_json::Value;

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
}

fn maven() -> Option<Crm> {
    let source = read::csv("sales_pipeline.csv", &bytes("sales_pipeline.csv")?).expect("reads");
    let options: LoadOptions = meta::options(r#"{"asOf": "2017-12-31"}"#).expect("valid");
    Some(crm::load(vec![(Some(TableKind::Deals), source)], &options).expect("loads").crm)
}

fn run(crm: &Crm, options: &PipelineOptions) -> PipelineResult {
    pipeline(crm, options, &mut Progress::none()).expect("a forecast")
}

#[test]
fn counts_of_wins_match_scipy() {
    let Some(reference) = oracle("pipeline") else { return println!("skipped: the reference is not here") };
    for of in reference["poisson_binomial"].as_array().expect("a list") {
        let counts = PoissonBinomial::new(&floats(&of["p"]));
        for (count, expected) in floats(&of["pmf"]).into_iter().enumerate() {
            let actual = count.checked_sub(counts.first).and_then(|at| counts.probability.get(at)).unwrap_or(&0.0);
            assert!((actual - expected).abs() < 1e-12, "{count}: {actual} {expected}");
        }
        let quantiles = [0.1, 0.5, 0.9].map(|p| counts.quantile(p) as f64);
        assert_eq!(quantiles.to_vec(), floats(&of["quantiles"]));
    }
}

#[test]
fn rank_agreement_matches_scipy() {
    let Some(reference) = oracle("pipeline") else { return println!("skipped: the reference is not here") };
    let of = &reference["ranks"];
    let (x, y) = (floats(&of["x"]), floats(&of["y"]));
    let weights = vec![1.0; x.len()];
    for (name, actual) in [("kendall", kendall(&x, &y, &weights)), ("spearman", spearman(&x, &y, &weights))] {
        let expected = of[name].as_f64().expect("a number");
        assert!((actual.expect("varies") - expected).abs() < 1e-12, "{name}: {actual:?} {expected}");
    }
}

/// The curves are those of statsmodels; that open deals of one age have the incidence of that age, and what is beyond the curve, is spelled out in the
/// script beside the reference.
#[test]
fn expected_wins_of_maven_match_the_incidence_of_statsmodels() {
    let (Some(crm), Some(reference)) = (maven(), oracle("pipeline")) else {
        return println!("skipped: maven-crm is not here");
    };
    let of = &reference["maven"];
    let model = ForecastOptions { features: Some(Vec::new()), ..ForecastOptions::default() };
    let result = run(&crm, &PipelineOptions { model, periods: 3, ..PipelineOptions::default() });
    assert_eq!(result.win_times, WinTimesFrom::Cycle);
    assert_eq!(result.open.wins, of["open"].as_f64().expect("a number"));
    for (period, expected) in result.periods[1..].iter().zip(floats(&of["expected_wins"])) {
        // A deal here is one millisecond older, so that what happens at the instant of the analysis has happened.
        assert!((period.open.wins - expected).abs() < 1e-6 * expected, "{} {expected}", period.open.wins);
        let Band { p10, p50, p90, mean, .. } = period.amount.expect("amounts");
        assert!(p10 < p50 && p50 < p90 && mean.is_finite());
    }
    assert_eq!(result.periods[0].closed.wins, of["won_in_december"].as_f64().expect("a number"));
}

#[test]
fn owners_of_maven_add_up_to_all_deals() {
    let Some(crm) = maven() else { return println!("skipped: maven-crm is not here") };
    let result = reps(&crm, &RepOptions::default(), &mut Progress::none()).expect("owners");
    assert_eq!(result.reps.len(), 30);
    let sum = |of: fn(&crm_analytics::forecast::Rep) -> f64| result.reps.iter().map(of).sum::<f64>();
    assert_eq!((sum(|rep| rep.won), sum(|rep| rep.lost), sum(|rep| rep.open)), (4238.0, 2473.0, 2089.0));
    for rep in &result.reps {
        let (raw, near) = (rep.win_rate.expect("closed"), rep.shrunken_rate.expect("closed"));
        let base = result.base_rate.expect("closed").value;
        assert!((near.value - base).abs() <= (raw.value - base).abs() + 1e-12);
    }
}
