//! The data door against the files it is made for: counts, joins, passages, and what it does with what cannot be read.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, Deals, Exit, LoadOptions, Loaded, Outcome, TableKind};
use crm_analytics::meta;
use crm_analytics::quality::quality;
use crm_analytics::read::{self, RawValues, Source};
use crm_analytics::table::Values;

const DAY_MS: f64 = 86_400_000.0;

fn options(json: serde_json::Value) -> LoadOptions {
    meta::options(&json.to_string()).expect("valid options")
}

fn source(name: &str, text: &str) -> Source {
    read::csv(name, text.as_bytes()).expect("readable")
}

fn load(files: &[&str], json: serde_json::Value) -> Option<Loaded> {
    let mut sources = Vec::new();
    for file in files {
        let Some(bytes) = crate::data::bytes(file) else {
            println!("skipped: {file} is not here");
            return None;
        };
        sources.push((None, read::csv(file, &bytes).expect("readable")));
    }
    Some(crm::load(sources, &options(json)).expect("loads"))
}

fn load_texts(texts: &[(&str, &str)], json: serde_json::Value) -> Loaded {
    let sources = texts.iter().map(|(name, text)| (None, source(name, text))).collect();
    crm::load(sources, &options(json)).expect("loads")
}

fn deals(loaded: &Loaded) -> &Deals {
    loaded.crm.deals.as_ref().expect("deals")
}

fn utc(text: &str) -> f64 {
    let table = source("t", &format!("d\n{text}\n"));
    match table.table.columns()[0].values {
        Values::Instants(ref values) => values[0],
        _ => f64::NAN,
    }
}

const MAVEN: [&str; 4] = ["sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv"];

#[test]
fn maven_counts_and_roles_are_recognised_without_a_mapping() {
    let Some(loaded) = load(&MAVEN, serde_json::json!({})) else { return };
    let counts = loaded.summary.counts;
    assert_eq!((counts.deals, counts.won, counts.lost, counts.open), (8800, 4238, 2473, 2089));
    assert_eq!((counts.stages, counts.customers, counts.passages), (4, 85, 0));
    let deals = deals(&loaded);
    let in_stage = |name: &str| (0..deals.len()).filter(|deal| deals.stage.get(*deal) == Some(name)).count();
    assert_eq!((in_stage("Engaging"), in_stage("Prospecting")), (1589, 500));
    let mapping = serde_json::to_value(&loaded.summary.mapping).expect("serialises");
    let expected = serde_json::json!({
        "id": "opportunity_id", "created_at": "engage_date", "closed_at": "close_date", "outcome": "deal_stage", "stage": "deal_stage",
        "amount": "close_value", "owner": "sales_agent", "customer_id": "account", "product": "product", "source": null,
        "expected_close": null, "probability": null, "lost_reason": null, "weight": null
    });
    assert_eq!(mapping["deals"], expected);
    assert_eq!(mapping["outcomes"], serde_json::json!({"Won": "won", "Lost": "lost"}));
    assert_eq!(loaded.summary.first_instant, Some(utc("2016-10-20")));
    assert_eq!((loaded.crm.as_of, loaded.crm.as_of_day), (utc("2017-12-31"), 17_531));
    let kinds: Vec<&str> = loaded.summary.tables.iter().map(|table| table.table).collect();
    assert_eq!(kinds, ["deals", "customers", "dimension", "dimension"]);
    assert!(loaded.summary.left_out.iter().all(|entry| entry.table == "orders"), "{:?}", loaded.summary.left_out);
    assert_eq!(loaded.crm.orders.as_ref().map(|orders| orders.len()), Some(4238));
}

#[test]
fn maven_joins_name_the_near_miss_and_apply_it_only_on_request() {
    let Some(loaded) = load(&MAVEN, serde_json::json!({})) else { return };
    let [accounts, products, teams] = loaded.summary.joins.as_slice() else { panic!("{:?}", loaded.summary.joins) };
    assert_eq!((accounts.column.as_str(), accounts.matched, accounts.unmatched), ("account", 8800 - 1425, 0));
    assert_eq!((products.column.as_str(), products.matched, products.unmatched), ("product", 7320, 1480));
    let miss = &products.near_misses[0];
    assert_eq!((miss.value.as_str(), miss.nearest.as_deref(), miss.count), ("GTXPro", Some("GTX Pro"), 1480));
    let mut unused = teams.unused.clone();
    unused.sort();
    assert_eq!(unused, ["Carl Lin", "Carol Thompson", "Elizabeth Anderson", "Mei-Mei Johns", "Natalya Ivanova"]);
    let names: Vec<&str> = deals(&loaded).attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(&names[..6], ["sales_agent", "product", "account", "deal_stage", "close_date", "close_value"]);
    assert!(
        ["sector", "employees", "series", "sales_price", "manager", "regional_office"]
            .iter()
            .all(|n| names.contains(n))
    );

    let same = serde_json::json!({"mapping": {"same": {"product": {"GTXPro": "GTX Pro"}}}});
    let Some(loaded) = load(&MAVEN, same) else { return };
    assert_eq!((loaded.summary.joins[1].matched, loaded.summary.joins[1].unused.len()), (8800, 0));
}

