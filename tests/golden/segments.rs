//! Segments against scikit-learn and a plain Lloyd in numpy, on four real data sets.
//!
//! References carry 12 significant digits; 1e-9 leaves room for another order of summation.

use crate::data;
use crm_analytics::crm::{Attribute, Crm, Customers, Orders};
use crm_analytics::meta::Progress;
use crm_analytics::segments::kmeans::{KMeansParams, calinski_harabasz, kmeans, kmeans_from_rows};
use crm_analytics::segments::points::Points;
use crm_analytics::segments::recipe::standardise;
use crm_analytics::segments::rfm::rfm;
use crm_analytics::segments::{
    ColumnChoice, FeatureChoice, NoteCode, ROLE, RfmTransforms, SegmentsOf, SegmentsOptions, SegmentsResult, Transform,
    Verdict, attach, segments,
};
use crm_analytics::stats::pca::{principal_components, varimax};
use crm_analytics::table::Values;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn close(ours: f64, reference: &Value, what: &str) {
    let reference = reference.as_f64().unwrap_or_else(|| panic!("{what}: {reference} is no number"));
    let tolerance = 1e-9 * reference.abs().max(1.0);
    assert!((ours - reference).abs() <= tolerance, "{what}: {ours} is not {reference}");
}

fn all_close(ours: &[f64], reference: &Value, what: &str) {
    let reference = reference.as_array().unwrap_or_else(|| panic!("{what} is no list"));
    assert_eq!(ours.len(), reference.len(), "{what}");
    for (i, (ours, reference)) in ours.iter().zip(reference).enumerate() {
        close(*ours, reference, &format!("{what}[{i}]"));
    }
}

/// Days since 1970-01-01 of a Gregorian date (Hinnant's days_from_civil).
fn day_number(year: i32, month: i32, day: i32) -> i32 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Orders as of the day of the last one.
fn crm(rows: Vec<(String, i32, f64)>) -> Crm {
    let as_of_day = rows.iter().map(|row| row.1).max().unwrap();
    Crm {
        orders: Some(Orders {
            customer: rows.iter().map(|row| Some(&row.0)).collect(),
            date: rows.iter().map(|row| f64::from(row.1) * 86_400_000.0).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            amount: rows.iter().map(|row| row.2).collect(),
            weight: vec![1.0; rows.len()],
        }),
        as_of: f64::from(as_of_day) * 86_400_000.0,
        as_of_day,
        ..Crm::default()
    }
}

fn text(name: &str) -> Option<String> {
    let bytes = data::bytes(name);
    if bytes.is_none() {
        println!("skipped: {name} is not here");
    }
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

fn cdnow() -> Option<Crm> {
    let rows = text("CDNOW_sample.txt")?;
    let order = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let date: i32 = fields[2].parse().unwrap();
        let day = day_number(date / 10_000, date / 100 % 100, date % 100);
        (fields[1].to_owned(), day, fields[4].parse().unwrap())
    };
    Some(crm(rows.lines().filter(|line| !line.trim().is_empty()).map(order).collect()))
}

fn retail() -> Option<Crm> {
    let rows = text("online_retail_orders.csv")?;
    let order = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let date: Vec<i32> = fields[1][..10].split('-').map(|part| part.parse().unwrap()).collect();
        (fields[0].to_owned(), day_number(date[0], date[1], date[2]), fields[2].parse().unwrap())
    };
    Some(crm(rows.lines().skip(1).map(order).collect()))
}

/// Retail's reference takes ln(F) and ln(M).
const RETAIL_TRANSFORMS: RfmTransforms =
    RfmTransforms { recency: Transform::Log1p, frequency: Transform::Log, monetary: Transform::Log };

fn run(crm: &Crm, options: &SegmentsOptions) -> SegmentsResult {
    segments(crm, options, &mut Progress::none()).unwrap()
}

/// Column `name` of a CSV file without quotes.
fn csv_column(file: &str, name: &str) -> Vec<String> {
    let header: Vec<&str> = file.lines().next().unwrap().split(',').collect();
    let at = header.iter().position(|column| *column == name).unwrap();
    file.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
}

