//! The hazards of a win and of a loss by week after a snapshot, given what was known at it.

use super::super::features::{self, Encoder, learn};
use super::path::Path;
use super::penalties::{self, Clusters, Groups, Penalties};
use super::snapshots::{NO_STAGE, Snapshots};
use crate::crm::{Attribute, Deals, Passages};
use crate::error::Result;
use crate::stats::logistic::{Category, Design};
use crate::stats::multinomial::{Panel, approach, clustered_covariance, information};
use crate::stats::order::sorted_rows;
use crate::stats::splines::NaturalSpline;

/// Weeks after a snapshot that hazards are learnt for; from the last one on they stay as they are.
pub(super) const MOST_WEEKS: u32 = 104;
const KNOTS: usize = 4;
/// Stages that are told apart; those with the fewest snapshots share one place.
const MOST_STAGES: usize = 12;
/// Ways into a stage that are told apart.
const MOST_WAYS: usize = 40;
/// Levels of one category that keep a coefficient.
const MOST_OWN_LEVELS: usize = 100;
const MOST_STEPS: usize = 100;

/// A column of numbers on the scale of the training rows.
#[derive(Debug, Clone)]
struct Scale {
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(values: &[f64], weights: &[f64]) -> Option<Scale> {
        let total: f64 = weights.iter().sum();
        let mean = values.iter().zip(weights).map(|(x, w)| w * x).sum::<f64>() / total;
        let variance = values.iter().zip(weights).map(|(x, w)| w * (x - mean) * (x - mean)).sum::<f64>() / total;
        let deviation = variance.sqrt();
        (deviation > 1e-9 * mean.abs().max(1e-3) && deviation.is_finite()).then_some(Scale { mean, deviation })
    }

    fn apply(&self, values: &mut [f64]) {
        values.iter_mut().for_each(|x| *x = (*x - self.mean) / self.deviation);
    }
}

/// What a number of the snapshot is turned into.
#[derive(Debug, Clone)]
enum Term {
    /// Column of the spline of the logarithm of the age.
    Age(NaturalSpline, usize),
    /// The same of the time in the stage.
    Stay(NaturalSpline, usize),
    ReEntries,
    /// The logarithm of the time in the stage, in one stage.
    StayIn(u32),
}

/// Whether the coefficients of two terms are held alike.
fn same_kind(a: &Term, b: &Term) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Stages with the stages that deals come to them from.
#[derive(Debug, Clone, Default)]
struct Ways {
    /// Number of stages, hold and the one that stands for none apart.
    stages: usize,
    /// By stage and the one before: 0, or which one it is among those that many deals went.
    number: Vec<u32>,
    levels: usize,
}

impl Ways {
    /// Those that at least `least` deals were seen to go.
    fn of(snapshots: &Snapshots, weights: &[f64], stages: usize, least: f64) -> Ways {
        let mut ways = Ways { stages, number: vec![0; (stages + 1) * (stages + 1)], levels: 0 };
        let mut counts = vec![0.0; ways.number.len()];
        let mut last = None;
        for (row, weight) in weights.iter().enumerate() {
            let way = ways.place(snapshots, row);
            if last.replace((snapshots.deal[row], way)) != Some((snapshots.deal[row], way)) {
                counts[way] += weight;
            }
        }
        let order = sorted_rows(counts.len(), &mut |a, b| counts[b].total_cmp(&counts[a]));
        for way in order.into_iter().take(MOST_WAYS).filter(|way| counts[*way] > 0.0 && counts[*way] >= least) {
            ways.levels += 1;
            ways.number[way] = ways.levels as u32;
        }
        ways
    }

    fn place(&self, snapshots: &Snapshots, row: usize) -> usize {
        let from = if snapshots.from[row] == NO_STAGE { self.stages } else { snapshots.from[row] as usize };
        snapshots.stage[row] as usize * (self.stages + 1) + from
    }

