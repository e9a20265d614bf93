use super::*;
use crate::crm::{Attribute, Exit};
use crate::table::Values;
use crate::time::{TimeZone, WorkingClock};

mod parts;

const DAY: f64 = crate::time::DAY_MS;

/// Deals created at day 0 unless said otherwise, seen at day 100.
fn deals(rows: &[(Outcome, f64, f64)]) -> Deals {
    let all = |value: f64| vec![value; rows.len()];
    Deals {
        id: rows.iter().enumerate().map(|(row, _)| Some(row.to_string())).collect(),
        row: (0..rows.len() as u32).collect(),
        created: rows.iter().map(|row| row.1 * DAY).collect(),
        outcome: rows.iter().map(|row| row.0).collect(),
        closed: rows.iter().map(|row| row.2 * DAY).collect(),
        amount: rows.iter().enumerate().map(|(row, _)| if row == 0 { f64::NAN } else { 10.0 }).collect(),
        stage: rows.iter().map(|row| Some(format!("{:?}", row.0))).collect(),
        owner: rows.iter().enumerate().map(|(row, _)| Some(if row % 2 == 0 { "Ada" } else { "Bo" })).collect(),
        weight: all(1.0),
        attributes: vec![Attribute {
            name: "size".into(),
            role: None,
            values: Values::Numbers(rows.iter().enumerate().map(|(row, _)| (row % 3) as f64).collect()),
        }],
    }
}

fn crm(deals: Deals) -> Crm {
    Crm { deals: Some(deals), as_of: 100.0 * DAY, ..Crm::default() }
}

fn run(crm: &Crm, options: &FunnelOptions) -> Result<FunnelResult> {
    funnel(crm, options, &mut Progress::none())
}

fn plain(crm: &Crm) -> FunnelResult {
    run(crm, &FunnelOptions::default()).expect("usable deals")
}

const NAN: f64 = f64::NAN;

#[test]
fn open_and_held_deals_are_censored_at_as_of() {
    let rows =
        [(Outcome::Won, 0.0, 10.0), (Outcome::Open, 0.0, NAN), (Outcome::Hold, 60.0, NAN), (Outcome::Lost, 0.0, 20.0)];
    let result = plain(&crm(deals(&rows)));
    let cycle = result.cycle.expect("dates");
    assert_eq!((cycle.duration.n, cycle.duration.events, cycle.duration.censored), (4.0, 2.0, 2.0));
    assert_eq!((cycle.duration.last_days, cycle.duration.at_end), (100.0, 0.75 * (1.0 - 1.0 / 3.0)));
    assert_eq!(cycle.outcomes.causes.iter().map(|cause| cause.cause.as_str()).collect::<Vec<_>>(), ["won", "lost"]);
    assert_eq!(cycle.won_share_of_closed.map(|share| share.value), Some(0.5));
    assert_eq!(cycle.won_share_of_all.map(|share| share.value), Some(0.25));
    assert_eq!((result.counts.open, result.counts.hold, result.meta.rows_used), (1.0, 1.0, 4.0));
    assert_eq!(cycle.won_within_days[0].probability.map(|at| at.value), Some(0.25));
    assert_eq!(cycle.won_within_days[3].probability, None, "nobody was watched for 180 days");
}

#[test]
fn deals_without_usable_dates_are_left_out_by_reason() {
    let rows = [
        (Outcome::Open, NAN, NAN),
        (Outcome::Won, NAN, 3.0),
        (Outcome::Won, 1.0, NAN),
        (Outcome::Lost, 5.0, 4.0),
        (Outcome::Open, 101.0, NAN),
        (Outcome::Lost, 5.0, 5.0),
    ];
    let result = plain(&crm(deals(&rows)));
    let reasons: Vec<(&str, u64, &[u32])> = result
        .meta
        .rows_left_out
        .iter()
        .map(|left_out| (left_out.reason.as_str(), left_out.count, left_out.example_lines.as_slice()))
        .collect();
    assert_eq!(
        reasons,
        [
            ("no_created_date", 2, [2, 3].as_slice()),
            ("no_close_date", 1, &[4]),
            ("closed_before_created", 1, &[5]),
            ("created_after_as_of", 1, &[6]),
        ]
    );
    assert_eq!(result.cycle.expect("one deal").duration.n, 1.0);
    assert!(plain(&crm(deals(&rows[..3]))).cycle.is_none());
}

