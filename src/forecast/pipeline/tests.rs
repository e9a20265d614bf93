use super::*;
use crate::crm::{Attribute, Deals, LoadOptions, Operator, Rule, RuleValue, TableKind, load};
use crate::read::Source;
use crate::simulate::{SimulateOptions, simulate};
use crate::stats::rng::{below, normal, seeded, uniform};
use crate::table::{Texts, Values};

fn run(crm: &Crm, options: &PipelineOptions) -> PipelineResult {
    pipeline(crm, options, &mut Progress::none()).expect("a forecast")
}

fn simulated(deals: u32, seed: u32, as_of: Option<f64>) -> Crm {
    let data = simulate(&SimulateOptions { deals, customers: None, seed }).expect("valid sizes");
    let as_of = Some(crate::crm::AsOf::Milliseconds(as_of.unwrap_or(data.truth.as_of)));
    let sources = vec![
        (Some(TableKind::Deals), Source::from(data.deals)),
        (Some(TableKind::History), Source::from(data.history)),
    ];
    load(sources, &LoadOptions { as_of, ..LoadOptions::default() }).expect("tables that load").crm
}

/// Deals created a day apart, the others closed after `cycle` days: (outcome, amount) of each.
fn small(deals: &[(Outcome, f64)], cycle: f64) -> Crm {
    let n = deals.len();
    let texts = || (0..n).map(|_| None::<&str>).collect::<Texts>();
    let created: Vec<f64> = (0..n).map(|i| i as f64 * DAY_MS).collect();
    let closed = deals.iter().zip(&created).map(|((outcome, _), created)| match outcome {
        Outcome::Open | Outcome::Hold => f64::NAN,
        _ => created + cycle * DAY_MS,
    });
    let found = Deals {
        id: (0..n).map(|i| Some(format!("d{i}"))).collect(),
        row: (0..n as u32).collect(),
        closed: closed.collect(),
        outcome: deals.iter().map(|deal| deal.0).collect(),
        amount: deals.iter().map(|deal| deal.1).collect(),
        stage: texts(),
        owner: texts(),
        weight: vec![1.0; n],
        attributes: Vec::new(),
        created,
    };
    let as_of = (n as f64 + cycle) * DAY_MS;
    Crm { deals: Some(found), as_of, as_of_day: (as_of / DAY_MS) as i32, ..Crm::default() }
}

fn quick() -> PipelineOptions {
    PipelineOptions { draws: 2000, periods: 3, ..PipelineOptions::default() }
}

/// Open deals alone: (amount, weight, probability of a win by the end of each period).
fn odds_only(deals: &[(f64, f64, Vec<f64>)], shock: f64) -> Odds<'static> {
    Odds {
        periods: deals[0].2.len(),
        amount: deals.iter().map(|deal| deal.0).collect(),
        weight: deals.iter().map(|deal| deal.1).collect(),
        won_within: deals.iter().flat_map(|deal| deal.2.clone()).collect(),
        new_wins: Vec::new(),
        months: &[],
        dispersion: 1.0,
        amounts: Amounts::default(),
        shock,
        watched: None,
    }
}

fn drawn(odds: &Odds<'_>, draws: usize) -> Draws {
    odds.draw(draws, 7, 0, &mut Progress::none(), (0.0, 1.0))
}

