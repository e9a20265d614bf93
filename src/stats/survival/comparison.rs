//! Tests whether groups differ: log-rank and Gray's, for any number of groups, in strata, with delayed entry, ties and weights.

use super::SurvivalState;
use super::sorted::{Part, Visit};
use crate::stats::chi_square::{ChiSquareTest, score_test};

/// What a test found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Events (weighted) per group.
    pub observed: Vec<f64>,
    /// Events per group that are expected if all groups are alike.
    pub expected: Vec<f64>,
    /// The test; `None` where there is nothing to compare: fewer than two groups were at risk when events happened.
    pub test: Option<ChiSquareTest>,
}

/// Log-rank test of the groups of `strata`: in each stratum one state per group, all strata with the same groups in the same order. Events of all
/// causes count alike.
///
/// `rho` weights each event time by S(t−)^ρ of the stratum (Harrington & Fleming 1982): 0 is the log-rank test (Mantel 1966), 1 the Peto–Peto
/// modification of Wilcoxon's. The variance is the hypergeometric one, as in `survdiff` of R's survival package. Row weights count as repeated rows.
pub fn log_rank(strata: &[&[SurvivalState]], rho: f64) -> Comparison {
    let mut test = LogRank::new(groups_of(strata), rho);
    for states in strata {
        test.next_stratum();
        walk(states, &[], &mut |at_risk, all, _| test.step(at_risk, all));
    }
    test.finish()
}

/// Gray's test (1988, ρ = 0) that the cumulative incidence of `cause` is the same in the groups of `strata`, with the other causes competing.
///
/// Score and variance as in `cuminc` of R's cmprsk: under the hypothesis the common incidence is pooled with weights Yₖ / Sₖ, and tied events get the
/// factor of sampling without replacement. Row weights count as repeated rows; delayed entry enters by the numbers at risk.
pub fn gray(strata: &[&[SurvivalState]], cause: usize) -> Comparison {
    let mut test = Gray::new(groups_of(strata));
    for states in strata {
        test.next_stratum();
        walk(states, &[cause as u32], &mut |at_risk, all, by_cause| {
            if let [of_cause] = by_cause {
                test.step_of(at_risk, all, of_cause);
            }
        });
        test.end_stratum();
    }
    test.finish()
}

fn groups_of(strata: &[&[SurvivalState]]) -> usize {
    strata.iter().map(|states| states.len()).max().unwrap_or(0)
}

/// Calls `visit` as [`Sorted`] does for the rows of `states`, one per group.
fn walk(states: &[SurvivalState], causes: &[u32], visit: Visit<'_>) {
    let mut all = SurvivalState::new(states.iter().map(|state| state.causes).max().unwrap_or(0));
    let mut group_of = Vec::new();
    for (group, state) in (0..).zip(states) {
        all.append(state.clone());
        group_of.resize(all.duration_bits.len(), group);
    }
    let (sorted, rows) = all.sorted();
    let part = |place: usize| {
        let row = rows[place] as usize;
        Some(Part { group: group_of[row], cause: all.cause[row], weight: all.weight.get(row) }).into()
    };
    sorted.walk(states.len(), causes, 1, &part, visit);
}

/// Sums of the log-rank test.
pub(super) struct LogRank {
    rho: f64,
    survival: f64,
    observed: Vec<f64>,
    expected: Vec<f64>,
    scores: Vec<f64>,
    variance: Vec<f64>,
}

impl LogRank {
    pub fn new(groups: usize, rho: f64) -> Self {
        LogRank {
            rho,
            survival: 1.0,
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
            scores: vec![0.0; groups],
            variance: vec![0.0; groups * groups],
        }
    }

    pub fn next_stratum(&mut self) {
        self.survival = 1.0;
    }

