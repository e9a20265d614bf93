//! Durations and outcomes held against lifelines, R's survival and numpy by way of the reference results.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, Crm, LoadOptions, TableKind};
use crm_analytics::funnel::{FunnelOptions, FunnelResult, StageResult, SurvivalCurve, funnel};
use crm_analytics::meta::{Progress, options};
use crm_analytics::read;
use crm_analytics::stats::intervals::Confidence;
use crm_analytics::stats::survival::{Survival, SurvivalState, log_rank};
use serde_json::Value;
use std::collections::BTreeMap;

/// References have 12 digits, durations in their files 10 decimals.
const TOLERANCE: f64 = 1e-9;

fn level() -> Confidence {
    Confidence::new(0.95).expect("valid")
}

#[track_caller]
fn assert_close(value: f64, reference: &Value, what: &str) {
    let reference = reference.as_f64().unwrap_or_else(|| panic!("{what}: {reference} is no number"));
    let scale = reference.abs().max(1.0);
    assert!((value - reference).abs() <= TOLERANCE * scale, "{what}: {value}, reference {reference}");
}

#[track_caller]
fn assert_close_or_none(value: Option<f64>, reference: &Value, what: &str) {
    match value {
        Some(value) => assert_close(value, reference, what),
        None => assert!(reference.is_null(), "{what}: none, reference {reference}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).expect("a list")
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().expect("an object").iter()
}

/// Files of the case, or `None` with the reason printed.
fn given<const N: usize>(files: [&str; N], dataset: &str) -> Option<([Vec<u8>; N], Value)> {
    let mut found = Vec::new();
    for file in files {
        let Some(bytes) = crate::data::bytes(file) else {
            println!("skipped: {file} is not here");
            return None;
        };
        found.push(bytes);
    }
    let Some(oracle) = crate::data::oracle(dataset) else {
        println!("skipped: {dataset}.json is not here");
        return None;
    };
    Some((found.try_into().expect("one per file"), oracle))
}

fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(bytes).deserialize().map(|row| row.expect("a row")).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} {}", row[column]))
}

fn survival_of(durations: &[f64], causes: &[u32], kinds: usize) -> Survival {
    let mut state = SurvivalState::new(kinds);
    state.update(durations, None, causes, None).expect("valid rows");
    state.finish(level())
}

/// Everything that the references say about a curve.
#[track_caller]
fn assert_curve(survival: &Survival, reference: &Value) {
    for (p, days) in object(&reference["quantiles"]) {
        assert_close_or_none(survival.quantile(p.parse().expect("a share")).value, days, p);
    }
    let median = survival.quantile(0.5);
    let interval = list(&reference["median_ci95_from_loglog_band"]);
    assert_close_or_none(median.low, &interval[0], "median low");
    assert_close_or_none(median.high, &interval[1], "median high");
    for mean in list(&reference["restricted_mean"]) {
        let ours = survival.restricted_mean(mean["tau"].as_f64().expect("a horizon"));
        assert_close(ours.mean, &mean["rmst"], "restricted mean");
        assert_close(ours.standard_error, &mean["se"], "standard error of the restricted mean");
    }
    let counts = [("n", survival.n), ("events", survival.events), ("censored", survival.censored)];
    for (name, ours) in counts.into_iter().filter(|(name, _)| !reference[name].is_null()) {
        assert_close(ours, &reference[name], name);
    }
    assert_at(survival, &reference["at"]);
    assert_close(survival.last, &reference["max_time"], "last duration");
    assert_close(survival.at_end(), &reference["S_at_max_time"], "end of the curve");
}

#[track_caller]
fn assert_at(survival: &Survival, reference: &Value) {
    for at in list(reference) {
        let t = at["t"].as_f64().expect("an age");
        let ours = survival.at(t);
        assert_close(ours.survival, &at["S"], &format!("S({t})"));
        if ours.survival > 0.0 {
            assert_close(ours.standard_error, &at["se"], &format!("SE({t})"));
            assert_close(ours.low, &at["ci95_loglog"][0], &format!("low({t})"));
            assert_close(ours.high, &at["ci95_loglog"][1], &format!("high({t})"));
        }
    }
}

