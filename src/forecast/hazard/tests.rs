use super::super::{ForecastOptions, ForecastResult, forecast};
use super::*;
use crate::crm::{AsOf, LoadOptions, TableKind, load};
use crate::meta::Estimate;
use crate::read::Source;
use crate::simulate::{SimulateOptions, simulate};
use crate::time::DAY_MS;

mod study;

pub(super) fn simulated(deals: u32, seed: u32) -> Crm {
    let data = simulate(&SimulateOptions { deals, customers: None, seed }).expect("valid sizes");
    let as_of = Some(AsOf::Milliseconds(data.truth.as_of));
    let sources = vec![
        (Some(TableKind::Deals), Source::from(data.deals)),
        (Some(TableKind::History), Source::from(data.history)),
    ];
    load(sources, &LoadOptions { as_of, ..LoadOptions::default() }).expect("tables that load").crm
}

fn run(crm: &Crm) -> ForecastResult {
    let options = ForecastOptions { model: ModelWanted::Auto, ..ForecastOptions::default() };
    forecast(crm, &options, &mut Progress::none()).expect("a forecast")
}

#[test]
fn shares_sum_to_one_grow_with_the_horizon_and_agree_with_the_weeks() {
    let crm = simulated(1500, 1);
    let result = run(&crm);
    assert_eq!((result.model_choice, result.model_reason), (ModelChoice::Hazard, "history"));
    let hazard = result.hazard.expect("a model");
    assert!(hazard.row.0.len() > 400 && hazard.without_history == 0);
    for at in 0..hazard.row.0.len() {
        let mut before = 0.0;
        for horizon in &hazard.horizons {
            let (won, lost, open) = (horizon.won.0[at], horizon.lost.0[at], horizon.open.0[at]);
            assert!((won + lost + open - 1.0).abs() < 1e-12 && won >= before && lost >= 0.0 && open >= -1e-15);
            assert!(0.0 <= horizon.low.0[at] && horizon.low.0[at] <= won && won <= horizon.high.0[at], "{at}");
            before = won;
        }
    }
    let window = &hazard.close_window;
    for ((p10, p50), p90) in window.p10.iter().zip(&window.p50).zip(&window.p90) {
        assert!(p10.expect("reached") < p50.expect("reached") && p50 < p90);
    }
    assert_eq!((hazard.reason.0.len(), hazard.contribution.0.len()), (3 * hazard.row.0.len(), 3 * hazard.row.0.len()));
    for (places, by) in hazard.reason.0.chunks(3).zip(hazard.contribution.0.chunks(3)) {
        assert!(by[0].abs() >= by[1].abs() && by[1].abs() >= by[2].abs() && places[0] != places[1]);
        assert!(places.iter().all(|place| (*place as usize) < hazard.reason_columns.len()), "{places:?}");
    }
    let by_60: f64 = hazard.horizons[1].won.0.iter().sum();
    let weeks: f64 = hazard.weekly.won.0[..8].iter().sum();
    assert!(weeks < by_60 && by_60 < weeks + hazard.weekly.won.0[8]);
    assert!(hazard.fresh.expect("a model that is shown").won.0.iter().sum::<f64>() > 0.05);
}

#[test]
fn wins_within_60_days_are_foreseen_without_bias_and_better_than_by_the_rate() {
    let (mut observed, mut predicted, mut slopes) = (0.0, 0.0, 0.0);
    for seed in 1..=2 {
        let test = run(&simulated(2000, seed)).hazard.and_then(|hazard| hazard.test).expect("a test");
        assert!(test.origins.0.len() >= 3);
        assert!(test.skill_against_rate.low > 0.0, "{:?}", test.skill_against_rate);
        observed += test.observed / 2.0;
        predicted += test.predicted / 2.0;
        slopes += test.calibration_slope.expect("both outcomes") / 2.0;
    }
    assert!((predicted - observed).abs() < 0.02, "{predicted} {observed}");
    assert!((0.8..1.2).contains(&slopes), "{slopes}");
}

