//! What the model has to beat – the win rate, the rate of each stage, the CRM's own percentage – and how far off that percentage is.

use super::holdout::{Skill, skill};
use super::leakage::says_percentage;
use super::lift::{LiftGroup, lift, tied};
use super::thresholds::{Thresholds, thresholds};
use super::trained::Trained;
use crate::crm::{Crm, Deals, Outcome, Passages};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::discrimination::area_under_curve;
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::logistic::sigmoid;
use crate::table::Values;
use serde::Serialize;

/// Another source of probabilities for the tested deals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineKind {
    /// The share of won ones among the deals trained on, for everyone.
    BaseRate,
    /// The share of won ones among the deals trained on that were ever in the stage in which a tested deal stood when the test began, or in its first stage
    /// if it came later; drawn towards the base rate by the weight of one deal.
    StageRate,
    /// What the CRM says itself.
    CrmPercentage,
}

/// What a baseline is known from, or why it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineBasis {
    /// The deals trained on.
    Trained,
    /// The CRM's column has a percentage of each tested deal.
    Column,
    /// The CRM overwrites its percentage at the close, so that of the stage in which a deal stood stands for it: the mean over open deals there.
    StagePercentage,
    /// Not known: there is no stage history.
    NoStageHistory,
    /// Not known: there is no such column.
    NoColumn,
    /// Not known: the column is overwritten at the close, and there is no stage history.
    OverwrittenAtClose,
}

/// One thing to beat. Both scores are on the tested deals for which it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// Which.
    pub kind: BaselineKind,
    /// From what, or why not.
    pub basis: BaselineBasis,
    /// The model against it; `None` where it is not known for any tested deal.
    pub skill: Option<Skill>,
    /// Area under its ROC curve, with DeLong's interval; `None` where it gives everyone the same or is not known.
    pub auc: Option<Estimate>,
}

/// The test of the model from three more sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performance {
    /// Tenths of the tested deals, the most probable first; empty where none of them was won.
    pub lift: Vec<LiftGroup>,
    /// Right and wrong calls by threshold.
    pub thresholds: Thresholds,
    /// The base rate, the rate of the stage and the CRM's percentage.
    pub baselines: Vec<Baseline>,
}

/// What happened to deals of a stage, beside what the CRM says about them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRate {
    /// Name.
    pub stage: String,
    /// Share of won ones among the closed deals that were ever here, with Wilson's interval; `None` without a stage history.
    pub observed: Option<Estimate>,
    /// Open deals (weighted) that stand here.
    pub open: f64,
    /// Mean of the CRM's percentages over them, as a share; `None` where none has one.
    pub configured: Option<f64>,
}

/// The stages, in their order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRates {
    /// Column of the CRM's percentage.
    pub column: Option<String>,
    /// Whether closed deals hold 0 or 100 there: then it says how they ended, not what was expected.
    pub overwritten: bool,
    /// The stages.
    pub stages: Vec<StageRate>,
}

/// Share of closed deals whose percentage says how they ended above which the column is overwritten at the close.
const OVERWRITTEN: f64 = 0.1;
/// A CRM's percentages are whole: 0 and 100 stand for what rounds to them.
const ROUNDED: f64 = 0.005;
const GROUPS: usize = 10;
const NOWHERE: usize = usize::MAX;

