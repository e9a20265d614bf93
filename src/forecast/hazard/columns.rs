//! From what was known at snapshots to the columns of a regression.

use super::snapshots::{NO_STAGE, Snapshots};
use crate::crm::Attribute;
use crate::stats::logistic::Category;
use crate::stats::order::sorted_rows;
use crate::stats::splines::NaturalSpline;

const KNOTS: usize = 4;
/// Stages that are told apart; those with the fewest snapshots share one place.
const MOST_STAGES: usize = 12;
/// Ways into a stage that are told apart.
const MOST_WAYS: usize = 40;

/// A column of numbers on the scale of the training rows.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub mean: f64,
    pub deviation: f64,
}

impl Scale {
    pub fn of(values: &[f64], weights: &[f64]) -> Option<Scale> {
        let total: f64 = weights.iter().sum();
        let mean = values.iter().zip(weights).map(|(x, w)| w * x).sum::<f64>() / total;
        let variance = values.iter().zip(weights).map(|(x, w)| w * (x - mean) * (x - mean)).sum::<f64>() / total;
        let deviation = variance.sqrt();
        (deviation > 1e-9 * mean.abs().max(1e-3) && deviation.is_finite()).then_some(Scale { mean, deviation })
    }

    pub fn apply(&self, values: &mut [f64]) {
        values.iter_mut().for_each(|x| *x = (*x - self.mean) / self.deviation);
    }
}

/// What a number of the snapshot is turned into.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// Column of the spline of the logarithm of the age.
    Age(NaturalSpline, usize),
    /// The same of the time in the stage.
    Stay(NaturalSpline, usize),
    ReEntries,
}

/// Whether the coefficients of two terms are held alike.
pub(super) fn same_kind(a: &Term, b: &Term) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Stages with the stages that deals come to them from.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways {
    /// Number of stages, hold and the one that stands for none apart.
    pub stages: usize,
    /// By stage and the one before: 0, or which one it is among those that many deals went.
    number: Vec<u32>,
    levels: usize,
}

impl Ways {
    /// Those that at least `least` deals were seen to go.
    pub fn of(snapshots: &Snapshots, weights: &[f64], stages: usize, least: f64) -> Ways {
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

    pub fn category(&self, snapshots: &Snapshots) -> Category {
        let number = |row| self.number.get(self.place(snapshots, row)).copied().unwrap_or(0);
        Category { codes: (0..snapshots.len()).map(number).collect(), levels: self.levels }
    }
}

/// Coefficients of a category of `levels` levels besides the first, as [`Design::with_every_level`] has it.
pub(super) fn every_level(levels: usize) -> usize {
    if levels > 1 { levels + 1 } else { levels }
}

/// Amounts on the scale of their logarithm; other attributes as they are.
pub(super) fn logged(attribute: &Attribute) -> Attribute {
    let mut attribute = attribute.clone();
    if let (Some("amount"), crate::table::Values::Numbers(values)) = (attribute.role.as_deref(), &mut attribute.values)
    {
        values.iter_mut().for_each(|x| *x = if *x >= 0.0 { libm::log1p(*x) } else { f64::NAN });
    }
    attribute
}

/// Where deals stand: each stage has a place, and after them each stage that deals on hold left.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    stage: Vec<u32>,
    /// Places of stages.
    pub stages: usize,
    /// By the stage left.
    held: Vec<u32>,
    /// Places of deals on hold.
    pub holds: usize,
}

impl Places {
    /// One for all deals.
    pub fn one() -> Places {
        Places { stages: 1, ..Places::default() }
    }

    /// The stages with the most snapshots come first, the rest share one place; of the stages left, those that `ways` tells apart have their own, the rest share one.
    pub fn of(snapshots: &Snapshots, weights: &[f64], ways: &Ways) -> Places {
        let all = ways.stages;
        let (mut counts, mut rare_holds) = (vec![0.0; all], false);
        for (row, weight) in weights.iter().enumerate() {
            match counts.get_mut(snapshots.stage[row] as usize) {
                Some(count) => *count += weight,
                None => rare_holds |= ways.number[ways.place(snapshots, row)] == 0,
            }
        }
        let order = sorted_rows(all, &mut |a, b| counts[b].total_cmp(&counts[a]));
        let stages = counts.iter().filter(|count| **count > 0.0).count().clamp(1, MOST_STAGES);
        let mut stage = vec![0; all];
        for (rank, at) in order.into_iter().enumerate() {
            // A stage that no snapshot shows stands with the rarest one.
            stage[at] = rank.min(stages - 1) as u32;
        }
        let own: Vec<usize> = (0..all).filter(|from| ways.number[all * (all + 1) + from] > 0).collect();
        let holds = own.len() + usize::from(rare_holds);
        let rank = |from| own.iter().position(|own| *own == from).unwrap_or(own.len());
        let held = (0..all).map(|from| (stages + rank(from)).min(stages + holds - 1) as u32).collect();
        Places { stage, stages, held, holds }
    }