#[test]
fn unknown_outcomes_give_no_win_rate() {
    let result = plain(&crm(deals(&[(Outcome::Closed, 0.0, 10.0), (Outcome::Open, 0.0, NAN)])));
    let cycle = result.cycle.expect("dates");
    assert_eq!(cycle.outcomes.causes.len(), 1);
    assert_eq!(cycle.outcomes.causes[0].cause, "closed");
    assert!(cycle.won_share_of_closed.is_none() && cycle.won_share_of_all.is_none());
    assert!(cycle.won_within_days.iter().all(|within| within.probability.is_none()));
}

#[test]
fn current_counts_deals_and_amounts_by_stage() {
    let rows = [(Outcome::Open, 0.0, NAN), (Outcome::Won, 0.0, 1.0), (Outcome::Open, 0.0, NAN)];
    let current = plain(&crm(deals(&rows))).current;
    assert_eq!(current.len(), 2);
    let open = &current[0];
    assert_eq!(
        (open.stage.as_str(), open.deals, open.open, open.amount, open.without_amount),
        ("Open", 2.0, 2.0, 10.0, 1.0)
    );
    assert_eq!((current[1].won, current[1].amount), (1.0, 10.0));
}

#[test]
fn filter_keeps_deals_of_one_value() {
    let rows = [(Outcome::Won, 0.0, 1.0), (Outcome::Lost, 0.0, 2.0), (Outcome::Won, 0.0, 3.0)];
    let crm = crm(deals(&rows));
    let with = |column: Option<&str>, value: Option<&str>| {
        let options = FunnelOptions {
            filter_column: column.map(String::from),
            filter_value: value.map(String::from),
            ..FunnelOptions::default()
        };
        run(&crm, &options)
    };
    let won = |result: Result<FunnelResult>| result.expect("deals").counts.won;
    assert_eq!(won(with(Some("owner"), Some("Ada"))), 2.0);
    assert_eq!(won(with(Some("owner"), Some("Bo"))), 0.0);
    assert_eq!(won(with(Some("stage"), Some("Won"))), 2.0);
    assert_eq!(won(with(Some("size"), Some("2"))), 1.0);
    let code = |result: Result<FunnelResult>| result.expect_err("refused").code();
    assert_eq!(code(with(Some("colour"), Some("red"))), "unknown_column");
    assert_eq!(code(with(Some("owner"), Some("Eve"))), "too_few");
    assert_eq!(code(with(Some("size"), Some("big"))), "too_few");
    assert_eq!(code(with(Some("owner"), None)), "invalid_option");
    assert_eq!(code(with(None, Some("Ada"))), "invalid_option");
}

