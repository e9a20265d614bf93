//! Columns that are known only after a deal is closed, or that decide it: named, and not offered to the model.

use super::features::{Encoding, MOST_LEVELS, design, learn, level_rows};
use super::model::Examples;
use crate::crm::{Attribute, Deals, Outcome};
use crate::read::case::lower;
use crate::stats::discrimination::area_under_curve;
use crate::stats::intervals::Confidence;
use crate::stats::logistic::fit;
use crate::table::Values;
use crate::time::DAY_MS;
use serde::Serialize;

/// Why a column may not be a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakageReason {
    /// The CRM's own probability, forecast category or expected revenue.
    CrmProbability,
    /// Known only once the deal is closed.
    AfterClose,
    /// The amount is rewritten when a deal is closed: zero on nearly all lost deals, not on won ones.
    AmountAtClose,
    /// Names the deal.
    Identifier,
    /// Alone it tells the outcome nearly perfectly.
    TooGood,
    /// A copy of the outcome.
    OutcomeCopy,
    /// The expected close date, which the close overwrites.
    ExpectedClose,
}

/// A column that is not offered to the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leak {
    /// Column name.
    pub column: String,
    /// Why.
    pub reason: LeakageReason,
    /// Area under the curve of this column alone, where that is the reason.
    pub auc: Option<f64>,
    /// What was seen, in words.
    pub detail: String,
    /// Whether the model uses it all the same, because the user asked for it.
    pub used: bool,
}

/// Normalised header words that stand for something known only after the close.
const AFTER_CLOSE: &[&str] = &[
    "duration",
    "callduration",
    "calllength",
    "daystoclose",
    "timetoclose",
    "salescycleduration",
    "overallsalesduration",
    "salescycle",
    "cyclelength",
    "dayclose",
    "wontime",
    "losttime",
    "firstwontime",
    "closetime",
    "closedate",
    "closeddate",
    "closedon",
    "dealclosedon",
    "actualclosedate",
    "actualvalue",
    "actualrevenue",
    "closedamount",
    "hsclosedamount",
    "closedwonamount",
    "closedwonreason",
    "closedlostreason",
    "reasonforloss",
    "lossreason",
    "lostreason",
    "lostreasonid",
    "lostnotes",
    "reasonforlosss",
    "wonstatus",
    "isclosed",
    "iswon",
    "hsisclosed",
    "hsisclosedwon",
    "hsisclosedlost",
    "competitorid",
];
/// Normalised header words of the CRM's own percentage.
const CRM_PERCENTAGE: &[&str] =
    &["probability", "dealprobability", "automatedprobability", "hsdealstageprobability", "closeprobability"];
/// Of its other forecasts.
const CRM_FORECAST: &[&str] = &[
    "forecastcategory",
    "forecastcategoryname",
    "expectedrevenue",
    "proratedrevenue",
    "weightedvalue",
    "weightedamount",
    "hsprojectedamount",
    "forecastamount",
    "msdynscore",
    "expecteddealvalue",
];

/// Whether a column of this name holds the CRM's own percentage.
pub fn says_percentage(name: &str) -> bool {
    CRM_PERCENTAGE.contains(&normalised(name).as_str())
}

fn normalised(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).map(lower).collect()
}

