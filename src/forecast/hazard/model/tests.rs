//! The covariance of the coefficients against one that needs no derivative written down.

use super::super::snapshots::{Density, Snapshots};
use super::super::tests::simulated;
use super::*;
use crate::stats::linear_algebra::Cholesky;

const STEP: f64 = 1e-3;

/// One snapshot and what became of it.
struct Row {
    deal: u32,
    weeks: usize,
    outcome: usize,
    /// Columns of one outcome that are not zero whatever the week.
    active: Vec<(usize, f64)>,
    /// First columns of the basis that it looks at.
    starts: Vec<usize>,
}

impl Row {
    /// Log-likelihood with coefficients of a win, then of a loss.
    fn log_likelihood(&self, basis: &[Vec<f64>], coefficients: &[f64]) -> f64 {
        let of = coefficients.chunks_exact(coefficients.len() / 2);
        let fixed: Vec<f64> = of.clone().map(|of| self.active.iter().map(|(j, x)| of[*j] * x).sum()).collect();
        let week = |t: usize| {
            let mut odds = [1.0; 3];
            for (k, of) in of.clone().enumerate() {
                let shift = |start: &usize| basis[t].iter().zip(&of[*start..]).map(|(z, b)| z * b).sum::<f64>();
                odds[1 + k] = (fixed[k] + self.starts.iter().map(shift).sum::<f64>()).exp();
            }
            let outcome = if t + 1 == self.weeks { self.outcome } else { 0 };
            (odds[outcome] / odds.iter().sum::<f64>()).ln()
        };
        (0..self.weeks).map(week).sum()
    }

    /// Whether coefficient `j` of `d` plays a part.
    fn looks_at(&self, j: usize, d: usize, q: usize) -> bool {
        let column = j % (d / 2);
        let of_basis = self.starts.iter().any(|start| (*start..start + q).contains(&column));
        of_basis || self.active.iter().any(|(active, _)| *active == column)
    }
}

#[test]
fn standard_errors_equal_those_by_finite_differences_of_the_penalised_log_likelihood() {
    let crm = simulated(700, 8);
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let source = deals.attributes.iter().position(|attribute| attribute.name == "source").expect("a column");
    let snapshots = Snapshots::before(deals, passages, crm.as_of, Density { days: 28.0, share: 1.0 }, MOST_WEEKS);
    let least = Least { events: 100.0, level_rows: 20.0 };
    let known = Known::All(&[source]);
    let model = Hazards::learn(deals, passages, &snapshots, known, least, None, &mut |_| ());
    let model = model.expect("no error").expect("a model");
    let Columns { design, slopes, stratum, mut groups } = model.columns_of(&snapshots).expect("columns");
    let (d, p, q, strata) = (model.coefficients.len(), model.columns, model.basis[0].len(), model.strata());
    let first = design.coefficients() + slopes.len() * strata;
    let row = |at: usize| {
        let mut active = Vec::new();
        design.active(at, |j, x| active.push((j, x)));
        let own = stratum[at] as usize;
        active.extend(slopes.iter().enumerate().map(|(s, x)| (design.coefficients() + s * strata + own, x[at])));
        Row {
            deal: snapshots.deal[at],
            weeks: snapshots.weeks[at] as usize,
            outcome: snapshots.outcome[at] as usize,
            active,
            starts: vec![first, first + (1 + own) * q],
        }
    };
    let rows: Vec<Row> = (0..snapshots.len()).map(row).collect();
    let ends = snapshots.outcome.iter().filter(|outcome| **outcome > 0).count();
    let weight = model.events.iter().sum::<f64>() / ends as f64;
    // Penalties by coefficient, and by how much more the held ones vary.
    let holds = q * model.places.holds;
    groups.extend([slopes.len() * strata, q, q * strata - holds, holds].map(Group::of));
    assert!(holds > 0 && groups.len() == model.groups.len() / 2);
    let (mut penalty, mut held) = (vec![0.0; d], vec![0.0; d]);
    for k in 0..2 {
        let mut at = k * p + 1;
        for (group, (by, inflation)) in groups.iter().zip(&model.groups[k * groups.len()..]) {
            penalty[at..at + group.length].fill(*by);
            held[at..at + group.length].fill(by * inflation);
            at += group.length;
        }
        assert_eq!(at, (k + 1) * p);
    }
    let (mut bend, mut varies) = (vec![0.0; d * d], vec![0.0; d * d]);
    let mut beta = model.coefficients.clone();
    let mut slope = vec![0.0; d];
    for of_deal in rows.chunk_by(|a, b| a.deal == b.deal) {
        slope.fill(0.0);
        for row in of_deal {
            let looked: Vec<usize> = (0..d).filter(|j| row.looks_at(*j, d, q)).collect();
            let mut at = |i: usize, by_i: f64, j: usize, by_j: f64| {
                let before = (beta[i], beta[j]);
                beta[i] += by_i;
                beta[j] += by_j;
                let value = weight * row.log_likelihood(&model.basis, &beta);
                (beta[i], beta[j]) = before;
                value
            };
            let here = at(0, 0.0, 0, 0.0);
            let aside: Vec<[f64; 2]> = looked.iter().map(|j| [at(*j, STEP, *j, 0.0), at(*j, -STEP, *j, 0.0)]).collect();
            for (a, &i) in looked.iter().enumerate() {
                slope[i] += (aside[a][0] - aside[a][1]) / (2.0 * STEP);
                for (b, &j) in looked.iter().enumerate().take(a + 1) {
                    let both = at(i, STEP, j, STEP) + at(i, -STEP, j, -STEP);
                    let alone: f64 = aside[a].iter().chain(&aside[b]).sum();
                    bend[i * d + j] -= (both - alone + 2.0 * here) / (2.0 * STEP * STEP);
                }
            }
        }
        for i in 0..d {
            (0..d).for_each(|j| varies[i * d + j] += slope[i] * slope[j]);
        }
    }
    for i in 0..d {
        bend[i * d + i] += penalty[i];
        (0..i).for_each(|j| bend[j * d + i] = bend[i * d + j]);
    }
    let inverse = Cholesky::new(&bend, d).expect("a maximum").inverse();
    let told: f64 = (0..d).map(|j| 1.0 - penalty[j] * inverse[j * d + j]).sum();
    let larger = (1.0 - told / model.events.iter().sum::<f64>()).max(LEAST_LEFT).powi(-2);
    for j in 0..d {
        let mut variance = 0.0;
        for a in 0..d {
            let line = &inverse[j * d..][..d];
            variance += line[a] * held[a] * line[a];
            variance += (0..d).map(|b| line[a] * larger * varies[a * d + b] * line[b]).sum::<f64>();
        }
        let (own, other) = (model.covariance[j * d + j].sqrt(), variance.sqrt());
        assert!((own / other - 1.0).abs() < 1e-4, "{j} of {d}: {own} {other}");
    }
}