#[test]
fn refuses_what_it_cannot_answer() {
    let code = |crm: &Crm, options: FunnelOptions| run(crm, &options).expect_err("refused").code();
    assert_eq!(code(&Crm::default(), FunnelOptions::default()), "missing_table");
    assert_eq!(code(&crm(Deals::default()), FunnelOptions::default()), "too_few");
    let one = crm(deals(&[(Outcome::Won, 0.0, 1.0)]));
    assert_eq!(code(&one, FunnelOptions { confidence: 1.0, ..FunnelOptions::default() }), "invalid_option");
    for days in [0.0, -1.0, NAN, f64::INFINITY] {
        assert_eq!(
            code(&one, FunnelOptions { horizon_days: Some(days), ..FunnelOptions::default() }),
            "invalid_option"
        );
    }
    let typo: Result<FunnelOptions> = crate::meta::options(r#"{"horizon": 3}"#);
    assert_eq!(typo.expect_err("unknown name").code(), "invalid_option");
}

/// (deal, stage, ordinal, entered, exited, exit, next stage), days.
type Stay = (u32, u32, u32, f64, f64, Exit, u32);

fn with_history(rows: &[(Outcome, f64, f64)], stays: &[Stay]) -> Crm {
    let mut crm = crm(deals(rows));
    crm.passages = Some(Passages {
        deal: stays.iter().map(|stay| stay.0).collect(),
        stage: stays.iter().map(|stay| stay.1).collect(),
        ordinal: stays.iter().map(|stay| stay.2).collect(),
        entered: stays.iter().map(|stay| stay.3 * DAY).collect(),
        exited: stays.iter().map(|stay| stay.4 * DAY).collect(),
        exit: stays.iter().map(|stay| stay.5).collect(),
        next_stage: stays.iter().map(|stay| stay.6).collect(),
        delayed_entry: Vec::new(),
        stages: ["Call", "Offer", "Contract"].map(String::from).into(),
    });
    crm
}

const NO: u32 = u32::MAX;

fn three_deals() -> Crm {
    with_history(
        &[(Outcome::Won, 0.0, 9.0), (Outcome::Lost, 0.0, 7.0), (Outcome::Open, 0.0, NAN)],
        &[
            (0, 0, 0, 0.0, 1.0, Exit::Moved, 1),
            (0, 1, 0, 1.0, 9.0, Exit::Won, NO),
            (1, 0, 0, 0.0, 2.0, Exit::Moved, 1),
            (1, 1, 0, 2.0, 3.0, Exit::Moved, 0),
            (1, 0, 1, 3.0, 7.0, Exit::Lost, NO),
            (2, 0, 0, 0.0, 100.0, Exit::Censored, NO),
        ],
    )
}

#[test]
fn stages_count_stays_exits_and_conversion() {
    let result = plain(&three_deals());
    assert_eq!(result.source, FunnelSource::History);
    let call = &result.stages[0];
    assert_eq!((call.passages, call.deals, call.deals_with_reentry), (4.0, 3.0, 1.0));
    assert_eq!((call.left, call.still_here), (3.0, 1.0));
    let exits = call.exits.as_ref().expect("exits");
    let causes: Vec<(&str, f64, f64)> =
        exits.causes.iter().map(|cause| (cause.cause.as_str(), cause.events, cause.last)).collect();
    assert_eq!(causes, [("lost", 1.0, 0.25), ("stage:Offer", 2.0, 0.5)]);
    let conversion = call.conversion.expect("asked for");
    assert_eq!((conversion.visited.deals, conversion.reached.deals), (3.0, 3.0));
    assert!(conversion.reached.of_first.is_none() && conversion.reached.of_previous.is_none());
    let contract = &result.stages[2];
    assert!(contract.duration.is_none());
    let Conversion { of_previous, of_first, .. } = contract.conversion.expect("asked for").reached;
    assert_eq!(of_previous.map(|share| (share.value, share.n)), Some((0.5, 2.0)));
    assert_eq!(of_first.map(|share| share.n), Some(3.0));
    assert_eq!(result.transitions.counts.0, [0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn weight_three_equals_three_rows_of_everything() {
    let (mut weighted, mut repeated) = (three_deals(), three_deals());
    weighted.deals.as_mut().expect("deals").weight = vec![3.0; 3];
    let (once, once_stays) = (repeated.deals.clone().expect("deals"), repeated.passages.clone().expect("passages"));
    let (deals, stays) = (repeated.deals.as_mut().expect("deals"), repeated.passages.as_mut().expect("passages"));
    for copy in 1..3 {
        deals.row.extend(&once.row);
        deals.created.extend(&once.created);
        deals.outcome.extend(&once.outcome);
        deals.closed.extend(&once.closed);
        deals.amount.extend(&once.amount);
        deals.stage.codes.extend(&once.stage.codes);
        deals.owner.codes.extend(&once.owner.codes);
        deals.weight.extend(&once.weight);
        stays.deal.extend(once_stays.deal.iter().map(|deal| deal + 3 * copy));
        stays.stage.extend(&once_stays.stage);
        stays.ordinal.extend(&once_stays.ordinal);
        stays.entered.extend(&once_stays.entered);
        stays.exited.extend(&once_stays.exited);
        stays.exit.extend(&once_stays.exit);
        stays.next_stage.extend(&once_stays.next_stage);
        stays.delayed_entry.extend(&once_stays.delayed_entry);
    }
    let options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
    let json = |crm: &Crm| serde_json::to_value(run(crm, &options).expect("deals")).expect("serialises");
    assert_alike(&json(&weighted), &json(&repeated), "result");
}

/// Equal but for the last digits of numbers.
#[track_caller]
fn assert_alike(a: &serde_json::Value, b: &serde_json::Value, what: &str) {
    use serde_json::Value;
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().expect("a number"), y.as_f64().expect("a number"));
            assert!((x - y).abs() <= 1e-9 * x.abs().max(y.abs()).max(1e-3), "{what}: {x} {y}");
        }
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len(), "{what}");
            x.iter().zip(y).enumerate().for_each(|(at, (x, y))| assert_alike(x, y, &format!("{what}[{at}]")));
        }
        (Value::Object(x), Value::Object(y)) => {
            assert_eq!(x.len(), y.len(), "{what}");
            x.iter().for_each(|(name, x)| assert_alike(x, &y[name], &format!("{what}.{name}")));
        }
        _ => assert_eq!(a, b, "{what}"),
    }
}

