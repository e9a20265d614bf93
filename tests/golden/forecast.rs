//! Logistic regression and its test on held-out deals, against scikit-learn, statsmodels and Newton's method in numpy.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::data::{bytes, oracle};
use crm_analytics::crm::{self, Attribute, Crm, Deals, LoadOptions, Outcome, TableKind};
use crm_analytics::forecast::{
    CalibrationWanted, ForecastOptions, ForecastResult, Holdout, LeakageReason, Model, Performance, Shown, Verdict,
    forecast,
};
use crm_analytics::meta::{self, Progress};
use crm_analytics::read;
use crm_analytics::stats::logistic::{Category, Design, fit};
use crm_analytics::table::{Texts, Values};
use serde_json::Value;
use std::collections::HashMap;

const NUMBERS: [&str; 4] = ["age", "balance", "campaign", "previous"];
const CATEGORIES: [&str; 8] = ["job", "marital", "education", "default", "housing", "loan", "contact", "poutcome"];

fn close(actual: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what} is no number in the reference"));
    assert!((actual - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {actual}, reference {expected}");
}

/// A CSV file as text columns by name.
fn columns(file: &str, separator: u8) -> Option<HashMap<String, Vec<String>>> {
    let bytes = bytes(file)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(bytes.as_slice());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in columns.iter_mut().zip(record.unwrap().iter()) {
            column.push(cell.to_owned());
        }
    }
    Some(names.into_iter().zip(columns).collect())
}

/// Deals in the given order of rows, with these columns as attributes and no dates.
fn deals(
    order: &[usize],
    won: impl Fn(usize) -> bool,
    numbers: &[(&str, Vec<f64>)],
    categories: &[(&str, Vec<String>)],
) -> Crm {
    let attribute = |name: &str, values| Attribute { name: name.into(), role: None, values };
    let text = |n: usize| (0..n).map(|_| None::<&str>).collect::<Texts>();
    let n = order.len();
    let mut attributes: Vec<Attribute> = numbers
        .iter()
        .map(|(name, values)| attribute(name, Values::Numbers(order.iter().map(|&i| values[i]).collect())))
        .collect();
    attributes.extend(
        categories
            .iter()
            .map(|(name, values)| attribute(name, Values::Texts(order.iter().map(|&i| Some(&values[i])).collect()))),
    );
    let deals = Deals {
        id: (0..n).map(|i| Some(i.to_string())).collect(),
        row: (0..n as u32).collect(),
        created: vec![f64::NAN; n],
        outcome: order.iter().map(|&i| if won(i) { Outcome::Won } else { Outcome::Lost }).collect(),
        closed: vec![f64::NAN; n],
        amount: vec![f64::NAN; n],
        stage: text(n),
        owner: text(n),
        weight: vec![1.0; n],
        attributes,
    };
    Crm { deals: Some(deals), ..Crm::default() }
}

fn bank(order: impl Fn(usize) -> Vec<usize>, more_numbers: &[&str], more_categories: &[&str]) -> Option<Crm> {
    let columns = columns("bank-full.csv", b';')?;
    let number = |name: &&str| {
        (columns.get_key_value(*name).unwrap().0.as_str(), columns[*name].iter().map(|x| x.parse().unwrap()).collect())
    };
    let category = |name: &&str| (columns.get_key_value(*name).unwrap().0.as_str(), columns[*name].clone());
    let numbers: Vec<(&str, Vec<f64>)> = NUMBERS.iter().chain(more_numbers).map(number).collect();
    let categories: Vec<(&str, Vec<String>)> = CATEGORIES.iter().chain(more_categories).map(category).collect();
    Some(deals(&order(columns["y"].len()), |i| columns["y"][i] == "yes", &numbers, &categories))
}

fn run(crm: &Crm, options: ForecastOptions) -> ForecastResult {
    forecast(crm, &options, &mut Progress::none()).unwrap()
}

/// Options that reproduce the reference: a fixed number of training rows, λ, no pooling, no calibration.
fn as_reference(train_rows: usize, penalty: f64) -> ForecastOptions {
    ForecastOptions {
        train_rows: Some(train_rows),
        penalty: Some(penalty),
        min_level_rows: 0.0,
        calibration: CalibrationWanted::None,
        ..ForecastOptions::default()
    }
}

fn name(model: &Model, j: usize) -> String {
    let feature = &model.features[j];
    feature.level.as_ref().map_or(feature.column.clone(), |level| format!("{}={level}", feature.column))
}

