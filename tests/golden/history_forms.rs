//! The six forms of stage history, each made from the same deals: what a form can tell is the same, what it cannot is said.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, LoadOptions, Loaded, Outcome};
use crm_analytics::{meta, read};

const DAY_MS: f64 = 86_400_000.0;
const DEALS: &str = include_str!("../data/history/deals.csv");
const ENTRY_LOG: &str = include_str!("../data/history/entry_log.csv");
const FROM_TO: &str = include_str!("../data/history/from_to.csv");
const AUDIT: &str = include_str!("../data/history/audit.csv");
const WIDE: &str = include_str!("../data/history/wide.csv");
const TOTALS: &str = include_str!("../data/history/totals.csv");
const CURRENT: &str = include_str!("../data/history/current_stage.csv");

fn load_with(texts: &[&str], json: serde_json::Value) -> Loaded {
    let options: LoadOptions = meta::options(&json.to_string()).expect("valid options");
    let sources = texts
        .iter()
        .enumerate()
        .map(|(at, text)| (None, read::csv(["deals.csv", "history.csv"][at], text.as_bytes()).expect("readable")))
        .collect();
    crm::load(sources, &options).expect("loads")
}

fn load(texts: &[&str]) -> Loaded {
    load_with(texts, serde_json::json!({"asOf": "2024-02-20", "mapping": {"stages": ["Lead", "Offer", "Contract"]}}))
}

/// Deal, stage, ordinal, days from creation to entry, days of stay, days unseen, exit.
fn stays(loaded: &Loaded) -> Vec<String> {
    let (Some(deals), Some(passages)) = (&loaded.crm.deals, &loaded.crm.passages) else { return Vec::new() };
    let line = |at: usize| {
        let deal = passages.deal[at] as usize;
        format!(
            "{} {} {} {} {} {} {:?}",
            deals.id.get(deal).unwrap_or_default(),
            passages.stages[passages.stage[at] as usize],
            passages.ordinal[at],
            (passages.entered[at] - deals.created[deal]) / DAY_MS,
            (passages.exited[at] - passages.entered[at]) / DAY_MS,
            passages.delayed_entry_of(at) / DAY_MS,
            passages.exit[at],
        )
    };
    (0..passages.len()).map(line).collect()
}

fn facts(loaded: &Loaded) -> (Option<&'static str>, Vec<&'static str>) {
    (loaded.summary.history_form, loaded.summary.history_lacks.clone())
}

fn left_out(loaded: &Loaded) -> Vec<(String, String, u64)> {
    loaded.crm.left_out.iter().map(|entry| (entry.table.clone(), entry.reason.clone(), entry.count)).collect()
}

/// A is won after a return to Offer, B is lost, C is open.
const CANONICAL: [&str; 7] = [
    "A Lead 0 0 4 0 Moved",
    "A Offer 0 4 6 0 Moved",
    "A Lead 1 10 2 0 Moved",
    "A Contract 0 12 8 0 Won",
    "B Lead 0 0 10 0 Moved",
    "B Offer 0 10 5 0 Lost",
    "C Lead 0 0 20 0 Censored",
];

#[test]
fn an_entry_log_tells_everything() {
    let loaded = load(&[DEALS, ENTRY_LOG]);
    assert_eq!(stays(&loaded), CANONICAL);
    assert_eq!((facts(&loaded), left_out(&loaded)), ((Some("entry_log"), vec![]), vec![]));
}

#[test]
fn from_to_rows_give_the_stays_of_the_entry_log() {
    let loaded = load(&[DEALS, FROM_TO]);
    assert_eq!(stays(&loaded), CANONICAL);
    assert_eq!(facts(&loaded), (Some("from_to"), vec![]));
}

#[test]
fn the_first_stage_of_an_audit_has_no_row_and_is_the_old_value_or_the_current_stage() {
    let loaded = load(&[DEALS, AUDIT]);
    assert_eq!(stays(&loaded), CANONICAL);
    assert_eq!(facts(&loaded), (Some("audit"), vec!["first_stage_assumed"]));
    assert_eq!(left_out(&loaded), [("history".into(), "other_field".into(), 2)]);
}

