use super::*;
use crate::crm::Attribute;
use crate::stats::calibration::CalibrationMethod;
use crate::stats::logistic::sigmoid;
use crate::stats::rng::seeded;
use crate::table::{Texts, Values};
use rand::Rng as _;

fn attribute(name: &str, role: Option<&str>, values: Values) -> Attribute {
    Attribute { name: name.into(), role: role.map(str::to_owned), values }
}

/// Deals with these outcomes, one closed per day, and attributes.
fn crm(outcomes: &[Outcome], attributes: Vec<Attribute>) -> Crm {
    let n = outcomes.len();
    let missing = || (0..n).map(|_| None::<&str>).collect::<Texts>();
    let deals = Deals {
        id: (0..n).map(|i| Some(format!("d{i}"))).collect(),
        row: (0..n as u32).collect(),
        created: (0..n).map(|i| i as f64 * DAY_MS).collect(),
        closed: outcomes
            .iter()
            .enumerate()
            .map(|(i, outcome)| if *outcome == Outcome::Open { f64::NAN } else { (i + 30) as f64 * DAY_MS })
            .collect(),
        outcome: outcomes.to_vec(),
        amount: vec![100.0; n],
        stage: missing(),
        owner: missing(),
        weight: vec![1.0; n],
        attributes,
    };
    Crm { deals: Some(deals), as_of: (n + 60) as f64 * DAY_MS, ..Crm::default() }
}

fn run(crm: &Crm) -> ForecastResult {
    forecast(crm, &ForecastOptions::default(), &mut Progress::none()).unwrap()
}

/// `n` deals with log-odds 0.2 + 1.5 x, a tenth of them open.
fn simulated(n: usize, seed: u32) -> (Vec<Outcome>, Vec<f64>) {
    simulated_by(n, seed, |x| 0.2 + 1.5 * x)
}

/// The same with log-odds `truth(x)`.
fn simulated_by(n: usize, seed: u32, truth: impl Fn(f64) -> f64) -> (Vec<Outcome>, Vec<f64>) {
    let mut rng = seeded(seed, 0);
    let x: Vec<f64> = (0..n).map(|_| rng.gen_range(-2.0..2.0)).collect();
    let outcomes = x
        .iter()
        .enumerate()
        .map(|(i, x)| match (i % 10, rng.r#gen::<f64>() < sigmoid(truth(*x))) {
            (9, _) => Outcome::Open,
            (_, true) => Outcome::Won,
            (_, false) => Outcome::Lost,
        })
        .collect();
    (outcomes, x)
}

#[test]
fn two_won_and_one_lost_give_a_wide_answer_and_what_is_missing() {
    use Outcome::{Lost, Open, Won};
    let result =
        run(&crm(&[Won, Lost, Won, Open], vec![attribute("x", None, Values::Numbers(vec![1.0, 2.0, 3.0, 2.5]))]));
    assert_eq!(
        (result.verdict, result.verdict_reason, result.shown),
        (Verdict::TooFew, "too_few_closed", Shown::Model)
    );
    assert_eq!((result.needed.won, result.needed.lost), (38.0, 39.0));
    let (low, high) = (result.open.low.0[0], result.open.high.0[0]);
    assert!(high - low > 0.5 && low > 0.0 && high < 1.0, "{low} to {high}");
}

#[test]
fn without_lost_or_without_closed_deals_there_is_no_model() {
    use Outcome::{Open, Won};
    let result = run(&crm(&[Won, Won, Open], vec![]));
    assert_eq!((result.verdict_reason, result.shown, result.model.is_none()), ("only_won", Shown::BaseRate, true));
    assert_eq!(result.open.probability.0, [1.0]);
    assert!(result.open.low.0[0] < 0.5);
    let result = run(&crm(&[Open, Open], vec![]));
    assert_eq!((result.verdict_reason, result.base_rate), ("no_closed_deals", None));
    assert!(result.listed.is_empty() && result.expected.wins == 0.0);
    let result = run(&crm(&[], vec![]));
    assert_eq!(result.verdict_reason, "no_closed_deals");
}