#[track_caller]
fn assert_incidence(survival: &Survival, cause: usize, reference: &Value) {
    for (t, share) in object(&reference["at"]) {
        assert_close(survival.incidence_at(cause, t.parse().expect("an age")).value, share, &format!("incidence({t})"));
    }
    let ours = survival.incidence(cause);
    assert_close(ours.last, &reference["final"], "final incidence");
    assert!(ours.last_low <= ours.last && ours.last <= ours.last_high && ours.last_low < ours.last_high);
}

#[test]
fn matches_lifelines_and_survfit_on_maven_time_to_close() {
    let Some(([durations], oracle)) = given(["oracle_durations.csv"], "maven-crm") else { return };
    let rows = rows(&durations);
    let days: Vec<f64> = rows.iter().map(|row| number(row, "days")).collect();
    let causes: Vec<u32> = rows.iter().map(|row| number(row, "cause") as u32).collect();
    let survival = survival_of(&days, &causes, 2);

    let reference = &oracle["time_to_close"]["km_any_close"];
    assert_curve(&survival, reference);
    assert_close(survival.n, &reference["n"], "n");
    assert_close(survival.events, &reference["events"], "events");
    assert_close(survival.censored, &reference["censored"], "censored");
    let table = &reference["table"];
    let errors: Vec<f64> = (0..survival.time.len()).map(|index| survival.standard_error(index)).collect();
    let columns = [
        ("time", &survival.time),
        ("at_risk", &survival.at_risk),
        ("events", &survival.event_count),
        ("S", &survival.survival),
        ("se", &errors),
    ];
    for (name, ours) in columns {
        let theirs = list(&table[name]);
        assert_eq!(ours.len(), theirs.len(), "{name}");
        ours.iter().zip(theirs).for_each(|(value, reference)| assert_close(*value, reference, name));
    }

    for (cause, name) in [(1, "Won"), (2, "Lost")] {
        let reference = &oracle["time_to_close"]["aalen_johansen"]["causes"][name];
        assert_incidence(&survival, cause, reference);
        let ours = survival.incidence(cause);
        assert_close(ours.events, &reference["events"], "events of a cause");
        assert_close_or_none(ours.median_given, &reference["median_time_given_this_outcome"], "median given the cause");
        let most = ours.incidence.iter().position(|share| *share >= 0.9 * ours.last - 1e-12);
        assert_close_or_none(
            most.map(|at| survival.time[at]),
            &reference["p90_time_given_this_outcome"],
            "90 % given the cause",
        );
    }
    let outlook = list(&oracle["time_to_close"]["open_deal_outlook"]["rows"]);
    assert!(outlook.len() > 5);
    for row in outlook {
        let (age, later) = (row["age"].as_f64().expect("an age"), row["h"].as_f64().expect("days"));
        for (cause, name) in [(1, "Won"), (2, "Lost")] {
            let share = |t: f64| survival.incidence_at(cause, t).value;
            let ours = (share(age + later) - share(age)) / survival.at(age).survival;
            assert_close(ours, &row[name], &format!("{name} within {later} days after {age}"));
        }
    }
    // Standard errors of R's survfit(Surv(days, factor(cause)) ~ 1), survival 3.5-3.
    for (cause, t, standard_error) in [
        (1, 1.0, 0.001499950592677),
        (1, 30.0, 0.004540448959398),
        (1, 90.0, 0.005394585914952),
        (1, 138.0, 0.005548110196819),
        (2, 5.0, 0.002443456980419),
        (2, 60.0, 0.004269290472576),
    ] {
        let index = survival.time.partition_point(|time| *time <= t) - 1;
        assert_close(
            survival.incidence(cause).standard_error[index],
            &standard_error.into(),
            &format!("SE F{cause}({t})"),
        );
    }
}

