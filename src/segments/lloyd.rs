//! Lloyd's iterations with the skips that change nothing.

use super::kmeans::KMeans;
use super::points::{self, Points};

/// What becomes of a cluster that no point is nearest to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EmptyCluster {
    /// It keeps its centre.
    Keep,
    /// It takes the point that is farthest from its own centre.
    Relocate,
}

/// More passes than this are never needed in practice; floating-point ties could in theory go round in a circle.
const MAX_ITERATIONS: usize = 5000;

/// Lloyd's algorithm from `centroids` (row-major, at least one) until no label changes. Ties go to the cluster of the lowest number.
///
/// Once few points move, a pass looks only at points that may have another nearest centre by now: the gap between a point's nearest
/// and second nearest centre shrinks by no more than the two have moved (Hamerly 2010, “Making k-means even faster”). The labels
/// are those of full passes; so are the centres, which are recomputed from all points before the end.
pub(super) fn lloyd(points: &Points, mut centroids: Vec<f64>, empty: EmptyCluster) -> KMeans {
    let (n, dims) = (points.len(), points.dims());
    let k = centroids.len() / dims.max(1);
    let (mut labels, mut next) = (vec![u32::MAX; n], vec![0; n]);
    let (mut distances, mut gaps) = (vec![0.0; n], vec![0.0; n]);
    let (mut sums, mut sizes) = (vec![0.0; k * dims], vec![0.0; k]);
    let mut shrinkage = vec![0.0; k];
    let (mut moved, mut looked_at) = (n, n);
    let mut gaps_hold = false;
    // Whether the centres come from sums over all points in order, not from sums changed by the points that moved.
    let mut exact = true;
    let mut iterations = 0;
    // A pass that only confirms labels with exact centres is none of Lloyd's.
    let mut confirming = false;
    while iterations < MAX_ITERATIONS {
        iterations += usize::from(!confirming);
        // A point looked at alone costs about four times its share of a full pass.
        if gaps_hold && looked_at * 4 <= n {
            let changed = points.reassign(&centroids, &shrinkage, &mut labels, &mut gaps, &mut sums, &mut sizes);
            (moved, looked_at) = (changed.moved, changed.looked_at);
            if moved > 0 {
                (exact, confirming) = (false, false);
                // The distances by which a point is chosen for the empty cluster are those of a full pass.
                gaps_hold = empty == EmptyCluster::Keep || sizes.iter().all(|&size| size > 0.0);
                move_centres(&sums, &sizes, &mut centroids, &mut shrinkage);
                continue;
            }
            points.sum_by_label(&labels, &mut sums, &mut sizes);
            move_centres(&sums, &sizes, &mut centroids, &mut shrinkage);
            exact = true;
        }
        gaps_hold = moved * 8 < n;
        match gaps_hold {
            true => {
                points.nearest_two(&centroids, &mut next, &mut distances, &mut gaps);
                gaps.iter_mut().zip(&distances).for_each(|(gap, &best)| *gap = points::gap(best, *gap));
            }
            false => points.nearest(&centroids, &mut next, &mut distances),
        }
        if empty == EmptyCluster::Relocate && relocate(points, k, &mut next, &mut distances) {
            gaps_hold = false;
        }
        moved = labels.iter().zip(&next).filter(|(old, new)| old != new).count();
        if moved == 0 && exact {
            break;
        }
        looked_at = 0;
        confirming = moved == 0;
        exact = true;
        std::mem::swap(&mut labels, &mut next);
        points.sum_by_label(&labels, &mut sums, &mut sizes);
        move_centres(&sums, &sizes, &mut centroids, &mut shrinkage);
    }
    if iterations == MAX_ITERATIONS {
        points.nearest(&centroids, &mut labels, &mut distances);
        points.sum_by_label(&labels, &mut sums, &mut sizes);
    }
    KMeans { k, inertia: points.weighted_sum(&distances), centroids, labels, sizes, iterations }
}

/// Moves the centres to the means; `shrinkage` becomes what the gap of a point of each cluster loses by that at most.
fn move_centres(sums: &[f64], sizes: &[f64], centroids: &mut [f64], shrinkage: &mut [f64]) {
    let dims = sums.len() / sizes.len().max(1);
    for (((centre, sum), &size), moved) in
        centroids.chunks_exact_mut(dims).zip(sums.chunks_exact(dims)).zip(sizes).zip(shrinkage.iter_mut())
    {
        let mut squares = 0.0;
        if size > 0.0 {
            for (centre, sum) in centre.iter_mut().zip(sum) {
                let mean = sum / size;
                squares += (mean - *centre) * (mean - *centre);
                *centre = mean;
            }
        }
        *moved = squares.sqrt();
    }
    let most = |except: usize| {
        let others = shrinkage.iter().enumerate().filter(|&(cluster, _)| cluster != except);
        others.fold(0.0f64, |most, (_, &moved)| most.max(moved))
    };
    let of_others: Vec<f64> = (0..sizes.len()).map(most).collect();
    shrinkage.iter_mut().zip(of_others).for_each(|(own, other)| *own += other);
}

/// Gives each cluster without weight the point farthest from its own centre, the first of equal ones. Whether there was any.
fn relocate(points: &Points, k: usize, labels: &mut [u32], distances: &mut [f64]) -> bool {
    let mut sizes = vec![0.0; k];
    labels.iter().enumerate().for_each(|(row, &label)| sizes[label as usize] += points.weight(row));
    let mut any = false;
    for cluster in 0..k {
        if sizes[cluster] > 0.0 {
            continue;
        }
        let mut farthest: Option<usize> = None;
        for row in 0..points.len() {
            let alone = sizes[labels[row] as usize] <= points.weight(row);
            if points.weight(row) > 0.0 && !alone && distances[row] > farthest.map_or(0.0, |far| distances[far]) {
                farthest = Some(row);
            }
        }
        let Some(row) = farthest else { return any };
        sizes[labels[row] as usize] -= points.weight(row);
        sizes[cluster] = points.weight(row);
        labels[row] = cluster as u32;
        distances[row] = 0.0;
        any = true;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_clusters_keep_their_centre_or_take_the_farthest_point() {
        let values = [0.0, 1.0, 2.0, 10.0];
        let points = Points::new(1, &values, None);
        let kept = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Keep);
        assert_eq!((kept.sizes[1], kept.centroids[1]), (0.0, 100.0));
        let relocated = lloyd(&points, vec![0.0, 100.0], EmptyCluster::Relocate);
        assert_eq!((relocated.sizes, relocated.centroids), (vec![3.0, 1.0], vec![1.0, 10.0]));
    }
}
