//! Deals that have been where they are for longer than nine of ten winners were, and how often such deals are still won.

use super::grouping::Grouping;
use super::groups::{FEW, name_of};
use super::{Settings, Weights};
use crate::crm::{Crm, Deals, Durations, Outcome};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
use crate::stats::order::sort_rows;
use crate::stats::survival::{Survival, SurvivalState};
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

/// A stage, or the whole cycle, with the durations there.
pub(super) struct Place<'a> {
    pub stage: Option<&'a str>,
    pub durations: &'a Durations,
}

/// What stuck deals are found with.
pub(super) struct Finder<'a> {
    pub crm: &'a Crm,
    pub deals: &'a Deals,
    pub weights: &'a Weights<'a>,
    pub grouping: Option<&'a Grouping>,
    pub settings: &'a Settings,
    /// Those of the same deals by another grouping.
    pub before: Option<&'a Stuck>,
}

impl Finder<'_> {
    fn threshold(&self, place: &Place<'_>, survival: &Survival, group: Option<String>) -> Option<StuckThreshold> {
        let most = survival.quantile(0.9);
        let least = if group.is_some() { FEW } else { TOO_FEW };
        Some(StuckThreshold {
            stage: place.stage.map(String::from),
            group,
            days: most.value.filter(|_| survival.n >= least)?,
            low: most.low,
            high: most.high,
            n: survival.n,
        })
    }

    /// Thresholds of all deals, those of `before` if there are any, and of each group: of the stays of deals that were won later.
    fn thresholds(&self, place: &Place<'_>) -> (Option<StuckThreshold>, Vec<Option<StuckThreshold>>) {
        let won = place.durations.of_won(self.deals);
        let confidence = self.settings.confidence;
        let of_all = match self.before {
            Some(before) => {
                let is_here = |of: &&StuckThreshold| of.group.is_none() && of.stage.as_deref() == place.stage;
                before.thresholds.iter().find(is_here).cloned()
            }
            None => self.threshold(place, &self.weights.estimate(won, 1, confidence), None),
        };
        let by_group = self.grouping.map_or_else(Vec::new, |grouping| {
            let groups = grouping.names.len();
            let mut thresholds = Vec::with_capacity(groups);
            let parts = grouping.parts(won, self.weights, |cause| cause);
            won.sorted.each_group(groups, 1, confidence, &parts, &mut |estimate| {
                let name = grouping.names.get(thresholds.len()).cloned().flatten();
                thresholds.push(self.threshold(place, &estimate, Some(name.unwrap_or_default())));
            });
            thresholds
        });
        (of_all, by_group)
    }

    /// Probability of a win in the end of deals that are still here after each of `ages`.
    fn won_after(&self, place: &Place<'_>, ages: &[f64]) -> Result<Vec<Option<Estimate>>> {
        let Place { durations, stage } = place;
        let least = ages.iter().copied().fold(f64::INFINITY, f64::min);
        let stays = durations.sorted.durations();
        let entries = durations.sorted.entries();
        let first = stays.partition_point(|stay| *stay <= least);
        let end = |at: usize| {
            let deal = durations.deal[at] as usize;
            let end = if is_open(self.deals.outcome[deal]) { self.crm.as_of } else { self.deals.closed[deal] };
            let start = match (&self.crm.passages, stage) {
                (Some(passages), Some(_)) => passages.entered[durations.row[at] as usize],
                _ => self.deals.created[deal],
            };
            let days = self.crm.time.elapsed_ms(start, end) / self.crm.time.day_ms();
            // An outcome whose time is not known, or that precedes the stay, tells at least that the stay was.
            days.max(stays[at])
        };
        let places: Vec<usize> =
            (first..stays.len()).filter(|at| self.weights.part(durations, *at).is_some()).collect();
        let ends: Vec<f64> = places.iter().map(|at| end(*at)).collect();
        let won_after = |age: &f64| -> Result<Option<Estimate>> {
            let mut state = SurvivalState::new(2);
            let (mut days, mut watched, mut causes, mut weights) = (vec![], vec![], vec![], vec![]);
            for (at, end) in places.iter().zip(&ends).filter(|(at, _)| stays[**at] > *age) {
                days.push(end - age);
                watched.push((entries[*at] - age).max(0.0));
                let deal = durations.deal[*at] as usize;
                causes.push(match self.deals.outcome[deal] {
                    Outcome::Open | Outcome::Hold => 0,
                    Outcome::Won => 1,
                    Outcome::Lost | Outcome::Closed => 2,
                });
                weights.push(self.deals.weight[deal]);
            }
            state.update(&days, Some(&watched), &causes, Some(&weights))?;
            let survival = state.finish(self.settings.confidence);
            let won = survival.incidence(1);
            Ok(match survival.events {
                ended if ended <= 0.0 => None,
                // Open deals do not make it surer that none is won.
                ended if won.events <= 0.0 => wilson(0.0, ended, self.settings.confidence),
                _ => Some(Estimate { value: won.last, low: won.last_low, high: won.last_high, n: survival.n }),
            })
        };
        ages.iter().map(won_after).collect()
    }
}