#[test]
fn matches_lifelines_by_office_and_product_on_maven() {
    let Some(([durations, deals, teams], oracle)) =
        given(["oracle_durations.csv", "sales_pipeline.csv", "sales_teams.csv"], "maven-crm")
    else {
        return;
    };
    let office: BTreeMap<String, String> = rows(&teams)
        .into_iter()
        .map(|row| (row["sales_agent"].trim().to_owned(), row["regional_office"].trim().to_owned()))
        .collect();
    let mut groups: BTreeMap<String, (Vec<f64>, Vec<u32>)> = BTreeMap::new();
    let of_deal: BTreeMap<String, BTreeMap<String, String>> =
        rows(&deals).into_iter().map(|row| (row["opportunity_id"].clone(), row)).collect();
    for row in rows(&durations) {
        let deal = &of_deal[&row["opportunity_id"]];
        for group in [&office[&deal["sales_agent"]], &deal["product"]] {
            let (days, causes) = groups.entry(group.clone()).or_default();
            days.push(number(&row, "days"));
            causes.push(number(&row, "cause") as u32);
        }
    }
    for block in ["by_regional_office", "by_product"] {
        for (group, reference) in object(&oracle["time_to_close"][block]["groups"]) {
            let (days, causes) = &groups[group];
            let survival = survival_of(days, causes, 2);
            assert_close(survival.n, &reference["n"], group);
            assert_close(survival.events, &reference["events"], group);
            assert_close(survival.censored, &reference["censored"], group);
            assert_at(&survival, &reference["at"]);
            for (p, days) in object(&reference["quantiles"]) {
                assert_close_or_none(survival.quantile(p.parse().expect("a share")).value, days, group);
            }
            for mean in list(&reference["restricted_mean"]) {
                let ours = survival.restricted_mean(mean["tau"].as_f64().expect("a horizon"));
                assert_close(ours.mean, &mean["rmst"], group);
                assert_close(ours.standard_error, &mean["se"], group);
            }
            assert_close(survival.incidence(1).last, &reference["final_cif"]["Won"], group);
            assert_close(survival.incidence(2).last, &reference["final_cif"]["Lost"], group);
        }
        let states: Vec<SurvivalState> = object(&oracle["time_to_close"][block]["groups"])
            .map(|(group, _)| {
                let (days, causes) = &groups[group];
                let mut state = SurvivalState::new(2);
                state.update(days, None, causes, None).expect("valid rows");
                state
            })
            .collect();
        let reference = &oracle["time_to_close"][block]["logrank_any_close"];
        let test = log_rank(&[&states], 0.0).test.expect("groups to compare");
        assert_close(test.chi_square, &reference["chi2"], block);
        assert_close(f64::from(test.degrees_of_freedom), &reference["df"], block);
        let p = reference["p"].as_f64().expect("a number");
        assert!((test.p - p).abs() <= 1e-8 * p, "{block}: p {}, reference {p}", test.p);
    }
}

#[test]
fn matches_lifelines_on_receipt_log_case_cycle() {
    let Some(([cycle], oracle)) = given(["oracle_case_cycle.csv"], "receipt-log") else { return };
    let rows = rows(&cycle);
    let days: Vec<f64> = rows.iter().map(|row| number(row, "days")).collect();
    let causes: Vec<u32> = rows.iter().map(|row| number(row, "event") as u32).collect();
    assert_curve(&survival_of(&days, &causes, 1), &oracle["case_cycle_time"]);
}

#[test]
fn matches_lifelines_on_receipt_log_stage_visits() {
    let Some(([visits], oracle)) = given(["oracle_visits.csv"], "receipt-log") else { return };
    let rows = rows(&visits);
    let mut curves = 0;
    for (stage, reference) in object(&oracle["stages"]["by_stage"]) {
        let here: Vec<_> = rows.iter().filter(|row| row["concept:name"] == *stage).collect();
        let none = serde_json::Map::new();
        let followers = reference["next_stage_cif"].as_object().unwrap_or(&none);
        let named: Vec<&String> = followers.keys().filter(|name| *name != "(other)").collect();
        let other = named.len() as u32 + 1;
        let days: Vec<f64> = here.iter().map(|row| number(row, "days")).collect();
        let causes: Vec<u32> = here
            .iter()
            .map(|row| match number(row, "event") as u32 {
                0 => 0,
                _ => named.iter().position(|name| **name == row["next_stage"]).map_or(other, |place| place as u32 + 1),
            })
            .collect();
        let survival = survival_of(&days, &causes, other as usize);
        assert_close(survival.n, &reference["visits"], stage);
        assert_close(survival.events, &reference["left"], stage);
        assert_close(survival.censored, &reference["still_in_stage_censored"], stage);
        assert_close_or_none(survival.finished_mean(), &reference["mean_days_of_those_that_left"], stage);
        assert_close_or_none(survival.finished_median(), &reference["median_days_of_those_that_left"], stage);
        if reference["km"].is_object() {
            assert_curve(&survival, &reference["km"]);
            curves += 1;
        }
        for (name, cause) in named.iter().map(|name| name.as_str()).chain(["(other)"]).zip(1..) {
            if let Some(follower) = followers.get(name) {
                assert_close(survival.incidence(cause).events, &follower["count"], name);
                assert_incidence(&survival, cause, follower);
            }
        }
    }
    assert!(curves > 10, "{curves} curves were compared");
}