#[test]
fn the_file_as_found_gives_the_same_deals() {
    let Some(iso) = load(&MAVEN[..1], serde_json::json!({})) else { return };
    let Some(found) = load(&["sales_pipeline_as_found.csv"], serde_json::json!({})) else { return };
    let order = &found.summary.tables[0].columns[5];
    assert_eq!(order.date_order.as_deref(), Some("dd-mm-yy"));
    assert!(order.date_evidence.as_deref().is_some_and(|evidence| evidence.contains("above 12")));
    let (mut a, mut b) = (deals(&iso).clone(), deals(&found).clone());
    b.attributes.retain(|attribute| !attribute.name.ends_with("_quarter"));
    let own = |deals: &mut Deals| std::mem::take(&mut deals.attributes);
    assert_eq!(format!("{:?}", own(&mut a)), format!("{:?}", own(&mut b)));
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn receipt_visits_equal_the_reference_row_by_row() {
    let json = serde_json::json!({"repeats": "separate", "mapping": {"history": {
        "deal_id": "case:concept:name", "stage": "concept:name", "entered_at": "time:timestamp", "closed_at": "case:enddate"}}});
    let Some(loaded) = load(&["receipt.csv"], json) else { return };
    let Some(reference) = crate::data::bytes("oracle_visits.csv") else { return };
    let counts = loaded.summary.counts;
    assert_eq!((counts.deals, counts.closed, counts.open, counts.passages), (1434, 1329, 105, 7248));
    let (deals, passages) = (deals(&loaded), loaded.crm.passages.as_ref().expect("passages"));
    let mut order: Vec<usize> = (0..passages.len()).collect();
    let id = |passage: usize| deals.id.get(passages.deal[passage] as usize).expect("an id");
    order.sort_by(|a, b| id(*a).cmp(id(*b)).then(a.cmp(b)));
    let reference = String::from_utf8(reference).expect("text");
    let mut compared = 0;
    for (line, at) in reference.lines().skip(1).zip(&order) {
        let fields: Vec<&str> = line.split(',').collect();
        let stage = |code: u32| passages.stages.get(code as usize).map_or("", String::as_str);
        let days = (passages.exited[*at] - passages.entered[*at]) / DAY_MS;
        assert_eq!(
            (fields[0], fields[1], fields[4]),
            (id(*at), stage(passages.stage[*at]), stage(passages.next_stage[*at]))
        );
        assert!((fields[2].parse::<f64>().expect("days") - days).abs() < 1e-10, "{line}: {days}");
        assert_eq!(fields[3] == "1", passages.exit[*at] == Exit::Moved, "{line}");
        compared += 1;
    }
    assert_eq!((compared, reference.lines().count()), (7248, 7249));
}

#[test]
fn receipt_cycles_equal_the_reference() {
    let json = serde_json::json!({"mapping": {"history": {
        "deal_id": "case:concept:name", "stage": "concept:name", "entered_at": "time:timestamp", "closed_at": "case:enddate"}}});
    let Some(loaded) = load(&["receipt.csv"], json) else { return };
    let Some(reference) = crate::data::bytes("oracle_case_cycle.csv") else { return };
    let deals = deals(&loaded);
    let reference = String::from_utf8(reference).expect("text");
    for line in reference.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let deal = (0..deals.len()).find(|deal| deals.id.get(*deal) == Some(fields[0])).expect("the case");
        let ended = deals.outcome[deal] == Outcome::Closed;
        let end = if ended { deals.closed[deal] } else { loaded.crm.as_of };
        assert_eq!(fields[2] == "1", ended, "{line}");
        assert!(
            (fields[1].parse::<f64>().expect("days") - (end - deals.created[deal]) / DAY_MS).abs() < 1e-10,
            "{line}"
        );
    }
    let names: Vec<&str> = deals.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert!(names.contains(&"case:channel") && !names.contains(&"org:resource"), "{names:?}");
}

#[test]
fn bank_marketing_keeps_its_rows_without_any_date() {
    let json = serde_json::json!({"mapping": {"deals": {"id": "id", "outcome": "y"}, "outcomes": {"yes": "won", "no": "lost"}}});
    let Some(loaded) = load(&["bank-full.csv"], json) else { return };
    let counts = loaded.summary.counts;
    assert_eq!((counts.deals, counts.won, counts.lost), (45_211, 5289, 39_922));
    let deals = deals(&loaded);
    assert!(deals.created.iter().chain(&deals.closed).all(|instant| instant.is_nan()));
    assert!(deals.row.iter().enumerate().all(|(at, row)| at == *row as usize));
    assert_eq!(loaded.summary.tables[0].separator, Some(';'));
    let kind = |name: &str| loaded.summary.tables[0].columns.iter().find(|c| c.name == name).map(|c| c.kind);
    assert_eq!((kind("pdays"), kind("job"), kind("default")), (Some("number"), Some("text"), Some("text")));
}

#[test]
fn cdnow_has_no_header_and_its_ids_stay_texts() {
    let json = serde_json::json!({"mapping": {"orders": {"customer_id": "column_2", "date": "column_3", "amount": "column_5"}}});
    let Some(loaded) = load(&["CDNOW_sample.txt"], json) else { return };
    let orders = loaded.crm.orders.as_ref().expect("orders");
    assert_eq!((orders.len(), loaded.summary.counts.customers), (6919, 2357));
    assert_eq!((orders.customer.get(0), orders.date[0], orders.amount[0]), (Some("0001"), utc("1997-01-01"), 29.33));
    assert_eq!(loaded.summary.tables[0].separator, Some(' '));
}

#[test]
fn retail_orders_are_recognised_by_their_header() {
    let Some(loaded) = load(&["online_retail_orders.csv"], serde_json::json!({})) else { return };
    let Some(reference) = crate::data::bytes("retail_oracle_customers.csv") else { return };
    let customers = String::from_utf8(reference).expect("text").lines().count() - 1;
    assert_eq!(loaded.summary.tables[0].table, "orders");
    assert_eq!(loaded.summary.counts.customers, customers);
    let orders = loaded.crm.orders.as_ref().expect("orders");
    let (day, _) = orders.day.iter().zip(&orders.date).next().expect("an order");
    assert_eq!(f64::from(*day), (orders.date[0] / DAY_MS).floor());
}
