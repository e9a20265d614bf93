//! What a result says about its segments, and what can be done with it.

use super::*;
use crate::crm::{Exit, Passages};
use crate::stats::rng::{normal, seeded};
use crate::table::Column;

/// Groups of 30, 20 and 10 customers, by revenue, age and sector.
fn three_groups() -> Crm {
    let mut random = seeded(6, 0);
    let (mut revenue, mut age, mut sector) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..60 {
        let group = [0, 1, 2, 0, 1, 0][row % 6];
        revenue.push([10.0, 100.0, 1000.0][group] * libm::exp(0.1 * normal(&mut random)));
        age.push([50.0, 20.0, 35.0][group] + normal(&mut random));
        sector.push(Some(["retail", "media", "energy"][group]));
    }
    let mut crm = with_customers(&[("revenue", &revenue), ("age", &age)]);
    crm.customers.as_mut().unwrap().attributes.push(Attribute {
        name: "sector".into(),
        role: None,
        values: Values::Texts(sector.into_iter().collect()),
    });
    crm
}

fn automatic(names: &[&str]) -> SegmentsOptions {
    let choices = names.iter().map(|&column| ColumnChoice { column: column.into(), transform: None });
    SegmentsOptions { features: Some(FeatureChoice::Columns(choices.collect())), ..Default::default() }
}

#[test]
fn each_segment_has_a_rule_differences_stability_and_a_place_on_the_map() {
    let result = run(&three_groups(), &automatic(&["revenue", "age", "sector"])).unwrap();
    assert_eq!((result.k, result.gap.as_ref().unwrap().verdict), (3, Verdict::Clusters));
    let features: Vec<(&str, Option<&str>)> =
        result.features.iter().map(|feature| (feature.name.as_str(), feature.level.as_deref())).collect();
    let levels = [("sector", Some("energy")), ("sector", Some("media")), ("sector", Some("retail"))];
    assert_eq!(features, [&[("revenue", None), ("age", None)][..], &levels[..]].concat());
    assert_eq!(result.notes.iter().map(|note| note.code).collect::<Vec<_>>(), [NoteCode::LogarithmTaken]);
    for segment in &result.segments {
        let rule = segment.rule.as_ref().unwrap();
        assert_eq!((rule.n, rule.precision, rule.recall), (segment.size, 1.0, 1.0));
        assert!((rule.lift * segment.share - 1.0).abs() < 1e-12 && segment.stability.unwrap() > 0.99);
        assert!(segment.differences.windows(2).all(|pair| pair[0].difference.abs() >= pair[1].difference.abs()));
    }
    let keys: Vec<&str> = result.segments.iter().map(|segment| segment.key.as_str()).collect();
    assert_eq!(keys, ["segment_1", "segment_2", "segment_3"]);
    let factors = result.factors.unwrap();
    let shares: f64 = factors.components.iter().map(|component| component.share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    assert_eq!(factors.points.0.len(), 60 * factors.factors.len());
    assert!(factors.bins.is_none());
    assert!(factors.factors.iter().flat_map(|factor| &factor.loadings).all(|loading| loading.abs() <= 1.0 + 1e-9));
    // The centre of a segment is the mean of its customers on the map too.
    for segment in &result.segments {
        let m = factors.factors.len();
        let own = result.labels.0.iter().enumerate().filter(|(_, label)| **label == segment.index);
        let mean = own.map(|(row, _)| factors.points.0[row * m]).sum::<f64>() / segment.size;
        assert!((mean - factors.centres.0[segment.index as usize * m]).abs() < 1e-9);
    }
}

#[test]
fn the_map_of_more_customers_than_points_is_binned() {
    let result = run(&three_groups(), &SegmentsOptions { points: 12, ..automatic(&["revenue", "age"]) }).unwrap();
    let bins = result.factors.unwrap().bins.unwrap();
    assert_eq!(bins.n.0.iter().sum::<f64>(), 60.0);
    let mut labels = bins.label.0.clone();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels, [0, 1, 2]);
}