/// Every name in `value`, at any depth.
fn names(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            into.extend(object.keys().cloned());
            object.values().for_each(|value| names(value, into));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| names(value, into)),
        _ => {}
    }
}

#[test]
fn result_has_the_names_of_the_contract_and_no_nan() {
    let options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
    let result = run(&three_deals(), &options).expect("deals");
    let json = serde_json::to_value(&result).expect("serialises");
    let contract = include_str!("../types.d.ts");
    let mut all = Vec::new();
    names(&json, &mut all);
    for name in all.iter().filter(|name| !json["meta"]["options"].as_object().is_some_and(|o| o.contains_key(*name))) {
        assert!(contract.contains(&format!("{name}:")), "{name} is not in types.d.ts");
    }
    for name in json["meta"]["options"].as_object().expect("options").keys() {
        assert!(contract.contains(&format!("{name}?:")), "{name} is not in types.d.ts");
    }
    for curve in [&json["cycle"]["duration"], &json["stages"][0]["duration"]] {
        for bulk in ["timeDays", "atRisk", "survival", "standardError", "low", "high"] {
            assert!(curve[bulk].as_array().expect("bulk").iter().all(|value| value.is_number()), "{bulk}");
        }
    }
}

#[test]
fn long_curves_are_thinned_without_losing_events() {
    let rows: Vec<(Outcome, f64, f64)> = (0..7_001).map(|row| (Outcome::Won, 0.0, 0.01 * f64::from(row))).collect();
    let result = plain(&crm(deals(&rows)));
    let cycle = result.cycle.expect("dates");
    let curve = &cycle.duration;
    assert_eq!((curve.time_days.0.len(), cycle.outcomes.time_days.0.len()), (2_000, 2_000));
    assert_eq!(curve.event_count.0.iter().sum::<f64>(), 7_001.0);
    assert_eq!(curve.time_days.0.last(), Some(&curve.last_days));
    assert_eq!(curve.quantiles[1].days, Some(35.0));
}

#[test]
fn delayed_entry_takes_unseen_time_out_of_the_risk_set() {
    let mut crm = three_deals();
    let stays = crm.passages.as_mut().expect("passages");
    stays.delayed_entry = vec![0.0; stays.len()];
    stays.delayed_entry[5] = 1.5 * DAY;
    stays.delayed_entry[1] = 9.0 * DAY;
    stays.exited[3] = 0.0;
    let result = plain(&crm);
    let call = result.stages[0].duration.as_ref().expect("stays");
    assert_eq!(
        (call.time_days.0.as_slice(), call.at_risk.0.as_slice()),
        ([1.0, 2.0, 4.0].as_slice(), [3.0, 3.0, 2.0].as_slice())
    );
    let reasons: Vec<&str> = result.meta.rows_left_out.iter().map(|left_out| left_out.reason.as_str()).collect();
    assert_eq!(reasons, ["exited_before_entered", "exited_before_observed"]);
}

