//! Times given the cause.

use super::*;

fn estimate(rows: &Rows) -> Survival {
    rows.state(3).finish(level())
}

/// The quantiles of `rows` given that they leave by cause 1.
fn given(rows: &Rows, p: f64) -> Option<Quantile> {
    let survival = estimate(rows);
    survival.quantile_given(1, &survival.incidence(1), p)
}

fn of_rows(rows: impl Iterator<Item = (f64, f64, u32, f64)>) -> Rows {
    let mut kept = Rows::default();
    rows.for_each(|row| kept.push(row));
    kept
}

#[test]
fn without_censoring_times_given_a_cause_are_those_of_the_rows_that_left_by_it() {
    let mut compared = 0;
    for seed in 0..300 {
        let all = random_rows(seed);
        // Nothing cut off and nothing seen late: causes 1 to 3 alone.
        let rows = |keep: &dyn Fn(u32) -> bool| {
            of_rows(
                (0..all.durations.len())
                    .map(|row| all.get(row))
                    .filter(|row| keep(row.2))
                    .map(|row| (row.0, 0.0, row.2, row.3)),
            )
        };
        let (closed, alone) = (rows(&|cause| cause > 0), rows(&|cause| cause == 1));
        let wins: f64 = alone.weights.iter().sum();
        for p in [0.25, 0.5, 0.75, 0.9] {
            let found = given(&closed, p);
            assert_eq!(found.is_some(), wins > 0.0, "{seed}");
            let (Some(found), expected) = (found, estimate(&alone).quantile(p)) else { continue };
            assert_eq!(found, expected, "{seed} {p}");
            compared += usize::from(found.high.is_some());
        }
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn the_median_given_a_cause_is_that_of_its_incidence_and_lies_inside_its_interval() {
    let mut compared = 0;
    for seed in 0..500 {
        let rows = random_rows(seed);
        let survival = estimate(&rows);
        let curve = survival.incidence(1);
        let found = survival.quantile_given(1, &curve, 0.5);
        assert_eq!(found.and_then(|found| found.value), curve.median_given, "{seed}");
        let Some(Quantile { value: Some(value), low, high, .. }) = found else { continue };
        assert!(low.is_some_and(|low| low <= value) && high.is_none_or(|high| high >= value), "{seed}: {found:?}");
        compared += 1;
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn weight_three_equals_three_rows_given_a_cause() {
    for seed in 0..200 {
        let rows = random_rows(seed);
        let repeated = of_rows((0..rows.durations.len()).flat_map(|row| {
            let (duration, entry, cause, weight) = rows.get(row);
            std::iter::repeat_n((duration, entry, cause, 1.0), weight as usize)
        }));
        assert_eq!(given(&rows, 0.5), given(&repeated, 0.5), "{seed}");
    }
}
