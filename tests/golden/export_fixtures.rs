//! One small export per CRM and form of stage history, all of the same twelve deals: each, loaded without a mapping, tells what
//! its form can tell and names what it cannot.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, Exit, LoadOptions, Loaded, Outcome};
use crm_analytics::{meta, read};

const DAY_MS: f64 = 86_400_000.0;
/// 2024-04-01T00:00Z.
const AS_OF: f64 = 1_711_929_600_000.0;
const OPEN: [&str; 3] = ["Qualify", "Propose", "Negotiate"];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../data/exports/", $path)))),*]
    };
}

pub(crate) fn load(files: &[(&str, &str)]) -> Loaded {
    let options: LoadOptions = meta::options(r#"{"asOf": "2024-04-01"}"#).expect("valid options");
    let sources = files.iter().map(|(path, text)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (None, read::csv(name, text.as_bytes()).expect("readable"))
    });
    crm::load(sources.collect(), &options).expect("loads")
}

/// A deal as it is.
struct Deal {
    number: u32,
    created: f64,
    outcome: String,
    closed: f64,
    amount: f64,
    shows: String,
    /// Stage and entry.
    entries: Vec<(String, f64)>,
}

fn cell<'a>(line: &[&'a str], at: usize) -> &'a str {
    line.get(at).copied().unwrap_or_default()
}

fn instant(text: &str) -> f64 {
    if text.is_empty() {
        return f64::NAN;
    }
    let source = read::csv("one.csv", format!("at\n{text}\n").as_bytes()).expect("readable");
    match &source.table.columns()[0].values {
        crm_analytics::table::Values::Instants(values) => values.first().copied().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

fn canonical() -> Vec<Deal> {
    let lines = |text: &'static str| text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let mut deals: Vec<Deal> = lines(include_str!("../data/exports/canonical/deals.csv"))
        .map(|line| Deal {
            number: cell(&line, 0).parse().expect("a number"),
            created: instant(cell(&line, 1)),
            outcome: cell(&line, 2).to_owned(),
            closed: instant(cell(&line, 3)),
            amount: cell(&line, 4).parse().expect("a number"),
            shows: cell(&line, 5).to_owned(),
            entries: Vec::new(),
        })
        .collect();
    for line in lines(include_str!("../data/exports/canonical/entries.csv")) {
        let number: u32 = cell(&line, 0).parse().expect("a number");
        let deal = deals.iter_mut().find(|deal| deal.number == number).expect("known deal");
        deal.entries.push((cell(&line, 1).to_owned(), instant(cell(&line, 2))));
    }
    deals
}

/// How much a form tells.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Every stay.
    All,
    /// Every stay, and the current stage of a deal without changes since its creation.
    Audit,
    /// As `All`; the deal without history has a stay of a minute that a migration wrote.
    Migrated,
    /// The last stay in each stage.
    Wide,
    /// Seconds in each stage.
    Totals,
    /// The stay in the current stage.
    Current,
}

struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    system: &'static str,
    form: &'static str,
    lacks: &'static [&'static str],
    tells: Form,
    /// Whether winning and losing are stages; where they are not, a reopened deal stays where it was.
    ends_are_stages: (bool, bool),
    /// Rows left out, by table, reason and count.
    left_out: &'static [(&'static str, &'static str, u64)],
}

/// Stage, ordinal, minutes since 1970 at entry, minutes of stay, minutes of it unseen, exit.
type Stay = (String, u32, f64, f64, f64, Exit);

fn minutes(ms: f64) -> f64 {
    (ms / 60_000.0).round()
}

fn exit_to(stage: &str) -> Exit {
    match stage {
        "Closed Won" => Exit::Won,
        "Closed Lost" => Exit::Lost,
        "On Hold" => Exit::Hold,
        _ => Exit::Moved,
    }
}

fn exit_by(outcome: &str) -> Exit {
    match outcome {
        "won" => Exit::Won,
        "lost" => Exit::Lost,
        _ => Exit::Censored,
    }
}

