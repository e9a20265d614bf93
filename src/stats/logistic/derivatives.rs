//! Loss, gradient and Hessian of the regression, by tiles of rows that stay in the cache.

use super::design::Design;
use super::functions::{exp_of_negative, log_of_one_plus, single_exp_of_negative};
use crate::stats::lanes::{Four, Two};
use std::array::from_fn;

/// Rows that are worked on together.
pub(super) const TILE: usize = 128;
type Column = [f64; TILE];
/// Columns that are worked on together: nine sums and what they need stay in the registers.
const BLOCK: usize = 3;

static ZEROS: Column = [0.0; TILE];
static ONES: Column = [1.0; TILE];

pub(super) struct Problem<'a> {
    pub(super) design: &'a Design,
    pub(super) outcome: &'a [f64],
    pub(super) weights: &'a [f64],
    pub(super) penalty: f64,
}

impl Problem<'_> {
    /// Fills the gradient at `beta`.
    pub(super) fn gradient(&self, beta: &[f64], precision: Precision, gradient: &mut [f64]) {
        gradient.fill(0.0);
        let mut state = State::default();
        self.tiles(&mut |tile| {
            tile.scores(beta, &mut state.score);
            match precision {
                Precision::Double => chances(&mut state, tile.outcome, tile.weights),
                Precision::Single => rough_residuals(&mut state, tile.outcome, tile.weights),
            }
            tile.add_gradient(&state.residual, gradient);
        });
        for (gradient, beta) in gradient.iter_mut().zip(beta).skip(1) {
            *gradient += self.penalty * beta;
        }
    }

    /// Fills gradient and lower Hessian at `beta`; returns the objective.
    pub(super) fn derivatives(&self, beta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let p = beta.len();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let mut loss = 0.0;
        let mut state = State::default();
        self.tiles(&mut |tile| {
            tile.scores(beta, &mut state.score);
            chances(&mut state, tile.outcome, tile.weights);
            loss += losses(&state, tile.outcome, tile.weights);
            tile.add_gradient(&state.residual, gradient);
            tile.add_hessian(&state, hessian, p);
        });
        for j in 1..p {
            loss += 0.5 * self.penalty * beta[j] * beta[j];
            gradient[j] += self.penalty * beta[j];
            hessian[j * p + j] += self.penalty;
        }
        loss
    }

    /// Calls `visit` with the rows tile by tile; the last one is filled up with rows of weight zero.
    fn tiles(&self, visit: &mut dyn FnMut(&Tile)) {
        let dense = || std::iter::once(None).chain(self.design.numeric.iter().map(|column| Some(column.as_slice())));
        let rest = self.design.rows % TILE;
        let full = self.design.rows - rest;
        let filled = |values: &[f64]| from_fn(|i| values.get(full + i).copied().unwrap_or(0.0));
        let last: Vec<Column> = self.design.numeric.iter().map(|column| filled(column)).collect();
        let (last_outcome, last_weights) = (filled(self.outcome), filled(self.weights));
        let mut columns: Vec<&Column> = Vec::with_capacity(self.design.numeric.len() + BLOCK);
        for first in (0..self.design.rows).step_by(TILE) {
            let end = (first + TILE).min(self.design.rows);
            let at = |values| tile_at(values, first);
            columns.clear();
            columns.extend(dense().enumerate().map(|(j, column)| match column {
                None => &ONES,
                Some(column) => at(column).unwrap_or_else(|| &last[j - 1]),
            }));
            columns.resize(columns.len().next_multiple_of(BLOCK), &ZEROS);
            visit(&Tile {
                design: self.design,
                rows: first..end,
                columns: &columns,
                outcome: at(self.outcome).unwrap_or(&last_outcome),
                weights: at(self.weights).unwrap_or(&last_weights),
            });
        }
    }
}

fn tile_at(values: &[f64], first: usize) -> Option<&Column> {
    values.get(first..first + TILE)?.first_chunk()
}

struct Tile<'a> {
    design: &'a Design,
    rows: std::ops::Range<usize>,
    /// The intercept, the numeric columns, and columns of zeros up to a multiple of [`BLOCK`].
    columns: &'a [&'a Column],
    outcome: &'a Column,
    weights: &'a Column,
}

/// Of the chances in a gradient; all else in it is in double precision.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Single,
    Double,
}

/// What the rows of a tile are at some coefficients.
struct State {
    score: Column,
    /// e^−|score|.
    odds: Column,
    /// Weight × (probability − outcome).
    residual: Column,
    /// Second derivative of the loss by the score.
    curvature: Column,
}

impl Default for State {
    fn default() -> State {
        State { score: ZEROS, odds: ZEROS, residual: ZEROS, curvature: ZEROS }
    }
}

