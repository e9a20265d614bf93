//! What holds for any entry log, against the definitions written out.

use crate::crm::{Exit, LoadOptions, Outcome, TableKind, load};
use crate::read::{self, RawValues};
use crate::stats::rng::seeded;
use crate::table::Texts;
use crate::time::LocalTime;
use rand::Rng;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

const STAGES: [&str; 6] = ["A", "B", "C", "D", "Won", "Lost"];
const START: f64 = 1.6e12;

/// Deal, stage and instant of a row; nothing where it is missing.
type Row = (Option<u32>, Option<usize>, f64);

struct Log {
    rows: Vec<Row>,
    as_of: f64,
    collapse: bool,
    told: Vec<&'static str>,
}

fn random_log(seed: u32) -> Log {
    let mut rng = seeded(seed, 91);
    // Few instants: ties are common. One deal of many rows now and then: it is not sorted by insertion. Many deals: they are not sorted together.
    let is_large = seed % 100 == 50;
    let (deals, instants) = (rng.gen_range(1..if is_large { 2_000 } else { 9_u32 }), rng.gen_range(2..60u32));
    let mut rows: Vec<Row> = Vec::new();
    let most = if seed.is_multiple_of(7) { 150 } else { 40 };
    for _ in 0..if is_large { 4_000 } else { rng.gen_range(1..most) } {
        let deal = (!rng.gen_bool(0.05)).then(|| 3 * rng.gen_range(0..deals));
        let stage = (!rng.gen_bool(0.05)).then(|| rng.gen_range(0..STAGES.len()));
        let entered = START + f64::from(rng.gen_range(0..instants)) * 1000.0;
        rows.push((deal, stage, if rng.gen_bool(0.05) { f64::NAN } else { entered }));
    }
    let mut told = STAGES[..4].to_vec();
    told.shuffle(&mut rng);
    told.truncate(rng.gen_range(0..=4));
    let as_of = START + f64::from(rng.gen_range(0..=instants)) * 1000.0;
    Log { rows, as_of, collapse: rng.gen_bool(0.5), told }
}

/// A passage by the definitions: deal, stage, ordinal, entered, exited, exit, next stage.
type Passage = (u32, &'static str, u32, f64, f64, Exit, Option<&'static str>);

#[derive(Debug, PartialEq, Default)]
struct Told {
    passages: Vec<Passage>,
    deals: Vec<(u32, f64, Outcome)>,
    left_out: BTreeMap<String, u64>,
}

fn by_definition(log: &Log) -> Told {
    let mut told = Told::default();
    let mut deals: Vec<(u32, Vec<(f64, usize)>)> = Vec::new();
    for (deal, stage, entered) in &log.rows {
        let reason = match (deal, stage) {
            (None, _) => "no_deal_id",
            (_, None) => "no_stage",
            _ if entered.is_nan() => "no_entered_at",
            _ if *entered > log.as_of => "after_as_of",
            (Some(deal), Some(stage)) => {
                match deals.iter_mut().find(|(id, _)| id == deal) {
                    Some((_, rows)) => rows.push((*entered, *stage)),
                    None => deals.push((*deal, vec![(*entered, *stage)])),
                }
                continue;
            }
        };
        *told.left_out.entry(reason.to_owned()).or_default() += 1;
    }
    let exit = |stage: usize| match STAGES[stage] {
        "Won" => Some((Exit::Won, Outcome::Won)),
        "Lost" => Some((Exit::Lost, Outcome::Lost)),
        _ => None,
    };
    for (deal, mut rows) in deals {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let created = rows[0].0;
        if log.collapse {
            rows.dedup_by_key(|(_, stage)| *stage);
        }
        let mut seen = [0; STAGES.len()];
        for (at, (entered, stage)) in rows.iter().enumerate() {
            if exit(*stage).is_some() {
                continue;
            }
            let (exited, how, next) = match rows.get(at + 1) {
                None => (log.as_of, Exit::Censored, None),
                Some((exited, next)) => match exit(*next) {
                    Some((how, _)) => (*exited, how, None),
                    None => (*exited, Exit::Moved, Some(STAGES[*next])),
                },
            };
            told.passages.push((deal, STAGES[*stage], seen[*stage], *entered, exited, how, next));
            seen[*stage] += 1;
        }
        let last = rows.last().and_then(|(_, stage)| exit(*stage));
        told.deals.push((deal, created, last.map_or(Outcome::Open, |(_, outcome)| outcome)));
    }
    told
}

