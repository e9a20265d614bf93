//! Probabilities against those that the simulated deals were drawn from.

use super::*;
use crate::crm::Attribute;
use crate::simulate::Truth;
use crate::stats::discrimination::calibration_line;
use crate::table::Values;
use std::collections::BTreeMap;

/// Days ahead.
const AHEAD: usize = 60;
/// Scores above it are high, below its negative low.
const HIGH: f64 = 0.6;

/// Probability of a win within 0, 1, …, 60 days of deals of one score that have just entered a stage, and of deals put on hold from it.
struct Wins {
    entered: Vec<[f64; AHEAD + 1]>,
    held: Vec<[f64; AHEAD + 1]>,
}

/// What a stay of `stay_days` comes to on each of the days ahead: calls `visit` with the day, the target and its probability.
fn leave(
    truth: &Truth,
    stage: usize,
    score: f64,
    stay_days: f64,
    days: usize,
    visit: &mut dyn FnMut(usize, &str, f64),
) {
    let (advance, setback) = (&truth.stages[stage].advance, &truth.stages[stage].setback);
    let speed = (0.5 * score).exp();
    let hazards = |day: f64| (advance.cumulative_hazard(day) * speed, setback.cumulative_hazard(day) / speed);
    let first = hazards(stay_days);
    let mut before = first;
    for day in 0..days {
        let now = hazards(stay_days + day as f64 + 1.0);
        let (forward, back) = (now.0 - before.0, now.1 - before.1);
        let open = |at: (f64, f64)| (first.0 + first.1 - at.0 - at.1).exp();
        let ended = open(before) - open(now);
        for (clock, part) in [(advance, forward), (setback, back)] {
            for (to, share) in &clock.to {
                visit(day, to, ended * share * part / (forward + back));
            }
        }
        before = now;
    }
}

/// Probability of a win within `days` of a move to `to` that happens within the first of them.
fn then(truth: &Truth, wins: &Wins, from: usize, to: &str, days: usize) -> f64 {
    let middle = |curve: &[f64; AHEAD + 1]| 0.5 * (curve[days] + curve[days - 1]);
    match to {
        "Won" => 1.0,
        "Lost" => 0.0,
        "On hold" => middle(&wins.held[from]),
        _ => middle(&wins.entered[truth.stages.iter().position(|stage| stage.stage == to).expect("a stage")]),
    }
}

/// The same of a deal that has been on hold, however long.
fn after_hold(truth: &Truth, wins: &Wins, stage: usize, days: usize) -> f64 {
    let left = |day: usize| (-(day as f64) / truth.hold_mean_days).exp();
    let back = |day: usize| 0.5 * (wins.entered[stage][days - day] + wins.entered[stage][days - day - 1]);
    (0..days).map(|day| truth.hold_return * (left(day) - left(day + 1)) * back(day)).sum()
}

impl Wins {
    fn of(truth: &Truth, score: f64) -> Self {
        let stages = truth.stages.len();
        let mut wins = Wins { entered: vec![[0.0; AHEAD + 1]; stages], held: vec![[0.0; AHEAD + 1]; stages] };
        for days in 1..=AHEAD {
            // What happens within one day depends on itself by little.
            for _ in 0..3 {
                for stage in 0..stages {
                    let mut won = 0.0;
                    leave(truth, stage, score, 0.0, days, &mut |day, to, probability| {
                        won += probability * then(truth, &wins, stage, to, days - day);
                    });
                    wins.entered[stage][days] = won;
                    wins.held[stage][days] = after_hold(truth, &wins, stage, days);
                }
            }
        }
        wins
    }
}

/// What came of one simulated CRM.
struct Found {
    /// Mean probability of a win within 60 days, given and true.
    given: f64,
    truth: f64,
    /// Slope of the true log-odds on those given.
    slope: f64,
    /// Share of the intervals that hold the truth.
    covered: f64,
    /// Deals on hold, and how many of their intervals do.
    on_hold: [f64; 2],
    /// Mean divergence of the truth from the probabilities given (Kullback & Leibler): what their log-loss has too much.
    excess: f64,
    /// Sums over deals with a low, a middling and a high score in each stage, then of those on hold from it: number, given, true, intervals that hold the truth.
    ends: Vec<[[f64; 4]; 3]>,
    /// Share of the deals that are open.
    open_share: f64,
    /// `None` where records are too short.
    test: Option<HazardTest>,
}

