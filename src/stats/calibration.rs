//! Maps from the log-odds that a model gives to those that outcomes show.

use super::logistic::{Design, fit};
use super::order::sort_rows;
use serde::Serialize;

/// How a map is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// A straight line (Platt 1999).
    Platt,
    /// Any rising one (Zadrozny & Elkan 2002).
    Isotonic,
}

/// A rising map of log-odds: straight between its knots, and beyond the first and the last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Log-odds given and those that outcomes show, both rising; empty where every value stands for itself.
    knots: Vec<[f64; 2]>,
    /// Slope beyond the knots.
    slope: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Calibration { knots: Vec::new(), slope: 1.0 }
    }
}

impl Calibration {
    /// The map from `log_odds` to outcomes (1 or 0) with weights; `None` where they show no rising one.
    pub fn learn(method: CalibrationMethod, outcome: &[f64], log_odds: &[f64], weights: &[f64]) -> Option<Calibration> {
        match method {
            CalibrationMethod::Platt => platt(outcome, log_odds, weights),
            CalibrationMethod::Isotonic => isotonic(outcome, log_odds, weights),
        }
    }

    /// What `log_odds` stands for.
    pub fn apply(&self, log_odds: f64) -> f64 {
        let after = self.knots.partition_point(|knot| knot[0] <= log_odds);
        match (after.checked_sub(1).and_then(|at| self.knots.get(at)), self.knots.get(after)) {
            (Some(below), Some(above)) => {
                let share = (log_odds - below[0]) / (above[0] - below[0]);
                below[1] + share * (above[1] - below[1])
            }
            (Some(knot), None) | (None, Some(knot)) => knot[1] + self.slope * (log_odds - knot[0]),
            (None, None) => log_odds,
        }
    }

    /// Slope of the map between two values: what makes differences of given log-odds differences of calibrated ones.
    pub fn slope_between(&self, from: f64, to: f64) -> f64 {
        const NEAR: f64 = 1e-6;
        let (from, to) = if (to - from).abs() < NEAR { (from - NEAR, from + NEAR) } else { (from, to) };
        (self.apply(to) - self.apply(from)) / (to - from)
    }
}

fn platt(outcome: &[f64], log_odds: &[f64], weights: &[f64]) -> Option<Calibration> {
    let (intercept, slope) = line(outcome, log_odds.to_vec(), weights)?;
    (slope > 0.0).then(|| Calibration { knots: vec![[0.0, intercept]], slope })
}

/// Intercept and slope of an unpenalised logistic regression of the outcome on log-odds (Cox 1958). `None` where only one outcome occurs, all
/// log-odds are equal or they separate the outcomes.
pub fn line(outcome: &[f64], log_odds: Vec<f64>, weights: &[f64]) -> Option<(f64, f64)> {
    let design = Design::new(log_odds.len(), vec![log_odds], vec![]).ok()?;
    let line = fit(&design, outcome, weights, 0.0, None).ok()?;
    Some((line.coefficients[0], line.coefficients[1]))
}

/// Neighbours by log-odds.
#[derive(Clone, Copy)]
struct Block {
    weight: f64,
    events: f64,
    /// Σ weight × log-odds.
    sum: f64,
}

impl Block {
    fn rate(&self) -> f64 {
        self.events / self.weight
    }

    fn has_one_outcome(&self) -> bool {
        self.events <= 0.0 || self.events >= self.weight
    }

    fn with(&self, other: &Block) -> Block {
        Block { weight: self.weight + other.weight, events: self.events + other.events, sum: self.sum + other.sum }
    }
}

