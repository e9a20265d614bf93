use super::*;
use crate::stats::rng::{below, seeded, uniform};
use crate::table::Texts;
use crate::time::DAY_MS;

fn attribute(name: &str, role: Option<&str>, values: Values) -> Attribute {
    Attribute { name: name.into(), role: role.map(str::to_owned), values }
}

/// Deals with a source that decides half of it and a size that decides nothing; every tenth is open.
fn crm(n: usize, seed: u32) -> Crm {
    let mut rng = seeded(seed, 0);
    let source: Vec<u32> = (0..n).map(|_| below(&mut rng, 3)).collect();
    let outcome: Vec<Outcome> = source
        .iter()
        .enumerate()
        .map(|(i, source)| match (i % 10, uniform(&mut rng) < [0.2, 0.5, 0.8][*source as usize]) {
            (9, _) => Outcome::Open,
            (_, true) => Outcome::Won,
            (_, false) => Outcome::Lost,
        })
        .collect();
    let size: Vec<f64> = (0..n).map(|i| if i % 7 == 0 { f64::NAN } else { uniform(&mut rng) * 100.0 }).collect();
    let seen: Vec<f64> = (0..n).map(|i| i as f64 * DAY_MS).collect();
    let names = ["Cold call", "Web", "Referral"];
    let missing = || (0..n).map(|_| None::<&str>).collect::<Texts>();
    let deals = Deals {
        id: (0..n).map(|i| Some(i.to_string())).collect(),
        row: (0..n as u32).collect(),
        created: seen.clone(),
        closed: (0..n).map(|i| if outcome[i] == Outcome::Open { f64::NAN } else { (i + 9) as f64 * DAY_MS }).collect(),
        outcome,
        amount: size.clone(),
        stage: missing(),
        owner: missing(),
        weight: vec![1.0; n],
        attributes: vec![
            attribute(
                "Source",
                Some("source"),
                Values::Texts(source.iter().map(|at| Some(names[*at as usize])).collect()),
            ),
            attribute("size", None, Values::Numbers(size)),
            attribute("seen", None, Values::Instants(seen)),
        ],
    };
    Crm { deals: Some(deals), as_of: (n + 20) as f64 * DAY_MS, ..Crm::default() }
}

fn rule(column: &str, operator: Operator, value: RuleValue, points: f64) -> Rule {
    Rule { column: column.into(), operator, value, points }
}

fn text(value: &str) -> RuleValue {
    RuleValue::Text(value.into())
}

fn run(crm: &Crm, rules: Vec<Rule>) -> RuleScores {
    let options = RuleOptions { rules: Some(rules), ..RuleOptions::default() };
    rule_scores(crm, &options, &mut Progress::none()).expect("scores")
}

#[test]
fn every_operator_hits_what_it_says() {
    let crm = crm(50, 1);
    let deals = crm.deals.as_ref().expect("deals");
    let (size, source) = match (&deals.attributes[1].values, &deals.attributes[0].values) {
        (Values::Numbers(size), Values::Texts(source)) => (size, source),
        _ => panic!("as made above"),
    };
    let number = RuleValue::Number;
    let between = RuleValue::Many(vec![number(60.0), number(20.0)]);
    let two = RuleValue::Many(vec![text("web"), text("REFERRAL ")]);
    let day = |day: f64| day * DAY_MS;
    type Holds<'a> = Box<dyn Fn(usize) -> bool + 'a>;
    let cases: Vec<(Rule, Holds<'_>)> = vec![
        (rule("size", Operator::Less, number(50.0), 1.0), Box::new(|i| size[i] < 50.0)),
        (rule("size", Operator::AtMost, text("50"), 1.0), Box::new(|i| size[i] <= 50.0)),
        (rule("size", Operator::Greater, number(50.0), 1.0), Box::new(|i| size[i] > 50.0)),
        (rule("size", Operator::AtLeast, number(size[3]), 1.0), Box::new(|i| size[i] >= size[3])),
        (rule("size", Operator::Equal, number(size[3]), 1.0), Box::new(|i| size[i] == size[3])),
        (rule("size", Operator::NotEqual, number(size[3]), 1.0), Box::new(|i| size[i] != size[3])),
        (rule("size", Operator::Between, between, 1.0), Box::new(|i| (20.0..=60.0).contains(&size[i]))),
        (rule("size", Operator::IsEmpty, RuleValue::None, 1.0), Box::new(|i| size[i].is_nan())),
        (rule("source", Operator::In, two, 1.0), Box::new(|i| source.get(i) != Some("Cold call"))),
        (rule("Source", Operator::Equal, text("cold CALL"), 1.0), Box::new(|i| source.get(i) == Some("Cold call"))),
        (rule("Source", Operator::NotEqual, text("Web"), 1.0), Box::new(|i| source.get(i) != Some("Web"))),
        (rule("seen", Operator::AtLeast, text("1970-01-11"), 1.0), Box::new(|i| day(i as f64) >= day(10.0))),
    ];
    for (rule, holds) in cases {
        let hit = hits(deals, &rule, &crm.time).expect("a rule that fits");
        for (i, hit) in hit.into_iter().enumerate() {
            assert_eq!(hit, holds(i), "{rule:?} {i}");
        }
    }
}