/// The stays of `deal` as far as the form of `case` can tell them.
fn told(deal: &Deal, case: &Case) -> Vec<Stay> {
    let is_stage = |stage: &str| match stage {
        "Closed Won" => case.ends_are_stages.0,
        "Closed Lost" => case.ends_are_stages.1,
        _ => true,
    };
    let mut entries: Vec<(&str, f64)> = Vec::new();
    for (stage, entered) in deal.entries.iter().filter(|(stage, _)| is_stage(stage)) {
        if entries.last().is_none_or(|(last, _)| last != stage) {
            entries.push((stage, *entered));
        }
    }
    if entries.is_empty() && case.tells == Form::Audit {
        entries.push(("Propose", deal.created));
    }
    // Stage, entry, exit, how it ended, unseen.
    let mut stays: Vec<(&str, f64, f64, Exit, f64)> = Vec::new();
    for (at, (stage, entered)) in entries.iter().enumerate() {
        let (exited, exit) = match entries.get(at + 1) {
            Some((next, at)) => (*at, exit_to(next)),
            None if deal.closed.is_nan() => (AS_OF, Exit::Censored),
            None => (deal.closed, exit_by(&deal.outcome)),
        };
        stays.push((stage, *entered, exited, exit, 0.0));
    }
    match case.tells {
        Form::All | Form::Audit => {}
        Form::Migrated if deal.entries.is_empty() => {
            // 2024-03-20 08:30, of which the minute before was written.
            let moved = instant("2024-03-20T08:30:00Z");
            let unseen = moved - 60_000.0 - deal.created;
            stays.push(("Qualify", deal.created, moved, Exit::Moved, unseen));
            stays.push(("Propose", moved, AS_OF, Exit::Censored, 0.0));
        }
        Form::Migrated => {}
        Form::Wide => {
            let all = stays.clone();
            stays = all
                .iter()
                .enumerate()
                .filter(|(at, stay)| all[at + 1..].iter().all(|later| later.0 != stay.0))
                .map(|(_, stay)| *stay)
                .collect();
            for at in 0..stays.len() {
                if let Some(next) = stays.get(at + 1).map(|next| next.0) {
                    stays[at].3 = exit_to(next);
                }
            }
            if let Some(first) = stays.first_mut().filter(|first| first.1 - deal.created > DAY_MS) {
                first.4 = first.1 - deal.created;
                first.1 = deal.created;
            }
        }
        Form::Totals => {
            let mut at = deal.created;
            let mut totals: Vec<(&str, f64)> = Vec::new();
            for stage in OPEN.iter().chain(&["On Hold"]) {
                let total: f64 = stays.iter().filter(|stay| stay.0 == *stage).map(|stay| stay.2 - stay.1).sum();
                if total > 0.0 {
                    totals.push((stage, total));
                }
            }
            stays.clear();
            for (place, (stage, total)) in totals.iter().enumerate() {
                let exit = totals.get(place + 1).map_or(exit_by(&deal.outcome), |(next, _)| exit_to(next));
                stays.push((stage, at, at + total, exit, 0.0));
                at += total;
            }
        }
        Form::Current => {
            stays = stays.pop().into_iter().map(|stay| (stay.0, stay.1, stay.2, stay.3, stay.2 - stay.1)).collect();
        }
    }
    let mut told: Vec<Stay> = Vec::new();
    for (stage, entered, exited, exit, unseen) in stays.into_iter().filter(|stay| OPEN.contains(&stay.0)) {
        let ordinal = told.iter().filter(|other| other.0 == stage).count() as u32;
        told.push((stage.to_owned(), ordinal, minutes(entered), minutes(exited - entered), minutes(unseen), exit));
    }
    told
}

/// What differs between two readings, under the name of what it is about.
fn compare<T: PartialEq + std::fmt::Debug>(problems: &mut Vec<String>, about: &str, found: &T, expected: &T) {
    if found != expected {
        problems.push(format!("{about}:\n  found    {found:?}\n  expected {expected:?}"));
    }
}

