//! This project's model of hazards by week, natively on one thread. One JSON line per call.
//!
//!   own-native panel FOLDER REPS   the regression on the deal-weeks that `py/hazard.py gen` wrote, at the same penalty
//!   own-native events FOLDER SIZE  W3: the event log that `py/gen.py w3` wrote, from columns to curves by stage, and to the whole funnel
//!   own-native crm DEALS           a simulated CRM from its tables to forecasts: back-test, fit, and scores of open deals with reasons
use crm_analytics::crm::{AsOf, LoadOptions, TableKind, load};
use crm_analytics::funnel::{FunnelOptions, FunnelPart, funnel};
use crm_analytics::forecast::{ForecastOptions, ModelWanted, forecast};
use crm_analytics::meta::Progress;
use crm_analytics::read::Source;
use crm_analytics::simulate::{SimulateOptions, simulate};
use crm_analytics::stats::logistic::{Category, Design};
use crm_analytics::stats::multinomial::{Panel, fit};
use crm_analytics::table::{Column, Levels, Table, Texts, Values};
use std::time::Instant;

/// Most memory that the process has had (MB).
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

fn panel(folder: &str, reps: usize) {
    let read = |name: &str| std::fs::read(format!("{folder}/hz_{name}")).unwrap();
    let floats = |name: &str| -> Vec<f64> { read(name).as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect() };
    let codes = |name: &str| -> Vec<u32> { read(name).as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect() };
    let shape: serde_json::Value = serde_json::from_slice(&read("shape.json")).unwrap();
    let size = |name: &str| shape[name].as_u64().unwrap() as usize;
    let (n, numbers, q) = (size("n"), size("numbers"), size("basis"));
    let levels: Vec<usize> = shape["levels"].as_array().unwrap().iter().map(|l| l.as_u64().unwrap() as usize).collect();
    let (x, c, z) = (floats("x.f64"), codes("c.u32"), floats("z.f64"));
    let (periods, outcome) = (codes("periods.u32"), codes("outcome.u32"));
    let weights = vec![1.0; n];
    let mut times = Vec::new();
    let mut found = None;
    for _ in 0..=reps {
        let numeric: Vec<Vec<f64>> = x.chunks_exact(n).map(<[f64]>::to_vec).collect();
        let categories = c.chunks_exact(n).zip(&levels);
        let categories = categories.map(|(codes, levels)| Category { codes: codes.to_vec(), levels: levels - 1 }).collect();
        assert_eq!(numeric.len(), numbers);
        let basis = z.chunks_exact(q).map(<[f64]>::to_vec).collect();
        let start = Instant::now();
        let design = Design::new(n, numeric, categories).unwrap();
        let panel = Panel::over_periods(design, 3, basis, 0, vec![0; n], periods.clone(), outcome.clone()).unwrap();
        let p = panel.columns();
        let penalty: Vec<f64> = (0..2 * p).map(|j| if j % p == 0 { 0.0 } else { 1.0 }).collect();
        let fitted = fit(&panel, &weights, &penalty, None).unwrap();
        times.push(start.elapsed().as_secs_f64() * 1e3);
        found = Some(fitted);
    }
    times.remove(0);
    times.sort_by(f64::total_cmp);
    let fitted = found.unwrap();
    let weeks: f64 = periods.iter().map(|m| f64::from(*m)).sum();
    println!(
        "{}",
        serde_json::json!({
            "ms": times[times.len() / 2], "best": times[0], "steps": fitted.iterations, "gradient": fitted.max_gradient / weeks,
            "deal_weeks": weeks, "peak_mb": peak(), "coefficients": fitted.coefficients,
        })
    );
}