#[test]
fn the_recipe_assigns_its_own_customers_as_they_were_and_says_what_it_filled() {
    let crm = three_groups();
    let result = run(&crm, &automatic(&["revenue", "age", "sector"])).unwrap();
    let kept: Recipe = serde_json::from_str(&serde_json::to_string(&result.recipe).unwrap()).unwrap();
    assert_eq!(kept.segments.len(), result.recipe.segments.len());
    let (ids, assigned) = assign_loaded(&kept, &crm).unwrap();
    assert_eq!((ids, &assigned.labels), (result.ids.clone(), &result.labels));
    assert!(assigned.filled.0.is_empty());
    let numbers = |name: &str, values: &[f64]| Column { name: name.into(), values: Values::Numbers(values.to_vec()) };
    let sector = |values: &[Option<&str>]| Column {
        name: "sector".into(),
        values: Values::Texts(values.iter().copied().collect()),
    };
    let nan = f64::NAN;
    let others = Table::new(
        "new",
        vec![
            sector(&[Some("energy"), Some("media"), Some("farming"), None]),
            numbers("age", &[nan, 20.0, 50.0, nan]),
            numbers("revenue", &[1000.0, nan, -5.0, nan]),
        ],
    )
    .unwrap();
    let assigned = assign(&kept, &others).unwrap();
    let of = |row: usize| result.labels.0[row];
    assert_eq!(assigned.labels.0, [of(2), of(1), of(0), NO_SEGMENT]);
    assert_eq!(assigned.filled.0, [0, 1, 2, 3]);
    assert!(assigned.distance.0[..3].iter().all(|distance| distance.is_finite()) && assigned.distance.0[3].is_nan());
    let without = Table::new("new", vec![numbers("age", &[1.0])]).unwrap();
    assert_eq!(assign(&kept, &without).unwrap_err().code(), "unknown_column");
    let wrong = Table::new("new", vec![numbers("age", &[1.0]), numbers("revenue", &[1.0]), numbers("sector", &[1.0])]);
    assert_eq!(assign(&kept, &wrong.unwrap()).unwrap_err().code(), "invalid_option");
    let broken = Recipe { version: 2, ..kept };
    assert_eq!(assign(&broken, &others).unwrap_err().code(), "invalid_option");
}

#[test]
fn a_later_run_keeps_names_and_places_of_the_segments_that_go_on() {
    let (crm, _) = simulated(400);
    let base = SegmentsOptions { k: Some(4), ..Default::default() };
    let first = run(&crm, &base).unwrap();
    // Named by hand, as a host may, and in another order.
    let mut previous = first.recipe.clone();
    previous.segments.reverse();
    previous.segments.iter_mut().zip(["w", "x", "y", "z"]).for_each(|(segment, key)| segment.key = key.into());
    let again = run(&crm, &SegmentsOptions { previous: Some(previous.clone()), seed: 2, ..base.clone() }).unwrap();
    let keys: Vec<&str> = again.segments.iter().map(|segment| segment.key.as_str()).collect();
    assert_eq!(keys, ["w", "x", "y", "z"]);
    for (at, segment) in again.segments.iter().enumerate() {
        assert_eq!(segment.name, first.segments[3 - at].name);
        let matched = segment.matched.as_ref().unwrap();
        assert!(matched.previous as usize == at && matched.overlap > 0.9);
    }
    let fewer = run(&crm, &SegmentsOptions { previous: Some(previous.clone()), k: Some(3), ..base.clone() }).unwrap();
    assert_eq!((fewer.vanished.len(), fewer.segments.iter().filter(|s| s.matched.is_some()).count()), (1, 3));
    let more = run(&crm, &SegmentsOptions { previous: Some(previous), k: Some(5), ..base }).unwrap();
    let new: Vec<&Segment> = more.segments.iter().filter(|segment| segment.matched.is_none()).collect();
    assert_eq!((new.len(), new[0].index, more.vanished.len()), (1, 4, 0));
    assert!(
        more.segments[..4]
            .iter()
            .all(|segment| segment.key != new[0].key && segment.name != new[0].name || segment.name == "segment")
    );
}

#[test]
fn a_previous_result_about_other_features_has_nothing_that_goes_on() {
    let crm = three_groups();
    let previous = Some(run(&crm, &automatic(&["age"])).unwrap().recipe);
    let result = run(&crm, &SegmentsOptions { previous, ..automatic(&["revenue"]) }).unwrap();
    assert!(result.segments.iter().all(|segment| segment.matched.is_none()));
    assert_eq!(result.vanished.len(), 3);
}

