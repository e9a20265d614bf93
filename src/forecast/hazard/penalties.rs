//! How strongly the coefficients of a model are held: learnt from the data group by group.

use crate::stats::multinomial::{Panel, approach, clustered_covariance, information};

/// Weight of the snapshots that penalties are learnt on at most.
const MOST_LEARNT_ON: f64 = 15_000.0;
/// Rounds at most, where a model before is given and else.
const ROUNDS: [usize; 2] = [5, 10];
/// Newton steps of the first round from nothing; each later one has one: the optimum moves little between them.
const FIRST_STEPS: usize = 5;
const RANGE: (f64, f64) = (0.05, 1e5);
/// What a free coefficient is held by: a standard deviation of 5.
const FREE: f64 = 0.04;
/// What is known of a group before it is seen: as much as one more coefficient of this square tells. Without it, effects too small to be seen in few deals
/// would be held to be none for certain.
const PRIOR_SQUARE: f64 = 0.04;
/// Rounds after which it is measured anew how much coefficients vary.
const MEASURED: [usize; 2] = [0, 3];
const INFLATION_RANGE: (f64, f64) = (0.5, 50.0);
/// Change of the logarithm of a penalty that is none.
const SETTLED: f64 = 0.05;

/// What [`learn`] finds.
pub(super) struct Penalties {
    /// One per coefficient; 0 for the intercepts.
    pub penalty: Vec<f64>,
    /// Variance of each coefficient against what the bend of the likelihood says.
    pub inflation: Vec<f64>,
    /// Coefficients to start from.
    pub start: Option<Vec<f64>>,
    /// Both by group.
    pub groups: Groups,
}

/// Penalty and inflation by outcome and group of coefficients.
pub(super) type Groups = Vec<(f64, f64)>;

/// Coefficients, one after another, that are held alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub length: usize,
    /// Nothing is known of them beforehand: they are held so little that no data of any size feel it.
    pub free: bool,
}

impl Group {
    pub fn of(length: usize) -> Group {
        Group { length, free: false }
    }
}

/// Deals behind the rows of a panel.
pub(super) struct Clusters<'a> {
    /// The deal of each row, rows of one deal side by side.
    pub deal: &'a [u32],
    /// How many equal deals it stands for.
    pub repeats: &'a [f64],
    /// A number from 0 to 1 by which a deal is left out where there are many.
    pub draw: &'a [f64],
}

/// Penalties of all coefficients, from how far the coefficients of a group lie from zero beyond their own uncertainty (empirical Bayes; MacKay 1992).
///
/// Snapshots of one deal tell of the same end, so that the product of their likelihoods bends more than it varies, and what is noise would pass for signal. The likelihood
/// of each group is therefore divided by the ratio of the clustered variance of its coefficients to the plain one (as composite likelihoods are: Ribatet, Cooley &
/// Davison 2012). `groups` are those of one outcome; where a model `before` had as many of them, its penalties and
/// coefficients are those to begin with.
pub(super) fn learn(
    panel: &Panel,
    weights: &[f64],
    clusters: &Clusters<'_>,
    groups: &[Group],
    before: Option<(&Groups, &[f64])>,
    progress: &mut dyn FnMut(f64),
) -> Penalties {
    let (d, p) = (panel.coefficients(), panel.columns());
    let share = MOST_LEARNT_ON / clusters.repeats.iter().sum::<f64>();
    let part: Vec<f64> =
        weights.iter().zip(clusters.draw).map(|(weight, draw)| if *draw < share { *weight } else { 0.0 }).collect();
    let penalty = (0..d).map(|j| if j % p == 0 { 0.0 } else { 1.0 }).collect();
    let mut found = Penalties { penalty, inflation: vec![1.0; d], start: None, groups: Groups::new() };
    // Which group, and its coefficients.
    let mut ranges = Vec::new();
    for k in 0..d / p {
        let mut first = k * p + 1;
        for (at, group) in groups.iter().enumerate() {
            if group.length > 0 {
                ranges.push((k * groups.len() + at, first..first + group.length));
            }
            first += group.length;
        }
    }
    let free = |at: usize| groups[at % groups.len()].free;
    found.groups = vec![(1.0, 1.0); d / p * groups.len()];
    let before = before.filter(|(before, _)| before.len() == found.groups.len());
    if let Some((before, coefficients)) = before {
        found.groups.clone_from(before);
        for (at, range) in &ranges {
            found.penalty[range.clone()].fill(before[*at].0);
            found.inflation[range.clone()].fill(before[*at].1);
        }
        found.start = (coefficients.len() == d).then(|| coefficients.to_vec());
    }
    let rounds = if before.is_some() { ROUNDS[0] } else { ROUNDS[1] };
    for round in 0..rounds {
        let steps = if found.start.is_some() { 1 } else { FIRST_STEPS };
        // Too few ends in the part: the penalties stay as they are.
        let Ok(fitted) = approach(panel, &part, &found.penalty, found.start.as_deref(), steps, &mut |_| ()) else {
            break;
        };
        progress((round + 1) as f64 / rounds as f64);
        let variance = |j: usize| fitted.covariance[j * d + j];
        if MEASURED.contains(&round) {
            let varies = information(panel, &part, &fitted, clusters.deal, clusters.repeats);
            let none = vec![0.0; d];
            let clustered = clustered_covariance(&fitted, &varies, &none);
            for (_, range) in &ranges {
                let sum: f64 = range.clone().map(|j| clustered[j * d + j]).sum();
                // V − VPV, of the covariance V under the penalty P.
                let plain = |j: usize| {
                    let line = &fitted.covariance[j * d..][..d];
                    variance(j) - line.iter().zip(&found.penalty).map(|(v, penalty)| v * v * penalty).sum::<f64>()
                };
                let ratio = sum / range.clone().map(plain).sum::<f64>();
                if ratio.is_finite() {
                    found.inflation[range.clone()].fill(ratio.clamp(INFLATION_RANGE.0, INFLATION_RANGE.1));
                }
            }
        }
        let mut largest_step = 0.0_f64;
        for (at, range) in &ranges {
            let square: f64 = range.clone().map(|j| fitted.coefficients[j] * fitted.coefficients[j]).sum();
            let spread: f64 = range.clone().map(variance).sum();
            let (before, inflation) = (found.penalty[range.start], found.inflation[range.start]);
            let told = (range.len() as f64 - before * spread).max(1e-3);
            let after = if free(*at) { FREE } else { (told + 1.0) / (square + PRIOR_SQUARE) };
            let after = (inflation * after).clamp(RANGE.0, RANGE.1);
            // Of a group that tells next to nothing it makes no difference how little.
            if told > 0.01 * range.len() as f64 {
                largest_step = largest_step.max(libm::log(after / before).abs());
            }
            found.penalty[range.clone()].fill(after);
        }
        found.start = Some(fitted.coefficients);
        if largest_step < SETTLED {
            break;
        }
    }
    for (at, range) in &ranges {
        found.groups[*at] = (found.penalty[range.start], found.inflation[range.start]);
    }
    found
}
