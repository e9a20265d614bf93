mod meaning;
mod methods;
mod planted;

use super::*;
use crate::crm::{Attribute, Customers, Deals, Orders, Outcome};
use crate::simulate::{SimulateOptions, simulate};
use crate::table::{Table, Texts, Values};

const DAY_MS: f64 = 86_400_000.0;

fn with_orders(rows: &[(&str, i32, f64)], as_of_day: i32) -> Crm {
    Crm {
        orders: Some(Orders {
            customer: rows.iter().map(|row| Some(row.0)).collect(),
            date: rows.iter().map(|row| f64::from(row.1) * DAY_MS).collect(),
            day: rows.iter().map(|row| row.1).collect(),
            amount: rows.iter().map(|row| row.2).collect(),
            weight: vec![1.0; rows.len()],
        }),
        as_of_day,
        as_of: f64::from(as_of_day) * DAY_MS,
        ..Crm::default()
    }
}

fn with_customers(columns: &[(&str, &[f64])]) -> Crm {
    let n = columns.first().map_or(0, |column| column.1.len());
    Crm {
        customers: Some(Customers {
            id: (0..n).map(|row| Some(format!("c{row:03}"))).collect(),
            row: (0..n as u32).collect(),
            attributes: columns
                .iter()
                .map(|(name, values)| Attribute {
                    name: (*name).into(),
                    role: None,
                    values: Values::Numbers(values.to_vec()),
                })
                .collect(),
        }),
        ..Crm::default()
    }
}

fn columns(names: &[(&str, Transform)]) -> SegmentsOptions {
    let choices =
        names.iter().map(|&(column, transform)| ColumnChoice { column: column.into(), transform: Some(transform) });
    SegmentsOptions { features: Some(FeatureChoice::Columns(choices.collect())), ..Default::default() }
}

fn run(crm: &Crm, options: &SegmentsOptions) -> Result<SegmentsResult> {
    segments(crm, options, &mut Progress::none())
}

/// Orders of simulated customers.
fn simulated(customers: u32) -> (Crm, Vec<u8>) {
    let data = simulate(&SimulateOptions { deals: 1, customers: Some(customers), seed: 3 }).unwrap();
    let column = |table: &Table, name: &str| table.column(name).unwrap().values.clone();
    let (Values::Texts(customer), Values::Instants(date), Values::Numbers(amount)) =
        (column(&data.orders, "customer_id"), column(&data.orders, "order_date"), column(&data.orders, "amount"))
    else {
        panic!("columns of other kinds")
    };
    let day = date.iter().map(|at| (at / DAY_MS).floor() as i32).collect();
    let crm = Crm {
        orders: Some(Orders { customer, weight: vec![1.0; date.len()], date, day, amount }),
        as_of: data.truth.as_of,
        as_of_day: (data.truth.as_of / DAY_MS).floor() as i32,
        ..Crm::default()
    };
    (crm, data.truth.customer_type)
}