/// The stage table, and the performance of the tested model of `trained`; `None` where none was tested.
///
/// # Errors
/// None that the encoders of the same attributes can cause.
pub(super) fn against_baselines(
    crm: &Crm,
    deals: &Deals,
    trained: &Trained,
    confidence: Confidence,
) -> Result<(StageRates, Option<Performance>)> {
    let percentages = Percentages::of(deals);
    let stages = Stages::of(deals, crm.passages.as_ref(), crm.as_of);
    let configured = stages.configured(deals, percentages.as_ref());
    let table = stages.table(deals, percentages.as_ref(), &configured, confidence);
    let Some(fitted) = &trained.tested else { return Ok((table, None)) };

    let newest = trained.examples.part(trained.cut, trained.examples.rows.len());
    let older = trained.examples.part(0, trained.cut);
    let probability: Vec<f64> = fitted.log_odds(&deals.attributes, &newest.rows)?.into_iter().map(sigmoid).collect();
    let (won, lost) = older.counts();
    let base = won / (won + lost);
    let baseline = |kind, basis, other: Vec<f64>| {
        let known: Vec<usize> = (0..other.len()).filter(|&i| !other[i].is_nan() && newest.weights[i] > 0.0).collect();
        let pick = |values: &[f64]| known.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let (outcome, weights, other) = (pick(&newest.outcome), pick(&newest.weights), pick(&other));
        let differs = other.iter().any(|p| *p != other[0]);
        Baseline {
            kind,
            basis,
            skill: (!known.is_empty()).then(|| skill(&outcome, &pick(&probability), &other, &weights, confidence)),
            auc: differs.then(|| area_under_curve(&outcome, &other, &weights, confidence)).flatten(),
        }
    };
    let at_start = trained.closed_at.as_ref().and_then(|times| times.get(trained.cut).copied());
    let stood =
        crm.passages.as_ref().map(|passages| stood(passages, deals.len(), at_start.unwrap_or(f64::NEG_INFINITY)));
    let by_stage = |rate: &dyn Fn(usize) -> f64| -> Option<Vec<f64>> {
        let stood = stood.as_ref()?;
        Some(newest.rows.iter().map(|&row| if stood[row] == NOWHERE { f64::NAN } else { rate(stood[row]) }).collect())
    };
    let mut is_older = vec![false; deals.len()];
    for &row in &older.rows {
        is_older[row] = true;
    }
    let tallies = stages.tallies(deals, &|row| is_older[row]);
    let stage_rate = match by_stage(&|stage| {
        let (won, n) = tallies[stage];
        (won + base) / (n + 1.0)
    }) {
        Some(rates) => baseline(BaselineKind::StageRate, BaselineBasis::Trained, rates),
        None => baseline(BaselineKind::StageRate, BaselineBasis::NoStageHistory, Vec::new()),
    };
    let rounded = |share: f64| share.clamp(ROUNDED, 1.0 - ROUNDED);
    let (basis, said) = match &percentages {
        None => (BaselineBasis::NoColumn, None),
        Some(own) if !own.overwritten => {
            (BaselineBasis::Column, Some(newest.rows.iter().map(|&row| rounded(own.share[row])).collect()))
        }
        Some(_) => match by_stage(&|stage| configured[stage].map_or(f64::NAN, rounded)) {
            Some(said) => (BaselineBasis::StagePercentage, Some(said)),
            None => (BaselineBasis::OverwrittenAtClose, None),
        },
    };
    let ranked = tied(&newest.outcome, &probability, &newest.weights);
    let performance = Performance {
        lift: lift(&ranked, GROUPS, confidence),
        thresholds: thresholds(&ranked),
        baselines: vec![
            baseline(BaselineKind::BaseRate, BaselineBasis::Trained, vec![base; newest.rows.len()]),
            stage_rate,
            baseline(BaselineKind::CrmPercentage, basis, said.unwrap_or_default()),
        ],
    };
    Ok((table, Some(performance)))
}

/// The CRM's own percentage of each deal.
struct Percentages<'a> {
    column: &'a str,
    /// As a share; NaN where there is none.
    share: Vec<f64>,
    overwritten: bool,
}

impl Percentages<'_> {
    fn of(deals: &Deals) -> Option<Percentages<'_>> {
        let by_role = |attribute: &&crate::crm::Attribute| attribute.role.as_deref() == Some("probability");
        let attributes = &deals.attributes;
        let found = attributes.iter().find(by_role).or_else(|| {
            attributes.iter().find(|attribute| attribute.role.is_none() && says_percentage(&attribute.name))
        })?;
        let Values::Numbers(values) = &found.values else { return None };
        let (mut highest, mut right, mut closed) = (f64::NEG_INFINITY, 0.0, 0.0);
        for value in values.iter().filter(|value| (0.0..=100.0).contains(*value)) {
            highest = f64::max(highest, *value);
        }
        if highest == f64::NEG_INFINITY {
            return None;
        }
        let whole = if highest <= 1.0 { 1.0 } else { 100.0 };
        let share: Vec<f64> =
            values.iter().map(|value| if (0.0..=whole).contains(value) { value / whole } else { f64::NAN }).collect();
        for (row, said) in share.iter().enumerate() {
            let end = match deals.outcome[row] {
                Outcome::Won => 1.0,
                Outcome::Lost => 0.0,
                _ => continue,
            };
            closed += deals.weight[row];
            right += if *said == end { deals.weight[row] } else { 0.0 };
        }
        Some(Percentages { column: &found.name, share, overwritten: right > OVERWRITTEN * closed })
    }
}

