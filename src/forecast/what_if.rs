//! What one open deal would look like if some of its columns were different, and which differences go with better chances.
//!
//! The model knows what came together in the past, not what causes what: results say that a difference is *associated* with a probability.

use super::features::MISSING;
use super::pipeline::Curve;
use super::rules::column;
use super::trained::{Trained, trained};
use super::{ForecastOptions, Reason, Shown};
use crate::crm::{Attribute, Crm, Deals, Outcome, RuleValue};
use crate::error::{Error, Result};
use crate::meta::{Estimate, Meta, Progress};
use crate::stats::intervals::Confidence;
use crate::stats::order::{reordered, sort_rows};
use crate::table::{Texts, Values};
use crate::time::DAY_MS;
use serde::{Deserialize, Serialize};

/// What to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct WhatIfOptions {
    /// Confidence level of the intervals.
    pub confidence: f64,
    /// Columns that somebody can act on: only these are changed and suggested.
    pub actionable: Vec<String>,
    /// Columns and the values to try, all at once.
    pub changes: Vec<Change>,
    /// How many suggestions are listed.
    pub suggestions: usize,
    /// The model.
    pub model: ForecastOptions,
}

impl Default for WhatIfOptions {
    fn default() -> Self {
        WhatIfOptions {
            confidence: 0.95,
            actionable: Vec::new(),
            changes: Vec::new(),
            suggestions: 10,
            model: ForecastOptions::default(),
        }
    }
}

/// A column with another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Column of the deals.
    pub column: String,
    /// Its value: a number, a text, or nothing for a missing one.
    #[serde(default)]
    pub value: RuleValue,
}

/// A deal as the model sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// Probability of a win in the end, with its interval.
    pub probability: Estimate,
    /// Probability of a win within 30, 60 and 90 days from now: that in the end, spread over time as the wins of deals of its age are. `None` where the
    /// data have no dates for it.
    pub won_within: Option<[f64; 3]>,
    /// Instant (ms) by which half of the wins of deals of its age have come; `None` where there are no dates or none is expected.
    pub expected_close: Option<f64>,
}

/// One difference and what goes with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// Column.
    pub column: String,
    /// Value that it would have: a level that closed deals have, or their lower quartile, median or upper quartile.
    pub value: String,
    /// Probability, with its interval.
    pub probability: Estimate,
    /// Probability less that of the deal as it is.
    pub difference: f64,
    /// Closed deals (weighted) with this level; all with a number for a quartile.
    pub n: f64,
}

/// What the model says. Shape and units are those of `WhatIfResult` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfResult {
    /// Provenance. The rows used are the closed deals that the model was learnt from.
    pub meta: Meta<WhatIfOptions>,
    /// Identifier of the deal.
    pub id: String,
    /// As it is.
    pub now: Outlook,
    /// With the changes; the same as `now` without any.
    pub changed: Outlook,
    /// What moves the score of the deal as it is away from that of the average open deal, the strongest first; they sum to the difference.
    pub reasons: Vec<Reason>,
    /// Probability with the changes less the one without.
    pub difference: f64,
    /// Columns that were changed and that the model does not use.
    pub without_effect: Vec<String>,
    /// Other values of the actionable columns, one at a time, the greatest rise of the probability first.
    pub suggestions: Vec<Suggestion>,
    /// How to put it: `associated_not_caused`.
    pub wording: &'static str,
}

/// The model that single deals are tried on: learnt once, asked often.
pub struct WhatIfModel {
    options: ForecastOptions,
    columns: Vec<String>,
    trained: Trained,
    curve: Option<Curve>,
    /// Mean of the open deals in each coefficient's column; empty without a model to show.
    average: Vec<f64>,
}

/// The model of the deals of `crm`.
///
/// # Errors
/// As [`super::forecast`].
pub fn what_if_model(crm: &Crm, options: &ForecastOptions) -> Result<WhatIfModel> {
    let deals = deals_of(crm)?;
    let trained = trained(deals, options, &mut Progress::none())?;
    let columns = deals.attributes.iter().map(|attribute| attribute.name.clone()).collect();
    let mut average = Vec::new();
    if let Some(fitted) = trained.fitted.as_ref().filter(|_| trained.shown == Shown::Model) {
        let open: Vec<usize> = (0..deals.len()).filter(|&at| is_open(deals, at)).collect();
        let weights: Vec<f64> = open.iter().map(|&at| deals.weight[at]).collect();
        average = fitted.average(&fitted.scores(&deals.attributes, &open)?, &weights);
    }
    Ok(WhatIfModel { options: options.clone(), columns, trained, curve: Curve::of(deals, crm.as_of)?, average })
}

impl WhatIfModel {
    /// Whether it was learnt with these options.
    pub fn has(&self, options: &ForecastOptions) -> bool {
        self.options == *options
    }
}