fn same_model(model: &Model, reference: &Value) {
    close(model.intercept, &reference["intercept"], 1e-9, "intercept");
    close(model.objective, &reference["objective_at_optimum"], 1e-9, "objective");
    let coefficients = reference["coefficients"].as_object().unwrap();
    assert_eq!(model.features.len(), coefficients.len());
    for (j, feature) in model.features.iter().enumerate() {
        close(feature.coefficient, &coefficients[&name(model, j)], 1e-9, &name(model, j));
    }
}

fn same_test(holdout: &Holdout, reference: &Value) {
    let test = &reference["test"];
    let figures = &holdout.figures;
    close(figures.test_rows, &test["n"], 0.0, "rows");
    close(figures.test_rate, &test["rate"], 1e-9, "rate");
    close(figures.mean_predicted, &test["mean_p"], 1e-9, "mean_p");
    let given = &holdout.probability.0;
    assert_eq!(given.len(), holdout.row.0.len());
    close(given.iter().sum::<f64>() / given.len() as f64, &test["mean_p"], 1e-9, "mean of what was given");
    close(figures.log_loss, &test["log_loss"], 1e-9, "log-loss");
    close(figures.auc.unwrap().value, &test["auc"], 1e-9, "AUC");
    close(figures.brier, &test["brier"], 1e-9, "Brier");
    close(figures.base_log_loss, &reference["baseline_test"]["log_loss"], 1e-9, "base log-loss");
    close(figures.base_brier, &reference["baseline_test"]["brier"], 1e-9, "base Brier");
    close(figures.log_loss_skill.value, &reference["skill_vs_baseline_test"]["log_loss_reduction"], 1e-9, "skill");
    close(figures.brier_skill, &reference["skill_vs_baseline_test"]["brier_skill"], 1e-9, "Brier skill");
    let calibration = &reference["test_calibration"];
    close(holdout.calibration_error, &calibration["ece"], 1e-9, "calibration error");
    close(
        figures.calibration_intercept.unwrap(),
        &calibration["calibration_intercept_slope"][0],
        1e-6,
        "calibration intercept",
    );
    close(
        figures.calibration_slope.unwrap(),
        &calibration["calibration_intercept_slope"][1],
        1e-6,
        "calibration slope",
    );
    for (group, reference) in holdout.reliability.iter().zip(calibration["groups"].as_array().unwrap()) {
        close(group.n, &reference["n"], 0.0, "group n");
        close(group.predicted, &reference["p_mean"], 1e-9, "group mean");
        close(group.observed.value, &reference["observed"], 1e-9, "group rate");
        close(group.lowest, &reference["p_min"], 1e-9, "group lowest");
        close(group.highest, &reference["p_max"], 1e-9, "group highest");
    }
}

fn same_lift(performance: &Performance, split: &str) {
    let reference = &oracle("bank-marketing-lift").unwrap()[split];
    let (lift, best) = (&performance.lift, performance.thresholds.best.unwrap());
    assert_eq!(lift.len(), 10);
    for (at, group) in lift.iter().enumerate() {
        close(group.deals_share * reference["n"].as_f64().unwrap(), &reference["cuts"][at], 1e-12, "cut");
        close(group.wins_share, &reference["gains"][at], 1e-9, "gain");
        close(group.lift, &reference["lift"][at], 1e-9, "lift");
    }
    close(best.threshold, &reference["best_threshold"], 1e-9, "threshold");
    close(performance.thresholds.best_f1.unwrap(), &reference["best_f1"], 1e-12, "F1");
    let matrix = |c: [f64; 4], reference: &Value| {
        for (count, expected) in c.iter().zip(reference.as_array().unwrap()) {
            close(*count, expected, 0.0, "confusion");
        }
    };
    let at_best = [best.true_negatives, best.false_positives, best.false_negatives, best.true_positives];
    matrix(at_best, &reference["tn_fp_fn_tp_at_best"]);
    let table = &performance.thresholds;
    for (at, threshold) in table.threshold.0.iter().enumerate() {
        let columns = [&table.true_negatives, &table.false_positives, &table.false_negatives, &table.true_positives];
        matrix(columns.map(|column| column.0[at]), &reference["tn_fp_fn_tp"][format!("{threshold:.2}")]);
    }
}

