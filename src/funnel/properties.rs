//! What holds for any funnel, and what becomes of degenerate ones.

use super::*;
use crate::crm::{Attribute, Exit};
use crate::stats::rng::seeded;
use crate::table::Values;
use rand::Rng;
use serde_json::Value;

const DAY: f64 = crate::time::DAY_MS;
const AS_OF: f64 = 100.0;
const NO: u32 = u32::MAX;

/// A deal and its stays: (stage, days entered, days left, exit, next stage).
#[derive(Clone)]
pub(super) struct One {
    row: u32,
    created: f64,
    outcome: Outcome,
    closed: f64,
    amount: f64,
    owner: &'static str,
    pub(super) weight: f64,
    watched: f64,
    stays: Vec<(u32, f64, f64, Exit, u32)>,
}

fn one(outcome: Outcome, created: f64, closed: f64, stays: &[(u32, f64, f64, Exit, u32)]) -> One {
    let (amount, owner) = (5.0, "Ada");
    One { row: 0, created, outcome, closed, amount, owner, weight: 1.0, watched: 0.0, stays: stays.to_vec() }
}

const STAGES: u32 = 4;

/// A way through the stages with ties, skips, moves back, holds and delayed entry.
pub(super) fn random_deal(rng: &mut impl Rng, row: u32, stages: u32) -> One {
    let created = f64::from(rng.gen_range(0..90u32));
    let (mut at, mut stage, mut stays) = (created, rng.gen_range(0..stages.min(2)), Vec::new());
    let mut outcome = Outcome::Open;
    while outcome == Outcome::Open {
        let left = at + f64::from(rng.gen_range(0..20u32));
        let (exit, next) = match rng.gen_range(0..10) {
            _ if left >= AS_OF => {
                stays.push((stage, at, AS_OF, Exit::Censored, NO));
                break;
            }
            0 => (Exit::Won, NO),
            1 => (Exit::Lost, NO),
            2 => (Exit::Hold, NO),
            3 if stays.len() > 2 => (Exit::Closed, NO),
            _ => (Exit::Moved, rng.gen_range(0..stages)),
        };
        stays.push((stage, at, left, exit, next));
        outcome = match exit {
            Exit::Won => Outcome::Won,
            Exit::Lost => Outcome::Lost,
            Exit::Hold => Outcome::Hold,
            Exit::Closed => Outcome::Closed,
            Exit::Moved | Exit::Censored => Outcome::Open,
        };
        (at, stage) = (left, if next == NO { stage } else { next });
    }
    let ended = !matches!(outcome, Outcome::Open | Outcome::Hold);
    One {
        row,
        created,
        outcome,
        closed: if ended { at } else { f64::NAN },
        amount: if rng.gen_bool(0.2) { f64::NAN } else { f64::from(rng.gen_range(0..50u32)) },
        owner: ["Ada", "Bo", "Cy"][rng.gen_range(0..3)],
        weight: f64::from(rng.gen_range(0..4u32)),
        watched: if rng.gen_bool(0.3) { f64::from(rng.gen_range(0..9u32)) } else { 0.0 },
        stays,
    }
}

pub(super) fn random_deals(seed: u32) -> Vec<One> {
    let mut rng = seeded(seed, 77);
    (0..rng.gen_range(1..30)).map(|row| random_deal(&mut rng, row, STAGES)).collect()
}