#[test]
fn periods_are_contiguous_and_hold_every_creation_win_and_loss() {
    // Day 0 is 1 January 1970; day 31 and 59 begin February and March, as_of is day 100, in April.
    let rows = [
        (Outcome::Won, 0.0, 40.0),
        (Outcome::Won, 1.0, 98.0),
        (Outcome::Lost, 30.99, 99.0),
        (Outcome::Open, 90.0, NAN),
        (Outcome::Open, 101.0, NAN),
        (Outcome::Closed, NAN, 50.0),
    ];
    let periods = plain(&crm(deals(&rows))).periods.expect("dates");
    assert_eq!(periods.start_day.0, [0.0, 31.0, 59.0, 90.0, 120.0]);
    assert_eq!((periods.created.0, periods.won.0), (vec![3.0, 0.0, 0.0, 1.0], vec![0.0, 1.0, 0.0, 1.0]));
    assert_eq!((periods.lost.0, periods.won_amount.0), (vec![0.0, 0.0, 0.0, 1.0], vec![0.0, 0.0, 0.0, 10.0]));
    assert_eq!((periods.won_without_amount.0, periods.last_is_partial), (vec![0.0, 1.0, 0.0, 0.0], true));
    assert_eq!(periods.earlier, 0.0);
}

#[test]
fn periods_follow_the_calendar_and_the_zone_of_the_user() {
    let mut crm = crm(deals(&[(Outcome::Open, 79.9, NAN), (Outcome::Open, 80.0, NAN)]));
    let of = |crm: &Crm, calendar| {
        let options = FunnelOptions { calendar, ..FunnelOptions::default() };
        run(crm, &options).expect("usable deals").periods.expect("dates")
    };
    // Nowruz 1349 was 21 March 1970, day 79: both deals are in Farvardin.
    assert_eq!(of(&crm, Some(Calendar::Jalali)).start_day.0, [79.0, 110.0]);
    crm.time.zone = TimeZone::fixed(-1080).expect("valid");
    let west = of(&crm, Some(Calendar::Jalali));
    assert_eq!((west.start_day.0, west.created.0), (vec![79.0, 110.0], vec![2.0]));
    crm.deals = Some(deals(&[(Outcome::Open, 79.5, NAN)]));
    assert_eq!(of(&crm, Some(Calendar::Jalali)).start_day.0, [50.0, 79.0, 110.0]);
    crm.time.periods.calendar = Calendar::Jalali;
    assert_eq!(of(&crm, None), of(&crm, Some(Calendar::Jalali)));
}

#[test]
fn of_very_many_periods_the_newest_are_shown_and_the_rest_counted() {
    let mut crm = crm(deals(&[(Outcome::Won, -5000.0, -4000.0), (Outcome::Open, 99.0, NAN)]));
    let options = FunnelOptions { period: Period::Day, ..FunnelOptions::default() };
    let periods = run(&crm, &options).expect("usable deals").periods.expect("dates");
    assert_eq!((periods.created.0.len(), periods.start_day.0[600], periods.earlier), (600, 101.0, 2.0));
    assert_eq!((periods.created.0.iter().sum::<f64>(), periods.won_amount.0.iter().sum::<f64>()), (1.0, 0.0));
    crm.as_of = f64::NAN;
    assert_eq!(run(&crm, &options).map(|result| result.periods), Ok(None));
}

#[test]
fn working_hours_replace_elapsed_time_in_cycle_and_stages() {
    let mut crm = three_deals();
    let elapsed = plain(&crm);
    crm.time.working = Some(WorkingClock::new(&[0, 1, 2, 3, 4, 5, 6], 0, 720, &[]).expect("valid"));
    let mornings = plain(&crm);
    assert_eq!((elapsed.working_day_hours, mornings.working_day_hours), (None, Some(12.0)));
    // All instants are midnights: as many mornings pass as days.
    assert_eq!((&elapsed.cycle, &elapsed.stages), (&mornings.cycle, &mornings.stages));
    crm.time.working = Some(WorkingClock::new(&[4, 5], 540, 1020, &[]).expect("valid"));
    let two_days_a_week = plain(&crm);
    let days = |result: &FunnelResult| result.cycle.as_ref().map(|cycle| cycle.duration.last_days).expect("dates");
    // Day 0 was a Thursday: days 0 and 1 of each week work, thirty of one hundred.
    assert_eq!((days(&elapsed), days(&two_days_a_week)), (100.0, 30.0));
}

