//! Points and centres in single precision, with a bound on what that can have changed.
//!
//! The nearest centre of x is the one of the smallest score s(c) = ½‖c‖² − x·c, half of ‖x − c‖² − ‖x‖². The kernel computes
//! p(c) = s(c) − e(c) + error in single precision, with e(c) a bound on |error|, so that s(c) − 2e(c) ≤ p(c) ≤ s(c). If the lowest
//! p(w) and the second lowest lie more than 2e(w) apart, every other s(c) ≥ p(c) > p(w) + 2e(w) ≥ s(w): w is nearest, for certain.
//! All other points are decided in double precision.
//!
//! With u = 2⁻²⁴, d dimensions and ‖x‖ ≤ R, Cauchy and Schwarz bound the error of the sum of d products of rounded factors, that of
//! its first term and that of the label in the last `digits` binary digits by (d + 6 + 2^(digits + 1)) u (½‖c‖² + R‖c‖), 1 % more
//! for terms in u². To that comes what the double precision of the plain algorithm may confuse, (d + 4) 2⁻⁵² (R + ‖c‖)², and what
//! is lost to underflow.

use super::lanes::{Four, LANES};
use crate::segments::points::{GROUP, Points};

/// Points of a tile.
pub(super) const TILE: usize = 2 * LANES;
/// Tiles whose centres are looked for in one call of the kernel.
pub(super) const BATCH: usize = 64;
/// Tiles are classed by the binary exponent of their largest norm, so that one far point loosens the bound of its tile only.
const CLASSES: usize = 48;
/// The class of tiles too far away for single precision.
const FAR: u8 = CLASSES as u8;
/// Exponent from which on points are far; their squares must not overflow.
const FAR_EXPONENT: i32 = 58;
/// The score of centres that only fill up a group of four.
const NO_CENTRE: f32 = 1e37;
/// More centres than this leave too few digits for the score.
const MOST_CENTRES: usize = 1 << 10;

/// Points in single precision: tiles of eight, dimension by dimension; the last tile is filled up with zeros.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::segments) struct Tiles {
    dims: usize,
    values: Vec<[f32; TILE]>,
    classes: Vec<u8>,
    /// The classes that occur, but for [`FAR`].
    used: Vec<u8>,
    /// Exponent of the last class.
    top: i32,
}

/// e such that 2^e ≤ `value` < 2^(e + 1), for 0 one below all others.
fn exponent(value: f64) -> i32 {
    ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

impl Tiles {
    pub(in crate::segments) fn new(points: &Points) -> Tiles {
        let (dims, tiles) = (points.dims(), points.len().div_ceil(TILE));
        let mut values = Vec::with_capacity(tiles * dims);
        let mut exponents = Vec::with_capacity(tiles);
        let nothing = vec![[0.0; GROUP]; dims];
        for t in 0..tiles {
            let first = points.group(2 * t);
            let second = if (2 * t + 1) * GROUP < points.len() { points.group(2 * t + 1) } else { &nothing };
            let mut squares = [0.0f64; TILE];
            values.extend(first.iter().zip(second).map(|([a, b, c, d], [e, f, g, h])| {
                let terms = [a * a, b * b, c * c, d * d, e * e, f * f, g * g, h * h];
                (0..TILE).for_each(|lane| squares[lane] += terms[lane]);
                [*a as f32, *b as f32, *c as f32, *d as f32, *e as f32, *f as f32, *g as f32, *h as f32]
            }));
            // Half the exponent of the square, rounded up, is at least that of the norm.
            exponents.push(
                (squares.iter().fold(exponent(0.0), |most, square| most.max(exponent(*square))) + 1).div_euclid(2),
            );
        }
        let top = exponents.iter().copied().filter(|&e| e < FAR_EXPONENT).max().unwrap_or(0);
        let class = |e: i32| if e < FAR_EXPONENT { (e - top + CLASSES as i32 - 1).max(0) as u8 } else { FAR };
        let classes: Vec<u8> = exponents.into_iter().map(class).collect();
        let used = (0..FAR).filter(|class| classes.contains(class)).collect();
        Tiles { dims, values, classes, used, top }
    }

    /// Number of tiles.
    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }

    /// No point of a tile of this class has a larger norm.
    fn radius(&self, class: usize) -> f64 {
        libm::ldexp(1.0, self.top + class as i32 - CLASSES as i32 + 2)
    }

    /// The tiles from number `from` on, at most `size`, and their classes.
    pub(super) fn batch(&self, from: usize, size: usize) -> (&[[f32; TILE]], &[u8]) {
        let to = (from + size).min(self.len());
        (&self.values[from * self.dims..to * self.dims], &self.classes[from..to])
    }

    /// Collects the points `rows` into `tiles` and `classes`.
    pub(super) fn gather(&self, rows: &[u32], tiles: &mut [[f32; TILE]], classes: &mut [u8]) {
        for ((rows, tile), class) in rows.chunks(TILE).zip(tiles.chunks_exact_mut(self.dims)).zip(classes) {
            *class = 0;
            for (lane, &row) in rows.iter().enumerate() {
                let (from, at) = (row as usize / TILE, row as usize % TILE);
                *class = self.classes[from].max(*class);
                for (to, values) in tile.iter_mut().zip(&self.values[from * self.dims..]) {
                    to[lane] = values[at];
                }
            }
        }
    }
}

