//! What the READMEs of the real data sets warn of, found by the quality analysis.

use crm_analytics::crm::{self, LeftOut, LoadOptions, Loaded, TableKind};
use crm_analytics::forecast::{ForecastOptions, forecast};
use crm_analytics::funnel::{FunnelOptions, funnel};
use crm_analytics::meta::{self, Progress};
use crm_analytics::quality::{self, Finding, QualityResult, quality};
use crm_analytics::read;
use crm_analytics::segments::{SegmentsOptions, segments};
use crm_analytics::table::Values;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn options(json: serde_json::Value) -> LoadOptions {
    meta::options(&json.to_string()).expect("valid options")
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

/// Count of the finding of this code, table and column; 0 where there is none.
fn count(result: &QualityResult, code: &str, table: &str, column: Option<&str>) -> u64 {
    let is = |f: &&Finding| f.code == code && f.table == table && f.column.as_deref() == column;
    result.findings.iter().find(is).map_or(0, |finding| finding.count)
}

/// Every trap of a README with the finding that names it, and its count in the reference.
fn assert_traps(result: &QualityResult, table: &str, traps: &[(&str, &str, Option<&str>, u64)]) {
    for (trap, code, column, expected) in traps {
        assert_eq!(count(result, code, table, *column), *expected, "{trap}");
    }
}

const MAVEN: [&str; 4] = ["sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv"];

#[test]
fn maven_traps_are_found() {
    let Some(loaded) = load(&MAVEN, serde_json::json!({})) else { return };
    let result = quality(&loaded);
    let deals = [
        ("product GTXPro is not in the catalogue", "unmatched_key", Some("product"), 1480),
        ("account is missing in open deals", "missing_value", Some("account"), 1425),
        ("Prospecting has no engage_date", "no_created_date", Some("engage_date"), 500),
        ("lost deals have close_value 0", "lost_amount_zero", Some("close_value"), 2473),
        ("open deals have no value", "open_without_amount", Some("close_value"), 2089),
        ("zombies: open for longer than any closed deal took", "open_longer_than_any_closed", None, 1291),
    ];
    assert_traps(&result, "deals", &deals);
    let customers = [
        ("sector technolgy", "misspelt_levels", Some("sector"), 12),
        ("office Philipines", "misspelt_levels", Some("office_location"), 1),
    ];
    assert_traps(&result, "customers", &customers);
    assert_traps(&result, "sales_teams.csv", &[("sales agents without any deal", "unused_key", None, 5)]);
    let merges = |column: &str| {
        let found = result.findings.iter().find(|f| f.column.as_deref() == Some(column) && !f.near_misses.is_empty());
        found.and_then(|f| f.near_misses[0].nearest.as_deref())
    };
    assert_eq!(
        ["product", "sector", "office_location"].map(merges),
        ["GTX Pro", "technology", "Philippines"].map(Some)
    );
    // The quarter-end rush and equal dates of a file of whole days are its rhythm.
    for code in ["bulk_close_day", "import_spike", "likely_duplicate", "near_duplicate_levels", "closed_before_created"]
    {
        assert!(result.findings.iter().all(|finding| finding.code != code), "{code}");
    }
    // "1,425 deals without account are left out of segments."
    let account = result.findings.iter().find(|f| f.column.as_deref() == Some("account")).expect("found");
    let segments = account.costs.iter().find(|cost| cost.analysis == "segments").expect("a cost");
    assert_eq!((segments.rows, segments.of, segments.lost), (1425, 8800, true));
    assert_eq!(result.findings[result.fixes[0].finding].column.as_deref(), Some("account"));
}

#[test]
fn merging_as_suggested_clears_the_maven_findings_in_joins_and_attributes() {
    let same = serde_json::json!({"mapping": {"same": {"product": {"GTXPro": "GTX Pro"}, "sector": {"technolgy": "technology"}}}});
    let Some(loaded) = load(&MAVEN, same) else { return };
    let result = quality(&loaded);
    assert_eq!(count(&result, "unmatched_key", "deals", Some("product")), 0);
    assert_eq!(count(&result, "misspelt_levels", "customers", Some("sector")), 0);
    let deals = loaded.crm.deals.as_ref().expect("deals");
    for (name, from, to) in [("product", "GTXPro", "GTX Pro"), ("sector", "technolgy", "technology")] {
        let attribute = deals.attributes.iter().find(|attribute| attribute.name == name).expect("a column");
        let Values::Texts(texts) = &attribute.values else { panic!("{name} is text") };
        let rows = |level: &str| (0..deals.len()).filter(|deal| texts.get(*deal) == Some(level)).count();
        assert!(rows(from) == 0 && rows(to) > 0, "{name}");
    }
}

#[test]
fn bank_marketing_traps_are_found() {
    let json = serde_json::json!({"mapping": {"deals": {"outcome": "y"}, "outcomes": {"yes": "won", "no": "lost"}}});
    let Some(loaded) = load(&["bank-full.csv"], json) else { return };
    let Some(oracle) = crate::data::oracle("bank-marketing") else { return };
    let reference = &oracle["data_quality"];
    let result = quality(&loaded);
    let unknown = |column: &str| reference["unknown"][column].as_u64().expect("a count");
    let traps = [
        (
            "pdays = -1 means never contacted",
            "sentinel_value",
            Some("pdays"),
            reference["pdays_minus_1"].as_u64().expect("a count"),
        ),
        ("unknown is a value of job", "placeholder_value", Some("job"), unknown("job")),
        ("unknown is a value of education", "placeholder_value", Some("education"), unknown("education")),
        ("unknown is a value of contact", "placeholder_value", Some("contact"), unknown("contact")),
        ("unknown is a value of poutcome", "placeholder_value", Some("poutcome"), unknown("poutcome")),
        ("no year: only the row order is time", "no_created_date", None, 45_211),
    ];
    assert_traps(&result, "deals", &traps);
    let examples = |code: &str, column: &str| {
        let found = result.findings.iter().find(|f| f.code == code && f.column.as_deref() == Some(column));
        found.map(|finding| finding.example_values.clone()).unwrap_or_default()
    };
    // The rate of yes drifts: trained on the first 70 %, the rest is another world.
    assert_eq!(examples("win_rate_moved", "y"), ["5.8 %", "25.4 %"]);
    // Junk clusters on raw values: the farthest first.
    assert_eq!(examples("extreme_value", "balance")[0], "102127");
    assert_eq!(examples("extreme_value", "previous")[0], "275");
    assert!(result.findings.iter().all(|f| !f.code.ends_with("_levels") && f.code != "duplicate_row"));
}

#[test]
fn receipt_log_traps_are_found() {
    let json = serde_json::json!({"repeats": "separate", "mapping": {"history": {
        "deal_id": "case:concept:name", "stage": "concept:name", "entered_at": "time:timestamp", "closed_at": "case:enddate"}}});
    let Some(loaded) = load(&["receipt.csv"], json) else { return };
    let Some(oracle) = crate::data::oracle("receipt-log") else { return };
    let reference = &oracle["data_quality"];
    let result = quality(&loaded);
    let early = reference["enddate_before_last_event"].as_u64().expect("a count");
    assert_traps(
        &result,
        "history",
        &[
            ("the enddate lies before the last event", "closed_before_last_event", Some("case:enddate"), early),
            ("an enddate says that a case ended, not how", "outcome_not_told", None, 1329),
        ],
    );
    // Rework, and durations whose mean and median differ by orders of magnitude.
    let passages = loaded.crm.passages.as_ref().expect("passages");
    let mut again: Vec<u32> =
        (0..passages.len()).filter(|at| passages.ordinal[*at] > 0).map(|at| passages.deal[at]).collect();
    again.dedup();
    assert_eq!(count(&result, "reentered_stage", "history", None), again.len() as u64);
    let skewed = result.findings.iter().find(|finding| finding.code == "skewed_durations").expect("found");
    let [median, mean]: [f64; 2] = [0, 1].map(|at| skewed.example_values[at].parse().expect("days"));
    assert!(mean > 10.0 * median);
    // Open cases are censored, which is no fault; summer time and zones are read as instants.
    let left_out: Vec<&str> = loaded.crm.left_out.iter().map(|entry| entry.reason.as_str()).collect();
    assert!(!left_out.contains(&"unreadable_value") && loaded.summary.counts.open == 105, "{left_out:?}");
}

#[test]
fn online_retail_traps_are_found() {
    let Some(loaded) = load(&["online_retail_h1.csv"], serde_json::json!({})) else { return };
    let Some(oracle) = crate::data::oracle("online-retail-h1") else { return };
    let reference = &oracle["data_quality"];
    let result = quality(&loaded);
    let expected = |name: &str| reference[name].as_u64().expect("a count");
    let codes = reference["non_product_stock_codes"].as_object().expect("codes");
    let odd = codes.values().filter_map(serde_json::Value::as_u64).sum();
    let traps = [
        ("lines without a customer", "no_customer", Some("CustomerID"), expected("missing_customer_rows")),
        (
            "cancellations are InvoiceNo C…",
            "unreadable_value",
            Some("InvoiceNo"),
            expected("cancellation_rows_InvoiceNo_C"),
        ),
        ("more negative quantities without C", "return_without_mark", None, expected("negative_quantity_without_C")),
        ("all negative quantities", "return_or_cancellation", None, expected("negative_quantity")),
        ("zero prices", "zero_value", Some("UnitPrice"), expected("zero_price")),
        ("exact duplicate lines", "duplicate_row", None, expected("exact_duplicate_rows")),
        ("POST, DOT, M, … are not products", "odd_code", Some("StockCode"), odd),
    ];
    assert_traps(&result, "orders", &traps);
    let examples = |code: &str| {
        let found = result.findings.iter().find(|finding| finding.code == code);
        found.map(|finding| finding.example_values.clone()).unwrap_or_default()
    };
    let quantities = examples("extreme_value");
    assert!(quantities.contains(&"74215".to_owned()) && quantities.contains(&"-74215".to_owned()), "{quantities:?}");
    assert_eq!(examples("partial_last_month"), ["2011-06-26"]);
    assert!(["POST", "DOT", "M"].iter().all(|code| examples("odd_code").contains(&(*code).to_owned())));
    // 12/1/10 is 1 December 2010, and days above 12 prove it.
    assert_eq!(count(&result, "guessed_date_order", "orders", Some("InvoiceDate")), 0);
    assert_eq!(count(&result, "date_out_of_range", "orders", Some("InvoiceDate")), 0);
}

#[test]
fn cdnow_traps_are_found() {
    let json = serde_json::json!({"mapping": {"orders": {"customer_id": "column_2", "date": "column_3", "amount": "column_5"}}});
    let Some(loaded) = load(&["CDNOW_sample.txt"], json) else { return };
    let Some(oracle) = crate::data::oracle("cdnow") else { return };
    let expected = |name: &str| oracle["data_quality"][name].as_u64().expect("a count");
    let result = quality(&loaded);
    let traps = [
        (
            "orders of one customer on one day",
            "same_day_orders",
            Some("column_2"),
            expected("same_customer_same_day_rows_merged"),
        ),
        ("rows of value 0", "zero_value", Some("column_5"), expected("zero_value_rows")),
    ];
    assert_traps(&result, "orders", &traps);
    // Only three acquisition months: later ones bring no new customers.
    let ended = result.findings.iter().find(|finding| finding.code == "no_new_customers").expect("found");
    assert_eq!(ended.example_values, ["1997-03-25"]);
    assert!(result.findings.iter().all(|finding| finding.code != "partial_last_month"));
}

/// What the analyses themselves use and leave out of `loaded` is what their scores and costs say.
fn assert_agrees(loaded: &Loaded) {
    let result = quality(loaded);
    let score =
        |analysis: &str| result.scores.iter().find(|score| score.analysis == analysis).expect("a score").clone();
    let cost = |analysis: &str, code: &str| {
        let costs = result.findings.iter().filter(|f| f.code == code).flat_map(|f| &f.costs);
        costs.filter(|cost| cost.analysis == analysis && cost.lost).map(|cost| cost.rows).sum::<u64>()
    };
    let left_out = |entries: &[LeftOut], reason: &str| {
        entries.iter().filter(|entry| entry.reason == reason).map(|entry| entry.count).sum::<u64>()
    };
    if let Ok(funnel) = funnel(&loaded.crm, &FunnelOptions::default(), &mut Progress::none()) {
        assert_eq!(score("funnel").usable, funnel.meta.rows_used);
        for reason in ["no_created_date", "no_close_date", "closed_before_created"] {
            assert_eq!(cost("funnel", reason), left_out(&funnel.meta.rows_left_out, reason), "funnel {reason}");
        }
    }
    if let Ok(forecast) = forecast(&loaded.crm, &ForecastOptions::default(), &mut Progress::none()) {
        assert_eq!(score("forecast").usable, forecast.meta.rows_used);
        for (code, reason) in [("no_close_date", "no_close_date"), ("outcome_not_told", "unknown_outcome")] {
            assert_eq!(cost("forecast", code), left_out(&forecast.meta.rows_left_out, reason), "forecast {reason}");
        }
    }
    if let Ok(segments) = segments(
        &loaded.crm,
        &SegmentsOptions { k: Some(2), restarts: 1, ..SegmentsOptions::default() },
        &mut Progress::none(),
    ) {
        assert_eq!(score("segments").usable, segments.meta.rows_used);
        if loaded.table(TableKind::Orders).is_some() {
            for reason in ["no_customer", "zero_price", "return_or_cancellation", "no_amount"] {
                assert_eq!(
                    cost("segments", reason),
                    left_out(&segments.meta.rows_left_out, reason),
                    "segments {reason}"
                );
            }
        }
    }
}

#[test]
fn costs_and_scores_are_those_of_the_analyses() {
    if let Some(maven) = load(&MAVEN, serde_json::json!({})) {
        assert_agrees(&maven);
    }
    if let Some(retail) = load(&["online_retail_h1.csv"], serde_json::json!({})) {
        assert_agrees(&retail);
    }
    let mut text = String::from("deal_id,created_at,closed_at,status,amount,customer_id\n");
    for row in 0..240 {
        let status = ["Won", "Lost", "Open", "Closed"][row % 4];
        let created = if row % 11 == 0 { String::new() } else { format!("2024-01-{:02}", row % 28 + 1) };
        let closed =
            if row % 4 == 2 || row % 7 == 0 { String::new() } else { format!("2024-{:02}-15", row % 13 % 12 + 1) };
        let amount = if row % 5 == 0 { String::new() } else { (100 + row * 3).to_string() };
        let customer = if row % 6 == 0 { String::new() } else { format!("c{}", row % 40) };
        text.push_str(&format!("d{row},{created},{closed},{status},{amount},{customer}\n"));
    }
    for rows in [1, 240] {
        let text: Vec<&str> = text.lines().take(rows + 1).collect();
        let source = read::csv("deals.csv", text.join("\n").as_bytes()).expect("readable");
        assert_agrees(&crm::load(vec![(None, source)], &LoadOptions::default()).expect("loads"));
    }
}

#[test]
fn a_file_of_the_rows_has_one_line_per_row() {
    let Some(loaded) = load(&MAVEN, serde_json::json!({})) else { return };
    for finding in quality(&loaded).findings {
        let file =
            quality::offending(&loaded, &finding.code, &finding.table, finding.column.as_deref()).expect("a finding");
        let lines = String::from_utf8(file).expect("text").lines().count() - 1;
        let expected = if finding.rows.is_empty() { finding.example_values.len() } else { finding.rows.len() };
        assert_eq!(lines, expected, "{}", finding.code);
        assert!(finding.rows.is_empty() || finding.rows.len() as u64 == finding.count, "{}", finding.code);
    }
}