#[test]
fn instants_at_the_end_of_time_have_no_period_and_do_no_harm() {
    let far = 1e8;
    for (created, closed, as_of) in [(-far, far, far), (far, far, far), (-far, -far, -far), (0.0, far, f64::INFINITY)] {
        let mut crm = crm(deals(&[(Outcome::Won, created, closed), (Outcome::Won, created, closed)]));
        crm.as_of = as_of * DAY;
        for period in [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::FiscalYear] {
            for calendar in [Calendar::Gregorian, Calendar::Jalali, Calendar::UmmAlQura] {
                let options = FunnelOptions { period, calendar: Some(calendar), ..FunnelOptions::default() };
                let periods = run(&crm, &options).expect("usable deals").periods.expect("dates");
                assert!((1..=600).contains(&periods.created.0.len()), "{period:?} {calendar:?}");
            }
        }
    }
}

/// Ada's deals take a tenth of the time of Bo's.
fn fast_and_slow(n: u32) -> Crm {
    let days = |deal: u32| f64::from(1 + deal % 9) * [1.0, 10.0][deal as usize % 2];
    let rows: Vec<(Outcome, f64, f64)> = (0..n)
        .map(|deal| if deal % 3 == 0 { (Outcome::Lost, 0.0, days(deal)) } else { (Outcome::Won, 0.0, days(deal)) })
        .collect();
    let stays: Vec<Stay> = (0..n)
        .flat_map(|deal| {
            let (half, end) = (0.5 * days(deal), if deal % 3 == 0 { Exit::Lost } else { Exit::Won });
            [(deal, 0, 0, 0.0, half, Exit::Moved, 1), (deal, 1, 0, half, 2.0 * half, end, NO)]
        })
        .collect();
    with_history(&rows, &stays)
}

#[test]
fn groups_stand_side_by_side_with_adjusted_tests() {
    let options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
    let result = run(&fast_and_slow(90), &options).expect("deals");
    let groups = result.groups.expect("asked for");
    let names: Vec<Option<&str>> = groups.groups.iter().map(|group| group.name.as_deref()).collect();
    assert_eq!(names, [Some("Ada"), Some("Bo")]);
    assert_eq!(groups.stages.len(), 2 * 3);
    let medians: Vec<Option<f64>> = groups.stages.iter().map(|stage| stage.median_days).collect();
    assert!(medians[0] < medians[1] && medians[2] < medians[3] && medians[4].is_none());
    let log_rank: Vec<&GroupTest> = groups.tests.iter().filter(|test| test.test == "log_rank").collect();
    assert_eq!(
        log_rank.iter().map(|test| test.stage.as_deref()).collect::<Vec<_>>(),
        [None, Some("Call"), Some("Offer")]
    );
    for test in &groups.tests {
        assert!(test.result.p <= test.adjusted_p && test.adjusted_p <= 1.0);
    }
    assert!(log_rank.iter().all(|test| test.adjusted_p < 1e-6));
    let of = |group: &GroupResult| (group.counts.won + group.counts.lost, group.is_small);
    assert_eq!(groups.groups.iter().map(of).collect::<Vec<_>>(), [(45.0, false), (45.0, false)]);
    assert!(groups.rest.is_none());
}