/// Centres in single precision, and by class of tiles what their scores may be wrong by.
pub(super) struct Centres {
    dims: usize,
    groups: usize,
    /// Negated: `[group of four][dimension][4]`.
    values: Vec<[f32; LANES]>,
    /// ½‖c‖² − e(c): `[class][group]`.
    starts: Vec<[f32; LANES]>,
    /// 2e(c): `[class][group]`.
    tolerances: Vec<[f32; LANES]>,
    /// The largest of them by class.
    widest: Vec<f32>,
    /// What the squared distance of a point may be too small by, by class.
    slack: Vec<f32>,
    /// The digits that belong to the score.
    kept: u32,
}

impl Centres {
    /// Room for `k` centres, at least one.
    pub(super) fn new(tiles: &Tiles, k: usize) -> Centres {
        let groups = k.div_ceil(LANES);
        let digits = (groups * LANES).next_power_of_two().trailing_zeros();
        Centres {
            dims: tiles.dims,
            groups,
            values: vec![[0.0; LANES]; groups * tiles.dims],
            starts: vec![[NO_CENTRE; LANES]; (CLASSES + 1) * groups],
            tolerances: vec![[f32::INFINITY; LANES]; (CLASSES + 1) * groups],
            widest: vec![f32::INFINITY; CLASSES + 1],
            slack: vec![f32::INFINITY; CLASSES + 1],
            kept: if k <= MOST_CENTRES { u32::MAX << digits } else { u32::MAX },
        }
    }

    /// Takes over `centroids`, row-major.
    pub(super) fn set(&mut self, centroids: &[f64], tiles: &Tiles) {
        let (dims, groups) = (self.dims, self.groups);
        const UNIT: f64 = 1.0 / (1 << 24) as f64;
        let share = (dims as f64 + 6.0 + 2.0 * f64::from(!self.kept + u32::from(self.kept != u32::MAX))) * UNIT * 1.01;
        // A centre that is no number of single precision, or too many of them: nothing is certain.
        let usable = self.kept != u32::MAX
            && centroids.chunks_exact(dims).all(|centre| exponent(square(centre)) < 2 * FAR_EXPONENT);
        for class in tiles.used.iter().map(|&class| usize::from(class)) {
            let radius = tiles.radius(class);
            let mut widest = 0.0f32;
            for (c, centre) in centroids.chunks_exact(dims).enumerate() {
                let square = square(centre);
                let norm = square.sqrt();
                let single = share * (0.5 * square + radius * norm);
                let double = (dims as f64 + 4.0) * f64::EPSILON * (radius + norm) * (radius + norm);
                let error = single + double + 1e-37 + 1e-44 * dims as f64 * (radius + norm);
                let tolerance = if usable { (2.0001 * error) as f32 } else { f32::INFINITY };
                self.starts[class * groups + c / LANES][c % LANES] = (0.5 * square - error) as f32;
                self.tolerances[class * groups + c / LANES][c % LANES] = tolerance;
                widest = widest.max(tolerance);
            }
            self.widest[class] = widest;
            self.slack[class] = (share * radius * radius) as f32 + 4.0 * widest;
        }
        for (c, centre) in centroids.chunks_exact(dims).enumerate() {
            for (to, value) in self.values[c / LANES * dims..].iter_mut().zip(centre) {
                to[c % LANES] = -*value as f32;
            }
        }
    }