#[test]
fn nothing_after_a_snapshot_is_known_at_it() {
    let crm = simulated(400, 3);
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let until = crm.as_of - 200.0 * DAY_MS;
    let now = Snapshots::open_at(deals, passages, until);
    let mut cut = passages.clone();
    let (mut later, mut changed) = (deals.clone(), 0);
    for at in 0..cut.len() {
        if cut.exited[at] > until && cut.entered[at] <= until {
            cut.exited[at] = until + DAY_MS;
        }
    }
    for (closed, outcome) in later.closed.iter_mut().zip(&mut later.outcome) {
        if *closed > until {
            (*closed, *outcome) = (until + DAY_MS, crate::crm::Outcome::Lost);
            changed += 1;
        }
    }
    let other = Snapshots::open_at(&later, &cut, until);
    assert!(changed > 50 && now.len() > 20);
    assert_eq!((now.deal, now.stage, now.age_days), (other.deal, other.stage, other.age_days));
    let learnt = |deals: &Deals, passages: &Passages| {
        let found = Snapshots::before(deals, passages, until, Density { days: 14.0, share: 1.0 }, 104);
        (found.deal, found.stage, found.weeks, found.outcome)
    };
    assert_eq!(learnt(deals, passages), learnt(&later, &cut));
}

/// The model of all that is known, and the deals open then.
fn learnt(crm: &Crm) -> (Hazards, Snapshots) {
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let columns: Vec<usize> = (0..deals.attributes.len())
        .filter(|at| ["amount", "source", "owner"].contains(&deals.attributes[*at].name.as_str()))
        .collect();
    let past = Past { deals, passages, min_level_rows: 20.0 };
    let known = Known::All(&columns);
    let hazards = past
        .learnt(crm.as_of, Density { days: 28.0, share: 1.0 }, known, None, &mut |_| ())
        .expect("no error")
        .expect("a model");
    (hazards.0, Snapshots::open_at(deals, passages, crm.as_of))
}

#[test]
fn what_the_columns_leave_unsaid_is_misfit_and_widens_intervals() {
    let crm = simulated(3000, 5);
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let past = Past { deals, passages, min_level_rows: 20.0 };
    let of = |known: Known<'_>| {
        let density = Density { days: 28.0, share: 1.0 };
        let learnt = past.learnt(crm.as_of, density, known, None, &mut |_| ());
        let (mut model, snapshots) = learnt.expect("no error").expect("a model");
        let open = Snapshots::open_at(deals, passages, crm.as_of);
        let deviation = |model: &Hazards| {
            let scorer = Scorer::new(model).expect("a model");
            let (mut path, mut spread, mut sum) = (Path::default(), Spread::default(), 0.0);
            let each = &mut |_, covariates: &scores::Covariates| {
                scorer.path(covariates, usize::MAX, &mut path);
                scorer.spread(covariates, &mut spread);
                sum += scorer.deviation(&path, &mut spread, 60.0) / open.len() as f64;
            };
            scorer.each(&open, each).expect("no error");
            sum
        };
        let before = deviation(&model);
        model.misfit = misfit(&model, deals, &snapshots).expect("no error");
        let largest = model.misfit.iter().fold(0.0_f64, |most, [win, _]| most.max(*win));
        (largest, deviation(&model) / before)
    };
    let (rates, all) = (of(Known::Nothing), of(Known::All(&[])));
    assert!(rates.0 > 0.005 && rates.1 > 2.0, "{rates:?}");
    assert!((1.0..1.3).contains(&all.1), "{all:?}");
}

#[test]
fn the_rates_of_all_are_the_same_for_deals_that_came_back_to_the_first_stage() {
    let crm = simulated(700, 8);
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let past = Past { deals, passages, min_level_rows: 20.0 };
    let density = Density { days: 28.0, share: 1.0 };
    let learnt = past.learnt(crm.as_of, density, Known::Nothing, None, &mut |_| ());
    let (rates, _) = learnt.expect("no error").expect("a model");
    let open = Snapshots::open_at(deals, passages, crm.as_of);
    assert!((0..open.len()).any(|row| open.stage[row] == 0 && open.from[row] != snapshots::NO_STAGE));
    let mut won = Vec::new();
    rates.paths(&open, &mut |_, path| won.push(path.at(60.0).won)).expect("paths");
    assert!(won.iter().all(|other| *other == won[0]), "{won:?}");
}

