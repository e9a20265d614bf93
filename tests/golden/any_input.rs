//! Every analysis of small data of any shape answers, in finite numbers, or gives an error with a code.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::crm::{self, LoadOptions, Loaded, TableKind};
use crm_analytics::meta::{self, Progress};
use crm_analytics::read::{self, RawValues};
use crm_analytics::stats::rng::{below, seeded};
use crm_analytics::time::LocalTime;
use crm_analytics::{Result, forecast, funnel, quality, segments};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use std::fmt::Debug;

#[cfg(not(target_arch = "wasm32"))]
const CASES: u32 = 1500;
#[cfg(target_arch = "wasm32")]
const CASES: u32 = 30;

const CODES: [&str; 12] = [
    "empty_input",
    "not_utf8",
    "binary",
    "no_rows",
    "column_length",
    "unknown_column",
    "missing_role",
    "missing_table",
    "invalid_option",
    "no_unique_fit",
    "too_few",
    "too_many",
];

/// Columns of a result in which NaN says "missing".
const MAY_BE_NAN: [&str; 7] = ["amount", "age_days", "distance", "probability", "p10", "p50", "p90"];

type Rng = Xoshiro256PlusPlus;

fn one_of<'a, T: ?Sized>(rng: &mut Rng, of: &[&'a T]) -> &'a T {
    of[below(rng, of.len() as u32) as usize]
}

fn number(rng: &mut Rng, nasty: u32) -> String {
    if below(rng, 10) >= nasty {
        return (below(rng, 5000) + 1).to_string();
    }
    let odd =
        ["", "0", "-5", "1e300", "-1e300", "1e29", "-1e30", "1e-300", "0.000001", "NaN", "1e400", "Infinity", "x"];
    one_of(rng, &odd).into()
}

fn date(rng: &mut Rng, span: u32, nasty: u32) -> String {
    if below(rng, 20) < nasty {
        return one_of(rng, &["", "2999-12-31", "1500-01-01", "2024-02-30", "soon", "2024-01-01", "1403-01-01"]).into();
    }
    let day = below(rng, span);
    format!("{}-{:02}-{:02}", 2023 + day / 336, 1 + day / 28 % 12, 1 + day % 28)
}

/// The rows of tables as CSV, by kind.
fn tables(rng: &mut Rng) -> Vec<(TableKind, String)> {
    let size = one_of(rng, &[&0, &1, &2, &5, &30, &90, &200]);
    let nasty = *one_of(rng, &[&0, &0, &1, &3, &10]);
    let span = *one_of(rng, &[&1, &30, &400, &700]);
    let outcomes = one_of(
        rng,
        &[&["open"][..], &["lost"], &["won"], &["won", "lost"], &["won", "lost", "open"], &["odd", "", "won", "open"]],
    );
    let stages = *one_of(rng, &[&1, &2, &4, &40]);
    let ids = *one_of(rng, &[&1000, &1_000_000, &20]);
    let (weighted, dated, sized) = (below(rng, 3) == 0, below(rng, 8) > 0, below(rng, 6) > 0);
    let mut deals = String::from("id,status,stage,owner,customer_id,source,score");
    for (there, name) in [(dated, ",created_at,closed_at"), (sized, ",amount,exchange_rate"), (weighted, ",weight")] {
        deals.push_str(if there { name } else { "" });
    }
    deals.push('\n');
    let mut history = String::from("deal_id,stage,entered_at\n");
    for row in 0..*size {
        let id = if ids == 20 { below(rng, 20) } else { row };
        let stage = below(rng, stages);
        deals.push_str(&format!(
            "d{id},{},s{stage},{},c{},{},{}",
            one_of(rng, outcomes),
            one_of(rng, &["Ann", "Bob", "", "Eve"]),
            below(rng, 20),
            one_of(rng, &["web", "fair", ""]),
            number(rng, nasty)
        ));
        if dated {
            deals.push_str(&format!(",{},{}", date(rng, span, nasty), date(rng, span, nasty)));
        }
        if sized {
            let rate = if nasty < 3 { "1".into() } else { number(rng, nasty) };
            deals.push_str(&format!(",{},{rate}", number(rng, nasty)));
        }
        if weighted {
            deals.push_str(&format!(",{}", number(rng, nasty)));
        }
        deals.push('\n');
        for step in 0..below(rng, 5) {
            let stage = if stages > 2 { stages - 1 - step % stages } else { below(rng, stages) };
            history.push_str(&format!("d{id},s{stage},{}\n", date(rng, span, nasty)));
        }
    }
    let mut orders = String::from("customer_id,date,amount\n");
    for _ in 0..below(rng, 150) {
        orders.push_str(&format!("c{},{},{}\n", below(rng, 40), date(rng, span, nasty), number(rng, nasty)));
    }
    let mut customers = String::from("id,size,sector\n");
    for row in 0..below(rng, 60) {
        let sector = one_of(rng, &["a", "b", "", "c"]);
        customers.push_str(&format!("c{row},{},{sector}\n", number(rng, nasty)));
    }
    let mut calls = String::from("deal_id,at,kind\n");
    for _ in 0..below(rng, 60) {
        calls.push_str(&format!("d{},{},call\n", below(rng, 50), date(rng, span, nasty)));
    }
    let mut all = vec![(TableKind::Deals, deals)];
    for (kind, text) in [
        (TableKind::History, history),
        (TableKind::Orders, orders),
        (TableKind::Customers, customers),
        (TableKind::Interactions, calls),
    ] {
        if below(rng, 2) == 0 {
            all.push((kind, text));
        }
    }
    all
}

