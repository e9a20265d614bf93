//! Points and centres in single precision, with a bound on what that can have changed.
//!
//! The nearest centre of x is the one of the smallest score s(c) = ½(‖x − c‖² − ‖x − c₀‖²) = ½(‖c‖² − ‖c₀‖²) − x·(c − c₀), with c₀ the
//! first centre: its own score is 0, which saves one product of k. The kernel computes p(c) = s(c) − e(c) + error in single precision, with e(c) a bound
//! on |error|, so that s(c) − 2e(c) ≤ p(c) ≤ s(c). If the lowest p(w) and the second lowest lie more than 2e(w) apart, every other
//! s(c) ≥ p(c) > p(w) + 2e(w) ≥ s(w): w is nearest, for certain. All other points are decided in double precision.
//!
//! With u = 2⁻²⁴, d dimensions, ‖x‖ ≤ R and δ = c − c₀, Cauchy and Schwarz bound the error of the sum of d products of rounded factors,
//! that of its first term and that of the label in the last `digits` binary digits by
//! (d + 6 + 2^(digits + 1)) u (½|‖c‖² − ‖c₀‖²| + R‖δ‖), 1 % more for terms in u². To that comes what double precision may confuse in the plain
//! algorithm and in the first term, 2(d + 4) 2⁻⁵² (R + max(‖c‖, ‖c₀‖))², and what is lost to underflow.

