//! Single customers of weighted rows: what is drawn at random is the same for a row of weight three as for three rows.

use super::points::Points;
use crate::stats::rng::{self, Rng};

/// The rows of points as so many equal units, one behind the other.
pub(super) struct Units {
    cumulative: Vec<f64>,
}

/// Rows and how many of their units are meant.
pub(super) struct Drawn {
    pub(super) rows: Vec<u32>,
    pub(super) counts: Vec<f64>,
}

impl Units {
    pub(super) fn new(points: &Points) -> Self {
        let mut total = 0.0;
        let cumulative = (0..points.len()).map(|row| {
            total += points.weight(row);
            total
        });
        Units { cumulative: cumulative.collect() }
    }

    pub(super) fn total(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or(0.0)
    }

    /// All units where there are at most `most`, else `most` at equal steps from a random start.
    pub(super) fn spread(&self, most: usize, random: &mut Rng) -> Drawn {
        let (mut drawn, mut before) = (Drawn { rows: Vec::new(), counts: Vec::new() }, 0.0);
        let (total, offset) = (self.total(), rng::uniform(random));
        for (row, &until) in self.cumulative.iter().enumerate() {
            let steps = |at: f64| libm::ceil(at / total * most as f64 - offset);
            let count = if total <= most as f64 { until - before } else { steps(until) - steps(before) };
            if count > 0.0 {
                drawn.rows.push(row as u32);
                drawn.counts.push(count);
            }
            before = until;
        }
        drawn
    }

    /// How often each row is met in as many draws with replacement as there are units.
    pub(super) fn resampled(&self, random: &mut Rng) -> Vec<f64> {
        let mut counts = vec![0.0; self.cumulative.len()];
        let total = self.total();
        for _ in 0..libm::round(total) as usize {
            let at = rng::uniform(random) * total;
            let row = self.cumulative.partition_point(|&sum| sum <= at).min(counts.len().saturating_sub(1));
            if let Some(count) = counts.get_mut(row) {
                *count += 1.0;
            }
        }
        counts
    }
}

impl Drawn {
    pub(super) fn points(&self, points: &Points) -> Points {
        points.select(&self.rows).with_weights(self.counts.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_weight_three_is_drawn_as_three_rows_are() {
        let weighted = Units::new(&Points::new(1, &[0.0, 1.0, 2.0], Some(&[3.0, 0.0, 2.0])));
        let plain = Units::new(&Points::new(1, &[0.0, 0.0, 0.0, 2.0, 2.0], None));
        let (a, b) = (weighted.resampled(&mut rng::seeded(1, 0)), plain.resampled(&mut rng::seeded(1, 0)));
        assert_eq!(a, [b[..3].iter().sum::<f64>(), 0.0, b[3..].iter().sum::<f64>()]);
        let spread = weighted.spread(2, &mut rng::seeded(1, 0));
        assert_eq!(spread.counts.iter().sum::<f64>(), 2.0);
        let all = weighted.spread(5, &mut rng::seeded(1, 0));
        assert_eq!((all.rows, all.counts), (vec![0, 2], vec![3.0, 2.0]));
    }
}
