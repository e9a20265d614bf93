//! Aalen–Johansen cumulative incidence of one of several competing causes.

use super::kaplan_meier::{SHARE_TOLERANCE, log_log_interval, step};
use super::{Ends, EventTable, Quantile, SEVERAL, Survival};
use crate::meta::Estimate;
use crate::stats::intervals::{Confidence, wilson};

/// Aalen–Johansen estimate (1978) of the share that has left by one cause, by age.
#[derive(Debug, Clone)]
pub struct CauseIncidence {
    /// Events (weighted) of the cause.
    pub events: f64,
    /// Share that has left by the cause, per event time of [`Survival::time`].
    pub incidence: Vec<f64>,
    /// Its standard error: the Greenwood-type variance (Andersen, Borgan, Gill & Keiding 1993, section IV.4), which is also the
    /// delta-method variance of Gaynor et al. (1993) and what `survfit` of R's survival package gives.
    pub standard_error: Vec<f64>,
    /// Share where observation ends.
    pub last: f64,
    /// Lower end of its log(-log) interval; at 0 and 1 Wilson's for none and all of [`Survival::n`].
    pub last_low: f64,
    /// Upper end.
    pub last_high: f64,
    /// Age by which half of those that ever leave by the cause have left; `None` where none do.
    pub median_given: Option<f64>,
}

/// An incidence up to some time: the covariance matrix of (S, F) is moved through (S, F) ↦ (S (1 − h), F + S hₖ) with the binomial variance of (h, hₖ) added.
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    share: f64,
    covariance: f64,
    variance: f64,
}

impl Running {
    /// Moves on through a time at which `events` of the cause happen; `variance_s` is the variance of S before it, and `added` is S² / n.
    #[inline(always)]
    fn step(&mut self, events: f64, (before, stay, at_risk): (f64, f64, f64), variance_s: f64, added: f64) {
        let part = events / at_risk;
        if part > 0.0 {
            let rest = if part < 1.0 { 1.0 - part } else { 0.0 };
            self.variance += 2.0 * part * self.covariance + part * part * variance_s + added * part * rest;
            let share = self.share + before * part;
            self.share = if share < 1.0 { share } else { 1.0 };
        }
        self.covariance = stay * (self.covariance + part * variance_s - added * part);
    }

    #[inline(always)]
    fn standard_error(&self) -> f64 {
        if self.variance > 0.0 { self.variance.sqrt() } else { 0.0 }
    }
}

/// The incidence of some causes up to a time, by the recursions of [`Survival`] and its incidences without keeping the curves.
struct Followed {
    running: Running,
    survival: f64,
    variance_s: f64,
    /// How many of the events at times of several causes have been passed.
    mixed: usize,
}

impl Followed {
    const START: Followed = Followed {
        running: Running { share: 0.0, covariance: 0.0, variance: 0.0 },
        survival: 1.0,
        variance_s: 0.0,
        mixed: 0,
    };

    /// Moves on through the event times in `range`. `of` says of each cause, from 0 on, whether it counts.
    #[inline(never)]
    fn through(&mut self, range: std::ops::Range<usize>, of: &[bool], events: Events<'_>) {
        let Events { event_count, at_risk, cause, mixed } = events;
        let counts = |cause: u32| of.get(cause as usize) == Some(&true);
        let numbers = event_count.iter().zip(at_risk).zip(cause).enumerate();
        for (index, ((events, at_risk), cause)) in numbers.take(range.end).skip(range.start) {
            let mut here = if counts(*cause) { *events } else { 0.0 };
            if *cause == SEVERAL {
                while let Some(ends) = mixed.get(self.mixed).filter(|ends| ends.index as usize <= index) {
                    here += if ends.index as usize == index && counts(ends.cause) { ends.events } else { 0.0 };
                    self.mixed += 1;
                }
            }
            let (hazard, stay, at_risk) = step(*events, *at_risk);
            let added = self.survival * self.survival / at_risk;
            self.running.step(here, (self.survival, stay, at_risk), self.variance_s, added);
            self.variance_s = stay * stay * self.variance_s + added * hazard * stay;
            self.survival *= stay;
        }
    }
}

/// What happened at each event time.
#[derive(Clone, Copy)]
struct Events<'a> {
    event_count: &'a [f64],
    at_risk: &'a [f64],
    cause: &'a [u32],
    mixed: &'a [Ends],
}

/// Share that has left by `cause` where observation ends, with its interval.
pub(super) fn outcome(table: &EventTable, cause: u32, confidence: Confidence) -> Estimate {
    let EventTable { event_count, at_risk, cause: causes, mixed, .. } = table;
    let of: Vec<bool> = (0..=cause).map(|other| other == cause).collect();
    let mut followed = Followed::START;
    followed.through(0..event_count.len(), &of, Events { event_count, at_risk, cause: causes, mixed });
    let Followed { running, .. } = followed;
    share_estimate(running.share, running.standard_error(), table.events + table.censored, confidence)
}