fn loaded(rng: &mut Rng) -> Result<Loaded> {
    let mut sources = Vec::new();
    for (kind, text) in tables(rng) {
        sources.push((Some(kind), read::csv(kind.name(), text.as_bytes())?));
    }
    let options = match below(rng, 6) {
        0 => json!({"asOf": "2023-06-01"}),
        1 => json!({"asOf": 8.64e15}),
        2 => json!({"calendar": "jalali", "repeats": "separate"}),
        3 => json!({"workingTime": {"days": [1, 2, 3], "from": "09:00", "to": "17:00"}}),
        _ => json!({}),
    };
    crm::load(sources, &meta::options::<LoadOptions>(&options.to_string())?)
}

fn options<O: serde::de::DeserializeOwned>(value: &Value) -> O {
    meta::options(&value.to_string()).expect("options")
}

/// The fields that hold a number that is not finite, in what `Debug` writes; texts apart.
fn not_finite(result: &str) -> Vec<String> {
    let (mut field, mut word, mut found) = (String::new(), String::new(), Vec::new());
    let (mut quoted, mut escaped, mut in_list) = (false, false, false);
    for c in result.chars() {
        if quoted {
            (quoted, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        match (c, word.as_str()) {
            ('"', _) => quoted = true,
            ('[', _) => in_list = true,
            (':', _) => {
                field.clone_from(&word);
                in_list = false;
            }
            // Without any date there is no instant of the analysis.
            (_, "NaN") if field == "as_of" => {}
            (_, "NaN") if in_list && MAY_BE_NAN.contains(&field.as_str()) => {}
            (_, "NaN" | "inf") => found.push(field.clone()),
            _ => {}
        }
        word.clear();
    }
    found.sort();
    found.dedup();
    found
}

/// Probabilities are from 0 to 1, and an interval holds its estimate.
fn judge(value: &Value, path: &str, faults: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let of = |name: &str| fields.get(name).and_then(Value::as_f64);
            if let (Some(value), Some(low), Some(high)) = (of("value"), of("low"), of("high")) {
                let slack = 1e-9 * (1.0 + value.abs());
                if !(low <= value + slack && value <= high + slack) {
                    faults.push(format!("{path}: {low} ≤ {value} ≤ {high}"));
                }
            }
            fields.iter().for_each(|(name, value)| judge(value, &format!("{path}.{name}"), faults));
        }
        Value::Array(items) => items.iter().for_each(|item| judge(item, path, faults)),
        Value::Number(number) => {
            let last = path.rsplit('.').next().unwrap_or_default();
            let is_share = ["probability", "share", "survival", "incidence", "p", "auc"].contains(&last);
            let number = number.as_f64().unwrap_or(f64::NAN);
            if is_share && !(-1e-9..=1.0 + 1e-9).contains(&number) {
                faults.push(format!("{path}: {number}"));
            }
        }
        _ => {}
    }
}

/// What is wrong with an answer.
fn faults<T: Debug + serde::Serialize>(what: &str, answer: &Result<T>) -> Vec<String> {
    match answer {
        Err(error) if CODES.contains(&error.code()) && !error.to_string().contains("NaN") => Vec::new(),
        Err(error) => vec![format!("{what}: {error}")],
        Ok(result) => {
            let mut found: Vec<String> = not_finite(&format!("{result:?}"))
                .into_iter()
                .map(|field| format!("{what}: {field} is no number"))
                .collect();
            if cfg!(not(target_arch = "wasm32")) {
                judge(&serde_json::to_value(result).expect("JSON"), what, &mut found);
            }
            found
        }
    }
}

