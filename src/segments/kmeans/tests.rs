use super::*;
use crate::stats::rng::{normal, seeded};

/// Groups around random centres; `whole` rounds them so that duplicates and ties occur.
fn groups(n: usize, dims: usize, k: usize, seed: u32, whole: bool) -> Vec<f64> {
    let mut random = seeded(seed, 0);
    let centres: Vec<f64> = (0..k * dims).map(|_| 4.0 * normal(&mut random)).collect();
    let mut values = Vec::new();
    for _ in 0..n {
        let group = rng::below(&mut random, k as u32) as usize;
        for j in 0..dims {
            let value = centres[group * dims + j] + normal(&mut random);
            values.push(if whole { value.round() } else { value });
        }
    }
    values
}

#[test]
fn weight_three_equals_three_rows() {
    for seed in 0..20 {
        let values = groups(60, 3, 4, seed, false);
        let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 4)).collect();
        let mut repeated = Vec::new();
        for (row, weight) in values.chunks_exact(3).zip(&weights) {
            (0..*weight as usize).for_each(|_| repeated.extend_from_slice(row));
        }
        let params = KMeansParams { k: 4, restarts: 3, swaps: 5, seed };
        let weighted = kmeans(&Points::new(3, &values, Some(&weights)), params).unwrap();
        let plain = kmeans(&Points::new(3, &repeated, None), params).unwrap();
        assert!((weighted.inertia - plain.inertia).abs() < 1e-9 * plain.inertia, "seed {seed}");
        assert_eq!(weighted.sizes, plain.sizes);
        let spread: Vec<u32> = weighted
            .labels
            .iter()
            .zip(&weights)
            .flat_map(|(&label, &weight)| std::iter::repeat_n(label, weight as usize))
            .collect();
        assert_eq!(spread, plain.labels);
    }
}

#[test]
fn as_many_clusters_as_different_points_leave_no_inertia() {
    let values = [1.0, 1.0, 5.0, 9.0, 9.0, 9.0];
    let points = Points::new(1, &values, None);
    let model = kmeans(&points, KMeansParams { k: 3, restarts: 10, swaps: 5, seed: 1 }).unwrap();
    assert_eq!(model.inertia, 0.0);
    let mut sizes = model.sizes.clone();
    sizes.sort_by(f64::total_cmp);
    assert_eq!(sizes, [1.0, 2.0, 3.0]);
    let error = kmeans(&points, KMeansParams { k: 4, restarts: 10, swaps: 5, seed: 1 }).unwrap_err();
    assert_eq!(error.to_string(), "k-means needs at least 4 different points, there are 3");
    assert_eq!(
        kmeans(&points, KMeansParams { k: 0, restarts: 1, swaps: 5, seed: 1 }).unwrap_err().code(),
        "invalid_option"
    );
}

#[test]
fn a_far_outlier_gets_its_own_cluster_and_the_rest_stay_finite() {
    let mut values = groups(500, 2, 2, 3, false);
    values[0] = 1e12;
    let model = kmeans(&Points::new(2, &values, None), KMeansParams { k: 3, restarts: 10, swaps: 5, seed: 1 }).unwrap();
    assert!(model.inertia.is_finite() && model.centroids.iter().all(|c| c.is_finite()));
    assert_eq!(model.sizes[model.labels[0] as usize], 1.0);
}

#[test]
fn one_outlier_among_thirty_thousand_points_is_found() {
    let mut values = groups(30_000, 2, 2, 3, false);
    values[20_000] = 1e6;
    let points = Points::new(2, &values, None);
    let model = kmeans(&points, KMeansParams { k: 3, restarts: 4, swaps: 5, seed: 1 }).unwrap();
    assert_eq!(model.sizes[model.labels[10_000] as usize], 1.0);
}

#[test]
fn the_same_seed_gives_the_same_clusters() {
    let values = groups(3000, 3, 5, 1, false);
    let points = Points::new(3, &values, None);
    let params = KMeansParams { k: 5, restarts: 3, swaps: 5, seed: 9 };
    assert_eq!(kmeans(&points, params).unwrap(), kmeans(&points, params).unwrap());
}

#[test]
fn centres_are_the_means_of_their_points() {
    let values = groups(4000, 2, 4, 8, false);
    let model = kmeans(&Points::new(2, &values, None), KMeansParams { k: 4, restarts: 2, swaps: 5, seed: 1 }).unwrap();
    for c in 0..4 {
        let members: Vec<&[f64]> =
            values.chunks_exact(2).zip(&model.labels).filter(|(_, l)| **l == c).map(|(row, _)| row).collect();
        for j in 0..2 {
            let mean = members.iter().map(|row| row[j]).sum::<f64>() / members.len() as f64;
            assert!((mean - model.centroids[c as usize * 2 + j]).abs() < 1e-12);
        }
    }
}

#[test]
fn a_warm_start_is_nearly_as_good_as_a_cold_one_up_and_down() {
    let values = groups(6000, 3, 7, 4, false);
    let points = Points::new(3, &values, None);
    let cold = |k: usize| kmeans(&points, KMeansParams { k, restarts: 10, swaps: 20, seed: 1 }).unwrap();
    let (mut up, mut down) = (cold(2), cold(9));
    for k in 3..=9 {
        up = kmeans_warm(&points, &up, k, 1).unwrap();
        down = kmeans_warm(&points, &down, 11 - k, 1).unwrap();
        assert_eq!((up.k, down.k), (k, 11 - k));
        assert!(up.inertia < 1.03 * cold(k).inertia, "{k}: {} {}", up.inertia, cold(k).inertia);
        assert!(down.inertia < 1.03 * cold(11 - k).inertia, "{k}: {}", down.inertia);
    }
    assert_eq!(kmeans_warm(&points, &up, 5, 1).unwrap(), kmeans_warm(&points, &up, 5, 1).unwrap());
    let line = Points::new(1, &values, None);
    assert_eq!(kmeans_warm(&line, &up, 5, 1).unwrap_err().code(), "invalid_option");
    assert_eq!(kmeans_warm(&Points::new(3, &[0.0; 9], None), &up, 5, 1).unwrap_err().code(), "too_few");
}