#[test]
fn options_are_read_as_the_javascript_api_writes_them() {
    let read = |json: &str| crate::meta::options::<SegmentsOptions>(json);
    assert_eq!(read("{}").unwrap(), SegmentsOptions::default());
    let full = read(
        r#"{"features": [{"column": "revenue", "transform": "log"}, {"column": "employees"}], "of": "customers", "k": 4,
            "transforms": {"recency": "none"}, "monetary": "mean", "startRows": [0, 1, 2, 3], "restarts": 2, "seed": 9, "points": 5}"#,
    )
    .unwrap();
    assert_eq!(full.start_rows, Some(vec![0, 1, 2, 3]));
    assert_eq!(full.transforms.recency, Transform::None);
    assert_eq!(full.transforms.monetary, Transform::Log1p);
    assert_eq!(read(r#"{"features": "rfm"}"#).unwrap().features, Some(FeatureChoice::Named(FeatureSet::Rfm)));
    for wrong in [r#"{"K": 3}"#, r#"{"k": 2.5}"#, r#"{"features": "abc"}"#, r#"{"of": "history"}"#] {
        assert_eq!(read(wrong).unwrap_err().code(), "invalid_option", "{wrong}");
    }
}

#[test]
fn no_customers_is_an_error_and_one_is_one_segment() {
    let error = run(&with_orders(&[], 10), &SegmentsOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "segments needs at least 1 customers with all features, there are 0");
    let one = run(&with_orders(&[("a", 3, 9.0)], 10), &SegmentsOptions::default()).unwrap();
    assert_eq!((one.k, one.segments.len(), one.silhouette, one.candidates.len()), (1, 1, None, 0));
    assert_eq!((one.segments[0].name.as_str(), one.segments[0].medoid.as_str()), ("segment", "a"));
    assert_eq!(one.segments[0].value_share, Some(1.0));
    assert!((one.segments[0].centre[2] - 9.0).abs() < 1e-12);
    assert_eq!(run(&Crm::default(), &SegmentsOptions::default()).unwrap_err().code(), "missing_table");
}

#[test]
fn equal_customers_are_one_segment_and_two_kinds_at_most_two() {
    let same: Vec<(String, i32, f64)> = (0..20).map(|i| (format!("c{i}"), 3, 9.0)).collect();
    let rows: Vec<(&str, i32, f64)> = same.iter().map(|(id, day, amount)| (id.as_str(), *day, *amount)).collect();
    let result = run(&with_orders(&rows, 10), &SegmentsOptions::default()).unwrap();
    assert_eq!((result.k, result.inertia, result.silhouette), (1, 0.0, None));
    let mut two = rows.clone();
    two[0].2 = 90.0;
    let result = run(&with_orders(&two, 10), &SegmentsOptions::default()).unwrap();
    assert_eq!((result.k, result.candidates.len()), (2, 1));
    assert_eq!((result.segments[0].size, result.segments[0].median[2]), (1.0, 90.0));
    let error = run(&with_orders(&two, 10), &SegmentsOptions { k: Some(3), ..Default::default() }).unwrap_err();
    assert_eq!(error.to_string(), "segments needs at least 3 different customers for 3 segments, there are 2");
}

#[test]
fn k_equal_to_the_number_of_customers_makes_each_a_segment() {
    let crm = with_orders(&[("a", 1, 5.0), ("b", 2, 50.0), ("c", 3, 500.0)], 10);
    let result = run(&crm, &SegmentsOptions { k: Some(3), ..Default::default() }).unwrap();
    assert_eq!(result.labels.0, [2, 1, 0]);
    let medoids: Vec<&str> = result.segments.iter().map(|segment| segment.medoid.as_str()).collect();
    assert_eq!(medoids, ["c", "b", "a"]);
    assert!(result.inertia < 1e-20 && result.silhouette == Some(0.0));
}

#[test]
fn a_constant_feature_changes_nothing() {
    let value: Vec<f64> = (0..40).map(|i| f64::from(i % 2) * 10.0 + f64::from(i) * 0.01).collect();
    let crm = with_customers(&[("value", &value), ("constant", &[0.1; 40])]);
    let with = run(&crm, &columns(&[("value", Transform::None), ("constant", Transform::None)])).unwrap();
    let without = run(&crm, &columns(&[("value", Transform::None)])).unwrap();
    assert_eq!((with.labels, with.inertia), (without.labels, without.inertia));
    assert_eq!((with.features[1].mean, with.features[1].standard_deviation), (0.1, 0.0));
    assert_eq!(with.segments[0].centre[1], 0.1);
}

#[test]
fn missing_numbers_stand_at_the_median_one_deviation_apart_and_are_listed() {
    let nan = f64::NAN;
    let crm = with_customers(&[
        ("revenue", &[1.0, nan, 3.0, 7.0, nan, nan]),
        ("age", &[30.0, 40.0, 50.0, 60.0, nan, 45.0]),
        ("empty", &[nan; 6]),
    ]);
    let none = [("revenue", Transform::None), ("age", Transform::None), ("empty", Transform::Log)];
    let result = run(&crm, &SegmentsOptions { k: Some(2), ..columns(&none) }).unwrap();
    assert_eq!(result.ids, ["c000", "c001", "c002", "c003", "c005"]);
    assert_eq!(
        (result.meta.rows_left_out[0].reason.as_str(), result.meta.rows_left_out[0].count),
        ("missing_value", 1)
    );
    assert_eq!(result.filled.0, [0, 1, 2, 3, 4]);
    let (flag, empty) = (&result.features[1], &result.features[3]);
    let flagged = (flag.name.as_str(), flag.level.as_deref(), flag.mean, flag.standard_deviation);
    assert_eq!(flagged, ("revenue", Some(recipe::MISSING), 0.4, 1.0));
    assert_eq!((result.features[0].median, empty.median, empty.standard_deviation), (3.0, 0.0, 0.0));
    assert_eq!(&result.points.values.0[5..7], [3.0, 1.0]);
    let filled: Vec<(&str, f64)> = result
        .notes
        .iter()
        .filter(|note| note.code == NoteCode::MissingFilled)
        .map(|note| (note.column.as_str(), note.value))
        .collect();
    assert_eq!(filled, [("revenue", 2.0), ("empty", 5.0)]);
    let (ids, assigned) = assign_loaded(&result.recipe, &crm).unwrap();
    let of_fit: Vec<u32> = (0..6).filter(|&row| row != 4).map(|row| assigned.labels.0[row]).collect();
    assert_eq!((ids.len(), of_fit, assigned.labels.0[4]), (6, result.labels.0, NO_SEGMENT));
}

#[test]
fn rows_without_a_value_or_its_logarithm_are_left_out_and_counted() {
    let crm = with_customers(&[("revenue", &[1.0, f64::NAN, 0.0, 5.0, 50.0, -3.0])]);
    let result = run(&crm, &columns(&[("revenue", Transform::Log)])).unwrap();
    assert_eq!(result.ids, ["c000", "c003", "c004"]);
    let left_out: Vec<(&str, u64, &str)> =
        result.meta.rows_left_out.iter().map(|l| (l.reason.as_str(), l.count, l.example_values[0].as_str())).collect();
    assert_eq!(left_out, [("missing_value", 1, "c001"), ("not_positive", 2, "c002")]);
    assert_eq!(result.meta.rows_used, 3.0);
}

#[test]
fn columns_that_cannot_be_used_are_named() {
    let mut crm = with_customers(&[("revenue", &[1.0, 2.0])]);
    crm.customers.as_mut().unwrap().attributes.push(Attribute {
        name: "sector".into(),
        role: None,
        values: Values::Texts([Some("x"), Some("y")].into_iter().collect::<Texts>()),
    });
    let error = |options: &SegmentsOptions| run(&crm, options).unwrap_err().to_string();
    assert_eq!(
        error(&columns(&[("income", Transform::None)])),
        "customers has no column “income”; it has: revenue, sector"
    );
    assert!(error(&columns(&[("sector", Transform::Log)])).contains("a column of texts has no logarithm"));
    assert!(error(&columns(&[])).contains("at least one column"));
    let of = |of| SegmentsOptions { of: Some(of), ..columns(&[("revenue", Transform::None)]) };
    assert!(error(&of(SegmentsOf::Orders)).contains("customers or deals"));
    assert!(error(&of(SegmentsOf::Deals)).contains("table deals"));
    let rfm = Some(FeatureChoice::Named(FeatureSet::Rfm));
    let rfm_of_deals = SegmentsOptions { of: Some(SegmentsOf::Deals), features: rfm, ..Default::default() };
    assert!(error(&rfm_of_deals).contains("of orders"));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let crm = with_orders(&[("a", 1, 5.0), ("b", 2, 50.0)], 10);
    let base = SegmentsOptions::default();
    for options in [
        SegmentsOptions { k: Some(0), ..base.clone() },
        SegmentsOptions { k: Some(101), ..base.clone() },
        SegmentsOptions { restarts: 0, ..base.clone() },
        SegmentsOptions { start_rows: Some(vec![]), ..base.clone() },
        SegmentsOptions { start_rows: Some(vec![0, 2]), ..base.clone() },
        SegmentsOptions { start_rows: Some(vec![0, 1]), k: Some(3), ..base.clone() },
    ] {
        assert_eq!(run(&crm, &options).unwrap_err().code(), "invalid_option", "{options:?}");
    }
}

#[test]
fn equal_start_rows_leave_an_empty_segment_that_is_shown_as_such() {
    let crm = with_orders(&[("a", 2, 50.0), ("b", 2, 50.0), ("c", 2, 50.0)], 10);
    let options = SegmentsOptions { start_rows: Some(vec![0, 1]), ..Default::default() };
    let result = run(&crm, &options).unwrap();
    let sizes: Vec<f64> = result.segments.iter().map(|segment| segment.size).collect();
    assert_eq!((sizes, result.silhouette), (vec![3.0, 0.0], None));
    assert!(result.segments[1].median.iter().all(|median| median.is_finite()));
}

#[test]
fn weight_three_equals_three_deals() {
    let values = [1.0, 2.0, 1.5, 30.0, 31.0, 29.0, 80.0];
    let deals = |rows: &[(usize, f64)]| Crm {
        deals: Some(Deals {
            id: rows.iter().map(|(i, _)| Some(format!("d{i}"))).collect(),
            row: (0..rows.len() as u32).collect(),
            created: vec![0.0; rows.len()],
            outcome: vec![Outcome::Open; rows.len()],
            closed: vec![f64::NAN; rows.len()],
            amount: rows.iter().map(|(i, _)| values[*i]).collect(),
            weight: rows.iter().map(|(_, weight)| *weight).collect(),
            attributes: vec![Attribute {
                name: "amount".into(),
                role: Some("amount".into()),
                values: Values::Numbers(rows.iter().map(|(i, _)| values[*i]).collect()),
            }],
            ..Deals::default()
        }),
        ..Crm::default()
    };
    let weighted: Vec<(usize, f64)> = (0..values.len()).map(|i| (i, f64::from(i as u32 % 4))).collect();
    let repeated: Vec<(usize, f64)> =
        weighted.iter().flat_map(|&(i, weight)| std::iter::repeat_n((i, 1.0), weight as usize)).collect();
    let options = columns(&[("amount", Transform::Log)]);
    let (a, b) = (run(&deals(&weighted), &options).unwrap(), run(&deals(&repeated), &options).unwrap());
    assert_eq!((a.k, a.candidates.len()), (b.k, b.candidates.len()));
    let close = |x: f64, y: f64| (x - y).abs() <= 1e-12 * x.abs().max(1.0);
    assert!(close(a.inertia, b.inertia) && close(a.silhouette.unwrap(), b.silhouette.unwrap()));
    for (x, y) in a.segments.iter().zip(&b.segments) {
        assert_eq!((x.size, &x.median, &x.medoid), (y.size, &y.median, &y.medoid));
        assert!(close(x.centre[0], y.centre[0]) && close(x.silhouette.unwrap(), y.silhouette.unwrap()));
    }
    for (x, y) in a.candidates.iter().zip(&b.candidates) {
        assert!(close(x.calinski_harabasz.unwrap(), y.calinski_harabasz.unwrap()), "{x:?} {y:?}");
    }
}

#[test]
fn the_largest_and_smallest_numbers_give_finite_segments() {
    let crm = with_customers(&[("revenue", &[1.7e308, -1.7e308, 1e-300, 0.0, 3.0, 1e12])]);
    let result = run(&crm, &columns(&[("revenue", Transform::None)])).unwrap();
    assert!(result.inertia.is_finite());
    assert!(result.segments.iter().all(|segment| segment.centre_standardised.iter().all(|c| c.is_finite())));
}

#[test]
fn the_order_of_the_orders_does_not_matter() {
    let rows = [("a", 1, 5.0), ("b", 2, 50.0), ("c", 3, 500.0), ("a", 5, 5.0), ("d", 9, 1.0), ("b", 9, 7.0)];
    let mut reversed = rows;
    reversed.reverse();
    let (one, other) = (with_orders(&rows, 10), with_orders(&reversed, 10));
    assert_eq!(run(&one, &SegmentsOptions::default()), run(&other, &SegmentsOptions::default()));
}

#[test]
fn large_data_are_judged_on_a_sample_and_give_the_same_bytes_again() {
    let (crm, _) = simulated(14_000);
    let options = SegmentsOptions { points: 500, ..Default::default() };
    let first = run(&crm, &options).unwrap();
    assert_eq!(first.silhouette_of, 5000);
    assert_eq!(first.candidates.iter().map(|c| c.k).collect::<Vec<_>>(), (2..=10).collect::<Vec<u32>>());
    assert!(first.candidates.windows(2).all(|pair| pair[1].inertia < pair[0].inertia));
    assert_eq!((first.points.row.0.len(), first.points.values.0.len()), (500, 1500));
    for segment in &first.segments {
        let shown = first.points.label.0.iter().filter(|&&label| label == segment.index).count() as f64;
        assert!((shown / 500.0 - segment.share).abs() < 0.01);
    }
    let again = run(&crm, &options).unwrap();
    assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&again).unwrap());
}

#[test]
fn one_off_customers_of_a_simulation_are_set_apart_from_key_accounts() {
    let (crm, types) = simulated(3000);
    let result = run(&crm, &SegmentsOptions { k: Some(2), ..Default::default() }).unwrap();
    let share = |kind: u8| {
        let of_kind: Vec<u32> = result
            .ids
            .iter()
            .zip(&result.labels.0)
            .filter(|(id, _)| types[id[2..].parse::<usize>().unwrap() - 1] == kind)
            .map(|(_, &label)| label)
            .collect();
        of_kind.iter().filter(|&&label| label == 0).count() as f64 / of_kind.len() as f64
    };
    assert!(share(0) > 0.9 && share(3) < 0.1, "{} {}", share(0), share(3));
    let values: f64 = result.segments.iter().map(|segment| segment.value_share.unwrap()).sum();
    assert!((values - 1.0).abs() < 1e-12);
}
