//! Amounts of deals that are not there yet, drawn from those of deals won.

use super::book::Book;
use crate::crm::Outcome;
use crate::stats::order::sort_rows;
use crate::stats::rng::{Rng, normal, poisson, uniform};
use crate::time::DAY_MS;

/// Wins within the last year from which on older ones do not count: amounts grow with prices.
const RECENT: f64 = 50.0;
const YEAR_DAYS: f64 = 365.0;
/// Share of the largest amounts, which are drawn one by one longer.
const TAIL: f64 = 0.02;
/// How many of the others are drawn one by one at most; the sum of more is normal.
const ONE_BY_ONE: f64 = 100.0;
/// The same of the largest.
const TAIL_ONE_BY_ONE: f64 = 5000.0;

/// Amounts of won deals, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Amounts {
    value: Vec<f64>,
    /// Weight up to and including each.
    reached: Vec<f64>,
    bulk: Part,
    tail: Part,
    /// Share of won deals that have no amount.
    missing: f64,
    /// Mean of the known ones; 0 without any.
    mean: f64,
    /// Relative standard error of that mean.
    pub mean_error: f64,
}

/// Neighbouring amounts: their share of the weight of all, mean and variance, and how many are drawn one by one.
#[derive(Debug, Clone, Default)]
struct Part {
    from: f64,
    to: f64,
    share: f64,
    mean: f64,
    variance: f64,
    one_by_one: f64,
}

impl Amounts {
    /// Of the deals won before the book's instant: the last year's where there are 50 of them, else all.
    pub fn new(book: &Book<'_>) -> Self {
        let deals = book.deals;
        let won: Vec<usize> = book.rows.iter().copied().filter(|&row| book.outcome(row) == Outcome::Won).collect();
        let recent: Vec<usize> =
            won.iter().copied().filter(|&row| deals.closed[row] >= book.before - YEAR_DAYS * DAY_MS).collect();
        let enough = recent.iter().map(|&row| deals.weight[row]).sum::<f64>() >= RECENT;
        let used = if enough { recent } else { won };
        let weight = |rows: &[usize]| rows.iter().map(|&row| deals.weight[row]).sum::<f64>();
        let total = weight(&used);
        let mut known: Vec<usize> = used.into_iter().filter(|&row| !book.amount(row).is_nan()).collect();
        sort_rows(&mut known, &mut |a, b| book.amount(a).total_cmp(&book.amount(b)));
        let mut amounts = Amounts::default();
        let mut reached = 0.0;
        for &row in &known {
            reached += deals.weight[row];
            amounts.value.push(book.amount(row));
            amounts.reached.push(reached);
        }
        if reached <= 0.0 {
            amounts.missing = 1.0;
            return amounts;
        }
        amounts.missing = if total > 0.0 { ((total - reached) / total).max(0.0) } else { 0.0 };
        let cut = amounts.reached.partition_point(|at| *at <= (1.0 - TAIL) * reached);
        let part = |from: usize, to: usize, one_by_one: f64| {
            let before = from.checked_sub(1).map_or(0.0, |last| amounts.reached[last]);
            let until = to.checked_sub(1).map_or(0.0, |last| amounts.reached[last]);
            let weight = until - before;
            let of = |value: &dyn Fn(f64) -> f64| {
                let sum: f64 = known[from..to].iter().map(|&row| deals.weight[row] * value(book.amount(row))).sum();
                if weight > 0.0 { sum / weight } else { 0.0 }
            };
            let mean = of(&|amount| amount);
            let variance = of(&|amount| (amount - mean) * (amount - mean));
            Part { from: before, to: until, share: weight / reached, mean, variance, one_by_one }
        };
        let (bulk, tail) = (part(0, cut, ONE_BY_ONE), part(cut, known.len(), TAIL_ONE_BY_ONE));
        amounts.mean = bulk.share * bulk.mean + tail.share * tail.mean;
        let squares = |part: &Part| part.share * (part.variance + part.mean * part.mean);
        let variance = (squares(&bulk) + squares(&tail) - amounts.mean * amounts.mean).max(0.0);
        if amounts.mean > 0.0 {
            amounts.mean_error = ((variance / reached).sqrt() / amounts.mean).min(1.0);
        }
        (amounts.bulk, amounts.tail) = (bulk, tail);
        amounts
    }

    /// Mean amount of a win, one without an amount counting as nothing.
    pub fn mean_with_missing(&self) -> f64 {
        self.mean * (1.0 - self.missing)
    }

    /// A number of wins from the Poisson distribution of mean `mean`, and the sum of their amounts, wins without an amount adding nothing.
    pub fn draw(&self, rng: &mut Rng, mean: f64) -> (f64, f64) {
        let (mut wins, mut sum) = (poisson(rng, mean * self.missing), 0.0);
        for part in [&self.tail, &self.bulk] {
            // Parts of a Poisson stream are independent Poisson streams.
            let count = poisson(rng, mean * (1.0 - self.missing) * part.share);
            wins += count;
            if count > part.one_by_one {
                sum += count * part.mean + (count * part.variance).sqrt() * normal(rng);
                continue;
            }
            for _ in 0..count as usize {
                let wanted = part.from + uniform(rng) * (part.to - part.from);
                let at = self.reached.partition_point(|reached| *reached <= wanted);
                sum += self.value.get(at).or(self.value.last()).copied().unwrap_or(0.0);
            }
        }
        (wins, sum)
    }
}
