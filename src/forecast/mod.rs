//! How likely each open deal is to be won: logistic regression on closed deals, tested on the newest of them before it is believed.

mod baselines;
mod calibration;
mod cross_validation;
mod features;
mod hazard;
mod holdout;
mod leakage;
mod lift;
mod model;
mod open_deals;
mod pipeline;
mod reps;
mod rolling;
mod rules;
mod thresholds;
mod trained;
mod what_if;

pub use baselines::{Baseline, BaselineBasis, BaselineKind, Performance, StageRate, StageRates};
pub use calibration::ModelCalibration;
pub use cross_validation::PathPoint;
pub use hazard::{CloseWindow, HazardForecast, HazardTest, HorizonShares, ModelChoice, ModelWanted, Weekly};
pub use holdout::{Figures, Holdout, Skill};
pub use leakage::{Leak, LeakageReason};
pub use lift::LiftGroup;
pub use model::{Feature, Model};
pub use open_deals::{OpenDeals, WinWindow};
pub use pipeline::{
    Arrivals, BackTest, Band, LargestDeal, Part, PastPeriods, PeriodForecast, PipelineOptions, PipelineResult, Slipped,
    WinCounts, WinTimesFrom, WithoutAmount, pipeline,
};
pub use reps::{Rep, RepOptions, RepsResult, reps};
pub use rolling::{Origin, RollingTest};
pub use rules::{RuleHits, RuleOptions, RuleProblem, RuleScores, RuleTest, ScoreBand, rule_scores};
pub use thresholds::{Confusion, Thresholds};
pub use what_if::{Change, Outlook, Suggestion, WhatIfModel, WhatIfOptions, WhatIfResult, what_if, what_if_model};

use crate::crm::{Crm, Deals, LeftOut, Outcome};
use crate::error::{Error, Result};
use crate::meta::{Estimate, Meta, Progress};
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::order::{sort_rows, sorted_rows};
use model::{Examples, Fitted};
use serde::{Deserialize, Serialize};
use trained::{Trained, trained};

/// How to forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ForecastOptions {
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// Columns to use; every column that could have been known before the close when missing.
    pub features: Option<Vec<String>>,
    /// Columns never to use.
    pub without: Vec<String>,
    /// L2 penalty λ; chosen by cross-validation on the training part when missing.
    pub penalty: Option<f64>,
    /// Share of the newest closed deals that is kept for the test.
    pub holdout: f64,
    /// Instead of a share: test on deals closed at or after this instant, in ms.
    pub holdout_from: Option<f64>,
    /// Instead of a share: train on this many rows, the oldest.
    pub train_rows: Option<usize>,
    /// Levels of a category with fewer rows are pooled.
    pub min_level_rows: f64,
    /// How many deals are listed with reasons.
    pub listed: usize,
    /// Whether the model of closed deals is calibrated.
    pub calibration: CalibrationWanted,
    /// Which models to learn.
    pub model: ModelWanted,
}

/// Whether probabilities are calibrated on predictions of deals that were not learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationWanted {
    /// Where that is better than the model as it is.
    #[default]
    Auto,
    /// Never.
    None,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        ForecastOptions {
            confidence: 0.95,
            features: None,
            without: Vec::new(),
            penalty: None,
            holdout: 0.2,
            holdout_from: None,
            train_rows: None,
            min_level_rows: 20.0,
            listed: 200,
            calibration: CalibrationWanted::default(),
            model: ModelWanted::default(),
        }
    }
}

/// What the test on the newest deals says about the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It beats the base rate and its probabilities can be taken at their word.
    Ready,
    /// It beats the base rate, but something is off.
    UseWithCare,
    /// It does not beat the base rate.
    NoSignal,
    /// Too few closed deals for a test.
    TooFew,
}

/// What the probabilities of open deals come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The model.
    Model,
    /// The share of won deals among all closed ones.
    BaseRate,
}

/// Weighted counts of closed deals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClosedCounts {
    /// Won.
    pub won: f64,
    /// Lost.
    pub lost: f64,
}

/// What moves the score of one deal away from that of the average open deal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Column.
    pub column: String,
    /// Value of the deal.
    pub value: String,
    /// Log-odds against the average open deal.
    pub contribution: f64,
}