    pub fn step(&mut self, at_risk: &[f64], events: &[f64]) {
        let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
        let groups = self.scores.len();
        let weight = if self.rho == 0.0 { 1.0 } else { libm::pow(self.survival, self.rho) };
        let spread = if n > 1.0 { weight * weight * d * (n - d).max(0.0) / (n - 1.0) } else { 0.0 };
        for i in 0..groups {
            let share = at_risk[i] / n;
            self.observed[i] += weight * events[i];
            self.expected[i] += weight * d * share;
            self.scores[i] += weight * (events[i] - d * share);
            if share > 0.0 && spread > 0.0 {
                let part = spread * share;
                self.variance[i * groups + i] += part;
                for (sum, other) in self.variance[i * groups..][..groups].iter_mut().zip(at_risk) {
                    *sum -= part * other / n;
                }
            }
        }
        self.survival *= (1.0 - d / n).max(0.0);
    }

    pub fn finish(self) -> Comparison {
        let test = score_test(&self.scores, &self.variance);
        Comparison { observed: self.observed, expected: self.expected, test }
    }
}

/// Sums of Gray's test.
///
/// With h = Y/S the columns aₖ = hₖ (eₖ − h/Σh) carry the scores, c is their integral against the pooled dF/(1 − F), and the variance is that of the
/// martingale representation, in which c enters with its value at the end of the stratum: hence the sums `cross` and `own`. Of `integral` and `cross`
/// column k stands in row k, so that it is read in order.
pub(super) struct Gray {
    observed: Vec<f64>,
    expected: Vec<f64>,
    /// Up to its end only what is on and below the diagonal counts.
    variance: Vec<f64>,
    survival: Vec<f64>,
    incidence: Vec<f64>,
    pooled: f64,
    integral: Vec<f64>,
    cross: Vec<f64>,
    own: Vec<f64>,
    step: GrayStep,
}

/// Numbers per group at one event time; kept for their room.
struct GrayStep {
    of_others: Vec<f64>,
    before: Vec<f64>,
    /// h, where there are any at risk.
    share: Vec<f64>,
    /// h/Σh.
    part: Vec<f64>,
    open: Vec<f64>,
    score: Vec<f64>,
}

impl Gray {
    pub fn new(groups: usize) -> Self {
        let square = || vec![0.0; groups * groups];
        let zeros = || vec![0.0; groups];
        Gray {
            observed: zeros(),
            expected: zeros(),
            variance: square(),
            survival: vec![1.0; groups],
            incidence: zeros(),
            pooled: 0.0,
            integral: square(),
            cross: square(),
            own: zeros(),
            step: GrayStep {
                of_others: zeros(),
                before: zeros(),
                share: zeros(),
                part: zeros(),
                open: zeros(),
                score: zeros(),
            },
        }
    }

    pub fn next_stratum(&mut self) {
        self.pooled = 0.0;
        self.survival.fill(1.0);
        for sums in [&mut self.incidence, &mut self.integral, &mut self.cross, &mut self.own] {
            sums.fill(0.0);
        }
    }

