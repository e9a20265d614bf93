//! Natural cubic splines: smooth curves of a number that go on as straight lines beyond their last knots.

use super::order::sorted_rows;

/// A natural cubic spline by its knots, ascending; two knots make a straight line.
#[derive(Debug, Clone, PartialEq)]
pub struct NaturalSpline {
    knots: Vec<f64>,
}

impl NaturalSpline {
    /// The spline with up to `knots` (at least 2) knots at equally spaced quantiles of `values`, from the 5th to the 95th percentile, each value counted by its weight;
    /// fewer where quantiles coincide, and `None` where all values with weight lie so close that no line can be told.
    pub fn at_quantiles(values: &[f64], weights: &[f64], knots: usize) -> Option<Self> {
        let order: Vec<usize> = sorted_rows(values.len(), &mut |a, b| values[a].total_cmp(&values[b]))
            .into_iter()
            .filter(|&i| weights[i] > 0.0 && values[i].is_finite())
            .collect();
        let total: f64 = order.iter().map(|&i| weights[i]).sum();
        let mut found: Vec<f64> = Vec::with_capacity(knots);
        let (mut at, mut below) = (0, 0.0);
        for k in 0..knots.max(2) {
            let share = 0.05 + 0.9 * k as f64 / (knots.max(2) - 1) as f64;
            while at + 1 < order.len() && below + weights[order[at]] < share * total {
                below += weights[order[at]];
                at += 1;
            }
            found.push(values[*order.get(at)?]);
        }
        let (first, last) = (values[*order.first()?], values[*order.last()?]);
        let near = 1e-6 * (last - first);
        found.dedup_by(|b, a| *b - *a <= near);
        if found.len() < 2 {
            found = vec![first, last];
        }
        (last - first > 1e-12 * last.abs().max(first.abs()).max(f64::MIN_POSITIVE))
            .then_some(NaturalSpline { knots: found })
    }

    /// The spline with these knots; `None` unless they are at least two finite numbers, each above the one before.
    pub fn new(knots: Vec<f64>) -> Option<Self> {
        let ascend = knots.windows(2).all(|pair| pair[0] < pair[1]) && knots.iter().all(|knot| knot.is_finite());
        (ascend && knots.len() > 1).then_some(NaturalSpline { knots })
    }

    /// Number of columns: one less than knots, a constant not among them.
    pub fn columns(&self) -> usize {
        self.knots.len() - 1
    }

    /// The last knot.
    pub fn last(&self) -> f64 {
        self.knots[self.knots.len() - 1]
    }

    /// The value of column `j` at `x`: x itself, then the truncated powers of Hastie, Tibshirani & Friedman (2009), eq. 5.4–5.5, both on the scale on which the
    /// first knot is 0 and the last one 1.
    pub fn column(&self, j: usize, x: f64) -> f64 {
        let (first, last) = (self.knots[0], self.last());
        let scaled = |x: f64| (x - first) / (last - first);
        let x = scaled(x);
        if j == 0 {
            return x;
        }
        let cube = |x: f64| if x > 0.0 { x * x * x } else { 0.0 };
        let part = |knot: f64| (cube(x - knot) - cube(x - 1.0)) / (1.0 - knot);
        // There is a knot of this number: columns are one less than knots, and the first column is the line.
        part(scaled(self.knots[j - 1])) - part(scaled(self.knots[self.knots.len() - 2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_straight_beyond_the_last_knots_and_smooth_at_each() {
        let spline = NaturalSpline::new(vec![1.0, 2.0, 4.0, 8.0]).unwrap();
        let bend = |j, x: f64, h: f64| {
            (spline.column(j, x + h) - 2.0 * spline.column(j, x) + spline.column(j, x - h)) / (h * h)
        };
        for j in 0..spline.columns() {
            for x in [-3.0, 0.5, 8.5, 20.0] {
                assert!(bend(j, x, 0.1).abs() < 1e-9, "{j} {x}");
            }
            for knot in [1.0, 2.0, 4.0, 8.0] {
                assert!((bend(j, knot + 1e-3, 1e-4) - bend(j, knot - 1e-3, 1e-4)).abs() < 0.02, "{j} {knot}");
            }
        }
        assert!(bend(1, 3.0, 0.1).abs() > 0.01);
    }

    #[test]
    fn knots_of_weighted_values_are_those_of_repeated_ones_and_a_constant_has_none() {
        let (values, weights) = ([5.0, 1.0, 3.0, 9.0, 7.0], [3.0, 1.0, 0.0, 2.0, 4.0]);
        let repeated: Vec<f64> = (0..5).flat_map(|i| vec![values[i]; weights[i] as usize]).collect();
        let a = NaturalSpline::at_quantiles(&values, &weights, 4);
        assert_eq!(a, NaturalSpline::at_quantiles(&repeated, &[1.0; 10], 4));
        assert!(a.is_some());
        assert_eq!(NaturalSpline::at_quantiles(&[2.0; 4], &[1.0; 4], 4), None);
        assert_eq!(NaturalSpline::at_quantiles(&[], &[], 4), None);
        assert_eq!(NaturalSpline::at_quantiles(&[f64::NAN], &[1.0], 4), None);
    }
}