/// What speaks against `attributes[index]` by its role, its name and when it is filled; `None` where nothing does.
pub fn by_meaning(deals: &Deals, index: usize) -> Option<Leak> {
    let Attribute { name, role, values } = deals.attributes.get(index)?;
    let leak = |reason, detail: String| Some(Leak { column: name.clone(), reason, auc: None, detail, used: false });
    match role.as_deref() {
        Some("id") => return leak(LeakageReason::Identifier, "it names the deal".into()),
        Some("probability") => return leak(LeakageReason::CrmProbability, "it is the CRM's own probability".into()),
        Some("expected_close") => return leak(LeakageReason::ExpectedClose, "the close overwrites it".into()),
        Some("closed_at" | "lost_reason" | "won_at" | "lost_at" | "is_won" | "is_closed" | "is_active") => {
            return leak(LeakageReason::AfterClose, "it is known once the deal is closed".into());
        }
        _ => {}
    }
    let plain = normalised(name);
    if CRM_PERCENTAGE.contains(&plain.as_str()) || CRM_FORECAST.contains(&plain.as_str()) {
        return leak(LeakageReason::CrmProbability, "by its name it is the CRM's own forecast".into());
    }
    if AFTER_CLOSE.contains(&plain.as_str()) {
        return leak(LeakageReason::AfterClose, "by its name it is known once the outcome is".into());
    }
    if let Values::Instants(instants) = values {
        let (same, closed) = at_close(deals, instants);
        if same >= 5.0 && same >= 0.9 * closed {
            return leak(
                LeakageReason::AfterClose,
                format!("on {same} of {closed} closed deals it is the day of the close"),
            );
        }
    }
    let filled = Filled::count(deals, values);
    if role.as_deref() == Some("amount") && filled.zero_when_lost() {
        let (zero, lost) = (filled.lost_zero, filled.lost);
        return leak(LeakageReason::AmountAtClose, format!("{zero} of {lost} lost deals have the amount 0"));
    }
    if filled.only_when_closed() {
        let (open, closed) = (filled.open, filled.closed_filled);
        return leak(
            LeakageReason::AfterClose,
            format!("filled on {closed} closed deals and on none of {open} open ones"),
        );
    }
    None
}

/// Closed deals (weighted) whose value lies within a day of their close, and those that have a value and a close date.
fn at_close(deals: &Deals, instants: &[f64]) -> (f64, f64) {
    let (mut same, mut closed) = (0.0, 0.0);
    for (row, instant) in instants.iter().enumerate() {
        let away = (instant - deals.closed[row]).abs();
        if !away.is_nan() {
            closed += deals.weight[row];
            same += if away < DAY_MS { deals.weight[row] } else { 0.0 };
        }
    }
    (same, closed)
}

/// Rows of each outcome that hold a value (weighted).
struct Filled {
    open: f64,
    open_filled: f64,
    closed: f64,
    closed_filled: f64,
    lost: f64,
    lost_zero: f64,
    won: f64,
    won_zero: f64,
}

impl Filled {
    fn count(deals: &Deals, values: &Values) -> Filled {
        let mut counts = Filled {
            open: 0.0,
            open_filled: 0.0,
            closed: 0.0,
            closed_filled: 0.0,
            lost: 0.0,
            lost_zero: 0.0,
            won: 0.0,
            won_zero: 0.0,
        };
        for (row, outcome) in deals.outcome.iter().enumerate() {
            let weight = deals.weight[row];
            let (filled, zero) = match values {
                Values::Numbers(values) | Values::Instants(values) => (!values[row].is_nan(), values[row] == 0.0),
                Values::Texts(texts) => (texts.get(row).is_some(), false),
            };
            let filled = if filled { weight } else { 0.0 };
            let zero = if zero { weight } else { 0.0 };
            match outcome {
                Outcome::Open | Outcome::Hold => {
                    counts.open += weight;
                    counts.open_filled += filled;
                }
                outcome => {
                    counts.closed += weight;
                    counts.closed_filled += filled;
                    if *outcome == Outcome::Won {
                        counts.won += weight;
                        counts.won_zero += zero;
                    } else if *outcome == Outcome::Lost {
                        counts.lost += weight;
                        counts.lost_zero += zero;
                    }
                }
            }
        }
        counts
    }

    fn zero_when_lost(&self) -> bool {
        self.lost >= 5.0 && self.lost_zero >= 0.9 * self.lost && self.won > 0.0 && self.won_zero <= 0.1 * self.won
    }

    fn only_when_closed(&self) -> bool {
        self.open >= 20.0
            && self.open_filled == 0.0
            && self.closed_filled >= 0.02 * self.closed
            && self.closed_filled >= 5.0
    }
}

/// Levels with rows enough that a text without a role may have; more of them are names.
const MOST_NAMED: usize = 50;
/// Closed deals (weighted) below which a column of texts that hardly repeat is not called an identifier.
const ENOUGH_TO_REPEAT: f64 = 50.0;