    /// The lowest p of each point of `tiles`, with the number of its centre in the last digits, and the second lowest.
    #[inline(never)]
    pub(super) fn best_two(
        &self,
        tiles: &[[f32; TILE]],
        classes: &[u8],
        best: &mut [[f32; TILE]],
        second: &mut [[f32; TILE]],
    ) {
        for (((tile, &class), best), second) in tiles.chunks_exact(self.dims).zip(classes).zip(best).zip(second) {
            let starts = &self.starts[usize::from(class) * self.groups..];
            let (mut b0, mut b1) = (Four::all(f32::INFINITY), Four::all(f32::INFINITY));
            let (mut s0, mut s1) = (b0, b1);
            let mut number = 0;
            for (centres, start) in self.values.chunks_exact(self.dims).zip(starts) {
                let (mut p0, mut p1, mut p2, mut p3) =
                    (Four::all(start[0]), Four::all(start[1]), Four::all(start[2]), Four::all(start[3]));
                let (mut q0, mut q1, mut q2, mut q3) = (p0, p1, p2, p3);
                for (x, c) in tile.iter().zip(centres) {
                    let (x0, x1) = halves(x);
                    let c0 = Four::all(c[0]);
                    p0 = p0.plus(x0.times(c0));
                    q0 = q0.plus(x1.times(c0));
                    let c1 = Four::all(c[1]);
                    p1 = p1.plus(x0.times(c1));
                    q1 = q1.plus(x1.times(c1));
                    let c2 = Four::all(c[2]);
                    p2 = p2.plus(x0.times(c2));
                    q2 = q2.plus(x1.times(c2));
                    let c3 = Four::all(c[3]);
                    p3 = p3.plus(x0.times(c3));
                    q3 = q3.plus(x1.times(c3));
                }
                (b0, s0) = two_lowest(b0, s0, p0.labelled(self.kept, number));
                (b1, s1) = two_lowest(b1, s1, q0.labelled(self.kept, number));
                (b0, s0) = two_lowest(b0, s0, p1.labelled(self.kept, number + 1));
                (b1, s1) = two_lowest(b1, s1, q1.labelled(self.kept, number + 1));
                (b0, s0) = two_lowest(b0, s0, p2.labelled(self.kept, number + 2));
                (b1, s1) = two_lowest(b1, s1, q2.labelled(self.kept, number + 2));
                (b0, s0) = two_lowest(b0, s0, p3.labelled(self.kept, number + 3));
                (b1, s1) = two_lowest(b1, s1, q3.labelled(self.kept, number + 3));
                number += LANES as u32;
            }
            store(best, b0, b1);
            store(second, s0, s1);
        }
    }

    /// The numbers of the centres in `best`.
    #[inline(always)]
    pub(super) fn labels(&self, best: &[f32; TILE]) -> [Four; 2] {
        let (b0, b1) = halves(best);
        [b0.label(self.kept), b1.label(self.kept)]
    }

    /// Whether all nearest centres of a tile are certain without a look at each.
    #[inline(always)]
    pub(super) fn all_certain(&self, best: &[f32; TILE], second: &[f32; TILE], class: u8) -> bool {
        let widest = Four::all(self.widest[usize::from(class)]);
        let ((b0, b1), (s0, s1)) = (halves(best), halves(second));
        s0.minus(b0).all_above(widest) && s1.minus(b1).all_above(widest)
    }

    /// Whether centre `label` is nearest for certain.
    pub(super) fn certain(&self, best: f32, second: f32, class: u8, label: usize) -> bool {
        let tolerance = self.tolerances.get(usize::from(class) * self.groups + label / LANES);
        second - best > tolerance.map_or(f32::INFINITY, |four| four[label % LANES])
    }

    /// By how much the nearest centre is nearer than any other, at least; NaN or negative where that is not known.
    #[inline(always)]
    pub(super) fn gaps(
        &self,
        tile: &[[f32; TILE]],
        best: &[f32; TILE],
        second: &[f32; TILE],
        class: u8,
    ) -> [f32; TILE] {
        let (mut n0, mut n1) = (Four::all(0.0), Four::all(0.0));
        for x in tile {
            let (x0, x1) = halves(x);
            n0 = n0.plus(x0.times(x0));
            n1 = n1.plus(x1.times(x1));
        }
        let (widest, slack) = (Four::all(self.widest[usize::from(class)]), Four::all(self.slack[usize::from(class)]));
        // d₂ − d₁ = (d₂² − d₁²) / (d₂ + d₁), from below: the distances from above, then a share for the rounding of these few
        // steps, and of the distances the plain algorithm compares.
        let gap = |norm: Four, best: Four, second: Four| {
            let distance = |score: Four| norm.plus(score.plus(score)).plus(slack).higher(Four::all(0.0)).root();
            let sum = distance(best).plus(distance(second));
            let difference = second.minus(best).minus(widest);
            difference.plus(difference).over(sum).times(Four::all(0.99999)).minus(sum.times(Four::all(1e-6)))
        };
        let ((b0, b1), (s0, s1)) = (halves(best), halves(second));
        let mut gaps = [0.0; TILE];
        store(&mut gaps, gap(n0, b0, s0), gap(n1, b1, s1));
        gaps
    }
}

#[inline(always)]
fn two_lowest(best: Four, second: Four, next: Four) -> (Four, Four) {
    (best.lower(next), second.lower(best.higher(next)))
}

fn square(centre: &[f64]) -> f64 {
    centre.iter().map(|value| value * value).sum()
}

/// A tile's row as two vectors.
#[inline(always)]
pub(super) fn halves(eight: &[f32; TILE]) -> (Four, Four) {
    let [a, b, c, d, e, f, g, h] = *eight;
    (Four::load(&[a, b, c, d]), Four::load(&[e, f, g, h]))
}

#[inline(always)]
fn store(to: &mut [f32; TILE], first: Four, last: Four) {
    let ([a, b, c, d], [e, f, g, h]) = (first.values(), last.values());
    *to = [a, b, c, d, e, f, g, h];
}