#[test]
fn reasons_sum_to_the_log_odds_against_the_average_open_deal() {
    let crm = simulated(700, 8);
    let (hazards, open) = learnt(&crm);
    let scorer = Scorer::new(&hazards).expect("a model");
    let average = scorer.average(&open, &|_| 1.0).expect("no error").expect("open deals");
    let (mut path, mut between, mut contributions) = (Path::default(), Path::default(), Vec::new());
    let names = scorer.reasons();
    let (mut starts, mut moved) = (Vec::new(), vec![0.0_f64; names.len()]);
    let mut left_over = 0.0_f64;
    scorer
        .each(&open, &mut |_, covariates| {
            scorer.path(covariates, usize::MAX, &mut path);
            let left = scorer.contributions(&average, covariates, &path, &mut between, &mut contributions);
            left_over = left_over.max(left.abs());
            let won = path.at(60.0).won;
            starts.push((won / (1.0 - won)).ln() - contributions.iter().sum::<f64>());
            moved.iter_mut().zip(&contributions).for_each(|(most, by)| *most = most.max(by.abs()));
        })
        .expect("paths");
    assert_eq!(names[names.len() - 4..], ["(stage)", "(age)", "(stay)", "(re-entries)"]);
    assert!(starts.len() > 100 && starts.iter().all(|start| (start - starts[0]).abs() < 1e-12), "{starts:?}");
    // Each reason tells some deals apart, and hardly anything is put in its place to make up the sum.
    assert!(moved.iter().all(|most| *most > 0.01), "{names:?} {moved:?}");
    assert!(left_over < 0.01, "{left_over}");
}

#[test]
fn without_history_or_with_few_ends_the_closed_deals_are_the_model() {
    let mut crm = simulated(300, 4);
    crm.passages = None;
    let result = run(&crm);
    assert_eq!((result.model_choice, result.model_reason), (ModelChoice::ClosedDeals, "no_history"));
    assert!(result.hazard.is_none());
    let result = run(&simulated(40, 5));
    assert_eq!(result.model_reason, "too_few_after_snapshots");
}

/// Deals of one stage that end at one rate whatever is known of them: four in ten are won, half of all within 60 days.
fn by_chance(n: usize) -> Crm {
    use crate::crm::{Exit, Outcome};
    use crate::stats::rng::{exponential, seeded, uniform};
    let mut rng = seeded(5, 0);
    let as_of = 800.0 * DAY_MS;
    let (mut deals, mut passages) = (Deals::default(), Passages::default());
    passages.stages = vec!["Open".into()];
    for i in 0..n {
        let created = uniform(&mut rng) * as_of;
        let end = created + 60.0 / std::f64::consts::LN_2 * exponential(&mut rng) * DAY_MS;
        let (outcome, exit) = match (end > as_of, uniform(&mut rng) < 0.4) {
            (true, _) => (Outcome::Open, Exit::Censored),
            (false, true) => (Outcome::Won, Exit::Won),
            (false, false) => (Outcome::Lost, Exit::Lost),
        };
        deals.row.push(i as u32);
        deals.created.push(created);
        deals.closed.push(if end > as_of { f64::NAN } else { end });
        deals.outcome.push(outcome);
        deals.amount.push(f64::NAN);
        deals.weight.push(1.0);
        passages.deal.push(i as u32);
        passages.stage.push(0);
        passages.ordinal.push(0);
        passages.entered.push(created);
        passages.exited.push(end.min(as_of));
        passages.exit.push(exit);
        passages.next_stage.push(u32::MAX);
    }
    deals.id = (0..n).map(|i| Some(format!("d{i}"))).collect();
    let none = || (0..n).map(|_| None::<&str>).collect();
    (deals.stage, deals.owner) = (none(), none());
    Crm { deals: Some(deals), passages: Some(passages), as_of, ..Crm::default() }
}

