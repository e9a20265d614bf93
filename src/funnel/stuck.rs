//! Deals that have been where they are for longer than nine of ten winners were, and how often such deals are still won.

use super::cycle::CycleRows;
use super::grouping::Grouping;
use super::groups::{FEW, name_of};
use super::stages::Stays;
use super::{Settings, Used};
use crate::crm::{Crm, Deals, Outcome, Passages};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
use crate::stats::order::sort_rows;
use crate::stats::survival::SurvivalState;
use serde::Serialize;

/// Stuck deals and what they are measured by.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stuck {
    /// From which age on a deal is stuck.
    pub thresholds: Vec<StuckThreshold>,
    /// Stuck deals (weighted).
    pub count: f64,
    /// Sum of their known amounts.
    pub value: f64,
    /// Those whose amount is not known.
    pub without_value: f64,
    /// Open deals (weighted) whose stage has no threshold.
    pub unjudged: f64,
    /// The first of them: those that are the furthest beyond their threshold, as a multiple of it, come first.
    pub deals: Vec<StuckDeal>,
}

/// The 90th percentile of the stays of deals that were won later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StuckThreshold {
    /// Stage; `None` for the whole cycle, where there is no stage history.
    pub stage: Option<String>,
    /// Group; `None` for all deals. Only groups of at least 30 such stays have a threshold of their own.
    pub group: Option<String>,
    /// The threshold.
    pub days: f64,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Stays (weighted) it is learnt from.
    pub n: f64,
}

/// An open deal beyond its threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StuckDeal {
    /// Identifier.
    pub id: String,
    /// Row of the deals table.
    pub row: u32,
    /// Stage; `None` where there is no stage history.
    pub stage: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Group, where deals are grouped and the group is shown.
    pub group: Option<String>,
    /// Amount.
    pub amount: Option<f64>,
    /// Days in the stage so far.
    pub age_days: f64,
    /// The threshold that it is beyond.
    pub threshold_days: f64,
    /// Probability that a deal that is still here after `won_after_days` is won in the end (Aalen–Johansen from that age on); `None` where no such deal has
    /// ended yet.
    pub won: Option<Estimate>,
    /// The age that `won` is about: the largest one that was computed and is not beyond the age of the deal.
    pub won_after_days: f64,
}

/// Fewer stays of winners than this give no threshold.
const TOO_FEW: f64 = 10.0;
/// Ages at which the probability of a win is computed, as multiples of the least threshold of the stage.
const LANDMARKS: [f64; 8] = [1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0];

/// Stays in one place, and when the deals that stay there end.
pub(super) struct Place {
    stage: Option<String>,
    deal: Vec<u32>,
    /// Days of the stay, from when it was watched, and until the end of the deal (or `as_of`).
    stay: Vec<f64>,
    entry: Vec<f64>,
    end: Vec<f64>,
    is_here: Vec<bool>,
    weight: Vec<f64>,
}

impl Place {
    /// The stays in a stage.
    pub fn of_stage(name: &str, stays: &Stays, passages: &Passages, deals: &Deals, crm: &Crm) -> Self {
        let end = |row: usize| {
            let deal = stays.deal[row] as usize;
            let end = if is_open(deals.outcome[deal]) { crm.as_of } else { deals.closed[deal] };
            let days = crm.time.elapsed_ms(passages.entered[stays.row[row] as usize], end) / crm.time.day_ms();
            // An outcome whose time is not known, or that precedes the stay, tells at least that the stay was.
            days.max(stays.durations[row])
        };
        Place {
            stage: Some(name.to_owned()),
            deal: stays.deal.clone(),
            stay: stays.durations.clone(),
            entry: stays.entries.clone(),
            end: (0..stays.deal.len()).map(end).collect(),
            is_here: stays.causes.iter().map(|cause| *cause == 0).collect(),
            weight: stays.weights.clone(),
        }
    }

    /// The whole cycle as one stay.
    pub fn of_cycle(rows: &CycleRows) -> Self {
        Place {
            stage: None,
            deal: rows.deal.clone(),
            stay: rows.durations.clone(),
            entry: vec![0.0; rows.deal.len()],
            end: rows.durations.clone(),
            is_here: rows.causes.iter().map(|cause| *cause == 0).collect(),
            weight: rows.weights.clone(),
        }
    }

    fn threshold(
        &self,
        winners: &[usize],
        group: Option<String>,
        settings: &Settings,
    ) -> Result<Option<StuckThreshold>> {
        let days: Vec<f64> = winners.iter().map(|row| self.stay[*row]).collect();
        let entries: Vec<f64> = winners.iter().map(|row| self.entry[*row]).collect();
        let weights: Vec<f64> = winners.iter().map(|row| self.weight[*row]).collect();
        let mut state = SurvivalState::new(1);
        state.update(&days, Some(&entries), &vec![1; winners.len()], Some(&weights))?;
        let survival = state.finish(settings.confidence);
        let most = survival.quantile(0.9);
        let least = if group.is_some() { FEW } else { TOO_FEW };
        let days = most.value.filter(|_| survival.n >= least);
        Ok(days.map(|days| StuckThreshold {
            stage: self.stage.clone(),
            group,
            days,
            low: most.low,
            high: most.high,
            n: survival.n,
        }))
    }