fn rfm_equals(crm: &Crm, reference: &str, id: &str) {
    let Some(reference) = text(reference) else { return };
    let ours = rfm(crm.orders.as_ref().unwrap(), crm.as_of_day);
    assert_eq!(ours.id, csv_column(&reference, id));
    for (name, values) in [("R", &ours.recency), ("F", &ours.frequency), ("M", &ours.monetary)] {
        for (i, (value, expected)) in values.iter().zip(csv_column(&reference, name)).enumerate() {
            let expected: f64 = expected.parse().unwrap();
            assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name} of {}: {value}", ours.id[i]);
        }
    }
}

#[test]
fn recency_frequency_and_monetary_value_of_every_cdnow_customer() {
    let Some(crm) = cdnow() else { return };
    rfm_equals(&crm, "cdnow_oracle_customers.csv", "id");
}

#[test]
fn recency_frequency_and_monetary_value_of_every_retail_customer() {
    let Some(crm) = retail() else { return };
    rfm_equals(&crm, "retail_oracle_customers.csv", "CustomerID");
}

/// The segment of each customer in the numbering of the reference, which is that of the start rows, is found through sizes of the
/// segments: they are all different.
fn fixed_start_equals(crm: &Crm, transforms: RfmTransforms, reference: &Value, customers: Option<String>) {
    let fixed = &reference["fixed_start"];
    let rows: Vec<u32> =
        fixed["start_rows"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as u32).collect();
    let ours = run(crm, &SegmentsOptions { transforms, start_rows: Some(rows), ..Default::default() });
    assert_eq!(ours.labels.0.len() as u64, reference["n"].as_u64().unwrap());
    for (j, feature) in ours.features.iter().enumerate() {
        close(feature.mean, &reference["mean"][j], "mean");
        close(feature.standard_deviation, &reference["sd_population"][j], "standard deviation");
    }
    close(ours.inertia, &fixed["inertia"], "inertia");
    assert_eq!(u64::from(ours.iterations), fixed["iterations_until_no_change"].as_u64().unwrap());
    close(ours.silhouette.unwrap(), &fixed["silhouette"], "silhouette");
    close(ours.candidates[0].calinski_harabasz.unwrap(), &fixed["calinski_harabasz"], "Calinski–Harabasz");
    let sizes: Vec<f64> = fixed["sizes"].as_array().unwrap().iter().map(|size| size.as_f64().unwrap()).collect();
    assert_eq!(ours.segments.len(), sizes.len());
    let mut to_reference = Vec::new();
    for segment in &ours.segments {
        let at = sizes.iter().position(|size| *size == segment.size).expect("a segment of the same size");
        all_close(&segment.centre_standardised, &fixed["centres_standardised"][at], "standardised centre");
        all_close(&segment.centre_transformed, &fixed["centres_original"][at], "transformed centre");
        to_reference.push(at);
    }
    if let Some(customers) = customers {
        let expected: Vec<usize> =
            csv_column(&customers, "kmeans_k4_label").iter().map(|label| label.parse().unwrap()).collect();
        let labels: Vec<usize> = ours.labels.0.iter().map(|&label| to_reference[label as usize]).collect();
        assert_eq!(labels, expected);
    }
}

#[test]
fn fixed_start_on_cdnow_equals_numpy_and_scikit_learn() {
    let (Some(crm), Some(oracle)) = (cdnow(), data::oracle("cdnow")) else { return };
    fixed_start_equals(&crm, RfmTransforms::default(), &oracle["kmeans"], text("cdnow_oracle_customers.csv"));
}

#[test]
fn fixed_start_on_online_retail_equals_numpy_and_scikit_learn() {
    let (Some(crm), Some(oracle)) = (retail(), data::oracle("online-retail-h1")) else { return };
    fixed_start_equals(&crm, RETAIL_TRANSFORMS, &oracle["kmeans"], text("retail_oracle_customers.csv"));
}