#[test]
fn a_real_signal_is_found_and_its_reasons_sum_to_the_score() {
    let (outcomes, x) = simulated(3000, 3);
    let mut rng = seeded(3, 1);
    let noise: Texts = (0..3000).map(|_| Some(["a", "b", "c"][rng.gen_range(0..3)])).collect();
    let result = run(&crm(
        &outcomes,
        vec![attribute("x", None, Values::Numbers(x)), attribute("noise", None, Values::Texts(noise))],
    ));
    assert_eq!((result.verdict, result.shown), (Verdict::Ready, Shown::Model), "{}", result.verdict_reason);
    let score = |deal: &ListedDeal| (deal.probability / (1.0 - deal.probability)).ln();
    let sum = |deal: &ListedDeal| deal.reasons.iter().map(|reason| reason.contribution).sum::<f64>();
    let average = score(&result.listed[0]) - sum(&result.listed[0]);
    for deal in &result.listed {
        assert!((score(deal) - sum(deal) - average).abs() < 1e-9);
        assert!(deal.low < deal.probability && deal.probability < deal.high);
    }
    assert!(result.listed.windows(2).all(|pair| pair[0].probability >= pair[1].probability));
    let open = &result.open;
    assert_eq!((open.id.len(), open.amount.0.len(), open.reason.0.len()), (300, 300, 900));
    for deal in &result.listed {
        let place = open.row.0.iter().position(|row| *row == deal.row).unwrap();
        assert_eq!((&open.id[place], Some(open.amount.0[place])), (&deal.id, deal.amount));
        assert_eq!(Some(open.age_days.0[place]), deal.age_days);
        assert_eq!((open.stage.0[place], open.owner.0[place]), (u32::MAX, u32::MAX), "none are known");
        let of = 3 * place..3 * place + 3;
        for (at, reason) in of.clone().zip(&deal.reasons) {
            assert_eq!(open.reason_columns[open.reason.0[at] as usize], reason.column);
            assert_eq!(open.contribution.0[at], reason.contribution);
        }
        assert_eq!(open.reason.0[of][2], u32::MAX, "the model has two columns");
    }
    assert!((result.expected.amount - 100.0 * result.expected.wins).abs() < 1e-9);
}

#[test]
fn planted_leaks_are_named_and_honest_columns_are_not() {
    let (outcomes, x) = simulated(1000, 4);
    let won = |i: usize| outcomes[i] == Outcome::Won;
    let open = |i: usize| outcomes[i] == Outcome::Open;
    let text = |value: &dyn Fn(usize) -> Option<String>| Values::Texts((0..1000).map(value).collect());
    let number = |value: &dyn Fn(usize) -> f64| Values::Numbers((0..1000).map(value).collect());
    let attributes = vec![
        attribute("x", None, Values::Numbers(x)),
        attribute("region", None, text(&|i| Some(format!("r{}", i % 4)))),
        attribute("Probability (%)", Some("probability"), number(&|i| f64::from(u8::from(won(i))))),
        attribute("Forecast Category", None, text(&|i| Some(format!("c{}", i % 3)))),
        attribute("Closing Date", Some("expected_close"), Values::Instants(vec![0.0; 1000])),
        attribute("handover", None, text(&|i| (!open(i)).then(|| format!("h{}", i % 3)))),
        attribute("amount", Some("amount"), number(&|i| if won(i) || open(i) { 50.0 + i as f64 } else { 0.0 })),
        attribute("state", None, text(&|i| Some(if won(i) { "happy" } else { "sad" }.into()))),
        attribute("points", None, number(&|i| f64::from(u8::from(won(i))) * 10.0 + (i % 7) as f64)),
    ];
    let result = run(&crm(&outcomes, attributes));
    let named: Vec<(&str, LeakageReason)> =
        result.leakage.iter().map(|leak| (leak.column.as_str(), leak.reason)).collect();
    use LeakageReason::*;
    assert_eq!(
        named,
        [
            ("Probability (%)", CrmProbability),
            ("Forecast Category", CrmProbability),
            ("Closing Date", ExpectedClose),
            ("handover", AfterClose),
            ("amount", AmountAtClose),
            ("state", OutcomeCopy),
            ("points", TooGood),
        ]
    );
    let used: Vec<&str> =
        result.model.as_ref().unwrap().features.iter().map(|feature| feature.column.as_str()).collect();
    assert_eq!(used, ["x", "region", "region", "region"]);
}

