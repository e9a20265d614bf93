use super::*;
use crate::stats::exact_sum::ExactSum;
use crate::stats::rng::{Rng, below, normal, seeded, uniform};

/// A sum rounded at each step puts the mean of equal points beside them, and ties of exact distances then go by chance.
fn exact_mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    let mut sum = ExactSum::default();
    values.for_each(|value| sum.add(value));
    sum.value() / n
}

/// Lloyd as it is defined, without any arrangement of data or any skip.
fn plain(values: &[f64], dims: usize, starts: &[u32]) -> (Vec<u32>, usize) {
    let row = |i: usize| &values[i * dims..(i + 1) * dims];
    let mut centres: Vec<Vec<f64>> = starts.iter().map(|&s| row(s as usize).to_vec()).collect();
    let (n, mut labels) = (values.len() / dims, Vec::new());
    for iteration in 1.. {
        let mut next = Vec::new();
        for i in 0..n {
            let mut best = (f64::INFINITY, 0);
            for (c, centre) in centres.iter().enumerate() {
                let distance = row(i).iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                if distance < best.0 {
                    best = (distance, c as u32);
                }
            }
            next.push(best.1);
        }
        if next == labels {
            return (labels, iteration);
        }
        labels = next;
        for (c, centre) in centres.iter_mut().enumerate() {
            let members: Vec<usize> = (0..n).filter(|&i| labels[i] == c as u32).collect();
            if !members.is_empty() {
                for (j, value) in centre.iter_mut().enumerate() {
                    *value = exact_mean(members.iter().map(|&i| row(i)[j]));
                }
            }
        }
    }
    unreachable!()
}

/// Points of a kind that only `seed` decides: apart or overlapping groups, whole numbers with ties and duplicates, constant columns,
/// one point, points far away or all of them tiny or huge.
fn points_of_kind(seed: u32, random: &mut Rng) -> (usize, Vec<f64>) {
    let dims = 1 + below(random, 11) as usize;
    let n = match seed % 10 {
        0 => 1 + below(random, 3) as usize,
        1 => 1500 + below(random, 2500) as usize,
        _ => 5 + below(random, 400) as usize,
    };
    let spread = [0.5, 2.0, 6.0][seed as usize % 3];
    let groups: Vec<f64> = (0..6 * dims).map(|_| spread * normal(random)).collect();
    let mut values = Vec::new();
    for _ in 0..n {
        let group = below(random, 6) as usize;
        values.extend((0..dims).map(|j| groups[group * dims + j] + normal(random)));
    }
    match seed / 10 % 10 {
        0 => values.iter_mut().for_each(|value| *value = value.round()),
        1 => values.iter_mut().for_each(|value| *value = (4.0 * *value).round() / 4.0),
        2 => (0..n / 2).for_each(|i| values.copy_within(i * dims..(i + 1) * dims, (n - 1 - i) * dims)),
        3 => values.iter_mut().step_by(dims).for_each(|value| *value = 7.25),
        4 => values[0] = 1e12,
        5 => values[n / 2 * dims..(n / 2 + 1) * dims].fill(-1e12),
        6 => values.iter_mut().for_each(|value| *value *= [1e-40, 1e25, 1e140][below(random, 3) as usize]),
        7 => values.iter_mut().for_each(|value| *value += 1e6),
        8 => {
            let first = values[0];
            values.fill(first);
        }
        _ => {}
    }
    (dims, values)
}

#[test]
fn labels_are_those_of_plain_lloyd_on_500_sets_assignment_by_assignment() {
    for seed in 0..500 {
        let mut random = seeded(seed, 7);
        let (dims, values) = points_of_kind(seed, &mut random);
        let n = values.len() / dims;
        // As many clusters as points, at times.
        let k = if seed % 7 == 0 && n < 60 { n } else { (1 + below(&mut random, 17) as usize).min(n) };
        let starts: Vec<u32> = (0..k as u32).collect();
        let points = Points::new(dims, &values, None);
        let centroids = values[..k * dims].to_vec();
        let (labels, iterations) = plain(&values, dims, &starts);
        let ours = lloyd(&points, centroids.clone(), EmptyCluster::Keep);
        assert!(ours.labels == labels, "set {seed}");
        assert_eq!(ours.iterations, iterations, "set {seed}");
        // After each pass, too.
        for passes in 1..iterations.min(6) {
            let stop = Stop { movement: 0.0, iterations: passes };
            let ours = lloyd_until(&points, centroids.clone(), EmptyCluster::Keep, stop, &mut |_| true).unwrap();
            assert!(ours.labels == plain_passes(&values, dims, &centroids, passes), "set {seed}, {passes} passes");
        }
    }
}