#[test]
fn draws_agree_with_the_enumeration_of_three_deals() {
    let deals = [(5.0, 1.0, vec![0.1, 0.6]), (7.0, 1.0, vec![0.0, 0.05]), (f64::NAN, 1.0, vec![0.3, 1.0])];
    let mut odds = odds_only(&deals, 0.0);
    odds.watched = Some(1);
    let draws = drawn(&odds, 200_000);
    let share = |hit: &dyn Fn(usize) -> bool| (0..200_000).filter(|at| hit(*at)).count() as f64 / 200_000.0;
    for (first, second, third) in (0..27).map(|code| (code % 3, code / 3 % 3, code / 9)) {
        let part = |deal: usize, period: usize| {
            let within = &deals[deal].2;
            [within[0], within[1] - within[0], 1.0 - within[1]][period]
        };
        let expected = part(0, first) * part(1, second) * part(2, third);
        let in_period = |period: usize| {
            let of = |chosen: usize, value: f64| if chosen == period { value } else { 0.0 };
            let wins = of(first, 1.0) + of(second, 1.0) + of(third, 1.0);
            (of(first, 5.0) + of(second, 7.0), wins)
        };
        let hit = |at: usize| {
            (0..2).all(|period| (draws.amount[period][at], draws.wins[period][at]) == in_period(period))
                && usize::from(draws.watched[at]) == second
        };
        assert!((share(&hit) - expected).abs() < 0.005, "{first} {second} {third}: {} {expected}", share(&hit));
    }
}

/// Sums over every deal in every draw, as the text book has it.
fn plainly(odds: &Odds<'_>, draws: usize) -> Vec<Vec<f64>> {
    let mut rng = seeded(99, 0);
    let z: Vec<f64> = (0..draws).map(|_| normal(&mut rng)).collect();
    let mean = z.iter().map(|z| (odds.shock * z).exp()).sum::<f64>() / draws as f64;
    let mut sums = vec![vec![0.0; draws]; odds.periods];
    for (draw, z) in z.iter().enumerate() {
        let factor = (odds.shock * z).exp() / mean;
        for (i, amount) in odds.amount.iter().enumerate() {
            for _ in 0..odds.weight[i] as usize {
                let u = uniform(&mut rng);
                let within = &odds.won_within[i * odds.periods..(i + 1) * odds.periods];
                if let Some(period) = within.iter().position(|p| u < p * factor / (1.0 - p + p * factor)) {
                    sums[period][draw] += if amount.is_nan() { 0.0 } else { *amount };
                }
            }
        }
    }
    sums
}