#[test]
fn six_planted_leaks_are_named_and_one_that_is_asked_for_is_used_with_a_warning() {
    let (outcomes, x) = simulated(1000, 9);
    let won = |i: usize| outcomes[i] == Outcome::Won;
    let open = |i: usize| outcomes[i] == Outcome::Open;
    let text = |value: &dyn Fn(usize) -> Option<String>| Values::Texts((0..1000).map(value).collect());
    let number = |value: &dyn Fn(usize) -> f64| Values::Numbers((0..1000).map(value).collect());
    let day = |i: usize| if open(i) { (i + 90) as f64 } else { (i + 30) as f64 + 0.4 };
    let attributes = vec![
        attribute("x", None, Values::Numbers(x)),
        attribute("first contact", None, Values::Instants((0..1000).map(|i| (i as f64 - 7.0) * DAY_MS).collect())),
        attribute("feedback", None, text(&|i| (!open(i)).then(|| format!("f{}", i % 3)))),
        attribute("target day", None, Values::Instants((0..1000).map(|i| day(i) * DAY_MS).collect())),
        attribute("reference", None, text(&|i| Some(format!("{}-{i}", if won(i) { "W" } else { "L" })))),
        attribute("amount", Some("amount"), number(&|i| if won(i) || open(i) { 50.0 + i as f64 } else { 0.0 })),
        attribute("Probability (%)", Some("probability"), number(&|i| if open(i) { 50.0 } else { 100.0 })),
        attribute("mood", None, text(&|i| Some(if won(i) { "happy" } else { "sad" }.into()))),
    ];
    let crm = crm(&outcomes, attributes);
    let result = run(&crm);
    let named: Vec<(&str, LeakageReason, bool)> =
        result.leakage.iter().map(|leak| (leak.column.as_str(), leak.reason, leak.used)).collect();
    use LeakageReason::*;
    assert_eq!(
        named,
        [
            ("feedback", AfterClose, false),
            ("target day", AfterClose, false),
            ("reference", Identifier, false),
            ("amount", AmountAtClose, false),
            ("Probability (%)", CrmProbability, false),
            ("mood", OutcomeCopy, false),
        ]
    );
    let asked = ForecastOptions { features: Some(vec!["x".into(), "mood".into()]), ..ForecastOptions::default() };
    let result = forecast(&crm, &asked, &mut Progress::none()).unwrap();
    assert!(result.leakage.len() == 1 && result.leakage[0].used);
    assert!(result.model.unwrap().features.iter().any(|feature| feature.column == "mood"));
}

#[test]
fn a_bent_truth_is_calibrated_and_the_newest_deals_confirm_it() {
    let bend = |x: f64| if x < 0.5 { -1.5 } else { 3.0 * x - 3.0 };
    let simulated = |n| {
        let (outcomes, x) = simulated_by(n, 11, bend);
        crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))])
    };
    let few = run(&simulated(1500)).model.unwrap().calibration.unwrap();
    assert_eq!(few.method, CalibrationMethod::Platt);
    let crm = simulated(12_000);
    let [auto, none] = [CalibrationWanted::Auto, CalibrationWanted::None].map(|calibration| {
        let options = ForecastOptions { calibration, ..ForecastOptions::default() };
        forecast(&crm, &options, &mut Progress::none()).unwrap()
    });
    assert_eq!(none.model.unwrap().calibration, None);
    let calibration = auto.model.unwrap().calibration.unwrap();
    assert_eq!(calibration.method, CalibrationMethod::Isotonic);
    assert!(calibration.used && calibration.calibrated_log_loss < calibration.log_loss, "{calibration:?}");
    let [calibrated, plain] = [auto.holdout.unwrap(), none.holdout.unwrap()];
    assert!(calibrated.figures.log_loss < plain.figures.log_loss - 0.005);
    assert!(calibrated.calibration_error < 0.5 * plain.calibration_error);
    assert_eq!(calibrated.figures.auc, plain.figures.auc, "the order is the same");
    let score = |deal: &ListedDeal| (deal.probability / (1.0 - deal.probability)).ln();
    let sum = |deal: &ListedDeal| deal.reasons.iter().map(|reason| reason.contribution).sum::<f64>();
    let average = score(&auto.listed[0]) - sum(&auto.listed[0]);
    assert!(auto.listed.iter().all(|deal| (score(deal) - sum(deal) - average).abs() < 1e-9));
    assert!(auto.listed.iter().all(|deal| deal.low < deal.probability && deal.probability < deal.high));
}

