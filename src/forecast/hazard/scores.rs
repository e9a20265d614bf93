//! What the hazards say about deals: paths, how sure they are, and what moves a deal away from the average one.

use super::HORIZONS;
use super::columns::Term;
use super::model::{Columns, Hazards};
use super::path::Path;
use super::snapshots::Snapshots;
use crate::error::Result;

/// Snapshots whose columns are held at one time: a million open deals with reasons take 130 MB beside their tables of 1.1 GB, nearly all of it the result.
const BATCH: usize = 4096;
/// Linear predictors beyond this say no more than it.
const FARTHEST: f64 = 300.0;
/// Days ahead of the probability that is explained.
pub(super) const EXPLAINED_DAYS: f64 = HORIZONS[1];
/// Nodes and weights of Gauss and Legendre from 0 to 1.
const NODES: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

/// What is known of the stage beside attributes, as columns of reasons; codes that a page has words for.
const OWN_REASONS: [&str; 4] = ["(stage)", "(age)", "(stay)", "(re-entries)"];

/// One snapshot under a model.
#[derive(Default)]
pub(super) struct Covariates {
    /// Columns of the regression that are not zero for it and do not change from week to week.
    active: Vec<(usize, f64)>,
    /// What they add to the scores of a win and of a loss, by reason; the intercepts are not among them.
    parts: Vec<[f64; 2]>,
    scores: [f64; 2],
    stratum: usize,
}

/// Variances of what a probability of one snapshot depends on: its scores of a win and of a loss, then what the columns of the basis
/// add to each.
#[derive(Default)]
pub(super) struct Spread {
    covariance: Vec<f64>,
    slopes: Vec<f64>,
}

/// The average snapshot, which reasons are measured against.
pub(super) struct Average {
    parts: Vec<[f64; 2]>,
    /// Scores of a win and of a loss by week.
    scores: Vec<[f64; 2]>,
    /// What the basis adds to them.
    shift: Vec<[f64; 2]>,
    log_odds: f64,
}

/// A model made ready for many snapshots.
pub(super) struct Scorer<'a> {
    model: &'a Hazards,
    /// Which reason each column of the design and each number with slopes belongs to; none for the intercept.
    reason: Vec<Option<usize>>,
    /// Columns of the design.
    design: usize,
    /// Columns that do not change from week to week.
    row_columns: usize,
    /// By stratum and week: what the basis adds to the scores.
    shift: Vec<Vec<[f64; 2]>>,
    /// Its exponential.
    factor: Vec<Vec<[f64; 2]>>,
    /// By stratum: the covariance of what the basis adds, see [`Spread`].
    basis_covariance: Vec<Vec<f64>>,
}

fn log_odds(probability: f64) -> Option<f64> {
    let inside = probability > 0.0 && probability < 1.0;
    inside.then(|| libm::log(probability) - libm::log1p(-probability))
}

fn exp(score: f64) -> f64 {
    libm::exp(score.clamp(-FARTHEST, FARTHEST))
}

/// Adds a week with the hazards of two odds against neither.
fn push(path: &mut Path, [win, loss]: [f64; 2]) {
    let sum = 1.0 + win + loss;
    path.push(win / sum, loss / sum);
}

impl Covariates {
    pub fn stratum(&self) -> usize {
        self.stratum
    }
}

