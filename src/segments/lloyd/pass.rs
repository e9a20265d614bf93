//! One pass over the points: all of them, or those whose nearest centre may be another by now.

use super::lanes::Four;
use super::sums::ClusterSums;
use super::tiles::{BATCH, Centres, TILE, Tiles};
use super::{own_distances, squared_distance};
use crate::segments::points::{GROUP, Points};

/// No label yet.
const NONE: u32 = u32::MAX;

/// Labels, the sums that follow them, and how long each label is certain to stay.
///
/// The gap between a point's nearest and second nearest centre shrinks by no more than the two have moved (Hamerly 2010, “Making
/// k-means even faster”). Once few points change, a label `expires` when the centres have moved that far in all: a pass then looks
/// only at points whose label has expired.
pub(super) struct Pass<'a> {
    points: &'a Points,
    tiles: &'a Tiles,
    centres: Centres,
    /// Filled up to whole tiles.
    pub(super) labels: Vec<u32>,
    sums: ClusterSums,
    /// Points whose label the last pass changed.
    pub(super) moved: usize,
    expires: Vec<f32>,
    /// How far the two fastest centres have moved in all since labels last got their time.
    travelled: f64,
    /// [`share_worth_looking_at`].
    worth: f64,
    point: Vec<f64>,
    best: Vec<[f32; TILE]>,
    second: Vec<[f32; TILE]>,
    /// Points whose nearest centre took double precision, and points looked at, over all passes.
    #[cfg(test)]
    pub(super) exactly_decided: usize,
    #[cfg(test)]
    pub(super) looked_at: usize,
}

impl<'a> Pass<'a> {
    pub(super) fn new(points: &'a Points, k: usize) -> Self {
        Pass::in_batches(points, k, BATCH)
    }

