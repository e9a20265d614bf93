//! How much the funnel brings per day, and which stage holds it up the most.

use super::cycle::Cycle;
use super::stages::StageResult;
use super::{OutcomeCounts, Used};
use crate::crm::{Deals, Outcome};
use crate::meta::Estimate;
use crate::stats::order::reordered;
use serde::Serialize;

/// Sales velocity: open deals × win rate × mean won amount ÷ mean cycle length.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Velocity {
    /// Open deals (weighted), those on hold included.
    pub open_deals: f64,
    /// Probability of a win (Aalen–Johansen).
    pub win_rate: Option<Estimate>,
    /// Mean of the known amounts of the deals won.
    pub mean_won_amount: Option<f64>,
    /// Deals won (weighted) whose amount is not known.
    pub won_without_amount: f64,
    /// Restricted mean of the cycle.
    pub cycle_days: f64,
    /// Amount per day.
    pub per_day: Option<f64>,
    /// What other tools show: with the win rate and the mean days of closed deals alone.
    pub plain: PlainVelocity,
}

/// Sales velocity from finished deals alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlainVelocity {
    /// Won of won and lost.
    pub win_rate: Option<Estimate>,
    /// Mean days of the deals won.
    pub cycle_days: Option<f64>,
    /// Amount per day.
    pub per_day: Option<f64>,
}

/// What a stage would give if deals stayed there no longer than in the best third of groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bottleneck {
    /// Stage.
    pub stage: String,
    /// Kaplan–Meier median of all stays.
    pub median_days: f64,
    /// Median of the medians of the best third of the groups that have at least 30 stays.
    pub best_third_days: f64,
    /// Groups that were compared.
    pub groups: u32,
    /// Days that a deal would save: the difference, as often as a deal stays here.
    pub saved_days_per_deal: f64,
    /// The same for all open deals.
    pub deal_days: f64,
    /// Amount per day that the shorter cycle would bring by sales velocity.
    pub per_day: Option<f64>,
}

/// Bottlenecks, the largest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bottlenecks {
    /// The column whose groups are compared.
    pub column: String,
    /// Stages that have groups to compare.
    pub stages: Vec<Bottleneck>,
}

/// Velocity of the selected deals; `None` without a cycle.
pub(super) fn velocity(deals: &Deals, used: &Used, counts: &OutcomeCounts, cycle: Option<&Cycle>) -> Option<Velocity> {
    let cycle = cycle?;
    let (mut won, mut value, mut without) = (0.0, 0.0, 0.0);
    let is_won = |deal: &usize| used.is_selected(*deal) && deals.outcome[*deal] == Outcome::Won;
    for deal in (0..deals.len()).filter(is_won) {
        let (weight, amount) = (deals.weight[deal], deals.amount[deal]);
        if amount.is_finite() {
            won += weight;
            value += weight * amount;
        } else {
            without += weight;
        }
    }
    let open_deals = counts.open + counts.hold;
    let mean_won_amount = (won > 0.0).then(|| value / won);
    let of_won = cycle.outcomes.causes.iter().find(|cause| cause.cause == "won");
    let win_rate =
        of_won.map(|won| Estimate { value: won.last, low: won.final_low, high: won.final_high, n: cycle.duration.n });
    let per_day = |win_rate: Option<Estimate>, days: Option<f64>| {
        let days = days.filter(|days| *days > 0.0)?;
        Some(open_deals * win_rate?.value * mean_won_amount? / days)
    };
    let cycle_days = cycle.duration.restricted_mean.days;
    Some(Velocity {
        open_deals,
        win_rate,
        mean_won_amount,
        won_without_amount: without,
        cycle_days,
        per_day: per_day(win_rate, Some(cycle_days)),
        plain: PlainVelocity {
            win_rate: cycle.won_share_of_closed,
            cycle_days: cycle.won_mean_days,
            per_day: per_day(cycle.won_share_of_closed, cycle.won_mean_days),
        },
    })
}

/// Fewer groups have no best third.
pub(super) const LEAST_GROUPS: usize = 3;

/// Bottlenecks by the medians of the groups in each stage; `None` where no stage has three groups to compare.
pub(super) fn bottlenecks(
    column: &str,
    medians: &[Vec<f64>],
    stages: &[StageResult],
    velocity: Option<&Velocity>,
) -> Option<Bottlenecks> {
    let deals = stages
        .iter()
        .filter_map(|stage| stage.conversion)
        .map(|conversion| conversion.reached.deals)
        .fold(0.0, f64::max);
    let mut found = Vec::new();
    for (stage, medians) in stages.iter().zip(medians) {
        let median = stage.duration.as_ref().and_then(|duration| duration.quantiles.get(1)?.days);
        let medians = reordered(medians.clone(), &mut |a: &f64, b: &f64| a.total_cmp(b));
        let (Some(median_days), true) = (median, medians.len() >= LEAST_GROUPS) else { continue };
        let best = &medians[..medians.len().div_ceil(3)];
        let best_third_days = 0.5 * (best[(best.len() - 1) / 2] + best[best.len() / 2]);
        let stays_per_deal = if deals > 0.0 { stage.passages / deals } else { 0.0 };
        let saved = (median_days - best_third_days).max(0.0) * stays_per_deal;
        let per_day = velocity.and_then(|velocity| {
            let left = velocity.cycle_days - saved;
            (left > 0.0).then_some(velocity.per_day? * saved / left)
        });
        found.push(Bottleneck {
            stage: stage.stage.clone(),
            median_days,
            best_third_days,
            groups: medians.len() as u32,
            saved_days_per_deal: saved,
            deal_days: saved * velocity.map_or(0.0, |velocity| velocity.open_deals),
            per_day,
        });
    }
    if found.is_empty() {
        return None;
    }
    let stages = reordered(found, &mut |a, b| b.saved_days_per_deal.total_cmp(&a.saved_days_per_deal));
    Some(Bottlenecks { column: column.into(), stages })
}
