//! A rule in words for each segment: up to three conditions on features in original units.

use super::input::InputFeature;
use super::units::Units;
use crate::stats::order::sort_rows;
use crate::stats::rng;
use serde::Serialize;

/// A condition on one feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Index into the features.
    pub feature: u32,
    /// `true`: the value is above the threshold; `false`: it is not. Of a level: the customer has it, or has not.
    pub above: bool,
    /// In original units; the shortest number that divides the customers in the same way. 0.5 for a level.
    pub threshold: f64,
}

/// Conditions that all hold for most customers of a segment, and for few others.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// One to three, in the order of the features.
    pub conditions: Vec<Condition>,
    /// Customers (weighted) for whom they hold.
    pub n: f64,
    /// Share of these that are in the segment.
    pub precision: f64,
    /// Share of the segment for whom they hold.
    pub recall: f64,
    /// Precision over the segment's share of all customers.
    pub lift: f64,
}

const DEPTH: usize = 3;
/// Trees grow on at most so many customers at equal steps; what a rule is worth is counted on all.
const MOST_UNITS: usize = 5000;
const UNITS_STREAM: u32 = 94;
/// Share of the segment's customers that a condition has to leave on either side.
const LEAST_SIDE: f64 = 0.01;

/// The customers that trees grow on.
pub(super) struct Grove<'a> {
    features: &'a [InputFeature],
    labels: &'a [u32],
    weights: &'a [f64],
    /// Places in `rows`, by feature in ascending order of its values.
    orders: Vec<Vec<usize>>,
    rows: Vec<u32>,
    counts: Vec<f64>,
}

/// A node of a tree: the conditions that lead to it and the places that meet them.
struct Node {
    conditions: Vec<Condition>,
    inside: Vec<bool>,
    /// Customers in it, and those of them in the segment.
    n: f64,
    own: f64,
}

impl<'a> Grove<'a> {
    pub(super) fn new(
        features: &'a [InputFeature],
        labels: &'a [u32],
        weights: &'a [f64],
        units: &Units,
        seed: u32,
    ) -> Self {
        let drawn = units.spread(MOST_UNITS, &mut rng::seeded(seed, UNITS_STREAM));
        let ordered = features.iter().map(|feature| {
            let mut order: Vec<usize> = (0..drawn.rows.len()).collect();
            let value = |at: usize| feature.values[drawn.rows[at] as usize];
            sort_rows(&mut order, &mut |a, b| value(a).total_cmp(&value(b)));
            order
        });
        let orders = ordered.collect();
        Grove { features, labels, weights, orders, rows: drawn.rows, counts: drawn.counts }
    }