#[test]
fn many_deals_are_drawn_as_if_each_were_drawn_alone() {
    let mut rng = seeded(3, 1);
    let deals: Vec<(f64, f64, Vec<f64>)> = (0..4000)
        .map(|i| {
            let (first, second) = (0.2 * uniform(&mut rng), 0.5 * uniform(&mut rng));
            let amount = if i % 50 == 0 { f64::NAN } else { (7.0 + 1.5 * normal(&mut rng)).exp() };
            (amount, f64::from(u8::from(i % 9 > 0)) * (1 + i % 2) as f64, vec![first, first + second])
        })
        .collect();
    for shock in [0.0, 0.3] {
        let odds = odds_only(&deals, shock);
        let (fast, slow) = (drawn(&odds, 8000), plainly(&odds, 8000));
        let total = |of: &[Vec<f64>]| of[0].iter().zip(&of[1]).map(|(a, b)| a + b).collect::<Vec<f64>>();
        for (fast, slow) in
            [(&fast.amount[0], &slow[0]), (&fast.amount[1], &slow[1]), (&total(&fast.amount), &total(&slow))]
        {
            let (fast, slow) = (Band::of(fast, 0.0), Band::of(slow, 0.0));
            let width = slow.p90 - slow.p10;
            for (x, y) in [(fast.p10, slow.p10), (fast.p50, slow.p50), (fast.p90, slow.p90), (fast.mean, slow.mean)] {
                // Quantiles of 8000 draws have a standard error of about 0.7 % of the width.
                assert!((x - y).abs() < 0.035 * width, "{shock}: {fast:?} {slow:?}");
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let crm = simulated(1500, 1, None);
    let text = |seed| {
        let options = PipelineOptions { seed, ..quick() };
        serde_json::to_string(&run(&crm, &options).periods).expect("serialises")
    };
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
}

#[test]
fn weight_three_equals_three_rows() {
    let crm = simulated(900, 2, None);
    let mut weighted = crm.clone();
    let times = |row: usize| 1 + row % 3;
    let deals = weighted.deals.as_mut().expect("deals");
    deals.weight = (0..deals.len()).map(|row| times(row) as f64).collect();
    let mut repeated = crm;
    let deals = repeated.deals.as_mut().expect("deals");
    let index: Vec<usize> = (0..deals.len()).flat_map(|row| vec![row; times(row)]).collect();
    let texts = |texts: &Texts| index.iter().map(|row| texts.get(*row)).collect::<Texts>();
    let floats = |values: &[f64]| index.iter().map(|row| values[*row]).collect::<Vec<f64>>();
    *deals = Deals {
        id: (0..index.len()).map(|row| Some(row.to_string())).collect(),
        row: index.iter().map(|row| deals.row[*row]).collect(),
        created: floats(&deals.created),
        closed: floats(&deals.closed),
        amount: floats(&deals.amount),
        weight: vec![1.0; index.len()],
        outcome: index.iter().map(|row| deals.outcome[*row]).collect(),
        stage: texts(&deals.stage),
        owner: texts(&deals.owner),
        attributes: Vec::new(),
    };
    weighted.deals.as_mut().expect("deals").attributes.clear();
    let options = PipelineOptions { backtest_periods: 4, ..quick() };
    let (a, b) = (run(&weighted, &options), run(&repeated, &options));
    let close = |x: f64, y: f64| assert!((x - y).abs() <= 1e-7 * y.abs().max(1.0), "{x} {y}");
    close(a.shock, b.shock);
    for (a, b) in a.periods.iter().zip(&b.periods) {
        close(a.open.amount, b.open.amount);
        close(a.new.wins, b.new.wins);
        let (a_band, b_band) = (a.amount.expect("amounts"), b.amount.expect("amounts"));
        close(a_band.p10, b_band.p10);
        close(a_band.p90, b_band.p90);
        let (a, b) = (a.open_wins.as_ref().expect("few"), b.open_wins.as_ref().expect("few"));
        close(a.probability.0[0], b.probability.0[0]);
    }
}

#[test]
fn what_is_missing_is_said_by_code_or_answered_without_nan() {
    use Outcome::{Lost, Open, Won};
    let code = |crm: &Crm| pipeline(crm, &quick(), &mut Progress::none()).map_err(|error| error.code()).err();
    assert_eq!(code(&Crm::default()), Some("missing_table"));
    assert_eq!(code(&small(&[(Open, 1.0)], 5.0)), Some("too_few"));
    assert_eq!(code(&small(&[(Lost, 1.0), (Open, 1.0)], 5.0)), Some("too_few"));
    let mut undated = small(&[(Won, 1.0), (Open, 2.0)], 5.0);
    undated.deals.as_mut().expect("deals").created.fill(f64::NAN);
    assert_eq!(code(&undated), Some("missing_role"));
    let mut unclosed = small(&[(Won, 1.0), (Open, 2.0)], 5.0);
    unclosed.deals.as_mut().expect("deals").closed.fill(f64::NAN);
    assert_eq!(code(&unclosed), Some("too_few"));
    assert_eq!(code(&small(&[], 5.0)), Some("missing_role"));
    for (crm, what) in [
        (small(&[(Won, 10.0)], 5.0), "one deal"),
        (small(&[(Won, 10.0), (Lost, 5.0)], 5.0), "none open"),
        (small(&[(Won, f64::NAN), (Lost, f64::NAN), (Open, f64::NAN)], 5.0), "no amounts"),
        (small(&[(Won, 10.0), (Open, f64::NAN), (Open, 3.0)], 0.0), "no duration"),
        (small(&[(Won, 1e300), (Open, 1e300), (Open, -1e300)], 3.0), "huge amounts"),
    ] {
        let result = run(&crm, &PipelineOptions { quota: Some(5.0), ..quick() });
        for period in result.periods.iter().chain([&result.total]) {
            let amounts = period.amount.into_iter().chain(period.amount_without_largest);
            for band in amounts.chain([period.wins]) {
                assert!([band.p10, band.p50, band.p90, band.mean].iter().all(|x| x.is_finite()), "{what}: {band:?}");
                assert!(band.p10 <= band.p50 && band.p50 <= band.p90, "{what}: {band:?}");
            }
            let parts = [period.closed, period.open, period.new];
            assert!(parts.iter().all(|part| part.wins.is_finite() && part.amount.is_finite()), "{what}: {parts:?}");
        }
        assert!(result.shock.is_finite() && result.arrivals.per_day.is_finite());
    }
    let none = run(&small(&[(Won, f64::NAN), (Open, f64::NAN)], 5.0), &PipelineOptions { quota: Some(1.0), ..quick() });
    assert_eq!((none.periods[0].amount, none.periods[0].quota_chance, none.largest), (None, None, None));
    assert_eq!((none.without_amount.open, none.without_amount.ids.as_slice()), (1.0, ["d1".to_owned()].as_slice()));
}

/// Deals as nobody would want them.
fn messy(seed: u32) -> Crm {
    let mut rng = seeded(seed, 5);
    let n = below(&mut rng, 60) as usize;
    let mut of =
        |values: &[f64]| (0..n).map(|_| values[below(&mut rng, values.len() as u32) as usize]).collect::<Vec<f64>>();
    let created: Vec<f64> =
        of(&[f64::NAN, 0.0, 10.0, 11.0, 100.0, 300.0, 700.0, -4e6]).iter().map(|day| day * DAY_MS).collect();
    let closed: Vec<f64> =
        of(&[f64::NAN, 0.0, 11.0, 200.0, 701.0, 750.0, 9e5]).iter().map(|day| day * DAY_MS).collect();
    let outcome: Vec<Outcome> = of(&[0.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0])
        .iter()
        .map(|code| [Outcome::Open, Outcome::Won, Outcome::Lost, Outcome::Hold, Outcome::Closed][*code as usize])
        .collect();
    let amount = of(&[f64::NAN, 0.0, -5.0, 1e308, -1e308, 1e99, 100.0, 250.0, 3.0]);
    let weight = of(&[0.0, 1.0, 1.0, 0.3, 7.0, 2e3]);
    let owner: Texts = of(&[0.0, 1.0, 2.0]).iter().map(|at| (*at > 0.0).then(|| format!("o{at}"))).collect();
    let texts = || (0..n).map(|_| None::<&str>).collect::<Texts>();
    let is_end = |outcome: &Outcome| !matches!(outcome, Outcome::Open | Outcome::Hold);
    let attributes = vec![
        Attribute { name: "size".into(), role: Some("amount".into()), values: Values::Numbers(amount.clone()) },
        Attribute { name: "due".into(), role: Some("expected_close".into()), values: Values::Instants(closed.clone()) },
        Attribute { name: "who".into(), role: Some("owner".into()), values: Values::Texts(owner.clone()) },
    ];
    let deals = Deals {
        id: (0..n).map(|i| Some(i.to_string())).collect(),
        row: (0..n as u32).collect(),
        closed: closed.iter().zip(&outcome).map(|(at, outcome)| if is_end(outcome) { *at } else { f64::NAN }).collect(),
        stage: texts(),
        created,
        outcome,
        amount,
        owner,
        weight,
        attributes,
    };
    Crm { deals: Some(deals), as_of: 720.5 * DAY_MS, as_of_day: 720, ..Crm::default() }
}

#[test]
fn whatever_the_deals_an_answer_holds_no_nan_and_a_refusal_has_a_code() {
    let rules =
        vec![Rule { column: "size".into(), operator: Operator::Greater, value: RuleValue::Number(5.0), points: 1.0 }];
    let mut answered = [0; 3];
    for seed in 0..100 {
        let crm = messy(seed);
        let mut check = |at: usize, told: Result<String>| match told {
            Ok(text) => {
                assert!(!text.contains("NaN") && !text.contains("inf"), "{seed} {at}: {text}");
                answered[at] += 1;
            }
            Err(error) => assert!(["too_few", "missing_role"].contains(&error.code()), "{seed} {at}: {error}"),
        };
        let options = PipelineOptions { draws: 100, periods: 2, quota: Some(10.0), ..PipelineOptions::default() };
        check(0, pipeline(&crm, &options, &mut Progress::none()).map(|result| format!("{result:?}")));
        let options = crate::forecast::RepOptions::default();
        check(1, crate::forecast::reps(&crm, &options, &mut Progress::none()).map(|result| format!("{result:?}")));
        let options = crate::forecast::RuleOptions { rules: Some(rules.clone()), ..Default::default() };
        check(
            2,
            crate::forecast::rule_scores(&crm, &options, &mut Progress::none()).map(|result| format!("{result:?}")),
        );
    }
    assert!(answered.iter().all(|answers| *answers > 60), "{answered:?}");
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let crm = small(&[(Outcome::Won, 1.0)], 5.0);
    let base = PipelineOptions::default;
    for options in [
        PipelineOptions { periods: 0, ..base() },
        PipelineOptions { periods: 25, ..base() },
        PipelineOptions { draws: 99, ..base() },
        PipelineOptions { backtest_periods: 61, ..base() },
        PipelineOptions { quota: Some(f64::NAN), ..base() },
        PipelineOptions { confidence: 1.0, ..base() },
    ] {
        let error = pipeline(&crm, &options, &mut Progress::none()).expect_err("refused");
        assert_eq!(error.code(), "invalid_option");
    }
}

#[test]
fn losing_the_largest_deal_costs_its_share_and_a_quota_is_a_quantile() {
    let mut deals: Vec<(Outcome, f64)> =
        (0..200).map(|i| (if i % 2 == 0 { Outcome::Won } else { Outcome::Lost }, 100.0)).collect();
    deals.extend([(Outcome::Open, 100.0); 30]);
    deals.push((Outcome::Open, 5000.0));
    let crm = small(&deals, 30.0);
    let first = run(&crm, &PipelineOptions { draws: 20_000, ..quick() });
    let largest = first.largest.as_ref().expect("an open deal with an amount");
    assert_eq!((largest.id.as_str(), largest.amount), ("d230", 5000.0));
    let (with, without) =
        (first.total.amount.expect("amounts"), first.total.amount_without_largest.expect("a largest deal"));
    // Its chance in the draws differs from its probability by sampling, and by the shock's bend.
    let lost = with.mean - without.mean;
    assert!((lost / 5000.0 - largest.probability).abs() < 0.02, "{lost} {}", largest.probability);
    let quota = first.periods[0].amount.expect("amounts").p50;
    let second = run(&crm, &PipelineOptions { draws: 20_000, quota: Some(quota), ..quick() });
    let chance = second.periods[0].quota_chance.expect("a quota");
    assert!((0.5..0.65).contains(&chance), "{chance}");
    assert!(second.total.quota_chance_without_largest.expect("a quota") <= second.total.quota_chance.expect("a quota"));
}

#[test]
fn added_up_periods_end_at_all_of_them_and_spread_less_than_their_ends_together() {
    let result = run(&simulated(2000, 3, None), &PipelineOptions { periods: 4, ..quick() });
    let (first, last) = (&result.periods[0], &result.periods[3]);
    assert_eq!((first.amount_so_far, first.wins_so_far), (first.amount, first.wins));
    assert_eq!((last.amount_so_far, last.wins_so_far), (result.total.amount, result.total.wins));
    let widths =
        |of: &dyn Fn(&PeriodForecast) -> Band| result.periods.iter().map(|k| of(k).p90 - of(k).p10).sum::<f64>();
    let together = last.wins_so_far.p90 - last.wins_so_far.p10;
    assert!(together < 0.9 * widths(&|period| period.wins), "{together}");
    for pair in result.periods.windows(2) {
        let (a, b) = (pair[0].amount_so_far.expect("amounts"), pair[1].amount_so_far.expect("amounts"));
        assert!(a.p50 < b.p50 && b.p10 < b.p25 && b.p25 < b.p50 && b.p50 < b.p75 && b.p75 < b.p90);
    }
}

#[test]
fn exact_counts_have_the_mean_of_the_expectation_and_all_mass() {
    let result = run(&simulated(2000, 3, None), &quick());
    for period in &result.periods {
        let counts = period.open_wins.as_ref().expect("few deals");
        let mass: f64 = counts.probability.0.iter().sum();
        let mean: f64 = counts.probability.0.iter().enumerate().map(|(at, p)| p * (counts.first + at as f64)).sum();
        assert!((mass - 1.0).abs() < 1e-12 && (mean - period.open.wins).abs() < 1e-9, "{mass} {mean}");
    }
}

#[test]
fn periods_are_those_of_the_calendar_and_what_is_closed_stays_closed() {
    let march = 1_743_465_600_000.0; // 2025-04-01T00:00Z
    let crm = simulated(2000, 4, Some(march - 10.0 * DAY_MS));
    let jalali = run(
        &crm,
        &PipelineOptions { calendar: Some(Calendar::Jalali), period: Period::Quarter, periods: 2, ..quick() },
    );
    // Nowruz 1404 was on 2025-03-21, the first of Tir on 2025-06-22.
    assert_eq!(jalali.start_day.0[..2], [20_168.0, 20_261.0]);
    let gregorian = run(&crm, &quick());
    let deals = crm.deals.as_ref().expect("deals");
    let closed: f64 = (0..deals.len())
        .filter(|&row| deals.outcome[row] == Outcome::Won && deals.closed[row] >= march - 31.0 * DAY_MS)
        .map(|row| if deals.amount[row].is_nan() { 0.0 } else { deals.amount[row] })
        .sum();
    assert!(closed > 0.0 && (gregorian.periods[0].closed.amount - closed).abs() < 1e-6);
    assert!(gregorian.periods[0].amount.expect("amounts").p10 >= closed);
    assert_eq!(gregorian.periods[1].closed, Part::default());
}

#[test]
fn deals_past_their_expected_close_are_listed_by_amount() {
    use Outcome::{Open, Won};
    let mut crm = small(&[(Won, 1.0), (Open, 5.0), (Open, f64::NAN), (Open, 9.0), (Open, 7.0)], 20.0);
    let expected = [1.0, 2.0, 3.0, 4.0, 25.0].map(|day| day * DAY_MS);
    crm.deals.as_mut().expect("deals").attributes.push(Attribute {
        name: "due".into(),
        role: Some("expected_close".into()),
        values: Values::Instants(expected.into()),
    });
    let slipped = run(&crm, &quick()).slipped;
    assert_eq!((slipped.deals, slipped.amount, slipped.column.as_deref()), (3.0, 14.0, Some("due")));
    assert_eq!((slipped.row.0, slipped.days_late.0), (vec![3, 1, 2], vec![21.0, 23.0, 22.0]));
}

#[test]
fn the_rate_of_new_deals_follows_its_trend_and_its_seasons() {
    let crm = Crm::default();
    let clock = Clock { crm: &crm, rule: crm.time.periods, period: Period::Month };
    let day = |day: i32| f64::from(day) * DAY_MS;
    // Four years of days, of which each December has three times the deals, doubling every year.
    let created: Vec<(f64, f64)> = (0..1461)
        .map(|at| {
            let (year, month, _) = Calendar::Gregorian.date(at);
            let season = if month == 12 { 3.0 } else { 1.0 };
            (day(at), 4.0 * season * 2f64.powi(year - 1970))
        })
        .collect();
    let (summary, months) = arrivals(&clock, &created, day(1461), day(1461 + 364));
    assert!(summary.seasonal && summary.growth_per_year.is_some_and(|growth| (0.7..1.4).contains(&growth)));
    let (june, december) = (months[5].per_day, months[11].per_day);
    assert!((2.0..4.5).contains(&(december / june)), "{december} {june}");
    let (flat, months) = arrivals(&clock, &created[..40], day(40), day(100));
    assert_eq!((flat.seasonal, flat.growth_per_year), (false, None));
    assert!((months[0].per_day - 4.0).abs() < 0.01, "{flat:?}");
}

/// Of the back-tests of simulated CRMs.
struct Coverage {
    /// Share of periods whose truth lies in the band, and the share that the bands promise: of amounts, and of wins.
    amount: [f64; 2],
    wins: [f64; 2],
    /// Mean error of the median number of wins.
    error: f64,
    periods: f64,
}

fn coverage(deals: u32, seeds: std::ops::Range<u32>) -> Coverage {
    let mut sums = [0.0; 6];
    for seed in seeds {
        let options = PipelineOptions { draws: 100, periods: 1, ..PipelineOptions::default() };
        let test = run(&simulated(deals, seed, None), &options).backtest.expect("two years of records");
        let n = test.won.0.len() as f64;
        let share = |covered: Option<crate::meta::Estimate>| covered.expect("tested").value;
        let nominal = [test.amount_nominal, test.wins_nominal].map(|nominal| nominal.expect("tested"));
        let found = [share(test.amount_covered), nominal[0], share(test.wins_covered), nominal[1]];
        let found = found.into_iter().chain([test.wins_error.unwrap_or(0.0), 1.0]);
        sums.iter_mut().zip(found).for_each(|(sum, found)| *sum += n * found);
    }
    let [.., periods] = sums;
    let [amount, amount_nominal, wins, wins_nominal, error, _] = sums.map(|sum| sum / periods);
    Coverage { amount: [amount, amount_nominal], wins: [wins, wins_nominal], error, periods }
}

#[test]
fn the_band_of_the_back_test_holds_about_eight_truths_in_ten() {
    let Coverage { amount, wins, error, periods } = coverage(3000, 1..9);
    // 96 periods: ± 0.08 at 95 %, and periods of one history are not independent.
    assert!((0.68..0.92).contains(&amount[0]) && (0.7..0.93).contains(&wins[0]), "{amount:?} {wins:?}");
    assert!((amount[1] - 0.8).abs() < 0.01 && (0.8..0.86).contains(&wins[1]), "{amount:?} {wins:?}");
    assert!(error < 0.3 && periods >= 80.0, "{error} {periods}");
}

/// Over 200 seeds each, 2,200 to 2,400 periods. Measured: of amounts 78.6, 78.7 and 77.2 % of the nominal 80.1, 80.1 and 80.0 %; of wins 85.2, 84.3 and 81.9 % of
/// 85.0, 83.0 and 81.7 %, since counts are whole numbers. Median errors 33, 17 and 9 %.
#[test]
#[ignore = "a study of minutes: cargo test --release --lib pipeline::tests::bands -- --ignored --nocapture"]
fn bands_hold_75_to_85_truths_in_100_over_200_seeds() {
    for deals in [1000, 3000, 10_000] {
        let Coverage { amount, wins, error, periods } = coverage(deals, 1..201);
        println!("{deals} deals: amount {amount:.3?}, wins {wins:.3?}, error {error:.3}, {periods} periods");
        assert!((0.75..0.85).contains(&amount[0]) && (wins[0] - wins[1]).abs() < 0.03);
    }
}

/// Share of three-month totals, and of third months, inside the band of a forecast made on 2025-04-01, over these worlds of 3000 deals.
fn coverage_ahead(seeds: std::ops::Range<u32>) -> (f64, f64) {
    let april = 1_743_465_600_000.0; // 2025-04-01T00:00Z
    let (mut total, mut third) = (0.0, 0.0);
    let n = f64::from(seeds.end - seeds.start);
    for seed in seeds {
        let forecast = run(&simulated(3000, seed, Some(april)), &PipelineOptions { draws: 2000, ..quick() });
        let later = simulated(3000, seed, None);
        let book = Book::new(later.deals.as_ref().expect("deals"), f64::INFINITY);
        let start = |at: usize| forecast.start_day.0[at] * DAY_MS;
        let inside = |band: Option<Band>, truth: f64| {
            let band = band.expect("amounts");
            f64::from(u8::from(band.holds(truth)))
        };
        total += inside(forecast.total.amount, book.won(start(0), start(3)).amount);
        third += inside(forecast.periods[2].amount, book.won(start(2), start(3)).amount);
    }
    (total / n, third / n)
}

/// Measured over 300 seeds: 76.7 % of the totals, 74.7 % of the third months.
#[test]
#[ignore = "a study of minutes: cargo test --release --lib pipeline::tests::bands_three -- --ignored --nocapture"]
fn bands_three_months_ahead_hold_too() {
    let (total, third) = coverage_ahead(1..301);
    println!("three months together {total:.3}, third month {third:.3}");
    assert!((0.72..0.88).contains(&total) && (0.72..0.88).contains(&third));
}

/// 95,000 open deals of 250,000, 10,000 draws, tests on twelve past months: 2.6 s natively on one core.
#[test]
#[ignore = "a measurement: cargo test --release --lib pipeline::tests::a_hundred -- --ignored --nocapture"]
fn a_hundred_thousand_open_deals() {
    let crm = simulated(250_000, 1, None);
    let start = std::time::Instant::now();
    let result = run(&crm, &PipelineOptions::default());
    println!("{:?}, {} open, {:?}", start.elapsed(), result.open.wins, result.total.amount);
}

#[test]
fn hazards_by_week_are_the_times_of_wins_where_they_have_proven_themselves() {
    use crate::forecast::{ModelWanted, forecast};
    let crm = simulated(1300, 11, None);
    let model = ForecastOptions { model: ModelWanted::Auto, ..ForecastOptions::default() };
    let options = PipelineOptions { model: model.clone(), backtest_periods: 2, ..quick() };
    let found = run(&crm, &options);
    assert_eq!(found.win_times, WinTimesFrom::Hazard);
    let plain = run(&crm, &quick()).win_times;
    assert_ne!(plain, WinTimesFrom::Hazard);
    let hazard = forecast(&crm, &model, &mut Progress::none()).expect("a forecast").hazard.expect("a model");
    // As_of ends a month: the periods are the rest of its last day, July and August.
    let (by_62, weeks): (f64, f64) = (found.total.open.wins, hazard.weekly.won.0[..9].iter().sum());
    assert!((by_62 / weeks - 1.0).abs() < 0.05, "{by_62} {weeks}");
    assert!(found.backtest.expect("tests").won.0.len() == 2);
    // Without a history nothing is learnt of weeks; with that of some deals the others keep the cycle.
    let none = Crm { passages: None, ..crm.clone() };
    assert_eq!(run(&none, &options).win_times, plain);
    let mut part = crm.clone();
    let passages = part.passages.as_mut().expect("history");
    let kept = passages.deal.iter().filter(|deal| **deal < 1200).count();
    for column in [&mut passages.deal, &mut passages.stage, &mut passages.ordinal, &mut passages.next_stage] {
        column.truncate(kept);
    }
    for column in [&mut passages.entered, &mut passages.exited, &mut passages.delayed_entry] {
        column.truncate(kept);
    }
    passages.exit.truncate(kept);
    let some = run(&part, &options);
    assert_eq!(some.win_times, WinTimesFrom::Hazard);
    assert!(some.total.open.wins > 0.8 * found.total.open.wins && some.total.open.wins < 1.2 * found.total.open.wins);
}
