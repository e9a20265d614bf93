//! The shape of the forecast.

use super::{Arrivals, BackTest, PipelineOptions, Slipped};
use crate::bulk::{Floats, Indices};
use crate::meta::Meta;
use crate::time::{Calendar, Period};
use serde::Serialize;

/// What the draws gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// One draw in ten lies below.
    pub p10: f64,
    /// One draw in four lies below.
    pub p25: f64,
    /// Half of the draws lie below.
    pub p50: f64,
    /// Three draws in four lie below.
    pub p75: f64,
    /// Nine draws in ten lie below.
    pub p90: f64,
    /// Mean of the draws.
    pub mean: f64,
}

impl Band {
    /// Of `draws` with `known` added to each; zeros without draws. A quantile is the smallest draw that the share of draws does not exceed.
    pub(super) fn of(draws: &[f64], known: f64) -> Band {
        let mut sorted = draws.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |p: f64| {
            let place = (p * sorted.len() as f64 - 1e-9).ceil() as usize;
            known + sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        let mean = known + draws.iter().sum::<f64>() / draws.len().max(1) as f64;
        Band { p10: at(0.1), p25: at(0.25), p50: at(0.5), p75: at(0.75), p90: at(0.9), mean }
    }

    /// Whether `value` lies from P10 to P90.
    pub(super) fn holds(&self, value: f64) -> bool {
        self.p10 <= value && value <= self.p90
    }
}

/// An amount, and the number of deals that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Part {
    /// Deals won (weighted); those that are expected to be.
    pub wins: f64,
    /// Sum of their known amounts.
    pub amount: f64,
}

/// The exact distribution of the number of open deals won in a period, shocks apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WinCounts {
    /// The smallest count with a probability above nothing.
    pub first: f64,
    /// Probability of `first`, `first` + 1, ….
    pub probability: Floats,
    /// Its median.
    pub median: f64,
}

/// One period to come, or all of them together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeriodForecast {
    /// Won already.
    pub closed: Part,
    /// Expected from deals that are open.
    pub open: Part,
    /// Expected from deals that are not created yet.
    pub new: Part,
    /// Amount won in the end; `None` where no deal has an amount.
    pub amount: Option<Band>,
    /// Number of wins in the end.
    pub wins: Band,
    /// Amount of this period and those before it, from the first on. Quantiles of a sum are no sums of quantiles.
    pub amount_so_far: Option<Band>,
    /// Wins of the same.
    pub wins_so_far: Band,
    /// Share of the draws that reach the quota, which for all periods together is the sum of their quotas; `None` without one.
    pub quota_chance: Option<f64>,
    /// The same if the largest open deal were lost.
    pub quota_chance_without_largest: Option<f64>,
    /// Amount if the largest open deal were lost; `None` where there is none.
    pub amount_without_largest: Option<Band>,
    /// How many of the open deals are won in this period; `None` for all periods together and where weights stand for more than a million deals.
    pub open_wins: Option<WinCounts>,
}

/// An open deal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LargestDeal {
    /// Identifier.
    pub id: String,
    /// Row of the deals table.
    pub row: u32,
    /// Amount.
    pub amount: f64,
    /// Probability of a win by the end of the last period.
    pub probability: f64,
}

/// Deals without an amount: they count as deals and add nothing to amounts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WithoutAmount {
    /// Open ones (weighted).
    pub open: f64,
    /// Won ones.
    pub won: f64,
    /// Rows of the open ones in the deals table, as many as are listed.
    pub rows: Indices,
    /// Their identifiers.
    pub ids: Vec<String>,
}

/// Past periods as they came out, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PastPeriods {
    /// First local day of each, counted from 1970-01-01.
    pub start_day: Floats,
    /// Deals won.
    pub won: Floats,
    /// Sum of their known amounts.
    pub amount: Floats,
}

/// Where the times of wins come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WinTimesFrom {
    /// The incidence of wins by age of the deal, the same for all deals of one age.
    Cycle,
    /// The same with each deal's odds multiplied by what the model of closed deals says.
    CycleAndModel,
    /// The model of hazards by week: each deal's stage, times and attributes.
    Hazard,
}

/// The forecast. Shape and units are those of `PipelineResult` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineResult {
    /// Provenance. The rows used are deals with usable dates.
    pub meta: Meta<PipelineOptions>,
    /// What a period is.
    pub period: Period,
    /// The calendar that it is of.
    pub calendar: Calendar,
    /// First local day of each period, counted from 1970-01-01, and at the end the day after the last one.
    pub start_day: Floats,
    /// The periods, the current one first.
    pub periods: Vec<PeriodForecast>,
    /// All of them together.
    pub total: PeriodForecast,
    /// What came before, at most 24 periods.
    pub past: PastPeriods,
    /// Open deals: how many, and their known amounts.
    pub open: Part,
    /// Deals without an amount.
    pub without_amount: WithoutAmount,
    /// The open deal with the largest amount; `None` where no open deal has one.
    pub largest: Option<LargestDeal>,
    /// Open deals that should have closed.
    pub slipped: Slipped,
    /// What new deals are expected from.
    pub arrivals: Arrivals,
    /// Where the times of wins come from.
    pub win_times: WinTimesFrom,
    /// Standard deviation of what moves the log-odds of all deals together, learnt from the tests.
    pub shock: f64,
    /// The tests on past periods; `None` where the records are too short or too few deals were won.
    pub backtest: Option<BackTest>,
}
