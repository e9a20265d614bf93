//! Mixtures and dense regions as methods of segmentation.

use super::*;
use crate::stats::rng::{Rng, normal, seeded, uniform};

/// `groups` round groups 12 apart, then `strangers` far from all and from each other.
fn groups_and_strangers(groups: usize, strangers: usize, seed: u32) -> Crm {
    let random = &mut seeded(seed, 31);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut around = |at: (f64, f64), random: &mut Rng| {
        x.push(at.0 + normal(random));
        y.push(at.1 + normal(random));
    };
    for row in 0..80 * groups {
        let group = (row % groups) as f64;
        around((12.0 * group, if row % groups == 1 { 15.0 } else { 0.0 }), random);
    }
    for stranger in 0..strangers {
        around((200.0 + 60.0 * stranger as f64, 300.0 * uniform(random)), random);
    }
    with_customers(&[("x", &x), ("y", &y)])
}

fn by(method: Method) -> SegmentsOptions {
    SegmentsOptions { method, references: Some(0), ..columns(&[("x", Transform::None), ("y", Transform::None)]) }
}

#[test]
fn a_mixture_finds_the_number_by_its_criterion_and_says_how_sure_it_is() {
    let crm = groups_and_strangers(3, 0, 1);
    let result = run(&crm, &by(Method::Mixture)).unwrap();
    assert_eq!((result.k, result.chosen_by, result.candidates[0].k), (3, ChosenBy::Bic, 1));
    let soft = result.soft.as_ref().unwrap();
    let least = result.candidates.iter().map(|candidate| candidate.bic.unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(soft.bic, least);
    assert_eq!((soft.unsure, soft.fitted_on, result.stability), (0.0, 240, None));
    for row in 0..240 {
        let (own, second) = (result.labels.0[row], soft.second.0[row]);
        assert!(own < 3 && second < 3 && own != second);
        let (p, next) = (soft.probability.0[row], soft.second_probability.0[row]);
        assert!(p > 0.99 && p >= next && p + next <= 1.0 + 1e-12);
    }
    let two = run(&crm, &SegmentsOptions { k: Some(2), ..by(Method::Mixture) }).unwrap();
    assert_eq!((two.k, two.chosen_by, two.candidates.len()), (2, ChosenBy::Option, 1));
    let cloud = groups_and_strangers(1, 0, 3);
    let one = run(&cloud, &by(Method::Mixture)).unwrap();
    assert_eq!((one.k, one.soft.unwrap().second.0[0], one.silhouette), (1, NO_SEGMENT, None));
}

#[test]
fn customers_between_two_components_are_counted_as_unsure() {
    let random = &mut seeded(5, 32);
    let x: Vec<f64> = (0..400).map(|row| f64::from(row % 2) * 3.0 + normal(random)).collect();
    let crm = with_customers(&[("x", &x)]);
    let options = SegmentsOptions { k: Some(2), ..by(Method::Mixture) };
    let options = SegmentsOptions { features: columns(&[("x", Transform::None)]).features, ..options };
    let result = run(&crm, &options).unwrap();
    let soft = result.soft.unwrap();
    let unsure: Vec<usize> = (0..400).filter(|&row| soft.probability.0[row] < UNSURE).collect();
    assert!(!unsure.is_empty() && unsure.len() < 100 && soft.unsure == unsure.len() as f64);
    assert!(unsure.iter().all(|&row| (x[row] - 1.5).abs() < 1.0));
}

#[test]
fn dense_regions_are_counted_and_strangers_listed_farthest_first() {
    let crm = groups_and_strangers(3, 4, 7);
    let result = run(&crm, &by(Method::Density)).unwrap();
    assert_eq!((result.k, result.segments.len(), result.chosen_by), (3, 4, ChosenBy::Density));
    let last = &result.segments[3];
    assert_eq!((last.name.as_str(), last.key.as_str(), last.silhouette), ("outliers", "outliers", None));
    let dense = result.dense.as_ref().unwrap();
    assert_eq!(last.size, dense.outliers.0.len() as f64);
    for stranger in 240..244 {
        assert!(dense.outliers.0.contains(&stranger) && result.labels.0[stranger as usize] == 3);
    }
    assert!(dense.distance.0.windows(2).all(|pair| pair[0] >= pair[1]));
    assert!(dense.outliers.0[..4].iter().all(|&row| row >= 240) && dense.outliers.0.len() < 15);
    assert!(dense.radius_is_learnt && dense.neighbour_distances.len() == 101);
    assert!(dense.neighbour_distances.windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(result.silhouette.unwrap() > 0.8, "the silhouette leaves outliers out");
}

#[test]
fn recipes_of_all_methods_assign_their_own_customers_as_they_were() {
    let crm = groups_and_strangers(3, 4, 9);
    for method in [Method::Kmeans, Method::Mixture, Method::Density] {
        let result = run(&crm, &by(method)).unwrap();
        let (_, assigned) = assign_loaded(&result.recipe, &crm).unwrap();
        if method != Method::Density {
            assert_eq!(assigned.labels, result.labels, "{method:?}");
            continue;
        }
        // At the border of a region the nearest core point may be one of another row order; inside and outside nothing changes.
        let same = assigned.labels.0.iter().zip(&result.labels.0).filter(|(a, b)| a == b).count();
        assert_eq!(same, result.labels.0.len());
        let json = serde_json::to_string(&result.recipe).unwrap();
        let kept: Recipe = serde_json::from_str(&json).unwrap();
        assert_eq!(kept.density.as_ref().unwrap().outliers, Some(3));
        let broken = |density: RecipeDensity| Recipe { density: Some(density), ..kept.clone() }.check().is_err();
        let density = kept.density.clone().unwrap();
        assert!(broken(RecipeDensity { radius: f64::NAN, ..density.clone() }));
        assert!(broken(RecipeDensity { outliers: Some(9), ..density.clone() }));
        assert!(broken(RecipeDensity { points: vec![1.0], ..density }));
    }
}

#[test]
fn segments_of_a_mixture_go_on_from_those_of_another_run() {
    let crm = groups_and_strangers(3, 0, 11);
    let first = run(&crm, &by(Method::Mixture)).unwrap();
    let mut previous = first.recipe.clone();
    previous.segments.iter_mut().zip(["a", "b", "c"]).for_each(|(segment, key)| segment.key = key.into());
    for method in [Method::Mixture, Method::Kmeans] {
        let again = run(&crm, &SegmentsOptions { previous: Some(previous.clone()), ..by(method) }).unwrap();
        let keys: Vec<&str> = again.segments.iter().map(|segment| segment.key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "c"], "{method:?}");
        assert!(again.segments.iter().all(|segment| segment.matched.as_ref().unwrap().overlap == 1.0));
    }
    let crm = groups_and_strangers(2, 5, 11);
    let first = run(&crm, &by(Method::Density)).unwrap();
    let again = SegmentsOptions { previous: Some(first.recipe.clone()), ..by(Method::Density) };
    let again = run(&crm, &again).unwrap();
    assert_eq!(again.segments.last().unwrap().matched.as_ref().unwrap().previous, first.k);
    let centres = SegmentsOptions { previous: Some(first.recipe), k: Some(3), ..by(Method::Kmeans) };
    let centres = run(&crm, &centres).unwrap();
    assert!(centres.segments.iter().all(|segment| segment.name != OUTLIERS));
}

#[test]
fn every_method_gives_numbers_for_one_customer_and_for_equal_ones() {
    let sets: [&[f64]; 4] = [&[1.0], &[2.0; 9], &[1.0, 5.0], &[0.0, 0.0, 0.0, 0.0, 0.0, 1e12]];
    for values in sets {
        for method in [Method::Mixture, Method::Density] {
            let crm = with_customers(&[("x", values), ("y", values)]);
            let result = run(&crm, &SegmentsOptions { references: Some(2), ..by(method) }).unwrap();
            assert_eq!(result.labels.0.len(), values.len());
            let sizes: f64 = result.segments.iter().map(|segment| segment.size).sum();
            assert_eq!(sizes, values.len() as f64, "{method:?}");
            let numbers = |values: &[f64]| values.iter().all(|value| value.is_finite());
            for segment in &result.segments {
                assert!(numbers(&segment.centre) && numbers(&segment.median) && numbers(&segment.centre_standardised));
            }
            assert!(result.soft.as_ref().is_none_or(|soft| numbers(&soft.probability.0) && soft.bic.is_finite()));
            assert!(result.dense.as_ref().is_none_or(|dense| numbers(&dense.distance.0) && dense.radius.is_finite()));
            result.recipe.check().unwrap();
            assert_eq!(assign_loaded(&result.recipe, &crm).unwrap().1.labels.0.len(), values.len());
        }
    }
}

#[test]
fn options_of_another_method_are_refused() {
    let crm = groups_and_strangers(1, 0, 2);
    for options in [
        SegmentsOptions { k: Some(3), ..by(Method::Density) },
        SegmentsOptions { radius: Some(1.0), ..by(Method::Kmeans) },
        SegmentsOptions { min_weight: Some(-1.0), ..by(Method::Density) },
        SegmentsOptions { radius: Some(f64::NAN), ..by(Method::Density) },
        SegmentsOptions { start_rows: Some(vec![0]), ..by(Method::Mixture) },
        SegmentsOptions { bootstraps: Some(5), ..by(Method::Density) },
    ] {
        assert_eq!(run(&crm, &options).unwrap_err().code(), "invalid_option", "{options:?}");
    }
    let too_many = run(&crm, &SegmentsOptions { k: Some(81), ..by(Method::Mixture) });
    assert_eq!(too_many.unwrap_err().code(), "too_few");
}

/// Prints what mixtures and dense regions find among customers by their orders, and in what time.
#[test]
#[ignore = "a measurement"]
fn time_of_the_methods_for_simulated_customers() {
    for customers in [2000, 100_000] {
        let (crm, _) = simulated(customers);
        for method in [Method::Kmeans, Method::Mixture, Method::Density] {
            let options = SegmentsOptions { method, references: Some(0), bootstraps: Some(0), ..Default::default() };
            let start = std::time::Instant::now();
            let result = run(&crm, &options).unwrap();
            let outliers = result.dense.map(|dense| (dense.radius, dense.outliers.0.len()));
            println!("{customers} {method:?}: k = {}, {outliers:?}, {:?}", result.k, start.elapsed());
        }
    }
}