/// Pools adjacent violators and joins the means of the blocks, so that different values stay different (centred isotonic regression, Oron & Flournoy
/// 2017). Blocks of one outcome at the ends, whose log-odds are infinite, are pooled with their neighbours.
fn isotonic(outcome: &[f64], log_odds: &[f64], weights: &[f64]) -> Option<Calibration> {
    let mut order: Vec<usize> = (0..log_odds.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut order, &mut |a, b| log_odds[a].total_cmp(&log_odds[b]));
    let mut blocks: Vec<Block> = Vec::new();
    for ties in order.chunk_by(|&a, &b| log_odds[a] == log_odds[b]) {
        let mut block = Block { weight: 0.0, events: 0.0, sum: 0.0 };
        for &i in ties {
            block = block.with(&Block {
                weight: weights[i],
                events: weights[i] * outcome[i],
                sum: weights[i] * log_odds[i],
            });
        }
        while let Some(below) = blocks.last().filter(|below| below.rate() >= block.rate()) {
            block = below.with(&block);
            blocks.pop();
        }
        blocks.push(block);
    }
    let first = blocks.iter().position(|block| !block.has_one_outcome())?;
    let end = blocks.iter().rposition(|block| !block.has_one_outcome())? + 1;
    let pooled = |blocks: &[Block]| blocks.iter().copied().reduce(|a, b| a.with(&b));
    let (below, above) = (pooled(&blocks[..first]), pooled(&blocks[end..]));
    let mut kept = blocks[first..end].to_vec();
    if let (Some(block), Some(below)) = (kept.first_mut(), below) {
        *block = below.with(block);
    }
    if let (Some(block), Some(above)) = (kept.last_mut(), above) {
        *block = block.with(&above);
    }
    // Rounding may make neighbours equal, and a rate that of one outcome.
    let mut knots: Vec<[f64; 2]> = Vec::with_capacity(kept.len());
    for block in kept {
        let rate = block.rate();
        let knot = [block.sum / block.weight, libm::log(rate) - libm::log1p(-rate)];
        if knot[1].is_finite() && knots.last().is_none_or(|below| below[0] < knot[0] && below[1] < knot[1]) {
            knots.push(knot);
        }
    }
    (knots.len() > 1).then_some(Calibration { knots, slope: 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::logistic::sigmoid;
    use crate::stats::rng::{seeded, uniform};

    const METHODS: [CalibrationMethod; 2] = [CalibrationMethod::Platt, CalibrationMethod::Isotonic];

    /// Outcomes whose true log-odds are `truth` of those given.
    fn simulated(n: usize, seed: u32, truth: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        let mut rng = seeded(seed, 0);
        let given: Vec<f64> = (0..n).map(|_| 6.0 * uniform(&mut rng) - 3.0).collect();
        let outcome = given.iter().map(|z| f64::from(u8::from(uniform(&mut rng) < sigmoid(truth(*z))))).collect();
        (outcome, given)
    }

    /// Largest distance in probability between `map` and `truth`.
    fn error(map: &Calibration, truth: impl Fn(f64) -> f64) -> f64 {
        let at = (-25..=25).map(|tenth| f64::from(tenth) / 10.0);
        at.map(|z| (sigmoid(map.apply(z)) - sigmoid(truth(z))).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_line_is_found_by_both_and_a_bend_by_the_isotonic_one_alone() {
        let ones = vec![1.0; 20_000];
        let straight = |z: f64| 0.5 * z - 0.7;
        let (outcome, given) = simulated(20_000, 1, straight);
        for method in METHODS {
            assert!(error(&Calibration::learn(method, &outcome, &given, &ones).unwrap(), straight) < 0.04);
        }
        let bend = |z: f64| if z < 0.0 { 0.1 * z - 1.0 } else { 1.5 * z - 1.0 };
        let (outcome, given) = simulated(20_000, 2, bend);
        let [platt, isotonic] = METHODS.map(|method| Calibration::learn(method, &outcome, &given, &ones).unwrap());
        assert!(error(&isotonic, bend) < 0.06 && error(&platt, bend) > 0.1);
    }

    #[test]
    fn maps_rise_strictly_and_slopes_add_up() {
        for seed in 0..50 {
            let (outcome, given) = simulated(200, seed, |z| z.abs() - 1.0 + 0.3 * z);
            for map in METHODS.iter().filter_map(|method| Calibration::learn(*method, &outcome, &given, &[1.0; 200])) {
                let at: Vec<f64> = (-500..=500).map(|z| f64::from(z) / 100.0).collect();
                assert!(at.windows(2).all(|pair| map.apply(pair[0]) < map.apply(pair[1])), "{map:?}");
                assert!(at.iter().all(|z| map.apply(*z).is_finite() && map.slope_between(*z, *z) > 0.0));
                let moved = map.slope_between(-2.0, 1.5) * 3.5;
                assert!((moved - (map.apply(1.5) - map.apply(-2.0))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn weights_of_every_size_make_no_infinite_log_odds() {
        let outcome = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        let weights = [1.0, 0.5, 3.0, 1.0, 1e-9, 1e12];
        let map = Calibration::learn(CalibrationMethod::Isotonic, &outcome, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &weights);
        assert!(map.is_none_or(|map| [-9.0, 2.5, 9.0].iter().all(|at| map.apply(*at).is_finite())));
    }

    #[test]
    fn pooled_neighbours_are_as_by_hand() {
        // Losses alone below and wins alone above join the first and the last block that have both.
        let given = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0];
        let outcome = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0];
        let map = Calibration::learn(CalibrationMethod::Isotonic, &outcome, &given, &[1.0; 8]).unwrap();
        let log_odds = |won: f64, lost: f64| (won / lost).ln();
        let expected = [[-1.5, log_odds(1.0, 3.0)], [2.5, log_odds(3.0, 1.0)]];
        for (knot, expected) in map.knots.iter().zip(&expected) {
            assert!((knot[0] - expected[0]).abs() < 1e-12 && (knot[1] - expected[1]).abs() < 1e-12, "{map:?}");
        }
        assert_eq!(map.knots.len(), 2);
        // Halfway between the knots, and a unit above the last.
        assert!(map.apply(0.5).abs() < 1e-12 && (map.apply(3.5) - log_odds(3.0, 1.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn weights_equal_repeated_rows_and_their_order_does_not_matter() {
        let (outcome, given) = simulated(300, 9, |z| 0.5 * z);
        let given: Vec<f64> = given.iter().map(|z| (z * 10.0).round() / 10.0).collect();
        let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 4)).collect();
        let rows: Vec<usize> = (0..300).rev().flat_map(|i| vec![i; weights[i] as usize]).collect();
        let pick = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<_>>();
        for method in METHODS {
            let weighted = Calibration::learn(method, &outcome, &given, &weights).unwrap();
            let repeated = Calibration::learn(method, &pick(&outcome), &pick(&given), &vec![1.0; rows.len()]).unwrap();
            assert!((-40..40).all(|z| {
                let z = f64::from(z) / 10.0;
                (weighted.apply(z) - repeated.apply(z)).abs() < 1e-9
            }));
        }
    }

    #[test]
    fn where_nothing_rises_there_is_no_map() {
        let falling: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i < 20))).collect();
        let given: Vec<f64> = (0..40).map(f64::from).collect();
        for method in METHODS {
            assert_eq!(Calibration::learn(method, &falling, &given, &[1.0; 40]), None);
            assert_eq!(Calibration::learn(method, &[1.0; 40], &given, &[1.0; 40]), None);
            assert_eq!(Calibration::learn(method, &[], &[], &[]), None);
        }
        assert_eq!(Calibration::default().apply(1.25), 1.25);
    }
}
