//! Neighbours by a k-d tree (Bentley 1975) whose nodes know the box around their points.

use crate::segments::points::Points;
use crate::stats::order::sort_rows;

/// Points of a leaf.
const LEAF: usize = 16;

/// An index of points by place.
pub(super) struct Tree {
    dims: usize,
    /// Rows in the order of the leaves, and their coordinates, row-major.
    rows: Vec<usize>,
    values: Vec<f64>,
    nodes: Vec<Node>,
    /// Lower, then upper corner of the box of each node.
    boxes: Vec<f64>,
    /// Place of each row in `rows`.
    places: Vec<usize>,
    removed: Vec<bool>,
}

struct Node {
    from: usize,
    to: usize,
    /// Number of the second child; the first one follows its parent. `None` for a leaf.
    second: Option<usize>,
    /// Points that have not been removed.
    left: usize,
}

impl Tree {
    pub(super) fn new(points: &Points) -> Tree {
        let (n, dims) = (points.len(), points.dims());
        let mut rows: Vec<usize> = (0..n).collect();
        let mut tree = Tree {
            dims,
            rows: Vec::new(),
            values: Vec::new(),
            nodes: Vec::new(),
            boxes: Vec::new(),
            places: vec![0; n],
            removed: vec![false; n],
        };
        tree.split(&mut rows, 0, points.values());
        tree.values = rows.iter().flat_map(|&row| points.row(row)).copied().collect();
        rows.iter().enumerate().for_each(|(place, &row)| tree.places[row] = place);
        tree.rows = rows;
        tree
    }

    /// Adds the node of `rows`, which stand from `from` on, and its children.
    fn split(&mut self, rows: &mut [usize], from: usize, by_row: &[f64]) {
        let (dims, own) = (self.dims, self.nodes.len());
        let mut corners = vec![f64::INFINITY; dims];
        corners.resize(2 * dims, f64::NEG_INFINITY);
        for row in rows.iter() {
            for (j, &value) in by_row[row * dims..(row + 1) * dims].iter().enumerate() {
                corners[j] = corners[j].min(value);
                corners[dims + j] = corners[dims + j].max(value);
            }
        }
        let extent = |j: usize| corners[dims + j] - corners[j];
        let widest = (1..dims).fold(0, |widest, j| if extent(j) > extent(widest) { j } else { widest });
        let divisible = rows.len() > LEAF && extent(widest) > 0.0;
        self.boxes.extend(corners);
        self.nodes.push(Node { from, to: from + rows.len(), second: None, left: rows.len() });
        if divisible {
            let value = |row: usize| by_row[row * dims + widest];
            sort_rows(rows, &mut |a, b| value(a).total_cmp(&value(b)));
            let middle = rows.len() / 2;
            let (first, second) = rows.split_at_mut(middle);
            self.split(first, from, by_row);
            self.nodes[own].second = Some(self.nodes.len());
            self.split(second, from + middle, by_row);
        }
    }

    /// Squared distance from `point` to the box of `node`, from below.
    fn to_box(&self, node: usize, point: &[f64]) -> f64 {
        let (low, high) = self.boxes[node * 2 * self.dims..(node + 1) * 2 * self.dims].split_at(self.dims);
        let beside = point.iter().zip(low).zip(high).map(|((x, low), high)| (low - x).max(x - high).max(0.0));
        beside.map(|distance| distance * distance).sum()
    }

    fn to_place(&self, place: usize, point: &[f64]) -> f64 {
        let values = &self.values[place * self.dims..(place + 1) * self.dims];
        values.iter().zip(point).fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y))
    }

    /// Tells `found` the rows within `radius` of `point` until it says no.
    pub(super) fn within(&self, point: &[f64], radius: f64, found: &mut dyn FnMut(usize) -> bool) {
        self.search(0, point, radius * radius, found);
    }

    fn search(&self, node: usize, point: &[f64], square: f64, found: &mut dyn FnMut(usize) -> bool) -> bool {
        let Some(Node { from, to, second, .. }) = self.nodes.get(node) else { return true };
        if self.to_box(node, point) > square {
            return true;
        }
        match second {
            Some(second) => self.search(node + 1, point, square, found) && self.search(*second, point, square, found),
            None => (*from..*to).all(|place| self.to_place(place, point) > square || found(self.rows[place])),
        }
    }

    /// Takes `row` out of what [`Tree::take_within`] finds.
    pub(super) fn remove(&mut self, row: usize) {
        let place = self.places[row];
        if !std::mem::replace(&mut self.removed[place], true) {
            let mut node = 0;
            loop {
                self.nodes[node].left -= 1;
                let Some(second) = self.nodes[node].second else { return };
                node = if place < self.nodes[second].from { node + 1 } else { second };
            }
        }
    }

    /// Moves the rows within `radius` of `point` that are left from the tree to `rows`.
    pub(super) fn take_within(&mut self, point: &[f64], radius: f64, rows: &mut Vec<usize>) {
        self.take(0, point, radius * radius, rows);
    }

    fn take(&mut self, node: usize, point: &[f64], square: f64, rows: &mut Vec<usize>) {
        if self.nodes.get(node).is_none_or(|node| node.left == 0) || self.to_box(node, point) > square {
            return;
        }
        let before = rows.len();
        match self.nodes[node].second {
            Some(second) => {
                self.take(node + 1, point, square, rows);
                self.take(second, point, square, rows);
            }
            None => {
                for place in self.nodes[node].from..self.nodes[node].to {
                    if !self.removed[place] && self.to_place(place, point) <= square {
                        self.removed[place] = true;
                        rows.push(self.rows[place]);
                    }
                }
            }
        }
        self.nodes[node].left -= rows.len() - before;
    }

    /// The smallest radius at which the rows around `point` weigh `weight`; infinite where all of them weigh less.
    pub(super) fn distance_to_weight(&self, points: &Points, point: &[f64], weight: f64) -> f64 {
        let mut nearest = Nearest { needed: weight, sum: 0.0, found: Vec::new() };
        self.nearest(0, points, point, &mut nearest);
        nearest.square().sqrt()
    }

    fn nearest(&self, node: usize, points: &Points, point: &[f64], nearest: &mut Nearest) {
        let Some(Node { from, to, second, .. }) = self.nodes.get(node) else { return };
        match *second {
            Some(second) => {
                let (mut near, mut far) =
                    ((self.to_box(node + 1, point), node + 1), (self.to_box(second, point), second));
                if far.0 < near.0 {
                    std::mem::swap(&mut near, &mut far);
                }
                for (square, child) in [near, far] {
                    if square < nearest.square() {
                        self.nearest(child, points, point, nearest);
                    }
                }
            }
            None => (*from..*to)
                .for_each(|place| nearest.offer(self.to_place(place, point), points.weight(self.rows[place]))),
        }
    }
}

/// The nearest rows that together weigh enough.
struct Nearest {
    needed: f64,
    sum: f64,
    /// Squared distance and weight, nearest first.
    found: Vec<(f64, f64)>,
}

impl Nearest {
    /// Squared distance of the farthest that is needed.
    fn square(&self) -> f64 {
        if self.sum >= self.needed { self.found.last().map_or(f64::INFINITY, |last| last.0) } else { f64::INFINITY }
    }

    fn offer(&mut self, square: f64, weight: f64) {
        if weight > 0.0 && square < self.square() {
            let at = self.found.partition_point(|other| other.0 <= square);
            self.found.insert(at, (square, weight));
            self.sum += weight;
            while let Some(&(_, last)) = self.found.last().filter(|last| self.sum - last.1 >= self.needed) {
                self.sum -= last;
                self.found.pop();
            }
        }
    }
}