/// An open deal with what speaks for and against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedDeal {
    /// Identifier.
    pub id: String,
    /// Row of the deals table.
    pub row: u32,
    /// Stage.
    pub stage: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Amount.
    pub amount: Option<f64>,
    /// Days since creation at `as_of`.
    pub age_days: Option<f64>,
    /// Probability of being won.
    pub probability: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// All reasons, the strongest first; they sum to the log-odds minus those of the average deal. Empty where the base rate is shown.
    pub reasons: Vec<Reason>,
}

/// Sums over the open deals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// Sum of the probabilities.
    pub wins: f64,
    /// Sum of probability × amount over deals with an amount.
    pub amount: f64,
    /// Open deals (weighted) that have none.
    pub deals_without_amount: f64,
}

/// The forecast.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForecastResult {
    /// Provenance.
    pub meta: Meta<ForecastOptions>,
    /// Closed deals learnt from.
    pub closed: ClosedCounts,
    /// Share of won deals among them, with Wilson's interval; `None` where nothing is closed.
    pub base_rate: Option<Estimate>,
    /// What the test says.
    pub verdict: Verdict,
    /// Why, as a stable code.
    pub verdict_reason: &'static str,
    /// What is missing until a test is possible.
    pub needed: ClosedCounts,
    /// What the probabilities come from.
    pub shown: Shown,
    /// Which of the two models the data can carry; `open` is by the model of closed deals in either case.
    pub model_choice: ModelChoice,
    /// Why, as a stable code.
    pub model_reason: &'static str,
    /// What the model of hazards says; `None` where it is not the choice.
    pub hazard: Option<HazardForecast>,
    /// The test; `None` where there are too few closed deals.
    pub holdout: Option<Holdout>,
    /// The test repeated at past dates; `None` where there are fewer than four with enough deals before and after them.
    pub rolling: Option<RollingTest>,
    /// The same test as lift, calls and skill against other sources of probabilities; `None` where there is none.
    pub performance: Option<Performance>,
    /// Observed rate of each stage beside the CRM's own percentage.
    pub stages: StageRates,
    /// The model of all closed deals; `None` where one outcome is missing.
    pub model: Option<Model>,
    /// Columns that are not believed.
    pub leakage: Vec<Leak>,
    /// Every open deal.
    pub open: OpenDeals,
    /// The most probable ones, with reasons.
    pub listed: Vec<ListedDeal>,
    /// Sums.
    pub expected: Expected,
}

/// Deals of each outcome that a test on held-out deals needs.
const NEEDED: f64 = 40.0;
/// Penalty where there are too few deals to choose one: it keeps the few from shouting.
const CAUTIOUS_PENALTY: f64 = 10.0;
/// Deals of each outcome that a single column is screened on.
const MOST_SCREENED: usize = 10_000;
const DAY_MS: f64 = 86_400_000.0;
/// Share of the work that the model of closed deals is where that of hazards is learnt too.
const QUICK_PART: f64 = 0.1;