#[test]
fn groups_beyond_the_largest_are_named_and_left_out_of_tests() {
    let with = |column: &str, most_groups| {
        let options = FunnelOptions { group_by: Some(column.into()), most_groups, ..FunnelOptions::default() };
        run(&fast_and_slow(31), &options)
    };
    let groups = with("size", 2).expect("deals").groups.expect("asked for");
    assert_eq!(groups.groups.iter().map(|group| group.deals).collect::<Vec<_>>(), [11.0, 10.0]);
    let rest = groups.rest.expect("a third group");
    assert_eq!((rest.groups, rest.deals, rest.names), (1, 10.0, vec![Some("2".to_owned())]));
    assert!(groups.tests.iter().all(|test| test.result.degrees_of_freedom == 1));
    assert_eq!(
        with("period", 30).expect("deals").groups.expect("asked for").groups[0].name.as_deref(),
        Some("1970-01-01")
    );
    assert_eq!(with("colour", 30).expect_err("no such column").code(), "unknown_column");
    assert_eq!(with("owner", 1).expect_err("one group").code(), "invalid_option");
}

#[test]
fn transitions_and_exit_kinds_tell_the_same() {
    let result = plain(&three_deals());
    let transitions = &result.transitions;
    assert_eq!((transitions.skips, transitions.backs, transitions.deals_with_back), (0.0, 1.0, 1.0));
    assert_eq!((&transitions.won.0[..], &transitions.lost.0[..]), (&[0.0, 1.0, 0.0][..], &[1.0, 0.0, 0.0][..]));
    assert_eq!(transitions.still_here.0, [1.0, 0.0, 0.0]);
    let kinds = |stage: usize| -> Vec<(String, f64)> {
        let kinds = result.stages[stage].exit_kinds.as_ref().expect("ended");
        kinds.causes.iter().map(|cause| (cause.cause.clone(), cause.events)).collect()
    };
    assert_eq!(kinds(0), [("next".to_owned(), 2.0), ("lost".to_owned(), 1.0)]);
    assert_eq!(kinds(1), [("back".to_owned(), 1.0), ("won".to_owned(), 1.0)]);
    let call = &result.stages[0];
    assert_eq!(call.first_pass.as_ref().map(|summary| summary.n), Some(3.0));
    assert_eq!(call.reentry.as_ref().and_then(|summary| summary.finished_mean_days), Some(4.0));
}

#[test]
fn variants_are_the_paths_by_how_many_take_them() {
    let variants = plain(&three_deals()).variants.expect("a history");
    let top: Vec<(&[u32], f64, f64)> =
        variants.top.iter().map(|variant| (variant.path.0.as_slice(), variant.won, variant.open)).collect();
    assert_eq!(top.len(), 3);
    assert!(top.contains(&([0, 1].as_slice(), 1.0, 0.0)) && top.contains(&([0, 1, 0].as_slice(), 0.0, 0.0)));
    assert_eq!((variants.distinct, variants.deals, variants.other_deals), (3, 3.0, 0.0));
    let options = FunnelOptions { most_variants: 1, ..FunnelOptions::default() };
    let one = run(&three_deals(), &options).expect("deals").variants.expect("a history");
    assert_eq!((one.top.len(), one.distinct, one.other_deals), (1, 3, 2.0));
}

#[test]
fn conversion_has_three_definitions_by_count_and_value() {
    let stages = plain(&three_deals()).stages;
    let offer = stages[1].conversion.expect("asked for");
    // Deals 0 and 1 were in Offer; deal 0 has no amount, deals 1 and 2 have 10.
    assert_eq!(offer.visited.of_first.map(|share| (share.value, share.n)), Some((2.0 / 3.0, 3.0)));
    assert_eq!((offer.visited.value, offer.visited.without_value), (10.0, 1.0));
    assert_eq!(offer.visited.value_of_first.map(|share| (share.value, share.n)), Some((0.5, 2.0)));
    // The open one is no drop-out: two of the three got there by day 2, none was lost before.
    let eventual = offer.eventual.of_first.expect("a stage before");
    assert!((eventual.value - 2.0 / 3.0).abs() < 1e-15);
    let contract = stages[2].conversion.expect("asked for");
    assert_eq!((contract.visited.deals, contract.reached.deals), (0.0, 1.0), "won counts as reached");
    let contract = contract.eventual.of_previous.expect("a stage before");
    assert_eq!((contract.value, contract.n), (0.5, 2.0));
}