#[test]
fn raw_online_retail_with_its_few_giant_customers_equals_numpy() {
    let (Some(crm), Some(oracle)) = (retail(), data::oracle("online-retail-h1")) else { return };
    let transforms = RfmTransforms { recency: Transform::None, frequency: Transform::None, monetary: Transform::None };
    fixed_start_equals(&crm, transforms, &oracle["kmeans_raw_features"], None);
    as_good_as_best_of_50(&crm, transforms, &oracle["kmeans_raw_features"]);
}

fn as_good_as_best_of_50(crm: &Crm, transforms: RfmTransforms, reference: &Value) {
    for (k, best) in reference["best_of_50"].as_object().unwrap() {
        let ours = run(crm, &SegmentsOptions { transforms, k: Some(k.parse().unwrap()), ..Default::default() });
        let best = best["inertia"].as_f64().unwrap();
        assert!(ours.inertia <= best * 1.001, "k = {k}: {} is above {best}", ours.inertia);
    }
}

#[test]
fn own_starts_on_cdnow_are_within_a_thousandth_of_the_best_of_50() {
    let (Some(crm), Some(oracle)) = (cdnow(), data::oracle("cdnow")) else { return };
    as_good_as_best_of_50(&crm, RfmTransforms::default(), &oracle["kmeans"]);
}

#[test]
fn own_starts_on_online_retail_are_within_a_thousandth_of_the_best_of_50() {
    let (Some(crm), Some(oracle)) = (retail(), data::oracle("online-retail-h1")) else { return };
    as_good_as_best_of_50(&crm, RETAIL_TRANSFORMS, &oracle["kmeans"]);
}

#[test]
fn the_number_of_segments_is_the_one_with_the_largest_silhouette_of_the_reference() {
    let (Some(crm), Some(oracle)) = (retail(), data::oracle("online-retail-h1")) else { return };
    let ours = run(&crm, &SegmentsOptions { transforms: RETAIL_TRANSFORMS, ..Default::default() });
    let reference = oracle["kmeans"]["best_of_50"].as_object().unwrap();
    let silhouette = |k: &str| reference[k]["silhouette"].as_f64().unwrap();
    let best = reference.keys().max_by(|a, b| silhouette(a).total_cmp(&silhouette(b))).unwrap();
    assert_eq!(ours.k.to_string(), *best);
    // The same optimum up to a few customers on a border.
    assert!((ours.silhouette.unwrap() - silhouette(best)).abs() < 1e-3);
}

/// Age, asinh(balance / 100), ln(campaign), ln(1 + previous) of the 45,211 clients, or those columns as they are.
fn bank(transformed: bool) -> Option<Points> {
    let file = text("bank-full.csv")?;
    let header: Vec<&str> = file.lines().next()?.split(';').map(|name| name.trim_matches('"')).collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let read = |name: &str| -> Vec<f64> {
        let column = at(name);
        file.lines().skip(1).map(|line| line.split(';').nth(column).unwrap().parse().unwrap()).collect()
    };
    let map = |values: Vec<f64>, f: fn(f64) -> f64| -> Vec<f64> {
        if transformed { values.into_iter().map(f).collect() } else { values }
    };
    let columns = [
        read("age"),
        map(read("balance"), |x| libm::asinh(x / 100.0)),
        map(read("campaign"), libm::log),
        map(read("previous"), libm::log1p),
    ];
    let (rows, _) = standardise(&columns, &vec![1.0; columns[0].len()]);
    Some(Points::new(4, &rows, None))
}

fn bank_equals(points: &Points, reference: &Value) {
    let fixed = &reference["fixed_start"];
    let rows: Vec<u32> =
        fixed["start_rows"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as u32).collect();
    let ours = kmeans_from_rows(points, &rows).unwrap();
    close(ours.inertia, &fixed["inertia"], "inertia");
    assert_eq!(ours.iterations as u64, fixed["iterations_until_no_change"].as_u64().unwrap());
    all_close(&ours.sizes, &fixed["sizes"], "sizes");
    for (c, centre) in ours.centroids.chunks_exact(4).enumerate() {
        all_close(centre, &fixed["centres_standardised"][c], "centre");
    }
    close(calinski_harabasz(points, &ours), &fixed["calinski_harabasz"], "Calinski–Harabasz");
    for (k, best) in reference["best_of_50"].as_object().unwrap() {
        let ours = kmeans(points, KMeansParams { k: k.parse().unwrap(), restarts: 10, swaps: 20, seed: 1 }).unwrap();
        let best = best["inertia"].as_f64().unwrap();
        assert!(ours.inertia <= best * 1.001, "k = {k}: {} is above {best}", ours.inertia);
    }
}