/// The probability of each open deal to be won, the model behind it and the test of that model (methods: snapshot of what is known now,
/// L2 logistic regression on closed deals, hold-out by time).
///
/// A deal that ended in an unknown way is left out. Where most won or most lost deals have no close date the order of rows is the time, and
/// `holdout.from` is `None`; else the few without one are left out.
///
/// # Errors
/// [`Error::MissingTable`] without deals, [`Error::UnknownColumn`] for a feature that is no
/// column, [`Error::InvalidOption`] for an option out of its range or more columns than a fit can hold.
pub fn forecast(crm: &Crm, options: &ForecastOptions, progress: &mut Progress<'_>) -> Result<ForecastResult> {
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "forecast".into(), table: "deals".into() })?;
    let confidence = Confidence::new(options.confidence)?;
    let open: Vec<usize> =
        (0..deals.len()).filter(|&i| matches!(deals.outcome[i], Outcome::Open | Outcome::Hold)).collect();
    let auto = options.model == ModelWanted::Auto;
    let share = if auto { QUICK_PART } else { 1.0 };
    let trained = trained(deals, options, &mut Progress::to(&mut |done| progress.report(share * done)))?;
    let told = &mut |done: f64| progress.report(share * (0.6 + 0.35 * done));
    let rolling = rolling::rolling(crm, deals, &trained, options, confidence, &mut Progress::to(told))?;
    let (won, lost) = trained.examples.counts();
    let hazard = match auto {
        true => hazard::hazard(crm, deals, &trained.columns, options, progress, QUICK_PART)?,
        false => Err("not_asked"),
    };
    let (hazard, model_choice, model_reason) = match hazard {
        Ok(hazard) => (Some(hazard), ModelChoice::Hazard, "history"),
        Err(reason) => (None, ModelChoice::ClosedDeals, reason),
    };
    let (stages, performance) = baselines::against_baselines(crm, deals, &trained, confidence)?;
    let Trained { left_out, fitted, holdout, verdict, verdict_reason, shown, leakage, .. } = trained;
    let base_rate = wilson(won, won + lost, confidence);
    if !auto {
        progress.report(0.95);
    }
    let (open, listed, expected) =
        score(crm, deals, &open, fitted.as_ref().filter(|_| shown == Shown::Model), base_rate, confidence, options)?;
    progress.report(1.0);
    let mut model = fitted.map(|fitted| fitted.model);
    if let (Some(model), Some(holdout)) = (&mut model, &holdout) {
        model.path.clone_from(&holdout.model.path);
    }
    Ok(ForecastResult {
        meta: Meta::new("forecast", crm, &["deals"], options.clone(), won + lost, left_out),
        closed: ClosedCounts { won, lost },
        base_rate,
        verdict,
        verdict_reason,
        needed: ClosedCounts { won: (NEEDED - won).max(0.0), lost: (NEEDED - lost).max(0.0) },
        shown,
        model_choice,
        model_reason,
        hazard,
        holdout,
        rolling,
        performance,
        stages,
        model,
        leakage,
        open,
        listed,
        expected,
    })
}

fn check(options: &ForecastOptions) -> Result<()> {
    let refuse = |option: &str, value: String, rule: &str| {
        Err(Error::InvalidOption { option: option.into(), value, rule: rule.into() })
    };
    if !(options.holdout > 0.0 && options.holdout < 1.0) {
        return refuse("holdout", options.holdout.to_string(), "a share lies strictly between 0 and 1");
    }
    if options.min_level_rows.is_nan() || options.min_level_rows < 0.0 {
        return refuse("minLevelRows", options.min_level_rows.to_string(), "a number of rows is not negative");
    }
    if let Some(penalty) = options.penalty.filter(|penalty| !(*penalty > 0.0 && penalty.is_finite())) {
        return refuse("penalty", penalty.to_string(), "a penalty is a positive finite number");
    }
    if options.train_rows == Some(0) {
        return refuse("trainRows", "0".into(), "at least one row is needed to train on");
    }
    Ok(())
}

/// Won and lost deals in time order, their close instants, and what was left out. Where most of the won or most of the lost deals have no
/// close date, all stay in the order of their rows and there are no instants.
fn closed_deals(deals: &Deals) -> (Examples, Option<Vec<f64>>, Vec<LeftOut>) {
    let mut closed: Vec<usize> =
        (0..deals.len()).filter(|&i| matches!(deals.outcome[i], Outcome::Won | Outcome::Lost)).collect();
    let dated_share = |outcome: Outcome| {
        let weight = |dated_only: bool| -> f64 {
            let of =
                closed.iter().filter(|&&i| deals.outcome[i] == outcome && !(dated_only && deals.closed[i].is_nan()));
            of.map(|&i| deals.weight[i]).sum()
        };
        weight(true) / weight(false)
    };
    // Some CRMs write no close date on lost deals: leaving those out would leave one outcome. NaN: there are none of this outcome.
    let dated = closed.iter().any(|&i| !deals.closed[i].is_nan())
        && ![Outcome::Won, Outcome::Lost].into_iter().any(|outcome| dated_share(outcome) < 0.5);
    let mut left_out = Vec::new();
    let mut leave = |reason: &str, rows: Vec<usize>| {
        if !rows.is_empty() {
            left_out.push(LeftOut {
                table: "deals".into(),
                reason: reason.into(),
                count: rows.len() as u64,
                example_lines: rows.iter().take(10).map(|&i| deals.row[i] + 2).collect(),
                ..LeftOut::default()
            });
        }
    };
    if dated {
        let undated: Vec<usize> = closed.iter().copied().filter(|&i| deals.closed[i].is_nan()).collect();
        leave("no_close_date", undated);
        closed.retain(|&i| !deals.closed[i].is_nan());
        sort_rows(&mut closed, &mut |a, b| {
            deals.closed[a].total_cmp(&deals.closed[b]).then_with(|| deals.id.get(a).cmp(&deals.id.get(b)))
        });
    }
    leave("unknown_outcome", (0..deals.len()).filter(|&i| deals.outcome[i] == Outcome::Closed).collect());
    let times = dated.then(|| closed.iter().map(|&i| deals.closed[i]).collect());
    let outcome = closed.iter().map(|&i| f64::from(u8::from(deals.outcome[i] == Outcome::Won))).collect();
    let weights = closed.iter().map(|&i| deals.weight[i]).collect();
    (Examples { rows: closed, outcome, weights }, times, left_out)
}