pub(super) fn crm(ones: &[One]) -> Crm {
    let each = |of: &dyn Fn(&One) -> f64| -> Vec<f64> { ones.iter().map(of).collect() };
    let mut passages =
        Passages { stages: (0..STAGES).map(|stage| format!("S{stage}")).collect(), ..Passages::default() };
    for (deal, one) in ones.iter().enumerate() {
        for (at, (stage, entered, left, exit, next)) in one.stays.iter().enumerate() {
            let before = one.stays[..at].iter().filter(|other| other.0 == *stage).count();
            passages.deal.push(deal as u32);
            passages.stage.push(*stage);
            passages.ordinal.push(before as u32);
            passages.entered.push(entered * DAY);
            passages.exited.push(left * DAY);
            passages.exit.push(*exit);
            passages.next_stage.push(*next);
            passages.delayed_entry.push(if at == 0 { one.watched * DAY } else { 0.0 });
        }
    }
    let deals = Deals {
        id: ones.iter().map(|one| Some(one.row.to_string())).collect(),
        row: ones.iter().map(|one| one.row).collect(),
        created: each(&|one| one.created * DAY),
        outcome: ones.iter().map(|one| one.outcome).collect(),
        closed: each(&|one| one.closed * DAY),
        amount: each(&|one| one.amount),
        stage: ones.iter().map(|one| one.stays.last().map(|stay| format!("S{}", stay.0))).collect(),
        owner: ones.iter().map(|one| Some(one.owner)).collect(),
        weight: each(&|one| one.weight),
        attributes: vec![Attribute {
            name: "size".into(),
            role: None,
            values: Values::Numbers(each(&|one| one.amount)),
        }],
    };
    Crm { deals: Some(deals), passages: Some(passages), as_of: AS_OF * DAY, ..Crm::default() }
}

fn run(crm: &Crm) -> Result<Value> {
    let options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
    funnel(crm, &options, &mut Progress::none()).map(|result| serde_json::to_value(result).expect("serialises"))
}

/// Equal but for the last digits of numbers. Lists of rows are another matter.
fn assert_alike(a: &Value, b: &Value, what: &str) {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().expect("a number"), y.as_f64().expect("a number"));
            assert!((x - y).abs() <= 1e-9 * x.abs().max(y.abs()).max(1.0), "{what}: {x} {y}");
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

/// Numbers in bulk are numbers: NaN would stand there as null.
fn assert_no_nan(value: &Value, what: &str) {
    match value {
        Value::Array(list) => {
            let bulk = list.iter().any(Value::is_number) || list.iter().all(Value::is_null) && !list.is_empty();
            assert!(!bulk || what.ends_with("names") || list.iter().all(Value::is_number), "{what}: {value}");
            list.iter().for_each(|value| assert_no_nan(value, what));
        }
        Value::Object(object) => {
            for (name, inner) in object {
                // What cannot be missing by the contract.
                let must =
                    ["value", "low", "high", "n", "deals", "p", "chiSquare", "adjustedP", "survival", "standardError"];
                let of_estimate = object.contains_key("value") && object.contains_key("n");
                assert!(!(inner.is_null() && of_estimate && must.contains(&name.as_str())), "{what}.{name} is null");
                assert_no_nan(inner, &format!("{what}.{name}"));
            }
        }
        _ => {}
    }
}

#[test]
fn weight_three_equals_three_rows_in_a_thousand_funnels() {
    for seed in 0..1_000 {
        let weighted = random_deals(seed);
        let mut repeated = Vec::new();
        for one in &weighted {
            for _ in 0..one.weight as usize {
                repeated.push(One { weight: 1.0, ..one.clone() });
            }
        }
        let (weighted, repeated) = (run(&crm(&weighted)), run(&crm(&repeated)));
        let (Ok(mut weighted), Ok(mut repeated)) = (weighted, repeated) else {
            continue;
        };
        for result in [&mut weighted, &mut repeated] {
            // A list of rows tells of each row.
            result["stuck"]["deals"] = Value::Null;
            result["meta"]["rowsLeftOut"] = Value::Null;
            assert_no_nan(result, "result");
        }
        assert_alike(&weighted, &repeated, &format!("seed {seed}"));
    }
}

#[test]
fn order_of_rows_does_not_matter_in_a_thousand_funnels() {
    for seed in 0..1_000 {
        let deals = random_deals(seed);
        let mut shuffled = deals.clone();
        let mut rng = seeded(seed, 78);
        for place in (1..shuffled.len()).rev() {
            shuffled.swap(place, rng.gen_range(0..=place));
        }
        match (run(&crm(&deals)), run(&crm(&shuffled))) {
            (Ok(mut one), Ok(mut other)) => {
                for result in [&mut one, &mut other] {
                    // By first appearance, as its contract says.
                    result["current"] = Value::Null;
                }
                assert_alike(&one, &other, &format!("seed {seed}"));
            }
            (one, other) => assert_eq!(one, other),
        }
    }
}

