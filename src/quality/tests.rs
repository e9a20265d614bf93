//! Each kind of finding on the smallest data that show it, and on their neighbours that must not.

use super::{Finding, Severity, offending, quality, rows};
use crate::crm::{self, LoadOptions, Loaded, TableKind};
use crate::meta::options;
use crate::read;
use crate::simulate::{SimulateOptions, simulate};

fn loaded(files: &[(TableKind, &str)], json: &str) -> Loaded {
    let source =
        |(kind, text): &(TableKind, &str)| (Some(*kind), read::csv(kind.name(), text.as_bytes()).expect("readable"));
    let options: LoadOptions = options(json).expect("valid options");
    crm::load(files.iter().map(source).collect(), &options).expect("loads")
}

fn deals(text: &str) -> Loaded {
    loaded(&[(TableKind::Deals, text)], "{}")
}

fn finding(loaded: &Loaded, code: &str) -> Option<Finding> {
    quality(loaded).findings.into_iter().find(|finding| finding.code == code)
}

/// 2024-01-01 and so many days.
fn date(days: usize) -> String {
    crate::read::dates::iso_text(1_704_067_200_000.0 + 86_400_000.0 * days as f64, true)
}

/// A clean table of `n` deals, four a day, with `change` applied to each row's cells: id, created, closed, status, amount, customer, owner, expected.
fn table(n: usize, change: impl Fn(usize, &mut [String; 8])) -> String {
    let mut text = String::from("deal_id,created_at,closed_at,status,amount,customer_id,owner,expected_close\n");
    for row in 0..n {
        let status = ["Won", "Lost", "Open"][row % 3];
        let closed = if row % 3 == 2 { String::new() } else { date(row / 4 + 20 + row % 7) };
        let mut cells = [
            format!("d{row}"),
            date(row / 4),
            closed,
            status.into(),
            (1000 + 37 * (row % 101)).to_string(),
            format!("c{}", row % 50),
            ["Ann", "Bob", "Cy"][row % 3].into(),
            date(n + row),
        ];
        change(row, &mut cells);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

#[test]
fn a_clean_table_has_nothing_but_remarks() {
    // Everything ends within a month, and what does not by the last day is open.
    let text = table(400, |row, cells| {
        cells[3] = ["Won", "Lost"][row % 2].into();
        cells[2] = date(row / 4 + 20 + row % 7);
        if row / 4 + 20 + row % 7 > 99 {
            (cells[3], cells[2]) = ("Open".into(), String::new());
        }
    });
    let serious: Vec<Finding> =
        quality(&deals(&text)).findings.into_iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert_eq!(serious, []);
}

#[test]
fn the_simulated_crm_has_no_error_and_few_warnings() {
    for seed in 1..4 {
        let made = simulate(&SimulateOptions { deals: 3000, seed, ..SimulateOptions::default() }).expect("valid");
        let sources = [made.deals, made.history, made.customers, made.orders].map(|table| (None, table.into()));
        let loaded = crm::load(sources.into(), &LoadOptions::default()).expect("loads");
        let result = quality(&loaded);
        let codes: Vec<&str> =
            result.findings.iter().filter(|f| f.severity > Severity::Info).map(|f| f.code.as_str()).collect();
        assert!(result.findings.iter().all(|finding| finding.severity < Severity::Error), "{codes:?}");
        // What the simulation has on purpose: plans that slip, amounts that are missing, deals that are forgotten.
        let known =
            ["expected_close_passed", "open_without_amount", "won_without_amount", "open_longer_than_any_closed"];
        assert!(codes.iter().all(|code| known.contains(code)), "{codes:?}");
        assert!(result.scores.iter().all(|score| score.score.is_some_and(|score| score > 80.0)), "{:?}", result.scores);
    }
}

#[test]
fn values_that_cannot_be_are_found_by_line() {
    let text = table(100, |row, cells| match row {
        3 => cells[4] = "-50".into(),
        4 => cells[2] = "2023-01-01".into(),
        7 => cells[1] = "1899-12-30".into(),
        8 => cells[7] = "2019-01-01".into(),
        9 => cells[4] = "0".into(),
        _ => {}
    });
    let loaded = deals(&text);
    let lines = |code: &str| finding(&loaded, code).map(|f| (f.count, f.example_lines, f.example_values));
    assert_eq!(lines("negative_amount"), Some((1, vec![5], vec!["-50".into()])));
    assert_eq!(lines("closed_before_created"), Some((1, vec![6], vec!["2023-01-01".into()])));
    assert_eq!(lines("date_out_of_range"), Some((1, vec![9], vec!["1899-12-30".into()])));
    assert_eq!(lines("expected_close_passed"), Some((1, vec![10], vec!["2019-01-01".into()])));
    assert_eq!(lines("zero_amount"), Some((1, vec![11], vec!["0".into()])));
    let early = finding(&loaded, "closed_before_created").expect("found");
    assert!(early.costs.iter().any(|cost| cost.analysis == "funnel" && cost.lost && cost.rows == 1));
}

#[test]
fn one_date_of_the_next_century_is_an_error_because_it_moves_the_analysis() {
    let text = table(200, |row, cells| {
        if row == 100 {
            cells[2] = "2099-06-01".into();
        }
    });
    let found = finding(&deals(&text), "date_out_of_range").expect("found");
    assert_eq!((found.severity, found.count, found.example_lines), (Severity::Error, 1, vec![102]));
}

#[test]
fn probabilities_are_percentages() {
    let mut text = String::from("deal_id,created_at,status,probability\n");
    for (row, probability) in ["50", "100", "0", "140", "-5", ""].iter().enumerate() {
        text.push_str(&format!("d{row},2024-01-0{},Open,{probability}\n", row + 1));
    }
    assert_eq!(finding(&deals(&text), "probability_out_of_range").map(|f| f.example_lines), Some(vec![5, 6]));
}

#[test]
fn rows_ids_and_deals_entered_twice_are_told_apart() {
    let mut text = table(40, |row, cells| {
        cells[1] = format!("{}T10:{:02}:07Z", date(row / 4), row % 60);
    });
    let copied: Vec<String> = text.lines().skip(1).take(3).map(str::to_owned).collect();
    text.push_str(&copied[0]);
    text.push('\n');
    text.push_str(&copied[1].replace("d1,", "d1001,"));
    text.push('\n');
    text.push_str(&copied[2].replace("Open", "Won"));
    text.push('\n');
    let loaded = deals(&text);
    let lines = |code: &str| finding(&loaded, code).map(|f| f.example_lines);
    assert_eq!(lines("duplicate_row"), Some(vec![42]));
    assert_eq!(lines("duplicate_id"), Some(vec![42, 44]));
    assert_eq!(lines("likely_duplicate"), Some(vec![43]));
}

#[test]
fn a_day_on_which_far_more_is_closed_stands_out_and_a_busy_weekday_does_not() {
    let busy = |row: usize, cells: &mut [String; 8]| {
        let day = row / 4;
        // Three working days a week, the first of them twice as busy.
        let day = day / 7 * 7 + [0, 0, 2, 2, 2, 4, 4][day % 7];
        if !cells[2].is_empty() {
            cells[2] = date(day + 14);
        }
        cells[1] = date(row / 8);
    };
    assert_eq!(finding(&deals(&table(1200, busy)), "bulk_close_day"), None);
    let bulk = |row: usize, cells: &mut [String; 8]| {
        busy(row, cells);
        if row.is_multiple_of(10) && !cells[2].is_empty() {
            cells[2] = date(200);
        }
    };
    let found = finding(&deals(&table(1200, bulk)), "bulk_close_day").expect("found");
    assert!(found.count >= 80 && found.example_values[0].starts_with(&date(200)), "{found:?}");
}

#[test]
fn many_deals_of_one_minute_were_imported() {
    let at = |minute: usize, row: usize| {
        format!("{}T{:02}:{:02}:{:02}Z", date(row / 40), 8 + minute / 60, minute % 60, row % 60)
    };
    let spread = |row: usize, cells: &mut [String; 8]| cells[1] = at((row * 37) % 480, row);
    assert_eq!(finding(&deals(&table(1200, spread)), "import_minute"), None);
    let together =
        |row: usize, cells: &mut [String; 8]| cells[1] = at(if row / 40 == 7 { 33 } else { (row * 37) % 480 }, row);
    assert_eq!(finding(&deals(&table(1200, together)), "import_minute").map(|f| f.count), Some(40));
}

#[test]
fn silence_is_measured_by_the_usual_rhythm() {
    let text = table(200, |_, cells| cells[7] = String::new());
    let at = |json: &str, code: &str| {
        finding(&loaded(&[(TableKind::Deals, &text)], json), code).map(|f| (f.count, f.example_values))
    };
    // The last deal begins on day 49, the last one ends on day 49 + 26 at the latest.
    assert_eq!(at(&format!(r#"{{"asOf": "{}"}}"#, date(80)), "stale_data"), None);
    let json = format!(r#"{{"asOf": "{}"}}"#, date(130));
    assert_eq!(at(&json, "no_new_deals"), Some((81, vec![date(49)])));
    assert!(at(&json, "stale_data").is_some());
}

#[test]
fn amounts_of_one_owner_times_ten_are_named_and_of_a_good_seller_not() {
    let of = |factor: usize| {
        deals(&table(600, |row, cells| {
            if cells[6] == "Bob" {
                cells[4] = ((1000 + 37 * (row % 101)) * factor).to_string();
            }
        }))
    };
    let found = finding(&of(10), "tenfold_amounts").expect("found");
    assert_eq!((found.column.as_deref(), found.count, found.example_values[0].as_str()), (Some("owner"), 200, "Bob"));
    assert_eq!(finding(&of(3), "tenfold_amounts"), None);
    assert_eq!(finding(&of(30), "tenfold_amounts"), None);
}

#[test]
fn two_currencies_are_named() {
    let mut text = String::from("deal_id,created_at,status,amount,currency\n");
    for row in 0..20 {
        text.push_str(&format!("d{row},2024-01-{:02},Won,{row}0,{}\n", row + 1, if row == 7 { "USD" } else { "EUR" }));
    }
    assert_eq!(
        finding(&deals(&text), "currency_mix").map(|f| (f.count, f.example_values)),
        Some((1, vec!["USD".into()]))
    );
}

#[test]
fn merging_removes_the_finding_and_merges_every_attribute() {
    let text = table(90, |row, cells| {
        cells[6] = ["شرکت علی", "شركت\u{200c}علي", "Bob"][row % 3].into();
    });
    let before = finding(&deals(&text), "near_duplicate_levels").expect("found");
    let miss = &before.near_misses[0];
    assert_eq!(
        (before.count, miss.nearest.as_deref(), before.column.as_deref()),
        (30, Some("شرکت علی"), Some("owner"))
    );
    let json = serde_json::json!({"mapping": {"same": {"owner": {&miss.value: miss.nearest}}}}).to_string();
    let merged = loaded(&[(TableKind::Deals, &text)], &json);
    assert_eq!(finding(&merged, "near_duplicate_levels"), None);
    let owners = &merged.crm.deals.as_ref().expect("deals").owner;
    assert_eq!((0..90).filter(|deal| owners.get(*deal) == Some("شرکت علی")).count(), 60);
    // What is shown stays what was written.
    assert_eq!(merged.records("deals", &[1]).expect("a table")[0][6].1.as_deref(), Some("شركت\u{200c}علي"));
}

#[test]
fn a_history_is_held_against_its_deals() {
    let deals = "deal_id,created_at,closed_at,status\na,2024-01-01,2024-02-01,Won\nb,2024-01-02,2024-02-02,Lost\nc,2024-01-03,,Open\nd,2024-01-04,,Open\n";
    let history = "deal_id,stage,entered_at\na,One,2024-01-01\na,Two,2024-01-05\na,Three,2024-01-09\nc,One,2024-01-03\nc,Three,2024-01-20\nc,One,2024-01-25\nx,One,2024-01-01\n";
    let loaded = loaded(
        &[(TableKind::Deals, deals), (TableKind::History, history)],
        r#"{"mapping": {"stages": ["One", "Two", "Three"]}}"#,
    );
    let lines = |code: &str| finding(&loaded, code).map(|f| (f.example_lines, f.share));
    assert_eq!(lines("closed_without_history"), Some((vec![3], 0.5)));
    assert_eq!(lines("open_without_history"), Some((vec![5], 0.5)));
    assert_eq!(lines("skipped_stage"), Some((vec![4], 0.5)));
    assert_eq!(lines("reentered_stage"), Some((vec![4], 0.5)));
    assert_eq!(lines("deal_not_in_deals").map(|(lines, _)| lines), Some(vec![8]));
}

#[test]
fn a_row_of_weight_three_counts_as_three_rows() {
    let cells = |row: usize| {
        let status = ["Won", "Lost", "Open"][row % 3];
        let closed = if row % 3 == 2 { String::new() } else { date(row / 2 + if row == 9 { 0 } else { 30 }) };
        let owner = ["Ann", "ann", "Bob", "unknown"][row % 4];
        let customer = if row.is_multiple_of(5) { "" } else { "c1" };
        let amount = if row == 30 { "-5".into() } else { (100 + row).to_string() };
        format!("{},{closed},{status},{amount},{customer},{owner}", date(if row == 9 { 20 } else { row / 2 }))
    };
    let (mut weighted, mut repeated) =
        (String::from("created_at,closed_at,status,amount,customer_id,owner,weight\n"), String::new());
    repeated.push_str("created_at,closed_at,status,amount,customer_id,owner\n");
    for row in 0..120 {
        weighted.push_str(&format!("{},{}\n", cells(row), 1 + row % 3));
        for _ in 0..=row % 3 {
            repeated.push_str(&format!("{}\n", cells(row)));
        }
    }
    let told = |loaded: &Loaded| {
        let of_lines = |code: &str| code == "duplicate_row" || code == "likely_duplicate";
        let result = quality(loaded);
        let findings = result.findings.into_iter().filter(|f| !of_lines(&f.code));
        let findings: Vec<_> =
            findings.map(|f| (f.code, f.column, f.count, f.share, f.severity, f.near_misses)).collect();
        let scores: Vec<_> = result.scores.into_iter().map(|score| (score.usable, score.of)).collect();
        (findings, scores)
    };
    assert_eq!(told(&deals(&weighted)), told(&deals(&repeated)));
}

#[test]
fn the_rows_of_a_finding_are_a_file_in_which_nothing_is_a_formula() {
    let text = table(100, |row, cells| {
        if row % 10 == 3 {
            cells[4] = "-50".into();
            cells[5] = "=1+1".into();
            cells[6] = "@home".into();
        }
    });
    let loaded = deals(&text);
    let found = rows(&loaded, "negative_amount", "deals", Some("amount")).expect("a finding");
    assert_eq!(found, (0..10).map(|at| 10 * at + 3).collect::<Vec<u32>>());
    let file = offending(&loaded, "negative_amount", "deals", Some("amount")).expect("a finding");
    let file = String::from_utf8(file).expect("text");
    let mut lines = file.lines();
    assert_eq!(
        lines.next(),
        Some("line,finding,deal_id,created_at,closed_at,status,amount,customer_id,owner,expected_close")
    );
    assert_eq!(
        lines.next(),
        Some(format!("5,negative_amount,d3,{},{},Won,-50,'=1+1,'@home,{}", date(0), date(23), date(103)).as_str())
    );
    assert_eq!(lines.count(), 9);
    assert_eq!(rows(&loaded, "negative_amount", "deals", None).map_err(|e| e.code()), Err("invalid_option"));
}

#[test]
fn lines_that_could_not_be_read_are_in_the_file_as_they_stood() {
    let loaded = deals("deal_id,created_at,status\na,2024-01-01,Won\nb,2024-01-02\nc,2024-01-03,Lost\n");
    let file = offending(&loaded, "unreadable_line", "deals", None).expect("a finding");
    assert_eq!(String::from_utf8(file).expect("text"), "line,finding,value\n3,unreadable_line,\"b,2024-01-02\"\n");
}

#[test]
fn nothing_one_row_and_empty_columns_do_not_stop_it() {
    for text in [
        "deal_id,created_at,status\na,,\n",
        "deal_id,created_at,closed_at,status,amount\na,2024-01-01,2023-01-01,Won,\n",
        "x\ny\n",
        "deal_id,created_at,status\na,1404-01-01T09:31:00Z,Won\nb,2024-01-01T09:31:00Z,Lost\n",
        "deal_id,created_at,status,weight\na,2024-01-01,Won,0\nb,2024-01-01,Lost,0\n",
    ] {
        let loaded = deals(text);
        let result = quality(&loaded);
        assert!(result.scores.iter().all(|s| s.score.is_none_or(|score| (0.0..=100.0).contains(&score))), "{text}");
        for finding in &result.findings {
            assert!((0.0..=1.0).contains(&finding.share), "{finding:?}");
            let file = offending(&loaded, &finding.code, &finding.table, finding.column.as_deref());
            assert!(file.is_ok_and(|file| !file.is_empty()), "{finding:?}");
        }
    }
}
