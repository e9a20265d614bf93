//! Tests whether groups differ: log-rank and Gray's, for any number of groups, in strata, with delayed entry, ties and weights.

use super::{SurvivalState, order};
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
        Walk::of_states(states).events(&mut |at_risk, of_cause, of_others| {
            let all: Vec<f64> = of_cause.iter().zip(of_others).map(|(a, b)| a + b).collect();
            test.step(at_risk, &all);
        });
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
        let mut walk = Walk::of_states(states);
        walk.cause = cause as u32;
        walk.events(&mut |at_risk, of_cause, of_others| test.step(at_risk, of_cause, of_others));
        test.end_stratum();
    }
    test.finish()
}

fn groups_of(strata: &[&[SurvivalState]]) -> usize {
    strata.iter().map(|states| states.len()).max().unwrap_or(0)
}

/// Takes the numbers per group at an event time: at risk, events of the cause, events of other causes.
type Visit<'a> = &'a mut dyn FnMut(&[f64], &[f64], &[f64]);

/// Rows of several groups by time.
struct Walk {
    groups: usize,
    /// Ends in ascending order, with group, cause (0 is censored) and weight.
    ends: Vec<(f64, u32, u32, f64)>,
    /// Delayed entries in ascending order, with group and weight.
    entries: Vec<(f64, u32, f64)>,
    cause: u32,
}

impl Walk {
    fn of_states(states: &[SurvivalState]) -> Self {
        let (mut bits, mut rows) = (Vec::new(), Vec::new());
        let (mut entry_bits, mut entry_rows) = (Vec::new(), Vec::new());
        for (group, state) in (0..).zip(states) {
            for (row, key) in state.duration_bits.iter().enumerate() {
                bits.push(*key);
                rows.push((group, state.cause[row], state.weight.get(row)));
            }
            for (row, key) in state.entry_bits.iter().enumerate() {
                entry_bits.push(*key);
                entry_rows.push((group, state.entry_weight.get(row)));
            }
        }
        let (sorted, from) = order::ascending(&bits);
        let ends = sorted.iter().zip(from).map(|(bits, row)| {
            let (group, cause, weight) = rows[row as usize];
            (f64::from_bits(*bits), group, cause, weight)
        });
        let (sorted, from) = order::ascending(&entry_bits);
        let entries = sorted.iter().zip(from).map(|(bits, row)| {
            let (group, weight) = entry_rows[row as usize];
            (f64::from_bits(*bits), group, weight)
        });
        Walk { groups: states.len(), ends: ends.collect(), entries: entries.collect(), cause: 0 }
    }

    /// Calls `visit` at every event time, ascending, with the numbers per group: at risk, events of the cause, events of other causes.
    fn events(&self, visit: Visit<'_>) {
        let mut at_risk = vec![0.0; self.groups];
        for (_, group, _, weight) in &self.ends {
            at_risk[*group as usize] += weight;
        }
        for (_, group, weight) in &self.entries {
            at_risk[*group as usize] -= weight;
        }
        let (mut of_cause, mut of_others, mut ended) =
            (vec![0.0; self.groups], vec![0.0; self.groups], vec![0.0; self.groups]);
        let mut starts = self.entries.iter().peekable();
        let mut ends = self.ends.iter().peekable();
        while let Some(&&(time, ..)) = ends.peek() {
            while let Some((_, group, weight)) = starts.next_if(|(start, ..)| *start < time) {
                at_risk[*group as usize] += weight;
            }
            let mut any = false;
            for counts in [&mut of_cause, &mut of_others, &mut ended] {
                counts.fill(0.0);
            }
            while let Some((_, group, cause, weight)) = ends.next_if(|(end, ..)| *end == time) {
                let group = *group as usize;
                ended[group] += weight;
                if *cause > 0 {
                    any = true;
                    *(if *cause == self.cause { &mut of_cause[group] } else { &mut of_others[group] }) += weight;
                }
            }
            for (at_risk, ended) in at_risk.iter_mut().zip(&ended) {
                // At least those that end here are at risk, whatever rounding leaves of the difference.
                *at_risk = at_risk.max(*ended);
            }
            if any {
                visit(&at_risk, &of_cause, &of_others);
            }
            for (at_risk, ended) in at_risk.iter_mut().zip(&ended) {
                *at_risk -= ended;
            }
        }
    }
}

/// Sums of the log-rank test.
struct LogRank {
    rho: f64,
    survival: f64,
    observed: Vec<f64>,
    expected: Vec<f64>,
    scores: Vec<f64>,
    variance: Vec<f64>,
}

impl LogRank {
    fn new(groups: usize, rho: f64) -> Self {
        LogRank {
            rho,
            survival: 1.0,
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
            scores: vec![0.0; groups],
            variance: vec![0.0; groups * groups],
        }
    }