fn funnel_options(rng: &mut Rng) -> Value {
    let all = [
        json!({}),
        json!({"groupBy": "owner", "confidence": 0.999}),
        json!({"groupBy": "period", "horizonDays": 1e-3}),
        json!({"groupBy": "customer_id", "mostGroups": 2, "period": "day"}),
        json!({"filterColumn": "owner", "filterValue": "Ann", "horizonDays": 1e9, "period": "fiscal_year"}),
        json!({"parts": ["groups"], "groupBy": "source", "calendar": "umm-al-qura"}),
    ];
    all[below(rng, all.len() as u32) as usize].clone()
}

fn segment_options(rng: &mut Rng) -> Value {
    let of = one_of(rng, &["orders", "customers", "deals", "accounts"]);
    let method = one_of(rng, &["kmeans", "mixture", "density"]);
    let mut value = json!({"of": of, "method": method, "restarts": 2, "references": 2, "bootstraps": 2});
    if *of != *"orders" {
        value["features"] = json!("columns");
    }
    if below(rng, 2) == 0 && *method != *"density" {
        value["k"] = json!(below(rng, 5) + 1);
    }
    value
}

fn faults_of(case: u32) -> Vec<String> {
    let rng = &mut seeded(case, 77);
    let mut loaded = match loaded(rng) {
        Ok(loaded) => loaded,
        Err(error) => return faults::<()>("load", &Err(error)),
    };
    let none = &mut Progress::none();
    let mut found = faults("quality", &Ok(quality::quality(&loaded)));
    found.extend(faults("summary", &Ok(&loaded.summary)));
    let chosen = options(&segment_options(rng));
    let groups = segments::segments(&loaded.crm, &chosen, none);
    found.extend(faults("segments", &groups));
    if let Ok(groups) = &groups {
        found.extend(faults("assign", &segments::assign_loaded(&groups.recipe, &loaded.crm)));
        if let Ok(prepared) = segments::Prepared::new(&loaded.crm, &chosen) {
            prepared.attach(&mut loaded.crm, groups);
        }
    }
    let crm = &loaded.crm;
    let funnel = funnel::funnel(crm, &options(&funnel_options(rng)), none);
    found.extend(faults("funnel", &funnel));
    let model = json!({"model": one_of(rng, &["closed", "closed", "auto"])});
    let forecast = forecast::forecast(crm, &options(&model), none);
    found.extend(faults("forecast", &forecast));
    if let Ok(forecast) = &forecast
        && forecast.base_rate.is_some()
        && !forecast.open.probability.0.iter().all(|probability| (0.0..=1.0).contains(probability))
    {
        found.push("forecast: a probability of an open deal is none".into());
    }
    if let (Ok(funnel), Some(deals)) = (&funnel, &crm.deals) {
        let counts = serde_json::to_value(funnel.counts).expect("JSON");
        let all: f64 = counts.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_f64()).sum();
        let weight: f64 = deals.weight.iter().sum();
        if all > weight * (1.0 + 1e-9) {
            found.push(format!("funnel: {all} deals of {weight}"));
        }
    }
    let period = one_of(rng, &["day", "week", "month", "quarter", "fiscal_year"]);
    let asked = json!({"draws": 100, "period": period, "periods": 3, "backtestPeriods": 3, "quota": 1e12});
    found.extend(faults("pipeline", &forecast::pipeline(crm, &options(&asked), none)));
    found.extend(faults("reps", &forecast::reps(crm, &options(&json!({})), none)));
    let rules = json!({"rules": [
        {"column": "amount", "operator": ">", "value": 10, "points": 1e30},
        {"column": "owner", "operator": "=", "value": "Ann", "points": -3},
        {"column": "absent", "operator": "is empty", "points": 1}]});
    found.extend(faults("rules", &forecast::rule_scores(crm, &options(&rules), none)));
    match forecast::what_if_model(crm, &options(&json!({}))) {
        Ok(model) => {
            let row = forecast.ok().and_then(|forecast| forecast.open.row.0.first().copied()).unwrap_or(0);
            let asked = json!({"actionable": ["owner", "score"], "changes": [{"column": "score", "value": 1e300}]});
            found.extend(faults("what if", &forecast::what_if(crm, &model, row, &options(&asked))));
        }
        Err(error) => found.extend(faults::<()>("what if", &Err(error))),
    }
    found
}

/// A panic is a fault as any other; in a browser it ends the test.
fn caught(case: u32) -> Vec<String> {
    std::panic::catch_unwind(|| faults_of(case)).unwrap_or_else(|_| vec!["a panic".into()])
}