    fn category(&self, snapshots: &Snapshots) -> Category {
        let number = |row| self.number.get(self.place(snapshots, row)).copied().unwrap_or(0);
        Category { codes: (0..snapshots.len()).map(number).collect(), levels: self.levels }
    }
}

/// What a model needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Least {
    /// Deals won, and deals lost, after a snapshot.
    pub events: f64,
    /// Deals of a level that has a coefficient of its own.
    pub level_rows: f64,
}

/// A fitted model.
pub(super) struct Hazards {
    attributes: Vec<Attribute>,
    encoders: Vec<Encoder>,
    terms: Vec<(Term, Scale)>,
    /// Place of each stage, the hold being the last.
    place: Vec<u32>,
    places: usize,
    ways: Ways,
    basis: Vec<Vec<f64>>,
    /// How its groups of coefficients were held.
    groups: Groups,
    coefficients: Vec<f64>,
    covariance: Vec<f64>,
    columns: usize,
    /// Snapshots learnt from (weighted).
    pub snapshots: f64,
    /// Weeks after them.
    pub deal_weeks: f64,
    /// Deals won and lost among them (weighted).
    pub events: [f64; 2],
    /// Newton steps.
    pub iterations: usize,
    /// Largest absolute element of the gradient.
    pub max_gradient: f64,
}

/// The columns of the regression that are not zero for one snapshot: those of its design, and where its columns of the basis begin.
#[derive(Default)]
pub(super) struct Covariates {
    active: Vec<(usize, f64)>,
    starts: Vec<usize>,
}

/// What tells deals apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// Nothing: the rates of all.
    Nothing,
    /// Stage, times, and the attributes with these numbers.
    All(&'a [usize]),
}

