//! Exports of CRMs as they come: which system is recognised, and the deals and outcomes that its own rules give.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, LoadOptions, Loaded};
use crm_analytics::read;

fn load(text: &str) -> Loaded {
    let source = read::csv("export.csv", text.as_bytes()).expect("readable");
    crm::load(vec![(None, source)], &LoadOptions::default()).expect("loads")
}

/// System, and (open, won, lost) of the deals in `text`.
fn read_as(text: &str) -> (Option<&'static str>, (usize, usize, usize)) {
    let loaded = load(text);
    let counts = loaded.summary.counts;
    (loaded.summary.crm, (counts.open, counts.won, counts.lost))
}

const HUBSPOT: &str = "Record ID,Deal Name,Amount,Deal Stage,Close Date,Deal owner,Company Name,Pipeline,Create Date\n\
    11,شرکت آسیا,\"$1,200\",Closed Won,2024-03-01,Sara,Asia,Sales,2024-01-05\n\
    12,Beta,$800,Closed Lost,2024-03-04,Omid,Beta,Sales,2024-01-09\n\
    13,Gamma,$950,Proposal,2024-09-01,Sara,Gamma,Sales,2024-02-01\n";
const SALESFORCE: &str = "Id,AccountId,Name,StageName,Amount,Probability,CloseDate,CreatedDate,IsClosed,IsWon,IsDeleted,OwnerId\n\
    006A,001A,One,Paid,100,100,2024-03-01,2024-01-02,true,true,false,005A\n\
    006B,001B,Two,Gone,200,0,2024-03-02,2024-01-03,true,false,false,005A\n\
    006C,001C,Three,Proposal,300,50,2024-12-01,2024-01-04,false,false,false,005B\n\
    006D,001C,Four,Proposal,300,50,2024-12-01,2024-01-04,false,false,true,005B\n";
const PIPEDRIVE: &str = "id,title,value,currency,status,stage_id,add_time,won_time,lost_time,close_time,expected_close_date\n\
    1,A,10,EUR,won,3,2024-01-01 08:00:00,2024-02-01 09:00:00,,2024-02-01 09:00:00,2024-03-01\n\
    2,B,20,EUR,lost,2,2024-01-02 08:00:00,,2024-02-03 09:00:00,2024-02-03 09:00:00,2024-03-01\n\
    3,C,30,EUR,open,1,2024-01-03 08:00:00,,,,2024-03-01\n\
    4,D,40,EUR,deleted,1,2024-01-03 08:00:00,,,,2024-03-01\n";
const ZOHO: &str = "Record Id,Deal Name,Amount,Stage,Closing Date,Account Name,Deal Owner,Created Time\n\
    z1,A,10,Closed Won,2024-02-01,X,O,2024-01-01 08:00:00\n\
    z2,B,20,Closed Lost to Competition,2024-02-03,Y,O,2024-01-02 08:00:00\n\
    z3,C,30,Qualification,2024-09-03,Z,P,2024-01-03 08:00:00\n";
const ODOO: &str = "id,name,stage_id,partner_id,expected_revenue,probability,create_date,date_closed,date_deadline,active\n\
    1,A,Won,X,10,100,2024-01-01 08:00:00,2024-02-01 08:00:00,2024-02-10,True\n\
    2,B,Proposition,Y,20,0,2024-01-02 08:00:00,2024-02-03 08:00:00,2024-02-10,False\n\
    3,C,New,Z,30,12.5,2024-01-03 08:00:00,,2024-06-10,True\n\
    4,D,New,Z,30,12.5,2024-01-03 08:00:00,,2024-06-10,False\n";
const DYNAMICS: &str = "opportunityid,name,estimatedvalue,estimatedclosedate,actualclosedate,statecode,stepname,createdon\n\
    d1,A,10,2024-02-01,2024-02-02,1,4-Close,2024-01-01\n\
    d2,B,20,2024-02-01,2024-02-05,2,2-Develop,2024-01-02\n\
    d3,C,30,2024-08-01,,0,1-Qualify,2024-01-03\n";
const SUITECRM: &str = "id,name,amount,date_closed,sales_stage,probability,assigned_user_id,date_entered,deleted\n\
    s1,A,10,2024-02-01,Closed Won,100,u1,2024-01-01,0\n\
    s2,B,20,2024-02-02,Closed Lost,0,u1,2024-01-02,0\n\
    s3,C,30,2024-08-02,Prospecting,10,u2,2024-01-03,0\n\
    s4,D,30,2024-08-02,Prospecting,10,u2,2024-01-03,1\n";