/// Position of the first tested example. Deals closed at one instant are not torn apart.
fn first_tested(examples: &Examples, closed_at: Option<&[f64]>, options: &ForecastOptions) -> usize {
    let n = examples.rows.len();
    if let Some(rows) = options.train_rows {
        return rows.min(n);
    }
    if let (Some(from), Some(times)) = (options.holdout_from, closed_at) {
        return times.partition_point(|time| *time < from);
    }
    let target = (1.0 - options.holdout) * examples.weights.iter().sum::<f64>();
    let mut before = 0.0;
    let mut cut = n;
    for (i, weight) in examples.weights.iter().enumerate() {
        if before >= target - 1e-9 {
            cut = i;
            break;
        }
        before += weight;
    }
    match closed_at {
        Some(times) => times.get(cut).map_or(cut, |at| times.partition_point(|time| time < at)),
        None => cut,
    }
}

/// The attributes to use, and those that are not believed.
fn candidates(
    deals: &Deals,
    examples: &Examples,
    cut: usize,
    options: &ForecastOptions,
    confidence: Confidence,
) -> Result<(Vec<usize>, Vec<Leak>)> {
    for column in options.features.iter().flatten().chain(&options.without) {
        if !deals.attributes.iter().any(|attribute| attribute.name == *column) {
            return Err(Error::UnknownColumn {
                table: "deals".into(),
                column: column.clone(),
                available: deals.attributes.iter().map(|attribute| attribute.name.clone()).collect(),
            });
        }
    }
    let mut columns = Vec::new();
    let mut leakage = Vec::new();
    let (train, test) =
        (examples.part(0, cut).thinned(MOST_SCREENED), examples.part(cut, examples.rows.len()).thinned(MOST_SCREENED));
    for (index, attribute) in deals.attributes.iter().enumerate() {
        let asked = options.features.as_ref().map(|features| features.contains(&attribute.name));
        let label =
            matches!(attribute.role.as_deref(), Some("outcome" | "stage" | "created_at" | "weight" | "segment"));
        if asked == Some(false) || options.without.contains(&attribute.name) || (label && asked.is_none()) {
            continue;
        }
        let leak = leakage::by_meaning(deals, index)
            .or_else(|| leakage::by_cardinality(&deals.attributes, index, examples, options.min_level_rows))
            .or_else(|| leakage::by_result(&deals.attributes, index, &train, &test, confidence));
        if leak.is_none() || asked == Some(true) {
            columns.push(index);
        }
        leakage.extend(leak.map(|leak| Leak { used: asked == Some(true), ..leak }));
    }
    Ok((columns, leakage))
}