/// A curve while it grows.
struct Curve {
    /// Events at the present time.
    here: f64,
    events: f64,
    running: Running,
    incidence: Vec<f64>,
    standard_error: Vec<f64>,
}

impl Survival {
    /// Cumulative incidence of `cause` (1 is the first): Σ S(t−) dₖ / n over the event times. At every time the incidences of all causes and the
    /// curve sum to 1. A cause that never occurs, or that there is none of, has incidence 0.
    pub fn incidence(&self, cause: usize) -> CauseIncidence {
        self.incidence_of(&|other| other == cause)
    }

    /// Whether `cause` (1 is the first) ended any duration.
    pub fn occurs(&self, cause: usize) -> bool {
        cause.checked_sub(1).and_then(|cause| self.occurs.get(cause)).is_some_and(|occurs| *occurs)
    }

    /// Events (weighted) of `cause`.
    pub fn events_of(&self, cause: usize) -> f64 {
        let alone = self.event_count.iter().zip(&self.cause).filter(|(_, of)| **of as usize == cause);
        let among = self.mixed.iter().filter(|ends| ends.cause as usize == cause);
        alone.map(|(events, _)| events).chain(among.map(|ends| &ends.events)).sum()
    }

    /// Cumulative incidence of the causes for which `is_one` holds, taken together.
    pub fn incidence_of(&self, is_one: &dyn Fn(usize) -> bool) -> CauseIncidence {
        let curve = self.followed(1, &|cause| if is_one(cause) { Some(0) } else { None }).pop();
        // There is one curve per set.
        curve.unwrap_or_else(|| Curve::new(0)).finished(self)
    }

    /// Cumulative incidences of sets of causes in one pass: cause `k` (1 is the first) belongs to the set `set_of(k)`, if that is below `sets`.
    pub fn incidences_of(&self, sets: usize, set_of: &dyn Fn(usize) -> Option<usize>) -> Vec<CauseIncidence> {
        self.followed(sets, set_of).into_iter().map(|curve| curve.finished(self)).collect()
    }

    fn followed(&self, sets: usize, set_of: &dyn Fn(usize) -> Option<usize>) -> Vec<Curve> {
        let times = self.time.len();
        let mut curves: Vec<Curve> = (0..sets).map(|_| Curve::new(times)).collect();
        let set_of: Vec<usize> = (1..=self.occurs.len()).map(|cause| set_of(cause).unwrap_or(usize::MAX)).collect();
        let set_of = |cause: u32| set_of.get((cause as usize).wrapping_sub(1)).copied().unwrap_or(usize::MAX);
        let mut mixed = self.mixed.iter().peekable();
        let (mut before, mut variance_s) = (1.0, 0.0);
        for index in 0..times {
            if self.cause[index] != SEVERAL {
                if let Some(curve) = curves.get_mut(set_of(self.cause[index])) {
                    curve.here = self.event_count[index];
                }
            } else {
                while let Some(ends) = mixed.next_if(|ends| ends.index as usize == index) {
                    if let Some(curve) = curves.get_mut(set_of(ends.cause)) {
                        curve.here += ends.events;
                    }
                }
            }
            let (hazard, stay, at_risk) = self.step(index);
            let added = before * before / at_risk;
            for curve in &mut curves {
                curve.running.step(curve.here, (before, stay, at_risk), variance_s, added);
                curve.events += curve.here;
                curve.here = 0.0;
                curve.incidence.push(curve.running.share);
                curve.standard_error.push(curve.running.standard_error());
            }
            variance_s = stay * stay * variance_s + added * hazard * stay;
            before = self.survival[index];
        }
        curves
    }

    /// Shares that have left by the causes for which `is_one` holds up to each of `ages`, which ascend: what [`Survival::incidence_estimate`] gives of their
    /// incidence, without the curve.
    pub fn shares_by(&self, is_one: &dyn Fn(usize) -> bool, ages: &[f64]) -> Vec<Estimate> {
        let of: Vec<bool> = (0..=self.occurs.len()).map(|cause| cause > 0 && is_one(cause)).collect();
        let Survival { event_count, at_risk, cause, mixed, .. } = self;
        let (mut followed, mut from) = (Followed::START, 0);
        let share = |age: &f64| {
            let until = self.time.partition_point(|time| time <= age);
            followed.through(from..until, &of, Events { event_count, at_risk, cause, mixed });
            from = until;
            self.share_estimate(followed.running.share, followed.running.standard_error())
        };
        ages.iter().map(share).collect()
    }

    /// Share that has left by `cause` up to age `t`, with its log(-log) interval; at 0 and 1 Wilson's for none and all of `n`.
    pub fn incidence_at(&self, cause: usize, t: f64) -> Estimate {
        let curve = self.incidence(cause);
        self.incidence_estimate(&curve, t)
    }