#[test]
fn bank_clients_equal_numpy_and_scikit_learn() {
    let (Some(points), Some(oracle)) = (bank(true), data::oracle("bank-marketing")) else { return };
    bank_equals(&points, &oracle["kmeans"]);
}

#[test]
fn bank_clients_as_they_are_with_outliers_equal_numpy_and_scikit_learn() {
    let (Some(points), Some(oracle)) = (bank(false), data::oracle("bank-marketing")) else { return };
    bank_equals(&points, &oracle["kmeans_raw_features"]);
}

fn column_of_accounts(name: &str) -> Option<Vec<f64>> {
    Some(csv_column(&text("oracle_accounts.csv")?, name).iter().map(|cell| cell.parse().unwrap()).collect())
}

/// The accounts of the sample as customers with recency, frequency, monetary value and win rate.
fn accounts() -> Option<Crm> {
    let column = |name: &str| {
        Some(Attribute { name: name.into(), role: None, values: Values::Numbers(column_of_accounts(name)?) })
    };
    let ids = csv_column(&text("oracle_accounts.csv")?, "account");
    let customers = Customers {
        row: (0..ids.len() as u32).collect(),
        id: ids.into_iter().map(Some).collect(),
        attributes: vec![column("R")?, column("F")?, column("M")?, column("win_rate")?],
    };
    Some(Crm { customers: Some(customers), ..Crm::default() })
}

#[test]
fn fixed_start_on_maven_accounts_equals_numpy_and_scikit_learn() {
    let (Some(crm), Some(oracle)) = (accounts(), data::oracle("maven-crm")) else { return };
    let recipe =
        [("R", Transform::Log1p), ("F", Transform::None), ("M", Transform::Log), ("win_rate", Transform::None)];
    let choices = recipe.map(|(column, transform)| ColumnChoice { column: column.into(), transform: Some(transform) });
    let reference = &oracle["account_kmeans"];
    let options = SegmentsOptions {
        features: Some(FeatureChoice::Columns(choices.to_vec())),
        start_rows: Some(vec![0, 1, 2, 3]),
        ..Default::default()
    };
    let ours = run(&crm, &options);
    close(ours.inertia, &reference["fixed_start"]["inertia"], "inertia");
    close(ours.silhouette.unwrap(), &reference["fixed_start"]["silhouette"], "silhouette");
    close(ours.candidates[0].calinski_harabasz.unwrap(), &reference["fixed_start"]["calinski_harabasz"], "index");
    for (k, best) in reference["best_of_50"].as_object().unwrap() {
        let k = Some(k.parse().unwrap());
        let ours = run(&crm, &SegmentsOptions { k, start_rows: None, ..options.clone() });
        assert!(ours.inertia <= best["inertia"].as_f64().unwrap() * 1.001, "k = {k:?}: {}", ours.inertia);
    }
}

