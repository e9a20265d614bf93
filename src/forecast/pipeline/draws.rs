//! Monte Carlo over open and new deals, in time that does not grow with deals × draws.
//!
//! In each draw a shock moves the odds of every open deal, and the wins of new ones, together. Deals that matter most are drawn one by one, by
//! jumping over those that are not won (Miller & Hagberg 2011); the many small ones are a normal vector over the periods whose mean and covariance
//! are exact for each shock. Where no more than 400 wins are expected, all deals are drawn one by one.

use super::amounts::Amounts;
use super::arrivals::MonthRate;
use crate::meta::Progress;
use crate::stats::intervals::normal_quantile;
use crate::stats::linear_algebra::Cholesky;
use crate::stats::order::{sort_rows, sorted_rows};
use crate::stats::rng::{Rng, normal, seeded, uniform};

/// Expected wins up to which all deals are drawn one by one, and those that are beyond.
const ALL_ONE_BY_ONE: f64 = 400.0;
const ONE_BY_ONE: f64 = 200.0;
/// The most deals that are drawn one by one.
const MOST_UNITS: usize = 1 << 20;
/// Values that the shock takes, all equally often.
const SHOCKS: usize = 16;
/// Probability from which on jumping takes longer than asking every deal.
const WORTH_A_JUMP: f64 = 0.2;

/// What is drawn from.
pub(super) struct Odds<'a> {
    /// Number of periods.
    pub periods: usize,
    /// Amount per open deal; NaN counts as nothing.
    pub amount: Vec<f64>,
    /// Weight per open deal.
    pub weight: Vec<f64>,
    /// Per open deal and period: probability of a win by its end.
    pub won_within: Vec<f64>,
    /// Expected wins of new deals, months of creation × periods.
    pub new_wins: Vec<f64>,
    /// The months.
    pub months: &'a [MonthRate],
    /// Variance over mean of a month's count of new deals.
    pub dispersion: f64,
    /// Amounts of new deals.
    pub amounts: Amounts,
    /// Standard deviation of the shock to log-odds.
    pub shock: f64,
    /// Open deal whose win is kept apart.
    pub watched: Option<usize>,
}

/// What came out: one vector per period.
pub(super) struct Draws {
    pub amount: Vec<Vec<f64>>,
    pub wins: Vec<Vec<f64>>,
    /// Period in which the watched deal was won; that behind the last where it was not.
    pub watched: Vec<u8>,
}