#[test]
fn wide_columns_lose_the_return_and_say_so() {
    let loaded = load(&[WIDE]);
    let expected = [
        "A Offer 0 4 6 0 Moved",
        "A Lead 0 10 2 0 Moved",
        "A Contract 0 12 8 0 Won",
        "B Lead 0 0 10 0 Moved",
        "B Offer 0 10 5 0 Lost",
        "C Lead 0 0 20 0 Censored",
    ];
    let found = stays(&loaded);
    assert_eq!(found[1..], expected[1..]);
    assert_eq!(facts(&loaded), (Some("wide"), vec!["reentries_merged", "history_begins_later"]));
    assert_eq!(left_out(&loaded), [("deals".into(), "reentry_without_dates".into(), 1)]);
    // The deal was in some stage before the first one that has a date: time in it before that is unseen.
    assert_eq!(found[0], "A Offer 0 0 10 4 Moved");
}

#[test]
fn wide_columns_with_an_exit_before_the_entry_tell_a_return_that_lasts() {
    let table = "Record ID,Create Date,Deal Stage,Date entered Lead,Date exited Lead,Date entered Offer,Date exited Offer\n\
                 A,2024-02-01,Lead,2024-02-08,2024-02-03,2024-02-03,2024-02-08\n";
    let loaded = load(&[table]);
    assert_eq!(stays(&loaded)[1..], ["A Lead 0 7 12 0 Censored"]);
    assert_eq!(left_out(&loaded), [("deals".into(), "reentry_without_dates".into(), 1)]);
}

#[test]
fn totals_merge_returns_and_lie_end_to_end() {
    let loaded = load(&[TOTALS]);
    let expected = [
        "A Lead 0 0 6 0 Moved",
        "A Offer 0 6 6 0 Moved",
        "A Contract 0 12 8 0 Won",
        "B Lead 0 0 10 0 Moved",
        "B Offer 0 10 5 0 Lost",
        "C Lead 0 0 20 0 Censored",
    ];
    assert_eq!(stays(&loaded), expected);
    assert_eq!(facts(&loaded), (Some("totals"), vec!["no_timestamps", "reentries_merged"]));
}

#[test]
fn a_current_stage_is_a_stay_that_is_no_evidence_of_its_length() {
    let loaded = load(&[CURRENT]);
    assert_eq!(stays(&loaded), ["C Lead 0 0 20 20 Censored"]);
    assert_eq!(facts(&loaded), (Some("current_stage"), vec!["earlier_stages_unknown"]));
    let deals = loaded.crm.deals.as_ref().expect("deals");
    // The closed stage was entered when the deal was won, whatever the close date says.
    assert_eq!((deals.outcome[0], (deals.closed[0] - deals.created[0]) / DAY_MS), (Outcome::Won, 20.0));
}

#[test]
fn deals_without_rows_in_the_history_fall_back_on_the_deals_table() {
    let log = "deal_id,stage,entered_at\nB,Lead,2024-01-06\nB,Offer,2024-01-16\nB,Closed Lost,2024-01-21\nB,Closed Lost,2024-01-22\n";
    let loaded = load(&[CURRENT, log]);
    assert_eq!(stays(&loaded), ["B Lead 0 0 10 0 Moved", "B Offer 0 10 5 0 Lost", "C Lead 0 0 20 20 Censored"]);
    assert_eq!(
        (facts(&loaded), loaded.summary.history_filled),
        ((Some("entry_log"), vec!["earlier_stages_unknown"]), 2)
    );
}

#[test]
fn a_minute_that_a_migration_wrote_is_no_stay_of_a_minute() {
    let deals = "deal_id,stage,status,created_at,amount\nA,Offer,open,2023-01-01,5\nB,Lead,open,2024-01-30,5\n";
    let log = "deal_id,from,from_date,to,to_date,duration\n\
        A,Lead,2024-01-31 23:59:00,Offer,2024-02-01 00:00:00,60\nA,Offer,2024-02-01 00:00:00,,,\nB,Lead,2024-01-30,,,\n";
    let loaded = load(&[deals, log]);
    let found = stays(&loaded);
    assert!(found[0].starts_with("A Lead 0 0 396 395.999"), "{found:?}");
    assert_eq!(found[1..], ["A Offer 0 396 19 0 Censored", "B Lead 0 0 21 0 Censored"]);
    assert_eq!(facts(&loaded), (Some("from_to"), vec!["history_begins_later"]));
}

#[test]
fn times_of_lost_deals_that_grow_for_ever_end_with_the_deal() {
    let text = "id,stage,status,created_at,date_closed,amount,duration_tracking\n\
        A,Offer,lost,2024-01-01,2024-01-11,5,\"{\"\"Lead\"\": 432000, \"\"Offer\"\": 86400000}\"\n";
    assert_eq!(stays(&load(&[text])), ["A Lead 0 0 5 0 Moved", "A Offer 0 5 5 0 Lost"]);
}