fn load(kind: TableKind, file: &str, bytes: &[u8], load_options: &str) -> Crm {
    let source = read::csv(file, bytes).expect("a CSV file");
    let load_options: LoadOptions = options(load_options).expect("valid options");
    crm::load(vec![(Some(kind), source)], &load_options).expect("a usable table").crm
}

fn run(crm: &Crm, horizon_days: Option<f64>) -> FunnelResult {
    let funnel_options = FunnelOptions { horizon_days, ..FunnelOptions::default() };
    funnel(crm, &funnel_options, &mut Progress::none()).expect("a funnel")
}

#[test]
fn maven_file_gives_the_reference_cycle() {
    let Some(([deals], oracle)) = given(["sales_pipeline.csv"], "maven-crm") else { return };
    let crm = load(TableKind::Deals, "sales_pipeline.csv", &deals, "{}");
    let reference = &oracle["time_to_close"];
    for mean in list(&reference["km_any_close"]["restricted_mean"]) {
        let result = run(&crm, mean["tau"].as_f64());
        let cycle = result.cycle.expect("dates");
        assert_close(cycle.duration.restricted_mean.days, &mean["rmst"], "restricted mean");
        assert_close(cycle.duration.restricted_mean.standard_error, &mean["se"], "its standard error");
    }
    let result = run(&crm, None);
    assert!(result.stages.is_empty());
    let left_out: Vec<(&str, u64)> =
        result.meta.rows_left_out.iter().map(|left_out| (left_out.reason.as_str(), left_out.count)).collect();
    assert_eq!(left_out, [("no_created_date", 500)]);
    let cycle = result.cycle.expect("dates");
    assert_quantiles(&cycle.duration, &reference["km_any_close"], "cycle");
    assert_eq!(cycle.duration.quantiles[3].days, None);
    let outcomes = &cycle.outcomes.causes;
    assert_eq!(outcomes.iter().map(|outcome| outcome.cause.as_str()).collect::<Vec<_>>(), ["won", "lost"]);
    for (outcome, name) in outcomes.iter().zip(["Won", "Lost"]) {
        let reference = &reference["aalen_johansen"]["causes"][name];
        assert_close(outcome.last, &reference["final"], name);
        assert_close_or_none(outcome.median_days_given, &reference["median_time_given_this_outcome"], name);
    }
    assert_close(cycle.duration.at_end, &reference["km_any_close"]["S_at_max_time"], "remaining");
    let won = &reference["aalen_johansen"]["causes"]["Won"];
    for within in cycle.won_within_days.iter().filter(|within| within.days < 100.0) {
        let probability = within.probability.expect("watched so long");
        assert_close(probability.value, &won["at"][within.days.to_string()], "won within");
    }
    let naive = |share: Option<crm_analytics::meta::Estimate>| share.expect("closed deals").value;
    assert_close(naive(cycle.won_share_of_closed), &won["naive_share_of_closed_records"], "naive share of closed");
    assert_close(naive(cycle.won_share_of_all), &won["naive_share_of_all_records"], "naive share of all");
}

