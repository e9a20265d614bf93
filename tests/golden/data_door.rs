//! The data door against the files it is made for: counts, joins, passages, and what it does with what cannot be read.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, Deals, Exit, LoadOptions, Loaded, Outcome, TableKind};
use crm_analytics::meta;
use crm_analytics::quality::quality;
use crm_analytics::read::{self, RawValues, Source};
use crm_analytics::table::Values;
use crm_analytics::time::LocalTime;

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
    let options = options(json);
    let time = options.local_time().expect("valid");
    let read = |text: &str, name: &str| read::csv_with(name, text.as_bytes(), &time).expect("readable");
    let sources = texts.iter().map(|(name, text)| (None, read(text, name))).collect();
    crm::load(sources, &options).expect("loads")
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

#[test]
fn maven_quality_finds_what_its_readme_lists() {
    let Some(loaded) = load(&MAVEN, serde_json::json!({})) else { return };
    let Some(reference) = crate::data::oracle("maven-crm") else { return };
    let reference = &reference["data_quality"];
    let result = quality(&loaded);
    let count = |code: &str, table: &str, column: Option<&str>| {
        let found =
            |f: &&crm_analytics::quality::Finding| f.code == code && f.table == table && f.column.as_deref() == column;
        result.findings.iter().find(found).map_or(0, |finding| finding.count)
    };
    let expected = |name: &str| reference[name].as_u64().expect("a count");
    let missing = |name: &str| reference["missing"][name].as_u64().expect("a count");
    assert_eq!(count("missing_value", "deals", Some("account")), missing("account"));
    assert_eq!(count("no_created_date", "deals", Some("engage_date")), missing("engage_date"));
    assert_eq!(count("lost_amount_zero", "deals", Some("close_value")), expected("close_value_zero"));
    assert_eq!(count("closed_before_created", "deals", Some("close_date")), expected("close_before_engage"));
    assert_eq!(count("duplicate_id", "deals", None), expected("duplicate_ids"));
    let unmatched = reference["product_not_in_catalogue"]["GTXPro"].as_u64().expect("a count");
    assert_eq!(count("unmatched_key", "deals", Some("product")), unmatched);
    let idle = reference["agents_without_deals"].as_array().expect("names").len() as u64;
    assert_eq!(count("unused_key", "sales_teams.csv", None), idle);
    let zombies =
        reference["open_deals_older_than_the_longest_closed_deal"]["open_engaging_older"].as_u64().expect("a count");
    assert_eq!(count("open_longer_than_any_closed", "deals", None), zombies);
    assert!(result.findings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    assert_eq!(result.findings[0].example_lines.len(), 10);
}

#[test]
fn a_mapping_that_was_given_back_gives_the_same_data() {
    let Some(first) = load(&MAVEN, serde_json::json!({})) else { return };
    let mapping = serde_json::to_value(&first.summary.mapping).expect("serialises");
    let Some(second) = load(&MAVEN, serde_json::json!({"mapping": mapping})) else { return };
    assert_eq!(first.summary.mapping, second.summary.mapping);
    assert_eq!(format!("{:?}", first.crm), format!("{:?}", second.crm));
}

#[test]
fn row_order_does_not_change_counts() {
    let Some(bytes) = crate::data::bytes("sales_pipeline.csv") else { return };
    let text = String::from_utf8(bytes).expect("text");
    let mut lines: Vec<&str> = text.lines().collect();
    let forward = load_texts(&[("deals.csv", &lines.join("\n"))], serde_json::json!({}));
    lines[1..].reverse();
    let backward = load_texts(&[("deals.csv", &lines.join("\n"))], serde_json::json!({}));
    assert_eq!(forward.summary.counts, backward.summary.counts);
    assert_eq!(forward.crm.as_of, backward.crm.as_of);
}

#[test]
fn as_of_turns_back_what_happened_later() {
    let Some(loaded) = load(&MAVEN[..1], serde_json::json!({"asOf": "2017-06-30"})) else { return };
    let deals = deals(&loaded);
    let as_of = utc("2017-06-30");
    assert!(deals.created.iter().all(|created| created.is_nan() || *created <= as_of));
    assert!(deals.closed.iter().all(|closed| closed.is_nan() || *closed <= as_of));
    let open_with_close = (0..deals.len()).filter(|d| deals.outcome[*d] == Outcome::Open && !deals.closed[*d].is_nan());
    assert_eq!(open_with_close.count(), 0);
    let later = loaded.crm.left_out.iter().find(|entry| entry.reason == "after_as_of" && entry.table == "deals");
    assert_eq!(later.map(|entry| entry.count as usize), Some(8800 - deals.len()));
    assert!(loaded.summary.counts.won < 4238 && loaded.summary.as_of_from == "option");
}

#[test]
fn three_broken_lines_of_ten_thousand_are_listed_and_the_rest_is_kept() {
    let mut text = String::from("id,name,amount\r\n");
    for row in 0..9_999 {
        match row {
            41 => text.push_str("41,one field too few\r\n"),
            4_000 => text.push_str("4000,\"a quote that never ends,1\r\n"),
            9_000 => text.push_str("9000,a,b,c,d\r\n"),
            _ => text.push_str(&format!("{row},\"name, {row}\",{}.5\r\n", row % 100)),
        }
    }
    let source = source("deals.csv", &text);
    assert_eq!((source.table.rows(), source.left_out.len()), (9_996, 1));
    assert_eq!((source.left_out[0].count, source.left_out[0].example_lines.as_slice()), (3, &[43, 4002, 9002][..]));
}

#[test]
fn empty_binary_and_tiny_files_get_their_codes() {
    let code = |bytes: &[u8]| read::csv("t", bytes).map_or_else(|error| error.code(), |_| "read");
    assert_eq!(code(b""), "empty_input");
    assert_eq!(code(b"id,stage\n"), "no_rows");
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0"), "binary");
    assert_eq!(code(b"id;\xe3\xc8\xe1\xdb\n1;2\n"), "not_utf8");
    let loaded =
        load_texts(&[("deals.csv", "Deal ID,Stage,Amount,Create Date\n7,Won,5,2020-01-01\n")], serde_json::json!({}));
    assert_eq!((loaded.summary.counts.deals, loaded.summary.counts.won), (1, 1));
    assert_eq!(deals(&loaded).id.get(0), Some("7"));
    let unknown = serde_json::json!({"mapping": {"deals": {"id": "number"}}});
    let error = crm::load(vec![(None, source("x.csv", "a,b\nu,v\n"))], &options(unknown)).map(|_| ());
    assert_eq!(error.map_err(|error| error.code()), Err("unknown_column"));
    assert_eq!(crm::load(Vec::new(), &LoadOptions::default()).map(|_| ()).map_err(|e| e.code()), Err("missing_table"));
    assert_eq!("stages".parse::<TableKind>().map_err(|error| error.code()), Err("invalid_option"));
}

#[test]
fn a_persian_file_with_jalali_dates_reads_as_its_english_twin() {
    let persian = "\u{feff}شناسه معامله;تاریخ ایجاد;تاریخ بستن;وضعيت;مبلغ;کارشناس فروش\r\n\
        الف۱;۱۴۰۳/۰۱/۰۱;۱۴۰۳/۰۲/۱۵;موفق;۱۲٬۵۰۰٬۰۰۰;مریم\r\n\
        الف۲;۱۴۰۳/۰۶/۳۱;۱۴۰۳/۱۲/۳۰;ناموفق;۷۵۰٬۰۰۰;علی\r\n\
        الف۳;۱۴۰۴/۰۱/۱۵;;باز;۹۹۰٬۰۰۰;علی\r\n";
    let english = "Deal ID,Created at,Closed at,Status,Amount,Owner\n\
        الف۱,2024-03-20,2024-05-04,won,12500000,مریم\nالف۲,2024-09-21,2025-03-20,lost,750000,علی\nالف۳,2025-04-04,,open,990000,علی\n";
    let (persian, english) = (
        load_texts(&[("معاملات.csv", persian)], serde_json::json!({})),
        load_texts(&[("deals.csv", english)], serde_json::json!({})),
    );
    let (mut a, mut b) = (deals(&persian).clone(), deals(&english).clone());
    (a.attributes, b.attributes) = (Vec::new(), Vec::new());
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_eq!(persian.summary.counts, english.summary.counts);
    assert_eq!(persian.summary.tables[0].columns[1].date_order.as_deref(), Some("jalali yyyy/mm/dd"));
}

/// Passages as `deal stage ordinal days exit next`.
fn passages(loaded: &Loaded) -> Vec<String> {
    let (deals, passages) = (deals(loaded), loaded.crm.passages.as_ref().expect("passages"));
    let line = |at: usize| {
        let next = passages.stages.get(passages.next_stage[at] as usize).map_or("-", String::as_str);
        let days = (passages.exited[at] - passages.entered[at]) / DAY_MS;
        let (deal, stage) = (deals.id.get(passages.deal[at] as usize), &passages.stages[passages.stage[at] as usize]);
        format!("{} {stage} {} {days} {:?} {next}", deal.unwrap_or_default(), passages.ordinal[at], passages.exit[at])
    };
    (0..passages.len()).map(line).collect()
}

const HISTORY: &str = "deal_id,stage,entered_at\n\
    A,Lead,2020-01-01\nA,Offer,2020-01-05\nA,Offer,2020-01-06\nA,Lead,2020-01-10\nA,Closed Won,2020-01-20\n\
    B,Lead,2020-01-02\nB,On hold,2020-01-03\nB,Lead,2020-01-08\n\
    C,Offer,2020-01-04\nC,Lead,2020-01-02\nX,Lead,2020-01-01\n";

#[test]
fn passages_of_an_entry_log_collapse_repeats_and_keep_returns() {
    let deals_table = "deal_id,stage,status,created_at,closed_at,amount\n\
        A,Lead,won,2020-01-01,2020-02-01,5\nB,Lead,open,2020-01-02,2020-03-01,6\nC,Offer,lost,2020-01-02,2020-01-14,0\nD,Lead,open,2020-01-31,,1\n";
    let loaded =
        load_texts(&[("deals.csv", deals_table), ("history.csv", HISTORY)], serde_json::json!({"asOf": "2020-01-31"}));
    let expected = [
        "A Lead 0 4 Moved Offer",
        "A Offer 0 5 Moved Lead",
        "A Lead 1 10 Won -",
        "B Lead 0 1 Hold -",
        "B Lead 1 23 Censored -",
        "C Lead 0 2 Moved Offer",
        "C Offer 0 10 Lost -",
    ];
    assert_eq!(passages(&loaded), expected);
    let deals = deals(&loaded);
    // The deal was won when it moved to the closed stage, not when the close date says.
    assert_eq!((deals.outcome[0], deals.closed[0]), (Outcome::Won, utc("2020-01-20")));
    assert!(deals.closed[1].is_nan() && loaded.summary.history_form == Some("entry_log"));
    let codes: Vec<String> = quality(&loaded).findings.into_iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"deal_not_in_deals".into()) && codes.contains(&"open_without_history".into()), "{codes:?}");
}