/// `None` where the rates of all are shown: they say nothing about one deal.
fn study(deals: u32, seed: u32) -> Option<Found> {
    let data = simulate(&SimulateOptions { deals, customers: None, seed }).expect("valid sizes");
    let (as_of, truth) = (Some(AsOf::Milliseconds(data.truth.as_of)), data.truth);
    let sources = vec![
        (Some(TableKind::Deals), Source::from(data.deals)),
        (Some(TableKind::History), Source::from(data.history)),
        (Some(TableKind::Dimension), Source::from(data.customers)),
    ];
    let crm = load(sources, &LoadOptions { as_of, ..LoadOptions::default() }).expect("tables that load").crm;
    let options =
        ForecastOptions { model: ModelWanted::Auto, without: vec!["country".into()], ..ForecastOptions::default() };
    let result = forecast(&crm, &options, &mut Progress::none()).expect("a forecast");
    let hazard = result.hazard.expect("a model");
    if hazard.shown == Shown::BaseRate {
        return None;
    }
    let (deals, passages) = (crm.deals.as_ref().expect("deals"), crm.passages.as_ref().expect("history"));
    let open = Snapshots::open_at(deals, passages, crm.as_of + 1.0);
    let attribute =
        |name: &str| deals.attributes.iter().find(|attribute| attribute.name == name).expect("an attribute");
    let text = |attribute: &Attribute, row: usize| match &attribute.values {
        Values::Texts(texts) => texts.get(row).expect("a value").to_owned(),
        _ => panic!("no text"),
    };
    let (source, owner, industry) = (attribute("source"), attribute("owner"), attribute("industry"));
    let effect = |effects: &[crate::simulate::Effect], name: &str| {
        effects.iter().find(|effect| effect.name == name).expect("a level").effect
    };
    let mut by_score: BTreeMap<i64, Wins> = BTreeMap::new();
    let horizon = &hazard.horizons[1];
    let (mut given, mut true_ones, mut covered, mut on_hold) = (Vec::new(), Vec::new(), 0.0, [0.0; 2]);
    let (mut excess, mut ends) = (0.0, vec![[[0.0; 4]; 3]; 2 * truth.stages.len()]);
    for at in 0..open.len() {
        let row = open.deal[at] as usize;
        if deals.amount[row].is_nan() || deals.amount[row] <= 0.0 {
            continue;
        }
        let score = effect(&truth.sources, &text(source, row))
            + effect(&truth.owners, &text(owner, row))
            + effect(&truth.industries, &text(industry, row))
            + truth.amount_effect * (deals.amount[row].ln() - 10_000f64.ln());
        let bin = (score / 0.05).round() as i64;
        let wins = by_score.entry(bin).or_insert_with(|| Wins::of(&truth, bin as f64 * 0.05));
        let named = |name: &str| truth.stages.iter().position(|stage| stage.stage == name).expect("a stage");
        let mut won = 0.0;
        let place = match passages.stages.get(open.stage[at] as usize).filter(|stage| *stage != "On hold") {
            Some(stage) => {
                let stage = named(stage);
                let score = bin as f64 * 0.05;
                leave(&truth, stage, score, open.stay_days[at], AHEAD, &mut |day, to, probability| {
                    won += probability * then(&truth, wins, stage, to, AHEAD - day);
                });
                stage
            }
            None => {
                let mut stays = (0..passages.len()).rev().filter(|stay| passages.deal[*stay] == open.deal[at]);
                let left = stays.find_map(|stay| {
                    let name = &passages.stages[passages.stage[stay] as usize];
                    truth.stages.iter().position(|stage| stage.stage == name)
                });
                let left = left.expect("a stage");
                won = after_hold(&truth, wins, left, AHEAD);
                truth.stages.len() + left
            }
        };
        let inside = f64::from(u8::from(horizon.low.0[at] <= won && won <= horizon.high.0[at]));
        covered += inside;
        if passages.stages.get(open.stage[at] as usize).is_none_or(|stage| stage == "On hold") {
            on_hold = [on_hold[0] + 1.0, on_hold[1] + inside];
        }
        let said = horizon.won.0[at];
        excess += won * (won / said).ln() + (1.0 - won) * ((1.0 - won) / (1.0 - said)).ln();
        let end = usize::from(score > -HIGH) + usize::from(score > HIGH);
        ends[place][end].iter_mut().zip([1.0, said, won, inside]).for_each(|(sum, value)| *sum += value);
        given.push(said);
        true_ones.push(won);
    }
    let n = given.len() as f64;
    let ones = vec![1.0; given.len()];
    Some(Found {
        given: given.iter().sum::<f64>() / n,
        truth: true_ones.iter().sum::<f64>() / n,
        slope: calibration_line(&true_ones, &given, &ones).expect("a line").1,
        covered: covered / n,
        on_hold,
        excess: excess / n,
        ends,
        open_share: open.len() as f64 / deals.len() as f64,
        test: hazard.test,
    })
}