#[test]
fn deals_on_hold_have_a_course_of_weeks_by_the_stage_they_left() {
    use crate::crm::{Exit, Outcome};
    use crate::stats::rng::{seeded, uniform};
    // Of deals held from "Early" half are won after 11 to 15 weeks, of those held from "Late" within four.
    let mut crm = by_chance(1200);
    let (deals, passages) = (crm.deals.as_mut().expect("deals"), crm.passages.as_mut().expect("history"));
    passages.stages = vec!["Early".into(), "Late".into()];
    let mut rng = seeded(6, 0);
    for i in 0..deals.len() {
        passages.stage[i] = u32::from(i % 2 == 1);
        if i % 4 < 2 {
            continue;
        }
        let held = passages.entered[i] + 14.0 * uniform(&mut rng) * DAY_MS;
        let weeks = 4.0 * uniform(&mut rng) + if i % 2 == 0 { 11.0 } else { 0.0 };
        let end = held + 7.0 * weeks * DAY_MS;
        (passages.exited[i], passages.exit[i]) = (held, Exit::Hold);
        (deals.closed[i], deals.outcome[i]) = match (end > crm.as_of, uniform(&mut rng) < 0.5) {
            (true, _) => (f64::NAN, Outcome::Hold),
            (_, true) => (end, Outcome::Won),
            (_, false) => (end, Outcome::Lost),
        };
    }
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let past = Past { deals, passages, min_level_rows: 20.0 };
    let density = Density { days: 7.0, share: 1.0 };
    let learnt = past.learnt(crm.as_of, density, Known::All(&[]), None, &mut |_| ());
    let (hazards, _) = learnt.expect("no error").expect("a model");
    let just_held = Snapshots {
        deal: vec![0, 1],
        stage: vec![2, 2],
        from: vec![0, 1],
        age_days: vec![7.0; 2],
        stay_days: vec![1.0; 2],
        re_entries: vec![0.0; 2],
        weeks: vec![0; 2],
        outcome: vec![0; 2],
        draw: vec![0.0; 2],
    };
    let mut won = Vec::new();
    hazards
        .paths(&just_held, &mut |_, path| won.push([28.0, 70.0, 126.0].map(|days| path.at(days).won)))
        .expect("paths");
    let (early, late) = (won[0], won[1]);
    assert!(early[0] < 0.05 && early[1] < 0.15 && early[2] > 0.35, "{early:?}");
    assert!(late[0] > 0.35 && late[2] - late[0] < 0.1, "{late:?}");
}

#[test]
fn where_nothing_tells_deals_apart_the_rates_of_all_are_shown_with_the_reason() {
    let hazard = run(&by_chance(2000)).hazard.expect("a model");
    assert_eq!((hazard.verdict, hazard.verdict_reason), (Verdict::NoSignal, "no_better_than_base_rate"));
    assert_eq!((hazard.shown, hazard.fresh), (Shown::BaseRate, None));
    for (horizon, open) in hazard.horizons.iter().zip([(-0.5f64).exp2(), 0.5, (-1.5f64).exp2(), 0.0]) {
        let truth = 0.4 * (1.0 - open);
        assert!(horizon.won.0.iter().all(|won| *won == horizon.won.0[0]));
        assert!(
            horizon.low.0[0] < truth && truth < horizon.high.0[0],
            "{truth} {} {}",
            horizon.low.0[0],
            horizon.high.0[0]
        );
        assert!(horizon.high.0[0] - horizon.low.0[0] < 0.1);
    }
}

#[test]
fn without_skill_against_the_rate_there_is_no_signal_and_every_other_flaw_asks_for_care() {
    let share = |value: f64, low: f64| Estimate { value, low, high: value + 0.1, n: 100.0 };
    let good = HazardTest {
        origins: Floats(vec![0.0]),
        days: 60.0,
        n: 100.0,
        observed: 0.3,
        predicted: 0.31,
        auc: Some(share(0.7, 0.6)),
        log_loss: 0.5,
        brier: 0.2,
        skill_against_rate: share(0.1, 0.05),
        skill_against_stage_rate: share(0.05, 0.01),
        calibration_intercept: Some(0.0),
        calibration_slope: Some(1.0),
        reliability: Vec::new(),
    };
    assert_eq!(judged(None), (Verdict::TooFew, "no_test_possible"));
    assert_eq!(judged(Some(&good)), (Verdict::Ready, "tested_on_newest"));
    let noise = HazardTest { skill_against_rate: share(0.1, 0.0), ..good.clone() };
    assert_eq!(judged(Some(&noise)), (Verdict::NoSignal, "no_better_than_base_rate"));
    for (flawed, reason) in [
        (HazardTest { auc: Some(share(0.55, 0.5)), ..good.clone() }, "weak_ranking"),
        (HazardTest { predicted: 0.4, ..good.clone() }, "base_rate_drift"),
        (HazardTest { calibration_slope: Some(0.5), ..good.clone() }, "calibration_off"),
        (HazardTest { skill_against_stage_rate: share(0.0, -0.1), ..good.clone() }, "no_better_than_stage_rate"),
    ] {
        assert_eq!(judged(Some(&flawed)), (Verdict::UseWithCare, reason));
    }
}