#[test]
fn a_straight_truth_is_rarely_bent() {
    let used = |seed| {
        let (outcomes, x) = simulated(1000, seed);
        let result = run(&crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))]));
        result.model.unwrap().calibration.unwrap().used
    };
    let bent = (0..100).filter(|seed| used(*seed)).count();
    assert!(bent <= 16, "{bent} of 100");
}

#[test]
fn weight_three_equals_three_rows() {
    let (outcomes, x) = simulated(400, 5);
    let weights: Vec<usize> = (0..400).map(|i| 1 + i % 3).collect();
    let mut weighted = crm(&outcomes, vec![attribute("x", None, Values::Numbers(x.clone()))]);
    weighted.deals.as_mut().unwrap().weight = weights.iter().map(|w| *w as f64).collect();
    let index: Vec<usize> = (0..400).flat_map(|i| vec![i; weights[i]]).collect();
    let mut repeated = crm(
        &index.iter().map(|&i| outcomes[i]).collect::<Vec<_>>(),
        vec![attribute("x", None, Values::Numbers(index.iter().map(|&i| x[i]).collect()))],
    );
    let deals = repeated.deals.as_mut().unwrap();
    let original = weighted.deals.as_ref().unwrap();
    deals.closed = index.iter().map(|&i| original.closed[i]).collect();
    deals.id = index.iter().map(|&i| original.id.get(i)).collect();
    let options = ForecastOptions { penalty: Some(1.0), ..ForecastOptions::default() };
    let [a, b] = [&weighted, &repeated].map(|crm| forecast(crm, &options, &mut Progress::none()).unwrap());
    let (a_test, b_test) = (a.holdout.unwrap(), b.holdout.unwrap());
    let (a_of, b_of) = (&a_test.figures, &b_test.figures);
    let (a_model, b_model) = (a.model.unwrap(), b.model.unwrap());
    let (a_calibration, b_calibration) = (a_model.calibration.unwrap(), b_model.calibration.unwrap());
    assert_eq!(a_of.test_rows, b_of.test_rows);
    for (x, y) in [
        (a_of.log_loss, b_of.log_loss),
        (a_of.auc.unwrap().value, b_of.auc.unwrap().value),
        (a_of.log_loss_skill.low, b_of.log_loss_skill.low),
        (a_test.calibration_error, b_test.calibration_error),
        (a_model.features[0].coefficient, b_model.features[0].coefficient),
        (a_calibration.calibrated_log_loss, b_calibration.calibrated_log_loss),
        (a.expected.wins, b.expected.wins),
    ] {
        assert!((x - y).abs() < 1e-9, "{x} {y}");
    }
}