impl Tile<'_> {
    fn scores(&self, beta: &[f64], score: &mut Column) {
        score.fill(0.0);
        let dense = 1 + self.design.numeric.len();
        for (columns, at) in self.columns.as_chunks::<BLOCK>().0.iter().zip((0..dense).step_by(BLOCK)) {
            add_scores(score, columns, from_fn(|i| if at + i < dense { beta[at + i] } else { 0.0 }));
        }
        let mut first = dense;
        for category in &self.design.categories {
            let slopes = &beta[first..first + category.levels];
            for (score, code) in score.iter_mut().zip(&category.codes[self.rows.clone()]) {
                if *code > 0 {
                    *score += slopes[*code as usize - 1];
                }
            }
            first += category.levels;
        }
    }

    fn add_gradient(&self, residual: &Column, gradient: &mut [f64]) {
        let dense = 1 + self.design.numeric.len();
        for (columns, at) in self.columns.as_chunks::<BLOCK>().0.iter().zip((0..dense).step_by(BLOCK)) {
            for (gradient, sum) in gradient[at..dense].iter_mut().zip(dots(residual, columns)) {
                *gradient += sum;
            }
        }
        let mut first = dense;
        for category in &self.design.categories {
            let slopes = &mut gradient[first..first + category.levels];
            for (residual, code) in residual.iter().zip(&category.codes[self.rows.clone()]) {
                if *code > 0 {
                    slopes[*code as usize - 1] += residual;
                }
            }
            first += category.levels;
        }
    }

    /// Adds to the lower triangle.
    fn add_hessian(&self, state: &State, hessian: &mut [f64], p: usize) {
        let dense = 1 + self.design.numeric.len();
        let (blocks, _) = self.columns.as_chunks::<BLOCK>();
        let mut scaled = [ZEROS; BLOCK];
        for (columns, at) in blocks.iter().zip((0..dense).step_by(BLOCK)) {
            for (scaled, column) in scaled.iter_mut().zip(columns) {
                scale(scaled, &state.curvature, column);
            }
            for (others, from) in blocks.iter().zip((0..=at).step_by(BLOCK)) {
                let sums = products(&scaled, others);
                for (i, sums) in (at..dense).zip(sums) {
                    for (j, sum) in (from..=i).zip(sums) {
                        hessian[i * p + j] += sum;
                    }
                }
            }
            for (i, scaled) in (at..dense).zip(&scaled) {
                let mut first = dense;
                for category in &self.design.categories {
                    for (code, scaled) in category.codes[self.rows.clone()].iter().zip(scaled) {
                        if *code > 0 {
                            hessian[(first + *code as usize - 1) * p + i] += scaled;
                        }
                    }
                    first += category.levels;
                }
            }
        }
        let mut first = dense;
        for (c, category) in self.design.categories.iter().enumerate() {
            for (row, curvature) in self.rows.clone().zip(&state.curvature) {
                let code = category.codes[row] as usize;
                if code == 0 {
                    continue;
                }
                let line = &mut hessian[(first + code - 1) * p..][..first + code];
                line[first + code - 1] += curvature;
                let mut before = dense;
                for other in &self.design.categories[..c] {
                    let code = other.codes[row] as usize;
                    if code > 0 {
                        line[before + code - 1] += curvature;
                    }
                    before += other.levels;
                }
            }
            first += category.levels;
        }
    }
}

/// Adds the columns times their slopes.
#[inline(never)]
fn add_scores(score: &mut Column, columns: &[&Column; BLOCK], slopes: [f64; BLOCK]) {
    let [a, b, c] = columns.map(|column| column.as_chunks::<2>().0);
    let [slope_a, slope_b, slope_c] = slopes.map(Two::all);
    for (((score, a), b), c) in score.as_chunks_mut::<2>().0.iter_mut().zip(a).zip(b).zip(c) {
        let low = Two::load(score).plus(Two::load(a).times(slope_a));
        low.plus(Two::load(b).times(slope_b)).plus(Two::load(c).times(slope_c)).store(score);
    }
}

/// Odds, residual and curvature of the scores.
#[inline(never)]
fn chances(state: &mut State, outcome: &Column, weights: &Column) {
    let one = Two::all(1.0);
    let score = state.score.as_chunks::<2>().0.iter();
    let given = outcome.as_chunks::<2>().0.iter().zip(weights.as_chunks::<2>().0);
    let residual = state.residual.as_chunks_mut::<2>().0.iter_mut();
    let made = residual.zip(state.curvature.as_chunks_mut::<2>().0).zip(state.odds.as_chunks_mut::<2>().0);
    for ((score, (outcome, weight)), ((residual, curvature), odds)) in score.zip(given).zip(made) {
        let (score, weight) = (Two::load(score), Two::load(weight));
        let e = exp_of_negative(score.negative_magnitude());
        let share = one.over(one.plus(e));
        let chance = score.unless_negative(share, e.times(share));
        e.store(odds);
        weight.times(chance.minus(Two::load(outcome))).store(residual);
        // e / (1 + e)² keeps its digits where 1 − p has lost them.
        weight.times(e.times(share)).times(share).store(curvature);
    }
}