/// Open stages that occur: those asked for, then by how many others they precede in most deals.
fn order_by_definition(log: &Log) -> Vec<&'static str> {
    let mut firsts: BTreeMap<u32, Vec<(f64, usize)>> = BTreeMap::new();
    for (deal, stage, entered) in &log.rows {
        if let (Some(deal), Some(stage)) = (deal, stage)
            && *entered <= log.as_of
        {
            firsts.entry(*deal).or_default().push((*entered, *stage));
        }
    }
    let paths = firsts.into_values().map(|mut rows| {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut path: Vec<usize> = Vec::new();
        rows.iter().for_each(|(_, stage)| {
            if *stage < 4 && !path.contains(stage) {
                path.push(*stage)
            }
        });
        path
    });
    let paths: Vec<Vec<usize>> = paths.collect();
    let place = |path: &Vec<usize>, stage: usize| path.iter().position(|other| *other == stage);
    let precede = |a: usize, b: usize| {
        paths.iter().filter(|path| place(path, a).is_some_and(|a| place(path, b).is_some_and(|b| a < b))).count()
    };
    let key = |stage: usize| {
        let asked = log.told.iter().position(|name| *name == STAGES[stage]).unwrap_or(usize::MAX);
        let score: i64 = (0..4).map(|other| precede(stage, other).cmp(&precede(other, stage)) as i64).sum();
        let places: Vec<usize> = paths.iter().filter_map(|path| place(path, stage)).collect();
        (asked, -score, places.iter().sum::<usize>() as f64 / places.len() as f64)
    };
    let mut stages: Vec<usize> = (0..4).filter(|stage| paths.iter().any(|path| path.contains(stage))).collect();
    stages.sort_by(|a, b| {
        let ((asked, score, mean), other) = (key(*a), key(*b));
        asked.cmp(&other.0).then(score.cmp(&other.1)).then(mean.total_cmp(&other.2)).then(STAGES[*a].cmp(STAGES[*b]))
    });
    stages.into_iter().map(|stage| STAGES[stage]).collect()
}

#[test]
fn passages_of_any_entry_log_are_those_of_the_definition() {
    for seed in 0..1_000 {
        let log = random_log(seed);
        let ids = || log.rows.iter().map(|(deal, ..)| deal.unwrap_or(u32::MAX));
        let ids = if seed % 3 == 0 {
            // Codes that are not in the order in which deals are found.
            let codes = ids().map(|id| id / 3).collect();
            RawValues::Levels(Texts { codes, levels: (0..2_000).map(|code| (3 * code).to_string()).collect() })
        } else {
            RawValues::Numbers(ids().map(|id| if id == u32::MAX { f64::NAN } else { f64::from(id) }).collect())
        };
        let stages = log.rows.iter().map(|(_, stage, _)| stage.map_or("", |stage| STAGES[stage]).to_owned());
        let columns = vec![
            ("deal_id".to_owned(), ids),
            ("stage".to_owned(), RawValues::Texts(stages.collect())),
            ("entered_at".to_owned(), RawValues::Instants(log.rows.iter().map(|(.., entered)| *entered).collect())),
        ];
        let Ok(source) = read::columns("history", columns, &LocalTime::default()) else { continue };
        let options = serde_json::json!({
            "asOf": log.as_of, "repeats": if log.collapse { "collapse" } else { "separate" },
            "mapping": {"stages": log.told, "outcomes": {"Won": "won", "Lost": "lost"},
                "history": {"deal_id": "deal_id", "stage": "stage", "entered_at": "entered_at"}},
        });
        let options: LoadOptions = serde_json::from_value(options).expect("valid options");
        let crm = load::load(vec![(Some(TableKind::History), source)], &options).expect("a history").crm;
        let (deals, passages) = (crm.deals.expect("deals"), crm.passages.expect("passages"));
        let id = |deal: usize| deals.id.get(deal).and_then(|id| id.parse().ok()).expect("an id");
        let stage =
            |at: u32| STAGES.into_iter().find(|name| passages.stages.get(at as usize).is_some_and(|is| is == name));
        let row = |at: usize| {
            let next = stage(passages.next_stage[at]);
            let (entered, exited) = (passages.entered[at], passages.exited[at]);
            let name = stage(passages.stage[at]).expect("a stage");
            (id(passages.deal[at] as usize), name, passages.ordinal[at], entered, exited, passages.exit[at], next)
        };
        let found = Told {
            passages: (0..passages.len()).map(row).collect(),
            deals: (0..deals.len()).map(|deal| (id(deal), deals.created[deal], deals.outcome[deal])).collect(),
            left_out: crm.left_out.iter().map(|entry| (entry.reason.clone(), entry.count)).collect(),
        };
        assert_eq!(found, by_definition(&log), "seed {seed}");
        assert_eq!(passages.stages, order_by_definition(&log), "seed {seed}");
        assert!(passages.delayed_entry.is_empty(), "seed {seed}");
    }
}
