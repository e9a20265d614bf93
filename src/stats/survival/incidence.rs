//! Aalen–Johansen cumulative incidence of one of several competing causes.

use super::Survival;
use super::kaplan_meier::log_log_interval;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;

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

impl Survival {
    /// Cumulative incidence of `cause` (1 is the first): Σ S(t−) dₖ / n over the event times. At every time the incidences of all causes and the
    /// curve sum to 1. A cause that never occurs, or that there is none of, has incidence 0.
    pub fn incidence(&self, cause: usize) -> CauseIncidence {
        self.incidence_of(&|other| other == cause)
    }

    /// Whether `cause` (1 is the first) ended any duration.
    pub fn occurs(&self, cause: usize) -> bool {
        cause.checked_sub(1).and_then(|cause| self.by_cause.get(cause)).is_some_and(|events| !events.is_empty())
    }

    /// Cumulative incidence of the causes for which `is_one` holds, taken together.
    pub fn incidence_of(&self, is_one: &dyn Fn(usize) -> bool) -> CauseIncidence {
        let times = self.time.len();
        let mut of_cause = vec![0.0; times];
        for (_, events) in (1..).zip(&self.by_cause).filter(|(cause, _)| is_one(*cause)) {
            for (at, events) in events {
                of_cause[*at as usize] += events;
            }
        }
        let mut incidence = Vec::with_capacity(times);
        let mut standard_error = Vec::with_capacity(times);
        let mut share = 0.0;
        let mut before = 1.0;
        // Covariance matrix of (S, F), moved through (S, F) ↦ (S (1 − h), F + S hₖ) with the binomial variance of (h, hₖ) added.
        let (mut variance_s, mut covariance, mut variance_f) = (0.0, 0.0, 0.0f64);
        for (index, events) in of_cause.iter().enumerate() {
            let (hazard, stay, at_risk) = self.step(index);
            let added = before * before / at_risk;
            let part = events / at_risk;
            if part > 0.0 {
                variance_f += 2.0 * part * covariance + part * part * variance_s + added * part * (1.0 - part).max(0.0);
                share = f64::min(share + before * part, 1.0);
            }
            covariance = stay * (covariance + part * variance_s - added * part);
            variance_s = stay * stay * variance_s + added * hazard * stay;
            before = self.survival[index];
            incidence.push(share);
            standard_error.push(libm::sqrt(variance_f.max(0.0)));
        }
        let last = self.share_estimate(share, standard_error.last().copied().unwrap_or(0.0));
        let half = incidence.iter().position(|at| *at > 0.0 && *at >= 0.5 * share - 1e-12);
        CauseIncidence {
            events: of_cause.iter().sum(),
            last: share,
            last_low: last.low,
            last_high: last.high,
            median_given: half.and_then(|index| self.time.get(index).copied()),
            incidence,
            standard_error,
        }
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

    /// `share` with its log(-log) interval from its standard error; at 0 and 1 Wilson's for none and all of `n`.
    pub fn share_estimate(&self, share: f64, standard_error: f64) -> Estimate {
        // Beside 1 the scale turns crumbs of rounding into any interval.
        let inside = (share < 1.0 - 1e-12).then(|| log_log_interval(share, standard_error, self.confidence)).flatten();
        let (low, high) = inside.unwrap_or_else(|| {
            let all = if share > 0.5 { self.n } else { 0.0 };
            wilson(all, self.n, self.confidence).map_or((0.0, 1.0), |estimate| (estimate.low, estimate.high))
        });
        Estimate { value: share, low, high, n: self.n }
    }
}