fn check(case: &Case) {
    let loaded = load(case.files);
    let summary = &loaded.summary;
    let deals = loaded.crm.deals.as_ref().expect("deals");
    let none = crm::Passages::default();
    let passages = loaded.crm.passages.as_ref().unwrap_or(&none);
    let mut problems = Vec::new();
    compare(&mut problems, "system", &summary.crm, &Some(case.system));
    compare(&mut problems, "form", &summary.history_form, &Some(case.form));
    compare(&mut problems, "lacks", &summary.history_lacks, &case.lacks.to_vec());
    let left_out: Vec<(&str, &str, u64)> =
        summary.left_out.iter().map(|entry| (&*entry.table, &*entry.reason, entry.count)).collect();
    compare(&mut problems, "left out", &left_out, &case.left_out.to_vec());
    let canonical: Vec<Deal> = canonical().into_iter().filter(|deal| deal.shows != "deleted").collect();
    compare(&mut problems, "deals", &deals.len(), &canonical.len());
    for (at, deal) in canonical.iter().enumerate().take(deals.len()) {
        let whose = format!("deal {} ({})", deal.number, deal.shows);
        let outcome = match &*deal.outcome {
            "won" => Outcome::Won,
            "lost" => Outcome::Lost,
            "hold" => Outcome::Hold,
            _ => Outcome::Open,
        };
        let end = |closed: f64| if closed.is_nan() { -1.0 } else { minutes(closed) };
        let facts = (deals.amount[at], minutes(deals.created[at]), deals.outcome[at], end(deals.closed[at]));
        let expected = (deal.amount, minutes(deal.created), outcome, end(deal.closed));
        compare(&mut problems, &whose, &facts, &expected);
        let stay = |stay: usize| {
            (
                passages.stages[passages.stage[stay] as usize].clone(),
                passages.ordinal[stay],
                minutes(passages.entered[stay]),
                minutes(passages.exited[stay] - passages.entered[stay]),
                minutes(passages.delayed_entry_of(stay)),
                passages.exit[stay],
            )
        };
        let found: Vec<Stay> =
            (0..passages.len()).filter(|stay| passages.deal[*stay] as usize == at).map(stay).collect();
        compare(&mut problems, &whose, &found, &told(deal, case));
    }
    if case.tells != Form::Current {
        compare(&mut problems, "stages", &passages.stages, &OPEN.map(str::to_owned).to_vec());
    }
    assert!(problems.is_empty(), "{}: {}", case.name, problems.join("\n"));
}

const DELETED: (&str, &str, u64) = ("deals", "deleted", 1);
const STRANGE: (&str, &str, u64) = ("history", "deal_not_in_deals", 2);

macro_rules! cases {
    ($($test:ident: $case:expr;)*) => {
        $(#[test]
        fn $test() {
            check(&$case);
        })*
    };
}