#[test]
fn intervals_cover_the_truth_slopes_are_near_one_and_noise_is_called_noise() {
    let (mut covered, mut total, mut slopes) = (0, 0, 0.0);
    let seeds = 200;
    for seed in 0..seeds {
        let (outcomes, x) = simulated(1000, 100 + seed);
        let result = run(&crm(&outcomes, vec![attribute("x", None, Values::Numbers(x.clone()))]));
        for k in 0..result.open.row.0.len() {
            let truth = sigmoid(0.2 + 1.5 * x[result.open.row.0[k] as usize]);
            covered += usize::from(result.open.low.0[k] <= truth && truth <= result.open.high.0[k]);
            total += 1;
        }
        slopes += result.holdout.unwrap().figures.calibration_slope.unwrap();
    }
    let (share, slope) = (covered as f64 / total as f64, slopes / f64::from(seeds));
    assert!((0.92..0.98).contains(&share), "{share}");
    assert!((0.9..1.1).contains(&slope), "{slope}");
    let mut silent = 0;
    for seed in 0..40 {
        let (outcomes, _) = simulated(600, 300 + seed);
        let mut rng = seeded(seed, 9);
        let result = run(&crm(
            &outcomes,
            vec![attribute("noise", None, Values::Numbers((0..600).map(|_| rng.r#gen()).collect()))],
        ));
        silent += usize::from(result.verdict == Verdict::NoSignal);
    }
    assert!(silent >= 36, "{silent} of 40");
}

#[test]
fn options_out_of_range_and_unknown_columns_are_refused_by_code() {
    let crm = crm(&[Outcome::Won], vec![]);
    let code = |options: ForecastOptions| forecast(&crm, &options, &mut Progress::none()).unwrap_err().code();
    let base = ForecastOptions::default;
    assert_eq!(code(ForecastOptions { holdout: 1.0, ..base() }), "invalid_option");
    assert_eq!(code(ForecastOptions { penalty: Some(0.0), ..base() }), "invalid_option");
    assert_eq!(code(ForecastOptions { confidence: f64::NAN, ..base() }), "invalid_option");
    assert_eq!(code(ForecastOptions { train_rows: Some(0), ..base() }), "invalid_option");
    assert_eq!(code(ForecastOptions { min_level_rows: f64::NAN, ..base() }), "invalid_option");
    assert_eq!(code(ForecastOptions { features: Some(vec!["x".into()]), ..base() }), "unknown_column");
    assert_eq!(forecast(&Crm::default(), &base(), &mut Progress::none()).unwrap_err().code(), "missing_table");
}

#[test]
fn a_few_closed_deals_accuse_no_column() {
    let outcomes: Vec<Outcome> = (0..12).map(|i| [Outcome::Won, Outcome::Lost, Outcome::Open][i % 3]).collect();
    // Ranks the eight closed deals perfectly.
    let x = (0..12).map(|i| f64::from(u8::from(i % 3 == 0)) * 50.0 + i as f64).collect();
    let result = run(&crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))]));
    assert_eq!(result.leakage, []);
}

#[test]
fn names_and_codes_are_identifiers_and_categories_are_not() {
    let (outcomes, x) = simulated(3000, 6);
    let text = |value: &dyn Fn(usize) -> String| Values::Texts((0..3000).map(|i| Some(value(i))).collect());
    let attributes = vec![
        attribute("x", None, Values::Numbers(x)),
        attribute("title", None, text(&|i| format!("deal no. {i}"))),
        attribute("campaign_id", None, Values::Numbers((0..3000).map(|i| (i * 7 % 31) as f64).collect())),
        attribute("paid", None, Values::Numbers((0..3000).map(|i| (i * 7 % 31) as f64).collect())),
        attribute("street", None, text(&|i| format!("s{}", i % 60))),
        attribute("agent", Some("owner"), text(&|i| format!("a{}", i % 60))),
        attribute("country", None, text(&|i| format!("c{}", i % 7))),
    ];
    let result = run(&crm(&outcomes, attributes));
    let named: Vec<(&str, LeakageReason)> =
        result.leakage.iter().map(|leak| (leak.column.as_str(), leak.reason)).collect();
    use LeakageReason::Identifier;
    assert_eq!(named, [("title", Identifier), ("campaign_id", Identifier), ("street", Identifier)]);
    let model = result.model.unwrap();
    let mut used: Vec<&str> = model.features.iter().map(|feature| feature.column.as_str()).collect();
    used.dedup();
    assert_eq!(used, ["x", "paid", "agent", "country"]);
}