    /// The same of a curve of [`Survival::incidence_of`].
    pub fn incidence_estimate(&self, curve: &CauseIncidence, t: f64) -> Estimate {
        match self.time.partition_point(|time| *time <= t).checked_sub(1) {
            None => self.share_estimate(0.0, 0.0),
            Some(index) => self.share_estimate(curve.incidence[index], curve.standard_error[index]),
        }
    }

    /// Age by which the share `p` of those that leave by `cause` while any are watched have left; `curve` is the incidence of that cause. `None` where none leave by it.
    ///
    /// The interval holds the ages at which F(t) / F(τ) = `p` is not rejected, τ being where observation ends. The ratio has the delta-method variance of the two
    /// incidences: F(τ) = F(t) + S(t) A with A, the incidence from t on of those still there, independent of what came before, so that Cov(F(t), F(τ)) is
    /// Var F(t) + A Cov(S(t), F(t)). The scale is log(-log) of the share of those that leave later, as of [`Survival::quantile`], which this is where nothing is
    /// censored and the rows that leave otherwise are left out.
    pub fn quantile_given(&self, cause: usize, curve: &CauseIncidence, p: f64) -> Option<Quantile> {
        let of_end = curve.standard_error.last().map(|error| error * error).filter(|_| curve.last > 0.0)?;
        let most = 1.0 - p + SHARE_TOLERANCE;
        let mut found = Quantile { p, value: None, low: None, high: None };
        // Where all have left the scale has ended: the upper end stays, or is that of none of all where it never began.
        let mut above = wilson(0.0, curve.events, self.confidence).map_or(1.0, |none| none.high);
        let mut at_risk_variance = 0.0;
        let (mut running, mut before) = (Running::default(), 1.0);
        let mut mixed = self.mixed.iter().peekable();
        for (index, &time) in self.time.iter().enumerate() {
            let mut here = if self.cause[index] as usize == cause { self.event_count[index] } else { 0.0 };
            while let Some(ends) = mixed.next_if(|ends| self.cause[index] == SEVERAL && ends.index as usize == index) {
                here += if ends.cause as usize == cause { ends.events } else { 0.0 };
            }
            let (hazard, stay, at_risk) = self.step(index);
            let added = before * before / at_risk;
            running.step(here, (before, stay, at_risk), at_risk_variance, added);
            at_risk_variance = stay * stay * at_risk_variance + added * hazard * stay;
            before = self.survival[index];
            if here <= 0.0 {
                continue;
            }
            let share = (running.share / curve.last).min(1.0);
            let ahead = if before > 0.0 { ((curve.last - running.share) / before).clamp(0.0, 1.0) } else { 0.0 };
            let with_end = running.variance + ahead * running.covariance;
            let variance = running.variance - 2.0 * share * with_end + share * share * of_end;
            let later = if share < 1.0 - SHARE_TOLERANCE { 1.0 - share } else { 0.0 };
            let (low, high) =
                log_log_interval(later, variance.max(0.0).sqrt() / curve.last, self.confidence).unwrap_or((0.0, above));
            above = high;
            for (age, end) in [(&mut found.low, low), (&mut found.value, later), (&mut found.high, high)] {
                if age.is_none() && end <= most {
                    *age = Some(time);
                }
            }
            if found.high.is_some() {
                break;
            }
        }
        Some(found)
    }

    /// `share` with its log(-log) interval from its standard error; at 0 and 1 Wilson's for none and all of `n`.
    pub fn share_estimate(&self, share: f64, standard_error: f64) -> Estimate {
        share_estimate(share, standard_error, self.n, self.confidence)
    }
}

fn share_estimate(share: f64, standard_error: f64, n: f64, confidence: Confidence) -> Estimate {
    // Beside 1 the scale turns crumbs of rounding into any interval.
    let inside = (share < 1.0 - 1e-12).then(|| log_log_interval(share, standard_error, confidence)).flatten();
    let (low, high) = inside.unwrap_or_else(|| {
        let all = if share > 0.5 { n } else { 0.0 };
        wilson(all, n, confidence).map_or((0.0, 1.0), |estimate| (estimate.low, estimate.high))
    });
    Estimate { value: share, low, high, n }
}

impl Curve {
    fn new(times: usize) -> Self {
        Curve {
            here: 0.0,
            events: 0.0,
            running: Running::default(),
            incidence: Vec::with_capacity(times),
            standard_error: Vec::with_capacity(times),
        }
    }

    fn finished(self, survival: &Survival) -> CauseIncidence {
        let Curve { running, events, incidence, standard_error, .. } = self;
        let last = survival.share_estimate(running.share, running.standard_error());
        let half = incidence.iter().position(|at| *at > 0.0 && *at >= 0.5 * running.share - 1e-12);
        CauseIncidence {
            events,
            last: running.share,
            last_low: last.low,
            last_high: last.high,
            median_given: half.and_then(|index| survival.time.get(index).copied()),
            incidence,
            standard_error,
        }
    }
}