#[test]
fn matches_scikit_learn_on_bank_marketing_time_split() {
    let (Some(crm), Some(oracle)) = (bank(|n| (0..n).collect(), &[], &[]), oracle("bank-marketing")) else {
        return println!("skipped: bank-marketing is not here");
    };
    let reference = &oracle["close_probability"]["time_split"];
    let result = run(&crm, as_reference(31_647, 1.0));
    same_lift(result.performance.as_ref().unwrap(), "time_split");
    let holdout = result.holdout.unwrap();
    same_model(&holdout.model, reference);
    same_test(&holdout, reference);
    assert!(holdout.model.max_gradient <= 1e-8 * 31_647.0);
    for (penalty, other) in reference["other_lambdas"].as_object().unwrap() {
        let model = run(&crm, as_reference(31_647, penalty.parse().unwrap())).holdout.unwrap().model;
        close(model.intercept, &other["intercept"], 1e-9, "intercept");
        for (feature, coefficient) in model.features.iter().zip(other["coefficients"].as_array().unwrap()) {
            close(feature.coefficient, coefficient, 1e-9, &feature.column);
        }
    }
}

#[test]
fn matches_scikit_learn_on_bank_marketing_interleaved_split() {
    let tested = |i: &usize| i % 5 == 4;
    let order = |n: usize| (0..n).filter(|i| !tested(i)).chain((0..n).filter(tested)).collect();
    let (Some(crm), Some(oracle)) = (bank(order, &[], &["month"]), oracle("bank-marketing")) else {
        return println!("skipped: bank-marketing is not here");
    };
    let reference = &oracle["close_probability"]["interleaved_split"];
    let result = run(&crm, as_reference(36_169, 1.0));
    same_lift(result.performance.as_ref().unwrap(), "interleaved_split");
    let holdout = result.holdout.unwrap();
    same_model(&holdout.model, reference);
    same_test(&holdout, reference);
    assert_eq!(result.verdict, Verdict::Ready, "{}", result.verdict_reason);
    assert_eq!(result.leakage, []);
}

#[test]
fn standard_errors_match_statsmodels_where_nothing_is_penalised() {
    let (Some(columns), Some(oracle)) = (columns("bank-full.csv", b';'), oracle("bank-marketing")) else {
        return println!("skipped: bank-marketing is not here");
    };
    let n = 31_647;
    let numeric = NUMBERS.iter().map(|name| {
        let values: Vec<f64> = columns[*name][..n].iter().map(|text| text.parse().unwrap()).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
        values.iter().map(|x| (x - mean) / variance.sqrt()).collect()
    });
    let mut names: Vec<String> = std::iter::once("(intercept)").chain(NUMBERS).map(str::to_owned).collect();
    let mut categories = Vec::new();
    for name in CATEGORIES {
        let texts = &columns[name][..n];
        let levels: Vec<&String> = std::collections::BTreeSet::from_iter(texts).into_iter().collect();
        let codes = texts.iter().map(|text| levels.binary_search(&text).unwrap() as u32).collect();
        categories.push(Category { codes, levels: levels.len() - 1 });
        names.extend(levels[1..].iter().map(|level| format!("{name}={level}")));
    }
    let design = Design::new(n, numeric.collect(), categories).unwrap();
    let outcome: Vec<f64> = columns["y"][..n].iter().map(|y| f64::from(u8::from(y == "yes"))).collect();
    let model = fit(&design, &outcome, &vec![1.0; n], 0.0, None).unwrap();
    let reference = &oracle["close_probability"]["time_split"]["unpenalised_mle_statsmodels"];
    close(-model.objective, &reference["log_likelihood"], 1e-9, "log-likelihood");
    assert_eq!(names.len(), model.coefficients.len());
    for (j, name) in names.iter().enumerate() {
        close(model.coefficients[j], &reference["params"][name], 1e-8, name);
        close(model.standard_error(j), &reference["se"][name], 1e-8, name);
    }
}