#[test]
fn parts_of_every_whole_sum_to_it() {
    for seed in 0..300 {
        let Ok(result) = run(&crm(&random_deals(seed))) else { continue };
        let number = |value: &Value| value.as_f64().expect("a number");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for (at, stage) in list(&result["stages"]).iter().enumerate() {
            for exits in [&stage["exits"], &stage["exitKinds"]] {
                for (time, remaining) in list(&exits["remaining"]).iter().enumerate() {
                    let causes = list(&exits["causes"]);
                    let left: f64 = causes.iter().map(|cause| number(&cause["incidence"][time])).sum();
                    assert!((left + number(remaining) - 1.0).abs() < 1e-12, "seed {seed}");
                }
            }
            let transitions = &result["transitions"];
            let row = (0..STAGES as usize).map(|to| number(&transitions["counts"][at * STAGES as usize + to]));
            let ends = ["won", "lost", "hold", "closed", "stillHere"].map(|name| number(&transitions[name][at]));
            assert_eq!(row.sum::<f64>() + ends.iter().sum::<f64>(), number(&stage["passages"]), "seed {seed}");
            let [visited, reached, eventual] =
                ["visited", "reached", "eventual"].map(|name| &stage["conversion"][name]);
            assert!(number(&visited["deals"]) <= number(&reached["deals"]));
            for share in [visited, reached, eventual].iter().flat_map(|of| [&of["ofFirst"], &of["ofPrevious"]]) {
                if !share.is_null() {
                    let [low, value, high] = ["low", "value", "high"].map(|name| number(&share[name]));
                    assert!(0.0 <= low && low <= value && value <= high && high <= 1.0, "seed {seed}: {share}");
                }
            }
        }
        let groups = &result["groups"];
        let of_groups: f64 = list(&groups["groups"]).iter().map(|group| number(&group["deals"])).sum();
        let counts = result["counts"].as_object().expect("counts");
        assert_eq!(of_groups, counts.values().map(number).sum::<f64>(), "seed {seed}");
        let cohorts: f64 = list(&result["cohorts"]["cohorts"]).iter().map(|cohort| number(&cohort["deals"])).sum();
        let cycle = &result["cycle"]["duration"]["n"];
        assert_eq!(cohorts, if cycle.is_null() { 0.0 } else { number(cycle) }, "seed {seed}");
    }
}

