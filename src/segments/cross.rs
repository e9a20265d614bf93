//! Segments seen from the deals: how often they are won, how long they take, whose they are and where they come from.

use super::{SegmentsOf, SegmentsResult};
use crate::crm::{Attribute, Crm, Deals, Exit, Outcome};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::order::sorted_rows;
use crate::stats::survival::SurvivalState;
use crate::table::{Levels, Texts, Values};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// A median duration in days, open deals censored. `None` where the curve never gets there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MedianDays {
    /// Kaplan–Meier median.
    pub days: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Deals or stays (weighted) it rests on.
    pub n: f64,
}

/// The deals of one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentDeals {
    /// Deals (weighted).
    pub deals: f64,
    /// Won ones.
    pub won: f64,
    /// Lost ones.
    pub lost: f64,
    /// Won of won and lost, with Wilson's interval; `None` without either.
    pub win_rate: Option<Estimate>,
    /// Sum of the known amounts of won deals.
    pub won_amount: f64,
    /// Sum of the known amounts of open deals.
    pub open_amount: f64,
    /// Creation to close; `None` where no deal has the dates.
    pub cycle: Option<MedianDays>,
}

/// One value of a column, by segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossRow {
    /// The value.
    pub value: String,
    /// Deals of each segment.
    pub deals: Vec<f64>,
    /// Won ones of each.
    pub won: Vec<f64>,
    /// Lost ones of each.
    pub lost: Vec<f64>,
}

/// Stays in one stage, by segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossStage {
    /// The stage.
    pub stage: String,
    /// Median of each segment; `None` where it has no stay.
    pub median: Vec<Option<MedianDays>>,
}

/// Segments by deals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cross {
    /// Per segment.
    pub segments: Vec<SegmentDeals>,
    /// Deals (weighted) whose customer is in no segment, or that name none.
    pub without_segment: f64,
    /// Open stages in funnel order; empty without a stage history.
    pub stages: Vec<CrossStage>,
    /// The owners with the most deals, at most 20.
    pub owners: Vec<CrossRow>,
    /// The sources with the most deals, at most 20.
    pub sources: Vec<CrossRow>,
}

const LISTED: usize = 20;

/// Segment of each deal of `crm`, by its customer or, where deals were segmented, by itself; `u32::MAX` for those of none. `None` where deals
/// and segments have nothing in common.
pub fn segment_of_deals(crm: &Crm, result: &SegmentsResult) -> Option<Vec<u32>> {
    place_of_deals(crm, result.of, &result.ids).map(|places| segments_at(&places, result))
}

/// Position in `ids` of the customer of each deal, or of the deal itself; `u32::MAX` where it is none of them. `None` where no deal has one.
pub(super) fn place_of_deals(crm: &Crm, of: SegmentsOf, ids: &[String]) -> Option<Vec<u32>> {
    let deals = crm.deals.as_ref()?;
    let customer = || deals.attributes.iter().find(|attribute| attribute.role.as_deref() == Some("customer_id"));
    let of_deals = match of {
        SegmentsOf::Deals => Cow::Borrowed(&deals.id),
        SegmentsOf::Orders | SegmentsOf::Customers | SegmentsOf::Accounts => match &customer()?.values {
            Values::Texts(texts) => Cow::Borrowed(texts),
            Values::Numbers(numbers) => {
                let texts = numbers.iter().map(|number| (!number.is_nan()).then(|| number.to_string()));
                Cow::Owned(texts.collect())
            }
            Values::Instants(_) => return None,
        },
    };
    let place_of: HashMap<&str, u32> = ids.iter().map(String::as_str).zip(0..).collect();
    let of_level: Vec<u32> = of_deals.levels.iter().map(|id| place_of.get(id).copied().unwrap_or(u32::MAX)).collect();
    let places: Vec<u32> =
        of_deals.codes.iter().map(|&code| of_level.get(code as usize).copied().unwrap_or(u32::MAX)).collect();
    places.iter().any(|&place| place != u32::MAX).then_some(places)
}

/// The segment of each of `places`.
pub(super) fn segments_at(places: &[u32], result: &SegmentsResult) -> Vec<u32> {
    places.iter().map(|&place| result.labels.0.get(place as usize).copied().unwrap_or(u32::MAX)).collect()
}

/// Makes the segments a column of the deals, named `segment` and with that role, whose values are the keys of the segments: other analyses can
/// filter and group by it. The column of an earlier result is replaced. Whether any deal has a segment.
pub fn attach(crm: &mut Crm, result: &SegmentsResult) -> bool {
    let of_deals = segment_of_deals(crm, result);
    attach_column(crm, of_deals, result)
}

pub(super) fn attach_column(crm: &mut Crm, of_deals: Option<Vec<u32>>, result: &SegmentsResult) -> bool {
    let Some(deals) = crm.deals.as_mut() else { return false };
    deals.attributes.retain(|attribute| attribute.role.as_deref() != Some(ROLE));
    let Some(codes) = of_deals else { return false };
    let levels: Levels = result.segments.iter().map(|segment| segment.key.as_str()).collect();
    let values = Values::Texts(Texts { codes, levels });
    deals.attributes.push(Attribute { name: ROLE.into(), role: Some(ROLE.into()), values });
    true
}

/// Name and role of the column that [`attach`] makes.
pub const ROLE: &str = "segment";