#[test]
fn maven_file_gives_the_reference_groups_and_plain_averages() {
    let Some(([deals], oracle)) = given(["sales_pipeline.csv"], "maven-crm") else { return };
    let crm = load(TableKind::Deals, "sales_pipeline.csv", &deals, "{}");
    let kpi = &oracle["kpi"];
    for (column, block, groups) in [("product", "by_product", 7), ("sales_agent", "by_sales_agent", 30)] {
        let funnel_options =
            FunnelOptions { group_by: Some(column.into()), horizon_days: Some(138.0), ..FunnelOptions::default() };
        let result = funnel(&crm, &funnel_options, &mut Progress::none()).expect("a funnel");
        let found = result.groups.expect("groups");
        assert_eq!(found.groups.len(), groups);
        for group in &found.groups {
            let name = group.name.as_deref().expect("a name");
            let reference = &kpi[block][name];
            if reference.is_object() {
                assert_close(group.counts.won, &reference["won"], name);
                assert_close(group.counts.won + group.counts.lost, &reference["closed"], name);
                assert_close(group.won_value, &reference["won_value"], name);
                assert_close(group.won_share_of_closed.expect("closed deals").value, &reference["win_rate"], name);
            }
            let reference = &oracle["time_to_close"][block]["groups"][name];
            if reference.is_object() {
                let cycle = group.cycle.as_ref().expect("dates");
                assert_close(cycle.n, &reference["n"], name);
                assert_close_or_none(cycle.quantiles[1].days, &reference["quantiles"]["0.5"], name);
                assert_close(cycle.restricted_mean.days, &reference["restricted_mean"][0]["rmst"], name);
                assert_close(group.won.expect("outcomes").value, &reference["final_cif"]["Won"], name);
            }
        }
        if column == "product" {
            let reference = &oracle["time_to_close"]["by_product"]["logrank_any_close"];
            let of_cycle = found.tests.iter().find(|test| test.test == "log_rank").expect("a test");
            assert_close(of_cycle.result.chi_square, &reference["chi2"], "log-rank");
        }
        let cycle = result.cycle.expect("dates");
        assert_close_or_none(cycle.won_mean_days, &kpi["cycle_days_won_mean"], "plain mean");
        assert_close_or_none(cycle.won_median_days, &kpi["cycle_days_won_median"], "plain median");
        let velocity = result.velocity.expect("a cycle");
        assert_close_or_none(velocity.mean_won_amount, &kpi["won_value_mean"], "mean won amount");
        assert_close_or_none(velocity.plain.win_rate.map(|rate| rate.value), &kpi["win_rate_closed"], "win rate");
        // Nine of ten winners took at most 106 days; the open deals that are older have been so for long.
        assert!(result.stuck.thresholds[0].days > 100.0 && result.stuck.count > 1_291.0, "{:?}", result.stuck.count);
    }
}

#[track_caller]
fn assert_quantiles(curve: &SurvivalCurve, reference: &Value, what: &str) {
    for quantile in &curve.quantiles {
        assert_close_or_none(quantile.days, &reference["quantiles"][quantile.p.to_string()], what);
    }
    let interval = list(&reference["median_ci95_from_loglog_band"]);
    assert_close_or_none(curve.quantiles[1].low, &interval[0], what);
    assert_close_or_none(curve.quantiles[1].high, &interval[1], what);
}

