use super::*;
use crate::crm::Crm;
use crate::funnel::properties::{crm, random_deal};
use crate::stats::intervals::Confidence;
use crate::stats::rng::seeded;
use rand::Rng;

/// Deals on random ways through `stages` stages, some seen late, some without an amount; weights are whole numbers or thirds.
fn world(seed: u32, stages: u32, deals: u32) -> Crm {
    let mut rng = seeded(seed, 12);
    let mut ones: Vec<_> = (0..deals).map(|row| random_deal(&mut rng, row, stages)).collect();
    if rng.gen_bool(0.5) {
        ones.iter_mut().for_each(|one| one.weight /= 3.0);
    }
    let mut crm = crm(&ones);
    crm.passages.as_mut().expect("a history").stages = (0..stages).map(|stage| stage.to_string()).collect();
    crm
}

fn with<T>(crm: &Crm, answer: impl Fn(&Journeyed<'_>) -> T) -> T {
    let deals = crm.deals.as_ref().expect("deals");
    let all = || vec![true; deals.len()];
    let used = Used { selected: all() };
    let settings = Settings { confidence: Confidence::new(0.95).expect("valid"), horizon_days: None };
    let passages = crm.passages.as_ref().expect("a history");
    answer(&Journeyed { deals, passages, time: &crm.time, as_of: crm.as_of, used: &used, settings: &settings })
}

fn assert_same(a: Shares, b: Shares, what: &str) {
    for (a, b) in [(a.0, b.0), (a.1, b.1)] {
        assert_eq!(a.is_some(), b.is_some(), "{what}: {a:?} {b:?}");
        let (Some(a), Some(b)) = (a, b) else { continue };
        let close = |x: f64, y: f64, most: f64| (x - y).abs() <= most * x.abs().max(1.0);
        assert!(close(a.value, b.value, 1e-12) && close(a.n, b.n, 1e-12), "{what}: {a:?} {b:?}");
        // The interval's scale multiplies the last digits of a share that is almost none or almost all.
        assert!(close(a.low, b.low, 1e-9) && close(a.high, b.high, 1e-9), "{what}: {a:?} {b:?}");
    }
}

#[test]
fn deal_by_deal_gives_what_stage_by_stage_gives() {
    let mut told = 0;
    for seed in 0..400 {
        let stages = [1, 2, 3, 7, 20, 50][seed as usize % 6];
        let crm = world(seed, stages, 1 + seed % 40);
        let (few, many) = with(&crm, |of| (of.few_stages().expect("finite"), of.many_stages().expect("finite")));
        assert_eq!((few.len(), many.len()), (stages as usize, stages as usize));
        for (to, (few, many)) in few.iter().zip(&many).enumerate() {
            assert_same(few.0, many.0, &format!("seed {seed}, to {to} from the first"));
            assert_same(few.1, many.1, &format!("seed {seed}, to {to} from the one before"));
            told += usize::from(few.0.0.is_some_and(|share| share.value > 0.0 && share.value < 1.0));
        }
    }
    assert!(told > 2000, "{told}");
}

/// The share of journeys between two stages, from every deal.
fn plainly(of: &Journeyed<'_>, from: usize, to: usize) -> Shares {
    let mut first = vec![0.0; of.passages.stages.len()];
    let mut journeys = Journeys::default();
    for (deal, rows) in of.selected() {
        first_instants(&mut first, of.passages, rows.clone(), of.won_at(deal));
        if let Some(journey) = of.journey(deal, rows.start, first[from], first[to]) {
            journeys.push(journey, deal, of.is_late());
        }
    }
    journeys.shares(of).expect("finite")
}

#[test]
fn ten_thousand_stages_have_their_shares() {
    let crm = world(5, 10_000, 1500);
    with(&crm, |of| {
        let many = of.many_stages().expect("finite");
        assert!(many[2..].iter().all(|(first, previous)| first.0.is_some() && previous.0.is_some()));
        for to in [1, 2, 77, 1234, 5000, 9_998, 9_999] {
            assert_same(many[to].0, plainly(of, 0, to), "from the first");
            assert_same(many[to].1, plainly(of, to - 1, to), "from the one before");
        }
        let values: Vec<f64> = many[1..].iter().filter_map(|(first, _)| first.0.map(|share| share.value)).collect();
        assert!(values[0] > values[9_000] && values[9_000] > 0.0);
    });
}

#[test]
fn where_journeys_from_the_first_stage_take_too_long_those_between_neighbours_are_told() {
    let crm = world(6, 10_000, 12_000);
    with(&crm, |of| {
        let many = of.many_stages().expect("finite");
        assert!(many[1].0.0.is_some() && many[2..].iter().all(|(first, _)| *first == Shares::default()));
        assert_same(many[4321].1, plainly(of, 4320, 4321), "from the one before");
    });
}
