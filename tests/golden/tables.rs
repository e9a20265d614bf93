//! Several tables of one CRM: what each is, and the keys that have no partner on either side.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, JoinSummary, LoadOptions, Loaded, TableKind};
use crm_analytics::table::Table;
use crm_analytics::{meta, read};

const DEALS: &str = "deal_id,created_at,closed_at,status,stage,amount,customer_id\n\
    D1,2024-01-02,2024-02-10,Won,Offer,100,C1\n\
    D2,2024-01-05,2024-03-01,Lost,Offer,200,C2\n\
    D3,2024-02-01,,Open,Lead,300,C2\n\
    D4,2024-02-03,,Open,Lead,50,C9\n";
const HISTORY: &str = "deal_id,stage,entered_at\n\
    D1,Lead,2024-01-02\nD1,Offer,2024-01-20\nD2,Lead,2024-01-05\nD2,Offer,2024-01-25\nX7,Lead,2024-01-09\nX7,Offer,2024-01-10\n";
const CUSTOMERS: &str = "customer_id,segment\nC1,gold\nC2,silver\nC3,none\n";
const ORDERS: &str = "order_id,customer_id,order_date,amount\n\
    1,C1,2024-01-03,10\n2,C1,2024-02-03,20\n3,c2,2024-02-04,30\n4,C8,2024-02-05,40\n5,C8,2024-02-06,50\n";
const CONTACTS: &str = "deal_id,activity_type,occurred_at\n\
    D1,call,2024-01-03 10:00\nD1,جلسه,2024-01-08 09:30\nD2,mail,2024-01-06 12:00\nX9,call,2024-01-07 12:00\n\
    ,call,2024-01-07 12:00\nD3,call,\nD3,meeting,2030-01-01 12:00\n";

fn load(tables: &[(&str, &str)], json: &str) -> Loaded {
    let read = |(name, text): &(&str, &str)| (None, read::csv(name, text.as_bytes()).expect("readable"));
    let options: LoadOptions = meta::options(json).expect("valid options");
    crm::load(tables.iter().map(read).collect(), &options).expect("loads")
}

fn join<'a>(loaded: &'a Loaded, table: &str) -> &'a JoinSummary {
    loaded.summary.joins.iter().find(|join| join.table == table).expect("joined")
}

/// Contacts as (deal, kind) in the order of the tables.
fn contacts(loaded: &Loaded) -> Vec<(String, String)> {
    let (deals, all) = (loaded.crm.deals.as_ref().expect("deals"), loaded.crm.interactions.as_ref().expect("contacts"));
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (0..all.len()).map(|at| (text(deals.id.get(all.deal[at] as usize)), text(all.kind.get(at)))).collect()
}

fn left_out(loaded: &Loaded, table: &str) -> Vec<(String, u64, Vec<u32>, Vec<String>)> {
    let of = loaded.summary.left_out.iter().filter(|entry| entry.table == table);
    of.map(|e| (e.reason.clone(), e.count, e.example_lines.clone(), e.example_values.clone())).collect()
}

#[test]
fn five_tables_are_recognised_and_their_keys_without_a_partner_listed_on_either_side() {
    let loaded = load(
        &[
            ("deals.csv", DEALS),
            ("stages.csv", HISTORY),
            ("accounts.csv", CUSTOMERS),
            ("orders.csv", ORDERS),
            ("contacts.csv", CONTACTS),
        ],
        "{}",
    );
    let kinds: Vec<&str> = loaded.summary.tables.iter().map(|table| table.table).collect();
    assert_eq!(kinds, ["deals", "history", "customers", "orders", "interactions"]);

    let history = join(&loaded, "history");
    assert_eq!((history.source.as_str(), history.column.as_str()), ("deals.csv", "deal_id"));
    assert_eq!((history.matched, history.unmatched), (4, 2));
    let misses = |join: &JoinSummary| -> Vec<(String, Option<String>, usize)> {
        join.near_misses.iter().map(|miss| (miss.value.clone(), miss.nearest.clone(), miss.count)).collect()
    };
    assert_eq!(misses(history), [("X7".to_owned(), None, 2)]);
    assert_eq!((history.unused.join(","), history.unused_count), ("D3,D4".to_owned(), 2));

    let orders = join(&loaded, "orders");
    assert_eq!((orders.source.as_str(), orders.matched, orders.unmatched), ("accounts.csv", 2, 3));
    assert_eq!(misses(orders), [("C8".to_owned(), None, 2), ("c2".to_owned(), Some("C2".to_owned()), 1)]);
    assert_eq!(orders.unused, ["C2", "C3"]);

    let contacts = join(&loaded, "interactions");
    assert_eq!((contacts.matched, contacts.unmatched, contacts.unused.join(",")), (5, 1, "D4".to_owned()));
    assert_eq!(join(&loaded, "deals").unused, ["C3"]);
}