/// Every deal three times, each with its history.
fn thrice(crm: &Crm) -> Crm {
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let mut many = Crm { deals: Some(Deals::default()), passages: Some(Passages::default()), ..crm.clone() };
    let (into, stays) = (many.deals.as_mut().expect("deals"), many.passages.as_mut().expect("history"));
    stays.stages.clone_from(&passages.stages);
    for (deal, range) in snapshots::by_deal(passages) {
        for _ in 0..3 {
            let number = into.outcome.len() as u32;
            into.row.push(number);
            into.created.push(deals.created[deal]);
            into.closed.push(deals.closed[deal]);
            into.outcome.push(deals.outcome[deal]);
            into.amount.push(deals.amount[deal]);
            into.weight.push(1.0);
            for stay in range.clone() {
                stays.deal.push(number);
                stays.stage.push(passages.stage[stay]);
                stays.ordinal.push(passages.ordinal[stay]);
                stays.entered.push(passages.entered[stay]);
                stays.exited.push(passages.exited[stay]);
                stays.exit.push(passages.exit[stay]);
                stays.next_stage.push(passages.next_stage[stay]);
                stays.delayed_entry.push(passages.delayed_entry_of(stay));
            }
        }
    }
    many
}

#[test]
fn of_many_deals_a_part_is_looked_at_rather_than_all_of_them_hardly_ever() {
    let crm = simulated(3000, 9);
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let [few, all] = [300.0, 1e9].map(|most| density(deals, passages, crm.as_of, most));
    assert!(few.days == 91.0 && few.share < 0.2 && all.days <= 28.0 && all.share == 1.0, "{few:?} {all:?}");
    let found = Snapshots::before(deals, passages, crm.as_of, few, MOST_WEEKS);
    // Deals that nothing is seen of for a whole week have no snapshot.
    assert!((200..400).contains(&found.len()), "{}", found.len());
    let ever = Snapshots::before(deals, passages, crm.as_of, Density { share: 1.0, ..few }, MOST_WEEKS);
    let won = |of: &Snapshots| of.outcome.iter().filter(|how| **how == 1).count() as f64 / of.len() as f64;
    assert!((won(&found) - won(&ever)).abs() < 0.1, "{} {}", won(&found), won(&ever));
    assert!(found.draw.iter().all(|draw| (0.0..1.0).contains(draw)) && found.draw.iter().any(|draw| *draw > 0.9));
}

#[test]
fn weight_three_equals_three_rows() {
    let mut crm = simulated(500, 6);
    let many = thrice(&crm);
    crm.deals.as_mut().expect("deals").weight.fill(3.0);
    let found = [&crm, &many].map(|crm| {
        let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
        // So few at most that the cap decides.
        let density = density(deals, passages, crm.as_of, 3000.0);
        let past = Past { deals, passages, min_level_rows: 20.0 };
        let learnt = past.learnt(crm.as_of, density, Known::All(&[]), None, &mut |_| ());
        let (mut learnt, snapshots) = learnt.expect("no error").expect("a model");
        learnt.misfit = misfit(&learnt, deals, &snapshots).expect("no error");
        let open = Snapshots::open_at(deals, passages, crm.as_of);
        let mut rows = Vec::new();
        let scorer = Scorer::new(&learnt).expect("a model");
        let average = scorer.average(&open, &|row| deals.weight[open.deal[row] as usize]).expect("no error");
        let average = average.expect("open deals");
        let (mut path, mut other, mut spread) = (Path::default(), Path::default(), Spread::default());
        let mut contributions = Vec::new();
        let each = &mut |row: usize, covariates: &scores::Covariates| {
            scorer.path(covariates, usize::MAX, &mut path);
            scorer.spread(covariates, &mut spread);
            scorer.contributions(&average, covariates, &path, &mut other, &mut contributions);
            rows.push((
                path.at(60.0).won,
                scorer.deviation(&path, &mut spread, 60.0) + contributions[0],
                deals.created[open.deal[row] as usize],
            ));
        };
        scorer.each(&open, each).expect("paths");
        let (fresh, weights) = Snapshots::fresh(deals, passages, crm.as_of, 100.0);
        (density, learnt.snapshots, learnt.events, rows, weights.iter().sum::<f64>(), fresh.deal.len())
    });
    let [one, three] = found;
    assert_eq!((one.0, one.1, one.2, one.4), (three.0, three.1, three.2, three.4));
    assert!(
        one.0.days > 21.0
            && one.0.share == 1.0
            && one.3.len() > 100
            && three.3.len() == 3 * one.3.len()
            && three.5 > 2 * one.5
    );
    for (at, (won, deviation, created)) in one.3.iter().enumerate() {
        let other = &three.3[3 * at];
        assert_eq!(*created, other.2);
        assert!((won - other.0).abs() < 1e-9 && (deviation - other.1).abs() < 1e-9, "{won} {deviation} {other:?}");
    }
}
