//! Every open deal with what a list of them is sorted, searched and explained by, in columns: a hundred thousand of them cross to the page at once.

use super::features::value_text;
use super::model::{Fitted, Scores};
use super::pipeline::Curve;
use super::{DAY_MS, Reason};
use crate::bulk::{Floats, Indices};
use crate::crm::Deals;
use crate::error::Result;
use crate::stats::order::reordered;
use crate::table::Texts;
use serde::Serialize;

/// Every open deal, in the order of the deals table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenDeals {
    /// Row of the deals table.
    pub row: Indices,
    /// Probability of being won; NaN where no deal has been closed yet, so that nothing is known about any.
    pub probability: Floats,
    /// Lower end of its interval.
    pub low: Floats,
    /// Upper end of its interval.
    pub high: Floats,
    /// Identifier.
    pub id: Vec<String>,
    /// Amount; NaN where missing.
    pub amount: Floats,
    /// Days since creation at `as_of`; NaN where unknown.
    pub age_days: Floats,
    /// When it is won if it is, by the age of the deal alone.
    pub close_window: WinWindow,
    /// Place of its stage in `stages`, [`u32::MAX`] without one.
    pub stage: Indices,
    /// Place of its owner in `owners`, [`u32::MAX`] without one.
    pub owner: Indices,
    /// Names of stages.
    pub stages: Vec<String>,
    /// Names of owners.
    pub owners: Vec<String>,
    /// Three per deal: places in `reason_columns` of what moves its score most, the strongest first; [`u32::MAX`] for none.
    pub reason: Indices,
    /// Three per deal: their log-odds against the average open deal.
    pub contribution: Floats,
    /// Columns of the model.
    pub reason_columns: Vec<String>,
}

/// Days after `as_of` by which 10, 50 and 90 % of the wins of deals of the same age have come (Aalen–Johansen, carried on by constant hazards); NaN
/// where that is unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WinWindow {
    /// First tenth.
    pub p10: Floats,
    /// Half.
    pub p50: Floats,
    /// Last tenth.
    pub p90: Floats,
}

/// Reasons that are listed for every deal.
const STRONGEST: usize = 3;

/// The open deals `open` with their probabilities and ends of intervals, and what moves their scores away from `average`.
pub(super) fn open_deals(
    deals: &Deals,
    open: &[usize],
    as_of: f64,
    probabilities: &[(f64, f64, f64)],
    explained: Option<(&Fitted, &Scores)>,
    average: &[f64],
) -> Result<OpenDeals> {
    let floats = |value: &dyn Fn(usize) -> f64| Floats(open.iter().map(|&row| value(row)).collect());
    let part = |part: fn(&(f64, f64, f64)) -> f64| Floats(probabilities.iter().map(part).collect());
    let codes =
        |texts: &Texts| Indices(open.iter().map(|&row| texts.codes.get(row).copied().unwrap_or(u32::MAX)).collect());
    let names = |texts: &Texts| texts.levels.iter().map(str::to_owned).collect();
    let (mut reason, mut contribution, mut reason_columns) = (Vec::new(), Vec::new(), Vec::new());
    if let Some((fitted, scores)) = explained {
        for place in 0..open.len() {
            let left = fitted.contributions(scores, place, average);
            if place == 0 {
                reason_columns = left.iter().map(|(_, column, _)| (*column).to_owned()).collect();
            }
            let mut left: Vec<f64> = left.iter().map(|(.., moved)| *moved).collect();
            strongest(&mut left, &mut reason, &mut contribution);
        }
    }
    let curve = Curve::of(deals, as_of)?;
    let windows: Vec<[f64; 3]> =
        open.iter().map(|&row| curve.as_ref().map_or([f64::NAN; 3], |curve| curve.window(deals, row))).collect();
    let by = |part: usize| Floats(windows.iter().map(|window| window[part]).collect());
    Ok(OpenDeals {
        row: Indices(open.iter().map(|&row| deals.row[row]).collect()),
        probability: part(|p| p.0),
        low: part(|p| p.1),
        high: part(|p| p.2),
        id: open.iter().map(|&row| deals.id.get(row).unwrap_or_default().to_owned()).collect(),
        amount: floats(&|row| deals.amount[row]),
        age_days: floats(&|row| (as_of - deals.created[row]) / DAY_MS),
        close_window: WinWindow { p10: by(0), p50: by(1), p90: by(2) },
        stage: codes(&deals.stage),
        owner: codes(&deals.owner),
        stages: names(&deals.stage),
        owners: names(&deals.owner),
        reason: Indices(reason),
        contribution: Floats(contribution),
        reason_columns,
    })
}

/// Adds the places and sizes of the three contributions that move a score most, the strongest first; [`u32::MAX`] for none.
pub(super) fn strongest(left: &mut [f64], reason: &mut Vec<u32>, contribution: &mut Vec<f64>) {
    for _ in 0..STRONGEST {
        let mut found = (u32::MAX, 0.0);
        for (at, moved) in left.iter().enumerate() {
            if f64::abs(*moved) > f64::abs(found.1) {
                found = (at as u32, *moved);
            }
        }
        if let Some(taken) = left.get_mut(found.0 as usize) {
            *taken = 0.0;
        }
        reason.push(found.0);
        contribution.push(found.1);
    }
}

/// What moves the score of scored row `place`, which is deal `row`, away from `average`, the strongest first.
pub(super) fn reasons(
    deals: &Deals,
    row: usize,
    fitted: &Fitted,
    scores: &Scores,
    place: usize,
    average: &[f64],
) -> Vec<Reason> {
    let found = fitted.contributions(scores, place, average).into_iter().map(|(attribute, column, contribution)| {
        Reason { column: column.to_owned(), value: value_text(&deals.attributes[attribute].values, row), contribution }
    });
    reordered(found.collect(), &mut |a: &Reason, b| b.contribution.abs().total_cmp(&a.contribution.abs()))
}