#[test]
fn interactions_belong_to_their_deals_and_the_others_are_counted_with_line_and_value() {
    let loaded = load(&[("deals.csv", DEALS), ("contacts.csv", CONTACTS)], "{}");
    let pair = |deal: &str, kind: &str| (deal.to_owned(), kind.to_owned());
    assert_eq!(contacts(&loaded), [pair("D1", "call"), pair("D1", "جلسه"), pair("D2", "mail")]);
    assert_eq!(loaded.summary.counts.interactions, 3);
    let row = |reason: &str, line: u32, value: &[&str]| {
        (reason.to_owned(), 1, vec![line], value.iter().map(|value| (*value).to_owned()).collect())
    };
    assert_eq!(
        left_out(&loaded, "interactions"),
        [
            row("deal_not_in_deals", 5, &["X9"]),
            row("no_deal_id", 6, &[]),
            row("no_date", 7, &[]),
            row("after_as_of", 8, &[]),
        ]
    );
    let lines = |name| loaded.records(name, &[1]).expect("a table")[0].clone();
    assert_eq!(lines("interactions")[1], ("activity_type".to_owned(), Some("جلسه".to_owned())));
}

#[test]
fn a_meeting_that_is_planned_does_not_move_the_instant_of_the_analysis() {
    let plain = load(&[("deals.csv", DEALS)], "{}");
    let with = load(&[("deals.csv", DEALS), ("contacts.csv", CONTACTS)], "{}");
    assert_eq!(plain.crm.as_of, with.crm.as_of);
    assert_eq!(plain.summary.last_instant, with.summary.last_instant);
}

#[test]
fn calls_and_meetings_of_several_files_are_one_list_and_the_file_says_the_kind() {
    let calls = "id,deal_id,date_start\n1,D1,2024-01-03\n2,D2,2024-01-04\n";
    let meetings = "id,deal_id,date_start\n1,D3;D1,2024-02-03\n";
    let loaded = load(&[("deals.csv", DEALS), ("calls.csv", calls), ("meetings.csv", meetings)], "{}");
    let found: Vec<String> = contacts(&loaded).iter().map(|(deal, kind)| format!("{deal} {kind}")).collect();
    assert_eq!(found, ["D1 calls", "D2 calls", "D3 meetings"]);
    assert_eq!(loaded.summary.joins.iter().filter(|join| join.table == "interactions").count(), 2);
}

#[test]
fn a_mapping_names_the_columns_of_interactions() {
    let touches = "who,d,when\nphone,D1,2024-01-03\nphone,D2,2024-01-04\n";
    let json = r#"{"mapping": {"interactions": {"deal_id": "d", "at": "when", "kind": "who"}}}"#;
    let loaded = load(&[("deals.csv", DEALS), ("touches.csv", touches)], json);
    assert_eq!((loaded.summary.tables[1].table, contacts(&loaded).len()), ("interactions", 2));
    let mapping = serde_json::to_value(&loaded.summary.mapping).expect("serialises");
    assert_eq!(
        mapping["interactions"],
        serde_json::json!({"deal_id": "d", "at": "when", "kind": "who", "weight": null})
    );
    let again =
        load(&[("deals.csv", DEALS), ("touches.csv", touches)], &serde_json::json!({"mapping": mapping}).to_string());
    assert_eq!(contacts(&again), contacts(&loaded));
}

#[test]
fn a_row_of_weight_three_counts_as_three_contacts() {
    let weighted = "deal_id,kind,at,weight\nD1,call,2024-01-03,3\nD2,call,2024-01-04,-1\n";
    let loaded = load(&[("deals.csv", DEALS), ("calls.csv", weighted)], "{}");
    assert_eq!(loaded.crm.interactions.as_ref().map(|all| all.weight.clone()), Some(vec![3.0]));
    assert_eq!(left_out(&loaded, "interactions")[0].0, "bad_weight");
}

#[test]
fn histories_orders_and_deals_are_not_mistaken_for_interactions() {
    for (name, text, kind) in [
        (
            "log.csv",
            "deal_id,activity,timestamp\nD1,Lead,2024-01-02\nD1,Offer,2024-01-05\nD1,Won,2024-01-09\n",
            "history",
        ),
        (
            "log.csv",
            "deal_id,stage,type,date\nD1,Lead,new,2024-01-02\nD1,Offer,old,2024-01-05\nD1,Won,old,2024-01-09\n",
            "history",
        ),
        (
            "deals.csv",
            "deal_id,type,created_at,amount,stage\nD1,new,2024-01-02,5,Lead\nD2,old,2024-01-03,6,Won\n",
            "deals",
        ),
        ("orders.csv", ORDERS, "orders"),
    ] {
        assert_eq!(load(&[(name, text)], "{}").summary.tables[0].table, kind, "{text}");
    }
}

#[test]
fn interactions_without_any_deal_are_all_left_out_and_nothing_fails() {
    let loaded = load(&[("contacts.csv", CONTACTS)], "{}");
    assert_eq!(loaded.table(TableKind::Interactions).map(Table::rows), Some(7));
    assert_eq!(loaded.summary.counts.interactions, 0);
    let of =
        |reason: &str| loaded.summary.left_out.iter().find(|entry| entry.reason == reason).map(|entry| entry.count);
    assert_eq!((of("deal_not_in_deals"), of("no_deal_id"), of("no_date")), (Some(5), Some(1), Some(1)));
}