impl<'a> Scorer<'a> {
    /// `model` made ready.
    ///
    /// # Errors
    /// None that a model can cause.
    pub fn new(model: &'a Hazards) -> Result<Self> {
        let Columns { design, slopes, .. } = model.columns_of(&Snapshots::default())?;
        let (design, strata, q) =
            (design.coefficients(), model.strata().max(1), model.basis.first().map_or(0, Vec::len));
        let own = model.encoders.len();
        let mut reason = vec![None];
        let (numbers, levels) = model.attribute_columns()?;
        reason.extend(numbers.into_iter().map(Some));
        reason.extend(model.terms.iter().map(|(term, _)| match term {
            Term::Age(..) => Some(own + 1),
            Term::Stay(..) => Some(own + 2),
            Term::ReEntries => Some(own + 3),
        }));
        reason.extend(levels.into_iter().map(Some));
        reason.resize(design, Some(own));
        reason.extend(std::iter::repeat_n(Some(own + 2), slopes.len() * strata));
        let row_columns = design + slopes.len() * strata;
        let mut scorer = Scorer {
            model,
            reason,
            design,
            row_columns,
            shift: Vec::with_capacity(strata),
            factor: Vec::with_capacity(strata),
            basis_covariance: Vec::with_capacity(strata),
        };
        let (p, d) = (model.columns, model.coefficients.len());
        for stratum in 0..strata {
            let starts = scorer.starts(stratum);
            let shift = |k: usize, z: &[f64]| {
                let of = |j: usize| starts.iter().map(|start| model.coefficients[k * p + start + j]).sum::<f64>();
                z.iter().enumerate().map(|(j, z)| z * of(j)).sum::<f64>()
            };
            let shift: Vec<[f64; 2]> = model.basis.iter().map(|z| [shift(0, z), shift(1, z)]).collect();
            scorer.factor.push(shift.iter().map(|shift| shift.map(exp)).collect());
            scorer.shift.push(shift);
            let mut covariance = Vec::with_capacity(4 * q * q);
            let places = || (0..2).flat_map(|k| (0..q).map(move |j| k * p + j));
            for i in places() {
                covariance.extend(places().map(|j| {
                    let of = |a: &usize| starts.iter().map(|b| model.covariance[(a + i) * d + b + j]).sum::<f64>();
                    starts.iter().map(of).sum::<f64>()
                }));
            }
            scorer.basis_covariance.push(covariance);
        }
        Ok(scorer)
    }

    /// First columns of the basis that snapshots of `stratum` look at.
    fn starts(&self, stratum: usize) -> Vec<usize> {
        let q = self.model.basis.first().map_or(0, Vec::len);
        let own = (self.model.strata() > 0).then(|| self.row_columns + (1 + stratum) * q);
        std::iter::once(self.row_columns).chain(own).collect()
    }

    /// Names of the reasons: columns of the deals, then codes of what is known of the stage.
    pub fn reasons(&self) -> Vec<String> {
        let columns = self.model.encoders.iter().map(|encoder| encoder.column.as_str());
        columns.chain(OWN_REASONS).map(str::to_owned).collect()
    }

    /// Calls `visit` with the row and the covariates of each snapshot.
    ///
    /// # Errors
    /// None that snapshots of the same deals can cause.
    pub fn each(&self, snapshots: &Snapshots, visit: &mut dyn FnMut(usize, &Covariates)) -> Result<()> {
        let (model, p) = (self.model, self.model.columns);
        let (strata, stage) = (model.strata().max(1), model.encoders.len());
        let mut covariates = Covariates::default();
        for first in (0..snapshots.len()).step_by(BATCH) {
            let batch = snapshots.part(first..(first + BATCH).min(snapshots.len()));
            let Columns { design, slopes, stratum, .. } = model.columns_of(&batch)?;
            for row in 0..batch.len() {
                let Covariates { active, parts, scores, stratum: own } = &mut covariates;
                *own = if model.strata() > 0 { stratum[row] as usize } else { 0 };
                active.clear();
                design.active(row, |column, x| active.push((column, x)));
                active.extend(
                    slopes.iter().enumerate().map(|(at, slope)| (self.design + at * strata + *own, slope[row])),
                );
                parts.clear();
                parts.resize(stage + OWN_REASONS.len(), [0.0; 2]);
                for k in 0..2 {
                    let coefficients = &model.coefficients[k * p..][..p];
                    scores[k] = coefficients[0];
                    for (column, x) in active.iter() {
                        if let Some(Some(reason)) = self.reason.get(*column) {
                            parts[*reason][k] += coefficients[*column] * x;
                        }
                    }
                    scores[k] += parts.iter().map(|part| part[k]).sum::<f64>();
                }
                visit(first + row, &covariates);
            }
        }
        Ok(())
    }