/// Deals of the customers `c000` to `c059`; the first third of each group's is won, the rest is open or lost.
fn with_deals(mut crm: Crm) -> Crm {
    let n = 180;
    let owner = |row: usize| Some(["Ada", "Ben"][row % 2]);
    crm.as_of = 100.0 * DAY_MS;
    crm.deals = Some(Deals {
        id: (0..n).map(|row| Some(format!("d{row}"))).collect(),
        row: (0..n as u32).collect(),
        created: vec![0.0; n],
        outcome: (0..n).map(|row| [Outcome::Won, Outcome::Lost, Outcome::Open][row / 60]).collect(),
        closed: (0..n).map(|row| if row < 120 { (10 + row % 3) as f64 * DAY_MS } else { f64::NAN }).collect(),
        amount: vec![5.0; n],
        owner: (0..n).map(owner).collect(),
        stage: (0..n).map(|_| Some("Offer")).collect(),
        weight: vec![1.0; n],
        attributes: vec![Attribute {
            name: "customer".into(),
            role: Some("customer_id".into()),
            values: Values::Texts((0..n).map(|row| Some(format!("c{:03}", row % 61))).collect()),
        }],
    });
    crm.passages = Some(Passages {
        deal: vec![0, 1, 2],
        stage: vec![0; 3],
        ordinal: vec![0; 3],
        entered: vec![0.0; 3],
        exited: vec![4.0 * DAY_MS, 6.0 * DAY_MS, 8.0 * DAY_MS],
        exit: vec![Exit::Won; 3],
        next_stage: vec![u32::MAX; 3],
        delayed_entry: Vec::new(),
        stages: vec!["Offer".into()],
    });
    crm
}

#[test]
fn deals_are_counted_by_the_segment_of_their_customer_and_can_be_filtered_by_it() {
    let mut crm = with_deals(three_groups());
    let result = run(&crm, &automatic(&["revenue", "age"])).unwrap();
    let cross = result.cross.as_ref().unwrap();
    // c060 is no customer.
    assert_eq!(cross.without_segment, 2.0);
    let totals: f64 = cross.segments.iter().map(|segment| segment.deals).sum();
    assert_eq!(totals, 178.0);
    let largest = &cross.segments[0];
    assert_eq!((largest.won, largest.won_amount), (10.0, 50.0));
    assert!((largest.win_rate.unwrap().value - largest.won / (largest.won + largest.lost)).abs() < 1e-12);
    assert!(largest.cycle.unwrap().days.is_some());
    let stays: Vec<Option<f64>> = cross.stages[0].median.iter().map(|median| median.and_then(|m| m.days)).collect();
    let of = |row: usize| result.labels.0[row] as usize;
    assert_eq!([stays[of(0)], stays[of(1)], stays[of(2)]], [Some(4.0), Some(6.0), Some(8.0)]);
    let owners: f64 = cross.owners.iter().flat_map(|owner| &owner.deals).sum();
    assert_eq!((cross.owners.len(), owners), (2, 178.0));

    assert!(attach(&mut crm, &result) && attach(&mut crm, &result));
    let columns = &crm.deals.as_ref().unwrap().attributes;
    assert_eq!(columns.iter().filter(|column| column.role.as_deref() == Some(ROLE)).count(), 1);
    let filter = crate::funnel::FunnelOptions {
        filter_column: Some("segment".into()),
        filter_value: Some(result.segments[0].key.clone()),
        ..Default::default()
    };
    let funnel = crate::funnel::funnel(&crm, &filter, &mut Progress::none()).unwrap();
    assert_eq!(funnel.counts.won, 10.0);
    assert!(!attach(&mut Crm::default(), &result));
}

#[test]
fn labels_are_a_table_in_which_no_id_is_a_formula() {
    let rows = [("=1+1", 1, 5.0), ("b", 2, 50.0), ("c", 3, 500.0), ("d", 3, 800.0)];
    let result = run(&with_orders(&rows, 10), &SegmentsOptions { k: Some(2), ..Default::default() }).unwrap();
    let csv = String::from_utf8(crate::read::write_csv(&labels_table(&result).unwrap())).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,segment,group,score_recency,score_frequency,score_monetary");
    assert!(lines[1].starts_with("'=1+1,") && lines[4].contains(&result.segments[0].key) && lines.len() == 5);
}