    /// The rule of `segment`: of all nodes of a tree of depth 3 that tells the segment from the rest (Gini impurity; Breiman et al. 1984),
    /// the one with the best harmonic mean of precision and recall, of equal ones the shortest. `None` where the segment has no customers, or
    /// all, or no condition helps.
    pub(super) fn rule(&self, segment: u32) -> Option<Rule> {
        let own = |at: usize| self.labels[self.rows[at] as usize] == segment;
        let all = vec![true; self.rows.len()];
        let mut root = self.node(Vec::new(), all, &own);
        let of_segment = root.own;
        if !(of_segment > 0.0 && of_segment < root.n) {
            return None;
        }
        let least = LEAST_SIDE * of_segment;
        let mut best: Option<(f64, Vec<Condition>)> = None;
        let mut level =
            vec![std::mem::replace(&mut root, Node { conditions: Vec::new(), inside: Vec::new(), n: 0.0, own: 0.0 })];
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for node in &level {
                let Some((feature, threshold)) = self.split(node, least, &own) else { continue };
                for above in [false, true] {
                    let values = &self.features[feature].values;
                    let meets = |at: usize| (values[self.rows[at] as usize] > threshold) == above;
                    let inside = (0..self.rows.len()).map(|at| node.inside[at] && meets(at)).collect();
                    let condition = Condition { feature: feature as u32, above, threshold };
                    let child = self.node(with(&node.conditions, condition), inside, &own);
                    let score = 2.0 * child.own / (child.n + of_segment);
                    if best.as_ref().is_none_or(|(other, _)| score > other + 1e-12) {
                        best = Some((score, child.conditions.clone()));
                    }
                    next.push(child);
                }
            }
            level = next;
        }
        best.and_then(|(_, conditions)| self.judged(conditions, segment))
    }

    fn node(&self, conditions: Vec<Condition>, inside: Vec<bool>, own: &dyn Fn(usize) -> bool) -> Node {
        let (mut n, mut of_segment) = (0.0, 0.0);
        for at in (0..inside.len()).filter(|&at| inside[at]) {
            n += self.counts[at];
            of_segment += if own(at) { self.counts[at] } else { 0.0 };
        }
        Node { conditions, inside, n, own: of_segment }
    }

    /// Feature and threshold of the largest fall of impurity; `None` where there is none.
    fn split(&self, node: &Node, least: f64, own: &dyn Fn(usize) -> bool) -> Option<(usize, f64)> {
        // n × the Gini impurity of a part, without its factor 2.
        let impurity = |n: f64, own: f64| if n > 0.0 { own * (n - own) / n } else { 0.0 };
        let whole = impurity(node.n, node.own);
        let mut best = (1e-9 * whole.max(1.0), None);
        for (feature, order) in self.orders.iter().enumerate() {
            let values = &self.features[feature].values;
            let (mut n, mut of_segment, mut before) = (0.0, 0.0, f64::NAN);
            for &at in order.iter().filter(|&&at| node.inside[at]) {
                let value = values[self.rows[at] as usize];
                if value > before && n >= least && node.n - n >= least {
                    let fall = whole - impurity(n, of_segment) - impurity(node.n - n, node.own - of_segment);
                    if fall > best.0 * (1.0 + 1e-9) {
                        best = (fall, Some((feature, before, value)));
                    }
                }
                before = value;
                n += self.counts[at];
                of_segment += if own(at) { self.counts[at] } else { 0.0 };
            }
        }
        best.1.map(|(feature, low, high)| match self.features[feature].level {
            Some(_) => (feature, 0.5),
            None => (feature, shortest_between(low, high)),
        })
    }

    /// What the rule is worth among all customers.
    fn judged(&self, conditions: Vec<Condition>, segment: u32) -> Option<Rule> {
        let (mut n, mut both, mut own, mut total) = (0.0, 0.0, 0.0, 0.0);
        for (row, (&label, &weight)) in self.labels.iter().zip(self.weights).enumerate() {
            let meets = |condition: &Condition| {
                (self.features[condition.feature as usize].values[row] > condition.threshold) == condition.above
            };
            let (inside, is_own) = (conditions.iter().all(meets), label == segment);
            total += weight;
            n += if inside { weight } else { 0.0 };
            own += if is_own { weight } else { 0.0 };
            both += if inside && is_own { weight } else { 0.0 };
        }
        let precision = both / n;
        (n > 0.0 && both > 0.0).then(|| Rule {
            conditions,
            n,
            precision,
            recall: both / own,
            lift: precision / (own / total),
        })
    }
}

/// `conditions` and one more; of two on the same side of a feature the tighter one stays, which is the later one.
fn with(conditions: &[Condition], condition: Condition) -> Vec<Condition> {
    let other = |c: &&Condition| (c.feature, c.above) != (condition.feature, condition.above);
    let mut all: Vec<Condition> = conditions.iter().filter(other).copied().collect();
    let at = all.partition_point(|c| (c.feature, c.above) < (condition.feature, condition.above));
    all.insert(at, condition);
    all
}