    /// Replaces `path` by the hazards of a snapshot, of the first `weeks` weeks.
    pub fn path(&self, covariates: &Covariates, weeks: usize, path: &mut Path) {
        path.clear();
        let [win, loss] = covariates.scores.map(exp);
        for factor in self.factor[covariates.stratum].iter().take(weeks) {
            push(path, [win * factor[0], loss * factor[1]]);
        }
    }

    /// Replaces `spread` by that of a snapshot.
    pub fn spread(&self, covariates: &Covariates, spread: &mut Spread) {
        let (p, d, q) =
            (self.model.columns, self.model.coefficients.len(), self.model.basis.first().map_or(0, Vec::len));
        let m = 2 + 2 * q;
        let starts = self.starts(covariates.stratum);
        spread.covariance.clear();
        spread.covariance.resize(m * m, 0.0);
        let into = &mut spread.covariance;
        for k in 0..2 {
            for &(i, x) in &covariates.active {
                let line = &self.model.covariance[(k * p + i) * d..][..d];
                for l in 0..2 {
                    let line = &line[l * p..][..p];
                    if l <= k {
                        into[k * m + l] += x * covariates.active.iter().map(|(j, z)| line[*j] * z).sum::<f64>();
                    }
                    for start in &starts {
                        let of_basis = &mut into[k * m + 2 + l * q..][..q];
                        of_basis.iter_mut().zip(&line[*start..]).for_each(|(into, covariance)| *into += x * covariance);
                    }
                }
            }
        }
        for (line, own) in
            into.chunks_exact_mut(m).skip(2).zip(self.basis_covariance[covariates.stratum].chunks((2 * q).max(1)))
        {
            line[2..].copy_from_slice(own);
        }
        if let Some(misfit) = self.model.misfit.get(covariates.stratum) {
            (0..2).for_each(|k| into[k * m + k] += misfit[k]);
        }
        for i in 0..m {
            for j in 0..i {
                match i < 2 {
                    true => into[j * m + i] = into[i * m + j],
                    false if j < 2 => into[i * m + j] = into[j * m + i],
                    false => {}
                }
            }
        }
    }

    /// Standard error of the probability of a win within `days` (infinity: ever), by the delta method.
    pub fn deviation(&self, path: &Path, spread: &mut Spread, days: f64) -> f64 {
        let q = self.model.basis.first().map_or(0, Vec::len);
        let Spread { covariance, slopes } = spread;
        slopes.clear();
        slopes.resize(2 + 2 * q, 0.0);
        path.win_slopes(days, &mut |week, by| {
            for (k, by) in by.into_iter().enumerate() {
                slopes[k] += by;
                for (sum, z) in slopes[2 + k * q..].iter_mut().zip(&self.model.basis[week]).take(q) {
                    *sum += by * z;
                }
            }
        });
        let lines = covariance.chunks_exact(slopes.len()).zip(slopes.iter());
        let variance: f64 =
            lines.map(|(line, x)| x * line.iter().zip(slopes.iter()).map(|(v, z)| v * z).sum::<f64>()).sum();
        variance.max(0.0).sqrt()
    }