/// What the open deal in row `row` of the deals table would look like with the changes of `options`, by `model`, which was learnt from the same `crm`.
///
/// # Errors
/// [`Error::MissingTable`] without deals; [`Error::InvalidOption`] for a model of other columns, a row that is no open deal, a change of a column
/// that is not actionable, a value that the column cannot hold; [`Error::UnknownColumn`]; [`Error::TooFew`] where there is no model: won and lost
/// deals are needed, and a model that is better than the base rate.
pub fn what_if(crm: &Crm, model: &WhatIfModel, row: u32, options: &WhatIfOptions) -> Result<WhatIfResult> {
    let deals = deals_of(crm)?;
    let confidence = Confidence::new(options.confidence)?;
    if !deals.attributes.iter().map(|attribute| &attribute.name).eq(&model.columns) {
        return Err(Error::invalid_option(
            "model",
            model.columns.join(", "),
            "a model of the columns that the deals have",
        ));
    }
    let at = (0..deals.len()).find(|&at| deals.row[at] == row && is_open(deals, at)).ok_or_else(|| {
        Error::invalid_option("row", row.to_string(), "a row of the deals table that holds an open deal")
    })?;
    let Some(fitted) = model.trained.fitted.as_ref().filter(|_| model.trained.shown == Shown::Model) else {
        let (won, lost) = model.trained.examples.counts();
        let what = "won and as many lost deals that tell one deal from another".into();
        return Err(Error::TooFew {
            analysis: "what_if".into(),
            what,
            needed: super::NEEDED as usize,
            have: won.min(lost) as usize,
        });
    };
    let index = |name: &str| -> Result<usize> {
        let found = column(deals, name)
            .and_then(|found| deals.attributes.iter().position(|attribute| attribute.name == found.name));
        found.ok_or_else(|| Error::UnknownColumn {
            table: "deals".into(),
            column: name.into(),
            available: deals.attributes.iter().map(|attribute| attribute.name.clone()).collect(),
        })
    };
    let mut actionable: Vec<usize> = Vec::new();
    for name in &options.actionable {
        let index = index(name)?;
        if !actionable.contains(&index) {
            actionable.push(index);
        }
    }
    let mut changes = Vec::new();
    let mut without_effect = Vec::new();
    for change in &options.changes {
        let index = index(&change.column)?;
        if !actionable.contains(&index) {
            return Err(Error::invalid_option(
                "changes",
                change.column.clone(),
                "a column that is named as actionable",
            ));
        }
        if fitted.uses(index) {
            changes.push((index, cell(&deals.attributes[index], &change.value)?));
        } else {
            without_effect.push(change.column.clone());
        }
    }

    let mut tried: Vec<(usize, Cell, f64)> = Vec::new();
    for &index in actionable.iter().filter(|index| fitted.uses(**index)) {
        tried.extend(others(deals, index, at, &model.trained, options.model.min_level_rows));
    }
    // Row 0 is the deal as it is, row 1 with the changes, the others with one difference each.
    let rows = 2 + tried.len();
    let attributes: Vec<Attribute> = (0..deals.attributes.len())
        .map(|index| {
            let mut cells = vec![Cell::of(&deals.attributes[index].values, at); rows];
            for (_, value) in changes.iter().filter(|(changed, _)| *changed == index) {
                cells[1] = value.clone();
            }
            for (row, (_, value, _)) in tried.iter().enumerate().filter(|(_, (changed, ..))| *changed == index) {
                cells[2 + row] = value.clone();
            }
            let Attribute { name, role, values } = &deals.attributes[index];
            Attribute { name: name.clone(), role: role.clone(), values: column_of(values, &cells) }
        })
        .collect();
    let all: Vec<usize> = (0..rows).collect();
    let scores = fitted.scores(&attributes, &all)?;
    let (won, lost) = model.trained.examples.counts();
    let estimate = |row: usize| {
        let (value, low, high) = scores.probability(row, confidence.multiplier());
        Estimate { value, low, high, n: won + lost }
    };
    let outlook = |row: usize| {
        let probability = estimate(row);
        let times = model.curve.as_ref().and_then(|curve| curve.outlook(deals, at, probability.value));
        Outlook {
            probability,
            won_within: times.as_ref().map(|(within, _)| *within),
            expected_close: times.and_then(|(_, days)| days).map(|days| crm.as_of + days * DAY_MS),
        }
    };
    let (now, changed) = (outlook(0), outlook(1));
    let suggestions = tried.into_iter().enumerate().map(|(place, (index, value, n))| {
        let probability = estimate(2 + place);
        Suggestion {
            column: deals.attributes[index].name.clone(),
            value: value.text(),
            difference: probability.value - now.probability.value,
            probability,
            n,
        }
    });
    let mut suggestions =
        reordered(suggestions.collect(), &mut |a: &Suggestion, b| b.difference.total_cmp(&a.difference));
    suggestions.truncate(options.suggestions);
    Ok(WhatIfResult {
        meta: Meta::new("what_if", crm, &["deals"], options.clone(), won + lost, model.trained.left_out.clone()),
        id: deals.id.get(at).unwrap_or_default().to_owned(),
        difference: changed.probability.value - now.probability.value,
        reasons: super::open_deals::reasons(deals, at, fitted, &scores, 0, &model.average),
        now,
        changed,
        without_effect,
        suggestions,
        wording: "associated_not_caused",
    })
}

