//! A user's own points beside the model's probability: how far they agree, and which of them the past bears out.

use super::trained::trained;
use super::{ForecastOptions, Shown};
use crate::bulk::{Floats, Indices};
use crate::crm::{Attribute, Crm, Deals, Operator, Outcome, Rule, RuleValue};
use crate::error::{Error, Result};
use crate::meta::{Estimate, Meta, Progress};
use crate::read::case::lowered;
use crate::read::dates::iso_instant;
use crate::stats::discrimination::area_under_curve;
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::logistic::sigmoid;
use crate::stats::order::sort_rows;
use crate::stats::rank_correlation::{kendall, spearman};
use crate::table::Values;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// How to score by rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RuleOptions {
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// The rules; those of the mapping when missing.
    pub rules: Option<Vec<Rule>>,
    /// The model that they stand beside.
    pub model: ForecastOptions,
}

impl Default for RuleOptions {
    fn default() -> Self {
        RuleOptions { confidence: 0.95, rules: None, model: ForecastOptions::default() }
    }
}

/// Why a rule does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleProblem {
    /// The deals have no such column.
    UnknownColumn,
    /// Its value cannot be compared with what is in the column: a text with numbers, one end of a range, an order of texts.
    UnfitValue,
    /// Its condition holds for no deal, open or closed.
    HitsNone,
}

/// A rule and the deals that it hits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleHits {
    /// The rule.
    pub rule: Rule,
    /// Why it does nothing; `None` where it does something.
    pub problem: Option<RuleProblem>,
    /// Open deals (weighted) that it hits.
    pub open: f64,
    /// Share of won ones among the closed deals that it hits, with Wilson's interval; `None` where it hits none.
    pub hit_rate: Option<Estimate>,
    /// The same of the closed deals that it does not hit.
    pub other_rate: Option<Estimate>,
}

/// Deals with neighbouring scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreBand {
    /// Lowest score.
    pub low: f64,
    /// Highest score.
    pub high: f64,
    /// Open deals (weighted).
    pub open: f64,
    /// Share of won ones among the closed deals, with Wilson's interval; `None` where none is closed.
    pub observed: Option<Estimate>,
}

/// Both scores on the deals that the model was tested on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTest {
    /// First close instant of the test in ms; `None` where the order of rows is the time.
    pub from: Option<f64>,
    /// Area under the ROC curve of the rules, with DeLong's interval.
    pub rules: Estimate,
    /// The same of the model trained on the deals before.
    pub model: Estimate,
}

/// The rules beside the model. Shape and units are those of `RuleScores` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleScores {
    /// Provenance. The rows used are closed deals.
    pub meta: Meta<RuleOptions>,
    /// The rules, in their order.
    pub rules: Vec<RuleHits>,
    /// Rows of the open deals in the deals table.
    pub row: Indices,
    /// Their points.
    pub score: Floats,
    /// The model's probability; empty where there is no model to show.
    pub probability: Floats,
    /// Rank correlation of the two over open deals (Spearman's ρ); `None` where either is the same for all or there is no model.
    pub spearman: Option<f64>,
    /// The same as Kendall's τ-b.
    pub kendall: Option<f64>,
    /// Both on the same hold-out; `None` where there are too few closed deals, or one outcome, in it.
    pub test: Option<RuleTest>,
    /// Scores in at most ten bands, the lowest first.
    pub bands: Vec<ScoreBand>,
}

const BANDS: f64 = 10.0;