    /// The mean of `snapshots`; `None` without weight.
    ///
    /// # Errors
    /// As [`Scorer::each`].
    pub fn average(&self, snapshots: &Snapshots, weight: &dyn Fn(usize) -> f64) -> Result<Option<Average>> {
        let weeks = self.model.basis.len().min((EXPLAINED_DAYS / 7.0) as usize + 1);
        let reasons = self.model.encoders.len() + OWN_REASONS.len();
        let (mut parts, mut scores) = (vec![[0.0; 2]; reasons], [0.0; 2]);
        let mut shares = vec![0.0; self.shift.len()];
        self.each(snapshots, &mut |row, covariates| {
            let weight = weight(row);
            shares[covariates.stratum] += weight;
            for k in 0..2 {
                scores[k] += weight * covariates.scores[k];
                parts.iter_mut().zip(&covariates.parts).for_each(|(sum, part)| sum[k] += weight * part[k]);
            }
        })?;
        let total: f64 = shares.iter().sum();
        if total.is_nan() || total <= 0.0 {
            return Ok(None);
        }
        let mean = |sums: [f64; 2]| sums.map(|sum| sum / total);
        let shift =
            |week: usize, k: usize| self.shift.iter().zip(&shares).map(|(shift, share)| share * shift[week][k]).sum();
        let shift: Vec<[f64; 2]> = (0..weeks).map(|week| mean([shift(week, 0), shift(week, 1)])).collect();
        let scores = mean(scores);
        let scores: Vec<[f64; 2]> = shift.iter().map(|shift| [scores[0] + shift[0], scores[1] + shift[1]]).collect();
        let mut path = Path::default();
        scores.iter().for_each(|scores| push(&mut path, scores.map(exp)));
        let log_odds = log_odds(path.at(EXPLAINED_DAYS).won);
        let parts = parts.into_iter().map(mean).collect();
        Ok(log_odds.map(|log_odds| Average { parts, scores, shift, log_odds }))
    }

    /// What moves the log-odds of a win within [`EXPLAINED_DAYS`] of a snapshot away from those of the average one, by reason. They sum to
    /// the difference; returns what the quadrature leaves of it, which the stage takes.
    ///
    /// The log-odds are no sum of what the reasons add to the hazards: each gets its part of the change along the straight line from the one to the other
    /// (integrated gradients: Aumann & Shapley 1974; Sundararajan, Taly & Yan 2017).
    pub fn contributions(
        &self,
        average: &Average,
        covariates: &Covariates,
        own: &Path,
        path: &mut Path,
        into: &mut Vec<f64>,
    ) -> f64 {
        into.clear();
        into.resize(covariates.parts.len(), 0.0);
        let Some(log_odds_here) = log_odds(own.at(EXPLAINED_DAYS).won) else { return 0.0 };
        let shift = &self.shift[covariates.stratum];
        let (mut slope, mut of_stage) = ([0.0; 2], 0.0);
        for (node, weight) in NODES {
            path.clear();
            for (scores, shift) in average.scores.iter().zip(shift) {
                let between = |k: usize| scores[k] + node * (covariates.scores[k] + shift[k] - scores[k]);
                push(path, [exp(between(0)), exp(between(1))]);
            }
            let won = path.at(EXPLAINED_DAYS).won;
            let by = weight / (won * (1.0 - won)).max(f64::MIN_POSITIVE);
            path.win_slopes(EXPLAINED_DAYS, &mut |week, slopes| {
                for k in 0..2 {
                    slope[k] += by * slopes[k];
                    of_stage += by * slopes[k] * (shift[week][k] - average.shift[week][k]);
                }
            });
        }
        for ((into, part), mean) in into.iter_mut().zip(&covariates.parts).zip(&average.parts) {
            *into = slope[0] * (part[0] - mean[0]) + slope[1] * (part[1] - mean[1]);
        }
        let stage = self.model.encoders.len();
        into[stage] += of_stage;
        let left_over = log_odds_here - average.log_odds - into.iter().sum::<f64>();
        into[stage] += left_over;
        left_over
    }
}

impl Hazards {
    /// Calls `visit` with the row and the hazards of each snapshot.
    ///
    /// # Errors
    /// None that snapshots of the same deals can cause.
    pub fn paths(&self, snapshots: &Snapshots, visit: &mut dyn FnMut(usize, &Path)) -> Result<()> {
        let scorer = Scorer::new(self)?;
        let mut path = Path::default();
        scorer.each(snapshots, &mut |row, covariates| {
            scorer.path(covariates, usize::MAX, &mut path);
            visit(row, &path);
        })
    }
}
