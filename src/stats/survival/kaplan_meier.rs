//! The Kaplan–Meier curve with its variance, band, quantiles and restricted mean.

use super::{Ends, EventTable};
use crate::stats::intervals::{Confidence, wilson};

/// Kaplan–Meier estimate (1958) of the share that is still there, by age. Vectors have one entry per distinct event time, ascending.
#[derive(Debug, Clone)]
pub struct Survival {
    /// Rows (weighted) at risk at some age.
    pub n: f64,
    /// Those whose event was seen.
    pub events: f64,
    /// Those that were censored.
    pub censored: f64,
    /// Rows (weighted) whose delayed entry was not before their end; not in `n`.
    pub never_at_risk: f64,
    /// Largest duration, of an event or a censoring; 0 without rows.
    pub last: f64,
    /// Event times.
    pub time: Vec<f64>,
    /// At risk just before each.
    pub at_risk: Vec<f64>,
    /// Events at each.
    pub event_count: Vec<f64>,
    /// Share that stays beyond each: 1 before the first.
    pub survival: Vec<f64>,
    /// Greenwood's variance (1926) of it; 0, its limit, where the share is 0.
    pub variance: Vec<f64>,
    /// Whether the ends of the band fall with time, as the curve does: not so where few are at risk at first.
    falls: bool,
    /// Cause of the events at each time, as in [`EventTable`].
    pub(super) cause: Vec<u32>,
    pub(super) mixed: Vec<Ends>,
    pub(super) occurs: Vec<bool>,
    pub(super) confidence: Confidence,
}

/// The curve at one age.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// Share that stays longer.
    pub survival: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// Age by which the share `p` has left, with its interval; `None` where the curve, or the end of its band, never gets there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Share that has left.
    pub p: f64,
    /// Smallest event time t with S(t) ≤ 1 − p.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

/// Mean of min(duration, horizon).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The horizon.
    pub horizon: f64,
    /// Area under the curve up to it.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the normal interval, at least 0.
    pub low: f64,
    /// Upper end, at most the horizon.
    pub high: f64,
}

// Sums of thirds and the like end a few ulp off the round share they mean.
pub(super) const SHARE_TOLERANCE: f64 = 1e-12;

impl Survival {
    pub(super) fn new(table: EventTable, confidence: Confidence) -> Self {
        let (survival, variance) = curve(&table.event_count, &table.at_risk);
        Survival {
            n: table.events + table.censored,
            events: table.events,
            censored: table.censored,
            never_at_risk: table.never_at_risk,
            last: table.last,
            survival,
            variance,
            falls: !table.is_late && table.event_count.iter().all(|events| *events >= 1.0),
            time: table.time,
            at_risk: table.at_risk,
            event_count: table.event_count,
            cause: table.cause,
            mixed: table.mixed,
            occurs: table.occurs,
            confidence,
        }
    }

    /// Greenwood's standard error at event time `index`; 0 where there is none.
    pub fn standard_error(&self, index: usize) -> f64 {
        self.variance.get(index).copied().unwrap_or_default().sqrt()
    }

    /// Share that leaves and share that stays at event time `index`, and the number at risk.
    #[inline(always)]
    pub(super) fn step(&self, index: usize) -> (f64, f64, f64) {
        step(self.event_count[index], self.at_risk[index])
    }

    /// The curve at age `t`: S(t), after the events at `t` itself. Beyond the last duration the curve stays where it ended.
    pub fn at(&self, t: f64) -> At {
        match self.time.partition_point(|time| *time <= t).checked_sub(1) {
            None => At { survival: 1.0, standard_error: 0.0, low: 1.0, high: 1.0 },
            Some(index) => At {
                survival: self.survival[index],
                standard_error: self.standard_error(index),
                low: self.band(index).0,
                high: self.band(index).1,
            },
        }
    }

    /// Pointwise log(-log) interval at event time `index`. Where the share is 0 the lower end is 0, and the upper end that of the time before, or Wilson's for
    /// none of those at risk where there is none before. The whole range beyond the last time.
    pub fn band(&self, index: usize) -> (f64, f64) {
        let at = |index: usize| match *self.survival.get(index)? {
            // Events that weigh next to nothing leave all of them.
            share if share >= 1.0 => Some((1.0, 1.0)),
            share => log_log_interval(share, self.standard_error(index), self.confidence),
        };
        at(index).unwrap_or_else(|| {
            let last = self.survival.partition_point(|share| *share > 0.0).min(index);
            let before = last.checked_sub(1).and_then(at).map(|(_, high)| high);
            let none = || wilson(0.0, self.at_risk.get(last).copied()?, self.confidence).map(|none| none.high);
            (0.0, before.or_else(none).unwrap_or(1.0))
        })
    }

    /// Where the curve ends: 1 without events.
    pub fn at_end(&self) -> f64 {
        self.survival.last().copied().unwrap_or(1.0)
    }