fn is_open(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Open | Outcome::Hold)
}

/// A stuck deal before it is known whether it is shown.
struct Found {
    place: usize,
    deal: usize,
    age: f64,
    threshold: f64,
}

impl Found {
    /// Age as a multiple of the threshold. Thresholds of nothing are possible: any age is beyond all multiples of them.
    fn excess(&self) -> f64 {
        if self.threshold > 0.0 { self.age / self.threshold } else { f64::INFINITY }
    }
}

/// The stuck deals of `places`; at most `most` are listed.
pub(super) fn stuck(finder: &Finder<'_>, places: &[Place<'_>], most: usize) -> Result<Stuck> {
    let Finder { deals, grouping, weights, .. } = finder;
    let mut result = Stuck::default();
    let mut found: Vec<Found> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let durations = place.durations;
        let (of_all, by_group) = finder.thresholds(place);
        for at in durations.still_open(deals).iter().map(|at| *at as usize) {
            let deal = durations.deal[at] as usize;
            let Some(part) = weights.part(durations, at) else { continue };
            let of_group = grouping.and_then(|grouping| by_group.get(grouping.of(deal)?)?.as_ref());
            let Some(threshold) = of_group.or(of_all.as_ref()).map(|threshold| threshold.days) else {
                result.unjudged += part.weight;
                continue;
            };
            let age = durations.sorted.durations()[at];
            if age > threshold {
                result.count += part.weight;
                match deals.amount[deal] {
                    amount if amount.is_finite() => result.value += part.weight * amount,
                    _ => result.without_value += part.weight,
                }
                found.push(Found { place: index, deal, age, threshold });
            }
        }
        result.thresholds.extend(by_group.into_iter().flatten());
        result.thresholds.extend(of_all);
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    sort_rows(&mut order, &mut |a, b| {
        let (a, b) = (&found[a], &found[b]);
        b.excess().total_cmp(&a.excess()).then_with(|| deals.row[a.deal].cmp(&deals.row[b.deal]))
    });
    order.truncate(most);
    let mut ages: Vec<Vec<f64>> = vec![Vec::new(); places.len()];
    for found in &found {
        let least = ages[found.place].first().copied().unwrap_or(f64::INFINITY);
        ages[found.place] = vec![least.min(found.threshold)];
    }
    // Only the ages that the listed deals need.
    let landmark = |ages: &[Vec<f64>], found: &Found| {
        let least = ages[found.place].first().copied().unwrap_or(0.0);
        let times = LANDMARKS.iter().rev().find(|times| **times * least < found.age).copied().unwrap_or(1.0);
        times * least
    };
    let mut needed: Vec<Vec<f64>> = vec![Vec::new(); places.len()];
    for found in order.iter().map(|at| &found[*at]) {
        let age = landmark(&ages, found);
        if !needed[found.place].contains(&age) {
            needed[found.place].push(age);
        }
    }
    let mut won: Vec<Vec<Option<Estimate>>> = Vec::with_capacity(places.len());
    for (place, ages) in places.iter().zip(&needed) {
        won.push(if ages.is_empty() { Vec::new() } else { finder.won_after(place, ages)? });
    }
    for found in order.into_iter().map(|at| &found[at]) {
        let won_after_days = landmark(&ages, found);
        let known = needed[found.place].iter().position(|age| *age == won_after_days);
        let deal = found.deal;
        result.deals.push(StuckDeal {
            id: deals.id.get(deal).unwrap_or_default().to_owned(),
            row: deals.row[deal],
            stage: places[found.place].stage.map(String::from),
            owner: deals.owner.get(deal).map(String::from),
            group: name_of(*grouping, deal),
            amount: Some(deals.amount[deal]).filter(|amount| amount.is_finite()),
            age_days: found.age,
            threshold_days: found.threshold,
            won: known.and_then(|known| won[found.place].get(known).copied().flatten()),
            won_after_days,
        });
    }
    Ok(result)
}