    /// A pass that looks at `batch` tiles at a time, at least one.
    pub(super) fn in_batches(points: &'a Points, k: usize, batch: usize) -> Self {
        let tiles = points.tiles();
        let batch = tiles.len().min(batch);
        Pass {
            points,
            tiles,
            centres: Centres::new(tiles, k),
            labels: vec![NONE; tiles.len() * TILE],
            sums: ClusterSums::new(k, points.dims()),
            moved: points.len(),
            expires: Vec::new(),
            travelled: 0.0,
            worth: share_worth_looking_at(points.dims(), k),
            point: vec![0.0; points.dims()],
            best: vec![[0.0; TILE]; batch],
            second: vec![[0.0; TILE]; batch],
            #[cfg(test)]
            exactly_decided: 0,
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Gives every point the label of its nearest centre, and counts those it changes.
    pub(super) fn assign(&mut self, centroids: &[f64]) {
        self.centres.set(centroids, self.tiles);
        let n = self.points.len();
        let timed = !self.expires.is_empty();
        let few = EXPIRE_PER_MOVE * (self.moved as f64) < self.worth * n as f64;
        self.moved = 0;
        if timed && (self.expired() as f64) < self.worth * n as f64 {
            return self.assign_expired(centroids);
        }
        self.expires.resize(if few { self.labels.len() } else { 0 }, 0.0);
        self.travelled = 0.0;
        self.assign_all(centroids);
    }

    fn assign_all(&mut self, centroids: &[f64]) {
        let (mut best, mut second) = (std::mem::take(&mut self.best), std::mem::take(&mut self.second));
        let timed = !self.expires.is_empty();
        // Nothing to take away, and no weights: four points at a time.
        let fresh = self.labels.first() == Some(&NONE) && self.points.weights().is_none();
        #[cfg(test)]
        (self.looked_at += self.points.len());
        for from in (0..self.tiles.len()).step_by(best.len().max(1)) {
            let (tiles, classes) = self.tiles.batch(from, best.len());
            self.centres.best_two(tiles, classes, &mut best, &mut second);
            for (t, ((&class, best), second)) in classes.iter().zip(&best).zip(&second).enumerate() {
                let first = (from + t) * TILE;
                let labels = self.centres.labels(best);
                let changes = differ(labels, &self.labels[first..first + TILE]);
                let certain = self.centres.all_certain(best, second, class);
                if fresh && certain && first + TILE <= self.points.len() {
                    let numbers = labels.map(Four::bits);
                    self.labels[first..first + TILE].copy_from_slice(numbers.as_flattened());
                    self.sums.add_group(numbers[0], self.points.group(first / GROUP));
                    self.sums.add_group(numbers[1], self.points.group(first / GROUP + 1));
                    self.moved += TILE;
                } else if changes || !certain {
                    let rows: [u32; TILE] = std::array::from_fn(|lane| (first + lane) as u32);
                    self.settle(&rows, best, second, class, centroids);
                }
            }
            if timed {
                let tiles = tiles.chunks_exact(self.points.dims());
                let outputs = self.expires[from * TILE..].chunks_exact_mut(TILE);
                for ((((tile, &class), best), second), expires) in
                    tiles.zip(classes).zip(&best).zip(&second).zip(outputs)
                {
                    expires.copy_from_slice(&self.centres.gaps(tile, best, second, class));
                }
            }
        }
        (self.best, self.second) = (best, second);
    }

    /// Looks at `rows`, whose scores are `best` and `second`, one by one.
    #[inline(never)]
    fn settle(&mut self, rows: &[u32], best: &[f32; TILE], second: &[f32; TILE], class: u8, centroids: &[f64]) {
        let [l0, l1] = self.centres.labels(best).map(Four::bits);
        for (lane, &row) in rows.iter().enumerate() {
            let row = row as usize;
            if row >= self.points.len() {
                return;
            }
            let mut label = if lane < 4 { l0[lane % 4] } else { l1[lane % 4] };
            let certain = self.centres.certain(best[lane], second[lane], class, label as usize);
            if certain && label == self.labels[row] {
                continue;
            }
            self.points.copy_row(row, &mut self.point);
            if !certain {
                label = nearest(&self.point, centroids);
                #[cfg(test)]
                (self.exactly_decided += 1);
            }
            self.relabel(row, label);
        }
    }

    /// Moves the point in `self.point`.
    fn relabel(&mut self, row: usize, label: u32) {
        let old = std::mem::replace(&mut self.labels[row], label);
        if old != label {
            self.moved += 1;
            let weight = self.points.weight(row);
            if old != NONE {
                self.sums.remove(old as usize, &self.point, weight);
            }
            self.sums.add(label as usize, &self.point, weight);
        }
    }

    /// Number of labels that have expired.
    #[inline(never)]
    fn expired(&self) -> usize {
        let now = Four::all(self.now());
        let counts =
            self.expires.as_chunks::<4>().0.iter().map(|four| Four::load(four).not_above(now).count_ones() as usize);
        counts.sum()
    }

    /// A little more than has been travelled, for the rounding of single precision.
    fn now(&self) -> f32 {
        (self.travelled * (1.0 + 1e-6)) as f32
    }

    fn assign_expired(&mut self, centroids: &[f64]) {
        let dims = self.points.dims();
        let mut tiles = vec![[0.0; TILE]; self.best.len() * dims];
        let mut classes = vec![0; self.best.len()];
        let mut rows = Vec::with_capacity(self.best.len() * TILE);
        let now = Four::all(self.now());
        for four in 0..self.expires.len() / 4 {
            let mut bits = match self.expires.as_chunks::<4>().0.get(four) {
                Some(expires) => Four::load(expires).not_above(now),
                None => 0,
            };
            while bits != 0 {
                rows.push((four * 4) as u32 + bits.trailing_zeros());
                bits &= bits - 1;
            }
            if rows.len() + 4 > rows.capacity() {
                self.assign_rows(&rows, &mut tiles, &mut classes, centroids);
                rows.clear();
            }
        }
        self.assign_rows(&rows, &mut tiles, &mut classes, centroids);
    }

    /// Gives `rows`, at most as many as a batch has, their labels and a new time.
    fn assign_rows(&mut self, rows: &[u32], tiles: &mut [[f32; TILE]], classes: &mut [u8], centroids: &[f64]) {
        let (mut best, mut second) = (std::mem::take(&mut self.best), std::mem::take(&mut self.second));
        let (dims, filled) = (self.points.dims(), rows.len().div_ceil(TILE));
        self.tiles.gather(rows, tiles, classes);
        #[cfg(test)]
        (self.looked_at += rows.len());
        self.centres.best_two(&tiles[..filled * dims], &classes[..filled], &mut best, &mut second);
        let travelled = (self.travelled * (1.0 - 1e-6)) as f32;
        for (t, rows) in rows.chunks(TILE).enumerate() {
            let labels = self.centres.labels(&best[t]);
            let old: [u32; TILE] =
                std::array::from_fn(|lane| rows.get(lane).map_or(NONE, |&row| self.labels[row as usize]));
            if differ(labels, &old) || !self.centres.all_certain(&best[t], &second[t], classes[t]) {
                self.settle(rows, &best[t], &second[t], classes[t], centroids);
            }
            let gaps = self.centres.gaps(&tiles[t * dims..(t + 1) * dims], &best[t], &second[t], classes[t]);
            for (&row, gap) in rows.iter().zip(gaps) {
                self.expires[row as usize] = (travelled + gap) * (1.0 - 1e-6);
            }
        }
        (self.best, self.second) = (best, second);
    }

    /// Moves the centres to the means of their points. The sum of the squared distances they moved.
    pub(super) fn move_centres(&mut self, centroids: &mut [f64]) -> f64 {
        let dims = self.points.dims();
        let (mut fastest, mut second, mut total) = (0.0f64, 0.0f64, 0.0);
        for (cluster, centre) in centroids.chunks_exact_mut(dims).enumerate() {
            self.point.copy_from_slice(centre);
            self.sums.mean(cluster, centre);
            let square = squared_distance(&self.point, centre);
            total += square;
            let moved = square.sqrt();
            (fastest, second) = (fastest.max(moved), second.max(fastest.min(moved)));
        }
        self.travelled += (fastest + second) * (1.0 + 1e-9);
        total
    }

    /// Gives each cluster without weight the point farthest from its own centre, the first of equal ones. Whether there was any.
    pub(super) fn relocate(&mut self, centroids: &[f64]) -> bool {
        let k = centroids.len() / self.points.dims();
        if (0..k).all(|cluster| !self.sums.is_empty(cluster)) {
            return false;
        }
        let mut distances = own_distances(self.points, centroids, &self.labels[..self.points.len()]);
        let mut any = false;
        for cluster in (0..k).filter(|&cluster| self.sums.is_empty(cluster)).collect::<Vec<_>>() {
            let mut farthest: Option<usize> = None;
            for (row, &distance) in distances.iter().enumerate() {
                let shared = self.sums.count(self.labels[row] as usize) > 1;
                if self.points.weight(row) > 0.0 && shared && distance > farthest.map_or(0.0, |far| distances[far]) {
                    farthest = Some(row);
                }
            }
            let Some(row) = farthest else { return any };
            self.points.copy_row(row, &mut self.point);
            self.relabel(row, cluster as u32);
            distances[row] = 0.0;
            if let Some(expires) = self.expires.get_mut(row) {
                *expires = f32::NEG_INFINITY;
            }
            any = true;
        }
        any
    }

    /// Labels of the first `n` points and weights of the clusters.
    pub(super) fn finish(mut self, n: usize) -> (Vec<u32>, Vec<f64>) {
        self.labels.truncate(n);
        (self.labels, self.sums.sizes())
    }
}

/// The share of the points below which it pays to look at them alone. Per point, a full pass takes about 0.22 cycles per dimension and
/// centre and 8 for the rest; a point alone has its coordinates collected and its label timed anew.
fn share_worth_looking_at(dims: usize, k: usize) -> f64 {
    let full = 0.22 * (dims * k.next_multiple_of(4)) as f64 + 8.0;
    full / (full + 1.2 * dims as f64 + 45.0)
}

/// About as many labels expire as move, times this, wherever labels were timed; below that timing them does not pay.
const EXPIRE_PER_MOVE: f64 = 20.0;

#[inline(always)]
fn differ(labels: [Four; 2], old: &[u32]) -> bool {
    match old {
        [a, b, c, d, e, f, g, h] => labels[0].differs(&[*a, *b, *c, *d]) || labels[1].differs(&[*e, *f, *g, *h]),
        _ => true,
    }
}

/// The number of the centre nearest to `point`, the lowest of equally near ones.
fn nearest(point: &[f64], centroids: &[f64]) -> u32 {
    let mut best = (f64::INFINITY, 0);
    for (number, centre) in centroids.chunks_exact(point.len()).enumerate() {
        let distance = squared_distance(point, centre);
        if distance < best.0 {
            best = (distance, number as u32);
        }
    }
    best.1
}