/// The deals, whose customers are at `places`, by segment.
///
/// # Errors
/// Those of the estimators, which do not occur here.
pub(super) fn cross(crm: &Crm, result: &SegmentsResult, places: Option<&[u32]>) -> Result<Option<Cross>> {
    let (Some(deals), Some(places)) = (&crm.deals, places) else { return Ok(None) };
    let of_deals = segments_at(places, result);
    let k = result.segments.len();
    let day = crm.time.day_ms();
    let mut cycles = vec![SurvivalState::new(1); k];
    let mut sums = vec![[0.0; 5]; k];
    let mut without_segment = 0.0;
    for (row, &segment) in of_deals.iter().enumerate() {
        let weight = deals.weight[row];
        let Some(sum) = sums.get_mut(segment as usize) else {
            without_segment += weight;
            continue;
        };
        let amount = if deals.amount[row].is_nan() { 0.0 } else { weight * deals.amount[row] };
        let outcome = deals.outcome[row];
        sum[0] += weight;
        match outcome {
            Outcome::Won => (sum[1], sum[3]) = (sum[1] + weight, sum[3] + amount),
            Outcome::Lost => sum[2] += weight,
            Outcome::Open | Outcome::Hold => sum[4] += amount,
            Outcome::Closed => {}
        }
        let is_open = matches!(outcome, Outcome::Open | Outcome::Hold);
        let end = if is_open { crm.as_of } else { deals.closed[row] };
        let duration = crm.time.elapsed_ms(deals.created[row], end) / day;
        if duration >= 0.0 {
            cycles[segment as usize].update(&[duration], None, &[u32::from(!is_open)], Some(&[weight]))?;
        }
    }
    let confidence = Confidence::new(0.95)?;
    let segments = sums.iter().zip(cycles).map(|(&[deals, won, lost, won_amount, open_amount], cycle)| SegmentDeals {
        deals,
        won,
        lost,
        win_rate: wilson(won, won + lost, confidence),
        won_amount,
        open_amount,
        cycle: median(cycle, confidence),
    });
    Ok(Some(Cross {
        segments: segments.collect(),
        without_segment,
        stages: stages(crm, deals, &of_deals, k, confidence)?,
        owners: rows(deals, &deals.owner, &of_deals, k),
        sources: match deals.attributes.iter().find(|attribute| attribute.role.as_deref() == Some("source")) {
            Some(Attribute { values: Values::Texts(texts), .. }) => rows(deals, texts, &of_deals, k),
            _ => Vec::new(),
        },
    }))
}

fn median(state: SurvivalState, confidence: Confidence) -> Option<MedianDays> {
    let survival = state.finish(confidence);
    let half = survival.quantile(0.5);
    (survival.n > 0.0).then_some(MedianDays { days: half.value, low: half.low, high: half.high, n: survival.n })
}

fn stages(crm: &Crm, deals: &Deals, of_deals: &[u32], k: usize, confidence: Confidence) -> Result<Vec<CrossStage>> {
    let Some(passages) = &crm.passages else { return Ok(Vec::new()) };
    let mut stays = vec![SurvivalState::new(1); passages.stages.len() * k];
    let day = crm.time.day_ms();
    for row in 0..passages.len() {
        let deal = passages.deal[row] as usize;
        let segment = of_deals.get(deal).copied().unwrap_or(u32::MAX) as usize;
        let entered = passages.entered[row];
        let duration = crm.time.elapsed_ms(entered, passages.exited[row]) / day;
        let entry = match passages.delayed_entry_of(row) {
            0.0 => 0.0,
            age => crm.time.elapsed_ms(entered, entered + age) / day,
        };
        if segment < k && duration >= 0.0 && entry >= 0.0 && (entry == 0.0 || entry < duration) {
            let ended = u32::from(passages.exit[row] != Exit::Censored);
            if let Some(stay) = stays.get_mut(passages.stage[row] as usize * k + segment) {
                stay.update(&[duration], Some(&[entry]), &[ended], Some(&[deals.weight[deal]]))?;
            }
        }
    }
    let mut stays = stays.into_iter();
    let of_stage = |stage: &String| CrossStage {
        stage: stage.clone(),
        median: stays.by_ref().take(k).map(|stay| median(stay, confidence)).collect(),
    };
    Ok(passages.stages.iter().map(of_stage).collect())
}

/// Deals by segment and value of `column`, the values with the most deals first, at most [`LISTED`].
fn rows(deals: &Deals, column: &Texts, of_deals: &[u32], k: usize) -> Vec<CrossRow> {
    let mut counts = vec![vec![[0.0; 3]; k]; column.levels.len()];
    let mut totals = vec![0.0; column.levels.len()];
    for (row, (&code, &segment)) in column.codes.iter().zip(of_deals).enumerate() {
        let Some(count) = counts.get_mut(code as usize).and_then(|counts| counts.get_mut(segment as usize)) else {
            continue;
        };
        let weight = deals.weight[row];
        totals[code as usize] += weight;
        count[0] += weight;
        match deals.outcome[row] {
            Outcome::Won => count[1] += weight,
            Outcome::Lost => count[2] += weight,
            Outcome::Open | Outcome::Hold | Outcome::Closed => {}
        }
    }
    let by_deals =
        |a: usize, b: usize| totals[b].total_cmp(&totals[a]).then_with(|| column.levels[a].cmp(&column.levels[b]));
    let order = sorted_rows(totals.len(), &mut |a, b| by_deals(a, b));
    let row = |at: usize| {
        let of = |what: usize| counts[at].iter().map(|count| count[what]).collect();
        CrossRow { value: column.levels[at].to_owned(), deals: of(0), won: of(1), lost: of(2) }
    };
    order.into_iter().filter(|&at| totals[at] > 0.0).take(LISTED).map(row).collect()
}