cases! {
    hubspot_deal_stage_tells_every_stay: Case {
        name: "HubSpot deal_stage",
        files: files!["hubspot/deal.csv", "hubspot/deal_stage.csv", "hubspot/deal_pipeline_stage.csv"],
        system: "HubSpot", form: "entry_log", lacks: &[], tells: Form::All, ends_are_stages: (true, true),
        left_out: &[DELETED, STRANGE],
    };
    hubspot_dates_per_stage_lose_returns: Case {
        name: "HubSpot properties per stage",
        files: files!["hubspot/deals_wide.csv", "hubspot/deal_pipeline_stage.csv"],
        system: "HubSpot", form: "wide", lacks: &["reentries_merged", "history_begins_later"], tells: Form::Wide,
        ends_are_stages: (true, true), left_out: &[("deals", "reentry_without_dates", 2)],
    };
    hubspot_view_tells_the_current_stage: Case {
        name: "HubSpot deals view",
        files: files!["hubspot/deals_view.csv"],
        system: "HubSpot", form: "current_stage", lacks: &["earlier_stages_unknown"], tells: Form::Current,
        ends_are_stages: (true, true), left_out: &[],
    };
    salesforce_opportunity_history_tells_every_stay: Case {
        name: "Salesforce OpportunityHistory",
        files: files!["salesforce/Opportunity.csv", "salesforce/OpportunityHistory.csv", "salesforce/OpportunityStage.csv"],
        system: "Salesforce", form: "entry_log", lacks: &[], tells: Form::All, ends_are_stages: (true, true),
        left_out: &[DELETED, ("history", "deal_not_in_deals", 4)],
    };
    salesforce_field_history_assumes_the_first_stage: Case {
        name: "Salesforce OpportunityFieldHistory",
        files: files!["salesforce/Opportunity.csv", "salesforce/OpportunityFieldHistory.csv"],
        system: "Salesforce", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (true, true),
        left_out: &[DELETED, ("history", "other_field", 11), ("history", "deal_not_in_deals", 1)],
    };
    pipedrive_flow_assumes_the_first_stage: Case {
        name: "Pipedrive flow",
        files: files!["pipedrive/deals.csv", "pipedrive/flow.csv", "pipedrive/stages.csv"],
        system: "Pipedrive", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (false, false),
        left_out: &[DELETED, ("history", "other_field", 6), ("history", "deal_not_in_deals", 1)],
    };
    pipedrive_changelog_is_the_flow: Case {
        name: "Pipedrive changelog",
        files: files!["pipedrive/deals.csv", "pipedrive/changelog.csv", "pipedrive/stages.csv"],
        system: "Pipedrive", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (false, false),
        left_out: &[DELETED, ("history", "other_field", 6), ("history", "deal_not_in_deals", 1)],
    };
    pipedrive_times_in_stages_lie_end_to_end: Case {
        name: "Pipedrive times",
        files: files!["pipedrive/deals_times.csv", "pipedrive/stages.csv"],
        system: "Pipedrive", form: "totals", lacks: &["no_timestamps", "reentries_merged"], tells: Form::Totals,
        ends_are_stages: (false, false), left_out: &[DELETED],
    };
    pipedrive_stage_change_time_tells_the_current_stage: Case {
        name: "Pipedrive stage_change_time",
        files: files!["pipedrive/deals_current.csv", "pipedrive/stages.csv"],
        system: "Pipedrive", form: "current_stage", lacks: &["earlier_stages_unknown"], tells: Form::Current,
        ends_are_stages: (false, false), left_out: &[DELETED],
    };
    zoho_stage_history_tells_every_stay: Case {
        name: "Zoho Stage History",
        files: files!["zoho/Deals.csv", "zoho/Stage_History.csv"],
        system: "Zoho CRM", form: "entry_log", lacks: &[], tells: Form::All, ends_are_stages: (true, true), left_out: &[STRANGE],
    };
    zoho_history_by_names_of_the_interface_tells_every_stay: Case {
        name: "Zoho DealHistory",
        files: files!["zoho/Deals.csv", "zoho/DealHistory.csv"],
        system: "Zoho CRM", form: "entry_log", lacks: &[], tells: Form::All, ends_are_stages: (true, true), left_out: &[STRANGE],
    };
    odoo_tracking_values_are_dated_by_their_messages: Case {
        name: "Odoo mail.tracking.value",
        files: files!["odoo/crm_lead.csv", "odoo/mail_tracking_value.csv", "odoo/mail_message.csv"],
        system: "Odoo", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (true, false),
        left_out: &[("history", "other_field", 11), ("history", "deal_not_in_deals", 1), ("history", "no_deal_id", 1)],
    };
    odoo_ever_growing_lost_deals_end_when_they_are_closed: Case {
        name: "Odoo duration_tracking",
        files: files!["odoo/crm_lead_durations.csv", "odoo/crm_stage.csv"],
        system: "Odoo", form: "totals", lacks: &["order_assumed", "no_timestamps", "reentries_merged"], tells: Form::Totals,
        ends_are_stages: (true, false), left_out: &[],
    };
    odoo_last_stage_update_tells_the_current_stage: Case {
        name: "Odoo date_last_stage_update",
        files: files!["odoo/crm_lead_current.csv"],
        system: "Odoo", form: "current_stage", lacks: &["earlier_stages_unknown"], tells: Form::Current, ends_are_stages: (true, false),
        left_out: &[],
    };
    dynamics_process_flow_tells_the_current_stage: Case {
        name: "Dynamics 365 business process flow",
        files: files!["dynamics/opportunity.csv", "dynamics/opportunitysalesprocess.csv", "dynamics/processstage.csv"],
        system: "Dynamics 365", form: "current_stage", lacks: &["earlier_stages_unknown"], tells: Form::Current,
        ends_are_stages: (false, false), left_out: &[],
    };
    suitecrm_audit_assumes_the_first_stage: Case {
        name: "SuiteCRM opportunities_audit",
        files: files!["suitecrm/opportunities.csv", "suitecrm/opportunities_audit.csv"],
        system: "SuiteCRM", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (true, true),
        left_out: &[DELETED, ("history", "other_field", 11), ("history", "deal_not_in_deals", 1)],
    };
    espocrm_notes_tell_the_first_stage_too: Case {
        name: "EspoCRM notes",
        files: files!["espocrm/opportunity.csv", "espocrm/note.csv"],
        system: "EspoCRM", form: "audit", lacks: &["first_stage_assumed"], tells: Form::Audit, ends_are_stages: (true, true),
        left_out: &[DELETED, ("history", "other_field", 11), STRANGE],
    };
    frappe_one_minute_rows_are_no_stays_of_a_minute: Case {
        name: "Frappe status_change_log",
        files: files!["frappe/crm_deal.csv", "frappe/status_change_log.csv"],
        system: "Frappe CRM", form: "from_to", lacks: &["history_begins_later"], tells: Form::Migrated, ends_are_stages: (true, true),
        left_out: &[STRANGE],
    };
    bitrix24_stage_history_tells_every_stay: Case {
        name: "Bitrix24 stagehistory",
        files: files!["bitrix24/deals.csv", "bitrix24/stagehistory.csv", "bitrix24/crm_status.csv"],
        system: "Bitrix24", form: "entry_log", lacks: &[], tells: Form::All, ends_are_stages: (true, true), left_out: &[STRANGE],
    };
}
