//! Tests of groups and curves with delayed entry, held against R's survival and cmprsk (`tests/data/survival/make.R`).

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::stats::intervals::Confidence;
use crm_analytics::stats::survival::{Comparison, Survival, SurvivalState, gray, log_rank};
use serde_json::Value;
use std::collections::BTreeMap;

type Row = BTreeMap<String, String>;

fn rows(file: &str) -> Option<Vec<Row>> {
    let bytes = crate::data::bytes(file)?;
    Some(csv::Reader::from_reader(bytes.as_slice()).deserialize().map(|row| row.expect("a row")).collect())
}

fn reference(file: &str) -> Option<Value> {
    Some(serde_json::from_slice(&crate::data::bytes(file)?).expect("JSON"))
}

/// One row: duration, entry, cause, weight.
type Numbers = (f64, f64, u32, f64);

fn numbers(row: &Row) -> Numbers {
    let number = |column: &str| row[column].parse::<f64>().unwrap_or_else(|_| panic!("{column} {}", row[column]));
    (number("duration"), number("entry"), number("cause") as u32, number("weight"))
}

fn state<'a>(rows: impl Iterator<Item = &'a Numbers>) -> SurvivalState {
    let mut state = SurvivalState::new(2);
    for &(duration, entry, cause, weight) in rows {
        state.update(&[duration], Some(&[entry]), &[cause], Some(&[weight])).expect("a valid row");
    }
    state
}

/// 1e-9 relative, absolute below 1.
#[track_caller]
fn assert_close(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{what}: {theirs}"));
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{what}: {ours}, reference {theirs}");
}

#[track_caller]
fn assert_test(ours: &Comparison, theirs: &Value, what: &str) {
    let test = ours.test.unwrap_or_else(|| panic!("{what}: no test"));
    assert_close(test.chi_square, &theirs["chisq"], what);
    assert_close(f64::from(test.degrees_of_freedom), &theirs["df"], what);
    if let Some(p) = theirs["p"].as_f64() {
        assert!((test.p - p).abs() <= 1e-8 * p, "{what}: p {}, reference {p}", test.p);
    }
    for (ours, name) in [(&ours.observed, "observed"), (&ours.expected, "expected")] {
        if let Some(list) = theirs[name].as_array() {
            assert_eq!(ours.len(), list.len(), "{what}");
            ours.iter().zip(list).for_each(|(ours, theirs)| assert_close(*ours, theirs, what));
        }
    }
}

/// Every comparison of `reference`, of rows whose group columns are looked up by name. How many tests were held against it.
fn assert_comparisons(rows: &[(Numbers, Row)], reference: &Value) -> usize {
    let mut tests = 0;
    for comparison in reference["comparisons"].as_array().expect("a list") {
        let group = comparison["group"].as_str().expect("a column");
        let stratum = comparison["stratum"].as_str();
        let levels: Vec<&str> =
            comparison["levels"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let mut strata: Vec<&str> = rows.iter().map(|(_, row)| stratum.map_or("", |column| &row[column])).collect();
        strata.sort_unstable();
        strata.dedup();
        let states: Vec<Vec<SurvivalState>> = strata
            .iter()
            .map(|of| {
                let here = |row: &&(Numbers, Row)| stratum.is_none_or(|column| row.1[column] == **of);
                let of_level = |level: &&str| {
                    state(rows.iter().filter(here).filter(|row| row.1[group] == **level).map(|row| &row.0))
                };
                levels.iter().map(of_level).collect()
            })
            .collect();
        let states: Vec<&[SurvivalState]> = states.iter().map(Vec::as_slice).collect();
        let what = format!("{group} {}", stratum.unwrap_or_default());
        for theirs in comparison["log_rank"].as_array().expect("a list") {
            let rho = theirs["rho"].as_f64().expect("a number");
            assert_test(&log_rank(&states, rho), theirs, &format!("log-rank {rho} {what}"));
            tests += 1;
        }
        for theirs in comparison["gray"].as_array().expect("a list") {
            let cause = theirs["cause"].as_u64().expect("a cause") as usize;
            assert_test(&gray(&states, cause), theirs, &format!("Gray {cause} {what}"));
            tests += 1;
        }
    }
    tests
}

#[track_caller]
fn assert_curves(survival: &Survival, reference: &Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let compare = |ours: &[f64], theirs: &Value, what: &str| {
        let theirs = list(theirs);
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            // R has no value where the curve is 0.
            if !theirs.is_null() && survival.survival[at] > 0.0 {
                assert_close(*ours, theirs, &format!("{what} {at}"));
            }
        }
    };
    compare(&survival.time, &reference["time"], "time");
    compare(&survival.at_risk, &reference["at_risk"], "at risk");
    compare(&survival.survival, &reference["surv"], "survival");
    let errors: Vec<f64> = (0..survival.time.len()).map(|index| survival.standard_error(index)).collect();
    compare(&errors, &reference["se"], "standard error");
    let (low, high): (Vec<f64>, Vec<f64>) = (0..survival.time.len()).map(|index| survival.band(index)).unzip();
    compare(&low, &reference["low"], "low");
    compare(&high, &reference["high"], "high");
    let quantiles = &reference["quantile"];
    for (at, p) in list(&quantiles["p"]).iter().enumerate() {
        let ours = survival.quantile(p.as_f64().expect("a share"));
        for (ours, name) in [(ours.value, "value"), (ours.low, "low"), (ours.high, "high")] {
            match (ours, &quantiles[name][at]) {
                (None, theirs) => assert!(theirs.is_null(), "{p} {name}: {theirs}"),
                // Where the curve ends at 0 the upper end of the band has no value in R.
                (Some(_), Value::Null) => assert_eq!((name, survival.at_end()), ("high", 0.0)),
                (Some(ours), theirs) => assert_close(ours, theirs, &format!("{p} {name}")),
            }
        }
    }
    for (cause, theirs) in (1..).zip(list(&reference["causes"])) {
        let ours = survival.incidence(cause);
        assert!(
            theirs["se_survfit"].is_array() || survival.at_risk[0] < survival.n,
            "delayed entry alone has no survfit"
        );
        compare(&ours.incidence, &theirs["incidence"], "incidence");
        compare(&ours.standard_error, &theirs["se"], "standard error of the incidence");
        if theirs["se_survfit"].is_array() {
            compare(&ours.standard_error, &theirs["se_survfit"], "standard error of the incidence by survfit");
        }
    }
}