#[test]
fn regrouping_is_the_funnel_afresh() {
    let simulated = crate::simulate::simulate(&crate::simulate::SimulateOptions { deals: 600, ..Default::default() });
    let simulated = simulated.expect("valid options");
    let sources = vec![
        (Some(crate::crm::TableKind::Deals), crate::read::Source::from(simulated.deals)),
        (Some(crate::crm::TableKind::History), crate::read::Source::from(simulated.history)),
    ];
    let crm = crate::crm::load(sources, &Default::default()).expect("usable").crm;
    let options = |group_by: Option<&str>| FunnelOptions { group_by: group_by.map(String::from), ..Default::default() };
    let mut before = plain(&crm);
    for column in [Some("source"), Some("period"), None, Some("owner")] {
        let options = options(column);
        let found = regrouped(&crm, &options, Some(&before), &mut Progress::none()).expect("usable deals");
        assert_eq!(found, run(&crm, &options).expect("usable deals"), "{column:?}");
        before = found;
    }
    // What was asked for of another question is not taken.
    let owner = crm.deals.as_ref().and_then(|deals| deals.owner.get(0)).map(String::from);
    let of_owner =
        FunnelOptions { filter_column: Some("owner".into()), filter_value: owner, ..FunnelOptions::default() };
    let narrow = FunnelOptions { confidence: 0.5, ..FunnelOptions::default() };
    let some = FunnelOptions { parts: Some(vec![FunnelPart::Cycle]), ..FunnelOptions::default() };
    for other in [of_owner, narrow, some] {
        let found = regrouped(&crm, &other, Some(&before), &mut Progress::none()).expect("usable deals");
        assert_eq!(found, run(&crm, &other).expect("usable deals"));
        let back = regrouped(&crm, &options(None), Some(&found), &mut Progress::none()).expect("usable deals");
        assert_eq!(back, plain(&crm));
    }
}

/// A million simulated deals, loaded without files. Figures are in the head of the function's output.
#[test]
#[ignore = "a measurement: cargo test --release --lib regrouping -- --ignored --nocapture"]
fn regrouping_a_million_deals() {
    use crate::crm::{LoadOptions, TableKind, load};
    use crate::read::Source;
    let simulated =
        crate::simulate::simulate(&crate::simulate::SimulateOptions { deals: 1_000_000, ..Default::default() });
    let simulated = simulated.expect("valid options");
    let start = std::time::Instant::now();
    let sources = vec![
        (Some(TableKind::Deals), Source::from(simulated.deals)),
        (Some(TableKind::History), Source::from(simulated.history)),
    ];
    let crm = load(sources, &LoadOptions::default()).expect("usable").crm;
    println!(
        "load without reading {:?}, {} passages",
        start.elapsed(),
        crm.passages.as_ref().expect("a history").len()
    );
    let first = start.elapsed();
    let before = plain(&crm);
    for column in [None, Some("owner"), Some("source"), Some("product"), Some("size"), Some("period")] {
        let column = column.filter(|column| *column != "size");
        let mut options = FunnelOptions { group_by: column.map(String::from), ..FunnelOptions::default() };
        for parts in [None, None, None, None, None, Some(vec![FunnelPart::Groups])] {
            options.parts = parts;
            let start = std::time::Instant::now();
            let result = regrouped(&crm, &options, Some(&before), &mut Progress::none()).expect("deals");
            let (taken, tests) = (start.elapsed(), result.groups.map_or(0, |groups| groups.tests.len()));
            let share = taken.as_secs_f64() / first.as_secs_f64();
            println!("{column:?}, {:?}: {taken:?}, {share:.3} of loading; {tests} tests", options.parts);
        }
    }
}

#[test]
fn durations_are_kept_and_not_used_for_another_clock() {
    let mut crm = fast_and_slow(20);
    let before = plain(&crm);
    assert_eq!(plain(&crm), before);
    crm.as_of = 200.0 * DAY;
    crm.time.working = Some(WorkingClock::new(&[4], 0, 720, &[]).expect("valid"));
    let mut afresh = crm.clone();
    afresh.kept = crate::crm::KeptDurations::default();
    assert_eq!(plain(&crm), plain(&afresh));
    assert_ne!(plain(&crm).cycle, before.cycle);
}