    /// One event time: `all` are the events of the cause and of all others.
    pub fn step_of(&mut self, at_risk: &[f64], all: &[f64], of_cause: &[f64]) {
        let groups = self.observed.len();
        let GrayStep { of_others, before, share, part, open, score } = &mut self.step;
        before.copy_from_slice(&self.survival);
        let (mut total, mut total_open, mut events) = (0.0, 0.0, 0.0);
        for k in 0..groups {
            let rest = all[k] - of_cause[k];
            // Weights that are no whole numbers leave crumbs.
            of_others[k] = if rest > 1e-9 * all[k] { rest } else { 0.0 };
            (share[k], open[k]) = (0.0, 0.0);
            if !(at_risk[k] > 0.0 && before[k] > 0.0) {
                continue;
            }
            share[k] = at_risk[k] / before[k];
            open[k] = share[k] * (1.0 - self.incidence[k]).max(0.0);
            total += share[k];
            total_open += open[k];
            events += of_cause[k];
            let stay = 1.0 - (of_cause[k] + of_others[k]) / at_risk[k];
            // Weights that are no whole numbers leave crumbs where all at risk have left.
            self.survival[k] = if stay <= 1e-12 { 0.0 } else { before[k] * stay };
            self.incidence[k] += before[k] * of_cause[k] / at_risk[k];
        }
        if !(total > 0.0 && total_open > 0.0) {
            return;
        }
        part.iter_mut().zip(share.iter()).for_each(|(part, share)| *part = share / total);
        let jump = events / total;
        let pooled_open = 1.0 - self.pooled;
        self.pooled += jump;
        // The pooled incidence may pass 1 where few are left; the reference takes it as it is.
        let left = 1.0 - self.pooled;
        let to_integral = if pooled_open == 0.0 { 0.0 } else { jump / pooled_open };
        let mut sums = GraySums { variance: &mut self.variance, cross: &mut self.cross, own: &mut self.own };
        for k in (0..groups).filter(|k| share[*k] > 0.0) {
            let column = |i: usize, part: f64| share[k] * (f64::from(u8::from(i == k)) - part);
            let integral = &mut self.integral[k * groups..][..groups];
            if events > 0.0 {
                self.observed[k] += of_cause[k];
                self.expected[k] += events * open[k] / total_open;
                for (i, (integral, part)) in integral.iter_mut().zip(part.iter()).enumerate() {
                    *integral += column(i, *part) * to_integral;
                }
                let kept = if self.survival[k] > 0.0 { 1.0 - left / self.survival[k] } else { 1.0 };
                let tied = if events > 1.0 { 1.0 - (events - 1.0) / (total * before[k] - 1.0) } else { 1.0 };
                let factor = tied * before[k] * events / (total * at_risk[k]);
                for (i, ((score, part), integral)) in score.iter_mut().zip(part.iter()).zip(&*integral).enumerate() {
                    *score = column(i, *part) - kept * integral;
                }
                sums.add(score, kept, factor, k);
            }
            if of_others[k] > 0.0 && self.survival[k] > 0.0 {
                let kept = left / self.survival[k];
                let d = of_others[k];
                let tied = if d > 1.0 { 1.0 - (d - 1.0) / (at_risk[k] - 1.0) } else { 1.0 };
                let factor = tied * before[k] * before[k] * d / (at_risk[k] * at_risk[k]);
                score.iter_mut().zip(&*integral).for_each(|(score, integral)| *score = kept * integral);
                sums.add(score, -kept, factor, k);
            }
        }
    }

    pub fn end_stratum(&mut self) {
        let groups = self.observed.len();
        for i in 0..groups {
            for j in 0..=i {
                for k in 0..groups {
                    let (left, right) = (self.integral[k * groups + i], self.integral[k * groups + j]);
                    self.variance[i * groups + j] += left * right * self.own[k]
                        + left * self.cross[k * groups + j]
                        + right * self.cross[k * groups + i];
                }
            }
        }
    }

    pub fn finish(mut self) -> Comparison {
        let groups = self.observed.len();
        for i in 0..groups {
            for j in 0..i {
                self.variance[j * groups + i] = self.variance[i * groups + j];
            }
        }
        let scores: Vec<f64> = self.observed.iter().zip(&self.expected).map(|(o, e)| o - e).collect();
        let test = score_test(&scores, &self.variance);
        Comparison { observed: self.observed, expected: self.expected, test }
    }
}

/// The sums that a score of group k adds to.
struct GraySums<'a> {
    variance: &'a mut [f64],
    cross: &'a mut [f64],
    own: &'a mut [f64],
}

impl GraySums<'_> {
    fn add(&mut self, score: &[f64], kept: f64, factor: f64, k: usize) {
        let groups = score.len();
        let cross = &mut self.cross[k * groups..][..groups];
        for (i, ((left, row), cross)) in score.iter().zip(self.variance.chunks_exact_mut(groups)).zip(cross).enumerate()
        {
            let left = factor * left;
            add_multiple(row, left, score, i + 1);
            *cross += left * kept;
        }
        self.own[k] += factor * kept * kept;
    }
}

/// Adds `factor` times `values` to the first `count` of `sums`, two at a time, so that one more may be added to.
#[inline(always)]
fn add_multiple(sums: &mut [f64], factor: f64, values: &[f64], count: usize) {
    let count = count.next_multiple_of(2);
    let (Some(of_pairs), Some(pairs)) = (sums.get_mut(..count), values.get(..count)) else {
        return sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
    };
    for ([a, b], [left, right]) in of_pairs.as_chunks_mut().0.iter_mut().zip(pairs.as_chunks().0) {
        (*a, *b) = (*a + factor * left, *b + factor * right);
    }
}