fn is_open(deals: &Deals, at: usize) -> bool {
    matches!(deals.outcome[at], Outcome::Open | Outcome::Hold)
}

fn deals_of(crm: &Crm) -> Result<&Deals> {
    crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "what_if".into(), table: "deals".into() })
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Number(f64),
    Text(Option<String>),
}

impl Cell {
    fn of(values: &Values, row: usize) -> Cell {
        match values {
            Values::Texts(texts) => Cell::Text(texts.get(row).map(str::to_owned)),
            Values::Numbers(values) | Values::Instants(values) => {
                Cell::Number(values.get(row).copied().unwrap_or(f64::NAN))
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Cell::Number(number) if !number.is_nan() => number.to_string(),
            Cell::Text(Some(text)) => text.clone(),
            _ => MISSING.to_owned(),
        }
    }
}

fn column_of(like: &Values, cells: &[Cell]) -> Values {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(_) => None,
    };
    let number = |cell: &Cell| match cell {
        Cell::Number(number) => *number,
        Cell::Text(_) => f64::NAN,
    };
    match like {
        Values::Texts(_) => Values::Texts(cells.iter().map(text).collect::<Texts>()),
        Values::Numbers(_) => Values::Numbers(cells.iter().map(number).collect()),
        Values::Instants(_) => Values::Instants(cells.iter().map(number).collect()),
    }
}

/// `value` as one that `attribute` can hold.
fn cell(attribute: &Attribute, value: &RuleValue) -> Result<Cell> {
    let refuse = |value: String| Err(Error::invalid_option("changes", value, "a value that the column can hold"));
    match (&attribute.values, value) {
        (Values::Texts(_), RuleValue::None) => Ok(Cell::Text(None)),
        (Values::Texts(_), RuleValue::Text(text)) => Ok(Cell::Text(Some(text.clone()))),
        (Values::Texts(_), RuleValue::Number(number)) => Ok(Cell::Text(Some(number.to_string()))),
        (_, RuleValue::None) => Ok(Cell::Number(f64::NAN)),
        (_, RuleValue::Number(number)) if number.is_finite() => Ok(Cell::Number(*number)),
        (_, RuleValue::Text(text)) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Cell::Number(number)),
            _ => refuse(text.clone()),
        },
        (_, RuleValue::Number(number)) => refuse(number.to_string()),
        (_, RuleValue::Many(_)) => refuse(attribute.name.clone()),
    }
}

/// Other values that the column `index` of the deal `at` could have, with the closed deals behind each: levels with enough of them, or quartiles.
fn others(deals: &Deals, index: usize, at: usize, trained: &Trained, min_level_rows: f64) -> Vec<(usize, Cell, f64)> {
    let examples = &trained.examples;
    let own = Cell::of(&deals.attributes[index].values, at);
    let found: Vec<(Cell, f64)> = match &deals.attributes[index].values {
        Values::Texts(texts) => {
            let (counts, _) = super::features::level_rows(texts, &examples.rows, &examples.weights);
            let levels = texts.levels.iter().zip(counts).filter(|(_, n)| *n > 0.0 && *n >= min_level_rows);
            levels.map(|(level, n)| (Cell::Text(Some(level.to_owned())), n)).collect()
        }
        Values::Numbers(values) | Values::Instants(values) => {
            let mut rows: Vec<usize> = (0..examples.rows.len())
                .filter(|&i| !values[examples.rows[i]].is_nan() && examples.weights[i] > 0.0)
                .collect();
            sort_rows(&mut rows, &mut |a, b| values[examples.rows[a]].total_cmp(&values[examples.rows[b]]));
            let n: f64 = rows.iter().map(|&i| examples.weights[i]).sum();
            let quartile = |p: f64| {
                let mut reached = 0.0;
                rows.iter().find(|&&i| {
                    reached += examples.weights[i];
                    reached >= p * n - 1e-9
                })
            };
            let mut found: Vec<(Cell, f64)> = Vec::new();
            for &i in [0.25, 0.5, 0.75].into_iter().filter_map(quartile) {
                let value = Cell::Number(values[examples.rows[i]]);
                if found.last().is_none_or(|(last, _)| *last != value) {
                    found.push((value, n));
                }
            }
            found
        }
    };
    found.into_iter().filter(|(value, _)| *value != own).map(|(value, n)| (index, value, n)).collect()
}

#[cfg(test)]
mod tests;