#[test]
fn any_small_data_are_answered_in_finite_numbers_or_with_a_code() {
    let wrong: Vec<String> = (0..CASES)
        .flat_map(|case| caught(case).into_iter().map(move |fault| format!("case {case}: {fault}")))
        .collect();
    assert!(wrong.is_empty(), "{} faults\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn numbers_beyond_any_measure_are_left_out_and_listed() {
    let text = "id,status,amount\na,won,1e31\nb,won,5\nc,lost,-1e300\nd,open,1e30\n";
    let source = read::csv("deals", text.as_bytes()).expect("readable");
    let loaded = crm::load(vec![(Some(TableKind::Deals), source)], &LoadOptions::default()).expect("loads");
    let amounts = &loaded.crm.deals.as_ref().expect("deals").amount;
    assert!(amounts[0].is_nan() && amounts[2].is_nan());
    assert_eq!((amounts[1], amounts[3]), (5.0, 1e30));
    let left_out = &loaded.crm.left_out[0];
    assert_eq!((left_out.reason.as_str(), left_out.count), ("unreadable_value", 2));
    assert_eq!(left_out.example_lines, [2, 4]);
    assert_eq!(left_out.example_values, ["amount: 1e31", "amount: -1e300"]);
}

#[test]
fn numbers_of_a_host_beyond_any_measure_are_left_out_and_listed() {
    let columns = vec![
        ("amount".to_owned(), RawValues::Numbers(vec![1e30, 1e31, f64::NEG_INFINITY, f64::NAN])),
        ("at".to_owned(), RawValues::Instants(vec![0.0, 8.64e15, 8.65e15, f64::NAN])),
    ];
    let source = read::columns("rows", columns, &LocalTime::default()).expect("equally long");
    let listed: Vec<(u64, &[u32])> = source.left_out.iter().map(|entry| (entry.count, &entry.rows[..])).collect();
    assert_eq!(listed, [(2, &[1, 2][..]), (1, &[2][..])]);
    assert_eq!(source.left_out[0].example_values, ["amount: 1e31", "amount: -inf"]);
    assert_eq!(source.columns[0].missing, 3);
}

#[test]
fn an_amount_that_its_rate_makes_immeasurable_is_left_out_and_listed() {
    let text = "id,status,amount,exchange_rate\na,won,1e29,1000\nb,won,5,2\n";
    let source = read::csv("deals", text.as_bytes()).expect("readable");
    let loaded = crm::load(vec![(Some(TableKind::Deals), source)], &LoadOptions::default()).expect("loads");
    let amounts = &loaded.crm.deals.as_ref().expect("deals").amount;
    assert!(amounts[0].is_nan() && amounts[1] == 10.0, "{amounts:?}");
    assert_eq!(loaded.crm.left_out[0].example_values, ["amount: 1e29 × 1e3"]);
}

#[test]
fn weights_beyond_any_count_add_up_to_the_largest_count() {
    let rows: String = (0..40)
        .map(|row| {
            let (status, closed) = if row < 20 { ("won", "2023-01-01") } else { ("lost", "2024-03-02") };
            format!("d{row},{status},2024-02-{:02},{closed},5,1e30\n", 1 + row % 20)
        })
        .collect();
    let text = format!("id,status,created_at,closed_at,amount,weight\n{rows}");
    let source = read::csv("deals", text.as_bytes()).expect("readable");
    let loaded = crm::load(vec![(Some(TableKind::Deals), source)], &LoadOptions::default()).expect("loads");
    let result = quality::quality(&loaded);
    assert!(result.fixes.iter().any(|fix| fix.cleared == u64::MAX || fix.gained == u64::MAX), "{:?}", result.fixes);
    let answer = forecast::pipeline(&loaded.crm, &options(&json!({"draws": 100})), &mut Progress::none());
    assert_eq!(faults("pipeline", &answer), Vec::<String>::new());
}

#[test]
fn weights_too_small_to_square_are_left_out_and_listed() {
    let table = "deal_id,created_at,close_date,status,amount,weight\nA,2024-01-01,2024-01-02,won,1,1e-300\n\
        B,2024-01-01,2024-01-03,lost,1,0\nC,2024-01-01,2024-01-05,won,1,1e-6\n";
    let source = read::csv("deals", table.as_bytes()).expect("a table");
    let loaded = crm::load(vec![(Some(TableKind::Deals), source)], &LoadOptions::default()).expect("usable");
    let left = loaded.crm.left_out.iter().find(|left| left.reason == "bad_weight").expect("listed");
    assert_eq!((left.count, left.rows.as_slice()), (1, [0].as_slice()));
    assert_eq!(loaded.crm.deals.expect("deals").weight, [0.0, 1e-6]);
}