/// Means over seeds: given, true, slope, covered, share open, then of the tests: given, observed, slope, skill against the rate and the rate per stage; then the
/// share of deals on hold whose interval holds the truth, last the divergence. With them the ends of all seeds, and how many of these show a model.
fn means(deals: u32, seeds: std::ops::RangeInclusive<u32>) -> ([f64; 12], Vec<[[f64; 4]; 3]>, f64) {
    let (mut sums, mut holds, mut all_ends) = ([0.0; 12], [0.0; 2], Vec::new());
    let (mut shown, mut tested) = (0.0, 0.0);
    for seed in seeds {
        let Some(found) = study(deals, seed) else { continue };
        let Found { given, truth, slope, covered, on_hold, excess, ends, open_share, test } = found;
        shown += 1.0;
        let of_deals = [given, truth, slope, covered, open_share];
        sums.iter_mut().zip(of_deals).for_each(|(sum, value)| *sum += value);
        sums[11] += excess;
        if let Some(test) = test {
            tested += 1.0;
            let of_test = [test.predicted, test.observed, test.calibration_slope.expect("a slope")];
            let skills = [test.skill_against_rate.value, test.skill_against_stage_rate.value];
            sums[5..10].iter_mut().zip(of_test.into_iter().chain(skills)).for_each(|(sum, value)| *sum += value);
        }
        holds = [holds[0] + on_hold[0], holds[1] + on_hold[1]];
        all_ends.resize(ends.len(), [[0.0; 4]; 3]);
        for (sums, values) in
            all_ends.as_flattened_mut().as_flattened_mut().iter_mut().zip(ends.as_flattened().as_flattened())
        {
            *sums += values;
        }
    }
    for (at, sum) in sums.iter_mut().enumerate() {
        *sum /= if (5..10).contains(&at) { tested } else { shown };
    }
    sums[10] = holds[1] / holds[0];
    (sums, all_ends, shown)
}

/// One seed, so that the bounds are wide.
#[test]
fn one_simulated_crm_has_unbiased_chances_whose_intervals_mostly_hold_the_truth() {
    let found = study(2000, 21).expect("a model");
    assert!((found.given - found.truth).abs() < 0.03, "{} {}", found.given, found.truth);
    assert!((0.7..1.3).contains(&found.slope) && found.covered > 0.75, "{} {}", found.slope, found.covered);
    assert!((0.3..0.5).contains(&found.open_share));
}

/// Over 1,000 seeds of 4,000 deals (from 10001), 38 % open: chances of a win within 60 days 12.53 % given and 12.55 % true, slope of the truth 0.999; in the tests by time slope 0.996. The
/// 95 % intervals hold the truth of 95.3 % of the deals, of 97.4 % of those on hold. Of 1,000 deals they hold 96.0 % and 96.1 % (100 seeds from 2001; 11 of them show the rates of all
/// instead, which say nothing about one deal), of 40,000 deals 94.0 % and 95.7 % (8 seeds from 4001). Where all holds shared one course of weeks that was drawn to that of all deals, it
/// was 93.7, 87.7 and 94.3 % of the holds, and 73 % of those of 40,000 deals from seeds 101 to 104 (now 95.9 %). What the log-loss of the chances has too much falls from 0.0040 with
/// 4,000 deals to 0.0010 with 40,000. There the log-odds of deals with a low score in the last stage are 0.29 too low.
#[test]
#[ignore = "a study: cargo test --release --lib hazard::tests::study -- --ignored --nocapture (DEALS and SEEDS set its size)"]
fn chances_are_unbiased_and_calibrated_against_the_truth() {
    let env = |name: &str, other: u32| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other);
    let (deals, seeds) = (env("DEALS", 4000), env("SEEDS", 200));
    let from = env("FROM", 101);
    let started = std::time::Instant::now();
    let (
        [given, truth, slope, covered, open, predicted, observed, test_slope, skill, stage_skill, hold, excess],
        ends,
        shown,
    ) = means(deals, from..=from + seeds - 1);
    println!(
        "{deals} deals, {seeds} seeds ({shown} with a model), {:.1?} each: given {given:.4} true {truth:.4} slope {slope:.3} covered {covered:.3} ({hold:.3} on hold) open {open:.2} | \
         test: {predicted:.4} {observed:.4} slope {test_slope:.3} skill {skill:.4} {stage_skill:.4} | excess {excess:.5}",
        started.elapsed() / seeds
    );
    for (stage, ends) in ends.iter().enumerate() {
        let log_odds = |p: f64| (p / (1.0 - p)).ln();
        let error = |[n, given, truth, inside]: [f64; 4]| (n, log_odds(given / n) - log_odds(truth / n), inside / n);
        println!("stage {stage}: {:.3?}", ends.map(error));
    }
    assert!((given - truth).abs() < 0.005 && (predicted - observed).abs() < 0.005);
    assert!((0.95..1.05).contains(&slope) && (0.95..1.05).contains(&test_slope), "{slope} {test_slope}");
    assert!((0.93..0.97).contains(&covered) && (0.93..0.98).contains(&hold), "{covered} {hold}");
}