    pub fn on_hold(&self, snapshots: &Snapshots, row: usize) -> bool {
        !self.held.is_empty() && snapshots.stage[row] as usize == self.held.len()
    }

    /// The place of the stage that the deal stands in, or left when it was put on hold.
    pub fn stage(&self, snapshots: &Snapshots, row: usize) -> u32 {
        let stage = if self.on_hold(snapshots, row) { snapshots.from[row] } else { snapshots.stage[row] };
        self.stage.get(stage as usize).copied().unwrap_or(0)
    }

    /// The place of the deal, one of its own if it is on hold.
    pub fn stratum(&self, snapshots: &Snapshots, row: usize) -> u32 {
        match self.on_hold(snapshots, row) {
            true => self.held.get(snapshots.from[row] as usize).copied().unwrap_or(0),
            false => self.stage(snapshots, row),
        }
    }
}

pub(super) fn raw(term: &Term, snapshots: &Snapshots) -> Vec<f64> {
    let logs = |days: &[f64]| days.iter().map(|days| libm::log1p(*days)).collect::<Vec<f64>>();
    match term {
        Term::Age(spline, j) => logs(&snapshots.age_days).into_iter().map(|x| spline.column(*j, x)).collect(),
        Term::Stay(spline, j) => logs(&snapshots.stay_days).into_iter().map(|x| spline.column(*j, x)).collect(),
        Term::ReEntries => logs(&snapshots.re_entries),
    }
}

pub(super) fn terms(snapshots: &Snapshots, weights: &[f64]) -> Vec<(Term, Scale)> {
    let logs = |days: &[f64]| days.iter().map(|days| libm::log1p(*days)).collect::<Vec<f64>>();
    let mut terms: Vec<Term> = Vec::new();
    if let Some(spline) = NaturalSpline::at_quantiles(&logs(&snapshots.age_days), weights, KNOTS) {
        terms.extend((0..spline.columns()).map(|j| Term::Age(spline.clone(), j)));
    }
    if let Some(spline) = NaturalSpline::at_quantiles(&logs(&snapshots.stay_days), weights, KNOTS) {
        terms.extend((0..spline.columns()).map(|j| Term::Stay(spline.clone(), j)));
    }
    terms.push(Term::ReEntries);
    let scaled = |term: Term| {
        let scale = Scale::of(&raw(&term, snapshots), weights)?;
        Some((term, scale))
    };
    terms.into_iter().filter_map(scaled).collect()
}

/// A spline of the week, constant before the first and after the last knot: far out, hazards stay as they were last seen.
pub(super) fn basis(snapshots: &Snapshots, weights: &[f64], most: u32) -> Vec<Vec<f64>> {
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

#[cfg(test)]
mod tests {
    use super::super::snapshots::NO_STAGE;
    use super::*;

    /// Three deals in the first of three stages, then deals on hold by the stage they left.
    fn snapshots(left: &[u32]) -> Snapshots {
        let stage: Vec<u32> = (0..3).map(|_| 0).chain(left.iter().map(|_| 3)).collect();
        let from = (0..3).map(|_| NO_STAGE).chain(left.iter().copied()).collect();
        Snapshots { deal: (0..stage.len() as u32).collect(), stage, from, ..Snapshots::default() }
    }

    /// The places of deals on hold from each of the stages, where two deals that went a way tell it apart.
    fn held(left: &[u32]) -> [u32; 3] {
        let (learnt_from, all) = (snapshots(left), snapshots(&[0, 1, 2]));
        let weights = vec![1.0; learnt_from.deal.len()];
        let places = Places::of(&learnt_from, &weights, &Ways::of(&learnt_from, &weights, 3, 2.0));
        assert_eq!((0..3).map(|row| places.stratum(&all, row)).collect::<Vec<_>>(), [0, 0, 0]);
        assert!((3..6).all(|row| places.on_hold(&all, row) && places.stage(&all, row) < places.stages as u32));
        [3, 4, 5].map(|row| places.stratum(&all, row))
    }

    #[test]
    fn deals_on_hold_have_a_place_by_the_stage_left_where_many_were_held_and_else_share_one() {
        assert_eq!(held(&[0, 0, 1, 1, 2, 2]), [1, 2, 3]);
        assert_eq!(held(&[0, 1, 2, 2, 2]), [2, 2, 1]);
        assert_eq!(held(&[0, 1, 2]), [1, 1, 1]);
        // What was never seen stands with the last.
        assert_eq!(held(&[0, 0, 1, 1]), [1, 2, 2]);
        assert_eq!(held(&[]), [0, 0, 0]);
    }
}