#[test]
fn a_history_alone_makes_its_deals_and_as_of_reopens_them() {
    let now = load_texts(&[("history.csv", HISTORY)], serde_json::json!({}));
    let counts = now.summary.counts;
    assert_eq!((counts.deals, counts.won, counts.open, counts.stages), (4, 1, 3, 2));
    let then = load_texts(&[("history.csv", HISTORY)], serde_json::json!({"asOf": "2020-01-12"}));
    assert_eq!((then.summary.counts.won, deals(&then).stage.get(0)), (0, Some("Lead")));
    assert_eq!(passages(&then)[2], "A Lead 1 2 Censored -");
    assert_eq!(
        then.crm.passages.as_ref().map(|passages| passages.stages.clone()),
        Some(vec!["Lead".into(), "Offer".into()])
    );
}

#[test]
fn from_to_rows_end_where_they_say() {
    let text = "deal_id,stage,entered_at,exited_at\nA,Lead,2020-01-01,2020-01-03\nA,Offer,2020-01-04,2020-01-09\nA,Won,2020-01-09,\nB,Lead,2020-01-05,\nB2,Lead,2020-01-11,2020-01-10\n";
    let loaded = load_texts(&[("history.csv", text)], serde_json::json!({}));
    assert_eq!(loaded.summary.history_form, Some("from_to"));
    let expected = ["A Lead 0 2 Moved Offer", "A Offer 0 5 Won -", "B Lead 0 6 Censored -", "B2 Lead 0 0 Censored -"];
    assert_eq!(passages(&loaded), expected);
    assert_eq!(loaded.crm.left_out[0].reason, "exit_before_entry");
}

