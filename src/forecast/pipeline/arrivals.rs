//! How many deals will be created: a log-linear rate per month with a damped trend and, from two years on, the months of the year.

use super::book::Clock;
use crate::stats::linear_algebra::Cholesky;
use crate::time::{DAY_MS, Period};
use serde::Serialize;

/// Months looked back at.
const MOST_MONTHS: usize = 48;
/// Months without which there is no trend, and without which there is no season.
const TREND_MONTHS: usize = 6;
const SEASON_MONTHS: usize = 24;
/// What a month counts against the one after it: half after about a year.
const MEMORY: f64 = 0.94;
/// What is left of the trend from one month to the next (Gardner & McKenzie 1985).
const DAMPING: f64 = 0.95;
/// Standard deviations that the trend per year and a month's season are expected to have, as logarithms.
const TREND_SPREAD: f64 = 1.5;
const SEASON_SPREAD: f64 = 0.3;

/// What the arrivals of new deals are expected from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrivals {
    /// Months that the rate is learnt from.
    pub months: f64,
    /// Deals per day (weighted) now.
    pub per_day: f64,
    /// Growth of that per year, 0.1 being 10 %; `None` where there are too few months for a trend.
    pub growth_per_year: Option<f64>,
    /// Whether months of the year differ: from 24 months on.
    pub seasonal: bool,
    /// Variance of a month's count over its mean, at least 1.
    pub dispersion: f64,
}

/// Rate of one month to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MonthRate {
    /// The month ends at this instant (ms).
    pub end: f64,
    /// Deals per day.
    pub per_day: f64,
    /// Standard error of its logarithm.
    pub log_error: f64,
    /// Deals in a whole month.
    pub expected: f64,
}

/// The rate of the months from the one that `before` lies in to the one that `until` lies in, learnt from the `created` instants before `before`.
pub(super) fn arrivals(
    clock: &Clock<'_>,
    created: &[(f64, f64)],
    before: f64,
    until: f64,
) -> (Arrivals, Vec<MonthRate>) {
    let months = Clock { period: Period::Month, ..*clock };
    let now = months.key(before);
    let first = created.iter().filter(|(at, _)| *at < before).fold(f64::INFINITY, |first, (at, _)| first.min(*at));
    let mut from = if first.is_finite() { months.key(first) } else { now };
    // The month in which the records begin is seldom whole.
    if now - from > TREND_MONTHS as i32 {
        from = (from + 1).max(now - MOST_MONTHS as i32);
    }
    let keys: Vec<i32> = (from..=now).collect();
    let starts: Vec<f64> = keys.iter().map(|key| months.start(*key)).chain([before]).collect();
    let mut counts = vec![0.0; keys.len()];
    for (at, weight) in created.iter().filter(|(at, _)| *at < before) {
        if let Some(count) = starts.partition_point(|start| start <= at).checked_sub(1).and_then(|i| counts.get_mut(i))
        {
            *count += weight;
        }
    }
    // Of the first month as of the current one, what lies outside the records does not count.
    let begins = |i: usize| starts[i].max(if i == 0 { first } else { f64::NEG_INFINITY });
    let exposure: Vec<f64> =
        (0..keys.len()).map(|i| ((starts[i + 1].min(before) - begins(i)) / DAY_MS).max(0.0)).collect();
    let seasonal = keys.len() > SEASON_MONTHS;
    let trend = keys.len() > TREND_MONTHS;
    let columns = 1 + usize::from(trend) + if seasonal { 12 } else { 0 };
    let of_year = |key: i32| key.rem_euclid(12) as usize;
    let regressors = |key: i32, trend_years: f64| {
        let mut x = vec![0.0; columns];
        x[0] = 1.0;
        if trend {
            x[1] = trend_years;
        }
        if seasonal {
            x[2 + of_year(key)] = 1.0;
        }
        x
    };
    let rows: Vec<Vec<f64>> = keys.iter().map(|key| regressors(*key, f64::from(key - now) / 12.0)).collect();
    let memory: Vec<f64> = keys.iter().map(|key| libm::pow(MEMORY, f64::from(now - key))).collect();
    let fitted = Rate::fit(&rows, &counts, &exposure, &memory, trend);

    let mut rates = Vec::new();
    let mut ahead = 0.0;
    for (step, key) in (now..=months.key(until).max(now)).enumerate() {
        if step > 0 {
            ahead += libm::pow(DAMPING, step as f64) / 12.0;
        }
        let (start, end) = (months.start(key), months.start(key + 1));
        let (per_day, log_error) = fitted.at(&regressors(key, ahead));
        rates.push(MonthRate { end, per_day, log_error, expected: per_day * ((end - start) / DAY_MS).max(0.0) });
    }
    let summary = Arrivals {
        months: keys.len() as f64,
        per_day: rates.first().map_or(0.0, |rate| rate.per_day),
        growth_per_year: fitted.beta.get(1).filter(|_| trend && fitted.total > 0.0).map(|beta| libm::expm1(*beta)),
        seasonal,
        dispersion: fitted.dispersion,
    };
    (summary, rates)
}