#[test]
fn matches_survdiff_cuminc_and_survfit_with_ties_strata_weights_and_delayed_entry() {
    let mut tests = 0;
    for set in ["ties", "veteran", "late"] {
        let rows: Vec<(Numbers, Row)> = rows(&format!("survival_{set}.csv"))
            .expect("a shipped file")
            .into_iter()
            .map(|row| (numbers(&row), row))
            .collect();
        let reference = reference(&format!("survival_{set}.json")).expect("a shipped file");
        tests += assert_comparisons(&rows, &reference);
        let survival = state(rows.iter().map(|row| &row.0)).finish(Confidence::new(0.95).expect("valid"));
        assert_curves(&survival, &reference["curves"]);
    }
    assert_eq!(tests, 3 * 4 + 3 * 3);
}

#[test]
fn matches_survdiff_and_cuminc_on_maven_by_office_product_and_agent() {
    let (Some(durations), Some(deals), Some(teams), Some(reference)) = (
        rows("oracle_durations.csv"),
        rows("sales_pipeline.csv"),
        rows("sales_teams.csv"),
        reference("survival_maven.json"),
    ) else {
        return println!("skipped: Maven is not here");
    };
    let office: BTreeMap<String, String> = teams
        .into_iter()
        .map(|row| (row["sales_agent"].trim().to_owned(), row["regional_office"].trim().to_owned()))
        .collect();
    let mut of_deal: BTreeMap<String, Row> =
        deals.into_iter().map(|row| (row["opportunity_id"].clone(), row)).collect();
    let rows: Vec<(Numbers, Row)> = durations
        .into_iter()
        .map(|row| {
            let mut deal = of_deal.remove(&row["opportunity_id"]).expect("a deal");
            deal.insert("office".into(), office[&deal["sales_agent"]].clone());
            let number = |column: &str| row[column].parse::<f64>().expect("a number");
            ((number("days"), 0.0, number("cause") as u32, 1.0), deal)
        })
        .collect();
    assert_eq!(assert_comparisons(&rows, &reference), 4 * 4);
}

#[test]
fn matches_survdiff_and_cuminc_on_receipt_log_by_stage() {
    let (Some(visits), Some(reference)) = (rows("oracle_visits.csv"), reference("survival_receipt.json")) else {
        return println!("skipped: the receipt log is not here");
    };
    let levels = reference["comparisons"][0]["levels"].as_array().cloned().expect("a list");
    let rows: Vec<(Numbers, Row)> = visits
        .into_iter()
        .filter(|row| levels.iter().any(|level| *level == row["concept:name"]))
        .map(|mut row| {
            let cause = match (row["event"].as_str(), row["next_stage"].starts_with("T06")) {
                ("0", _) => 0,
                (_, true) => 1,
                (_, false) => 2,
            };
            let days = row["days"].parse::<f64>().expect("a number");
            let stage = row["concept:name"].clone();
            row.insert("stage".into(), stage);
            ((days, 0.0, cause, 1.0), row)
        })
        .collect();
    assert_eq!(assert_comparisons(&rows, &reference), 4);
}