/// The accounts of the sample as its deals tell of them.
#[test]
fn accounts_of_maven_have_the_wins_amounts_and_win_rates_of_pandas_and_a_column_for_the_funnel() {
    let files = ["sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv"];
    let mut sources = Vec::new();
    for file in files {
        let Some(bytes) = data::bytes(file) else { return };
        sources.push((None, crm_analytics::read::csv(file, &bytes).unwrap()));
    }
    let options = crm_analytics::crm::LoadOptions::default();
    let mut crm = crm_analytics::crm::load(sources, &options).unwrap().crm;
    let column = |name: &str| ColumnChoice { column: name.into(), transform: Some(Transform::None) };
    let chosen = ["won", "won_amount", "win_rate", "days_since_win"].map(column).to_vec();
    let of = Some(SegmentsOf::Accounts);
    let options = SegmentsOptions { of, features: Some(FeatureChoice::Columns(chosen)), ..Default::default() };
    let result = run(&crm, &options);
    let ids = csv_column(&text("oracle_accounts.csv").unwrap(), "account");
    assert_eq!(result.ids.len(), ids.len());
    for (reference, at) in [("F", 0), ("M", 1), ("win_rate", 2), ("R", 3)] {
        let theirs = column_of_accounts(reference).unwrap();
        for (id, theirs) in ids.iter().zip(theirs) {
            let row = result.ids.iter().position(|own| own == id).unwrap();
            let point = result.points.row.0.iter().position(|&shown| shown as usize == row).unwrap();
            let ours = result.points.values.0[point * result.features.len() + at];
            assert!(
                (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
                "{reference} of {id}: {ours} is not {theirs}"
            );
        }
    }
    let all = run(&crm, &SegmentsOptions { of, ..Default::default() });
    let names: Vec<&str> = all.features.iter().map(|feature| feature.name.as_str()).collect();
    assert!(names.contains(&"win_rate") && names.contains(&"revenue") && names.contains(&"sector"), "{names:?}");
    let cross = all.cross.as_ref().unwrap();
    assert_eq!(cross.segments.iter().map(|of| of.won).sum::<f64>(), 4238.0);
    assert_eq!(cross.without_segment, 1425.0);
    assert!(attach(&mut crm, &all));
    let funnel = crm_analytics::funnel::FunnelOptions { group_by: Some(ROLE.into()), ..Default::default() };
    let funnel = crm_analytics::funnel::funnel(&crm, &funnel, &mut Progress::none()).unwrap();
    let groups = funnel.groups.unwrap();
    assert!(
        all.segments
            .iter()
            .all(|segment| groups.groups.iter().any(|group| group.name.as_deref() == Some(&segment.key)))
    );
    let deals = run(&crm, &SegmentsOptions { of: Some(SegmentsOf::Deals), ..Default::default() });
    assert_eq!(deals.of, SegmentsOf::Deals);
    assert!(
        deals
            .features
            .iter()
            .all(|feature| !["opportunity_id", "deal_stage", "segment"].contains(&feature.name.as_str()))
    );
}

fn scores_equal(crm: &Crm, reference: &Value) {
    let ours = run(crm, &SegmentsOptions { k: Some(2), ..Default::default() }).rfm.unwrap();
    for (name, scores) in [("R", &ours.recency), ("F", &ours.frequency), ("M", &ours.monetary)] {
        for score in 1..=5u32 {
            let count = scores.0.iter().filter(|&&own| own == score).count() as u64;
            let expected = reference[name]["score_counts_rule_A"][score.to_string()].as_u64().unwrap_or(0);
            assert_eq!(count, expected, "{name}{score}");
        }
    }
    for (cell, count) in reference["cell_counts_rule_A"].as_object().unwrap() {
        let scores = |row: usize| {
            [&ours.recency, &ours.frequency, &ours.monetary].map(|scores| scores.0[row].to_string()).concat()
        };
        let found = (0..ours.labels.0.len()).filter(|&row| scores(row) == *cell).count() as u64;
        assert_eq!(Some(found), count.as_u64(), "{cell}");
    }
    assert_eq!(ours.groups.iter().map(|group| group.size).sum::<f64>(), ours.labels.0.len() as f64);
}

#[test]
fn scores_on_cdnow_equal_pandas() {
    let (Some(crm), Some(oracle)) = (cdnow(), data::oracle("cdnow")) else { return };
    scores_equal(&crm, &oracle["rfm"]);
}

#[test]
fn scores_on_online_retail_equal_pandas() {
    let (Some(crm), Some(oracle)) = (retail(), data::oracle("online-retail-h1")) else { return };
    scores_equal(&crm, &oracle["rfm"]);
}

#[test]
fn raw_values_would_give_a_few_giants_and_the_recipe_takes_logarithms_and_says_why() {
    let Some(crm) = retail() else { return };
    let none = RfmTransforms { recency: Transform::None, frequency: Transform::None, monetary: Transform::None };
    let smallest =
        |result: &SegmentsResult| result.segments.iter().map(|segment| segment.size).fold(f64::INFINITY, f64::min);
    let notes = |result: &SegmentsResult| {
        result.notes.iter().map(|note| (note.code, note.column.clone())).collect::<Vec<(NoteCode, String)>>()
    };
    let k = Some(4);
    let raw = run(&crm, &SegmentsOptions { transforms: none, k, ..Default::default() });
    assert!(smallest(&raw) < 25.0, "{}", smallest(&raw));
    let of = |code: NoteCode| [(code, "frequency".to_owned()), (code, "monetary".to_owned())];
    assert_eq!(notes(&raw), of(NoteCode::SkewedWithoutLogarithm));
    assert!(raw.notes.iter().all(|note| note.value > 5.0), "{:?}", raw.notes);
    let usual = run(&crm, &SegmentsOptions { k, ..Default::default() });
    assert!(smallest(&usual) > 300.0, "{}", smallest(&usual));
    assert_eq!(notes(&usual), of(NoteCode::LogarithmTaken));
}

/// The cloud of Online Retail has no gaps: cut in two, both parts come again with any sample, and are slices all the same. CDNOW is one quarter's first
/// buyers, of whom half never came back: they stand apart.
#[test]
fn segments_of_online_retail_are_slices_and_those_of_cdnow_are_clusters_and_all_come_again() {
    for (crm, verdict) in [(retail(), Verdict::NoRealClusters), (cdnow(), Verdict::Clusters)] {
        let Some(crm) = crm else { continue };
        let ours = run(&crm, &SegmentsOptions::default());
        assert!(ours.segments.iter().all(|segment| segment.stability.unwrap() > 0.9));
        assert_eq!(ours.gap.unwrap().verdict, verdict);
    }
}

#[test]
fn principal_components_and_varimax_equal_scikit_learn_and_statsmodels() {
    let Some(oracle) = data::oracle("factors") else { return };
    let columns: Option<Vec<Vec<f64>>> =
        ["R", "F", "M", "win_rate", "avg_value"].into_iter().map(column_of_accounts).collect();
    let Some(mut columns) = columns else { return };
    columns[0].iter_mut().for_each(|r| *r = libm::log1p(*r));
    columns[2].iter_mut().for_each(|m| *m = libm::log(*m));
    let n = columns[0].len();
    let (rows, _) = standardise(&columns, &vec![1.0; n]);
    let found = principal_components(&rows, 5, &vec![1.0; n]);
    all_close(&found.variance, &oracle["variance"], "variance");
    for (at, direction) in found.directions.chunks_exact(5).enumerate() {
        all_close(direction, &oracle["directions"][at], "direction");
    }
    for (m, reference) in oracle["varimax"].as_object().unwrap() {
        let m: usize = m.parse().unwrap();
        let mut loadings: Vec<f64> = (0..5)
            .flat_map(|j| (0..m).map(move |at| (j, at)))
            .map(|(j, at)| found.directions[at * 5 + j] * found.variance[at].sqrt())
            .collect();
        let rotation = varimax(&mut loadings, m);
        for (j, loadings) in loadings.chunks_exact(m).enumerate() {
            // Both stop where a further turn gains nothing that doubles can hold.
            for (at, loading) in loadings.iter().enumerate() {
                let expected = reference["loadings"][j][at].as_f64().unwrap();
                assert!((loading - expected).abs() < 1e-6, "{m} factors, column {j}: {loading} is not {expected}");
            }
        }
        for (row, scores) in reference["scores_of_first_rows"].as_array().unwrap().iter().enumerate() {
            let own: Vec<f64> = (0..m)
                .map(|at| {
                    (0..5).map(|j| rows[row * 5 + j] * found.directions[at * 5 + j]).sum::<f64>()
                        / found.variance[at].sqrt()
                })
                .collect();
            for to in 0..m {
                let turned: f64 = (0..m).map(|at| own[at] * rotation[at * m + to]).sum();
                assert!((turned - scores[to].as_f64().unwrap()).abs() < 1e-6);
            }
        }
    }
}