/// Residuals of the scores with chances in single precision.
#[inline(never)]
fn rough_residuals(state: &mut State, outcome: &Column, weights: &Column) {
    let one = Four::all(1.0);
    let given = fours(&state.score).iter().zip(fours(outcome)).zip(fours(weights));
    let made = state.residual.as_chunks_mut::<2>().0.as_chunks_mut::<2>().0;
    for (((score, outcome), weight), [low, high]) in given.zip(made) {
        let score = Four::rounded(Two::load(&score[0]), Two::load(&score[1]));
        let e = single_exp_of_negative(score.negative_magnitude());
        let share = one.over(one.plus(e));
        let (first, last) = score.unless_negative(share, e.times(share)).widened();
        Two::load(&weight[0]).times(first.minus(Two::load(&outcome[0]))).store(low);
        Two::load(&weight[1]).times(last.minus(Two::load(&outcome[1]))).store(high);
    }
}

/// A column by twice two.
fn fours(column: &Column) -> &[[[f64; 2]; 2]] {
    column.as_chunks::<2>().0.as_chunks::<2>().0
}

/// Sum of weight × loss.
#[inline(never)]
fn losses(state: &State, outcome: &Column, weights: &Column) -> f64 {
    let zero = Two::all(0.0);
    let given = outcome.as_chunks::<2>().0.iter().zip(weights.as_chunks::<2>().0);
    let made = state.score.as_chunks::<2>().0.iter().zip(state.odds.as_chunks::<2>().0);
    let sum = made.zip(given).fold(zero, |sum, ((score, odds), (outcome, weight))| {
        let score = Two::load(score);
        let loss = log_of_one_plus(Two::load(odds)).plus(score.at_least(zero)).minus(Two::load(outcome).times(score));
        sum.plus(Two::load(weight).times(loss))
    });
    sum.sum()
}

#[inline(never)]
fn scale(scaled: &mut Column, by: &Column, column: &Column) {
    let given = by.as_chunks::<2>().0.iter().zip(column.as_chunks::<2>().0);
    for (scaled, (by, x)) in scaled.as_chunks_mut::<2>().0.iter_mut().zip(given) {
        Two::load(by).times(Two::load(x)).store(scaled);
    }
}

/// a · each column.
#[inline(never)]
fn dots(a: &Column, columns: &[&Column; BLOCK]) -> [f64; BLOCK] {
    let [x, y, z] = columns.map(|column| column.as_chunks::<4>().0);
    let zero = Two::all(0.0);
    let (mut x0, mut x1, mut y0, mut y1, mut z0, mut z1) = (zero, zero, zero, zero, zero, zero);
    for (((a, x), y), z) in a.as_chunks::<4>().0.iter().zip(x).zip(y).zip(z) {
        let (low, high) = halves(a);
        let (x, y, z) = (halves(x), halves(y), halves(z));
        x0 = x0.plus(low.times(x.0));
        y0 = y0.plus(low.times(y.0));
        z0 = z0.plus(low.times(z.0));
        x1 = x1.plus(high.times(x.1));
        y1 = y1.plus(high.times(y.1));
        z1 = z1.plus(high.times(z.1));
    }
    [x0.plus(x1).sum(), y0.plus(y1).sum(), z0.plus(z1).sum()]
}

#[inline(always)]
fn halves(four: &[f64; 4]) -> (Two, Two) {
    let [a, b, c, d] = *four;
    (Two::load(&[a, b]), Two::load(&[c, d]))
}

/// Each of `rows` · each column.
#[inline(never)]
fn products(rows: &[Column; BLOCK], columns: &[&Column; BLOCK]) -> [[f64; BLOCK]; BLOCK] {
    let [a, b, c] = rows.each_ref().map(|row| row.as_chunks::<2>().0);
    let [x, y, z] = columns.map(|column| column.as_chunks::<2>().0);
    let zero = Two::all(0.0);
    let (mut ax, mut ay, mut az) = (zero, zero, zero);
    let (mut bx, mut by, mut bz) = (zero, zero, zero);
    let (mut cx, mut cy, mut cz) = (zero, zero, zero);
    for (((((a, b), c), x), y), z) in a.iter().zip(b).zip(c).zip(x).zip(y).zip(z) {
        let (x, y, z) = (Two::load(x), Two::load(y), Two::load(z));
        let row = Two::load(a);
        ax = ax.plus(row.times(x));
        ay = ay.plus(row.times(y));
        az = az.plus(row.times(z));
        let row = Two::load(b);
        bx = bx.plus(row.times(x));
        by = by.plus(row.times(y));
        bz = bz.plus(row.times(z));
        let row = Two::load(c);
        cx = cx.plus(row.times(x));
        cy = cy.plus(row.times(y));
        cz = cz.plus(row.times(z));
    }
    [[ax.sum(), ay.sum(), az.sum()], [bx.sum(), by.sum(), bz.sum()], [cx.sum(), cy.sum(), cz.sum()]]
}