impl Odds<'_> {
    /// Probability that open deal `i` is won by the end of the last period.
    fn last(&self, i: usize) -> f64 {
        self.won_within.get((i + 1) * self.periods - 1).copied().unwrap_or(0.0)
    }

    fn within(&self, i: usize) -> &[f64] {
        self.won_within.get(i * self.periods..(i + 1) * self.periods).unwrap_or_default()
    }

    fn known_amount(&self, i: usize) -> f64 {
        if self.amount[i].is_nan() { 0.0 } else { self.amount[i] }
    }

    /// Expected wins (weighted) and known amount of open deals per period.
    pub fn expected_open(&self) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.periods];
        for i in 0..self.amount.len() {
            let mut before = 0.0;
            for (sum, within) in sums.iter_mut().zip(self.within(i)) {
                let wins = self.weight[i] * (within - before);
                sum.0 += wins;
                sum.1 += wins * self.known_amount(i);
                before = *within;
            }
        }
        sums
    }

    /// Expected wins of new deals in period `k`.
    pub fn expected_new(&self, k: usize) -> f64 {
        self.new_wins.iter().skip(k).step_by(self.periods.max(1)).sum()
    }

    /// Mean and variance of the number of wins in period `k`, shocks apart.
    pub fn wins_in(&self, k: usize) -> (f64, f64) {
        let (mut mean, mut variance) = (0.0, 0.0);
        for i in 0..self.amount.len() {
            let within = self.within(i);
            let p = within[k] - k.checked_sub(1).map_or(0.0, |before| within[before]);
            mean += self.weight[i] * p;
            variance += self.weight[i] * p * (1.0 - p);
        }
        for (month, wins) in self.months.iter().zip(self.new_wins.iter().skip(k).step_by(self.periods)) {
            mean += wins;
            variance += wins + wins * wins * self.month_variance(month);
        }
        (mean, variance)
    }

    /// Variance of a month's count relative to its rate, as a factor of mean 1.
    fn month_variance(&self, month: &MonthRate) -> f64 {
        let own = if month.expected > 0.0 { (self.dispersion - 1.0) / month.expected } else { 0.0 };
        own.clamp(0.0, 4.0) + month.log_error * month.log_error
    }

    /// `draws` draws; the same for the same seed and `stream`.
    pub fn draw(&self, draws: usize, seed: u32, stream: u32, progress: &mut Progress<'_>, share: (f64, f64)) -> Draws {
        let k = self.periods;
        let mut rng = seeded(seed, stream);
        let split = Split::new(self);
        let shocks = shocks(self.shock);
        let mut found = Draws {
            amount: vec![Vec::with_capacity(draws); k],
            wins: vec![Vec::with_capacity(draws); k],
            watched: Vec::with_capacity(draws),
        };
        let (mut amount, mut wins) = (vec![0.0; k], vec![0.0; k]);
        let mut scratch = vec![0.0; k];
        for (stratum, &odds) in shocks.iter().enumerate() {
            progress.report(share.0 + (share.1 - share.0) * stratum as f64 / shocks.len() as f64);
            let probability: Vec<f64> =
                split.units.iter().map(|(i, part)| part * shocked(self.last(*i as usize), odds)).collect();
            let mut bound = probability.clone();
            for at in (1..bound.len()).rev() {
                bound[at - 1] = bound[at - 1].max(bound[at]);
            }
            let bulk = Bulk::new(self, &split, odds);
            let of_this = draws / shocks.len() + usize::from(stratum < draws % shocks.len());
            for _ in 0..of_this {
                amount.fill(0.0);
                wins.fill(0.0);
                let mut watched = k;
                self.one_by_one(&mut rng, &split, (&probability, &bound), odds, |i, period, unit| {
                    amount[period] += self.known_amount(i);
                    wins[period] += 1.0;
                    if Some(unit) == split.watched {
                        watched = period;
                    }
                });
                bulk.amount.add(&mut rng, &mut scratch, &mut amount);
                bulk.wins.add(&mut rng, &mut scratch, &mut wins);
                self.new_deals(&mut rng, odds, &mut amount, &mut wins);
                for period in 0..k {
                    found.amount[period].push(amount[period]);
                    found.wins[period].push(wins[period].round().max(0.0));
                }
                found.watched.push(watched as u8);
            }
        }
        found
    }

    /// Calls `won` with the deals that are won, their period and their place among the units. `bound` holds per unit the largest probability from
    /// there on.
    fn one_by_one(
        &self,
        rng: &mut Rng,
        split: &Split,
        (probability, bound): (&[f64], &[f64]),
        odds: f64,
        mut won: impl FnMut(usize, usize, usize),
    ) {
        let mut at = 0;
        while let Some(&most) = bound.get(at).filter(|most| **most > 0.0) {
            let mut asked = 1.0;
            if most < WORTH_A_JUMP {
                let jump = (libm::log(1.0 - uniform(rng)) / libm::log1p(-most)).floor();
                if jump >= (probability.len() - at) as f64 {
                    return;
                }
                at += jump as usize;
                asked = most;
            }
            if uniform(rng) * asked < probability[at] {
                let i = split.units[at].0 as usize;
                let when = uniform(rng) * shocked(self.last(i), odds);
                let period = self.within(i).iter().position(|within| when < shocked(*within, odds));
                won(i, period.unwrap_or(self.periods - 1), at);
            }
            at += 1;
        }
    }

    fn new_deals(&self, rng: &mut Rng, odds: f64, amount: &mut [f64], wins: &mut [f64]) {
        let level = normal(rng);
        let mut mean = vec![0.0; self.periods];
        for (month, row) in self.months.iter().zip(self.new_wins.chunks(self.periods)) {
            let own = self.month_variance(month) - month.log_error * month.log_error;
            let own = libm::log1p(own.max(0.0));
            let log = month.log_error * level + own.sqrt() * normal(rng);
            let factor = odds * libm::exp(log - 0.5 * (own + month.log_error * month.log_error));
            for (mean, wins) in mean.iter_mut().zip(row) {
                *mean += wins * factor;
            }
        }
        // The mean of the amounts seen is not that of all there could be.
        let error = self.amounts.mean_error;
        let price = libm::exp(error * normal(rng) - 0.5 * error * error);
        for (period, mean) in mean.into_iter().enumerate() {
            let (count, sum) = self.amounts.draw(rng, mean);
            wins[period] += count;
            amount[period] += sum * price;
        }
    }
}