const ESPOCRM: &str = "id,name,amount,amountCurrency,stage,lastStage,probability,closeDate,assignedUserId,createdAt\n\
    e1,A,10,EUR,Closed Won,Negotiation,100,2024-02-01,u,2024-01-01\n\
    e2,B,20,EUR,Closed Lost,Proposal,0,2024-02-02,u,2024-01-02\n\
    e3,C,30,EUR,Proposal,Proposal,50,2024-08-02,v,2024-01-03\n";
const FRAPPE: &str = "name,organization,status,deal_value,deal_owner,creation,closed_date,expected_closure_date\n\
    CRM-1,X,Won,10,a,2024-01-01,2024-02-01,2024-02-02\n\
    CRM-2,Y,Lost,20,a,2024-01-02,2024-02-03,2024-02-02\n\
    CRM-3,Z,Negotiation,30,b,2024-01-03,,2024-08-02\n";
const BITRIX24: &str = "ID,TITLE,STAGE_ID,STAGE_SEMANTIC_ID,OPPORTUNITY,CURRENCY_ID,DATE_CREATE,CLOSEDATE,CLOSED,ASSIGNED_BY_ID\n\
    1,A,C7:WON,S,10,RUB,2024-01-01,2024-02-01,Y,5\n\
    2,B,C7:LOSE,F,20,RUB,2024-01-02,2024-02-02,Y,5\n\
    3,C,C7:NEW,P,30,RUB,2024-01-03,2024-08-02,N,6\n";

#[test]
fn every_system_is_named_and_its_outcomes_are_read_without_a_mapping() {
    for (name, text) in [
        ("HubSpot", HUBSPOT),
        ("Salesforce", SALESFORCE),
        ("Pipedrive", PIPEDRIVE),
        ("Zoho CRM", ZOHO),
        ("Odoo", ODOO),
        ("Dynamics 365", DYNAMICS),
        ("SuiteCRM", SUITECRM),
        ("EspoCRM", ESPOCRM),
        ("Frappe CRM", FRAPPE),
        ("Bitrix24", BITRIX24),
    ] {
        assert_eq!(read_as(text), (Some(name), (1, 1, 1)), "{name}: {:?}", load(text).summary.mapping);
    }
}

#[test]
fn deleted_deals_are_left_out_and_counted() {
    for text in [SALESFORCE, PIPEDRIVE, SUITECRM] {
        let left_out = load(text).summary.left_out;
        let deleted = left_out.iter().find(|entry| entry.reason == "deleted");
        assert_eq!(deleted.map(|entry| (entry.count, entry.example_lines.clone())), Some((1, vec![5])));
    }
}

#[test]
fn an_inactive_odoo_lead_is_lost_only_at_probability_zero() {
    let left_out = load(ODOO).summary.left_out;
    assert_eq!(left_out.iter().find(|entry| entry.reason == "archived").map(|entry| entry.count), Some(1));
}

#[test]
fn translated_pipedrive_headers_are_read_behind_their_prefix() {
    let text =
        "Obchod - ID,Obchod - Hodnota,Obchod - Stav,Obchod - Vlastník\n1,10,won,Jan\n2,20,lost,Jan\n3,30,open,Eva\n";
    let loaded = load(text);
    assert_eq!(loaded.summary.crm, Some("Pipedrive"));
    let mapping = serde_json::to_value(&loaded.summary.mapping).expect("serialises");
    assert_eq!(mapping["deals"]["amount"], "Obchod - Hodnota");
    assert_eq!(read_as(text).1, (1, 1, 1));
}

#[test]
fn a_close_date_that_may_be_the_expected_one_is_said() {
    for text in [HUBSPOT, SALESFORCE, ZOHO, SUITECRM, ESPOCRM] {
        assert_eq!(load(text).summary.notes, ["closed_at_may_be_expected"]);
    }
    for text in [PIPEDRIVE, ODOO, DYNAMICS, FRAPPE] {
        assert!(load(text).summary.notes.is_empty());
    }
}

#[test]
fn an_ordinary_file_is_no_vendors() {
    let text =
        "id,stage,amount,close_date,created_at\n1,Won,10,2024-02-01,2024-01-01\n2,Lost,20,2024-02-02,2024-01-02\n";
    assert_eq!(load(text).summary.crm, None);
}