#[test]
fn receipt_file_gives_the_reference_stages() {
    let Some(([history], oracle)) = given(["receipt.csv"], "receipt-log") else { return };
    let crm = load(
        TableKind::History,
        "receipt.csv",
        &history,
        r#"{"repeats": "separate", "mapping": {"history": {"deal_id": "case:concept:name", "stage": "concept:name",
            "entered_at": "time:timestamp", "closed_at": "case:enddate"}}}"#,
    );
    let results = [10.0, 30.0].map(|horizon| run(&crm, Some(horizon)));
    let stages: BTreeMap<&str, [&StageResult; 2]> = (0..results[0].stages.len())
        .map(|index| [&results[0].stages[index], &results[1].stages[index]])
        .map(|both| (both[0].stage.as_str(), both))
        .collect();
    for (name, reference) in object(&oracle["stages"]["by_stage"]) {
        let [stage, _] = stages.get(name.as_str()).unwrap_or_else(|| panic!("no stage {name}"));
        assert_close(stage.passages, &reference["visits"], name);
        assert_close(stage.deals, &reference["cases"], name);
        assert_close(stage.deals_with_reentry, &reference["cases_with_rework"], name);
        assert_close(stage.left, &reference["left"], name);
        assert_close(stage.still_here, &reference["still_in_stage_censored"], name);
        let duration = stage.duration.as_ref().expect("durations");
        assert_close_or_none(duration.finished_mean_days, &reference["mean_days_of_those_that_left"], name);
        assert_close_or_none(duration.finished_median_days, &reference["median_days_of_those_that_left"], name);
        if !reference["km"].is_object() {
            continue;
        }
        let km = &reference["km"];
        assert_quantiles(duration, km, name);
        assert_close(duration.last_days, &km["max_time"], name);
        assert_close(duration.at_end, &km["S_at_max_time"], name);
        for (mean, stage) in list(&km["restricted_mean"]).iter().zip(stages[name.as_str()]) {
            let ours = stage.duration.as_ref().expect("durations").restricted_mean;
            assert_close(ours.days, &mean["rmst"], name);
            assert_close(ours.standard_error, &mean["se"], name);
        }
        let exits = stage.exits.as_ref().expect("exits");
        for (follower, reference) in object(&reference["next_stage_cif"]).filter(|(follower, _)| *follower != "(other)")
        {
            let cause = exits.causes.iter().find(|cause| cause.cause == format!("stage:{follower}"));
            let cause = cause.unwrap_or_else(|| panic!("{name}: no exit to {follower}"));
            assert_close(cause.events, &reference["count"], follower);
            assert_close(cause.last, &reference["final"], follower);
            for (t, share) in object(&reference["at"]) {
                let t: f64 = t.parse().expect("an age");
                let place = exits.time_days.0.partition_point(|time| *time <= t);
                assert_close(place.checked_sub(1).map_or(0.0, |index| cause.incidence.0[index]), share, follower);
            }
        }
    }
    let cycle = results[0].cycle.as_ref().expect("dates");
    let reference = &oracle["case_cycle_time"];
    assert_quantiles(&cycle.duration, reference, "cycle");
    assert_close(cycle.duration.at_end, &reference["S_at_max_time"], "cycle");
    assert_close(cycle.duration.restricted_mean.days, &reference["restricted_mean"][0]["rmst"], "cycle");
    assert!(cycle.won_share_of_closed.is_none(), "the log does not tell won from lost");

    let names: Vec<&str> = results[0].stages.iter().map(|stage| stage.stage.as_str()).collect();
    let all = FunnelOptions { most_variants: 200, ..FunnelOptions::default() };
    let variants = funnel(&crm, &all, &mut Progress::none()).expect("a funnel").variants.expect("a history");
    assert_close(f64::from(variants.distinct), &oracle["variants"]["number_of_variants"], "variants");
    assert_close(variants.deals, &oracle["data_quality"]["cases"], "cases on a path");
    assert_eq!((variants.top.len(), variants.other_deals), (variants.distinct as usize, 0.0));
    let path = |stages: &[u32]| -> Vec<&str> { stages.iter().map(|stage| names[*stage as usize]).collect() };
    for reference in list(&oracle["variants"]["top"]) {
        let ours = variants.top.iter().find(|ours| *list(&reference["variant"]) == *path(&ours.path.0));
        assert_close(ours.expect("the path").deals, &reference["cases"], "deals of a variant");
    }

    // The references count moves to the end points too, and so do we.
    let transitions = &results[0].transitions;
    let place = |name: &Value| transitions.stages.iter().position(|stage| Some(stage.as_str()) == name.as_str());
    let mut moves = 0.0;
    for pair in list(&oracle["directly_follows"]) {
        let (from, to) = (place(&pair["from"]).expect("a stage"), place(&pair["to"]).expect("a stage"));
        assert_close(transitions.counts.0[from * transitions.stages.len() + to], &pair["count"], "directly follows");
        moves += pair["count"].as_f64().expect("a count");
    }
    assert_eq!(transitions.counts.0.iter().sum::<f64>(), moves);
}
