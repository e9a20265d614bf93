use super::*;
use crate::stats::rng::{Rng, below, normal, seeded, uniform};

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y)).sqrt()
}

/// DBSCAN as it is defined.
fn plain(rows: &[&[f64]], weights: &[f64], radius: f64, min_weight: f64) -> Vec<Option<u32>> {
    let neighbours: Vec<Vec<usize>> =
        rows.iter().map(|a| (0..rows.len()).filter(|&b| distance(a, rows[b]) <= radius).collect()).collect();
    let core: Vec<bool> =
        neighbours.iter().map(|of| of.iter().map(|&b| weights[b]).sum::<f64>() >= min_weight).collect();
    let (mut labels, mut next) = (vec![None; rows.len()], 0);
    for first in 0..rows.len() {
        if !core[first] || labels[first].is_some() {
            continue;
        }
        let mut queue = vec![first];
        while let Some(row) = queue.pop() {
            if labels[row].is_none() {
                labels[row] = Some(next);
                if core[row] {
                    queue.extend(&neighbours[row]);
                }
            }
        }
        next += 1;
    }
    labels
}

fn groups(random: &mut Rng, n: usize, dims: usize) -> Vec<f64> {
    let centres: Vec<f64> = (0..4 * dims).map(|_| 6.0 * normal(random)).collect();
    let mut values = Vec::new();
    for i in 0..n {
        let group = below(random, 4) as usize;
        let spread = if i % 17 == 0 { 8.0 } else { 1.0 };
        values.extend((0..dims).map(|j| centres[group * dims + j] + spread * normal(random)));
    }
    values
}

#[test]
fn labels_are_those_of_the_definition_on_60_sets() {
    for seed in 0..60 {
        let mut random = seeded(seed, 0);
        let (dims, n) = (1 + seed as usize % 10, 5 + below(&mut random, 300) as usize);
        let mut values = groups(&mut random, n, dims);
        if seed % 3 == 0 {
            values.iter_mut().for_each(|value| *value = value.round());
        }
        let rows: Vec<&[f64]> = values.chunks_exact(dims).collect();
        let weights: Vec<f64> = (0..n).map(|i| if seed % 2 == 0 { 1.0 } else { (i % 3) as f64 }).collect();
        let points = Points::new(dims, &values, Some(&weights));
        let params =
            DensityParams { radius: Some(0.7 + 0.2 * dims as f64), min_weight: Some(4.0), ..Default::default() };
        let ours = density(&points, params).unwrap();
        assert_eq!(ours.labels, plain(&rows, &weights, ours.radius, 4.0), "set {seed}");
    }
}

#[test]
fn the_radius_is_learnt_so_that_far_points_are_outliers_and_groups_are_clusters() {
    let mut random = seeded(5, 1);
    let mut values = Vec::new();
    for i in 0..2000 {
        let centre = if i % 2 == 0 { -6.0 } else { 6.0 };
        values.extend([centre + normal(&mut random), normal(&mut random)]);
    }
    // Between the groups, and one where any distance is lost beside it.
    let far = [[0.0, 9.0], [0.3, -9.0], [20.0, 20.0], [1e12, 0.0]];
    values.extend(far.as_flattened());
    let found = density(&Points::new(2, &values, None), DensityParams::default()).unwrap();
    assert!(found.labels[2000..].iter().all(Option::is_none));
    assert!(found.outliers > 4.0 && found.outliers < 0.04 * 2000.0, "{}", found.outliers);
    let share = |from: usize, label: u32| {
        (from..2000).step_by(2).filter(|&row| found.labels[row] == Some(label)).count() as f64 / 1000.0
    };
    assert!(share(0, found.labels[0].unwrap()) > 0.95 && share(1, found.labels[1].unwrap()) > 0.95);
    assert_ne!(found.labels[0], found.labels[1]);
}

#[test]
fn a_weight_of_three_is_three_points() {
    let mut random = seeded(6, 0);
    let values = groups(&mut random, 150, 2);
    let weights: Vec<f64> = (0..150).map(|i| f64::from(i % 4)).collect();
    let repeated: Vec<f64> =
        values.chunks_exact(2).zip(&weights).flat_map(|(row, weight)| row.repeat(*weight as usize)).collect();
    let weighted = density(&Points::new(2, &values, Some(&weights)), DensityParams::default()).unwrap();
    let plain = density(&Points::new(2, &repeated, None), DensityParams::default()).unwrap();
    assert_eq!((weighted.radius, weighted.outliers, weighted.clusters), (plain.radius, plain.outliers, plain.clusters));
    let spread: Vec<Option<u32>> = weighted
        .labels
        .iter()
        .zip(&weights)
        .flat_map(|(label, weight)| std::iter::repeat_n(*label, *weight as usize))
        .collect();
    assert_eq!(spread, plain.labels);
}

#[test]
fn of_more_points_than_the_sample_the_others_join_what_reaches_them() {
    let mut random = seeded(7, 0);
    let values: Vec<f64> = (0..6000).map(|i| if i / 2 % 2 == 0 { 0.0 } else { 30.0 } + uniform(&mut random)).collect();
    let params = DensityParams { sample: 1000, ..Default::default() };
    let found = density(&Points::new(2, &values, None), params).unwrap();
    assert_eq!((found.clustered_on, found.clusters, found.labels.len()), (1000, 2, 3000));
    assert!(found.outliers < 60.0, "{}", found.outliers);
    let of = |from: usize| -> Vec<u32> { found.labels.iter().skip(from).step_by(2).flatten().copied().collect() };
    let (even, odd) = (of(0), of(1));
    assert!(even.iter().all(|label| *label == even[0]) && odd.iter().all(|label| *label == 1 - even[0]));
}

#[test]
fn equal_points_one_point_and_no_points() {
    let equal = density(&Points::new(2, &[3.0; 40], None), DensityParams::default()).unwrap();
    assert_eq!((equal.clusters, equal.outliers), (1, 0.0));
    let one = density(&Points::new(2, &[3.0, 4.0], None), DensityParams::default()).unwrap();
    assert_eq!((one.clusters, one.outliers, one.labels), (0, 1.0, vec![None]));
    assert_eq!(density(&Points::new(2, &[], None), DensityParams::default()).unwrap_err().code(), "too_few");
    let none = DensityParams { radius: Some(0.0), ..Default::default() };
    assert_eq!(density(&Points::new(1, &[1.0], None), none).unwrap_err().code(), "invalid_option");
}