/// The number of fewest digits from `low` up to, and not including, `high`; of equally short ones the nearest to the middle.
fn shortest_between(low: f64, high: f64) -> f64 {
    let middle = 0.5 * low + 0.5 * high;
    let largest = low.abs().max(high.abs());
    if low <= 0.0 && high > 0.0 && low < high && middle.abs() < 0.4 * (high - low) {
        return 0.0;
    }
    let first = libm::floor(libm::log10(largest.max(f64::MIN_POSITIVE)));
    for digits in 0..17 {
        let power = first - f64::from(digits);
        // Dividing by a whole power of ten gives the number as it is written.
        let (up, down) = (libm::exp10(power.max(0.0)), libm::exp10((-power).max(0.0)));
        let steps = middle / up * down;
        let lies_between = |number: &f64| *number >= low && *number < high;
        let numbers = [libm::round(steps), libm::floor(steps)].map(|steps| steps * up / down);
        if let Some(number) = numbers.into_iter().find(lies_between) {
            return number;
        }
    }
    if middle >= low && middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segments::points::Points;
    use crate::segments::recipe::Transform;

    fn rules(columns: &[&[f64]], labels: &[u32], weights: &[f64], k: u32) -> Vec<Option<Rule>> {
        let feature = |values: &&[f64]| InputFeature::new("x", Transform::None, None, values.to_vec());
        let features: Vec<InputFeature> = columns.iter().map(feature).collect();
        let points = Points::new(1, &vec![0.0; labels.len()], Some(weights));
        let grove = Grove::new(&features, labels, weights, &Units::new(&points), 1);
        (0..k).map(|segment| grove.rule(segment)).collect()
    }

    #[test]
    fn a_corner_takes_two_conditions_and_each_threshold_is_a_short_number() {
        let mut columns = [Vec::new(), Vec::new()];
        let mut labels = Vec::new();
        for i in 0..20 {
            for j in 0..20 {
                columns[0].push(f64::from(i) * 137.31);
                columns[1].push(f64::from(j) * 0.01373);
                labels.push(u32::from(i >= 12 && j < 7));
            }
        }
        let found = rules(&[&columns[0], &columns[1]], &labels, &[1.0; 400], 2);
        let rule = found[1].as_ref().unwrap();
        assert_eq!((rule.n, rule.precision, rule.recall), (56.0, 1.0, 1.0));
        assert!((rule.lift - 400.0 / 56.0).abs() < 1e-12);
        let conditions: Vec<(u32, bool, f64)> =
            rule.conditions.iter().map(|c| (c.feature, c.above, c.threshold)).collect();
        assert_eq!(conditions, [(0, true, 1600.0), (1, false, 0.09)]);
    }

    #[test]
    fn weight_three_equals_three_rows() {
        let values: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 30)).collect();
        let labels: Vec<u32> = (0..30).map(|i| u32::from(i * 7 % 30 > 11) ^ u32::from(i % 9 == 0)).collect();
        let weights: Vec<f64> = (0..30).map(|i| f64::from(i % 4)).collect();
        let spread = |at: usize| std::iter::repeat_n(at, weights[at] as usize);
        let rows: Vec<usize> = (0..30).flat_map(spread).collect();
        let repeated: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
        let of_repeated: Vec<u32> = rows.iter().map(|&row| labels[row]).collect();
        assert_eq!(
            rules(&[&values], &labels, &weights, 2),
            rules(&[&repeated], &of_repeated, &vec![1.0; rows.len()], 2)
        );
    }

    #[test]
    fn one_segment_no_segment_and_equal_customers_have_no_rule() {
        assert_eq!(rules(&[&[1.0, 2.0]], &[0, 0], &[1.0; 2], 2), [None, None]);
        assert_eq!(rules(&[&[1.0, 1.0]], &[0, 1], &[1.0; 2], 2), [None, None]);
        assert_eq!(rules(&[&[]], &[], &[], 1), [None]);
    }

    #[test]
    fn the_shortest_number_lies_between() {
        for (low, high, expected) in [
            (0.0, 1.0, 0.0),
            (-5.0, 7.0, 0.0),
            (1510.41, 1647.72, 1600.0),
            (0.1, 0.3, 0.2),
            (3.0, 4.0, 3.0),
            (1e-9, 2e-9, 1e-9),
            (-1647.72, -1510.41, -1600.0),
        ] {
            let found = shortest_between(low, high);
            assert!(found >= low && found < high, "{low} {found} {high}");
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{low} {found} {high}");
        }
        let next = f64::from_bits(1.0f64.to_bits() + 1);
        assert_eq!(shortest_between(1.0, next), 1.0);
        assert!(shortest_between(-f64::MAX, f64::MAX).is_finite());
    }
}