    /// Probability of a win in the end of deals that are still here after `age` days.
    fn won_after(&self, age: f64, deals: &Deals, settings: &Settings) -> Result<Option<Estimate>> {
        let (mut days, mut entries, mut causes, mut weights) = (vec![], vec![], vec![], vec![]);
        for row in (0..self.deal.len()).filter(|row| self.stay[*row] > age) {
            days.push(self.end[row] - age);
            entries.push((self.entry[row] - age).max(0.0));
            causes.push(match deals.outcome[self.deal[row] as usize] {
                Outcome::Open | Outcome::Hold => 0,
                Outcome::Won => 1,
                Outcome::Lost | Outcome::Closed => 2,
            });
            weights.push(self.weight[row]);
        }
        let mut state = SurvivalState::new(2);
        state.update(&days, Some(&entries), &causes, Some(&weights))?;
        let survival = state.finish(settings.confidence);
        let won = survival.incidence(1);
        Ok(match survival.events {
            ended if ended <= 0.0 => None,
            // Open deals do not make it surer that none is won.
            ended if won.events <= 0.0 => wilson(0.0, ended, settings.confidence),
            _ => Some(Estimate { value: won.last, low: won.last_low, high: won.last_high, n: survival.n }),
        })
    }
}

fn is_open(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Open | Outcome::Hold)
}

/// A stuck deal before it is known whether it is shown.
struct Found {
    place: usize,
    row: usize,
    threshold: f64,
}

/// The stuck deals of `places`; at most `most` are listed.
pub(super) fn stuck(
    places: &[Place],
    deals: &Deals,
    used: &Used,
    grouping: Option<&Grouping>,
    most: usize,
    settings: &Settings,
) -> Result<Stuck> {
    let mut result = Stuck::default();
    let mut found: Vec<Found> = Vec::new();
    let mut least = vec![f64::INFINITY; places.len()];
    let groups = grouping.map_or(0, |grouping| grouping.names.len());
    for (index, place) in places.iter().enumerate() {
        let has_won = |row: &usize| {
            let deal = place.deal[*row] as usize;
            used.is_selected(deal) && deals.outcome[deal] == Outcome::Won && !place.is_here[*row]
        };
        let winners: Vec<usize> = (0..place.deal.len()).filter(has_won).collect();
        let of_all = place.threshold(&winners, None, settings)?;
        let mut by_group: Vec<Option<f64>> = vec![None; groups];
        if let Some(grouping) = grouping {
            let mut rows = vec![Vec::new(); groups];
            for row in &winners {
                if let Some(group) = grouping.of(place.deal[*row] as usize) {
                    rows[group].push(*row);
                }
            }
            for (group, rows) in rows.iter().enumerate() {
                let name = Some(grouping.names[group].clone().unwrap_or_default());
                let threshold = place.threshold(rows, name, settings)?;
                by_group[group] = threshold.as_ref().map(|threshold| threshold.days);
                result.thresholds.extend(threshold);
            }
        }
        for row in (0..place.deal.len()).filter(|row| place.is_here[*row]) {
            let deal = place.deal[row] as usize;
            if !used.is_selected(deal) || !is_open(deals.outcome[deal]) {
                continue;
            }
            let of_group = grouping.and_then(|grouping| by_group[grouping.of(deal)?]);
            match of_group.or(of_all.as_ref().map(|threshold| threshold.days)) {
                None => result.unjudged += place.weight[row],
                Some(threshold) if place.stay[row] > threshold => {
                    least[index] = least[index].min(threshold);
                    let (weight, amount) = (place.weight[row], deals.amount[deal]);
                    result.count += weight;
                    if amount.is_finite() {
                        result.value += weight * amount;
                    } else {
                        result.without_value += weight;
                    }
                    found.push(Found { place: index, row, threshold });
                }
                Some(_) => {}
            }
        }
        result.thresholds.extend(of_all);
    }
    // Thresholds of nothing are possible: any age is beyond all multiples of them.
    let excess = |found: &Found| {
        let age = places[found.place].stay[found.row];
        if found.threshold > 0.0 { age / found.threshold } else { f64::INFINITY }
    };
    let mut order: Vec<usize> = (0..found.len()).collect();
    sort_rows(&mut order, &mut |a, b| {
        let row = |at: usize| deals.row[places[found[at].place].deal[found[at].row] as usize];
        excess(&found[b]).total_cmp(&excess(&found[a])).then_with(|| row(a).cmp(&row(b)))
    });
    order.truncate(most);
    let mut known: Vec<[Option<Option<Estimate>>; LANDMARKS.len()]> = vec![[None; LANDMARKS.len()]; places.len()];
    for at in order {
        let Found { place: index, row, threshold } = found[at];
        let place = &places[index];
        let age = place.stay[row];
        let landmark = LANDMARKS.iter().rposition(|times| times * least[index] < age).unwrap_or(0);
        let won_after_days = LANDMARKS[landmark] * least[index];
        let won = match known[index][landmark] {
            Some(won) => won,
            None => *known[index][landmark].insert(place.won_after(won_after_days, deals, settings)?),
        };
        let deal = place.deal[row] as usize;
        result.deals.push(StuckDeal {
            id: deals.id.get(deal).unwrap_or_default().to_owned(),
            row: deals.row[deal],
            stage: place.stage.clone(),
            owner: deals.owner.get(deal).map(String::from),
            group: name_of(grouping, deal),
            amount: Some(deals.amount[deal]).filter(|amount| amount.is_finite()),
            age_days: age,
            threshold_days: threshold,
            won,
            won_after_days,
        });
    }
    Ok(result)
}