/// The probability whose odds are `odds` times those of `p`.
pub(super) fn shocked(p: f64, odds: f64) -> f64 {
    p * odds / (1.0 - p + p * odds)
}

/// Odds factors of mean 1: exp of equally likely values of a normal variable of standard deviation `shock`.
fn shocks(shock: f64) -> Vec<f64> {
    if shock <= 0.0 {
        return vec![1.0];
    }
    let z: Vec<f64> = (0..SHOCKS).map(|at| normal_quantile((at as f64 + 0.5) / SHOCKS as f64)).collect();
    // Midpoints of a few slices vary less than what they stand for.
    let scale = shock / (z.iter().map(|z| z * z).sum::<f64>() / SHOCKS as f64).sqrt();
    let factors: Vec<f64> = z.iter().map(|z| libm::exp(scale * z)).collect();
    let mean = factors.iter().sum::<f64>() / SHOCKS as f64;
    factors.into_iter().map(|factor| factor / mean).collect()
}

/// Who is drawn one by one, and how much of every deal is not.
struct Split {
    /// Deal and the part of a deal that it is (below 1 for the fraction of a weight), by falling probability.
    units: Vec<(u32, f64)>,
    /// Place of the watched deal among them.
    watched: Option<usize>,
    /// Weight of every deal that is left to the bulk; empty where nothing is.
    bulk: Vec<f64>,
}

impl Split {
    fn new(odds: &Odds<'_>) -> Split {
        let n = odds.amount.len();
        let spread: Vec<f64> = (0..n)
            .map(|i| {
                let p = odds.last(i);
                odds.known_amount(i).abs() * (p * (1.0 - p)).max(0.0).sqrt()
            })
            .collect();
        // Deals that tie are equal in all that is drawn, so that weights and repeated rows give the same draws.
        let order = sorted_rows(n, &mut |a, b| {
            let by_spread = spread[b].total_cmp(&spread[a]);
            by_spread.then(odds.last(b).total_cmp(&odds.last(a))).then(odds.amount[b].total_cmp(&odds.amount[a]))
        });
        let expected: f64 = (0..n).map(|i| odds.weight[i] * odds.last(i)).sum();
        let most = if expected <= ALL_ONE_BY_ONE { f64::INFINITY } else { ONE_BY_ONE };
        let mut units: Vec<(u32, f64)> = Vec::new();
        let mut bulk = odds.weight.clone();
        let mut reached = 0.0;
        let watched = odds.watched.into_iter();
        for i in watched.chain(order) {
            let only_one = units.is_empty() && odds.watched == Some(i);
            if odds.last(i) <= 0.0 && !only_one {
                bulk[i] = 0.0;
            }
            while bulk[i] > 0.0 && reached < most && units.len() < MOST_UNITS {
                let part = bulk[i].min(1.0);
                units.push((i as u32, part));
                bulk[i] -= part;
                reached += part * odds.last(i);
                if only_one {
                    break;
                }
            }
        }
        let chance = |at: usize| units[at].1 * odds.last(units[at].0 as usize);
        let mut places: Vec<usize> = (0..units.len()).collect();
        sort_rows(&mut places, &mut |a, b| chance(b).total_cmp(&chance(a)));
        let watched = odds.watched.and_then(|_| places.iter().position(|place| *place == 0));
        let units = places.into_iter().map(|place| units[place]).collect();
        if bulk.iter().all(|weight| *weight <= 0.0) {
            bulk.clear();
        }
        Split { units, watched, bulk }
    }
}