fn crm(deals: u32) {
    let data = simulate(&SimulateOptions { deals, customers: None, seed: 1 }).unwrap();
    let as_of = Some(AsOf::Milliseconds(data.truth.as_of));
    let tables = [(TableKind::Deals, data.deals), (TableKind::History, data.history), (TableKind::Dimension, data.customers)];
    let sources = tables.into_iter().map(|(kind, table)| (Some(kind), Source::from(table))).collect();
    let crm = load(sources, &LoadOptions { as_of, ..LoadOptions::default() }).unwrap().crm;
    let before = peak();
    let options = ForecastOptions { model: ModelWanted::Auto, ..ForecastOptions::default() };
    let start = Instant::now();
    // Shares at which the model of closed deals, the back-test and the fit are done.
    let mut marks = [(0.1, 0.0), (0.64, 0.0), (0.909, 0.0)];
    let mut listener = |share: f64| {
        for (at, ms) in &mut marks {
            if share <= *at + 1e-9 {
                *ms = start.elapsed().as_secs_f64() * 1e3;
            }
        }
    };
    let result = forecast(&crm, &options, &mut Progress::to(&mut listener)).unwrap();
    let all = start.elapsed().as_secs_f64() * 1e3;
    let hazard = result.hazard.unwrap();
    println!(
        "{}",
        serde_json::json!({
            "deals": deals, "ms": all, "closed_deals": marks[0].1, "back_test": marks[1].1 - marks[0].1, "fit": marks[2].1 - marks[1].1,
            "scores": all - marks[2].1, "open": hazard.row.0.len(), "snapshots": hazard.snapshots, "deal_weeks": hazard.deal_weeks,
            "reasons": hazard.reason.0.len(), "tables_mb": before, "peak_mb": peak(),
        })
    );
}

fn events(folder: &str, size: &str) {
    let read = |name: &str| std::fs::read(format!("{folder}/w3_{size}{name}")).unwrap();
    let deal: Vec<f64> = read("_deal.u32").as_chunks::<4>().0.iter().map(|b| f64::from(u32::from_le_bytes(*b))).collect();
    let stage: Vec<u32> = read("_stage.u8").into_iter().map(u32::from).collect();
    let entered: Vec<f64> = read("_ts.f64").as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let about: serde_json::Value = serde_json::from_slice(&read(".json")).unwrap();
    let names = ["s0", "s1", "s2", "s3", "s4", "Won", "Lost"];
    let options: LoadOptions = serde_json::from_value(serde_json::json!({
        "asOf": about["now"], "repeats": "separate",
        "mapping": {"history": {"deal_id": "deal_id", "stage": "stage", "entered_at": "entered_at"}, "stages": names[..5]},
    }))
    .unwrap();
    let parts = [("curves", Some(vec![FunnelPart::Stages])), ("whole funnel", None)];
    for (what, parts) in parts {
        let asked = FunnelOptions { parts, ..FunnelOptions::default() };
        let mut times: Vec<(f64, f64)> = Vec::new();
        let mut medians = Vec::new();
        for _ in 0..6 {
            let column = |name: &str, values| Column { name: name.into(), values };
            let levels = Levels::from(names.to_vec());
            let columns = vec![
                column("deal_id", Values::Numbers(deal.clone())),
                column("stage", Values::Texts(Texts { codes: stage.clone(), levels })),
                column("entered_at", Values::Instants(entered.clone())),
            ];
            let source = Source::from(Table::new("history", columns).unwrap());
            let start = Instant::now();
            let crm = load(vec![(Some(TableKind::History), source)], &options).unwrap().crm;
            let loaded = start.elapsed().as_secs_f64() * 1e3;
            let result = funnel(&crm, &asked, &mut Progress::none()).unwrap();
            times.push((start.elapsed().as_secs_f64() * 1e3, loaded));
            medians = result.stages.iter().filter_map(|stage| stage.duration.as_ref()?.quantiles[1].days).collect();
        }
        times.remove(0);
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (all, loaded) = times[times.len() / 2];
        println!("{}", serde_json::json!({"what": what, "ms": all, "of_which_load": loaded, "medians": medians, "peak_mb": peak()}));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match (arguments.get(1).map(String::as_str), arguments.get(2), arguments.get(3)) {
        (Some("panel"), Some(folder), reps) => panel(folder, reps.and_then(|reps| reps.parse().ok()).unwrap_or(3)),
        (Some("events"), Some(folder), Some(size)) => events(folder, size),
        (Some("crm"), Some(deals), _) => crm(deals.parse().unwrap()),
        _ => eprintln!("own-native panel FOLDER [REPS] | own-native events FOLDER SIZE | own-native crm DEALS"),
    }
}
