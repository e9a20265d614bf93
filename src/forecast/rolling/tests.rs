use super::*;
use crate::crm::{Attribute, Outcome};
use crate::forecast::{ForecastResult, forecast};
use crate::stats::rng::{seeded, uniform};
use crate::table::{Texts, Values};
use crate::time::DAY_MS;

/// `n` closed deals, `per_day` of them closed each day, with log-odds `z(i, x)`.
fn world(n: usize, per_day: f64, seed: u32, z: impl Fn(usize, f64) -> f64) -> Crm {
    let mut rng = seeded(seed, 3);
    let x: Vec<f64> = (0..n).map(|_| 4.0 * uniform(&mut rng) - 2.0).collect();
    let won: Vec<bool> = x.iter().enumerate().map(|(i, x)| uniform(&mut rng) < sigmoid(z(i, *x))).collect();
    let closed: Vec<f64> = (0..n).map(|i| (30.0 + i as f64 / per_day) * DAY_MS).collect();
    let texts = || (0..n).map(|_| None::<&str>).collect::<Texts>();
    let as_of = closed.last().copied().unwrap_or(0.0) + DAY_MS;
    let deals = Deals {
        id: (0..n).map(|i| Some(format!("d{i}"))).collect(),
        row: (0..n as u32).collect(),
        created: closed.iter().map(|closed| closed - 20.0 * DAY_MS).collect(),
        closed,
        outcome: won.iter().map(|won| if *won { Outcome::Won } else { Outcome::Lost }).collect(),
        amount: vec![1.0; n],
        stage: texts(),
        owner: texts(),
        weight: vec![1.0; n],
        attributes: vec![Attribute { name: "x".into(), role: None, values: Values::Numbers(x) }],
    };
    Crm { deals: Some(deals), as_of, ..Crm::default() }
}

fn run(crm: &Crm) -> ForecastResult {
    forecast(crm, &ForecastOptions::default(), &mut Progress::none()).expect("a forecast")
}

#[test]
fn dates_are_the_newest_six_starts_of_the_longest_period_with_four() {
    let long = run(&world(3000, 2.0, 1, |_, x| x)).rolling.expect("four years");
    // 1,500 days from 1970-01-31 on: the starts of 1971 to 1974, the last of them with 60 days.
    assert_eq!(long.period, Period::FiscalYear);
    let days: Vec<f64> = long.origins.iter().map(|origin| origin.from / DAY_MS).collect();
    assert_eq!(days, [365.0, 730.0, 1096.0, 1461.0]);
    let short = run(&world(1500, 6.0, 1, |_, x| x)).rolling.expect("eight months");
    assert_eq!((short.period, short.origins.len()), (Period::Month, 6));
    assert!(run(&world(1500, 80.0, 1, |_, x| x)).rolling.is_none(), "two weeks and a half");
    let mut undated = world(1500, 6.0, 1, |_, x| x);
    undated.deals.as_mut().expect("deals").closed.fill(f64::NAN);
    assert!(run(&undated).rolling.is_none());
}

#[test]
fn a_date_is_tested_on_what_came_after_by_a_model_of_what_came_before() {
    let crm = world(1500, 6.0, 2, |_, x| 0.3 + 1.2 * x);
    let result = run(&crm);
    let rolling = result.rolling.expect("eight months");
    let deals = crm.deals.as_ref().expect("deals");
    for (at, origin) in rolling.origins.iter().enumerate() {
        let until = rolling.origins.get(at + 1).map_or(f64::INFINITY, |next| next.from);
        let count =
            |from: f64, to: f64| deals.closed.iter().filter(|closed| (from..to).contains(*closed)).count() as f64;
        assert_eq!((origin.train_rows, origin.figures.test_rows), (count(0.0, origin.from), count(origin.from, until)));
        // The same test by the ordinary way: the newest deals from that date on.
        let options = ForecastOptions { holdout_from: Some(origin.from), ..ForecastOptions::default() };
        let mut then = crm.clone();
        let then_deals = then.deals.as_mut().expect("deals");
        then_deals
            .outcome
            .iter_mut()
            .zip(&deals.closed)
            .filter(|(_, closed)| **closed >= until)
            .for_each(|(of, _)| *of = Outcome::Closed);
        let ordinary = forecast(&then, &options, &mut Progress::none()).expect("a forecast").holdout.expect("a test");
        assert_eq!((ordinary.figures, ordinary.model.penalty), (origin.figures, origin.penalty));
    }
    let pooled = rolling.pooled;
    let mean = |value: &dyn Fn(&Figures) -> f64| {
        let sums = rolling.origins.iter().map(|origin| origin.figures.test_rows * value(&origin.figures));
        sums.sum::<f64>() / pooled.test_rows
    };
    assert!((pooled.log_loss - mean(&|of| of.log_loss)).abs() < 1e-12);
    assert!((pooled.test_rate - mean(&|of| of.test_rate)).abs() < 1e-12);
    assert!(pooled.log_loss_skill.low > 0.0 && pooled.auc.is_some_and(|auc| auc.low > 0.7));
    let slope = pooled.calibration_slope.expect("both outcomes");
    assert!((0.8..1.25).contains(&slope), "{slope}");
}

#[test]
fn a_signal_that_turned_round_shows_at_the_later_dates() {
    let turned =
        run(&world(1500, 6.0, 3, |i, x| if i < 1000 { 1.5 * x } else { -1.5 * x })).rolling.expect("eight months");
    let skill = |at: usize| turned.origins[at].figures.log_loss_skill.value;
    assert!(skill(0) > 0.1 && skill(turned.origins.len() - 2) < -0.1, "{} {}", skill(0), skill(4));
}

#[test]
fn weight_three_equals_three_rows() {
    let mut weighted = world(700, 3.0, 4, |_, x| x);
    let deals = weighted.deals.as_mut().expect("deals");
    deals.weight.fill(3.0);
    let thrice = |values: &[f64]| values.iter().flat_map(|value| [*value; 3]).collect::<Vec<f64>>();
    let mut repeated = deals.clone();
    repeated.row = (0..2100).collect();
    repeated.id = (0..2100).map(|row| Some(format!("d{:05}", row / 3))).collect();
    deals.id = (0..700).map(|row| Some(format!("d{row:05}"))).collect();
    (repeated.created, repeated.closed, repeated.amount) =
        (thrice(&deals.created), thrice(&deals.closed), thrice(&deals.amount));
    repeated.outcome = deals.outcome.iter().flat_map(|outcome| [*outcome; 3]).collect();
    repeated.weight = vec![1.0; 2100];
    (repeated.stage, repeated.owner) =
        ((0..2100).map(|_| None::<&str>).collect(), (0..2100).map(|_| None::<&str>).collect());
    if let Values::Numbers(x) = &mut repeated.attributes[0].values {
        *x = thrice(x);
    }
    let repeated = Crm { deals: Some(repeated), ..weighted.clone() };
    let options = ForecastOptions { penalty: Some(1.0), ..ForecastOptions::default() };
    let [a, b] = [&weighted, &repeated]
        .map(|crm| forecast(crm, &options, &mut Progress::none()).expect("a forecast").rolling.expect("eight months"));
    assert_eq!(a.origins.len(), b.origins.len());
    for (a, b) in a.origins.iter().zip(&b.origins) {
        assert_eq!((a.from, a.train_rows, a.figures.test_rows), (b.from, b.train_rows, b.figures.test_rows));
        assert!((a.figures.log_loss - b.figures.log_loss).abs() < 1e-9);
    }
    assert!((a.pooled.log_loss_skill.low - b.pooled.log_loss_skill.low).abs() < 1e-9);
}