fn load_all(files: &[(&str, &str)], json: &str) -> Loaded {
    let options: LoadOptions = crm_analytics::meta::options(json).expect("valid options");
    let sources = files.iter().map(|(name, text)| (None, read::csv(name, text.as_bytes()).expect("readable")));
    crm::load(sources.collect(), &options).expect("loads")
}

fn amounts(loaded: &Loaded) -> Vec<f64> {
    loaded.crm.deals.as_ref().map(|deals| deals.amount.clone()).unwrap_or_default()
}

fn left_out(loaded: &Loaded, reason: &str) -> Option<u64> {
    loaded.summary.left_out.iter().find(|entry| entry.reason == reason).map(|entry| entry.count)
}

#[test]
fn merged_deals_are_left_out_wherever_the_merge_is_told() {
    let deals = "Record ID,Deal Name,Amount,Deal Stage,Close Date,Create Date,Merged Deal IDs\n\
        11,A,10,Closed Won,2024-03-01,2024-01-05,12;13\n12,B,20,Proposal,2024-03-04,2024-01-09,\n13,C,30,Proposal,2024-09-01,2024-02-01,\n\
        14,D,40,Closed Lost,2024-02-20,2024-02-01,\n";
    let loaded = load(deals);
    assert_eq!((amounts(&loaded), left_out(&loaded, "merged")), (vec![10.0, 40.0], Some(2)));
    let deals = "deal_id,deal_pipeline_id,deal_pipeline_stage_id,is_deleted,property_dealname,property_amount,property_createdate\n\
        1,p,closedwon,false,A,10,2024-01-05\n2,p,closedlost,false,B,20,2024-01-06\n3,p,offer,false,C,30,2024-01-07\n";
    let merged = "deal_id,merged_deal_id\n1,3\n";
    let loaded = load_all(&[("deal.csv", deals), ("merged_deal.csv", merged)], "{}");
    assert_eq!((amounts(&loaded), left_out(&loaded, "merged")), (vec![10.0, 20.0], Some(1)));
}

#[test]
fn hubspot_strings_are_numbers_instants_and_flags() {
    let texts = |values: &[&str]| read::RawValues::Texts(values.iter().map(|value| value.to_string()).collect());
    let columns = [
        ("hs_object_id", texts(&["1", "2", "3"])),
        ("dealname", texts(&["A", "B", "C"])),
        ("dealstage", texts(&["x", "y", "z"])),
        ("amount", texts(&["1200", "800.5", ""])),
        ("createdate", texts(&["2024-01-05T08:00:00.123Z", "2024-01-06T08:00:00Z", "2024-01-07T08:00:00Z"])),
        ("closedate", texts(&["2024-02-05T08:00:00Z", "2024-02-06T08:00:00Z", "2024-09-07T08:00:00Z"])),
        ("hs_is_closed", texts(&["true", "true", "false"])),
        ("hs_is_closed_won", texts(&["true", "false", "false"])),
    ];
    let columns = columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
    let source = read::columns("deals", columns, &Default::default()).expect("readable");
    let loaded = crm::load(vec![(None, source)], &LoadOptions::default()).expect("loads");
    let counts = loaded.summary.counts;
    assert_eq!((loaded.summary.crm, counts.open, counts.won, counts.lost), (Some("HubSpot"), 1, 1, 1));
    assert_eq!(amounts(&loaded)[..2], [1200.0, 800.5]);
    assert!(amounts(&loaded)[2].is_nan());
}

#[test]
fn ids_joined_with_semicolons_are_the_first_customer() {
    let deals = "Record ID,Deal Name,Amount,Deal Stage,Close Date,Create Date,Associated Company IDs\n\
        1,A,10,Closed Won,2024-03-01,2024-01-05,77;12\n2,B,20,Closed Won,2024-03-04,2024-01-09,77\n3,C,30,Closed Lost,2024-03-04,2024-01-09,;5\n";
    let orders = load(deals).crm.orders.expect("orders of won deals");
    let customers: Vec<_> = (0..orders.len()).map(|order| orders.customer.get(order)).collect();
    assert_eq!(customers, [Some("77"), Some("77")]);
}

