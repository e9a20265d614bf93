//! One pass over the points: all of them, or those whose nearest centre may be another by now.

use super::lanes::{Four, LANES};
use super::sums::ClusterSums;
use super::tiles::{BATCH, Centres, TILE, Tiles};
use super::{own_distances, squared_distance};
use crate::segments::points::Points;

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
            travelled: vec![0.0; k],
            rows: Vec::new(),
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
        if timed && self.find_expired() {
            return self.assign_expired(centroids);
        }
        self.expires.resize(if few { self.labels.len() } else { 0 }, 0.0);
        self.travelled.fill(0.0);
        self.assign_all(centroids);
    }

    fn assign_all(&mut self, centroids: &[f64]) {
        let (mut best, mut second) = (std::mem::take(&mut self.best), std::mem::take(&mut self.second));
        let timed = !self.expires.is_empty();
        let mut to_settle: Vec<(usize, u8)> = Vec::with_capacity(best.len());
        // Nothing to take away, and no weights: four points at a time.
        let fresh = self.labels.first() == Some(&NONE) && self.points.weights().is_none();
        #[cfg(test)]
        (self.looked_at += self.points.len());
        for from in (0..self.tiles.len()).step_by(best.len().max(1)) {
            let (tiles, classes) = self.tiles.batch(from, best.len());
            to_settle.clear();
            self.centres.best_two(tiles, classes, &mut best, &mut second);
            for (t, ((&class, best), second)) in classes.iter().zip(&best).zip(&second).enumerate() {
                let first = (from + t) * TILE;
                let labels = self.centres.labels(best);
                let doubtful = self.centres.doubtful(best, second, class);
                if fresh && doubtful == 0 && first + TILE <= self.points.len() {
                    for (row, &label) in (first..).zip(labels.map(Four::bits).as_flattened()) {
                        self.labels[row] = label;
                        self.sums.add(label as usize, self.points.row(row), 1.0);
                    }
                    self.moved += TILE;
                    continue;
                }
                let look = doubtful | differ(labels, &self.labels[first..first + TILE]);
                if look != 0 {
                    self.fetch(first, look);
                    to_settle.push((t, look));
                }
            }
            for &(t, look) in &to_settle {
                let rows: [u32; TILE] = std::array::from_fn(|lane| ((from + t) * TILE + lane) as u32);
                self.settle(&rows, look, &best[t], &second[t], classes[t], centroids);
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

    /// Reads the points from row `first` on that have a bit in `look`. They stand far apart in memory: asked for many at a time they are waited for
    /// together, where [`Pass::settle`] would wait for each.
    #[inline(always)]
    fn fetch(&self, first: usize, look: u8) {
        let mut bits = 0;
        for lane in (0..TILE).filter(|lane| look >> lane & 1 == 1 && first + lane < self.points.len()) {
            bits |= self.points.row(first + lane).iter().step_by(LINE).fold(0, |bits, x| bits | x.to_bits());
        }
        std::hint::black_box(bits);
    }

    /// Looks at those of `rows` that have a bit in `look`, one by one; their scores are `best` and `second`.
    #[inline(never)]
    fn settle(
        &mut self,
        rows: &[u32],
        look: u8,
        best: &[f32; TILE],
        second: &[f32; TILE],
        class: u8,
        centroids: &[f64],
    ) {
        let labels = self.centres.labels(best).map(Four::bits);
        for (lane, &row) in rows.iter().enumerate().filter(|(lane, _)| look >> lane & 1 == 1) {
            let row = row as usize;
            if row >= self.points.len() {
                return;
            }
            let mut label = labels[lane / LANES][lane % LANES];
            if !self.centres.certain(best[lane], second[lane], class, label as usize) {
                label = nearest(self.points.row(row), centroids);
                #[cfg(test)]
                (self.exactly_decided += 1);
            }
            self.relabel(row, label);
        }
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
        let mut tiles = vec![[0.0; TILE]; self.best.len() * self.points.dims()];
        let mut classes = vec![0; self.best.len()];
        let all = std::mem::take(&mut self.rows);
        for rows in all.chunks(self.best.len().max(1) * TILE) {
            self.assign_rows(rows, &mut tiles, &mut classes, centroids);
        }
        self.rows = all;
    }

    /// Gives `rows`, at most as many as a batch has, their labels and a new time.
    fn assign_rows(&mut self, rows: &[u32], tiles: &mut [[f32; TILE]], classes: &mut [u8], centroids: &[f64]) {
        let (mut best, mut second) = (std::mem::take(&mut self.best), std::mem::take(&mut self.second));
        let (dims, filled) = (self.points.dims(), rows.len().div_ceil(TILE));
        self.tiles.gather(rows, tiles, classes);
        #[cfg(test)]
        (self.looked_at += rows.len());
        self.centres.best_two(&tiles[..filled * dims], &classes[..filled], &mut best, &mut second);
        for (t, rows) in rows.chunks(TILE).enumerate() {
            let labels = self.centres.labels(&best[t]);
            let old: [u32; TILE] =
                std::array::from_fn(|lane| rows.get(lane).map_or(NONE, |&row| self.labels[row as usize]));
            let look = differ(labels, &old) | self.centres.doubtful(&best[t], &second[t], classes[t]);
            if look != 0 {
                self.settle(rows, look, &best[t], &second[t], classes[t], centroids);
            }
            let gaps = self.centres.gaps(&tiles[t * dims..(t + 1) * dims], &best[t], &second[t], classes[t]);
            for (&row, gap) in rows.iter().zip(gaps) {
                let row = row as usize;
                let travelled = (self.travelled[self.labels[row] as usize] * (1.0 - 1e-6)) as f32;
                self.expires[row] = (travelled + gap) * (1.0 - 1e-6);
            }
        }
        (self.best, self.second) = (best, second);
    }

    /// Moves the centres to the means of their points. The sum of the squared distances they moved.
    pub(super) fn move_centres(&mut self, centroids: &mut [f64]) -> f64 {
        let dims = self.points.dims();
        let mut squares = Vec::with_capacity(self.travelled.len());
        for (cluster, centre) in centroids.chunks_exact_mut(dims).enumerate() {
            self.point.copy_from_slice(centre);
            self.sums.mean(cluster, centre);
            squares.push(squared_distance(&self.point, centre));
        }
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

/// The share of the points below which it pays to look at them alone. Per point, a full pass takes about 0.22 cycles per dimension and
/// centre and 8 for the rest; a point alone has its coordinates collected and its label timed anew.
fn share_worth_looking_at(dims: usize, k: usize) -> f64 {
    let full = 0.22 * (dims * (k - 1)) as f64 + 8.0;
    full / (full + 1.2 * dims as f64 + 45.0)
}

/// About as many labels expire as move, times this, wherever labels were timed; below that timing them does not pay.
const EXPIRE_PER_MOVE: f64 = 20.0;

/// One bit per label that is not the old one.
#[inline(always)]
fn differ(labels: [Four; 2], old: &[u32]) -> u8 {
    match old {
        [a, b, c, d, e, f, g, h] => {
            labels[0].differs(&[*a, *b, *c, *d]) | labels[1].differs(&[*e, *f, *g, *h]) << LANES
        }
        _ => u8::MAX,
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
