//! Owners side by side: what they have open, how often they win, and how that compares with the deals that they were given.

mod prior;

use self::prior::Prior;
use super::pipeline::book::amount;
use super::trained::trained;
use super::{ForecastOptions, Shown};
use crate::crm::{Crm, Deals, Outcome};
use crate::error::{Error, Result};
use crate::meta::{Estimate, Meta, Progress};
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::logistic::sigmoid;
use crate::stats::order::reordered;
use serde::{Deserialize, Serialize};

/// How to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RepOptions {
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// The model of single deals.
    pub model: ForecastOptions,
}

impl Default for RepOptions {
    fn default() -> Self {
        RepOptions { confidence: 0.95, model: ForecastOptions::default() }
    }
}

/// One owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rep {
    /// Name; `None` for deals without an owner.
    pub owner: Option<String>,
    /// Open deals (weighted).
    pub open: f64,
    /// Sum of their known amounts.
    pub open_amount: f64,
    /// Open deals whose amount is not known.
    pub without_amount: f64,
    /// Expected wins among them.
    pub expected_wins: f64,
    /// Weighted pipeline: the sum of probability × known amount.
    pub expected_amount: f64,
    /// Deals won.
    pub won: f64,
    /// Deals lost.
    pub lost: f64,
    /// Share of won ones among the closed, with Wilson's interval; `None` where none is closed.
    pub win_rate: Option<Estimate>,
    /// The same drawn towards the rate of all, the more the fewer deals there are; `None` where no deal of anyone is closed.
    pub shrunken_rate: Option<Estimate>,
    /// Wins that deals like these bring on average; `None` without a model.
    pub expected_won: Option<f64>,
    /// Wins over that number, drawn towards 1: above 1 the owner wins more than the mix of deals explains. `None` without a model.
    pub against_mix: Option<Estimate>,
}

/// The owners. Shape and units are those of `RepsResult` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepsResult {
    /// Provenance. The rows used are open and closed deals.
    pub meta: Meta<RepOptions>,
    /// The owners by falling expected amount, then wins, then name.
    pub reps: Vec<Rep>,
    /// Share of won ones among all closed deals.
    pub base_rate: Option<Estimate>,
    /// Deals of the average owner that shrinking adds to everyone's; `None` where nothing shows how far owners differ, and all rates are that of all.
    pub prior_deals: Option<f64>,
    /// Standard deviation of owners' wins over expected wins beyond chance; `None` without a model.
    pub spread: Option<f64>,
}

/// The owners of the deals of `crm`.
///
/// Rates are shrunken by a beta–binomial model over all strengths that the owners' own counts allow ([`Prior`]). Wins are compared with the sum of the probabilities of a model that does not know the owner (indirect
/// standardisation), and the ratio is shrunken by the moment estimate of DerSimonian & Laird's kind (1986), with a normal interval.
///
/// # Errors
/// [`Error::MissingTable`] without deals; [`Error::MissingRole`] where no deal has an owner; what [`super::forecast`] refuses.
pub fn reps(crm: &Crm, options: &RepOptions, progress: &mut Progress<'_>) -> Result<RepsResult> {
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "reps".into(), table: "deals".into() })?;
    let confidence = Confidence::new(options.confidence)?;
    let owners = deals.owner.levels.len();
    if owners == 0 {
        return Err(Error::MissingRole { analysis: "reps".into(), table: "deals".into(), role: "owner".into() });
    }
    let (probability, left_out) = of_open(deals, &options.model)?;
    progress.report(0.5);
    let expected = without_owner(deals, &options.model)?;
    progress.report(0.9);

    let mut tallies = vec![Tally::default(); owners + 1];
    let mut rows_used = 0.0;
    for row in 0..deals.len() {
        let owner = deals.owner.codes.get(row).map_or(owners, |code| (*code as usize).min(owners));
        let (tally, weight) = (&mut tallies[owner], deals.weight[row]);
        tally.rep_deals += weight;
        match deals.outcome[row] {
            Outcome::Open | Outcome::Hold => {
                let likely = weight * probability.get(row).copied().unwrap_or(0.0);
                tally.open += weight;
                tally.expected_wins += likely;
                match amount(deals, row) {
                    amount if amount.is_nan() => tally.without_amount += weight,
                    amount => {
                        tally.open_amount += weight * amount;
                        tally.expected_amount += likely * amount;
                    }
                }
            }
            outcome @ (Outcome::Won | Outcome::Lost) => {
                *(if outcome == Outcome::Won { &mut tally.won } else { &mut tally.lost }) += weight;
                if let Some(p) = expected.as_ref().map(|expected| expected[row]).filter(|p| !p.is_nan()) {
                    tally.compared_won += if outcome == Outcome::Won { weight } else { 0.0 };
                    tally.expected_won += weight * p;
                    tally.variance += weight * p * (1.0 - p);
                }
            }
            Outcome::Closed => continue,
        }
        rows_used += weight;
    }
    let sum = |of: fn(&Tally) -> f64| tallies.iter().map(of).sum::<f64>();
    let (won, closed) = (sum(|tally| tally.won), sum(Tally::closed));
    let counts: Vec<(f64, f64)> = tallies.iter().map(|tally| (tally.won, tally.closed())).collect();
    let prior = Prior::of(&counts);
    let spread = expected.as_ref().map(|_| Spread::of(&tallies));
    let names = deals.owner.levels.iter().map(|name| Some(name.to_owned())).chain([None]);
    let reps = tallies
        .iter()
        .zip(names)
        .filter(|(tally, _)| tally.rep_deals > 0.0)
        .map(|(tally, owner)| Rep {
            owner,
            open: tally.open,
            open_amount: tally.open_amount,
            without_amount: tally.without_amount,
            expected_wins: tally.expected_wins,
            expected_amount: tally.expected_amount,
            won: tally.won,
            lost: tally.lost,
            win_rate: wilson(tally.won, tally.closed(), confidence),
            shrunken_rate: prior.as_ref().and_then(|prior| prior.shrunken(tally.won, tally.closed(), confidence)),
            expected_won: expected.as_ref().map(|_| tally.expected_won),
            against_mix: spread.map(|spread| tally.against_mix(spread, confidence)),
        })
        .collect();
    let reps = reordered(reps, &mut |a: &Rep, b| {
        let by_amount = b.expected_amount.total_cmp(&a.expected_amount).then(b.won.total_cmp(&a.won));
        by_amount.then_with(|| a.owner.cmp(&b.owner))
    });
    progress.report(1.0);
    Ok(RepsResult {
        meta: Meta::new("reps", crm, &["deals"], options.clone(), rows_used, left_out),
        reps,
        base_rate: wilson(won, closed, confidence),
        prior_deals: prior.and_then(|prior| prior.deals()),
        spread: spread.map(|spread| spread.likely.sqrt()),
    })
}