#[test]
fn order_lines_multiply_and_returns_are_left_out() {
    let text = "CustomerID,InvoiceDate,Quantity,UnitPrice\n1,12/1/10 8:26,2,1.5\n1,12/13/10 23:30,-1,1.5\n,12/13/10 8:00,1,1\n2,12/13/10 23:30,3,0\n2,12/13/10 23:30,3,2\n";
    let loaded = load_texts(&[("orders.csv", text)], serde_json::json!({"utcOffsetMinutes": 60}));
    let orders = loaded.crm.orders.as_ref().expect("orders");
    assert_eq!((orders.amount.as_slice(), orders.customer.get(1)), (&[3.0, 6.0][..], Some("2")));
    // A time without a zone is local: its local day is the day that is written.
    assert_eq!(f64::from(orders.day[1]), utc("2010-12-13") / DAY_MS);
    let reasons: Vec<(&str, u64)> =
        loaded.crm.left_out.iter().map(|entry| (entry.reason.as_str(), entry.count)).collect();
    assert_eq!(reasons, [("return_or_cancellation", 1), ("no_customer", 1), ("zero_price", 1)]);
}

#[test]
fn columns_of_a_host_load_like_its_csv() {
    let texts = |values: &[&str]| RawValues::Texts(values.iter().map(|text| (*text).to_owned()).collect());
    let columns = vec![
        ("id".to_owned(), texts(&["a", "b", "b"])),
        ("created_at".to_owned(), RawValues::Numbers(vec![1.5e12, 1.6e12, 1.6e12])),
        ("status".to_owned(), texts(&["won", "open", "lost"])),
        ("amount".to_owned(), RawValues::Numbers(vec![1.0, f64::INFINITY, 3.0])),
    ];
    let source = read::columns("rows", columns, &LocalTime::default()).expect("equally long");
    let loaded = crm::load(vec![(Some(TableKind::Deals), source)], &LoadOptions::default()).expect("loads");
    let deals = deals(&loaded);
    assert_eq!((deals.created.as_slice(), deals.len()), (&[1.5e12, 1.6e12][..], 2));
    assert!(deals.amount[1].is_nan());
    let reasons: Vec<&str> = loaded.crm.left_out.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons, ["unreadable_value", "duplicate_id"]);
    let records = loaded.records("deals", &[1, 9]).expect("the table is there");
    assert_eq!(records[0][0], ("id".to_owned(), Some("b".to_owned())));
    assert!(records[1].is_empty() && loaded.records("orders", &[0]).is_err());
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_bytes_load_or_give_a_code(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Err(error) = read::csv("t", &bytes) {
                prop_assert!(["empty_input", "not_utf8", "binary", "no_rows"].contains(&error.code()));
            }
        }

        #[test]
        fn any_table_like_text_loads_or_gives_a_code(text in "(id|stage|created_at|amount)([,;\t \"\r\n0-9/.:\\-eaWon۱٬٫%T+]|won|lost|2020-01-0|\n){0,200}") {
            if let Ok(source) = read::csv("t", text.as_bytes()) {
                let written = read::write_csv(&source.table);
                for kind in [None, Some(TableKind::Deals), Some(TableKind::History), Some(TableKind::Orders), Some(TableKind::Customers)] {
                    let loaded = crm::load(vec![(kind, source.clone())], &LoadOptions::default());
                    if let Ok(loaded) = loaded {
                        let _ = quality(&loaded);
                    }
                }
                prop_assert!(!written.is_empty());
            }
        }

        #[test]
        fn what_is_written_reads_back(rows in proptest::collection::vec(("[a-z][a-z ,;\"\n]{0,8}[a-z]", any::<f64>(), -2_000_000_000_000_i64..4_000_000_000_000), 1..40)) {
            let texts: Vec<String> = rows.iter().map(|(text, ..)| format!("x{text}x")).collect();
            let numbers = rows.iter().map(|(_, number, _)| if number.abs() <= 1e30 { *number } else { f64::NAN }).collect();
            let column = |name: &str, values| crm_analytics::table::Column { name: name.into(), values };
            let instants = rows.iter().map(|(_, _, instant)| *instant as f64).collect();
            let table = crm_analytics::table::Table::new("t", vec![
                column("text", Values::Texts(texts.iter().map(Some).collect())),
                column("number", Values::Numbers(numbers)),
                column("instant", Values::Instants(instants)),
            ]).expect("equally long");
            let read = read::csv("t", &read::write_csv(&table)).expect("readable");
            prop_assert_eq!(&table.columns()[0].values, &read.table.columns()[0].values);
            prop_assert_eq!(&table.columns()[2].values, &read.table.columns()[2].values);
            if let (Values::Numbers(a), Values::Numbers(b)) = (&table.columns()[1].values, &read.table.columns()[1].values) {
                prop_assert!(a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
            }
        }
    }
}