    /// Age by which the share `p` has left, with the interval of Brookmeyer & Crowley (1982) from the log(-log) band: the first event times at
    /// which the lower and the upper end of the band are at most 1 − p.
    pub fn quantile(&self, p: f64) -> Quantile {
        let most = 1.0 - p + SHARE_TOLERANCE;
        let falls = self.survival.partition_point(|share| *share > most);
        let first = |is_above: &dyn Fn(usize) -> bool| {
            let (mut from, mut to) = (0, self.time.len());
            if !self.falls {
                return (from..to).find(|index| !is_above(*index)).and_then(|index| self.time.get(index).copied());
            }
            while from < to {
                let middle = from + (to - from) / 2;
                if is_above(middle) { from = middle + 1 } else { to = middle }
            }
            self.time.get(from).copied()
        };
        Quantile {
            p,
            value: self.time.get(falls).copied(),
            low: first(&|index| self.band(index).0 > most),
            high: first(&|index| self.band(index).1 > most),
        }
    }

    /// Mean of min(duration, `horizon`): the area under the curve up to the horizon. Variance Σ Aᵢ² dᵢ / (nᵢ (nᵢ − dᵢ)) over the event times up to the
    /// horizon, with Aᵢ the area from there to the horizon (Irwin 1949; Klein & Moeschberger 2003, eq. 4.5.2).
    ///
    /// Beyond the last duration the curve counts as flat; a horizon that is negative or no number counts as 0.
    pub fn restricted_mean(&self, horizon: f64) -> RestrictedMean {
        let horizon = horizon.max(0.0);
        let (mut right, mut area, mut variance) = (horizon, 0.0, 0.0);
        for index in (0..self.time.partition_point(|time| *time <= horizon)).rev() {
            area += self.survival[index] * (right - self.time[index]);
            right = self.time[index];
            let (events, at_risk) = (self.event_count[index], self.at_risk[index]);
            // As in `step`: crumbs do not stay.
            if at_risk - events > SHARE_TOLERANCE * at_risk {
                variance += area * area * events / (at_risk * (at_risk - events));
            }
        }
        let mean = area + right;
        let standard_error = variance.sqrt();
        let half = self.confidence.multiplier() * standard_error;
        RestrictedMean { horizon, mean, standard_error, low: (mean - half).max(0.0), high: (mean + half).min(horizon) }
    }

    /// Mean of the durations that ended in an event; `None` without events. It is too short wherever rows are censored.
    pub fn finished_mean(&self) -> Option<f64> {
        let total: f64 = self.time.iter().zip(&self.event_count).map(|(time, events)| time * events).sum();
        (self.events > 0.0).then(|| total / self.events)
    }

    /// Median of the durations that ended in an event, the mean of the middle two where their number is even; `None` without events.
    pub fn finished_median(&self) -> Option<f64> {
        let half = 0.5 * self.events;
        let mut seen = 0.0;
        for (index, (&time, &events)) in self.time.iter().zip(&self.event_count).enumerate() {
            seen += events;
            if seen > half {
                return Some(time);
            }
            if seen == half {
                return Some(0.5 * (time + self.time.get(index + 1).copied().unwrap_or(time)));
            }
        }
        self.time.last().copied()
    }
}

/// The curve and its variance after each time.
#[inline(never)]
fn curve(events: &[f64], at_risk: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut curve, mut variances) = (vec![0.0; events.len()], vec![0.0; events.len()]);
    let (mut survival, mut variance) = (1.0, 0.0);
    let numbers = events.iter().zip(at_risk);
    for ((events, at_risk), (of_curve, of_variance)) in numbers.zip(curve.iter_mut().zip(&mut variances)) {
        let (hazard, stay, at_risk) = step(*events, *at_risk);
        // Greenwood's sum as a recursion: it needs no division by the number that stays, which may be 0.
        variance = stay * stay * variance + survival * survival * hazard * stay / at_risk;
        survival *= stay;
        (*of_curve, *of_variance) = (survival, variance);
    }
    (curve, variances)
}

/// Share that leaves and share that stays where `events` of `at_risk` leave, and `at_risk`.
#[inline(always)]
pub(super) fn step(events: f64, at_risk: f64) -> (f64, f64, f64) {
    let hazard = events / at_risk;
    // Weights that are no whole numbers leave crumbs where all at risk have left.
    if 1.0 - hazard <= SHARE_TOLERANCE { (1.0, 0.0, at_risk) } else { (hazard, 1.0 - hazard, at_risk) }
}

/// Interval of a share on the log(-log) scale (Kalbfleisch & Prentice 1980); `None` at 0 and 1, where the scale ends.
pub(super) fn log_log_interval(share: f64, standard_error: f64, confidence: Confidence) -> Option<(f64, f64)> {
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let log = libm::log(share);
    let factor = libm::exp(-confidence.multiplier() * standard_error / (share * log));
    if !factor.is_finite() {
        return Some((0.0, 1.0));
    }
    Some((libm::exp(log * factor), libm::exp(log / factor)))
}