/// Probability of a win by row; the base rate where there is no model to be shown, 0 where nothing is closed.
fn of_open(deals: &Deals, options: &ForecastOptions) -> Result<(Vec<f64>, Vec<crate::crm::LeftOut>)> {
    let trained = trained(deals, options, &mut Progress::none())?;
    let (won, lost) = trained.examples.counts();
    let probability = match trained.fitted.filter(|_| trained.shown == Shown::Model) {
        Some(fitted) => {
            let rows: Vec<usize> = (0..deals.len()).collect();
            fitted.log_odds(&deals.attributes, &rows)?.into_iter().map(sigmoid).collect()
        }
        None if won + lost > 0.0 => vec![won / (won + lost); deals.len()],
        None => Vec::new(),
    };
    Ok((probability, trained.left_out))
}

/// Probability of a win by row from a model that does not know the owner, NaN for deals that it was not learnt from; `None` without such a model.
fn without_owner(deals: &Deals, options: &ForecastOptions) -> Result<Option<Vec<f64>>> {
    let mut options = options.clone();
    let owner = deals.attributes.iter().filter(|attribute| attribute.role.as_deref() == Some("owner"));
    let owner: Vec<String> = owner.map(|attribute| attribute.name.clone()).collect();
    if let Some(features) = &mut options.features {
        features.retain(|name| !owner.contains(name));
    }
    options.without.extend(owner);
    let trained = trained(deals, &options, &mut Progress::none())?;
    let Some(fitted) = trained.fitted else { return Ok(None) };
    let mut probability = vec![f64::NAN; deals.len()];
    let log_odds = fitted.log_odds(&deals.attributes, &trained.examples.rows)?;
    for (&row, log_odds) in trained.examples.rows.iter().zip(log_odds) {
        probability[row] = sigmoid(log_odds);
    }
    Ok(Some(probability))
}

#[derive(Debug, Clone, Default)]
struct Tally {
    rep_deals: f64,
    open: f64,
    open_amount: f64,
    without_amount: f64,
    expected_wins: f64,
    expected_amount: f64,
    won: f64,
    lost: f64,
    /// Wins among the deals that the model without owners was learnt from, what it expects of them, and the variance of that.
    compared_won: f64,
    expected_won: f64,
    variance: f64,
}

impl Tally {
    fn closed(&self) -> f64 {
        self.won + self.lost
    }

    /// Wins over expected wins given how far owners differ.
    fn against_mix(&self, spread: Spread, confidence: Confidence) -> Estimate {
        let n = self.closed();
        if self.expected_won <= 0.0 {
            let half = confidence.multiplier() * spread.possible.sqrt();
            return Estimate { value: 1.0, low: (1.0 - half).max(0.0), high: 1.0 + half, n };
        }
        let chance = self.variance / (self.expected_won * self.expected_won);
        let kept = |variance: f64| if variance + chance > 0.0 { variance / (variance + chance) } else { 0.0 };
        let value = 1.0 + kept(spread.likely) * (self.compared_won / self.expected_won - 1.0);
        let half = confidence.multiplier() * (kept(spread.possible) * chance).sqrt();
        Estimate { value, low: (value - half).max(0.0), high: value + half, n }
    }
}

/// Variance of observed over expected wins beyond chance.
#[derive(Debug, Clone, Copy)]
struct Spread {
    /// By moments; it may be 0.
    likely: f64,
    /// What intervals reckon with: at least the standard error of that.
    possible: f64,
}

impl Spread {
    fn of(tallies: &[Tally]) -> Spread {
        let (mut excess, mut squares, mut error) = (0.0, 0.0, 0.0);
        for tally in tallies {
            let miss = tally.compared_won - tally.expected_won;
            excess += miss * miss - tally.variance;
            squares += tally.expected_won * tally.expected_won;
            error += 2.0 * tally.variance * tally.variance;
        }
        if squares <= 0.0 {
            return Spread { likely: 0.0, possible: 0.0 };
        }
        let likely = (excess / squares).max(0.0);
        Spread { likely, possible: likely.max(error.sqrt() / squares) }
    }
}

#[cfg(test)]
mod tests;