/// The verdict and the code of its reason.
fn judged(holdout: Option<&Holdout>, won: f64, lost: f64, fitted: Option<&Fitted>) -> (Verdict, &'static str) {
    let Some(holdout) = holdout else {
        let reason = match (won > 0.0, lost > 0.0) {
            (false, false) => "no_closed_deals",
            (true, false) => "only_won",
            (false, true) => "only_lost",
            _ if won >= NEEDED && lost >= NEEDED => "no_test_possible",
            _ => "too_few_closed",
        };
        return (Verdict::TooFew, reason);
    };
    if fitted.is_none_or(|fitted| fitted.model.features.is_empty()) {
        return (Verdict::NoSignal, "no_features");
    }
    let figures = &holdout.figures;
    let beats_base_rate = figures.log_loss_skill.low > 0.0;
    if !beats_base_rate {
        // Ranking can survive where the level of the probabilities has drifted away: that is a model to use with care, not noise.
        let ranks = figures.auc.is_some_and(|auc| auc.low > 0.55);
        return if ranks {
            (Verdict::UseWithCare, "base_rate_drift")
        } else {
            (Verdict::NoSignal, "no_better_than_base_rate")
        };
    }
    if figures.auc.is_none_or(|auc| auc.value < 0.6) {
        return (Verdict::UseWithCare, "weak_ranking");
    }
    if (figures.mean_predicted - figures.test_rate).abs() > 0.05 {
        return (Verdict::UseWithCare, "base_rate_drift");
    }
    if holdout.calibration_error > 0.05 || figures.calibration_slope.is_none_or(|slope| !(0.7..=1.3).contains(&slope)) {
        return (Verdict::UseWithCare, "calibration_off");
    }
    (Verdict::Ready, "tested_on_newest")
}

/// Probabilities of the open deals by `fitted`, or the base rate for all of them.
fn score(
    crm: &Crm,
    deals: &Deals,
    open: &[usize],
    fitted: Option<&Fitted>,
    base_rate: Option<Estimate>,
    confidence: Confidence,
    options: &ForecastOptions,
) -> Result<(OpenDeals, Vec<ListedDeal>, Expected)> {
    let weights: Vec<f64> = open.iter().map(|&i| deals.weight[i]).collect();
    let scores = fitted.map(|fitted| fitted.scores(&deals.attributes, open)).transpose()?;
    let probabilities: Vec<(f64, f64, f64)> = match (&scores, base_rate) {
        (Some(scores), _) => (0..open.len()).map(|i| scores.probability(i, confidence.multiplier())).collect(),
        (None, Some(base)) => vec![(base.value, base.low, base.high); open.len()],
        // Nothing has been closed yet: nothing is known about any deal.
        (None, None) => vec![(f64::NAN, 0.0, 1.0); open.len()],
    };
    let mut expected = Expected { wins: 0.0, amount: 0.0, deals_without_amount: 0.0 };
    for (k, &i) in open.iter().enumerate() {
        let likely = weights[k] * probabilities[k].0;
        if likely.is_nan() {
            continue;
        }
        expected.wins += likely;
        if deals.amount[i].is_nan() {
            expected.deals_without_amount += weights[k]
        } else {
            expected.amount += likely * deals.amount[i]
        }
    }
    let mut order = sorted_rows(open.len(), &mut |a, b| probabilities[b].0.total_cmp(&probabilities[a].0));
    if base_rate.is_none() {
        order.clear();
    }
    let average = match (fitted, &scores) {
        (Some(fitted), Some(scores)) => fitted.average(scores, &weights),
        _ => Vec::new(),
    };
    let present = |value: f64| (!value.is_nan()).then_some(value);
    let listed = order
        .into_iter()
        .take(options.listed)
        .map(|k| {
            let i = open[k];
            let reasons = match (fitted, &scores) {
                (Some(fitted), Some(scores)) => open_deals::reasons(deals, i, fitted, scores, k, &average),
                _ => Vec::new(),
            };
            let (probability, low, high) = probabilities[k];
            ListedDeal {
                id: deals.id.get(i).unwrap_or_default().to_owned(),
                row: deals.row[i],
                stage: deals.stage.get(i).map(str::to_owned),
                owner: deals.owner.get(i).map(str::to_owned),
                amount: present(deals.amount[i]),
                age_days: present((crm.as_of - deals.created[i]) / DAY_MS),
                probability,
                low,
                high,
                reasons,
            }
        })
        .collect();
    let open = open_deals::open_deals(deals, open, crm.as_of, &probabilities, fitted.zip(scores.as_ref()), &average)?;
    Ok((open, listed, expected))
}

#[cfg(test)]
mod tests;
