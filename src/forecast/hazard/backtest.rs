//! The model of hazards as it would have stood at past instants, judged by what came of the deals that were open then.

use super::model::{Hazards, Known};
use super::snapshots::{Snapshots, by_deal, density, end};
use super::{HORIZONS, Past};
use crate::bulk::Floats;
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::discrimination::{
    ReliabilityGroup, area_under_curve, brier, calibration_line, log_loss, reliability, weighted_mean,
};
use crate::stats::intervals::Confidence;
use crate::stats::order::sorted_rows;
use crate::time::DAY_MS;
use serde::Serialize;

/// Days ahead of each past instant that are judged.
const JUDGED_DAYS: f64 = HORIZONS[1];
const ORIGINS: usize = 6;
const MOST_SNAPSHOTS: f64 = 60_000.0;
/// Deals of the rate of all that a stage's own rate is held by.
const STAGE_ROWS: f64 = 20.0;

/// How the wins within 60 days of past instants were foreseen, all instants together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HazardTest {
    /// The instants (ms), oldest first. Each is forecast from what was known then.
    pub origins: Floats,
    /// Days ahead.
    pub days: f64,
    /// Open deals judged (weighted); a deal that was open at several instants counts at each.
    pub n: f64,
    /// Share of them that was won in time.
    pub observed: f64,
    /// Mean probability that they were given.
    pub predicted: f64,
    /// Area under the ROC curve; its interval takes the judged for independent.
    pub auc: Option<Estimate>,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// 1 − log-loss / log-loss of the share that older snapshots show, with its interval by deal.
    pub skill_against_rate: Estimate,
    /// The same against that share per stage.
    pub skill_against_stage_rate: Estimate,
    /// Intercept of the outcome on the log-odds given; 0 is perfect.
    pub calibration_intercept: Option<f64>,
    /// Slope of the same; 1 is perfect.
    pub calibration_slope: Option<f64>,
    /// Ten groups by probability.
    pub reliability: Vec<ReliabilityGroup>,
}

/// The test at up to six instants, 60 days apart, the last of them 60 days before `as_of` (ms); `None` where no model could be learnt by then. With it the last
/// model.
///
/// # Errors
/// None that data can cause.
pub(super) fn backtest(
    past: &Past<'_>,
    as_of: f64,
    columns: &[usize],
    confidence: Confidence,
    progress: &mut dyn FnMut(f64),
) -> Result<(Option<HazardTest>, Option<Hazards>)> {
    let Past { deals, passages, .. } = past;
    let now = as_of + 1.0;
    let mut ends = vec![(f64::INFINITY, 0); deals.len()];
    for (deal, stays) in by_deal(passages) {
        ends[deal] = end(deals, passages, deal, &stays, now).unwrap_or((f64::INFINITY, 0));
    }
    let won_in_time = |deal: u32, at: f64| {
        let (end, how) = ends[deal as usize];
        f64::from(u8::from(how == 1 && end < at + JUDGED_DAYS * DAY_MS))
    };
    let instant = |back: usize| now - back as f64 * JUDGED_DAYS * DAY_MS;
    let mut last: Option<Hazards> = None;
    let mut origins = Vec::new();
    let (mut outcome, mut given, mut weights, mut by_rate, mut by_stage, mut judged) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for back in (1..=ORIGINS).rev() {
        let done = (ORIGINS - back) as f64 / ORIGINS as f64;
        let at = instant(back);
        let density = density(deals, passages, at, MOST_SNAPSHOTS);
        let part = &mut |share: f64| progress(done + share / ORIGINS as f64);
        let Some((hazards, _)) = past.learnt(at, density, Known::All(columns), last.as_ref(), part)? else { continue };
        // What the past of that instant shows without a model: deals open 60, 120, … days before it.
        let stages = passages.stages.len() + 1;
        let (mut n, mut wins) = (vec![0.0; stages], vec![0.0; stages]);
        for older in back + 1..=back + ORIGINS {
            let older_at = instant(older);
            let open = Snapshots::open_at(deals, passages, older_at);
            for (deal, stage) in open.deal.iter().zip(&open.stage) {
                n[*stage as usize] += deals.weight[*deal as usize];
                wins[*stage as usize] += deals.weight[*deal as usize] * won_in_time(*deal, older_at);
            }
        }
        let (seen, seen_wins): (f64, f64) = (n.iter().sum(), wins.iter().sum());
        if seen <= 0.0 {
            continue;
        }
        // Half a win and half a loss keep the logarithm finite.
        let base = (seen_wins + 0.5) / (seen + 1.0);
        let stage_rate = |stage: u32| (wins[stage as usize] + STAGE_ROWS * base) / (n[stage as usize] + STAGE_ROWS);
        origins.push(at);
        let open = Snapshots::open_at(deals, passages, at);
        hazards.paths(&open, &mut |row, path| {
            outcome.push(won_in_time(open.deal[row], at));
            given.push(path.at(JUDGED_DAYS).won);
            weights.push(deals.weight[open.deal[row] as usize]);
            by_rate.push(base);
            by_stage.push(stage_rate(open.stage[row]));
            judged.push(open.deal[row]);
        })?;
        last = Some(hazards);
    }
    let n: f64 = weights.iter().sum();
    if n <= 0.0 {
        return Ok((None, last));
    }
    let mean = |value: &dyn Fn(usize) -> f64| weighted_mean(&weights, value);
    let order = sorted_rows(judged.len(), &mut |a, b| judged[a].cmp(&judged[b]));
    let own_loss = mean(&|i| log_loss(outcome[i], given[i]));
    let skill = |other: &[f64]| {
        let gain = |i: usize| log_loss(outcome[i], other[i]) - log_loss(outcome[i], given[i]);
        let (other_loss, mean_gain) = (mean(&|i| log_loss(outcome[i], other[i])), mean(&gain));
        let mut squares = 0.0;
        for same in order.chunk_by(|a, b| judged[*a] == judged[*b]) {
            let sum: f64 = same.iter().map(|&i| gain(i) - mean_gain).sum();
            squares += weights[same[0]] * sum * sum;
        }
        let half = confidence.multiplier() * squares.sqrt() / n;
        let of = |gain: f64| gain / other_loss;
        Estimate { value: of(mean_gain), low: of(mean_gain - half), high: of(mean_gain + half), n }
    };
    let line = calibration_line(&outcome, &given, &weights);
    let test = HazardTest {
        origins: Floats(origins),
        days: JUDGED_DAYS,
        n,
        observed: mean(&|i| outcome[i]),
        predicted: mean(&|i| given[i]),
        auc: area_under_curve(&outcome, &given, &weights, confidence),
        log_loss: own_loss,
        brier: mean(&|i| brier(outcome[i], given[i])),
        skill_against_rate: skill(&by_rate),
        skill_against_stage_rate: skill(&by_stage),
        calibration_intercept: line.map(|line| line.0),
        calibration_slope: line.map(|line| line.1),
        reliability: reliability(&outcome, &given, &weights, 10, confidence),
    };
    Ok((Some(test), last))
}
