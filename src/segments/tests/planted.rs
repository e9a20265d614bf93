//! Data with segments that are known, and data with none: what the whole analysis makes of them.

use super::*;
use crate::stats::rng::{Rng, below, choose, normal, seeded, uniform};

/// Adjusted Rand index (Hubert & Arabie 1985) of two labellings.
fn adjusted_rand(a: &[u32], b: &[u32]) -> f64 {
    let size = |labels: &[u32]| labels.iter().max().map_or(0, |&most| most as usize + 1);
    let (rows, columns) = (size(a), size(b));
    let mut both = vec![0.0; rows * columns];
    a.iter().zip(b).for_each(|(&a, &b)| both[a as usize * columns + b as usize] += 1.0);
    let pairs = |n: f64| 0.5 * n * (n - 1.0);
    let together: f64 = both.iter().map(|&n| pairs(n)).sum();
    let of_rows: f64 = both.chunks_exact(columns).map(|row| pairs(row.iter().sum())).sum();
    let of_columns: f64 = (0..columns).map(|at| pairs(both.iter().skip(at).step_by(columns).sum())).sum();
    let expected = of_rows * of_columns / pairs(a.len() as f64);
    let most = 0.5 * (of_rows + of_columns);
    if most == expected { 1.0 } else { (together - expected) / (most - expected) }
}

struct Planted {
    columns: Vec<Vec<f64>>,
    truth: Vec<u32>,
    /// The segment that is most probable for who knows how the data were made.
    attainable: Vec<u32>,
    k: u32,
}

/// 2 to 6 round segments of unequal sizes in 2 to 5 dimensions; any two centres are at least 7 of their standard deviations apart.
fn planted(seed: u32) -> Planted {
    let random = &mut seeded(seed, 11);
    let (k, dims) = (2 + seed % 5, 2 + (seed / 5 % 4) as usize);
    let mut centres: Vec<Vec<f64>> = Vec::new();
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt() >= 7.0;
    while centres.len() < k as usize {
        let centre: Vec<f64> = (0..dims).map(|_| 20.0 * uniform(random)).collect();
        if centres.iter().all(|other| apart(other, &centre)) {
            centres.push(centre);
        }
    }
    let shares: Vec<f64> = (0..k).map(|_| 0.4 + uniform(random)).collect();
    let n = 300 + below(random, 500);
    let mut planted = Planted { columns: vec![Vec::new(); dims], truth: Vec::new(), attainable: Vec::new(), k };
    for _ in 0..n {
        let own = choose(random, &shares);
        let point: Vec<f64> = centres[own].iter().map(|centre| centre + normal(random)).collect();
        let score = |at: usize| {
            let squares: f64 = point.iter().zip(&centres[at]).map(|(x, c)| (x - c) * (x - c)).sum();
            libm::log(shares[at]) - 0.5 * squares
        };
        let best = (0..k as usize).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap();
        planted.truth.push(own as u32);
        planted.attainable.push(best as u32);
        planted.columns.iter_mut().zip(point).for_each(|(column, value)| column.push(value));
    }
    planted
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn of_columns(values: &[Vec<f64>], options: SegmentsOptions) -> SegmentsResult {
    let named: Vec<(&str, &[f64])> = NAMES.into_iter().zip(values).map(|(name, v)| (name, v.as_slice())).collect();
    let choices = named.iter().map(|(name, _)| ColumnChoice { column: (*name).into(), transform: None });
    let features = Some(FeatureChoice::Columns(choices.collect()));
    run(&with_customers(&named), &SegmentsOptions { features, ..options }).unwrap()
}

/// How many of the sets have the right number of segments, at least 0.95 of the attainable Rand index, and the verdict that they are real.
fn found(sets: std::ops::Range<u32>) -> [usize; 3] {
    let mut counts = [0; 3];
    for seed in sets {
        let planted = planted(seed);
        let options = SegmentsOptions { bootstraps: Some(0), ..Default::default() };
        let result = of_columns(&planted.columns, options);
        let attainable = adjusted_rand(&planted.attainable, &planted.truth);
        let good = adjusted_rand(&result.labels.0, &planted.truth) >= 0.95 * attainable;
        let real = result.gap.unwrap().verdict == Verdict::Clusters;
        let checks = [result.k == planted.k, good, real];
        if checks.contains(&false) {
            println!("seed {seed}: {checks:?}, {} planted, {} found", planted.k, result.k);
        }
        counts.iter_mut().zip(checks).for_each(|(count, check)| *count += usize::from(check));
    }
    counts
}

/// Of the 100 sets that the method was made on, and of two hundreds that it was not: 94, 96 and 98 have the right number, 94, 95 and 98
/// 0.95 of the attainable index, 100, 100 and 100 the verdict.
/// Where two segments lie much nearer to each other than to the rest the silhouette joins them: with centres
/// 5.5 apart in a box 18 wide, 87 of 100 sets are right.
#[test]
#[ignore = "300 sets take two minutes"]
fn planted_segments_are_found_in_90_of_100_sets() {
    for from in [0, 1000, 2000] {
        let counts = found(from..from + 100);
        println!("{counts:?} of 100");
        assert!(counts.iter().all(|&count| count >= 90), "{counts:?}");
    }
}

#[test]
fn planted_segments_are_found() {
    let counts = found(0..8);
    assert!(counts.iter().all(|&count| count >= 7), "{counts:?}");
}

/// Customers without segments: of `n` rows in `dims` columns, of one of nine shapes, some of them in units of their own.
fn noise(shape: u32, n: u32, dims: usize, random: &mut Rng) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::new(); dims];
    for _ in 0..n {
        let common = normal(random);
        for (at, column) in columns.iter_mut().enumerate() {
            column.push(match shape {
                0 => uniform(random),
                1 => normal(random),
                2 => 0.8 * common + 0.6 * normal(random),
                // Student's t with two degrees of freedom.
                3 => normal(random) / (0.5 * (normal(random).powi(2) + normal(random).powi(2))).sqrt(),
                4 => libm::exp(normal(random)),
                5 => libm::exp(0.7 * common + 0.7 * normal(random)),
                6 if at % 2 == 0 => 300.0 * libm::exp(1.5 * normal(random)),
                6 => normal(random),
                7 => -50.0 * libm::log(1.0 - uniform(random)),
                // Counts.
                _ => 1.0 + libm::floor(libm::exp(0.2 * common + 0.8 * normal(random))),
            });
        }
    }
    columns
}

/// The sets of noise with the verdict that their segments are real.
fn noise_found_real(sets: std::ops::Range<u32>) -> Vec<u32> {
    let is_real = |seed: &u32| {
        let (random, n) = (&mut seeded(*seed, 13), [200, 500, 1000, 3000][(seed / 9 % 4) as usize]);
        let columns = noise(seed % 9, n, 2 + (seed / 36 % 4) as usize, random);
        let result = of_columns(&columns, SegmentsOptions { bootstraps: Some(0), ..Default::default() });
        result.gap.unwrap().verdict == Verdict::Clusters
    };
    sets.filter(is_real).collect()
}

/// None of 288 sets of 200 to 3,000 customers in 2 to 5 dimensions, each shape as often, is found real.
#[test]
#[ignore = "288 sets take three minutes"]
fn noise_has_no_real_clusters_in_95_of_100_sets() {
    let real = noise_found_real(0..288);
    println!("{} of 288 are found real: {real:?}", real.len());
    assert!(real.len() <= 14);
}

#[test]
fn noise_has_no_real_clusters() {
    let real = noise_found_real(0..9);
    assert!(real.is_empty(), "{real:?}");
}
