//! Survival estimates in the shape of the result, in days.

use super::Settings;
use crate::bulk::Floats;
use crate::stats::survival::{CauseIncidence, Quantile, Survival};
use serde::Serialize;

fn band(survival: &Survival, indices: &[usize]) -> (Floats, Floats) {
    let (low, high) = indices.iter().map(|index| survival.band(*index)).unzip();
    (Floats(low), Floats(high))
}

/// Age in days by which a share has left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DurationQuantile {
    /// Share that has left.
    pub p: f64,
    /// Days; `None` where the curve never gets there.
    pub days: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

/// Mean of min(duration, horizon) in days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DurationRestrictedMean {
    /// The horizon used: the one asked for, but not beyond the last duration while some are still there.
    pub horizon_days: f64,
    /// The mean.
    pub days: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// A Kaplan–Meier curve. The bulk fields have one entry per distinct event time, or evenly chosen ones of them where there are more than 2,000: the
/// values there are exact, and `event_count` counts since the entry before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SurvivalCurve {
    /// Durations (weighted).
    pub n: f64,
    /// Those that ended.
    pub events: f64,
    /// Those that were cut off by `as_of`.
    pub censored: f64,
    /// Event times in days.
    pub time_days: Floats,
    /// At risk just before each.
    pub at_risk: Floats,
    /// Events.
    pub event_count: Floats,
    /// Share that stays longer.
    pub survival: Floats,
    /// Greenwood's standard error.
    pub standard_error: Floats,
    /// Lower end of the log(-log) interval.
    pub low: Floats,
    /// Upper end.
    pub high: Floats,
    /// At 25, 50, 75 and 90 %.
    pub quantiles: Vec<DurationQuantile>,
    /// Restricted mean.
    pub restricted_mean: DurationRestrictedMean,
    /// Share that is still there where observation ends.
    pub at_end: f64,
    /// Largest duration in days.
    pub last_days: f64,
    /// Plain mean of the finished durations, which leaves out the open ones.
    pub finished_mean_days: Option<f64>,
    /// Plain median of the finished durations.
    pub finished_median_days: Option<f64>,
}

/// Aalen–Johansen curves of the competing causes, at the times of the [`SurvivalCurve`] beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incidence {
    /// Event times in days.
    pub time_days: Floats,
    /// One per cause.
    pub causes: Vec<CauseCurve>,
    /// Share that has not left: with the incidences it sums to 1.
    pub remaining: Floats,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseCurve {
    /// `won`, `lost`, `hold`, `closed`; a kind of move, `next`, `skip`, `back` or `again`; or a move by its target, `stage:<name>`.
    pub cause: String,
    /// Events (weighted).
    pub events: f64,
    /// Share that has left by the cause.
    pub incidence: Floats,
    /// Its standard error (Greenwood type, as `survfit` gives).
    pub standard_error: Floats,
    /// Lower end of the log(-log) interval.
    pub low: Floats,
    /// Upper end.
    pub high: Floats,
    /// Share where observation ends.
    #[serde(rename = "final")]
    pub last: f64,
    /// Lower end of its interval.
    pub final_low: f64,
    /// Upper end of its interval.
    pub final_high: f64,
    /// Median days of those that leave by the cause.
    pub median_days_given: Option<f64>,
}

const MOST_POINTS: usize = 2_000;

/// Event times to show: all, or `most` of them evenly, the last included.
fn shown(times: usize, most: usize) -> Vec<usize> {
    if times <= most {
        return (0..times).collect();
    }
    (1..=most).map(|point| (point as u64 * times as u64 / most as u64) as usize - 1).collect()
}

fn take(values: &[f64], indices: &[usize]) -> Floats {
    Floats(indices.iter().map(|&index| values[index]).collect())
}

impl DurationQuantile {
    fn all(survival: &Survival) -> Vec<Self> {
        [0.25, 0.5, 0.75, 0.9].map(|p| DurationQuantile::new(survival, p)).into()
    }

    /// Age by which the share `p` has left.
    pub(super) fn new(survival: &Survival, p: f64) -> Self {
        survival.quantile(p).into()
    }
}

impl From<Quantile> for DurationQuantile {
    fn from(Quantile { p, value, low, high }: Quantile) -> Self {
        DurationQuantile { p, days: value, low, high }
    }
}

impl DurationRestrictedMean {
    pub(super) fn new(survival: &Survival, settings: &Settings) -> Self {
        let longest = if survival.at_end() > 0.0 { survival.last } else { f64::INFINITY };
        let mean = survival.restricted_mean(settings.horizon_days.unwrap_or(survival.last).min(longest));
        DurationRestrictedMean {
            horizon_days: mean.horizon,
            days: mean.mean,
            standard_error: mean.standard_error,
            low: mean.low,
            high: mean.high,
        }
    }
}

/// A duration in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DurationSummary {
    /// Durations (weighted).
    pub n: f64,
    /// Those that ended.
    pub events: f64,
    /// At 25, 50, 75 and 90 %.
    pub quantiles: Vec<DurationQuantile>,
    /// Restricted mean.
    pub restricted_mean: DurationRestrictedMean,
    /// Share that is still there where observation ends.
    pub at_end: f64,
    /// Largest duration in days.
    pub last_days: f64,
    /// Plain mean of the finished durations, which leaves out the open ones.
    pub finished_mean_days: Option<f64>,
    /// Plain median of the finished durations.
    pub finished_median_days: Option<f64>,
}