/// The stages, and in which of them every deal was.
struct Stages<'a> {
    names: Vec<String>,
    passages: Option<&'a Passages>,
    /// Stage in which a deal stands, by deal.
    now: Vec<usize>,
}

impl<'a> Stages<'a> {
    fn of(deals: &Deals, passages: Option<&'a Passages>, as_of: f64) -> Stages<'a> {
        if let Some(passages) = passages {
            return Stages {
                names: passages.stages.clone(),
                passages: Some(passages),
                now: stood(passages, deals.len(), as_of),
            };
        }
        // Without a history the stages are those that open deals name.
        let mut number = vec![NOWHERE; deals.stage.levels.len()];
        let mut names = Vec::new();
        let mut now = vec![NOWHERE; deals.len()];
        for row in (0..deals.len()).filter(|&row| is_open(deals, row)) {
            let Some(name) = deals.stage.get(row) else { continue };
            let number = &mut number[deals.stage.codes[row] as usize];
            if *number == NOWHERE {
                *number = names.len();
                names.push(name.to_owned());
            }
            now[row] = *number;
        }
        Stages { names, passages: None, now }
    }

    /// Won and closed deals (weighted) that were ever in each stage, among those of `counts`.
    fn tallies(&self, deals: &Deals, counts: &dyn Fn(usize) -> bool) -> Vec<(f64, f64)> {
        let mut tallies = vec![(0.0, 0.0); self.names.len()];
        let Some(passages) = self.passages else { return tallies };
        for (at, &deal) in passages.deal.iter().enumerate() {
            // Its first stay alone: a deal counts once.
            let (row, tally) = (deal as usize, tallies.get_mut(passages.stage[at] as usize));
            let Some(tally) = tally.filter(|_| passages.ordinal[at] == 0 && counts(row)) else { continue };
            let weight = deals.weight[row];
            match deals.outcome[row] {
                Outcome::Won => *tally = (tally.0 + weight, tally.1 + weight),
                Outcome::Lost => tally.1 += weight,
                _ => {}
            }
        }
        tallies
    }

    /// Mean of the CRM's percentages over the open deals in each stage, as a share.
    fn configured(&self, deals: &Deals, percentages: Option<&Percentages<'_>>) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0.0); self.names.len()];
        for (row, &stage) in self.now.iter().enumerate().filter(|(row, _)| is_open(deals, *row)) {
            let said = percentages.map_or(f64::NAN, |percentages| percentages.share[row]);
            if let Some(sum) = sums.get_mut(stage).filter(|_| !said.is_nan()) {
                *sum = (sum.0 + deals.weight[row] * said, sum.1 + deals.weight[row]);
            }
        }
        sums.into_iter().map(|(sum, n)| (n > 0.0).then(|| sum / n)).collect()
    }

    fn table(
        &self,
        deals: &Deals,
        percentages: Option<&Percentages<'_>>,
        configured: &[Option<f64>],
        confidence: Confidence,
    ) -> StageRates {
        let mut open = vec![0.0; self.names.len()];
        for (row, &stage) in self.now.iter().enumerate().filter(|(row, _)| is_open(deals, *row)) {
            if let Some(open) = open.get_mut(stage) {
                *open += deals.weight[row];
            }
        }
        let tallies = self.tallies(deals, &|_| true);
        let stages = self.names.iter().enumerate().map(|(at, stage)| StageRate {
            stage: stage.clone(),
            observed: wilson(tallies[at].0, tallies[at].1, confidence),
            open: open[at],
            configured: configured[at],
        });
        StageRates {
            column: percentages.map(|percentages| percentages.column.to_owned()),
            overwritten: percentages.is_some_and(|percentages| percentages.overwritten),
            stages: stages.collect(),
        }
    }
}

fn is_open(deals: &Deals, row: usize) -> bool {
    matches!(deals.outcome[row], Outcome::Open | Outcome::Hold)
}

/// Stage in which each of `deals` deals stood at `instant`, or its first one if it came later; nowhere without a history.
fn stood(passages: &Passages, deals: usize, instant: f64) -> Vec<usize> {
    let mut stood = vec![NOWHERE; deals];
    for (at, &deal) in passages.deal.iter().enumerate() {
        let Some(stage) = stood.get_mut(deal as usize) else { continue };
        if *stage == NOWHERE || passages.entered[at] <= instant {
            *stage = passages.stage[at] as usize;
        }
    }
    stood
}

#[cfg(test)]
mod tests;