#[test]
fn degenerate_funnels_have_an_answer_or_a_coded_error() {
    let won = one(Outcome::Won, 0.0, 5.0, &[(0, 0.0, 5.0, Exit::Won, NO)]);
    let open = one(Outcome::Open, 0.0, f64::NAN, &[(0, 0.0, AS_OF, Exit::Censored, NO)]);
    let lost = one(Outcome::Lost, 0.0, 7.0, &[(0, 0.0, 3.0, Exit::Moved, 1), (1, 3.0, 7.0, Exit::Lost, NO)]);
    let back = one(
        Outcome::Open,
        0.0,
        f64::NAN,
        &[(3, 0.0, 1.0, Exit::Moved, 2), (2, 1.0, 2.0, Exit::Moved, 1), (1, 2.0, AS_OF, Exit::Censored, NO)],
    );
    let at_once = one(Outcome::Won, 4.0, 4.0, &[(0, 4.0, 4.0, Exit::Moved, 1), (1, 4.0, 4.0, Exit::Won, NO)]);
    let backwards = one(Outcome::Won, 9.0, 2.0, &[(0, 9.0, 2.0, Exit::Won, NO)]);
    let undated = one(Outcome::Won, f64::NAN, f64::NAN, &[]);
    let many = |one: &One| vec![one.clone(); 40];
    let table = [
        ("one won deal", vec![won.clone()]),
        ("one open deal", vec![open.clone()]),
        ("all open", many(&open)),
        ("all lost", many(&lost)),
        ("all won in one stage", many(&won)),
        ("only moves back", many(&back)),
        ("equal times", many(&at_once)),
        ("closed before created", many(&backwards)),
        ("no dates", many(&undated)),
        ("everything", [won, open, lost, back, at_once, backwards, undated].to_vec()),
    ];
    for (what, deals) in &table {
        let result = run(&crm(deals)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_no_nan(&result, what);
    }
    let of = |what: &str| {
        let deals = table.iter().find(|(name, _)| *name == what).map(|(_, deals)| deals).expect("a row");
        let options = FunnelOptions { group_by: Some("owner".into()), ..FunnelOptions::default() };
        funnel(&crm(deals), &options, &mut Progress::none()).expect("deals")
    };
    let all_open = of("all open");
    let share = all_open.stages[1].conversion.and_then(|conversion| conversion.eventual.of_first);
    assert_eq!(share.map(|share| share.value), Some(0.0), "nobody has got there yet");
    assert!(all_open.stuck.thresholds.is_empty() && all_open.stuck.unjudged == 40.0);
    let all_lost = of("all lost");
    assert_eq!(all_lost.velocity.and_then(|velocity| velocity.per_day), None);
    assert_eq!(all_lost.cycle.expect("dates").outcomes.causes[0].last, 0.0);
    assert_eq!(of("only moves back").transitions.backs, 80.0);
    assert_eq!(of("equal times").cycle.expect("dates").duration.quantiles[1].days, Some(0.0));
    let early = of("closed before created");
    assert_eq!(early.meta.rows_left_out.iter().map(|left| left.count).sum::<u64>(), 80, "as cycles and as stays");
    assert!(early.cycle.is_none() && early.stages[0].duration.is_none());

    assert_eq!(run(&crm(&[])).expect_err("no deal").code(), "too_few");
    let mut odd = crm(&random_deals(1));
    odd.as_of = f64::INFINITY;
    assert_no_nan(&run(&odd).expect("deals"), "the end of time");
    odd.as_of = f64::NAN;
    assert_no_nan(&run(&odd).expect("deals"), "no time");
    odd.passages.as_mut().expect("a history").stages = (0..100_000).map(|stage| stage.to_string()).collect();
    assert_eq!(run(&odd).expect_err("no funnel has so many").code(), "too_many");
}

#[test]
fn stuck_deals_are_beyond_nine_of_ten_winners_and_say_how_often_such_deals_are_won() {
    // Winners took 1 to 10 days; of those that took 15 or more, all but one were lost; two are open.
    let mut deals: Vec<One> = (1..=10)
        .map(|days| one(Outcome::Won, 0.0, f64::from(days), &[(0, 0.0, f64::from(days), Exit::Won, NO)]))
        .collect();
    for days in [15.0, 16.0, 17.0] {
        deals.push(one(Outcome::Lost, 0.0, days, &[(0, 0.0, days, Exit::Lost, NO)]));
    }
    deals.push(one(Outcome::Open, 92.0, f64::NAN, &[(0, 92.0, AS_OF, Exit::Censored, NO)]));
    deals.push(one(Outcome::Open, 88.0, f64::NAN, &[(0, 88.0, AS_OF, Exit::Censored, NO)]));
    deals.iter_mut().zip(0..).for_each(|(one, row)| one.row = row);
    let result = funnel(&crm(&deals), &FunnelOptions::default(), &mut Progress::none()).expect("deals");
    let threshold = &result.stuck.thresholds[0];
    assert_eq!((threshold.days, threshold.n, threshold.stage.as_deref()), (9.0, 10.0, Some("S0")));
    let stuck = &result.stuck.deals;
    assert_eq!((stuck.len(), stuck[0].row, stuck[0].age_days, stuck[0].won_after_days), (1, 14, 12.0, 11.25));
    // Still here after 11.25 days: three lost, one open.
    let won = stuck[0].won.expect("such deals ended");
    assert_eq!((won.value, won.n), (0.0, 3.0));
    assert!(won.high > 0.4);
}