#[test]
fn repeated_rows_of_one_stage_are_one_stay() {
    let log = "OpportunityId,StageName,CreatedDate\nC,Lead,2024-01-31\nC,Lead,2024-02-02\nC,Lead,2024-02-09\n";
    assert_eq!(stays(&load(&[DEALS, log])), ["C Lead 0 0 20 0 Censored"]);
}

#[test]
fn ties_in_time_keep_the_order_of_the_file() {
    let log = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n\
        C,StageName,Lead,Offer,2024-02-05\nC,StageName,Offer,Contract,2024-02-05\n";
    let expected = ["C Lead 0 0 5 0 Moved", "C Offer 0 5 0 0 Moved", "C Contract 0 5 15 0 Censored"];
    let loaded = load(&[DEALS, log]);
    let found: Vec<String> = stays(&loaded).into_iter().filter(|stay| stay.starts_with('C')).collect();
    assert_eq!(found[1..], expected[1..]);
}

#[test]
fn an_empty_latest_time_means_that_the_deal_is_still_there() {
    let text = "id,dealstage,createdate,amount,hs_v2_date_entered_Lead,hs_v2_latest_time_in_Lead,hs_v2_date_entered_Offer,hs_v2_latest_time_in_Offer\n\
        A,Offer,2024-01-01,5,2024-01-01,345600000,2024-01-05,\n";
    assert_eq!(stays(&load(&[text])), ["A Lead 0 0 4 0 Moved", "A Offer 0 4 46 0 Censored"]);
}

#[test]
fn an_audit_that_does_not_reach_back_leaves_what_it_did_not_see_out_of_the_risk_set() {
    let log = "OpportunityId,Field,OldValue,NewValue,CreatedDate\nA,StageName,Lead,Offer,2024-01-25\nC,StageName,Lead,Offer,2024-02-05\n";
    let deals = "id,stage,status,created_at,closed_at,amount\nA,Offer,open,2024-01-01,,1\nB,Offer,lost,2024-01-06,2024-01-21,2\nC,Offer,open,2024-01-31,,3\n";
    let loaded = load(&[deals, log]);
    let expected =
        ["A Lead 0 0 24 24 Moved", "A Offer 0 24 26 0 Censored", "C Lead 0 0 5 0 Moved", "C Offer 0 5 15 0 Censored"];
    assert_eq!(stays(&loaded), expected);
    assert_eq!(facts(&loaded), (Some("audit"), vec!["first_stage_assumed", "history_begins_later"]));
}

#[test]
fn what_is_no_history_is_counted_and_the_rest_is_used() {
    let text = "id,stage,status,created_at,amount,times_in_stages\nA,Lead,open,2024-02-01,1,not json\n\
        B,Lead,open,2024-02-10,1,\"{\"\"Lead\"\": -5, \"\"Offer\"\": 86400}\"\nC,Lead,open,,1,\"{\"\"Lead\"\": 5}\"\nD,Lead,open,2024-02-01,1,\"{\"\n";
    let loaded = load(&[text]);
    assert_eq!(stays(&loaded), ["B Offer 0 0 1 0 Censored"]);
    let expected = [("deals", "not_stage_times", 2), ("deals", "negative_duration", 1)];
    let expected = expected.map(|(table, reason, count)| (table.to_owned(), reason.to_owned(), count));
    assert_eq!(left_out(&loaded), expected);
}

#[test]
fn a_host_names_the_columns_of_every_form() {
    let audit = "x,what,was,is,when\nC,7,Lead,Offer,2024-02-05\nC,8,1,2,2024-02-06\n";
    let mapping = serde_json::json!({"asOf": "2024-02-20", "mapping": {"stageField": "7",
        "history": {"deal_id": "x", "field": "what", "old": "was", "stage": "is", "entered_at": "when"}}});
    let text = audit.replace("7,", "seven,").replace("8,", "eight,");
    let mapping = serde_json::from_str(&mapping.to_string().replace("\"7\"", "\"seven\"")).expect("json");
    let loaded = load_with(&[DEALS, &text], mapping);
    assert_eq!((loaded.summary.history_form, left_out(&loaded)[0].2), (Some("audit"), 1));
    let wide = "id,stage,created_at,amount,a,b\nA,Offer,2024-01-01,5,2024-01-01,2024-01-05\n";
    let mapping = serde_json::json!({"asOf": "2024-02-20", "mapping": {"stageColumns": {"Lead": {"entered_at": "a"}, "Offer": {"entered_at": "b"}}}});
    assert_eq!(stays(&load_with(&[wide], mapping)), ["A Lead 0 0 4 0 Moved", "A Offer 0 4 46 0 Censored"]);
}