use crate::segments::points::Points;
use crate::stats::lanes::{Four, LANES};

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
        let (whole, rest) = points.values().split_at(points.len() / TILE * TILE * dims);
        let mut last = vec![0.0; dims * TILE];
        last.iter_mut().zip(rest).for_each(|(to, value)| *to = *value);
        let last = if rest.is_empty() { &[][..] } else { &last };
        for rows in whole.chunks_exact(dims * TILE).chain(last.chunks_exact(dims * TILE)) {
            let mut squares = [0.0f64; TILE];
            let of: [&[f64]; TILE] = std::array::from_fn(|lane| &rows[lane * dims..(lane + 1) * dims]);
            let [a, b, c, d, e, f, g, h] = of;
            let front = a.iter().zip(b).zip(c.iter().zip(d));
            let back = e.iter().zip(f).zip(g.iter().zip(h));
            values.extend(front.zip(back).map(|(((a, b), (c, d)), ((e, f), (g, h)))| {
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

/// What a look at a tile has found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// The lowest p of each point, with the number of its centre in the last digits, and the second lowest.
    pub(super) best: [f32; TILE],
    pub(super) second: [f32; TILE],
    /// One bit per point that has another label than before, or takes a look at it alone to be certain.
    pub(super) look: u8,
}

impl Found {
    pub(super) const NOTHING: Found = Found { best: [0.0; TILE], second: [0.0; TILE], look: 0 };
}

/// Centres in single precision, and by class of tiles what their scores may be wrong by.
pub(super) struct Centres {
    dims: usize,
    k: usize,
    /// Of all but the first, in fours.
    groups: usize,
    first: Vec<f32>,
    /// c₀ − c, of all but the first: `[group of four][dimension][4]`.
    values: Vec<[f32; LANES]>,
    /// −e(c₀) by class.
    first_starts: Vec<f32>,
    /// ½(‖c‖² − ‖c₀‖²) − e(c), of all but the first: `[class][group]`.
    starts: Vec<[f32; LANES]>,
    /// 2e(c): `[class][centre]`.
    tolerances: Vec<f32>,
    /// The largest of them by class.
    widest: Vec<f32>,
    /// What the squared distance of a point may be too small by, by class.
    slack: Vec<f32>,
    /// The digits that belong to the score.
    kept: u32,
}

/// The scores of eight points for the centres `$at` of a group, and what they make of the lowest two.
macro_rules! look_at {
    ($self:ident, $tile:ident, $centres:ident, $start:ident, $number:expr, $lowest:ident, $($at:literal $p:ident $q:ident),+) => {{
        let ($($p,)+) = ($(Four::all($start[$at]),)+);
        let ($(mut $p,)+) = ($($p,)+);
        let ($(mut $q,)+) = ($($p,)+);
        for (x, c) in $tile.iter().zip($centres) {
            let (x0, x1) = halves(x);
            $(
                let centre = Four::all(c[$at]);
                $p = $p.plus(x0.times(centre));
                $q = $q.plus(x1.times(centre));
            )+
        }
        $(
            ($lowest.0, $lowest.2) = two_lowest($lowest.0, $lowest.2, $p.labelled($self.kept, $number + $at));
            ($lowest.1, $lowest.3) = two_lowest($lowest.1, $lowest.3, $q.labelled($self.kept, $number + $at));
        )+
    }};
}

impl Centres {
    /// Room for `k` centres, at least one.
    pub(super) fn new(tiles: &Tiles, k: usize) -> Centres {
        let groups = (k - 1).div_ceil(LANES);
        let digits = k.next_power_of_two().trailing_zeros();
        Centres {
            dims: tiles.dims,
            k,
            groups,
            first: vec![0.0; tiles.dims],
            values: vec![[0.0; LANES]; groups * tiles.dims],
            first_starts: vec![0.0; CLASSES + 1],
            starts: vec![[0.0; LANES]; (CLASSES + 1) * groups],
            tolerances: vec![f32::INFINITY; (CLASSES + 1) * k],
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
        let first = &centroids[..dims];
        let first_norm = square(first).sqrt();
        for class in tiles.used.iter().map(|&class| usize::from(class)) {
            let radius = tiles.radius(class);
            let mut widest = 0.0f32;
            for (c, centre) in centroids.chunks_exact(dims).enumerate() {
                let (mut apart, mut farther) = (0.0, 0.0);
                for (a, b) in centre.iter().zip(first) {
                    apart += (a - b) * (a - b);
                    farther += (a - b) * (a + b);
                }
                let reach = radius + square(centre).sqrt().max(first_norm);
                let single = share * (0.5 * farther.abs() + radius * apart.sqrt());
                let double = 2.0 * (dims as f64 + 4.0) * f64::EPSILON * reach * reach;
                let error = single + double + 1e-37 + 1e-44 * dims as f64 * reach;
                let tolerance = if usable { (2.0001 * error) as f32 } else { f32::INFINITY };
                let start = (0.5 * farther - error) as f32;
                match c.checked_sub(1) {
                    None => self.first_starts[class] = start,
                    Some(c) => self.starts[class * groups + c / LANES][c % LANES] = start,
                }
                self.tolerances[class * self.k + c] = tolerance;
                widest = widest.max(tolerance);
            }
            self.widest[class] = widest;
            self.slack[class] = (share * (radius + first_norm) * (radius + first_norm)) as f32 + 4.0 * widest;
        }
        self.first.iter_mut().zip(first).for_each(|(to, value)| *to = *value as f32);
        for (c, centre) in centroids.chunks_exact(dims).skip(1).enumerate() {
            for ((to, value), first) in self.values[c / LANES * dims..].iter_mut().zip(centre).zip(first) {
                to[c % LANES] = (first - value) as f32;
            }
        }
    }

    /// Looks at `tiles`, whose points have had `labels`.
    #[inline(never)]
    pub(super) fn look(&self, tiles: &[[f32; TILE]], classes: &[u8], labels: &[[u32; TILE]], found: &mut [Found]) {
        for (((tile, &class), labels), found) in tiles.chunks_exact(self.dims).zip(classes).zip(labels).zip(found) {
            let class = usize::from(class);
            let first = Four::all(self.first_starts[class]).labelled(self.kept, 0);
            let most = Four::all(f32::INFINITY);
            let mut lowest = (first, first, most, most);
            let (mut left, mut number) = (self.values.as_slice(), 1);
            for start in &self.starts[class * self.groups..(class + 1) * self.groups] {
                let (centres, rest) = left.split_at(self.dims);
                match self.k as u32 - number {
                    1 => look_at!(self, tile, centres, start, number, lowest, 0 p0 q0),
                    2 => look_at!(self, tile, centres, start, number, lowest, 0 p0 q0, 1 p1 q1),
                    3 => look_at!(self, tile, centres, start, number, lowest, 0 p0 q0, 1 p1 q1, 2 p2 q2),
                    _ => look_at!(self, tile, centres, start, number, lowest, 0 p0 q0, 1 p1 q1, 2 p2 q2, 3 p3 q3),
                }
                (left, number) = (rest, number + LANES as u32);
            }
            let (b0, b1, s0, s1) = lowest;
            let (widest, [l0, l1]) = (Four::all(self.widest[class]), [b0, b1].map(|best| best.label(self.kept)));
            let [a, b, c, d, e, f, g, h] = *labels;
            let looks = [
                s0.minus(b0).not_above(widest) | l0.differs(&[a, b, c, d]),
                s1.minus(b1).not_above(widest) | l1.differs(&[e, f, g, h]),
            ];
            store(&mut found.best, b0, b1);
            store(&mut found.second, s0, s1);
            found.look = looks[0] | looks[1] << LANES;
        }
    }

    /// The number of the centre in `best`.
    pub(super) fn label(&self, best: f32) -> u32 {
        best.to_bits() & !self.kept
    }

    /// Whether centre `label` is nearest for certain.
    pub(super) fn certain(&self, best: f32, second: f32, class: u8, label: usize) -> bool {
        let tolerance = self.tolerances.get(usize::from(class) * self.k + label);
        second - best > tolerance.map_or(f32::INFINITY, |tolerance| *tolerance)
    }

    /// By how much the nearest centre is nearer than any other, at least; NaN or negative where that is not known.
    #[inline(always)]
    pub(super) fn gaps(&self, tile: &[[f32; TILE]], Found { best, second, .. }: &Found, class: u8) -> [f32; TILE] {
        let (mut n0, mut n1) = (Four::all(0.0), Four::all(0.0));
        for (x, first) in tile.iter().zip(&self.first) {
            let (x0, x1) = halves(x);
            let (x0, x1) = (x0.minus(Four::all(*first)), x1.minus(Four::all(*first)));
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