/// The points of every open deal, with what the past says about them.
///
/// A deal gets the points of all rules whose condition holds. An empty value meets `≠` and `is empty` alone. Texts are compared without regard to case.
///
/// # Errors
/// [`Error::MissingTable`] without deals; [`Error::TooFew`] without rules; [`Error::InvalidOption`] for points that are no finite number and what
/// [`super::forecast`] refuses.
pub fn rule_scores(crm: &Crm, options: &RuleOptions, progress: &mut Progress<'_>) -> Result<RuleScores> {
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "rules".into(), table: "deals".into() })?;
    let confidence = Confidence::new(options.confidence)?;
    let rules = options.rules.as_ref().unwrap_or(&crm.rules);
    if rules.is_empty() {
        return Err(Error::TooFew { analysis: "rules".into(), what: "rules".into(), needed: 1, have: 0 });
    }
    if let Some(rule) = rules.iter().find(|rule| !rule.points.is_finite()) {
        return Err(Error::invalid_option("rules", rule.points.to_string(), "points are a finite number"));
    }
    let mut score = vec![0.0; deals.len()];
    let closed: Vec<usize> =
        (0..deals.len()).filter(|&row| matches!(deals.outcome[row], Outcome::Won | Outcome::Lost)).collect();
    let is_open = |row: usize| matches!(deals.outcome[row], Outcome::Open | Outcome::Hold);
    let rate = |rows: &mut dyn Iterator<Item = usize>| {
        let (mut won, mut n) = (0.0, 0.0);
        for row in rows {
            n += deals.weight[row];
            won += if deals.outcome[row] == Outcome::Won { deals.weight[row] } else { 0.0 };
        }
        wilson(won, n, confidence)
    };
    let hits = rules
        .iter()
        .map(|rule| {
            let (hit, problem) = match hits(deals, rule, &crm.time) {
                Ok(hit) => (hit, None),
                Err(problem) => (vec![false; deals.len()], Some(problem)),
            };
            for (score, _) in score.iter_mut().zip(&hit).filter(|(_, hit)| **hit) {
                *score += rule.points;
            }
            RuleHits {
                rule: rule.clone(),
                problem: problem.or_else(|| (!hit.contains(&true)).then_some(RuleProblem::HitsNone)),
                // The sum of nothing is −0.
                open: 0.0
                    + (0..deals.len())
                        .filter(|&row| hit[row] && is_open(row))
                        .map(|row| deals.weight[row])
                        .sum::<f64>(),
                hit_rate: rate(&mut closed.iter().copied().filter(|&row| hit[row])),
                other_rate: rate(&mut closed.iter().copied().filter(|&row| !hit[row])),
            }
        })
        .collect();
    progress.report(0.2);
    let trained = trained(deals, &options.model, &mut Progress::none())?;
    progress.report(0.8);
    let open: Vec<usize> = (0..deals.len()).filter(|&row| is_open(row)).collect();
    let pick = |values: &[f64], rows: &[usize]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
    let (open_score, open_weights) = (pick(&score, &open), pick(&deals.weight, &open));
    let mut probability = Vec::new();
    if let Some(fitted) = trained.fitted.as_ref().filter(|_| trained.shown == Shown::Model) {
        probability = fitted.log_odds(&deals.attributes, &open)?.into_iter().map(sigmoid).collect();
    }
    // Without a model there are no probabilities, and no pairs to compare.
    let compared = if probability.is_empty() { &[] } else { open_score.as_slice() };
    let mut test = None;
    if let Some(fitted) = &trained.tested {
        let newest = trained.examples.part(trained.cut, trained.examples.rows.len());
        let by_model = fitted.log_odds(&deals.attributes, &newest.rows)?;
        let by_model: Vec<f64> = by_model.into_iter().map(sigmoid).collect();
        let area = |score: &[f64]| area_under_curve(&newest.outcome, score, &newest.weights, confidence);
        let from = trained.closed_at.as_ref().and_then(|times| times.get(trained.cut).copied());
        test = area(&pick(&score, &newest.rows)).zip(area(&by_model)).map(|(rules, model)| RuleTest {
            from,
            rules,
            model,
        });
    }
    let rows_used = closed.iter().map(|&row| deals.weight[row]).sum();
    progress.report(1.0);
    Ok(RuleScores {
        meta: Meta::new("rules", crm, &["deals"], options.clone(), rows_used, trained.left_out),
        rules: hits,
        row: Indices(open.iter().map(|&row| deals.row[row]).collect()),
        spearman: spearman(compared, &probability, &open_weights),
        kendall: kendall(compared, &probability, &open_weights),
        test,
        bands: bands(deals, &score, &closed, &open, confidence),
        score: Floats(open_score),
        probability: Floats(probability),
    })
}

