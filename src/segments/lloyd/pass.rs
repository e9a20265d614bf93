//! One pass over the points: all of them, or those whose nearest centre may be another by now.

use super::sums::ClusterSums;
use super::tiles::{BATCH, Centres, Found, TILE, Tiles};
use super::{own_distances, squared_distance};
use crate::segments::points::Points;
use crate::stats::lanes::Four;

/// `f64` in a line of the cache.
const LINE: usize = 8;
/// No label yet.
const NONE: u32 = u32::MAX;

/// Labels, the sums that follow them, and how long each label is certain to stay.
///
/// The gap between a point's nearest and second nearest centre shrinks by no more than its own centre and the fastest other one have moved
/// (Hamerly 2010, “Making k-means even faster”). Once few points change, a label `expires` when these have moved that far in all: a
/// pass then looks only at points whose label has expired.
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
    /// How far each centre and the fastest other one have moved in all since labels last got their time.
    travelled: Vec<f64>,
    /// Points whose label has expired.
    rows: Vec<u32>,
    /// [`share_worth_looking_at`].
    worth: f64,
    found: Vec<Found>,
    /// Places in the batch and rows of the points to look at one by one.
    places: Vec<(u32, u32)>,
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
            travelled: vec![0.0; k],
            rows: Vec::new(),
            worth: share_worth_looking_at(points.dims(), k),
            found: vec![Found::NOTHING; batch],
            places: Vec::new(),
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
        if timed && self.find_expired() {
            return self.assign_expired(centroids);
        }
        self.expires.resize(if few { self.labels.len() } else { 0 }, 0.0);
        self.travelled.fill(0.0);
        self.assign_all(centroids);
    }

    fn assign_all(&mut self, centroids: &[f64]) {
        let mut all = std::mem::take(&mut self.found);
        #[cfg(test)]
        (self.looked_at += self.points.len());
        for from in (0..self.tiles.len()).step_by(all.len().max(1)) {
            let (tiles, classes) = self.tiles.batch(from, all.len());
            let labels = &self.labels.as_chunks().0[from..from + classes.len()];
            let found = &mut all[..classes.len()];
            self.centres.look(tiles, classes, labels, found);
            self.settle(&|at| from * TILE + at, found, classes, centroids);
            if !self.expires.is_empty() {
                self.time(from * TILE, tiles, classes, found);
            }
        }
        self.found = all;
    }

    /// Gives the labels of the points from row `first` on their time.
    #[inline(never)]
    fn time(&mut self, first: usize, tiles: &[[f32; TILE]], classes: &[u8], found: &[Found]) {
        let tiles = tiles.chunks_exact(self.points.dims()).zip(classes).zip(found);
        for (((tile, &class), found), expires) in tiles.zip(self.expires[first..].as_chunks_mut().0) {
            *expires = self.centres.gaps(tile, found, class);
        }
    }

    /// Looks one by one at those points of a batch that have a bit in `look`; the one in place i is `row(i)`.
    #[inline(never)]
    fn settle(&mut self, row: &dyn Fn(usize) -> usize, found: &[Found], classes: &[u8], centroids: &[f64]) {
        let (mut places, n) = (std::mem::take(&mut self.places), self.points.len());
        places.clear();
        for (first, found) in (0..).step_by(TILE).zip(found) {
            let mut bits = found.look;
            while bits != 0 {
                let place = first + bits.trailing_zeros() as usize;
                let row = row(place);
                // Other than what fills up the last tile.
                if row < n {
                    places.push((place as u32, row as u32));
                }
                bits &= bits - 1;
            }
        }
        self.fetch(&places);
        for &(place, row) in &places {
            let (tile, lane, row) = (place as usize / TILE, place as usize % TILE, row as usize);
            let (best, second) = (found[tile].best[lane], found[tile].second[lane]);
            let mut label = self.centres.label(best);
            if !self.centres.certain(best, second, classes[tile], label as usize) {
                label = nearest(self.points.row(row), centroids);
                #[cfg(test)]
                (self.exactly_decided += 1);
            }
            self.relabel(row, label);
        }
        self.places = places;
    }

    /// Reads points that stand far apart in memory: one after another, and nothing else between, they are waited for together.
    #[inline(never)]
    fn fetch(&self, places: &[(u32, u32)]) {
        let (values, dims) = (self.points.values(), self.points.dims());
        let mut bits = 0;
        for &(_, row) in places {
            let from = row as usize * dims;
            for at in (from..from + dims).step_by(LINE) {
                bits |= values[at].to_bits();
            }
        }
        std::hint::black_box(bits);
    }

    /// Moves a point to the cluster `label`.
    fn relabel(&mut self, row: usize, label: u32) {
        let old = std::mem::replace(&mut self.labels[row], label);
        if old != label {
            self.moved += 1;
            let (point, weight) = (self.points.row(row), self.points.weight(row));
            if old != NONE {
                self.sums.remove(old as usize, point, weight);
            }
            self.sums.add(label as usize, point, weight);
        }
    }

    /// Collects the points whose label has expired. Whether they are few enough to be looked at alone.
    #[inline(never)]
    fn find_expired(&mut self) -> bool {
        // A little more than has been travelled, for the rounding of single precision.
        let now: Vec<f32> = self.travelled.iter().map(|travelled| (travelled * (1.0 + 1e-6)) as f32).collect();
        let most = (self.worth * self.points.len() as f64) as usize;
        self.rows.clear();
        let fours = self.expires.as_chunks::<4>().0.iter().zip(self.labels.as_chunks::<4>().0);
        for (number, (expires, labels)) in (0..).step_by(4).zip(fours) {
            // What fills up the last tile has no label and never expires.
            let now = labels.map(|label| now.get(label as usize).copied().unwrap_or(f32::NEG_INFINITY));
            let mut bits = Four::load(expires).not_above(Four::load(&now));
            while bits != 0 {
                self.rows.push(number + bits.trailing_zeros());
                bits &= bits - 1;
            }
            if self.rows.len() >= most {
                return false;
            }
        }
        true
    }

    fn assign_expired(&mut self, centroids: &[f64]) {
        let size = self.found.len();
        let mut tiles = vec![[0.0; TILE]; size * self.points.dims()];
        let (mut classes, mut labels) = (vec![0; size], vec![[NONE; TILE]; size]);
        let all = std::mem::take(&mut self.rows);
        for rows in all.chunks(size.max(1) * TILE) {
            labels.as_flattened_mut().iter_mut().zip(rows).for_each(|(label, &row)| *label = self.labels[row as usize]);
            self.assign_rows(rows, &mut tiles, &mut classes, &labels, centroids);
        }
        self.rows = all;
    }

    /// Gives `rows`, at most as many as a batch has, their labels and a new time.
    fn assign_rows(
        &mut self,
        rows: &[u32],
        tiles: &mut [[f32; TILE]],
        classes: &mut [u8],
        labels: &[[u32; TILE]],
        centroids: &[f64],
    ) {
        let (dims, filled) = (self.points.dims(), rows.len().div_ceil(TILE));
        self.tiles.gather(rows, tiles, classes);
        #[cfg(test)]
        (self.looked_at += rows.len());
        let mut all = std::mem::take(&mut self.found);
        self.centres.look(&tiles[..filled * dims], classes, labels, &mut all);
        let found = &all[..filled];
        self.settle(&|at| rows.get(at).map_or(usize::MAX, |&row| row as usize), found, classes, centroids);
        for (((rows, found), tile), &class) in rows.chunks(TILE).zip(found).zip(tiles.chunks_exact(dims)).zip(&*classes)
        {
            for (&row, gap) in rows.iter().zip(self.centres.gaps(tile, found, class)) {
                let row = row as usize;
                let travelled = (self.travelled[self.labels[row] as usize] * (1.0 - 1e-6)) as f32;
                self.expires[row] = (travelled + gap) * (1.0 - 1e-6);
            }
        }
        self.found = all;
    }

    /// Moves the centres to the means of their points. The sum of the squared distances they moved.
    pub(super) fn move_centres(&mut self, centroids: &mut [f64]) -> f64 {
        let squares = move_to_means(&self.sums, centroids);
        self.travel(&squares)
    }

    /// As [`Pass::move_centres`], where `others` are the sums of points that stand elsewhere.
    pub(super) fn move_centres_with(&mut self, others: &[ClusterSums], centroids: &mut [f64]) -> f64 {
        let mut all = self.sums.clone();
        others.iter().for_each(|sums| all.merge(sums));
        let squares = move_to_means(&all, centroids);
        self.travel(&squares)
    }

    pub(super) fn sums(&self) -> &ClusterSums {
        &self.sums
    }

    /// Takes note of the squared distances that the centres moved; their sum.
    fn travel(&mut self, squares: &[f64]) -> f64 {
        for (cluster, travelled) in self.travelled.iter_mut().enumerate() {
            let others = squares.iter().enumerate().filter(|(other, _)| *other != cluster);
            let fastest = others.fold(0.0f64, |most, (_, square)| most.max(*square));
            *travelled += (squares[cluster].sqrt() + fastest.sqrt()) * (1.0 + 1e-9);
        }
        squares.iter().sum()
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

/// Moves each centre that has points to their mean; the squared distances moved.
fn move_to_means(sums: &ClusterSums, centroids: &mut [f64]) -> Vec<f64> {
    let before = centroids.to_vec();
    let places = centroids.chunks_exact_mut(sums.dims()).zip(before.chunks_exact(sums.dims()));
    let moved = places.enumerate().map(|(cluster, (centre, before))| {
        sums.mean(cluster, centre);
        squared_distance(before, centre)
    });
    moved.collect()
}

/// The share of the points below which it pays to look at them alone. Per point, a full pass takes about 0.22 cycles per dimension and
/// centre and 6 for the rest; a point alone is waited for, has its coordinates collected and its label timed anew.
fn share_worth_looking_at(dims: usize, k: usize) -> f64 {
    let full = 0.22 * (dims * (k - 1)) as f64 + 6.0;
    full / (full + 1.2 * dims as f64 + 80.0)
}

/// About as many labels expire as move, times this, wherever labels were timed; below that timing them does not pay.
const EXPIRE_PER_MOVE: f64 = 20.0;

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