/// A normal vector.
struct Normal {
    mean: Vec<f64>,
    /// Lower factor of its covariance, row-major; empty where it does not vary.
    factor: Vec<f64>,
}

impl Normal {
    fn new(mean: Vec<f64>, mut covariance: Vec<f64>) -> Normal {
        let k = mean.len();
        let largest = (0..k).fold(0.0f64, |largest, j| largest.max(covariance[j * k + j]));
        if largest <= 0.0 {
            return Normal { mean, factor: Vec::new() };
        }
        // Periods in which nothing can be won have no variance: a crumb keeps the factor defined.
        (0..k).for_each(|j| covariance[j * k + j] += 1e-9 * largest);
        Normal { mean, factor: Cholesky::new(&covariance, k).map(|factor| factor.lower()).unwrap_or_default() }
    }

    /// Adds a draw to `sums`.
    fn add(&self, rng: &mut Rng, scratch: &mut [f64], sums: &mut [f64]) {
        if self.mean.is_empty() {
            return;
        }
        sums.iter_mut().zip(&self.mean).for_each(|(sum, mean)| *sum += mean);
        if self.factor.is_empty() {
            return;
        }
        scratch.iter_mut().for_each(|z| *z = normal(rng));
        let k = scratch.len();
        for (j, sum) in sums.iter_mut().enumerate() {
            let row = &self.factor[j * k..j * k + j + 1];
            *sum += row.iter().zip(scratch.iter()).map(|(a, z)| a * z).sum::<f64>();
        }
    }
}

/// What the deals give that are not drawn one by one.
struct Bulk {
    amount: Normal,
    wins: Normal,
}

impl Bulk {
    fn new(odds: &Odds<'_>, split: &Split, factor: f64) -> Bulk {
        let k = odds.periods;
        let nothing = || Normal { mean: Vec::new(), factor: Vec::new() };
        if split.bulk.is_empty() {
            return Bulk { amount: nothing(), wins: nothing() };
        }
        let (mut mean, mut covariance) = ([vec![0.0; k], vec![0.0; k]], [vec![0.0; k * k], vec![0.0; k * k]]);
        let mut p = vec![0.0; k];
        for (i, &weight) in split.bulk.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let mut before = 0.0;
            for (p, within) in p.iter_mut().zip(odds.within(i)) {
                let by = shocked(*within, factor);
                *p = by - before;
                before = by;
            }
            let amount = odds.known_amount(i);
            for j in 0..k {
                let wins = weight * p[j];
                mean[0][j] += wins * amount;
                mean[1][j] += wins;
                let squared = amount * amount;
                covariance[0][j * k + j] += wins * squared;
                covariance[1][j * k + j] += wins;
                for l in 0..=j {
                    let both = wins * p[l];
                    covariance[0][j * k + l] -= both * squared;
                    covariance[1][j * k + l] -= both;
                }
            }
        }
        let [mean_amount, mean_wins] = mean;
        let [of_amount, of_wins] = covariance;
        Bulk { amount: Normal::new(mean_amount, of_amount), wins: Normal::new(mean_wins, of_wins) }
    }
}