#[test]
fn every_number_of_a_degenerate_result_is_a_number() {
    let one: &[(&str, i32, f64)] = &[("a", 3, 9.0)];
    let two: &[(&str, i32, f64)] = &[("a", 3, 9.0), ("b", 4, 0.0)];
    let equal: &[(&str, i32, f64)] = &[("a", 3, 9.0), ("b", 3, 9.0), ("c", 3, 9.0)];
    let zero: &[(&str, i32, f64)] = &[("a", 3, 0.0), ("b", 4, 0.0), ("c", 9, 0.0)];
    for rows in [one, two, equal, zero] {
        for k in [None, Some(1)] {
            let options = SegmentsOptions { k, references: Some(3), bootstraps: Some(3), ..Default::default() };
            let result = run(&with_orders(rows, 10), &options).unwrap();
            // NaN is null in JSON, and nothing else that is a number may be.
            let json = serde_json::to_value(&result).unwrap();
            let numbers = |value: &serde_json::Value| value.as_array().unwrap().iter().all(|x| x.is_number());
            for segment in json["segments"].as_array().unwrap() {
                for field in ["centreStandardised", "centreTransformed", "centre", "median"] {
                    assert!(numbers(&segment[field]), "{field}: {segment}");
                }
                assert!(segment["size"].is_number() && segment["value"]["low"].is_number());
            }
            for factor in json["factors"]["factors"].as_array().into_iter().flatten() {
                assert!(numbers(&factor["loadings"]) && factor["share"].is_number());
            }
            for value in json["gap"]["values"].as_array().into_iter().flatten() {
                assert!(value["gap"].is_number() && value["standardError"].is_number() && value["excess"].is_number());
            }
        }
    }
}

#[test]
fn prepared_customers_give_the_bytes_of_a_run_from_the_start() {
    let base = SegmentsOptions::default();
    for (customers, numbers) in [(300, vec![None, Some(3), Some(5), Some(3)]), (6000, vec![None, Some(3), Some(12)])] {
        let (crm, _) = simulated(customers);
        let prepared = Prepared::new(&crm, &base).unwrap();
        for k in numbers {
            let options = SegmentsOptions { k, references: Some(2), bootstraps: Some(2), ..base.clone() };
            assert!(prepared.answers(&options));
            let quick = prepared.segments(&crm, &options, &mut Progress::none()).unwrap();
            assert_eq!(serde_json::to_vec(&quick).unwrap(), serde_json::to_vec(&run(&crm, &options).unwrap()).unwrap());
        }
    }
    let (crm, _) = simulated(300);
    let prepared = Prepared::new(&crm, &base).unwrap();
    assert!(!prepared.answers(&SegmentsOptions { monetary: Monetary::Mean, ..base.clone() }));
    assert!(!prepared.answers(&SegmentsOptions { seed: 2, ..base }));
}

/// Prints the time of an answer for 100,000 customers once they are prepared, and of its parts.
#[test]
#[ignore = "a measurement"]
fn time_of_another_k_for_100_000_customers() {
    let (crm, _) = simulated(100_000);
    let mut last = std::time::Instant::now();
    let mut lap = |what: &str| {
        println!("{what}: {:?}", last.elapsed());
        last = std::time::Instant::now();
    };
    let prepared = Prepared::new(&crm, &SegmentsOptions::default()).unwrap();
    lap("prepared");
    for k in [None, Some(9), Some(2), Some(4), Some(6), Some(8), Some(10), Some(14)] {
        let options = SegmentsOptions { k, ..Default::default() };
        let result = prepared.segments(&crm, &options, &mut Progress::none()).unwrap();
        lap(&format!("{k:?}"));
        let best = KMeansParams { k: result.k as usize, restarts: 10, swaps: SWAPS, seed: options.seed };
        let best = kmeans::kmeans(&prepared.points, best).unwrap();
        lap("  fit from the start");
        println!("  inertia {} of that", result.inertia / best.inertia);
    }
}
