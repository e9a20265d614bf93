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