#[test]
fn amounts_are_converted_where_the_rates_stand_and_the_direction_is_the_systems_own() {
    let frappe = "name,status,deal_value,currency,exchange_rate,deal_owner,creation\n\
        1,Won,10,USD,50,a,2024-01-01\n2,Lost,20,EUR,1,a,2024-01-02\n3,Open,30,EUR,,a,2024-01-02\n";
    let loaded = load(frappe);
    assert_eq!((amounts(&loaded), loaded.summary.notes), (vec![500.0, 20.0, 30.0], vec!["amounts_converted"]));
    let dynamics = "opportunityid,estimatedvalue,statecode,actualclosedate,createdon,exchangerate\n\
        a,10,1,2024-02-01,2024-01-01,0.5\nb,20,2,2024-02-01,2024-01-01,1\n";
    assert_eq!(amounts(&load(dynamics)), [20.0, 20.0]);
    let converted = "id,name,amount,amountCurrency,amountConverted,exchangeRate,stage,closeDate,createdAt,assignedUserId\n\
        1,A,10,USD,9,0.9,Closed Won,2024-02-01,2024-01-01,u\n2,B,10,EUR,10,1,Closed Lost,2024-02-01,2024-01-01,u\n";
    assert_eq!(amounts(&load(converted)), [9.0, 10.0]);
}

#[test]
fn two_systems_that_fit_equally_well_are_both_named() {
    let text = "Record ID,Deal Name,Deal Stage,Closing Date,Stage,Amount\n1,A,x,2024-02-01,Closed Won,5\n2,B,y,2024-02-01,Closed Lost,5\n";
    let summary = load(text).summary;
    assert_eq!((summary.crm, summary.crm_rivals), (None, vec!["HubSpot", "Zoho CRM"]));
    assert!(load(ZOHO).summary.crm_rivals.is_empty());
}

#[test]
fn stages_named_the_same_are_one_stage_in_the_history_too() {
    let deals =
        "Id,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon\n1,Offer,5,2024-03-01,2024-01-01,false,false\n";
    let log = "OpportunityId,StageName,CreatedDate,CloseDate\n1,Lead,2024-01-01,2024-03-01\n1,lead ,2024-01-04,2024-03-01\n\
        1,Offer,2024-01-09,2024-03-01\n1,Offer 2,2024-01-12,2024-03-01\n";
    let stages = |json: &str| {
        let passages = load_all(&[("deals.csv", deals), ("history.csv", log)], json).crm.passages.expect("passages");
        (passages.stages.clone(), passages.len())
    };
    let (apart, _) = stages("{}");
    assert!(apart.contains(&"Offer 2".to_owned()), "{apart:?}");
    let same = r#"{"mapping": {"same": {"StageName": {"Offer 2": "Offer", "lead": "Lead"}}}}"#;
    assert_eq!(stages(same), (vec!["Lead".to_owned(), "Offer".to_owned()], 2));
}
/// Labels of ids, outcomes and order, each system's table of stages with a deals file that holds ids alone.
#[test]
fn a_table_of_stages_names_ids_orders_stages_and_tells_which_end_a_deal() {
    const STAGES: [(&str, &str); 5] = [
        ("hubspot", include_str!("../data/exports/hubspot/deal_pipeline_stage.csv")),
        ("salesforce", include_str!("../data/exports/salesforce/OpportunityStage.csv")),
        ("pipedrive", include_str!("../data/exports/pipedrive/stages.csv")),
        ("odoo", include_str!("../data/exports/odoo/crm_stage.csv")),
        ("bitrix24", include_str!("../data/exports/bitrix24/crm_status.csv")),
    ];
    let log = |ids: [&str; 2]| {
        format!("deal_id,stage,entered_at\n1,{},2024-01-02\n1,{},2024-01-09\n2,{0},2024-01-03\n", ids[0], ids[1])
    };
    for (system, stages) in STAGES {
        let ids = match system {
            "salesforce" => ["Qualify", "Propose"],
            "bitrix24" => ["C7:NEW", "C7:UC_A1"],
            _ => ["7001", "7002"],
        };
        // The rows of the table backwards: its own order decides.
        let mut lines: Vec<&str> = stages.lines().collect();
        lines[1..].reverse();
        let loaded = load_all(&[("log.csv", &log(ids)), ("stages.csv", &lines.join("\n"))], "{}");
        let passages = loaded.crm.passages.as_ref().expect("passages");
        assert_eq!(passages.stages, ["Qualify", "Propose"], "{system}");
        let attributes = &loaded.crm.deals.as_ref().expect("deals").attributes;
        assert!(attributes.is_empty(), "{system}: what ends a deal is no feature of it");
    }
}