/// A quasi-Poisson regression of counts with exposures: log rate = xβ, with normal priors on all but the level.
struct Rate {
    beta: Vec<f64>,
    covariance: Vec<f64>,
    dispersion: f64,
    total: f64,
}

impl Rate {
    fn fit(rows: &[Vec<f64>], counts: &[f64], exposure: &[f64], memory: &[f64], trend: bool) -> Rate {
        let columns = rows.first().map_or(1, Vec::len);
        let total: f64 = counts.iter().sum();
        let days: f64 = exposure.iter().sum();
        let mut rate =
            Rate { beta: vec![0.0; columns], covariance: vec![0.0; columns * columns], dispersion: 1.0, total };
        if !(total > 0.0 && days > 0.0) {
            return rate;
        }
        rate.beta[0] = libm::log(total / days);
        let precision = |j: usize| match j {
            0 => 0.0,
            1 if trend => 1.0 / (TREND_SPREAD * TREND_SPREAD),
            _ => 1.0 / (SEASON_SPREAD * SEASON_SPREAD),
        };
        // The dispersion weighs the data against the priors and needs a fit itself: two rounds settle it.
        for _ in 0..2 {
            for _ in 0..50 {
                let (mut gradient, mut hessian) = (vec![0.0; columns], vec![0.0; columns * columns]);
                for j in 0..columns {
                    gradient[j] = precision(j) * rate.beta[j];
                    hessian[j * columns + j] = precision(j);
                }
                for (i, x) in rows.iter().enumerate() {
                    let mean = exposure[i] * libm::exp(dot(x, &rate.beta));
                    let weight = memory[i] / rate.dispersion;
                    for j in 0..columns {
                        gradient[j] += weight * (mean - counts[i]) * x[j];
                        for k in 0..=j {
                            hessian[j * columns + k] += weight * mean * x[j] * x[k];
                        }
                    }
                }
                let Some(factor) = Cholesky::new(&hessian, columns) else { break };
                rate.covariance = factor.inverse();
                factor.solve(&mut gradient);
                // A step beyond e³ of the rate overshoots.
                let longest = gradient.iter().fold(1.0f64, |longest, step| longest.max(step.abs() / 3.0));
                let mut moved = 0.0f64;
                for (beta, step) in rate.beta.iter_mut().zip(&gradient) {
                    *beta -= step / longest;
                    moved = moved.max(step.abs());
                }
                if moved < 1e-10 {
                    break;
                }
            }
            let (mut chi_square, mut effective) = (0.0, 0.0);
            for (i, x) in rows.iter().enumerate() {
                let mean = exposure[i] * libm::exp(dot(x, &rate.beta));
                if mean > 0.0 {
                    chi_square += memory[i] * (counts[i] - mean) * (counts[i] - mean) / mean;
                    effective += memory[i];
                }
            }
            // Seasons are held by their priors: they cost about half a degree of freedom each.
            let used = if columns > 2 { 8.0 } else { columns as f64 };
            let free = 1.0 - used / rows.len() as f64;
            if free > 0.0 && effective > 0.0 {
                rate.dispersion = (chi_square / effective / free).max(1.0);
            }
        }
        rate
    }

    /// Rate per day at `x`, and the standard error of its logarithm.
    fn at(&self, x: &[f64]) -> (f64, f64) {
        if self.total <= 0.0 {
            return (0.0, 0.0);
        }
        let n = x.len();
        let variance: f64 = (0..n).map(|j| (0..n).map(|k| x[j] * x[k] * self.covariance[j * n + k]).sum::<f64>()).sum();
        (libm::exp(dot(x, &self.beta)), variance.clamp(0.0, 1.0).sqrt())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