#[test]
fn a_column_of_thousands_of_levels_is_pooled_and_does_not_exhaust_memory() {
    let outcomes: Vec<Outcome> =
        (0..40_000).map(|i| if (i * 7919 % 40_000) % 3 == 0 { Outcome::Won } else { Outcome::Lost }).collect();
    let names: Texts = (0..40_000).map(|i| Some(format!("n{}", i % 20_000))).collect();
    let crm = crm(&outcomes, vec![attribute("name", None, Values::Texts(names))]);
    let options = ForecastOptions {
        features: Some(vec!["name".into()]),
        min_level_rows: 0.0,
        penalty: Some(1.0),
        ..ForecastOptions::default()
    };
    let result = forecast(&crm, &options, &mut Progress::none()).unwrap();
    assert_eq!(result.model.unwrap().features.len(), 200);
}

#[test]
fn lost_deals_without_a_close_date_are_learnt_from_in_the_order_of_rows() {
    let (outcomes, x) = simulated(1000, 7);
    let mut crm = crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))]);
    let deals = crm.deals.as_mut().unwrap();
    for (closed, outcome) in deals.closed.iter_mut().zip(&outcomes) {
        if *outcome == Outcome::Lost {
            *closed = f64::NAN;
        }
    }
    let result = run(&crm);
    assert_eq!(result.closed.lost, outcomes.iter().filter(|o| **o == Outcome::Lost).count() as f64);
    assert_eq!(result.holdout.unwrap().from, None);
}

#[test]
fn a_test_part_without_weight_proves_nothing() {
    let (outcomes, x) = simulated(600, 8);
    let mut crm = crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))]);
    crm.deals.as_mut().unwrap().weight.iter_mut().skip(500).for_each(|weight| *weight = 0.0);
    let options = ForecastOptions { train_rows: Some(460), ..ForecastOptions::default() };
    let result = forecast(&crm, &options, &mut Progress::none()).unwrap();
    assert_eq!((result.verdict, result.verdict_reason), (Verdict::TooFew, "no_test_possible"));
}

#[test]
fn open_deals_without_weight_have_reasons_and_no_expectation() {
    let (outcomes, x) = simulated(600, 8);
    let mut crm = crm(&outcomes, vec![attribute("x", None, Values::Numbers(x))]);
    let weights = crm.deals.as_mut().unwrap().weight.iter_mut().zip(&outcomes);
    weights.filter(|(_, outcome)| **outcome == Outcome::Open).for_each(|(weight, _)| *weight = 0.0);
    let result = run(&crm);
    let mut contributions = result.listed.iter().flat_map(|deal| &deal.reasons).map(|reason| reason.contribution);
    assert!(contributions.next().is_some_and(f64::is_finite) && contributions.all(f64::is_finite));
    assert_eq!(result.expected.wins, 0.0);
}

/// 20 numbers, one million deals: what the fit and the whole forecast take.
#[test]
#[ignore = "a measurement: cargo test --release --lib forecast::tests::a_million -- --ignored --nocapture"]
fn a_million_deals() {
    let n = 1_000_000;
    let (outcomes, x) = simulated(n, 1);
    let mut rng = seeded(1, 1);
    let mut attributes = vec![attribute("x", None, Values::Numbers(x))];
    attributes.extend((1..20).map(|j| {
        attribute(&format!("x{j}"), None, Values::Numbers((0..n).map(|_| rng.gen_range(-1.0..1.0)).collect()))
    }));
    let crm = crm(&outcomes, attributes);
    for (what, penalty) in [("λ given", Some(1.0)), ("λ chosen", None)] {
        let start = std::time::Instant::now();
        let options = ForecastOptions { penalty, ..ForecastOptions::default() };
        let result = forecast(&crm, &options, &mut Progress::none()).unwrap();
        let model = result.model.unwrap();
        println!("{what}: {:?}, {} steps, gradient {:e}", start.elapsed(), model.iterations, model.max_gradient);
    }
}