/// Labels by the centres after `passes` passes of plain Lloyd.
fn plain_passes(values: &[f64], dims: usize, centroids: &[f64], passes: usize) -> Vec<u32> {
    let mut centres = centroids.to_vec();
    let rows: Vec<&[f64]> = values.chunks_exact(dims).collect();
    let mut labels = Vec::new();
    for pass in 0..=passes {
        labels.clear();
        for row in &rows {
            let distances: Vec<f64> = centres.chunks_exact(dims).map(|centre| squared_distance(row, centre)).collect();
            let lowest = distances.iter().copied().fold(f64::INFINITY, f64::min);
            labels.push(distances.iter().position(|distance| *distance == lowest).unwrap() as u32);
        }
        for (c, centre) in centres.chunks_exact_mut(dims).enumerate().filter(|_| pass < passes) {
            let members: Vec<&[f64]> =
                rows.iter().zip(&labels).filter(|(_, label)| **label == c as u32).map(|(row, _)| *row).collect();
            for (j, value) in centre.iter_mut().enumerate().filter(|_| !members.is_empty()) {
                *value = exact_mean(members.iter().map(|row| row[j]));
            }
        }
    }
    labels
}

#[test]
fn most_points_are_decided_in_single_precision_and_later_passes_look_at_few() {
    let mut random = seeded(1, 0);
    let values: Vec<f64> = (0..40_000).map(|i| normal(&mut random) + f64::from(i / 2 % 5)).collect();
    let points = Points::new(2, &values, None);
    let mut pass = pass::Pass::new(&points, 5);
    let mut centroids = values[..10].to_vec();
    for _ in 0..60 {
        pass.assign(&centroids);
        pass.move_centres(&mut centroids);
    }
    assert!(pass.exactly_decided < 60 * 20_000 / 1000, "{}", pass.exactly_decided);
    assert!(pass.looked_at < 60 * 20_000 / 2, "{}", pass.looked_at);
}

#[test]
fn batches_of_any_size_give_the_same_labels_and_the_same_bytes_of_the_centres() {
    for seed in 0..100 {
        let mut random = seeded(seed, 9);
        let (dims, values) = points_of_kind(seed, &mut random);
        let points = Points::new(dims, &values, None);
        let k = (1 + below(&mut random, 12) as usize).min(points.len());
        let run = |batch: usize| {
            let mut pass = pass::Pass::in_batches(&points, k, batch);
            let mut centroids = values[..k * dims].to_vec();
            let labels: Vec<Vec<u32>> = (0..12)
                .map(|_| {
                    pass.assign(&centroids);
                    pass.move_centres(&mut centroids);
                    pass.labels.clone()
                })
                .collect();
            (labels, centroids.into_iter().map(f64::to_bits).collect::<Vec<u64>>())
        };
        let usual = run(tiles::BATCH);
        for batch in [1, 5, usize::MAX] {
            assert!(run(batch) == usual, "set {seed} in batches of {batch}");
        }
    }
}

#[test]
fn a_weight_of_three_gives_the_bytes_of_three_rows() {
    for seed in 0..50 {
        let mut random = seeded(seed, 8);
        let (n, dims) = (40 + seed as usize, 1 + seed as usize % 4);
        let values: Vec<f64> = (0..n * dims).map(|_| normal(&mut random)).collect();
        let weights: Vec<f64> = (0..n).map(|_| f64::from(below(&mut random, 4))).collect();
        let repeated: Vec<f64> =
            values.chunks_exact(dims).zip(&weights).flat_map(|(row, weight)| row.repeat(*weight as usize)).collect();
        let starts = values[..3 * dims].to_vec();
        let weighted = lloyd(&Points::new(dims, &values, Some(&weights)), starts.clone(), EmptyCluster::Relocate);
        let plain = lloyd(&Points::new(dims, &repeated, None), starts, EmptyCluster::Relocate);
        assert_eq!(weighted.centroids, plain.centroids, "seed {seed}");
        assert_eq!((weighted.inertia, weighted.sizes), (plain.inertia, plain.sizes));
    }
}

