use super::*;
use crate::meta::Estimate;
use crate::stats::rng::seeded;
use rand::Rng;

fn level() -> Confidence {
    Confidence::new(0.95).expect("valid")
}

#[derive(Clone, Default)]
struct Rows {
    durations: Vec<f64>,
    entries: Vec<f64>,
    causes: Vec<u32>,
    weights: Vec<f64>,
}

impl Rows {
    fn push(&mut self, (duration, entry, cause, weight): (f64, f64, u32, f64)) {
        self.durations.push(duration);
        self.entries.push(entry);
        self.causes.push(cause);
        self.weights.push(weight);
    }

    fn get(&self, row: usize) -> (f64, f64, u32, f64) {
        (self.durations[row], self.entries[row], self.causes[row], self.weights[row])
    }

    fn state(&self, causes: usize) -> SurvivalState {
        let mut state = SurvivalState::new(causes);
        state.update(&self.durations, Some(&self.entries), &self.causes, Some(&self.weights)).expect("valid rows");
        state
    }
}

/// Up to 60 rows with ties, three causes, and sometimes delayed entry and weights from 0 to 3.
fn random_rows(seed: u32) -> Rows {
    let mut rng = seeded(seed, 7);
    let (delayed, weighted, coarse) = (rng.gen_bool(0.5), rng.gen_bool(0.5), rng.gen_bool(0.7));
    let mut rows = Rows::default();
    for _ in 0..rng.gen_range(0..60) {
        let duration = if coarse { f64::from(rng.gen_range(0..12u32)) } else { rng.gen_range(0.0..12.0) };
        let entry = if delayed && rng.gen_bool(0.4) { f64::from(rng.gen_range(0..13u32)) } else { 0.0 };
        let weight = if weighted { f64::from(rng.gen_range(0..4u32)) } else { 1.0 };
        rows.push((duration, entry, rng.gen_range(0..4), weight));
    }
    rows
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

fn assert_same(a: &Survival, b: &Survival, what: &str) {
    assert_eq!(a.time, b.time, "{what}");
    assert_eq!((a.n, a.events, a.censored, a.never_at_risk), (b.n, b.events, b.censored, b.never_at_risk), "{what}");
    assert_eq!((&a.at_risk, &a.event_count), (&b.at_risk, &b.event_count), "{what}");
    let bands = |of: &Survival| -> (Vec<f64>, Vec<f64>) { (0..of.time.len()).map(|index| of.band(index)).unzip() };
    let ((a_low, a_high), (b_low, b_high)) = (bands(a), bands(b));
    for (one, other) in [(&a.survival, &b.survival), (&a.variance, &b.variance), (&a_low, &b_low), (&a_high, &b_high)] {
        assert!(one.iter().zip(other).all(|(x, y)| close(*x, *y)), "{what}: {one:?} {other:?}");
    }
    for cause in 1..=3 {
        let (one, other) = (a.incidence(cause), b.incidence(cause));
        assert!(close(one.last, other.last) && one.median_given == other.median_given, "{what}");
    }
}

/// The definitions, row by row and without any running sum.
#[test]
fn equals_the_definitions_with_ties_delayed_entry_and_weights() {
    for seed in 0..300 {
        let rows = random_rows(seed);
        let survival = rows.state(3).finish(level());
        let used: Vec<(f64, f64, u32, f64)> = (0..rows.durations.len())
            .map(|row| rows.get(row))
            .filter(|(duration, entry, _, weight)| *weight > 0.0 && (*entry == 0.0 || entry < duration))
            .collect();
        let mut times: Vec<f64> = used.iter().filter(|row| row.2 > 0).map(|row| row.0).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        assert_eq!(survival.time, times, "seed {seed}");
        let at_risk = |t: f64| -> f64 {
            used.iter().filter(|row| row.0 >= t && (row.1 == 0.0 || row.1 < t)).map(|row| row.3).sum()
        };
        let events = |t: f64, cause: Option<u32>| -> f64 {
            used.iter()
                .filter(|row| row.0 == t && row.2 > 0 && cause.is_none_or(|cause| cause == row.2))
                .map(|row| row.3)
                .sum()
        };
        let curve = |t: f64| -> f64 {
            times.iter().filter(|time| **time <= t).map(|time| 1.0 - events(*time, None) / at_risk(*time)).product()
        };
        let before = |t: f64| -> f64 {
            times.iter().filter(|time| **time < t).map(|time| 1.0 - events(*time, None) / at_risk(*time)).product()
        };
        let reached = |t: f64, cause: u32| -> f64 {
            times
                .iter()
                .filter(|time| **time <= t)
                .map(|time| before(*time) * events(*time, Some(cause)) / at_risk(*time))
                .sum()
        };
        for (index, &t) in times.iter().enumerate() {
            assert_eq!((survival.at_risk[index], survival.event_count[index]), (at_risk(t), events(t, None)));
            assert!(close(survival.survival[index], curve(t)), "seed {seed}: S({t})");
            let greenwood: f64 = times[..=index]
                .iter()
                .map(|time| events(*time, None) / (at_risk(*time) * (at_risk(*time) - events(*time, None))))
                .sum();
            let expected = if curve(t) == 0.0 { 0.0 } else { curve(t) * greenwood.sqrt() };
            assert!(close(survival.standard_error(index), expected), "seed {seed}: SE({t})");
        }
        for cause in 1..=3u32 {
            let incidence = survival.incidence(cause as usize);
            for (index, &t) in times.iter().enumerate() {
                assert!(close(incidence.incidence[index], reached(t, cause)), "seed {seed}: F{cause}({t})");
                // Gaynor et al. (1993).
                let variance: f64 = times[..=index]
                    .iter()
                    .map(|&u| {
                        let (n, d, dk, s) = (at_risk(u), events(u, None), events(u, Some(cause)), before(u));
                        let rest = reached(t, cause) - reached(u, cause);
                        let first = if n > d { rest * rest * d / (n * (n - d)) } else { 0.0 };
                        first + s * s * dk * (n - dk) / (n * n * n) - 2.0 * rest * s * dk / (n * n)
                    })
                    .sum();
                let expected = variance.max(0.0).sqrt();
                assert!((incidence.standard_error[index] - expected).abs() < 1e-7, "seed {seed}: SE F{cause}({t})");
            }
        }
    }
}

#[test]
fn incidences_and_curve_sum_to_one() {
    let mut rng = seeded(3, 3);
    let mut rows = Rows::default();
    for _ in 0..50_000 {
        let duration = rng.gen_range(0.0..400.0);
        rows.push((duration, 0.0, rng.gen_range(0..4), rng.gen_range(0.1..5.0)));
    }
    for rows in (0..200).map(random_rows).chain([rows]) {
        let survival = rows.state(3).finish(level());
        let causes: Vec<CauseIncidence> = (1..=3).map(|cause| survival.incidence(cause)).collect();
        for index in 0..survival.time.len() {
            let sum: f64 = causes.iter().map(|cause| cause.incidence[index]).sum();
            assert!((sum + survival.survival[index] - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn weight_three_equals_three_rows() {
    for seed in 0..1_000 {
        let rows = random_rows(seed);
        let mut repeated = Rows::default();
        for row in 0..rows.durations.len() {
            let (duration, entry, cause, weight) = rows.get(row);
            for _ in 0..weight as usize {
                repeated.push((duration, entry, cause, 1.0));
            }
        }
        let (weighted, repeated) = (rows.state(3).finish(level()), repeated.state(3).finish(level()));
        assert_same(&weighted, &repeated, "weights");
        assert_eq!(weighted.finished_median(), repeated.finished_median());
    }
}

#[test]
fn merged_parts_in_any_order_equal_the_whole() {
    for seed in 0..1_000 {
        let rows = random_rows(seed);
        let whole = rows.state(3).finish(level());
        let mut rng = seeded(seed, 8);
        let mut parts = vec![Rows::default(); 3];
        let mut shuffled = Rows::default();
        let mut order: Vec<usize> = (0..rows.durations.len()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, rng.gen_range(0..=place));
        }
        for row in order {
            parts[rng.gen_range(0..3)].push(rows.get(row));
            shuffled.push(rows.get(row));
        }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut merged = SurvivalState::new(3);
            for part in order {
                merged.merge(parts[part].state(3)).expect("as many causes");
            }
            assert_same(&merged.finish(level()), &whole, "merge");
        }
        assert_same(&shuffled.state(3).finish(level()), &whole, "order");
    }
}

#[test]
fn fractional_weights_merge_within_rounding() {
    let mut rng = seeded(5, 5);
    let (mut whole, mut parts) = (Rows::default(), vec![Rows::default(); 7]);
    for row in 0..20_000 {
        let duration = f64::from(rng.gen_range(0..300u32));
        let row_values = (duration, 0.0, rng.gen_range(0..4), rng.gen_range(0.01..3.0));
        whole.push(row_values);
        parts[row % 7].push(row_values);
    }
    let whole = whole.state(3).finish(level());
    let mut merged = SurvivalState::new(3);
    for part in parts.iter().rev() {
        merged.merge(part.state(3)).expect("as many causes");
    }
    let merged = merged.finish(level());
    assert_eq!(whole.time, merged.time);
    assert!(whole.survival.iter().zip(&merged.survival).all(|(a, b)| close(*a, *b)));
    assert!(whole.variance.iter().zip(&merged.variance).all(|(a, b)| close(*a, *b)));
}

/// Remission times of the 6-MP arm (Freireich et al. 1963), as worked in Klein & Moeschberger (2003), section 4.2, whose third digit
/// carries the rounding of the factors before.
#[test]
fn matches_klein_and_moeschberger_on_6mp() {
    let durations = [
        6.0, 6.0, 6.0, 6.0, 7.0, 9.0, 10.0, 10.0, 11.0, 13.0, 16.0, 17.0, 19.0, 20.0, 22.0, 23.0, 25.0, 32.0, 32.0,
        34.0, 35.0,
    ];
    let events = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    let mut state = SurvivalState::new(1);
    state.update(&durations, None, &events, None).expect("valid rows");
    let survival = state.finish(level());
    assert_eq!(survival.time, [6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]);
    for (value, published) in survival.survival.iter().zip([0.857, 0.807, 0.753, 0.690, 0.628, 0.538, 0.448]) {
        assert!((value - published).abs() < 1e-3, "{value} {published}");
    }
    for (index, published) in [0.076, 0.087, 0.096, 0.107, 0.114, 0.128, 0.135].into_iter().enumerate() {
        let value = survival.standard_error(index);
        assert!((value - published).abs() < 1e-3, "{value} {published}");
    }
    assert_eq!(survival.quantile(0.5).value, Some(23.0));
    assert_eq!(survival.quantile(0.9).value, None);
}

#[test]
fn degenerate_inputs_have_plain_answers() {
    let empty = SurvivalState::new(2).finish(level());
    assert_eq!((empty.n, empty.at(3.0).survival, empty.quantile(0.5).value), (0.0, 1.0, None));
    assert_eq!((empty.incidence(1).last, empty.incidence(9).last), (0.0, 0.0));
    assert_eq!(empty.restricted_mean(10.0).mean, 10.0);

    let finish = |durations: &[f64], causes: &[u32]| {
        let mut state = SurvivalState::new(2);
        state.update(durations, None, causes, None).expect("valid rows");
        state.finish(level())
    };
    let open = finish(&[1.0, 2.0, 3.0], &[0, 0, 0]);
    assert_eq!((open.at_end(), open.time.len(), open.last, open.finished_mean()), (1.0, 0, 3.0, None));
    let lost = finish(&[1.0, 2.0, 3.0, 4.0], &[2, 2, 2, 2]);
    assert_eq!((lost.at_end(), lost.incidence(2).last, lost.incidence(1).last), (0.0, 1.0, 0.0));
    assert_eq!((lost.finished_mean(), lost.finished_median()), (Some(2.5), Some(2.5)));
    assert!((lost.restricted_mean(100.0).mean - 2.5).abs() < 1e-15);
    assert!(lost.incidence(2).last_low > 0.0 && lost.incidence(2).last_high == 1.0);
    assert!(lost.incidence(1).last_low == 0.0 && lost.incidence(1).last_high < 1.0);
    let one = finish(&[5.0], &[1]);
    assert_eq!((one.at_end(), one.standard_error(0), one.band(0).0), (0.0, 0.0, 0.0));
    assert_eq!((one.quantile(0.5).value, one.quantile(0.5).high), (Some(5.0), None));
    let zero = finish(&[0.0, -0.0, 0.0], &[1, 2, 0]);
    assert_eq!((zero.time.len(), zero.at(0.0).survival), (1, 1.0 - 2.0 / 3.0));
    assert_eq!(zero.restricted_mean(0.0).mean, 0.0);
    assert_eq!(finish(&[7.0; 9], &[1; 9]).quantile(0.25).value, Some(7.0));
    for survival in [empty, open, lost, one, zero] {
        let (low, high): (Vec<f64>, Vec<f64>) = (0..survival.time.len()).map(|index| survival.band(index)).unzip();
        let numbers = [&survival.survival, &survival.variance, &low, &high];
        assert!(numbers.iter().all(|values| values.iter().all(|value| value.is_finite())));
        for cause in 1..=2 {
            let incidence = survival.incidence(cause);
            assert!(incidence.standard_error.iter().all(|value| value.is_finite()));
            assert!(incidence.last_low <= incidence.last && incidence.last <= incidence.last_high);
        }
    }
}

#[test]
fn rows_that_cannot_be_are_refused_and_leave_the_state_alone() {
    let mut state = SurvivalState::new(1);
    let refused = [
        state.update(&[1.0, f64::NAN], None, &[0, 1], None),
        state.update(&[-1.0], None, &[0], None),
        state.update(&[1.0], Some(&[f64::INFINITY]), &[0], None),
        state.update(&[1.0], None, &[2], None),
        state.update(&[1.0], None, &[1], Some(&[-3.0])),
        state.update(&[1.0, 2.0], None, &[1], None),
        state.merge(SurvivalState::new(2)),
    ];
    let codes: Vec<&str> = refused.iter().map(|refused| refused.as_ref().expect_err("bad row").code()).collect();
    assert_eq!(codes, [["invalid_option"; 5].as_slice(), &["column_length", "invalid_option"]].concat());
    assert_eq!(state.finish(level()).n, 0.0);
}

#[test]
fn never_at_risk_is_counted_not_used() {
    let mut state = SurvivalState::new(1);
    state.update(&[3.0, 4.0], Some(&[3.0, 1.0]), &[1, 1], Some(&[2.0, 1.0])).expect("valid rows");
    let survival = state.finish(level());
    assert_eq!((survival.n, survival.never_at_risk), (1.0, 2.0));
}

#[test]
#[ignore = "a measurement: cargo test --release --lib million -- --ignored --nocapture"]
fn a_million_deals() {
    let mut rng = seeded(1, 2);
    for whole_days in [true, false] {
        let durations: Vec<f64> = (0..1_000_000)
            .map(|_| {
                let days: f64 = rng.gen_range(0.0..800.0);
                if whole_days { days.floor() } else { days }
            })
            .collect();
        let causes: Vec<u32> = durations.iter().map(|_| rng.gen_range(0..3)).collect();
        for _ in 0..3 {
            let start = std::time::Instant::now();
            let mut state = SurvivalState::new(2);
            state.update(&durations, None, &causes, None).expect("valid rows");
            let survival = state.finish(level());
            let curve = start.elapsed();
            let quantiles = [0.25, 0.5, 0.75, 0.9].map(|p| survival.quantile(p));
            let incidences = [survival.incidence(1), survival.incidence(2)];
            println!(
                "whole days {whole_days}: curve {curve:?}, all {:?} {quantiles:?} {}",
                start.elapsed(),
                incidences[0].last
            );
        }
    }
}

#[test]
fn sorted_once_gives_the_estimates_and_tests_of_every_group() {
    for seed in 0..500 {
        let rows = random_rows(seed);
        let n = rows.durations.len();
        let (sorted, places) = Sorted::new(&rows.durations, &rows.entries).expect("valid rows");
        let part = |place: usize| {
            let row = places[place] as usize;
            Some(Part { group: (row % 3) as u32, cause: rows.causes[row], weight: rows.weights[row] })
        };
        let parts = Parts::new(places.len(), part);
        let of_group = |group: usize| {
            let mut part = Rows::default();
            (group..n).step_by(3).for_each(|row| part.push(rows.get(row)));
            part.state(3)
        };
        let states: Vec<SurvivalState> = (0..3).map(of_group).collect();
        let mut estimates = Vec::new();
        sorted.each_group(3, 3, level(), &parts, &mut |estimate| estimates.push(estimate));
        for (state, mut estimate) in states.iter().zip(estimates) {
            let reference = state.finish(level());
            estimate.never_at_risk = reference.never_at_risk;
            assert_same(&estimate, &reference, "groups");
        }
        let all = |place: usize| part(place).map(|part| Part { group: 0, ..part });
        let estimate = sorted.estimate(3, level(), all);
        let together = estimate.incidences_of(2, &|cause| [Some(1), None, Some(0)][cause - 1]);
        for (cause, curve) in [(3, &together[0]), (1, &together[1])] {
            let alone = estimate.incidence(cause);
            assert_eq!(
                (&alone.incidence, &alone.standard_error),
                (&curve.incidence, &curve.standard_error),
                "seed {seed}"
            );
            let outcome = sorted.outcome(cause as u32, 3, level(), all);
            let expected = Estimate { value: alone.last, low: alone.last_low, high: alone.last_high, n: estimate.n };
            assert_eq!(outcome, (estimate.n > 0.0).then_some(expected), "seed {seed}");
        }
        let (ranks, grays) = sorted.comparisons(3, &[1, 2], 1_000, &parts);
        let same = |a: &Comparison, b: &Comparison| match (a.test, b.test) {
            (Some(a), Some(b)) => close(a.chi_square, b.chi_square) && a.degrees_of_freedom == b.degrees_of_freedom,
            (a, b) => a == b,
        };
        assert!(same(&ranks, &log_rank(&[&states], 0.0)), "seed {seed}");
        assert!(same(&grays[0], &gray(&[&states], 1)) && same(&grays[1], &gray(&[&states], 2)), "seed {seed}");
    }
}

#[test]
fn times_that_are_joined_give_nearly_the_same_tests() {
    let mut rng = seeded(9, 9);
    let different: Vec<f64> = (0..20_000).map(|row| rng.gen_range(0.0..100.0) * [1.0, 1.02, 1.0][row % 3]).collect();
    // As deals of three periods: the later ones cannot have been watched for long.
    let alike: Vec<f64> = (0..20_000).map(|_| rng.gen_range(0.0..100.0)).collect();
    for (durations, watched) in [(different, [f64::INFINITY; 3]), (alike, [100.0, 60.0, 30.0])] {
        let watched = |row: usize| watched[row % 3];
        let causes: Vec<u32> =
            (0..).zip(&durations).map(|(row, days)| rng.gen_range(0..3) * u32::from(*days <= watched(row))).collect();
        let spread = |row: usize| watched(row) * rng.gen_range(0.3..1.0);
        let ends: Vec<f64> = (0..durations.len()).map(spread).collect();
        let durations: Vec<f64> = durations.iter().zip(ends).map(|(days, end)| days.min(end)).collect();
        let (sorted, places) = Sorted::new(&durations, &[]).expect("valid rows");
        let part = |place: usize| {
            let row = places[place] as usize;
            Some(Part { group: (row % 3) as u32, cause: causes[row], weight: 1.0 })
        };
        let parts = Parts::new(places.len(), part);
        let (exact, exact_grays) = sorted.comparisons(3, &[1], usize::MAX, &parts);
        let (joined, joined_grays) = sorted.comparisons(3, &[1], 500, &parts);
        for (exact, joined) in [(exact, joined), (exact_grays[0].clone(), joined_grays[0].clone())] {
            let (exact, joined) = (exact.test.expect("groups"), joined.test.expect("groups"));
            // Half a hundredth of the order is lost: a tenth of a standard error.
            assert!((exact.chi_square.sqrt() - joined.chi_square.sqrt()).abs() < 0.2, "{exact:?} {joined:?}");
        }
    }
}

/// The band falls with the curve where rows count whole and all are seen from their start: quantiles are then found by halving.
#[test]
fn quantiles_found_by_halving_are_the_first_times() {
    for seed in 0..1_000 {
        let survival = random_rows(seed).state(3).finish(level());
        for p in [0.1, 0.25, 0.5, 0.75, 0.9] {
            let quantile = survival.quantile(p);
            let first = |end: &dyn Fn(usize) -> f64| {
                (0..survival.time.len()).find(|index| end(*index) <= 1.0 - p + 1e-12).map(|index| survival.time[index])
            };
            assert_eq!(quantile.value, first(&|index| survival.survival[index]), "seed {seed}");
            assert_eq!(quantile.low, first(&|index| survival.band(index).0), "seed {seed}");
            assert_eq!(quantile.high, first(&|index| survival.band(index).1), "seed {seed}");
        }
    }
}

mod given;
mod once;

#[test]
fn events_that_weigh_next_to_nothing_leave_everyone() {
    let mut state = SurvivalState::new(1);
    state.update(&[1.0, 2.0], None, &[1, 0], Some(&[1e-20, 1.0])).expect("valid rows");
    let at = state.finish(level()).at(1.5);
    assert_eq!((at.survival, at.low, at.high), (1.0, 1.0, 1.0));
}

#[test]
fn shares_by_ages_are_those_of_the_curve() {
    for seed in 0..200 {
        let survival = random_rows(seed).state(3).finish(level());
        let ages = [0.0, 1.0, 2.5, 7.0, 1e9];
        for cause in 1..=3 {
            let curve = survival.incidence(cause);
            let expected: Vec<Estimate> = ages.iter().map(|age| survival.incidence_estimate(&curve, *age)).collect();
            assert_eq!(survival.shares_by(&|other| other == cause, &ages), expected, "seed {seed}, cause {cause}");
            assert!(close(survival.events_of(cause), curve.events), "seed {seed}, cause {cause}");
        }
    }
}

#[test]
fn counting_the_ends_of_steps_is_walking_through_them() {
    for seed in 0..200 {
        let mut rng = seeded(seed, 21);
        let durations: Vec<f64> = (0..rng.gen_range(1..300)).map(|_| f64::from(rng.gen_range(0..90))).collect();
        let (sorted, places) = Sorted::new(&durations, &[]).expect("valid rows");
        let parts: Vec<(u32, u32)> = places.iter().map(|_| (rng.gen_range(0..5), rng.gen_range(0..4))).collect();
        // Groups beyond the third count in none.
        let of = |place: usize| Some(Part { group: parts[place].0, cause: parts[place].1, weight: 1.0 });
        let once = Parts::new(places.len(), of);
        let least = rng.gen_range(2..40);
        let (mut counted, mut walked) = (Vec::new(), Vec::new());
        let note = |into: &mut Vec<_>, at_risk: &[f64], all: &[f64], by_cause: &[Vec<f64>]| {
            into.push((at_risk.to_vec(), all.to_vec(), by_cause.to_vec()));
        };
        sorted.walk_once(3, &[1, 3], least, &once, &mut |a, b, c| note(&mut counted, a, b, c));
        sorted.walk(3, &[1, 3], least, &|place| of(place).into(), &mut |a, b, c| note(&mut walked, a, b, c));
        assert_eq!(counted, walked, "seed {seed}");
    }
}

/// Thirty groups as periods are: the later ones have been watched for less time, `spread` says from which part of it on.
#[test]
fn two_hundred_steps_do_for_thirty_groups() {
    for spread in [0.3, 0.999] {
        let mut rng = seeded(3, 30);
        let rows: Vec<(f64, u32)> = (0..60_000)
            .map(|row| {
                let watched = rng.gen_range(spread..1.0) * f64::from(10 + row % 30 * 3);
                let left = -50.0 * libm::log(rng.gen_range(1e-9..1.0));
                if left <= watched { (left, rng.gen_range(1..3)) } else { (watched, 0) }
            })
            .collect();
        let durations: Vec<f64> = rows.iter().map(|(days, _)| *days).collect();
        let (sorted, places) = Sorted::new(&durations, &[]).expect("valid rows");
        let part = |place: usize| {
            let row = places[place];
            Some(Part { group: row % 30, cause: rows[row as usize].1, weight: 1.0 })
        };
        let parts = Parts::new(places.len(), part);
        let of = |steps: usize| {
            let (ranks, grays) = sorted.comparisons(30, &[1], steps, &parts);
            [ranks.test.expect("groups").chi_square, grays[0].test.expect("groups").chi_square]
        };
        for (exact, joined) in of(10_000).into_iter().zip(of(200)) {
            // A twentieth of the deviation that the statistic has by chance; 100 steps miss it.
            assert!((exact - joined).abs() < 0.05 * (2.0 * 29.0_f64).sqrt(), "{spread}: {exact} {joined}");
        }
    }
}