/// Neighbouring scores with about a tenth of the deals each; deals of one score are not torn apart.
fn bands(deals: &Deals, score: &[f64], closed: &[usize], open: &[usize], confidence: Confidence) -> Vec<ScoreBand> {
    let mut rows: Vec<usize> = closed.iter().chain(open).copied().filter(|&row| deals.weight[row] > 0.0).collect();
    sort_rows(&mut rows, &mut |a, b| score[a].total_cmp(&score[b]));
    let total: f64 = rows.iter().map(|&row| deals.weight[row]).sum();
    let mut bands: Vec<(ScoreBand, f64, f64)> = Vec::new();
    let mut size = f64::INFINITY;
    for row in rows {
        let weight = deals.weight[row];
        if size >= total / BANDS - 1e-9 && bands.last().is_none_or(|(band, ..)| band.high < score[row]) {
            let band = ScoreBand { low: score[row], high: score[row], open: 0.0, observed: None };
            bands.push((band, 0.0, 0.0));
            size = 0.0;
        }
        size += weight;
        if let Some((band, won, n)) = bands.last_mut() {
            band.high = score[row];
            match deals.outcome[row] {
                Outcome::Won => (*won, *n) = (*won + weight, *n + weight),
                Outcome::Lost => *n += weight,
                _ => band.open += weight,
            }
        }
    }
    bands.into_iter().map(|(band, won, n)| ScoreBand { observed: wilson(won, n, confidence), ..band }).collect()
}

/// Per deal, whether the condition of `rule` holds.
fn hits(deals: &Deals, rule: &Rule, time: &LocalTime) -> std::result::Result<Vec<bool>, RuleProblem> {
    let column = column(deals, &rule.column).ok_or(RuleProblem::UnknownColumn)?;
    match &column.values {
        Values::Texts(texts) => {
            let wanted: Vec<String> = each(&rule.value).map(folded).collect();
            let one_of = |level: &str| wanted.contains(&lowered(level.trim()));
            let level_hits: Vec<bool> = match rule.operator {
                Operator::IsEmpty => vec![false; texts.levels.len()],
                Operator::Equal | Operator::In if !wanted.is_empty() => texts.levels.iter().map(one_of).collect(),
                Operator::NotEqual if !wanted.is_empty() => texts.levels.iter().map(|level| !one_of(level)).collect(),
                _ => return Err(RuleProblem::UnfitValue),
            };
            let empty = matches!(rule.operator, Operator::IsEmpty | Operator::NotEqual);
            Ok(texts.codes.iter().map(|code| level_hits.get(*code as usize).copied().unwrap_or(empty)).collect())
        }
        Values::Numbers(values) => by_number(values, rule, &|text| text.trim().parse().ok()),
        Values::Instants(values) => {
            by_number(values, rule, &|text| iso_instant(text.trim(), &time.zone, time.periods.calendar))
        }
    }
}

fn by_number(
    values: &[f64],
    rule: &Rule,
    read: &dyn Fn(&str) -> Option<f64>,
) -> std::result::Result<Vec<bool>, RuleProblem> {
    let mut wanted = Vec::new();
    for value in each(&rule.value) {
        let number = match value {
            RuleValue::Number(number) => Some(*number),
            RuleValue::Text(text) => read(text),
            RuleValue::None | RuleValue::Many(_) => None,
        };
        wanted.push(number.filter(|number| !number.is_nan()).ok_or(RuleProblem::UnfitValue)?);
    }
    let holds = |value: f64| match (rule.operator, wanted.as_slice()) {
        (Operator::IsEmpty, _) => Some(value.is_nan()),
        (Operator::Equal | Operator::In, [_, ..]) => Some(wanted.contains(&value)),
        (Operator::NotEqual, [_, ..]) => Some(!wanted.contains(&value)),
        (Operator::Less, [limit]) => Some(value < *limit),
        (Operator::AtMost, [limit]) => Some(value <= *limit),
        (Operator::Greater, [limit]) => Some(value > *limit),
        (Operator::AtLeast, [limit]) => Some(value >= *limit),
        (Operator::Between, [low, high]) => Some(low.min(*high) <= value && value <= low.max(*high)),
        _ => None,
    };
    values.iter().map(|value| holds(*value).ok_or(RuleProblem::UnfitValue)).collect()
}

/// The values that `value` holds.
fn each(value: &RuleValue) -> impl Iterator<Item = &RuleValue> {
    match value {
        RuleValue::Many(many) => many.iter(),
        RuleValue::None => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn folded(value: &RuleValue) -> String {
    match value {
        RuleValue::Number(number) => number.to_string(),
        RuleValue::Text(text) => lowered(text.trim()),
        RuleValue::None | RuleValue::Many(_) => String::new(),
    }
}

/// The attribute of this name, or of this role.
pub(super) fn column<'a>(deals: &'a Deals, name: &str) -> Option<&'a Attribute> {
    let attributes = &deals.attributes;
    let by_role = || attributes.iter().find(|attribute| attribute.role.as_deref() == Some(name));
    attributes.iter().find(|attribute| attribute.name == name).or_else(by_role)
}

#[cfg(test)]
mod tests;