#[test]
fn the_order_of_the_points_does_not_change_a_byte_of_the_centres() {
    let mut random = seeded(3, 0);
    let rows: Vec<[f64; 3]> = (0..5000).map(|_| [0; 3].map(|_| normal(&mut random))).collect();
    let run = |rows: &[[f64; 3]], starts: Vec<f64>| {
        lloyd(&Points::new(3, rows.as_flattened(), None), starts, EmptyCluster::Keep)
    };
    let starts = rows[..6].as_flattened().to_vec();
    let forward = run(&rows, starts.clone());
    let backward = run(&rows.iter().rev().copied().collect::<Vec<_>>(), starts);
    assert_eq!((forward.centroids, forward.inertia), (backward.centroids, backward.inertia));
}

#[test]
fn iterations_end_when_the_centres_hardly_move_or_when_told() {
    let mut random = seeded(9, 0);
    let values: Vec<f64> = (0..8000).map(|_| uniform(&mut random)).collect();
    let points = Points::new(2, &values, None);
    let until = |stop: Stop, limit: usize| {
        lloyd_until(&points, values[..10].to_vec(), EmptyCluster::Keep, stop, &mut |passes| passes < limit)
    };
    let strict = until(Stop::default(), usize::MAX).unwrap();
    let early = until(Stop { movement: 1e-4, ..Stop::default() }, usize::MAX).unwrap();
    assert!(early.iterations < strict.iterations / 2, "{} {}", early.iterations, strict.iterations);
    assert_eq!(early.labels, points.nearest(&early.centroids));
    assert_eq!(until(Stop { iterations: 7, ..Stop::default() }, usize::MAX).unwrap().iterations, 7);
    assert_eq!(until(Stop::default(), 3), None);
}

#[test]
fn empty_clusters_keep_their_centre_or_take_the_farthest_point() {
    let values = [0.0, 1.0, 2.0, 10.0];
    let points = Points::new(1, &values, None);
    let kept = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Keep);
    assert_eq!((kept.sizes[1], kept.centroids[1]), (0.0, 100.0));
    let relocated = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Relocate);
    assert_eq!((relocated.sizes, relocated.centroids), (vec![3.0, 1.0], vec![1.0, 10.0]));
}

#[test]
fn no_points_and_no_numbers_do_no_harm() {
    let none = lloyd(&Points::new(2, &[], None), vec![0.0; 4], EmptyCluster::Relocate);
    assert_eq!((none.labels.len(), none.inertia, none.sizes), (0, 0.0, vec![0.0, 0.0]));
    let points = Points::new(1, &[0.0, f64::NAN, 3.0, f64::INFINITY], None);
    assert!(lloyd(&points, vec![0.0, 3.0], EmptyCluster::Keep).labels.iter().all(|&label| label < 2));
}

#[test]
fn points_in_several_places_end_as_in_one_to_the_bit() {
    for seed in 0..60 {
        let mut random = seeded(seed, 9);
        let (dims, values) = points_of_kind(seed, &mut random);
        let n = values.len() / dims;
        let weights: Vec<f64> = (0..n).map(|_| f64::from(below(&mut random, 5)) * 0.3).collect();
        let k = 1 + below(&mut random, 6) as usize;
        let start: Vec<f64> =
            (0..k).flat_map(|_| values[below(&mut random, n as u32) as usize * dims..][..dims].to_vec()).collect();
        let whole = lloyd(&Points::new(dims, &values, Some(&weights)), start.clone(), EmptyCluster::Keep);
        let cuts = [n / 3, n - n / 3];
        let places: Vec<Points> = [0..cuts[0], cuts[0]..cuts[1], cuts[1]..n]
            .map(|rows| Points::new(dims, &values[rows.start * dims..rows.end * dims], Some(&weights[rows])))
            .into();
        let mut shards: Vec<Shard> = places.iter().map(|points| Shard::new(points, &start).unwrap()).collect();
        let mut passes = 0;
        loop {
            passes += 1;
            if shards.iter_mut().map(Shard::assign).sum::<usize>() == 0 {
                break;
            }
            let sums: Vec<Vec<f64>> = shards.iter().map(Shard::sums).collect();
            for (at, shard) in shards.iter_mut().enumerate() {
                let others = [&sums[..at], &sums[at + 1..]].concat().concat();
                assert_eq!(shard.move_centres(&others[1..]), None);
                assert!(shard.move_centres(&others).is_some());
            }
        }
        let mut inertia = ExactSum::default();
        let mut labels = Vec::new();
        for shard in shards {
            assert_eq!(shard.centroids(), whole.centroids, "seed {seed}");
            let (here, part) = shard.finish();
            labels.extend(here);
            inertia.merge(&part);
        }
        assert_eq!((labels, inertia.value(), passes), (whole.labels, whole.inertia, whole.iterations), "seed {seed}");
    }
}