    fn next_stratum(&mut self) {
        self.survival = 1.0;
    }

    fn step(&mut self, at_risk: &[f64], events: &[f64]) {
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

    fn finish(self) -> Comparison {
        let test = score_test(&self.scores, &self.variance);
        Comparison { observed: self.observed, expected: self.expected, test }
    }
}

/// Sums of Gray's test.
///
/// With h = Y/S the columns aₖ = hₖ (eₖ − h/Σh) carry the scores, c is their integral against the pooled dF/(1 − F), and the variance is that of the
/// martingale representation, in which c enters with its value at the end of the stratum: hence the sums `cross` and `own`.
struct Gray {
    observed: Vec<f64>,
    expected: Vec<f64>,
    variance: Vec<f64>,
    survival: Vec<f64>,
    incidence: Vec<f64>,
    pooled: f64,
    integral: Vec<f64>,
    cross: Vec<f64>,
    own: Vec<f64>,
}

impl Gray {
    fn new(groups: usize) -> Self {
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
        }
    }

    fn next_stratum(&mut self) {
        self.pooled = 0.0;
        self.survival.fill(1.0);
        for sums in [&mut self.incidence, &mut self.integral, &mut self.cross, &mut self.own] {
            sums.fill(0.0);
        }
    }

    fn step(&mut self, at_risk: &[f64], of_cause: &[f64], of_others: &[f64]) {
        let groups = self.observed.len();
        let before = self.survival.clone();
        let on: Vec<usize> = (0..groups).filter(|k| at_risk[*k] > 0.0 && before[*k] > 0.0).collect();
        let mut open = vec![0.0; groups];
        let (mut total, mut total_open, mut events) = (0.0, 0.0, 0.0);
        let mut share = vec![0.0; groups];
        for &k in &on {
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
        let jump = events / total;
        let pooled_open = 1.0 - self.pooled;
        self.pooled += jump;
        // The pooled incidence may pass 1 where few are left; the reference takes it as it is.
        let left = 1.0 - self.pooled;
        // Column k of a, whose entries sum to 0.
        let column = |i: usize, k: usize| share[k] * (f64::from(u8::from(i == k)) - share[i] / total);
        if events > 0.0 {
            let to_integral = if pooled_open == 0.0 { 0.0 } else { jump / pooled_open };
            for &k in &on {
                self.observed[k] += of_cause[k];
                self.expected[k] += events * open[k] / total_open;
                for &i in &on {
                    self.integral[i * groups + k] += column(i, k) * to_integral;
                }
            }
            for &k in &on {
                let kept = if self.survival[k] > 0.0 { 1.0 - left / self.survival[k] } else { 1.0 };
                let tied = if events > 1.0 { 1.0 - (events - 1.0) / (total * before[k] - 1.0) } else { 1.0 };
                let factor = tied * before[k] * events / (total * at_risk[k]);
                let score: Vec<f64> = (0..groups)
                    .map(|i| if share[i] > 0.0 { column(i, k) } else { 0.0 } - kept * self.integral[i * groups + k])
                    .collect();
                self.add(&score, kept, factor, k);
            }
        }
        for &k in &on {
            if of_others[k] > 0.0 && self.survival[k] > 0.0 {
                let kept = left / self.survival[k];
                let d = of_others[k];
                let tied = if d > 1.0 { 1.0 - (d - 1.0) / (at_risk[k] - 1.0) } else { 1.0 };
                let factor = tied * before[k] * before[k] * d / (at_risk[k] * at_risk[k]);
                let score: Vec<f64> = (0..groups).map(|i| kept * self.integral[i * groups + k]).collect();
                self.add(&score, -kept, factor, k);
            }
        }
    }

    fn add(&mut self, score: &[f64], kept: f64, factor: f64, k: usize) {
        let groups = score.len();
        for (i, left) in score.iter().enumerate().filter(|(_, left)| **left != 0.0) {
            for (sum, right) in self.variance[i * groups..][..groups].iter_mut().zip(score) {
                *sum += factor * left * right;
            }
            self.cross[i * groups + k] += factor * left * kept;
        }
        self.own[k] += factor * kept * kept;
    }

    fn end_stratum(&mut self) {
        let groups = self.observed.len();
        for i in 0..groups {
            for j in 0..groups {
                for k in 0..groups {
                    let (left, right) = (self.integral[i * groups + k], self.integral[j * groups + k]);
                    self.variance[i * groups + j] += left * right * self.own[k]
                        + left * self.cross[j * groups + k]
                        + right * self.cross[i * groups + k];
                }
            }
        }
    }

    fn finish(self) -> Comparison {
        let scores: Vec<f64> = self.observed.iter().zip(&self.expected).map(|(o, e)| o - e).collect();
        let test = score_test(&scores, &self.variance);
        Comparison { observed: self.observed, expected: self.expected, test }
    }
}