#[test]
fn rules_that_do_nothing_say_why_and_the_others_count() {
    let number = RuleValue::Number;
    let result = run(
        &crm(100, 2),
        vec![
            rule("budget", Operator::Greater, number(1.0), 5.0),
            rule("Source", Operator::Less, text("Web"), 5.0),
            rule("size", Operator::Equal, text("large"), 5.0),
            rule("size", Operator::Between, number(1.0), 5.0),
            rule("size", Operator::Greater, number(1e9), 5.0),
            rule("Source", Operator::Equal, text("web"), 5.0),
            rule("size", Operator::IsEmpty, RuleValue::None, -2.0),
        ],
    );
    use RuleProblem::{HitsNone, UnfitValue, UnknownColumn};
    let problems: Vec<Option<RuleProblem>> = result.rules.iter().map(|hits| hits.problem).collect();
    let unfit = Some(UnfitValue);
    assert_eq!(problems, [Some(UnknownColumn), unfit, unfit, unfit, Some(HitsNone), None, None]);
    assert!(result.score.0.iter().all(|score| [0.0, 5.0, -2.0, 3.0].contains(score)));
    assert!(result.score.0.contains(&5.0));
}

#[test]
fn good_rules_beat_chance_on_the_hold_out_and_agree_with_the_model_and_bad_ones_do_neither() {
    let crm = crm(3000, 3);
    let good = run(
        &crm,
        vec![
            rule("Source", Operator::Equal, text("Referral"), 10.0),
            rule("Source", Operator::Equal, text("Cold call"), -10.0),
        ],
    );
    let test = good.test.expect("enough deals");
    assert!(test.rules.low > 0.7 && (test.rules.value - test.model.value).abs() < 0.03, "{test:?}");
    assert!(good.spearman.is_some_and(|agreement| agreement > 0.9));
    assert!(good.kendall.is_some_and(|agreement| agreement > 0.8));
    assert_eq!(good.bands.iter().map(|band| band.low).collect::<Vec<f64>>(), [-10.0, 0.0, 10.0]);
    let rates: Vec<f64> = good.bands.iter().filter_map(|band| band.observed).map(|rate| rate.value).collect();
    assert!(rates[0] < 0.3 && (0.4..0.6).contains(&rates[1]) && rates[2] > 0.7, "{rates:?}");
    let bad = run(&crm, vec![rule("size", Operator::Greater, RuleValue::Number(50.0), 10.0)]);
    let test = bad.test.expect("enough deals");
    assert!(test.rules.low < 0.5 && test.rules.high > 0.5 && test.model.low > 0.7, "{test:?}");
    assert!(bad.kendall.is_some_and(|agreement| agreement.abs() < 0.2));
}

#[test]
fn bands_hold_about_a_tenth_each_and_all_deals_together() {
    let mut crm = crm(1000, 4);
    let deals = crm.deals.as_mut().expect("deals");
    let score: Vec<f64> = (0..1000).map(|i| f64::from(i as u32 * 7919 % 613)).collect();
    let all: Vec<usize> = (0..1000).collect();
    let (closed, open): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&i| deals.outcome[i] != Outcome::Open);
    let bands = bands(deals, &score, &closed, &open, Confidence::new(0.95).expect("valid"));
    assert!((8..=10).contains(&bands.len()));
    assert!(bands.windows(2).all(|pair| pair[0].high < pair[1].low));
    let n: f64 = bands.iter().map(|band| band.open + band.observed.map_or(0.0, |rate| rate.n)).sum();
    assert_eq!(n, 1000.0);
}

#[test]
fn rules_come_from_the_mapping_where_the_options_have_none() {
    let mut crm = crm(60, 5);
    let none = |crm: &Crm| rule_scores(crm, &RuleOptions::default(), &mut Progress::none());
    assert_eq!(none(&crm).map_err(|error| error.code()).err(), Some("too_few"));
    crm.rules = vec![rule("size", Operator::IsEmpty, RuleValue::None, 1.0)];
    let result = none(&crm).expect("scores");
    assert_eq!((result.rules.len(), result.test.is_none()), (1, true));
    crm.rules[0].points = f64::NAN;
    assert_eq!(none(&crm).map_err(|error| error.code()).err(), Some("invalid_option"));
    assert_eq!(none(&Crm::default()).map_err(|error| error.code()).err(), Some("missing_table"));
}