impl Hazards {
    /// Learnt from `snapshots` of `deals` with what is `known` of them; `None` where fewer than `least` were won or lost. A model `before` of the same is where the
    /// search begins. `progress` hears the share done.
    ///
    /// # Errors
    /// [`crate::Error::NoUniqueFit`] where the regression has no solution.
    pub fn learn(
        deals: &Deals,
        passages: &Passages,
        snapshots: &Snapshots,
        known: Known<'_>,
        least: Least,
        before: Option<&Hazards>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Option<Hazards>> {
        let repeats: Vec<f64> = snapshots.deal.iter().map(|deal| deals.weight[*deal as usize]).collect();
        let (mut stacked, mut events) = (0.0, [0.0; 2]);
        let mut deal_weeks = 0.0;
        let mut seen = None;
        for (row, weight) in repeats.iter().enumerate() {
            deal_weeks += weight * f64::from(snapshots.weeks[row]);
            let outcome = snapshots.outcome[row];
            if outcome > 0 {
                stacked += weight;
                if seen.replace(snapshots.deal[row]) != Some(snapshots.deal[row]) {
                    events[outcome as usize - 1] += weight;
                }
            }
        }
        if events.iter().any(|events| events.is_nan() || *events < least.events) {
            return Ok(None);
        }
        // One deal is seen at several snapshots: together they weigh what its one end tells.
        let share = (events[0] + events[1]) / stacked;
        let weights: Vec<f64> = repeats.iter().map(|weight| share * weight).collect();
        let mut rows: Vec<usize> = snapshots.deal.iter().map(|deal| *deal as usize).collect();
        rows.dedup();
        let of_deals: Vec<f64> = rows.iter().map(|row| deals.weight[*row]).collect();
        let (attributes, place, places, ways, terms) = match known {
            Known::Nothing => (Vec::new(), Vec::new(), 1, Ways::default(), Vec::new()),
            Known::All(columns) => {
                let (place, places) = places(passages.stages.len() + 1, &snapshots.stage, &repeats);
                let attributes: Vec<Attribute> =
                    columns.iter().filter_map(|at| deals.attributes.get(*at)).map(logged).collect();
                let terms = terms(snapshots, &repeats, &place, places);
                let ways = Ways::of(snapshots, &repeats, passages.stages.len(), least.level_rows);
                (attributes, place, places, ways, terms)
            }
        };
        let encoders: Vec<Encoder> = (0..attributes.len())
            .filter_map(|at| learn(&attributes, at, &rows, &of_deals, least.level_rows, MOST_OWN_LEVELS))
            .collect();
        let most = snapshots.weeks.iter().copied().max().unwrap_or(1).max(1);
        let mut model = Hazards {
            attributes,
            encoders,
            terms,
            place,
            places,
            ways,
            groups: Groups::default(),
            basis: basis(snapshots, &repeats, most),
            coefficients: Vec::new(),
            covariance: Vec::new(),
            columns: 0,
            snapshots: repeats.iter().sum(),
            deal_weeks,
            events,
            iterations: 0,
            max_gradient: 0.0,
        };
        let (design, mut groups) = model.design(snapshots)?;
        let q = model.basis.first().map_or(0, Vec::len);
        groups.push(q);
        groups.push(q * model.strata());
        let stratum = snapshots.stage.iter().map(|stage| model.place_of(*stage)).collect();
        let (basis, periods) = (model.basis.clone(), snapshots.weeks.clone());
        let panel = Panel::over_periods(design, 3, basis, model.strata(), stratum, periods, snapshots.outcome.clone())?;
        model.columns = panel.columns();
        let before = before.map(|before| (&before.groups, before.coefficients.as_slice()));
        let clusters = Clusters { deal: &snapshots.deal, repeats: &repeats, draw: &snapshots.draw };
        let Penalties { penalty, inflation, start, groups } =
            penalties::learn(&panel, &weights, &clusters, &groups, before, &mut |share| progress(0.6 * share));
        model.groups = groups;
        let fitted = approach(&panel, &weights, &penalty, start.as_deref(), MOST_STEPS, &mut |step| {
            progress(1.0 - 0.4 / (1.0 + step as f64));
        })?;
        fitted.settled(&panel, &weights, &penalty)?;
        let varies = information(&panel, &weights, &fitted, &snapshots.deal, &repeats);
        // What is held varies as much less as what holds it is stronger.
        let held: Vec<f64> = penalty.iter().zip(&inflation).map(|(penalty, inflation)| penalty * inflation).collect();
        model.covariance = clustered_covariance(&fitted, &varies, &held);
        (model.iterations, model.max_gradient) = (fitted.iterations, fitted.max_gradient);
        model.coefficients = fitted.coefficients;
        Ok(Some(model))
    }

    /// Stages that have a course of weeks of their own: all, or none where there is but one.
    fn strata(&self) -> usize {
        if self.places > 1 { self.places } else { 0 }
    }

    fn place_of(&self, stage: u32) -> u32 {
        self.place.get(stage as usize).copied().unwrap_or(0)
    }

    /// The design of `snapshots`, and how many of its columns share a penalty, in order, the intercept apart.
    fn design(&self, snapshots: &Snapshots) -> Result<(Design, Vec<usize>)> {
        let rows: Vec<usize> = snapshots.deal.iter().map(|deal| *deal as usize).collect();
        let (design, columns) = features::design(&self.attributes, &self.encoders, &rows)?;
        let numbers: Vec<Vec<f64>> = self
            .terms
            .iter()
            .map(|(term, scale)| {
                let mut values = raw(term, snapshots, &self.place);
                scale.apply(&mut values);
                values
            })
            .collect();
        let mut groups = vec![columns.iter().filter(|column| column.level.is_none()).count()];
        groups.extend(self.terms.chunk_by(|a, b| same_kind(&a.0, &b.0)).map(<[_]>::len));
        let levels: Vec<usize> =
            columns.iter().filter(|column| column.level.is_some()).map(|column| column.encoder).collect();
        groups.extend(levels.chunk_by(|a, b| a == b).map(|same| every_level(same.len())));
        let held = |row: usize| snapshots.stage[row] as usize == self.ways.stages && snapshots.from[row] != NO_STAGE;
        // A deal on hold stands where it stood, but for being held.
        let stage = |row| self.place_of(if held(row) { snapshots.from[row] } else { snapshots.stage[row] });
        let rows = 0..snapshots.len();
        let stages = Category { codes: rows.clone().map(stage).collect(), levels: self.places - 1 };
        groups.push(every_level(stages.levels));
        let hold = Category { codes: rows.map(|row| u32::from(held(row))).collect(), levels: 1 };
        groups.push(hold.levels);
        let ways = self.ways.category(snapshots);
        groups.push(every_level(ways.levels));
        Ok((design.joined(numbers, vec![stages, hold, ways])?.with_every_level(), groups))
    }

    /// Calls `visit` with the row, the hazards and the covariates of each snapshot.
    ///
    /// # Errors
    /// None that snapshots of the same deals can cause.
    pub fn paths(&self, snapshots: &Snapshots, visit: &mut dyn FnMut(usize, &Path, &Covariates)) -> Result<()> {
        let (design, _) = self.design(snapshots)?;
        let (p, q) = (self.columns, self.basis.first().map_or(0, Vec::len));
        let first = design.coefficients();
        let mut covariates = Covariates::default();
        let mut path = Path::default();
        for row in 0..snapshots.len() {
            let Covariates { active, starts } = &mut covariates;
            active.clear();
            design.active(row, |column, x| active.push((column, x)));
            starts.clear();
            starts.push(first);
            if self.strata() > 0 {
                starts.push(first + (1 + self.place_of(snapshots.stage[row]) as usize) * q);
            }
            let score = |k: usize| active.iter().map(|(column, x)| x * self.coefficients[k * p + column]).sum::<f64>();
            let scores = [score(0), score(1)];
            path.clear();
            for z in &self.basis {
                let eta = |k: usize| {
                    let of = |j: usize| starts.iter().map(|start| self.coefficients[k * p + start + j]).sum::<f64>();
                    scores[k] + z.iter().enumerate().map(|(j, z)| z * of(j)).sum::<f64>()
                };
                let (win, loss) = (eta(0), eta(1));
                let top = win.max(loss).max(0.0);
                let [win, loss, none] = [win, loss, 0.0].map(|eta| libm::exp(eta - top));
                let sum = win + loss + none;
                path.push(win / sum, loss / sum);
            }
            visit(row, &path, &covariates);
        }
        Ok(())
    }

    /// Standard error of the probability of a win within `days` (infinity: ever), by the delta method.
    pub fn deviation(&self, path: &Path, covariates: &Covariates, days: f64) -> f64 {
        let Covariates { active, starts } = covariates;
        let (p, q, d) = (self.columns, self.basis.first().map_or(0, Vec::len), self.coefficients.len());
        let mut slope = [0.0; 2];
        let mut basis_slope = vec![0.0; 2 * q];
        path.win_slopes(days, &mut |week, slopes| {
            for (k, by) in slopes.into_iter().enumerate() {
                slope[k] += by;
                for (sum, z) in basis_slope[k * q..].iter_mut().zip(&self.basis[week]) {
                    *sum += by * z;
                }
            }
        });
        let mut gradient: Vec<(usize, f64)> = Vec::with_capacity(2 * (active.len() + 2 * q));
        for k in 0..2 {
            gradient.extend(active.iter().map(|(column, x)| (k * p + column, slope[k] * x)));
            for start in starts {
                gradient.extend((0..q).map(|j| (k * p + start + j, basis_slope[k * q + j])));
            }
        }
        let mut variance = 0.0;
        for &(i, x) in gradient.iter().filter(|(_, x)| *x != 0.0) {
            let line = &self.covariance[i * d..][..d];
            variance += x * gradient.iter().map(|&(j, z)| line[j] * z).sum::<f64>();
        }
        variance.max(0.0).sqrt()
    }
}

/// Coefficients of a category of `levels` levels besides the first, as [`Design::with_every_level`] has it.
fn every_level(levels: usize) -> usize {
    if levels > 1 { levels + 1 } else { levels }
}

/// Amounts on the scale of their logarithm; other attributes as they are.
fn logged(attribute: &Attribute) -> Attribute {
    let mut attribute = attribute.clone();
    if let (Some("amount"), crate::table::Values::Numbers(values)) = (attribute.role.as_deref(), &mut attribute.values)
    {
        values.iter_mut().for_each(|x| *x = if *x >= 0.0 { libm::log1p(*x) } else { f64::NAN });
    }
    attribute
}

/// The place of each stage, and how many there are: first those with the most snapshots, the rest share the last.
fn places(stages: usize, stage: &[u32], weights: &[f64]) -> (Vec<u32>, usize) {
    let mut counts = vec![0.0; stages];
    for (stage, weight) in stage.iter().zip(weights) {
        counts[*stage as usize] += weight;
    }
    let order = sorted_rows(stages, &mut |a, b| counts[b].total_cmp(&counts[a]));
    let used = counts.iter().filter(|count| **count > 0.0).count().clamp(1, MOST_STAGES);
    let mut place = vec![0; stages];
    for (rank, stage) in order.into_iter().enumerate() {
        // A stage that no snapshot shows stands with the rarest one.
        place[stage] = rank.min(used - 1) as u32;
    }
    (place, used)
}

fn raw(term: &Term, snapshots: &Snapshots, place: &[u32]) -> Vec<f64> {
    let logs = |days: &[f64]| days.iter().map(|days| libm::log1p(*days)).collect::<Vec<f64>>();
    match term {
        Term::Age(spline, j) => logs(&snapshots.age_days).into_iter().map(|x| spline.column(*j, x)).collect(),
        Term::Stay(spline, j) => logs(&snapshots.stay_days).into_iter().map(|x| spline.column(*j, x)).collect(),
        Term::ReEntries => logs(&snapshots.re_entries),
        Term::StayIn(wanted) => snapshots
            .stage
            .iter()
            .zip(logs(&snapshots.stay_days))
            .map(|(stage, x)| if place.get(*stage as usize) == Some(wanted) { x } else { 0.0 })
            .collect(),
    }
}

fn terms(snapshots: &Snapshots, weights: &[f64], place: &[u32], places: usize) -> Vec<(Term, Scale)> {
    let logs = |days: &[f64]| days.iter().map(|days| libm::log1p(*days)).collect::<Vec<f64>>();
    let mut terms: Vec<Term> = Vec::new();
    if let Some(spline) = NaturalSpline::at_quantiles(&logs(&snapshots.age_days), weights, KNOTS) {
        terms.extend((0..spline.columns()).map(|j| Term::Age(spline.clone(), j)));
    }
    if let Some(spline) = NaturalSpline::at_quantiles(&logs(&snapshots.stay_days), weights, KNOTS) {
        terms.extend((0..spline.columns()).map(|j| Term::Stay(spline.clone(), j)));
    }
    terms.push(Term::ReEntries);
    terms.extend((1..places as u32).map(Term::StayIn));
    let scaled = |term: Term| {
        let scale = Scale::of(&raw(&term, snapshots, place), weights)?;
        Some((term, scale))
    };
    terms.into_iter().filter_map(scaled).collect()
}

/// A spline of the week, constant before the first and after the last knot: far out, hazards stay as they were last seen.
fn basis(snapshots: &Snapshots, weights: &[f64], most: u32) -> Vec<Vec<f64>> {
    let ended = |row: &usize| snapshots.outcome[*row] > 0;
    let (weeks, weights): (Vec<f64>, Vec<f64>) =
        (0..snapshots.len()).filter(ended).map(|row| (f64::from(snapshots.weeks[row] - 1), weights[row])).unzip();
    let spline = NaturalSpline::at_quantiles(&weeks, &weights, KNOTS);
    let columns = |week: u32| match &spline {
        Some(spline) => {
            let week = f64::from(week).min(spline.last());
            (0..spline.columns()).map(|j| spline.column(j, week)).collect()
        }
        None => Vec::new(),
    };
    (0..most).map(columns).collect()
}