#[test]
fn matches_scikit_learn_on_maven() {
    let files = ["sales_pipeline.csv", "accounts.csv", "sales_teams.csv"].map(|file| columns(file, b','));
    let ([Some(pipeline), Some(accounts), Some(teams)], Some(oracle)) = (files, oracle("maven-crm")) else {
        return println!("skipped: maven-crm is not here");
    };
    let index = |table: &HashMap<String, Vec<String>>, key: &str| -> HashMap<String, usize> {
        table[key].iter().enumerate().map(|(i, name)| (name.trim().to_owned(), i)).collect()
    };
    let (by_account, by_agent) = (index(&accounts, "account"), index(&teams, "sales_agent"));
    let mut order: Vec<usize> = (0..pipeline["deal_stage"].len())
        .filter(|&i| ["Won", "Lost"].contains(&pipeline["deal_stage"][i].as_str()))
        .collect();
    order.sort_by_key(|&i| (&pipeline["close_date"][i], &pipeline["opportunity_id"][i]));
    let train_rows = order.iter().filter(|&&i| pipeline["close_date"][i].as_str() <= "2017-09-30").count();
    let account = |i: usize, column: &str| {
        by_account.get(&pipeline["account"][i]).map(|&row| accounts[column][row].trim().to_owned())
    };
    let rows = 0..pipeline["deal_stage"].len();
    let number = |column: &str, convert: fn(f64) -> f64| -> Vec<f64> {
        rows.clone().map(|i| account(i, column).map_or(f64::NAN, |text| convert(text.parse().unwrap()))).collect()
    };
    let numbers = [
        ("ln_revenue", number("revenue", f64::ln)),
        ("ln_employees", number("employees", f64::ln)),
        ("account_age", number("year_established", |year| 2017.0 - year)),
    ];
    let sector: Vec<String> = rows.clone().map(|i| account(i, "sector").unwrap_or_default()).collect();
    let office: Vec<String> = pipeline["sales_agent"]
        .iter()
        .map(|agent| teams["regional_office"][by_agent[agent]].trim().to_owned())
        .collect();
    let third =
        [("base", "regional_office", office), ("with_sales_agent", "sales_agent", pipeline["sales_agent"].clone())];
    for (case, column, values) in third {
        let categories = [("product", pipeline["product"].clone()), ("sector", sector.clone()), (column, values)];
        let crm = deals(&order, |i| pipeline["deal_stage"][i] == "Won", &numbers, &categories);
        let result = run(&crm, as_reference(train_rows, 1.0));
        let holdout = result.holdout.as_ref().unwrap();
        same_model(&holdout.model, &oracle["close_probability"][case]);
        same_test(holdout, &oracle["close_probability"][case]);
        assert_eq!((result.verdict, result.shown), (Verdict::NoSignal, Shown::BaseRate), "{case}");
    }
}

fn load(file: &str, options: &str) -> Option<Crm> {
    let source = read::csv(file, &bytes(file)?).unwrap();
    let options: LoadOptions = meta::options(options).unwrap();
    Some(crm::load(vec![(Some(TableKind::Deals), source)], &options).unwrap().crm)
}

#[test]
fn maven_has_no_signal_and_shows_the_base_rate() {
    let Some(crm) = load("sales_pipeline.csv", "{}") else { return println!("skipped: maven-crm is not here") };
    let result = run(&crm, ForecastOptions::default());
    assert_eq!((result.verdict, result.shown), (Verdict::NoSignal, Shown::BaseRate));
    let base = result.base_rate.unwrap();
    assert!((base.value - 4238.0 / 6711.0).abs() < 1e-15 && base.n == 6711.0);
    assert_eq!(result.open.probability.0.len(), 2089);
    assert!(result.open.probability.0.iter().all(|p| *p == base.value));
    let named: Vec<&str> = result.leakage.iter().map(|leak| leak.column.as_str()).collect();
    assert!(named.contains(&"close_date") && named.contains(&"close_value"), "{named:?}");
}

#[test]
fn bank_marketing_as_a_file_gives_the_reference_and_names_the_call_duration() {
    const MAPPING: &str = r#"{"mapping":{"deals":{"id":"id","outcome":"y"},"outcomes":{"yes":"won","no":"lost"}}}"#;
    let (Some(crm), Some(oracle)) = (load("bank-full.csv", MAPPING), oracle("bank-marketing")) else {
        return println!("skipped: bank-marketing is not here");
    };
    let features = NUMBERS.iter().chain(&CATEGORIES).map(|name| (*name).to_owned()).collect();
    let result = run(&crm, ForecastOptions { features: Some(features), ..as_reference(31_647, 1.0) });
    same_model(&result.holdout.as_ref().unwrap().model, &oracle["close_probability"]["time_split"]);
    same_test(result.holdout.as_ref().unwrap(), &oracle["close_probability"]["time_split"]);
    assert_eq!(result.verdict, Verdict::UseWithCare, "{}", result.verdict_reason);

    let all = run(&crm, ForecastOptions { train_rows: Some(31_647), penalty: Some(1.0), ..ForecastOptions::default() });
    let leaks: Vec<_> = all.leakage.iter().map(|leak| (leak.column.as_str(), leak.reason)).collect();
    assert!(leaks.contains(&("duration", LeakageReason::AfterClose)), "{leaks:?}");
    assert!(leaks.iter().all(|(column, _)| ["id", "duration"].contains(column)), "{leaks:?}");
}