/// Names `attributes[index]` as an identifier where its numbers are codes, or where its texts hardly repeat among `closed` deals: more
/// distinct ones than half the rows, or, without a role, more than 50 with at least `min_level_rows` rows.
pub fn by_cardinality(attributes: &[Attribute], index: usize, closed: &Examples, min_level_rows: f64) -> Option<Leak> {
    let Attribute { name, role, values } = attributes.get(index)?;
    let leak =
        |detail| Some(Leak { column: name.clone(), reason: LeakageReason::Identifier, auc: None, detail, used: false });
    match values {
        Values::Instants(_) => None,
        Values::Numbers(_) => match role.as_deref() {
            Some("customer_id") => leak("its numbers are names".into()),
            None if last_word(name) == "id" => leak("by its name its numbers are names".into()),
            _ => None,
        },
        Values::Texts(texts) => {
            let (counts, _) = level_rows(texts, &closed.rows, &closed.weights);
            let filled: f64 = counts.iter().sum();
            let distinct = counts.iter().filter(|count| **count > 0.0).count();
            let lasting = counts.iter().filter(|count| **count > 0.0 && **count >= min_level_rows).count();
            if filled >= ENOUGH_TO_REPEAT && distinct as f64 > 0.5 * filled {
                return leak(format!("{distinct} different values in {filled} closed deals"));
            }
            if role.is_none() && lasting > MOST_NAMED {
                return leak(format!("{lasting} values with at least {min_level_rows} closed deals each"));
            }
            None
        }
    }
}

/// The last word of a header, in lower case: `id` of `Account ID`, `account_id` and `accountId`.
fn last_word(name: &str) -> String {
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            word.clear();
        }
        if c.is_alphanumeric() {
            word.push(lower(c));
        }
        before = c;
    }
    word
}

/// Deals of each outcome below which a perfect ranking may be chance.
const ENOUGH_TO_ACCUSE: f64 = 10.0;
const TOO_GOOD: f64 = 0.98;

/// What speaks against `attributes[index]` by what it predicts alone: learnt on `train`, and judged there and on `test` if that holds
/// both outcomes. `None` below 10 won and 10 lost deals in `train`.
pub fn by_result(
    attributes: &[Attribute],
    index: usize,
    train: &Examples,
    test: &Examples,
    confidence: Confidence,
) -> Option<Leak> {
    let (won, lost) = train.counts();
    if won < ENOUGH_TO_ACCUSE || lost < ENOUGH_TO_ACCUSE {
        return None;
    }
    let encoder = learn(attributes, index, &train.rows, &train.weights, 5.0, MOST_LEVELS)?;
    let (seen, _) = design(attributes, std::slice::from_ref(&encoder), &train.rows).ok()?;
    let model = fit(&seen, &train.outcome, &train.weights, 1.0, None).ok()?;
    let area = |examples: &Examples| {
        let (matrix, _) = design(attributes, std::slice::from_ref(&encoder), &examples.rows).ok()?;
        let scores: Vec<f64> = (0..matrix.rows()).map(|row| matrix.score(row, &model.coefficients)).collect();
        area_under_curve(&examples.outcome, &scores, &examples.weights, confidence).map(|area| area.value)
    };
    let on_train = area(train)?;
    let auc = area(test).unwrap_or(on_train);
    if on_train <= TOO_GOOD || auc <= TOO_GOOD {
        return None;
    }
    let reason = match encoder.encoding {
        Encoding::Levels { .. } if auc > 1.0 - 1e-12 => LeakageReason::OutcomeCopy,
        _ => LeakageReason::TooGood,
    };
    let detail = format!("alone it ranks won deals above lost ones in {} of 1,000 pairs", (1000.0 * auc).round());
    Some(Leak { column: encoder.column, reason, auc: Some(auc), detail, used: false })
}

#[cfg(test)]
mod tests {
    use super::last_word;

    #[test]
    fn the_last_word_of_a_header_is_found_in_every_case_style() {
        for name in ["Account ID", "account_id", "accountId", "id", "Deal - ID"] {
            assert_eq!(last_word(name), "id", "{name}");
        }
        for name in ["paid", "bid", "Valid", "id type", ""] {
            assert_ne!(last_word(name), "id", "{name}");
        }
    }
}