impl DurationSummary {
    /// Of `survival`, whose durations are days; `None` without durations.
    pub(super) fn new(survival: &Survival, settings: &Settings) -> Option<Self> {
        (survival.n > 0.0).then(|| DurationSummary {
            n: survival.n,
            events: survival.events,
            quantiles: DurationQuantile::all(survival),
            restricted_mean: DurationRestrictedMean::new(survival, settings),
            at_end: survival.at_end(),
            last_days: survival.last,
            finished_mean_days: survival.finished_mean(),
            finished_median_days: survival.finished_median(),
        })
    }
}

/// A Kaplan–Meier curve to draw: at most 200 of its event times, evenly chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SmallCurve {
    /// Event times in days.
    pub time_days: Floats,
    /// Share that stays longer.
    pub survival: Floats,
    /// Lower end of the log(-log) interval.
    pub low: Floats,
    /// Upper end.
    pub high: Floats,
}

impl SmallCurve {
    /// The curve of `survival`.
    pub(super) fn new(survival: &Survival) -> Self {
        let shown = shown(survival.time.len(), 200);
        SmallCurve {
            time_days: take(&survival.time, &shown),
            survival: take(&survival.survival, &shown),
            low: band(survival, &shown).0,
            high: band(survival, &shown).1,
        }
    }
}

impl SurvivalCurve {
    /// The curve of `survival`, whose durations are days.
    pub(super) fn new(survival: &Survival, settings: &Settings) -> Self {
        let shown = shown(survival.time.len(), MOST_POINTS);
        let mut next = 0;
        let event_count = shown
            .iter()
            .map(|&index| {
                let since = survival.event_count[next..=index].iter().sum();
                next = index + 1;
                since
            })
            .collect();
        SurvivalCurve {
            n: survival.n,
            events: survival.events,
            censored: survival.censored,
            time_days: take(&survival.time, &shown),
            at_risk: take(&survival.at_risk, &shown),
            event_count: Floats(event_count),
            survival: take(&survival.survival, &shown),
            standard_error: Floats(shown.iter().map(|index| survival.standard_error(*index)).collect()),
            low: band(survival, &shown).0,
            high: band(survival, &shown).1,
            quantiles: DurationQuantile::all(survival),
            restricted_mean: DurationRestrictedMean::new(survival, settings),
            at_end: survival.at_end(),
            last_days: survival.last,
            finished_mean_days: survival.finished_mean(),
            finished_median_days: survival.finished_median(),
        }
    }
}

/// A cause of [`Incidence`]: its name, and which causes of the estimate make it up.
pub(super) struct Cause {
    pub name: String,
    pub of: Vec<usize>,
}

impl Incidence {
    /// The curves of `causes`, which share no cause of the estimate.
    pub(super) fn new(survival: &Survival, causes: &[Cause]) -> Self {
        let shown = shown(survival.time.len(), MOST_POINTS);
        let set_of = |cause: usize| causes.iter().position(|set| set.of.contains(&cause));
        let curves = survival.incidences_of(causes.len(), &set_of);
        let curve =
            |(cause, curve): (&Cause, CauseIncidence)| CauseCurve::new(survival, cause.name.clone(), &curve, &shown);
        Incidence {
            time_days: take(&survival.time, &shown),
            remaining: take(&survival.survival, &shown),
            causes: causes.iter().zip(curves).map(curve).collect(),
        }
    }

    /// The same where `known` are the curves of `of_known`: those of the same causes of the estimate are not computed again.
    pub(super) fn new_beside(survival: &Survival, causes: &[Cause], known: &Incidence, of_known: &[Cause]) -> Self {
        let curve = |cause: &Cause| {
            let place = of_known.iter().position(|other| other.of == cause.of)?;
            Some(CauseCurve { cause: cause.name.clone(), ..known.causes.get(place)?.clone() })
        };
        match causes.iter().map(curve).collect() {
            None => Incidence::new(survival, causes),
            Some(causes) => {
                Incidence { time_days: known.time_days.clone(), remaining: known.remaining.clone(), causes }
            }
        }
    }
}

impl CauseCurve {
    fn new(survival: &Survival, cause: String, curve: &CauseIncidence, shown: &[usize]) -> Self {
        let (mut low, mut high) = (Vec::with_capacity(shown.len()), Vec::with_capacity(shown.len()));
        for &index in shown {
            let at = survival.share_estimate(curve.incidence[index], curve.standard_error[index]);
            low.push(at.low);
            high.push(at.high);
        }
        CauseCurve {
            cause,
            events: curve.events,
            incidence: take(&curve.incidence, shown),
            standard_error: take(&curve.standard_error, shown),
            low: Floats(low),
            high: Floats(high),
            last: curve.last,
            final_low: curve.last_low,
            final_high: curve.last_high,
            median_days_given: curve.median_given,
        }
    }
}
